"""What every maker of media needs: running tools, writing images whole or not at all,
partition tables, and the same bytes on every run.

Nothing here mounts anything or needs root. Times are one fixed instant; random bytes come
from a generator seeded with the name of what they fill.
"""

import fcntl
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager

SECTOR = 512
MIB = 1 << 20

# 2026-01-15 08:30:00 UTC: every file time and volume time on the media.
EPOCH = 1768465800

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    # The tools spell file names by the locale; names here are UTF-8.
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "SOURCE_DATE_EPOCH": str(EPOCH),
    "E2FSPROGS_FAKE_TIME": str(EPOCH),
    # Without it mtools asks about geometry that nobody has used since the floppy.
    "MTOOLS_SKIP_CHECK": "1",
    "MTOOLSRC": "/dev/null",
}


def run(*command, stdin=None):
    """Runs a tool and returns what it printed; a failure ends the script with its words."""
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=ENVIRONMENT,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except FileNotFoundError:
        sys.exit(f"{words[0]}: not installed; run tests/packages/install test")
    if done.returncode != 0:
        text = done.stdout.decode("utf-8", "replace")
        sys.exit(f"{' '.join(words)[:200]}: exit {done.returncode}\n{text[-2000:]}")
    return done.stdout


def seeded(name):
    """A generator of the same numbers for the same name."""
    return random.Random(f"media-kiosk/{name}")


def noise(name, size):
    """`size` bytes that do not compress and look like no known format."""
    return b"\x7fKIOSK-NOISE"[:size].ljust(min(size, 12), b"\0") + (
        seeded(name).randbytes(size - 12) if size > 12 else b""
    )


def blank(path, size):
    """An image of zeros that takes no disk space yet."""
    with open(path, "wb") as image:
        image.truncate(size)


def patch(path, offset, data):
    """Writes `data` over the image at `offset`."""
    with open(path, "r+b") as image:
        image.seek(offset)
        image.write(data)


def peek(path, offset, size):
    """Reads `size` bytes of the image at `offset`."""
    with open(path, "rb") as image:
        image.seek(offset)
        return image.read(size)


def sha256(data):
    """Lower-case hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


# Made once for each version of these scripts.


def version():
    """Changes when any of these scripts changes."""
    digest = hashlib.sha256()
    folder = os.path.dirname(os.path.abspath(__file__))
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as script:
                digest.update(name.encode() + b"\0" + script.read())
    return digest.hexdigest()


@contextmanager
def workshop(out, name):
    """Holds the lock of `out` so that two test runs do not make the same media twice.

    Yields None when everything is already made by these scripts, else a function to call
    with the names of what has been made.
    """
    os.makedirs(out, exist_ok=True)
    stamp = os.path.join(out, f"{name}.made")
    key = version()
    with open(os.path.join(out, f"{name}.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if still_there(out, stamp, key):
            yield None
            return
        if os.path.exists(stamp):
            os.unlink(stamp)

        def finished(*names):
            made = {"key": key, "files": sorted(names)}
            with open(f"{stamp}.new", "w", encoding="utf-8") as new:
                json.dump(made, new)
            os.replace(f"{stamp}.new", stamp)

        yield finished


def still_there(out, stamp, key):
    """Whether these scripts made what `stamp` lists, and all of it is there."""
    try:
        with open(stamp, encoding="utf-8") as held:
            made = json.load(held)
    except (FileNotFoundError, ValueError):
        return False
    there = set(os.listdir(out))
    return made["key"] == key and there.issuperset(made["files"])


def write_truth(image, scheme, volumes):
    """Writes beside the image what is truly on it.

    `volumes` is a list of {"kind", "files": {path: {"size", "sha256"}}, ...} in the order of
    the medium.
    """
    stem = os.path.splitext(image)[0]
    with open(f"{stem}.truth.json", "w", encoding="utf-8") as truth:
        json.dump(
            {"image": os.path.basename(image), "scheme": scheme, "volumes": volumes},
            truth,
            ensure_ascii=False,
            sort_keys=True,
        )


# Partition tables, by hand: the formats are small and the tests need broken ones too.


def mbr_entry(kind, start, sectors):
    """One 16-byte entry of a master or extended boot record, in sectors."""
    if kind == 0:
        return bytes(16)
    return struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start, sectors)


def boot_record(entries):
    """A boot record with up to four (kind, start, sectors)."""
    record = bytearray(SECTOR)
    record[440:444] = struct.pack("<I", 0x4B494F53)
    for place, entry in enumerate(entries):
        record[446 + 16 * place : 462 + 16 * place] = mbr_entry(*entry)
    record[510:] = b"\x55\xaa"
    return bytes(record)


GPT_BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
GPT_LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
GPT_ENTRIES = 128


def guid(text):
    """A GUID's bytes on disk: the first three groups little-endian."""
    a, b, c, d, e = text.split("-")
    return (
        bytes.fromhex(a)[::-1]
        + bytes.fromhex(b)[::-1]
        + bytes.fromhex(c)[::-1]
        + bytes.fromhex(d + e)
    )


def gpt_header(place, backup, table_at, first, last, table):
    """A GPT header with its checksums (UEFI 2.10, table 5.5)."""
    header = bytearray(92)
    struct.pack_into("<8sIIII", header, 0, b"EFI PART", 0x10000, 92, 0, 0)
    struct.pack_into("<QQQQ", header, 24, place, backup, first, last)
    header[56:72] = guid("4B494F53-4B20-4D45-4449-412054524941")
    struct.pack_into("<QIII", header, 72, table_at, GPT_ENTRIES, 128, zlib.crc32(table))
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    return bytes(header)


def write_gpt(path, partitions):
    """Writes protective MBR, both headers and both tables.

    `partitions`: (type GUID, first sector, sectors, name).
    """
    total = os.path.getsize(path) // SECTOR
    table = bytearray(GPT_ENTRIES * 128)
    for place, (kind, start, sectors, name) in enumerate(partitions):
        unique = guid(f"00000000-0000-4000-8000-{place + 1:012X}")
        entry = guid(kind) + unique + struct.pack("<QQQ", start, start + sectors - 1, 0)
        entry += name.encode("utf-16-le").ljust(72, b"\0")
        table[place * 128 : place * 128 + 128] = entry
    first, last = 34, total - 34
    patch(path, 0, boot_record([(0xEE, 1, total - 1)]))
    patch(path, SECTOR, gpt_header(1, total - 1, 2, first, last, table))
    patch(path, 2 * SECTOR, table)
    patch(path, (total - 33) * SECTOR, table)
    patch(path, (total - 1) * SECTOR, gpt_header(total - 1, 1, total - 33, first, last, table))
