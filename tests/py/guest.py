# SPDX-License-Identifier: GPL-2.0-only
"""What scenarios in Python need of the guest: namespaces, the module, SAs by
other people's tools."""
import ast
import contextlib
import ctypes
import os
import subprocess
import sys
import time

import xfrm

TOP = os.environ.get("KMTIA_TOP")
if not os.path.exists("/run/vm/vars"):
    sys.exit("this would change this machine's IPsec: run it with tests/vm/run")

GCM = "rfc4106(gcm(aes))"
#: What a keying module proposes in these tests; no TIA ever dictates it.
IKE_KEY = xfrm.IKE_KEY


def sh(command, check=True):
    """Runs a shell command; returns its output."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    if check and done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


def bash(helper):
    """Runs functions of tests/vm/guest.sh."""
    return sh(f"bash -c '. $KMTIA_TOP/tests/vm/guest.sh; {helper}; done_testing' ")


def module_load(*params):
    bash("module_load " + " ".join(params))


def enter(ns):
    """This process goes into a network namespace."""
    fd = os.open(f"/run/netns/{ns}", os.O_RDONLY | os.O_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def setup(*params):
    """Namespaces a and b, the module, and we are in a."""
    bash("netns_pair")
    module_load(*params)
    enter("a")


def sa_args(spi, src="10.1.0.1", dst="10.1.0.2", proto="esp", key=IKE_KEY,
            algo=None, extra="", mode="transport"):
    """Arguments of ip xfrm state add."""
    algo = algo or f"aead '{GCM}' 0x{key.hex()} 128"
    return (f"src {src} dst {dst} proto {proto} spi {spi:#x} reqid 1 "
            f"mode {mode} {algo} {extra}")


class Creator:
    """Another process that creates an SA, and waits for the kernel's answer: it calls
    call(spi, ...), which returns what xfrm.newsa() does."""

    def __init__(self, spi, call=xfrm.newsa, **kwargs):
        self.start = time.monotonic()
        self.took = self.msg = None
        self.result = None
        from_child, to_parent = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            # What a test closes must be closed: no copies are kept here.
            os.dup2(to_parent, 3)
            os.closerange(4, 1024)
            answer = call(spi, **kwargs)
            os.write(3, repr(answer).encode())
            os._exit(0)
        os.close(to_parent)
        self.pipe = from_child

    def wait(self, timeout=20):
        """(errno, the kernel's words); or the signal that ended it, negative."""
        if self.result is None:
            wait_until(self.done, "an SA was created or refused", timeout)
        return self.result

    def done(self):
        if self.result is not None:
            return True
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return False
        self.took = time.monotonic() - self.start
        data = os.read(self.pipe, 4096)
        os.close(self.pipe)
        self.result = (ast.literal_eval(data.decode()) if data else
                       (-os.WTERMSIG(status), None))
        self.msg = self.result[1]
        return True

    def kill(self, signum):
        os.kill(self.pid, signum)

    def errno_text(self, timeout=20):
        """What the kernel said, in strerror's words; '' for success."""
        err = self.wait(timeout)[0]
        return os.strerror(err) if err > 0 else "" if not err else f"signal {-err}"


def add(spi, **kwargs):
    """Creates an SA; returns strerror's words, or ''."""
    return Creator(spi, **kwargs).errno_text()


def delete(spi, src="10.1.0.1", dst="10.1.0.2", proto="esp"):
    sh(f"ip xfrm state delete src {src} dst {dst} proto {proto} spi {spi:#x}")


def flush():
    sh("ip xfrm state flush")


def installed(spi=None):
    """{spi: key bytes of all slots} as `ip xfrm state` shows them; or one."""
    keys, at = {}, None
    for line in sh("ip xfrm state").splitlines():
        words = line.split()
        if words and words[0] == "proto":
            at = int(words[3], 16)
            keys[at] = b""
        elif words and words[0] in ("aead", "enc", "auth", "auth-trunc"):
            # NULL algorithms have no key.
            keys[at] += b"".join(bytes.fromhex(w[2:]) for w in words[2:3] if w.startswith("0x"))
    return keys if spi is None else keys.get(spi)


def wait_until(condition, what, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain until {what}")
        time.sleep(0.02)


def kernel_log():
    return sh("dmesg")


@contextlib.contextmanager
def rule(kmtia, **attrs):
    """A rule for the time of a with statement."""
    attrs = {k.replace("_", "-"): v for k, v in attrs.items()}
    attrs.setdefault("priority", 10)
    kmtia.call("rule-add", attrs)
    try:
        yield
    finally:
        kmtia.call("rule-del", {"priority": attrs["priority"]})
