"""Archives by hand, honest and otherwise, the same bytes on every run."""

import gzip
import io
import struct
import tarfile
import zlib

from kit import EPOCH, seeded

# 2026-01-15 08:30:00 in DOS form.
TIME, DATE = 8 << 11 | 30 << 5, (2026 - 1980) << 9 | 1 << 5 | 15
STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8 = 1, 1 << 11


def eicar():
    """The anti-virus test file of eicar.org, put together here so that this repository does
    not hold it."""
    parts = ("X5O!P%@AP[4\\PZX5", "4(P^)7CC)7}$EI", "CAR-STANDARD-ANTI", "VIRUS-TEST-FILE!$H+H*")
    return "".join(parts).encode("ascii")


class Keys:
    """The traditional zip cipher (APPNOTE 6.3.10, section 6.1)."""

    TABLE = [0] * 256

    def __init__(self, password):
        self.keys = [0x12345678, 0x23456789, 0x34567890]
        for byte in password:
            self.update(byte)

    def update(self, byte):
        """Stirs one plain byte in."""
        one, two, three = self.keys
        one = one >> 8 ^ self.TABLE[(one ^ byte) & 0xFF]
        two = ((two + (one & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        three = three >> 8 ^ self.TABLE[(three ^ two >> 24) & 0xFF]
        self.keys = [one, two, three]

    def encrypt(self, data):
        """The data in cipher."""
        out = bytearray()
        for byte in data:
            mix = self.keys[2] & 0xFFFF | 2
            out.append(byte ^ (mix * (mix ^ 1) >> 8 & 0xFF))
            self.update(byte)
        return bytes(out)


def _table():
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        Keys.TABLE[number] = value


_table()


def zipped(members, method=DEFLATED, password=None, crc_error=False):
    """A zip of (name, bytes). Names are written as they are, whatever they are."""
    out, directory = bytearray(), bytearray()
    for name, data in members:
        raw = name if isinstance(name, bytes) else name.encode("utf-8")
        crc = zlib.crc32(data)
        body = data
        if method == DEFLATED:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
            body = squeeze.compress(data) + squeeze.flush()
        flags = 0 if raw.isascii() or isinstance(name, bytes) else UTF8
        if password is not None:
            flags |= ENCRYPTED
            head = seeded(f"zip {raw!r}").randbytes(11) + bytes([crc >> 24])
            body = Keys(password).encrypt(head + body)
        if crc_error:
            crc ^= 0x5A5A5A5A
        common = struct.pack(
            "<HHHHHIIIHH", 20, flags, method, TIME, DATE, crc, len(body), len(data), len(raw), 0
        )
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + raw
        out += b"PK\x03\x04" + common + raw + body
    at = len(out)
    count = len(members)
    out += directory
    if count > 0xFFFF:
        big = len(out)
        out += struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), at
        )
        out += struct.pack("<4sIQI", b"PK\x06\x07", 0, big, 1)
        count = 0xFFFF
    out += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)
    return bytes(out)


def gzipped(data):
    """A gzip stream without name or time."""
    return gzip.compress(data, mtime=0)


def tarred(members, links=()):
    """A tar of (name, bytes), then symbolic links of (name, target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), EPOCH
            tar.addfile(info, io.BytesIO(data))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = tarfile.SYMTYPE, target, EPOCH
            tar.addfile(info)
    return out.getvalue()
