#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""Who waits for a key can be frozen (for a suspend, a checkpoint, a container that is
paused) and killed. The judge is the kernel's freezer for control groups. The
control is a module that keeps XFRM's mutex while it waits: then nobody may be
frozen, who would keep it, too."""
import errno
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

GROUP = "/run/freezer/creator"
RULE = {"priority": 10, "dictate": "any", "timeout": 10000}
_spi = 0xc000


def write(name, value):
    with open(f"{GROUP}/{name}", "w", encoding="ascii") as f:
        f.write(str(value))


def state():
    with open(f"{GROUP}/freezer.state", encoding="ascii") as f:
        return f.read().strip()


def waiting():
    """An SA that waits for its answer, its creator in the group: SPI, creator,
    question"""
    global _spi
    _spi += 1
    creator = guest.Creator(_spi)
    question = tia.question()
    write("cgroup.procs", creator.pid)
    return _spi, creator, question


def key_for(number):
    return number.to_bytes(4, "big") * 5


def became(wanted, seconds):
    """Is that the group's state, within so long?"""
    end = time.monotonic() + seconds
    while state() != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return state() == wanted


guest.setup()
guest.sh(f"mkdir /run/freezer && mount -t cgroup -o freezer freezer /run/freezer && mkdir {GROUP}")
guest.add(0x8fff)    # loads the ciphers, which takes its time
admin, tia = nl.Kmtia(), nl.Tia(1)
admin.call("rule-add", RULE)

number, creator, question = waiting()
write("freezer.state", "FROZEN")
tap.ok(became("FROZEN", 5), "who waits for a key can be frozen", state())
write("freezer.state", "THAWED")
tap.ok(became("THAWED", 5), "thawed")
tap.ok(not creator.done(), "it waits again")
tia.answer(question, key_for(number))
tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)), "answered it goes on")

number, creator, question = waiting()
write("freezer.state", "FROZEN")
tap.ok(became("FROZEN", 5), "frozen once more", state())
guest.sh("ip xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out action allow")
tap.ok(True, "others are not in its way: XFRM works")
tia.answer(question, key_for(number))
tap.ok(not creator.done() and guest.installed(number) is None, "the answer comes while it is frozen")
write("freezer.state", "THAWED")
tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)), "thawed it finds the answer")

number, creator, question = waiting()
write("freezer.state", "FROZEN")
became("FROZEN", 5)
creator.kill(signal.SIGKILL)
write("freezer.state", "THAWED")
tap.is_(creator.wait()[0], -signal.SIGKILL, "killed while frozen it ends when thawed")
tap.raises(errno.ENOENT, "not open", "its question is withdrawn", tia.answer, question, key_for(number))
number, creator, question = waiting()
start = time.monotonic()
creator.kill(signal.SIGKILL)
tap.is_(creator.wait()[0], -signal.SIGKILL, "killed while it waits it ends")
tap.ok(time.monotonic() - start < 5, "at once")
tap.raises(errno.ENOENT, "not open", "its question, too, is withdrawn", tia.answer, question, key_for(number))

# Both get the same key before the first SA is there: only when they go on can it be seen.
(first, one, q1), (second, two, q2) = waiting(), waiting()
write("freezer.state", "FROZEN")
became("FROZEN", 5)
for question in (q1, q2):
    tia.answer(question, key_for(0x7777))
write("freezer.state", "THAWED")
tap.is_(sorted([one.errno_text(), two.errno_text()]), ["", "Key was rejected by service"],
        "of two SAs that were given the same key while they waited one is refused")
tap.is_([n for n in (first, second) if n in guest.installed()], [first if one.result[0] == 0 else second],
        "and the other is there")

admin.call("rule-flush")
tia.close()
guest.bash("module_unload")
guest.module_load("hold_cfg_mutex=1")
admin, tia = nl.Kmtia(), nl.Tia(1)
admin.call("rule-add", RULE)
number, creator, question = waiting()
write("freezer.state", "FROZEN")
tap.ok(not became("FROZEN", 1), "with hold_cfg_mutex=1 who waits is not frozen", state())
tap.is_(state(), "FREEZING", "it is only asked to")
tia.answer(question, key_for(number))
tap.ok(became("FROZEN", 10), "once it is answered it is frozen, on its way out of the kernel", state())
tap.is_(guest.installed(number), key_for(number), "and has let go of the mutex: the SA is there")
write("freezer.state", "THAWED")
tap.is_(creator.errno_text(), "", "thawed it says so")
number, creator, question = waiting()
creator.kill(signal.SIGKILL)
tap.is_(creator.wait()[0], -signal.SIGKILL, "it can be killed all the same")
admin.call("rule-flush")
tap.done()
