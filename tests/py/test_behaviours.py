#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/behaviours.py itself: what the document names must have passed, in a run of
this very tree, on each kernel; and nothing else will do. The document keeps to its
grammar."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
# pylint: disable=wrong-import-position
import behaviours
import tap

TREE = "0123abcd"

ROW = """\
B1 some words
   What is promised,
   in two lines.

   :status: proved
   :test: ``one: it works``
   :test: ``one: it {sings|dances, too}, every
     day``
   :test: ``kunit: suite.case``
   :test: ``test_unit: a_case``
"""

GOOD = """\
ok 1 - it works
ok 2 - it sings, every day
ok 3 - it dances, too, every day
"""

FILES = {"6.1/one": GOOD, "6.12/one": GOOD, "debug/one": GOOD,
         "debug/kunit": "ok 1 - suite.case: first\nok 2 - suite.case: second\nnot ok 3 - suite.casement\n",
         "host/test_unit": "ok 1 - a_case\n"}


def faults(row=ROW, files=None, tree=TREE):
    """What is said of that row"""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in {**FILES, **(files or {})}.items():
            path = os.path.join(directory, name + ".tap")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if text is not None:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(f"# tree {tree}\n# test 6.1:tests/{name} all all\n{text}")
        results = behaviours.Results(directory, lambda test: TREE if test.startswith("tests/") else "")
        verdicts = behaviours.judge(row, results)
    return [fault for _, row_faults in verdicts[1:] for fault in row_faults]


def said(expected, name, *args, **kwargs):
    got = faults(*args, **kwargs)
    tap.ok(len(got) == 1 and expected in got[0], name, got)


def row(*fields, promise="A promise."):
    return "\n".join(["B1 some words", f"   {promise}", ""] + [f"   :{f}" for f in fields]) + "\n"


# --- Results ---------------------------------------------------------------------------

tap.is_(faults(), [], "all passed")
(parsed,) = behaviours.parse(ROW)
tap.is_(parsed.promise, "What is promised, in two lines. ", "a sentence of two lines")
tap.is_(parsed.tests, ["one: it works", "one: it sings, every day", "one: it dances, too, every day",
                       "kunit: suite.case", "test_unit: a_case"], "each word in braces")
BAD = GOOD.replace("ok 1", "not ok 1")
for kernel in behaviours.KERNELS:
    where = f"{kernel}/one"
    said(f"{kernel}: one: 'it works' was not ok", f"{kernel}: not ok", files={where: BAD})
    said(f"{kernel}: one: 'it works' was skipped", f"{kernel}: skipped",
         files={where: GOOD.replace("works", "works # SKIP no time")})
    said(f"{kernel}: one: 'it works' was skipped", f"{kernel}: still to be done",
         files={where: GOOD.replace("works", "works # TODO later")})
    said(f"{kernel}: one has no test 'it works'", f"{kernel}: no such test",
         files={where: GOOD.replace("works", "works, almost")})
    said(f"{kernel}: one: 'it works' was not ok", f"{kernel}: once ok, once not",
         files={where: GOOD + "not ok 4 - it works\n"})
    tap.is_(faults(files={where: None}),
            [f"{kernel}: there is no result of one for this tree"] * 3, f"{kernel}: did not run")
    tap.is_(len(faults(files={where: ""})), 3, f"{kernel}: ended before its first test")
said("debug: kunit: 'suite.case' was not ok", "KUnit: one parameter failed",
     files={"debug/kunit": FILES["debug/kunit"].replace("ok 2", "not ok 2")})
said("debug: kunit has no test 'suite.case'", "KUnit: another case's name begins so",
     files={"debug/kunit": "ok 1 - suite.casement\n"})
said("host: test_unit: 'a_case' was not ok", "a unit test failed",
     files={"host/test_unit": "not ok 1 - a_case\n"})
tap.is_(len(faults(tree="another")), 3 * len(behaviours.KERNELS) + 2, "results of another tree do not count")
ONLY = row("status: proved", "test: ``one: it works``", "kernels: 6.1, debug (6.12 has no such thing)")
tap.is_(faults(ONLY, files={"6.12/one": None}), [], "a kernel that the row leaves out")
said("debug: one: 'it works' was not ok", "one that it does not", ONLY, files={"debug/one": BAD})

# --- Rows -------------------------------------------------------------------------------

