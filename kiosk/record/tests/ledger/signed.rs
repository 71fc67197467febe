//! Checkpoints, keys and co-signatures: what is named when somebody who knows
//! the format changes a ledger, and what it takes to see it.

use std::fs;
use std::path::Path;

use crate::common::*;
use crate::forger::{stolen, unguarded, write_anew};
use record::key::{SecretKey, cosigner_key, log_key};
use record::verify::note::{Note, PublicKey};
use record::verify::{Outside, proof};
use record::{Alteration, Ledger, LedgerError, Refusal, Writer};
use wire::audit::{Cosigned, KeyRetired};
use wire::ledger::Event;

fn edited(number: u64) -> impl Fn(u64, &str) -> String {
    move |at, bytes| {
        if at == number {
            bytes.replacen("\"host\":\"", "\"host\":\"x", 1)
        } else {
            bytes.to_owned()
        }
    }
}

pub(crate) fn altered(result: Result<record::Verified, LedgerError>) -> (u64, Alteration) {
    match result {
        Err(LedgerError::Altered { number, what }) => (number, what),
        other => panic!("{other:?}"),
    }
}

fn with(folder: &Path, outside: Outside) -> Result<record::Verified, LedgerError> {
    Ledger::open(folder).unwrap().verify_with(None, outside)
}

fn given_out(checkpoint: &str) -> Outside {
    Outside {
        checkpoints: vec![Note::parse(checkpoint).unwrap()],
        ..Outside::default()
    }
}

fn asked(key: &str) -> Outside {
    Outside {
        keys: vec![PublicKey::parse(key).unwrap()],
        ..Outside::default()
    }
}

const AUDITOR: &str = "auditor.example";

fn auditor() -> SecretKey {
    SecretKey::from_seed([42; 32])
}

fn auditors_key() -> String {
    cosigner_key(AUDITOR, &auditor().public())
}

fn cosigned(checkpoint: &str) -> String {
    let body = &Note::parse(checkpoint).unwrap().body;
    format!(
        "{checkpoint}{}",
        auditor().cosignature(AUDITOR, body, 1_790_000_000)
    )
}

/// The ledger of [`ledger`] with a co-signature of its first 11 entries as entry 12, and what
/// the auditor took home.
fn audited(folder: &Path) -> String {
    ledger(folder);
    let note = cosigned(&Ledger::open(folder).unwrap().checkpoint(None).unwrap());
    let event = Event::Cosigned(Box::new(Cosigned {
        by: someone(),
        key: auditors_key(),
        note: note.clone(),
    }));
    let mut writer = Writer::open(folder).unwrap();
    writer.append(&event, None).unwrap();
    writer.append(&started(), None).unwrap();
    note
}

#[test]
fn every_entry_has_a_checkpoint_that_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let key = ledger.first_key().unwrap();
    for size in 1..=ENTRIES {
        let note = Note::parse(&ledger.checkpoint(Some(size)).unwrap()).unwrap();
        assert_eq!(note.size, size);
        assert_eq!(note.origin, key.name());
        assert_eq!(note.signed_by(&key), record::verify::note::Signed::Holds);
    }
    assert!(matches!(
        ledger.checkpoint(Some(12)),
        Err(LedgerError::NoEntry(12))
    ));
    let head = fs::read_to_string(folder.path().join("ledger.head")).unwrap();
    assert_eq!(head, ledger.checkpoint(None).unwrap());
    assert_eq!(verified(folder.path()).unwrap().keys, [key]);
}

#[test]
fn a_proof_of_each_entry_holds_without_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let keys = [ledger.first_key().unwrap()];
    for number in 1..=ENTRIES {
        let text = ledger.proof(number).unwrap();
        let proven = proof::inclusion(&text, &keys).unwrap();
        assert_eq!(proven.number, number);
        assert_eq!(proven.bytes, ledger.entry(number).unwrap().bytes);
    }
    let (old, new) = proof::consistency(&ledger.consistency(5).unwrap(), &keys).unwrap();
    assert_eq!((old.size, new.size), (5, ENTRIES));
    assert!(ledger.consistency(ENTRIES).is_err());
    assert!(ledger.proof(12).is_err());
}

