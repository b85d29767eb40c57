#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --append ipv6.disable=1 --append module_blacklist=ah4,ah6 --time 120
"""A host without IPv6 and, where that is a module, without AH: what is there is dictated, and a
rule for what is not is refused. And the module's parameter that keeps XFRM's mutex while an
answer is awaited, as it must be where the kernel does not tell who holds it. The judges are
ip(8) and the key that `ip xfrm state` shows."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

EPROTONOSUPPORT = 93
ESP4, AH4 = 1, 4
KEY = bytes(range(1, 21))
# Where AH is no module it can't be kept out.
AH_THERE = not guest.sh("modinfo -n ah4", check=False).startswith("/")


def dictated(spi, key):
    creator = guest.Creator(spi)
    tia.answer(tia.question(), key)
    return creator.errno_text(), guest.installed(spi) == key


tap.ok(not os.path.exists("/proc/net/if_inet6"), "there is no IPv6")
guest.sh("ip link set lo up; ip addr add 10.1.0.1/24 dev lo")
guest.module_load()
admin, tia = nl.Kmtia(), nl.Tia(1, flags=1)
tap.raises(EPROTONOSUPPORT, "no SA type that the rule could match", "a rule for IPv6 is refused",
           admin.call, "rule-add", {"priority": 5, "dictate": "any", "remote": bytes(16), "remote-len": 0})
if AH_THERE:
    with guest.rule(admin, priority=6, dictate="any", proto=51):
        tap.ok(True, "AH is part of this kernel")
else:
    tap.raises(EPROTONOSUPPORT, "no SA type that the rule could match", "a rule for AH is refused",
               admin.call, "rule-add", {"priority": 6, "dictate": "any", "proto": 51})
with guest.rule(admin, dictate="any", timeout=10000):
    tap.is_(admin.call("stats-get")[0]["hooked"], ESP4 | AH4 * AH_THERE, "what is there is interposed on")
    tap.is_(dictated(0x1001, KEY), ("", True), "an SA of IPv4 is dictated")
    guest.flush()
tia.close()
guest.sh("rmmod kmtia")

guest.module_load("hold_cfg_mutex=1")
admin, tia = nl.Kmtia(), nl.Tia(1, flags=1)
with guest.rule(admin, dictate="any", timeout=5000):
    creator = guest.Creator(0x1002)
    question = tia.question()
    with subprocess.Popen(["ip", "xfrm", "state"], stdout=subprocess.PIPE) as other:
        try:
            other.wait(timeout=0.5)
            waits = False
        except subprocess.TimeoutExpired:
            waits = True
        tap.ok(waits, "hold_cfg_mutex=1: who else wants something of XFRM waits, too")
        tia.answer(question, KEY[::-1])
        tap.is_((creator.errno_text(), guest.installed(0x1002)), ("", KEY[::-1]),
                "hold_cfg_mutex=1: the SA is dictated all the same")
        tap.is_(other.wait(timeout=10), 0, "hold_cfg_mutex=1: and the other goes on")
    guest.flush()
tia.close()
guest.sh("rmmod kmtia")
tap.ok(not os.path.exists("/sys/module/kmtia"), "the module unloads")
tap.done()
