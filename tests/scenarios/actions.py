#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""What becomes of an SA for which no key came: each way in which that happens, with
each thing that key managers said of the keying module's own key, each action of
a rule, for an SA alone and for the second SA of a pair. All of the table is
tried; rule() says what must come of each. The judge is ip(8)'s error and the key
that `ip xfrm state` shows."""
import collections
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

NOKEY = "Required key not available"
REJECTED = "Key was rejected by service"
TIMEOUT = "Connection timed out"
REVOKED = "Key has been revoked"
NOBUFS = "No buffer space available"
ACTIONS = ("reject", "manager", "keep")
ALONE, OF_DICTATED, OF_KEPT = "alone", "mate of a dictated SA", "mate of a kept SA"
#: Milliseconds: for what is to be missed, and for what is not, however slow the machine is
SHORT, LONG = 150, 10000
USED = b"a key of another SA!"
SECRET = bytes(range(1, 33))

#: A way to get no key. does(managers, flags) makes it happen; error is what the
#: creator of the SA is told; answers: what is said of the keying module's own key
#: counts; last: it is a failure of one who is asked, after others have failed.
Failure = collections.namedtuple("Failure", "name error does answers last attrs timeout")


def failure(name, error, does, answers=False, last=True, attrs=None, timeout=LONG):
    return Failure(name, error, does, answers, last, attrs or {}, timeout)


def rule(fail, said, action, place):
    """What must come of it: the error, or "kept". said: what was said of the keying
    module's own key (True: it may be used), by each who answered, in order."""
    if place == OF_KEPT:
        return NOKEY if action == "reject" else "kept"
    keep = action == "keep" or (action == "manager" and bool(said) and said[-1])
    if keep and place != OF_DICTATED:
        return "kept"
    others_failed_last = said and not fail.last
    return REJECTED if others_failed_last else fail.error


# --- Ways to get no key ---------------------------------------------------------------

def nothing(managers, flags):
    """Nobody there, or nobody who is asked"""


def does_not_bid(managers, flags):
    managers.tia.bid(managers.first_question(), False)


def bids_nothing(managers, flags):
    managers.tia.bid(managers.first_question(), True, 0)


def cannot(managers, flags):
    managers.tia.cannot(managers.tia.question(), **flags)


def unusable(err, key):
    def does(managers, flags):
        question = managers.tia.question()
        try:
            managers.tia.answer(question, key, **flags)
            managers.told.append(0)
        except nl.NlError as e:
            managers.told.append(e.errno)
        managers.should_be_told.append(err)
    return does


def silent(managers, flags):
    managers.tia.question()


def dies(managers, flags):
    managers.tia.question()
    managers.tia.close()
    managers.tia = None


FAILURES = (
    failure("no manager", NOKEY, nothing),
    failure("nobody bids", NOKEY, does_not_bid, last=False),
    failure("nobody bids more than 0", NOKEY, bids_nothing, last=False),
    failure("cannot", REJECTED, cannot, answers=True),
    failure("key of the wrong length", REJECTED, unusable(errno.EINVAL, bytes(19)), answers=True),
    failure("key of zeros", REJECTED, unusable(errno.EKEYREJECTED, bytes(20)), answers=True),
    failure("used key", REJECTED, unusable(errno.EKEYREJECTED, USED), answers=True),
    # Who comes after another one has what it asked for: a second.
    failure("no answer in time", TIMEOUT, silent, attrs={"timeout_hint": 1}, timeout=SHORT),
    failure("death", REVOKED, dies),
    failure("full socket", NOBUFS, nothing),
    failure("stalled", TIMEOUT, nothing, last=False),
)


# --- Who is registered -----------------------------------------------------------------

class Managers:
    """The one that fails, and one that says "cannot" before it if there was something
    said before."""

    def __init__(self, fail, before):
        self.fail, self.before = fail, before
        self.tia = self.talker = None
        self.told, self.should_be_told = [], []
        self.ready()
        if before is not None:
            self.talker = nl.Tia(1, weight=9)

    def ready(self):
        """The one that fails is there, and as it must be to do so."""
        if self.fail.name == "no manager" or (self.tia and self.fail.name != "no answer in time"):
            return
        if self.tia:
            self.tia.dump("request-get")    # it is heard, and so not stalled
            return
        attrs = dict(self.fail.attrs)
        if self.before is not None and self.fail.last:
            attrs["weight"] = 5
        self.tia = nl.Tia(2, **attrs)
        if self.fail.name == "full socket":
            self.fill()
        if self.fail.name == "stalled":
            self.stall()

    def fill(self):
        """Events that it does not read, more than its socket takes"""
        self.tia.sock.setsockopt(nl.socket.SOL_SOCKET, nl.socket.SO_RCVBUF, 2304)
        self.tia.join("monitor")
        for _ in range(3):
            with guest.rule(admin, priority=99):
                pass

    def stall(self):
        with guest.rule(admin, dictate="any", timeout=10):
            xfrm.newsa(new_number())
        guest.wait_until(lambda: self.tia.stats().get("stalled"), "a manager has stalled")

    def first_question(self):
        """With one candidate the question for a bid and for keys are one."""
        return self.tia.question(op="check" if self.talker else "dictate")

    def speak_before(self):
        if self.talker:
            flags = {"keying_module_gen_key": True} if self.before else {}
            self.talker.cannot(self.talker.question(), status=3, **flags)

    def timeout(self):
        return LONG if self.talker else self.fail.timeout

    def close(self):
        for tia in (self.tia, self.talker):
            if tia:
                tia.close()


