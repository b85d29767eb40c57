#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is everything proved that Documentation/behaviours.rst and creators.rst say is? They name
tests for each promise; tests/tap-summary has left what became of them in build/results.
Prints TAP, a test for each row. See Documentation/testing.rst."""
import argparse
import collections
import functools
import hashlib
import itertools
import os
import re
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests/py"))
# pylint: disable=wrong-import-position
import tap

DOCUMENTS = [os.path.join(TOP, "Documentation", name) for name in ("behaviours.rst", "creators.rst")]
RESULTS = os.path.join(TOP, "build/results")
KERNELS = ("6.1", "6.12", "debug")
BEHAVIOURS = 55
FIELDS = ("status", "test", "not", "kernels", "asked")
ASKED = ("yes", "no", "once")

Row = collections.namedtuple("Row", "name line promise status tests excepted kernels faults")


# --- The document ---------------------------------------------------------------------

def expand(pattern):
    """a {b|c} d: "a b d" and "a c d" """
    parts = [part.split("|") if i % 2 else [part]
             for i, part in enumerate(re.split(r"\{([^{}]*)\}", pattern))]
    return ["".join(words) for words in itertools.product(*parts)]


def parse_kernels(text):
    """Names, and a reason in parentheses where they are not all: (names, fault)"""
    found = re.fullmatch(r"([^()]*?)\s*(?:\((.+)\))?", text)
    names = [n.strip() for n in found[1].split(",")] if found else []
    if not found or not set(names) <= set(KERNELS):
        return KERNELS, f"there are no such kernels: {text}"
    if set(names) != set(KERNELS) and not found[2]:
        return KERNELS, "fewer kernels, and no reason"
    return tuple(names), None


def parse_status(text, tests):
    """A fault of a status, or None"""
    word, _, reason = text.partition(":")
    if word == "proved" and not reason:
        return None if tests else "proved, but no test is named"
    if word in ("waits", "out of reach"):
        if tests:
            return f"{word}, but tests are named"
        return None if reason.strip() else f"{word}, but there is no reason"
    return f"no such status: {text}" if text else "there is no status"


def make_row(name, line, promise, fields):
    faults = [f"there is no such field: {f}" for f, _ in fields if f not in FIELDS]
    faults += [f"{f} is there twice" for f in ("status", "kernels", "not", "asked")
               if [g for g, _ in fields].count(f) > 1]
    values = collections.defaultdict(list)
    for field, value in fields:
        values[field].append(value.replace("``", ""))
    tests = [t for pattern in values["test"] for t in expand(pattern)]
    faults += [f"no scenario and name: {t}" for t in tests if ": " not in t]
    kernels, fault = parse_kernels(values["kernels"][0]) if values["kernels"] else (KERNELS, None)
    status = values["status"][0] if values["status"] else ""
    faults += [f for f in (fault, parse_status(status, tests)) if f]
    if not promise:
        faults.append("nothing is promised")
    if name[0] == "C" and values["asked"] not in [[word] for word in ASKED]:
        faults.append(f"asked is none of {', '.join(ASKED)}")
    return Row(name, line, promise, status, [t for t in tests if ": " in t], values["not"], kernels, faults)


def parse(text):
    """The rows. One begins with a line "B12 few words"; what follows is indented: a
    sentence, then fields."""
    rows, at = [], None
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"([BCFA]\d+)\b", line)
        field = re.match(r"\s+:([a-z ]+):(?:\s+(.*))?$", line)
        if head:
            at = [head[1], number, "", []]
            rows.append(at)
        elif line and not line[0].isspace():
            at = None
        elif at and field:
            at[3].append((field[1], (field[2] or "").strip()))
        elif at and line.strip() and at[3]:
            at[3][-1] = (at[3][-1][0], f"{at[3][-1][1]} {line.strip()}".strip())
        elif at and line.strip():
            at[2] += line.strip() + " "
    return [make_row(*row) for row in rows]


def numbering_faults(rows):
    """Behaviours have numbers from 1 to 55, each once; no two rows have one name."""
    count = collections.Counter(row.name for row in rows)
    wanted = [f"B{n}" for n in range(1, BEHAVIOURS + 1)]
    faults = [f"there is no {name}" for name in wanted if not count[name]]
    faults += [f"{name} is there {n} times" for name, n in count.items() if n > 1]
    return faults + [f"there is no behaviour {name}" for name in count
                     if name[0] == "B" and name not in wanted]


# --- The results -----------------------------------------------------------------------

def is_alone(path):
    """Is that file a test which nobody else reads, but who reads all?"""
    folder, name = os.path.split(path)
    if folder == "tests/py":
        return name.startswith("test_")
    return folder in ("tests/scenarios", "tests/debug") and name.endswith((".sh", ".py"))


#: Tests that read other tests
READ_ALL = ("tests/lint", "tests/lint-selftest", "tests/check-mutants")


@functools.lru_cache
def contents(top):
    """[(path, what it is)] of all files but what is built, and prose"""
    found = []
    for path, dirs, files in os.walk(top):
        dirs[:] = sorted(d for d in dirs if d not in (".git", "__pycache__")
                         and os.path.join(path, d) != os.path.join(top, "build"))
        for name in sorted(files):
            full = os.path.join(path, name)
            if name.endswith((".rst", ".md")) or not os.path.exists(full):
                continue
            with open(full, "rb") as f:
                digest = hashlib.sha256(f.read()).hexdigest()
            found.append((os.path.relpath(full, top), f"{os.access(full, os.X_OK)} {digest}"))
    return found


def tree(test=None, top=TOP):
    """A hash of all that a test depends on; without one, of all"""
    everything = test is None or test in READ_ALL
    total = hashlib.sha256()
    for path, what in contents(top):
        if everything or path == test or not is_alone(path):
            total.update(f"{path} {what}\n".encode())
    return total.hexdigest()


def parse_results(text, tree_of):
    """{name: list of "ok", "not ok", "skipped"}; nothing of a test that has changed since"""
    results = collections.defaultdict(list)
    head = re.match(r"# tree (\w+)\n# test (?:[a-z0-9.]+:)?(\S+)", text)
    if not head or head[1] != tree_of(head[2]):
        return results
    for line in text.splitlines():
        found = re.match(r"(not ok|ok) \d+(?: - | )(.*?)(?: # (SKIP|TODO)\b.*)?$", line)
        if found:
            results[found[2]].append("skipped" if found[3] else found[1])
    return results


class Results:
    """What became of the tests of this very tree, which tree_of() tells for each"""

    def __init__(self, directory, tree_of):
        self.directory, self.tree_of, self.cache = directory, tree_of, {}

    def of(self, where, suite):
        path = os.path.join(self.directory, where, suite + ".tap")
        if path not in self.cache:
            text = ""
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text = f.read()
            self.cache[path] = parse_results(text, self.tree_of)
        return self.cache[path]


def places(suite, kernels):
    """Where a test must have run: KUnit is in no kernel of Debian's, and unit tests of
    programs run on no kernel of ours."""
    if suite == "kunit":
        return ("debug",)
    return ("host",) if suite.startswith("test_") else kernels


def outcomes_of(suite, name, results):
    """Of all tests of that name; a KUnit case has a test for each parameter."""
    return [o for n, outcomes in results.items() for o in outcomes
            if n == name or (suite == "kunit" and n.startswith(name + ": "))]


def test_faults(test, kernels, results):
    """Where that test was not ok, or was not made at all"""
    suite, name = test.split(": ", 1)
    faults = []
    for where in places(suite, kernels):
        of_suite = results.of(where, suite)
        outcomes = outcomes_of(suite, name, of_suite)
        if not of_suite:
            faults.append(f"{where}: there is no result of {suite} for this tree")
        elif not outcomes:
            faults.append(f"{where}: {suite} has no test '{name}'")
        elif set(outcomes) != {"ok"}:
            bad = sorted(set(outcomes) - {"ok"})
            faults.append(f"{where}: {suite}: '{name}' was {' and '.join(bad)}")
    return faults


def judge(text, results):
    """[(name, list of faults)] for the documents as a whole and each of their rows"""
    rows = parse(text)
    verdicts = [("behaviours are numbered from 1 to 55", numbering_faults(rows))]
    for row in rows:
        faults = list(row.faults)
        for test in row.tests:
            faults += test_faults(test, row.kernels, results)
        verdicts.append((f"{row.name}: {row.status or 'no status'}", faults))
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", metavar="TEST", help="print the hash of all that the test depends on, and no more")
    test = parser.parse_args().tree
    if test:
        print(tree(os.path.relpath(test, TOP)))
        return
    text = ""
    for document in DOCUMENTS:
        with open(document, encoding="utf-8") as f:
            text += f.read()
    for name, faults in judge(text, Results(RESULTS, tree)):
        if not tap.ok(not faults, name):
            tap.diag("\n".join(faults))
    tap.done()


if __name__ == "__main__":
    main()
