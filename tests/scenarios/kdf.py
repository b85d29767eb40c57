#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300
"""Keys that the kernel derives from a manager's secret are those of
Documentation/kdf.rst: known answers inside the kernel, and SAs of every kind, at
two ends, against tests/py/kdf.py. A wrong answer with a secret is refused."""
import collections
import errno
import os
import re
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kdf
import kmtia_nl as nl
import tap
import xfrm

CHECK = os.path.join(os.path.dirname(os.environ["KMTIA_KO"]), "kmtia_kdf_check.ko")
KEY_ID = "Schlüssel 7"
SECRET = {"mix": kdf.stream("mix", 32), "expand": kdf.stream("expand", 1024)}
ENDS = {"ipv4": ("10.1.0.1", "10.1.0.2"), "ipv6": ("fd01::1", "fd01::2")}

# --- Known answers in the kernel --------------------------------------------------


def ktap_results(log):
    """(planned, {number: (passed, name)}, ended) of the module's lines."""
    lines = re.findall(r"kmtia_kdf_check: (.*)", log)
    plans = [int(line[3:]) for line in lines if re.fullmatch(r"1\.\.\d+", line)]
    results = {}
    for line in lines:
        if line.startswith("#"):
            tap.diag(line)
        found = re.fullmatch(r"(not )?ok (\d+) - (.*)", line)
        if found:
            results[int(found[2])] = not found[1], found[3]
    return plans[0] if len(plans) == 1 else None, results, "end" in lines


def known_answers():
    """Each result of the module's is one of ours."""
    guest.bash(f"KMTIA_KO={CHECK} module_load")
    planned, results, ended = ktap_results(guest.kernel_log())
    guest.sh("rmmod kmtia_kdf_check")
    for number in sorted(results):
        tap.ok(results[number][0], f"kernel: {results[number][1]}")
    tap.ok(ended, "kernel: it came to its end")
    tap.is_(sorted(results), list(range(1, (planned or 0) + 1)), "kernel: all that it planned")
    tap.ok(len(results) > len(kdf.vectors()), "kernel: more than the vectors")


# --- SAs of every kind -------------------------------------------------------------

ICV_BITS = {"hmac(sha1)": 96, "hmac(sha512)": 256, "cmac(aes)": 96}
NULL = xfrm.crypt(b"", "ecb(cipher_null)")
#: An SA that is to be made; slots have the keying module's keys.
Case = collections.namedtuple("Case", "name src dst proto spi slots")


def algorithms(case):
    """The attributes of XFRM_MSG_NEWSA."""
    out = b""
    for slot in case.slots:
        icv_bits = ICV_BITS.get(slot.algorithm, 128)
        if slot.role == "aead":
            out += xfrm.aead(slot.module_key, slot.algorithm, icv_bits)
        elif slot.role == "encryption":
            out += xfrm.crypt(slot.module_key, slot.algorithm)
        else:
            out += xfrm.auth(slot.module_key, slot.algorithm, icv_bits)
    if case.proto == "esp" and case.slots[0].role == "authentication":
        out += NULL
    return out


def newsa_args(case):
    return {"spi": case.spi, "src": case.src, "dst": case.dst, "proto": case.proto,
            "algorithms": algorithms(case)}


def supported(case):
    """Does the kernel have the algorithms? Asked where no rule is."""
    err, _ = xfrm.newsa(**newsa_args(case))
    guest.flush()
    if err and err not in (errno.ENOSYS, errno.ENOENT):
        raise OSError(err, case.name)
    return not err


def cases(base):
    """Each shape of keys that the kernel has, over IPv4 and IPv6, with SPIs from
    base on."""
    out = []
    for name, proto, *slots in kdf.SHAPES:
        for family, (src, dst) in ENDS.items():
            spi = base + len(out)
            case = Case(f"{proto} {name}, {family}", src, dst, proto, spi,
                        kdf.slots_of(f"{base:#x} {len(out)}", *slots))
            if supported(case):
                out.append(case)
            else:
                tap.skip(case.name, "the kernel lacks an algorithm")
    return out


# --- Two ends -----------------------------------------------------------------------


