#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""Who is told what about SAs: only managers that a rule lets watch, never keys but
to the one that the rule names, on its own socket, and numbers that betray what
was lost."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

guest.setup()
admin = nl.Kmtia()
KEY = bytes(range(0x30, 0x44))


def keys(message):
    return [s.get("key") for s in message["sa"].get("slot", [])]


watcher = nl.Tia(1, flags=2)
granted = nl.Tia(2, flags=2)
dictator = nl.Tia(3, flags=1)
stranger = nl.Kmtia()

# --- Nobody is told without a rule ---------------------------------------------------------
tap.is_(guest.add(0x4001), "", "no rule: an SA is made")
tap.is_(watcher.recv(0.5), None, "no rule: a watcher is told nothing")
tap.is_(watcher.dump("notify-get"), [], "nor may it fetch anything")
guest.delete(0x4001)

# --- Watched, not dictated ------------------------------------------------------------------
admin.call("rule-add", {"priority": 10, "notify": "any", "keys-manager": granted.uuid})
tap.is_(guest.add(0x4002), "", "watched: an SA is made")
told = watcher.expect("notify", event="new")
sa = told["sa"]
tap.is_((sa["spi"], sa["proto"], sa["family"], sa["daddr"], sa["saddr"], sa["reqid"]),
        (0x4002, 50, 2, bytes([10, 1, 0, 2]), bytes([10, 1, 0, 1]), 1), "a watcher is told which")
tap.is_((sa["origin"], sa["rule"], sa["direction"]), ("none", 10, "out"), "by whom, under what rule")
tap.is_([(s["role"], s["algorithm"], s["bits"], s["icv-bits"]) for s in sa["slot"]],
        [("aead", "rfc4106(gcm(aes))", 160, 128)], "and its algorithms")
tap.is_(told["prev-seq"], 0, "the first has no number before it")
tap.ok("key" not in nl.names(told), "no key is pushed to a watcher")
told = granted.expect("notify", event="new")
tap.ok("key" not in nl.names(told), "nor to the one that may fetch keys")
tap.is_(dictator.recv(0.5), None, "who did not ask to be notified is not")
tap.is_(stranger.recv(0), None, "nor anybody else")
(fetched,) = watcher.dump("notify-get")
tap.is_(keys(fetched), [None], "a watcher without the grant fetches no key")
(fetched,) = granted.dump("notify-get")
tap.is_(keys(fetched), [guest.IKE_KEY], "the one that the rule names does")
tap.is_(fetched["seq"], told["seq"], "under the number of the event")
tap.is_(granted.dump("notify-get", {"from-seq": told["seq"]}), [], "nothing after that number")
tap.raises(1, "^$|registered", "a stranger, root though, may not", stranger.dump, "notify-get")
tap.is_(dictator.dump("notify-get"), [], "nor one that is not to be notified")
(listed,) = admin.dump("sa-get")
tap.ok("key" not in nl.names(listed), "sa-get lists it without its key")
tap.ok(guest.IKE_KEY not in listed.raw, "no key is in that list, in whatever form")
tap.is_(dictator.stats()["questions"], 0, "and nobody was asked")

guest.sh("ip xfrm state update " + guest.sa_args(0x4002, extra="limit packet-hard 100"))
told = watcher.expect("notify", event="update")
tap.is_(told["sa"]["hard-packet-limit"], 100, "a change is told")
last = told["seq"]
guest.delete(0x4002)
told = watcher.expect("notify", event="delete")
tap.is_((told["sa"]["spi"], told["prev-seq"]), (0x4002, last), "the end, with the number before")
tap.is_(watcher.dump("notify-get"), [], "then it is not listed any more")
tap.is_([granted.recv()["event"] for _ in range(2)], ["update", "delete"],
        "all of it was told to the other watcher, too")

# --- Dictated ----------------------------------------------------------------------------------
admin.call("rule-flush")
admin.call("rule-add", {"priority": 10, "dictate": "named", "dictate-manager": dictator.uuid,
                        "notify": "named", "notify-manager": watcher.uuid})
creator = guest.Creator(0x4003)
question = dictator.question()
tap.ok("key" not in nl.names(question), "a question has no key")
tap.ok(guest.IKE_KEY not in question.raw, "no key is in a question, in whatever form")
tap.ok("mate" not in question, "nor a mate, where there is none")
dictator.answer(question, KEY, key_id="k-1", origin="peer")
tap.is_(creator.errno_text(), "", "a dictated SA is made")
told = watcher.expect("notify", event="new")
sa = told["sa"]
tap.is_((sa["origin"], sa["manager"], sa["key-id"]), ("peer", dictator.uuid, "k-1"),
        "who dictated, and what the key is called")
tap.is_(granted.recv(0.3), None, "another watcher than the named is not told")

creator = guest.Creator(0x4004, src="10.1.0.2", dst="10.1.0.1")
question = dictator.question()
tap.is_((question["mate"]["spi"], question["mate"]["direction"]), (0x4003, "out"),
        "the question about the other direction names the mate")
