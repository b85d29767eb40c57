#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""What an operator can see: tracepoints, audit records, log lines, how long answers take;
and that none of it has a byte of a key."""
import os
import re
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

TRACEFS = "/sys/kernel/tracing"
KEY, SECRET = bytes(range(0x81, 0x81 + 20)), bytes(range(0xa0, 0xa0 + 32))


def trace(what, value):
    with open(f"{TRACEFS}/{what}", "w", encoding="ascii") as f:
        f.write(value)


def traced():
    """[(event, {field: value})] since the last time"""
    with open(f"{TRACEFS}/trace", encoding="utf-8", errors="replace") as f:
        text = f.read()
    trace("trace", "")
    out = []
    for line in text.splitlines():
        found = re.search(r": (kmtia_\w+): (.*)", line)
        if found:
            out.append((found[1], dict(re.findall(r"(\S+?)=(\S*)", found[2])), found[2]))
    everything.append(text)
    return out


def audit(attrs):
    """AUDIT_SET: struct audit_status with one value."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as sock:
        sock.bind((0, 0))
        body = struct.pack("10I", *attrs)
        sock.send(struct.pack("IHHII", 16 + len(body), 1001, 5, 1, 0) + body)
        (err,) = struct.unpack_from("i", sock.recv(4096), 16)
        if err:
            raise OSError(-err, "AUDIT_SET")


def audited(pattern):
    """The record that comes next of those that match, as `type=N text`"""
    end = time.monotonic() + 10
    while select.select([auditor], [], [], max(0, end - time.monotonic()))[0]:
        data = auditor.recv(1 << 16)
        (kind,) = struct.unpack_from("H", data, 4)
        record = f"type={kind} {data[16:].decode(errors='replace')}"
        everything.append(record)
        if re.search(pattern, record):
            return record
    raise TimeoutError(f"no audit record: {pattern}")


everything = []
# Without a daemon the kernel logs what it audits, but not all of it when there is much.
auditor = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
auditor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
auditor.bind((0, 1))    # AUDIT_NLGRP_READLOG
guest.sh(f"mountpoint -q {TRACEFS} || mount -t tracefs tracefs {TRACEFS}")
guest.setup()
admin = nl.Kmtia()
guest.add(0x77)
guest.flush()
events = os.listdir(f"{TRACEFS}/events/kmtia")
tap.is_(sorted(e for e in events if e.startswith("kmtia_")),
        ["kmtia_decision", "kmtia_manager", "kmtia_request_close", "kmtia_request_open", "kmtia_sa"],
        "the tracepoints")
trace("events/kmtia/enable", "1")
audit((1, 1, 0, 0, 0, 0, 0, 0, 0, 0))      # mask: enabled

# --- An SA that is dictated ------------------------------------------------------------------

tia = nl.Tia(1)
with guest.rule(admin, dictate="any", notify="any", timeout=5000):
    creator = guest.Creator(0x1001)
    question = tia.question()
    tia.answer(question, KEY, key_id="key-1")
    tap.is_(creator.errno_text(), "", "an SA is dictated")
    guest.delete(0x1001)
guest.wait_until(lambda: "delete" in open(f"{TRACEFS}/trace", encoding="utf-8").read(),
                 "the SA's end is traced")
got = traced()
tap.is_([name for name, _, _ in got],
        ["kmtia_manager", "kmtia_request_open", "kmtia_request_close", "kmtia_decision",
         "kmtia_sa", "kmtia_sa"], "what is traced, in order")
by_name = {name: fields for name, fields, _ in got}
tap.is_(by_name["kmtia_request_open"]["id"], str(question["id"]), "the question's number")
tap.is_((by_name["kmtia_request_close"]["id"], by_name["kmtia_request_close"]["state"]),
        (str(question["id"]), "keys"), "how it ended")
decision = by_name["kmtia_decision"]
tap.is_([decision[f] for f in ("rule", "spi", "dst", "verdict", "questions", "manager", "key-id")],
        ["10", "0x00001001", "::ffff:10.1.0.2", "dictated", "1", "tia1", "key-1"], "the decision")
tap.is_([text.split()[0] for name, _, text in got if name == "kmtia_sa"], ["new", "delete"],
        "the SA's life")
