#!/usr/bin/env python3
"""corpus.py OUT: media of every file system with the truth about their content.

OUT/NAME.img (or .iso) and OUT/NAME.truth.json. The first seven hold the whole tree of
tree.py; the others hold a few files and are there for how the medium is divided.
FAT12 ends at 4,084 clusters of 32 KiB, so its large file is 12 MB instead of 300.
"""

import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True

import exfat
import fat
import kit
import ntfs
import tree
from kit import MIB, SECTOR, blank, run

FAT12_BIG_BYTES = 12 * MIB + 345
# Fewer would be an accident of where the gaps lay; checked on every medium but the CD.
PIECES_MIN = 20
HOLES = 64
UUID = "4b494f53-4b00-4000-8000-000000000001"


def volume(kind, files, **more):
    """One volume of the truth."""
    return {"kind": kind, "files": files, **more}


def in_pieces(count, image):
    """Insists that the large file is fragmented."""
    if count < PIECES_MIN:
        sys.exit(f"{image}: the large file lies in {count} pieces, wanted {PIECES_MIN}")
    return count


def fat_image(out, bits, size, cluster_sectors, source, truth):
    """The whole tree on FAT, straight on the medium."""
    image = os.path.join(out, f"fat{bits}.img")
    blank(image, size)
    fat.make(image, bits, f"DATA{bits}", cluster_sectors=cluster_sectors)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        hole = truth[tree.BIG]["size"] * 8 // 10 // HOLES
        remove = fat.ballast(image, 0, scratch, HOLES, hole)
    fat.fill(image, 0, source, [tree.BIG])
    remove()
    fat.fill(image, 0, source, [name for name in truth if name != tree.BIG], [tree.BIG])
    count = in_pieces(fat.pieces(image, 0, tree.BIG), image)
    kit.write_truth(image, "none", [volume(f"fat{bits}", truth, label=f"DATA{bits}", pieces=count)])


def exfat_files(source, names):
    """Content for exfat.fill from a host folder."""

    def reader(path):
        def pieces():
            with open(path, "rb") as held:
                while piece := held.read(4 * MIB):
                    yield piece

        return pieces

    return {
        name: (os.path.getsize(os.path.join(source, name)), reader(os.path.join(source, name)))
        for name in names
    }


def exfat_image(out, source, truth):
    """The whole tree on exFAT, with a name outside the basic plane added."""
    image = os.path.join(out, "exfat.img")
    blank(image, 480 * MIB)
    exfat.make(image, "EXDATA", cluster_bytes=32768)
    files = exfat_files(source, truth)
    more = {"絵文字/点検😀𠮷野.txt": "emoji\n".encode()}
    runs = {tree.BIG: 100}
    made = exfat.fill(image, {**files, **more}, runs=runs)
    run("fsck.exfat", "-n", image)
    count = in_pieces(max(exfat.pieces(made, first) for first in heads(made)), image)
    kit.write_truth(
        image, "none", [volume("exfat", with_more(truth, more), label="EXDATA", pieces=count)]
    )


def heads(made):
    """First clusters of the chains in a volume's FAT."""
    linked = set(made.fat.values())
    return [cluster for cluster in made.fat if cluster not in linked]


def with_more(truth, files):
    """The truth with a few files added."""
    added = {
        name: {"size": len(data), "sha256": kit.sha256(data)} for name, data in files.items()
    }
    return {**truth, **added}


