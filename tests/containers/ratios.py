"""Small files that unpack to much, and files with much in them, of every kind that can be so."""

import base64
import io
import struct
import tarfile
import zipfile
import zlib

import documents
import quines
from made import made, python_zip, tool

MIB = 1 << 20
GIB = 1 << 30


def deflated_zeros(size):
    """Raw deflate of so many zeros, whole MiB: one piece, again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(MIB))
    packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (size // MIB) + b"\x03\0"


def zeros_crc(size):
    """The checksum of so many zeros, whole MiB."""
    crc, piece = 0, bytes(MIB)
    for _ in range(size // MIB):
        crc = zlib.crc32(piece, crc)
    return crc


def entry(name, method, crc, packed, size, at):
    """The two headers of a zip's member; sizes up to 4 GiB less one byte."""
    common = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0x21, crc, packed, size, len(name), 0)
    local = b"PK\x03\x04" + common + name
    return local, b"PK\x01\x02\x14\0" + common + bytes(10) + struct.pack("<I", at) + name


def directory_end(entries, at):
    """A zip's directory and its end."""
    directory = b"".join(entries)
    return directory + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, len(entries) & 0xFFFF, len(entries) & 0xFFFF, len(directory), at, 0)


def zip_zeros(size):
    """A zip with one member of zeros."""
    packed = deflated_zeros(size)
    local, central = entry(b"zeros", 8, zeros_crc(size), len(packed), size, 0)
    return local + packed + directory_end([central], len(local) + len(packed))


def forty_two(levels, width, size):
    """Zips in zips, each with so many of the level below, the last with zeros."""
    inner = python_zip({"0.zip": zip_zeros(size)}, zipfile.ZIP_DEFLATED)
    for level in range(levels):
        inner = python_zip({f"lib {n}.zip": inner for n in range(width)}, zipfile.ZIP_DEFLATED)
    return inner


def overlapping(count, size):
    """A zip whose members share one kernel: each quotes the next one's header in a stored block
    (Fifield, "A better zip bomb", 2019)."""
    kernel, plain = deflated_zeros(size), bytes(size)
    parts, names = [kernel], [b"%05d" % number for number in range(count)]
    head = b""
    headers = []
    for number in reversed(range(count)):
        if head:
            block = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
            parts.append(block)
            plain = head + plain
        packed = sum(map(len, parts))
        crc = zlib.crc32(plain)
        head = entry(names[number], 8, crc, packed, len(plain), 0)[0]
        headers.append((names[number], crc, packed, len(plain), packed + len(head)))
    parts.append(head)
    whole = sum(map(len, parts))
    entries = [
        entry(name, 8, crc, packed, plain, whole - from_end)[1]
        for name, crc, packed, plain, from_end in reversed(headers)
    ]
    return b"".join(reversed(parts)) + directory_end(entries, whole)


def empty_zip(count):
    """A zip with so many empty members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    return out.getvalue()


def empty_tar(count):
    """A tar in gzip with so many empty members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"{number}"))
    return out.getvalue()


def gzip_zeros(size):
    """A gzip stream of zeros."""
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + deflated_zeros(size) + struct.pack(
        "<II", zeros_crc(size), size & 0xFFFFFFFF)


def repeated(command, size, times):
    """A stream of so many streams of zeros."""
    return tool(command.split(), bytes(size)) * times


def packed_by(extension):
    """What 7-Zip writes for 1 GiB of zeros."""
    return lambda: made(
        b"", "x", f"truncate -s 1G zeros; 7z a -bd -mx=1 out.{extension} zeros >/dev/null"
        f"; mv out.{extension} out")


def nested_streams():
    """Zeros in zstd in xz in gzip in bzip2 in a 7z."""
    data = tool(["zstd", "-q", "-c", "--ultra", "-19"], bytes(128 * MIB)) * 32
    for command in ("xz -c", "gzip -c", "bzip2 -c"):
        data = tool(command.split(), data)
    return made(data, "a.bz2", "7z a -bd out.7z a.bz2 >/dev/null; mv out.7z out")


def lzh(size):
    """LZH whose blocks have codes of no bits: each of 65,535 matches of 256 bytes takes none."""
    bits = ""
    for _ in range(size // (65535 * 256) + 1):
        bits += f"{65535:016b}" + f"{0:05b}{0:05b}" + f"{0:09b}{509:09b}" + f"{0:04b}{0:04b}"
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))
    body = b"-lh5-" + struct.pack("<III", len(packed), size, 0x5B7A0000)
    body += b"\x20\0\x05zeros\0\0"
    return bytes([len(body), sum(body) & 0xFF]) + body + packed + b"\0"


