#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 120
"""Which rule covers which SA. A TIA that answers nothing is asked or not: an SA
under a rule that dictates is refused, for nobody is registered; else it is made
with the creator's key."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap

guest.setup()
admin = nl.Kmtia()
spi = 0x8000

OUT = dict(src="10.1.0.1", dst="10.1.0.2")
IN = dict(src="10.1.0.2", dst="10.1.0.1")
#: Neither end is here: which is local can't be known.
UNKNOWN = dict(src="10.7.0.1", dst="10.8.0.2")
OUT6 = dict(src="fd01::1", dst="fd01::2")


def addr(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def covered(**sa):
    """Is an SA made like this refused?"""
    global spi
    spi += 1
    extra = sa.pop("extra", "")
    done = guest.sh(f"ip xfrm state add {guest.sa_args(spi, extra=extra, **sa)}; echo $?",
                    check=False)
    made = spi in guest.installed()
    tap.ok(done.endswith("0\n") == made, "ip and the kernel agree", done)
    return not made


def rule(name, expected, **attrs):
    """attrs of a rule that dictates; expected: the SAs that it covers."""
    rules([attrs], name, expected)


def rules(specs, name, expected):
    for i, attrs in enumerate(specs):
        attrs = {k.replace("_", "-"): v for k, v in attrs.items()}
        attrs.setdefault("dictate", "any")
        attrs.setdefault("priority", 10 * (i + 1))
        admin.call("rule-add", attrs)
    got = [which for which, sa in (("out", OUT), ("in", IN), ("unknown", UNKNOWN), ("out6", OUT6))
           if covered(**sa)]
    tap.is_(got, expected, name)
    admin.call("rule-flush")


ALL = ["out", "in", "unknown", "out6"]
rules([], "no rule covers nothing", [])
rule("a rule without selectors covers all", ALL)
rule("family", ["out6"], family=socket.AF_INET6)
rule("a remote prefix covers both directions", ["out", "in"], remote=addr("10.1.0.0"), remote_len=24)
rule("a whole address", ["out", "in"], remote=addr("10.1.0.2"))
rule("the local end's is not the remote's", [], remote=addr("10.1.0.1"))
rule("local", ["out", "in"], local=addr("10.1.0.1"))
rule("local and remote", ["out", "in"], local=addr("10.1.0.1"), remote=addr("10.1.0.2"))
rule("local and another remote", [], local=addr("10.1.0.1"), remote=addr("10.1.0.3"))
rule("which end is local can't be known: either will do", ["unknown"], remote=addr("10.7.0.1"))
rule("which end is local can't be known: the other", ["unknown"], remote=addr("10.8.0.2"))
rule("a prefix that ends within a byte", ["out", "in"], remote=addr("10.1.0.0"), remote_len=27)
rule("a prefix that just misses", [], remote=addr("10.1.0.4"), remote_len=30)
rule("a prefix of length 0", ["out", "in", "unknown"], remote=addr("0.0.0.0"), remote_len=0)
rule("IPv6 prefix", ["out6"], remote=addr("fd01::"), remote_len=65)
rule("IPv6 prefix that misses by a bit", [], remote=addr("fd01:0:0:0:8000::"), remote_len=65)
rule("direction out, and unknown", ["out", "unknown", "out6"], direction="out")
rule("direction in, and unknown", ["in", "unknown"], direction="in")
rule("reqid", ALL, reqid=1)
rule("another reqid", [], reqid=2)
rule("proto", ALL, proto=50)
rule("another proto", [], proto=51)
rule("another interface", [], if_id=5)

NONE = {"dictate": "none"}
rules([dict(NONE, remote=addr("10.1.0.2")), {}], "an exception goes before", ["unknown", "out6"])
rules([dict(NONE, remote=addr("10.1.0.2"), priority=20), {"priority": 10}],
      "but not with a greater priority", ALL)
rules([dict(NONE, direction="out"), {}], "an exception by direction, if that is known",
      ["in", "unknown"])
rules([dict(NONE, remote=addr("10.7.0.1")), {}], "an exception by an end that can't be known",
      ALL)
rules([dict(NONE, local=addr("10.0.0.0"), local_len=8, remote=addr("10.0.0.0"), remote_len=8), {}],
      "an exception that fits either way", ["out6"])


def marks(mark, mask, expected, dictate="any"):
    admin.call("rule-add", {"priority": 10, "dictate": dictate, "mark": mark, "mark-mask": mask})
    if dictate == "none":
        admin.call("rule-add", {"priority": 20, "dictate": "any"})
    got = [extra for extra in ("", "mark 5 mask 0xff", "mark 6 mask 0xff", "mark 0x15 mask 0xffff")
           if covered(extra=extra, **OUT)]
    tap.is_(got, expected, f"mark {mark:#x}/{mask:#x}, dictate {dictate}")
    admin.call("rule-flush")


marks(5, 0xFF, ["", "mark 5 mask 0xff"])
marks(5, 0xF, ["", "mark 5 mask 0xff", "mark 0x15 mask 0xffff"])
marks(5, 0xFF, ["", "mark 6 mask 0xff", "mark 0x15 mask 0xffff"], "none")

admin.call("rule-add", {"priority": 10, "dictate": "any", "reqid": 7})
admin.call("rule-add", {"priority": 20, "dictate": "any"})
covered(**OUT)
tap.is_([(r["priority"], r["hits"]) for r in admin.dump("rule-get")], [(10, 0), (20, 1)],
        "hits are counted where they are made")
tap.is_(nl.Kmtia().call("stats-get")[0]["fail-no-manager"] > 0, True, "all were refused for one reason")
admin.call("rule-flush")
tap.done()
