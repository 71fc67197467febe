"""Fills an NTFS volume through ntfs-3g's own library, without mounting it.

The package's programs can create files only through FUSE, which needs root or a set-uid
helper and a device that containers lack. The library underneath does the same writing on a
plain file, so it is called directly.
"""

import ctypes
import glob
import os
import re
import sys

from kit import run

AT_DATA = 0x80
FILE_ROOT = 5
S_IFREG, S_IFDIR = 0o100000, 0o040000


def library():
    """ntfs-3g's library with the functions used here declared."""
    found = sorted(glob.glob("/usr/lib/*/libntfs-3g.so.*") + glob.glob("/lib/*/libntfs-3g.so.*"))
    if not found:
        sys.exit("libntfs-3g: not installed; run tests/packages/install test")
    lib = ctypes.CDLL(found[0], use_errno=True)
    pointer, text, s64 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
    u8, u32 = ctypes.c_uint8, ctypes.c_uint32
    for name, result, *arguments in (
        ("ntfs_mount", pointer, text, ctypes.c_ulong),
        ("ntfs_umount", ctypes.c_int, pointer, ctypes.c_int),
        ("ntfs_inode_open", pointer, pointer, ctypes.c_uint64),
        ("ntfs_inode_close", ctypes.c_int, pointer),
        ("ntfs_inode_close_in_dir", ctypes.c_int, pointer, pointer),
        ("ntfs_pathname_to_inode", pointer, pointer, pointer, text),
        ("ntfs_create", pointer, pointer, u32, text, u8, u32),
        ("ntfs_delete", ctypes.c_int, pointer, text, pointer, pointer, text, u8),
        ("ntfs_attr_add", ctypes.c_int, pointer, u32, text, u8, pointer, s64),
        ("ntfs_attr_open", pointer, pointer, u32, pointer, u32),
        ("ntfs_attr_pwrite", s64, pointer, s64, s64, text),
        ("ntfs_attr_close", None, pointer),
        ("ntfs_set_char_encoding", ctypes.c_int, text),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    # Names reach the library as UTF-16, except in paths that it looks up.
    os.environ["LC_ALL"] = "C.UTF-8"
    ctypes.CDLL(None).setlocale(6, b"C.UTF-8")
    return lib


class Volume:
    """A volume open for writing; use it in a `with`."""

    def __init__(self, image):
        self.lib = library()
        self.unnamed = ctypes.addressof(ctypes.c_uint16.in_dll(self.lib, "AT_UNNAMED"))
        self.volume = self.checked(self.lib.ntfs_mount(os.fsencode(image), 0), "mount", image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.lib.ntfs_umount(self.volume, 0) != 0:
            raise OSError(ctypes.get_errno(), "ntfs_umount")

    def checked(self, value, what, name):
        """The library's answer, or an error with its own reason."""
        if not value:
            number = ctypes.get_errno()
            raise OSError(number, f"ntfs {what}: {os.strerror(number)}", name)
        return value

    def folder(self, path):
        """An open folder."""
        if not path:
            return self.checked(self.lib.ntfs_inode_open(self.volume, FILE_ROOT), "open", "/")
        return self.look_up(path)

    def look_up(self, path):
        """An open file or folder."""
        inode = self.lib.ntfs_pathname_to_inode(self.volume, None, path.encode())
        return self.checked(inode, "look up", path)

    def create(self, parent, name, kind):
        """Creates a file or folder in an open folder."""
        units = name.encode("utf-16-le")
        inode = self.lib.ntfs_create(parent, 0, units, len(units) // 2, kind)
        return self.checked(inode, "create", name)

    def make_folder(self, path):
        """Creates one folder."""
        above, name = os.path.split(path)
        parent = self.folder(above)
        self.close(self.create(parent, name, S_IFDIR), path, parent)
        self.close(parent, above)

    def write(self, path, pieces, stream=""):
        """Creates a file, or a stream of a file that is there, and writes it."""
        above, name = os.path.split(path)
        parent = None
        if stream:
            inode = self.look_up(path)
            units = stream.encode("utf-16-le")
            buffer = ctypes.create_string_buffer(units + b"\0\0")
            if self.lib.ntfs_attr_add(inode, AT_DATA, units, len(units) // 2, None, 0) != 0:
                raise OSError(ctypes.get_errno(), "ntfs stream", path)
            spelled = (ctypes.addressof(buffer), len(units) // 2)
        else:
            parent = self.folder(above)
            inode = self.create(parent, name, S_IFREG)
            spelled = (self.unnamed, 0)
        data = self.checked(self.lib.ntfs_attr_open(inode, AT_DATA, *spelled), "open", path)
        at = 0
        for piece in pieces:
            if self.lib.ntfs_attr_pwrite(data, at, len(piece), piece) != len(piece):
                raise OSError(ctypes.get_errno(), "ntfs write", path)
            at += len(piece)
        self.lib.ntfs_attr_close(data)
        self.close(inode, path, parent)
        if parent:
            self.close(parent, above)

    def delete(self, path):
        """Deletes one file."""
        above, name = os.path.split(path)
        units = name.encode("utf-16-le")
        # In this order: a look-up opens the folder for itself, and the library keeps what was
        # closed last. Deleting closes both, whatever comes of it.
        inode = self.look_up(path)
        parent = self.folder(above)
        spelled = f"/{path}".encode()
        if self.lib.ntfs_delete(self.volume, spelled, inode, parent, units, len(units) // 2) != 0:
            raise OSError(ctypes.get_errno(), "ntfs delete", path)

    def close(self, inode, name, parent=None):
        """Writes an inode back, and its folder's entry through the folder when that is open:
        a second opening of one folder would write over the first."""
        if parent:
            failed = self.lib.ntfs_inode_close_in_dir(inode, parent)
        else:
            failed = self.lib.ntfs_inode_close(inode)
        if failed:
            raise OSError(ctypes.get_errno(), "ntfs close", name)


def make(image, label, cluster_bytes=None, sector_bytes=None):
    """Makes an empty volume over the whole image, times zero."""
    sizes = ["-c", str(cluster_bytes)] if cluster_bytes else []
    sizes += ["-s", str(sector_bytes)] if sector_bytes else []
    run("mkntfs", "-F", "-q", "-Q", "-T", "-L", label, *sizes, image)


def pieces(image, path):
    """In how many runs of clusters a file lies, as ntfsinfo of the package counts them."""
    text = run("ntfsinfo", "-f", "-v", "-F", f"/{path}", image).decode("utf-8", "replace")
    return int(re.search(r"Total runs: (\d+)", text)[1])
