"""What systems and programs are installed from, and their help. Where no tool of Linux writes a
form, it is written here and other readers are asked whether they read it."""

import base64
import bz2
import hashlib
import lzma
import os
import struct
import tempfile
import zlib

import images
from made import made, tool

LZX_FRAME = 0x8000


def encint(number):
    """A number of seven bits a byte, the highest first."""
    out = bytes([number & 0x7F])
    while number := number >> 7:
        out = bytes([number & 0x7F | 0x80]) + out
    return out


def lzx_stored(data):
    """Frames of LZX in which nothing is compressed, each beginning anew."""
    frames = []
    for at in range(0, len(data), LZX_FRAME):
        piece = data[at:at + LZX_FRAME]
        # No size for calls, kind 3, a length of 24 bits, and up to the next word.
        bits = f"0{3:03b}{len(piece):024b}".ljust(32, "0")
        words = [int(bits[place:place + 16], 2) for place in (0, 16)]
        frames.append(struct.pack("<2H3I", *words, 1, 1, 1) + piece + b"\0" * (len(piece) % 2))
    return frames


def chm(data, packed):
    """Compiled help, compressed or not."""
    frames = lzx_stored(data)
    places, at = [], 0
    for frame in frames:
        places.append(at)
        at += len(frame)
    names = b"".join(struct.pack("<H", len(name)) + name.encode("utf-16-le") + b"\0\0"
                     for name in ("Uncompressed", "MSCompressed"))
    table = struct.pack("<6Q", 2 | len(places) << 32, 8 | 40 << 32, len(data), at, LZX_FRAME, 0)[:40]
    table += b"".join(struct.pack("<Q", place) for place in places)
    storage = "::DataSpace/Storage/MSCompressed/"
    stored = {
        "::DataSpace/NameList": struct.pack("<HH", len(names) // 2 + 2, 2) + names,
        storage + "ControlData": struct.pack("<I4s6I", 6, b"LZXC", 2, 1, 1, 0, 0, 0)[:28],
        storage + "Content": b"".join(frames),
        storage + "Transform/{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable": table,
    }
    entries, heap = {"/": (0, 0, 0)}, b""
    if packed:
        entries["/check.txt"] = (1, 0, len(data))
    else:
        stored = {"/check.txt": data}
    for name, content in stored.items():
        entries[name] = (0, len(heap), len(content))
        heap += content
    page = b""
    for name, numbers in sorted(entries.items()):
        page += encint(len(name)) + name.encode() + b"".join(encint(number) for number in numbers)
    free = 4096 - 20 - len(page) - 2
    page = b"PMGL" + struct.pack("<IIii", free + 2, 0, -1, -1) + page + bytes(free)
    page += struct.pack("<H", len(entries))
    guid = bytes.fromhex("10fd017caa7bd0119e0c00a0c922e6ec")
    listing = b"ITSP" + struct.pack("<6I", 1, 0x54, 10, 4096, 2, 1) + struct.pack("<iIIiI", -1, 0, 0, -1, 1)
    listing += struct.pack("<I", 0x409) + guid + struct.pack("<I3i", 0x54, -1, -1, -1) + page
    begin = 0x60 + 0x18
    whole = begin + len(listing) + len(heap)
    head = b"ITSF" + struct.pack("<5I", 3, 0x60, 1, 0, 0x409) + guid + guid
    head += struct.pack("<5Q", 0x60, 0x18, begin, len(listing), begin + len(listing))
    return head + struct.pack("<IIQII", 0x1FE, 0, whole, 0, 0) + listing + heap


def wim(options):
    """An image of Windows."""
    return lambda data, name: images.image(
        data, name, f"wimlib-imagex capture d out {options} >/dev/null 2>&1")


def xar(method):
    """A xar as Apple's packages are."""
    return lambda data, name: made(
        data, name, f"bsdtar --format xar --options compression={method} -cf out '{name}'")


def pbzx(data, name):
    """The payload of Apple's packages: a cpio in pieces of xz."""
    plain = made(data, name, f"echo '{name}' | cpio --quiet -o -H odc > out")
    out = b"pbzx" + struct.pack(">Q", 1 << 24)
    pieces = [plain[at:at + 4000] for at in range(0, len(plain), 4000)]
    for number, piece in enumerate(pieces, 1):
        packed = lzma.compress(piece)
        out += struct.pack(">QQ", 0 if number == len(pieces) else 1 << 24, len(packed)) + packed
    return out


def dmg(pack, kind):
    """A disk image of Apple's around a FAT volume."""
    def make(data, name):
        disk = images.fat(data, name)
        heap, entries = b"", []
        step = 48 * 512
        for at in range(0, len(disk), step):
            piece = disk[at:at + step]
            # One that begins as a stream or as a volume is opened as that, too.
            how, sort = (pack, kind) if at else (zlib.compress, 0x80000005)
            packed = how(piece) if any(piece) else b""
            entries.append(struct.pack(
                ">IIQQQQ", sort if packed else 0, 0, at // 512, len(piece) // 512, len(heap), len(packed)))
            heap += packed
        sectors = len(disk) // 512
        entries.append(struct.pack(">IIQQQQ", 0xFFFFFFFF, 0, sectors, 0, len(heap), 0))
        sums = struct.pack(">III", 2, 32, zlib.crc32(disk)).ljust(136, b"\0")
        mish = b"mish" + struct.pack(">IQQQII", 1, 0, sectors, 0, 2056, 0) + bytes(24) + sums
        mish += struct.pack(">I", len(entries)) + b"".join(entries)
        text = base64.encodebytes(mish).decode()
        plist = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST '
            '1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n'
            "<dict>\n<key>resource-fork</key>\n<dict>\n<key>blkx</key>\n<array>\n<dict>\n"
            "<key>Attributes</key>\n<string>0x0050</string>\n<key>CFName</key>\n<string>whole"
            f"</string>\n<key>Data</key>\n<data>\n{text}</data>\n<key>ID</key>\n<string>0</string>\n"
            "<key>Name</key>\n<string>whole</string>\n</dict>\n</array>\n</dict>\n</dict>\n</plist>\n"
        ).encode()
        koly = b"koly" + struct.pack(">IIIQQQQQII", 4, 512, 1, 0, 0, len(heap), 0, 0, 1, 1)
        koly = koly.ljust(216, b"\0") + struct.pack(">QQ", len(heap), len(plist))
        koly = koly.ljust(488, b"\0") + struct.pack(">IQ", 1, sectors)
        return heap + plist + koly.ljust(512, b"\0")
    return make


def sparse(options):
    """A tar with a file that has holes."""
    def make(data, _):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "canary"), "wb") as held:
                held.seek(1 << 20)
                held.write(data)
                held.truncate(3 << 20)
            tool(["sh", "-ec", f"tar -cSf out {options} canary"], cwd=folder)
            with open(os.path.join(folder, "out"), "rb") as held:
                return held.read()
    return make


