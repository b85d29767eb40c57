#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Searches the model of a request's life (request.pml) with Spin, all of it; finds
the faults that are seeded in it; and sees that its names are the code's.

MODEL=quick (make check) leaves the large searches out. Prints TAP; all output is in
build/model. Documentation/testing.rst tells how to read a trail."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "py"))
import names
import tap

OUT = TOP / "build/model"
QUICK = os.environ.get("MODEL", "full") == "quick"
#: Megabytes that a search may take, and steps from the beginning to the end
MEMORY, DEPTH = 3000, 1000000

#: What there is in a search (macros of request.pml); the quick ones first
SEARCHES = {
    "nothing but the deadline": ("MANAGERS=2",),
    "one question, and all that can end it": (
        "ANSWERERS=1", "KILLED=1", "CLOSES=1", "UNLOADS=1"),
    "two managers that answer": ("MANAGERS=2", "ANSWERERS=1"),
    "two SAs and the unloading": ("CREATORS=2", "UNLOADS=1"),
}
LARGE = {
    "two SAs, the mutex kept": ("CREATORS=2", "UNLOADS=1", "HOLD_CFG_MUTEX"),
    "two answers at a time, and the unloading": ("ANSWERERS=2", "UNLOADS=1"),
    "two answers at a time, and two ends of the manager": (
        "ANSWERERS=2", "CLOSES=1", "DELETES=1"),
    "two managers that answer, the creator killed": ("MANAGERS=2", "ANSWERERS=1", "KILLED=1"),
    "two managers, one that registers late, and the unloading": (
        "MANAGERS=2", "LATE=1", "UNLOADS=1"),
    "two managers that end, and the unloading": ("MANAGERS=2", "CLOSES=1", "UNLOADS=1"),
    "two SAs, the manager's end, and the unloading": ("CREATORS=2", "CLOSES=1", "UNLOADS=1"),
    "two SAs with answers, the creators killed": ("CREATORS=2", "ANSWERERS=1", "KILLED=1"),
}

#: In which every creator must be seen to end. No end of answers would hide a wait without one.
WAITS = {
    "two managers": ("MANAGERS=2",),
}
WAITS_LARGE = {
    "one question": ("ANSWERERS=1", "ANSWERS=2", "KILLED=1", "CLOSES=1", "UNLOADS=1"),
    "two SAs": ("CREATORS=2", "KILLED=1"),
}

#: Fault: what there is in its search, and what Spin must say; the quick ones first
SEEDED = {
    "NO_GATE": (("ANSWERERS=1",), r"assertion violated .*ghost_completed==0"),
    "NO_FINISH": (("ANSWERERS=1", "KILLED=1"), r"assertion violated .*ghost_completed==1"),
    "NO_WAKE": ((), r"invalid end state"),
}
SEEDED_LARGE = {
    "DRAIN_UNLOCKED": (("UNLOADS=1",), r"assertion violated .*ghost_drained"),
    "DEADLINE_IGNORED": (("LIVENESS",), r"acceptance cycle"),
    "FIND_WITHOUT_GET": (("ANSWERERS=1", "KILLED=1"), r"assertion violated .*ghost_memory==1"),
    "DEATH_FIRST": (("CLOSES=1",), r"assertion violated .*request\[r\]\.state=="),
    "NO_TIMER": ((), r"invalid end state"),
    "TIMER_RUNS_ON": (("ANSWERERS=1",), r"assertion violated .*ghost_timer_runs"),
    "INSIDE_IGNORED": (("UNLOADS=1",), r"assertion violated .*ghost_memory!=1"),
    "NO_LAST_BARRIER": (("UNLOADS=1",), r"assertion violated .*ghost_unloaded"),
}

#: The model and the code that names.py must tell apart: file, what is replaced, by what,
#: and what it must say
RENAMED = {
    "a state that the model has not": (
        "kmod/manager.h", "\tKMTIA_REQUEST_UNSENT,\n", "\tKMTIA_REQUEST_UNSENT,\n\tKMTIA_REQUEST_NEW,\n",
        "state KMTIA_REQUEST_NEW is in the code"),
    "a state that the code has not": (
        "tests/model/request.pml", "\tKMTIA_REQUEST_DEATH,\n",
        "\tKMTIA_REQUEST_DEATH,\n\tKMTIA_REQUEST_OLD,\n", "state KMTIA_REQUEST_OLD is in the model"),
    "a function that was renamed": (
        "kmod/round.c", "kmtia_round_end(", "kmtia_round_over(", "function kmtia_round_end is in the model"),
    "a member that was renamed": (
        "kmod/manager.h", "\tbool draining;", "\tbool going;", "member kmtia_registry.draining is in the model"),
    "a new end": (
        "kmod/netlink.c", "\tkmtia_manager_put(own);\n",
        "\tkmtia_manager_put(own);\n\tkmtia_requests_close(own, KMTIA_REQUEST_DEATH);\n",
        "end kmtia_nl_manager_del_doit kmtia_requests_close KMTIA_REQUEST_DEATH is in the code"),
    "an end with another state": (
        "kmod/manager.c", "KMTIA_REQUEST_UNLOAD)", "KMTIA_REQUEST_DEATH)",
        "end kmtia_registry_drain kmtia_requests_close KMTIA_REQUEST_UNLOAD is in the model"),
    "a new writer of the state": (
        "kmod/round.c", "\td->n_requests = 0;\n", "\treq->state = 0;\n\td->n_requests = 0;\n",
        "writer of the state kmtia_round_end is in the code"),
}


