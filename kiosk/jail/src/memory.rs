//! Memory that is handed over by descriptor and cannot change afterwards.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// A sealed memfd that holds `bytes`, to be read from its beginning: nobody can write, shrink or
/// grow it any more.
///
/// # Errors
/// What the kernel said.
pub fn sealed(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = writable(name)?;
    file.write_all(bytes)?;
    file.rewind()?;
    seal(file)
}

/// An empty memfd to write to and then [`seal`]. `name` is seen in `/proc` only.
///
/// # Errors
/// What the kernel said.
pub fn writable(name: &str) -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    // Linux 6.3 can also promise that the memory is never executed as a program; older
    // kernels, Debian 12's 6.1 among them, refuse the flag.
    let created = match memfd_create(
        name,
        flags | MFdFlags::from_bits_retain(libc::MFD_NOEXEC_SEAL),
    ) {
        Err(Errno::EINVAL) => memfd_create(name, flags),
        other => other,
    };
    Ok(File::from(created?))
}

/// Seals what [`writable`] made, for every holder of it.
///
/// # Errors
/// `EBUSY` while a writable mapping of it exists; otherwise what the kernel said.
pub fn seal(file: File) -> io::Result<OwnedFd> {
    fcntl(&file, FcntlArg::F_ADD_SEALS(required_seals()))?;
    Ok(OwnedFd::from(file))
}

/// Checks that a received descriptor is a memfd with all four seals; gives its size in bytes.
///
/// # Errors
/// `InvalidInput` when a seal is missing or the descriptor cannot have any.
pub fn require_sealed(fd: BorrowedFd<'_>) -> io::Result<u64> {
    if !seals(fd)?.contains(required_seals()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the memory is not sealed",
        ));
    }
    crate::fd::size(fd)
}

/// A whole file or memfd, read-only in memory.
#[derive(Debug)]
pub struct Mapped(Option<Pages>);

#[derive(Debug)]
struct Pages {
    start: NonNull<u8>,
    len: NonZeroUsize,
}

/// Maps the whole of a sealed memfd, or of an unlinked file that this process alone writes and
/// does not write while the mapping exists.
///
/// What could be cut short or changed by somebody else must not be mapped: a page that is gone
/// ends the process with SIGBUS. So a descriptor with neither the seals nor a link count of
/// zero is refused.
///
/// # Errors
/// `InvalidInput` when `len` is not the size of the file or the file may still be changed by
/// others; otherwise what the kernel said.
pub fn map(fd: BorrowedFd<'_>, len: u64) -> io::Result<Mapped> {
    if crate::fd::size(fd)? != len {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not the size of the file",
        ));
    }
    let fixed = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK;
    let sealed = seals(fd).is_ok_and(|seals| seals.contains(fixed));
    let spool = crate::fd::status(fd)?;
    let unlinked_file = spool.st_mode & libc::S_IFMT == libc::S_IFREG && spool.st_nlink == 0;
    if !sealed && !unlinked_file {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "neither sealed nor unlinked",
        ));
    }
    let len = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    let Some(len) = NonZeroUsize::new(len) else {
        return Ok(Mapped(None));
    };
    // SAFETY: a new mapping at an address of the kernel's choice overlaps no memory of ours.
    let start = unsafe { mmap(None, len, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, fd, 0) }?;
    Ok(Mapped(Some(Pages {
        start: start.cast(),
        len,
    })))
}

// SAFETY: the pages are read-only and belong to this value alone, whatever thread holds it.
unsafe impl Send for Pages {}
// SAFETY: shared references give shared reads of memory that nobody writes.
unsafe impl Sync for Pages {}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            None => &[],
            // SAFETY: start..start+len is one mapping, readable until drop, at most isize::MAX
            // long as no larger mapping exists; `map` refused what others may change.
            Some(pages) => unsafe {
                std::slice::from_raw_parts(pages.start.as_ptr(), pages.len.get())
            },
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if let Some(pages) = &self.0 {
            // SAFETY: exactly the range that mmap gave, whose only reference ends here.
            let unmapped = unsafe { munmap(pages.start.cast(), pages.len.get()) };
            // Unmapping a whole mapping fails only for a bad range, which would be memory
            // corruption: nothing after it could be trusted.
            assert!(
                unmapped.is_ok(),
                "a mapping of our own could not be released"
            );
        }
    }
}

/// Nobody may write, shrink or grow the memory, nor take these seals off.
fn required_seals() -> SealFlag {
    SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL
}

fn seals(fd: BorrowedFd<'_>) -> io::Result<SealFlag> {
    let bits = fcntl(fd, FcntlArg::F_GET_SEALS)?;
    Ok(SealFlag::from_bits_retain(bits))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use std::io::Read as _;

    use super::*;

    #[test]
    fn sealed_memory_cannot_be_written_or_resized() {
        let fd = sealed("rules", b"fixed").unwrap();
        assert_eq!(require_sealed(fd.as_fd()).unwrap(), 5);
        let mut file = File::from(fd);
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"fixed");
        assert_eq!(
            file.write(b"x").unwrap_err().raw_os_error(),
            Some(libc::EPERM)
        );
        assert_eq!(
            file.set_len(1).unwrap_err().raw_os_error(),
            Some(libc::EPERM)
        );
        assert_eq!(
            file.set_len(9).unwrap_err().raw_os_error(),
            Some(libc::EPERM)
        );
        let loosen = fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::empty()));
        assert_eq!(loosen.unwrap_err(), Errno::EPERM);
    }

    #[test]
    fn memory_with_any_seal_missing_is_refused() {
        for missing in required_seals().iter() {
            let file = writable("rules").unwrap();
            fcntl(&file, FcntlArg::F_ADD_SEALS(required_seals() - missing)).unwrap();
            let refused = require_sealed(file.as_fd()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{missing:?}");
        }
        assert!(require_sealed(tempfile::tempfile().unwrap().as_fd()).is_err());
    }

    #[test]
    fn a_mapping_shows_the_whole_content() {
        let fd = sealed("rules", b"fixed").unwrap();
        assert_eq!(&*map(fd.as_fd(), 5).unwrap(), b"fixed");
        let empty = sealed("rules", b"").unwrap();
        assert_eq!(&*map(empty.as_fd(), 0).unwrap(), b"");
        let mut spool = tempfile::tempfile().unwrap();
        spool.write_all(&[7; 10_000]).unwrap();
        assert_eq!(&*map(spool.as_fd(), 10_000).unwrap(), &[7; 10_000]);
    }

    #[test]
    fn what_others_can_change_is_not_mapped() {
        let named = tempfile::NamedTempFile::new().unwrap();
        named.as_file().set_len(4).unwrap();
        assert_eq!(
            map(named.as_file().as_fd(), 4).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        let fd = sealed("rules", b"fixed").unwrap();
        assert_eq!(
            map(fd.as_fd(), 4096).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
        assert_eq!(
            map(fd.as_fd(), 4).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
