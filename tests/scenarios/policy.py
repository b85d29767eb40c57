#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""The manager policy: who may register key managers without CAP_NET_ADMIN, as whom,
and for what; and what such a one still may not do."""
import errno
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

DICTATE, NOTIFY, EXCLUSIVE = 1, 2, 4
ONE, TWO, THREE = nl.uuid(1), nl.uuid(2), nl.uuid(3)
KEY = bytes(range(0x40, 0x54))
NO_RIGHT = "needs CAP_NET_ADMIN or a manager policy"
OTHERS = "names others for this uuid, or less than these flags"
guest.setup()
admin = nl.Kmtia()


def become(uid, gid=None, groups=()):
    os.setgroups(groups)
    os.setgid(uid if gid is None else gid)
    os.setuid(uid)


def child(fn):
    """What fn returns in another process: (errno, the kernel's words); (0, None) is success"""
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if not pid:
        answer = (-1, "nothing")
        try:
            fn()
            answer = (0, None)
        except nl.NlError as e:
            answer = (e.errno, e.msg)
        except OSError as e:
            answer = (e.errno, None)
        finally:
            os.write(to_parent, f"{answer[0]} {answer[1] or ''}".encode())
            os._exit(0)
    os.close(to_parent)
    data = os.read(from_child, 4096).decode()
    os.close(from_child)
    os.waitpid(pid, 0)
    number, _, words = data.partition(" ")
    return int(number), words or None


def registration(uuid, flags):
    return {"uuid": uuid, "name": "user's", "flags": flags}


def register(uuid, flags, uid, **who):
    def fn():
        become(uid, **who)
        nl.Kmtia().call("manager-add", registration(uuid, flags))
    return child(fn)


def may(name, uuid, flags, uid, **who):
    tap.is_(register(uuid, flags, uid, **who), (0, None), name)


def may_not(err, words, name, uuid, flags, uid, **who):
    got = register(uuid, flags, uid, **who)
    tap.is_((got[0], words in (got[1] or "")), (err, True), f"{name}: {errno.errorcode[err]}")


def allow(flags, uuid=None, **who):
    admin.call("manager-policy-set", {**({"uuid": uuid} if uuid else {}), **who, "flags": flags})


def forbid(uuid=None, **who):
    admin.call("manager-policy-del", {**({"uuid": uuid} if uuid else {}), **who})


# --- No policy ------------------------------------------------------------------------

tap.is_(admin.dump("manager-policy-get"), [], "at first there is no statement")
may_not(errno.EPERM, NO_RIGHT, "a user, without a policy", ONE, DICTATE | NOTIFY, 1000)
may("root", ONE, DICTATE | NOTIFY, 0)

# --- A user for one UUID ----------------------------------------------------------------

allow(DICTATE | NOTIFY, ONE, uid=1000)
may("the user that is named", ONE, DICTATE | NOTIFY, 1000)
may("for less than the statement has", ONE, NOTIFY, 1000)
may_not(errno.EACCES, OTHERS, "for more", ONE, DICTATE | EXCLUSIVE, 1000)
may_not(errno.EACCES, OTHERS, "somebody else", ONE, NOTIFY, 1001)
may_not(errno.EPERM, NO_RIGHT, "as another UUID", TWO, NOTIFY, 1000)
may("root, who is not named", ONE, DICTATE | EXCLUSIVE, 0)
allow(NOTIFY, ONE, uid=1000)
tap.is_([dict(p) for p in admin.dump("manager-policy-get")],
        [{"uuid": ONE, "uid": 1000, "flags": NOTIFY}], "a statement is replaced by the next one")
may_not(errno.EACCES, OTHERS, "after that for what it said before", ONE, DICTATE, 1000)

# --- Groups ------------------------------------------------------------------------------

allow(DICTATE, ONE, gid=2000)
may("a member by its own group", ONE, DICTATE, 1001, gid=2000)
may("a member by a supplementary group", ONE, DICTATE, 1001, groups=[5, 2000])
may_not(errno.EACCES, OTHERS, "no member", ONE, DICTATE, 1001, groups=[5])
may_not(errno.EACCES, OTHERS, "a user of that number", ONE, DICTATE, 2000, gid=1)
may_not(errno.EACCES, OTHERS, "two statements do not add up", ONE, DICTATE | NOTIFY, 1000, gid=2000)

# --- Any UUID ------------------------------------------------------------------------------

allow(NOTIFY, uid=1001)
may("as any UUID", TWO, NOTIFY, 1001)
may("as another one", THREE, NOTIFY, 1001)
may_not(errno.EACCES, OTHERS, "as any, for more", TWO, DICTATE | NOTIFY, 1001)
may_not(errno.EACCES, OTHERS, "as one that statements are about", ONE, NOTIFY, 1001)
may_not(errno.EPERM, NO_RIGHT, "as any, somebody else", TWO, NOTIFY, 1002)
forbid(ONE, uid=1000)
forbid(ONE, gid=2000)
may("as one that no statement is about any more", ONE, NOTIFY, 1001)
tap.raises(errno.ENOENT, "no such statement", "a statement that there is not",
           forbid, ONE, uid=1000)
admin.call("manager-policy-del")
tap.is_(admin.dump("manager-policy-get"), [], "all are taken back at once")
may_not(errno.EPERM, NO_RIGHT, "nobody is named any more", ONE, NOTIFY, 1001)

# --- What a registered user may not --------------------------------------------------------

allow(DICTATE | NOTIFY, uid=1000)
for op, attrs, dump in (("manager-get", {}, True), ("rule-get", {}, True), ("sa-get", {}, True),
                        ("manager-policy-get", {}, True), ("stats-get", {}, False),
                        ("rule-add", {"priority": 1}, False), ("rule-flush", {}, False),
                        ("rule-del", {"priority": 1}, False),
                        ("manager-policy-set", {"uid": 1000, "flags": 7}, False),
                        ("manager-policy-del", {"uid": 1000}, False),
                        ("manager-policy-del", {}, False)):
    def forbidden(op=op, attrs=attrs, dump=dump):
        become(1000)
        sock = nl.Tia(2)
        sock.call(op, attrs, dump=dump)
    tap.is_(child(forbidden)[0], errno.EPERM, f"a user who is registered: {op} {attrs or ''}")


def join_monitor():
    become(1000)
    nl.Tia(2).join("monitor")


def delete_other():
    become(1000)
    nl.Tia(2).call("manager-del", {"uuid": ONE})


tap.is_(child(join_monitor)[0], errno.EPERM, "nor join the monitor group")
roots = nl.Tia(1)
tap.is_(child(delete_other)[0], errno.EPERM, "nor end another's registration")
may_not(errno.EEXIST, "is registered", "nor take its place", ONE, NOTIFY, 1000)
roots.close()
guest.wait_until(lambda: not admin.dump("manager-get"), "all are gone")

# --- Another's socket --------------------------------------------------------------------------

opened_by_root = nl.Kmtia()


def use_inherited():
    become(1000)
    opened_by_root.call("manager-add", registration(TWO, NOTIFY))


def passed(opener, user, groups=()):
    """A socket that opener has made, in the hands of user: (errno, words)"""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)

    def give():
        become(opener, groups=groups)
        sock = nl.Kmtia()
        socket.send_fds(theirs, [b"x"], [sock.sock.fileno()])

    def use():
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        sock = nl.Kmtia()
        sock.sock.close()
        sock.sock = socket.socket(fileno=fds[0])
        become(user, groups=groups)
        sock.call("manager-add", registration(TWO, NOTIFY))

    tap.is_(child(give), (0, None), f"a socket of user {opener} is handed over")
    return child(use)


