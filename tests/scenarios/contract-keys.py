#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 180
"""What a key manager and an administrator may rely on (Documentation/behaviours.rst):
what a manager is told of an SA, what of it it decides, and who gets to see keys.
Registration, grants and bids are in contract.py. The judge of keys is `ip xfrm
state`."""
import errno
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

REJECTED = "Key was rejected by service"
NOTIFY = 2
IN = dict(src="10.1.0.2", dst="10.1.0.1")
_spi = 0xa000


def new_spi():
    global _spi
    _spi += 1
    return _spi


def key_for(number):
    return b"\xd0" + number.to_bytes(3, "big") * 6 + b"k"


def rule(**attrs):
    return guest.rule(admin, **attrs)


def registered():
    return [m["uuid"] for m in admin.dump("manager-get")]


def dictated(tia, **kwargs):
    """An SA for which that manager, the only one that is asked, gives keys: SPI and
    question"""
    number = new_spi()
    creator = guest.Creator(number, **kwargs)
    question = tia.question()
    tia.answer(question, key_for(number))
    if creator.errno_text():
        raise RuntimeError(f"an SA was refused: {creator.errno_text()}")
    return number, question


def listed(number):
    """What sa-get says of an SA, or None"""
    for m in admin.dump("sa-get"):
        if m["sa"]["spi"] == number:
            return m
    return None


class Ip:
    """ip(8), while the kernel makes it wait"""

    def __init__(self, args):
        # pylint: disable-next=consider-using-with # it waits for us
        self.process = subprocess.Popen("ip xfrm state add " + args, shell=True)

    def wait(self):
        return self.process.wait(20)


guest.setup()
guest.add(0x8fff)    # loads the ciphers, which takes its time
guest.flush()
admin = nl.Kmtia()
monitor = nl.Kmtia()
monitor.join("monitor")
tia = nl.Tia(1)
watcher = nl.Tia(2, flags=NOTIFY)

# --- What a manager is told, and what it decides --------------------------------------------------------

LIMITS = "limit time-hard 3600 limit packet-soft 1000 sel src 10.1.0.1/32 dst 10.1.0.2/32 proto tcp dport 80"
with rule(dictate="any", notify="any", keys_manager=watcher.uuid):
    first = new_spi()
    ip = Ip(guest.sa_args(first, extra=LIMITS))
    question = tia.question()
    sa = question["sa"]
    tap.is_((sa["spi"], sa["proto"], sa["mode"], sa["hard-add-expires"], sa["soft-packet-limit"]),
            (first, 50, 0, 3600, 1000), "a question tells SPI, protocol, mode and lifetimes")
    tap.is_((sa["selector"]["saddr"], sa["selector"]["dport"]), (bytes([10, 1, 0, 1]), 80), "the traffic")
    tap.is_([(s["role"], s["algorithm"], s["bits"], s["icv-bits"]) for s in sa["slot"]],
            [("aead", guest.GCM, 160, 128)], "and the algorithms with the lengths of their keys")
    tia.answer(question, key_for(first))
    tap.is_(ip.wait(), 0, "the first SA is made")
    mate, question = dictated(tia, **IN)
    tap.is_((question["mate"]["spi"], question["mate"]["direction"], question["sa"]["direction"]),
            (first, "out", "in"), "the question about the second tells of both")
    tap.is_([s["bits"] for s in question["mate"]["slot"]], [160], "algorithms, too")
    tap.is_((question["mate"]["hard-add-expires"], question["mate"]["selector"]["dport"]), (3600, 80),
            "lifetimes and traffic, too")
    tap.ok("key" not in nl.names(question) and key_for(first) not in question.raw, "but no key")
    tap.is_(guest.installed(), {first: key_for(first), mate: key_for(mate)},
            "each direction has the key that was dictated for it")
    told = watcher.expect("notify", event="new")
    while told["sa"]["spi"] != mate:
        told = watcher.expect("notify", event="new")
    tap.is_(told["mate"]["spi"], first, "the notification about the second names the first")
    tap.is_({m["sa"]["spi"]: [s["key"] for s in m["sa"]["slot"]] for m in watcher.dump("notify-get")},
            {first: [key_for(first)], mate: [key_for(mate)]}, "both can be fetched with the keys that they really have")

guest.flush()
SHAPES = {"transport": guest.sa_args(0x9a01, extra="replay-window 64 flag esn " + LIMITS),
          "tunnel": guest.sa_args(0x9a02, mode="tunnel", extra="replay-window 32 encap espinudp 4500 4501 0.0.0.0"),
          "two keys": guest.sa_args(0x9a03, algo="enc 'cbc(aes)' 0x" + "1e" * 16 +
                                    " auth-trunc 'hmac(sha256)' 0x" + "ef" * 32 + " 128")}
