#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Has the model of a request's life the names that the code has? Compares

* the states with enum kmtia_request_state;
* inlines and processes with the module's functions, members of structures with
  those of the code, but for what begins with model_, task_ or ghost_;
* who completes requests with which state, and who writes the state at all, so
  that a new end of a request in the code is missed here.

names.py [KMOD MODEL]: directories. Prints what differs, a line each."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ENUM = "kmtia_request_state"
#: Functions that complete a request, or all of a manager's
COMPLETERS = ("kmtia_request_complete", "kmtia_request_close", "kmtia_requests_close")
OWN = ("model_", "task_", "ghost_")
#: What the kernel provides, and is not the module's
KERNEL = "kernel.pml"


def uncommented(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def read(directory, *patterns):
    """The files' text, without comments"""
    files = sorted(f for p in patterns for f in directory.glob(p))
    return "\n".join(uncommented(f.read_text()) for f in files)


def listed(text, regex):
    """The names in the braces after regex, in their order"""
    found = re.search(regex + r"\s*\{([^}]*)\}", text)
    return [n.split("=")[0].strip() for n in found[1].split(",") if n.strip()] if found else []


def enumerators(text, regex):
    return set(listed(text, regex))


def c_functions(text):
    """Name and body of each function that is defined"""
    return {m[1]: m[2] for m in re.finditer(
        r"^(?![#\s])[^;{}()=]*?(\w+)\((?:[^;{}]*?)\)\s*\n\{\n(.*?)^\}", text, re.S | re.M)}


def c_members(text):
    return {m[1]: set(re.findall(r"\*?(\w+)(?:\[[^;]*\])?;", m[2])) for m in re.finditer(
        r"^struct (\w+) \{\n(.*?)^\};", text, re.S | re.M)}


def model_functions(text):
    return {m[1]: m[2] for m in re.finditer(
        r"^(?:inline|proctype) (\w+)\([^)]*\)\s*\{\n(.*?)^\}", text, re.S | re.M)}


def model_members(text):
    return {m[1]: set(re.findall(r"(\w+)(?:\[\w+\])?;?\s*$", m[2], re.M)) for m in re.finditer(
        r"^typedef (\w+) \{\n(.*?)^\};", text, re.S | re.M)}


def completions(functions):
    """(function, whom it calls, with which state) of all that completes"""
    found = set()
    for name, body in functions.items():
        for call in re.finditer(rf"\b({'|'.join(COMPLETERS)})\(([^;]*?)\)\s*(?:;|$|\n)", body):
            for state in re.findall(r"KMTIA_REQUEST_\w+", call[2]) or ["what it is told"]:
                found.add((name, call[1], state))
    return found


def writers(functions, regex):
    return {name for name, body in functions.items() if re.search(regex, body)}


def is_own(name):
    return name.startswith(OWN)


def compare(what, code, model):
    """The two must be the same."""
    yield from (f"{what} {n} is in the code, but not in the model" for n in sorted(code - model))
    yield from (f"{what} {n} is in the model, but not in the code" for n in sorted(model - code))


def differences(kmod=TOP / "kmod", model=TOP / "tests/model"):
    c_text, text = read(kmod, "**/*.[ch]"), read(model, "*.pml")
    functions, inlines = c_functions(c_text), model_functions(text)
    kernel = model_functions(read(model, KERNEL))
    yield from compare("state", enumerators(c_text, rf"enum {ENUM}"),
                       enumerators(text, rf"mtype:{ENUM} ="))
    for name in sorted(inlines):
        if name not in functions and name not in kernel and not is_own(name):
            yield f"function {name} is in the model, but not in the code"
    members = c_members(c_text)
    for struct, names in model_members(text).items():
        for name in sorted(names):
            if name not in members.get(struct, set()) and not is_own(name):
                yield f"member {struct}.{name} is in the model, but not in the code"
    for name in sorted(enumerators(text, "mtype:errno =")):
        if not re.search(rf"-{name}\b", c_text):
            yield f"error {name} is in the model, but not in the code"
    for end in (completions(functions), completions(inlines)):
        if not end:
            yield "nobody completes a request"
    yield from compare("end", {" ".join(e) for e in completions(functions)},
                       {" ".join(e) for e in completions(inlines)})
    # When memory is cleared, nobody looks any more.
    yield from compare("writer of the state", writers(functions, r"req->state = "),
                       writers(inlines, r"request\[\w+\]\.state = [^0]"))


if __name__ == "__main__":
    found = list(differences(*map(pathlib.Path, sys.argv[1:])))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
