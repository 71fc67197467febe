"""Archives that unpack to themselves, after Russ Cox, "Zip Files All The Way Down" (2010).

A deflate stream can be read as a program of two instructions: L prints bytes that stand in it,
R prints again what was printed last. Each is five bytes long here, so that a program can print
its own instructions. `program` is the published one; around it stand the bytes of a format. The
checksum of what comes out is part of what comes out: it is found as the solution of 32 linear
equations, because CRC-32 is linear.
"""

import functools
import struct
import zlib

UNIT = 5


def literal(length):
    """L: a stored block of so many bytes, which follow."""
    return struct.pack("<BHH", 0, length, length ^ 0xFFFF)


class Bits:
    """Deflate's order: numbers from their least significant bit, codes from their most."""

    def __init__(self):
        self.bits = []

    def number(self, value, count):
        """A number of so many bits."""
        self.bits += [value >> at & 1 for at in range(count)]

    def code(self, value, count):
        """A Huffman code of so many bits."""
        self.bits += [value >> at & 1 for at in reversed(range(count))]

    def byte(self, value):
        """A byte as it is, in the fixed alphabet."""
        if value < 144:
            self.code(0x30 + value, 8)
        else:
            self.code(0x190 + value - 144, 9)

    def bytes(self):
        """All of them; the last byte is filled with zeros."""
        padded = self.bits + [0] * (-len(self.bits) % 8)
        return bytes(
            sum(bit << at for at, bit in enumerate(padded[byte:byte + 8]))
            for byte in range(0, len(padded), 8)
        )