def program(resource, overlay):
    """A program for Windows with one resource and something behind its end."""
    tree = b""
    for number, to in ((10, 24 | 1 << 31), (11111, 48 | 1 << 31), (1033, 72)):
        tree += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, number, to)
    tree += struct.pack("<IIII", 0x1000 + 88, len(resource), 0, 0) + resource
    section = tree.ljust(512, b"\0")
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 224, 0x102)
    optional = struct.pack("<HBBIIIIII", 0x10B, 0, 0, 0, 0, 0, 0, 0, 0)
    optional += struct.pack("<IIIHHHHHHIIII", 0x400000, 0x1000, 512, 4, 0, 0, 0, 4, 0, 0, 0x2000, 512, 0)
    optional += struct.pack("<HHIIIIII", 2, 0, 0, 0, 0, 0, 0, 16)
    optional += bytes(16) + struct.pack("<II", 0x1000, len(tree)) + bytes(13 * 8)
    table = b".rsrc\0\0\0" + struct.pack("<IIIIIIHHI", len(tree), 0x1000, 512, 512, 0, 0, 0, 0, 0x40000040)
    return (head + optional + table).ljust(512, b"\0") + section + overlay


def inno(pack, flags):
    """An installer of Inno Setup 6.4: what its compiler writes, without what the setup is."""
    def block(data):
        pieces = b"".join(
            struct.pack("<I", zlib.crc32(data[at:at + 4096])) + data[at:at + 4096]
            for at in range(0, len(data), 4096))
        fields = struct.pack("<IB", len(pieces), 0)
        return struct.pack("<I", zlib.crc32(fields)) + fields + pieces

    def make(data, _):
        packed = pack(data)
        record = struct.pack("<IIIQQQ", 0, 0, 0, 0, len(data), len(packed))
        record += hashlib.sha256(data).digest() + struct.pack("<QII", 0, 0, 0) + flags + b"\0"
        chunks = b"zlb\x1a" + packed
        setup = b"Inno Setup Setup Data (6.4.0)".ljust(64, b"\0") + block(b"setup") + block(record)
        end = block(b"program that installs")
        begin = len(program(bytes(44), b""))
        places = [begin, begin + len(chunks), begin + len(chunks) + len(setup)]
        table = b"rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a" + struct.pack(
            "<8I", 1, places[2] + len(end), places[2], 21, 0, places[1], places[0], 0)[:28]
        table += struct.pack("<I", zlib.crc32(table))
        return program(table, chunks + setup + end)
    return make


