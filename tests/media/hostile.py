#!/usr/bin/env python3
"""hostile.py OUT: media that lie, break off, loop, overflow or hide something.

Each is one image OUT/NAME.img. What a scan must answer to each is in
tests/flow/scenarios/hostile.toml.

hostile.py --deep FOLDER: a chain of 10,000 folders below FOLDER, which must exist. `rm -rf`
removes it; most other programs cannot.
"""

import os
import struct
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True

import exfat
import fat
import faults
import headers
import kit
import ntfs
import tree
from archives import DEFLATED, STORED, eicar, gzipped, tarred, zipped
from kit import MIB, SECTOR, noise
from stick import raw, stick

# More members than a scan may take from one file, and more bytes than it may unpack.
MEMBERS_MANY = 150_000
BOMB_PIECE = 64 * MIB


def names(out):
    """Names that hide, reorder or break out of a line, and readable ones that must not
    suffer for it."""
    image = raw(out, "names-deceptive", 16 * MIB)
    exfat.make(image, "NAMES")
    exfat.fill(image, {name: name.encode("utf-8") for name in (
        "請求書\u202efdp.exe", "zero\u200bwidth.txt", "esc\x1b[2J\x1b[31m.txt", "new\nline.txt",
        "csi\x9b31m.txt", "bell\x07.txt", "tag\U000e0041.txt", "filler\u3164.txt",
    )})

    image = raw(out, "names-readable", 16 * MIB)
    exfat.make(image, "NAMES")
    readable = [
        "ﾊﾞｯｸｱｯﾌﾟ.txt", "点検①㈱髙﨑.txt", "%n%s%x.txt", "$(reboot).txt",
        "'; DROP TABLE entry;--.txt", "=1+1.csv", "&lt;b&gt;.txt", "é\u0301.txt", "x" * 255,
    ]
    files = {name: name.encode("utf-8") for name in readable}
    exfat.fill(image, files)
    truth = {
        name: {"size": len(data), "sha256": kit.sha256(data)} for name, data in files.items()
    }
    kit.write_truth(image, "none", [{"kind": "exfat", "files": truth}])

    # Twenty folders of 255 Japanese characters: a path of 15,000 bytes.
    image = raw(out, "path-too-long", 16 * MIB)
    exfat.make(image, "NAMES")
    path = "/".join(["長" * 255] * 20 + ["末端.txt"])
    exfat.fill(image, {"OK.TXT": b"ok", path: b"end"})


def long_scan(out):
    """Forty files of 50 MiB of zeros that take no space: a scan long enough to interrupt."""
    image = raw(out, "long", 2100 * MIB)
    exfat.make(image, "LONG", cluster_bytes=1 << 20)
    exfat.fill(image, {f"{number:02}.bin": (50 * MIB, lambda: ()) for number in range(40)})


def nested_bomb():
    """64 GiB of zeros in three layers of zip, a few kilobytes on the medium."""
    inner = zipped([("zeros", bytes(BOMB_PIECE))])
    middle = zipped([(f"{number}.zip", inner) for number in range(32)])
    return zipped([(f"{number}.zip", middle) for number in range(32)])


