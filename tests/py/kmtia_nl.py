# SPDX-License-Identifier: GPL-2.0-only
"""The kmtia family as its specification has it, for tests.

Independent of libkmtia and libnl: messages are encoded and decoded from
Documentation/netlink/specs/kmtia.yaml, so that a kernel that differs from the
specification is found out. Nothing here hides what a message holds: an unknown
attribute is decoded as "attr-N", and anything can be sent.
"""
import collections
import os
import select
import socket
import struct
import time

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(TOP, "Documentation/netlink/specs/kmtia.yaml")

NETLINK_GENERIC = 16
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP = 1, 2, 4, 0x300
NLM_F_ACK_TLVS, NLM_F_CAPPED = 0x200, 0x100
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3FFF
INTS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "s32": "i"}


class NlError(Exception):
    """An error of the kernel's: errno (positive), its words, and the attribute
    that it blames (a name of the specification, or None)."""

    def __init__(self, errno, msg, attr):
        super().__init__(f"{os.strerror(errno)} ({errno}): {msg or '-'}"
                         + (f" [{attr}]" if attr else ""))
        self.errno, self.msg, self.attr = errno, msg, attr


class Raw(bytes):
    """An attribute's payload that is sent as it is, whatever the type."""


def _align(n):
    return (n + 3) & ~3


def attr_bytes(number, payload, nested=False):
    """An attribute of that number, padded."""
    head = struct.pack("HH", 4 + len(payload),
                       number | (NLA_F_NESTED if nested else 0))
    return (head + payload).ljust(_align(4 + len(payload)), b"\0")


def walk(data):
    """The attributes in data: (offset, number, payload)."""
    at = 0
    while at + 4 <= len(data):
        size, number = struct.unpack_from("HH", data, at)
        if size < 4 or at + size > len(data):
            raise ValueError("attribute too long")
        yield at, number & NLA_TYPE_MASK, data[at + 4:at + size]
        at += _align(size)


class Spec:
    """The specification: names to numbers and back."""

    def __init__(self, path=SPEC):
        with open(path, encoding="utf-8") as f:
            self.yaml = yaml.load(f, Loader=getattr(yaml, "CSafeLoader",
                                                    yaml.SafeLoader))
        self.defs = {d["name"]: d for d in self.yaml["definitions"]}
        self.sets = {}
        for s in self.yaml["attribute-sets"]:
            self.sets[s["name"]] = {a["name"]: dict(a, number=i + 1)
                                    for i, a in enumerate(s["attributes"])}
        self.ops = {o["name"]: dict(o, number=i + 1)
                    for i, o in enumerate(self.yaml["operations"]["list"])}

    def const(self, name):
        return self.defs[name]["value"]

    def enum(self, name):
        entries = self.defs[name]["entries"]
        names = [e if isinstance(e, str) else e["name"] for e in entries]
        shift = self.defs[name]["type"] == "flags"
        start = self.defs[name].get("value-start", 0)
        return {n: 1 << i if shift else start + i for i, n in enumerate(names)}

    def encode(self, attr_set, attrs):
        """attrs: pairs (name or number, value); a dict will do."""
        out = b""
        pairs = attrs.items() if isinstance(attrs, dict) else attrs
        for name, value in pairs:
            out += self._encode_attr(attr_set, name, value)
        return out

    def _encode_attr(self, attr_set, name, value):
        if isinstance(name, int):
            return attr_bytes(name, bytes(value))
        attr = self.sets[attr_set][name]
        if isinstance(value, Raw):
            return attr_bytes(attr["number"], value, attr["type"] == "nest")
        if isinstance(value, list) and attr.get("multi-attr"):
            return b"".join(self._encode_attr(attr_set, name, v) for v in value)
        return attr_bytes(attr["number"], self._payload(attr, value),
                          attr["type"] == "nest")

    def _payload(self, attr, value):
        kind = attr["type"]
        if kind == "nest":
            return self.encode(attr["nested-attributes"], value)
        if kind == "flag":
            return b""
        if kind == "string":
            return value.encode() + b"\0"
        if kind == "binary":
            return bytes(value)
        if "enum" in attr and isinstance(value, str):
            value = self.enum(attr["enum"])[value]
        return struct.pack(INTS[kind], value)

    def decode(self, attr_set, data):
        by_number = {a["number"]: a for a in self.sets[attr_set].values()}
        out = {}
        for _, number, payload in walk(data):
            attr = by_number.get(number)
            if attr is None:
                out[f"attr-{number}"] = payload
                continue
            value = self._value(attr, payload)
            if attr.get("multi-attr"):
                out.setdefault(attr["name"], []).append(value)
            else:
                out[attr["name"]] = value
        return out

    def _value(self, attr, payload):
        kind = attr["type"]
        if kind == "nest":
            return self.decode(attr["nested-attributes"], payload)
        if kind == "flag":
            return True
        if kind == "string":
            return payload.rstrip(b"\0").decode()
        if kind == "binary":
            return payload
        (number,) = struct.unpack(INTS[kind], payload)
        if "enum" in attr and self.defs[attr["enum"]]["type"] == "enum":
            for name, value in self.enum(attr["enum"]).items():
                if value == number:
                    return name
        return number

    def attr_at(self, attr_set, data, offset):
        """Name of the attribute at an offset in data, dotted if nested."""
        for at, number, payload in walk(data):
            if not at <= offset < at + 4 + len(payload):
                continue
            for name, attr in self.sets[attr_set].items():
                if attr["number"] != number:
                    continue
                if offset == at or attr["type"] != "nest":
                    return name
                inner = self.attr_at(attr["nested-attributes"], payload,
                                     offset - at - 4)
                return f"{name}.{inner}" if inner else name
            return f"attr-{number}"
        return None