#[test]
fn a_ledger_that_is_written_anew_without_the_key_is_named_at_the_first_change() {
    for number in 1..=ENTRIES {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path());
        write_anew(folder.path(), None, edited(number));
        assert_eq!(
            altered(verified(folder.path())),
            (number, Alteration::Remade)
        );
        assert!(Writer::open(folder.path()).is_err());
    }
}

#[test]
fn another_key_does_not_sign_for_the_ledgers_own() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let noted = fs::read_to_string(folder.path().join("ledger.pub")).unwrap();
    let forger = SecretKey::generate().unwrap();
    write_anew(folder.path(), Some(&forger), edited(4));
    assert_eq!(altered(verified(folder.path())), (1, Alteration::Forged));
    // The forger's public key beside it cannot have the ledger's name.
    let origin = noted.split('+').next().unwrap();
    let public = log_key(origin, &forger.public());
    fs::write(folder.path().join("ledger.pub"), public).unwrap();
    let error = verified(folder.path()).unwrap_err();
    assert!(matches!(error, LedgerError::FirstKey(_)), "{error}");
    assert!(error.is_alteration() && Writer::open(folder.path()).is_err());
    // Under a name of its own only what was noted elsewhere tells.
    let public = log_key(&forger.origin(), &forger.public());
    fs::write(folder.path().join("ledger.pub"), public).unwrap();
    write_anew(folder.path(), Some(&forger), edited(4));
    assert!(verified(folder.path()).is_ok());
    let error = with(folder.path(), asked(noted.trim())).unwrap_err();
    assert!(matches!(error, LedgerError::OtherKey(_)), "{error}");
    assert!(error.is_alteration());
}

#[test]
fn an_edited_exchanged_or_deleted_checkpoint_is_named() {
    for (sql, what) in [
        (
            "UPDATE checkpoints SET note = replace(note, char(10) || '6' || char(10),
             char(10) || '7' || char(10)) WHERE size = 6",
            Alteration::Forged,
        ),
        (
            "UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 7)
             WHERE size = 6",
            Alteration::Forged,
        ),
        (
            "UPDATE checkpoints SET note = note || ' ' WHERE size = 6",
            Alteration::Forged,
        ),
        (
            "UPDATE checkpoints SET note = '' WHERE size = 6",
            Alteration::Forged,
        ),
        // One that is too long is not read at all.
        (
            "UPDATE checkpoints SET note = hex(zeroblob(50000000)) WHERE size = 6",
            Alteration::Forged,
        ),
        (
            "DELETE FROM checkpoints WHERE size = 6",
            Alteration::Unsigned,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path());
        unguarded(folder.path(), |db| db.execute_batch(sql).unwrap());
        assert_eq!(altered(verified(folder.path())), (6, what), "{sql}");
        assert!(Writer::open(folder.path()).is_err(), "{sql}");
    }
}

#[test]
fn insert_or_replace_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    for sql in [
        "INSERT OR REPLACE INTO entries SELECT 6, bytes, leaf FROM entries WHERE number = 7",
        "REPLACE INTO rows SELECT 6, 1, bytes FROM rows WHERE entry = 3 AND ordinal = 1",
        "INSERT OR REPLACE INTO checkpoints SELECT 11, note FROM checkpoints WHERE size = 7",
        "REPLACE INTO checkpoints SELECT size, note FROM checkpoints",
        "UPDATE OR REPLACE checkpoints SET size = 3 WHERE size = 4",
        "DELETE FROM checkpoints",
    ] {
        let error = db.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert!(verified(folder.path()).is_ok());
}

/// Cuts everything after the entry `last` away, with every trace of it.
fn cut(folder: &Path, last: u64) {
    unguarded(folder, |db| {
        db.execute_batch(&format!(
            "DELETE FROM steps WHERE entry > {last}; DELETE FROM rows WHERE entry > {last};
             DELETE FROM checkpoints WHERE size > {last}; DELETE FROM entries WHERE number > {last};
             UPDATE sqlite_sequence SET seq = {last};"
        ))
        .unwrap();
    });
}

