//! What only the kernel knows of a block device, and the one thing that is changed of it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use libc::{c_int, c_ulong};
use nix::errno::Errno;

/// `BLKROSET`, `BLKROGET` and `BLKGETDISKSEQ` of `linux/fs.h`; the numbers are the same on
/// x86-64 and aarch64.
const SET_READ_ONLY: c_ulong = 0x125d;
const GET_READ_ONLY: c_ulong = 0x125e;
const GET_SEQUENCE: c_ulong = 0x8008_1280;

/// Makes the block device read-only for everybody until it goes away, and looks whether it
/// is. Needs `CAP_SYS_ADMIN`.
///
/// # Errors
/// What the kernel said; `PermissionDenied` when the device can still be written.
pub fn set_read_only(disk: BorrowedFd<'_>) -> io::Result<()> {
    let mut on: c_int = 1;
    // SAFETY: BLKROSET reads one int, which `on` is.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), SET_READ_ONLY, &raw mut on) })?;
    if is_read_only(disk)? {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "the block device can still be written",
    ))
}

/// Whether the block device refuses to be written.
///
/// # Errors
/// What the kernel said.
pub fn is_read_only(disk: BorrowedFd<'_>) -> io::Result<bool> {
    let mut on: c_int = 0;
    // SAFETY: BLKROGET writes one int, which `on` is.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), GET_READ_ONLY, &raw mut on) })?;
    Ok(on != 0)
}

/// The number that the kernel gave to this disk, or to the medium in it, when it came. It is
/// never given again while the machine runs. Linux 5.15 or later.
///
/// # Errors
/// What the kernel said.
pub fn sequence(disk: BorrowedFd<'_>) -> io::Result<u64> {
    let mut sequence: u64 = 0;
    // SAFETY: BLKGETDISKSEQ writes one 64-bit number, which `sequence` is.
    Errno::result(unsafe { libc::ioctl(disk.as_raw_fd(), GET_SEQUENCE, &raw mut sequence) })?;
    Ok(sequence)
}

/// Which disk this is, as `major:minor` is written in sysfs.
///
/// # Errors
/// What the kernel said; `InvalidInput` for anything that is no block device.
pub fn number(disk: &impl AsFd) -> io::Result<(u64, u64)> {
    let status = crate::fd::status(disk.as_fd())?;
    if status.st_mode & libc::S_IFMT != libc::S_IFBLK {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a block device",
        ));
    }
    let (major, minor) = (libc::major(status.st_rdev), libc::minor(status.st_rdev));
    Ok((u64::from(major), u64::from(minor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_disk_is_an_error() {
        let file = tempfile::tempfile().unwrap();
        assert!(set_read_only(file.as_fd()).is_err());
        assert!(is_read_only(file.as_fd()).is_err());
        assert!(sequence(file.as_fd()).is_err());
        assert_eq!(
            number(&file).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