T = "test: ``one: it works``"
tap.is_(faults(row("status: waits: a feature")), [], "a reason in place of a test")
tap.is_(faults(row("status: proved", T, "not: the rest")), [], "what is left out is told")
said("there is no status", "neither status nor test", row())
said("there is no status", "a test without a status", row(T))
said("proved, but no test is named", "proved by nothing", row("status: proved"))
said("waits, but there is no reason", "no reason to wait", row("status: waits:"))
said("out of reach, but there is no reason", "no reason at all", row("status: out of reach"))
said("waits, but tests are named", "waits, and is proved", row("status: waits: a feature", T))
said("no such status: probably", "another status", row("status: probably", T))
said("no such status: proved: by me", "proved with a reason", row("status: proved: by me", T))
said("there is no such field: tests", "a field misspelt", row("status: proved", T, "tests: ``one: it works``"))
said("status is there twice", "two statuses", row("status: proved", "status: proved", T))
said("no scenario and name: it works", "a test without its scenario", row("status: proved", T, "test: ``it works``"))
said("fewer kernels, and no reason", "fewer kernels, and no reason",
     row("status: proved", T, "kernels: 6.1, debug"))
said("there are no such kernels", "a kernel that there is not", row("status: proved", T, "kernels: 6.6 (nicer)"))
ROAD = row("status: proved", T, "asked: once").replace("B1", "C1")
tap.is_(faults(ROAD), [], "a road, and how often it is asked about")
said("asked is none of yes, no, once", "a road, and how often is not said", ROAD.replace("once", "often"))
said("asked is none of yes, no, once", "a road, and nothing is said", ROAD.replace(":asked: once", ""))
said("nothing is promised", "no sentence", row("status: proved", T, promise=""))


def numbering(names):
    return behaviours.numbering_faults(behaviours.parse("".join(f"{n} words\n   x\n" for n in names)))


ALL = [f"B{n}" for n in range(1, 56)]
tap.is_(numbering(ALL + ["F1", "A1"]), [], "55 behaviours")
tap.is_(numbering(ALL[:6] + ALL[7:]), ["there is no B7"], "one is missing")
tap.is_(numbering(ALL + ["B7"]), ["B7 is there 2 times"], "one is there twice")
tap.is_(numbering(ALL + ["B56"]), ["there is no behaviour B56"], "one too many")
tap.is_(numbering(ALL + ["F1", "F1"]), ["F1 is there 2 times"], "another row is there twice")
tap.is_(len(numbering([])), 55, "nothing at all")

# --- The tree -----------------------------------------------------------------------------

with tempfile.TemporaryDirectory() as top:
    def tree(test=None):
        behaviours.contents.cache_clear()
        return behaviours.tree(test, top)

    def put(name, text, mode=0o644):
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return tree()

    first = put("kmod/a.c", "a")
    for name in ("build/a.ko", "Documentation/a.rst", "README.md", ".git/index", "tests/__pycache__/a.pyc"):
        tap.is_(put(name, "x"), first, f"{name} is no part of what is tested")
    tap.ok(put("kmod/a.c", "b") != first, "other content is another tree")
    tap.is_(put("kmod/a.c", "a"), first, "the same content is the same one")
    tap.ok(put("kmod/a.c", "a", 0o755) != first, "executable or not counts")
    put("kmod/a.c", "a")
    tap.ok(put("tests/build/b.sh", "") != first, "a new file is another tree")
    ONE, OTHER = "tests/scenarios/one.sh", "tests/scenarios/other.py"
    put(ONE, "1")
    put(OTHER, "1")
    before = {test: tree(test) for test in (ONE, OTHER, "tests/model/check.py", *behaviours.READ_ALL)}
    put(OTHER, "2")
    tap.is_([test for test, digest in before.items() if tree(test) != digest], [OTHER, *behaviours.READ_ALL],
            "what is a test of its own matters to itself, and to who reads all")
    before = {test: tree(test) for test in before}
    put("tests/scenarios/lib/one.sh", "1")
    tap.is_([test for test, digest in before.items() if tree(test) == digest], [],
            "what scenarios share matters to all")

# --- The documents themselves ---------------------------------------------------------------

text = ""
for document in behaviours.DOCUMENTS:
    with open(document, encoding="utf-8") as f:
        text += f.read()
rows = behaviours.parse(text)
tap.is_(behaviours.numbering_faults(rows), [], "the documents have all behaviours")
tap.is_([(r.name, r.faults) for r in rows if r.faults], [], "and keep to their grammar")
known = {os.path.splitext(n)[0] for d in ("scenarios", "debug", "lib", "tools", "py")
         for n in os.listdir(os.path.join(TOP, "tests", d))} | {"kunit"}
tap.is_(sorted({t.split(": ")[0] for r in rows for t in r.tests} - known), [],
        "the scenarios and programs that they name are there")
tap.done()
