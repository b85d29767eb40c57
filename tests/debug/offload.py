#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --kernel debug --time 120
"""SAs that a network device is to carry out: it gets the dictated key, a device that refuses
costs no second question, and SAs that go with their device are not forgotten. The judge is
the device, netdevsim, which shows in debugfs what it was given; Debian's kernels don't have
it."""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

EINVAL, IN, PACKET = 22, 2, 4
NSIM = "/sys/bus/netdevsim"
SRC, DST = "10.5.0.1", "10.5.0.2"
KEY = bytes(range(1, 21))


def device():
    """A netdevsim that is up; its name, and what it shows"""
    guest.sh("modprobe -q netdevsim; mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || :")
    with open(f"{NSIM}/new_device", "w", encoding="ascii") as f:
        f.write("7 1")
    net = f"{NSIM}/devices/netdevsim7/net"
    guest.wait_until(lambda: os.path.isdir(net) and os.listdir(net), "the device is there")
    name = os.listdir(net)[0]
    guest.sh(f"ip addr add {SRC}/24 dev {name}; ip link set {name} up; "
             f"ip neigh replace {DST} lladdr 02:00:00:00:00:02 nud permanent dev {name}")
    return name, "/sys/kernel/debug/netdevsim/netdevsim7/ports/0/ipsec"


def held():
    """{SPI: key and salt} that the device has"""
    with open(SHOWN, encoding="ascii") as f:
        text = f.read()
    return {int(spi, 16): b"".join(struct.pack("=I", int(w, 16)) for w in (*key.split(), salt))
            for spi, salt, key in re.findall(
                r"spi=0x(\w+) proto=\S+ salt=0x(\w+) crypt=\d+\n\S+\s+key=0x(\w+ \w+ \w+ \w+)", text)}


def newsa(spi, extra=b"", **kwargs):
    return xfrm.newsa(spi, src=SRC, dst=DST, extra=extra, **kwargs)


def packet_then_crypto(spi):
    """As strongSwan's hw_offload=auto: whole packets, then only the cryptography"""
    first = newsa(spi, xfrm.offload(NAME, PACKET))[0]
    return first, newsa(spi, xfrm.offload(NAME))[0]


def device_then_none(spi):
    """For an algorithm that the device does not know"""
    suite = xfrm.crypt(bytes(16)) + xfrm.auth(bytes(32))
    first = newsa(spi, xfrm.offload(NAME), algorithms=suite)[0]
    return first, newsa(spi, algorithms=suite)[0]


guest.module_load()
NAME, SHOWN = device()
admin, tia, watcher = nl.Kmtia(), nl.Tia(1, flags=1), nl.Tia(2, flags=2)


def questions():
    return tia.stats()["questions"]


with guest.rule(admin, dictate="any", notify="any", timeout=10000):
    creator = guest.Creator(0x8001, call=newsa, extra=xfrm.offload(NAME))
    tia.answer(tia.question(), KEY)
    tap.is_(creator.errno_text(), "", "an SA for the device is made")
    tap.is_(held(), {0x8001: KEY}, "the device has the dictated key")
    tap.is_(guest.installed(0x8001), KEY, "so has XFRM")
    tap.like(guest.sh("ip xfrm state"), "crypto offload parameters: dev", "which says that it is the device's")
    creator = guest.Creator(0x8002, call=newsa, extra=xfrm.offload(NAME, IN))
    tia.answer(tia.question(), bytes(range(31, 51)))
    tap.is_((creator.errno_text(), held().get(0x8002)), ("", bytes(range(31, 51))), "an inbound one, too")

    asked = questions()
    creator = guest.Creator(0x8003, call=packet_then_crypto)
    tia.answer(tia.question(), bytes(range(61, 81)))
    tap.is_(creator.wait(), (EINVAL, 0), "refused for packets, it is offered for cryptography")
    tap.is_((held().get(0x8003), questions() - asked), (bytes(range(61, 81)), 1),
            "the device has the dictated key, after one question")
    asked = questions()
    creator = guest.Creator(0x8004, call=device_then_none)
    tia.answer(tia.question(), bytes(range(16)), bytes(range(32)))
    tap.is_(creator.wait(), (EINVAL, 0), "refused by the device, it is made without")
    tap.is_((guest.installed(0x8004), questions() - asked), (bytes(range(32)) + bytes(range(16)), 1),
            "with the dictated keys, after one question")

    # XFRM does not report what goes with a device.
    guest.wait_until(lambda: len(admin.dump("sa-get")) == 4, "four SAs are tracked")
    while watcher.recv(0.2) is not None:
        pass
    guest.sh(f"ip link set {NAME} down")
    tap.is_((sorted(guest.installed()), held()), ([0x8004], {}), "the device goes, and its SAs with it")
    tap.is_([t["sa"]["spi"] for t in admin.dump("sa-get")], [0x8004], "they are not listed any more")
    gone = {watcher.expect("notify", event="delete")["sa"]["spi"] for _ in range(3)}
    tap.is_(gone, {0x8001, 0x8002, 0x8003}, "watchers are told of the end of each")
    guest.flush()
tap.done()
