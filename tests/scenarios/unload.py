#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180 --cpus 2
"""The module can be unloaded at any time, but while SAs may be refused."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

KEEP = dict(dictate="any", notify="any", on_failure="keep")
KEYS = {0x1001: bytes(range(1, 21)), 0x1002: bytes(range(21, 41))}


def rule_add(kmtia, **attrs):
    kmtia.call("rule-add", {k.replace("_", "-"): v for k, v in attrs.items()})


def rmmod():
    done = subprocess.run("rmmod kmtia", shell=True, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    return done.returncode, done.stdout


def loaded():
    return os.path.exists("/sys/module/kmtia")


guest.setup()
ko = os.environ["KMTIA_KO"]

# --- Live SAs, dictated at one end and by hand with the same keys at the other ------------
tia = nl.Tia(1)
rule_add(tia, priority=10, **KEEP)
for spi, src, dst in ((0x1001, "10.1.0.1", "10.1.0.2"), (0x1002, "10.1.0.2", "10.1.0.1")):
    creator = guest.Creator(spi, src=src, dst=dst)
    tia.answer(tia.question(), KEYS[spi])
    tap.is_(creator.errno_text(), "", f"SA {spi:#x} is made")
    tap.is_(guest.installed(spi), KEYS[spi], f"SA {spi:#x} is dictated")
    guest.sh(f"ip -n b xfrm state add {guest.sa_args(spi, src, dst, key=KEYS[spi])}")
for ns, out, back in (("a", "10.1.0.1", "10.1.0.2"), ("b", "10.1.0.2", "10.1.0.1")):
    for way, src, dst in (("out", out, back), ("in", back, out)):
        guest.sh(f"ip -n {ns} xfrm policy add src {src} dst {dst} dir {way} tmpl src {src} "
                 f"dst {dst} proto esp reqid 1 mode transport")

with subprocess.Popen("exec ping -n -i 0.02 -c 150 -W 5 10.1.0.2", shell=True,
                      stdout=subprocess.PIPE, universal_newlines=True) as ping:
    seen = 0
    for line in ping.stdout:
        seen += "bytes from" in line
        if seen == 30 and loaded():
            status, output = rmmod()
            tap.is_(status, 0, "rmmod with live SAs and running pings")
            tap.ok(not loaded(), "the module is gone")
        if "packet loss" in line:
            tap.like(line, r"150 packets transmitted, 150 received.* 0% packet loss",
                     "no packet is lost")
tap.is_(guest.installed(), KEYS, "the SAs live on with their keys")
state = guest.sh("ip -s xfrm state get src 10.1.0.1 dst 10.1.0.2 proto esp spi 0x1001")
packets = re.search(r"lifetime current:.*?(\d+)\(packets\)", state, re.S)
tap.ok(int(packets.group(1)) >= 150, "it was they that carried the pings")
tia.close()

# --- A rule that may refuse keeps the module ------------------------------------------------
guest.sh(f"insmod {ko}")
kmtia = nl.Kmtia()
for action in ("reject", "manager"):
    rule_add(kmtia, priority=10, dictate="any", on_failure=action)
    status, output = rmmod()
    tap.ok(status, f"with on-failure {action}: rmmod fails")
    tap.like(output, "in use", f"with on-failure {action}: it says busy")
    tap.ok(loaded(), f"with on-failure {action}: the module is there")
    tap.is_(len(kmtia.dump("rule-get")), 1, f"with on-failure {action}: so is the rule")
    kmtia.call("rule-flush")
guest.sh("ip netns exec b kmtia rule add priority 1 dictate any")
tap.ok(rmmod()[0], "another namespace's rule counts, too")
guest.sh("ip netns exec b kmtia rule flush")
rule_add(kmtia, priority=10, dictate="none", notify="any")
tap.is_(rmmod()[0], 0, "a rule that only watches does not keep the module")
kmtia.close()

# --- Questions open while the module goes ---------------------------------------------------
guest.sh(f"insmod {ko}")
tia = nl.Tia(1)
rule_add(tia, priority=10, timeout=10000, **KEEP)
creators = [guest.Creator(0x2000 + i) for i in range(3)]
questions = [tia.question() for _ in creators]
status, output = rmmod()
tap.is_(status, 0, "rmmod under a keep rule while questions are open")
tap.is_([c.errno_text() for c in creators], ["Operation canceled"] * 3,
        "the SAs fail with ECANCELED")
tap.is_([guest.installed(0x2000 + i) for i in range(3)], [None] * 3, "none is installed")
tap.raises(2, "", "an answer finds no family", tia.answer, questions[0], KEYS[0x1001])
tia.close()

# --- And again and again --------------------------------------------------------------------
guest.sh("ip xfrm state flush")
for i in range(10):
    guest.sh(f"insmod {ko}")
    tia = nl.Tia(1)
    rule_add(tia, priority=10, timeout=10000, **KEEP)
    creator = guest.Creator(0x3000 + i)
    question = tia.question()
    if i % 2:
        tia.answer(question, bytes([i + 1]) * 20)
        creator.wait()
    if rmmod()[0]:
        break
    creator.wait()
    tia.close()
tap.is_(i, 9, "loaded and unloaded ten times, every other time with a question open")
tap.is_(sorted(guest.installed()), [0x3000 + n for n in (1, 3, 5, 7, 9)],
        "the answered ones live, no others")
tap.done()
