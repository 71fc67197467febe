"""Readers of images that share nothing with the kiosk's: each extracts all files into a folder.

They are given the image of one volume and an empty folder, and return {path: SHA-256}.
"""

import os
import re
import subprocess

import files
import kit


class CannotRead(Exception):
    """A reader failed, in its own words. Then the row has not been checked."""


def run(*command):
    """What a tool printed; it fails as these readers do."""
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(
            words, env=kit.ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False,
        )
    except FileNotFoundError as error:
        raise CannotRead(f"{words[0]} is not installed") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise CannotRead(f"{words[0]}: exit {done.returncode}: {said[-300:]}")
    return done.stdout


def mtools(image, folder):
    """FAT by mcopy."""
    run("mcopy", "-s", "-n", "-Q", "-i", image, "::*", folder)
    return files.hashed(folder)


def seven_zip(kind):
    """FAT, NTFS, ext and UDF by 7-Zip, which is told what it is."""

    def read(image, folder):
        run("7z", "x", f"-t{kind}", "-y", "-bd", f"-o{folder}", image)
        # Where it puts what it shows of a file system's own structures.
        found = files.hashed(folder)
        return {path: digest for path, digest in found.items() if not path.startswith("[SYS")}

    return read


def debugfs(image, folder):
    """ext by debugfs."""
    run("debugfs", "-R", f"rdump / {folder}", image)
    return files.hashed(folder)


def archive(*options):
    """ISO 9660 by libarchive."""

    def read(image, folder):
        run("bsdtar", "-x", "-f", image, "-C", folder, *options)
        return files.hashed(folder)

    return read


def sleuth_kit(kind):
    """FAT, exFAT and NTFS by The Sleuth Kit. It extracts neither empty files nor streams, but
    lists them; and it shows structures and the volume's label as if they were files."""

    def read(image, folder):
        run("tsk_recover", "-a", "-f", kind, image, folder)
        found = files.hashed(folder)
        listed = run("fls", "-r", "-u", "-F", "-m", "", "-f", kind, image).decode()
        for line in listed.splitlines():
            _, name, place, mode, *_, size, _, _, _, _ = line.split("|")
            name = name.strip("/")
            if not mode.startswith("r/") or name.endswith("($FILE_NAME)"):
                continue
            if kind == "ntfs" and ":" in name:
                found[name] = kit.sha256(run("icat", "-f", kind, image, place))
            elif size == "0":
                found[name] = kit.sha256(b"")
        return {
            path: digest for path, digest in found.items()
            if not path.startswith("$") and not path.endswith("(Volume Label Entry)")
        }

    return read


def partitions(image):
    """(first sector, sectors) of every partition, by The Sleuth Kit's own reading."""
    found = []
    for line in run("mmls", "-r", image).decode().splitlines():
        # Free space, tables and the extended partition itself have no number in this column.
        match = re.match(r"\d+: +(?:\d+:)?\d+ +(\d+) +\d+ +(\d+) ", line)
        if match:
            found.append((int(match[1]), int(match[2])))
    return found
