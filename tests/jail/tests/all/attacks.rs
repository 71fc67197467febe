//! Each attack ends its process by SIGSYS, and nothing else does: its twin lives.

use std::os::unix::process::ExitStatusExt;

use crate::start::{run, users};

/// Forbidden to workers only: the supervisor forks, signals and talks to several.
const WORKER_ONLY: &[&str] = &[
    "fork",
    "thread",
    "kill",
    "kill_by_the_second_thread",
    "send_on_another_socket",
    "receive_over_the_spool",
    "shorter_filter",
];

/// Forbidden to the supervisor as well.
const EVERYWHERE: &[&str] = &[
    "open",
    "openat2",
    "open_by_the_second_thread",
    "metadata_by_path",
    "socket",
    "socket_pair_of_another_kind",
    "execve",
    "execveat",
    "process_in_a_new_namespace",
    "ptrace",
    "executable_mmap",
    "mprotect_to_executable",
    "pkey_mprotect",
    "write_to_the_medium",
    "pwrite_to_the_medium",
    "ftruncate_of_the_medium",
    "duplicate_over_the_spool",
    "ioctl",
    "signal_other_than_abort",
    "unlink",
    "mount",
];

#[test]
fn every_attack_ends_the_worker_and_its_twin_lives() {
    for user in users() {
        for name in EVERYWHERE.iter().chain(WORKER_ONLY) {
            for (turn, end) in [
                ("attack", format!("Signaled({})", libc::SIGSYS)),
                ("twin", "Exited(0)".to_owned()),
            ] {
                let done = run(user, &["worker", name, turn]);
                let what = format!("{user:?} {name} {turn}: {}", done.stderr);
                assert_eq!(done.report, Some(end), "{what}");
                // The supervisor lives on to tell.
                assert_eq!(done.status.code(), Some(0), "{what}");
            }
        }
    }
}

#[test]
fn every_attack_ends_the_supervisor_and_its_twin_lives() {
    for user in users() {
        for name in EVERYWHERE {
            let attack = run(user, &["supervisor", name, "attack"]);
            assert_eq!(
                attack.status.signal(),
                Some(libc::SIGSYS),
                "{user:?} {name}: {}",
                attack.stderr
            );
            let twin = run(user, &["supervisor", name, "twin"]);
            assert_eq!(
                twin.status.code(),
                Some(0),
                "{user:?} {name} twin: {}",
                twin.stderr
            );
        }
    }
}

#[test]
fn the_lists_name_every_attack_of_the_program() {
    let source = include_str!("../../src/attacks.rs");
    let named = source
        .lines()
        .filter(|line| line.trim_start().starts_with("name: \""))
        .count();
    assert_eq!(named, EVERYWHERE.len() + WORKER_ONLY.len());
}

/// Calls that a worker survives with zeros for arguments. Kept apart from the filter on
/// purpose: a change there must be made here too.
fn survived_by_a_worker() -> Vec<i64> {
    vec![
        libc::SYS_read,
        libc::SYS_pread64,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_close,
        libc::SYS_recvmsg,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigprocmask,
        libc::SYS_sigaltstack,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // Answered as unknown.
        libc::SYS_clone3,
    ]
}

/// What the supervisor survives beside them.
fn survived_by_the_supervisor() -> Vec<i64> {
    let mut survived = survived_by_a_worker();
    #[cfg(target_arch = "x86_64")]
    survived.push(libc::SYS_poll);
    survived.extend([
        libc::SYS_ppoll,
        libc::SYS_sendmsg,
        libc::SYS_wait4,
        libc::SYS_kill,
        libc::SYS_rt_sigaction,
        libc::SYS_close_range,
        libc::SYS_prlimit64,
    ]);
    survived
}

#[test]
fn every_system_call_off_the_list_ends_its_caller() {
    for user in users() {
        for (place, mut expected) in [
            ("worker", survived_by_a_worker()),
            ("supervisor", survived_by_the_supervisor()),
        ] {
            expected.sort_unstable();
            let done = run(user, &["sweep", place]);
            let survived: Vec<i64> = done
                .report
                .unwrap_or_else(|| panic!("no report: {}", done.stderr))
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            assert_eq!(survived, expected, "{user:?} {place}");
        }
    }
}
