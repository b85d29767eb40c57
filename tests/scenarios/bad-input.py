#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""What a key manager or an administrator sends wrongly is refused with an errno
and a sentence that names the attribute; nothing is lost by it, and the next
right message works."""
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

guest.setup()
admin = nl.Kmtia()
KEY = bytes(range(0x40, 0x54))
OTHER = bytes(range(0x60, 0x74))


def bad(err, regex, name, op, attrs, attr=None, **kwargs):
    sock = kwargs.pop("sock", admin)
    tap.raises(err, regex, name, sock.call, op, attrs, attr=attr, **kwargs)


#: What kernels say of a wrong size differs.
SIZE = (errno.EINVAL, errno.ERANGE)

# --- Registration ---------------------------------------------------------------

U1 = {"uuid": nl.uuid(1), "flags": 3}
bad(errno.EINVAL, "uuid is missing", "manager-add without uuid", "manager-add", {"flags": 3})
bad(errno.EINVAL, "flags are missing", "manager-add without flags", "manager-add",
    {"uuid": nl.uuid(1)})
bad(errno.EINVAL, "reserved bit|unsupported|bit", "unknown flag", "manager-add",
    {"uuid": nl.uuid(1), "flags": 3 | 1 << 7}, attr="flags")
bad(errno.EINVAL, "make no sense", "no flag", "manager-add",
    {"uuid": nl.uuid(1), "flags": 0}, attr="flags")
bad(errno.EINVAL, "make no sense", "a weight for one who only watches", "manager-add",
    {"uuid": nl.uuid(1), "flags": 2, "weight": 3}, attr="flags")
bad(errno.EINVAL, "make no sense", "uuid of zeros", "manager-add",
    {"uuid": bytes(16), "flags": 3})
bad(errno.ERANGE, "above 10 seconds", "timeout hint 11", "manager-add",
    dict(U1, **{"timeout-hint": 11}), attr="timeout-hint")
bad(SIZE, "", "uuid of 15 bytes", "manager-add",
    [("uuid", nl.Raw(bytes(15))), ("flags", 3)], attr="uuid")
bad(SIZE, "", "uuid of 17 bytes", "manager-add",
    [("uuid", nl.Raw(bytes(17))), ("flags", 3)], attr="uuid")
bad(errno.EINVAL, "", "name without its end", "manager-add",
    dict(U1, name=nl.Raw(b"x" * 10)), attr="name")
bad(SIZE, "", "name too long", "manager-add", dict(U1, name="x" * 64), attr="name")
bad(errno.EINVAL, "[Uu]nknown attribute", "unknown attribute", "manager-add",
    list(U1.items()) + [(77, b"\0\0\0\0")])
bad(errno.EINVAL, "[Uu]nknown attribute|[Uu]nsupported attribute", "attribute that only answers have", "manager-add",
    dict(U1, stalled=True))
bad(errno.EINVAL, "", "number of the wrong size", "manager-add",
    [("uuid", nl.uuid(1)), ("flags", nl.Raw(b"\3\0"))], attr="flags")
bad(errno.EINVAL, "", "rubbish after the attributes", "manager-add", U1, extra=b"\1\0\0\0")
bad(errno.ENOENT, "no key manager of this uuid", "manager-del of nobody", "manager-del",
    {"uuid": nl.uuid(9)}, attr="uuid")
bad(errno.EPERM, "^$|not a registered", "notify-get from a socket that is nobody's", "notify-get", {},
    dump=True)
tap.is_(admin.dump("manager-get"), [], "nobody was registered by all that")

for hint in (0, 1, 10):
    t = nl.Tia(20 + hint, timeout_hint=hint)
    tap.is_(t.stats()["timeout-hint"], hint or 5, f"timeout hint {hint}")
    t.close()

tia = nl.Tia(1)
bad(errno.EEXIST, "of this uuid is registered", "duplicate UUID", "manager-add", U1, attr="uuid")
bad(errno.EALREADY, "already", "a second manager on one socket", "manager-add",
    {"uuid": nl.uuid(2), "flags": 3}, sock=tia)
tap.is_([m["uuid"] for m in admin.dump("manager-get")], [nl.uuid(1)], "one manager")

# --- Rules ------------------------------------------------------------------------

P = {"priority": 10}
NET = bytes([10, 1, 0, 0])


def bad_rule(regex, name, attrs, attr=None, err=errno.EINVAL):
    bad(err, regex, "rule: " + name, "rule-add", {**P, **attrs}, attr=attr)


bad(errno.EINVAL, "priority is missing", "rule: no priority", "rule-add", {"dictate": "any"})
bad_rule("4 or 16 bytes", "address of 5 bytes", {"remote": bytes(5)}, "remote")
bad_rule("prefix is too long", "/33", {"remote": NET, "remote-len": 33}, "remote-len")
bad_rule("", "/129", {"remote": bytes(16), "remote-len": 129}, "remote-len", errno.ERANGE)
bad_rule("host bits", "host bits", {"remote": bytes([10, 1, 0, 1]), "remote-len": 24}, "remote")
bad_rule("host bits", "host bits within a byte",
         {"local": bytes([10, 1, 0, 16]), "local-len": 27}, "local")
bad_rule("without its prefix", "length alone", {"local-len": 8}, "local-len")
bad_rule("families differ", "two families", {"local": NET, "remote": bytes(16)}, "remote")
bad_rule("families differ", "family and prefix", {"family": 10, "remote": NET}, "remote")
bad_rule("neither AF_INET", "family 1", {"family": 1}, "family")
bad_rule("neither 50", "proto 108", {"proto": 108}, "proto")
bad_rule("neither 50", "proto 306, which is 50 in 8 bits", {"proto": 306}, "proto")
bad_rule("neither in nor out", "direction unknown", {"direction": "unknown"}, "direction")
bad_rule("", "direction 3", {"direction": 3}, "direction", errno.ERANGE)
bad_rule("mark-mask without", "mask without mark", {"mark-mask": 1}, "mark-mask")
bad_rule("leaves out", "mark outside its mask", {"mark": 3, "mark-mask": 1}, "mark")
bad_rule("names nobody", "dictate named, nobody", {"dictate": "named"}, "dictate")
bad_rule("does not name", "dictate any with a name",
         {"dictate": "any", "dictate-manager": nl.uuid(1)}, "dictate-manager")
bad_rule("names nobody", "notify named, nobody", {"notify": "named"}, "notify")
bad_rule("not notified", "keys without notify",
         {"dictate": "any", "keys-manager": nl.uuid(1)}, "keys-manager")
bad_rule("not notified", "keys for another than who is notified",
         {"notify": "named", "notify-manager": nl.uuid(2), "keys-manager": nl.uuid(1)},
         "keys-manager")
bad_rule("nobody dictates", "on-failure without dictate", {"on-failure": "reject"}, "on-failure")
bad_rule("nobody dictates", "on-failure with dictate none",
         {"dictate": "none", "on-failure": "keep"}, "on-failure")
bad_rule("nobody dictates", "timeout without dictate", {"timeout": 5}, "timeout")
bad_rule("", "timeout 0", {"dictate": "any", "timeout": 0}, "timeout", errno.ERANGE)
bad_rule("", "timeout 10001", {"dictate": "any", "timeout": 10001}, "timeout", errno.ERANGE)
bad_rule("", "on-failure 3", {"dictate": "any", "on-failure": 3}, "on-failure", errno.ERANGE)
bad_rule("[Uu]nknown attribute", "unknown attribute", {99: b"\0\0\0\0"})
bad(errno.ENOENT, "no rule of this priority", "rule-del of none", "rule-del", P, attr="priority")
tap.is_(admin.dump("rule-get"), [], "no rule was added by all that")

admin.call("rule-add", {"priority": 20, "dictate": "any", "on-failure": "keep"})
tap.like(admin.warning, "on-failure keep", "on-failure keep is taken with a warning")
bad(errno.EEXIST, "of this priority exists", "rule: duplicate priority", "rule-add",
    {"priority": 20, "dictate": "any"}, attr="priority")
admin.call("rule-del", {"priority": 20})
admin.call("rule-add", {"priority": 10, "remote": NET, "remote-len": 24, "proto": 50,
                        "dictate": "any", "notify": "any", "timeout": 10000})
tap.is_(admin.warning, None, "a rule that rejects is taken without a word")

# --- Answers -------------------------------------------------------------------------

spi = 0x2000


def ask():
    """An SA that waits for tia's answer: (creator, question)."""
    global spi
    spi += 1
    creator = guest.Creator(spi)
    return creator, tia.question()


