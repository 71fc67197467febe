//! Reading without the right to write: what an auditor's account can do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use record::Writer;
use record::reader::Filter;

use crate::common::*;
use crate::talk::*;
use record::verify::Outside;
use record::verify::note::PublicKey;
use record::{Ledger, LedgerError};

/// Verifies as somebody who may read the ledger by its group and may not write it. Root tries
/// it as another user; anybody else takes the right to write from the files.
fn entries_seen_without_the_right_to_write(folder: &Path) -> String {
    let outer = tempfile::tempdir().unwrap();
    fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(program_copied("verify", outer.path()));
    command.arg(folder);
    if nix::unistd::geteuid().is_root() {
        command.uid(NOBODY).gid(0);
        fs::set_permissions(folder, Permissions::from_mode(0o750)).unwrap();
    } else {
        for file in folder.read_dir().unwrap() {
            fs::set_permissions(file.unwrap().path(), Permissions::from_mode(0o440)).unwrap();
        }
        fs::set_permissions(folder, Permissions::from_mode(0o550)).unwrap();
    }
    let output = command.output().unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o750)).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{complaint}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_ledger_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&started(), None).unwrap();
    assert_eq!(entries_seen_without_the_right_to_write(folder.path()), "12");
}

#[test]
fn the_ledger_is_read_when_the_writer_has_left() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    assert_eq!(entries_seen_without_the_right_to_write(folder.path()), "11");
}

#[test]
fn the_ledger_is_read_after_the_writer_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let (mut child, channel) = spawn(folder.path());
    recorded(&channel, started(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(entries_seen_without_the_right_to_write(folder.path()), "12");
}

#[test]
fn a_copy_of_the_database_alone_is_read() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let copy = tempfile::Builder::new()
        .prefix("日本 %?#")
        .tempdir()
        .unwrap();
    for file in ["ledger.db", "ledger.pub"] {
        fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    assert_eq!(entries_seen_without_the_right_to_write(copy.path()), "11");
    assert_eq!(copy.path().read_dir().unwrap().count(), 2);
    // Without the key it is read, and verified only by one that was noted elsewhere.
    let key = fs::read_to_string(copy.path().join("ledger.pub")).unwrap();
    fs::remove_file(copy.path().join("ledger.pub")).unwrap();
    let ledger = Ledger::open(copy.path()).unwrap();
    assert!(matches!(ledger.verify(None), Err(LedgerError::NoKey(_))));
    let outside = Outside {
        keys: vec![PublicKey::parse(key.trim()).unwrap()],
        ..Outside::default()
    };
    assert_eq!(ledger.verify_with(None, outside).unwrap().entries, 11);
}

#[test]
fn whoever_lists_while_entries_are_written_is_told_of_no_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&started(), None).unwrap();
    let is_done = AtomicBool::new(false);
    let lists = std::thread::scope(|scope| {
        let lists = scope.spawn(|| {
            let ledger = Ledger::open(folder.path()).unwrap();
            let (mut lists, mut seen) = (0_u32, 0);
            while !is_done.load(Ordering::Relaxed) {
                // From the end on, where the writer is.
                let since = Filter {
                    since: Some(seen + 1),
                    ..Filter::default()
                };
                for entry in ledger.entries(since).unwrap() {
                    seen = entry.unwrap().number;
                }
                if let Err(error) = ledger.entry(seen + 1) {
                    assert!(matches!(error, LedgerError::NoEntry(_)), "{error}");
                }
                lists += 1;
            }
            lists
        });
        for _ in 0..300 {
            writer.append(&started(), None).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        lists.join().unwrap()
    });
    assert!(lists > 10, "{lists}");
}
