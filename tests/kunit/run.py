#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --kernel debug --cpus 2 --name kunit --time 600
"""Every case of every KUnit suite of tests/kunit is one of ours.

The kernel's log is what is read: in debugfs, Linux 6.1 keeps no more than 512
bytes of a case, and of its parameters only the last."""
import errno
import glob
import os
import re
import subprocess
import sys
import time

TOP = os.environ["KMTIA_TOP"]
sys.path.insert(0, os.path.join(TOP, "tests/py"))
# pylint: disable=wrong-import-position
import guest
import ktap
import tap

MODULE = "kmtia_kunit"
KO = os.path.join(os.path.dirname(os.environ["KMTIA_KO"]), MODULE + ".ko")
#: Seconds for all suites; a kernel with sanitizers in an emulated machine is slow.
LIMIT = 480


def suites():
    """The suites that the sources register; there is one in each file."""
    names = []
    for path in sorted(glob.glob(os.path.join(TOP, "tests/kunit/test_*.c"))):
        with open(path, encoding="utf-8") as f:
            found = re.findall(r"^kunit_test_suite\((\w+)_suite\);", f.read(), re.M)
        names += found
        tap.is_(len(found), 1, f"{os.path.basename(path)} registers one suite")
    return names


def unescape(text):
    """/dev/kmsg writes what is not printable as \\xNN."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text)
    return raw.decode("utf-8", "replace")


def read_log(fd):
    """The lines of the records from where fd stands to the end of the log."""
    lines = []
    while True:
        try:
            record = os.read(fd, 8192)
        except BlockingIOError:
            return lines
        except OSError as e:
            if e.errno != errno.EPIPE:
                raise
            tap.ok(False, "no record of the kernel's log was overwritten")
            continue
        text = record.split(b";", 1)[1].split(b"\n", 1)[0]
        lines += unescape(text).splitlines()


def let_memory_run_out():
    """A suite has its own allocations fail, which the kernel spares by default, and
    tells the log of with a stack."""
    path = "/sys/kernel/debug/failslab/"
    if not os.path.isdir(path):
        return
    for name, value in (("ignore-gfp-wait", "N"), ("verbose", "0")):
        with open(path + name, "w", encoding="utf-8") as f:
            f.write(value)


def load(log):
    """Loading runs the suites: whether they came to an end, and what they said, read
    meanwhile, as many failures are more than the log has room for. Nobody waits for
    one who can't be killed."""
    needs = guest.sh(f"modinfo -F depends {KO}").strip()
    if needs:
        guest.sh(f"modprobe -a {needs.replace(',', ' ')}")
    # pylint: disable-next=consider-using-with # which would wait
    insmod = subprocess.Popen(["insmod", KO])
    end = time.monotonic() + LIMIT
    lines = []
    while insmod.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
        lines += read_log(log)
    tap.is_(insmod.poll(), 0, "the module loads, and all suites come to an end")
    return insmod.poll() == 0, lines + read_log(log)


def main():
    expected = suites()
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    let_memory_run_out()
    loaded, lines = load(log)
    for name, passed, why in ktap.judge(lines, expected):
        if not tap.ok(passed, name):
            tap.diag("\n".join(why))
    if loaded:
        tap.is_(guest.sh(f"rmmod {MODULE}", check=False), "", "the module can be removed")
    tap.done()


main()
