#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""32-bit programs. A key manager is like any other. A keying module can create an SA only
where the kernel translates XFRM's structures (XFRM_USER_COMPAT, which Debian's kernels do not
have), and then it is dictated. The judges are the error and the key that `ip xfrm state`
shows."""
import os
import platform
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

EOPNOTSUPP = 95
TINY = os.path.join(guest.TOP, "build/tests/bin/tiny32")
TRANSLATES = "kmtia" in platform.release()    # the debug kernel, which is configured so
READY = "/run/tiny32.ready"

with open(TINY, "rb") as f:
    tap.is_(f.read(5), b"\x7fELF\x01", "the program is of the 32-bit class")
guest.setup()
guest.add(0x77)
guest.flush()
admin = nl.Kmtia()
with guest.rule(admin, dictate="any", timeout=10000):
    with subprocess.Popen([TINY, "tia", READY]) as manager:
        guest.wait_until(lambda: os.path.exists(READY) or manager.poll() is not None,
                         "the 32-bit key manager is registered")
        tap.is_([m["name"] for m in admin.dump("manager-get")], ["tiny32"], "a 32-bit key manager registers")
        tap.is_((guest.add(0x1001), guest.installed(0x1001)), ("", b"\x32" * 20), "and dictates")
        tap.is_(manager.wait(timeout=10), 0, "its answer was accepted")
    guest.flush()

    tia = nl.Tia(1, flags=1)
    with subprocess.Popen([TINY, "newsa", "0x1002"]) as creator:
        if TRANSLATES:
            tia.answer(tia.question(), bytes(range(1, 21)))
        err = creator.wait(timeout=20)
    if TRANSLATES:
        tap.is_((err, guest.installed(0x1002)), (0, bytes(range(1, 21))),
                "an SA of a 32-bit keying module is dictated")
    else:
        tap.is_((err, guest.installed(0x1002), tia.recv(0)), (EOPNOTSUPP, None, None),
                "an SA of a 32-bit keying module is XFRM's error, and nobody is asked")
    guest.flush()
tap.done()
