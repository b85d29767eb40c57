#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180 --cpus 2
"""Standing secrets: SAs keyed without a question, and the end of a secret.

The judge of the keys is tests/py/kdf.py; what is installed comes from ip(8).
"""
import errno
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kdf
import kmtia_nl as nl
import tap

OLD, NEW = bytes(range(1, 33)), bytes(range(101, 165))
guest.setup()
admin = nl.Kmtia()
RULE = {"priority": 10, "dictate": "any", "timeout": 2000, "on-failure": "reject"}
admin.call("rule-add", RULE)
spi = 0x5000


def derived(number, secret, key_id=b"", derivation="mix", key=guest.IKE_KEY):
    slot = kdf.Slot("aead", guest.GCM, 160, key)
    return kdf.slot_key(derivation, secret, key_id, "esp", number, slot, key)


def stat(name):
    return admin.call("stats-get")[0][name]


def next_spi():
    global spi
    spi += 1
    return spi


def keyed(name, secret, key_id="", derivation="mix", **kwargs):
    """A new SA has the key that this secret gives, and nobody was asked."""
    questions, standing, number = stat("questions"), stat("standing"), next_spi()
    tap.is_(guest.add(number, **kwargs), "", f"{name}: the SA is made")
    tap.is_(guest.installed(number), derived(number, secret, key_id.encode(), derivation),
            f"{name}: with the derived key")
    tap.is_(stat("questions"), questions, f"{name}: nobody was asked")
    tap.is_(stat("standing"), standing + 1, f"{name}: and it is counted")
    return number


def refused(name, text="Required key not available", **kwargs):
    number = next_spi()
    tap.is_(guest.add(number, **kwargs), text, f"{name}: the SA is refused")
    tap.is_(guest.installed(number), None, f"{name}: and is not there")


def asked(name, tia, **kwargs):
    """A new SA is a question, which the TIA answers."""
    number = next_spi()
    creator = guest.Creator(number, **kwargs)
    key = number.to_bytes(4, "big") * 5
    tia.answer(tia.question(), key)
    tap.is_(creator.errno_text(), "", f"{name}: asked and answered")
    tap.is_(guest.installed(number), key, f"{name}: keyed by the answer")


def secret(tia, number=1, data=OLD, **attrs):
    tia.call("secret-set", dict({"number": number, "secret": data},
                                **{k.replace("_", "-"): v for k, v in attrs.items()}))


def managers():
    return admin.dump("manager-get")


# --- Keys --------------------------------------------------------------------------

tia = nl.Tia(1)
tap.is_(tia.stats()["secrets"], 0, "no secret stands")
asked("without a secret", tia)
secret(tia, key_id="old")
tap.is_(tia.stats()["secrets"], 1, "one stands")
number = keyed("mix", OLD, "old")
tap.ok(guest.installed(number) != guest.IKE_KEY, "which is not the keying module's")
sa = [s["sa"] for s in admin.dump("sa-get") if s["sa"]["spi"] == number][0]
tap.is_((sa["key-id"], sa["manager"], sa["origin"]), ("old", tia.uuid, "local"),
        "and is listed with its key-id and manager")
tap.is_(tia.stats()["standing"], 1, "the manager's counter, too")
secret(tia, key_id="new", data=NEW)
keyed("a secret of the same number replaces the old", NEW, "new")
tap.is_(tia.stats()["secrets"], 1, "there is still one")
secret(tia, key_id="x", derivation="expand")
number = keyed("expand", OLD, "x", "expand")
tap.ok(guest.installed(number) != derived(number, OLD, b"x", "mix"), "which is not mix")
secret(tia, data=OLD * 32)
keyed("1,024 bytes, no key-id", OLD * 32)
guest.flush()

# --- Which SAs -----------------------------------------------------------------------