for what, args in SHAPES.items():
    guest.sh("ip xfrm state add " + args)
    plain = guest.sh("ip xfrm state")
    guest.flush()
    with rule(dictate="any"):
        ip = Ip(args)
        question = tia.question()
        fill = question["sa"]["spi"] & 0xff
        keys = [bytes([fill, 0xa0 + i]) * (s["bits"] // 16) for i, s in enumerate(question["sa"]["slot"])]
        tia.answer(question, *keys)
        ip.wait()
    made = guest.sh("ip xfrm state")
    tap.is_([bytes.fromhex(k) for k in sorted(re.findall(r"0x([0-9a-f]{32,})", made))], sorted(keys),
            f"{what}: the keys are the manager's")
    tap.is_(re.sub(r"0x[0-9a-f]{32,}", "KEY", made), re.sub(r"0x[0-9a-f]{32,}", "KEY", plain),
            f"{what}: nothing but the keys is")
    guest.flush()

with rule(dictate="any"):
    creator = guest.Creator(new_spi())
    tia.cannot(tia.question(), status=4711, text="no")
    tap.is_(creator.errno_text(), REJECTED, "a status means that nothing is dictated")
    tap.is_(monitor.expect("monitor-ntf", event="failed", status=4711)["errno"], errno.EKEYREJECTED,
            "and is reported, not passed on")
    number, _ = dictated(tia)
    tap.is_(guest.installed(number), key_for(number), "an answer without a status that the keys are good")
    creator = guest.Creator(new_spi())
    question = tia.question()
    tap.raises(errno.EINVAL, "wrong length", "a key of the wrong length has an error of its own", tia.answer,
               question, key_for(_spi)[1:], attr="slot")
    tap.is_((creator.errno_text(), guest.installed(_spi)), (REJECTED, None), "and the SA is not made")
with rule(dictate="any", on_failure="keep", timeout=300):
    number = new_spi()
    creator = guest.Creator(number)
    question = tia.question()
    tap.is_((creator.errno_text(), guest.installed(number)), ("", guest.IKE_KEY),
            "who does not answer in time can't supply")
    tap.raises(errno.ENOENT, "not open", "its answer comes too late", tia.answer, question, key_for(number))
    tap.is_(guest.installed(number), guest.IKE_KEY, "and changes nothing")

# --- What is said of an SA --------------------------------------------------------------------------------

guest.flush()
while watcher.recv(0.1):
    pass
secrets = [guest.IKE_KEY]
pushed = []
watcher.received = pushed.append
with rule(dictate="any", notify="any", on_failure="keep", keys_manager=watcher.uuid):
    origins = {}
    for origin in ("local", "peer"):
        number = new_spi()
        creator = guest.Creator(number)
        tia.answer(tia.question(), key_for(number), origin=origin, key_id=f"{origin} key")
        creator.wait()
        origins[number] = (origin, tia.uuid, f"{origin} key")
        secrets.append(key_for(number))
    number = new_spi()
    creator = guest.Creator(number)
    tia.cannot(tia.question())
    creator.wait()
    origins[number] = ("none", None, None)
    tap.is_({n: (listed(n)["sa"]["origin"], listed(n)["sa"].get("manager"), listed(n)["sa"].get("key-id"))
             for n in origins}, origins, "an SA is marked as dictated here, by the peer, or not at all")
    told = [watcher.expect("notify", event="new")["sa"] for _ in origins]
    tap.is_({sa["spi"]: (sa["origin"], sa.get("manager"), sa.get("key-id")) for sa in told}, origins,
            "those who are notified are told so")
    guest.sh("ip xfrm state update " + guest.sa_args(number, extra="limit packet-hard 9"))
    watcher.expect("notify", event="update")
    tap.ok(pushed and not [f for f in pushed for k in secrets if k in f], "no key is in what is pushed")
    watcher.received = lambda frame: None
    got = {m["sa"]["spi"]: b"".join(s["key"] for s in m["sa"]["slot"]) for m in watcher.dump("notify-get")}
    tap.is_(got, guest.installed(), "the keys of all of them can be fetched, whoever decided on them")
    tap.is_(len(got), 3, "of all three")
    tap.is_([s.get("key") for m in tia.dump("notify-get") for s in m["sa"]["slot"]], [None] * 3,
            "by the manager alone that the rule names for it")
    frames = [m.frame for m in admin.dump("sa-get")]
    tap.ok(len(frames) == 3 and not [f for f in frames for k in secrets if k in f], "the list of SAs has no key")
events, spis = [], []
monitor.received = events.append
try:
    while True:
        spis.append(monitor.expect("monitor-ntf", timeout=0.2).get("sa", {}).get("spi"))
except TimeoutError:
    pass
tap.ok(set(origins) <= set(spis), "the monitor told of all of them", spis)
tap.ok(not [f for f in events for k in secrets if k in f], "and of no key")

# --- A manager that does not read ---------------------------------------------------------------------------

guest.flush()
deaf = nl.Tia(6, flags=NOTIFY, rcvbuf=2304)
numbers = [new_spi() for _ in range(10)]
with rule(notify="any"):
    tap.is_([xfrm.newsa(n)[0] for n in numbers], [0] * 10, "who does not read what it is told holds up no SA")
    guest.wait_until(lambda: deaf.stats()["notifications"] + deaf.stats()["dropped"] == 10, "all were sent")
    tap.ok(deaf.stats()["dropped"] > 0, "what its socket can't take is counted", deaf.stats())
    tap.is_([m["sa"]["spi"] for m in deaf.dump("notify-get")], numbers, "and can be fetched")
deaf.close()
pid = os.fork()
if not pid:
    mortal = nl.Tia(7, flags=NOTIFY)
    signal.pause()
guest.wait_until(lambda: nl.uuid(7) in registered(), "a watcher of another process")
os.kill(pid, signal.SIGSTOP)
with rule(notify="any"):
    tap.is_(guest.add(new_spi()), "", "nor does one that is stopped")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    tap.is_(guest.add(new_spi()), "", "nor one that dies")
tap.done()
