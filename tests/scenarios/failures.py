#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""What happens when things go wrong: each row of the table of failures for one
dictating manager, under each failure action. The judge is ip(8)'s error and the
key that `ip xfrm state` shows."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

guest.setup()
guest.add(0x2fff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
monitor = nl.Kmtia()
monitor.join("monitor")
spi = 0x3000
NOKEY = "Required key not available"
REJECTED = "Key was rejected by service"
TIMEOUT = "Connection timed out"
REVOKED = "Key has been revoked"
NOBUFS = "No buffer space available"
CANCELED = "Operation canceled"


def new_spi():
    global spi
    spi += 1
    return spi


def key_for(number):
    return number.to_bytes(4, "big") * 5


def rule(**attrs):
    return guest.rule(admin, dictate="any", **attrs)


def outcome(creator, number):
    """'' and whose key, or the error's text."""
    text = creator.errno_text()
    key = guest.installed(number)
    if text:
        return text if key is None else f"{text}, but installed"
    return {guest.IKE_KEY: "kept", key_for(number): "dictated"}.get(key, f"key {key}")


def run(action, behave, name, expected, **attrs):
    """An SA under a rule with that action; behave(creator, spi) is the TIA."""
    number = new_spi()
    with rule(on_failure=action, **attrs):
        creator = guest.Creator(number)
        behave(creator, number)
        tap.is_(outcome(creator, number), expected, f"{name}, on-failure {action}")
    return creator


# --- Nobody there -------------------------------------------------------------------

for action, expected in (("reject", NOKEY), ("manager", NOKEY), ("keep", "kept")):
    c = run(action, lambda c, n: None, "no manager", expected, timeout=10000)
    tap.ok(c.took < 5, f"no manager, on-failure {action}: at once", f"{c.took:.3f} s")
event = monitor.expect("monitor-ntf", event="failed")
tap.is_((event["rule"], event["errno"], event["sa"]["spi"]), (10, 126, 0x3001),
        "the monitor names rule, error and SA")
tap.like(guest.kernel_log(),
         r"kmtia: refused esp SA spi 0x00003001 src 10.1.0.1 dst 10.1.0.2: rule 10: no key manager",
         "so does the kernel's log")

watcher = nl.Tia(8, flags=2)
run("reject", lambda c, n: None, "only a manager that does not dictate", NOKEY)
watcher.close()

# --- One manager that answers ------------------------------------------------------------

tia = nl.Tia(1)
for action in ("reject", "manager", "keep"):
    run(action, lambda c, n: tia.answer(tia.question(), key_for(n)), "keys", "dictated")

for action, expected in (("reject", NOKEY), ("manager", NOKEY), ("keep", "kept")):
    run(action, lambda c, n: tia.bid(tia.question(), False), "does not bid", expected)
    run(action, lambda c, n: tia.bid(tia.question(), True, 0), "bids 0", expected)

for action, gen_key, expected in (("reject", False, REJECTED), ("reject", True, REJECTED),
                                  ("manager", False, REJECTED), ("manager", True, "kept"),
                                  ("keep", False, "kept"), ("keep", True, "kept")):
    flag = {"keying_module_gen_key": True} if gen_key else {}

    def refuse(c, n):
        tia.cannot(tia.question(), status=42, text="no key\nleft", **flag)

    def unusable(c, n):
        try:
            tia.answer(tia.question(), bytes(20), **flag)
        except nl.NlError:
            pass

    run(action, refuse, f"cannot, gen-key {gen_key}", expected)
    run(action, unusable, f"unusable key, gen-key {gen_key}", expected)
event = monitor.expect("monitor-ntf", event="failed", status=42)
tap.like(event["text"], r"'tia1' has no keys \(42\): no key\?left",
         "the manager's reason is in the event, fit for a log")

# --- A manager that does not answer ---------------------------------------------------------

LIMIT = 400
late = {}
c = run("reject", lambda c, n: late.update(q=tia.question(), spi=n), "silence", TIMEOUT, timeout=LIMIT)
tap.ok(LIMIT / 1000 <= c.took < LIMIT / 1000 + 4, "silence: refused after the rule's timeout",
       f"{c.took:.3f} s")
monitor.expect("monitor-ntf", event="stalled", manager=tia.uuid)
tap.ok(tia.stats().get("stalled"), "the manager has stalled")
asked = tia.stats()["questions"]
c = run("reject", lambda c, n: None, "stalled", TIMEOUT, timeout=10000)
tap.ok(c.took < 5, "stalled: the next is refused at once", f"{c.took:.3f} s")
run("manager", lambda c, n: None, "stalled", TIMEOUT, timeout=10000)
run("keep", lambda c, n: None, "stalled", "kept", timeout=10000)
tap.is_(tia.stats()["questions"], asked, "stalled: it is not asked")
tap.raises(2, "not open", "a late answer is refused", tia.answer, late["q"], key_for(late["spi"]))
tap.is_(guest.installed(late["spi"]), None, "and makes no SA")
tap.ok(not tia.stats().get("stalled"), "but the manager was heard")
monitor.expect("monitor-ntf", event="recovered", manager=tia.uuid)
run("reject", lambda c, n: tia.answer(tia.question(), key_for(n)), "recovered", "dictated")

hasty = nl.Tia(2, timeout_hint=1)
with guest.rule(admin, dictate="named", dictate_manager=hasty.uuid, timeout=10000):
    number = new_spi()
    c = guest.Creator(number)
    question = hasty.question()
    tap.ok(900 <= question["timeout"] <= 1000, "the question says how long", question["timeout"])
    tap.is_(outcome(c, number), TIMEOUT, "the manager's own hint shortens the rule's timeout")
    tap.ok(1 <= c.took < 5, "to its seconds", f"{c.took:.3f} s")
hasty.close()

# --- Others are not delayed by one that waits -----------------------------------------------------

with rule(timeout=10000):
    number = new_spi()
    c = guest.Creator(number)
    question = tia.question()
    start = time.monotonic()
    guest.sh("ip xfrm state list; ip xfrm policy list")
    guest.sh("ip xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out action allow")
    guest.sh("ip xfrm policy delete src 10.9.0.1 dst 10.9.0.2 dir out")
    took = time.monotonic() - start
    tap.ok(not c.done(), "an SA waits for its answer")
    tap.ok(took < 5, "meanwhile ip xfrm lists, adds and deletes in the same namespace", f"{took:.3f} s")
    other = new_spi()
    c2 = guest.Creator(other)
    question2 = tia.question()
    tap.is_(nl.Kmtia().call("stats-get")[0]["pending"], 2, "two SAs wait at a time")
    tia.answer(question2, key_for(other))
    tap.is_(outcome(c2, other), "dictated", "the second is answered first")
    tia.answer(question, key_for(number))
    tap.is_(outcome(c, number), "dictated", "then the first")

# --- A manager that dies -------------------------------------------------------------------------

for action, expected in (("reject", REVOKED), ("manager", REVOKED), ("keep", "kept")):
    mortal = nl.Tia(3)
    number = new_spi()
    with guest.rule(admin, dictate="named", dictate_manager=mortal.uuid, on_failure=action,
                    timeout=10000):
        c = guest.Creator(number)
        mortal.question()
        closed = time.monotonic()
        mortal.close()
        tap.is_(outcome(c, number), expected, f"closes its socket, on-failure {action}")
        tap.ok(time.monotonic() - closed < 5, f"closes its socket, on-failure {action}: at once")
        tap.is_(outcome(guest.Creator(number + 0x1000), number + 0x1000),
                NOKEY if action != "keep" else "kept", f"and is gone, on-failure {action}")

mortal = nl.Tia(3)
with guest.rule(admin, dictate="named", dictate_manager=mortal.uuid, timeout=10000):
    number = new_spi()
    c = guest.Creator(number)
    q = mortal.question()
    admin.call("manager-del", {"uuid": mortal.uuid})
    tap.is_(outcome(c, number), REVOKED, "an administrator unregisters it")
    tap.raises(2, "not open", "its answer comes too late", mortal.answer, q, key_for(number))
    tap.is_(mortal.stats(), None, "it is not listed any more")
mortal.close()

# --- A manager that does not read ------------------------------------------------------------------

deaf = nl.Tia(4, rcvbuf=2304)
with guest.rule(admin, dictate="named", dictate_manager=deaf.uuid, timeout=300):
    texts = []
    for _ in range(40):
        texts.append(guest.add(new_spi()))
        if texts[-1] == NOBUFS:
            break
        # Stalled managers are skipped; one that is heard again is not.
        deaf.post("check-reply", {"id": 1, "will-dictate": 0})
    tap.ok(NOBUFS in texts, "a manager whose socket is full", texts)
    tap.is_(set(texts) - {NOBUFS}, {TIMEOUT}, "was silent before")
deaf.close()

# --- A creator that dies -----------------------------------------------------------------------------

with rule(timeout=10000):
    number = new_spi()
    c = guest.Creator(number)
    question = tia.question()
    start = time.monotonic()
    c.kill(signal.SIGKILL)
    c.wait()
    tap.ok(time.monotonic() - start < 5, "a creator that waits can be killed")
    tap.raises(2, "not open", "its question is withdrawn", tia.answer, question, key_for(number))
    tap.is_(guest.installed(number), None, "and nothing installed")
    c = guest.Creator(number)
    tia.question()
    c.kill(signal.SIGTERM)
    tap.is_(c.wait()[0], -signal.SIGTERM, "any signal that ends it will do")

# --- SAs flushed meanwhile -----------------------------------------------------------------------------

for action in ("reject", "keep"):
    with rule(timeout=10000, on_failure=action):
        number = new_spi()
        c = guest.Creator(number)
        question = tia.question()
        # Something must be there, or XFRM does not say that it flushed.
        c2 = guest.Creator(0x77)
        q2 = tia.question()
        tia.answer(q2, key_for(q2["sa"]["spi"] + number))
        guest.wait_until(lambda: 0x77 in guest.installed(), "an SA is there")
        guest.flush()
        tia.answer(question, key_for(number))
        tap.is_(outcome(c, number), CANCELED, f"SAs flushed while waiting, on-failure {action}")

# --- The same key for two SAs that are made at a time -----------------------------------------------------

with rule(timeout=10000):
    numbers = [new_spi(), new_spi()]
    creators = [guest.Creator(n) for n in numbers]
    questions = [tia.question() for _ in creators]
    for question in questions:
        try:
            tia.answer(question, key_for(0x7777))
        except nl.NlError as e:
            tap.is_(e.errno, 129, "the second is refused to the manager")
    tap.is_(sorted(c.errno_text() for c in creators), ["", REJECTED], "one gets the key, the other is refused")
    tap.is_(sorted(k == key_for(0x7777) for n, k in guest.installed().items() if n in numbers), [True],
            "one has it")

# --- The two SAs of a pair -----------------------------------------------------------------------------------

guest.flush()


def mate_of(first_keyed, reqid):
    """What becomes of the mate, for which there is no key, under a rule that keeps."""
    first, mate = new_spi(), new_spi()
    with rule(on_failure="keep", timeout=10000):
        c = guest.Creator(first, reqid=reqid)
        question = tia.question()
        if first_keyed:
            tia.answer(question, key_for(first))
        else:
            tia.cannot(question)
        tap.is_(outcome(c, first), "dictated" if first_keyed else "kept", f"pair {reqid}: the first SA")
        asked = tia.stats()["questions"]
        c = guest.Creator(mate, reqid=reqid, src="10.1.0.2", dst="10.1.0.1")
        if first_keyed:
            question = tia.question()
            tap.is_(question["mate"]["spi"], first, f"pair {reqid}: the second is its mate")
            tia.cannot(question)
        result = outcome(c, mate)
        tap.is_(tia.stats()["questions"] - asked, int(first_keyed),
                f"pair {reqid}: the second is asked about if the first is dictated")
        return result


tap.is_(mate_of(True, 1), REJECTED, "a dictated SA's mate is not kept")
tap.is_(mate_of(False, 2), "kept", "but a kept one's is")
guest.flush()

# --- SAs that nobody is asked about ----------------------------------------------------------------------

with rule():
    asked = tia.stats()["questions"]
    tap.is_(guest.add(0), "", "an SA without SPI, as for a probe, is made")
    tap.is_(tia.stats()["questions"], asked, "nobody is asked")
    tap.ok(guest.installed(0) not in (None, guest.IKE_KEY), "but its key is nobody's")

# --- What is left ------------------------------------------------------------------------------------------

stats = nl.Kmtia().call("stats-get")[0]
tap.is_(stats["pending"], 0, "nobody waits")
tap.is_(stats["rules"], 0, "no rule")
reasons = sum(v for k, v in stats.items() if k.startswith("fail-"))
tap.is_(stats["refused"], reasons, "each refusal is counted under one reason")
tap.ok(stats["fail-busy"] and stats["fail-timeout"] and stats["fail-died"] and stats["fail-cannot"]
       and stats["fail-unusable"] and stats["fail-other"], "all reasons were seen", dict(stats))
tia.close()
guest.sh("rmmod kmtia")
tap.ok(not os.path.exists("/sys/module/kmtia"), "the module unloads")
tap.done()
