#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/bench/compare.py: a target is met, missed or void, and nothing else."""
import os
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/bench"))
sys.path.insert(0, os.path.join(TOP, "tests/py"))
# pylint: disable=wrong-import-position
import compare
import tap

TARGETS = compare.parse_targets("""
# a comment
idle   x             newsa.module / newsa.plain    <= 1.01   # another
added  instructions  newsa.tia - newsa.plain       <= 1.5 * (queue.asked - queue.plain)
""")
REFERENCE = compare.parse_reference("6.1 newsa.plain 1000\n6.1 pingpong 200\n")
GOOD = {"newsa.plain": 1000, "newsa.module": 1010, "newsa.tia": 1300, "queue.plain": 100,
        "queue.asked": 300, "pingpong": 200}


def words(**changes):
    values = {**GOOD, **{k.replace("__", "."): v for k, v in changes.items()}}
    verdicts, unmeasured = compare.judge({"6.1": {"instructions": {k: v for k, v in values.items() if v}}},
                                         TARGETS, REFERENCE)
    return [v.word for v in verdicts] + unmeasured


tap.is_([t.name for t in TARGETS], ["idle", "added"], "targets are read, comments are not")
tap.is_(words(), ["PASS", "PASS"], "met, to the last bit")
tap.is_(words(newsa__module=1011), ["MISS", "PASS"], "a thousandth more is a miss")
tap.is_(words(newsa__tia=1301), ["PASS", "MISS"], "so is one instruction")
tap.is_(words(newsa__module=1111), ["MISS", "PASS"], "and ten per cent, as the control has it")
tap.is_(words(newsa__plain=1151, newsa__module=1151), ["VOID", "VOID"],
        "a plain NEWSA that is too far from the reference")
tap.is_(words(pingpong=169), ["VOID", "VOID"], "or a ping-pong")
tap.is_(words(pingpong=None), ["VOID", "VOID"], "or none")
tap.is_(words(newsa__tia=None), ["PASS", "added"], "what was not measured is told")
verdicts, unmeasured = compare.judge({"6.1": {"time": GOOD}}, TARGETS, REFERENCE)
tap.is_((verdicts, unmeasured), ([], ["idle", "added"]), "time is not judged")
verdicts, _ = compare.judge({"6.12": {"instructions": GOOD}}, TARGETS, REFERENCE)
tap.is_({v.word for v in verdicts}, {"VOID"}, "a kernel without a reference")
verdicts, _ = compare.judge({"6.1": {"instructions": GOOD}}, TARGETS, REFERENCE)
tap.is_(compare.line_of(verdicts[1]).split(),
        ["bench", "6.1.added", "300", "instructions", "1.000", "300", "PASS"], "a line")
for bad in ("one x 2", "one x a <= "):
    try:
        compare.parse_targets(bad)
        tap.ok(False, f"refused: {bad}")
    except ValueError:
        tap.ok(True, f"refused: {bad}")
for bad in ("a ** 2", "a if 1 else 2", "a.b()"):
    try:
        compare.evaluate(bad, {"a": 1, "a.b": 1})
        tap.ok(False, f"no expression: {bad}")
    except (ValueError, KeyError):
        tap.ok(True, f"no expression: {bad}")
with open(os.path.join(TOP, "tests/bench/targets"), encoding="utf-8") as f:
    own = compare.parse_targets(f.read())
tap.ok(own, "the committed targets can be read", own)
tap.is_(len({t.name for t in own}), len(own), "each has a name of its own")
tap.done()