SPECIFICATION = Spec()


class Frame(bytes):
    """A message as it came, with its header."""


class Payload(bytes):
    """What a message holds after its header; .frame is all of the message."""

    def __new__(cls, frame):
        self = super().__new__(cls, frame[16:])
        self.frame = frame
        return self


class Message(dict):
    """A decoded message: attributes by name; .op is the operation's name, .seq
    its sequence number, .raw its attributes as they came, .frame all of it."""

    def __init__(self, op, seq, attrs, payload):
        super().__init__(attrs)
        self.op, self.seq, self.raw = op, seq, payload[4:]
        self.frame = payload.frame


class Kmtia:
    """A socket of the family. Messages that come while another is awaited (seq
    0: questions, notifications, events) are kept for recv(). .end is what ended the
    last transaction: the frame of an error, an ACK, or the end of a dump."""

    family = None

    def __init__(self, rcvbuf=None):
        self.spec = SPECIFICATION
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC,
                                  NETLINK_GENERIC)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.bind((0, 0))
        self.seq = 0
        self.queue = collections.deque()
        self.overruns = 0
        self.end = None
        self.family, self.groups = self._resolve()

    def sent(self, frame):
        """For who wants to see each message that is sent."""

    def received(self, frame):
        """And each that comes."""

    def close(self):
        self.sock.close()

    @property
    def portid(self):
        return self.sock.getsockname()[0]

    def _resolve(self):
        name = self.spec.yaml["name"].encode() + b"\0"
        seq = self._send(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK,
                         attr_bytes(2, name))
        family, groups = None, {}
        for kind, _, payload in self._transaction(seq, None, b""):
            if kind != GENL_ID_CTRL:
                continue
            for _, number, value in walk(payload[4:]):
                if number == 1:
                    family = struct.unpack("H", value)[0]
                elif number == 7:
                    for _, _, group in walk(value):
                        g = {n: v for _, n, v in walk(group)}
                        groups[g[1].rstrip(b"\0").decode()] = struct.unpack("I", g[2])[0]
        return family, groups

    def _send(self, kind, cmd, flags, body, version=1):
        self.seq += 1
        head = struct.pack("IHHII", 16 + 4 + len(body), kind,
                           NLM_F_REQUEST | flags, self.seq, 0)
        frame = head + struct.pack("BBH", cmd, version, 0) + body
        self.sent(frame)
        self.sock.send(frame)
        return self.seq

    def _receive(self, timeout):
        """The messages of one datagram: (type, flags, seq, payload)."""
        ready, _, _ = select.select([self.sock], [], [], timeout)
        if not ready:
            return None
        try:
            data = self.sock.recv(1 << 17)
        except OSError as e:
            if e.errno != 105:       # ENOBUFS: something was lost
                raise
            self.overruns += 1
            return []
        out, at = [], 0
        while at < len(data):
            size, kind, flags, seq, _ = struct.unpack_from("IHHII", data, at)
            if size < 16 or at + size > len(data):
                raise ValueError(f"a message of {size} bytes in {len(data) - at}")
            payload = Payload(Frame(data[at:at + size]))
            self.received(payload.frame)
            out.append((kind, flags, seq, payload))
            at += _align(size)
        return out

    def _transaction(self, seq, attr_set, body, timeout=20):
        """Yields the replies; raises NlError."""
        end = time.monotonic() + timeout
        while True:
            got = self._receive(max(0, end - time.monotonic()))
            if got is None:
                raise TimeoutError("no answer from the kernel")
            finished = False
            for kind, flags, mseq, payload in got:
                if mseq != seq:
                    self.queue.append((kind, mseq, payload))
                elif kind in (NLMSG_ERROR, NLMSG_DONE):
                    self._end(kind, flags, payload, attr_set, body)
                    finished = True
                else:
                    yield kind, flags, payload
            if finished:
                return

    def _end(self, kind, flags, payload, attr_set, body):
        (err,) = struct.unpack_from("i", payload)
        self.end = payload.frame
        msg = attr = None
        if flags & NLM_F_ACK_TLVS:
            if kind == NLMSG_DONE:
                tlvs = payload[4:]
            elif flags & NLM_F_CAPPED or not err:
                tlvs = payload[20:]
            else:
                tlvs = payload[4 + _align(struct.unpack_from("I", payload, 4)[0]):]
            for _, number, value in walk(tlvs):
                if number == 1:
                    msg = value.rstrip(b"\0").decode()
                elif number == 2:
                    attr = self.spec.attr_at(attr_set, body,
                                             struct.unpack("I", value)[0] - 20)
        self.warning = msg
        self.echo = payload[4:] if err else b""
        if err:
            raise NlError(-err, msg, attr)

    def call(self, op, attrs=(), dump=False, timeout=20, extra=b""):
        """Carries out an operation; returns the list of its replies."""
        self.warning, self.echo = None, b""
        attr_set = self.spec.ops[op]["attribute-set"]
        body = self.spec.encode(attr_set, attrs) + extra
        seq = self._send(self.family, self.spec.ops[op]["number"],
                         NLM_F_DUMP if dump else NLM_F_ACK, body)
        return [self._decode(seq, payload) for _, _, payload
                in self._transaction(seq, attr_set, body, timeout)]

    def post(self, op, attrs=(), flags=0):
        """Sends an operation without awaiting anything."""
        body = self.spec.encode(self.spec.ops[op]["attribute-set"], attrs)
        return self._send(self.family, self.spec.ops[op]["number"], flags, body)

    def dump(self, op, attrs=()):
        return self.call(op, attrs, dump=True)

    def _decode(self, seq, payload):
        for name, op in self.spec.ops.items():
            if op["number"] == payload[0]:
                return Message(name, seq, self.spec.decode(op["attribute-set"],
                                                           payload[4:]), payload)
        raise ValueError(f"unknown command {payload[0]}")

    def recv(self, timeout=10):
        """The next message that nobody asked for, or None."""
        end = time.monotonic() + timeout
        while not self.queue:
            got = self._receive(max(0, end - time.monotonic()))
            if got is None:
                return None
            self.queue.extend((k, s, p) for k, _, s, p in got)
        _, seq, payload = self.queue.popleft()
        return self._decode(seq, payload)

    def expect(self, op, timeout=10, **attrs):
        """The next message of that operation whose attributes are these;
        others are thrown away."""
        end = time.monotonic() + timeout
        while True:
            m = self.recv(max(0, end - time.monotonic()))
            if m is None:
                raise TimeoutError(f"no {op} {attrs} came")
            if m.op == op and all(m.get(k.replace("_", "-")) == v
                                  for k, v in attrs.items()):
                return m

    def join(self, group):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups[group])


