#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/py/golden*.py themselves: the committed messages are what the specification
says and show all of it, and one that differs in any way is found out."""
import json
import os
import struct
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import golden
import golden_codec as codec
import golden_cover
import kmtia_nl as nl
import tap

FAMILY = 0x20
#: What stands for the placeholders that are in attributes
VALUES = {f"<{kind.replace('_', '-')}>": 1 for kind in golden.Varying.PATHS.values()}
plain = codec.Codec()


def load(name):
    with open(os.path.join(golden.GOLDEN, name), encoding="utf-8") as f:
        return f.read()


def frame(message, attributes=None):
    """The bytes of a message of the family's"""
    command = message["command"]
    body = struct.pack("BBH", command["number"], command["version"], command["reserved"])
    body += plain.encode(nl.SPECIFICATION.ops[command["name"]]["attribute-set"],
                         attributes or message["attributes"], VALUES)
    flags = 2 if message["header"]["flags"] == "multi" else 0
    return struct.pack("IHHII", 16 + len(body), FAMILY, flags, 1, 1) + body


def placeholder(path, value):
    kind = golden.Varying.PATHS.get(path)
    return f"<{kind.replace('_', '-')}>" if kind and value == 1 else None


class Told:
    """What the committed messages show"""

    def __init__(self):
        self.emitted, self.taken = set(), set()


def test_committed():
    told = Told()
    different = []
    decoder = codec.Codec(varies=placeholder, covers=golden.Book.covers(told.emitted))
    for name in sorted(os.listdir(golden.GOLDEN)):
        if not name.endswith(".json"):
            continue
        text = load(name)
        message = json.loads(text)
        if "command" not in message:
            continue
        again = decoder.message(frame(message), FAMILY)
        command = message["command"]["name"]
        told.emitted |= {command} | {f"{command}.{a['name']}" for a in message["attributes"]}
        again["header"] = message["header"]
        if message["header"]["len"] != len(frame(message)) or codec.render(again) != text:
            different.append(name)
    tap.is_(different, [], "each file is what encoding and decoding it gives")
    absent = golden_cover.absent()["sends"]
    golden_cover.compare("the files", golden_cover.emitted(nl.SPECIFICATION), told.emitted, absent)


def undecodable(name, data):
    try:
        text = codec.render(plain.message(data, FAMILY))
        tap.ok(False, f"undecodable: {name}", text)
    except codec.Undecodable as e:
        tap.ok(True, f"undecodable: {name}: {str(e)[:60]}")


def resized(data):
    return struct.pack("I", len(data)) + data[4:]


def test_differences():
    message = json.loads(load("check-out.json"))
    good = frame(message)
    attributes = message["attributes"]
    text = codec.render(plain.message(good, FAMILY))
    for name, other in (("order", [attributes[i] for i in (1, 0, 2)]),
                        ("an attribute less", attributes[:2]),
                        ("an attribute twice", attributes + attributes[-1:])):
        tap.ok(codec.render(plain.message(frame(message, other), FAMILY)) != text,
               f"another message: {name}")
    id_at, sa_at = 20, 32
    flagless = bytearray(good)
    flagless[sa_at + 3] &= 0x7F
    undecodable("a nest without its flag", bytes(flagless))
    flagged = bytearray(good)
    flagged[id_at + 3] |= 0x80
    undecodable("a number with the flag of a nest", bytes(flagged))
    algorithm = good.index(b"cbc(aes)\0")
    padded = bytearray(good)
    padded[algorithm + 9] = 1
    undecodable("padding that is not zero", bytes(padded))
    unended = bytearray(good)
    unended[algorithm + 8] = ord("x")
    undecodable("a string without its end", bytes(unended))
    undecodable("an attribute that no specification has",
                resized(good + nl.attr_bytes(99, b"\0\0\0\0")))
    undecodable("an attribute that this command has not", resized(good + nl.attr_bytes(7, b"\1\0\0\0")))
    undecodable("rubbish at the end", resized(good + b"\0\0"))
    undecodable("another length than its header says", good + b"\0\0\0\0")
    undecodable("an attribute longer than the message", resized(good[:-4]))
    undecodable("a number of the wrong size", resized(good + nl.attr_bytes(4, b"\1\0")))
    undecodable("a flag with a value", resized(good + nl.attr_bytes(5, b"\1\0\0\0")))
    event = json.loads(load("monitor-alarm.json"))
    bad = bytearray(frame(event))
    bad[24] = 99
    undecodable("an entry that the enumeration has not", bytes(bad))
    undecodable("a command that only user space sends",
                struct.pack("IHHIIBBH", 20, FAMILY, 0, 0, 0, 1, 1, 0))


def test_varying():
    varying = golden.Varying()
    varying.of = varying
    for path, values in (("check.id", (0,)), ("dictate.timeout", (0, 10001)),
                         ("notify.seq", (0,)), ("sa-get.sa.handle", (0, 1000)),
                         ("sa-get.sa.age", (600000,)), ("manager-get.pid", (1,)),
                         ("manager-get.grace-left", (0, 60001)), ("check-reply.id", (77,))):
        for value in values:
            try:
                tap.is_(varying(path, value), "refused", f"implausible: {path} {value}")
            except codec.Undecodable:
                tap.ok(True, f"implausible: {path} {value}")
    tap.is_(varying("check.id", 5), "<question>", "what is plausible has its placeholder")
    tap.is_(varying("sa-get.sa.spi", 5), None, "what is not named does not vary")


test_committed()
test_differences()
test_varying()
tap.done()