#[test]
fn a_tail_that_is_cut_off_with_every_trace_is_named_by_whatever_was_noted() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let ledger = Ledger::open(folder.path()).unwrap();
    let (note, leaf) = (
        ledger.checkpoint(None).unwrap(),
        ledger.entry(ENTRIES).unwrap().leaf_sha256.to_string(),
    );
    drop(ledger);
    cut(folder.path(), 9);
    let truncated = (10, Alteration::Truncated(ENTRIES));
    // The file beside the ledger still says it, also to the writer.
    assert_eq!(altered(verified(folder.path())), truncated);
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Altered { number: 10, .. })
    ));
    fs::remove_file(folder.path().join("ledger.head")).unwrap();
    assert!(verified(folder.path()).is_ok());
    assert_eq!(altered(with(folder.path(), given_out(&note))), truncated);
    let noted = Outside {
        heads: vec![(ENTRIES, leaf[..record::verify::CODE_DIGITS].to_owned())],
        ..Outside::default()
    };
    assert_eq!(altered(with(folder.path(), noted)), truncated);
}

#[test]
fn an_older_copy_in_the_ledgers_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let copy = tempfile::tempdir().unwrap();
    let all = |from: &Path, to: &Path| {
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    all(folder.path(), copy.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&started(), None).unwrap();
    drop(writer);
    let note = Ledger::open(folder.path())
        .unwrap()
        .checkpoint(None)
        .unwrap();
    all(copy.path(), folder.path());
    let truncated = (ENTRIES + 1, Alteration::Truncated(ENTRIES + 1));
    assert!(verified(folder.path()).is_ok());
    assert_eq!(altered(with(folder.path(), given_out(&note))), truncated);
}

#[test]
fn whoever_holds_the_key_is_caught_by_a_co_signature() {
    let folder = tempfile::tempdir().unwrap();
    let note = audited(folder.path());
    let said = verified(folder.path()).unwrap().cosignatures;
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].key.name(), said[0].size), (AUDITOR, ENTRIES));
    assert!(with(folder.path(), asked(&auditors_key())).is_ok());

    // Everything is written anew and signed again, with the auditor's entry left as it is.
    write_anew(folder.path(), Some(&stolen(folder.path())), edited(4));
    let named = (ENTRIES, Alteration::NotCosigned(12));
    assert_eq!(altered(verified(folder.path())), named);
    // What the auditor took home says the same.
    let rewritten = with(folder.path(), given_out(&note));
    assert_eq!(
        altered(rewritten),
        (ENTRIES, Alteration::Rewritten(ENTRIES))
    );
}

#[test]
fn a_co_signature_that_was_cut_away_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let note = audited(folder.path());
    cut(folder.path(), 9);
    fs::remove_file(folder.path().join("ledger.head")).unwrap();
    assert!(verified(folder.path()).is_ok());
    let error = with(folder.path(), asked(&auditors_key())).unwrap_err();
    assert!(matches!(error, LedgerError::NotCosigned(_)), "{error}");
    assert!(error.is_alteration());
    let both = Outside {
        checkpoints: vec![Note::parse(&note).unwrap()],
        ..asked(&auditors_key())
    };
    assert_eq!(
        altered(with(folder.path(), both)),
        (10, Alteration::Truncated(ENTRIES))
    );
}

#[test]
fn another_key_under_the_auditors_name_is_not_the_auditor() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let note = Ledger::open(folder.path())
        .unwrap()
        .checkpoint(None)
        .unwrap();
    let forger = SecretKey::generate().unwrap();
    let body = Note::parse(&note).unwrap().body;
    let event = Event::Cosigned(Box::new(Cosigned {
        by: someone(),
        key: cosigner_key(AUDITOR, &forger.public()),
        note: format!("{note}{}", forger.cosignature(AUDITOR, &body, 1)),
    }));
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&event, None).unwrap();
    // Once is enough.
    let again = writer.append(&event, None).unwrap_err();
    assert!(matches!(again, Refusal::Audit(_)), "{again}");
    let error = with(folder.path(), asked(&auditors_key())).unwrap_err();
    assert!(matches!(error, LedgerError::NotCosigned(_)), "{error}");
}

