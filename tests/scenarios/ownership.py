#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""A key manager is the socket that registered it: whoever holds that socket answers
and fetches, nobody else does, and no privilege makes up for it. An administrator
may end a registration, and is audited."""
import errno
import os
import re
import signal
import socket
import struct
import sys
import uuid

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

REVOKED = "Key has been revoked"
SECRET = bytes(range(0x51, 0x71))
_spi = 0xb000


def new_spi():
    global _spi
    _spi += 1
    return _spi


def key_for(number):
    return b"\xb0" + number.to_bytes(3, "big") * 6 + b"k"


def in_child(function):
    """What function() returns in another process, as root; a string"""
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(to_parent, str(function()).encode())
        os._exit(0)
    os.close(to_parent)
    with os.fdopen(from_child) as f:
        text = f.read()
    os.waitpid(pid, 0)
    return text


def attempt(sock, op, attrs=(), dump=False):
    """The errno, or 0"""
    try:
        sock.call(op, attrs, dump=dump)
        return 0
    except nl.NlError as e:
        return e.errno


def adopt(sock, n):
    """A key manager on a socket that another process registered"""
    tia = nl.Tia(n, register=False)
    tia.sock.close()
    tia.sock, tia.seq = sock, 1000
    return tia


def live_keys(tia):
    return {m["sa"]["spi"]: [s.get("key") for s in m["sa"]["slot"]] for m in tia.dump("notify-get")}


guest.setup()
guest.add(0x8fff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
monitor = nl.Kmtia()
monitor.join("monitor")

# --- Another socket ----------------------------------------------------------------------

tia = nl.Tia(1)
with guest.rule(admin, dictate="any", notify="any", keys_manager=tia.uuid, timeout=10000):
    number = new_spi()
    creator = guest.Creator(number)
    question = tia.question()

    def intrude():
        """All that root might try with a socket of its own, and with one that is
        registered as another manager"""
        results = []
        for sock in (nl.Kmtia(), nl.Tia(2)):
            answer = {"id": question["id"], "slot": [{"role": "aead", "key": b"x" * 20}]}
            results += [attempt(sock, "dictate-reply", answer),
                        attempt(sock, "dictate-reply", {"id": question["id"], "status": 1}),
                        attempt(sock, "check-reply", {"id": question["id"], "will-dictate": 0})]
        stranger = nl.Kmtia()
        results += [attempt(stranger, "notify-get", dump=True), attempt(stranger, "request-get", dump=True),
                    attempt(stranger, "secret-set", {"number": 1, "secret": SECRET}),
                    attempt(stranger, "secret-del")]
        other = nl.Tia(3)
        results += [len(other.dump("request-get")), [k for k in live_keys(other).values() if k != [None]],
                    attempt(other, "manager-add", {"uuid": tia.uuid, "flags": 3}),
                    attempt(stranger, "manager-add", {"uuid": tia.uuid, "flags": 3})]
        return results

    tap.is_(in_child(intrude), str([errno.EPERM] * 10 + [0, [], errno.EALREADY, errno.EEXIST]),
            "no other process, though root, answers or fetches for a manager: EPERM")
    tap.ok(not creator.done(), "the question is still open")
    tap.is_(tia.stats()["secrets"], 0, "and the manager has no secret that is not its own")
    tia.answer(question, key_for(number))
    tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)),
            "its own answer is the one that counts")
tia.close()
guest.flush()

# --- The socket goes to another process ---------------------------------------------------------

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
pid = os.fork()
if not pid:
    sender = nl.Tia(1, grace=60000)
    socket.send_fds(theirs, [b"here"], [sender.sock.fileno()])
    signal.pause()
_, fds, _, _ = socket.recv_fds(ours, 16, 1)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
tia = adopt(socket.socket(fileno=fds[0]), 1)
tap.is_([(m["uuid"], m.get("grace-left")) for m in admin.dump("manager-get")], [(tia.uuid, None)],
        "a socket that was passed on stays registered when its first process is killed")
with guest.rule(admin, dictate="named", dictate_manager=tia.uuid, notify="any", keys_manager=tia.uuid,
                timeout=10000):
    number = new_spi()
    creator = guest.Creator(number)
    question = tia.question()
    tap.is_([m["id"] for m in tia.dump("request-get")], [question["id"]],
            "who holds it lists the open questions")
    tia.answer(question, key_for(number))
    tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)), "answers them")
    tap.is_(live_keys(tia), {number: [key_for(number)]}, "and fetches keys")
    mine = new_spi()
    with guest.rule(admin, priority=5, dictate="named", dictate_manager=tia.uuid, timeout=100):
        tap.is_(xfrm.newsa(mine)[0], errno.ETIMEDOUT, "but its SAs are not the manager's own: it is asked")
    tia.dump("request-get")

    # Both ends of a fork have it; it stays until the last one closes it.
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        question = tia.question()
        while question["sa"]["spi"] == mine:
            question = tia.question()
        tia.answer(question, key_for(question["sa"]["spi"]))
        os.close(go)
        os.read(ready, 1)
        question = tia.question()
        tia.answer(question, key_for(question["sa"]["spi"]))
        os._exit(0)
    os.close(ready)
    number = new_spi()
    creator = guest.Creator(number)
    tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)),
            "a forked process answers, too")
    tia.sock.close()
    os.write(go, b"x")
    number = new_spi()
    creator = guest.Creator(number)
    tap.is_((creator.errno_text(), guest.installed(number)), ("", key_for(number)),
            "also when the other one has closed the socket")
    os.waitpid(pid, 0)
    os.close(go)
    tap.is_(admin.dump("manager-get"), [], "with the last process that has it the registration ends")
guest.flush()


# --- The manager's own SAs ------------------------------------------------------------------------

def own_sa():
    """In a process that registers: an SA under a rule that names it, and the same by
    its child and under a rule that names nobody"""
    tia = nl.Tia(1)
    with guest.rule(admin, dictate="named", dictate_manager=tia.uuid, timeout=100):
        # Of numbers that the process which goes on does not use again
        mine, child = 0xb801, 0xb802
        results = [xfrm.newsa(mine)[0], tia.stats()["questions"]]
        results.append([m["sa"]["origin"] for m in admin.dump("sa-get") if m["sa"]["spi"] == mine])
        results.append(guest.installed(mine) == guest.IKE_KEY)
        results.append(guest.Creator(child).wait()[0])
        tia.dump("request-get")
    with guest.rule(admin, dictate="any", timeout=100):
        results.append(xfrm.newsa(0xb803)[0])
    return results


before = admin.call("stats-get")[0]["own"]
tap.is_(in_child(own_sa), str([0, 0, ["own"], True, errno.ETIMEDOUT, errno.ETIMEDOUT]),
        "a manager's own SAs are exempt with origin own where the rule names it; its children's are not")
tap.is_(admin.call("stats-get")[0]["own"] - before, 1, "that is counted")
guest.flush()

# --- An administrator ends a registration ------------------------------------------------------------


def audit_on():
    """AUDIT_SET with AUDIT_STATUS_ENABLED; records go to the kernel's log, as there is
    no audit daemon."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as s:
        status = struct.pack("11I", 1, 1, *[0] * 9)
        s.send(struct.pack("IHHII", 16 + len(status), 1001, 5, 1, 0) + status)
        answer = s.recv(4096)
    return struct.unpack_from("i", answer, 16)[0]


