#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""SAs that are moved to other addresses: they keep their keys and what is known about them,
and none whose key nobody dictated ends under a rule that rejects such ones unnoticed. The
judge is `ip xfrm state`."""
import os
import platform
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

NEW_KERNEL = int(platform.release().split(".")[0]) >= 7
HOME, AWAY, FREE = ("10.1.0.1", "10.1.0.2"), ("10.1.1.1", "10.1.1.2"), ("10.3.0.1", "10.3.0.2")
KEY = bytes(range(1, 21))


def where(spi):
    """(src, dst) of the SAs of that SPI"""
    out, ends = [], None
    for line in guest.sh("ip xfrm state").splitlines():
        words = line.split()
        if words[:1] == ["src"]:
            ends = (words[1], words[3])
        elif words[:1] == ["proto"] and int(words[3], 16) == spi:
            out.append(ends)
    return out


def policy(ends, verb="add"):
    src, dst = ends
    tail = f"tmpl src {src} dst {dst} proto esp reqid 1 mode transport" if verb == "add" else ""
    guest.sh(f"ip xfrm policy {verb} src {src} dst {dst} dir out {tail}")


def moved(old, new):
    """What XFRM_MSG_MIGRATE says; the policy is put back."""
    policy(old)
    result = xfrm.migrate(old, new)
    guest.sh("ip xfrm policy flush")
    return result


def ip(data):
    return socket.inet_ntop(socket.AF_INET, data)


def tracked(spi):
    """[(src, dst, origin)] of the SAs of that SPI that are known"""
    return [(ip(t["sa"]["saddr"]), ip(t["sa"]["daddr"]), t["sa"]["origin"])
            for t in admin.dump("sa-get") if t["sa"]["spi"] == spi]


def told(*events):
    """The next notifications about an SA"""
    got = []
    for _ in events:
        message = watcher.expect("notify")
        got.append((message["event"], ip(message["sa"]["daddr"])))
    return got


guest.setup()
guest.add(0x77)
guest.flush()
admin, monitor = nl.Kmtia(), nl.Kmtia()
tia, watcher = nl.Tia(1, flags=1), nl.Tia(2, flags=2)
monitor.join("monitor")


def rule(**attrs):
    return guest.rule(admin, **dict({"dictate": "any", "notify": "any", "timeout": 5000}, **attrs))


# --- A dictated SA ---------------------------------------------------------------------------

with rule():
    creator = guest.Creator(0x1001)
    tia.answer(tia.question(), KEY, key_id="key-1")
    tap.is_(creator.errno_text(), "", "an SA is dictated")
    told("new")
    questions = tia.stats()["questions"]
    tap.is_(moved(HOME, AWAY), (0, None), "it is moved")
    tap.is_((where(0x1001), guest.installed(0x1001)), ([AWAY], KEY), "with its key")
    tap.is_(told("delete", "new"), [("delete", "10.1.0.2"), ("new", "10.1.1.2")],
            "watchers hear of the old one's end and of the new one")
    tap.is_(tracked(0x1001), [(*AWAY, "local")], "it is known there, and who decided its key")
    sa = [t["sa"] for t in admin.dump("sa-get")][0]
    tap.is_((sa["manager"], sa["key-id"]), (tia.uuid, "key-1"), "who dictated, and which key")
    tap.is_(tia.stats()["questions"], questions, "nobody is asked")
    tap.is_(moved(AWAY, HOME), (0, None), "and moved back")
    told("delete", "new")
    tap.is_(tracked(0x1001), [(*HOME, "local")], "it is known there again")
    # Another source alone: the identity remains.
    tap.is_(moved(HOME, (AWAY[0], HOME[1])), (0, None), "it gets another source")
    tap.is_(told("delete", "new"), [("delete", "10.1.0.2"), ("new", "10.1.0.2")], "which is told, too")
    tap.is_(tracked(0x1001), [(AWAY[0], HOME[1], "local")], "and known")
    guest.flush()
    tap.is_(watcher.expect("notify")["event"], "flush", "then all are flushed")

# --- One that nobody dictated -------------------------------------------------------------------

for action, refused in (("reject", True), ("manager", True), ("keep", False)):
    with rule(remote=bytes([10, 1, 0, 0]), remote_len=16, on_failure=action):
        spi = 0x2001 + refused + 2 * (action == "manager")
        tap.is_(guest.add(spi, src=FREE[0], dst=FREE[1]), "", f"{action}: an SA is made where no rule is")
        err, words = moved(FREE, HOME)
        if refused and NEW_KERNEL:
            tap.ok(err and "nobody dictated" in (words or ""), f"{action}: it may not be moved", (err, words))
            tap.is_(where(spi), [FREE], f"{action}: and stays where it was")
        else:
            tap.is_((err, words), (0, None), f"{action}: it is moved")
            tap.is_((where(spi), guest.installed(spi)), ([HOME], guest.IKE_KEY), f"{action}: with its key")
            if refused:
                alarm = monitor.expect("monitor-ntf", event="alarm")
                tap.is_((alarm["rule"], alarm["sa"]["spi"]), (10, spi), f"{action}: an alarm names rule and SA")
            guest.wait_until(lambda s=spi: tracked(s), f"{action}: the SA is known")
            tap.is_(tracked(spi), [(*HOME, "none")],
                    f"{action}: it is known that nobody dictated its key")
        guest.flush()
with guest.rule(admin, notify="any"):
    tap.is_(guest.add(0x2101, src=FREE[0], dst=FREE[1]), "", "watched: an SA is made")
    tap.is_(moved(FREE, HOME), (0, None), "watched: it is moved")
    guest.wait_until(lambda: tracked(0x2101) == [(*HOME, "none")], "watched: the SA is known")
    guest.flush()

# --- XFRM_MSG_MIGRATE_STATE -------------------------------------------------------------------------

if NEW_KERNEL:
    with rule():
        creator = guest.Creator(0x3001)
        tia.answer(tia.question(), bytes(range(41, 61)))
        creator.wait()
        tap.is_(xfrm.migrate_state(0x3001, HOME[1], AWAY)[0], 0, "one SA is moved by itself")
        tap.is_((where(0x3001), guest.installed(0x3001)), ([AWAY], bytes(range(41, 61))), "with its key")
        guest.wait_until(lambda: tracked(0x3001) == [(*AWAY, "local")], "it is known there")
        guest.flush()
    with rule(remote=bytes([10, 1, 0, 0]), remote_len=16):
        guest.add(0x3002, src=FREE[0], dst=FREE[1])
        err, words = xfrm.migrate_state(0x3002, FREE[1], HOME)
        tap.ok(err and "nobody dictated" in (words or ""), "one that nobody dictated may not", (err, words))
        tap.is_(where(0x3002), [FREE], "and stays where it was")
        guest.flush()
tap.is_(nl.Kmtia().call("stats-get")[0]["live"], 0, "nothing is tracked that is not there")
tap.done()