def ntfs_image(out, source, truth):
    """The whole tree on NTFS, with streams, and a name outside the basic plane."""
    image = os.path.join(out, "ntfs.img")
    blank(image, 420 * MIB)
    ntfs.make(image, "NTDATA")
    more = {"絵文字/点検😀𠮷野.txt": "emoji\n".encode()}
    stream = kit.noise("stream", 70000)
    tiny = b"[ZoneTransfer]\r\nZoneId=3\r\n"
    with ntfs.Volume(image) as made:
        made.make_folder("ballast")
        hole = bytes(MIB)
        for number in range(380):
            # Posts every 1 to 5 MiB; the holes between them are freed below.
            made.write(f"ballast/hole{number:03}", [hole])
            if number % 5 in (0, 2, 3):
                made.write(f"ballast/post{number:03}", [kit.noise("post", 5000)])
        for number in range(380):
            made.delete(f"ballast/hole{number:03}")
        for folder in tree.folders([*truth, *more]):
            made.make_folder(folder)
        for name in sorted(truth, key=lambda name: (name != tree.BIG, name)):
            size_and_pieces = exfat_files(source, [name])[name]
            made.write(name, size_and_pieces[1]())
        for number in range(380):
            if number % 5 in (0, 2, 3):
                made.delete(f"ballast/post{number:03}")
        made.delete("ballast")
        for name, data in more.items():
            made.write(name, [data])
        made.write("README.txt", [tiny], stream="Zone.Identifier")
        made.write("英字/UPPER.TXT", [stream], stream="隠し")
    count = in_pieces(ntfs.pieces(image, tree.BIG), image)
    streams = {
        "README.txt:Zone.Identifier": {"size": len(tiny), "sha256": kit.sha256(tiny)},
        "英字/UPPER.TXT:隠し": {"size": len(stream), "sha256": kit.sha256(stream)},
    }
    files = with_more(truth, more)
    kit.write_truth(
        image,
        "none",
        [volume("ntfs", files, streams=streams, label="NTDATA", pieces=count)],
    )


def debugfs(image, commands):
    """Runs debugfs commands on an ext image."""
    return run("debugfs", "-w", "-f", "-", image, stdin="\n".join(commands).encode()).decode()


def ext4_image(out, source, truth):
    """The whole tree on ext4: everything but the large file by mke2fs, that by debugfs."""
    image = os.path.join(out, "ext4.img")
    blank(image, 440 * MIB)
    with tempfile.TemporaryDirectory(dir=out) as stage:
        for name in truth:
            if name != tree.BIG:
                os.makedirs(os.path.dirname(os.path.join(stage, name)), exist_ok=True)
                os.link(os.path.join(source, name), os.path.join(stage, name))
        os.makedirs(os.path.join(stage, "ballast"))
        for number in range(HOLES):
            with open(os.path.join(stage, "ballast", f"hole{number:03}"), "wb") as hole:
                hole.write(b"x" * (2 * MIB))
        run(
            "mke2fs", "-q", "-F", "-t", "ext4", "-L", "EXTDATA", "-U", UUID,
            "-E", f"hash_seed={UUID},root_owner=0:0", "-m", "0", "-N", "4096",
            "-d", stage, image,
        )
    # Every second hole is freed, filled with the large file, and then the others are freed.
    debugfs(image, [f"rm ballast/hole{number:03}" for number in range(0, HOLES, 2)])
    folder, name = os.path.split(tree.BIG)
    large = os.path.join(source, tree.BIG)
    debugfs(image, [f"mkdir {folder}", f"cd {folder}", f"write {large} {name}"])
    others = [f"rm ballast/hole{number:03}" for number in range(1, HOLES, 2)]
    debugfs(image, [*others, "rmdir ballast"])
    run("e2fsck", "-f", "-n", image)
    text = run("debugfs", "-R", f"dump_extents -l {tree.BIG}", image).decode()
    count = in_pieces(len(re.findall(r"^ *\d+/ *\d+ ", text, re.MULTILINE)), image)
    kit.write_truth(image, "none", [volume("ext4", truth, label="EXTDATA", pieces=count)])


def iso_image(out, source, truth):
    """The whole tree on a CD with Rock Ridge and Joliet. A CD's files are never in pieces."""
    image = os.path.join(out, "iso.iso")
    run(
        "genisoimage", "-quiet", "-iso-level", "3", "-J", "-joliet-long", "-r", "-V", "CDDATA",
        "-input-charset", "utf-8", "-o", image, source,
    )
    kit.write_truth(image, "none", [volume("iso9660", truth, label="CDDATA")])


