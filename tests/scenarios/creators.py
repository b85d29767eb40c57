#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300 --cpus 2
"""Every road by which an SA comes into being, under a rule that rejects: no key that
nobody dictated comes in by any, and none is broken (Documentation/creators.rst). The
judges are the keying module's error and the key that `ip xfrm state` shows."""
import os
import platform
import re
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import pfkey
import tap
import xfrm

SRC, DST = "10.1.0.1", "10.1.0.2"
EINTR, EEXIST, ESRCH, ENOKEY, EKEYREJECTED, EKEYREVOKED, ETIMEDOUT, ECANCELED = \
    4, 17, 3, 126, 129, 128, 110, 125
PER_CPU = tuple(int(n) for n in re.findall(r"\d+", platform.release())[:2]) >= (6, 12)
#: What a keying module proposes by PF_KEY: AES-CBC and HMAC-SHA-256
IKE_PAIR = bytes.fromhex("1eef" * 16), bytes.fromhex("eeff" * 16)

guest.setup()
guest.add(0x77)
guest.flush()
admin, monitor = nl.Kmtia(), nl.Kmtia()
monitor.join("monitor")
tia = nl.Tia(1, flags=1)


def rule(**attrs):
    return guest.rule(admin, **dict({"dictate": "any", "timeout": 10000}, **attrs))


