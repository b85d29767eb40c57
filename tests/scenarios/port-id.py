#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240 --cpus 2
"""The port id of a closing socket is free before the kernel's other parts hear of the
close, and any user may take it. What is sent to a manager's port id may so reach a
stranger: it must hold no secret, and the stranger must get nowhere with it.

One process registers on a port id, is asked and told, fetches keys, and closes, again
and again; another one binds the same port id as soon as it can, and reads and tries
all that it may. SAs are made all the time."""
import collections
import errno
import json
import os
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

PORT = 0x12345678
ROUNDS = 200
#: Seconds; a kernel with sanitizers is slow
LIMIT = 600 if os.path.exists("/sys/kernel/debug/kmemleak") else 150
SECRET = b"a secret that stands, and that no port id shall ever see......."
#: Every key here has this in it: IKE's, and those that are dictated.
MARK = bytes.fromhex("6b6d74696121")
SPI = 0xd0000


def dictated_key(question):
    return b"D" + MARK + struct.pack(">I", question["sa"]["spi"]) + b"-dictated"


def ike_key(spi):
    return b"I" + MARK + struct.pack(">I", spi) + b"-IKE's-key"[:9]


def bind(port):
    """A socket of generic netlink with that port id, or None if it is taken"""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, nl.NETLINK_GENERIC)
    try:
        sock.bind((port, 0))
        sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_EXT_ACK, 1)
        return sock
    except OSError as e:
        sock.close()
        if e.errno != errno.EADDRINUSE:
            raise
        return None


def tia_on(sock):
    """A manager that is not registered yet, on a socket that is bound; the family is
    not looked up again"""
    tia = nl.Tia.__new__(nl.Tia)
    vars(tia).update(vars(admin), sock=sock, queue=collections.deque(), uuid=nl.uuid(1))
    return tia


def has_secret(frame):
    return MARK in frame or SECRET in frame


class Counts(dict):
    """Sums, by name"""

    def add(self, name, n=1):
        self[name] = self.get(name, 0) + n


def creator(stop):
    """SAs, one after the other, until told to stop"""
    spi = SPI
    while not stop():
        spi += 1
        xfrm.newsa(spi, key=ike_key(spi))
        if spi % 16 == 0:
            guest.flush()


def owner_round(counts):
    """Registers, answers one question, fetches keys, closes with what comes then open."""
    sock = bind(PORT)
    if not sock:
        return False
    tia = tia_on(sock)
    pushed = []
    tia.received = lambda frame: pushed.append(frame) if struct.unpack_from("I", frame, 8)[0] == 0 else None
    try:
        tia.call("manager-add", {"uuid": tia.uuid, "name": "owner", "flags": 3})
    except nl.NlError as e:
        if e.errno != errno.EEXIST:      # the last one's end is not through yet
            raise
        sock.close()
        return False
    if counts.get("rounds", 0) % 8 == 0:
        tia.call("secret-set", {"number": 1, "secret": SECRET, "reqid": 99})
    question = tia.question(20)
    try:
        tia.answer(question, dictated_key(question))
        counts.add("answered")
    except nl.NlError:
        pass                             # late
    keys = [s.get("key") for m in tia.dump("notify-get") for s in m["sa"]["slot"]]
    counts.add("keys fetched", len([k for k in keys if k and MARK in k]))
    tia.question(20)                     # which stays open
    counts.add("pushed", len(pushed))
    counts.add("secrets pushed", len([f for f in pushed if has_secret(f)]))
    counts.add("rounds")
    sock.close()
    return True


def thief(pipe, stop):
    """Takes the port id whenever it is free."""
    counts = Counts()
    while not stop():
        sock = bind(PORT)
        if not sock:
            continue
        stranger = tia_on(sock)
        frames = []
        stranger.received = frames.append
        counts.add("taken")
        for op, attrs, is_dump in (("notify-get", {}, True), ("request-get", {}, True),
                                   ("secret-set", {"number": 1, "secret": b"x" * 32}, False)):
            try:
                stranger.call(op, attrs, dump=is_dump)
                counts.add("got in")
            except nl.NlError as e:
                counts.add("refused" if e.errno == errno.EPERM else f"{op}: {e}")
        end = time.monotonic() + 0.01
        while time.monotonic() < end:
            message = stranger.recv(0.005)
            if message is None:
                continue
            counts.add(f"saw {message.op}")
            if message.op == "dictate":
                try:
                    stranger.answer(message, b"a key of the stranger's"[:20])
                    counts.add("answered")
                except nl.NlError as e:
                    counts.add("answer refused" if e.errno in (errno.EPERM, errno.ENOENT)
                               else f"answer: {e}")
        counts.add("secrets seen", len([f for f in frames if has_secret(f)]))
        sock.close()
        time.sleep(0.002)                # so that the owner gets it, too
    os.write(pipe, json.dumps(counts).encode())


def child(function, *args):
    """Runs function(*args, stop) in another process, until SIGTERM."""
    pid = os.fork()
    if not pid:
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        function(*args, lambda: bool(stopped))
        os._exit(0)
    return pid


guest.setup()
guest.add(0x8fff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
admin.call("rule-add", {"priority": 10, "dictate": "any", "notify": "any", "keys-manager": nl.uuid(1),
                        "on-failure": "keep", "timeout": 2000})
from_thief, to_parent = os.pipe()
making = child(creator)
stealing = child(thief, to_parent)
owned = Counts()
deadline = time.monotonic() + LIMIT
while owned.get("rounds", 0) < ROUNDS and time.monotonic() < deadline:
    owner_round(owned)
for pid in (stealing, making):
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
stolen = Counts(json.loads(os.read(from_thief, 65536)))
tap.diag(f"owner: {dict(owned)}\nstranger: {dict(stolen)}")
tap.ok(owned.get("rounds", 0) >= ROUNDS, f"a manager comes and goes {ROUNDS} times")
tap.ok(owned.get("answered", 0) > ROUNDS / 2, "it answers questions, mostly")
tap.ok(owned.get("keys fetched", 0) > ROUNDS / 2, "and fetches keys: they are recognised")
tap.ok(stolen.get("taken", 0) >= ROUNDS / 2, "a stranger takes its port id over")
tap.ok(owned["pushed"] >= 2 * ROUNDS, "questions and notifications went to the port id")
tap.is_((owned["secrets pushed"], stolen["secrets seen"]), (0, 0),
        "no key and no secret was sent to the port id, whoever had it")
tap.is_((stolen.get("got in", 0), stolen.get("answered", 0)), (0, 0),
        "who takes it over may neither fetch nor answer")
tap.is_(set(stolen) - {"taken", "refused", "answer refused", "secrets seen", "saw dictate", "saw notify"}, set(),
        "it is told EPERM, or ENOENT, and nothing else")
tap.is_(stolen["refused"], 3 * stolen["taken"], "each time, for each try")
admin.call("rule-flush")
tap.is_(admin.dump("manager-get"), [], "no manager is left")
tap.done()