def names(message):
    """The names of all attributes in a message, nested ones too"""
    out = set()
    for name, value in message.items():
        out.add(name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                out |= names(inner)
    return out


def uuid(n):
    """A test's UUID: 16 bytes that end in n."""
    return bytes.fromhex("6b6d746961004000800000000000") + struct.pack(">H", n)


class Tia(Kmtia):
    """A key manager that does what a test tells it."""

    def __init__(self, n=1, flags=3, register=True, rcvbuf=None, **attrs):
        super().__init__(rcvbuf)
        self.uuid = uuid(n)
        if register:
            self.call("manager-add", dict(
                {"uuid": self.uuid, "name": f"tia{n}", "flags": flags},
                **{k.replace("_", "-"): v for k, v in attrs.items()}))

    def question(self, timeout=10, op="dictate"):
        return self.expect(op, timeout)

    def answer(self, q, *keys, **attrs):
        """keys: bytes for each slot, in order."""
        slots = [{"role": s["role"], "key": k}
                 for s, k in zip(q["sa"].get("slot", []), keys)]
        self.call("dictate-reply", dict(
            {"id": q["id"], "slot": slots},
            **{k.replace("_", "-"): v for k, v in attrs.items()}))

    def cannot(self, q, status=7, **attrs):
        self.call("dictate-reply", dict(
            {"id": q["id"], "status": status},
            **{k.replace("_", "-"): v for k, v in attrs.items()}))

    def bid(self, q, will, weight=1):
        self.call("check-reply", {"id": q["id"], "will-dictate": int(will),
                                  "weight": weight})

    def stats(self):
        for m in Kmtia().dump("manager-get"):
            if m["uuid"] == self.uuid:
                return m
        return None
