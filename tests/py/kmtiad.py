# SPDX-License-Identifier: GPL-2.0-only
"""kmtiad as a service, for scenarios: what it tells its manager, and its log."""
import os
import signal
import socket
import subprocess

NOTIFY, LOG = "/run/notify", "/run/kmtiad.log"


def write(path, data, mode=0o600):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)


def check(conf, *more):
    """--check-config: exit status, and what it says"""
    done = subprocess.run(["kmtiad", "--check-config", "--config", conf, *more],
                          stderr=subprocess.PIPE, check=False, universal_newlines=True)
    return done.returncode, done.stderr.strip()


class Daemon:
    """A kmtiad that is ready, or (await_ready=False) may never be. prefix: a program that
    runs it."""

    def __init__(self, conf, credentials=None, prefix=(), await_ready=True):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if os.path.exists(NOTIFY):
            os.unlink(NOTIFY)
        self.notify.bind(NOTIFY)
        os.chmod(NOTIFY, 0o666)
        self.notify.settimeout(20)
        env = dict(os.environ, NOTIFY_SOCKET=NOTIFY)
        if credentials:
            env["CREDENTIALS_DIRECTORY"] = credentials
        with open(LOG, "w+b") as log:
            self.process = subprocess.Popen(
                [*prefix, "kmtiad", "--foreground", "--verbose", "--config", conf],
                env=env, stdout=log, stderr=log)
        if await_ready:
            self.told("READY=1")

    def told(self, what):
        """Waits for a message to the service manager"""
        while True:
            try:
                message = self.notify.recv(4096).decode()
            except socket.timeout as e:
                raise TimeoutError(f"kmtiad has not told {what}; its log:\n{self.words()}") from e
            if what in message:
                return message

    def kill(self, signum):
        self.process.send_signal(signum)

    def reload(self):
        self.kill(signal.SIGHUP)
        self.told("RELOADING=1")
        self.told("READY=1")

    def end(self, signum=signal.SIGTERM):
        self.kill(signum)
        return self.process.wait(20)

    def words(self):
        with open(LOG, encoding="utf-8") as f:
            return f.read()