def refused_by(name, err, regex, attrs, attr, keys_of=KEY):
    """An answer that can't be used ends the question: the SA is refused."""
    creator, question = ask()
    tap.raises(err, regex, name, tia.call, "dictate-reply",
               dict({"id": question["id"]}, **attrs), attr=attr)
    tap.ok(keys_of not in tia.echo, f"{name}: the kernel does not send the key back")
    tap.is_(creator.errno_text(), "Key was rejected by service", f"{name}: SA refused")
    tap.is_(guest.installed(spi), None, f"{name}: nothing installed")


def slot(role, key):
    return {"role": role, "key": key}


refused_by("wrong length, short", errno.EINVAL, "aead key has the wrong length",
           {"slot": [slot("aead", KEY[:-1])]}, "slot", KEY[:-1])
refused_by("wrong length, long", errno.EINVAL, "aead key has the wrong length",
           {"slot": [slot("aead", KEY + b"x")]}, "slot")
refused_by("empty key", errno.EINVAL, "aead key has the wrong length",
           {"slot": [slot("aead", b"")]}, "slot")
refused_by("missing slot", errno.EINVAL, "aead key is missing", {}, None)
refused_by("unknown slot", errno.EINVAL, "encryption key is for no slot",
           {"slot": [slot("encryption", KEY)]}, "slot")
