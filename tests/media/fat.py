"""FAT volumes: made by mkfs.fat, filled by mtools, and damaged by hand."""

import os
import struct

from kit import SECTOR, patch, peek, run
from tree import by_folder, folders


def make(image, bits, label, sectors=None, start=0, cluster_sectors=None, sector_bytes=SECTOR):
    """Makes a FAT volume in `image` from sector `start`, `sectors` long. These two are counted
    in 512 bytes whatever the volume's own sectors are, `cluster_sectors` in those."""
    size = os.path.getsize(image) // SECTOR
    sectors = sectors or size - start
    command = ["mkfs.fat", "-F", str(bits), "-n", label, "-i", "4B494F53", "--invariant"]
    if cluster_sectors:
        command += ["-s", str(cluster_sectors)]
    if sector_bytes != SECTOR:
        command += ["-S", str(sector_bytes)]
    if start:
        command += ["--offset", str(start), "-h", str(start)]
    run(*command, image, str(sectors // 2))


def place(image, start):
    """How mtools is told where a volume begins."""
    return f"{image}@@{start * SECTOR}"


def fill(image, start, source, names, there=()):
    """Copies the named files from the host folder `source`, in a fixed order. `there` are the
    paths that were copied before."""
    target = place(image, start)
    made = set(folders(there))
    wanted = [folder for folder in folders(names) if folder not in made]
    if wanted:
        run("mmd", "-i", target, *[f"::{folder}" for folder in wanted])
    for folder, files in by_folder(names):
        paths = [os.path.join(source, name) for name in files]
        run("mcopy", "-m", "-i", target, *paths, f"::{folder}/" if folder else "::")


def ballast(image, start, scratch, holes, hole_bytes):
    """Leaves `holes` gaps of about `hole_bytes` with one small file between any two, so that
    what is written next lies in pieces. Returns a function that removes the small files."""
    target = place(image, start)
    run("mmd", "-i", target, "::ballast")
    paths = []
    for number in range(holes):
        hole = os.path.join(scratch, f"hole{number:03}")
        with open(hole, "wb") as out:
            # Gaps of unlike sizes, none a multiple of the next.
            out.truncate(hole_bytes * (3 + number * 7 % 5) // 5)
        post = os.path.join(scratch, f"post{number:03}")
        with open(post, "wb") as out:
            out.write(b"post")
        paths += [hole, post]
    run("mcopy", "-i", target, *paths, "::ballast/")
    run("mdel", "-i", target, *[f"::ballast/hole{number:03}" for number in range(holes)])
    for path in paths:
        os.unlink(path)
    forget_hint(image, start)

    def remove():
        run("mdeltree", "-i", target, "::ballast")
        forget_hint(image, start)

    return remove


def forget_hint(image, start):
    """Clears FAT32's hint where to look for free clusters, so that gaps are filled first."""
    boot = peek(image, start * SECTOR, SECTOR)
    if struct.unpack_from("<H", boot, 22)[0] == 0:
        sector_bytes, info = (struct.unpack_from("<H", boot, place)[0] for place in (11, 48))
        patch(image, start * SECTOR + info * sector_bytes + 492, b"\xff\xff\xff\xff")


def pieces(image, start, name):
    """In how many runs of clusters a file lies, as mtools' own mshowfat counts them."""
    text = run("mshowfat", "-i", place(image, start), f"::{name}").decode()
    return text.count("<")


class Volume:
    """A FAT volume's tables for reading and writing single entries by hand."""

    def __init__(self, image, start=0):
        self.image, self.base = image, start * SECTOR
        boot = peek(image, self.base, SECTOR)
        self.cluster_bytes = boot[13] * SECTOR
        self.reserved = struct.unpack_from("<H", boot, 14)[0]
        self.fats = boot[16]
        self.root_entries = struct.unpack_from("<H", boot, 17)[0]
        short = struct.unpack_from("<H", boot, 22)[0]
        self.fat_sectors = short or struct.unpack_from("<I", boot, 36)[0]
        self.wide = short == 0
        self.root_cluster = struct.unpack_from("<I", boot, 44)[0] if self.wide else 0
        self.root_at = self.base + (self.reserved + self.fats * self.fat_sectors) * SECTOR
        self.data_at = self.root_at + self.root_entries * 32

    def cluster_at(self, cluster):
        """Where a cluster begins in the image."""
        return self.data_at + (cluster - 2) * self.cluster_bytes

    def set_next(self, cluster, value, fat=None):
        """Writes one entry of the FAT (16 or 32 bits), in every copy unless `fat` names one."""
        form, size = ("<I", 4) if self.wide else ("<H", 2)
        for copy in range(self.fats) if fat is None else [fat]:
            where = self.base + (self.reserved + copy * self.fat_sectors) * SECTOR
            patch(self.image, where + cluster * size, struct.pack(form, value))

    def find(self, short_name, folder_at=None):
        """Where the directory entry with this 11-byte name lies."""
        at = folder_at if folder_at is not None else (
            self.cluster_at(self.root_cluster) if self.wide else self.root_at
        )
        size = self.cluster_bytes if self.wide or folder_at is not None else self.root_entries * 32
        data = peek(self.image, at, size)
        for offset in range(0, len(data), 32):
            if data[offset : offset + 11] == short_name:
                return at + offset
        raise LookupError(short_name)

    def first_cluster(self, entry_at):
        """The first cluster that a directory entry names."""
        entry = peek(self.image, entry_at, 32)
        return struct.unpack_from("<H", entry, 20)[0] << 16 | struct.unpack_from("<H", entry, 26)[0]

    def set_first_cluster(self, entry_at, cluster):
        """Makes a directory entry begin elsewhere."""
        patch(self.image, entry_at + 20, struct.pack("<H", cluster >> 16))
        patch(self.image, entry_at + 26, struct.pack("<H", cluster & 0xFFFF))


def entry(name, attributes, cluster, size=0):
    """A 32-byte directory entry with a fixed time; `name` is 11 bytes."""
    # 2026-01-15 08:30:00 in the FAT's own bits.
    time, date = 8 << 11 | 30 << 5, (2026 - 1980) << 9 | 1 << 5 | 15
    return struct.pack(
        "<11sBBBHHHHHHHI",
        name, attributes, 0, 0, time, date, date, cluster >> 16, time, date,
        cluster & 0xFFFF, size,
    )
