"""Makers of disks with partitions, each with a whole tree in it."""

import os

import kit
from kit import MIB, SECTOR

FIRST = MIB


def put(image, at, part):
    """Copies a volume's image to a byte of another; its zeros are left unwritten."""
    with open(part, "rb") as held, open(image, "r+b") as target:
        while piece := held.read(MIB):
            if piece.strip(b"\0"):
                target.seek(at)
                target.write(piece)
            at += len(piece)
    os.unlink(part)


def divided(image, stage, makers, gap):
    """Makes the volumes one behind another, `gap` bytes before each; returns their places as
    (byte, bytes) and the truth by (volume, path)."""
    places, truth, parts = [], {}, []
    at = 0
    for number, make in enumerate(makers):
        part = f"{image}.{number}"
        parts.append(part)
        truth |= {(number, path): digest for path, digest in make(part, stage).items()}
        size = os.path.getsize(part)
        places.append((at + gap, size))
        at += gap + size
    kit.blank(image, at + MIB)
    for (place, _), part in zip(places, parts):
        put(image, place, part)
    return places, truth


def mbr(*makers):
    """One primary partition; the others are logical ones in an extended partition."""

    def make(image, stage):
        places, truth = divided(image, stage, makers, FIRST)
        sectors = [(at // SECTOR, size // SECTOR) for at, size in places]
        extended = sectors[1][0] - FIRST // SECTOR
        end = sum(sectors[-1])
        kit.patch(image, 0, kit.boot_record([
            (0x0C, *sectors[0]), (0x0F, extended, end - extended),
        ]))
        for number, (start, length) in enumerate(sectors[1:], 1):
            link = start - FIRST // SECTOR
            entries = [(0x07, start - link, length)]
            if number + 1 < len(sectors):
                then, size = sectors[number + 1]
                entries.append((0x05, then - FIRST // SECTOR - extended, size + FIRST // SECTOR))
            kit.patch(image, link * SECTOR, kit.boot_record(entries))
        return truth

    return make


def gpt(*makers):
    """Partitions of a GPT."""

    def make(image, stage):
        places, truth = divided(image, stage, makers, FIRST)
        kit.write_gpt(image, [
            (kit.GPT_BASIC_DATA, at // SECTOR, size // SECTOR, f"part {number}")
            for number, (at, size) in enumerate(places)
        ])
        return truth

    return make


def carve(image, start, sectors, part):
    """Copies a partition out of an image."""
    with open(image, "rb") as held, open(part, "wb") as target:
        held.seek(start * SECTOR)
        left = sectors * SECTOR
        target.truncate(left)
        at = 0
        while left:
            piece = held.read(min(MIB, left))
            if piece.strip(b"\0"):
                target.seek(at)
                target.write(piece)
            at += len(piece)
            left -= len(piece)


def read(find, *readers):
    """Reads each partition that `find` finds, with the reader of its turn."""

    def each(image, folder):
        found = {}
        places = find(image)
        if len(places) != len(readers):
            raise ValueError(f"{len(places)} partitions were found")
        for number, ((start, sectors), reader) in enumerate(zip(places, readers)):
            part, into = os.path.join(folder, f"{number}.img"), os.path.join(folder, str(number))
            carve(image, start, sectors, part)
            os.mkdir(into)
            found |= {(number, path): digest for path, digest in reader(part, into).items()}
            os.unlink(part)
        return found

    return each
