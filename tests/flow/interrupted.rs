//! Scans that do not come to their own end are NOT FINISHED, and leave nothing running.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::kiosk::{self, Root, Running};
use crate::media;
use crate::report::{self, Report};

/// A scan that has shown progress on its terminal, so that it is in its middle.
struct Midway {
    running: Running,
    terminal: std::thread::JoinHandle<String>,
}

/// Starts `command` with a terminal as its standard error and waits until that says
/// how many files there are: from then on the scan reads them.
fn midway(command: &mut Command) -> Midway {
    let pty = nix::pty::openpty(None, None).unwrap();
    let running = kiosk::start_at(command, pty.slave);
    let (sender, seen) = std::sync::mpsc::channel();
    let terminal = std::thread::spawn(move || read(pty.master, &sender));
    let first = seen.recv_timeout(kiosk::HANG);
    assert!(first.is_ok(), "no progress on the terminal");
    Midway { running, terminal }
}

/// Whether the meter has said how many files there are; before that a `+` follows the number.
fn counted(shown: &str) -> bool {
    let digit = |text: &str| text.ends_with(|last: char| last.is_ascii_digit());
    shown
        .match_indices(" files")
        .any(|(at, _)| digit(&shown[..at]))
}

/// Reads the terminal to its end, and says when the files were counted.
fn read(master: OwnedFd, sender: &std::sync::mpsc::Sender<()>) -> String {
    let mut terminal = std::fs::File::from(master);
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    // A terminal whose other side is closed gives an error, not an end.
    while let Ok(count) = terminal.read(&mut buffer) {
        all.extend_from_slice(&buffer[..count]);
        if counted(&String::from_utf8_lossy(&all)) {
            let _ = sender.send(());
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn scan(root: &Root) -> Command {
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(media::hostile("long"))
        .arg("--json");
    command.arg("--ledger").arg(root.ledger());
    command
}

/// Waits until every one of these processes is gone.
fn gone(processes: &[(u32, String)]) {
    for (pid, name) in processes {
        kiosk::until(&format!("the end of {name}"), || {
            (!kiosk::alive(*pid)).then_some(())
        });
    }
}

fn named(processes: &[(u32, String)], name: &str) -> Vec<u32> {
    processes
        .iter()
        .filter(|(_, comm)| comm.starts_with(name))
        .map(|(pid, _)| *pid)
        .collect()
}

#[track_caller]
fn verifies(root: &Root) {
    let mut command = root.kioskctl();
    kiosk::run(
        command
            .args(["log", "verify", "--ledger"])
            .arg(root.ledger()),
    )
    .exits(0);
}

#[test]
fn an_interrupt_ends_a_scan_as_not_finished() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let root = Root::new();
        let midway = midway(&mut scan(&root));
        let below = kiosk::descendants(midway.running.pid);
        midway.running.signal(signal);
        let report = Report::checked(&midway.running.done());
        report.answers("incomplete", 4);
        assert!(
            report.json["entry"]["number"].as_u64().is_some(),
            "{}",
            report.summary()
        );
        gone(&below);
        verifies(&root);
        midway.terminal.join().unwrap();
    }
}

#[test]
fn a_scanner_killed_in_the_middle_is_not_finished_and_recorded() {
    // The process that kioskctl started, and the supervisor in its own process namespace.
    for generation in [0, 1] {
        let root = Root::new();
        let midway = midway(&mut scan(&root));
        let below = kiosk::descendants(midway.running.pid);
        let scanners = named(&below, "kiosk-scan");
        kiosk::kill(scanners[generation], Signal::SIGKILL);
        let report = Report::checked(&midway.running.done());
        report.answers("incomplete", 4);
        assert_eq!(report.reasons(), ["damaged"], "{}", report.summary());
        assert!(
            report.json["entry"]["number"].as_u64().is_some(),
            "{}",
            report.summary()
        );
        gone(&below);
        verifies(&root);
    }
}

#[test]
fn a_worker_killed_in_the_middle_costs_one_file() {
    let root = Root::new();
    let midway = midway(&mut scan(&root));
    let worker = kiosk::until("a worker", || {
        let scanners = kiosk::descendants(midway.running.pid);
        let is_worker = |pid: &u32| kiosk::descendants(*pid).is_empty();
        named(&scanners, "kiosk-scan").into_iter().find(is_worker)
    });
    kiosk::kill(worker, Signal::SIGKILL);
    let report = Report::checked(&midway.running.done());
    report.answers("incomplete", 4);
    let files = |outcome: &str| {
        let rows = report.rows().iter();
        rows.filter(|row| row["kind"] == "file" && row["outcome"] == outcome)
            .count()
    };
    // A worker that had just told of its file, and not yet that it was done, leaves both rows.
    let (unchecked, clean) = (files("unchecked"), files("clean"));
    assert!(
        unchecked == 1 && (39..=40).contains(&clean),
        "{}",
        report.summary()
    );
    verifies(&root);
}

#[test]
fn kioskctl_killed_in_the_middle_leaves_an_entry_and_no_process() {
    let root = Root::new();
    let midway = midway(&mut scan(&root));
    let below = kiosk::descendants(midway.running.pid);
    assert!(!named(&below, "kiosk-scan").is_empty(), "{below:?}");
    midway.running.signal(Signal::SIGKILL);
    let done = midway.running.done();
    assert_eq!((done.signal, done.stdout.as_str()), (Some(9), ""));
    gone(&below);
    verifies(&root);
    let entries = root.entries();
    assert_eq!(entries[0]["event"]["event"], "inserted", "{entries:?}");
    // The next scan works, and the ledger says of the one before that it has no verdict.
    let report = root.recorded(&media::sample("1-clean"), &[]);
    assert_eq!(report.status, 0, "{}", report.summary());
    let entries = root.entries();
    let told = |event: &str| {
        entries
            .iter()
            .filter(|entry| entry["event"]["event"] == event)
            .count()
    };
    assert_eq!(
        (told("inserted"), told("interrupted"), told("judged")),
        (2, 1, 1),
        "{entries:?}"
    );
    verifies(&root);
}

#[test]
fn the_ledgers_writer_killed_in_the_middle_withholds_the_verdict() {
    let root = Root::new();
    let midway = midway(&mut scan(&root));
    let below = kiosk::descendants(midway.running.pid);
    kiosk::kill(named(&below, "kiosk-record")[0], Signal::SIGKILL);
    let report = Report::checked(&midway.running.done());
    assert_ne!(report.verdict(), "pass", "{}", report.summary());
    assert!(
        report.reasons().contains(&"ledger_unavailable"),
        "{}",
        report.summary()
    );
    gone(&below);
    verifies(&root);
}

#[test]
fn an_image_that_is_written_to_in_the_middle_is_not_finished() {
    let root = Root::new();
    let image = root.path().join("long.img");
    let mut copy = Command::new("cp");
    copy.arg("--sparse=always")
        .arg(media::hostile("long"))
        .arg(&image);
    assert!(copy.status().unwrap().success());
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(&image)
        .args(["--json", "--no-ledger"]);
    let midway = midway(&mut command);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&image)
        .unwrap();
    // The last byte of the medium, which is in no file.
    file.write_all_at(b"x", file.metadata().unwrap().len() - 1)
        .unwrap();
    let report = Report::checked(&midway.running.done());
    report.answers("incomplete", 4);
    assert!(
        report.reasons().contains(&"changed"),
        "{}",
        report.summary()
    );
}

#[test]
fn progress_on_the_terminal_is_printable() {
    let root = Root::new();
    let mut command = root.kioskctl();
    command
        .arg("scan")
        .arg(media::hostile("names-deceptive"))
        .args(["--json", "--no-ledger"]);
    let pty = nix::pty::openpty(None, None).unwrap();
    let running = kiosk::start_at(&mut command, pty.slave);
    let (sender, _seen) = std::sync::mpsc::channel();
    let terminal = std::thread::spawn(move || read(pty.master, &sender));
    Report::checked(&running.done());
    let shown = terminal.join().unwrap();
    // The line is redrawn in place; colours and everything else would be the medium's doing.
    let shown = shown
        .replace("\r\n", "\n")
        .replace(['\r'], "")
        .replace("\x1b[K", "");
    report::is_printable(&shown.replace("\x1b[2K", ""), "the terminal");
}
