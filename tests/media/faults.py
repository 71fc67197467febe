"""Media that break off, and file systems and partition tables that contradict themselves."""

import os
import struct
import tempfile

import exfat
import fat
import kit
import tree
from kit import MIB, SECTOR, noise, patch
from stick import raw, stick

FOLDERS_DEEP = 10_000
CHAIN_END = 0xFFFF


def broken_media(out):
    """Truncated, empty, blank, random."""
    image = stick(out, "truncated", {"A.TXT": b"a", "BIG.DAT": noise("cut", 12 * MIB)})
    os.truncate(image, 6 * MIB)
    raw(out, "zero-length", 0)
    raw(out, "one-byte", 1)
    patch(raw(out, "random", 8 * MIB), 0, kit.seeded("random").randbytes(8 * MIB))
    patch(raw(out, "partition-past-end", 8 * MIB), 0, kit.boot_record([(0x0C, 2048, 1 << 22)]))


def folder_loop(out):
    """A folder that is its own grandchild."""
    image = stick(out, "fat-folder-loop", {"A/B/X.TXT": b"x", "OK.TXT": b"ok"})
    volume = fat.Volume(image)
    a = volume.first_cluster(volume.find(b"A          "))
    b = volume.find(b"B          ", volume.cluster_at(a))
    volume.set_first_cluster(b, a)


def chain_faults(out):
    """Files whose clusters loop, stop early, are shared, or do not exist."""
    content = noise("chain", 40_000)

    def start(name):
        image = stick(out, name, {"OK.TXT": b"ok", "X.DAT": content, "Y.DAT": content})
        volume = fat.Volume(image)
        at = volume.find(b"X       DAT")
        return volume, at, volume.first_cluster(at)

    volume, at, first = start("fat-chain-loop")
    volume.set_next(first + 5, first)
    patch(volume.image, at + 28, struct.pack("<I", 0x7FFFFFFF))
    volume, at, first = start("fat-chain-short")
    volume.set_next(first + 5, CHAIN_END)
    volume, at, first = start("fat-chain-free")
    volume.set_next(first + 5, 0)
    volume, at, first = start("fat-cross-linked")
    volume.set_first_cluster(volume.find(b"Y       DAT"), first)
    volume, at, first = start("fat-cluster-outside")
    volume.set_first_cluster(at, 0xFFE0)
    volume, at, first = start("fat-copies-differ")
    volume.set_next(first + 5, CHAIN_END, fat=1)


def long_name_overflow(out):
    """A FAT long name of 63 parts, which is 819 characters where 255 are allowed."""
    image = stick(out, "fat-name-too-long", {"OK.TXT": b"ok"})
    volume = fat.Volume(image)
    short = b"LONGNA~1TXT"
    check = 0
    for byte in short:
        check = ((check & 1) << 7 | check >> 1) + byte & 0xFF
    parts = b""
    for number in range(63, 0, -1):
        order = number | (0x40 if number == 63 else 0)
        units = "x".encode("utf-16-le") * 13
        parts += struct.pack("<B10sBBB12sH4s", order, units[:10], 0x0F, 0, check,
                             units[10:22], 0, units[22:26])
    patch(image, volume.find(b"OK      TXT") + 32, parts + fat.entry(short, 0x20, 0, 0))


def deep_image(out):
    """A chain of 10,000 folders on FAT32, written sector by sector."""
    image = stick(out, "deep-10000", {"OK.TXT": b"ok"}, bits=32, size=48 * MIB)
    volume = fat.Volume(image)
    # Far from what is there already.
    first = 20_000
    folder = b"D          "
    patch(image, volume.find(b"OK      TXT") + 32, fat.entry(folder, 0x10, first))
    clusters, links = bytearray(), bytearray()
    for depth in range(FOLDERS_DEEP):
        here, above = first + depth, first + depth - 1 if depth else 0
        block = fat.entry(b".          ", 0x10, here) + fat.entry(b"..         ", 0x10, above)
        if depth + 1 < FOLDERS_DEEP:
            block += fat.entry(folder, 0x10, here + 1)
        clusters += block.ljust(volume.cluster_bytes, b"\0")
        links += struct.pack("<I", 0x0FFFFFFF)
    patch(image, volume.cluster_at(first), clusters)
    for copy in range(volume.fats):
        at = volume.base + (volume.reserved + copy * volume.fat_sectors) * SECTOR
        patch(image, at + first * 4, links)


