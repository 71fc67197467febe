"""lay_out.py TREE LIST BASE VMLINUX: from the packages unpacked in TREE, what LIST names, with
the libraries and kernel modules that it needs, laid out in BASE as the guest's root; and the
kernel without its compression, because unpacking it takes seconds in an emulated guest."""

import glob
import gzip
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys

LOADER = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"


def merge_usr(tree):
    """Moves /bin, /lib, /lib64 and /sbin below /usr, as on an installed system."""
    for name in ("bin", "lib", "lib64", "sbin"):
        folder = os.path.join(tree, name)
        if os.path.isdir(folder) and not os.path.islink(folder):
            subprocess.run(["cp", "-a", folder + "/.", os.path.join(tree, "usr", name)], check=True)
            shutil.rmtree(folder)
        os.makedirs(os.path.join(tree, "usr", name), exist_ok=True)
        if not os.path.lexists(folder):
            os.symlink("usr/" + name, folder)


def take(tree, base, path):
    """One file or link of TREE, at the same path in BASE; a link also takes its target."""
    source, target = os.path.join(tree, path), os.path.join(base, path)
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        link = os.readlink(source)
        os.symlink(link, target)
        pointed = os.path.normpath(os.path.join(os.path.dirname(path), link)) if link[0] != "/" else link[1:]
        if os.path.exists(os.path.join(tree, pointed)):
            take(tree, base, pointed)
    elif os.path.isfile(source):
        shutil.copy2(source, target)


def read_list(path):
    """Patterns as (pattern, may be absent), and names of modules."""
    patterns, modules = [], []
    for line in open(path, encoding="ascii"):
        words = line.split("#")[0].split()
        if words and words[0] == "module":
            modules += words[1:]
        elif words:
            patterns.append((words[-1], words[0] == "?"))
    return patterns, modules


def take_patterns(tree, base, patterns):
    for pattern, optional in patterns:
        found = glob.glob(os.path.join(tree, "usr", pattern))
        if not found and not optional:
            sys.exit(f"lay_out.py: no package has /usr/{pattern}")
        for path in found:
            take(tree, base, os.path.relpath(path, tree))


def take_libraries(tree, base):
    """Everything that the programs in BASE are linked with, over any number of steps."""
    folders = ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd", "usr/lib/systemd"]
    seen = set()
    while True:
        programs = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(base)
            for name in names
            if os.path.isfile(os.path.join(folder, name))
            and open(os.path.join(folder, name), "rb").read(4) == b"\x7fELF"
        ]
        output = subprocess.run(["readelf", "-d", *programs], stdout=subprocess.PIPE, check=False)
        needed = set(re.findall(rb"\(NEEDED\).*\[(.*)\]", output.stdout))
        new = needed - seen
        if not new:
            return
        seen |= new
        for name in sorted(new):
            paths = [os.path.join(folder, name.decode()) for folder in folders]
            path = next((path for path in paths if os.path.exists(os.path.join(tree, path))), None)
            if path is None:
                sys.exit(f"lay_out.py: {name.decode()} is in none of the packages")
            take(tree, base, path)


def depmod(tree, root, version):
    """The index of modules below ROOT, by the unpacked kmod."""
    library = os.path.join(tree, "usr/lib/x86_64-linux-gnu")
    loader = [os.path.join(tree, LOADER), "--library-path", library, "--argv0", "depmod"]
    subprocess.run([*loader, os.path.join(tree, "usr/bin/kmod"), "-b", root, version], check=True)


def take_modules(tree, base, names, version):
    folder = "usr/lib/modules/" + version
    depmod(tree, tree, version)
    needs = {}
    for line in open(os.path.join(tree, folder, "modules.dep"), encoding="utf-8"):
        path, others = line.split(":")
        name = re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)).replace("-", "_")
        needs[name] = [path, *others.split()]
    builtin = open(os.path.join(tree, folder, "modules.builtin"), encoding="utf-8").read().replace("-", "_")
    absent = [name for name in names if name not in needs and f"/{name}.ko" not in builtin]
    for path in {path for name in names for path in needs.get(name, [])}:
        target = os.path.join(base, folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = open(os.path.join(tree, folder, path), "rb").read()
        # Unpacked here, because the guest is slower at it.
        if path.endswith(".xz"):
            target, data = target[:-3], lzma.decompress(data)
        with open(target, "wb") as file:
            file.write(data)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        take(tree, base, os.path.join(folder, name))
    depmod(tree, base, version)
    return absent


def furnish(tree, base):
    """What a package's own scripts would do at installation."""
    busybox = os.path.join(tree, "usr/bin/busybox")
    names = subprocess.run([busybox, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    for name in ("modprobe", "lsmod", "rmmod", "insmod", "depmod"):
        os.symlink("../bin/kmod", os.path.join(base, "usr/sbin", name))
    # Busybox's own shell would run busybox's programs, whatever else is there.
    os.symlink("dash", os.path.join(base, "usr/bin/sh"))
    for name in names:
        places = [os.path.join(base, folder, name) for folder in ("usr/bin", "usr/sbin")]
        if not any(os.path.lexists(place) for place in places):
            os.symlink("busybox", places[0])
    loader = os.path.join(base, "usr/lib64/ld-linux-x86-64.so.2")
    if not os.path.lexists(loader):
        os.symlink("../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", loader)
    for folder in ("dev", "proc", "sys", "run", "tmp", "var", "etc", "root", "library"):
        os.makedirs(os.path.join(base, folder), exist_ok=True)
    for name in ("passwd", "group"):
        source = os.path.join(base, f"usr/share/base-passwd/{name}.master")
        text = open(source, encoding="ascii").read()
        with open(os.path.join(base, "etc", name), "w", encoding="ascii") as file:
            file.write(text.replace("root:*:", "root::").replace("/bin/bash", "/bin/sh"))
    with open(os.path.join(base, "etc/nsswitch.conf"), "w", encoding="ascii") as file:
        file.write("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")


def unpacked_kernel(image):
    """The ELF inside a bzImage; its header says where (Documentation/arch/x86/boot.rst)."""
    if image[0x202:0x206] != b"HdrS":
        sys.exit("lay_out.py: the kernel is no bzImage")
    (offset,), (length,) = struct.unpack_from("<I", image, 0x248), struct.unpack_from("<I", image, 0x24C)
    start = ((image[0x1F1] or 4) + 1) * 512 + offset
    payload = image[start : start + length]
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload[:-4])
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=payload[:-4], stdout=subprocess.PIPE, check=True).stdout
    return image


def main():
    tree, listed, base, kernel = sys.argv[1:]
    merge_usr(tree)
    merge_usr(base)
    (version,) = os.listdir(os.path.join(tree, "usr/lib/modules"))
    patterns, modules = read_list(listed)
    take_patterns(tree, base, patterns)
    take_libraries(tree, base)
    absent = take_modules(tree, base, modules, version)
    if absent:
        print(f"lay_out.py: this kernel has no {' '.join(absent)}", file=sys.stderr)
    furnish(tree, base)
    image = open(os.path.join(tree, "boot/vmlinuz-" + version), "rb").read()
    with open(kernel, "wb") as file:
        file.write(unpacked_kernel(image))


if __name__ == "__main__":
    main()