def archive_media(out):
    """Archives that overflow, escape, are locked or broken."""
    ok = ("ok.txt", b"ok")
    good = zipped([ok, ("data.bin", noise("zip", 50_000))])
    packed = gzipped(noise("gz", 50_000))
    stick(out, "zip-bomb-nested", {"BOMB.ZIP": nested_bomb()})
    stick(out, "zip-bomb-flat", {"BOMB.ZIP": zipped([("zeros", bytes(300 * MIB))])})
    stick(out, "gzip-bomb", {"BOMB.GZ": gzipped(bytes(300 * MIB))})
    stick(out, "zip-many-members", {
        "MANY.ZIP": zipped([(f"{number:06}", b"") for number in range(MEMBERS_MANY)], STORED),
    }, size=24 * MIB)
    stick(out, "zip-traversal", {"T.ZIP": zipped([ok, ("../../x", b"out")])})
    stick(out, "zip-absolute", {"T.ZIP": zipped([ok, ("/etc/cron.d/x", b"out")])})
    stick(out, "zip-backslash", {"T.ZIP": zipped([ok, ("..\\..\\x", b"out")])})
    stick(out, "zip-drive", {"T.ZIP": zipped([ok, ("C:\\Windows\\x", b"out")])})
    stick(out, "tar-link-out", {"T.TAR": tarred([ok], [("link", "../../etc")])})
    stick(out, "zip-encrypted", {"E.ZIP": zipped([ok], DEFLATED, b"himitsu")})
    stick(out, "zip-crc", {"D.ZIP": zipped([ok], crc_error=True)})
    stick(out, "zip-truncated", {"D.ZIP": good[: len(good) // 2]})
    stick(out, "gzip-truncated", {"D.GZ": packed[: len(packed) // 2]})
    stick(out, "tar-truncated", {"D.TAR": tarred([("data.bin", noise("tar", 50_000))])[:20_000]})
    # What Windows installs itself from, and nothing here opens.
    stick(out, "windows-image", {"A.WIM": b"MSWIM\0\0\0" + noise("wim", 4000)})


def nest(data, name):
    """Three containers around a file: zip, tar.gz, zip."""
    inner = zipped([("readme.txt", b"read me"), (name, data)])
    middle = gzipped(tarred([("a/notes.txt", b"notes"), ("a/inner.zip", inner)]))
    return zipped([("手順.txt", "手順".encode()), ("update.tar.gz", middle)])


def canaries(out):
    """The test file in plain sight and in places that are easily passed over."""
    stick(out, "eicar-plain", {"docs/test.com": eicar(), "OK.TXT": b"ok"})
    stick(out, "eicar-nested", {"docs/保守.zip": nest(eicar(), "x/setup.com")})
    stick(out, "eicar-renamed-zip", {"docs/写真.jpg": nest(eicar(), "setup.com")})
    stick(out, "eicar-and-encrypted", {
        "A.COM": eicar(), "E.ZIP": zipped([("ok.txt", b"ok")], DEFLATED, b"himitsu"),
    })
    # Too deep to be opened: must be named, never passed over.
    deep = eicar()
    for level in range(20):
        deep = zipped([(f"level{level}.zip" if level else "eicar.com", deep)])
    stick(out, "eicar-20-deep", {"DEEP.ZIP": deep})

    image = raw(out, "eicar-second-partition", 48 * MIB)
    kit.patch(image, 0, kit.boot_record([
        (0x0E, 2048, 16 * 2048), (0x0F, 2048 + 18 * 2048, 26 * 2048),
    ]))
    second = 2048 + 18 * 2048
    kit.patch(image, second * SECTOR, kit.boot_record([(0x0E, 2048, 16 * 2048)]))
    for start, content in ((2048, b"ok"), (second + 2048, eicar())):
        fat.make(image, 16, "PART", 16 * 2048, start)
        with tempfile.TemporaryDirectory(dir=out) as source:
            fat.fill(image, start, source, list(tree.write(source, {"FILE.COM": content}, 0)))

    image = raw(out, "eicar-ntfs-stream", 16 * MIB)
    ntfs.make(image, "STREAM")
    with ntfs.Volume(image) as volume:
        volume.write("readme.txt", [b"nothing to see"])
        volume.write("readme.txt", [eicar()], stream="hidden.com")

    stick(out, "autorun", {"autorun.inf": b"[autorun]\r\nopen=setup.exe\r\n", "setup.exe": b"MZ"})


def deep_folder(top):
    """A chain of folders, each made from inside the one before."""
    here = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(faults.FOLDERS_DEEP):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def main():
    """Makes everything, or nothing when it is there."""
    if len(sys.argv) == 3 and sys.argv[1] == "--deep":
        deep_folder(sys.argv[2])
        return
    if len(sys.argv) != 2:
        sys.exit("usage: hostile.py OUT | hostile.py --deep FOLDER")
    out = os.path.abspath(sys.argv[1])
    with kit.workshop(out, "hostile") as finished:
        if finished is None:
            return
        faults.make_all(out)
        names(out)
        long_scan(out)
        archive_media(out)
        canaries(out)
        headers.make_all(out)
        finished(*[name for name in os.listdir(out) if name.endswith(".img")])


if __name__ == "__main__":
    main()