tia.call("secret-del")
tap.is_(tia.stats()["secrets"], 0, "all are deleted")
secret(tia, 5, NEW, key_id="five")
secret(tia, 3, OLD, key_id="three", reqid=7)
keyed("the one that covers it", NEW, "five")
keyed("the lowest number that covers it", OLD, "three", reqid=7)
secret(tia, 3, OLD, proto=51)
secret(tia, 4, OLD, remote=bytes([10, 9, 0, 0]), remote_len=16)
secret(tia, 2, OLD, rule=11)
keyed("neither another protocol, nor prefix, nor rule", NEW, "five")
secret(tia, 1, OLD, rule=10, direction="out", local=bytes([10, 1, 0, 1]), family=2)
keyed("rule, direction and prefix", OLD)
tia.call("secret-del")
secret(tia, 1, OLD, remote=bytes([10, 9, 0, 0]), remote_len=16)
asked("what no secret covers", tia)
secret(tia, 1, OLD)
number = next_spi()
tap.is_(guest.add(number, key=bytes([9] * 20)), "", "a key by hand")
tap.is_(guest.add(number, dst="10.1.0.9", key=bytes([9] * 20)), "Key was rejected by service",
        "and again, for another peer with the same SPI: the derived key would be used twice")
tap.is_(tia.stats()["unusable"], 1, "which is counted")
guest.flush()

# --- Bids ----------------------------------------------------------------------------

other = nl.Tia(2, flags=1 | 2)
secret(tia, 1, OLD, weight=10)
creator = guest.Creator(next_spi())
other.bid(other.question(op="check"), True, 9)
tap.is_(creator.errno_text(), "", "a secret bids against a manager that is asked")
tap.is_(guest.installed(spi), derived(spi, OLD), "and wins by weight")
creator = guest.Creator(next_spi())
other.bid(other.question(op="check"), True, 11)
other.answer(other.question(), b"k" * 20)
tap.is_(creator.errno_text(), "", "or loses")
tap.is_(guest.installed(spi), b"k" * 20, "to a higher bid")
creator = guest.Creator(next_spi())
other.bid(other.question(op="check"), True, 11)
other.cannot(other.question())
tap.is_(creator.errno_text(), "", "who bids and cannot is followed by the secret")
tap.is_(guest.installed(spi), derived(spi, OLD), "which answers")
creator = guest.Creator(next_spi())
other.bid(other.question(op="check"), True, 11)
other.question()
tap.is_(creator.errno_text(), "", "who bids and is silent, too: after the deadline")
tap.is_(guest.installed(spi), derived(spi, OLD), "the secret costs no time")
tap.ok(other.stats().get("stalled"), "the silent one has stalled")
keyed("and is not waited for", OLD)
other.close()
secret(tia, 1, OLD, weight=0)
refused("weight 0 never wins")
secret(tia, 1, OLD)

# --- Errors ---------------------------------------------------------------------------

for attrs, regex, attr in (
        ({"secret": OLD}, "number is missing", None),
        ({"number": 1}, "secret is missing", None),
        ({"number": 1, "secret": OLD[1:]}, "32 to 1024 bytes", "secret"),
        ({"number": 1, "secret": b"x" * 1025}, "32 to 1024 bytes", "secret"),
        ({"number": 1, "secret": OLD, "not-after": 1}, "has passed", "not-after"),
        ({"number": 1, "secret": OLD, "origin": "none"}, "neither local nor peer", "origin"),
        ({"number": 1, "secret": OLD, "local": bytes([10, 1, 0, 1]), "local-len": 24},
         "host bits", "local"),
        ({"number": 1, "secret": OLD, "local-len": 24}, "without its prefix", "local-len"),
        ({"number": 1, "secret": OLD, "proto": 6}, "neither 50", "proto")):
    tap.raises(errno.EINVAL, regex, f"refused: {regex}", tia.call, "secret-set", attrs, attr=attr)
    if "secret" in attrs:
        tap.ok(attrs["secret"] not in tia.echo, "and the secret is not sent back")
for derivation in (0, 3):
    tap.raises(errno.ERANGE, "", f"derivation {derivation}", tia.call, "secret-set",
               {"number": 1, "secret": OLD, "derivation": derivation}, attr="derivation")
