#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""Ends that have different keys: IKE sees nothing wrong, kmtia says so.

a dictates, b at first does not. SAs are made by hand, with the same keys at both
ends, so that only the dictation makes a difference.
"""
import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

SECRET = bytes(range(1, 33))
A, B = "10.1.0.1", "10.1.0.2"


class End:
    """A namespace: rule, listener, and perhaps a manager with a standing secret"""

    def __init__(self, ns, **rule):
        self.ns = ns
        guest.enter(ns)
        self.admin, self.events = nl.Kmtia(), nl.Kmtia()
        self.admin.call("rule-add", dict({"priority": 10, "dictate": "none", "notify": "none"},
                                         **rule))
        self.events.join("monitor")
        self.tia = None

    def dictate(self, n, key_id="one"):
        guest.enter(self.ns)
        self.tia = nl.Tia(n)
        self.tia.call("secret-set", {"number": 1, "secret": SECRET, "key-id": key_id})

    def mismatched(self):
        return self.admin.call("stats-get")[0]["mismatched"]

    def failed(self, spi):
        """The SA's own counter, as ip(8) shows it"""
        text = guest.sh(f"ip -n {self.ns} -s xfrm state get src {A} dst {B} proto esp spi {spi:#x}"
                        if self.ns == "b" else
                        f"ip -n {self.ns} -s xfrm state get src {B} dst {A} proto esp spi {spi:#x}")
        return int(re.search(r"failed (\d+)", text).group(1))


def sa_pair(spi, end="ab"):
    """SAs spi (a to b) and spi + 1 (b to a); policies for ping use the newest"""
    for ns in end:
        for src, dst, number in ((A, B, spi), (B, A, spi + 1)):
            guest.sh(f"ip -n {ns} xfrm state add "
                     + guest.sa_args(number, src, dst, key=bytes([number & 255] * 20)))


def policies():
    for ns in "ab":
        for src, dst in ((A, B), (B, A)):
            way = "out" if (ns == "a") == (src == A) else "in"
            guest.sh(f"ip -n {ns} xfrm policy add src {src} dst {dst} proto 1 dir {way} "
                     f"tmpl src {src} dst {dst} proto esp reqid 1 mode transport")


def ping(ns, count=5):
    """Returns whether any came back"""
    to = B if ns == "a" else A
    return " 0 received" not in guest.sh(
        f"ip netns exec {ns} ping -n -q -c {count} -i 0.02 -W 0.1 {to}", check=False)


def garbage(spi, count):
    """ESP of that SPI that nobody encrypted, from a to b; no policy is for it"""
    guest.enter("a")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as s:
        for seq in range(count):
            s.sendto(struct.pack(">II", spi, 1000 + seq) + b"garbage " * 10, (B, 0))


guest.setup()
a = End("a", dictate="any")
b = End("b", notify="any")
policies()

# --- One end dictates ------------------------------------------------------------

a.dictate(1)
sa_pair(0x1000)
tap.ok(not ping("a"), "one end dictates: nothing passes")
tap.ok(not ping("b"), "in either direction")
tap.ok(b.failed(0x1000) >= 3, "XFRM counts the failures")
event = b.events.expect("monitor-ntf", event="mismatch")
tap.is_((event["sa"]["spi"], event["rule"]), (0x1000, 10), "b: the monitor names SA and rule")
tap.like(event["text"], r"^\d+ packets failed the integrity check, none passed", "and says why")
tap.is_(event.get("key-id"), None, "it has no key-id")
event = a.events.expect("monitor-ntf", event="mismatch")
tap.is_((event["sa"]["spi"], event["key-id"], event["manager"]), (0x1001, "one", a.tia.uuid),
        "a: the monitor names SA, key-id and manager")
tap.is_((a.mismatched(), b.mismatched()), (1, 1), "each end counts one")
log = guest.kernel_log()
tap.like(log, r"mismatch: esp SA spi 0x00001000 src 10\.1\.0\.1 dst 10\.1\.0\.2, rule 10, "
         r"key-id '': .*does the other end dictate\?", "b: the kernel's log says what to look at")
tap.like(log, r"mismatch: esp SA spi 0x00001001 .*key-id 'one': .*compare secret, key-id and "
         r"derivation of both ends", "a: likewise")

# --- Both do, alike -----------------------------------------------------------------

for ns in "ab":
    guest.sh(f"ip -n {ns} xfrm state flush")
b.admin.call("rule-flush")
b.admin.call("rule-add", {"priority": 10, "dictate": "any"})
b.dictate(2)
sa_pair(0x2000)
tap.ok(ping("a"), "both ends dictate alike: ping passes")
tap.ok(ping("b"), "in both directions")
garbage(0x2000, 5)
guest.wait_until(lambda: b.failed(0x2000) == 5, "five packets failed")
# Another SA on which nothing passes: when it is reported, the first was looked at, too.
guest.enter("b")
sa_pair(0x3000, end="b")
garbage(0x3000, 3)
event = b.events.expect("monitor-ntf", event="mismatch")
tap.is_(event["sa"]["spi"], 0x3000, "one garbled packet among good ones is no mismatch")
tap.is_(b.failed(0x3000), 3, "three, and none good, are one")
tap.is_(b.mismatched(), 2, "which is counted")
sa_pair(0x4000, end="b")
sa_pair(0x5000, end="b")
garbage(0x4000, 2)
garbage(0x3000, 3)
garbage(0x5000, 4)
event = b.events.expect("monitor-ntf", event="mismatch")
tap.is_(event["sa"]["spi"], 0x5000, "neither are two, nor is one reported twice")
tap.is_(b.failed(0x4000), 2, "though XFRM has seen both")
tap.is_(a.mismatched(), 1, "a has nothing to report")

# --- Both do, with another name for the secret ----------------------------------------

for ns in "ab":
    guest.sh(f"ip -n {ns} xfrm state flush")
b.tia.call("secret-set", {"number": 1, "secret": SECRET, "key-id": "two"})
sa_pair(0x6000)
tap.ok(not ping("a"), "the key-ids differ: nothing passes")
event = b.events.expect("monitor-ntf", event="mismatch")
tap.is_((event["sa"]["spi"], event["key-id"]), (0x6000, "two"), "which is found")
for end in (a, b):
    end.admin.call("rule-flush")
    end.tia.close()
guest.bash("module_unload")
tap.done()
