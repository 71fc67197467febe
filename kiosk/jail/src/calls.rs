//! Which system calls each process may make, and who needs them. Everything else kills.
//!
//! A call that glibc makes differently in another version shows as death by SIGSYS; `strace -f`
//! names it. Threads and forks inherit a list and can only shorten it.

use std::os::fd::RawFd;

use libc::c_long;
use nix::unistd::Pid;

/// One allowed call: its number, and what its arguments must be.
pub(crate) struct Call {
    pub(crate) number: c_long,
    pub(crate) tests: Vec<(u8, Test)>,
}

/// What one argument must be.
#[derive(Clone, Copy)]
pub(crate) enum Test {
    /// Exactly this `int`.
    Int(i32),
    /// Exactly these 64 bits.
    Long(u64),
    /// None of these bits.
    Without(u64),
}

/// One process's list.
pub(crate) struct Calls {
    pub(crate) allowed: Vec<Call>,
    /// Calls answered with this error instead. They must be allowed as well.
    pub(crate) refused: Option<(Vec<Call>, i32)>,
}

/// What glibc's `fork` asks for: a process that shares nothing with its parent.
#[allow(
    clippy::as_conversions,
    reason = "the signs of these constants differ, their bits do not overlap"
)]
const FORK_FLAGS: u64 =
    (libc::CLONE_CHILD_CLEARTID | libc::CLONE_CHILD_SETTID | libc::SIGCHLD) as u64;

/// What glibc's `pthread_create` asks for: a thread that shares everything.
#[allow(
    clippy::as_conversions,
    reason = "the signs of these constants differ, their bits do not overlap"
)]
const THREAD_FLAGS: u64 = (libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID) as u64;

/// The supervisor from the moment that its rules are loaded, and a worker until its own list.
/// `spools` are the unlinked files that workers write large contents to.
pub(crate) fn supervisor(spools: &[RawFd]) -> Calls {
    let mut allowed = shared();
    allowed.extend([
        // The supervisor's loop waits for its starter and its workers.
        #[cfg(target_arch = "x86_64")]
        any(libc::SYS_poll),
        // The same on aarch64, and with a signal mask.
        any(libc::SYS_ppoll),
        // News to the starter and jobs to the workers. Every socket that the supervisor can
        // hold is AF_UNIX: it was handed in, or made by the next line.
        any(libc::SYS_sendmsg),
        // A channel for each worker; no other family makes a pair worth having.
        when(
            libc::SYS_socketpair,
            &[(0, Test::Int(libc::AF_UNIX)), (1, Test::Int(PACKETS))],
        ),
        // Workers are forked.
        when(libc::SYS_clone, &[(0, Test::Long(FORK_FLAGS))]),
        // The engine starts one thread in each worker before the worker closes its own jail:
        // it ticks the seconds for the engine's time-outs.
        when(libc::SYS_clone, &[(0, Test::Long(THREAD_FLAGS))]),
        // How a worker ended.
        any(libc::SYS_wait4),
        // Late workers are ended. The pid namespace holds nobody else.
        any(libc::SYS_kill),
        // The engine's handlers for faults in rule code, at its first use.
        any(libc::SYS_rt_sigaction),
        // A worker installs its shorter list, which begins with the flag it already has.
        when(
            libc::SYS_prctl,
            &[(0, Test::Int(libc::PR_SET_NO_NEW_PRIVS))],
        ),
        when(libc::SYS_seccomp, &[(0, Test::Int(SET_FILTER))]),
        // A worker closes what it inherited.
        any(libc::SYS_close_range),
        // A worker lowers its own limits; 0 is the caller itself.
        when(libc::SYS_prlimit64, &[(0, Test::Int(0))]),
        // A worker looks at how its medium was opened, and a channel at its own flags.
        when(libc::SYS_fcntl, &[(1, Test::Int(libc::F_GETFL))]),
        // A channel is set to not wait.
        when(libc::SYS_fcntl, &[(1, Test::Int(libc::F_SETFL))]),
        // std duplicates descriptors with it.
        when(libc::SYS_fcntl, &[(1, Test::Int(libc::F_DUPFD_CLOEXEC))]),
    ]);
    allowed.extend(spools.iter().flat_map(|spool| writing(*spool)));
    Calls {
        allowed,
        refused: Some(no_clone3()),
    }
}

/// A worker from the moment that its engine is warm: it reads hostile bytes.
pub(crate) fn worker(channel: RawFd, spools: &[RawFd]) -> Calls {
    let mut allowed = shared();
    // Rows and answers to the supervisor, and to nobody else.
    allowed.push(when(libc::SYS_sendmsg, &[(0, Test::Int(channel))]));
    allowed.extend(spools.iter().flat_map(|spool| writing(*spool)));
    // A number that may be written stays what it is: if the worker could close it, the next
    // descriptor received would take its place. An error and not death, because a worker that
    // ends properly closes its channel on the way.
    let pinned = spools.iter().copied().chain([channel, libc::STDERR_FILENO]);
    let closing = pinned.map(|fd| when(libc::SYS_close, &[(0, Test::Int(fd))]));
    Calls {
        allowed,
        refused: Some((closing.collect(), libc::EPERM)),
    }
}

