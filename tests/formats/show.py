"""Comparing what the kiosk found with what is there, and printing the table."""

from dataclasses import dataclass, field

# Names shown of each kind of fault; more say nothing new.
SHOWN = 3
COLUMNS = (
    ("format", -7), ("image", -49), ("written by", -26), ("read by", -20), ("files", 6),
    ("= written", 10), ("= reader", 10), ("kiosk", -12), ("s", 6),
)


@dataclass
class Result:
    """What came of one row. `read` is None when nobody else could read the image."""

    written: dict
    read: dict | None
    scan: object
    seconds: float
    faults: list = field(default_factory=list)

    def counted(self, truth):
        """Files right of files present, as the table shows it."""
        if truth is None:
            return "-"
        right = sum(self.scan.files.get(key) == digest for key, digest in truth.items())
        return f"{right}/{len(truth)}"


def keyed(truth):
    """SHA-256 by (volume, path); most makers and readers know one volume only."""
    return {key if isinstance(key, tuple) else (0, key): digest for key, digest in truth.items()}


def differences(name, ours, theirs):
    """In words, how two listings differ."""
    said = []
    for what, keys in (
        (f"{name} and not found", [key for key in theirs if key not in ours]),
        (f"found and not {name}", [key for key in ours if key not in theirs]),
        (f"found with other bytes than {name}", [
            key for key in theirs if key in ours and ours[key] != theirs[key]
        ]),
    ):
        if keys:
            some = ", ".join(f"{volume}:{path}" for volume, path in sorted(keys)[:SHOWN])
            said.append(f"{len(keys)} {what}: {some}")
    return said


def compare(written, read, scan, seconds):
    """The result of one row, with everything that is against it."""
    result = Result(keyed(written), None if read is None else keyed(read), scan, seconds)
    result.faults += differences("written", scan.files, result.written)
    if result.read is not None:
        result.faults += differences("read", scan.files, result.read)
    if scan.twice:
        result.faults.append(f"{len(scan.twice)} found twice, first {scan.twice[0]}")
    if scan.verdict != "pass":
        result.faults.append(f"{scan.verdict} for {'; '.join(scan.against)}")
    return result


def line(cells):
    """One line of the table."""
    return " ".join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, (_, width) in zip(cells, COLUMNS)
    ).rstrip()


def head():
    """The line above the rows."""
    return line([name for name, _ in COLUMNS])


def row(labels, result, note=""):
    """A row of the table, and below it what is to be said of it and what is wrong."""
    cells = [
        *labels, str(len(result.written)), result.counted(result.written),
        result.counted(result.read), result.scan.verdict.upper(), f"{result.seconds:.1f}",
    ]
    notes = [f"        note: {note}"] if note else []
    return "\n".join([line(cells), *notes, *[f"        WRONG: {fault}" for fault in result.faults]])