def mbr_image(out, source, truth):
    """Two primary partitions, and two logical ones in an extended partition."""
    image = os.path.join(out, "mbr-logical.img")
    blank(image, 160 * MIB)
    one, two, extended = 2048, 2048 + 40 * 2048, 2048 + 60 * 2048
    three, four = extended + 2048, extended + 2048 + 40 * 2048 + 2048
    tail = 160 * 2048 - extended
    kit.patch(image, 0, kit.boot_record([
        (0x0C, one, 40 * 2048), (0x0E, two, 20 * 2048), (0x0F, extended, tail),
    ]))
    length = 40 * 2048
    kit.patch(image, extended * SECTOR, kit.boot_record([
        (0x07, 2048, length), (0x05, four - 2048 - extended, length + 2048),
    ]))
    kit.patch(image, (four - 2048) * SECTOR, kit.boot_record([(0x83, 2048, length)]))
    names = list(truth)
    fat.make(image, 32, "ONE", 40 * 2048, one, 1)
    fat.fill(image, one, source, names)
    fat.make(image, 16, "TWO", 20 * 2048, two)
    fat.fill(image, two, source, names)

    def fill_exfat(part):
        exfat.make(part, "THREE")
        exfat.fill(part, exfat_files(source, names))

    put_in(image, three, length, fill_exfat)
    put_in(image, four, length, lambda part: make_ext(part, "ext4", "FOUR", source))
    kinds = ["fat32", "fat16", "exfat", "ext4"]
    kit.write_truth(image, "mbr", [volume(kind, truth) for kind in kinds])


def gpt_image(out, source, truth):
    """Three GPT partitions."""
    image = os.path.join(out, "gpt.img")
    blank(image, 128 * MIB)
    one, two, three, length = 2048, 2048 + 42 * 2048, 2048 + 84 * 2048, 40 * 2048
    kit.write_gpt(image, [
        (kit.GPT_BASIC_DATA, one, length, "データ"),
        (kit.GPT_BASIC_DATA, two, length, "NTFS"),
        (kit.GPT_LINUX, three, length, "Linux"),
    ])
    names = list(truth)
    fat.make(image, 32, "GPTONE", length, one, 1)
    fat.fill(image, one, source, names)

    def fill_ntfs(part):
        ntfs.make(part, "GPTTWO")
        with ntfs.Volume(part) as made:
            for folder in tree.folders(names):
                made.make_folder(folder)
            for name in names:
                made.write(name, exfat_files(source, [name])[name][1]())

    put_in(image, two, length, fill_ntfs)
    put_in(image, three, length, lambda part: make_ext(part, "ext2", "GPTTHREE", source))
    kinds = ["fat32", "ntfs", "ext2"]
    kit.write_truth(image, "gpt", [volume(kind, truth) for kind in kinds])


def make_ext(part, kind, label, source):
    """Makes and fills an ext2 or ext4 volume."""
    run("mke2fs", "-q", "-F", "-t", kind, "-L", label, "-U", UUID, "-d", source, part)


def put_in(image, start, sectors, fill):
    """Has a volume filled apart and puts it into the image, leaving its zeros unwritten."""
    part = f"{image}.apart"
    blank(part, sectors * SECTOR)
    fill(part)
    with open(part, "rb") as held, open(image, "r+b") as target:
        place = start * SECTOR
        while piece := held.read(MIB):
            if piece.strip(b"\0"):
                target.seek(place)
                target.write(piece)
            place += len(piece)
    os.unlink(part)


def main():
    """Makes everything, or nothing when it is there."""
    if len(sys.argv) != 2:
        sys.exit("usage: corpus.py OUT")
    out = os.path.abspath(sys.argv[1])
    with kit.workshop(out, "corpus") as finished:
        if finished is None:
            return
        with tempfile.TemporaryDirectory(dir=out) as source:
            few = tree.write(source, tree.few(), 0)
            mbr_image(out, source, few)
            gpt_image(out, source, few)
        with tempfile.TemporaryDirectory(dir=out) as source:
            files = {**tree.named(), **tree.small()}
            truth = tree.write(source, files, FAT12_BIG_BYTES)
            fat_image(out, 12, 48 * MIB, 32, source, truth)
            truth = tree.write(source, {}, tree.BIG_BYTES) | {
                name: truth[name] for name in truth if name != tree.BIG
            }
            fat_image(out, 16, 440 * MIB, 16, source, truth)
            fat_image(out, 32, 440 * MIB, 8, source, truth)
            exfat_image(out, source, truth)
            ntfs_image(out, source, truth)
            ext4_image(out, source, truth)
            iso_image(out, source, truth)
        names = [name for name in os.listdir(out) if name.endswith((".img", ".iso", ".truth.json"))]
        finished(*names)


if __name__ == "__main__":
    main()