def tables(out):
    """GPT with wrong checksums, an extended partition that loops, partitions that overlap."""

    def gpt(name):
        image = stick(out, f"{name}.part", {"OK.TXT": b"ok"}, size=16 * MIB)
        whole = raw(out, name, 20 * MIB)
        with open(image, "rb") as part:
            patch(whole, MIB, part.read())
        os.unlink(image)
        kit.write_gpt(whole, [(kit.GPT_BASIC_DATA, 2048, 16 * 2048, "data")])
        return whole

    patch(gpt("gpt-header-crc"), SECTOR + 16, b"\xde\xad\xbe\xef")
    image = gpt("gpt-both-crc")
    patch(image, SECTOR + 16, b"\xde\xad\xbe\xef")
    patch(image, os.path.getsize(image) - SECTOR + 16, b"\xde\xad\xbe\xef")
    image = gpt("gpt-tables-differ")
    patch(image, os.path.getsize(image) - 33 * SECTOR + 32, struct.pack("<Q", 4096))

    image = raw(out, "ebr-loop", 16 * MIB)
    patch(image, 0, kit.boot_record([(0x0F, 2048, 14 * 2048)]))
    patch(image, MIB, kit.boot_record([(0x83, 64, 2048), (0x05, 4096, 2048)]))
    patch(image, MIB + 4096 * SECTOR, kit.boot_record([(0x83, 64, 2048), (0x05, 4096, 2048)]))

    image = raw(out, "mbr-overlap", 40 * MIB)
    with tempfile.TemporaryDirectory(dir=out) as source:
        names = list(tree.write(source, {"OK.TXT": b"ok"}, 0))
        for start in (2048, 2048 + 8 * 2048):
            fat.make(image, 16, "OVER", 16 * 2048, start)
            fat.fill(image, start, source, names)
    both = [(0x0E, 2048, 16 * 2048), (0x0E, 2048 + 8 * 2048, 16 * 2048)]
    patch(image, 0, kit.boot_record(both))


def exfat_faults(out):
    """Entry sets and a chain that contradict themselves."""
    content = noise("exfat fault", 40_000)

    def start(name):
        image = raw(out, name, 16 * MIB)
        exfat.make(image, "FAULT", cluster_bytes=4096)
        volume = exfat.fill(image, {"OK.TXT": b"ok", "X.DAT": content}, runs={"X.DAT": 5})
        at = volume.cluster_at(volume.root)
        root = kit.peek(image, at, volume.cluster_bytes)
        return volume, at + root.index("X.DAT".encode("utf-16-le")) - 2 - 64

    volume, at = start("exfat-checksum")
    patch(volume.image, at + 8, b"\x55\x55")
    volume, at = start("exfat-chain-loop")
    head = struct.unpack("<I", kit.peek(volume.image, at + 32 + 20, 4))[0]
    last = next(cluster for cluster, then in volume.fat.items() if then == exfat.END and
                cluster not in (volume.root,))
    patch(volume.image, volume.fat_at + last * 4, struct.pack("<I", head))
    # Longer than the clusters that are linked, with its checksum made right again.
    entries = bytearray(kit.peek(volume.image, at, 96))
    struct.pack_into("<Q", entries, 32 + 8, 8 * MIB)
    struct.pack_into("<Q", entries, 32 + 24, 8 * MIB)
    struct.pack_into("<H", entries, 2, exfat.set_checksum(entries))
    patch(volume.image, at, entries)


def make_all(out):
    """Every one of them."""
    broken_media(out)
    folder_loop(out)
    chain_faults(out)
    long_name_overflow(out)
    deep_image(out)
    tables(out)
    exfat_faults(out)