refused_by("a slot too many", errno.EINVAL, "authentication key is for no slot",
           {"slot": [slot("aead", KEY), slot("authentication", OTHER)]}, "slot")
refused_by("all-zero key", errno.EKEYREJECTED, "aead key is all zero",
           {"slot": [slot("aead", bytes(20))]}, "slot")
refused_by("all-zero key, salt is not", errno.EKEYREJECTED, "aead key is all zero",
           {"slot": [slot("aead", bytes(16) + b"salt")]}, "slot", b"salt")

# Malformed messages do not end the question.
creator, q = ask()
ID = {"id": q["id"]}
for name, attrs, regex, attr in (
        ("no id", {"slot": [slot("aead", KEY)]}, "id is missing", None),
        ("slot without key", dict(ID, slot=[{"role": "aead"}]), "lacks its role or key", "slot"),
        ("slot without role", dict(ID, slot=[{"key": KEY}]), "lacks its role or key", "slot"),
        ("slot with more", dict(ID, slot=[{"role": "aead", "key": KEY, "bits": 160}]),
         "role and key only", "slot"),
        ("one role twice", dict(ID, slot=[slot("aead", KEY), slot("aead", OTHER)]),
         "same role", "slot"),
        ("three slots", dict(ID, slot=[slot("aead", KEY), slot("encryption", KEY),
                                       slot("authentication", KEY)]), "too many", "slot"),
        ("slots and status", dict(ID, slot=[slot("aead", KEY)], status=3), "not both", "status"),
        ("role 7", dict(ID, slot=[{"role": 7, "key": KEY}]), "", None),
        ("status 0", dict(ID, status=0), "", "status"),
        ("origin own", dict(ID, slot=[slot("aead", KEY)], origin="own"),
         "neither local nor peer", "origin"),
        ("key of 1025 bytes", dict(ID, slot=[slot("aead", bytes(1025))]), "", None),
        ("unknown attribute", dict(ID, slot=[slot("aead", KEY), ], **{"sa": {}}), "", None),
        ("slot that is no nest", dict(ID, slot=[nl.Raw(b"\x21")]), "", None),
):
    try:
        tia.call("dictate-reply", attrs)
        tap.ok(False, f"answer: {name}", "it was taken")
    except nl.NlError as e:
        tap.ok(e.errno in (errno.EINVAL, errno.ERANGE), f"answer: {name}: errno", str(e))
        tap.like(e.msg, regex, f"answer: {name}: sentence")
        if attr:
            tap.is_(e.attr, attr, f"answer: {name}: attribute")