# --- One cell of the table ----------------------------------------------------------------

guest.setup()
guest.add(0xfff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
_number = 0x1000


def new_number():
    """For an SPI, and for the reqid that makes a pair of two"""
    global _number
    _number += 1
    return _number


def questions():
    return admin.call("stats-get")[0]["questions"]


def first_sas(n):
    """First SAs of n pairs each, as reqids: dictated, and kept."""
    firsts = {OF_DICTATED: [new_number() for _ in range(n)],
              OF_KEPT: [new_number() for _ in range(n)]}
    keyer = nl.Tia(3)
    keyer.call("secret-set", {"number": 1, "secret": SECRET})
    with guest.rule(admin, dictate="any"):
        made = [xfrm.newsa(n, src="10.1.0.2", dst="10.1.0.1", reqid=n)[0] for n in firsts[OF_DICTATED]]
    keyer.close()
    with guest.rule(admin, dictate="any", on_failure="keep"):
        made += [xfrm.newsa(n, src="10.1.0.2", dst="10.1.0.1", reqid=n)[0] for n in firsts[OF_KEPT]]
    keys = guest.installed()
    kept = [keys.get(n) == guest.IKE_KEY for n in firsts[OF_DICTATED] + firsts[OF_KEPT]]
    tap.is_((made, kept), ([0] * 2 * n, [False] * n + [True] * n),
            f"{n} first SAs are dictated, {n} are kept")
    return firsts


def create(managers, flags, number, reqid, place):
    """An SA, and what the managers do about it; the error in words"""
    if place == OF_KEPT:
        err = xfrm.newsa(number, reqid=reqid)[0]
        return os.strerror(err) if err else ""
    creator = guest.Creator(number, reqid=reqid)
    if not managers.fail.last:
        managers.fail.does(managers, flags)
    managers.speak_before()
    if managers.fail.last:
        managers.fail.does(managers, flags)
    return creator.errno_text()


def cells(fail, said, firsts):
    """The part of the table with this failure and these words: a dictionary, place
    and action to SPI and error."""
    own = said[-1:] if fail.answers else ()
    before = said[:len(said) - len(own)]
    flags = {"keying_module_gen_key": True} if own == (True,) else {}
    managers = Managers(fail, before[0] if before else None)
    errors, asked = {}, 0
    for place in (ALONE, OF_DICTATED, OF_KEPT):
        for action in ACTIONS:
            number = new_number()
            reqid = firsts[place].pop() if place in firsts else number
            managers.ready()
            asked_before = questions() if place == OF_KEPT else 0
            with guest.rule(admin, dictate="any", on_failure=action, timeout=managers.timeout()):
                errors[place, action] = number, create(managers, flags, number, reqid, place)
            asked += questions() - asked_before if place == OF_KEPT else 0
    managers.close()
    tap.is_(asked, 0, f"{fail.name}, {words(fail, said)}: nobody is asked about the mate of a kept SA")
    tap.is_(managers.told, managers.should_be_told,
            f"{fail.name}, {words(fail, said)}: the manager is told so")
    return errors


def words(fail, said):
    """said, in words"""
    names = {True: "gen-key present", False: "gen-key absent"}
    if not said:
        return "nothing said"
    if not fail.answers:
        return names[said[0]] + " before"
    return names[said[-1]] + "".join(f", {names[flag][8:]} before" for flag in said[:-1])


def table(fail):
    sayings = [(False,), (True,)]
    if fail.name == "no manager":
        sayings = [()]
    elif fail.answers:
        sayings += [(True, False), (False, True)]
    else:
        sayings += [()]
    firsts = first_sas(len(sayings) * len(ACTIONS))
    made = {said: cells(fail, said, firsts) for said in sayings}
    keys = guest.installed()
    names = {None: "", guest.IKE_KEY: "kept"}
    for said, errors in made.items():
        for (place, action), (number, error) in errors.items():
            key = names.get(keys.get(number), "another key")
            got = f"{error}, but {key}" if error and key else error or key
            tap.is_(got, rule(fail, said, action, place),
                    f"{fail.name}, {words(fail, said)}, on-failure {action}, {place}")
    guest.flush()


with guest.rule(admin, dictate="any"):
    tia = nl.Tia(1)
    creator = guest.Creator(0xffe)
    tia.answer(tia.question(), USED)
    tap.is_(creator.errno_text(), "", "a key is used")
    tia.close()
for f in FAILURES:
    table(f)
tap.is_(admin.dump("manager-get"), [], "no manager is left")
tap.is_(admin.call("stats-get")[0]["pending"], 0, "nobody waits")
tap.done()