def output(directory, *command):
    """What a command says, on the end of directory/log; it need not succeed"""
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    with open(directory / "log", "a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def search(what, macros, depth=DEPTH, memory=MEMORY):
    """What Spin says of the model with these macros; it is in build/model/WHAT, too"""
    directory = OUT / re.sub(r"\W+", "-", what)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    waits = "LIVENESS" in macros
    said = output(directory, "spin", "-a", *(f"-D{m}" for m in macros), HERE / "request.pml")
    said += output(directory, "gcc", "-w", "-O2" if what in LARGE else "-O0", "-DCOLLAPSE", f"-DMEMLIM={memory}",
                   "-DNOFAIR" if waits else "-DSAFETY", "-o", "pan", "pan.c")
    if not (directory / "pan").exists():
        return said
    return output(directory, "./pan", f"-m{depth}", *(["-a"] if waits else []))


def incomplete(said):
    """Why this was no search of all states without an error, or nothing"""
    bad = re.search(r"^pan:1:.*|.*([Ee]rror: |max search depth|out of memory|not completed|truncated).*", said, re.M)
    if bad:
        return bad[0]
    if not re.search(r"^State-vector .*, errors: 0$", said, re.M):
        return "no search"
    if not re.search(r"^Full statespace search for:", said, re.M) or "+ Partial Order" not in said:
        return "another kind of search"
    return ""


def tasks(said):
    """Task: whether it came to its end"""
    parts = re.split(r"^unreached in proctype (\S+)", said, flags=re.M)[1:]
    return {task: '"-end-"' not in what.split("unreached in")[0]
            for task, what in zip(parts[::2], parts[1::2])}


def counts(said, what, into):
    """Adds how often there was each state, or each error, in Spin's numbers"""
    for number, times in re.findall(rf"^{what} (\d+) (\d+)", said, re.M):
        into[int(number)] = into.get(int(number), 0) + int(times)


def check_searches():
    """None finds a fault; together they come to every state and every end."""
    states, errors, ended = {}, {}, {}
    for what, macros in (SEARCHES if QUICK else {**SEARCHES, **LARGE}).items():
        said = search(what, macros)
        stored = re.search(r"(\d+) states, stored", said)
        bad = incomplete(said)
        tap.ok(not bad, f"{what}: no fault", bad)
        tap.diag(f"{stored[1] if stored else 'no'} states")
        counts(said, "state", states)
        counts(said, "error", errors)
        for task, end in tasks(said).items():
            ended[task] = ended.get(task, False) or end
    check_all(states, "kmtia_request_state")
    tap.ok(errors.pop(0, 0), "a creator comes to keys")
    check_all(errors, "errno")
    tap.is_({task for task, end in ended.items() if not end}, {"task_timer", "task_answerer"},
            "each task that has an end comes to it")


def check_all(counted, mtype):
    """Each name of a list was counted. Spin numbers them from the last to the first."""
    text = (HERE / "request.pml").read_text()
    found = names.listed(text, f"mtype:{mtype} =")
    tap.is_(set(counted) - set(range(1, len(found) + 1)), set(), f"no other {mtype} is there")
    for i, name in enumerate(found):
        tap.ok(counted.get(len(found) - i), f"{name} occurs")


def check_incomplete():
    """A search that was cut off does not count as one."""
    macros = ("ANSWERERS=1", "UNLOADS=1")
    for what, limit in (("depth", {"depth": 50}), ("memory", {"memory": 130})):
        tap.ok(incomplete(search(f"little {what}", macros, **limit)), f"too little {what} is noticed")


def check_waits():
    for what, macros in (WAITS if QUICK else {**WAITS, **WAITS_LARGE}).items():
        bad = incomplete(search(f"{what}: waits", ("LIVENESS",) + macros))
        tap.ok(not bad, f"{what}: every wait ends", bad)


def check_seeded():
    for fault, (macros, regex) in (SEEDED if QUICK else {**SEEDED, **SEEDED_LARGE}).items():
        said = search(f"SEEDED_{fault}", (f"SEEDED_{fault}",) + macros)
        errors = "\n".join(re.findall(r"^pan:1: .*", said, re.M))
        tap.like(errors, regex, f"the seeded fault {fault} is found")
    text = "".join(f.read_text() for f in HERE.glob("*.pml"))
    tap.is_({f"SEEDED_{f}" for f in {**SEEDED, **SEEDED_LARGE}},
            set(re.findall(r"\bSEEDED_[A-Z]\w*", text)), "each seeded fault is looked for")


def check_names():
    tap.is_(list(names.differences()), [], "the model has the code's names")
    for what, (file, old, new, says) in RENAMED.items():
        tree = OUT / "renamed"
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(TOP / "kmod", tree / "kmod")
        shutil.copytree(HERE, tree / "tests/model")
        text = (tree / file).read_text()
        (tree / file).write_text(text.replace(old, new))
        found = "\n".join(names.differences(tree / "kmod", tree / "tests/model"))
        tap.ok(old in text and says in found, f"{what} is noticed", found)


check_names()
check_searches()
if not QUICK:
    check_incomplete()
check_waits()
check_seeded()
tap.done()