#[test]
fn an_emptied_ledger_is_not_the_one_that_the_key_signed() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let key = fs::read_to_string(folder.path().join("ledger.pub")).unwrap();
    cut(folder.path(), 0);
    fs::remove_file(folder.path().join("ledger.head")).unwrap();
    assert_eq!(verified(folder.path()).unwrap().entries, 0);
    let error = with(folder.path(), asked(key.trim())).unwrap_err();
    assert!(matches!(error, LedgerError::OtherKey(_)), "{error}");
}

#[test]
fn a_co_signature_that_is_spelled_to_be_overlooked_is_named() {
    let folder = tempfile::tempdir().unwrap();
    audited(folder.path());
    write_anew(
        folder.path(),
        Some(&stolen(folder.path())),
        |number, bytes| match number {
            4 => bytes.replacen("\"host\":\"", "\"host\":\"x", 1),
            12 => bytes.replacen("\"event\":{\"event\":\"c", "\"event\":{ \"event\":\"c", 1),
            _ => bytes.to_owned(),
        },
    );
    assert_eq!(
        altered(verified(folder.path())),
        (12, Alteration::Malformed)
    );
}

#[test]
fn a_head_of_the_same_length_and_another_tree_is_named_at_the_start() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ledger(folder.path());
    for file in ["ledger.key", "ledger.pub"] {
        fs::copy(folder.path().join(file), other.path().join(file)).unwrap();
    }
    ledger(other.path());
    fs::copy(
        other.path().join("ledger.head"),
        folder.path().join("ledger.head"),
    )
    .unwrap();
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Altered {
            number: ENTRIES,
            what: Alteration::Rewritten(ENTRIES)
        })
    ));
}

#[test]
fn what_holds_is_not_taken_from_an_entry_that_was_edited() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    for _ in 0..record::writer::ENTRIES_CHECKED_AT_START + 2 {
        writer.append(&started(), None).unwrap();
    }
    drop(writer);
    unguarded(folder.path(), |db| {
        db.execute_batch("UPDATE entries SET bytes = bytes || ' ' WHERE number = 1")
            .unwrap();
    });
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Altered { number: 1, .. })
    ));
}

#[test]
fn a_forged_co_signature_is_named_and_none_is_written() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let good = Ledger::open(folder.path())
        .unwrap()
        .checkpoint(None)
        .unwrap();
    let event = |key: String, note: String| {
        Event::Cosigned(Box::new(Cosigned {
            by: someone(),
            key,
            note,
        }))
    };
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut refused = |key: String, note: String| {
        let refusal = writer.append(&event(key, note), None).unwrap_err();
        assert!(matches!(refusal, Refusal::Audit(_)), "{refusal}");
    };
    refused(auditors_key(), good.clone());
    refused(auditors_key(), cosigned(&good).replace("\n11\n", "\n10\n"));
    refused("x".to_owned(), cosigned(&good));
    let other = cosigner_key("other.example", &auditor().public());
    refused(other, cosigned(&good));
    // Lines that nobody asked for stay out of what is kept for ever.
    refused(
        auditors_key(),
        format!("{}\u{2014} a AAAA\n", cosigned(&good)),
    );
    // A tree that is not this ledger's, truly signed.
    let foreign = tempfile::tempdir().unwrap();
    ledger(foreign.path());
    let theirs = Ledger::open(foreign.path())
        .unwrap()
        .checkpoint(None)
        .unwrap();
    refused(auditors_key(), cosigned(&theirs));
    drop(writer);

    let note = audited(tempfile::tempdir().unwrap().path());
    let folder = tempfile::tempdir().unwrap();
    audited(folder.path());
    let mine = Ledger::open(folder.path())
        .unwrap()
        .entry(12)
        .unwrap()
        .bytes;
    let mine = serde_json::from_str::<serde_json::Value>(&mine).unwrap();
    let mine = serde_json::to_string(&mine["event"]["note"]).unwrap();
    let theirs = serde_json::to_string(&note).unwrap();
    write_anew(
        folder.path(),
        Some(&stolen(folder.path())),
        |number, bytes| {
            if number == 12 {
                bytes.replace(&mine, &theirs)
            } else {
                bytes.to_owned()
            }
        },
    );
    let (number, what) = altered(verified(folder.path()));
    assert_eq!((number, what), (ENTRIES, Alteration::NotCosigned(12)));
}