tap.is_(child(use_inherited)[0], errno.EPERM, "root's socket, inherited by a user who is named")
tap.is_(passed(0, 1000)[0], errno.EPERM, "root's socket, passed to a user who is named")
tap.is_(passed(0, 1001)[0], errno.EPERM, "and to one who is not")
tap.is_(passed(1000, 0)[0], errno.EPERM, "a named user's socket in root's hands")
tap.is_(passed(1001, 0)[0], errno.EPERM, "another user's")
tap.is_(passed(1001, 1000)[0], errno.EPERM, "another user's, in the hands of one who is named")
allow(NOTIFY, uid=0)
tap.is_(passed(0, 1000)[0], errno.EPERM, "where each is named, but not by the same statement")
allow(NOTIFY, gid=2000)
tap.is_(passed(0, 1000, groups=[2000]), (0, None), "root's socket, where one statement names both")
tap.is_(passed(1000, 0, groups=[2000]), (0, None), "and the other way round")
allow(NOTIFY, TWO, uid=1000)
tap.is_(passed(0, 1000)[0], errno.EACCES, "where the UUID's statements name one of the two")
admin.call("manager-policy-del")

# --- A user at work -----------------------------------------------------------------------------

allow(DICTATE | NOTIFY, ONE, uid=1000)
admin.call("rule-add", {"priority": 10, "dictate": "any", "notify": "any", "timeout": 5000})
# The saved uid is the way back; without an effective one of root there is no capability.
os.setresuid(1000, 1000, 0)
tia = nl.Tia(1)
os.setresuid(0, 0, 0)
admin.call("manager-policy-del")
tap.is_([(m["uuid"], m["uid"]) for m in admin.dump("manager-get")], [(ONE, 1000)],
        "who is registered stays so when the policy goes")
creator = guest.Creator(0x1001)
os.setresuid(1000, 1000, 0)
tia.answer(tia.question(), KEY)
os.setresuid(0, 0, 0)
tap.is_(creator.errno_text(), "", "the user's manager is asked")
tap.is_(guest.installed(0x1001), KEY, "and its key is installed")
tia.close()
guest.wait_until(lambda: not admin.dump("manager-get"), "it is gone")
may_not(errno.EPERM, NO_RIGHT, "it may not come back", ONE, DICTATE | NOTIFY, 1000)
guest.flush()

# --- Events, other namespaces ----------------------------------------------------------------------

watcher = nl.Kmtia()
watcher.join("monitor")
allow(NOTIFY, ONE, uid=1000)
tap.is_(watcher.expect("monitor-ntf")["event"], "policy-set", "a statement is an event")
forbid(ONE, uid=1000)
event = watcher.expect("monitor-ntf")
tap.is_((event["event"], event["manager"]), ("policy-del", ONE), "its end, too, with the UUID")
allow(NOTIFY, uid=1000)
guest.enter("b")
tap.is_(nl.Kmtia().dump("manager-policy-get"), [], "another namespace has none of it")
may_not(errno.EPERM, NO_RIGHT, "there nobody is named", ONE, NOTIFY, 1000)
guest.enter("a")
admin.call("rule-flush")
admin.close()
watcher.close()
opened_by_root.close()
guest.bash("module_unload")
tap.done()
