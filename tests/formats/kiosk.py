"""What `kioskctl scan` says is on an image."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
# A scan of the table's largest image, read and hashed whole, on a busy machine.
SECONDS_MAX = 600
# Of the layout and of each volume.
FINDINGS_SHOWN = 2


class Scan:
    """One scan: its verdict, and every file it found."""

    def __init__(self, report):
        self.verdict = report["verdict"]
        self.volumes = [volume["kind"] for volume in report["volumes"]]
        self.files, self.twice, self.streams = {}, [], set()
        for row in report["files"]:
            if row["kind"] in ("file", "stream") and not row["within"]:
                key = (row["volume"], self.spelled(row["path"]))
                if key in self.files:
                    self.twice.append(key)
                if row["kind"] == "stream":
                    self.streams.add(key)
                self.files[key] = row["sha256"]
        self.against = [
            " ".join(str(value) for value in reason.values() if value is not None)
            for reason in report["reasons"]
        ]
        for told in [report["layout"], *report["volumes"]]:
            self.against += [
                f"{finding['rule']} ({finding['detail']})"
                for finding in told["findings"][:FINDINGS_SHOWN]
            ]
        for volume in report["volumes"]:
            seen = sum(volume[key] for key in ("examined_bytes", "zero_bytes"))
            if seen < volume["allocated_bytes"]:
                self.against.append(f"{seen} of {volume['allocated_bytes']} allocated bytes seen")

    def without_streams(self):
        """The same scan beside a reader that shows no streams."""
        for key in self.streams:
            del self.files[key]

    @staticmethod
    def spelled(path):
        """A path that is no UTF-8 comes as an object; none of the table's is such a one."""
        return path if isinstance(path, str) else json.dumps(path)


def scan(kioskctl, image, root):
    """Scans an image without an entry, with the table's own rule."""
    os.makedirs(root, exist_ok=True)
    done = subprocess.run(
        [
            kioskctl, "scan", image, "--as", "image", "--json", "--no-ledger",
            "--rules", os.path.join(HERE, "rules"),
        ],
        env={**os.environ, "MEDIA_KIOSK_ROOT": root, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        timeout=SECONDS_MAX,
    )
    try:
        return Scan(json.loads(done.stdout))
    except ValueError as error:
        said = done.stderr.decode("utf-8", "replace")
        raise OSError(f"kioskctl: exit {done.returncode}: {said[-500:]}") from error