dictator.answer(question, bytes(reversed(KEY)))
creator.wait()
told = watcher.expect("notify", event="new")
tap.is_(told["mate"]["spi"], 0x4003, "so does the notification")
late = nl.Tia(4, flags=2)
tap.is_(late.dump("notify-get"), [], "a late starter that no rule names gets nothing")
tap.is_(sorted(m["sa"]["spi"] for m in watcher.dump("notify-get")), [0x4003, 0x4004],
        "the named one gets all that live")

# --- A manager's own SAs --------------------------------------------------------------------------
# By the very process that registered: an exec keeps the thread group, a fork does not.
result = os.popen(f"""exec 2>&1; python3 -c '
import sys; sys.path.insert(0, "{guest.TOP}/tests/py")
import kmtia_nl as nl, xfrm
t = nl.Tia(5, flags=1)
a = nl.Kmtia()
a.call("rule-add", {{"priority": 5, "dictate": "named", "dictate-manager": t.uuid}})
print(xfrm.newsa(0x4005)[0])
print([m["sa"]["origin"] for m in a.dump("sa-get") if m["sa"]["spi"] == 0x4005])
print(t.stats()["questions"])
a.call("rule-del", {{"priority": 5}})
'""").read().split()
tap.is_(result, ["0", "['own']", "0"], "an SA that the named manager makes is its own business")
tap.is_(guest.installed(0x4005), guest.IKE_KEY, "with its own key")

# --- The grant is for one SA, not for whoever takes its identity ------------------------------------
admin.call("rule-flush")
admin.call("rule-add", {"priority": 10, "notify": "any", "keys-manager": granted.uuid})
guest.add(0x4007)
guest.wait_until(lambda: [m for m in granted.dump("notify-get") if keys(m) == [guest.IKE_KEY]],
                 "the key can be fetched")
admin.call("rule-flush")
with open("/run/batch", "w", encoding="ascii") as f:
    f.write("xfrm state flush\nxfrm state add " + guest.sa_args(0x4007, key=KEY) + "\n")
guest.sh("ip -batch /run/batch")
tap.is_(guest.installed(0x4007), KEY, "flushed, and added again where no rule is")
tap.is_([m for m in granted.dump("notify-get") if guest.IKE_KEY in keys(m) or KEY in keys(m)], [],
        "its key can't be fetched")
guest.wait_until(lambda: not admin.call("stats-get")[0]["live"], "the old one is forgotten")
for tia in (watcher, granted):
    while tia.recv(0.3):
        pass

# --- Flush, expiry --------------------------------------------------------------------------------
guest.add(0x4008)
guest.flush()
told = watcher.expect("notify", event="flush")
tap.is_(told["proto"], 0, "a flush is one message")
guest.wait_until(lambda: not admin.call("stats-get")[0]["live"], "nothing is tracked")
tap.is_(watcher.recv(0.3), None, "and no other")
guest.sh("ip xfrm state flush proto esp")
admin.call("rule-flush")
admin.call("rule-add", {"priority": 10, "notify": "any"})
guest.sh("ip xfrm state add " + guest.sa_args(0x4006, extra="limit time-hard 1"))
told = watcher.expect("notify", event="new")
told = watcher.expect("notify", timeout=15, event="expire")
tap.is_(told["sa"]["spi"], 0x4006, "an expiry is told")

# --- What gets lost is noticed ------------------------------------------------------------------------
deaf = nl.Tia(6, flags=2, rcvbuf=2304)
for i in range(30):
    guest.add(0x5000 + i)
guest.wait_until(lambda: deaf.stats()["dropped"] > 0, "its socket is full")
tap.ok(True, "a watcher that does not read loses notifications")
seqs = []
while True:
    m = deaf.recv(0.2)
    if m is None:
        break
    seqs.append((m["prev-seq"], m["seq"]))
guest.add(0x5100)
m = deaf.expect("notify", event="new")
tap.ok(m["prev-seq"] != seqs[-1][1], "the next number tells", (seqs[-1], m["prev-seq"]))
tap.is_(sorted(m["sa"]["spi"] for m in deaf.dump("notify-get")),
        [0x5000 + i for i in range(30)] + [0x5100], "one listing makes up for all")
tap.is_(len(guest.installed()), 31, "and no SA was held up or lost by it")

# --- Lockdown ------------------------------------------------------------------------------------------
admin.call("rule-flush")
guest.flush()
admin.call("rule-add", {"priority": 10, "notify": "any", "keys-manager": granted.uuid})
guest.add(0x6001)
guest.wait_until(lambda: granted.dump("notify-get"), "the SA is listed")
tap.is_(keys(granted.dump("notify-get")[0]), [guest.IKE_KEY], "before lockdown the key can be fetched")
lockdown = "/sys/kernel/security/lockdown"
with open(lockdown, "w", encoding="ascii") as f:
    f.write("confidentiality")
tap.is_(keys(granted.dump("notify-get")[0]), [None], "under lockdown it can't")
tap.done()
