"""A guest of `tests/vm/build` that writes and reads media with Linux's own drivers."""

import ctypes
import os
import shutil
import signal
import subprocess

import kit

HERE = os.path.dirname(os.path.abspath(__file__))
# One boot, emulated, on a machine that does other things as well.
SECONDS_MAX = 1800
PR_SET_PDEATHSIG = 1
# The slots before it are taken by the machine's own devices.
FIRST_SLOT = 8
KERNEL = "console=ttyS0 panic=-1 mitigations=off random.trust_cpu=on audit=0 quiet"


def initrd(built, out):
    """Debian's part of the guest and behind it our first program."""
    stage, path = os.path.join(out, "initrd.stage"), os.path.join(out, "initrd")
    shutil.rmtree(stage, ignore_errors=True)
    os.makedirs(stage)
    shutil.copy2(os.path.join(HERE, "guest", "init"), stage)
    ours = subprocess.run(
        ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=stage, input=b"init\n",
        stdout=subprocess.PIPE, check=True,
    ).stdout
    with open(os.path.join(built, "base.cpio"), "rb") as base, open(path, "wb") as target:
        shutil.copyfileobj(base, target)
        target.write(ours)
    shutil.rmtree(stage)
    return path


def drive(serial, path, sector_bytes=512, read_only=False):
    """A disk of the guest."""
    flags = ",readonly=on" if read_only else ""
    sizes = f",logical_block_size={sector_bytes},physical_block_size={sector_bytes}"
    return [
        "-drive", f"if=none,id={serial},format=raw,cache=unsafe{flags},file={path.replace(',', ',,')}",
        "-device", f"virtio-blk-pci,drive={serial},serial={serial}{sizes}",
    ]


def placed(words, number):
    """A disk with its place on the bus: eight share a slot, for there are not 30 slots."""
    slot, function = FIRST_SLOT + number // 8, number % 8
    return [*words[:-1], f"{words[-1]},addr={slot:02x}.{function},multifunction=on"]


def boot(built, out, job, drives):
    """Starts the guest for one job and returns what it said."""
    said, console = os.path.join(out, f"{job}.said"), os.path.join(out, f"{job}.console")
    command = [
        os.path.join(built, "qemu-system-x86_64"), "-nodefaults", "-no-user-config", "-no-reboot",
        "-display", "none", "-machine", "q35", "-cpu", "max", "-smp", "1", "-m", "1024",
        "-accel", os.environ.get("KIOSK_VM_ACCEL", "tcg,thread=multi,tb-size=256"),
        "-kernel", os.path.join(built, "vmlinux"), "-initrd", initrd(built, out),
        "-append", f"{KERNEL} job={job}",
        "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=said,path={said}",
        "-device", "virtserialport,chardev=said,name=said",
        *[word for number, words in enumerate(drives) for word in placed(words, number)],
    ]
    # It must not outlive this script, whatever ends it.
    tied = lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=SECONDS_MAX, preexec_fn=tied, check=False,
    )
    with open(said, encoding="utf-8") as held:
        text = held.read()
    if not text.endswith("= end\n"):
        with open(console, encoding="utf-8", errors="replace") as held:
            tail = held.read()[-2000:]
        raise OSError(f"the guest did not end its work:\n{done.stdout.decode()}{tail}\n{text[-500:]}")
    return text


def heard(text):
    """({serial: who worked on it}, {serial: {path: SHA-256}}, {serial: what failed})."""
    workers, files, failed = {}, {}, {}
    serial = None
    for line in text.splitlines():
        if line.startswith("= "):
            serial, *worker = line[2:].split(" ")
            workers[serial] = " ".join(worker)
            files[serial] = {}
        elif line.startswith("! "):
            name, _, words = line[2:].partition(" ")
            failed[name] = words
        elif serial is not None and len(line) > 66 and line[64:66] == "  ":
            files[serial][line[66:].removeprefix("./")] = line[:64]
    return workers, files, failed
