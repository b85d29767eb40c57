#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The keys that the kernel derives from a secret, computed from
Documentation/kdf.rst alone, with Python's own hmac and hashlib.

    kdf.py slot --derivation mix --secret-file F --key-id ID --proto esp --spi N
                --role aead --algorithm NAME --bits N --module-keys HEX
        the key of a slot, in hex
    kdf.py expect --derivation mix --secret-file F --key-id ID --ike FILE
        lines of xfrm_keys (tests/vm/guest/net.sh) with the keys that they must
        have in place of those they have
    kdf.py --vectors
        the vectors for tests/kmod/kdf_trials.h, as a C header
    kdf.py --self-test
        the test cases of RFC 5869, A.1 to A.3

A file of --ike has the keying module's own keys, a line for each SA:

    src dst proto spi encryption-key authentication-key

in hex, "-" for what there is none of; the key of an AEAD is an encryption-key.
"""
import argparse
import collections
import hashlib
import hmac
import os
import struct
import sys

DERIVATION = {"expand": 1, "mix": 2}
PROTO = {"esp": 50, "ah": 51}
ROLE = {"aead": 0, "encryption": 1, "authentication": 2}
#: Bytes of a secret; of a key-id; of a slot's key.
SECRET_MIN, SECRET_MAX, KEY_ID_MAX, KEY_MAX = 32, 1024, 63, 255 * 32

#: One key of an SA: names of ROLE and of the algorithm, length in bits, and the
#: keying module's own key.
Slot = collections.namedtuple("Slot", "role algorithm bits module_key")

# --- RFC 5869 -----------------------------------------------------------------


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf_extract(salt, ikm):
    """PRK. An absent salt is 32 zero bytes."""
    return hmac_sha256(salt or bytes(32), ikm)


def hkdf_expand(prk, info, length):
    """OKM of that many bytes."""
    okm, block = b"", b""
    for counter in range(1, (length + 31) // 32 + 1):
        block = hmac_sha256(prk, block + info + bytes([counter]))
        okm += block
    return okm[:length]


# --- kdf.rst --------------------------------------------------------------------


def key_bytes(bits):
    return (bits + 7) // 8


def slot_info(derivation, proto, spi, slot, key_id, module_keys):
    """The context of a slot's key; module_keys is K of kdf.rst."""
    name = slot.algorithm.encode("ascii")
    info = (b"kmtia-kdf" + bytes([1, DERIVATION[derivation], PROTO[proto]]) +
            struct.pack(">IBH", spi, ROLE[slot.role], slot.bits) +
            bytes([len(name)]) + name + bytes([len(key_id)]) + key_id)
    if derivation == "expand":
        info += hashlib.sha256(module_keys).digest()
    return info


def slot_key(derivation, secret, key_id, proto, spi, slot, module_keys):
    """The key of a slot; key_id and module_keys are bytes."""
    length = key_bytes(slot.bits)
    if not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise ValueError(f"a secret of {len(secret)} bytes")
    if len(key_id) > KEY_ID_MAX:
        raise ValueError(f"a key-id of {len(key_id)} bytes")
    if not 0 < length <= KEY_MAX:
        raise ValueError(f"a key of {slot.bits} bits")
    if derivation == "mix":
        prk = hkdf_extract(secret, module_keys)
    else:
        prk = hkdf_extract(bytes(32), secret)
    return hkdf_expand(prk, slot_info(derivation, proto, spi, slot, key_id, module_keys),
                       length)


def sa_keys(derivation, secret, key_id, proto, spi, slots):
    """The keys of an SA's slots, which are in canonical order."""
    for slot in slots:
        if len(slot.module_key) != key_bytes(slot.bits):
            raise ValueError(f"{slot.algorithm}: {slot.bits} bits, but "
                             f"{len(slot.module_key)} bytes")
    module_keys = b"".join(slot.module_key for slot in slots)
    return [slot_key(derivation, secret, key_id, proto, spi, slot, module_keys)
            for slot in slots]


# --- Lines of xfrm_keys ---------------------------------------------------------


def hex_or_dash(key):
    return key.hex() if key else "-"


def bytes_or_none(text):
    return b"" if text == "-" else bytes.fromhex(text)


