"""Makers of FAT, exFAT, NTFS and ext volumes with the tree of `files.py` on them.

Each takes the image's path and a `Stage` and returns {path: SHA-256} of what it wrote. What the
tools can do they do: the large file lies over freed gaps, and files are deleted at the end.
"""

import os
import re
import shutil
import tempfile

import exfat
import fat
import files
import kit
import ntfs
import tree

HOLES = 48
HOLE_BYTES = kit.MIB // 2
# Fewer would be an accident of where the gaps lay.
PIECES_MIN = 4


class Stage:
    """The trees as folders of this machine, made when first asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.known = {}

    def at(self, name):
        """Where one of the trees lies."""
        return os.path.join(self.folder, f"{name}.files")

    def truth(self, name):
        """{path: SHA-256} of one of the trees: whole, light, few, plain or going."""
        if name not in self.known:
            big_bytes = {"whole": files.BIG_BYTES, "light": files.BIG_BYTES_LIGHT}.get(name, 0)
            self.known[name] = files.write(self.at(name), getattr(files, name)(), big_bytes)
        return self.known[name]

    def clear(self):
        """Removes the trees: they are made anew in seconds, and by whatever `files.py` is then."""
        for name in os.listdir(self.folder):
            if name.endswith((".files", ".files.new")):
                shutil.rmtree(os.path.join(self.folder, name))

    def kept(self, name):
        """A tree and what stays of the files that are deleted again."""
        going = self.truth("going")
        return {**self.truth(name), **{path: going[path] for path in going if files.stays(path)}}

    def bytes_needed(self, name, cluster_bytes):
        """Room for a tree on clusters of this size, with some to spare."""
        truth, place = self.truth(name), self.at(name)
        sizes = [os.path.getsize(os.path.join(place, path)) for path in truth]
        clusters = sum(-(-size // cluster_bytes) for size in sizes)
        clusters += 3 * len(tree.folders(truth)) + 2 * files.GOING
        return (clusters * cluster_bytes * 9 // 8 // kit.MIB + 16) * kit.MIB


def in_pieces(count, image):
    """Insists that the large file is fragmented."""
    if count < PIECES_MIN:
        raise ValueError(f"{image}: the large file lies in {count} pieces")


def fat_volume(bits, cluster_bytes, sector_bytes=kit.SECTOR, name="whole", size=None):
    """FAT by mkfs.fat and mtools."""

    def make(image, stage):
        truth = stage.truth(name)
        # The number of clusters decides what a FAT volume is, so that one is as large as it
        # must be, however little is on it. What is empty costs no disk space.
        least = {12: 0, 16: 4200, 32: 67000}[bits] * cluster_bytes
        wanted = size or max(stage.bytes_needed(name, cluster_bytes), least)
        kit.blank(image, wanted // kit.MIB * kit.MIB if size is None else size)
        fat.make(image, bits, f"DATA{bits}", None, 0, cluster_bytes // sector_bytes, sector_bytes)
        rest = [path for path in truth if path != tree.BIG]
        if tree.BIG in truth:
            with tempfile.TemporaryDirectory(dir=stage.folder) as scratch:
                remove = fat.ballast(image, 0, scratch, HOLES, files.BIG_BYTES * 8 // 10 // HOLES)
            fat.fill(image, 0, stage.at(name), [tree.BIG])
            remove()
            in_pieces(fat.pieces(image, 0, tree.BIG), image)
        fat.fill(image, 0, stage.at(name), rest, [path for path in truth if path == tree.BIG])
        going = stage.truth("going")
        fat.fill(image, 0, stage.at("going"), list(going))
        gone = [f"::{path}" for path in going if not files.stays(path)]
        kit.run("mdel", "-i", fat.place(image, 0), *gone)
        return stage.kept(name)

    return make


def reader(path):
    """A function that gives a file's content a piece at a time."""

    def pieces():
        with open(path, "rb") as held:
            while piece := held.read(4 * kit.MIB):
                yield piece

    return pieces


def sized(place, truth):
    """Content for exfat.fill from a folder of this machine."""
    paths = {name: os.path.join(place, name) for name in truth}
    return {name: (os.path.getsize(path), reader(path)) for name, path in paths.items()}


