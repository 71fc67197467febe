//! Limits end one worker; the end of the supervisor, its waiter or its starter ends all.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;

use crate::start::{Started, run, start, start_bare, users};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn a_worker_past_a_limit_ends_alone_and_one_within_it_lives() {
    for (life, ended) in [
        (
            "memory past its limit",
            format!("Signaled({})", libc::SIGABRT),
        ),
        ("memory within its limit", "Exited(0)".to_owned()),
        (
            "time past its limit",
            format!("Signaled({})", libc::SIGXCPU),
        ),
        ("time within its limit", "Exited(0)".to_owned()),
        (
            "spool past its limit",
            format!("Signaled({})", libc::SIGXFSZ),
        ),
        ("spool within its limit", "Exited(0)".to_owned()),
        ("panic", "Exited(101)".to_owned()),
        ("abort", format!("Signaled({})", libc::SIGABRT)),
    ] {
        for user in users() {
            let done = run(user, &["life", life]);
            assert_eq!(
                done.report,
                Some(format!("{ended}, then Exited(5)")),
                "{user:?} {life}: {}",
                done.stderr
            );
            assert_eq!(
                done.status.code(),
                Some(0),
                "{user:?} {life}: {}",
                done.stderr
            );
        }
    }
}

#[test]
fn descriptors_past_the_limit_are_an_error_and_none_stays_behind() {
    for user in users() {
        assert_eq!(
            run(user, &["life", "files past their limit"])
                .report
                .as_deref(),
            Some("InvalidData")
        );
        assert_eq!(
            run(user, &["life", "files within their limit"])
                .report
                .as_deref(),
            Some("received")
        );
    }
}

#[test]
fn a_worker_is_killed_once_and_keeps_its_ending() {
    for user in users() {
        let done = run(user, &["life", "killed"]);
        let killed = format!(
            "None, then Signaled({0}), and still Some(Signaled({0}))",
            libc::SIGKILL
        );
        assert_eq!(done.report, Some(killed), "{}", done.stderr);
    }
}

#[test]
fn the_status_of_the_supervisor_is_forwarded_and_its_workers_end_with_it() {
    for user in users() {
        for (life, code, signal) in [
            ("exit", Some(7), None),
            ("attack", None, Some(libc::SIGSYS)),
            ("panic of the supervisor", Some(101), None),
        ] {
            let started = held(user, life, |_| {});
            started.expect_all_gone();
            let done = started.finish();
            assert_eq!(
                (done.status.code(), done.status.signal()),
                (code, signal),
                "{user:?} {life}: {}",
                done.stderr
            );
        }
    }
}

#[test]
fn killing_the_waiter_ends_the_supervisor_and_its_workers() {
    for user in users() {
        let started = held(user, "hold", |started| {
            kill(pid(started), Signal::SIGKILL).unwrap();
        });
        assert!(
            started.receive().is_none(),
            "{user:?}: the supervisor lives"
        );
        started.expect_all_gone();
        assert_eq!(started.finish().status.signal(), Some(libc::SIGKILL));
    }
}

#[test]
fn killing_the_starter_ends_the_supervisor_and_its_workers() {
    for user in users() {
        let started = held(user, "starter", |started| {
            kill(pid(started), Signal::SIGKILL).unwrap();
        });
        assert!(
            started.receive().is_none(),
            "{user:?}: the supervisor lives"
        );
        started.expect_all_gone();
        started.finish();
    }
}

#[test]
fn the_waiter_is_jailed_too() {
    for user in users() {
        let started = held(user, "hold", |_| {});
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid(&started))).unwrap();
        for line in [
            "Seccomp:\t2",
            "NoNewPrivs:\t1",
            "Threads:\t1",
            "CapEff:\t0000000000000000",
            "CapPrm:\t0000000000000000",
            "CapBnd:\t0000000000000000",
        ] {
            assert!(
                status.lines().any(|found| found == line),
                "{user:?}: no {line} in\n{status}"
            );
        }
        kill(pid(&started), Signal::SIGKILL).unwrap();
        started.finish();
    }
}

#[test]
fn the_jail_is_not_made_beside_another_thread() {
    for user in users() {
        let done = start_bare(user, &["life", "two threads"]).finish();
        assert!(
            done.report.as_deref().unwrap().starts_with("2 threads run"),
            "{:?}",
            done.report
        );
    }
}

#[test]
fn the_jail_is_not_made_around_a_medium_that_can_be_written() {
    for user in users() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let report = kept(user, named.as_file());
        assert!(
            report.contains("of the medium is open for writing"),
            "{report}"
        );
        let report = kept(user, &File::open(named.path()).unwrap());
        assert_eq!(report, "jailed");
        let mut spool = tempfile::tempfile().unwrap();
        spool.write_all(b"spool").unwrap();
        assert_eq!(kept(user, &spool), "jailed");
    }
}

/// What the program reports of a jail around this descriptor.
fn kept(user: &[&str], file: &File) -> String {
    let started = start_bare(user, &["life", "kept"]);
    started.channel.send(b"keep", &[file.as_fd()]).unwrap();
    started.finish().report.unwrap()
}

/// Starts a program, waits until its worker alone holds the witness, and does `then`.
fn held(user: &[&str], life: &str, then: impl FnOnce(&Started)) -> Started {
    let started = start(user, &["life", life]);
    assert_eq!(
        started.receive().as_deref(),
        Some("held"),
        "{user:?} {life}"
    );
    then(&started);
    started
}

fn pid(started: &Started) -> Pid {
    Pid::from_raw(i32::try_from(started.process.id()).unwrap())
}
