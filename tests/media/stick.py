"""A medium of a few megabytes with one volume and a few files."""

import os
import tempfile

import fat
import tree
from kit import MIB, blank


def stick(out, name, files, bits=16, size=16 * MIB):
    """A FAT volume straight on the medium with these files."""
    image = os.path.join(out, f"{name}.img")
    blank(image, size)
    fat.make(image, bits, "HOSTILE", cluster_sectors=1 if bits == 32 else 4)
    with tempfile.TemporaryDirectory(dir=out) as source:
        fat.fill(image, 0, source, list(tree.write(source, files, 0)))
    return image


def raw(out, name, size):
    """An image of zeros."""
    image = os.path.join(out, f"{name}.img")
    blank(image, size)
    return image