def exfat_volume(cluster_bytes, boundary_bytes=None, sector_bytes=kit.SECTOR):
    """exFAT by mkfs.exfat and exfat.py; nothing on it was deleted."""

    def make(image, stage):
        truth = stage.truth("whole")
        kit.blank(image, stage.bytes_needed("whole", cluster_bytes))
        exfat.make(image, "EXDATA", cluster_bytes, boundary_bytes, sector_bytes)
        emoji = {"絵文字/点検😀𠮷野.txt": "emoji\n".encode()}
        pieces = min(100, files.BIG_BYTES // cluster_bytes)
        exfat.fill(image, {**sized(stage.at("whole"), truth), **emoji}, runs={tree.BIG: pieces})
        # It takes the sectors of a plain file for 512 bytes, as its neighbour does.
        if sector_bytes == kit.SECTOR:
            kit.run("fsck.exfat", "-n", image)
        return {**truth, **{path: kit.sha256(data) for path, data in emoji.items()}}

    return make


def ntfs_volume(cluster_bytes, sector_bytes=None):
    """NTFS by mkntfs and ntfs-3g's library, with two streams."""

    def make(image, stage):
        kit.blank(image, stage.bytes_needed("whole", cluster_bytes) + 24 * kit.MIB)
        ntfs.make(image, "NTDATA", cluster_bytes, sector_bytes)
        streams = {
            ("README.txt", "Zone.Identifier"): b"[ZoneTransfer]\r\nZoneId=3\r\n",
            ("英字/UPPER.TXT", "隠し"): kit.noise("stream", 70000),
        }
        text = kit.run("ntfsinfo", "-f", "-m", image).decode()
        free = int(re.search(r"Free Clusters: (\d+)", text)[1]) * cluster_bytes
        with ntfs.Volume(image) as made:
            fill_ntfs(made, stage, (free - files.BIG_BYTES // 2) // HOLE_BYTES)
            for (path, stream), data in streams.items():
                made.write(path, [data], stream=stream)
        in_pieces(ntfs.pieces(image, tree.BIG), image)
        named = {f"{path}:{name}": kit.sha256(data) for (path, name), data in streams.items()}
        return {**stage.kept("whole"), **named}

    return make


def fill_ntfs(made, stage, holes):
    """Gaps over nearly the whole volume, because ntfs-3g takes the largest free space first, in
    no order; the large file over the gaps; the others; and deletions."""
    truth, going = stage.truth("whole"), stage.truth("going")
    hole = bytes(HOLE_BYTES)
    for folder in ["ballast", *tree.folders([*truth, *going])]:
        made.make_folder(folder)
    for number in range(holes):
        made.write(f"ballast/hole{number:03}", [hole])
    freed = kit.seeded("holes").sample(range(holes), holes // 2)
    for number in freed:
        made.delete(f"ballast/hole{number:03}")
    made.write(tree.BIG, reader(os.path.join(stage.at("whole"), tree.BIG))())
    for number in set(range(holes)).difference(freed):
        made.delete(f"ballast/hole{number:03}")
    for path in truth:
        if path != tree.BIG:
            made.write(path, reader(os.path.join(stage.at("whole"), path))())
    for path in going:
        made.write(path, reader(os.path.join(stage.at("going"), path))())
    for path in [path for path in going if not files.stays(path)]:
        made.delete(path)
    made.delete("ballast")


def ext_volume(kind, block_bytes):
    """ext by mke2fs and debugfs."""

    def make(image, stage):
        truth, going = stage.truth("whole"), stage.truth("going")
        kit.blank(image, stage.bytes_needed("whole", block_bytes) + 40 * kit.MIB)
        with tempfile.TemporaryDirectory(dir=stage.folder) as root:
            for name, paths in (("whole", truth), ("going", going)):
                for path in (path for path in paths if path != tree.BIG):
                    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                    os.link(os.path.join(stage.at(name), path), os.path.join(root, path))
            os.makedirs(os.path.join(root, "ballast"))
            for number in range(2 * HOLES):
                with open(os.path.join(root, "ballast", f"hole{number:03}"), "wb") as hole:
                    hole.write(b"x" * (files.BIG_BYTES * 11 // 10 // HOLES))
            make_ext(kind, block_bytes, root, image)
        large = os.path.join(stage.at("whole"), tree.BIG)
        folder, name = os.path.split(tree.BIG)
        # Every second hole is freed, filled with the large file, and then the others are freed.
        debugfs(image, [
            *[f"rm ballast/hole{number:03}" for number in range(0, 2 * HOLES, 2)],
            f"mkdir {folder}", f"cd {folder}", f"write {large} {name}", "cd /",
            *[f"rm ballast/hole{number:03}" for number in range(1, 2 * HOLES, 2)],
            "rmdir ballast",
            *[f"rm {path}" for path in going if not files.stays(path)],
        ])
        kit.run("e2fsck", "-f", "-n", image)
        words = debugfs(image, [f"blocks {tree.BIG}"]).split()
        blocks = [int(word) for word in words if word.isdigit()]
        in_pieces(sum(b != a + 1 for a, b in zip(blocks, blocks[1:])), image)
        return stage.kept("whole")

    return make


def make_ext(kind, block_bytes, root, image):
    """An ext volume over the whole image, with what is below `root`."""
    uuid = "4b494f53-4b00-4000-8000-000000000001"
    kit.run(
        "mke2fs", "-q", "-F", "-t", kind, "-b", str(block_bytes), "-L", "EXTDATA", "-U", uuid,
        "-E", f"hash_seed={uuid},root_owner=0:0", "-m", "0", "-N", "4608", "-d", root, image,
    )


def debugfs(image, commands):
    """Runs debugfs commands; what fails says so in words only."""
    said = kit.run("debugfs", "-w", "-f", "-", image, stdin="\n".join(commands).encode()).decode()
    if re.search("not found|rror|nvalid|annot", re.sub("(?m)^debugfs.*$", "", said)):
        raise ValueError(f"{image}: {said[-500:]}")
    return said
