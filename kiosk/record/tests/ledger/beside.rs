//! What lies beside the entries or was noted elsewhere, and is not what it should be: keys, heads,
//! checkpoints, and files that are none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::common::*;
use crate::forger::{made, stolen, whole};
use record::note;
use record::verify::Outside;
use record::verify::note::{Note, PublicKey};
use record::{Ledger, LedgerError, Writer};

#[test]
fn a_head_beside_the_ledger_that_no_key_of_it_signed_is_named() {
    let folder = made();
    let path = folder.path().join("ledger.head");
    let head = fs::read_to_string(&path).unwrap();
    let edited = head.replacen(&format!("\n{ENTRIES}\n"), "\n999\n", 1);
    assert_ne!(edited, head);
    for other in [
        edited.as_str(),
        "x",
        &head[..head.len() - 9],
        &format!("{head}x"),
    ] {
        fs::write(&path, other).unwrap();
        let error = verified(folder.path()).unwrap_err();
        assert!(matches!(error, LedgerError::Beside), "{other}: {error}");
        assert!(error.is_alteration());
    }
    // A disk that lost power may leave a file that is empty.
    for none in ["", "\0\0\0\0"] {
        fs::write(&path, none).unwrap();
        assert!(verified(folder.path()).is_ok());
        drop(Writer::open(folder.path()).unwrap());
    }
}

#[test]
fn a_checkpoint_that_an_auditor_signed_and_no_key_of_the_ledger_is_of_another() {
    let folder = made();
    let ledger = Ledger::open(folder.path()).unwrap();
    let checkpoint = ledger.checkpoint(None).unwrap();
    let body = Note::parse(&checkpoint).unwrap().body;
    let auditor = record::key::SecretKey::from_seed([42; 32]);
    let line = auditor.cosignature("audit.example", &body, 1);
    let only_hers = Note::parse(&note::signed(&body, &[line])).unwrap();
    let bare = Outside {
        bare: vec![auditor.public()],
        checkpoints: vec![only_hers.clone()],
        ..Outside::default()
    };
    let error = ledger.verify_with(None, bare).unwrap_err();
    assert!(matches!(error, LedgerError::OtherCheckpoint(_)), "{error}");
    assert!(error.is_alteration());
    // Of another ledger it is whatever it says.
    let other = record::key::SecretKey::from_seed([9; 32]);
    let theirs = body.replacen(
        &ledger.first_key().unwrap().name().to_owned(),
        &other.origin(),
        1,
    );
    let line = other.log_signature(&other.origin(), &theirs);
    let theirs = Outside {
        checkpoints: vec![Note::parse(&note::signed(&theirs, &[line])).unwrap()],
        ..Outside::default()
    };
    let error = ledger.verify_with(None, theirs).unwrap_err();
    assert!(error.to_string().contains(&other.origin()), "{error}");
    assert!(error.is_alteration());
}

#[test]
fn a_key_without_a_name_is_the_ledgers_or_a_co_signers() {
    let folder = made();
    let ledger = Ledger::open(folder.path()).unwrap();
    let checkpoint = ledger.checkpoint(None).unwrap();
    let body = Note::parse(&checkpoint).unwrap().body;
    let auditor = record::key::SecretKey::from_seed([42; 32]);
    let both = format!(
        "{checkpoint}{}",
        auditor.cosignature("audit.example", &body, 1)
    );
    let bare = |key: [u8; 32]| Outside {
        bare: vec![key],
        checkpoints: vec![Note::parse(&both).unwrap()],
        ..Outside::default()
    };
    let own = stolen(folder.path()).public();
    assert!(ledger.verify_with(None, bare(own)).is_ok());
    let hers = ledger.verify_with(None, bare(auditor.public())).unwrap();
    assert_eq!(hers.cosignatures[0].key.name(), "audit.example");
    let stranger = record::key::SecretKey::from_seed([9; 32]).public();
    let error = ledger.verify_with(None, bare(stranger)).unwrap_err();
    assert!(matches!(error, LedgerError::OtherKey(_)), "{error}");
    // Without the file beside the ledger its first key is one that was noted.
    fs::remove_file(folder.path().join("ledger.pub")).unwrap();
    assert!(ledger.verify_with(None, bare(own)).is_ok());
    let named = Outside {
        keys: vec![PublicKey::first(&own).unwrap()],
        ..Outside::default()
    };
    assert!(ledger.verify_with(None, named).is_ok());
    assert!(matches!(
        ledger.verify_with(None, bare(auditor.public())),
        Err(LedgerError::OtherCheckpoint(_) | LedgerError::NoKey(_))
    ));
}

#[test]
fn what_is_no_plain_file_is_not_waited_for_and_not_followed() {
    let other = made();
    let pipe = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    for name in ["ledger.db", "ledger.pub", "ledger.head"] {
        for is_pipe in [true, false] {
            let folder = made();
            let path = folder.path().join(name);
            fs::remove_file(&path).unwrap();
            if is_pipe {
                pipe(&path);
            } else {
                symlink(other.path().join(name), &path).unwrap();
            }
            assert!(verified(folder.path()).is_err(), "{name} {is_pipe}");
            assert!(Writer::open(folder.path()).is_err(), "{name} {is_pipe}");
        }
    }
    // Three gigabytes of nothing.
    for name in ["ledger.pub", "ledger.head"] {
        let folder = made();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(folder.path().join(name));
        file.unwrap().set_len(3 << 30).unwrap();
        assert!(verified(folder.path()).is_err(), "{name}");
    }
}

#[test]
fn a_database_that_is_gone_emptied_or_written_over_was_one() {
    let gone = made();
    fs::remove_file(gone.path().join("ledger.db")).unwrap();
    assert!(matches!(verified(gone.path()), Err(LedgerError::Lost(_))));
    for bytes in [b"".as_slice(), [b'x'; 8192].as_slice()] {
        let folder = made();
        fs::remove_file(folder.path().join("ledger.db-wal")).ok();
        fs::remove_file(folder.path().join("ledger.db-shm")).ok();
        fs::write(folder.path().join("ledger.db"), bytes).unwrap();
        let error = verified(folder.path()).unwrap_err();
        assert!(error.is_alteration(), "{error}");
    }
    // Its first page is there, and nothing else.
    let cut = made();
    let bytes = whole(cut.path());
    fs::write(cut.path().join("ledger.db"), &bytes[..4096]).unwrap();
    let error = verified(cut.path()).unwrap_err();
    assert!(error.is_alteration(), "{error}");
}
