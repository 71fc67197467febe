//! Periods whose rows are put into an archive: what stays provable, and what is not put away.

use std::path::Path;

use crate::common::*;
use crate::forger::unguarded;
use crate::signed::altered;
use record::{Alteration, Ledger, Refusal, Writer};
use wire::audit::Sealed;
use wire::ledger::Event;

/// Three verdicts' worth of rows, sealed through entry 6.
fn seal(folder: &Path, days: u32) -> Result<Vec<u8>, Refusal> {
    let mut archive = Vec::new();
    let told = Ledger::open(folder)
        .unwrap()
        .archive(6, &mut archive)
        .unwrap();
    assert_eq!((told.entries, told.rows), (2, 6));
    let mut writer = Writer::open(folder).unwrap();
    writer.keep(days);
    let event = Event::Sealed(Box::new(Sealed {
        by: someone(),
        through: 6,
        rows: told.rows,
        archive_sha256: told.sha256,
    }));
    writer.append(&event, None).map(|_| archive)
}

#[test]
fn a_sealed_period_keeps_its_proofs_and_loses_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let rows = |number| Ledger::open(folder.path()).unwrap().rows(number).count();
    assert_eq!((rows(3), rows(6)), (3, 3));
    let archive = String::from_utf8(seal(folder.path(), 0).unwrap()).unwrap();
    assert_eq!((rows(3), rows(6)), (0, 0));
    let held = verified(folder.path()).unwrap();
    assert_eq!((held.sealed, held.entries), (6, 12));
    // The archive's rows hash to what their entry says.
    let entry = Ledger::open(folder.path()).unwrap().entry(3).unwrap();
    let said = entry.content().unwrap().rows_sha256.unwrap();
    assert!(archive.starts_with(&format!("# entry 3 rows 3 rows_sha256 {said}\n")));
    // What is put away later is not, and rows that are there must still be right.
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&inserted(), None).unwrap();
    let lines = received(&lines(&[row("d")]));
    writer.append(&judged(passed(13, 1)), Some(&lines)).unwrap();
    drop(writer);
    unguarded(folder.path(), |db| {
        db.execute_batch("DELETE FROM rows").unwrap()
    });
    assert_eq!(
        altered(verified(folder.path())),
        (14, Alteration::RowMissing(1))
    );
}

#[test]
fn what_is_not_old_or_not_archived_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    assert!(matches!(
        seal(folder.path(), record::archive::KEEP_DAYS),
        Err(Refusal::Seal(_))
    ));
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.keep(0);
    let wrong = Event::Sealed(Box::new(Sealed {
        by: someone(),
        through: 6,
        rows: 6,
        archive_sha256: wire::Digest([1; 32]),
    }));
    let refusal = writer.append(&wrong, None).unwrap_err();
    assert!(matches!(refusal, Refusal::Seal(_)), "{refusal}");
    let before = verified(folder.path()).unwrap();
    assert_eq!((before.rows, before.entries), (6, ENTRIES));
}

#[test]
fn a_part_of_a_sealed_period_is_no_sealed_period() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let kept = "CREATE TEMP TABLE k AS SELECT * FROM rows WHERE entry = 3 AND ordinal = 1";
    let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    db.execute_batch(kept).unwrap();
    let bytes: String = db
        .query_row("SELECT bytes FROM k", (), |row| row.get(0))
        .unwrap();
    drop(db);
    seal(folder.path(), 0).unwrap();
    unguarded(folder.path(), |db| {
        db.execute("INSERT INTO rows VALUES (3, 1, ?1)", (bytes,))
            .unwrap();
    });
    assert_eq!(
        altered(verified(folder.path())),
        (3, Alteration::RowMissing(2))
    );
}
