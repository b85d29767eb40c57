# SPDX-License-Identifier: GPL-2.0-only
"""A keying module in functions: messages to XFRM, with the errno that ip(8) does not
show where the kernel sends words."""
import socket
import struct

NETLINK_XFRM, SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 6, 270, 10, 11
XFRM_MSG_NEWSA, XFRM_MSG_DELSA, XFRM_MSG_ALLOCSPI, XFRM_MSG_EXPIRE = 0x10, 0x11, 0x16, 0x18
XFRM_MSG_UPDSA, XFRM_MSG_FLUSHSA, XFRM_MSG_MIGRATE, XFRM_MSG_MIGRATE_STATE = 0x1A, 0x1C, 0x21, 0x29
NLMSG_ERROR = 2
XFRMA_MIGRATE = 17
XFRMA_ALG_CRYPT, XFRMA_ALG_AEAD, XFRMA_ALG_AUTH_TRUNC = 2, 18, 20
XFRMA_MARK, XFRMA_OFFLOAD_DEV, XFRMA_IF_ID, XFRMA_SA_DIR, XFRMA_SA_PCPU = 21, 28, 31, 33, 35
PROTO = {"esp": 50, "ah": 51}
MODE = {"transport": 0, "tunnel": 1, "beet": 4}
INF = (1 << 64) - 1
IKE_KEY = bytes.fromhex("1eef" * 10)


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return family, socket.inet_pton(family, text).ljust(16, b"\0")


def usersa_info(spi, src, dst, proto, mode, reqid, hard_add=0):
    """struct xfrm_usersa_info of linux/xfrm.h; hard_add: the SA's lifetime in seconds"""
    family, daddr = address(dst)
    _, saddr = address(src)
    selector = bytes(40) + struct.pack("HBBB3xiI", family if mode != "tunnel" else 0,
                                       0, 0, 0, 0, 0)
    info = (selector + daddr + struct.pack(">IB3x", spi, PROTO[proto]) + saddr +
            struct.pack("8Q", INF, INF, INF, INF, 0, hard_add, 0, 0) + bytes(32) + bytes(12) +
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


def mark(value, mask):
    """XFRMA_MARK"""
    return attribute(XFRMA_MARK, struct.pack("II", value, mask))


def if_id(number):
    """XFRMA_IF_ID"""
    return attribute(XFRMA_IF_ID, struct.pack("I", number))


def offload(device, flags=0):
    """XFRMA_OFFLOAD_DEV; flags: XFRM_OFFLOAD_*, 2 for an inbound SA, 4 for packets"""
    return attribute(XFRMA_OFFLOAD_DEV,
                     struct.pack("iB3x", socket.if_nametoindex(device), flags))


def one_cpu(cpu, direction=1):
    """XFRMA_SA_PCPU, which needs XFRMA_SA_DIR: 1 in, 2 out"""
    return (attribute(XFRMA_SA_DIR, struct.pack("B", direction)) +
            attribute(XFRMA_SA_PCPU, struct.pack("I", cpu)))


def transaction(kind, body, flags=0):
    """A message to XFRM; returns (errno, the kernel's words or None)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM) as s:
        s.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        s.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        # NLM_F_REQUEST | ACK
        s.send(struct.pack("IHHII", 16 + len(body), kind, 5 | flags, 1, 0) + body)
        answer = s.recv(4096)
    if struct.unpack_from("H", answer, 4)[0] != NLMSG_ERROR:    # what was asked for
        return 0, None
    flags, err = struct.unpack_from("H", answer, 6)[0], struct.unpack_from("i", answer, 16)[0]
    words, at = None, 36
    while flags & 0x200 and at + 4 <= len(answer):
        size, number = struct.unpack_from("HH", answer, at)
        if number == 1:
            words = answer[at + 4:at + size].rstrip(b"\0").decode()
        at += (size + 3) & ~3
    return -err, words


def newsa(spi, src="10.1.0.1", dst="10.1.0.2", proto="esp", mode="transport", reqid=1,
          key=IKE_KEY, algorithms=None, update=False, extra=b"", hard_add=0):
    """Returns (errno, the kernel's words or None). algorithms: attributes, in
    place of GCM with key; extra: further ones."""
    body = (usersa_info(spi, src, dst, proto, mode, reqid, hard_add) +
            (aead(key) if algorithms is None else algorithms) + extra)
    # NLM_F_EXCL | CREATE
    return transaction(XFRM_MSG_UPDSA if update else XFRM_MSG_NEWSA, body, 0x600)


def usersa_id(spi, dst, proto):
    """struct xfrm_usersa_id"""
    family, daddr = address(dst)
    return daddr + struct.pack(">I", spi) + struct.pack("HB1x", family, PROTO[proto])


def delsa(spi, dst, proto="esp"):
    """As newsa()."""
    return transaction(XFRM_MSG_DELSA, usersa_id(spi, dst, proto))


def flushsa(proto="esp"):
    """As newsa()."""
    return transaction(XFRM_MSG_FLUSHSA, struct.pack("B", PROTO[proto]))


def allocspi(spi, src, dst, proto="esp", mode="transport", reqid=1):
    """XFRM_MSG_ALLOCSPI of exactly that SPI. As newsa()."""
    return transaction(XFRM_MSG_ALLOCSPI, usersa_info(0, src, dst, proto, mode, reqid) + struct.pack("II", spi, spi))


def expire(spi, src, dst, proto="esp"):
    """XFRM_MSG_EXPIRE, hard. As newsa()."""
    return transaction(XFRM_MSG_EXPIRE, usersa_info(spi, src, dst, proto, "transport", 1) + struct.pack("B7x", 1))


def selector(src, dst):
    """struct xfrm_selector for all traffic of two hosts"""
    family, daddr = address(dst)
    bits = 32 if family == socket.AF_INET else 128
    return daddr + address(src)[1] + struct.pack("4HHBBB3xiI", 0, 0, 0, 0, family, bits, bits,
                                                 0, 0, 0)


def migrate(old, new, proto="esp", mode="transport", reqid=1, direction=1):
    """XFRM_MSG_MIGRATE of the SAs between two hosts, (src, dst) each; there must be a policy
    for these hosts in that direction (1: out). As newsa()."""
    family = address(old[1])[0]
    policy = selector(*old) + struct.pack("IB3x", 0, direction)
    move = b"".join(address(a)[1] for a in (old[1], old[0], new[1], new[0]))
    move += struct.pack("BBHIHH", PROTO[proto], MODE[mode], 0, reqid, family, address(new[1])[0])
    return transaction(XFRM_MSG_MIGRATE, policy + attribute(XFRMA_MIGRATE, move))


def migrate_state(spi, dst, new, proto="esp", reqid=1):
    """XFRM_MSG_MIGRATE_STATE (since Linux 7.x) of one SA to (src, dst). As newsa()."""
    body = usersa_id(spi, dst, proto)
    body += address(new[1])[1] + address(new[0])[1] + bytes(8)
    body += bytes(40) + struct.pack("HBBB3xiI", address(new[1])[0], 0, 0, 0, 0, 0)
    body += struct.pack("IIHH", reqid, 0, address(new[1])[0], 0)
    return transaction(XFRM_MSG_MIGRATE_STATE, body)