def read_ike(lines):
    """{(src, dst, proto, spi): (encryption key, authentication key)}"""
    keys = {}
    for line in lines:
        src, dst, proto, spi, enc, auth = line.split()
        keys[src, dst, proto, int(spi, 0)] = bytes_or_none(enc), bytes_or_none(auth)
    return keys


def line_slots(words, ike):
    """The slots of an SA that is a line of xfrm_keys. Both an AEAD and encryption
    alone have no authentication; only the AEAD has an ICV."""
    enc_name, auth_name, icv = words[6:]
    enc_role = "aead" if auth_name == "-" and icv != "-" else "encryption"
    slots = []
    for role, name, key, installed in ((enc_role, enc_name, ike[0], words[4]),
                                       ("authentication", auth_name, ike[1], words[5])):
        if len(key) != len(bytes_or_none(installed)):
            raise ValueError(f"{' '.join(words[:4])}: {name} has "
                             f"{len(bytes_or_none(installed))} bytes, IKE's {len(key)}")
        if key:
            slots.append(Slot(role, name, 8 * len(key), key))
    return slots


def expected_line(line, ike_keys, derivation, secret, key_id):
    """That line with the keys that it must have."""
    words = line.split()
    src, dst, proto, spi = words[:4]
    ident = src, dst, proto, int(spi, 0)
    if ident not in ike_keys:
        raise ValueError(f"{line}: nothing is known of IKE's keys")
    slots = line_slots(words, ike_keys[ident])
    keys = {"encryption": b"", "authentication": b""}
    for slot, key in zip(slots, sa_keys(derivation, secret, key_id, proto, ident[3], slots)):
        keys["encryption" if slot.role == "aead" else slot.role] = key
    words[4:6] = hex_or_dash(keys["encryption"]), hex_or_dash(keys["authentication"])
    return " ".join(words)


# --- Vectors ---------------------------------------------------------------------

Vector = collections.namedtuple("Vector", "name derivation proto spi key_id secret slots")


def stream(label, length):
    """Bytes that look random, and are the same each time."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"{label} {len(out)}".encode()).digest()
    return out[:length]


def slots_of(label, *algorithms):
    """Slots for (role, algorithm, bits), with keys of the keying module's."""
    return [Slot(role, name, bits, stream(f"module key {label} {role}", key_bytes(bits)))
            for role, name, bits in algorithms]


GCM, CCM, CHACHA = "rfc4106(gcm(aes))", "rfc4309(ccm(aes))", "rfc7539esp(chacha20,poly1305)"
#: What SAs there are: name, protocol, slots.
SHAPES = (
    ("gcm 128", "esp", ("aead", GCM, 160)),
    ("gcm 256", "esp", ("aead", GCM, 288)),
    ("ccm 128", "esp", ("aead", CCM, 152)),
    ("chacha20-poly1305", "esp", ("aead", CHACHA, 288)),
    ("cbc 256, sha256", "esp", ("encryption", "cbc(aes)", 256),
     ("authentication", "hmac(sha256)", 256)),
    ("ctr 128, sha512", "esp", ("encryption", "rfc3686(ctr(aes))", 160),
     ("authentication", "hmac(sha512)", 512)),
    ("cbc 128, cmac", "esp", ("encryption", "cbc(aes)", 128),
     ("authentication", "cmac(aes)", 128)),
    ("cbc 192 alone", "esp", ("encryption", "cbc(aes)", 192)),
    ("null, sha1", "esp", ("authentication", "hmac(sha1)", 160)),
    ("sha256", "ah", ("authentication", "hmac(sha256)", 256)),
    ("cmac", "ah", ("authentication", "cmac(aes)", 128)),
)
#: Longest name that XFRM has room for.
LONG_NAME = "a-name-of-63-characters(" + "x" * 38 + ")"
#: Keys of unusual lengths: bits. Around HMAC's output, one bit more than whole
#: bytes, what fits in an answer of keys, the most.
LENGTHS = (1, 8, 161, 248, 255, 256, 257, 264, 1024, 8192, 65279, 65280)
KEY_IDS = (("empty", b""), ("1 byte", b"k"), ("63 bytes", bytes(range(0x30, 0x6f))),
           ("UTF-8", "Schlüssel 鍵".encode()))


