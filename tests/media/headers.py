"""Media of which only the head of a file system is there: enough to name it, nothing to
read. Each is what the format's own documents put in its first sectors."""

import os
import struct

from kit import MIB, blank, patch

SIZE = 64 * MIB
# {4967D63B-2E29-4AD8-8399-F6A339E3D001} as it lies on the disk.
BITLOCKER = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")


def xfs():
    """xfs_sb, on disk big-endian: magic, block size, blocks."""
    return [(0, struct.pack(">4sIQ", b"XFSB", 4096, SIZE // 4096))]


def btrfs():
    """The superblock at 64 KiB, its magic 64 bytes in."""
    return [(65536 + 48, struct.pack("<QQ", 65536, 1)), (65536 + 64, b"_BHRfS_M")]


def luks():
    """LUKS1: magic, version, cipher, mode, hash."""
    head = b"LUKS\xba\xbe" + struct.pack(">H", 1)
    head += b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0")
    return [(0, head)]


def luks2():
    """LUKS2: magic, version, header size."""
    return [(0, b"LUKS\xba\xbe" + struct.pack(">HQ", 2, 16384))]


def bitlocker():
    """BitLocker on a fixed volume: the OEM name takes NTFS's place; its GUID is at 160."""
    return [(0, b"\xeb\x58\x90-FVE-FS-" + struct.pack("<HB", 512, 8)), (160, BITLOCKER),
            (510, b"\x55\xaa")]


def bitlocker_to_go():
    """BitLocker To Go poses as FAT32; its GUID is at 424."""
    fat32 = b"\xeb\x58\x90MSWIN4.1" + struct.pack("<HBHBHHBHHHII", 512, 8, 32, 2, 0, 0, 0xF8, 0,
                                                  63, 255, 0, SIZE // 512)
    return [(0, fat32), (36, struct.pack("<I", 128)), (82, b"FAT32   "), (424, BITLOCKER),
            (510, b"\x55\xaa")]


def hfsplus():
    """The volume header at 1,024: signature, version 4."""
    blocks = struct.pack(">II", 4096, SIZE // 4096)
    return [(1024, struct.pack(">2sH", b"H+", 4)), (1024 + 40, blocks)]


def apfs():
    """The container superblock: magic after the 32-byte object header."""
    blocks = struct.pack("<IQ", 4096, SIZE // 4096)
    return [(24, struct.pack("<I", 0x80000001)), (32, b"NXSB" + blocks)]


FORMATS = {
    "luks": luks, "luks2": luks2, "bitlocker": bitlocker, "bitlocker-to-go": bitlocker_to_go,
    "xfs": xfs, "btrfs": btrfs, "hfsplus": hfsplus, "apfs": apfs,
}


def make_all(out):
    """One image a format: named head-FORMAT.img."""
    for name, head in FORMATS.items():
        image = os.path.join(out, f"head-{name}.img")
        blank(image, SIZE)
        for offset, data in head():
            patch(image, offset, data)
