//! Which descriptors a process still holds.

use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};

use nix::errno::Errno;

use crate::error::{JailError, Tried};
use crate::memory;

const OLD_KERNEL: &str = "Linux 5.9 or later is needed";

/// Closes every descriptor but `keep`, whether this program knows of it or not.
pub(crate) fn close_all_but(keep: &[RawFd]) -> Result<(), JailError> {
    let mut kept = Vec::new();
    for fd in keep {
        kept.push(u32::try_from(*fd).map_err(|_| JailError::NotOpen(*fd))?);
    }
    kept.sort_unstable();
    kept.dedup();
    let mut first = 0;
    for fd in kept {
        if let Some(last) = fd.checked_sub(1).filter(|last| first <= *last) {
            close_range(first, last).tried("close inherited descriptors", OLD_KERNEL)?;
        }
        first = fd.saturating_add(1);
    }
    close_range(first, u32::MAX).tried("close inherited descriptors", OLD_KERNEL)
}

/// Fills the free ones of descriptors 0, 1 and 2 with something that reads as empty and cannot
/// be written. Otherwise the next descriptor received would become standard error, and a
/// panic message would be written into it.
pub(crate) fn plug_standard() -> Result<(), JailError> {
    loop {
        let plug = memory::sealed("closed", b"").tried(
            "fill standard descriptors",
            "memfd_create must be available",
        )?;
        if libc::STDERR_FILENO < plug.as_raw_fd() {
            return Ok(());
        }
        // Stays open for the life of the process: that is its purpose.
        let _ = plug.into_raw_fd();
    }
}

fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: close_range takes three integers. What it closes has no owner that goes on to
    // use it: the callers run before anything else does, or keep what they still need.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) })?;
    Ok(())
}
