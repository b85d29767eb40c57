#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300
"""Every algorithm that the kernel's XFRM has. An SA of each is dictated at one end, where
the question says exactly which keys it needs, and made by hand with these keys at the
other, where no rule is: the judge is a packet that passes."""
import os
import platform
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import algo_list
import guest
import kmtia_nl as nl
import tap
import xfrm

A, B = "10.1.0.1", "10.1.0.2"
#: name: (bits of key and salt, of the ICV)
AEADS = {
    "rfc4106(gcm(aes))": ((160, 224, 288), (64, 96, 128)),
    "rfc4309(ccm(aes))": ((152, 216, 280), (64, 96, 128)),
    "rfc4543(gcm(aes))": ((160, 224, 288), (128,)),
    "rfc7539esp(chacha20,poly1305)": ((288,), (128,)),
}
#: name: (name for compatibility, bits of the key, of the ICV)
AUTHS = {
    "digest_null": (None, 0, 0),
    "hmac(md5)": ("md5", 128, 96),
    "hmac(sha1)": ("sha1", 160, 96),
    "hmac(sha256)": ("sha256", 256, 128),
    "hmac(sha384)": (None, 384, 192),
    "hmac(sha512)": (None, 512, 256),
    "hmac(rmd160)": ("rmd160", 160, 96),
    "xcbc(aes)": (None, 128, 96),
    "cmac(aes)": (None, 128, 96),
    "hmac(sm3)": ("sm3", 256, 256),
}
#: name: (name for compatibility, bits of key and nonce)
CIPHERS = {
    "ecb(cipher_null)": ("cipher_null", (0,)),
    "cbc(des)": ("des", (64,)),
    "cbc(des3_ede)": ("des3_ede", (192,)),
    "cbc(cast5)": ("cast5", (40, 128)),
    "cbc(blowfish)": ("blowfish", (40, 448)),
    "cbc(aes)": ("aes", (128, 192, 256)),
    "cbc(serpent)": ("serpent", (128, 256)),
    "cbc(camellia)": ("camellia", (128, 192, 256)),
    "cbc(twofish)": ("twofish", (128, 192, 256)),
    "rfc3686(ctr(aes))": (None, (160, 224, 288)),
    "cbc(sm4)": ("sm4", (128,)),
}
#: Not there any more on newer kernels
REMOVED = {"hmac(rmd160)", "rmd160"}
#: In the list, but not in Debian's ciphers
UNBUILT = set() if "kmtia" in platform.release() else {"cbc(sm4)", "sm4", "hmac(sm3)", "sm3"}
ENOSYS = 38
IV_GENERATORS = {"seqiv", "echainiv"}


# --- Is the table complete? ---------------------------------------------------------------------

def names(table):
    return set(table) | {row[0] for row in table.values() if isinstance(row[0], str)}


kernel = algo_list.algorithms()
for title, table in (("aead_list", AEADS), ("aalg_list", AUTHS), ("ealg_list", CIPHERS)):
    there = kernel[title] - IV_GENERATORS
    tap.is_(sorted(there - names(table)), [], f"{title}: the kernel has no algorithm that the test has not")
    tap.is_(sorted(names(table) - there - REMOVED), [], f"{title}: nor the test one that the kernel has not")
for name in REMOVED - kernel["aalg_list"]:
    AUTHS.pop(name, None)

# --- Shapes of SAs --------------------------------------------------------------------------------------

HMAC = ("authentication", "hmac(sha256)", 256, 128)


def slot(role, name, bits, icv=0):
    """A question's slot; what has no key has none. The bits are those of key and salt."""
    return [(role, name, bits, icv)] if bits else []