tap.raises(errno.ENOENT, "no standing secret", "delete what is not there", tia.call,
           "secret-del", {"number": 99}, attr="number")
tap.raises(errno.EPERM, "no key manager", "a socket that registered nothing", admin.call,
           "secret-set", {"number": 1, "secret": OLD})
tap.raises(errno.EPERM, "no key manager", "nor may it delete", admin.call, "secret-del")
watcher = nl.Tia(3, flags=2)
tap.raises(errno.EINVAL, "not registered to dictate", "a manager that only watches",
           watcher.call, "secret-set", {"number": 1, "secret": OLD})
watcher.close()
keyed("after all of this the secret stands as it did", OLD)
for number in range(2, 1025):
    secret(tia, number)
tap.raises(errno.ENOSPC, "too many", "the 1,025th", tia.call, "secret-set",
           {"number": 1025, "secret": OLD})
secret(tia, 1024, NEW)
tap.is_(tia.stats()["secrets"], 1024, "one of them may still be replaced")
tia.call("secret-del")

# --- The end -----------------------------------------------------------------------------

secret(tia, 1, OLD)
tia.call("secret-del", {"number": 1})
asked("a deleted secret answers no more", tia)
secret(tia, 1, OLD, not_after=int(time.time()) + 3)
keyed("before its time has passed", OLD)
guest.wait_until(lambda: not tia.stats()["secrets"], "the secret ended", 20)
asked("after that", tia)

creator = guest.Creator(next_spi())
tia.question()
tap.is_(creator.errno_text(), "Connection timed out", "a silent TIA")
tap.ok(tia.stats().get("stalled"), "has stalled")
secret(tia, 1, OLD)
creator = guest.Creator(next_spi(), reqid=99)
tap.is_(creator.errno_text(), "", "its secret answers")
tia.close()
refused("the socket is closed and no grace was asked for")
tap.is_(managers(), [], "the manager is gone")

# --- Grace --------------------------------------------------------------------------------

events = nl.Kmtia()
events.join("monitor")
for bad in (60001, 0xffffffff):
    tap.raises(errno.ERANGE, "grace is above", f"a grace of {bad}", nl.Tia, 1, attr="grace",
               grace=bad)
tia = nl.Tia(1, grace=60000)
tap.is_(tia.stats()["grace"], 60000, "the grace is listed")
tap.is_(tia.stats().get("grace-left"), None, "and not yet running")
tia.close()
guest.wait_until(lambda: not managers(), "without a secret there is none")
tia = nl.Tia(1, grace=60000)
secret(tia, 1, OLD, key_id="old")
tia.close()
event = events.expect("monitor-ntf", event="orphaned")
tap.is_(event["manager"], tia.uuid, "the monitor tells of the grace")
left = tia_left = managers()[0].get("grace-left", 0)
tap.ok(0 < left <= 60000, "which is running", str(left))
tap.is_(stat("managers"), 0, "though nobody is registered")
keyed("in its grace", OLD, "old")
tia = nl.Tia(1, grace=2000)
tap.is_([m.get("grace-left") for m in managers()], [None], "the same manager comes back")
tap.is_(tia.stats()["secrets"], 1, "and has its secret again")
keyed("which answers", OLD, "old")
secret(tia, 1, NEW)
keyed("and may be replaced", NEW)
tia.close()
keyed("in its second grace", NEW)
event = events.expect("monitor-ntf", timeout=20, event="manager-del")
tap.is_(event["manager"], tia.uuid, "the monitor tells of the end")
refused("after its grace")
tap.is_(managers(), [], "the manager is gone")

tia = nl.Tia(1, grace=60000)
secret(tia, 1, OLD)
tia.call("manager-del", {"uuid": tia.uuid})
tap.is_(managers(), [], "who unregisters wants no grace")
refused("then")
tia.close()
tia = nl.Tia(1, grace=60000)
secret(tia, 1, OLD)
tia.close()
guest.wait_until(lambda: managers()[0].get("grace-left"), "the grace runs")
admin.call("manager-del", {"uuid": tia.uuid})
tap.is_(managers(), [], "an administrator may end a grace")
refused("then")
tap.raises(errno.ENOENT, "no key manager", "once", admin.call, "manager-del",
           {"uuid": tia.uuid}, attr="uuid")

