#!/usr/bin/env python3
"""ports.py OUT: the media that are plugged into the guest's USB ports, `places.json` with what
lies where on them, and `allowlist.toml`, the list by which the guest's kiosk knows them.

They are small, because an emulated processor reads them.
"""

import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True

import archives
import fat
import kit
import tree

# QEMU's own sticks, its newer ones, and those that the guest makes itself.
QEMU = ("46f4", "0001")
QEMU_UAS = ("46f4", "0003")
GADGET = ("0951", "1666")

# id, ids, serial, image, and what differs from an active stick.
MEDIA = [
    ("VM-CLEAN", QEMU, "VM-CLEAN", "clean", {}),
    ("VM-OTHER", QEMU, "VM-OTHER", "clean", {}),
    ("VM-UAS", QEMU_UAS, "VM-UAS", "clean", {"interfaces": ["08:06:62"]}),
    ("VM-EXPIRED", QEMU, "VM-EXPIRED", "clean", {"valid_until": "2026-01-31"}),
    ("VM-REVOKED", QEMU, "VM-REVOKED", "clean", {"status": "revoked"}),
    ("VM-LOST", QEMU, "VM-LOST", "clean", {"status": "lost"}),
    ("VM-FUTURE", QEMU, "VM-FUTURE", "clean", {"valid_from": "2098-01-01"}),
    ("VM-CAPACITY", QEMU, "VM-CAPACITY", "clean", {"capacity_bytes": 64 << 30}),
    ("VM-LARGE", QEMU, "VM-LARGE", "large", {}),
    ("VM-SLOW", QEMU, "VM-SLOW", "slow", {}),
    ("VM-BAD", QEMU, "VM-BAD", "large", {}),
    ("VM-CANARY", QEMU, "VM-CANARY", "canary", {}),
    ("VM-GPT", QEMU, "VM-GPT", "gpt", {}),
    ("VM-THREE", QEMU, "VM-THREE", "three", {}),
    ("VM-LABEL", QEMU, "VM-LABEL", "label", {}),
    ("VM-DISC", QEMU, "VM-DISC", "disc", {}),
    ("VM-TWIN", GADGET, "VM-TWIN", "clean", {}),
    ("VM-CARD", GADGET, "VM-CARD", "clean", {}),
    ("VM-CHANGE", QEMU, "VM-CHANGE", "large", {}),
    # A registered stick that has grown a keyboard.
    ("VM-DUCK", GADGET, "VM-DUCK", "clean", {}),
]

# Every byte that a FAT label can hold and a terminal would obey; the second is no UTF-8.
HOSTILE_LABEL = b'\x1b[2J%n"\x9b\x07\n '

FILES = {
    "README.txt": "受け渡し用の媒体です。\r\n".encode(),
    "点検記録/2026-11.csv": tree.csv("2026", 40, "utf-8-sig"),
    "図面/配管図.pdf": tree.pdf("Piping"),
}


