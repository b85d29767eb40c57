#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""kmtiad and its file of rules and manager policy: at the start, at a reload, when the
module is back, without the right; and what "kmtia rule save" makes of the kernel's."""
import errno
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
from kmtiad import Daemon, check, write

CONF, RULES = "/run/kmtiad.conf", "/run/rules.conf"
UUID = "6b6d7469-6100-4000-8000-000000000061"
OTHER = "6b6d7469-6100-4000-8000-000000000062"
AS_USER = ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups")
guest.setup()
admin = nl.Kmtia()


def conf(with_rules=True):
    write(CONF, (f'rules = "{RULES}"\n' if with_rules else "") +
          f'manager {{ uuid = "{UUID}" name = "gw" flags = "notify" }}\n', 0o644)


def kmtia(*words):
    done = subprocess.run(["kmtia", *words], stdout=subprocess.PIPE, check=True,
                          universal_newlines=True)
    return done.stdout


def shown():
    """All that is in the kernel, but for what counts, as the command shows it"""
    rules = json.loads(kmtia("-j", "rule", "show"))
    for rule in rules:
        del rule["hits"]
    return rules, json.loads(kmtia("-j", "manager", "policy", "show"))


def priorities():
    return [rule["priority"] for rule in admin.dump("rule-get")]


def managers():
    return [m["name"] for m in admin.dump("manager-get")]


#: A rule for each selector and grant, and a statement for each kind of who.
ALL = f"""
# All that there is
rule 10 {{ remote = "10.1.0.0/24" proto = esp dictate = any notify = any on-failure = reject }}
rule 0x20 {{
	local = "fd01::/64"  remote = fd02::/32	// both ends
	proto = ah  direction = in  reqid = 7  if-id = 0x9  mark = "0x10/0xff"
	dictate = "{UUID}"  notify = "{OTHER}"  keys = "{OTHER}"
	on-failure = manager  timeout = 250
}}
rule 40 {{ family = inet6  direction = out  mark = 3 }}
manager-policy {{ uuid = "{UUID}"  uid = 1000  flags = {{"dictate", "notify", "exclusive"}} }}
manager-policy {{ uuid = "{UUID}"  group = root  flags = notify }}
manager-policy {{ uuid = any  gid = 77  flags = {{"notify"}} }}
"""

# --- The start ---------------------------------------------------------------------------

admin.call("rule-add", {"priority": 15, "notify": "any"})
watcher = nl.Kmtia()
watcher.join("monitor")
write(RULES, ALL, 0o644)
conf()
tap.is_(check(CONF), (0, ""), "a good file")
tap.is_(priorities(), [15], "--check-config changes nothing")
daemon = Daemon(CONF)
tap.is_(priorities(), [10, 15, 32, 40], "rules are added, others' stay")
events = []
while not events or events[-1] != "manager-add":
    events.append(watcher.expect("monitor-ntf")["event"])
tap.is_(events, ["policy-set"] * 3 + ["rule-add"] * 3 + ["manager-add"],
        "policy and rules come before the registration")
whole = shown()
tap.is_(whole[1], [{"uuid": UUID, "uid": 1000, "flags": ["dictate", "notify", "exclusive"]},
                   {"uuid": UUID, "gid": 0, "flags": ["notify"]},
                   {"gid": 77, "flags": ["notify"]}], "the manager policy")
tap.is_({k: v for k, v in whole[0][2].items() if k not in ("notify", "dictate")},
        {"priority": 32, "family": "inet6", "local": "fd01::", "local_len": 64, "remote": "fd02::",
         "remote_len": 32, "proto": "ah", "direction": "in", "reqid": 7, "if_id": 9, "mark": 16,
         "mark_mask": 255, "dictate_manager": UUID, "notify_manager": OTHER, "keys_manager": OTHER,
         "on_failure": "manager", "timeout": 250}, "a rule with everything")

# --- What is saved is what was there -------------------------------------------------------

saved = kmtia("rule", "save")
tap.is_(daemon.end(), 0, "kmtiad ends")
tap.is_(shown(), whole, "rules and policy stay")
admin.call("rule-flush")
admin.call("manager-policy-del")
tap.is_(shown(), ([], []), "they are flushed")
write(RULES, saved, 0o644)
daemon = Daemon(CONF)
tap.is_(shown(), whole, "a file that was saved brings all of it back")
tap.is_(kmtia("rule", "save"), saved, "and saved again is the same")

# --- A module that goes and comes back -------------------------------------------------------

# A rule that refuses keeps the module; sockets do not.
admin.call("rule-flush")
guest.bash("module_unload")
daemon.told("STATUS=")
guest.module_load()
admin, watcher = nl.Kmtia(), nl.Kmtia()
watcher.join("monitor")
guest.wait_until(lambda: managers() == ["gw"], "kmtiad registered again", 30)
guest.wait_until(lambda: shown() == whole, "kmtiad has put rules and policy", 30)
tap.ok(True, "a module that was loaded again gets rules and policy again")
while watcher.recv(0):
    pass

# --- Reload ---------------------------------------------------------------------------------

