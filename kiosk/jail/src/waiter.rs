//! The process that stays outside the pid namespace to report how the one inside ended.
//!
//! A pid namespace begins with the next process forked, so the one that was started cannot be
//! in it. It keeps its place, its jail and nothing else, and ends as its child ended.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, kill, signal, sigprocmask};
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe2};

use crate::calls;
use crate::descriptors;
use crate::error::{JailError, Tried};
use crate::filter::Filter;
use crate::supervisor::Ended;

/// Exit status when this process itself failed: "could not run".
const FAILED: i32 = 2;

/// Added to a signal's number when the signal did not end this process, as shells do.
const SIGNALLED: i32 = 128;

/// Forks. Returns in the child, which is the first process of its namespace and dies with its
/// parent; the parent never returns.
pub(crate) fn leave_behind() -> Result<(), JailError> {
    const NEEDED: &str = "the limit on processes may be reached";
    // Built while errors can still be reported, and without the child in memory twice.
    let filter = Filter::new(&calls::waiter(getpid()))?;
    let (watched, held) =
        pipe2(OFlag::O_CLOEXEC).tried("make a pipe", "the limit on open files may be reached")?;
    // SAFETY: this process has one thread, so the child may do whatever the parent could.
    match unsafe { fork() }.tried("fork", NEEDED)? {
        ForkResult::Parent { child } => wait_for(child, &held, &filter),
        ForkResult::Child => {
            drop(held);
            die_with_parent(&watched)
        }
    }
}

fn die_with_parent(watched: &OwnedFd) -> Result<(), JailError> {
    const NEEDED: &str = "prctl and poll must be available";
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).tried("die with its parent", NEEDED)?;
    // The parent may have died before: then its end of the pipe is closed.
    let mut parent = [PollFd::new(watched.as_fd(), PollFlags::POLLIN)];
    if poll(&mut parent, PollTimeout::ZERO).tried("look at its parent", NEEDED)? != 0 {
        return Err(JailError::StarterGone);
    }
    Ok(())
}

/// Only system calls from the filter on: nothing here may allocate or free.
fn wait_for(child: Pid, held: &OwnedFd, filter: &Filter) -> ! {
    let jailed = reset_signals().is_ok()
        && descriptors::close_all_but(&[held.as_raw_fd()]).is_ok()
        && filter.install().is_ok();
    if !jailed {
        let _ = kill(child, Signal::SIGKILL);
        exit(FAILED);
    }
    let mut status = 0;
    loop {
        // SAFETY: wait4 writes one int to its second argument and nothing through a null third.
        let waited =
            unsafe { libc::wait4(child.as_raw(), &raw mut status, 0, std::ptr::null_mut()) };
        if waited == -1 && Errno::last() == Errno::EINTR {
            continue;
        }
        if waited != child.as_raw() {
            exit(FAILED);
        }
        match Ended::of(status) {
            Some(Ended::Exited(code)) => exit(code),
            Some(Ended::Signaled(signal)) => end_by(signal),
            None => {}
        }
    }
}

fn end_by(signal: libc::c_int) -> ! {
    // SAFETY: getpid takes nothing.
    let own = unsafe { libc::getpid() };
    // SAFETY: kill takes integers. Ending this process is what is wanted.
    unsafe { libc::kill(own, signal) };
    exit(SIGNALLED.saturating_add(signal))
}

/// Lets every signal do to this process what it would do to any.
fn reset_signals() -> io::Result<()> {
    for each in Signal::iterator() {
        if matches!(each, Signal::SIGKILL | Signal::SIGSTOP) {
            continue;
        }
        // SAFETY: the default action runs no code of this process.
        unsafe { signal(each, SigHandler::SigDfl) }?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    Ok(())
}

fn exit(status: i32) -> ! {
    // SAFETY: _exit takes an integer and runs nothing of this process.
    unsafe { libc::_exit(status) }
}
