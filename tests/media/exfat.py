"""Fills an empty exFAT volume, as mkfs.exfat makes it, without mounting it.

Standard tools can make and check exFAT but not fill it. This writes the entry sets, the FAT
and the bitmap by Microsoft's exFAT specification 1.00; `fsck.exfat` must find the result clean.
Files lie contiguous (NoFatChain) or in pieces, as asked.
"""

import struct

from kit import SECTOR, patch, peek, run, seeded

# 2026-01-15 08:30:00, in the specification's section 7.4.8 form, and the offset "UTC".
TIME = (2026 - 1980) << 25 | 1 << 21 | 15 << 16 | 8 << 11 | 30 << 5
UTC = 0x80
DIRECTORY, ARCHIVE = 0x10, 0x20
END = 0xFFFFFFFF


def make(image, label, cluster_bytes=None, boundary_bytes=None, sector_bytes=SECTOR):
    """Makes an empty volume over the whole image."""
    size = ["-c", str(cluster_bytes)] if cluster_bytes else []
    size += ["-b", str(boundary_bytes)] if boundary_bytes else []
    run("mkfs.exfat", "-L", label, *size, image)
    if sector_bytes != SECTOR:
        enlarge_sectors(image, sector_bytes)
    fix_serial(image, sector_bytes)


