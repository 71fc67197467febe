//! What a jailed process may still ask about its descriptors.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::unistd::{Whence, lseek};

/// How many bytes a regular file, a memfd or a block device holds.
///
/// `File::metadata` asks with `statx`, which takes a path and therefore kills a jailed worker;
/// this asks with `fstat`, and a block device by seeking to its end. The seek moves the offset
/// that the descriptor shares with its duplicates, so read devices with `pread`.
///
/// # Errors
/// What the kernel said, or `InvalidInput` for anything that has no size, such as a pipe.
pub fn size(fd: BorrowedFd<'_>) -> io::Result<u64> {
    let status = status(fd)?;
    let size = match status.st_mode & libc::S_IFMT {
        libc::S_IFREG => status.st_size,
        libc::S_IFBLK => lseek(fd, 0, Whence::SeekEnd)?,
        _ => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a file, a memfd or a block device",
            ));
        }
    };
    u64::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

/// `fstat`, and never `newfstatat` with an empty path, which is what glibc 2.33 and later
/// make of it on some machines and what the filter cannot tell from a look at any path.
pub(crate) fn status(fd: BorrowedFd<'_>) -> io::Result<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: fstat writes at most one `struct stat` to its second argument, which points to
    // one; the kernel's layout is libc::stat on 64-bit Linux. A bad descriptor is an error.
    let done = unsafe { libc::syscall(libc::SYS_fstat, fd.as_raw_fd(), status.as_mut_ptr()) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all bytes were zero before the call and any bit pattern is a valid `stat`.
    Ok(unsafe { status.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_size_of_a_file_is_its_length_and_a_pipe_has_none() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"twelve bytes").unwrap();
        assert_eq!(size(file.as_fd()).unwrap(), 12);
        let (end, _other) = nix::unistd::pipe().unwrap();
        assert_eq!(
            size(end.as_fd()).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
