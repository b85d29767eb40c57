# SPDX-License-Identifier: GPL-2.0-only
"""KTAP as KUnit writes it to the kernel's log, of Linux 6.1 to 7.3: a suite is a
result without indentation, its cases are indented by 4, the parameters of a case
by 8. Newer kernels plan the number of suites; older ones begin with the first.
Cases are always planned, parameters only sometimes.

judge() is strict: what is not plainly a pass is a failure."""
import collections
import re

INDENT = 4
RESULT = re.compile(r"(not ok|ok) (\d+)(?: - | )(.*?)(?: # (SKIP|TIMEOUT|ERROR|TODO)\b *(.*))?$")
SUBTEST = "# Subtest: "
#: Lines that say why a test failed, at most.
WHY_MAX = 60

#: What a suite, a case or a parameter came to: its own verdict, the word after
#: "#", what was said since the result before, and what it consists of.
Result = collections.namedtuple("Result", "name passed directive said parts")
#: A test for the summary.
Outcome = collections.namedtuple("Outcome", "name passed why")


class Block:
    """Results of the same indentation, under one header."""

    def __init__(self):
        self.name = self.planned = None
        self.results = []

    def faults(self, where):
        if self.planned is not None and self.planned != len(self.results):
            yield f"{where}: {len(self.results)} results, {self.planned} planned"
        if not self.results:
            yield f"{where}: no results"


class Parser:
    """Feed it lines; then finish(), and look at suites and faults."""

    def __init__(self):
        self.blocks = {0: Block()}
        self.said = []
        self.faults = []

    @property
    def suites(self):
        return self.blocks[0].results

    def feed(self, line):
        text = line.strip()
        depth = (len(line) - len(line.lstrip(" "))) // INDENT
        found = RESULT.match(text)
        if text.startswith("KTAP version"):
            self.open(depth)
        elif depth in self.blocks and re.fullmatch(r"1\.\.\d+", text):
            self.blocks[depth].planned = int(text[3:])
        elif depth in self.blocks and text.startswith(SUBTEST):
            self.blocks[depth].name = text[len(SUBTEST):]
        elif found and (depth in self.blocks or depth == 0):
            self.result(depth, found)
        elif text:
            self.said.append(text)

    def open(self, depth):
        """A header. What is still open where it stands came to no end."""
        if depth == 0:
            return
        for inner in sorted((d for d in self.blocks if d >= depth), reverse=True):
            self.faults.append(f"{self.path(inner)}: came to no end")
            del self.blocks[inner]
        self.blocks[depth] = Block()

    def path(self, depth):
        names = (self.blocks[d].name for d in sorted(self.blocks) if 0 < d <= depth)
        return ".".join(name or "?" for name in names) or "all"

    def result(self, depth, found):
        verdict, number, name, directive, reason = found.groups()
        block = self.blocks[depth]
        if int(number) != len(block.results) + 1:
            self.faults.append(f"{self.path(depth)}: '{name}' has the number {number}, "
                               f"not {len(block.results) + 1}")
        for inner in sorted((d for d in self.blocks if d > depth + 1), reverse=True):
            self.faults.append(f"{self.path(inner)}: came to no end")
            del self.blocks[inner]
        parts = self.blocks.pop(depth + 1, None)
        if parts:
            self.faults += parts.faults(name)
            if parts.name != name:
                self.faults.append(f"the result of '{name}' stands after '{parts.name}'")
        said = self.said + ([f"{directive} {reason}".strip()] if directive else [])
        block.results.append(Result(name, verdict == "ok", directive, said[-WHY_MAX:],
                                    parts.results if parts else None))
        self.said = []

    def finish(self):
        for depth in sorted((d for d in self.blocks if d), reverse=True):
            self.faults.append(f"{self.path(depth)}: came to no end"
                               + "".join(f"\n{line}" for line in self.said[-WHY_MAX:]))
        if self.blocks[0].planned is not None:
            self.faults += self.blocks[0].faults("suites")


def outcomes_of(path, result):
    """The tests that a result stands for: its parts, or itself. That it failed
    although all of its parts passed is one more."""
    outcomes = []
    for part in result.parts or []:
        outcomes += outcomes_of(path + (": " if "." in path else ".") + part.name, part)
    passed = result.passed and not result.directive
    if not outcomes or (not passed and all(o.passed for o in outcomes)):
        outcomes.append(Outcome(path, passed, result.said))
    return outcomes


def judge(lines, expected):
    """A list of Outcome: a test for each parameter, or case without; and one that
    failed for each suite of expected that did not run, each that nobody expected,
    and whatever else is not as it should be."""
    parser = Parser()
    for line in lines:
        parser.feed(line)
    parser.finish()
    outcomes = []
    names = [suite.name for suite in parser.suites]
    for suite in parser.suites:
        outcomes += outcomes_of(suite.name, suite)
        if not suite.parts:
            outcomes.append(Outcome(f"{suite.name} has cases", False, suite.said))
    for name in expected:
        if names.count(name) != 1:
            outcomes.append(Outcome(f"{name} ran once", False, [f"{names.count(name)} times"]))
    for name in sorted(set(names) - set(expected)):
        outcomes.append(Outcome(f"{name} is a suite of ours", False, []))
    for fault in parser.faults:
        what, *why = fault.splitlines()
        outcomes.append(Outcome(what, False, why))
    return outcomes
