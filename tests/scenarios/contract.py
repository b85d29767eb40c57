#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""What a key manager and an administrator may rely on (Documentation/behaviours.rst):
registration, the rules' grants, bids, deadlines. What is said of keys and SAs is in
contract-keys.py. The judge of keys is `ip xfrm state`."""
import errno
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

NOKEY = "Required key not available"
TIMEOUT = "Connection timed out"
DICTATE, NOTIFY, EXCLUSIVE = 1, 2, 4
OUT = dict(src="10.1.0.1", dst="10.1.0.2")
IN = dict(src="10.1.0.2", dst="10.1.0.1")
SECRET = bytes(range(0x81, 0xa1))
_spi = 0x9000


def new_spi():
    global _spi
    _spi += 1
    return _spi


def key_for(number, tia=0):
    return bytes([0xd0 + tia]) + number.to_bytes(3, "big") * 6 + b"k"


def rule(**attrs):
    return guest.rule(admin, **attrs)


def add_manager(n, **attrs):
    """Registers on a new socket; returns the errno, or 0."""
    attrs = {k.replace("_", "-"): v for k, v in attrs.items()}
    sock = nl.Kmtia()
    try:
        sock.call("manager-add", dict({"uuid": nl.uuid(n)}, **attrs))
        return 0
    except nl.NlError as e:
        return e.errno
    finally:
        sock.close()


def registered():
    return [m["uuid"] for m in admin.dump("manager-get")]


def dictated(tia, **kwargs):
    """An SA for which that manager, the only one that is asked, gives keys: SPI and
    question"""
    number = new_spi()
    creator = guest.Creator(number, **kwargs)
    question = tia.question()
    tia.answer(question, key_for(number))
    if creator.errno_text():
        raise RuntimeError(f"an SA was refused: {creator.errno_text()}")
    return number, question


guest.setup()
guest.add(0x8fff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()

# --- Registration -------------------------------------------------------------------

tia = nl.Tia(1, name="keys", description="keys for all", timeout_hint=7, weight=9, grace=2000)
tia.call("secret-set", {"number": 1, "secret": SECRET, "reqid": 9999})
(m,) = admin.dump("manager-get")
tap.is_({k: m.get(k) for k in ("uuid", "name", "description", "flags", "timeout-hint", "weight", "grace",
                               "pid", "uid", "secrets")},
        {"uuid": tia.uuid, "name": "keys", "description": "keys for all", "flags": 3,
         "timeout-hint": 7, "weight": 9, "grace": 2000, "pid": os.getpid(), "uid": 0, "secrets": 1},
        "what a manager registered with is listed")
tap.is_(set(m) - {"uuid", "name", "description", "flags", "timeout-hint", "weight", "grace", "pid", "uid",
                  "secrets", "questions", "answers", "refusals", "unusable", "misses", "late",
                  "notifications", "dropped", "standing"}, set(), "and nothing else but counters")
tap.ok(SECRET not in m.raw, "a standing secret is not in the list")
others = [nl.Tia(n, flags=NOTIFY) for n in (2, 3)]
tap.is_(registered(), [nl.uuid(n) for n in (1, 2, 3)], "all managers are listed")
tap.is_(add_manager(1, flags=DICTATE), errno.EEXIST, "an identity that is taken is refused: EEXIST")
tap.is_(add_manager(1, flags=NOTIFY), errno.EEXIST, "whatever it is registered for")
tap.is_(add_manager(4, flags=DICTATE), 0, "several may dictate where nobody asked to be the only one")
tap.raises(errno.EINVAL, "", "an unknown flag is refused, and named", nl.Kmtia().call, "manager-add",
           {"uuid": nl.uuid(4), "flags": NOTIFY | 8}, attr="flags")
for number, attrs in ((6, {"flags": 0}), (6, {"flags": EXCLUSIVE}), (6, {"flags": NOTIFY | EXCLUSIVE}),
                      (6, {"flags": NOTIFY, "weight": 1})):
    tap.is_(add_manager(number, **attrs), errno.EINVAL, f"makes no sense: {attrs}")
for t in [tia] + others:
    t.close()
tap.is_(registered(), [nl.uuid(1)], "who has standing secrets and a grace is listed a while longer")
guest.wait_until(lambda: not registered(), "its grace ends")

# --- One dictator, as on Windows ----------------------------------------------------------

only = nl.Tia(1, flags=DICTATE | NOTIFY | EXCLUSIVE)
tap.is_(add_manager(2, flags=DICTATE), errno.EADDRINUSE,
        "no other may dictate beside an exclusive dictator: EADDRINUSE")
tap.is_(add_manager(2, flags=DICTATE | EXCLUSIVE), errno.EADDRINUSE, "exclusive or not")
watchers = [nl.Tia(n, flags=NOTIFY) for n in (3, 4)]
tap.is_(len(registered()), 3, "managers that only watch may be there beside an exclusive dictator")
with rule(dictate="any", notify="any"):
    number, _ = dictated(only)
    tap.is_([t.expect("notify", event="new")["sa"]["spi"] for t in watchers + [only]], [number] * 3,
            "each of them is notified, and so is the dictator")
    tap.is_([t.stats()["questions"] for t in watchers], [0, 0], "who did not register to dictate is never asked")
only.call("manager-del", {"uuid": only.uuid})
second = nl.Tia(2, flags=DICTATE)
tap.ok(second.stats(), "once the exclusive dictator unregisters another may dictate")
tap.is_(add_manager(1, flags=DICTATE | EXCLUSIVE), errno.EADDRINUSE,
        "nobody gets to be exclusive while another dictates: EADDRINUSE")
second.close()
only.close()

pid = os.fork()
if not pid:
    mortal = nl.Tia(1, flags=DICTATE | EXCLUSIVE)
    signal.pause()
guest.wait_until(lambda: nl.uuid(1) in registered(), "the exclusive dictator of another process")
tap.is_(add_manager(2, flags=DICTATE), errno.EADDRINUSE, "that is in the way")
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
tap.ok(nl.uuid(1) not in registered(), "a manager whose process dies is gone")
tap.is_(add_manager(2, flags=DICTATE | EXCLUSIVE), 0, "and what it kept others from is free")
with rule(dictate="any"):
    tap.is_(guest.add(new_spi()), NOKEY, "who comes then finds no manager, and does not wait")
for t in watchers:
    t.close()

# --- Unregistering -------------------------------------------------------------------------

tia = nl.Tia(1)
with rule(dictate="any", notify="any", timeout=10000):
    creator = guest.Creator(new_spi())
    question = tia.question()
    tia.call("manager-del", {"uuid": tia.uuid})
    tap.is_(creator.errno_text(), "Key has been revoked", "who unregisters has no question open any more")
    tap.raises(errno.ENOENT, "not open", "nor may it answer what it was asked before", tia.answer, question,
               key_for(_spi))
    tap.is_(guest.add(new_spi()), NOKEY, "it is not asked again")
    tap.is_(tia.recv(0.2), None, "nor told anything")
    tap.raises(errno.ENOENT, "no key manager", "it can't unregister twice", tia.call, "manager-del",
               {"uuid": tia.uuid})
    for op in ("notify-get", "request-get"):
        tap.raises(errno.EPERM, "^$|not a registered", f"nor fetch anything: {op}", tia.dump, op)
tia.close()

# --- How long a manager may take --------------------------------------------------------------

for hint, low, high in ((0, 4000, 5000), (1, 500, 1000), (10, 9000, 10000)):
    tia = nl.Tia(1, timeout_hint=hint)
    with rule(dictate="any", timeout=10000):
        _, question = dictated(tia)
    tap.is_(tia.stats()["timeout-hint"], hint or 5, f"timeout {hint}: listed in seconds")
    tap.ok(low <= question["timeout"] <= high, f"timeout {hint}: the question says how long",
           question["timeout"])
    tia.close()
for hint in (11, 0xffffffff):
    tap.is_(add_manager(1, flags=DICTATE, timeout_hint=hint), errno.ERANGE, f"timeout {hint}: ERANGE")
tap.is_(registered(), [], "nobody was registered by that")
tia = nl.Tia(1)
with rule(dictate="any", timeout=2345):
    _, question = dictated(tia)
tap.ok(2000 <= question["timeout"] < 2400, "a rule's timeout, in milliseconds, shortens it", question["timeout"])
with rule(dictate="any", timeout=400):
    tap.is_(guest.add(new_spi()), TIMEOUT, "a deadline is missed")
with rule(dictate="any", timeout=10000):
    asked = tia.stats()["questions"]
    burst = [guest.Creator(new_spi()) for _ in range(8)]
    tap.is_([c.errno_text() for c in burst], [TIMEOUT] * 8, "a burst after the first miss is refused")
    tap.ok(max(c.took for c in burst) < 5, "and none of it waits", [c.took for c in burst])
    tap.is_(tia.stats()["questions"], asked, "nor is anybody asked")
tia.close()

# --- What a rule grants -----------------------------------------------------------------------

tia = nl.Tia(1)
watcher = nl.Tia(2, flags=NOTIFY)


def told_before_marker():
    """SPIs of the SAs that the watcher was told of before one that it is told of in
    any case"""
    marker, spis = new_spi(), []
    with guest.rule(admin, priority=5, notify="any", reqid=77):
        guest.add(marker, reqid=77)
        while marker not in spis:
            spis.append(watcher.expect("notify", event="new")["sa"]["spi"])
    return spis[:-1]


def grants(modes=("transport",), **attrs):
    """What comes of an SA under such a rule"""
    seen = set()
    with rule(**attrs):
        for mode in modes:
            number = new_spi()
            asked = tia.stats()["questions"]
            creator = guest.Creator(number, mode=mode)
            if attrs.get("dictate", "none") != "none":
                tia.answer(tia.question(), key_for(number))
            creator.wait()
            if tia.stats()["questions"] > asked:
                seen.add("asked")
            if guest.installed(number) == key_for(number):
                seen.add("dictated")
            elif guest.installed(number) != guest.IKE_KEY:
                seen.add("neither key")
            if number in told_before_marker():
                seen.add("notified")
    return seen


DICTATED = {"asked", "dictated"}
number = new_spi()
guest.add(number)
tap.is_((guest.installed(number), told_before_marker()), (guest.IKE_KEY, []),
        "without a rule an SA is neither dictated nor notified")
tap.is_(grants(), set(), "under a rule that says nothing neither")
tap.is_(grants(dictate="none", notify="none"), set(), "nor under one that says none")
tap.is_(grants(dictate="any"), DICTATED, "a rule may grant dictation alone")
tap.is_(grants(notify="any"), {"notified"}, "or notification alone")
tap.is_(grants(dictate="any", notify="any"), DICTATED | {"notified"}, "or both")
tap.is_(grants(dictate="named", dictate_manager=tia.uuid, notify="named", notify_manager=watcher.uuid),
        DICTATED | {"notified"}, "each to one manager alone")
tap.is_(grants(dictate="any", notify="named", notify_manager=tia.uuid), DICTATED,
        "who is not the one that is named is not told")
for mode in ("transport", "tunnel"):
    tap.is_(grants((mode,), dictate="any", notify="any"), DICTATED | {"notified"},
            f"{mode} mode: dictated and notified")
    tap.is_(grants((mode,)), set(), f"{mode} mode: neither, where no rule says so")
AH = dict(proto="ah", algorithms=xfrm.auth(bytes(range(32))))
for proto, kwargs in (("esp", {}), ("ah", AH)):
    with rule(dictate="any", notify="any"):
        number = new_spi()
        creator = guest.Creator(number, **kwargs)
        question = tia.question()
        (bits,) = [s["bits"] for s in question["sa"]["slot"]]
        key = bytes([0x77]) * (bits // 8 - 3) + number.to_bytes(3, "big")
        tia.answer(question, key)
        creator.wait()
        tap.is_(guest.installed(number), key, f"{proto}: dictated")
        tap.is_(told_before_marker(), [number], f"{proto}: notified")
with rule(dictate="any", remote=bytes([10, 1, 0, 2])):
    number = new_spi()
    guest.add(number, dst="10.1.0.9")
    tap.is_(guest.installed(number), guest.IKE_KEY, "an SA that the rule does not cover is the keying module's")
guest.flush()

# --- Bids ------------------------------------------------------------------------------------------

other = nl.Tia(4)
tias = {1: tia, 4: other}


def question_counts():
    """How many questions each was asked"""
    return {n: t.stats()["questions"] for n, t in tias.items()}


def auction(bids, **kwargs):
    """An SA with these bids, None for no: SPI and creator"""
    number = new_spi()
    creator = guest.Creator(number, **kwargs)
    for n, bid in bids.items():
        question = tias[n].question(op="check")
        tias[n].bid(question, bid is not None, bid or 0)
    return number, creator


def keyed_by(number, creator, n):
    """The manager n is asked for keys and gives them."""
    try:
        question = tias[n].question()
    except TimeoutError:
        return False
    tias[n].answer(question, key_for(number, n))
    creator.wait()
    return guest.installed(number) == key_for(number, n)


def wins(bids, n, **kwargs):
    """With these bids the manager n gives keys, and no other is asked for any."""
    before = question_counts()
    number, creator = auction(bids, **kwargs)
    keyed = keyed_by(number, creator, n)
    creator.wait()
    return keyed and question_counts() == {m: count + 1 + (m == n) for m, count in before.items()}


with rule(dictate="any", timeout=10000):
    number = new_spi()
    creator = guest.Creator(number)
    question = tia.question(op="check")
    sa = question["sa"]
    tap.is_((sa["family"], sa["saddr"], sa["daddr"], sa["reqid"], sa["proto"]),
            (2, bytes([10, 1, 0, 1]), bytes([10, 1, 0, 2]), 1, 50), "a check says which SA it is about")
    tap.ok("key" not in nl.names(question) and guest.IKE_KEY not in question.raw, "and has no key")
    tap.raises(errno.EINVAL, "for a bid, not for keys", "a check can't be answered by a failure", tia.call,
               "dictate-reply", {"id": question["id"], "status": 5})
    tap.raises(errno.EINVAL, "for a bid, not for keys", "nor by keys", tia.answer, question, key_for(number))
    tia.bid(question, False)
    other.bid(other.question(op="check"), False)
    tap.is_(creator.errno_text(), NOKEY, "nobody bids")
    asked = tia.stats()["questions"]
    tap.ok(wins({1: None, 4: 1}, 4), "who bids is asked for keys")
    tap.is_(tia.stats()["questions"] - asked, 1, "who says no to the check is not")
    tap.ok(wins({1: 6, 4: 5}, 1), "the highest bid dictates")
    tap.ok(wins({1: 5, 4: 6}, 4), "whoever made it")
    tap.ok(wins({1: 0x7fffffff, 4: 0x80000000}, 4), "weights are numbers of 32 bits without a sign")
    tap.ok(wins({1: 0xffffffff, 4: 0xfffffffe}, 1), "up to the greatest of them")
    tap.ok(wins({1: 5, 4: 5}, 1), "of equal bids the earliest registration's")
    tap.ok(wins({1: 0, 4: 1}, 4), "0 does not win against 1")
    number, creator = auction({1: 0, 4: 0})
    tap.is_(creator.errno_text(), NOKEY, "nor against 0")
    tap.ok(wins({1: 3, 4: 9}, 4, reqid=2), "an SA that replaces another is bid for")
    tap.ok(wins({1: 9, 4: 3}, 1, reqid=2), "again, whoever keyed the one before")

    tap.ok(wins({1: 10, 4: 9}, 1, reqid=3, **OUT), "the first SA of a pair")
    tap.ok(wins({1: 1, 4: 100}, 1, reqid=3, **IN), "the mate goes to who keyed the first, whatever others bid")
    wins({1: 10, 4: 9}, 1, reqid=4, **OUT)
    tap.ok(wins({1: None, 4: 100}, 4, reqid=4, **IN), "unless that one does not bid any more")

# --- One deadline for all -------------------------------------------------------------------------------

third = nl.Tia(5, weight=1)
tias[5] = third
DEADLINE = 3
with rule(dictate="any", timeout=DEADLINE * 1000):
    number, creator = auction({1: 9, 4: 8})
    tap.is_(creator.errno_text(), TIMEOUT, "three managers bid, and none gives keys")
    tap.ok(DEADLINE <= creator.took < 1.8 * DEADLINE, "they all had one deadline, the rule's",
           f"{creator.took:.3f} s")
    tap.is_([t.stats().get("stalled") for t in tias.values()], [True] * 3, "each was asked, and missed it")
    for t in tias.values():
        t.dump("request-get")
        while t.recv(0):
            pass
    number, creator = auction({1: 9, 4: 8})
    tia.question()
    tap.ok(keyed_by(number, creator, 4), "a silent manager leaves time for the next one")
    tap.ok(creator.took < DEADLINE, "within the same deadline", f"{creator.took:.3f} s")
third.close()
other.close()
tap.is_(admin.call("stats-get")[0]["pending"], 0, "nobody waits")
tap.done()
