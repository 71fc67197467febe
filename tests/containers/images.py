"""Disk images that hold one file, made by the usual tools."""

import os
import sys
import tempfile

from made import tool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "media"))

import kit

SIZE = 6 * kit.MIB


def image(data, name, *lines):
    """What shell lines leave as `out`, beside a folder `d` with the file."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "d"))
        with open(os.path.join(folder, "d", name), "wb") as held:
            held.write(data)
        for line in lines:
            tool(["sh", "-ec", line], cwd=folder, env=kit.ENVIRONMENT)
        with open(os.path.join(folder, "out"), "rb") as held:
            return held.read()


FAT = f"truncate -s {SIZE} out; mkfs.vfat out; mcopy -i out d/* ::"
DISC = "genisoimage -quiet -r -J -input-charset utf-8 -o out"


def fat(data, name):
    """A FAT volume without a partition table."""
    return image(data, name, FAT)


def divided(data, name):
    """A disk with a partition table and a FAT volume."""
    return image(
        data, name, FAT, "mv out volume; truncate -s 8M out",
        "printf 'label: dos\\nstart=2048,type=c\\n' | sfdisk -q out",
        "dd if=volume of=out bs=1M seek=1 conv=notrunc",
    )


def virtual(form, *options):
    """A disk of a virtual machine around such a disk."""
    words = " ".join(options)
    def make(data, name):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "raw"), "wb") as held:
                held.write(divided(data, name))
            tool(["sh", "-ec", f"qemu-img convert -f raw -O {form} {words} raw out"], cwd=folder)
            with open(os.path.join(folder, "out"), "rb") as held:
                return held.read()
    return make


def luks(data, _):
    """A volume that needs a key."""
    return image(
        data, "file", "truncate -s 20M out",
        "printf secret | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2"
        " --pbkdf-force-iterations 1000 --luks2-metadata-size 16k --luks2-keyslots-size 256k out -",
    )


FORMATS = {
    "fat image": fat,
    "ext4 image": lambda data, name: image(
        data, name, f"truncate -s {SIZE} out; mke2fs -q -t ext4 -d d out"),
    "disk image": divided,
    "iso": lambda data, name: image(data, name, f"{DISC} d"),
    "iso udf": lambda data, name: image(data, name, f"{DISC} -udf d"),
    "vhd": virtual("vpc", "-o subformat=dynamic,force_size=on"),
    "vhd fixed": virtual("vpc", "-o subformat=fixed,force_size=on"),
    "vhdx": virtual("vhdx"),
    "vmdk": virtual("vmdk"),
    "vmdk stream": virtual("vmdk", "-o subformat=streamOptimized"),
    "qcow2": virtual("qcow2"),
    "qcow2 packed": virtual("qcow2", "-c"),
    "vdi": virtual("vdi"),
}

ENCRYPTED = {
    "disk image": luks,
    "qcow2": lambda data, name: virtual(
        "qcow2", "--object secret,id=key,data=secret",
        "-o encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10")(data, name),
}