class End:
    """A namespace with a rule and a manager that answers with secrets."""

    def __init__(self, ns, n):
        guest.enter(ns)
        self.ns = ns
        self.tia = nl.Tia(n)
        self.tia.call("rule-add", {"priority": 10, "dictate": "any", "timeout": 10000})

    def ask(self, case):
        """(creator, question) of an SA that waits."""
        guest.enter(self.ns)
        creator = guest.Creator(**newsa_args(case))
        return creator, self.tia.question()

    def answer(self, question, derivation, **attrs):
        self.tia.call("dictate-reply",
                      {"id": question["id"], "derivation": derivation,
                       "secret": attrs.pop("secret", SECRET[derivation]),
                       **{k.replace("_", "-"): v for k, v in attrs.items()}})

    def make(self, case, derivation, **attrs):
        """Makes the SA; returns strerror's words."""
        creator, question = self.ask(case)
        self.answer(question, derivation, **attrs)
        return creator.errno_text()

    def flush(self):
        guest.enter(self.ns)
        guest.flush()

    def lines(self):
        """xfrm_keys, as lists of words."""
        out = [line.split() for line in guest.bash(f"xfrm_keys {self.ns}").splitlines()]
        return [words for words in out if len(words) == 9]


def ike_lines(made):
    """What kdf.py's --ike reads."""
    out = ""
    for case in made:
        keys = {s.role.replace("aead", "encryption"): s.module_key for s in case.slots}
        out += " ".join((case.src, case.dst, case.proto, f"{case.spi:#x}",
                         kdf.hex_or_dash(keys.get("encryption")),
                         kdf.hex_or_dash(keys.get("authentication")))) + "\n"
    return out


def expected(lines, made, derivation, key_id=KEY_ID):
    """The lines with the keys that they must have, from the command kdf.py."""
    work = os.environ["KMTIA_OUT"]
    with open(f"{work}/secret", "wb") as f:
        f.write(SECRET[derivation])
    with open(f"{work}/ike", "w", encoding="ascii") as f:
        f.write(ike_lines(made))
    with open(f"{work}/installed", "w", encoding="ascii") as f:
        f.writelines(" ".join(words) + "\n" for words in lines)
    out = guest.sh(f"python3 {kdf.__file__} expect --derivation {derivation} --key-id '{key_id}' "
                   f"--secret-file {work}/secret --ike {work}/ike <{work}/installed")
    return [line.split() for line in out.splitlines()]


def by_spi(lines):
    return {int(words[3], 16): words for words in lines}


def keys_of(lines):
    return [key for words in lines for key in words[4:6] if key != "-"]


def every_kind(ends, derivation, made):
    """All SAs, at both ends."""
    for case in made:
        for end in ends:
            tap.is_(end.make(case, derivation, key_id=KEY_ID), "",
                    f"{derivation}: {case.name}: {end.ns} makes it")
    installed = ends[0].lines()
    right = by_spi(expected(installed, made, derivation))
    for case in made:
        tap.is_(by_spi(installed).get(case.spi), right.get(case.spi),
                f"{derivation}: {case.name}: the keys are those of kdf.py")
    tap.is_(len(installed), len(made), f"{derivation}: these are all SAs")
    tap.is_(ends[1].lines(), installed, f"{derivation}: the other end has the same keys")
    controls(installed, made, derivation)
    for end in ends:
        end.flush()


def controls(installed, made, derivation):
    """What the keys must not be."""
    keys = keys_of(installed)
    tap.is_(len(set(keys)), sum(len(case.slots) for case in made),
            f"{derivation}: each key is another one")
    other = "expand" if derivation == "mix" else "mix"
    wrong_id = expected(installed, made, derivation, "Schlüssel 8")
    for name, wrong in (("the keying module's", [s.module_key.hex() for case in made
                                                 for s in case.slots]),
                        ("that of another key-id", keys_of(wrong_id)),
                        ("that of another derivation and secret",
                         keys_of(expected(installed, made, other)))):
        tap.is_((len(wrong), set(wrong) & set(keys)), (len(keys), set()),
                f"{derivation}: no key is {name}")


# --- Single SAs ---------------------------------------------------------------------


def gcm(spi, name, dst="10.1.0.2"):
    """An SA whose keying module's key depends on name alone."""
    return Case(name, "10.1.0.1", dst, "esp", spi,
                kdf.slots_of(name, ("aead", kdf.GCM, 160)))


def key_of(case, derivation, secret, key_id=b""):
    return kdf.sa_keys(derivation, secret, key_id, case.proto, case.spi, case.slots)[0]


def limits(end):
    """Shortest and longest secrets and key-ids, SPIs at the ends of their range."""
    for derivation in kdf.DERIVATION:
        for n, (what, size, attrs, spi) in enumerate((
                ("32 bytes, no key-id", 32, {}, None),
                ("1024 bytes, empty key-id", 1024, {"key_id": ""}, None),
                ("65 bytes, longest key-id", 65, {"key_id": "k" * 63}, None),
                ("SPI 0xffffffff", 64, {}, 0xffffffff))):
            case = gcm(spi or 0x5000 + n, f"limits {derivation} {n}")
            secret = kdf.stream(f"limits {n}", size)
            tap.is_(end.make(case, derivation, secret=secret, **attrs), "",
                    f"{derivation}, {what}: the SA is made")
            tap.is_(guest.installed(case.spi),
                    key_of(case, derivation, secret, attrs.get("key_id", "").encode()),
                    f"{derivation}, {what}: its key")
        end.flush()


