"""The tree of files that every row of the table puts on a medium, and what is true of it.

About 3,100 files of 0 bytes to 20 MB: Japanese names, folders 20 deep, 900 files in one folder,
one large file that the makers lay in pieces over freed gaps.
"""

import hashlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "media"))

import kit
import tree

IN_ONE_FOLDER = 900
FOLDERS, IN_EACH = 50, 43
MIDDLE, MIDDLE_BYTES_MAX = 16, 900_000
BIG_BYTES = 20 * kit.MIB - 12345
BIG_BYTES_LIGHT = 3 * kit.MIB - 12345
# Written beside the others and deleted at the end, every second one.
GOING = 60
FEW = 40


def size_of(name):
    """Small files are mostly very small; one in sixteen is empty."""
    numbers = kit.seeded(f"size {name}")
    return 0 if numbers.random() < 1 / 16 else int(2 ** numbers.uniform(0, 14.6))


def small(name):
    """The bytes of one small file."""
    return kit.noise(name, size_of(name))


def whole():
    """Everything but the large file."""
    files = tree.named()
    for number in range(IN_ONE_FOLDER):
        name = f"小さい/一つの所/計測値_{number:04}.dat"
        files[name] = small(name)
    for folder in range(FOLDERS):
        for number in range(IN_EACH):
            name = f"小さい/分けて/{folder:02}/Log {number:03}.txt"
            files[name] = small(name)
    for number in range(MIDDLE):
        name = f"図面/中位/図面_{number:02}.bin"
        files[name] = kit.noise(name, kit.seeded(name).randrange(MIDDLE_BYTES_MAX))
    return files


def light():
    """What an emulated machine writes in seconds: as many files, the larger ones left out."""
    return {name: data for name, data in whole().items() if not name.startswith("図面/中位/")}


def few():
    """What a floppy holds."""
    files = {name: data for name, data in tree.named().items() if len(data) < 20000}
    for number in range(FEW):
        name = f"小さい/計測値_{number:04}.dat"
        files[name] = small(name)
    return files


def plain():
    """As many files, named as ISO 9660 level 1 allows: eight and three capitals."""
    files = {"EMPTY.TXT": b"", "A/B/C/D/E/F/DEEP.TXT": b"deep\r\n"}
    for number in range(IN_ONE_FOLDER):
        name = f"ONE/V{number:04}.DAT"
        files[name] = small(name)
    for folder in range(FOLDERS):
        for number in range(IN_EACH):
            name = f"MANY/D{folder:02}/LOG{number:03}.TXT"
            files[name] = small(name)
    return files


def going():
    """Files that the makers write last; those that `stays` denies they delete again."""
    names = [f"消す/仮の記録_{number:02}.tmp" for number in range(GOING)]
    return {name: kit.noise(name, 100 + size_of(name)) for name in names}


def stays(name):
    """Whether a file of `going` is left on the medium."""
    return int(name.rsplit("_", 1)[1].split(".")[0]) % 2 == 0


def write(folder, files, big_bytes=0):
    """Writes files below `folder`, once; returns {path: SHA-256}."""
    if not os.path.isdir(folder):
        tree.write(f"{folder}.new", files, big_bytes)
        os.rename(f"{folder}.new", folder)
    return hashed(folder)


def hashed(folder):
    """{path: SHA-256} of every file below a folder."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.islink(path):
                found[os.path.relpath(path, folder)] = "a link"
                continue
            with open(path, "rb") as held:
                digest = hashlib.file_digest(held, "sha256").hexdigest()
            found[os.path.relpath(path, folder)] = digest
    return found
