# SPDX-License-Identifier: GPL-2.0-only
"""Netlink messages as JSON, and back, by the specification alone, strictly: what it
does not describe, and what is not as the kernel makes it (lengths, padding, the flag
of nests), is an Undecodable."""
import json
import socket
import struct
import uuid

import kmtia_nl as nl

NLA_F_NET_BYTEORDER = 0x4000
FLAGS = {
    "kmtia": {0x02: "multi"},
    "request": {0x01: "request", 0x04: "ack", 0x100: "root", 0x200: "match"},
    "error": {0x100: "capped", 0x200: "tlvs"},
    "done": {0x02: "multi", 0x200: "tlvs"},
}


class Undecodable(ValueError):
    """A message that the specification, or netlink itself, does not know."""


def need(condition, *why):
    if not condition:
        raise Undecodable(" ".join(str(w) for w in why))


def _table(*rows):
    return {name: dict(more, name=name, type=kind, number=number)
            for number, name, kind, more in
            ((*row, {})[:4] if len(row) == 3 else row for row in rows)}


#: What an error says beside its number: linux/netlink.h, enum nlmsgerr_attrs and
#: netlink_policy_type_attr. Attribute sets as those of the specification.
EXTACK = {
    "extack": _table((1, "msg", "string"), (2, "offs", "u32"), (3, "cookie", "binary"),
                     (4, "policy", "nest", {"nested-attributes": "extack-policy"}),
                     (5, "miss-type", "u32"), (6, "miss-nest", "u32")),
    "extack-policy": _table((1, "type", "u32"), (2, "min-value-s", "u64"),
                            (3, "max-value-s", "u64"), (4, "min-value-u", "u64"),
                            (5, "max-value-u", "u64"), (6, "min-length", "u32"),
                            (7, "max-length", "u32"), (8, "policy-idx", "u32"),
                            (9, "policy-maxtype", "u32"), (10, "bitfield32-mask", "u32"),
                            (11, "pad", "binary"), (12, "mask", "u64")),
}