def gcm_vector(name, derivation, spi=0x1001, key_id=b"key 1", secret_len=32, proto="esp"):
    return Vector(name, derivation, proto, spi, key_id, stream(f"secret {name}", secret_len),
                  slots_of(name, ("aead", GCM, 160)))


def vectors_of(derivation):
    """All vectors of a derivation."""
    def shaped(name, proto, algorithms, key_id=b"key 1"):
        return Vector(name, derivation, proto, 0x11223344, key_id,
                      stream(f"secret {name}", 32), slots_of(name, *algorithms))

    out = [shaped(f"{proto} {name}", proto, algorithms)
           for name, proto, *algorithms in SHAPES]
    out += [gcm_vector(f"secret of {n} bytes", derivation, secret_len=n)
            for n in (32, 33, 55, 56, 63, 64, 65, 128, 1023, 1024)]
    out += [gcm_vector(f"key-id {name}", derivation, key_id=key_id)
            for name, key_id in KEY_IDS]
    out += [gcm_vector(f"spi {spi:#x}", derivation, spi=spi)
            for spi in (1, 0x80000000, 0xffffffff)]
    out += [shaped(f"ah {bits} bits", "ah", [("authentication", "hmac(sha1)", bits)])
            for bits in LENGTHS]
    out.append(shaped("esp two odd lengths", "esp", [("encryption", "cbc(aes)", 257),
                                                     ("authentication", "hmac(sha1)", 161)]))
    out.append(shaped("esp longest names", "esp", [("encryption", LONG_NAME, 256),
                                                   ("authentication", LONG_NAME, 256)],
                      KEY_IDS[2][1]))
    return out


def vectors():
    return [v._replace(name=f"{derivation}, {v.name}") for derivation in ("mix", "expand")
            for v in vectors_of(derivation)]


HEADER_HEAD = """\
/* SPDX-License-Identifier: GPL-2.0 */
/* Generated by tests/py/kdf.py --vectors: Documentation/kdf.rst in examples. */
#ifndef _KDF_VECTORS_H
#define _KDF_VECTORS_H

#include "kmtia.h"

/**
 * struct kdf_vector_slot - one key
 * @role: what it is for
 * @algorithm: canonical name
 * @bits: length
 * @module_key: the keying module's
 * @key: what must be derived
 */
struct kdf_vector_slot {
	enum kmtia_slot_role role;
	const char *algorithm;
	unsigned int bits;
	const u8 *module_key;
	const u8 *key;
};

/**
 * struct kdf_vector - one derivation
 * @name: of the test
 * @derivation: which
 * @proto: IPPROTO_*
 * @spi: in host order
 * @key_id: name of the secret
 * @secret: the secret
 * @secret_len: its length
 * @n_slots: number of keys
 * @slots: the keys
 */
struct kdf_vector {
	const char *name;
	enum kmtia_derivation derivation;
	u8 proto;
	u32 spi;
	const char *key_id;
	const u8 *secret;
	unsigned int secret_len;
	unsigned int n_slots;
	struct kdf_vector_slot slots[KMTIA_MAX_SLOTS];
};
"""


def c_bytes(name, data):
    """An array in C."""
    lines = [f"static const u8 {name}[] = {{"]
    for at in range(0, len(data), 12):
        lines.append("\t" + " ".join(f"{b:#04x}," for b in data[at:at + 12]))
    return "\n".join(lines + ["};"])


