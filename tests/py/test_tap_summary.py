#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/tap-summary itself: its last line and status say what happened, whatever happened; and
--resume leaves out what passed on this very tree, and nothing else."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "py"))
# pylint: disable=wrong-import-position
import tap

GOOD = "echo 'ok 1 - it works'; echo 'ok 2 - that not # SKIP no reason'; echo 1..2"
KEPT = """\
# tree b
# test tests/one.sh all all
ok 1 - it works
ok 2 - that not # SKIP no reason
1..2
"""


class House:
    """A tree with tap-summary, a test, and a count of how often it ran"""

    def __init__(self, directory):
        self.top = directory
        self.runs = os.path.join(directory, "runs")
        os.mkdir(os.path.join(directory, "tests"))
        shutil.copy(os.path.join(TOP, "tests", "tap-summary"), os.path.join(directory, "tests"))
        self.tree("a")

    def write(self, name, text):
        """An executable file"""
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + "\n")
        os.chmod(path, 0o755)

    def tree(self, digest):
        """What the hash of the tree is from now on"""
        self.write("tests/behaviours.py", f"#!/bin/sh\n[ \"$1\" = --tree ] && [ -f \"$2\" ] && echo {digest}")

    def test(self, lines):
        """What the test does"""
        self.write("tests/one.sh", f"echo >>{self.runs}\n{lines}")

    def run(self, *options, name="tests/one.sh", **environment):
        """(last line, status, times that the test was run)"""
        if os.path.exists(self.runs):
            os.unlink(self.runs)
        # What these say of the run that this is a part of is not for that one.
        inherited = {k: v for k, v in os.environ.items() if k not in ("MUTANTS", "MODEL")}
        done = subprocess.run([os.path.join(self.top, "tests/tap-summary"), *options, name],
                              cwd=self.top, env={**inherited, **environment}, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        times = 0
        if os.path.exists(self.runs):
            with open(self.runs, encoding="utf-8") as f:
                times = len(f.readlines())
        return done.stdout.splitlines()[-1], done.returncode, times


VERDICTS = (
    ("all is well", GOOD, ("1 passed, 0 failed, 1 skipped", 0)),
    ("one failed", "echo 'ok 1 - a'; echo 'not ok 2 - b'; echo 1..2", ("1 passed, 1 failed, 0 skipped", 1)),
    ("one is missing", "echo 'ok 1 - a'; echo 1..2", ("1 passed, 1 failed, 0 skipped", 1)),
    ("it ends badly", GOOD + "; exit 3", ("1 passed, 1 failed, 1 skipped", 1)),
    ("it says nothing", ":", ("0 passed, 1 failed, 0 skipped", 1)),
    ("all is skipped", "echo '1..0 # SKIP not here'", ("0 passed, 0 failed, 1 skipped", 0)),
)


def verdicts(house):
    """Of a test that is run, and of none that is there"""
    for what, lines, expected in VERDICTS:
        house.test(lines)
        tap.is_(house.run(), expected + (1,), what)
        runs, words = (0, "not run") if lines is GOOD else (1, "run")
        tap.is_(house.run("--resume")[2], runs, f"{what}: {words} again")
    os.unlink(os.path.join(house.top, "tests/one.sh"))
    tap.is_(house.run(), ("0 passed, 1 failed, 0 skipped", 1, 0), "there is no such test")


def resumed(house):
    """What was seen before counts only if it was of the same"""
    again = ("1 passed, 0 failed, 1 skipped", 0)
    house.test(GOOD)
    house.run(MUTANTS="quick")
    tap.is_(house.run("-r", MUTANTS="quick"), again + (0,), "resumed: the same result")
    tap.is_(house.run("-r", MUTANTS="quick"), again + (0,), "resumed twice")
    tap.is_(house.run("-r", MUTANTS="all"), again + (1,), "more of it than before: run")
    tap.is_(house.run(MUTANTS="all"), again + (1,), "without --resume: run")
    house.tree("b")
    tap.is_(house.run("-r", MUTANTS="all"), again + (1,), "another tree: run")
    with open(os.path.join(house.top, "build/results/host/one.tap"), encoding="utf-8") as f:
        tap.is_(f.read(), KEPT, "what is kept")


def named(house):
    """What has other results than its name says, and what never has the same"""
    for directory in ("py", "race"):
        os.mkdir(os.path.join(house.top, "tests", directory))
    for name in ("tests/lint", "tests/lint-selftest", "tests/py/test_one.py"):
        house.write(name, f"#!/bin/sh\necho >>{house.runs}\n{GOOD}")
        house.run(name=name)
        tap.is_(house.run("-r", name=name)[2], 1, f"{name} reads what the hash leaves out: run again")
    house.write("tests/race/two.sh", f"echo >>{house.runs}\n{GOOD}")
    house.write("tests/two.sh", f"echo >>{house.runs}\n{GOOD}")
    house.run(name="tests/race/two.sh")
    house.run(name="tests/two.sh")
    tap.is_(house.run("-r", name="tests/race/two.sh")[2], 0, "a race: its results outlive those of its namesake")


with tempfile.TemporaryDirectory() as where:
    named(House(where))
with tempfile.TemporaryDirectory() as where:
    verdicts(House(where))
with tempfile.TemporaryDirectory() as where:
    resumed(House(where))
tap.done()