def key_for(spi, size=20):
    return struct.pack(">I", spi) * (size // 4)


def pair_for(spi):
    return key_for(spi, 32) * 2


def questions():
    return tia.stats()["questions"]


def stat(name):
    return nl.Kmtia().call("stats-get")[0][name]


def dictate():
    """Answers the next question, with a key that its SPI is in; returns it"""
    question = tia.question()
    tia.answer(question, *(key_for(question["sa"]["spi"], slot["bits"] // 8)
                           for slot in question["sa"]["slot"]))
    return question


def made(spi, **kwargs):
    """An SA is created, and a question about it answered: the error's words or ''"""
    creator = guest.Creator(spi, **kwargs)
    try:
        dictate()
    except TimeoutError:
        return f"not asked: {creator.wait()}"
    return creator.errno_text()


# --- XFRM_MSG_NEWSA, XFRM_MSG_UPDSA --------------------------------------------------------------

with rule():
    tap.is_(made(0x1001), "", "NEWSA: the SA is made")
    tap.is_(guest.installed(0x1001), key_for(0x1001), "NEWSA: with the dictated key")

    asked = questions()
    guest.sh(f"ip xfrm state allocspi src {SRC} dst {DST} proto esp reqid 1 mode transport "
             "min 0x1002 max 0x1002")
    tap.is_(questions(), asked, "ALLOCSPI: nobody is asked, for there are no keys yet")
    tap.is_(made(0x1002, update=True), "", "UPDSA after it: the SA is made")
    tap.is_((guest.installed(0x1002), questions()), (key_for(0x1002), asked + 1),
            "UPDSA after it: with the dictated key, after one question")

    asked = questions()
    tap.is_(guest.add(0x1002, update=True, key=bytes(range(20))), "", "UPDSA of a live SA is carried out")
    tap.is_((guest.installed(0x1002), questions()), (key_for(0x1002), asked),
            "UPDSA of a live SA: nobody is asked, and its key remains")
    tap.is_(guest.Creator(0x1002).wait()[0], EEXIST, "NEWSA of an identity that lives is XFRM's error")
    tap.is_((guest.installed(0x1002), questions()), (key_for(0x1002), asked),
            "NEWSA of an identity that lives: nobody is asked, and its key remains")
    tap.is_(stat("existing"), 2, "both are counted")
    guest.flush()

# --- An SA that is sent twice ------------------------------------------------------------------------


def twice(spi, keys=(guest.IKE_KEY, guest.IKE_KEY), between=None):
    """As strongSwan does if XFRM has forgotten what ALLOCSPI made: UPDSA is refused, then
    NEWSA is sent. Returns the errors of both."""
    first = xfrm.newsa(spi, update=True, key=keys[0])[0]
    if between:
        xfrm.newsa(between, reqid=9)
    return first, xfrm.newsa(spi, key=keys[1])[0]


with rule():
    asked, again = questions(), stat("readded")
    sender = guest.Creator(0x1101, call=twice)
    dictate()
    tap.is_(sender.wait(), (ESRCH, 0), "sent twice: UPDSA finds nothing to update, NEWSA is carried out")
    tap.is_((guest.installed(0x1101), questions() - asked, stat("readded") - again),
            (key_for(0x1101), 1, 1), "sent twice: with the dictated key, after one question")
    again = stat("readded")
    sender = guest.Creator(0x1102, call=twice, keys=(guest.IKE_KEY, bytes(range(20))))
    dictate()
    question = tia.recv(5)
    tap.ok(question is not None and question.op == "dictate", "sent with another key: it is asked about again")
    if question is not None:
        tia.answer(question, key_for(0x1102))
    tap.is_((sender.wait(), guest.installed(0x1102), stat("readded") - again),
            ((ESRCH, 0), key_for(0x1102), 0), "sent with another key: that is another SA")
    sender = guest.Creator(0x1103, call=twice, between=0x1104)
    tap.is_([dictate()["sa"]["spi"] for _ in range(3)], [0x1103, 0x1104, 0x1103],
            "with another SA between it is asked about again")
    tap.is_(sender.wait(), (ESRCH, 0), "with another SA between it is made")
    sender = guest.Creator(0x1105, call=twice)
    tia.cannot(tia.question())
    tia.cannot(tia.question())
    tap.is_(sender.wait(), (EKEYREJECTED, EKEYREJECTED), "refused, it is asked about again")
    guest.flush()
with rule(on_failure="keep"):
    asked = questions()
    sender = guest.Creator(0x1106, call=twice)
    tia.cannot(tia.question())
    tap.is_(sender.wait(), (ESRCH, 0), "sent twice, kept: NEWSA is carried out")
    tap.is_((guest.installed(0x1106), questions() - asked), (guest.IKE_KEY, 1),
            "sent twice, kept: with its own key, after one question")
    guest.flush()

# --- One that lives until just before XFRM looks ----------------------------------------------------


def until_gone(spi):
    """Creates an SA again and again until XFRM does not say that it is there already"""
    tries = 0
    while True:
        err, words = xfrm.newsa(spi)
        tries += 1
        if err != EEXIST:
            return err, words


def expiry_race(spi):
    """Whether an SA came in because the old one expired between the module's look and XFRM's"""
    made(spi, hard_add=1)
    hammer = guest.Creator(spi, call=until_gone)
    while not hammer.done():
        question = tia.recv(0.02)
        if question is not None and question.op == "dictate":
            tia.cannot(question)
    return hammer.wait()[0] == 0


with rule():
    races, rounds = [], 0
    while len(races) < 3 and rounds < 60:
        rounds += 1
        number = 0x1200 + rounds
        if expiry_race(number):
            races.append(guest.installed(number))
            tap.ok(races[-1] not in (None, guest.IKE_KEY, key_for(number)),
                   "expired meanwhile: the SA has a key that nobody knows", races[-1])
            alarm = monitor.expect("monitor-ntf", event="alarm")
            tap.is_((alarm["rule"], alarm["sa"]["spi"]), (10, number),
                    "expired meanwhile: an alarm names rule and SA")
        else:
            tap.is_(guest.installed(number), None, "expired before: it is asked about, and refused")
    tap.is_(len(races), 3, f"an SA expired between the two looks, three times in {rounds} tries")
    tap.is_(len(set(races)), 3, "each with another key")
    guest.flush()

# --- PF_KEY ----------------------------------------------------------------------------------------------


def by_pfkey(spi, src=SRC, dst=DST, keys=IKE_PAIR, **kwargs):
    return pfkey.PfKey().add(spi, src, dst, keys, **kwargs), None


module = pfkey.PfKey()
with rule():
    tap.is_(made(0x1301, call=by_pfkey), "", "SADB_ADD: the SA is made")
    tap.is_(guest.installed(0x1301), pair_for(0x1301), "SADB_ADD: with the dictated keys")
    tap.is_(made(0x1302, call=by_pfkey, keys=(None, IKE_PAIR[1]), proto="ah"), "", "SADB_ADD: AH")
    tap.is_(guest.installed(0x1302), key_for(0x1302, 32), "SADB_ADD: AH, with the dictated key")
    tap.is_(made(0x1303, call=by_pfkey, src="fd01::1", dst="fd01::2"), "", "SADB_ADD: IPv6")
    tap.is_(guest.installed(0x1303), pair_for(0x1303), "SADB_ADD: IPv6, with the dictated keys")

    asked = questions()
    tap.is_(module.getspi(0x1304, SRC, DST), 0, "SADB_GETSPI")
    tap.is_(questions(), asked, "SADB_GETSPI: nobody is asked")
    tap.is_(made(0x1304, call=by_pfkey, update=True), "", "SADB_UPDATE after it: the SA is made")
    tap.is_((guest.installed(0x1304), questions()), (pair_for(0x1304), asked + 1),
            "SADB_UPDATE after it: with the dictated keys, after one question")
    tap.is_(module.add(0x1304, SRC, DST, IKE_PAIR, update=True), 0, "SADB_UPDATE of a live SA is carried out")
    tap.is_(module.add(0x1304, SRC, DST, IKE_PAIR), EEXIST, "SADB_ADD of an identity that lives is XFRM's error")
    tap.is_((guest.installed(0x1304), questions()), (pair_for(0x1304), asked + 1),
            "neither is asked about, and the key remains")
    tap.is_(module.add(0, SRC, DST, IKE_PAIR) in (0, 22), True, "SADB_ADD without an SPI")
    tap.is_(questions(), asked + 1, "SADB_ADD without an SPI: nobody is asked")

    watcher = nl.Tia(2, flags=2)
    with guest.rule(admin, priority=5, notify="any"):
        tap.is_(module.add(0x1305, SRC, DST, IKE_PAIR), 0, "SADB_ADD under a rule that only watches")
        told = watcher.expect("notify")
        tap.is_((told["event"], told["sa"]["spi"]), ("new", 0x1305), "it is told")
        tap.is_(module.delete(0x1305, SRC, DST), 0, "SADB_DELETE")
        tap.is_(watcher.expect("notify")["event"], "delete", "that is told, too")
        tap.is_(module.flush(), 0, "SADB_FLUSH")
        told = watcher.expect("notify")
        tap.is_((told["event"], told["proto"]), ("flush", 50), "so is a flush, and of which protocol")
    watcher.close()
    guest.flush()

# What the module says comes out of PF_KEY as it is, and nothing is in.


def failing(name, expected, behave, number, **attrs):
    with rule(**attrs):
        creator = guest.Creator(number, call=by_pfkey)
        behave(creator)
        err = creator.wait()[0]
    tap.is_((err, guest.installed(number)), (expected, None), f"PF_KEY: {name}")
    tap.ok(err < 0 or 1 <= err <= 255, f"PF_KEY: {name}: its errors have 8 bits", err)


def dies(creator):
    mortal.question()
    mortal.close()


def flushed(creator):
    question = tia.question()
    # XFRM reports no flush of nothing.
    with guest.rule(admin, priority=5, notify="any"):
        guest.add(0x77)
    guest.flush()
    tia.answer(question, *(bytes([7]) * 32, bytes([8]) * 32))


failing("the manager has no key", EKEYREJECTED, lambda c: tia.cannot(tia.question()), 0x1401)
failing("the manager does not bid", ENOKEY, lambda c: tia.bid(tia.question(), False), 0x1402)
failing("no manager", ENOKEY, lambda c: None, 0x1403, dictate="named", dictate_manager=nl.uuid(9))
failing("the SAs are flushed meanwhile", ECANCELED, flushed, 0x1404)
failing("silence", ETIMEDOUT, lambda c: tia.question(), 0x1405, timeout=300)
tia.close()
tia = nl.Tia(1, flags=1)
mortal = nl.Tia(3)
failing("the manager dies", EKEYREVOKED, dies, 0x1406, dictate="named", dictate_manager=mortal.uuid)
failing("the creator is killed", -signal.SIGKILL,
        lambda c: (tia.question(), c.kill(signal.SIGKILL)), 0x1407)

# As OpenIKED sets up a CHILD_SA: an SPI, a tunnel each way, lifetimes kept by itself.
with rule():
    tap.is_(module.getspi(0x1501, DST, SRC, mode="tunnel", reqid=5), 0, "OpenIKED's way: GETSPI")
    creator = guest.Creator(0x1501, call=by_pfkey, src=DST, dst=SRC, mode="tunnel", reqid=5, update=True)
    question = dictate()
    tap.is_((creator.errno_text(), question["sa"]["direction"]), ("", "in"), "OpenIKED's way: UPDATE, inbound")
    creator = guest.Creator(0x1502, call=by_pfkey, mode="tunnel", reqid=5)
    question = dictate()
    tap.is_((creator.errno_text(), question["sa"]["direction"], question["mate"]["spi"]),
            ("", "out", 0x1501), "OpenIKED's way: ADD, outbound, its mate is known")
    tap.is_(guest.installed(), {0x1501: pair_for(0x1501), 0x1502: pair_for(0x1502)},
            "OpenIKED's way: both have the dictated keys")
    tap.is_([module.delete(0x1501, DST, SRC), module.delete(0x1502, SRC, DST)], [0, 0],
            "OpenIKED's way: DELETE")
module.close()

# --- Marks, interfaces, CPUs -----------------------------------------------------------------------------

with rule():
    for value in (1, 2):
        creator = guest.Creator(0x1601, extra=xfrm.mark(value, 0xff))
        tia.answer(tia.question(), key_for(value))
        tap.is_(creator.errno_text(), "", f"mark {value}: one of its identity with another mark is another SA")
    tap.is_(guest.sh("ip xfrm state").count("0x00001601"), 2, "both marks' SAs are there")
    guest.flush()
with rule():
    asked = questions()
    tap.is_(made(0x1602), "", "no mark: the SA is made")
    tap.is_(guest.Creator(0x1602, extra=xfrm.mark(1, 0xff)).wait()[0], EEXIST,
            "no mark matches any: one with a mark is XFRM's error")
    tap.is_((guest.installed(0x1602), questions()), (key_for(0x1602), asked + 1),
            "no mark matches any: nobody is asked, and its key remains")
    guest.flush()
with rule(mark=1, mark_mask=0xff):
    asked = questions()
    tap.is_(made(0x1603, extra=xfrm.mark(1, 0xff)), "", "a rule for a mark: an SA with it is asked about")
    tap.is_(guest.add(0x1604, extra=xfrm.mark(2, 0xff)), "", "a rule for a mark: another is not")
    tap.is_((guest.installed(0x1604), questions()), (guest.IKE_KEY, asked + 1),
            "a rule for a mark: and keeps its key")
    guest.flush()
with rule(if_id=7):
    asked = questions()
    tap.is_(made(0x1605, extra=xfrm.if_id(7)), "", "a rule for an XFRM interface: its SA is asked about")
    tap.is_(guest.add(0x1606, extra=xfrm.if_id(8)), "", "a rule for an XFRM interface: another's is not")
    tap.is_((guest.installed(0x1605), guest.installed(0x1606), questions()),
            (key_for(0x1605), guest.IKE_KEY, asked + 1), "a rule for an XFRM interface: the keys say so")
    guest.flush()
if PER_CPU:
    with rule():
        for cpu in (0, 1):
            tap.is_(made(0x1701 + cpu, extra=xfrm.one_cpu(cpu)), "", f"CPU {cpu}'s own SA is made")
        tap.is_(guest.installed(), {0x1701: key_for(0x1701), 0x1702: key_for(0x1702)},
                "each CPU's SA has a dictated key of its own")
        tap.is_(guest.add(0x1703, extra=xfrm.one_cpu(65536)), "Numerical result out of range",
                "XFRM minds the number of the CPU")
        guest.flush()

# --- What a question says of the traffic -----------------------------------------------------------------


def by_ip(spi, mode="transport", sel=""):
    done = guest.sh("ip xfrm state add " + guest.sa_args(spi, mode=mode) + sel, check=False)
    return (1 if done else 0), done


def asked_selector(spi, **kwargs):
    creator = guest.Creator(spi, call=by_ip, **kwargs)
    question = dictate()
    tap.is_(creator.wait(), (0, ""), f"{kwargs}: the SA is made")
    return question["sa"]


with rule():
    sa = asked_selector(0x1711, sel=f" sel src {SRC}/32 dst {DST}/32 proto tcp sport 1000 dport 80")
    sel = sa["selector"]
    tap.is_((sel["proto"], sel["sport"], sel["dport"], sel["saddr-len"], sel["daddr-len"]), (6, 1000, 80, 32, 32),
            "transport mode: a question has the protocol and the ports of the SA's selector")
    sa = asked_selector(0x1712, mode="tunnel")
    sel = sa.get("selector", {})
    tap.is_((sa["saddr"], sa["daddr"], sel.get("proto", 0), sel.get("sport", 0), sel.get("dport", 0)),
            (bytes([10, 1, 0, 1]), bytes([10, 1, 0, 2]), 0, 0, 0),
            "tunnel mode: it has the outer addresses, and neither protocol nor ports")
    guest.flush()

# --- No policy, probes -----------------------------------------------------------------------------------

with rule():
    guest.sh("ip xfrm policy flush")
    tap.is_(made(0x1801), "", "an SA that no policy wants is made like any other")
    guest.flush()
    asked = questions()
    for name, args in (("without an SPI", {"spi": 0}), ("for no address", {"spi": 0x1802, "dst": "0.0.0.0"}),
                       ("for no IPv6 address", {"spi": 0x1803, "src": "::", "dst": "::"})):
        tap.is_(guest.add(**args), "", f"a probe {name} succeeds")
        tap.ok(guest.installed(args["spi"]) not in (None, guest.IKE_KEY), f"a probe {name} has nobody's key")
        guest.flush()
    tap.is_(questions(), asked, "nobody is asked about probes")

# --- Deleted and added again ---------------------------------------------------------------------------------

with rule():
    made(0x1901)
    dump = guest.sh("ip xfrm state")
    asked = questions()
    guest.delete(0x1901)
    tap.is_(guest.add(0x1901, key=key_for(0x1901), dst="10.1.0.3"), "",
            "another address (MOBIKE, NAT): deleted and added again with its key")
    guest.delete(0x1901, dst="10.1.0.3")
    tap.is_(guest.add(0x1901, key=key_for(0x1901), reqid=3), "", "and back, by another process")
    tap.is_((guest.installed(0x1901), questions()), (key_for(0x1901), asked), "nobody is asked")
    guest.flush()
    tap.is_(guest.add(0x1901, key=key_for(0x1901)), "", "flushed and installed again, as by a standby that takes over")
    tap.is_((guest.installed(0x1901), questions()), (key_for(0x1901), asked), "nobody is asked then, too")
    guest.delete(0x1901)
    tap.is_(made(0x1901, key=bytes(range(20))), "", "with another key")
    tap.is_(questions(), asked + 1, "it is asked about")
    guest.flush()

# A host that has never had it asks its own agent.
guest.enter("b")
standby_admin, standby = nl.Kmtia(), nl.Tia(4)
with guest.rule(standby_admin, dictate="any", timeout=10000):
    creator = guest.Creator(0x1901, key=key_for(0x1901))
    question = standby.question()
    standby.answer(question, key_for(0x1901))
    tap.is_((creator.errno_text(), guest.installed(0x1901)), ("", key_for(0x1901)),
            "copied to another host: that one's agent is asked, and may give the same key")
    guest.flush()
standby.close()
guest.enter("a")

# --- Keys read back under lockdown: last, for it can't be undone -----------------------------------------------

with rule():
    made(0x1a01)
    guest.sh("echo confidentiality >/sys/kernel/security/lockdown")
    asked = questions()
    tap.is_(guest.installed(0x1a01), bytes(20), "under lockdown XFRM shows zeros for keys")
    guest.delete(0x1a01)
    tap.is_(guest.Creator(0x1a01, key=bytes(20)).wait()[0], EKEYREJECTED,
            "an SA that is added again with them is refused")
    tap.is_((guest.installed(0x1a01), questions()), (None, asked), "without a question")
    tap.is_(made(0x1a02), "", "others are asked about as ever")
    guest.flush()
tap.is_(stat("pending"), 0, "nobody waits")
tap.done()
