#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tells a scenario how often a secret is in the memory of its own machine.

The guest asks on a virtio-serial port; QEMU writes all of the guest's memory to
a file, in which the bytes are looked for. They are computed here, and never
come by that port: it would leave them in the guest.

    secret BYTES SEED
        pieces of the secret that tests/programs/marker.c makes
    key DERIVATION KEY-ID SPI ALGORITHM MODULE-KEY BYTES SEED
        the key that is derived of it for an ESP SA with that one key; "-" for
        no key-id

answers with the number of places, or with "error" and a reason.
"""
import argparse
import json
import mmap
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../py"))
# pylint: disable=wrong-import-position
import kdf

#: What is looked for: no piece of a secret this long is anywhere by chance.
PIECE = 16


def marker(length, seed):
    """As marker.c"""
    out = bytearray()
    for _ in range(length):
        seed = (seed * 6364136223846793005 + 1442695040888963407) & ((1 << 64) - 1)
        out.append(seed >> 56)
    return bytes(out)


class Qmp:
    """QEMU's monitor"""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw")
        self.file.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


def count(memory, pieces):
    """In how many places of the memory is any of the pieces?"""
    found = 0
    for piece in pieces:
        at = memory.find(piece)
        while at >= 0:
            found += 1
            at = memory.find(piece, at + 1)
    return found


def pieces_of(words):
    """The bytes that a question is about"""
    if words[0] == "secret" and len(words) == 3:
        secret = marker(int(words[1]), int(words[2]))
        return [secret[at:at + PIECE] for at in range(0, len(secret) - PIECE + 1, PIECE)]
    if words[0] == "key" and len(words) == 8:
        derivation, key_id, spi, algorithm, module_key, length, seed = words[1:]
        key = bytes.fromhex(module_key)
        slot = kdf.Slot("aead", algorithm, len(key) * 8, key)
        derived = kdf.slot_key(derivation, marker(int(length), int(seed)),
                               b"" if key_id == "-" else key_id.encode(), "esp", int(spi, 0),
                               slot, key)
        return [derived[:PIECE]]
    raise ValueError(f"what is '{' '.join(words)}'?")


def answer(args, qmp, line):
    """The number of places, as text"""
    pieces = pieces_of(line.split())
    qmp.run("stop")
    try:
        qmp.run("pmemsave", val=0, size=args.size, filename=args.dump)
    finally:
        qmp.run("cont")
    try:
        with open(args.dump, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            return str(count(memory, pieces))
    finally:
        os.unlink(args.dump)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--qmp", required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--size", type=int, required=True, help="guest memory, bytes")
    parser.add_argument("--dump", required=True, help="temporary file")
    args = parser.parse_args()
    qmp = Qmp(args.qmp)
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(args.channel)
    lines = channel.makefile("rw")
    for line in lines:
        try:
            text = answer(args, qmp, line)
        except (OSError, ValueError, RuntimeError) as e:
            text = f"error {e}"
        lines.write(text + "\n")
        lines.flush()


main()
