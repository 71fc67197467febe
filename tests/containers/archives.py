"""Archives and compressed streams that hold one content, made by the usual tools."""

import io
import struct
import tarfile
import zipfile

from made import made, python_zip, tool


def szdd(data):
    """Microsoft's old COMPRESS, without compressing: every byte a literal."""
    head = b"SZDD\x88\xf0\x27\x33A\0" + struct.pack("<I", len(data))
    groups = [data[at:at + 8] for at in range(0, len(data), 8)]
    return head + b"".join(b"\xff" + group for group in groups)


def lzh(data, name):
    """LZH with a header of level 0 and a stored member, which lh0 is."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    name = name.encode("cp932")
    body = b"-lh0-" + struct.pack("<III", len(data), len(data), 0x5B7A0000)
    body += b"\x20\0" + bytes([len(name)]) + name + struct.pack("<H", crc)
    return bytes([len(body), sum(body) & 0xFF]) + body + data + b"\0"


def ar(data, name):
    """A library of programs, which a Debian package is too."""
    head = f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return b"!<arch>\n" + head + data + (b"\n" if len(data) % 2 else b"")


def rpm(payload):
    """An RPM package around a compressed cpio archive: lead, two headers, payload."""
    def header(entries, data):
        return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", len(entries), len(data)) + b"".join(
            struct.pack(">IIII", *entry) for entry in entries
        ) + data
    lead = b"\xed\xab\xee\xdb\x03\0\0\0\0\x01" + b"kiosk-1-1".ljust(66, b"\0")
    lead += struct.pack(">HH", 1, 5) + bytes(16)
    texts = b"cpio\0gzip\x009\0"
    main = header([(1124, 6, 0, 1), (1125, 6, 5, 1), (1126, 6, 10, 1)], texts)
    signature = header([(1000, 4, 0, 1)], struct.pack(">I", len(main) + len(payload)))
    signature += bytes(-len(signature) % 8)
    return lead + signature + main + payload


def tar(data, name, kind, mode=""):
    """A tar archive of one of the kinds that Python writes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{mode}" if mode else "w", format=kind) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def office(data, kind):
    """An Office document: a zip with the parts that every reader asks for."""
    return python_zip({
        "[Content_Types].xml": b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats'
        b'.org/package/2006/content-types"/>',
        "_rels/.rels": b'<?xml version="1.0"?><Relationships/>',
        f"{kind}/document.xml": b"<document/>",
        f"{kind}/embeddings/oleObject1.bin": data,
    }, zipfile.ZIP_DEFLATED)


def cpio(kind):
    """Cpio of one kind."""
    return lambda data, name: made(data, name, f"echo '{name}' | cpio --quiet -o -H {kind} > out")


def seven(method, extension="7z"):
    """7-Zip's own archives, and others that it writes."""
    return lambda data, name: made(
        data, name, f"7z a -bd -t{extension} {method} out.{extension} '{name}' && mv out.{extension} out"
    )


def pipe(command):
    """A stream that a program makes of its input."""
    return lambda data, _: tool(command.split(), data)


FORMATS = {
    "zip stored": lambda data, name: python_zip({name: data}, zipfile.ZIP_STORED),
    "zip deflate": lambda data, name: python_zip({name: data}, zipfile.ZIP_DEFLATED),
    "zip bzip2": lambda data, name: python_zip({name: data}, zipfile.ZIP_BZIP2),
    "zip lzma": lambda data, name: python_zip({name: data}, zipfile.ZIP_LZMA),
    "zip deflate64": seven("-mm=deflate64", "zip"),
    "zip ppmd": seven("-mm=ppmd", "zip"),
    "docx": lambda data, _: office(data, "word"),
    "xlsx": lambda data, _: office(data, "xl"),
    "pptx": lambda data, _: office(data, "ppt"),
    "7z lzma": seven("-m0=lzma"),
    "7z lzma2": seven("-m0=lzma2"),
    "7z ppmd": seven("-m0=ppmd"),
    "7z bzip2": seven("-m0=bzip2"),
    "7z deflate": seven("-m0=deflate"),
    "7z bcj2": seven("-m0=bcj2 -m1=lzma -m2=lzma -m3=lzma -mb0:1 -mb0s1:2 -mb0s2:3"),
    "7z stored": seven("-mx=0"),
    "tar ustar": lambda data, name: tar(data, name, tarfile.USTAR_FORMAT),
    "tar gnu": lambda data, name: tar(data, name, tarfile.GNU_FORMAT),
    "tar pax": lambda data, name: tar(data, name, tarfile.PAX_FORMAT),
    "tar.gz": lambda data, name: tar(data, name, tarfile.PAX_FORMAT, "gz"),
    "tar.bz2": lambda data, name: tar(data, name, tarfile.PAX_FORMAT, "bz2"),
    "tar.xz": lambda data, name: tar(data, name, tarfile.PAX_FORMAT, "xz"),
    "gzip": pipe("gzip -c"),
    "bzip2": pipe("bzip2 -c"),
    "xz": pipe("xz -c"),
    "lzma": pipe("xz --format=lzma -c"),
    "lzip": pipe("lzip -c"),
    "zstd": pipe("zstd -q -c"),
    "lz4": pipe("lz4 -q -c"),
    "compress": pipe("compress -f -c"),
    "szdd": lambda data, _: szdd(data),
    "cab": lambda data, name: made(data, name, f"gcab -c -n out '{name}'"),
    "cab mszip": lambda data, name: made(data, name, f"gcab -c -z out '{name}'"),
    "arj": lambda data, _: made(data, "canary", "arj a -y -i out.arj canary && mv out.arj out"),
    "lzh": lzh,
    "cpio newc": cpio("newc"),
    "cpio crc": cpio("crc"),
    "cpio odc": cpio("odc"),
    "cpio binary": cpio("bin"),
    "ar": lambda data, _: ar(data, "canary"),
    "deb": lambda data, name: b"!<arch>\n" + ar(b"2.0\n", "debian-binary")[8:] + ar(
        tar(data, name, tarfile.GNU_FORMAT, "xz"), "data.tar.xz")[8:],
    "rpm": lambda data, name: rpm(tool(["gzip", "-c"], cpio("newc")(data, name))),
}
ENCRYPTED = {
    "zip deflate": seven("-psecret", "zip"),
    "zip stored": seven("-psecret -mem=AES256", "zip"),
    "7z lzma": seven("-psecret"),
    "7z lzma2": seven("-psecret -mhe=on"),
    "arj": lambda data, _: made(
        data, "canary", "arj a -y -i -gsecret out.arj canary && mv out.arj out"),
}
