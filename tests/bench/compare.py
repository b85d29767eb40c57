#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares what the benchmark measured with what it may be.

compare.py RESULTS TARGETS REFERENCE

RESULTS is JSON: {kernel: {measure: {figure: number}}}. TARGETS and REFERENCE say what they
are in their heads. Prints a line for each target and kernel

	bench NAME VALUE UNIT RATIO TARGET PASS|MISS|VOID

and exits with 1 if one is not PASS, or a target has nothing to be compared with."""
import ast
import collections
import json
import operator
import re
import sys

#: What is judged: instructions are the same wherever they are counted. Time is the machine's.
JUDGED = "instructions"
#: So far may a figure be from the reference, which no part of kmtia is in
TOLERANCE = 0.15
FIGURE = re.compile(r"[a-z_][a-z0-9_.]*")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
             ast.Div: operator.truediv}

Target = collections.namedtuple("Target", "name unit value limit")
Verdict = collections.namedtuple("Verdict", "name value unit ratio limit word where")


def lines(text):
    return [line for line in (raw.split("#")[0].strip() for raw in text.splitlines()) if line]


def parse_targets(text):
    targets = []
    for line in lines(text):
        found = re.fullmatch(r"(\S+)\s+(\S+)\s+(.+?)\s+<=\s+(.+)", line)
        if not found:
            raise ValueError(f"no target: {line}")
        targets.append(Target(*found.groups()))
    return targets


def parse_reference(text):
    """{(kernel, figure): number}"""
    reference = {}
    for line in lines(text):
        kernel, figure, number = line.split()
        reference[kernel, figure] = float(number)
    return reference


def figures(expression):
    return set(FIGURE.findall(expression))


def evaluate(expression, values):
    """An expression of numbers, figures, + - * / and parentheses"""
    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        raise ValueError(f"no expression of figures: {expression}")

    numbers = FIGURE.sub(lambda m: repr(float(values[m[0]])), expression)
    return walk(ast.parse(numbers, mode="eval"))


def void(kernel, values, reference):
    """Was the machine itself another one than that of the reference, or is there none?"""
    known = {figure: number for (k, figure), number in reference.items() if k == kernel}
    return not known or any(figure not in values or abs(values[figure] / number - 1) > TOLERANCE
                            for figure, number in known.items())


def judge(results, targets, reference):
    """(verdicts, names of targets that nothing was measured for)"""
    verdicts, unmeasured = [], []
    for target in targets:
        before = len(verdicts)
        for kernel, measures in results.items():
            values = measures.get(JUDGED, {})
            if not figures(target.value) | figures(target.limit) <= set(values):
                continue
            value, limit = evaluate(target.value, values), evaluate(target.limit, values)
            ratio = value / limit if limit else float("inf")
            word = "VOID" if void(kernel, values, reference) else \
                "PASS" if value <= limit else "MISS"
            verdicts.append(Verdict(target.name, value, target.unit, ratio, limit, word, kernel))
        if len(verdicts) == before:
            unmeasured.append(target.name)
    return verdicts, unmeasured


def line_of(v):
    return (f"bench {v.where}.{v.name:<16} {v.value:>10.6g} {v.unit:<12} {v.ratio:6.3f} "
            f"{v.limit:>10.6g} {v.word}")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    texts = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            texts.append(f.read())
    verdicts, unmeasured = judge(json.loads(texts[0]), parse_targets(texts[1]), parse_reference(texts[2]))
    for verdict in verdicts:
        print(line_of(verdict))
    for name in unmeasured:
        print(f"bench {name} was not measured")
    sys.exit(bool(unmeasured) or any(v.word != "PASS" for v in verdicts))


if __name__ == "__main__":
    main()
