#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/py/kdf.py itself: HKDF against RFC 5869, the context byte by byte against
the table of Documentation/kdf.rst, and the commands that scenarios call."""
import hashlib
import hmac
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import kdf
import tap

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kdf.py")
SECRET = bytes(range(1, 41))
GCM_KEY, CBC_KEY, MAC_KEY = b"\x11" * 20, b"\x22" * 32, b"\x33" * 20
#: Lines of xfrm_keys, and what IKE wants to be installed
INSTALLED = f"""\
10.1.0.1 10.1.0.2 esp 0x00001001 {'aa' * 20} - rfc4106(gcm(aes)) - 128
10.1.0.1 10.1.0.2 esp 0x00001002 {'bb' * 32} {'cc' * 20} cbc(aes) hmac(sha1) 96
10.1.0.1 10.1.0.2 esp 0x00001003 - {'cc' * 20} ecb(cipher_null) hmac(sha1) 96
10.1.0.1 10.1.0.2 esp 0x00001004 {'bb' * 32} - cbc(aes) - -
fd01::1 fd01::2 ah 0xffffffff - {'cc' * 20} - hmac(sha1) 96
"""
IKE = f"""\
fd01::1 fd01::2 ah 0xffffffff - {MAC_KEY.hex()}
10.1.0.1 10.1.0.2 esp 0x1001 {GCM_KEY.hex()} -
10.1.0.1 10.1.0.2 esp 0x00001002 {CBC_KEY.hex()} {MAC_KEY.hex()}
10.1.0.1 10.1.0.2 esp 0x1003 - {MAC_KEY.hex()}
10.1.0.1 10.1.0.2 esp 0x1004 {CBC_KEY.hex()} -
"""


def run(*args, stdin=""):
    """(exit status, output) of the tool."""
    done = subprocess.run([sys.executable, TOOL, *args], input=stdin, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          universal_newlines=True)
    return done.returncode, done.stdout


def file_of(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def by_hand(prk, info):
    """The first 32 bytes of HKDF-Expand."""
    return hmac.new(prk, info + b"\1", hashlib.sha256).digest()


def test_hkdf():
    for n, (ikm, salt, info, length, prk, okm) in enumerate(kdf.RFC5869, 1):
        tap.is_(kdf.hkdf_extract(salt, ikm), prk, f"RFC 5869, A.{n}: PRK")
        tap.is_(kdf.hkdf_expand(prk, info, length), okm, f"RFC 5869, A.{n}: OKM")
    tap.is_(len(kdf.hkdf_expand(SECRET, b"", kdf.KEY_MAX)), 8160, "the longest key")


def test_info():
    """From the table, in hex."""
    slot = kdf.Slot("aead", "rfc4106(gcm(aes))", 160, GCM_KEY)
    tap.is_(kdf.slot_info("mix", "esp", 0x1a2b3c4d, slot, b"key 1", GCM_KEY).hex(" "),
            "6b 6d 74 69 61 2d 6b 64 66 01 02 32 1a 2b 3c 4d 00 00 a0 11 "
            "72 66 63 34 31 30 36 28 67 63 6d 28 61 65 73 29 29 05 6b 65 79 20 31",
            "info: mix, ESP, aead")
    slot = kdf.Slot("authentication", "cmac(aes)", 65280, b"")
    tap.is_(kdf.slot_info("expand", "ah", 1, slot, b"", b"").hex(" "),
            "6b 6d 74 69 61 2d 6b 64 66 01 01 33 00 00 00 01 02 ff 00 09 "
            "63 6d 61 63 28 61 65 73 29 00 " + hashlib.sha256(b"").digest().hex(" "),
            "info: expand, AH, authentication")


def test_keys():
    """The two derivations, without what kdf.py does them with."""
    slots = [kdf.Slot("encryption", "cbc(aes)", 256, CBC_KEY),
             kdf.Slot("authentication", "hmac(sha1)", 160, MAC_KEY)]
    head = b"kmtia-kdf\1%c\x32\0\0\x10\x02"
    enc = b"\1\1\0\x08cbc(aes)\1k"
    auth = b"\2\0\xa0\x0ahmac(sha1)\1k"
    prk = hmac.new(SECRET, CBC_KEY + MAC_KEY, hashlib.sha256).digest()
    tap.is_(kdf.sa_keys("mix", SECRET, b"k", "esp", 0x1002, slots),
            [by_hand(prk, head % 2 + enc), by_hand(prk, head % 2 + auth)[:20]], "keys: mix")
    prk = hmac.new(bytes(32), SECRET, hashlib.sha256).digest()
    digest = hashlib.sha256(CBC_KEY + MAC_KEY).digest()
    tap.is_(kdf.sa_keys("expand", SECRET, b"k", "esp", 0x1002, slots),
            [by_hand(prk, head % 1 + enc + digest),
             by_hand(prk, head % 1 + auth + digest)[:20]], "keys: expand")


def test_slot(directory):
    secret = file_of(directory, "secret", SECRET)
    args = ["slot", "--derivation", "mix", "--secret-file", secret, "--key-id", "ключ",
            "--proto", "esp", "--spi", "0x1002", "--role", "authentication",
            "--algorithm", "hmac(sha1)", "--bits", "160",
            "--module-keys", (CBC_KEY + MAC_KEY).hex()]
    slot = kdf.Slot("authentication", "hmac(sha1)", 160, MAC_KEY)
    tap.is_(run(*args), (0, kdf.slot_key("mix", SECRET, "ключ".encode(), "esp", 0x1002, slot,
                                         CBC_KEY + MAC_KEY).hex() + "\n"), "slot")
    for size in (31, 1025):
        file_of(directory, "secret", bytes(size))
        tap.is_(run(*args), (1, ""), f"slot: a secret of {size} bytes is none")


def expect(directory, stdin=INSTALLED, ike=IKE, key_id="k"):
    return run("expect", "--derivation", "mix", "--key-id", key_id,
               "--secret-file", file_of(directory, "secret", SECRET),
               "--ike", file_of(directory, "ike", ike.encode()), stdin=stdin)


def expected_text():
    """What `expect` must say, SA by SA."""
    gcm = kdf.Slot("aead", "rfc4106(gcm(aes))", 160, GCM_KEY)
    cbc = kdf.Slot("encryption", "cbc(aes)", 256, CBC_KEY)
    mac = kdf.Slot("authentication", "hmac(sha1)", 160, MAC_KEY)
    fields = ((("10.1.0.1 10.1.0.2", "esp", 0x1001), (gcm, None), "rfc4106(gcm(aes)) - 128"),
              (("10.1.0.1 10.1.0.2", "esp", 0x1002), (cbc, mac), "cbc(aes) hmac(sha1) 96"),
              (("10.1.0.1 10.1.0.2", "esp", 0x1003), (None, mac),
               "ecb(cipher_null) hmac(sha1) 96"),
              (("10.1.0.1 10.1.0.2", "esp", 0x1004), (cbc, None), "cbc(aes) - -"),
              (("fd01::1 fd01::2", "ah", 0xffffffff), (None, mac), "- hmac(sha1) 96"))
    out = ""
    for (ends, proto, spi), slots, rest in fields:
        keys = iter(kdf.sa_keys("mix", SECRET, b"k", proto, spi, [s for s in slots if s]))
        shown = [next(keys).hex() if s else "-" for s in slots]
        out += f"{ends} {proto} {spi:#010x} {shown[0]} {shown[1]} {rest}\n"
    return out


def test_expect(directory):
    tap.is_(expect(directory), (0, expected_text()), "expect")
    tap.ok(expect(directory, key_id="l")[1] not in ("", expected_text()),
           "expect: another key-id, other keys")
    tap.is_(expect(directory, stdin=""), (0, ""), "expect: no SA, no line")
    tap.is_(expect(directory, ike="")[0], 1, "expect: an SA without IKE's keys is an error")
    tap.is_(expect(directory, ike=IKE.replace("11" * 20, "11" * 19))[0], 1,
            "expect: so is another length")


def test_vectors():
    vectors = kdf.vectors()
    tap.ok(len(vectors) >= 24, f"vectors: there are {len(vectors)}")
    tap.is_(len({v.name for v in vectors}), len(vectors), "vectors: each has its name")
    tap.is_(len(kdf.LONG_NAME), 63, "vectors: the longest name")
    keys = [tuple(kdf.sa_keys(v.derivation, v.secret, v.key_id, v.proto, v.spi, v.slots))
            for v in vectors]
    # One bit is not enough to tell keys apart.
    some = [key for pair in keys for key in pair if len(key) >= 16]
    tap.is_(len(set(some)), len(some), "vectors: no two keys are equal")
    first, second = run("--vectors"), run("--vectors")
    tap.is_(first[0], 0, "vectors: printed")
    tap.ok(first == second, "vectors: the same each time")
    tap.is_(run("--self-test"), (0, ""), "--self-test")
    tap.is_(run()[0], 2, "nothing asked for is an error")


with tempfile.TemporaryDirectory() as tmp:
    test_hkdf()
    test_info()
    test_keys()
    test_slot(tmp)
    test_expect(tmp)
    test_vectors()
tap.done()