tia = nl.Tia(1, grace=60000)
secret(tia, 1, OLD)
tia.close()
guest.wait_until(lambda: managers()[0].get("grace-left"), "the grace runs")
SOMEBODY = """
import os, sys
sys.path.insert(0, os.environ["KMTIA_TOP"] + "/tests/py")
import kmtia_nl as nl
tia = nl.Tia(1, grace=60000)
print(tia.stats()["uid"], tia.stats()["secrets"], flush=True)
"""
CAPS = "+net_admin,+dac_read_search"  # this tree may be in root's home directory
out = subprocess.run(["setpriv", "--reuid", "1000", "--clear-groups", "--inh-caps", CAPS,
                      "--ambient-caps", CAPS, sys.executable, "-c", SOMEBODY],
                     stdout=subprocess.PIPE, check=False, universal_newlines=True).stdout
tap.is_(out.split(), ["1000", "0"], "another user of the same UUID gets nothing")
tap.is_(managers(), [], "and what was there is wiped")
refused("then")

first, second = nl.Tia(1, grace=60000), nl.Tia(2, grace=1000)
secret(first, 1, OLD, reqid=77)
secret(second, 1, OLD)
first.close()
guest.wait_until(lambda: any(m.get("grace-left") for m in managers()), "one grace runs")
second.close()
start = time.monotonic()
guest.wait_until(lambda: [m["uuid"] for m in managers()] == [first.uuid], "the other ends", 20)
tap.ok(time.monotonic() - start < 5, "a short grace ends in time beside a long one",
       f"{time.monotonic() - start:.1f} s")
refused("then")
admin.call("manager-del", {"uuid": first.uuid})

guest.sh("ip netns add c; ip link add vc1 type veth peer name vc2 netns c")
pid = os.fork()
if not pid:
    guest.enter("c")
    tia = nl.Tia(1, grace=60000)
    secret(tia, 1, OLD)
    os._exit(0)
os.waitpid(pid, 0)
guest.sh("ip netns del c")
guest.wait_until(lambda: "vc1" not in guest.sh("ip -o link show"), "the namespace is gone", 10)
tap.ok(True, "a grace does not keep a namespace alive")

tia, other = nl.Tia(1), nl.Tia(2)
secret(tia, 1, OLD, weight=50)
creator = guest.Creator(next_spi())
question = other.question(op="check")
tia.call("secret-del")
other.bid(question, False)
question = tia.question()
tap.ok(question.get("check"), "who takes a secret back while another one is asked is asked, too")
tia.answer(question, b"q" * 20)
tap.is_(creator.errno_text(), "", "and answers")
tap.is_(guest.installed(spi), b"q" * 20, "with a key")
tia.close()
other.close()

# --- With questions open, and at unload ------------------------------------------------------

tia, other = nl.Tia(1, grace=60000), nl.Tia(2)
secret(tia, 1, OLD, weight=1)
creator = guest.Creator(next_spi())
question = other.question(op="check")
tia.close()
guest.wait_until(lambda: any(m.get("grace-left") for m in managers()), "the grace runs")
tia = nl.Tia(1)
other.bid(question, False)
tap.is_(creator.errno_text(), "", "a secret that was handed over meanwhile")
tap.is_(guest.installed(spi), derived(spi, OLD), "answers all the same")
other.close()
tia.close()
refused("without a grace of its own it ends with the heir")
tia = nl.Tia(1, grace=60000)
secret(tia, 1, OLD)
tia.close()
events.close()
admin.call("rule-flush")
guest.bash("module_unload")
tap.ok("kmtia" not in guest.sh("cut -d' ' -f1 /proc/modules"), "the module unloads in a grace")
tap.done()
