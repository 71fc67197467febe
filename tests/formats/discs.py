"""Makers of ISO 9660 and UDF discs with the tree of `files.py` on them."""

import kit


def iso(*options, name="whole"):
    """A disc by genisoimage."""

    def make(image, stage):
        truth = stage.truth(name)
        kit.run(
            "genisoimage", "-quiet", "-V", "CDDATA", "-input-charset", "utf-8", *options,
            "-o", image, stage.at(name),
        )
        return truth

    return make


def xorriso(*options):
    """A disc by xorriso."""

    def make(image, stage):
        truth = stage.truth("whole")
        kit.run(
            "xorriso", "-as", "mkisofs", "-quiet", "-V", "CDDATA", *options, "-o", image,
            stage.at("whole"),
        )
        return truth

    return make