def filled(image, start, files):
    """Puts files with these contents on the volume that begins at sector `start`."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as source:
        fat.fill(image, start, source, list(tree.write(source, files, 0)))


def stick(out, name, mebibytes, files, bits=16):
    """One partition, 1 MiB in, as sticks come from the shop."""
    image = os.path.join(out, f"{name}.img")
    kit.blank(image, mebibytes * kit.MIB)
    sectors = mebibytes * kit.MIB // kit.SECTOR - 2048
    kit.patch(image, 0, kit.boot_record([(0x0E, 2048, sectors)]))
    fat.make(image, bits, "TENKEN", sectors, 2048, cluster_sectors=1 if mebibytes < 16 else None)
    filled(image, 2048, files)
    return image


def slow(out):
    """Without a partition table, and little else to read."""
    image = os.path.join(out, "slow.img")
    kit.blank(image, 1440 * 1024)
    fat.make(image, 12, "SLOW")
    filled(image, 0, {"log.bin": kit.noise("slow", 500_000)})


def gpt(out):
    """A GPT stick."""
    image = os.path.join(out, "gpt.img")
    kit.blank(image, 8 * kit.MIB)
    sectors = 6 * kit.MIB // kit.SECTOR
    kit.write_gpt(image, [(kit.GPT_BASIC_DATA, 2048, sectors, "data")])
    fat.make(image, 16, "GPT", sectors, 2048, cluster_sectors=1)
    filled(image, 2048, FILES)


def three(out):
    """Three partitions; Windows does not show the second, and that one is not harmless."""
    image = os.path.join(out, "three.img")
    kit.blank(image, 8 * kit.MIB)
    parts = [(0x01, 2048, 2048), (0x11, 4096, 2048), (0x01, 6144, 2048)]
    kit.patch(image, 0, kit.boot_record(parts))
    hidden = {"setup.com": archives.eicar()}
    for (_, start, sectors), files in zip(parts, [FILES, hidden, FILES]):
        fat.make(image, 12, "PART", sectors, start)
        filled(image, start, files)


def label(out):
    """A volume whose label speaks to terminals, and which is damaged so that it is shown: the
    two tables do not say the same."""
    image = stick(out, "label", 8, FILES)
    volume = fat.Volume(image, 2048)
    volume.set_next(2000, 2001, fat=1)
    kit.patch(image, volume.find(b"TENKEN     "), HOSTILE_LABEL)


def disc(out):
    """A CD."""
    image = os.path.join(out, "disc.img")
    with tempfile.TemporaryDirectory(dir=out) as source:
        tree.write(source, FILES, 0)
        kit.run("genisoimage", "-quiet", "-J", "-R", "-V", "DISC", "-o", image, source)


def large(out):
    """Enough to read that a scan can be interrupted; returns where the fifth file begins."""
    files = {f"data/part{number}.bin": kit.noise(f"large {number}", 900_000) for number in range(8)}
    image = stick(out, "large", 16, files)
    volume = fat.Volume(image, 2048)
    folder = volume.cluster_at(volume.first_cluster(volume.find(b"DATA       ")))
    first = volume.first_cluster(volume.find(b"PART4   BIN", folder))
    return {
        "part4_byte": volume.cluster_at(first),
        "part4_sector": volume.cluster_at(first) // kit.SECTOR,
        "fat_byte": volume.base + volume.reserved * kit.SECTOR,
        "root_byte": volume.root_at,
    }


def allowlist(out):
    """The list in its own format."""
    with open(os.path.join(out, "allowlist.toml"), "w", encoding="utf-8") as file:
        for name, (vid, pid), serial, image, more in MEDIA:
            entry = {
                "id": name,
                "vid": vid,
                "pid": pid,
                "serial": serial,
                "interfaces": ["08:06:50"],
                "capacity_bytes": os.path.getsize(os.path.join(out, f"{image}.img")),
                "owner": "設備課 佐藤",
                "company": "保守会社A",
                "valid_from": "2026-01-01",
                "valid_until": "2099-03-31",
                "status": "active",
                "storage_place": "守衛所",
            }
            entry.update(more)
            file.write("[[medium]]\n")
            for key, value in entry.items():
                day = key.startswith("valid_")
                file.write(f"{key} = {value if day else json.dumps(value, ensure_ascii=False)}\n")


def main():
    """Makes all of it, or nothing when it is there."""
    if len(sys.argv) != 2:
        sys.exit("usage: ports.py OUT")
    out = os.path.abspath(sys.argv[1])
    with kit.workshop(out, ".ports") as finished:
        if finished is None:
            return
        stick(out, "clean", 8, FILES)
        update = archives.zipped([("update/setup.com", archives.eicar())])
        stick(out, "canary", 8, {**FILES, "保守.zip": update})
        places = large(out)
        slow(out)
        gpt(out)
        three(out)
        label(out)
        disc(out)
        with open(os.path.join(out, "places.json"), "w", encoding="ascii") as file:
            json.dump(places, file)
        allowlist(out)
        images = sorted({f"{image}.img" for _, _, _, image, _ in MEDIA})
        finished(*images, "places.json", "allowlist.toml")


if __name__ == "__main__":
    main()
