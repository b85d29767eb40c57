#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180 --cpus 2
"""A key manager in the kernel (kmod/samples) dictates with each form of an answer, and is
removed while it is in use. The judge is the key in `ip xfrm state`."""
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kdf
import kmtia_nl as nl
import tap

KO = os.path.join(os.path.dirname(os.environ["KMTIA_KO"]), "kmtia_sample.ko")
SECRET = b"the secret of a sample: not one!"
SLOT = kdf.Slot("aead", guest.GCM, 160, guest.IKE_KEY)
REVOKED, NOKEY = "Key has been revoked", "Required key not available"
REJECTED, TIMEOUT = "Key was rejected by service", "Connection timed out"
spi = 0x1000


def insmod(**params):
    guest.sh(f"insmod {KO} " + " ".join(f"{k}={v}" for k, v in params.items()))


def rmmod(module="kmtia_sample"):
    done = subprocess.run(["rmmod", module], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, check=False)
    return done.stdout


def key_of(number, size=20):
    """What the sample gives the first slot of that SA"""
    return bytes(number.to_bytes(4, "big")[j % 4] ^ (0x5a + j) & 0xff for j in range(size))


def derived(derivation, number):
    return kdf.slot_key(derivation, SECRET, b"sample", "esp", number, SLOT, guest.IKE_KEY)


def new_spi():
    global spi
    spi += 1
    return spi


def keyed(name, expected, text="", **params):
    """An SA with the sample loaded so"""
    insmod(**params)
    number = new_spi()
    tap.is_(guest.add(number), text, f"{name}: what the creator is told")
    tap.is_(guest.installed(number), expected(number) if expected else None, f"{name}: the key")
    tap.is_(rmmod(), "", f"{name}: the sample can be removed")


guest.setup()
guest.add(0x77)     # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
with guest.rule(admin, dictate="any", notify="any", timeout=2000):
    tap.is_(guest.add(new_spi()), NOKEY, "without the sample nobody dictates")
    keyed("keys", key_of)
    keyed("expand", lambda n: derived("expand", n), form="expand")
    keyed("mix", lambda n: derived("mix", n), form="mix")
    keyed("cannot", None, REJECTED, form="cannot")
    keyed("later", key_of, delay_ms=100)
    keyed("asked for its bid", key_of, asked=1)
    keyed("weight 0", None, NOKEY, weight=0)
    keyed("nothing", None, TIMEOUT, form="none")

    # --- Beside one in user space ----------------------------------------------------------
    tia = nl.Tia(1, weight=5)
    insmod(weight=7)
    number = new_spi()
    tap.is_((guest.add(number), guest.installed(number)), ("", key_of(number)), "the higher bid is the sample's")
    listed = {m["uuid"]: m for m in admin.dump("manager-get")}
    sample = [m for m in listed.values() if m.get("name") == "sample"]
    tap.is_([(m["pid"], m["questions"], m["answers"]) for m in sample], [(0, 1, 1)],
            "it is listed, as nobody's process")
    tap.raises(17, "registered", "its identity is taken", nl.Kmtia().call, "manager-add",
               {"uuid": sample[0]["uuid"], "flags": 3})
    rmmod()
    number = new_spi()
    creator = guest.Creator(number)
    tia.answer(tia.question(), bytes([9]) * 20)
    tap.is_((creator.errno_text(), guest.installed(number)), ("", bytes([9]) * 20),
            "when it is gone the other one dictates")

    # --- Ended from outside ----------------------------------------------------------------
    insmod(weight=7)
    admin.call("manager-del", {"uuid": sample[0]["uuid"]})
    tap.is_([m for m in admin.dump("manager-get") if m.get("name") == "sample"], [],
            "an administrator can end its registration")
    tap.is_(rmmod(), "", "after which it can be removed all the same")
    tia.close()

    # --- Removed while in use ---------------------------------------------------------------
    tap.like(rmmod("kmtia"), "in use", "kmtia stays while a rule refuses SAs")
    insmod(form="none")
    number = new_spi()
    with guest.rule(admin, priority=5, dictate="any", timeout=10000):
        creator = guest.Creator(number)
        guest.wait_until(lambda: admin.call("stats-get")[0]["pending"] == 1, "the SA waits")
        tap.is_(rmmod(), "", "the sample is removed while an SA waits for it")
        tap.is_(creator.errno_text(), REVOKED, "which is refused")
        tap.ok(creator.took < 8, "at once", creator.took)
    insmod(delay_ms=60000)
    with guest.rule(admin, priority=5, dictate="any", timeout=300):
        tap.is_(guest.add(new_spi()), TIMEOUT, "an answer may be too late")
    tap.is_(rmmod(), "", "and still be under way when the sample is removed")

    results = []

    def create():
        for _ in range(60):
            results.append(guest.add(new_spi()))

    thread = threading.Thread(target=create)
    thread.start()
    rounds = 0
    while thread.is_alive():
        insmod(delay_ms=rounds % 3)
        rmmod()
        rounds += 1
    thread.join()
    tap.is_(set(results) - {"", NOKEY, REVOKED}, set(),
            f"60 SAs while the sample comes and goes {rounds} times: keyed or refused")
    tap.is_({k for n, k in guest.installed().items()} & {guest.IKE_KEY}, set(),
            "none of them has the keying module's key")
tap.is_(admin.call("stats-get")[0]["managers"], 0, "nobody is left")
insmod()
tap.like(rmmod("kmtia"), "in use", "kmtia stays while the sample needs it")
rmmod()
tap.is_(rmmod("kmtia"), "", "and goes when it is gone")
tap.done()