def c_string(data):
    """A string literal; in octal where it is not ASCII, which always ends after
    three digits."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}"
                         for b in data) + '"'


def c_vector(n, vector):
    """(definitions of arrays, initialiser)"""
    arrays = [c_bytes(f"secret_{n}", vector.secret)]
    slots = []
    keys = sa_keys(vector.derivation, vector.secret, vector.key_id, vector.proto,
                   vector.spi, vector.slots)
    for i, (slot, key) in enumerate(zip(vector.slots, keys)):
        arrays += [c_bytes(f"module_key_{n}_{i}", slot.module_key),
                   c_bytes(f"key_{n}_{i}", key)]
        slots.append(f"\t\t\t{{ KMTIA_SLOT_ROLE_{slot.role.upper()}, "
                     f"{c_string(slot.algorithm.encode())}, {slot.bits},\n"
                     f"\t\t\t  module_key_{n}_{i}, key_{n}_{i} }},")
    init = [f"\t{{\n\t\t.name = {c_string(vector.name.encode())},",
            f"\t\t.derivation = KMTIA_DERIVATION_{vector.derivation.upper()},",
            f"\t\t.proto = {PROTO[vector.proto]},",
            f"\t\t.spi = {vector.spi:#x},",
            f"\t\t.key_id = {c_string(vector.key_id)},",
            f"\t\t.secret = secret_{n},",
            f"\t\t.secret_len = sizeof(secret_{n}),",
            f"\t\t.n_slots = {len(slots)},",
            "\t\t.slots = {", *slots, "\t\t},\n\t},"]
    return "\n".join(arrays), "\n".join(init)


def c_header():
    """The whole header."""
    arrays, inits = zip(*(c_vector(n, v) for n, v in enumerate(vectors())))
    return "\n".join([HEADER_HEAD, *arrays, "",
                      "static const struct kdf_vector kdf_vectors[] = {", *inits,
                      "};", "", "#endif /* _KDF_VECTORS_H */", ""])


# --- Self-test --------------------------------------------------------------------

#: RFC 5869, A.1 to A.3: IKM, salt, info, L, PRK, OKM
RFC5869 = tuple((ikm, salt, info, length, bytes.fromhex(prk), bytes.fromhex(okm))
                for ikm, salt, info, length, prk, okm in (
    (b"\x0b" * 22, bytes(range(13)), bytes(range(0xf0, 0xfa)), 42,
     "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
    (bytes(range(0x50)), bytes(range(0x60, 0xb0)), bytes(range(0xb0, 0x100)), 82,
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41"
     "c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
    (b"\x0b" * 22, b"", b"", 42,
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
))


def self_test():
    """The numbers of the test cases of RFC 5869, A., that fail."""
    return [n for n, (ikm, salt, info, length, prk, okm) in enumerate(RFC5869, 1)
            if hkdf_extract(salt, ikm) != prk or hkdf_expand(prk, info, length) != okm]


# --- Command line -------------------------------------------------------------------


def read_bytes(name):
    with open(name, "rb") as f:
        return f.read()


def command_slot(args):
    slot = Slot(args.role, args.algorithm, args.bits, None)
    print(slot_key(args.derivation, read_bytes(args.secret_file), os.fsencode(args.key_id),
                   args.proto, args.spi, slot, args.module_keys).hex())


def command_expect(args):
    with open(args.ike, encoding="ascii") as f:
        ike_keys = read_ike(f)
    secret, key_id = read_bytes(args.secret_file), os.fsencode(args.key_id)
    for line in sys.stdin:
        print(expected_line(line, ike_keys, args.derivation, secret, key_id))


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    commands = parser.add_subparsers(dest="command")
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--derivation", choices=DERIVATION, required=True)
    both.add_argument("--secret-file", required=True)
    both.add_argument("--key-id", default="")
    slot = commands.add_parser("slot", parents=[both])
    slot.add_argument("--proto", choices=PROTO, required=True)
    slot.add_argument("--spi", type=lambda text: int(text, 0), required=True)
    slot.add_argument("--role", choices=ROLE, required=True)
    slot.add_argument("--algorithm", required=True)
    slot.add_argument("--bits", type=int, required=True)
    slot.add_argument("--module-keys", type=bytes.fromhex, required=True)
    slot.set_defaults(run=command_slot)
    expect = commands.add_parser("expect", parents=[both])
    expect.add_argument("--ike", required=True)
    expect.set_defaults(run=command_expect)
    args = parser.parse_args()
    if args.vectors + args.self_test + (args.command is not None) != 1:
        parser.error("one of slot, expect, --vectors, --self-test")
    return args


def main():
    args = arguments()
    if args.self_test:
        failed = self_test()
        sys.exit(f"RFC 5869, A.{failed[0]} fails" if failed else 0)
    if args.vectors:
        sys.stdout.write(c_header())
        return
    try:
        args.run(args)
    except ValueError as e:
        sys.exit(f"kdf.py: {e}")


if __name__ == "__main__":
    main()
