//! The jail of kiosk-scan's main process, and the workers that it forks.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::prctl;
use nix::sys::resource::Resource;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::{ForkResult, Pid, Uid, fork, getppid, setsid};

use crate::error::{JailError, Tried};
use crate::filter::Filter;
use crate::{calls, descriptors, fd, files, limits, memory, namespaces, privileges, waiter};

/// What the supervisor and each of its workers may use at most. A worker's own limits are
/// tighter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorLimits {
    /// Writable private memory of one process, in bytes.
    pub memory_bytes: u64,
    /// Descriptors of one process.
    pub open_files: u64,
    /// Longest file that a process may write, in bytes.
    pub spool_bytes: u64,
}

impl Default for SupervisorLimits {
    fn default() -> Self {
        Self {
            // Compiling 24,000 rules took 430 MB; loading them took 100.
            memory_bytes: 2 << 30,
            // The starter, eight workers with a spool each, and a file on its way to each.
            open_files: 128,
            // A compiled rule set: 24,000 rules make 34 MB.
            spool_bytes: 1 << 30,
        }
    }
}

/// Gives up everything but system calls: called first thing in `main`, before anything is
/// loaded and while there is one thread.
///
/// Afterwards this process has an unprivileged user (`kiosk-scan`, or nobody, when it was
/// root), no capability, no network, an empty root, no other process in sight, no path that
/// opens, and of its descriptors `keep` and standard error. It is then the first process of a
/// pid namespace; the process that was started stays behind outside, ends when this one ends,
/// with its status or signal, and takes everything with it when it is killed.
///
/// A descriptor that something else owns and that is not in `keep` must not be used or dropped
/// afterwards: its number may by then be another file's.
///
/// # Errors
/// The step that failed; the process must then end. [`JailError::Writable`] for a kept
/// descriptor through which a medium could be changed: a block device or a file with a name
/// that is open for writing. A spool has no name.
pub fn enter(keep: &[BorrowedFd<'_>], limits: &SupervisorLimits) -> Result<Confined, JailError> {
    require_one_thread()?;
    let starter = getppid();
    let spools = writable_spools(keep)?;
    forget_backtraces();
    let mut kept: Vec<RawFd> = keep.iter().map(AsRawFd::as_raw_fd).collect();
    kept.push(libc::STDERR_FILENO);
    descriptors::close_all_but(&kept)?;
    descriptors::plug_standard()?;

    prctl::set_no_new_privs().tried("give up new privileges", "prctl must be available")?;
    leave_the_machine()?;
    privileges::drop_capabilities()?;
    prctl::set_dumpable(false).tried("close itself to debuggers", "prctl must be available")?;
    files::forbid()?;
    limits::limit(Resource::RLIMIT_CORE, 0)?;
    limits::limit(Resource::RLIMIT_DATA, limits.memory_bytes)?;
    limits::limit(Resource::RLIMIT_NOFILE, limits.open_files)?;
    limits::limit(Resource::RLIMIT_FSIZE, limits.spool_bytes)?;

    // Changing the user cleared it, so it is asked for after that.
    prctl::set_pdeathsig(Signal::SIGKILL)
        .tried("die with its starter", "prctl must be available")?;
    if getppid() != starter {
        return Err(JailError::StarterGone);
    }
    waiter::leave_behind()?;
    // No terminal: its signals would end workers one by one.
    setsid().tried("leave the terminal", "setsid must be available")?;
    Ok(Confined { spools })
}

/// The receipt of [`enter`].
#[derive(Debug)]
#[must_use = "the jail is closed only after `close`"]
pub struct Confined {
    spools: Vec<RawFd>,
}

impl Confined {
    /// Gives up system calls: called when the rules are loaded, the last code that is ever made
    /// executable. What is not on the list kills the process.
    ///
    /// # Errors
    /// [`JailError::Filter`].
    pub fn close(self) -> Result<Supervisor, JailError> {
        Filter::new(&calls::supervisor(&self.spools))?.install()?;
        Ok(Supervisor(()))
    }
}

/// The receipt of [`Confined::close`]: workers can be forked.
#[derive(Debug)]
pub struct Supervisor(());

impl Supervisor {
    /// Forks a worker that does `run` and ends with its result as exit status, or with
    /// [`PANICKED`] when it panics. The supervisor must still have one thread.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn fork_worker(&self, run: &mut dyn FnMut() -> i32) -> io::Result<Child> {
        // SAFETY: after fork in a process with one thread, which `enter` made sure of and a
        // supervisor that only waits and forwards keeps, the child may do all that the parent
        // could. No lock can be held by a thread that is not there.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Child {
                pid: child,
                ended: None,
            }),
            ForkResult::Child => {
                let status = catch_unwind(AssertUnwindSafe(run)).unwrap_or(PANICKED);
                // SAFETY: _exit takes an integer and runs nothing: the child must not go on
                // with its parent's work, nor run what its parent registered for its own end.
                unsafe { libc::_exit(status) }
            }
        }
    }
}

