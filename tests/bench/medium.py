"""The benchmark's medium: what a maintenance contractor carries, about 400 MB, the same on
every run. Made as a folder, for a scanner that reads only files, and as a FAT32 image."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "media"))

import archives
import fat
import kit
import tree

MIB = kit.MIB
DOCUMENTS, DOCUMENT_BYTES = 120, MIB
PROGRAMS, PROGRAM_BYTES = 40, 4 * MIB
ARCHIVES, ARCHIVE_TEXT_BYTES, ARCHIVE_NOISE_BYTES = 24, 6 * MIB, 2 * MIB
SMALL = 1500


def text(name, size):
    """Lines of a log or report: compressible, no two files alike."""
    numbers = kit.seeded(f"bench {name}")
    words = (
        "圧力 温度 流量 弁 ポンプ 異常なし 要確認 点検 交換 復旧 "
        "pressure valve pump normal alarm reset trend unit"
    ).split()
    lines = [
        f"2026-11-{n % 28 + 1:02} {n % 24:02}:{n * 7 % 60:02}, "
        f"{' '.join(numbers.choices(words, k=6))}, {numbers.random():.6f}\r\n".encode()
        for n in range(4000)
    ]
    out = b""
    while len(out) < size:
        out += b"".join(numbers.choices(lines, k=4000))
    return out[:size]


def program(name, size):
    """Bytes spread as in an executable: code-like runs, tables, zeros and packed data."""
    numbers = kit.seeded(f"bench {name}")
    common = bytes(numbers.choices(range(256), weights=[40] + [8] * 63 + [1] * 192, k=1 << 16))
    out = bytearray(b"\x7fELF\x02\x01\x01".ljust(64, b"\0"))
    while len(out) < size:
        kind = numbers.randrange(4)
        if kind == 0:
            out += bytes(numbers.randrange(1 << 14))
        elif kind == 1:
            out += numbers.randbytes(1 << 15)
        else:
            cut = numbers.randrange(1 << 16)
            out += common[cut:] + common[:cut]
    return bytes(out[:size])


def contents():
    """(path, bytes) of every file."""
    for number in range(DOCUMENTS):
        name = f"文書/{number % 12:02}/報告書_{number:03}.txt"
        yield name, text(f"d{number}", DOCUMENT_BYTES)
    for number in range(PROGRAMS):
        yield f"tools/{number % 5}/module_{number:02}.bin", program(f"p{number}", PROGRAM_BYTES)
    for number in range(ARCHIVES):
        name = f"更新/package_{number:02}.zip"
        yield name, archives.zipped([
            ("log/履歴.txt", text(name, ARCHIVE_TEXT_BYTES)),
            ("data/image.bin", kit.noise(name, ARCHIVE_NOISE_BYTES)),
        ])
    for number in range(SMALL):
        name = f"計測/{number // 100:02}/{number:04}.csv"
        yield name, tree.csv(name, number % 60 + 1, "utf-8")


def make(out):
    """Makes folder and image below `out`; returns their paths."""
    folder, image = os.path.join(out, "files"), os.path.join(out, "medium.img")
    with kit.workshop(out, "medium") as finished:
        if finished is not None:
            names, total = [], 0
            for name, data in contents():
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as held:
                    held.write(data)
                names.append(name)
                total += -(-len(data) // 4096) * 4096
            # As full as a stick gets: reading the image raw reads hardly more than the files.
            kit.blank(image, (total // MIB + 6) * MIB)
            fat.make(image, 32, "BENCH", cluster_sectors=8)
            fat.fill(image, 0, folder, names)
            finished("files", "medium.img")
    return folder, image
