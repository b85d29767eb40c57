#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""Each message that the kernel sends, byte for byte: tests/golden/*.json. What is
told when, and to whom, is for other scenarios; here each kind of message is provoked
once, on sockets of which every message must be accounted for."""
import hashlib
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import golden
import golden_cover
import guest
import kdf
import kmtia_nl as nl
import tap
import xfrm

# What is gone is remembered to the end, or the counters would depend on the time.
guest.setup("readd_ms=3600000")
book = golden.Book()
book.secret(guest.IKE_KEY)
monitor, admin = golden.Socket(), golden.Socket()
monitor.join("monitor")
A, B = "10.1.0.1", "10.1.0.2"
TIA, WATCHER, WEIGHT, NOBODY = (nl.uuid(n) for n in (1, 2, 3, 9))
TIA_ADD = {"uuid": TIA, "name": "tia1", "description": "decides in tests", "flags": 1,
           "timeout-hint": 3, "grace": 60000}


def secret(name, size):
    """Bytes of that length that no message may hold"""
    return book.secret(hashlib.shake_256(name.encode()).digest(size))


def register(name, attrs):
    tia = golden.Tia(register=False)
    book.call(tia, "manager-add", attrs)
    book.take(monitor, "monitor-manager-add-" + name)
    return tia


def rule(ack="ack", **attrs):
    attrs = {k.replace("_", "-"): v for k, v in attrs.items()}
    attrs.setdefault("priority", 10)
    book.call(admin, "rule-add", attrs, ack=ack)
    book.take(monitor, f"monitor-rule-add-{attrs['priority']}")


def no_rules(*priorities):
    book.call(admin, "rule-flush")
    for priority in priorities or (10,):
        book.take(monitor, f"monitor-rule-del-{priority}")


def bid(tia, question, weight):
    book.call(tia, "check-reply", {"id": question["id"], "will-dictate": 1, "weight": weight})


def answer(tia, question, *keys, **attrs):
    slots = [{"role": s["role"], "key": k} for s, k in zip(question["sa"]["slot"], keys)]
    book.call(tia, "dictate-reply", dict({"id": question["id"], "slot": slots},
                                         **{k.replace("_", "-"): v for k, v in attrs.items()}))


def cannot(tia, question, **attrs):
    book.call(tia, "dictate-reply", dict({"id": question["id"], "status": 42}, **attrs))


def made(creator, name):
    tap.is_(creator.errno_text(), "", f"{name}: the SA is made")


# --- Who may register ------------------------------------------------------------------

ALONE = nl.uuid(4)
alone = register("alone", {"uuid": ALONE, "name": "alone", "flags": 5})
book.dump(admin, "manager-get", ["manager-get-alone"])
book.refused(admin, "error-manager-excluded", "manager-add", {"uuid": TIA, "flags": 1})
alone.close()
book.take(monitor, "monitor-manager-del-alone")
POLICY = {"uuid": TIA, "uid": 1000}
book.call(admin, "manager-policy-set", dict(POLICY, flags=7))
book.take(monitor, "monitor-policy-set")
book.call(admin, "manager-policy-set", {"gid": 100, "flags": 2})
book.take(monitor, "monitor-policy-set-any")
book.dump(admin, "manager-policy-get", ["manager-policy-get", "manager-policy-get-any"])
book.refused(admin, "error-policy-none", "manager-policy-del", dict(POLICY, uid=1001))
book.refused(admin, "error-policy-flags", "manager-policy-set", POLICY)
book.call(admin, "manager-policy-del", {"gid": 100})
book.take(monitor, "monitor-policy-del-any")
book.call(admin, "manager-policy-del", POLICY)
book.take(monitor, "monitor-policy-del")

# --- Managers --------------------------------------------------------------------------

tia = register("tia", TIA_ADD)
watcher = register("watcher", {"uuid": WATCHER, "flags": 2})
weight = register("weight", {"uuid": WEIGHT, "name": "weight", "flags": 1, "weight": 50})
book.dump(admin, "manager-get", ["manager-get-tia", "manager-get-watcher", "manager-get-weight"])

# --- Rules -----------------------------------------------------------------------------

FULL = {"priority": 10, "family": 2, "local": bytes([10, 1, 0, 0]), "local-len": 24,
        "remote": bytes([10, 0, 0, 0]), "remote-len": 8, "proto": 50, "direction": "in", "reqid": 7,
        "if-id": 9, "mark": 5, "mark-mask": 255, "dictate": "named", "dictate-manager": TIA,
        "notify": "named", "notify-manager": WATCHER, "keys-manager": WATCHER,
        "on-failure": "manager", "timeout": 1500}
rule(**FULL)
rule(priority=20, local=socket.inet_pton(socket.AF_INET6, "fd01::1"), direction="out", dictate="any",
     notify="any", on_failure="keep", ack="ack-rule-keep")
rule(priority=30, dictate="none", notify="none", proto=51)
rule(priority=40, dictate="any", on_failure="reject")
book.dump(admin, "rule-get", ["rule-get-all", "rule-get-keep", "rule-get-none", "rule-get-reject"])
book.call(admin, "rule-del", {"priority": 40})
book.take(monitor, "monitor-rule-del-40")
book.call(admin, "rule-replace", FULL)
book.take(monitor, "monitor-rule-replace")
no_rules(10, 20, 30)
book.dump(admin, "rule-get", [])

# --- A pair of SAs with all that an SA can have ------------------------------------------

AUTHENC = ("enc 'cbc(aes)' 0x{} auth-trunc 'hmac(sha256)' 0x{} 128"
           .format(secret("ike cbc", 32).hex(), secret("ike hmac", 32).hex()))
KEYS = {way: (secret("cbc " + way, 32), secret("hmac " + way, 32)) for way in ("out", "in")}
LIMITS = ("limit byte-soft 1000000 limit byte-hard 2000000 limit packet-soft 3000 "
          "limit packet-hard {} limit time-soft 5000 limit time-hard 6000")
MARK = "mark 5 mask 0xff"


def everything(src, dst, spi, packets=4000):
    sport, dport = (500, 600) if src == A else (600, 500)
    return (f"src {src} dst {dst} proto esp spi {spi:#x} reqid 7 mode tunnel replay-window 64 "
            f"flag esn {MARK} if_id 9 {AUTHENC} encap espinudp {4000 + sport} {4000 + dport} 0.0.0.0 "
            f"sel src {src}/32 dst {dst}/32 proto udp sport {sport} dport {dport} "
            f"{LIMITS.format(packets)}")


def dictated(src, dst, spi, way, **attrs):
    with subprocess.Popen("exec ip xfrm state add " + everything(src, dst, spi), shell=True) as ip:
        question = book.take(tia, f"check-{way}")
        book.dump(tia, "request-get", [f"request-get-check-{way}"])
        bid(tia, question, 70)
        answer(tia, book.take(tia, f"dictate-{way}"), *KEYS[way], **attrs)
        tap.is_(ip.wait(20), 0, f"{way}: the SA is made")
    book.take(monitor, f"monitor-dictated-{way}")
    book.take(watcher, f"notify-new-{way}")


rule(dictate="any", notify="named", notify_manager=WATCHER, keys_manager=WATCHER, timeout=10000)
dictated(A, B, 0x1001, "out", key_id="key-1", origin="peer")
dictated(B, A, 0x1002, "in")
book.dump(admin, "sa-get", ["sa-get-out", "sa-get-in"])
book.dump(watcher, "notify-get", ["notify-get-keys-out", "notify-get-keys-in"])
book.dump(watcher, "notify-get", ["notify-get-keys-in"],
          {"from-seq": max(book.varying.told.values()) - 1})
guest.sh("ip xfrm state update " + everything(A, B, 0x1001, packets=5000))
book.take(watcher, "notify-update")
guest.sh(f"ip xfrm state delete src {A} dst {B} proto esp spi 0x1001 {MARK}")
book.take(watcher, "notify-delete")
guest.sh("ip xfrm state flush proto esp")
book.take(watcher, "notify-flush-esp")
no_rules()

# --- Watched only: AH, which way is unknown, a manager's own, the ends of an SA --------------

AH = dict(src="10.7.0.1", dst="10.8.0.2", proto="ah", reqid=8,
          algorithms=xfrm.auth(secret("ike ah", 32)))
rule(notify="named", notify_manager=WATCHER)
made(guest.Creator(0x2001, **AH), "ah")
book.take(watcher, "notify-new-ah")
book.dump(watcher, "notify-get", ["notify-get-ah"])
guest.sh("ip xfrm state flush proto ah")
book.take(watcher, "notify-flush-ah")
guest.sh("ip xfrm state add " + guest.sa_args(0x2002, "fd01::2", "fd01::1",
                                              extra="limit time-hard 1"))
book.take(watcher, "notify-new-ipv6")
book.take(watcher, "notify-expire")
no_rules()
rule(dictate="named", dictate_manager=TIA, notify="named", notify_manager=WATCHER)
tap.is_(xfrm.newsa(0x2003), (0, None), "the SA of the very process that is to decide is made")
book.take(watcher, "notify-new-own")
guest.flush()
book.take(watcher, "notify-flush-all")
no_rules()

# --- No keys -------------------------------------------------------------------------------

V6 = dict(src="fd01::1", dst="fd01::2")


def failing(spi, expected, event, **attrs):
    """An SA for which no key comes: the rule, the question, and what is reported"""
    rule(dictate="named", **dict({"dictate_manager": TIA, "timeout": 10000}, **attrs))
    creator = guest.Creator(spi, **V6)
    yield creator
    tap.is_(creator.errno_text(), expected, f"{event}: what becomes of the SA")
    book.take(monitor, f"monitor-{event}")
    no_rules()
    yield None


REJECTED, TIMEOUT = "Key was rejected by service", "Connection timed out"
for spi, action, event, expected in ((0x3001, "manager", "kept-status", ""),
                                     (0x3002, "reject", "failed-status", REJECTED)):
    steps = failing(spi, expected, event, on_failure=action)
    next(steps)
    cannot(tia, book.take(tia, f"dictate-check-{spi:x}"),
           **{"text": "no key\nleft", "keying-module-gen-key": True})
    next(steps)
steps = failing(0x3003, TIMEOUT, "failed-timeout", timeout=300)
next(steps)
late = book.take(tia, "dictate-check-3003")
book.take(monitor, "monitor-stalled")
next(steps)
steps = failing(0x3004, TIMEOUT, "failed-stalled")
next(steps)
next(steps)
book.dump(admin, "manager-get", ["manager-get-stalled", "manager-get-watcher-later",
                                 "manager-get-weight-later"])
book.refused(tia, "error-late", "dictate-reply", {"id": late["id"], "status": 1})
book.take(monitor, "monitor-recovered")
for spi, action, event, expected in ((0x3005, "reject", "failed-nobody", "Required key not available"),
                                     (0x3006, "keep", "kept-nobody", "")):
    rule(dictate="named", dictate_manager=NOBODY, on_failure=action,
         ack="ack-rule-keep-named" if action == "keep" else "ack")
    tap.is_(guest.add(spi, **V6), expected, f"{event}: what becomes of the SA")
    book.take(monitor, f"monitor-{event}")
    no_rules()

guest.flush()
book.take(watcher, "notify-flush-all")

# --- Standing secrets -------------------------------------------------------------------------

OLD, NEW = secret("standing old", 32), secret("standing new", 64)
SLOT = kdf.Slot("aead", guest.GCM, 160, guest.IKE_KEY)


def derived(derivation, bytes_, key_id, spi):
    """The key that an SA gets, which no message may hold either"""
    return book.secret(kdf.slot_key(derivation, bytes_, key_id.encode(), "esp", spi, SLOT,
                                    guest.IKE_KEY))


def has_key(spi, key, name):
    tap.is_(guest.installed(spi), key, f"{name}: the SA has the key that the secret gives")


rule(dictate="named", dictate_manager=TIA, notify="named", notify_manager=WATCHER, timeout=10000)
creator = guest.Creator(0x4000)
book.call(tia, "dictate-reply", {"id": book.take(tia, "dictate-check-4000")["id"], "secret": OLD,
                                 "derivation": "expand", "key-id": "at-once"})
made(creator, "expand")
has_key(0x4000, derived("expand", OLD, "at-once", 0x4000), "expand")
book.take(monitor, "monitor-dictated-expand")
book.take(watcher, "notify-new-expand")
creator = guest.Creator(0x4010)
book.call(tia, "dictate-reply", {"id": book.take(tia, "dictate-check-4010")["id"], "secret": OLD,
                                 "derivation": "mix"})
made(creator, "mix")
has_key(0x4010, derived("mix", OLD, "", 0x4010), "mix")
book.take(monitor, "monitor-dictated-mix")
book.take(watcher, "notify-new-mix")
ALL = {"number": 1, "family": 2, "local": bytes([10, 9, 0, 0]), "local-len": 16,
       "remote": bytes([10, 9, 9, 9]), "remote-len": 32, "proto": 50, "reqid": 7, "if-id": 9,
       "mark": 5, "mark-mask": 255, "rule": 10, "derivation": "expand", "secret": OLD,
       "key-id": "never", "weight": 3, "not-after": 1 << 40, "keying-module-gen-key": True}
book.call(tia, "secret-set", dict(ALL, direction="out", origin="peer"))
book.call(tia, "secret-set", dict(ALL, number=3, direction="in", origin="local"))
book.call(tia, "secret-set", {"number": 2, "secret": NEW, "key-id": "2026-11", "derivation": "mix"})
made(guest.Creator(0x4001), "standing")
has_key(0x4001, derived("mix", NEW, "2026-11", 0x4001), "standing")
book.take(monitor, "monitor-dictated-standing")
book.take(watcher, "notify-new-standing")
tia.close()
book.take(monitor, "monitor-orphaned")
book.dump(admin, "manager-get", ["manager-get-watcher-last", "manager-get-weight-last",
                                 "manager-get-orphan"])
tia = register("tia", TIA_ADD)

# --- The other end has another key ---------------------------------------------------------------

made(guest.Creator(0x4002, src=B, dst=A), "mismatch")
derived("mix", NEW, "2026-11", 0x4002)
book.take(monitor, "monitor-dictated-mismatch")
book.take(watcher, "notify-new-mismatch")
pid = os.fork()
if not pid:
    guest.enter("b")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as raw:
        for seq in range(3):
            raw.sendto(struct.pack(">II", 0x4002, seq + 1) + b"garbage " * 10, (A, 0))
    os._exit(0)
tap.is_(os.waitpid(pid, 0)[1], 0, "three packets that nobody encrypted")
book.take(monitor, "monitor-mismatch", timeout=30)
book.dump(admin, "sa-get", ["sa-get-expand", "sa-get-mix", "sa-get-standing", "sa-get-mismatch"])
book.call(tia, "secret-del", {"number": 1})
guest.flush()
book.take(watcher, "notify-flush-all")

# --- An SA expires while another of its identity is made -------------------------------------------
# The second one's cipher is no algorithm that there is already: the kernel runs modprobe for it,
# with the SA half made, and our modprobe waits.

HELPER, BEGUN, FIFO = "/run/golden-modprobe", "/run/golden-begun", "/run/golden-go"
with open(HELPER, "w", encoding="ascii") as f:
    f.write(f"#!/bin/bash\n[[ $* != *authenc* || -e {BEGUN} ]] || {{ : >{BEGUN}; read -r <{FIFO}; }}\n"
            'exec /sbin/modprobe "$@"\n')
os.chmod(HELPER, 0o755)
os.mkfifo(FIFO)
guest.sh("ip xfrm state add " + guest.sa_args(0x5001, extra="limit time-hard 4"))
derived("mix", NEW, "2026-11", 0x5001)
book.take(monitor, "monitor-dictated-short")
book.take(watcher, "notify-new-short")
with open("/proc/sys/kernel/modprobe", "w", encoding="ascii") as f:
    f.write(HELPER)
creator = guest.Creator(0x5001, algorithms=xfrm.crypt(secret("ike second", 16)) + xfrm.auth(
    secret("ike second hmac", 48), "hmac(sha384)", 192))
guest.wait_until(lambda: os.path.exists(BEGUN), "the second SA is half made")
book.take(watcher, "notify-expire-short", timeout=30)
with open(FIFO, "w", encoding="ascii") as f:
    f.write("\n")
made(creator, "alarm")
book.secret(guest.installed(0x5001))
book.take(monitor, "monitor-alarm")
book.take(watcher, "notify-new-random")
guest.flush()
book.take(watcher, "notify-flush-all")
book.call(tia, "secret-del")
no_rules()

# --- Errors ------------------------------------------------------------------------------------

book.refused(admin, "error-manager-missing", "manager-add", {"flags": 3})
book.refused(admin, "error-manager-reserved-flag", "manager-add", {"uuid": NOBODY, "flags": 0x83})
book.refused(admin, "error-manager-hint", "manager-add",
             {"uuid": NOBODY, "flags": 3, "timeout-hint": 11})
book.refused(admin, "error-manager-taken", "manager-add", {"uuid": TIA, "flags": 1})
book.refused(tia, "error-manager-again", "manager-add", {"uuid": NOBODY, "flags": 3})
book.refused(admin, "error-manager-none", "manager-del", {"uuid": NOBODY})
book.refused(admin, "error-rule-priority", "rule-add", {"dictate": "any"})
book.refused(admin, "error-rule-host-bits", "rule-add",
             {"priority": 5, "remote": bytes([10, 1, 0, 1]), "remote-len": 24})
book.refused(admin, "error-rule-direction", "rule-add", {"priority": 5, "direction": "unknown"})
book.refused(admin, "error-rule-timeout", "rule-add",
             {"priority": 5, "dictate": "any", "timeout": 10001})
book.refused(admin, "error-rule-unknown", "rule-add", [("priority", 5), (99, b"\0\0\0\0")])
book.refused(admin, "error-rule-none", "rule-del", {"priority": 5})
book.refused(admin, "error-secret-stranger", "secret-set", {"number": 1, "secret": OLD})
book.refused(tia, "error-secret-missing", "secret-set", {"number": 1})
book.refused(tia, "error-secret-short", "secret-set", {"number": 1, "secret": OLD[1:]})
book.refused(tia, "error-secret-direction", "secret-set",
             {"number": 1, "secret": OLD, "direction": "unknown"})
book.refused(tia, "error-secret-origin", "secret-set",
             {"number": 1, "secret": OLD, "origin": "own"})
book.refused(tia, "error-secret-origin-none", "secret-set",
             {"number": 1, "secret": OLD, "origin": "none"})
book.refused(tia, "error-secret-none", "secret-del", {"number": 9})
os.seteuid(65534)
user = golden.Socket()
os.seteuid(0)
book.refused(user, "error-user-rule", "rule-add", {"priority": 5}, uid=65534)
book.refused(user, "error-user-manager", "manager-add", {"uuid": NOBODY, "flags": 3}, uid=65534)

rule(dictate="named", dictate_manager=TIA, timeout=10000)
book.refused(admin, "error-rule-taken", "rule-add", {"priority": 10, "dictate": "any"})
KEY = secret("the right key", 20)
creator = guest.Creator(0x6001)
question = book.take(tia, "dictate-check-6001")
ID = {"id": question["id"]}
GOOD = {"role": "aead", "key": KEY}
book.refused(tia, "error-bid-missing", "check-reply", ID)
book.refused(tia, "error-bid-weight", "check-reply", dict(ID, **{"will-dictate": 1}))
book.refused(tia, "error-bid-late", "check-reply", dict(ID, **{"will-dictate": 1, "weight": 5}))
book.refused(tia, "error-answer-missing", "dictate-reply", {"slot": [GOOD]})
book.refused(tia, "error-answer-role", "dictate-reply",
             dict(ID, slot=[{"role": 7, "key": b"public"}]))
book.refused(tia, "error-answer-both", "dictate-reply", dict(ID, slot=[GOOD], status=3))
book.refused(tia, "error-answer-origin", "dictate-reply", dict(ID, slot=[GOOD], origin="own"))
book.refused(tia, "error-answer-origin-none", "dictate-reply", dict(ID, slot=[GOOD], origin="none"))
book.refused(tia, "error-answer-text", "dictate-reply", dict(ID, status=3, text="x" * 128))
book.refused(admin, "error-answer-foreign", "dictate-reply", dict(ID, slot=[GOOD]))
book.dump(tia, "request-get", ["request-get-6001"])
answer(tia, question, KEY, origin="local")
made(creator, "after all that")
book.dump(tia, "request-get", [])
book.take(monitor, "monitor-dictated-6001")
for spi, name, slot in (
        (0x6002, "length", {"role": "aead", "key": secret("too short", 19)}),
        (0x6003, "slot", {"role": "encryption", "key": secret("too many", 20)}),
        (0x6004, "authentication", {"role": "authentication", "key": secret("nor this", 20)}),
        (0x6005, "zero", {"role": "aead", "key": bytes(20)}), (0x6006, "used", GOOD)):
    creator = guest.Creator(spi)
    question = book.take(tia, f"dictate-check-{spi:x}")
    book.refused(tia, f"error-answer-{name}", "dictate-reply",
                 {"id": question["id"], "slot": [slot]})
    tap.is_(creator.errno_text(), REJECTED, f"{name}: the SA is refused")
    book.take(monitor, f"monitor-failed-{name}")

# --- Counters, and the end ---------------------------------------------------------------------------

book.call(admin, "stats-get", reply="stats-get")
no_rules()
book.call(admin, "manager-del", {"uuid": WATCHER})
book.take(monitor, "monitor-manager-del-watcher")
tia.close()
book.take(monitor, "monitor-manager-del-tia")
for sock in (monitor, admin, watcher, weight, user):
    tap.is_(sock.recv(0.2), None, "nothing else comes")
book.finish()
golden_cover.judge(book)
if golden.WRITE:
    tap.ok(False, "nothing was compared: the messages were written")
tap.done()