class Codec:
    """varies(path, value): the placeholder of a value that is another one each time,
    or None; raises Undecodable where the value is implausible. covers(set, attribute,
    entry or None) is told of all that is decoded."""

    def __init__(self, spec=nl.SPECIFICATION, varies=None, covers=None):
        self.spec = spec
        self.sets = dict(spec.sets, **EXTACK)
        self.varies = varies or (lambda path, value: None)
        self.covers = covers or (lambda *what: None)

    # --- Attributes --------------------------------------------------------------

    def attributes(self, attr_set, data, path, lenient=False):
        """data as a list of attributes. lenient: what can't be decoded becomes
        bytes, as in a request that was refused for it."""
        out, at = [], 0
        while at < len(data):
            need(len(data) - at >= 4, path, "ends within an attribute's head")
            size, number = struct.unpack_from("HH", data, at)
            need(4 <= size <= len(data) - at, path, "has an attribute of", size,
                 "bytes where there are", len(data) - at)
            pad = data[at + size:at + nl._align(size)]
            need(len(pad) == -size % 4 and not any(pad), path, "is not padded with zeros")
            payload = data[at + 4:at + size]
            try:
                out.append(self._attribute(attr_set, number, payload, path))
            except Undecodable:
                if not lenient:
                    raise
                out.append({"type": number, "len": size, "raw": payload.hex()})
            if pad:
                out[-1]["pad"] = len(pad)
            at += nl._align(size)
        return out

    def _attribute(self, attr_set, number, payload, path):
        plain = number & nl.NLA_TYPE_MASK
        attr = next((a for a in self.sets[attr_set].values() if a["number"] == plain), None)
        need(attr, path, "has an attribute", plain, "that set", attr_set, "does not know")
        path = f"{path}.{attr['name']}"
        need(bool(number & nl.NLA_F_NESTED) == (attr["type"] == "nest"),
             path, "has the flag of a nest, or lacks it")
        need(not number & NLA_F_NET_BYTEORDER, path, "claims network byte order")
        out = {"name": attr["name"], "type": plain, "len": 4 + len(payload)}
        self.covers(attr_set, attr["name"], None)
        if attr["type"] == "nest":
            out["nest"] = self.attributes(attr["nested-attributes"], payload, path)
            return out
        value = self._value(attr_set, attr, payload, path)
        need(self.payload(attr, value) == payload, path, "is not what", value, "says")
        out["value"] = self.varies(path, value) or value
        return out

    def _value(self, attr_set, attr, payload, path):
        kind = attr["type"]
        if kind == "flag":
            need(not payload, path, "is a flag with a value")
            return True
        if kind == "string":
            need(payload.endswith(b"\0") and b"\0" not in payload[:-1], path,
                 "does not end in its one zero")
            self._check_length(attr, len(payload) - 1, path)
            return payload[:-1].decode()
        if kind == "binary":
            self._check_length(attr, len(payload), path)
            return self._binary(attr, payload, path)
        need(len(payload) == struct.calcsize(nl.INTS[kind]), path, "has", len(payload),
             "bytes, and is", kind)
        (number,) = struct.unpack(nl.INTS[kind], payload)
        if "enum" in attr:
            return self._enum(attr_set, attr, number, path)
        return f"{number:#010x}" if attr.get("display-hint") == "hex" else number

    def _check_length(self, attr, length, path):
        for check, limit in attr.get("checks", {}).items():
            limit = limit if isinstance(limit, int) else self.spec.const(limit)
            need(length == limit if check == "exact-len" else length <= limit, path, "has",
                 length, "bytes:", check, limit)

    @staticmethod
    def _binary(attr, payload, path):
        hint = attr.get("display-hint")
        if hint == "uuid":
            return str(uuid.UUID(bytes=payload))
        if hint == "ipv4-or-v6":
            need(len(payload) in (4, 16), path, "has", len(payload), "bytes, and is an address")
            return socket.inet_ntop(socket.AF_INET if len(payload) == 4 else socket.AF_INET6,
                                    payload)
        return payload.hex()

    def _enum(self, attr_set, attr, number, path):
        entries = self.spec.enum(attr["enum"])
        if self.spec.defs[attr["enum"]]["type"] == "flags":
            names = [n for n, bit in entries.items() if number & bit]
            need(sum(entries[n] for n in names) == number, path, "has unknown flags", number)
        else:
            names = [n for n, value in entries.items() if value == number]
            need(names, path, "has no entry", number)
        for name in names:
            self.covers(attr_set, attr["name"], name)
        return "|".join(names)

    # --- And back -------------------------------------------------------------------

    def payload(self, attr, value):
        """The bytes of a value as it stands in JSON."""
        kind, hint = attr["type"], attr.get("display-hint")
        if kind == "flag":
            return b""
        if kind == "string":
            return value.encode() + b"\0"
        if kind == "binary":
            if hint == "uuid":
                return uuid.UUID(value).bytes
            if hint == "ipv4-or-v6":
                return socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET,
                                        value)
            return bytes.fromhex(value)
        if "enum" in attr:
            entries = self.spec.enum(attr["enum"])
            value = sum(entries[name] for name in value.split("|"))
        return struct.pack(nl.INTS[kind], int(value, 16) if hint == "hex" else value)

    def encode(self, attr_set, attributes, values=None):
        """The bytes of a list of attributes; values: what stands for placeholders."""
        out = b""
        for a in attributes:
            attr = self.sets[attr_set][a["name"]]
            if "nest" in a:
                data = self.encode(attr["nested-attributes"], a["nest"], values)
            else:
                data = self.payload(attr, (values or {}).get(a["value"], a["value"]))
            out += nl.attr_bytes(a["type"], data, "nest" in a)
        return out

    # --- Messages ---------------------------------------------------------------------

    def _flags(self, kind, flags):
        known = FLAGS[kind]
        need(not flags & ~sum(known), kind, "has unknown flags", hex(flags))
        return "|".join(name for bit, name in known.items() if flags & bit)

    def header(self, kind, frame, path):
        size, _, flags, seq, port = struct.unpack_from("IHHII", frame)
        return {"type": kind, "len": self.varies(path + ".header.len", size) or size,
                "flags": self._flags("request" if path == "request" else kind, flags),
                "seq": self.varies(path + ".header.seq", seq) or seq,
                "port": self.varies(path + ".header.port", port) or port}

    def generic(self, frame, path, lenient=False):
        """What follows a message's header: the command and its attributes."""
        number, version, reserved = struct.unpack_from("BBH", frame, 16)
        name = next((n for n, o in self.spec.ops.items() if o["number"] == number), None)
        need(name, "there is no command", number)
        attributes = self.attributes(self.spec.ops[name]["attribute-set"], frame[20:], name,
                                     lenient)
        return {"command": {"name": name, "number": number, "version": version,
                            "reserved": reserved},
                "attributes": attributes}

    def message(self, frame, family):
        """A message of the kernel's as a dict."""
        size, kind = struct.unpack_from("IH", frame)
        need(size == len(frame), "a message of", size, "bytes has", len(frame))
        if kind == family:
            out = {"header": self.header("kmtia", frame, "kmtia")}
            out.update(self.generic(frame, "kmtia"))
            self._check_allowed(out)
            return out
        need(kind in (nl.NLMSG_ERROR, nl.NLMSG_DONE), "a message of type", kind)
        return self._end("error" if kind == nl.NLMSG_ERROR else "done", frame, family)

    def _check_allowed(self, message):
        """The specification lists, for each command, the attributes that it emits."""
        name = message["command"]["name"]
        allowed = emitted_by(self.spec.ops[name])
        need(allowed is not None, "the kernel sends", name)
        for a in message["attributes"]:
            need(a["name"] in allowed, name, "has", a["name"])

    def _end(self, kind, frame, family):
        out = {"header": self.header(kind, frame, kind)}
        (out["errno"],) = struct.unpack_from("i", frame, 16)
        flags = out["header"]["flags"].split("|")
        at = 20
        attr_set = request = None
        if kind == "error":
            (length, of) = struct.unpack_from("IH", frame, 20)
            need(of == family, "an error about a message of type", of)
            request = bytes(frame[20:36] if "capped" in flags else frame[20:20 + length])
            at += nl._align(len(request))
            out["request"] = {"header": self.header("kmtia", request, "request")}
            if "capped" not in flags:
                out["request"].update(self.generic(request, "request", lenient=True))
                attr_set = self.spec.ops[out["request"]["command"]["name"]]["attribute-set"]
        need(("tlvs" in flags) == (at < len(frame)), "words without their flag, or the reverse")
        out["extack"] = self.attributes("extack", frame[at:], "extack")
        for a in out["extack"]:
            self._explain(a, attr_set, request)
        return out

    def _explain(self, a, attr_set, request):
        """Which attribute an error is about"""
        if not attr_set:
            return
        if a["name"] == "offs":
            a["about"] = self.spec.attr_at(attr_set, request[20:], a["value"] - 20)
            need(a["about"], "an error about nothing at", a["value"])
        elif a["name"] == "miss-type":
            a["about"] = next((n for n, attr in self.sets[attr_set].items()
                               if attr["number"] == a["value"]), None)
            need(a["about"], "there is no attribute", a["value"])


