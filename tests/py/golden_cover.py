# SPDX-License-Identifier: GPL-2.0-only
"""What of the specification the golden messages must show: each command, attribute
and entry of an enumeration that the kernel sends, and that it takes, but for those
that tests/golden/absent.yaml names with a reason."""
import os

import yaml

import golden
import golden_codec as codec
import kmtia_nl as nl
import tap

ABSENT = os.path.join(golden.GOLDEN, "absent.yaml")


def _of_attribute(spec, attr_set, name):
    """An attribute, its entries, and what is in it"""
    attr = spec.sets[attr_set][name]
    out = {f"{attr_set}:{name}"}
    out |= {f"{attr_set}:{name}={entry}" for entry in
            (spec.enum(attr["enum"]) if "enum" in attr else ())}
    if attr["type"] == "nest":
        for inner in spec.sets[attr["nested-attributes"]]:
            out |= _of_attribute(spec, attr["nested-attributes"], inner)
    return out


def _of_operation(spec, op, names):
    out = {op["name"]}
    for name in names:
        out.add(f"{op['name']}.{name}")
        out |= _of_attribute(spec, op["attribute-set"], name)
    return out


def emitted(spec):
    """What the kernel sends, by the specification"""
    out = set()
    for op in spec.ops.values():
        names = codec.emitted_by(op)
        if names is not None:
            out |= _of_operation(spec, op, names)
    return out


def taken(spec):
    """What the kernel takes"""
    out = set()
    for op in spec.ops.values():
        for way in ("do", "dump"):
            if way in op:
                out |= _of_operation(spec, op, op[way].get("request", {}).get("attributes", []))
    return out


def absent():
    """The exceptions: what, and why"""
    with open(ABSENT, encoding="utf-8") as f:
        return yaml.safe_load(f)


def compare(what, expected, seen, exceptions):
    """Tests: all that is expected was seen, but for the exceptions."""
    tap.is_(sorted(set(exceptions) - expected), [],
            f"{what}: what is excepted is in the specification")
    tap.is_([e for e, why in exceptions.items() if not str(why or "").strip()], [],
            f"{what}: each exception has a reason")
    tap.is_(sorted(expected - seen - set(exceptions)), [], f"{what}: nothing is missing")
    tap.is_(sorted(seen & set(exceptions)), [], f"{what}: no exception occurs")


def judge(book, spec=nl.SPECIFICATION):
    """Tests: the book shows all of the specification."""
    exceptions = absent()
    compare("what the kernel sends", emitted(spec), book.emitted, exceptions["sends"])
    compare("what the kernel takes", taken(spec), book.taken, exceptions["takes"])
