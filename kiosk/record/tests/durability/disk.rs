//! A real disk that is full, or that cannot be written any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use record::{Ledger, Writer};
use wire::ledger::{Answer, Event};

use crate::common::*;
use crate::talk::*;

/// A small file system of its own, gone when it is dropped.
pub(crate) struct Disk {
    folder: PathBuf,
    _place: tempfile::TempDir,
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}

impl Disk {
    /// `tmpfs`, or `ext4` in a file. `None` when this is not root, who alone may mount.
    pub(crate) fn small(kind: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: this test needs root");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("disk");
        fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", kind]);
        if kind == "tmpfs" {
            mount.args(["-o", "size=4m", "tmpfs"]);
        } else {
            let image = place.path().join("image");
            fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
            // With blocks smaller than a page, SQLite's index of the log has holes that a full
            // disk cannot fill, and touching one ends the process (SIGBUS).
            run(Command::new("mke2fs")
                .args(["-q", "-t", kind, "-m", "0", "-b", "4096"])
                .arg(&image));
            mount.args(["-o", "loop"]).arg(&image);
        }
        run(mount.arg(&folder));
        Some(Self {
            folder,
            _place: place,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    fn free(&self) -> usize {
        let found = nix::sys::statvfs::statvfs(&self.folder).unwrap();
        (found.blocks_available() * found.fragment_size()) as usize
    }

    pub(crate) fn remount(&self, how: &str) {
        run(Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.folder));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the test has said its own.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

/// An entry of ten kilobytes, so that the disk is full soon.
fn large() -> Event {
    Event::Started {
        kiosk: "x".repeat(10_000),
        rules: None,
        again: true,
    }
}

#[test]
fn a_full_disk_refuses_and_with_room_again_the_service_goes_on() {
    for kind in ["tmpfs", "ext4"] {
        let Some(disk) = Disk::small(kind) else {
            return;
        };
        let folder = disk.path().join("ledger");
        let (mut child, channel) = spawn(&folder);
        // What takes the room is not the ledger.
        let other = disk.path().join("other");
        // Less room than the log takes before it is copied, so that it is the log that is cut.
        fs::write(&other, vec![7; disk.free() - (2 << 20)]).unwrap();
        let mut promised = vec![recorded(&channel, inserted(), None)];
        let why = loop {
            send(&channel, large(), None);
            match answer(&channel).unwrap() {
                Answer::Recorded(id) => promised.push(id),
                Answer::Refused { why, .. } => break why,
                Answer::Standing(_) => panic!("nobody asked"),
            }
        };
        let words = "ledger cannot be written: cannot write the ledger: database or disk is full";
        assert!(why.starts_with(words), "{kind}: {why}");
        for _ in 0..3 {
            let why = crate::talk::refused(&channel, large());
            assert!(why.starts_with(words), "{kind}: {why}");
        }
        fs::remove_file(&other).unwrap();
        // The blocks of a removed file are free once the file system has written that down.
        run(Command::new("sync").arg("-f").arg(disk.path()));
        promised.push(recorded(&channel, large(), None));
        promised.push(recorded(&channel, judged(stopped(1, 0)), None));
        // Full again, and killed there: the next start makes do with what is there.
        while fs::write(
            &other,
            vec![7; fs::metadata(&other).map_or(0, |m| m.len() as usize) + 4096],
        )
        .is_ok()
        {}
        send(&channel, large(), None);
        if let Answer::Recorded(id) = answer(&channel).unwrap() {
            promised.push(id);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = || {
            let ledger = Ledger::open(&folder).unwrap();
            ledger.verify(None).unwrap();
            for id in &promised {
                assert_eq!(ledger.entry(id.number).unwrap().leaf_sha256, id.leaf_sha256);
            }
        };
        kept();
        fs::remove_file(&other).unwrap();
        let mut writer = Writer::open(&folder).unwrap();
        writer.append(&started(), None).unwrap();
        drop(writer);
        kept();
        println!(
            "{kind}: {} entries before and after the disk was full",
            promised.len()
        );
    }
}

#[test]
fn a_start_on_a_full_disk_says_so_and_loses_nothing() {
    let Some(disk) = Disk::small("tmpfs") else {
        return;
    };
    let folder = disk.path().join("ledger");
    let (mut child, channel) = spawn(&folder);
    let id = recorded(&channel, inserted(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_file(folder.join("ledger.db-shm")).unwrap();
    let other = disk.path().join("other");
    assert!(fs::write(&other, vec![7; 4 << 20]).is_err());
    // The interruption of what the crash left open cannot be written.
    let (mut child, channel) = spawn(&folder);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(answer(&channel), None);
    let text = complaint(&mut child);
    assert!(text.contains("what to do: "), "{text}");
    fs::remove_file(&other).unwrap();
    drop(Writer::open(&folder).unwrap());
    let ledger = Ledger::open(&folder).unwrap();
    assert_eq!(ledger.entry(1).unwrap().leaf_sha256, id.leaf_sha256);
    assert_eq!(ledger.verify(None).unwrap().entries, 2);
}

/// As the kernel does when a disk fails: the file system takes no writes from one moment on.
#[test]
fn a_disk_that_turns_read_only_ends_the_service_and_loses_nothing() {
    let Some(disk) = Disk::small("ext4") else {
        return;
    };
    let folder = disk.path().join("ledger");
    let (mut child, channel) = spawn(&folder);
    let mut promised = Vec::new();
    for _ in 0..5 {
        promised.push(recorded(&channel, inserted(), None));
    }
    run(Command::new("mount")
        .args(["-o", "remount,abort"])
        .arg(disk.path()));
    for _ in 0..3 {
        let why = crate::talk::refused(&channel, inserted());
        assert!(
            why.starts_with("ledger is out of service: cannot write the ledger"),
            "{why}"
        );
    }
    drop(channel);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let text = complaint(&mut child);
    assert!(text.contains("what to do: "), "{text}");
    // As an auditor copies it from there.
    let copy = tempfile::tempdir().unwrap();
    run(Command::new("cp").arg("-rT").arg(&folder).arg(copy.path()));
    let ledger = Ledger::open(copy.path()).unwrap();
    ledger.verify(None).unwrap();
    for id in &promised {
        assert_eq!(ledger.entry(id.number).unwrap().leaf_sha256, id.leaf_sha256);
    }
    drop(ledger);
    drop(Writer::open(copy.path()).unwrap());
    verified(copy.path()).unwrap();
}