def length_code(length):
    """Code, its bits, extra value and its bits in the fixed alphabet; 258 is left to 285."""
    if length == 258:
        return 0xC0 + 285 - 280, 8, 0, 0
    symbol, base, extra = 257, 3, 0
    while not base <= length < base + (1 << extra):
        base += 1 << extra
        symbol += 1
        extra = max(0, (symbol - 261) // 4)
    short = symbol < 280
    return (symbol - 256, 7, length - base, extra) if short else (
        0xC0 + symbol - 280, 8, length - base, extra)


def distance_code(distance):
    """The same of a distance; all codes have five bits."""
    symbol, base, extra = 0, 1, 0
    while not base <= distance < base + (1 << extra):
        base += 1 << extra
        symbol += 1
        extra = max(0, symbol // 2 - 1)
    return symbol, distance - base, extra


@functools.lru_cache(None)
def repeat(length, begin=b"", end=b""):
    """R: prints the last `length` bytes again, in exactly five bytes; None when it has no form.
    Some of them may be written out, where it is known what they `begin` and `end` with: what a
    match costs leaves no choice of its own."""
    for before in range(min(3, len(begin)) + 1):
        for behind in range(min(3, len(end)) + 1):
            rest = length - before - behind
            splits = [[rest]] + [[part, rest - part] for part in range(3, rest - 2)]
            for split in splits:
                for empty in range(3):
                    out = written(length, begin[:before], split, end[len(end) - behind:], empty)
                    if out is not None and len(out.bits) == UNIT * 8:
                        return out.bytes()
    return None


def written(distance, begin, split, end, empty):
    """Bytes, matches and bytes in one fixed block, and empty ones behind it."""
    if any(not 3 <= part <= 258 for part in split):
        return None
    out = Bits()
    out.number(2, 3)
    for byte in begin:
        out.byte(byte)
    for part in split:
        code, count, extra, extra_bits = length_code(part)
        out.code(code, count)
        out.number(extra, extra_bits)
        code, extra, extra_bits = distance_code(distance)
        out.code(code, 5)
        out.number(extra, extra_bits)
    for byte in end:
        out.byte(byte)
    out.code(0, 7)
    for _ in range(empty):
        out.number(2, 3)
        out.code(0, 7)
    return out


def program(head, tail):
    """A file that begins with `head` and ends with `tail`, and whose stream prints it."""
    head_unit, tail_unit = literal(len(head) + UNIT), literal(len(tail) + UNIT)
    again_head = repeat(len(head) + UNIT, head[:3], head_unit)
    again_tail = repeat(len(tail) + UNIT, b"", tail[-2:])
    none, one, four, again = literal(0), literal(UNIT), literal(4 * UNIT), repeat(4 * UNIT)
    if again_head is None or again_tail is None:
        return None
    return b"".join((
        head, head_unit, head, head_unit, again_head, one, again_head, one, one,
        four, again_head, one, one, four, again, four, again, four, again, four, again,
        four, again, none, none, tail_unit, again, none, none,
        tail_unit, again_tail, tail, again_tail, tail,
    ))


def solved(build):
    """`build(crc, ...)` with the checksum of what it prints. It gives the file and what it prints."""
    def differs(crc):
        return zlib.crc32(build(crc)[1]) ^ crc
    start = differs(0)
    rows = []
    for bit in range(32):
        rows.append((differs(1 << bit) ^ start, 1 << bit))
    wanted, crc = start, 0
    for bit in range(32):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            if wanted >> bit & 1:
                return None
            continue
        rows = [
            (value ^ pivot[0], mask ^ pivot[1]) if value >> bit & 1 else (value, mask)
            for value, mask in rows if value is not pivot[0] or mask != pivot[1]
        ]
        if wanted >> bit & 1:
            wanted, crc = wanted ^ pivot[0], crc ^ pivot[1]
    file, printed = build(crc)
    return file if zlib.crc32(printed) == crc else None


def first(attempts):
    """The first attempt that has a solution."""
    return next(file for file in attempts if file is not None)


END = b"\x01\0\0\xff\xff"


def gzip_quine():
    """A gzip file that unpacks to itself."""
    def attempt(name):
        def build(crc):
            head = b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff" + name + b"\0"
            size = len(program(head, END + bytes(8)) or b"")
            file = program(head, END + struct.pack("<II", crc, size)) or b""
            return file, file
        return solved(build) if build(0)[0] else None
    return first(attempt(b"q" * more + b".gz") for more in range(1, 40))


def zip_quine():
    """A zip with one member, which is that zip."""
    def attempt(name, comment):
        def build(crc):
            def parts(packed, whole):
                common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, packed, whole,
                                     len(name), 0)
                local = b"PK\x03\x04" + common + name
                entry = b"PK\x01\x02\x14\0" + common + bytes(14) + name
                end = b"PK\x05\x06" + struct.pack(
                    "<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + packed, len(comment)) + comment
                return local, entry, end
            local, entry, end = parts(0, 0)
            whole = len(program(local, END + entry + end) or b"")
            if not whole:
                return b"", b""
            packed = whole - len(local) - len(entry) - len(end)
            local, entry, end = parts(packed, whole)
            file = program(local, END + entry + end) or b""
            return file, file
        return solved(build) if build(0)[0] else None
    return first(
        attempt(b"q" * more + b".zip", b"." * comment)
        for more in range(1, 40) for comment in range(99)
    )


def tar_head(name, size):
    """The header of a tar's member."""
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size
    head += b"00000000000\0" + b" " * 8 + b"0" + bytes(100) + b"ustar\x0000"
    head = head.ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def deflated(data, flush):
    """Deflate, ended by `flush` at a whole byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(flush)


def tar_gz_quine():
    """A tar in gzip with one member, which is that file: the tar's header is printed first and its
    end last, by bytes that are part of the head and of the tail."""
    def attempt(name):
        def build(crc):
            size = 0
            for _ in range(8):
                member = tar_head(b"quine.tar.gz", size)
                head = b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff" + name + b"\0"
                head += deflated(member, zlib.Z_SYNC_FLUSH)
                end = bytes(-size % 512 + 1024)
                # Empty blocks make it as long as R can print in five bytes.
                tail = literal(0) * 19 + deflated(end, zlib.Z_FINISH) + struct.pack(
                    "<II", crc, len(member) + size + len(end))
                file = program(head, tail)
                if file is None:
                    return b"", b""
                if len(file) == size:
                    return file, member + file + end
                size = len(file)
            return b"", b""
        return solved(build) if build(0)[0] else None
    return first(attempt(b"q" * more + b".gz") for more in range(1, 90))
