"""The rows of the table: how each image is made, and who else reads it."""

from dataclasses import dataclass
from typing import Callable

import discs
import disks
import divided
import readers

KIB = 1 << 10
MIB = 1 << 20


@dataclass
class Row:
    """One image. `make` takes its path and a Stage, `read` its path and an empty folder; both
    return SHA-256 by path, or by (volume, path) where there are several volumes. Where nobody
    else can read an image `read` is None, and the note says why."""

    format: str
    variant: str
    writer: str
    reader: str
    make: Callable
    read: Callable | None
    quick: bool = False
    note: str = ""


def size(count):
    """A number of bytes for people."""
    if count >= MIB:
        return f"{count // MIB} MiB"
    return f"{count // KIB} KiB" if count >= KIB else f"{count} B"


def fat():
    """FAT of all kinds."""
    read, by = readers.seven_zip("fat"), "mkfs.fat, mtools"

    def row(bits, cluster, sector=512, note="", quick=False, **more):
        variant = f"clusters {size(cluster)}" + (f", sectors {sector}" if sector != 512 else "") + note
        make = disks.fat_volume(bits, cluster, sector, **more)
        return Row(f"fat{bits}", variant, by, "7-Zip", make, read, quick)

    return [
        row(12, KIB, note=", 2.88 MB floppy", name="few", size=2880 * KIB),
        row(12, 4 * KIB, note=", 8 MB, few files", name="few", size=8 * MIB),
        row(12, 64 * KIB, size=254 * MIB),
        *[row(16, cluster * KIB, quick=cluster == 2) for cluster in (2, 4, 8, 16, 32, 64)],
        row(16, 4 * KIB, 4096),
        row(16, 32 * KIB, 4096),
        *[row(32, cluster) for cluster in (512, KIB, 2 * KIB)],
        *[row(32, cluster * KIB) for cluster in (4, 8, 16, 32, 64)],
        *[row(32, cluster * KIB, 4096, quick=cluster == 4) for cluster in (4, 8, 32, 64)],
    ]


def exfat():
    """exFAT."""
    read, by = readers.sleuth_kit("exfat"), "mkfs.exfat, exfat.py"

    def row(cluster, boundary=None, sector=512, quick=False):
        variant = f"clusters {size(cluster)}"
        variant += f", {size(boundary)} boundaries" if boundary else ""
        variant += f", sectors {sector}" if sector != 512 else ""
        make = disks.exfat_volume(cluster, boundary, sector)
        return Row("exfat", variant, by, "The Sleuth Kit", make, read, quick)

    return [
        *[row(cluster) for cluster in (512, KIB, 2 * KIB)],
        *[row(cluster * KIB) for cluster in (4, 8, 16, 32, 64, 128, 256, 512)],
        row(MIB),
        row(4 * KIB, 32 * KIB),
        row(32 * KIB, 32 * KIB),
        row(4 * KIB, None, 4096, quick=True),
        row(32 * KIB, 128 * KIB, 4096),
    ]


def ntfs():
    """NTFS."""
    by, seven, kit = "mkntfs, ntfs-3g's library", readers.seven_zip, readers.sleuth_kit

    def large(cluster, reader, read, note=""):
        # 7-Zip opens NTFS with sectors of 512 bytes only.
        variant, make = f"clusters {size(cluster)}, sectors 4096", disks.ntfs_volume(cluster, 4096)
        return Row("ntfs", variant, by, reader, make, read, note=note)

    return [
        *[
            Row(
                "ntfs", f"clusters {size(cluster)}", by, "7-Zip", disks.ntfs_volume(cluster),
                seven("ntfs"), quick=cluster == 4 * KIB,
            )
            for cluster in (512, *[times * KIB for times in (1, 2, 4, 8, 16, 32, 64)])
        ],
        large(4 * KIB, "The Sleuth Kit", kit("ntfs")),
        large(
            64 * KIB, "none", None,
            "7-Zip does not open it, and The Sleuth Kit loses 131 files in large folders",
        ),
    ]


def ext():
    """ext2, ext3 and ext4."""
    return [
        Row(
            kind, f"blocks {size(block)}", "mke2fs, debugfs", "7-Zip",
            disks.ext_volume(kind, block), readers.seven_zip("ext"),
            quick=(kind, block) == ("ext4", 4096),
        )
        for kind in ("ext2", "ext3", "ext4")
        for block in (1024, 2048, 4096)
    ]


def optical():
    """ISO 9660 and UDF."""
    gen, long_names = "genisoimage", ("-J", "-joliet-long")
    joliet, bare = readers.seven_zip("iso"), readers.archive()
    rock = readers.archive("--options", "iso9660:!joliet")
    return [
        Row("iso", "plain, level 1", gen, "libarchive", discs.iso("-iso-level", "1", name="plain"), bare),
        Row("iso", "Joliet", gen, "7-Zip", discs.iso("-iso-level", "3", "-D", *long_names), joliet),
        Row("iso", "Rock Ridge", gen, "libarchive", discs.iso("-iso-level", "3", "-r"), rock),
        Row(
            "iso", "Joliet and Rock Ridge", gen, "libarchive",
            discs.iso("-iso-level", "3", "-r", *long_names), rock, quick=True,
        ),
        Row(
            "iso", "Joliet and Rock Ridge", "xorriso", "libarchive",
            discs.xorriso("-r", *long_names), rock,
        ),
        Row(
            "udf", "bridge with ISO 9660", gen, "7-Zip",
            discs.iso("-iso-level", "3", "-udf", "-r", "-D", *long_names),
            readers.seven_zip("udf"), quick=True,
        ),
    ]


def partitioned():
    """Disks with partitions."""
    fat32, exfat32, ext4 = (
        disks.fat_volume(32, 4 * KIB), disks.exfat_volume(32 * KIB), disks.ext_volume("ext4", 4096),
    )
    ntfs4 = disks.ntfs_volume(4 * KIB)
    seven, kit = readers.seven_zip, readers.sleuth_kit
    find = readers.partitions
    return [
        Row(
            "mbr", "FAT32; logical: exFAT, ext4", "as above", "mmls, then as above",
            divided.mbr(fat32, exfat32, ext4),
            divided.read(find, seven("fat"), kit("exfat"), seven("ext")),
        ),
        Row(
            "gpt", "NTFS, exFAT, FAT32", "as above", "mmls, then as above",
            divided.gpt(ntfs4, exfat32, fat32),
            divided.read(find, seven("ntfs"), kit("exfat"), seven("fat")),
        ),
    ]


def everything():
    """All rows, in the order of the table."""
    return [*fat(), *exfat(), *ntfs(), *ext(), *optical(), *partitioned()]