def same_keys(end):
    """Keys that a keying module uses twice."""
    for n, derivation in enumerate(kdf.DERIVATION):
        first, second = (gcm(0x6000 + 16 * n + i, "same") for i in (0, 1))
        third = first._replace(dst="10.1.0.9")
        for case in first, second:
            tap.is_(end.make(case, derivation), "", f"{derivation}: {case.spi:#x} is made")
        tap.is_([guest.installed(case.spi) for case in (first, second)],
                [key_of(case, derivation, SECRET[derivation]) for case in (first, second)],
                f"{derivation}: another SPI, another key")
        tap.is_(len(set(guest.installed().values())), 2, f"{derivation}: they do differ")
        creator, question = end.ask(third)
        tap.raises(errno.EKEYREJECTED, "used by another SA",
                   f"{derivation}: the same key and SPI elsewhere: the derived key is refused",
                   end.answer, question, derivation)
        tap.is_(creator.errno_text(), "Key was rejected by service",
                f"{derivation}: and so is the SA")
        tap.is_(len(guest.installed()), 2, f"{derivation}: which is not installed")
        end.flush()


def refusals(end):
    """Malformed answers do not end the question."""
    case = gcm(0x7000, "refusals")
    creator, question = end.ask(case)
    secret = SECRET["mix"]
    slot = {"slot": [{"role": "aead", "key": bytes(range(1, 21))}]}
    mix = {"derivation": "mix"}
    unusable = end.tia.stats()["unusable"]
    for name, errnos, words, attr, attrs in (
            ("secret of 31 bytes", errno.EINVAL, "32 to 1024 bytes", "secret",
             {**mix, "secret": secret[:31]}),
            ("secret of 1025 bytes", errno.EINVAL, "32 to 1024 bytes", "secret",
             {**mix, "secret": secret + bytes(993)}),
            ("empty secret", errno.EINVAL, "32 to 1024 bytes", "secret",
             {**mix, "secret": b""}),
            ("secret and slots", errno.EINVAL, "slots or a secret", "secret",
             {**mix, **slot, "secret": secret}),
            ("secret without derivation", errno.EINVAL, "derivation is missing", "secret",
             {"secret": secret}),
            ("derivation without secret", errno.EINVAL, "secret is missing", "derivation", mix),
            ("slots and derivation", errno.EINVAL, "secret is missing", "derivation",
             {**mix, **slot}),
            ("derivation 0", (errno.EINVAL, errno.ERANGE), "", "derivation",
             {"derivation": 0, "secret": secret}),
            ("derivation 3", (errno.EINVAL, errno.ERANGE), "", "derivation",
             {"derivation": 3, "secret": secret}),
            ("secret and status", errno.EINVAL, "status, not both", "status",
             {**mix, "secret": secret, "status": 3}),
            ("key-id of 64 bytes", (errno.EINVAL, errno.ERANGE), "", "key-id",
             {**mix, "secret": secret, "key-id": "k" * 64}),
    ):
        tap.raises(errnos, words, f"refused: {name}", end.tia.call, "dictate-reply",
                   {"id": question["id"], **attrs}, attr=attr)
        # What the policy refuses the module does not get to see.
        if errnos == errno.EINVAL and attrs.get("secret"):
            tap.ok(attrs["secret"][:16] not in end.tia.echo,
                   f"refused: {name}: the kernel does not send the secret back")
    tap.ok(not creator.done(), "the SA still waits")
    tap.is_(end.tia.stats()["unusable"], unusable, "none of these counts as an answer")
    end.answer(question, "mix", key_id=KEY_ID)
    tap.is_(creator.errno_text(), "", "after all that the right answer makes the SA")
    tap.is_(guest.installed(case.spi), key_of(case, "mix", secret, KEY_ID.encode()),
            "with the key of that secret")
    end.flush()


guest.bash("netns_pair")
known_answers()
guest.enter("a")
sas = {"mix": cases(0x11223300), "expand": cases(0x81223300)}
guest.module_load()
a, b = End("a", 1), End("b", 2)
for how, made_so in sas.items():
    every_kind((a, b), how, made_so)
guest.enter("a")
limits(a)
same_keys(a)
refusals(a)
tap.done()