def cab(blocks):
    """A cabinet with so many blocks of 32 KiB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = b"CK" + packer.compress(bytes(32768)) + packer.flush()
    data = struct.pack("<IHH", 0, len(piece), 32768) + piece
    file = struct.pack("<IIHHHH", blocks * 32768, 0, 0, 0x21, 0, 0x20) + b"zeros\0"
    files_at = 36 + 8
    data_at = files_at + len(file)
    folder = struct.pack("<IHH", data_at, blocks, 1)
    head = b"MSCF" + struct.pack(
        "<IIIIIBBHHHHH", 0, data_at + len(data) * blocks, 0, files_at, 0, 3, 1, 1, 1, 0, 0, 0)
    return head + folder + file + data * blocks


def vint(value):
    """A number as RAR 5 writes it."""
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if 0x7F < value else 0))
        value >>= 7
        if not value:
            return bytes(out)


def rar_header(kind, flags, fields, data=b""):
    """One header of RAR 5 with its data."""
    body = vint(kind) + vint(flags | (2 if data else 0))
    body += (vint(len(data)) if data else b"") + fields
    body = vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body + data


def rar(size):
    """RAR 5: one match of 4,097 bytes, and then a bit for each time that it is repeated."""
    lengths = {0: 2, 1: 2, 2: 2, 19: 2}
    bits = "".join(f"{lengths.get(symbol, 0):04b}" for symbol in range(20))
    code = {0: "00", 1: "01", 2: "10"}
    def zeros(count):
        return "11" + f"{count - 11:07b}"
    # The alphabets: literal 0, repeat 257 and a match of the longest slot; two distances.
    bits += code[2] + zeros(138) + zeros(118) + code[1] + zeros(47) + code[2]
    bits += code[1] * 2 + zeros(62) + zeros(16) + zeros(44)
    bits += "10" + "11" + "1" * 9 + "0" + "0" * (size // 4097)
    used = len(bits) % 8 or 8
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))
    count = struct.pack("<I", len(data))[:3]
    flags = used - 1 | 2 << 3 | 0xC0
    check = 0x5A ^ flags
    for byte in count:
        check ^= byte
    packed = bytes([flags, check]) + count + data
    fields = vint(0) + vint(size) + b"\0" + vint(3 << 7) + b"\1" + vint(5) + b"zeros"
    return b"Rar!\x1a\x07\x01\0" + rar_header(1, 0, b"\0") + rar_header(
        2, 0, fields, packed) + rar_header(5, 0, b"\0")


def pdf(times, size):
    """A PDF with a stream that is packed several times."""
    packed = b"\x78\xda" + deflated_zeros(size) + struct.pack(">I", zlib.adler32(bytes(size)))
    for _ in range(times - 1):
        packed = zlib.compress(packed, 9)
    return documents.pdf(b"", b"[" + b"/FlateDecode" * times + b"]", packed)


def office(size):
    """An Office document with a part of zeros, and entities that grow when they are read."""
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    xml = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "lol">' + entities + b"]><x>&a9;</x>"
    packed = deflated_zeros(size)
    parts = [
        (b"[Content_Types].xml", 8, zlib.compress(xml)[2:-4], xml),
        (b"word/document.xml", 8, packed, None),
    ]
    out, entries = b"", []
    for name, method, data, plain in parts:
        crc = zeros_crc(size) if plain is None else zlib.crc32(plain)
        length = size if plain is None else len(plain)
        local, central = entry(name, method, crc, len(data), length, len(out))
        entries.append(central)
        out += local + data
    return out + directory_end(entries, len(out))


def mails(depth):
    """Mails in mails."""
    head = b"From: a@example.jp\r\nTo: b@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    return (head + b"Content-Type: message/rfc822\r\n\r\n") * depth + head + b"\r\ntext\r\n"


def parts(depth):
    """Multiparts in multiparts."""
    out = b"From: a@example.jp\r\nTo: b@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    for level in range(depth):
        out += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
    return out + b"Content-Type: text/plain\r\n\r\ntext\r\n"


def coded(depth):
    """A mail whose attachment is such a mail, in base64 each time."""
    out = b"text"
    for _ in range(depth):
        out = (
            b"From: a@example.jp\r\nTo: b@example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: application/octet-stream; name=a.eml\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(out)
        )
    return out


# By name: what makes it, in a second or two.
QUICK = {
    "zip quine": quines.zip_quine,
    "gzip quine": quines.gzip_quine,
    "tar.gz quine": quines.tar_gz_quine,
    "42.zip": lambda: forty_two(4, 16, 4095 * MIB // 16),
    "overlapping zip": lambda: overlapping(250, 4 * MIB),
    "100,000 empty in zip": lambda: empty_zip(100_000),
    "4 GiB zeros in zip": lambda: zip_zeros(4095 * MIB),
    "lzh": lambda: lzh(4 * GIB - 1),
    "rar": lambda: rar(4 * GIB - 1),
    "cab": lambda: cab(60_000),
    "pdf": lambda: pdf(2, 256 * MIB),
    "docx": lambda: office(1024 * MIB),
    "1,000 mails in mails": lambda: mails(1000),
    "10,000 multiparts": lambda: parts(10_000),
    "10 coded mails": lambda: coded(10),
}

# What is only many and not much, and is read to its end.
READ = ("1,000 mails in mails",)

SLOW = {
    "100,000 empty in tar.gz": lambda: empty_tar(100_000),
    "1,000,000 empty in zip": lambda: empty_zip(1_000_000),
    "4 GiB zeros in gzip": lambda: gzip_zeros(4 * GIB),
    "4 GiB zeros in bzip2": lambda: repeated("bzip2 -c", 64 * MIB, 64),
    "4 GiB zeros in xz": lambda: repeated("xz -1 -c", 128 * MIB, 32),
    "4 GiB zeros in zstd": lambda: repeated("zstd -q -c", 128 * MIB, 32),
    "4 GiB zeros in lz4": lambda: repeated("lz4 -q -c", 128 * MIB, 32),
    "1 GiB zeros in 7z": packed_by("7z"),
    "1 GiB zeros in xz of 7z": packed_by("xz"),
    "streams in streams": nested_streams,
    "overlapping, large": lambda: overlapping(1000, 8 * MIB),
    "42.zip, 4 GiB each": lambda: forty_two(4, 16, 4095 * MIB),
    "pdf packed 5 times": lambda: pdf(5, 1024 * MIB),
}