def records():
    """Of the audit records that are ours what follows the number"""
    return re.findall(r"audit: type=1415 audit\([^)]*\): (op=KMTIA-manager-del.*)", guest.kernel_log())


def last_record_about(n):
    """Is that manager's end in the log by now?"""
    return [r for r in records() if str(uuid.UUID(bytes=nl.uuid(n))) in r]


tia = nl.Tia(1)
admin.call("manager-del", {"uuid": tia.uuid})
tia.close()
tap.is_(audit_on(), 0, "auditing is turned on")
tia = nl.Tia(2, name="a manager")
with guest.rule(admin, dictate="any", timeout=10000):
    creator = guest.Creator(new_spi())
    question = tia.question()
    admin.call("manager-del", {"uuid": tia.uuid})
    tap.is_(creator.errno_text(), REVOKED, "an administrator may unregister a manager: its questions end")
event = monitor.expect("monitor-ntf", event="manager-del", manager_name="a manager")
tap.is_(event["manager"], tia.uuid, "the monitor tells of it")
tap.raises(errno.EPERM, "^$|not a registered", "the manager may fetch nothing any more", tia.dump, "notify-get")
tia.close()
tia = nl.Tia(3)
tia.call("manager-del", {"uuid": tia.uuid})
tia.close()
tia = nl.Tia(4)
admin.call("manager-del", {"uuid": tia.uuid})
tia.close()
guest.wait_until(lambda: last_record_about(4), "the last record is in the log")
tap.is_([r.split(" uid=")[1] for r in records()],
        [f"0 uuid={uuid.UUID(bytes=nl.uuid(n))} name={name.encode().hex()} res=1"
         for n, name in ((2, "a manager"), (4, "tia4"))],
        "an audit record names it; there is none of who ends his own, nor while auditing is off")
tap.is_(admin.call("stats-get")[0]["pending"], 0, "nobody waits")
tap.done()
