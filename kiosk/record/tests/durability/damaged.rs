//! A folder that is not as the writer left it: the writer says which file and what to do, ends
//! with status 2, and leaves every byte as it was.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jail::channel::Channel;
use record::Writer;

use crate::common::*;
use crate::disk::Disk;
use crate::talk::*;

/// A ledger with everything in the database and its log empty.
fn closed(folder: &Path) {
    ledger(folder);
}

/// A ledger whose writer was killed, with the last entries in the log only.
fn with_log(folder: &Path) {
    closed(folder);
    add_to_log(folder);
}

/// A ledger whose writer was killed in its first life: everything is in the log.
fn add_to_log(folder: &Path) {
    let (mut child, channel) = spawn(folder);
    let id = recorded(&channel, inserted(), None);
    recorded(&channel, judged(stopped(id.number, 0)), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Every file that says something. The index of the log is made from it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|file| file.is_file() && !file.to_string_lossy().ends_with("-shm"))
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

/// What the writer says when it is started on `folder`, by another user if one is named; that
/// it ends with status 2, names the folder and what to do, and changes nothing.
#[track_caller]
fn refused(folder: &Path, program: &Path, user: Option<u32>) -> String {
    let before = contents(folder);
    let (ours, theirs) = Channel::pair().unwrap();
    let mut command = Command::new(program);
    command
        .arg("--ledger")
        .arg(folder)
        .stdin(Stdio::from(theirs.into_fd()));
    if let Some(user) = user {
        command.uid(user);
    }
    // One that starts all the same ends with its connection.
    drop(ours);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(folder.to_str().unwrap()), "{text}");
    assert!(text.contains("what to do: "), "{text}");
    let after = contents(folder);
    for (file, bytes) in before {
        assert!(
            after.get(&file) == Some(&bytes),
            "{} was changed: {text}",
            file.display()
        );
    }
    text
}