def enlarge_sectors(volume, sector_bytes):
    """Counts everything in larger sectors: mkfs.exfat takes those of a plain file for 512."""
    times = sector_bytes // SECTOR
    boot = bytearray(peek(volume, 0, SECTOR))
    for form, place in (("<Q", 72), ("<I", 80), ("<I", 84), ("<I", 88)):
        value = struct.unpack_from(form, boot, place)[0]
        if value % times:
            raise ValueError(f"{volume}: {value} sectors are no whole larger ones")
        struct.pack_into(form, boot, place, value // times)
    if struct.unpack_from("<I", boot, 80)[0] < 24:
        raise ValueError(f"{volume}: no room for both boot regions before the FAT")
    shift = times.bit_length() - 1
    boot[108], boot[109] = boot[108] + shift, boot[109] - shift
    extended = bytes(sector_bytes - 4) + b"\0\0\x55\xaa"
    region = bytes(boot).ljust(sector_bytes, b"\0") + extended * 8 + bytes(3 * sector_bytes)
    patch(volume, 0, region * 2)


def fix_serial(volume, sector_bytes=SECTOR):
    """Gives the volume a fixed serial number and renews the boot checksum (section 3.4)."""
    for base in (0, 12 * sector_bytes):
        patch(volume, base + 100, struct.pack("<I", 0x4B494F53))
        region = bytearray(peek(volume, base, 11 * sector_bytes))
        total = 0
        for place, byte in enumerate(region):
            if place not in (106, 107, 112):
                total = ((total << 31 | total >> 1) + byte) & 0xFFFFFFFF
        patch(volume, base + 11 * sector_bytes, struct.pack("<I", total) * (sector_bytes // 4))


def name_hash(upcase, name):
    """Hash of an up-cased name (section 7.6.4)."""
    total = 0
    for unit in struct.unpack(f"<{len(name) // 2}H", name):
        for byte in struct.pack("<H", upcase[unit]):
            total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total


def set_checksum(entries):
    """Checksum of an entry set (section 6.3.3)."""
    total = 0
    for place, byte in enumerate(entries):
        if place not in (2, 3):
            total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total


class Volume:
    """One volume that is being filled."""

    def __init__(self, image, start=0):
        self.image, self.base = image, start * SECTOR
        boot = peek(image, self.base, SECTOR)
        if boot[3:11] != b"EXFAT   ":
            raise ValueError(f"{image}: not exFAT")
        fat_at, _, heap_at, self.clusters, self.root = struct.unpack_from("<IIIII", boot, 80)
        sector = 1 << boot[108]
        self.cluster_bytes = sector << boot[109]
        self.fat_at = self.base + fat_at * sector
        self.heap_at = self.base + heap_at * sector
        self.fat = {}
        self.root_head = b""
        head = peek(image, self.cluster_at(self.root), self.cluster_bytes)
        for offset in range(0, len(head), 32):
            entry = head[offset : offset + 32]
            if entry[0] == 0:
                break
            self.root_head += entry
            first, size = struct.unpack_from("<IQ", entry, 20)
            if entry[0] == 0x81:
                self.bitmap_at = self.cluster_at(first)
                self.bitmap = bytearray(peek(image, self.bitmap_at, size))
            elif entry[0] == 0x82:
                self.upcase = expand_upcase(peek(image, self.cluster_at(first), size))
        self.cursor = 0

    def cluster_at(self, cluster):
        """Where a cluster begins in the image."""
        return self.heap_at + (cluster - 2) * self.cluster_bytes

    def used(self, index):
        """Whether the cluster with this index from 0 is allocated."""
        return self.bitmap[index >> 3] >> (index & 7) & 1

    def take(self, index):
        """Marks a cluster as allocated; returns its number."""
        self.bitmap[index >> 3] |= 1 << (index & 7)
        return index + 2

    def contiguous(self, count):
        """The first free run of `count` clusters."""
        index, run_length = self.cursor, 0
        while run_length < count:
            if index >= self.clusters:
                raise ValueError("volume is full")
            run_length = 0 if self.used(index) else run_length + 1
            index += 1
        if count == 1:
            self.cursor = index
        return [self.take(place) for place in range(index - count, index)]

    def scattered(self, count, runs, name):
        """`count` clusters in `runs` pieces, the pieces out of order and with gaps between."""
        first = next(i for i in range(self.clusters) if not self.used(i))
        each, places, left = -(-count // runs), [], count
        index = first
        while left:
            length = min(each, left)
            while any(self.used(place) for place in range(index, min(index + length, self.clusters))):
                index += 1
            places.append(range(index, index + length))
            index += length + 2
            left -= length
        if index > self.clusters:
            raise ValueError("volume is full")
        seeded(name).shuffle(places)
        return [self.take(place) for piece in places for place in piece]

    def store(self, pieces, size, runs, name):
        """Writes content; returns (first cluster, whether contiguous)."""
        count = -(-size // self.cluster_bytes)
        if count == 0:
            return 0, False
        taken = self.scattered(count, runs, name) if runs > 1 else self.contiguous(count)
        straight = all(b == a + 1 for a, b in zip(taken, taken[1:]))
        if not straight:
            self.chain(taken)
        with open(self.image, "r+b") as image:
            queue, held = iter(taken), b""
            for piece in pieces:
                held += piece
                while len(held) >= self.cluster_bytes:
                    image.seek(self.cluster_at(next(queue)))
                    image.write(held[: self.cluster_bytes])
                    held = held[self.cluster_bytes :]
            if held:
                image.seek(self.cluster_at(next(queue)))
                image.write(held)
        return taken[0], straight

    def chain(self, taken):
        """Links clusters in the FAT."""
        for here, then in zip(taken, taken[1:] + [END]):
            self.fat[here] = then

    def entry_set(self, name, attributes, first, straight, size, valid=None):
        """File, stream and name entries of one file or folder (sections 7.4, 7.6, 7.7)."""
        units = name if isinstance(name, bytes) else name.encode("utf-16-le")
        names = -(-len(units) // 30)
        flags = 1 | (2 if straight else 0)
        entries = bytearray(
            struct.pack("<BBHHHIIIBBBBB7x", 0x85, 1 + names, 0, attributes, 0,
                        TIME, TIME, TIME, 0, 0, UTC, UTC, UTC)
        )
        entries += struct.pack(
            "<BBBBHHQIIQ", 0xC0, flags, 0, len(units) // 2, name_hash(self.upcase, units), 0,
            size if valid is None else valid, 0, first, size,
        )
        for number in range(names):
            part = units[number * 30 : number * 30 + 30]
            entries += struct.pack("<BB30s", 0xC1, 0, part)
        struct.pack_into("<H", entries, 2, set_checksum(entries))
        return bytes(entries)

    def folder(self, children, runs):
        """Stores a folder's entries; returns (first cluster, contiguous, size)."""
        whole = -(-max(1, len(children)) // self.cluster_bytes) * self.cluster_bytes
        data = children.ljust(whole, b"\0")
        first, straight = self.store([data], whole, runs, f"folder {len(children)}")
        return first, straight, whole

    def root_folder(self, children):
        """Writes the root, whose clusters are always linked in the FAT."""
        data = self.root_head + children
        count = -(-len(data) // self.cluster_bytes)
        taken = [self.root] + [self.contiguous(1)[0] for _ in range(count - 1)]
        self.chain(taken)
        data = data.ljust(count * self.cluster_bytes, b"\0")
        for place, cluster in enumerate(taken):
            part = data[place * self.cluster_bytes : (place + 1) * self.cluster_bytes]
            patch(self.image, self.cluster_at(cluster), part)

    def close(self):
        """Writes FAT and bitmap."""
        with open(self.image, "r+b") as image:
            for cluster, value in self.fat.items():
                image.seek(self.fat_at + cluster * 4)
                image.write(struct.pack("<I", value))
            image.seek(self.bitmap_at)
            image.write(self.bitmap)


def expand_upcase(table):
    """The up-case table without its compression (section 7.2.5)."""
    units = struct.unpack(f"<{len(table) // 2}H", table)
    out, place = [], 0
    while place < len(units):
        if units[place] == 0xFFFF and place + 1 < len(units):
            out.extend(range(len(out), len(out) + units[place + 1]))
            place += 2
        else:
            out.append(units[place])
            place += 1
    return out + list(range(len(out), 0x10000))


def fill(image, files, start=0, runs=None):
    """Fills a volume with {path: bytes, or (size, function giving pieces)}.

    `runs` says in how many pieces a path lies; every third folder that is larger than one
    cluster lies in two.
    """
    volume, runs = Volume(image, start), runs or {}
    inside = {"": {}}
    for path in sorted(files):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above, here = "/".join(parts[: depth - 1]), "/".join(parts[:depth])
            inside.setdefault(here, {})
            inside[above][parts[depth - 1]] = here
        inside["/".join(parts[:-1])][parts[-1]] = None
    # What lies in pieces goes first, so that the others fill the gaps that it leaves.
    stored = {}
    for path in sorted(files, key=lambda path: (-runs.get(path, 1), path)):
        content = files[path]
        size, pieces = content if isinstance(content, tuple) else (len(content), None)
        data = pieces() if pieces else [content]
        stored[path] = (*volume.store(data, size, runs.get(path, 1), path), size)
    large = 0
    for folder in sorted(inside, key=lambda folder: (-folder.count("/"), folder)):
        if folder == "":
            continue
        children = entries_of(volume, folder, inside[folder], stored)
        scattered = len(children) > volume.cluster_bytes
        large += scattered
        stored[folder] = volume.folder(children, 2 if scattered and large % 3 == 1 else 1)
    volume.root_folder(entries_of(volume, "", inside[""], stored))
    volume.close()
    return volume


def entries_of(volume, folder, names, stored):
    """The entry sets of everything in one folder."""
    out = b""
    for name in sorted(names):
        path = f"{folder}/{name}" if folder else name
        first, straight, size = stored[path]
        kind = ARCHIVE if names[name] is None else DIRECTORY
        out += volume.entry_set(name, kind, first, straight, size)
    return out


def pieces(volume, first):
    """In how many runs of clusters a linked file lies, read back from the FAT."""
    count, here = 1, first
    while True:
        then = struct.unpack("<I", peek(volume.image, volume.fat_at + here * 4, 4))[0]
        if then == END:
            return count
        count += then != here + 1
        here = then
