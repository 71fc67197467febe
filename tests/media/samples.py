#!/usr/bin/env python3
"""samples.py OUT: the four media of the trial, each an image with its claim beside it.

1 is registered and has nothing wrong with it; 2 is registered and holds the anti-virus test
file in an archive in an archive; 3 is not registered; 4 is registered and holds an archive
with a password.
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True

import archives
import fat
import kit
import tree

# As the list of registered media has it.
BYTES = 32 * kit.MIB
# One partition, 1 MiB in, as sticks come from the shop.
START = 2048
NAMES = ("clean", "canary", "unregistered", "encrypted")
CLAIM = """\
vid = "0951"
pid = "1666"
serial = "KIOSK-TRIAL-000{number}"
manufacturer = "Kingston"
product = "DataTraveler 3.0"
interfaces = ["08:06:50"]
"""


def records(year):
    """A month of inspection records of each of three plants."""
    return [
        (f"{year}-11/{name}.csv", tree.csv(f"{year} {name}", 120, "utf-8-sig"))
        for name in ("第1系統", "第2系統", "第3系統")
    ]


def contents(number):
    """What is on sample `number`."""
    common = {
        "README.txt": "点検記録の受け渡し用媒体です。\r\n".encode(),
        **{f"点検記録/{name}": data for name, data in records(2026)},
        "図面/配管図.pdf": tree.pdf("Piping"),
    }
    if number == 1:
        common["点検記録/過去分.zip"] = archives.zipped(records(2025))
    if number == 2:
        update = archives.tarred([
            ("update/README", b"Service tool 4.2\n"),
            ("update/bin/setup.com", archives.eicar()),
        ])
        common["docs/保守.zip"] = archives.zipped([
            ("手順書.txt", "更新の手順\r\n".encode()),
            ("update.tar.gz", archives.gzipped(update)),
        ])
    if number == 4:
        common["見積/図面一式.zip"] = archives.zipped(records(2024), password=b"himitsu")
    return common


def make(out, number, name):
    """One image and its claim; returns their common name."""
    stem = f"{number}-{name}"
    image = os.path.join(out, f"{stem}.img")
    kit.blank(image, BYTES)
    sectors = BYTES // kit.SECTOR - START
    kit.patch(image, 0, kit.boot_record([(0x0E, START, sectors)]))
    fat.make(image, 16, "TENKEN", sectors, START)
    with tempfile.TemporaryDirectory(dir=out) as source:
        truth = tree.write(source, contents(number), 0)
        fat.fill(image, START, source, list(truth))
    with open(os.path.join(out, f"{stem}.claim.toml"), "w", encoding="ascii") as claim:
        claim.write(CLAIM.format(number=number))
    return stem


def main():
    """Makes all four, or nothing when they are there."""
    if len(sys.argv) != 2:
        sys.exit("usage: samples.py OUT")
    out = os.path.abspath(sys.argv[1])
    with kit.workshop(out, ".samples") as finished:
        if finished is None:
            return
        stems = [make(out, number, name) for number, name in enumerate(NAMES, 1)]
        finished(*[f"{stem}{ending}" for stem in stems for ending in (".img", ".claim.toml")])


if __name__ == "__main__":
    main()
