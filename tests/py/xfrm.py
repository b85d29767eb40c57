# SPDX-License-Identifier: GPL-2.0-only
"""A keying module in a function: XFRM_MSG_NEWSA, with the errno that ip(8) does
not show where the kernel sends words."""
import socket
import struct

NETLINK_XFRM, SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 6, 270, 10, 11
XFRM_MSG_NEWSA, XFRM_MSG_UPDSA = 0x10, 0x1A
XFRMA_ALG_CRYPT, XFRMA_ALG_AEAD, XFRMA_ALG_AUTH_TRUNC = 2, 18, 20
PROTO = {"esp": 50, "ah": 51}
MODE = {"transport": 0, "tunnel": 1, "beet": 4}
INF = (1 << 64) - 1
IKE_KEY = bytes.fromhex("1eef" * 10)


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return family, socket.inet_pton(family, text).ljust(16, b"\0")


def usersa_info(spi, src, dst, proto, mode, reqid):
    """struct xfrm_usersa_info of linux/xfrm.h"""
    family, daddr = address(dst)
    _, saddr = address(src)
    selector = bytes(40) + struct.pack("HBBB3xiI", family if mode != "tunnel" else 0,
                                       0, 0, 0, 0, 0)
    info = (selector + daddr + struct.pack(">IB3x", spi, PROTO[proto]) + saddr +
            struct.pack("8Q", INF, INF, INF, INF, 0, 0, 0, 0) + bytes(32) + bytes(12) +
            struct.pack("IIHBBB", 0, reqid, family, MODE[mode], 32, 0))
    return info.ljust(224, b"\0")


def attribute(number, data):
    return (struct.pack("HH", 4 + len(data), number) + data).ljust((len(data) + 7) & ~3, b"\0")


def aead(key, name="rfc4106(gcm(aes))", icv_bits=128):
    """XFRMA_ALG_AEAD"""
    return attribute(XFRMA_ALG_AEAD,
                     struct.pack("64sII", name.encode(), len(key) * 8, icv_bits) + key)


def crypt(key, name="cbc(aes)"):
    """XFRMA_ALG_CRYPT"""
    return attribute(XFRMA_ALG_CRYPT, struct.pack("64sI", name.encode(), len(key) * 8) + key)


def auth(key, name="hmac(sha256)", icv_bits=128):
    """XFRMA_ALG_AUTH_TRUNC"""
    return attribute(XFRMA_ALG_AUTH_TRUNC,
                     struct.pack("64sII", name.encode(), len(key) * 8, icv_bits) + key)


def newsa(spi, src="10.1.0.1", dst="10.1.0.2", proto="esp", mode="transport", reqid=1,
          key=IKE_KEY, algorithms=None, update=False):
    """Returns (errno, the kernel's words or None). algorithms: attributes, in
    place of GCM with key."""
    body = (usersa_info(spi, src, dst, proto, mode, reqid) +
            (aead(key) if algorithms is None else algorithms))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM) as s:
        s.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        s.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        # NLM_F_REQUEST | ACK | EXCL | CREATE
        s.send(struct.pack("IHHII", 16 + len(body), XFRM_MSG_UPDSA if update else XFRM_MSG_NEWSA,
                           0x605, 1, 0) + body)
        answer = s.recv(4096)
    flags, err = struct.unpack_from("H", answer, 6)[0], struct.unpack_from("i", answer, 16)[0]
    words, at = None, 36
    while flags & 0x200 and at + 4 <= len(answer):
        size, kind = struct.unpack_from("HH", answer, at)
        if kind == 1:
            words = answer[at + 4:at + size].rstrip(b"\0").decode()
        at += (size + 3) & ~3
    return -err, words
