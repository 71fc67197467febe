//! The jail of a worker, which reads what is on the medium.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::Resource;

use crate::calls;
use crate::descriptors;
use crate::error::{JailError, Tried};
use crate::filter::Filter;
use crate::limits::{limit, limit_with_warning};

/// What one worker keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Its end of the channel to the supervisor: the only socket that it may send on.
    pub channel: RawFd,
    /// The medium, open for reading only.
    pub medium: Option<RawFd>,
    /// The same device once more, open for reading only and past the kernel's cache.
    pub read_back: Option<RawFd>,
    /// Lists of hashes, open for reading only.
    pub lists: Vec<RawFd>,
    /// A file without a name for contents that do not fit into memory: with the next two the
    /// only one it may write. It must be among those that the supervisor kept.
    pub spool: Option<RawFd>,
    /// A file without a name for one content that is handed out. It is written like the spool.
    pub delivery: Option<RawFd>,
    /// The same for contents that somebody outside is asked about.
    pub desk: Option<RawFd>,
    /// Most writable private memory in bytes, the compiled rules and the engine included.
    /// Address space that is only reserved does not count: the engine reserves gigabytes.
    pub memory_bytes: u64,
    /// Most processor time in seconds, over all of the worker's life.
    pub cpu_seconds: u64,
    /// Longest spool, and longest delivery and desk, in bytes each.
    pub spool_bytes: u64,
    /// Descriptor numbers; those received must be below it.
    pub open_files: u64,
}

/// The receipt of [`enter`].
#[derive(Debug)]
pub struct Jailed(());

/// Closes a forked worker's jail for good, all of its threads included: called when its engine
/// is warm and before the first byte of the medium is read.
///
/// From here on it reads and maps what it holds, receives, sends on its channel and writes its
/// spool, the delivery, the desk and standard error. Anything else kills it, a new thread too. The channel, what it
/// may write and standard error stay open: closing one of them is answered with an error.
///
/// # Errors
/// The step that failed; the worker must then end.
pub fn enter(allowance: &Allowance) -> Result<Jailed, JailError> {
    let mut kept = vec![libc::STDERR_FILENO, allowance.channel];
    kept.extend(allowance.medium);
    kept.extend(allowance.read_back);
    kept.extend(&allowance.lists);
    let writable: Vec<RawFd> = allowance
        .spool
        .into_iter()
        .chain(allowance.delivery)
        .chain(allowance.desk)
        .collect();
    kept.extend(&writable);
    // Before the filter, which forbids it, and before the limits, which it does not need.
    descriptors::close_all_but(&kept)?;
    let read = allowance.medium.iter().chain(&allowance.read_back);
    for read in read.chain(&allowance.lists) {
        require_read_only(*read)?;
    }

    limit(Resource::RLIMIT_DATA, allowance.memory_bytes)?;
    let last_second = allowance.cpu_seconds.saturating_add(1);
    limit_with_warning(Resource::RLIMIT_CPU, allowance.cpu_seconds, last_second)?;
    limit(Resource::RLIMIT_FSIZE, allowance.spool_bytes)?;
    limit(Resource::RLIMIT_NOFILE, allowance.open_files)?;

    // Last, because it forbids everything above.
    Filter::new(&calls::worker(allowance.channel, &writable))?.install()?;
    Ok(Jailed(()))
}

fn require_read_only(medium: RawFd) -> Result<(), JailError> {
    // SAFETY: the caller handed the number in as an open descriptor that outlives this call,
    // and a number that is not open is an error and nothing worse.
    let fd = unsafe { BorrowedFd::borrow_raw(medium) };
    let flags = match fcntl(fd, FcntlArg::F_GETFL) {
        Err(Errno::EBADF) => return Err(JailError::NotOpen(medium)),
        other => other.tried("look at the medium's descriptor", "fcntl must be available")?,
    };
    if OFlag::from_bits_retain(flags) & OFlag::O_ACCMODE != OFlag::O_RDONLY {
        return Err(JailError::Writable(fd.as_raw_fd()));
    }
    Ok(())
}