def emitted_by(op):
    """Names of the attributes that the kernel sends with a command, or None."""
    if "event" in op:
        return op["event"]["attributes"]
    for way in ("do", "dump"):
        if "reply" in op.get(way, {}):
            return op[way]["reply"]["attributes"]
    return None


def _lines(attributes, indent):
    out = []
    for a in attributes:
        if "nest" in a:
            head = json.dumps({k: v for k, v in a.items() if k != "nest"})
            inner = _lines(a["nest"], indent + "  ")
            out.append(f'{indent}{head[:-1]}, "nest": [' + (f"\n{inner}\n{indent}" if inner else "")
                       + "]}")
        else:
            out.append(indent + json.dumps(a, ensure_ascii=False))
    return ",\n".join(out)


def _members(message, indent):
    out = []
    for name, value in message.items():
        if name == "request":
            text = "{\n" + _members(value, indent + "  ") + f"\n{indent}}}"
        elif isinstance(value, list):
            text = f"[\n{_lines(value, indent + '  ')}\n{indent}]" if value else "[]"
        else:
            text = json.dumps(value)
        out.append(f'{indent}"{name}": {text}')
    return ",\n".join(out)


def render(message):
    """The JSON of a message, an attribute a line."""
    return "{\n" + _members(message, "  ") + "\n}\n"