/// Damages a ledger and checks that the writer refuses it with these words.
#[track_caller]
fn check(make: fn(&Path), damage: impl Fn(&Path), words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    damage(folder.path());
    let text = refused(folder.path(), &program(), None);
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

const EVIDENCE: &str = "copy the whole folder away before anything else";

fn empty(folder: &Path, name: &str) {
    fs::write(folder.join(name), "").unwrap();
}

fn remove(folder: &Path, name: &str) {
    fs::remove_file(folder.join(name)).unwrap();
}

fn write_at(folder: &Path, name: &str, at: usize, bytes: &[u8]) {
    let path = folder.join(name);
    let mut found = fs::read(&path).unwrap();
    found[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(&path, found).unwrap();
}

#[test]
fn a_database_that_is_empty_or_gone_is_lost_and_its_log_is_kept() {
    let words = [
        "ledger.db is gone: its database is missing or empty",
        EVIDENCE,
    ];
    for make in [closed, with_log, add_to_log] {
        check(make, |folder| empty(folder, "ledger.db"), &words);
        check(make, |folder| remove(folder, "ledger.db"), &words);
    }
    // Without the file that says that there was one, a log that holds something says it.
    let without = |folder: &Path| {
        remove(folder, "ledger.lock");
        remove(folder, "ledger.db");
    };
    check(with_log, without, &words);
}

#[test]
fn a_log_that_is_missing_while_nothing_is_in_the_database_is_a_loss() {
    let words = ["is gone: its database is missing or empty", EVIDENCE];
    check(add_to_log, |folder| remove(folder, "ledger.db-wal"), &words);
}

#[test]
fn a_log_that_is_none_is_not_taken_for_an_empty_one() {
    let garbage: Vec<u8> = (0..20_000u32).map(|n| ((n * 7919) >> 5) as u8).collect();
    let words = ["ledger.db-wal is no log of SQLite", EVIDENCE];
    for make in [closed, with_log, add_to_log] {
        let write = |folder: &Path| fs::write(folder.join("ledger.db-wal"), &garbage).unwrap();
        check(make, write, &words);
    }
    // A head that did not reach the disk is an empty log, for nothing follows it.
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path());
    fs::write(folder.path().join("ledger.db-wal"), [0; 32]).unwrap();
    drop(Writer::open(folder.path()).unwrap());
    assert_eq!(verified(folder.path()).unwrap().entries, ENTRIES);
}

#[test]
fn a_log_that_is_gone_or_cut_or_changed_is_missed_by_the_last_checkpoint_given_out() {
    let words = ["the ledger was cut back", EVIDENCE];
    check(with_log, |folder| remove(folder, "ledger.db-wal"), &words);
    check(with_log, |folder| empty(folder, "ledger.db-wal"), &words);
    // SQLite takes what lies before the first frame that does not hold.
    let change = |folder: &Path| write_at(folder, "ledger.db-wal", 200, b"changed");
    check(with_log, change, &words);
    let cut = |folder: &Path| {
        let path = folder.join("ledger.db-wal");
        let found = fs::read(&path).unwrap();
        fs::write(&path, &found[..found.len() - 1]).unwrap();
    };
    check(with_log, cut, &words);
}

#[test]
fn a_key_that_is_gone_or_another_ledgers_is_named() {
    let words = [
        "ledger.key",
        "put ledger.key and ledger.pub back from a backup",
    ];
    for make in [closed, with_log] {
        check(make, |folder| remove(folder, "ledger.pub"), &["ledger.pub"]);
        let key = |folder: &Path| remove(folder, "ledger.key");
        check(make, key, &["ledger.key"]);
        let other = tempfile::tempdir().unwrap();
        closed(other.path());
        let theirs = |folder: &Path| {
            fs::copy(other.path().join("ledger.key"), folder.join("ledger.key")).unwrap();
        };
        check(make, theirs, &words);
        check(make, |folder| empty(folder, "ledger.key"), &words);
    }
}

#[test]
fn the_log_of_another_ledger_is_not_mixed_into_this_one() {
    let other = tempfile::tempdir().unwrap();
    with_log(other.path());
    let log = fs::read(other.path().join("ledger.db-wal")).unwrap();
    let put = |folder: &Path| fs::write(folder.join("ledger.db-wal"), &log).unwrap();
    check(closed, put, &["ledger", EVIDENCE]);
    check(with_log, put, &["ledger", EVIDENCE]);
    // One that holds all of the other ledger would take this one's place.
    let first = tempfile::tempdir().unwrap();
    add_to_log(first.path());
    let all = fs::read(first.path().join("ledger.db-wal")).unwrap();
    let whole = |folder: &Path| fs::write(folder.join("ledger.db-wal"), &all).unwrap();
    check(closed, whole, &["ledger", EVIDENCE]);
    check(add_to_log, whole, &["ledger"]);
    // Taken away again, it has left the ledger whole.
    let folder = tempfile::tempdir().unwrap();
    closed(folder.path());
    put(folder.path());
    refused(folder.path(), &program(), None);
    empty(folder.path(), "ledger.db-wal");
    assert_eq!(verified(folder.path()).unwrap().entries, ENTRIES);
}

#[test]
fn a_database_with_another_page_size_or_another_head_is_refused() {
    let page_size =
        |size: u16| move |folder: &Path| write_at(folder, "ledger.db", 16, &size.to_be_bytes());
    check(closed, page_size(8192), &["ledger", EVIDENCE]);
    check(closed, page_size(1024), &["ledger", EVIDENCE]);
    check(
        closed,
        page_size(3),
        &["ledger.db is a database of another program"],
    );
    let head = |folder: &Path| write_at(folder, "ledger.db", 0, b"NoSQLite");
    check(
        closed,
        head,
        &["ledger.db is a database of another program"],
    );
    let page = |folder: &Path| write_at(folder, "ledger.db", 4096, &[0xff; 4096]);
    check(closed, page, &["ledger", EVIDENCE]);
    let half = |folder: &Path| {
        let path = folder.join("ledger.db");
        let found = fs::read(&path).unwrap();
        fs::write(&path, &found[..found.len() / 2]).unwrap();
    };
    check(closed, half, &["ledger", EVIDENCE]);
}

#[test]
fn a_link_or_a_folder_in_the_place_of_a_file_is_not_followed() {
    for name in ["ledger.db", "ledger.db-wal", "ledger.lock"] {
        let link = |folder: &Path| {
            fs::rename(folder.join(name), folder.join("elsewhere")).unwrap();
            symlink(folder.join("elsewhere"), folder.join(name)).unwrap();
        };
        check(with_log, link, &["ledger"]);
        let made = |folder: &Path| {
            remove(folder, name);
            fs::create_dir(folder.join(name)).unwrap();
        };
        check(with_log, made, &["ledger"]);
    }
}

#[test]
fn a_folder_of_another_user_is_refused() {
    // Only root can become somebody else to try.
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: this test needs root");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let recorder = program_copied("recorder", place.path());
    let folder = place.path().join("ledger");
    with_log(&folder);
    let rights = "belong to the user that runs kiosk-record";
    let text = refused(&folder, &recorder, Some(NOBODY));
    assert!(
        text.contains("ledger.lock: Permission denied") || text.contains("Permission denied"),
        "{text}"
    );
    assert!(text.contains(rights), "{text}");
    // The folder is theirs and one file in it is not.
    for kept in ["ledger.lock", "ledger.db", "ledger.db-wal"] {
        chown(&folder, Some(NOBODY), None).unwrap();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            let owner = if file.ends_with(kept) { 0 } else { NOBODY };
            chown(&file, Some(owner), None).unwrap();
        }
        let text = refused(&folder, &recorder, Some(NOBODY));
        assert!(text.contains(rights), "{kept}: {text}");
    }
    // What was not touched goes on.
    chown(&folder, Some(0), None).unwrap();
    drop(Writer::open(&folder).unwrap());
    verified(&folder).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_and_can_be_read() {
    let Some(disk) = Disk::small("tmpfs") else {
        return;
    };
    let folder = disk.path().join("ledger");
    closed(&folder);
    disk.remount("ro");
    let text = refused(&folder, &program(), None);
    assert!(text.contains("Read-only file system"), "{text}");
    assert!(text.contains("mounted for writing"), "{text}");
    assert_eq!(verified(&folder).unwrap().entries, ENTRIES);
}