daemon.reload()
tap.is_(watcher.recv(0.5), None, "a reload of the same file changes nothing")
write(RULES, 'rule 10 { remote = "10.1.0.0/24" proto = esp dictate = any timeout = 70 }\n'
             "rule 50 { notify = any }\n"
             'manager-policy { uuid = any gid = 77 flags = {"notify", "dictate"} }\n', 0o644)
daemon.reload()
events = []
while len(events) < 8:
    event = watcher.expect("monitor-ntf")
    events.append((event["event"], event.get("rule")))
tap.is_(events, [("policy-set", None), ("rule-replace", 10), ("rule-add", 50), ("rule-del", 15),
                 ("rule-del", 32), ("rule-del", 40), ("policy-del", None), ("policy-del", None)],
        "what differs is replaced in place, what the file has no more is deleted after that")
tap.is_(watcher.recv(0.5), None, "and nothing else")
rules, policy = shown()
tap.is_([(r["priority"], r["timeout"]) for r in rules if "timeout" in r], [(10, 70)],
        "the rule is the new one")
tap.is_(policy, [{"gid": 77, "flags": ["dictate", "notify"]}], "and so is the policy")

admin.call("rule-add", {"priority": 60, "notify": "any"})
kmtia("rule", "replace", "priority", "50", "dictate", "none", "reqid", "5")
write(RULES, "rule 60 { reqid = 3 notify = any }\n", 0o644)
daemon.reload()
tap.is_([(r["priority"], r.get("reqid")) for r in admin.dump("rule-get")], [(50, 5), (60, 3)],
        "a rule of ours that somebody changed is his; a priority of the file is the file's")
tap.like(daemon.words(), "rule 60 was not as /run/rules.conf says; replacing it", "which is logged")

# --- Bad files ------------------------------------------------------------------------------

before = shown()
for text, regex in (("\nrule 1 { colour = red }\n", r":2: no such option"),
                    ("rule 1 { }\nrule 70 {\n remote = 10.1.0.1/24\n}\n", r":3: remote: .*host bits"),
                    ("rule ten { }\n", r":1: rule: .*priority"),
                    ("rule 1 {\n on-failure = keep\n}\n", r":2: on-failure: .*nobody dictates"),
                    ("\n\nmanager-policy { uuid = any uid = 5 flags = watch }\n", r":3: flags: "),
                    ("manager-policy { uuid = any user = nosuchuser flags = notify }\n",
                     r":1: user: .*no user")):
    write(RULES, text, 0o644)
    code, words = check(CONF)
    tap.is_(code, 2, f"a bad file {text.strip()!r}: exit status 2")
    tap.like(words, "^" + RULES + regex, "with file, line and reason")
    daemon.reload()
    tap.like(daemon.words(), RULES + regex, "the log has them, too")
    tap.is_(shown(), before, "and all is as it was")
write(RULES, "rule 1 { }\n", 0o666)
tap.is_(check(CONF)[0], 2, "a file that others may write")
os.unlink(RULES)
tap.is_(check(CONF)[0], 2, "a file that there is not")
daemon.reload()
tap.is_(shown(), before, "changes nothing")
conf(with_rules=False)
daemon.reload()
tap.is_(shown(), before, "without the option the rules are left alone")
tap.is_(daemon.end(), 0, "kmtiad ends")
tap.is_(shown(), before, "and its rules stay")

# --- Without the right ----------------------------------------------------------------------

admin.call("rule-flush")
admin.call("manager-policy-set", {"uid": 1000, "flags": 2})
daemon = Daemon(CONF, prefix=AS_USER)
tap.is_([(m["name"], m["uid"]) for m in admin.dump("manager-get")], [("gw", 1000)],
        "a user whom the policy names runs kmtiad")
write(RULES, "rule 10 { dictate = any }\n", 0o644)
conf()
daemon.reload()
tap.like(daemon.words(), "cannot set the rules of /run/rules.conf: .*CAP_NET_ADMIN",
         "a reload with rules: the log says what is missing")
tap.is_((daemon.process.poll(), managers(), priorities()), (None, ["gw"], []),
        "kmtiad goes on, registered, without them")
tap.is_(daemon.end(), 0, "until it is ended")
daemon = Daemon(CONF, prefix=AS_USER, await_ready=False)
tap.is_(daemon.process.wait(20), 1, "a start with rules fails")
tap.like(daemon.words(), "cannot set the rules of /run/rules.conf: .*CAP_NET_ADMIN", "and says why")
admin.call("manager-policy-del")
conf(with_rules=False)
daemon = Daemon(CONF, prefix=AS_USER, await_ready=False)
tap.is_(daemon.process.wait(20), 1, "nor does it start where nobody is named")
tap.like(daemon.words(), "cannot register: .*CAP_NET_ADMIN or a manager policy", "which it says")

# --- After kmtiad -----------------------------------------------------------------------------

conf()
daemon = Daemon(CONF)
daemon.end(signal.SIGKILL)
guest.wait_until(lambda: not managers(), "kmtiad is gone")
tap.is_(guest.add(0x1001), os.strerror(errno.ENOKEY), "its rule refuses an SA that nobody keys")
admin.call("rule-flush")
admin.close()
watcher.close()
guest.bash("module_unload")
tap.done()
