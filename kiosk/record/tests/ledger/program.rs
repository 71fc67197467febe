//! The program: its arguments, its end in order, and its death at any moment.

use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use jail::channel::{Channel, Listener};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proptest::prelude::*;
use record::{Ledger, Writer};
use wire::frame;
use wire::ledger::{Answer, Append, Event};

use crate::common::*;
use crate::talk::*;

#[test]
fn the_program_ends_with_its_connection_and_everything_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, channel) = spawn(folder.path());
    recorded(&channel, inserted(), None);
    send(&channel, judged(stopped(1, 0)), None);
    send(&channel, inserted(), None);
    drop(channel);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let events = events(folder.path());
    assert!(
        matches!(interruption(events.last().unwrap()), Some((3, _))),
        "{events:?}"
    );
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

#[test]
fn a_signal_ends_the_server_in_order() {
    for stop in [Signal::SIGTERM, Signal::SIGINT] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let mut child = Command::new(program())
            .arg("--listen")
            .arg(&socket)
            .arg("--ledger")
            .arg(folder.path())
            .spawn()
            .unwrap();
        let channel = loop {
            match Channel::connect(&socket) {
                Ok(channel) => break channel,
                Err(_) => assert_eq!(child.try_wait().unwrap(), None, "it never listened"),
            }
        };
        recorded(&channel, inserted(), None);
        signal(&child, stop);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(answer(&channel), None);
        assert!(interruption(&events(folder.path())[1]).is_some());
    }
}

#[test]
fn ctrl_c_leaves_a_scan_by_hand_the_time_to_record_its_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, channel) = spawn(folder.path());
    recorded(&channel, inserted(), None);
    signal(&child, Signal::SIGINT);
    recorded(&channel, judged(stopped(1, 0)), None);
    recorded(&channel, inserted(), None);
    signal(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(
        events(folder.path())
            .iter()
            .filter_map(interruption)
            .count(),
        1
    );
}

#[test]
fn a_second_program_names_the_folder_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path()).unwrap();
    let (mut child, channel) = spawn(folder.path());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(answer(&channel), None);
    let text = complaint(&mut child);
    assert!(text.contains("being written by another process"), "{text}");
    assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
    drop(writer);
}

#[test]
fn the_program_does_not_start_on_an_altered_ledger() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    sqlite3(folder.path(), UNGUARD);
    let (mut child, _channel) = spawn(folder.path());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(complaint(&mut child).contains("ledger altered: its trigger"));
}

#[test]
fn wrong_arguments_and_a_wrong_standard_input_are_faults() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(program())
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert_eq!(run(&[]).0, Some(2));
    assert_eq!(run(&["--nonsense"]).0, Some(2));
    let (code, text) = run(&["--ledger", "l"]);
    assert_eq!(code, Some(2));
    assert!(
        text.contains("standard input is not a packet socket"),
        "{text}"
    );
    assert_eq!(run(&["--help"]), (Some(0), String::new()));
}

/// A disk that does not take writes, as the file size limit of a process: SQLite sees an I/O
/// error, after which nothing can be promised any more.
#[test]
fn a_disk_error_refuses_from_then_on_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = Channel::pair().unwrap();
    let mut child = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 256; exec \"$0\" --ledger \"$1\"",
        ])
        .arg(program())
        .arg(folder.path())
        .stdin(Stdio::from(theirs.into_fd()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut last = recorded(&ours, inserted(), None);
    let why = loop {
        send(
            &ours,
            Event::Started {
                kiosk: "x".repeat(10_000),
                rules: None,
                again: false,
            },
            None,
        );
        match answer(&ours).unwrap() {
            Answer::Recorded(id) => last = id,
            Answer::Refused { why, .. } => break why,
            Answer::Standing(_) => panic!("nobody asked"),
        }
    };
    assert!(
        why.starts_with("ledger is out of service: cannot write the ledger"),
        "{why}"
    );
    assert!(refused(&ours, started()).starts_with("ledger is out of service"));
    drop(ours);
    // The interruption could not be written either.
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let before = verified(folder.path()).unwrap();
    assert!(before.entries >= last.number);
    drop(Writer::open(folder.path()).unwrap());
    let events = events(folder.path());
    assert!(matches!(interruption(events.last().unwrap()), Some((1, _))));
}

#[test]
fn whoever_waits_for_a_ledger_that_cannot_be_opened_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    sqlite3(
        folder.path(),
        &format!("{UNGUARD} UPDATE entries SET bytes = '{{}}' WHERE number = 3;"),
    );
    let listener = Listener::bind(&folder.path().join("socket"), 0o600).unwrap();
    let kiosk = Channel::connect(&folder.path().join("socket")).unwrap();
    send(&kiosk, started(), None);
    let mut child = Command::new(program())
        .arg("--ledger")
        .arg(folder.path())
        .stdin(Stdio::from(listener.as_fd().try_clone_to_owned().unwrap()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = why(&kiosk);
    assert!(told.starts_with("ledger altered: "), "{told}");
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

/// Sends insertions with verdicts over rows as fast as the server takes them, kills it after
/// `acknowledged` answers in the middle of the next, and checks what is left.
fn killed_after(acknowledged: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, channel) = spawn(folder.path());
    let channel = Arc::new(channel);
    let sender = {
        let channel = Arc::clone(&channel);
        thread::spawn(move || {
            let rows: Vec<_> = (0..50).map(|index| row(&index.to_string())).collect();
            let rows = jail::memory::sealed("rows", &lines(&rows)).unwrap();
            for insertion in (1u64..).step_by(2) {
                let first = Append {
                    event: inserted(),
                    rows: false,
                };
                let second = Append {
                    event: judged(passed(insertion, 50)),
                    rows: true,
                };
                let sent = channel
                    .send(&frame::encode(&first).unwrap(), &[])
                    .and_then(|()| channel.send(&frame::encode(&second).unwrap(), &[rows.as_fd()]));
                if sent.is_err() {
                    return;
                }
            }
        })
    };
    let mut promised = Vec::new();
    while promised.len() < acknowledged {
        match answer(&channel) {
            Some(Answer::Recorded(id)) => promised.push(id),
            other => panic!("{other:?}"),
        }
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    // Answers that were under way when it died are promises as well.
    while let Some(Answer::Recorded(id)) = answer(&channel) {
        promised.push(id);
    }
    sender.join().unwrap();

    if promised.is_empty() {
        // It may have died while it made the tables: then the next one makes them.
        drop(Writer::open(folder.path()).unwrap());
        verified(folder.path()).unwrap();
        return;
    }

    // As it lies there, before anybody repairs anything.
    let ledger = Ledger::open(folder.path()).unwrap();
    let found = ledger.verify(None).unwrap();
    for id in &promised {
        assert_eq!(ledger.entry(id.number).unwrap().leaf_sha256, id.leaf_sha256);
    }
    assert!(found.entries >= promised.last().map_or(0, |id| id.number));
    drop(ledger);
    drop(Writer::open(folder.path()).unwrap());
    let events = events(folder.path());
    let left_open = !found.entries.is_multiple_of(2);
    let interrupted: Vec<_> = events.iter().filter_map(interruption).collect();
    assert_eq!(interrupted.len(), usize::from(left_open));
    if left_open {
        assert_eq!(interrupted[0].0, found.entries);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged(acknowledged in 0usize..60) {
        killed_after(acknowledged);
    }
}
