"""Documents that carry one content, written here: the tools that write them are too large."""

import struct
import zlib

from made import made

SECTOR = 512
FREE, END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams):
    """A compound file with streams in its root. Each is long enough to lie in whole sectors."""
    sectors, chains = [], []
    for name, data in streams.items():
        data = data.ljust(4096, b"\0") if len(data) < 4096 else data
        pieces = [data[at:at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        chains.append((name, len(sectors), len(data)))
        sectors += pieces
    entries = [("Root Entry", 5, END, 0)] + [(name, 2, at, size) for name, at, size in chains]
    folder = b""
    for number, (name, kind, start, size) in enumerate(entries):
        text = name.encode("utf-16-le") + b"\0\0"
        right = number + 1 if 0 < number < len(entries) - 1 else FREE
        child = 1 if number == 0 and len(entries) > 1 else FREE
        folder += text.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(text), kind, 1, FREE, right, child
        ) + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
    folder = folder.ljust(-(-len(folder) // SECTOR) * SECTOR, b"\0")
    first_folder = len(sectors)
    sectors += [folder[at:at + SECTOR] for at in range(0, len(folder), SECTOR)]
    count = 1
    while count * 128 < len(sectors) + count:
        count += 1
    table = [FREE] * (count * 128)
    for _, start, size in chains + [("", first_folder, len(folder))]:
        length = -(-size // SECTOR)
        for at in range(start, start + length):
            table[at] = at + 1 if at + 1 < start + length else END
    first_table = len(sectors)
    table[first_table:first_table + count] = [FAT_SECTOR] * count
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, count, first_folder, 0, 4096, END, 0, END, 0
    )
    places = list(range(first_table, first_table + count)) + [FREE] * (109 - count)
    head += struct.pack("<109I", *places)
    return head + b"".join(sectors) + struct.pack(f"<{len(table)}I", *table)


def package(data):
    """A file as the packager of Windows embeds it."""
    inner = b"\x02\0canary.txt\0C:\\canary.txt\0\0\0\x03\0" + struct.pack("<I", 14)
    inner += b"C:\\canary.txt\0" + struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(inner)) + inner


def rtf(data):
    """A text with an embedded file."""
    native = package(data)
    ole = struct.pack("<III", 0x501, 2, 8) + b"Package\0" + struct.pack("<II", 0, 0)
    ole += struct.pack("<I", len(native)) + native
    lines = ole.hex()
    lines = "\n".join(lines[at:at + 78] for at in range(0, len(lines), 78))
    return (
        "{\\rtf1\\ansi text {\\object\\objemb{\\*\\objclass Package}{\\*\\objdata\n"
        + lines + "\n}}}"
    ).encode()


def pdf(data, filters, packed):
    """A PDF with an embedded file."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(canary.txt) 4 0 R]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
        b"<</Type/Filespec/F(canary.txt)/EF<</F 5 0 R>>>>",
        b"<</Type/EmbeddedFile/Filter" + filters + b"/Length %d>>stream\n" % len(packed)
        + packed + b"\nendstream",
    ]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    return out + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def onenote(data):
    """A section of OneNote with an embedded file: its kind, its storage, its length, the file."""
    head = bytearray(1024)
    head[:16] = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
    head[48:64] = bytes.fromhex("3fdd9a101b91f549a5d01791edc8aed8")
    store = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + struct.pack("<Q", len(data))
    store += bytes(12) + data + bytes(-len(data) % 8)
    store += bytes.fromhex("22a7fb71790f0b4abb13899256426b24")
    head[196:204] = struct.pack("<Q", len(head) + len(store))
    return bytes(head) + store


def tnef(data):
    """Outlook's attachment winmail.dat."""
    def attribute(level, kind, body):
        return struct.pack("<BII", level, kind, len(body)) + body + struct.pack(
            "<H", sum(body) & 0xFFFF)
    out = b"\x78\x9f\x3e\x22\x01\0" + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    out += attribute(2, 0x00069002, struct.pack("<HIII", 1, 0xFFFFFFFF, 0, 0))
    out += attribute(2, 0x00018010, b"canary.txt\0")
    return out + attribute(2, 0x0006800F, data)


def encrypted_pdf(data, _):
    """A PDF that asks for a password."""
    plain = pdf(data, b"/FlateDecode", zlib.compress(data))
    return made(plain, "in.pdf", "qpdf --encrypt secret owner 256 -- in.pdf out")


def encrypted_office(data, _):
    """A document of Office that asks for a password: what matters of it is its form."""
    return compound({"EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0", "EncryptedPackage": data[::-1]})


FORMATS = {
    "compound": lambda data, _: compound({"Contents": data, "\x01CompObj": b""}),
    "ole package": lambda data, _: compound({"\x01Ole10Native": package(data)}),
    "rtf object": lambda data, _: rtf(data),
    "pdf flate": lambda data, _: pdf(data, b"/FlateDecode", zlib.compress(data)),
    "pdf hex": lambda data, _: pdf(data, b"/ASCIIHexDecode", data.hex().encode() + b">"),
    "pdf two filters": lambda data, _: pdf(
        data, b"[/ASCIIHexDecode/FlateDecode]", zlib.compress(data).hex().encode() + b">"),
    "pdf objects": lambda data, _: made(
        pdf(data, b"/FlateDecode", zlib.compress(data)), "in.pdf",
        "qpdf --object-streams=generate in.pdf out"),
    "onenote": lambda data, _: onenote(data),
    "tnef": lambda data, _: tnef(data),
}

ENCRYPTED = {"pdf flate": encrypted_pdf, "docx": encrypted_office}
