#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 240
"""Network and user namespaces: what is in one is nobody's business in another; the root of
a container has no say, unless the module's parameter gives it one, and then over its own
namespace only; a namespace that goes takes all with it. The judges are ip(8) and the keys
that `ip xfrm state` shows."""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

EPERM, ENOSPC = 1, 28
MAX_MANAGERS, MAX_POLICIES = 32, 256
KEY = bytes(range(1, 21))


def key_for(spi):
    return spi.to_bytes(4, "big") * 5


# --- What runs in a container ------------------------------------------------------------------

def error_of(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (nl.NlError, OSError) as e:
        return e.errno
    return 0


def contained(host_socket=None):
    """As root of user and network namespaces of its own: what does it get to do? host_socket:
    one of the host's network namespace that it was handed."""
    found = {}
    socket = nl.Kmtia()
    found["rule"] = error_of(socket.call, "rule-add", {"priority": 10, "dictate": "any", "timeout": 10000})
    found["rules"] = error_of(socket.dump, "rule-get")
    found["sas"] = error_of(socket.dump, "sa-get")
    found["join"] = error_of(socket.join, "monitor")
    tia = nl.Tia(1, register=False)
    found["manager"] = error_of(tia.call, "manager-add", {"uuid": tia.uuid, "name": "inside", "flags": 3})
    guest.sh("ip link set lo up")
    creator = guest.Creator(0x2001)
    if not found["manager"] and not found["rule"]:
        question = tia.question()
        tia.answer(question, KEY)
    found["creator"] = creator.errno_text()
    found["key"] = (guest.installed(0x2001) or b"").hex()
    if host_socket:
        socket.sock.close()
        socket.sock = host_socket
        found["host rule"] = error_of(socket.call, "rule-add", {"priority": 11, "notify": "any"})
        found["host rules"] = error_of(socket.dump, "rule-get")
        found["host flush"] = error_of(socket.call, "rule-flush")
        found["host manager"] = error_of(socket.call, "manager-add",
                                         {"uuid": nl.uuid(7), "name": "outside", "flags": 3})
    print(json.dumps(found))


if sys.argv[1:2] == ["contained"]:
    # Opened by the host's root, in the host's namespace, and inherited
    handed = nl.socket.socket(fileno=int(sys.argv[2])) if len(sys.argv) > 2 else None
    contained(handed)
    sys.exit()


def container(host_socket=None):
    """What contained() finds"""
    words = ["unshare", "--user", "--map-root-user", "--net", sys.executable, os.path.abspath(__file__),
             "contained"]
    fds = ()
    if host_socket:
        words.append(str(host_socket.sock.fileno()))
        fds = (host_socket.sock.fileno(),)
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, pass_fds=fds, timeout=60)
    return json.loads(done.stdout.splitlines()[-1])


def inhabitant():
    """Lives in a namespace c: a manager, rules, SAs, one that waits"""
    guest.enter("c")
    guest.sh("ip link set lo up")
    admin, mine = nl.Kmtia(), nl.Tia(1)
    admin.call("rule-add", {"priority": 10, "dictate": "any", "notify": "any", "timeout": 10000})
    for n in range(20):
        creator = guest.Creator(0x3001 + n)
        mine.answer(mine.question(), key_for(0x3001 + n))
        creator.wait()
    guest.Creator(0x3100)
    mine.question()
    print("ready", flush=True)
    signal.pause()


if sys.argv[1:2] == ["inhabitant"]:
    inhabitant()
    sys.exit()

# --- Network namespaces ---------------------------------------------------------------------------

guest.setup()
guest.add(0x77)
guest.flush()
here, tia = nl.Kmtia(), nl.Tia(1)
guest.enter("b")
there, other = nl.Kmtia(), nl.Tia(2)
guest.enter("a")
here.call("rule-add", {"priority": 10, "dictate": "any", "notify": "any", "timeout": 10000})
here.call("manager-policy-set", {"uuid": nl.uuid(5), "uid": 1000, "flags": 3})
tap.is_([m["name"] for m in there.dump("manager-get")], ["tia2"], "b does not list a's managers")
tap.is_(there.dump("rule-get"), [], "nor its rules")
tap.is_(there.dump("manager-policy-get"), [], "nor its policy")
tap.raises(2, ".", "nor may it unregister one", there.call, "manager-del", {"uuid": tia.uuid})
creator = guest.Creator(0x1001)
question = tia.question()
tap.raises(2, "not open", "nor answer for one", other.answer, question, KEY)
tia.answer(question, key_for(0x1001))
tap.is_((creator.errno_text(), guest.installed(0x1001)), ("", key_for(0x1001)), "an SA in a is dictated by a's")
tap.is_(there.dump("sa-get"), [], "b does not list it")
guest.enter("b")
asked = other.stats()["questions"]
tap.is_((guest.add(0x1002), guest.installed(0x1002)), ("", guest.IKE_KEY), "an SA in b falls under no rule of a")
tap.is_((tia.recv(0.2) or {}).get("event"), "new", "a's manager hears of a's SA")
tap.is_(tia.recv(0.3), None, "and of no other")
there.call("rule-add", {"priority": 10, "dictate": "any", "timeout": 10000})
creator = guest.Creator(0x1001)
other.answer(other.question(), key_for(0x1001))
tap.is_((creator.errno_text(), guest.installed(0x1001)), ("", key_for(0x1001)),
        "what was given away in one namespace another does not know")