tap.like(audited("op=KMTIA-SA-dictated"),
         r"type=1415 .*src=10.1.0.1 dst=10.1.0.2 spi=4097\(0x1001\) proto=50 rule=10 uuid=\S+ "
         r"name=74696131 key-id=6b65792d31 res=1", "the audit record")

# --- Each way in which none is -----------------------------------------------------------------

for spi, act, state, errno in (
        (0x2001, lambda q: tia.cannot(q, text="no"), "cannot", 129),
        (0x2002, lambda q: tia.bid(q, False), "bid", 126),
        (0x2003, lambda q: None, "deadline", 110)):
    with guest.rule(admin, dictate="any", timeout=300):
        creator = guest.Creator(spi)
        act(tia.question())
        creator.wait()
    by_name = {name: fields for name, fields, _ in traced()}
    tap.is_(by_name["kmtia_request_close"]["state"], state, f"{state}: how the question ended")
    tap.is_((by_name["kmtia_decision"]["verdict"], by_name["kmtia_decision"]["err"]),
            ("refused", str(-errno)), f"{state}: the decision")
    tap.like(audited(f"op=KMTIA-SA-refused.*spi={spi}"), rf"rule=10 .*errno={errno} res=0",
             f"{state}: the audit record")
    tap.like(guest.kernel_log(), rf"kmtia: refused esp SA spi 0x{spi:08x} .*error {errno}",
             f"{state}: the log line")
with guest.rule(admin, dictate="any", on_failure="keep", timeout=300):
    tap.is_(guest.add(0x2004), "", "a key is kept")
tap.like(audited("op=KMTIA-SA-kept.*spi=8196"), "res=0", "kept: the audit record")
tap.is_([fields["verdict"] for name, fields, _ in traced() if name == "kmtia_decision"], ["kept"],
        "kept: the decision")

# --- A standing secret, and an administrator who ends a manager -------------------------------------

tia.call("secret-set", {"number": 1, "secret": SECRET, "key-id": "standing"})
with guest.rule(admin, dictate="any", timeout=5000):
    tap.is_(guest.add(0x3001), "", "an SA has its key from a standing secret")
decision = {name: fields for name, fields, _ in traced()}["kmtia_decision"]
tap.is_((decision["standing"], decision["questions"], decision["key-id"]), ("1", "0", "standing"),
        "standing: the decision")
dictated = guest.installed(0x3001)
admin.call("manager-del", {"uuid": tia.uuid})
tap.is_([text.split()[0] for _, _, text in traced()], ["event=del"], "an administrator's manager-del is traced")
tap.like(audited("op=KMTIA-manager-del"), r"uid=0 uuid=6b6d7469-6100-4000-8000-000000000001 "
         r"name=74696131 res=1", "and audited")

# --- How long answers take ------------------------------------------------------------------------------

slow = nl.Tia(2)
before = admin.call("stats-get")[0]
with guest.rule(admin, dictate="any", timeout=5000):
    creator = guest.Creator(0x4001)
    question = slow.question()
    time.sleep(0.3)     # what is measured
    slow.answer(question, bytes(range(1, 21)))
    creator.wait()
times = slow.stats()["answer-time"]
times = times if isinstance(times, list) else [times]
tap.is_([t["count"] for t in times], [1], "one answer is in one class of times")
tap.ok(times[0]["below"] > 262144, "above the third of a second that it took", times)
after = admin.call("stats-get")[0]


def total(stats):
    found = stats.get("answer-time", [])
    return sum(t["count"] for t in (found if isinstance(found, list) else [found]))


tap.is_(total(after) - total(before), 1, "so it is in the namespace's")
tap.is_(total(before), 3, "with those that were answered before, and without the one that was not")

# --- No byte of a key ------------------------------------------------------------------------------------

everything.append(guest.kernel_log())
text = "\n".join(everything).lower().replace(" ", "").replace(":", "")
for name, secret in (("the dictated key", KEY), ("the secret", SECRET), ("IKE's key", guest.IKE_KEY),
                     ("the key of the secret", dictated)):
    tap.ok(not any(secret[i:i + 4].hex() in text for i in range(len(secret) - 3)),
           f"{name} is in no trace, record or log line")
trace("events/kmtia/enable", "0")
audit((1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
slow.close()
tap.done()
