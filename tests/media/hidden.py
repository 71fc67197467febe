#!/usr/bin/env python3
"""hidden.py OUT: media with something in a place that systems do not show.

Each is one image OUT/NAME.img. Where a scan must find it is in
tests/flow/scenarios/hidden.toml.
"""

import os
import struct
import sys
import tempfile

sys.dont_write_bytecode = True

import fat
import kit
import ntfs
from archives import eicar
from kit import MIB, SECTOR, noise, patch, peek, run
from stick import raw, stick

# What is on every stick beside what hides.
SHOWN = {"README.TXT": b"nothing to see", "DATA.BIN": noise("hidden", 5000)}
CLUSTER = 4 * SECTOR


class Fat16:
    """Where things are on a volume that `stick` made."""

    def __init__(self, image):
        boot = peek(image, 0, SECTOR)
        self.image = image
        self.tables = struct.unpack_from("<H", boot, 14)[0] * SECTOR
        self.table_bytes = struct.unpack_from("<H", boot, 22)[0] * SECTOR
        self.root = self.tables + 2 * self.table_bytes
        self.heap = self.root + struct.unpack_from("<H", boot, 17)[0] * 32

    def cluster(self, number):
        """Offset of a cluster."""
        return self.heap + (number - 2) * CLUSTER

    def link(self, number, value):
        """Sets a link in both tables."""
        for table in (self.tables, self.tables + self.table_bytes):
            patch(self.image, table + 2 * number, struct.pack("<H", value))

    def first(self, short):
        """First cluster of the file with this short name in the root."""
        root = peek(self.image, self.root, self.heap - self.root)
        return struct.unpack_from("<H", root, root.index(short) + 26)[0]


def on_fat(out):
    """A deleted file, slack, a table, a lost chain and free space."""
    image = stick(out, "deleted", {**SHOWN, "SETUP.COM": eicar()})
    run("mdel", "-i", fat.place(image, 0), "::SETUP.COM")

    image = stick(out, "slack", SHOWN)
    volume = Fat16(image)
    patch(image, volume.cluster(volume.first(b"README  TXT")) + 100, eicar())

    image = stick(out, "second-table", SHOWN)
    volume = Fat16(image)
    patch(image, volume.tables + volume.table_bytes + 3000, eicar())

    image = stick(out, "lost-cluster", SHOWN)
    volume = Fat16(image)
    volume.link(2000, 0xFFFF)
    patch(image, volume.cluster(2000), eicar())

    image = stick(out, "free-cluster", SHOWN)
    patch(image, Fat16(image).cluster(3000) + 77, eicar())


def on_exfat(out):
    """A cluster that the bitmap marks and no file owns."""
    image = raw(out, "lost-cluster-exfat", 16 * MIB)
    run("mkfs.exfat", "-c", "4K", image)
    boot = peek(image, 0, SECTOR)
    heap = struct.unpack_from("<I", boot, 88)[0] * SECTOR
    # mkfs puts the bitmap first.
    patch(image, heap + 500 // 8, bytes([1 << 500 % 8]))
    patch(image, heap + 500 * 4096 + 1234, eicar())


def on_ntfs(out):
    """A stream of a file, and a file whose folder does not name it."""
    image = raw(out, "stream", 16 * MIB)
    ntfs.make(image, "HIDDEN")
    with ntfs.Volume(image) as volume:
        volume.write("readme.txt", [b"nothing to see"])
        volume.write("readme.txt", [eicar()], stream="setup")

    image = raw(out, "orphan-record", 16 * MIB)
    ntfs.make(image, "HIDDEN")
    with ntfs.Volume(image) as volume:
        volume.make_folder("folder")
        volume.write("folder/setup.com", [eicar()])
    empty_folder(image, "folder")


def empty_folder(image, name):
    """Overwrites the only entry of a folder whose index is in its record."""
    data = peek(image, 0, os.path.getsize(image))
    spelled = name.encode("utf-16-le")
    for at in range(0, len(data), 1024):
        record = data[at : at + 1024]
        if record[:4] != b"FILE" or spelled not in record:
            continue
        attribute = struct.unpack_from("<H", record, 20)[0]
        while struct.unpack_from("<I", record, attribute)[0] != 0xFFFFFFFF:
            kind, length = struct.unpack_from("<II", record, attribute)
            if kind == 0x90 and record[22] & 2:
                value = attribute + struct.unpack_from("<H", record, attribute + 20)[0]
                header = value + 16
                patch(image, at + header + 4, struct.pack("<I", 32))
                patch(image, at + header + 16, struct.pack("<QHHI", 0, 16, 0, 2))
                return
            attribute += length
    sys.exit(f"{image}: no folder {name}")


def on_disc(out):
    """A file that only the Joliet tree names."""
    with tempfile.TemporaryDirectory(dir=out) as source:
        for name, data in {**SHOWN, "setup.com": eicar()}.items():
            with open(os.path.join(source, name), "wb") as file:
                file.write(data)
        image = os.path.join(out, "joliet-only.img")
        run("genisoimage", "-quiet", "-J", "-R", "-hide", "setup.com", "-o", image, source)


def around_partitions(out):
    """Between two partitions, and after the last."""
    for name, at in (("between-partitions", 9 * MIB + 300), ("after-partitions", 20 * MIB - 100)):
        image = raw(out, name, 20 * MIB)
        first, second = 2048, 10 * MIB // SECTOR
        entries = [(1, first, 8 * MIB // SECTOR - first), (1, second, 8 * MIB // SECTOR)]
        patch(image, 0, kit.boot_record(entries))
        for _, start, sectors in entries:
            fat.make(image, 12, "HIDDEN", sectors, start)
        patch(image, at, eicar())


def main():
    """Makes everything, or nothing when it is there."""
    if len(sys.argv) != 2:
        sys.exit("usage: hidden.py OUT")
    out = os.path.abspath(sys.argv[1])
    with kit.workshop(out, "hidden") as finished:
        if finished is None:
            return
        for make in (on_fat, on_exfat, on_ntfs, on_disc, around_partitions):
            make(out)
        finished(*[name for name in os.listdir(out) if name.endswith(".img")])


if __name__ == "__main__":
    main()