there.call("rule-flush")
guest.enter("a")
tap.is_([r["priority"] for r in here.dump("rule-get")], [10], "b's flush of its rules leaves a's")
tap.is_([m["sa"]["spi"] for m in here.dump("sa-get")], [0x1001], "and its SAs")

# --- Limits -----------------------------------------------------------------------------------------

keep = []


def register(n):
    socket = nl.Kmtia()
    keep.append(socket)
    return error_of(socket.call, "manager-add", {"uuid": nl.uuid(100 + n), "name": f"m{n}", "flags": 2})


results = [register(n) for n in range(MAX_MANAGERS)]
tap.is_((results.count(0), set(results)), (MAX_MANAGERS - 1, {0, ENOSPC}),
        "a namespace holds 32 managers, and the next is refused")
guest.enter("b")
tap.is_(register(90), 0, "another has room")
guest.enter("a")
for socket in keep:
    socket.close()
errors = [error_of(here.call, "manager-policy-set",
                   {"uuid": nl.uuid(1000 + n), "uid": 1, "flags": 3}) for n in range(MAX_POLICIES)]
tap.is_((errors.count(0), errors[-1]), (MAX_POLICIES - 1, ENOSPC), "256 statements of policy")
here.call("rule-flush")

# --- A namespace that goes, with all that is in it --------------------------------------------------------


def slab(name):
    """Objects in use in a slab. Free ones that a CPU keeps count until it gives them back."""
    with open(f"/sys/kernel/slab/{name}/shrink", "w", encoding="ascii") as f:
        f.write("1")
    with open("/proc/slabinfo", encoding="ascii") as f:
        found = re.search(rf"^{name}\s+(\d+)", f.read(), re.M)
    return int(found[1]) if found else 0


tap.is_(guest.sh("ip xfrm state flush"), "", "SAs are flushed")
guest.wait_until(lambda: nl.Kmtia().call("stats-get")[0]["live"] == 0, "none is tracked")
guest.sh("ip netns add c")
with subprocess.Popen([sys.executable, os.path.abspath(__file__), "inhabitant"], stdout=subprocess.PIPE,
                      universal_newlines=True, start_new_session=True) as child:
    tap.is_(child.stdout.readline().strip(), "ready", "c has a manager, a rule, twenty SAs, and one that waits")
    before = slab("kmtia_sa")
    tap.ok(before >= 20, "which are in memory", before)
    guest.sh("ip netns del c")
    os.killpg(child.pid, signal.SIGKILL)
guest.wait_until(lambda: slab("kmtia_sa") <= before - 20 and not slab("kmtia_request"),
                 "all of it is freed when c goes", 30)
tap.ok(True, "all of it is freed when c goes")
tap.is_([m["name"] for m in here.dump("manager-get")], ["tia1"], "a's is as it was")

# --- User namespaces ------------------------------------------------------------------------------------------

here.call("rule-add", {"priority": 10, "dictate": "any", "timeout": 10000})
found = container()
tap.is_({k: v for k, v in found.items() if isinstance(v, int)},
        {"rule": EPERM, "rules": EPERM, "sas": EPERM, "manager": EPERM, "join": 0},
        "a container's root may do nothing with its namespace but listen to its events")
tap.is_((found["creator"], found["key"]), ("", guest.IKE_KEY.hex()), "its SAs are its own affair")
here.call("rule-flush")
tia.close()
other.close()
guest.sh("rmmod kmtia")
guest.module_load("userns=1")
here = nl.Kmtia()
here.call("rule-add", {"priority": 10, "dictate": "any", "timeout": 10000})
found = container()
tap.is_({k: v for k, v in found.items() if k in ("rule", "rules", "sas", "manager")},
        {"rule": 0, "rules": 0, "sas": 0, "manager": 0}, "userns=1: it administers its namespace")
tap.is_((found["creator"], found["key"]), ("", KEY.hex()), "userns=1: and dictates there")
tap.is_([r["priority"] for r in here.dump("rule-get")], [10], "userns=1: that made no rule in the host")
found = container(nl.Kmtia())
tap.is_({k: v for k, v in found.items() if k.startswith("host")},
        {"host rule": EPERM, "host rules": EPERM, "host flush": EPERM, "host manager": EPERM},
        "userns=1: with a socket of the host's it may do nothing to the host")
tap.is_([r["priority"] for r in here.dump("rule-get")], [10], "userns=1: the host's rules are as they were")
here.call("rule-flush")
guest.sh("rmmod kmtia")
tap.ok(not os.path.exists("/sys/module/kmtia"), "the module unloads")
tap.done()
