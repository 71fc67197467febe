"""Making files with the usual tools."""

import io
import os
import subprocess
import tempfile
import zipfile


def tool(command, data=b"", **more):
    """What a program prints for this input."""
    done = subprocess.run(
        command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace")
        raise OSError(f"{command[0]}: exit {done.returncode}: {said[-300:]}")
    return done.stdout


def made(data, name, line):
    """The file `out` that a shell line makes of a file with this name and content."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), "wb") as held:
            held.write(data)
        tool(["sh", "-ec", line], cwd=folder)
        with open(os.path.join(folder, "out"), "rb") as held:
            return held.read()


def python_zip(members, method):
    """A zip with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()