tap.raises(errno.EINVAL, "will-dictate is missing", "check-reply without will-dictate",
           tia.call, "check-reply", ID)
tap.raises(errno.EINVAL, "weight is missing", "check-reply without weight",
           tia.call, "check-reply", dict(ID, **{"will-dictate": 1}))
tap.raises(errno.EINVAL, "", "a bid where keys were asked for",
           tia.call, "check-reply", dict(ID, **{"will-dictate": 1, "weight": 5}),
           attr="will-dictate")

# Foreign and unknown answers change nothing either.
second = nl.Tia(2, flags=2)
for who, sock in (("a socket that is no manager (root)", admin), ("another manager", second)):
    tap.raises(errno.EPERM, "another socket", f"answer from {who}", sock.call, "dictate-reply",
               dict(ID, slot=[slot("aead", OTHER)]), attr="id")
    tap.raises(errno.EPERM, "another socket", f"bid from {who}", sock.call, "check-reply",
               dict(ID, **{"will-dictate": 0}), attr="id")
tap.raises(errno.ENOENT, "not open", "unknown request id", tia.call, "dictate-reply",
           {"id": q["id"] + 1000, "slot": [slot("aead", OTHER)]}, attr="id")
tap.ok(not creator.done(), "the SA still waits")
tia.answer(q, KEY)
tap.is_(creator.errno_text(), "", "after all that the right answer makes the SA")
tap.is_(guest.installed(spi), KEY, "with the key that was dictated")
tap.raises(errno.ENOENT, "not open", "the same answer again", tia.answer, q, KEY, attr="id")

# The same counter-mode key for another SA
refused_by("used key", errno.EKEYREJECTED, "used by another SA",
           {"slot": [slot("aead", KEY)]}, "slot")

before = tia.stats()
tap.is_(before["late"], 2, "late answers are counted")
tap.is_(before["unusable"], 9, "unusable answers are counted")
tap.is_(before["answers"], 1, "answers are counted")

# --- Who may what -------------------------------------------------------------------------

pid = os.fork()
if not pid:
    os.setgid(65534)
    os.setuid(65534)
    user = nl.Kmtia()
    codes = []
    for op, attrs, is_dump in (("manager-add", {"uuid": nl.uuid(5), "flags": 3}, False),
                               ("manager-get", {}, True), ("rule-get", {}, True),
                               ("rule-add", {"priority": 5}, False), ("rule-flush", {}, False),
                               ("rule-del", {"priority": 10}, False), ("sa-get", {}, True),
                               ("stats-get", {}, False), ("notify-get", {}, True),
                               ("manager-del", {"uuid": nl.uuid(1)}, False)):
        try:
            user.call(op, attrs, dump=is_dump)
            codes.append(op)
        except nl.NlError as e:
            if e.errno != errno.EPERM:
                codes.append(f"{op} {e}")
    try:
        user.join("monitor")
        codes.append("join")
    except PermissionError:
        pass
    print("# unprivileged:", codes, flush=True)
    os._exit(len(codes))
tap.is_(os.waitpid(pid, 0)[1], 0, "a user without privilege may do nothing: EPERM for each")
tap.is_(len(admin.dump("rule-get")), 1, "and changed nothing")
tap.is_(len(admin.dump("manager-get")), 2, "nor unregistered anybody")

admin.call("rule-flush")
tap.done()
