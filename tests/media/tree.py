"""The tree of files that the corpus puts on every file system.

Japanese names, half-width and decomposed letters, a tree 20 folders deep, an empty file,
sizes on and beside block borders, 2,000 small files and one large one.
"""

import hashlib
import os

from kit import EPOCH, noise, seeded

DEEP = 20
SMALL_IN_ONE_FOLDER = 1000
SMALL_FOLDERS = 20
SMALL_IN_EACH = 50
BIG = "履歴/トレンド_全期間.dat"
BIG_BYTES = 300 * (1 << 20) + 12345
# Written and hashed in pieces of this size.
PIECE = 1 << 20


def csv(name, rows, encoding):
    """An inspection record as a plant writes it."""
    numbers = seeded(name)
    lines = ["日付,系統,圧力(MPa),温度(℃),点検者,備考"]
    for row in range(rows):
        lines.append(
            f"2026-11-{row % 28 + 1:02},第{row % 4 + 1}系統,{numbers.uniform(0.4, 1.2):.3f},"
            f"{numbers.uniform(60, 130):.1f},設備課,{'異常なし' if row % 7 else '要確認'}"
        )
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def pdf(title):
    """A small but whole PDF of one empty page."""
    text = f"BT /F1 24 Tf 72 720 Td ({title}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        out += b"%010d 00000 n \n" % place
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)


def named():
    """The files that are there for their names, places and sizes."""
    files = {
        "README.txt": b"Trend data and inspection records of the plant.\r\n",
        "空.txt": b"",
        "点検記録/2026年11月/第1系統_ポンプ室.csv": csv("a", 400, "utf-8-sig"),
        "点検記録/2026年11月/第2系統_ボイラー.csv": csv("b", 300, "cp932"),
        "点検記録/2026年11月/第3系統_熱交換器.csv": csv("c", 300, "utf-16"),
        "ﾊﾞｯｸｱｯﾌﾟ/ﾄﾚﾝﾄﾞ_ﾃﾞｰﾀ.log": csv("d", 50, "utf-8"),
        "図面/配管図①（改訂版）.pdf": pdf("Piping 1"),
        # が as two characters: a reader that normalises names changes it.
        "分解/\u304b\u3099.txt": "が\n".encode(),
        "分解/\u304c.txt": "が\n".encode(),
        "英字/MixedCase Name.TXT": b"mixed\r\n",
        "英字/UPPER.TXT": b"upper\r\n",
        "英字/lower.txt": b"lower\r\n",
        "英字/two.dots.in.name": b"dots\r\n",
        "英字/ leading space.txt": b"space\r\n",
        "長い名前/" + "設備点検報告書" * 11 + "終.txt": b"long\r\n",
    }
    for size in (511, 512, 513, 2048, 4096, 8192, 32768, 32769, 65536):
        files[f"境界/{size}.bin"] = noise(f"border {size}", size)
    folder = ""
    for level in range(1, DEEP + 1):
        folder += f"階層{level:02}/"
        files[f"{folder}この階.txt"] = f"level {level}\n".encode()
    return files


def small():
    """2,000 small files: 1,000 in one folder, the others fifty to a folder."""
    files = {}
    for number in range(SMALL_IN_ONE_FOLDER):
        name = f"小さい/一つの所/計測値_{number:04}.dat"
        files[name] = noise(name, seeded(name).randrange(1, 6000))
    for folder in range(SMALL_FOLDERS):
        for number in range(SMALL_IN_EACH):
            name = f"小さい/分けて/{folder:02}/Log {number:03}.txt"
            files[name] = csv(name, seeded(name).randrange(1, 20), "utf-8")
    return files


def few():
    """A tree of a few files for media whose point is elsewhere."""
    files = named()
    return {name: files[name] for name in sorted(files) if not name.startswith("境界/")}


def big_pieces(size):
    """The large file's content, a piece at a time; no two blocks of it are alike."""
    numbers = seeded("big")
    done = 0
    while done < size:
        piece = min(PIECE, size - done)
        # A head that no format starts with.
        yield (b"KIOSKTRD" + numbers.randbytes(PIECE - 8))[:piece]
        done += piece


def write(folder, files, big_bytes):
    """Writes the tree under `folder` with fixed times; returns its truth."""
    truth = {}
    for name in sorted(files):
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(files[name])
        truth[name] = {
            "size": len(files[name]),
            "sha256": hashlib.sha256(files[name]).hexdigest(),
        }
    if big_bytes:
        path = os.path.join(folder, BIG)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        digest = hashlib.sha256()
        with open(path, "wb") as out:
            for piece in big_pieces(big_bytes):
                out.write(piece)
                digest.update(piece)
        truth[BIG] = {"size": big_bytes, "sha256": digest.hexdigest()}
    for place, folders, names in os.walk(folder, topdown=False):
        for name in names + folders:
            os.utime(os.path.join(place, name), (EPOCH, EPOCH))
    os.utime(folder, (EPOCH, EPOCH))
    return truth


def folders(names):
    """Every folder of the paths, parents first."""
    found = set()
    for name in names:
        parts = name.split("/")[:-1]
        for depth in range(len(parts)):
            found.add("/".join(parts[: depth + 1]))
    return sorted(found)


def by_folder(names):
    """Paths grouped by their folder, both in order."""
    groups = {}
    for name in sorted(names):
        groups.setdefault(os.path.dirname(name), []).append(name)
    return sorted(groups.items())
