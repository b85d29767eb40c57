# SPDX-License-Identifier: GPL-2.0-only
"""A keying module that speaks PF_KEY (RFC 2367, linux/pfkeyv2.h), as OpenIKED does."""
import os
import socket
import struct

AF_KEY, PF_KEY_V2 = 15, 2
SADB_GETSPI, SADB_UPDATE, SADB_ADD, SADB_DELETE, SADB_GET, SADB_FLUSH, SADB_DUMP = 1, 2, 3, 4, 5, 9, 10
SATYPE = {"ah": 2, "esp": 3}
EXT_SA, EXT_SRC, EXT_DST, EXT_KEY_AUTH, EXT_KEY_ENCRYPT, EXT_SPIRANGE, EXT_X_SA2 = 1, 5, 6, 8, 9, 16, 19
MODE = {"transport": 1, "tunnel": 2}
AALG_SHA256, EALG_AESCBC, EALG_NULL = 5, 12, 11


def extension(number, data):
    """struct sadb_ext and what follows, in units of 8 bytes"""
    data = data.ljust((len(data) + 4 + 7) // 8 * 8 - 4, b"\0")
    return struct.pack("HH", (len(data) + 4) // 8, number) + data


def sa(spi, auth=AALG_SHA256, encrypt=EALG_AESCBC):
    """struct sadb_sa, mature"""
    return extension(EXT_SA, struct.pack(">I", spi) + struct.pack("BBBBI", 0, 1, auth, encrypt, 0))


def address(number, text):
    """struct sadb_address"""
    if ":" in text:
        where = struct.pack("HHI", socket.AF_INET6, 0, 0) + socket.inet_pton(socket.AF_INET6, text) + bytes(4)
        bits = 128
    else:
        where = struct.pack("HH", socket.AF_INET, 0) + socket.inet_pton(socket.AF_INET, text) + bytes(8)
        bits = 32
    return extension(number, struct.pack("BBH", 0, bits, 0) + where)


def key(number, data):
    """struct sadb_key"""
    return extension(number, struct.pack("HH", len(data) * 8, 0) + data)


def sa2(mode, reqid):
    """struct sadb_x_sa2"""
    return extension(EXT_X_SA2, struct.pack("BBHII", MODE[mode], 0, 0, 0, reqid))


class PfKey:
    """A socket of the family; each method returns the errno that the answer has."""

    def __init__(self):
        self.sock = socket.socket(AF_KEY, socket.SOCK_RAW, PF_KEY_V2)
        self.sock.settimeout(20)
        self.seq = 0

    def close(self):
        self.sock.close()

    def call(self, kind, satype, body=b""):
        """The answer to a message: (errno, all of it)"""
        self.seq += 1
        self.sock.send(struct.pack("BBBBHHII", PF_KEY_V2, kind, 0, satype, 2 + len(body) // 8, 0,
                                   self.seq, os.getpid()) + body)
        while True:
            answer = self.sock.recv(1 << 16)
            _, got, err, _, _, _, seq, pid = struct.unpack_from("BBBBHHII", answer)
            if (got, seq, pid) == (kind, self.seq, os.getpid()):
                return err, answer

    @staticmethod
    def ends(src, dst):
        return address(EXT_SRC, src) + address(EXT_DST, dst)

    def getspi(self, spi, src, dst, proto="esp", mode="transport", reqid=1):
        """SADB_GETSPI of exactly that SPI"""
        spis = extension(EXT_SPIRANGE, struct.pack("III", spi, spi, 0))
        return self.call(SADB_GETSPI, SATYPE[proto], self.ends(src, dst) + spis + sa2(mode, reqid))[0]

    def add(self, spi, src, dst, keys, proto="esp", mode="transport", reqid=1, update=False):
        """SADB_ADD or SADB_UPDATE; keys: (encryption, authentication), the former None for AH"""
        encrypt, auth = keys
        body = sa(spi, encrypt=EALG_AESCBC if encrypt else 0) + self.ends(src, dst)
        body += key(EXT_KEY_AUTH, auth)
        if encrypt:
            body += key(EXT_KEY_ENCRYPT, encrypt)
        return self.call(SADB_UPDATE if update else SADB_ADD, SATYPE[proto], body + sa2(mode, reqid))[0]

    def delete(self, spi, src, dst, proto="esp"):
        return self.call(SADB_DELETE, SATYPE[proto], sa(spi, 0, 0) + self.ends(src, dst))[0]

    def flush(self, proto="esp"):
        return self.call(SADB_FLUSH, SATYPE[proto])[0]
