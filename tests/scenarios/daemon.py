#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""kmtiad with a secret: asked and standing, mix and expand, reload, rotation, a
module that goes and comes back, bad configurations.

What is installed comes from ip(8), what must be from tests/py/kdf.py.
"""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kdf
import kmtia_nl as nl
import tap
from kmtiad import Daemon, check, write

ONE, TWO = bytes(range(1, 65)), bytes(range(101, 133))
CONF, CONTROL, STATE = "/run/kmtiad.conf", "/run/kmtiad.sock", "/run/kmtiad.use"
UUID = "6b6d7469-6100-4000-8000-000000000061"
RULE = {"priority": 10, "dictate": "any", "timeout": 5000}
spi = 0x5000
guest.setup()


def conf(use=None, standing="no", derivation=None, grace=0, secrets=(("one", "/run/one"),),
         control=False, extra="", mode=0o600):
    text = ""
    if control:
        text += f'control = "{CONTROL}"\nstate = "{STATE}"\n'
    text += (f'manager {{ uuid = "{UUID}" name = "gw" flags = {{"dictate"}} grace = {grace} }}\n'
             f"source secret {{\n standing = {standing}\n")
    if derivation:
        text += f' derivation = "{derivation}"\n'
    if use:
        text += f' use = "{use}"\n'
    for key_id, path in secrets:
        text += f' secret {{ key-id = "{key_id}" file = "{path}" }}\n'
    write(CONF, (text + extra + "}\n").encode(), mode)


def derived(secret, key_id, derivation="mix"):
    slot = kdf.Slot("aead", guest.GCM, 160, guest.IKE_KEY)
    return kdf.slot_key(derivation, secret, key_id.encode(), "esp", spi, slot, guest.IKE_KEY)


def stats():
    return nl.Kmtia().call("stats-get")[0]


def managers():
    return nl.Kmtia().dump("manager-get")


def keyed(name, secret, key_id, derivation="mix", questions=1):
    """A new SA has the key that must be, after so many questions"""
    global spi
    spi += 1
    before = stats()["questions"]
    tap.is_(guest.add(spi), "", f"{name}: an SA")
    tap.is_(guest.installed(spi), derived(secret, key_id, derivation), f"{name}: has the key")
    tap.is_(stats()["questions"] - before, questions, f"{name}: {questions} questions")


def secret_command(*words):
    done = subprocess.run(["kmtia", "-j", "secret", *words, "control", CONTROL], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    return done.returncode, done.stdout, done.stderr


write("/run/one", ONE)
write("/run/two", TWO)
nl.Kmtia().call("rule-add", RULE)

# --- Asked, and standing -----------------------------------------------------------

conf()
daemon = Daemon(CONF)
keyed("mix, asked", ONE, "one")
conf(derivation="expand")
registered = managers()[0]
daemon.reload()
keyed("expand, asked, after a reload", ONE, "one", "expand")
now = managers()[0]
tap.is_((now["pid"], now["questions"]), (registered["pid"], registered["questions"] + 1),
        "the registration is the same")
conf(standing="yes")
daemon.reload()
keyed("standing, after a reload", ONE, "one", questions=0)
daemon.kill(signal.SIGSTOP)
keyed("stopped", ONE, "one", questions=0)
daemon.kill(signal.SIGCONT)
conf(standing="yes", secrets=(("one", "/run/two"),))
daemon.reload()
keyed("the file of the secret is another one", TWO, "one", questions=0)
conf()
daemon.reload()
tap.is_(managers()[0]["secrets"], 0, "not standing any more: the kernel's copy is wiped")
keyed("asked again", ONE, "one")
conf(standing="yes")
daemon.reload()

# --- Bad configurations --------------------------------------------------------------

bad = (
    (dict(secrets=(("one", "/run/none"),)), r":\d+: .*/run/none.*No such file"),
    (dict(secrets=(("one", "/run/short"),)), r":\d+: .*/run/short"),
    (dict(secrets=(("one", "/run/long"),)), r":\d+: .*/run/long"),
    (dict(secrets=(("one", "/run/open"),)), r":\d+: .*/run/open.*(mode|read)"),
    (dict(secrets=(("one", "/run/link"),)), r":\d+: .*/run/link"),
    (dict(secrets=(("one", "/run"),)), r":\d+: .*/run"),
    (dict(secrets=(("one", "/run/one"), ("two", "/run/two"))), r":\d+: .*use"),
    (dict(secrets=(("one", "/run/one"), ("one", "/run/two"))), r":\d+: .*one"),
    (dict(use="three"), r":\d+: .*three"),
    (dict(derivation="stir"), r":\d+: .*(mix|expand|stir)"),
    (dict(secrets=()), r":\d+: .*secret"),
    (dict(extra="nonsense = 1\n"), r":\d+: .*nonsense"),
    (dict(grace=60001), r":\d+: .*grace|60001|60,000|60000"),
)
write("/run/short", b"x" * 31)
write("/run/long", b"x" * 1025)
write("/run/open", ONE, 0o644)
os.symlink("/run/one", "/run/link")
for settings, regex in bad:
    conf(**settings)
    code, text = check(CONF)
    tap.is_(code, 2, f"bad configuration {settings}: exit status 2")
    tap.like(text, "^" + CONF + regex, "with file, line and reason")
    tap.ok(all(s not in text.encode() for s in (ONE[:8], TWO[:8])), "and no secret")
    daemon.reload()
keyed("after all these reloads nothing has changed", ONE, "one", questions=0)
tap.like(daemon.words(), "stays as it was", "the log says that it stays")
done = subprocess.run(["kmtiad", "--foreground", "--config", CONF], stderr=subprocess.PIPE, check=False)
tap.is_(done.returncode, 2, "nor does a daemon start with one")
for size in (32, 1024):
    write("/run/edge", b"e" * size)
    conf(secrets=(("edge", "/run/edge"),))
    tap.is_(check(CONF), (0, ""), f"{size} bytes are right")

# --- A module that goes and comes back --------------------------------------------------

conf(standing="yes")
daemon.reload()
nl.Kmtia().call("rule-flush")
guest.bash("module_unload")
daemon.told("STATUS=")
tap.is_(daemon.process.poll(), None, "the module is unloaded: kmtiad lives")
guest.module_load()
guest.wait_until(lambda: [m.get("secrets") for m in managers()] == [1],
                 "kmtiad registered again, with its secret", 30)
tap.ok(True, "the module is loaded again: kmtiad registers, and sets its secret")
guest.flush()
nl.Kmtia().call("rule-add", RULE)
keyed("after the module was loaded again", ONE, "one", questions=0)
tap.is_(daemon.end(), 0, "SIGTERM ends it")
guest.wait_until(lambda: not managers(), "it is unregistered")

# --- Grace, credential --------------------------------------------------------------------

os.mkdir("/run/credentials", 0o700)
write("/run/credentials/psk", TWO, 0o400)
conf(standing="yes", grace=60000, secrets=(), extra=' secret { key-id = "cred" credential = "psk" }\n')
daemon = Daemon(CONF, "/run/credentials")
keyed("a credential of the service manager", TWO, "cred", questions=0)
daemon.end(signal.SIGKILL)
guest.wait_until(lambda: managers()[0].get("grace-left"), "the grace runs")
keyed("killed, in its grace", TWO, "cred", questions=0)
daemon = Daemon(CONF, "/run/credentials")
tap.is_(len(managers()), 1, "started again it takes over")
tap.is_(daemon.end(), 0, "ended by SIGTERM, as for a restart")
keyed("the grace runs, too", TWO, "cred", questions=0)
nl.Kmtia().call("manager-del", {"uuid": bytes.fromhex(UUID.replace("-", ""))})
code, text = check(CONF)
tap.is_(code, 2, "without the service manager's directory: exit status 2")
tap.like(text, "^" + CONF + r":\d+: .*CREDENTIALS_DIRECTORY", "which is said")

# --- Rotation --------------------------------------------------------------------------------

BOTH = (("one", "/run/one"), ("two", "/run/two"))
conf(use="one", standing="yes", secrets=BOTH, control=True)
daemon = Daemon(CONF)
keyed("use one", ONE, "one", questions=0)
live = spi
code, out, err = secret_command("show")
shown = json.loads(out)
tap.is_([(s["key_id"], s["used"]) for s in shown["secrets"]], [("one", True), ("two", False)],
        "kmtia secret show")
tap.ok(ONE.hex()[:16] not in out and ONE[:8].decode("latin1") not in out, "shows no bytes")
tap.is_(os.stat(CONTROL).st_mode & 0o777, 0o600, "only root may use the control socket")
code, out, err = secret_command("use", "three")
tap.is_((code, "three" in err), (2, True), "use of an unknown one is refused")
keyed("and changes nothing", ONE, "one", questions=0)
code, out, err = secret_command("use", "two")
tap.is_((code, err), (0, ""), "kmtia secret use two")
keyed("new SAs get the new one", TWO, "two", questions=0)
tap.ok(guest.installed(live) not in (None, guest.installed(spi)), "those that live stay")
tap.is_(managers()[0]["secrets"], 1, "one stands in the kernel")
daemon.reload()
keyed("after a reload, too", TWO, "two", questions=0)
daemon.end()
daemon = Daemon(CONF)
keyed("and after a restart", TWO, "two", questions=0)
tap.like(daemon.words(), STATE, "the log says where the choice comes from")
conf(use="one", secrets=BOTH, control=True)
daemon.reload()
keyed("asked, the choice holds as well", TWO, "two")
secret_command("use", "one")
keyed("asked, use one", ONE, "one")

# --- An administrator who ends the registration -------------------------------------------------

nl.Kmtia().call("manager-del", {"uuid": bytes.fromhex(UUID.replace("-", ""))})
tap.is_(daemon.process.wait(30), 1, "kmtiad that was unregistered ends with status 1")
nl.Kmtia().call("rule-flush")
guest.bash("module_unload")
tap.done()