def shapes():
    """(name, title, protocol, function of keys that makes attributes, slots)"""
    for name, (sizes, icvs) in AEADS.items():
        for bits in sizes:
            for icv in icvs:
                yield (name, f"ESP {name}, {bits} bits, ICV of {icv}", "esp",
                       lambda k, n=name, i=icv: xfrm.aead(k.pop(0), n, i),
                       slot("aead", name, bits, icv))
    for name, (compat, sizes) in CIPHERS.items():
        for bits, asked in [(b, name) for b in sizes] + [(sizes[-1], compat)] * bool(compat):
            yield (asked, f"ESP {asked}, {bits} bits", "esp",
                   lambda k, n=asked, b=bits: xfrm.crypt(k.pop(0) if b else b"", n) + xfrm.auth(k.pop(0)),
                   slot("encryption", name, bits) + [HMAC])
    for name, (compat, bits, icv) in AUTHS.items():
        for proto in ("esp", "ah") if bits else ("esp",):
            for asked in [name] + [compat] * bool(compat):
                yield (asked, f"{proto.upper()} {asked}, {bits} bits", proto,
                       lambda k, n=asked, b=bits, i=icv, p=proto:
                       (xfrm.crypt(k.pop(0)) if p == "esp" else b"") +
                       xfrm.auth(k.pop(0) if b else b"", n, i),
                       (slot("encryption", "cbc(aes)", 128) if proto == "esp" else []) +
                       slot("authentication", name, bits, icv))


# --- Both ends ----------------------------------------------------------------------------------------

def in_b(spi, **kwargs):
    guest.enter("b")
    return xfrm.newsa(spi, **kwargs)


def policies(proto):
    for ns, out, back in (("a", "out", "in"), ("b", "in", "out")):
        guest.sh(f"ip -n {ns} xfrm policy flush")
        for src, dst, way in ((A, B, out), (B, A, back)):
            guest.sh(f"ip -n {ns} xfrm policy add src {src} dst {dst} dir {way} "
                     f"tmpl src {src} dst {dst} proto {proto} reqid 1 mode transport")


def asked_slots(question):
    return [(s["role"], s["algorithm"], s["bits"], s.get("icv-bits", 0))
            for s in question["sa"].get("slot", [])]


def make_sa(title, spi, ends, proto, attributes, slots, spoil=False):
    """Dictated in a, by hand in b"""
    keys = [os.urandom(bits // 8) for _, _, bits, _ in slots]
    others = attributes([bytes(n % 251 for n in range(1, len(k) + 1)) for k in keys])
    creator = guest.Creator(spi, src=ends[0], dst=ends[1], proto=proto, algorithms=others)
    if slots:
        question = tia.question()
        tap.is_(asked_slots(question), slots, f"{title}: the question has its keys' sizes")
        tia.answer(question, *keys)
    tap.is_(creator.errno_text(), "", f"{title}: it is made")
    # ip(8) shows authentication first.
    tap.is_(guest.installed(spi), b"".join(reversed(keys)), f"{title}: with exactly the dictated keys")
    if spoil:
        keys = [bytes([keys[0][0] ^ 0xfe]) + keys[0][1:]] + keys[1:]
    hand = guest.Creator(spi, call=in_b, src=ends[0], dst=ends[1], proto=proto,
                         algorithms=attributes(list(keys)))
    tap.is_(hand.errno_text(), "", f"{title}: and by hand at the other end")


def passes():
    return "1 received" in guest.sh(f"ping -n -q -c 1 -W 3 {B}", check=False)


def flush():
    for ns in "ab":
        guest.sh(f"ip -n {ns} xfrm state flush")


guest.setup()
admin, tia = nl.Kmtia(), nl.Tia(1, flags=1)
spi = 0x5000
with guest.rule(admin, dictate="any", timeout=10000):
    last = None
    for name, title, proto, attributes, slots in shapes():
        spi += 2
        if name in UNBUILT:
            keys = [bytes(range(bits // 8)) for _, _, bits, _ in slots]
            err = guest.Creator(spi, proto=proto, algorithms=attributes(keys)).wait()[0]
            tap.is_((err, tia.recv(0)), (ENOSYS, None), f"{title}: XFRM has it not, and nobody is asked")
            continue
        if proto != last:
            policies(proto)
            last = proto
        make_sa(f"{title}, out", spi, (A, B), proto, attributes, slots)
        make_sa(f"{title}, in", spi + 1, (B, A), proto, attributes, slots)
        tap.ok(passes(), f"{title}: a packet passes")
        flush()
    # The control: one bit of the key is another.
    policies("esp")
    _, _, _, attributes, slots = next(shapes())
    make_sa("control, out", 0x7001, (A, B), "esp", attributes, slots, spoil=True)
    make_sa("control, in", 0x7002, (B, A), "esp", attributes, slots)
    tap.ok(not passes(), "with another key at the other end none passes")
    flush()
tap.done()