/// Exit status of a worker that panicked, as any Rust program's.
pub const PANICKED: i32 = 101;

/// A forked worker. Dropping it does not end the process; the end of the supervisor does.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    ended: Option<Ended>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal: SIGSYS for a forbidden call, SIGXCPU for its time, SIGABRT when memory
    /// ran out, SIGKILL from its supervisor or the kernel.
    Signaled(i32),
}

impl Ended {
    /// What a status of `waitpid` says; `None` for a process that is only stopped.
    pub(crate) fn of(status: libc::c_int) -> Option<Self> {
        if libc::WIFEXITED(status) {
            return Some(Self::Exited(libc::WEXITSTATUS(status)));
        }
        libc::WIFSIGNALED(status).then(|| Self::Signaled(libc::WTERMSIG(status)))
    }
}

impl Child {
    /// Ends the process at once. One that has ended keeps its own ending.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn kill(&mut self) -> io::Result<()> {
        // Once waited for, the number may be another worker's.
        if self.ended.is_none() {
            kill(self.pid, Signal::SIGKILL)?;
        }
        Ok(())
    }

    /// How the process ended, or `None` while it runs.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn try_wait(&mut self) -> io::Result<Option<Ended>> {
        self.wait_with(WaitPidFlag::WNOHANG)
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn wait(&mut self) -> io::Result<Ended> {
        loop {
            if let Some(ended) = self.wait_with(WaitPidFlag::empty())? {
                return Ok(ended);
            }
        }
    }

    fn wait_with(&mut self, flags: WaitPidFlag) -> io::Result<Option<Ended>> {
        if self.ended.is_none() {
            let mut status = 0;
            // SAFETY: waitpid writes one int to its second argument.
            let waited = Errno::result(unsafe {
                libc::waitpid(self.pid.as_raw(), &raw mut status, flags.bits())
            });
            match waited {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => self.ended = Ended::of(status),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(self.ended)
    }
}

/// Counts this process's threads, while `/proc` can still be read.
fn require_one_thread() -> Result<(), JailError> {
    let threads =
        std::fs::read_dir("/proc/self/task").tried("count its threads", "/proc must be mounted")?;
    match threads.count() {
        1 => Ok(()),
        other => Err(JailError::Threads(other)),
    }
}

/// With them set, a panic would open files to describe itself, and die of that instead.
fn forget_backtraces() {
    for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
        // SAFETY: nothing reads the environment at the same time: there is one thread.
        unsafe { std::env::remove_var(name) };
    }
}

/// Namespaces, root, bounding set and user. Root leaves with its own capabilities and becomes
/// somebody else last; everybody else, root without CAP_SYS_ADMIN included, is given
/// capabilities by a user namespace that reach nothing outside it.
fn leave_the_machine() -> Result<(), JailError> {
    if privileges::is_admin()? {
        let account = privileges::account()?;
        namespaces::leave_as_root()?;
        namespaces::empty_root()?;
        privileges::drop_bounding_set()?;
        return privileges::become_account(account);
    }
    if Uid::effective().is_root() {
        privileges::become_account(privileges::account()?)?;
    }
    namespaces::leave_as_user()?;
    namespaces::empty_root()?;
    privileges::drop_bounding_set()
}

/// Which of the kept descriptors are files without a name that may be written.
fn writable_spools(keep: &[BorrowedFd<'_>]) -> Result<Vec<RawFd>, JailError> {
    let mut spools = Vec::new();
    for kept in keep {
        let raw = kept.as_raw_fd();
        let status = fd::status(*kept).map_err(|_| JailError::NotOpen(raw))?;
        let flags = fcntl(kept, FcntlArg::F_GETFL).map_err(|_| JailError::NotOpen(raw))?;
        if OFlag::from_bits_retain(flags) & OFlag::O_ACCMODE == OFlag::O_RDONLY {
            continue;
        }
        match status.st_mode & libc::S_IFMT {
            // Sealed memory is open for writing and cannot be written.
            libc::S_IFREG if memory::require_sealed(*kept).is_ok() => {}
            libc::S_IFREG if status.st_nlink == 0 => spools.push(raw),
            libc::S_IFREG | libc::S_IFBLK => return Err(JailError::Writable(raw)),
            _ => {}
        }
    }
    Ok(spools)
}