fn retire(writer: &mut Writer) {
    let event = Event::KeyRetired(Box::new(KeyRetired {
        by: someone(),
        reason: "yearly".to_owned(),
    }));
    writer.append(&event, None).unwrap();
}

#[test]
fn a_new_key_is_vouched_for_by_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let first = fs::read_to_string(folder.path().join("ledger.pub")).unwrap();
    let before = stolen(folder.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    retire(&mut writer);
    writer.append(&started(), None).unwrap();
    retire(&mut writer);
    drop(writer);
    assert_ne!(stolen(folder.path()).public(), before.public());
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&started(), None).unwrap();
    let verified = verified(folder.path()).unwrap();
    assert_eq!((verified.keys.len(), verified.entries), (3, 17));
    for key in &verified.keys {
        assert!(with(folder.path(), asked(&key.text())).is_ok());
    }
    assert_eq!(verified.keys[0].text(), first.trim());
    let ledger = Ledger::open(folder.path()).unwrap();
    for since in 1..=17 {
        assert_eq!(ledger.verify(Some(since)).unwrap().keys.len(), 3, "{since}");
    }
    // Without the signature of the one before, the next is nobody's.
    let note = ledger.checkpoint(Some(13)).unwrap();
    let own = note.lines().last().unwrap();
    let (body, _) = note.split_once("\n\n").unwrap();
    let alone = format!("{body}\n\n{own}\n");
    unguarded(folder.path(), |db| {
        db.execute("UPDATE checkpoints SET note = ?1 WHERE size = 13", (alone,))
            .unwrap();
    });
    assert_eq!(altered(ledger.verify(None)), (13, Alteration::Forged));
    assert_eq!(altered(ledger.verify(Some(16))), (13, Alteration::Forged));
}

#[test]
fn a_change_of_keys_that_was_cut_short_comes_to_its_end_at_the_next_start() {
    // The entry is committed, and the file is not in its place yet.
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let (key, next) = (
        folder.path().join("ledger.key"),
        folder.path().join("ledger.key.next"),
    );
    let before = fs::read(&key).unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    retire(&mut writer);
    drop(writer);
    fs::rename(&key, &next).unwrap();
    fs::write(&key, &before).unwrap();
    drop(Writer::open(folder.path()).unwrap());
    assert!(!next.exists() && verified(folder.path()).is_ok());
    // The file is there, and the entry was never committed.
    fs::write(&next, SecretKey::generate().unwrap().pem()).unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&started(), None).unwrap();
    assert!(!next.exists() && verified(folder.path()).is_ok());
}

#[test]
fn a_ledger_without_its_key_is_not_written_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let key = folder.path().join("ledger.key");
    let kept = fs::read(&key).unwrap();
    let complaint = || match Writer::open(folder.path()) {
        Ok(_) => panic!("it was written"),
        Err(error) => wire::explained(&error),
    };
    fs::remove_file(&key).unwrap();
    assert!(complaint().contains("ledger.key"), "{}", complaint());
    fs::write(&key, SecretKey::generate().unwrap().pem()).unwrap();
    assert!(complaint().contains("put back the one of its backup"));
    fs::write(&key, kept).unwrap();
    fs::remove_file(folder.path().join("ledger.pub")).unwrap();
    assert!(complaint().contains("no public key"), "{}", complaint());
}