/// The process left outside the pid namespace: it waits, and ends as its child ended.
pub(crate) fn waiter(own: Pid) -> Calls {
    let allowed = vec![
        // The one thing it is for.
        any(libc::SYS_wait4),
        // To end by the signal that ended its child.
        any(libc::SYS_getpid),
        when(libc::SYS_kill, &[(0, Test::Int(own.as_raw()))]),
        // To end with the status that its child ended with.
        any(libc::SYS_exit_group),
    ];
    Calls {
        allowed,
        refused: None,
    }
}

/// What the supervisor and the workers have in common.
fn shared() -> Vec<Call> {
    vec![
        // Reading: the medium and files of a folder by position, the rest by the way.
        any(libc::SYS_pread64),
        any(libc::SYS_read),
        any(libc::SYS_lseek),
        // Readers ask for the size, and mappings are checked against it.
        any(libc::SYS_fstat),
        // Whether memory that was handed in is sealed.
        when(libc::SYS_fcntl, &[(1, Test::Int(libc::F_GET_SEALS))]),
        // std checks in debug builds that what it closes is open.
        when(libc::SYS_fcntl, &[(1, Test::Int(libc::F_GETFD))]),
        // Files of a folder when they are done.
        any(libc::SYS_close),
        // Jobs, and descriptors with them.
        any(libc::SYS_recvmsg),
        // Messages for staff, and a panic's last words, to standard error only.
        when(libc::SYS_write, &[(0, Test::Int(libc::STDERR_FILENO))]),
        // The allocator's, the engine's and thread stacks' memory; contents on the spool. Never
        // executable: the rules' machine code was made so before.
        when(libc::SYS_mmap, &[(2, Test::Without(EXECUTABLE))]),
        when(libc::SYS_mprotect, &[(2, Test::Without(EXECUTABLE))]),
        any(libc::SYS_munmap),
        any(libc::SYS_mremap),
        any(libc::SYS_madvise),
        any(libc::SYS_brk),
        // Locks of std and glibc, and the end of a thread.
        any(libc::SYS_futex),
        // glibc counts processors when a second thread first allocates.
        any(libc::SYS_sched_getaffinity),
        // Locks of std and the engine that spin before they sleep.
        any(libc::SYS_sched_yield),
        // Seeds of hash tables.
        any(libc::SYS_getrandom),
        // Clocks where the kernel cannot answer without a call.
        any(libc::SYS_clock_gettime),
        // The engine's thread sleeps a second at a time.
        any(libc::SYS_clock_nanosleep),
        // The kernel goes on with that sleep after the process was stopped.
        any(libc::SYS_restart_syscall),
        // Fork and thread creation hold signals back; abort lets its own through.
        any(libc::SYS_rt_sigprocmask),
        // The engine's and std's handlers come back from faults.
        any(libc::SYS_rt_sigreturn),
        // Their stack, for each thread.
        any(libc::SYS_sigaltstack),
        // abort and panic messages name the thread and process.
        any(libc::SYS_gettid),
        any(libc::SYS_getpid),
        // abort, and nothing else that a signal can do.
        when(libc::SYS_tgkill, &[(2, Test::Int(libc::SIGABRT))]),
        // glibc registers both for every new thread, and the first again after fork; std names
        // threads. The engine's thread may still be starting when the worker's list closes.
        any(libc::SYS_set_robust_list),
        any(libc::SYS_rseq),
        when(libc::SYS_prctl, &[(0, Test::Int(libc::PR_SET_NAME))]),
        // The ends of a thread and of a process.
        any(libc::SYS_exit),
        any(libc::SYS_exit_group),
        // Allowed here and refused by the program before: see `no_clone3`.
        any(libc::SYS_clone3),
    ]
}

/// A spool is cut to nothing and written by position.
fn writing(spool: RawFd) -> [Call; 2] {
    [
        when(libc::SYS_pwrite64, &[(0, Test::Int(spool))]),
        when(libc::SYS_ftruncate, &[(0, Test::Int(spool))]),
    ]
}

/// glibc tries clone3 first and falls back to clone when the kernel does not know it. Its flags
/// are in memory, where a filter cannot look.
fn no_clone3() -> (Vec<Call>, i32) {
    (vec![any(libc::SYS_clone3)], libc::ENOSYS)
}

const EXECUTABLE: u64 = 4;
const SET_FILTER: i32 = 1;
const PACKETS: i32 = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;

fn any(number: c_long) -> Call {
    Call {
        number,
        tests: Vec::new(),
    }
}

fn when(number: c_long, tests: &[(u8, Test)]) -> Call {
    Call {
        number,
        tests: tests.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_call_is_named_both_with_and_without_tests() {
        for calls in [
            supervisor(&[7, 8]),
            worker(5, &[7, 8]),
            worker(5, &[]),
            waiter(Pid::this()),
        ] {
            let mut named: BTreeMap<c_long, Vec<bool>> = BTreeMap::new();
            for call in &calls.allowed {
                named
                    .entry(call.number)
                    .or_default()
                    .push(call.tests.is_empty());
            }
            for (number, tests) in named {
                assert!(
                    tests == [true] || !tests.contains(&true),
                    "call {number}: {tests:?}"
                );
            }
        }
    }

    #[test]
    fn constants_are_the_kernels() {
        assert_eq!(i64::try_from(EXECUTABLE), Ok(i64::from(libc::PROT_EXEC)));
        assert_eq!(u32::try_from(SET_FILTER), Ok(libc::SECCOMP_SET_MODE_FILTER));
        assert_eq!(FORK_FLAGS, 0x0120_0011);
        assert_eq!(THREAD_FLAGS, 0x003d_0f00);
    }
}
