#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/py/ktap.py itself: what KUnit says of success passes, as each kernel says
it, and nothing else does: not what failed, was skipped, crashed, was cut off, did
not run, or contradicts itself."""
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import ktap
import tap

SUITES = ("one", "two")

#: As Linux 7.3 says it, with what others say to the kernel's log meanwhile.
NEW = """\
some driver: ok 1 thing
KTAP version 1
1..2
    KTAP version 1
    # Subtest: one
    # module: kmtia_kunit
    1..2
    ok 1 plain
        KTAP version 1
        # Subtest: many
        ok 1 the first, with 1..3 things # and a hash
kmtia: refused esp SA: rule 10
        ok 2 - the second
    # many: pass:2 fail:0 skip:0 total:2
    ok 2 many
# one: pass:2 fail:0 skip:0 total:2
# Totals: pass:3 fail:0 skip:0 total:3
ok 1 one
    KTAP version 1
    # Subtest: two
    1..1
    # only: Test should be marked slow (runtime: 2.1s)
    ok 1 only
ok 2 two
"""

#: As Linux 6.1 does: nobody counts the suites.
OLD = NEW.replace("KTAP version 1\n1..2\n", "", 1).replace("    # module: kmtia_kunit\n", "")

#: As it is in debugfs, of one suite.
DEBUGFS = """\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: two
    1..1
    ok 1 only
ok 1 two
"""

PASSED = ["one.plain", "one.many: the first, with 1..3 things # and a hash",
          "one.many: the second", "two.only"]

FAILED = """\
    # plain: EXPECTATION FAILED at kunit/test_one.c:7
    Expected a == b, but
        a == 1 (0x1)
        b == 2 (0x2)
    not ok 1 plain
"""


def judge(text, expected=SUITES):
    return ktap.judge(text.splitlines(), expected)


def failures(text, expected=SUITES):
    return [outcome.name for outcome in judge(text, expected) if not outcome.passed]


def why(text, name):
    return [line for o in judge(text) if o.name == name and not o.passed for line in o.why]


def fails_as(text, names, what):
    """Exactly these fail, and the text is not what it was made of."""
    tap.ok(text not in (NEW, OLD), f"{what}: the input is another")
    tap.is_(failures(text), names, what)


def test_success():
    for text, what in ((NEW, "7.3"), (OLD, "6.1")):
        tap.is_([o.name for o in judge(text)], PASSED, f"{what}: every case, every parameter")
        tap.is_(failures(text), [], f"{what}: all passed")
    tap.is_([(o.name, o.passed) for o in judge(DEBUGFS, ("two",))], [("two.only", True)],
            "debugfs")


def test_failure():
    text = NEW.replace("    ok 1 plain\n", FAILED).replace("ok 1 one", "not ok 1 one")
    fails_as(text, ["one.plain"], "a case failed")
    tap.is_(why(text, "one.plain")[-4:],
            ["# plain: EXPECTATION FAILED at kunit/test_one.c:7", "Expected a == b, but",
             "a == 1 (0x1)", "b == 2 (0x2)"], "a case failed: and why")
    text = NEW.replace("ok 2 - the second", "not ok 2 - the second")
    fails_as(text, ["one.many: the second"], "a parameter failed, even if its case did not")
    fails_as(NEW.replace("    ok 2 many", "    not ok 2 many"), ["one.many"],
             "a case failed, although no parameter did")
    fails_as(NEW.replace("\nok 2 two", "\nnot ok 2 two"), ["two"],
             "a suite failed, although no case did")


def test_skipped():
    fails_as(NEW.replace("ok 1 plain", "ok 1 plain # SKIP no such algorithm"), ["one.plain"],
             "a case was skipped")
    fails_as(NEW.replace("- the second", "- the second # SKIP"), ["one.many: the second"],
             "a parameter was skipped")
    fails_as(NEW.replace("ok 2 many", "ok 2 many # SKIP"), ["one.many"],
             "a case was skipped as a whole")
    fails_as(NEW.replace("ok 1 plain", "ok 1 plain # TIMEOUT"), ["one.plain"],
             "a case took too long")
    head, rest = NEW.split("    KTAP version 1\n", 1)
    text = f"{head}ok 1 one # SKIP filtered\n    KTAP version 1\n" + rest.split("ok 1 one\n", 1)[1] \
        .split("    KTAP version 1\n", 1)[1]
    fails_as(text, ["one", "one has cases"], "a suite was skipped")


def test_missing():
    fails_as(NEW.replace("    ok 1 plain\n", ""),
             ["one: 'many' has the number 2, not 1", "one: 1 results, 2 planned"],
             "a case is missing")
    fails_as(NEW.replace("kmtia: refused esp SA: rule 10\n        ok 2 - the second\n", "")
             .replace("        ok 1 the first, with 1..3 things # and a hash\n", ""),
             ["many: no results"], "a case has no parameters")
    fails_as(NEW.replace("    1..1\n", "    1..2\n"), ["two: 1 results, 2 planned"],
             "fewer cases than planned")
    fails_as(NEW.replace("    1..1\n", "    1..0\n"), ["two: 1 results, 0 planned"],
             "more cases than planned")
    text = NEW.replace("    1..1\n", "    1..0\n").replace("    ok 1 only\n", "")
    fails_as(text, ["two has cases", "two: no results"], "a suite has no cases")
    one = NEW[:NEW.index("ok 1 one\n") + len("ok 1 one\n")]
    fails_as(one, ["two ran once", "suites: 1 results, 2 planned"], "a suite is missing")
    fails_as(one.replace("KTAP version 1\n1..2\n", "", 1), ["two ran once"],
             "a suite is missing, where nobody counts them")
    tap.is_(failures(NEW, ("one",)), ["two is a suite of ours"], "a suite that no source has")
    fails_as(OLD + "    " + OLD.split("    ", 1)[1].split("ok 1 one\n")[0] + "ok 3 one\n",
             ["one ran once"], "a suite ran twice")
    tap.is_(failures(""), ["one ran once", "two ran once"], "nothing at all")
    tap.is_(failures("kunit: disabled\n"), ["one ran once", "two ran once"], "KUnit is disabled")


def test_end():
    """Cut off after any line, it fails."""
    lines = NEW.splitlines(keepends=True)
    short = [n for n in range(len(lines)) if not failures("".join(lines[:n]))]
    tap.is_(short, [], "cut off after any line")
    lines = OLD.splitlines(keepends=True)
    short = [n for n in range(len(lines)) if not failures("".join(lines[:n]))]
    tap.is_(short, [], "cut off after any line, where nobody counts the suites")
    text = NEW.split("    ok 2 many")[0] + "BUG: kernel NULL pointer dereference\n"
    tap.ok("one.many: came to no end" in failures(text), "it crashed in a parameter")
    tap.ok("BUG: kernel NULL pointer dereference" in why(text, "one.many: came to no end"),
           "it crashed: with the last words")
    text = NEW.replace("ok 1 one\n", "", 1).replace("\nok 2 two", "\nok 1 two")
    tap.ok("one: came to no end" in failures(text), "a suite has no result, but the next began")
    text = NEW.replace("    ok 2 many\n", "").replace("    1..2\n", "    1..1\n")
    tap.ok("one.many: came to no end" in failures(text), "a case has no result")


def test_contradictions():
    tap.ok(failures(NEW.replace("ok 2 two", "ok 3 two")), "a number is left out")
    tap.ok(failures(NEW.replace("    ok 2 many", "    ok 2 other")), "a result of something else")


test_success()
test_failure()
test_skipped()
test_missing()
test_end()
test_contradictions()
tap.done()