def installshield(data, _):
    """A cabinet of InstallShield 6 whose list lies in it."""
    heap = b""
    for at in range(0, len(data), 5000):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        piece = deflate.compress(data[at:at + 5000]) + deflate.flush()
        heap += struct.pack("<H", len(piece)) + piece
    begin, table = 84, 0x276
    head = struct.pack("<I", 4) + b"files\0check.txt\0"
    record = struct.pack("<HQQQ", 4, len(data), len(heap), begin) + hashlib.md5(data).digest()
    record += bytes(16) + struct.pack("<IH", 10, 0) + bytes(12) + struct.pack("<IIBH", 0, 0, 0, 1)
    lists = bytes(12) + struct.pack("<5I", table, 0, len(head), len(head), 1) + bytes(8)
    lists = (lists + struct.pack("<II", 1, len(head))).ljust(table, b"\0") + head + record
    cab = b"ISc(" + struct.pack("<IIII", 0x1006000, 0, begin + len(heap), len(lists)) + struct.pack("<4I", begin, 0, 0, 0)
    return cab.ljust(begin, b"\0") + heap + lists


def lzma2(data):
    """LZMA2 with its byte of properties."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    return b"\x10" + lzma.compress(data, lzma.FORMAT_RAW, filters=filters)


def lzma1(data):
    """LZMA with its five bytes of properties and an end mark."""
    packed = lzma.compress(data, lzma.FORMAT_ALONE)
    return packed[:5] + packed[13:]


def encrypted_dmg(_, __):
    """A disk image that asks for a password: what matters of it is its form."""
    return (b"encrcdsa" + struct.pack(">IIII", 2, 16, 5, 0x80000001)).ljust(4096, b"\xa5")


PACKED, SEALED = b"\x80\0", b"\xc0\0"

FORMATS = {
    "chm": lambda data, _: chm(data, False),
    "chm lzx": lambda data, _: chm(data, True),
    "wim": wim("--compress=none"),
    "wim lzx": wim("--compress=LZX"),
    "wim xpress": wim("--compress=XPRESS"),
    "xar": xar("none"),
    "xar gzip": xar("gzip"),
    "xar bzip2": xar("bzip2"),
    "xar xz": xar("xz"),
    "pbzx": pbzx,
    "dmg": dmg(lambda piece: piece, 1),
    "dmg zlib": dmg(zlib.compress, 0x80000005),
    "dmg bzip2": dmg(bz2.compress, 0x80000006),
    "dmg lzma": dmg(lzma.compress, 0x80000008),
    "tar sparse gnu": sparse("--format=gnu"),
    "tar sparse 0.0": sparse("--format=pax --sparse-version=0.0"),
    "tar sparse 0.1": sparse("--format=pax --sparse-version=0.1"),
    "tar sparse 1.0": sparse("--format=pax --sparse-version=1.0"),
    "inno lzma2": inno(lzma2, PACKED),
    "inno lzma": inno(lzma1, PACKED),
    "inno zlib": inno(zlib.compress, PACKED),
    "inno bzip2": inno(bz2.compress, PACKED),
    "inno stored": inno(bytes, b"\0\0"),
    "installshield": installshield,
}

ENCRYPTED = {
    "dmg zlib": encrypted_dmg,
    "inno lzma2": inno(lambda data: data[::-1], SEALED),
}
