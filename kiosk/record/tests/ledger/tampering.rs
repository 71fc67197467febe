//! Every change to a ledger is named. The changes are made as an administrator would, with
//! sqlite3, after taking the triggers away.

use crate::common::*;
use proptest::prelude::*;
use record::entry::leaf;
use record::reader::Filter;
use record::writer::ENTRIES_CHECKED_AT_START;
use record::{Alteration, Ledger, LedgerError, Writer};
use wire::ledger::Event;

/// The ledger of [`ledger`] with the triggers taken away and `sql` run.
fn tampered(sql: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    sqlite3(folder.path(), &format!("{UNGUARD} {sql}"));
    folder
}

/// What verification names, and that the writer does not go on from there either.
fn named(sql: &str) -> (u64, Alteration) {
    let folder = tampered(sql);
    assert!(
        Writer::open(folder.path()).is_err(),
        "{sql}: the writer went on"
    );
    match verified(folder.path()) {
        Err(LedgerError::Altered { number, what }) => (number, what),
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn an_edited_byte_is_named() {
    let edit = |number| {
        named(&format!(
            "UPDATE entries SET bytes = replace(bytes, 'media-kiosk', 'media-kiosj')
             WHERE number = {number}"
        ))
    };
    for number in 1..=ENTRIES {
        assert_eq!(edit(number), (number, Alteration::Changed));
    }
}

#[test]
fn an_added_or_removed_byte_is_named() {
    for edit in [
        "bytes || ' '",
        "' ' || bytes",
        "bytes || char(0)",
        "substr(bytes, 2)",
        "''",
    ] {
        let sql = format!("UPDATE entries SET bytes = {edit} WHERE number = 4");
        assert_eq!(named(&sql), (4, Alteration::Changed), "{edit}");
    }
}

#[test]
fn an_entry_of_a_hundred_megabytes_is_named_and_not_read() {
    let sql = "UPDATE entries SET bytes = hex(zeroblob(50000000)) WHERE number = 4";
    assert_eq!(named(sql), (4, Alteration::Changed));
    let folder = tampered(sql);
    let ledger = Ledger::open(folder.path()).unwrap();
    assert!(matches!(
        ledger.entry(4),
        Err(LedgerError::Altered { number: 4, .. })
    ));
}

#[test]
fn an_edited_leaf_is_named() {
    let sql = "UPDATE entries SET leaf = replace(leaf, substr(leaf, 1, 1), 'x') WHERE number = 4";
    assert_eq!(named(sql), (4, Alteration::Changed));
    // The same digits in upper case are another text.
    let sql = "UPDATE entries SET leaf = upper(leaf) WHERE number = 4";
    assert_eq!(named(sql), (4, Alteration::Changed));
}

#[test]
fn an_edited_number_is_named() {
    assert_eq!(
        named("UPDATE entries SET number = 20 WHERE number = 4"),
        (4, Alteration::Missing)
    );
    assert_eq!(
        named("UPDATE entries SET number = 20 WHERE number = 11"),
        (11, Alteration::Missing)
    );
    assert_eq!(
        named("UPDATE entries SET number = number + 100 WHERE number >= 4"),
        (4, Alteration::Missing)
    );
}

#[test]
fn an_entry_before_the_first_is_named() {
    let sql = "PRAGMA ignore_check_constraints = ON;
        INSERT INTO entries SELECT 0, bytes, leaf FROM entries WHERE number = 3";
    assert_eq!(named(sql).0, 0);
}

#[test]
fn a_deleted_entry_is_named() {
    for number in 1..ENTRIES {
        let sql = format!("DELETE FROM entries WHERE number = {number}");
        assert_eq!(named(&sql), (number, Alteration::Missing));
    }
    assert_eq!(
        named("DELETE FROM entries WHERE number BETWEEN 3 AND 6"),
        (3, Alteration::Missing)
    );
}

#[test]
fn a_tail_cut_off_without_its_traces_is_named() {
    assert_eq!(
        named("DELETE FROM entries WHERE number > 9"),
        (10, Alteration::Missing)
    );
    assert_eq!(named("DELETE FROM entries"), (1, Alteration::Missing));
    // The number that SQLite gave last is lowered, and the index forgotten.
    let counted = "UPDATE sqlite_sequence SET seq = 9;";
    assert_eq!(
        named(&format!("DELETE FROM entries WHERE number > 9; {counted}")),
        (10, Alteration::Missing)
    );
    let rows_left = "DELETE FROM entries WHERE number > 5; DELETE FROM steps WHERE entry > 5;
        UPDATE sqlite_sequence SET seq = 5";
    assert_eq!(named(rows_left), (6, Alteration::Missing));
    assert_eq!(
        named("DELETE FROM sqlite_sequence"),
        (ENTRIES, Alteration::Uncounted)
    );
    assert_eq!(
        named("UPDATE sqlite_sequence SET seq = 9"),
        (ENTRIES, Alteration::Uncounted)
    );
}

#[test]
fn swapped_entries_are_named() {
    let numbers = "UPDATE entries SET number = -4 WHERE number = 4;
        UPDATE entries SET number = 4 WHERE number = 7;
        UPDATE entries SET number = 7 WHERE number = -4";
    let sql = format!("PRAGMA ignore_check_constraints = ON; {numbers}");
    assert_eq!(named(&sql), (4, Alteration::Reordered(7)));
    let bytes_only = "CREATE TEMP TABLE t AS SELECT * FROM entries;
        UPDATE entries SET bytes = (SELECT bytes FROM t WHERE number = 7) WHERE number = 4;
        UPDATE entries SET bytes = (SELECT bytes FROM t WHERE number = 4) WHERE number = 7";
    assert_eq!(named(bytes_only), (4, Alteration::Changed));
}

#[test]
fn an_entry_put_in_is_named() {
    let sql = "PRAGMA ignore_check_constraints = ON;
        UPDATE entries SET number = -number WHERE number > 4;
        UPDATE entries SET number = 1 - number WHERE number < 0;
        INSERT INTO entries SELECT 5, bytes, leaf FROM entries WHERE number = 4";
    assert_eq!(named(sql), (5, Alteration::Reordered(4)));
    // A copy at the end, counted and all.
    let sql = "INSERT INTO entries (bytes, leaf) SELECT bytes, leaf FROM entries WHERE number = 11";
    assert_eq!(named(sql), (12, Alteration::Reordered(11)));
}

/// The bytes of an entry after an edit, with a leaf that fits them.
fn remade(folder: &std::path::Path, number: u64, from: &str, to: &str) {
    let entry = Ledger::open(folder).unwrap().entry(number).unwrap();
    let bytes = entry.bytes.replacen(from, to, 1);
    assert_ne!(bytes, entry.bytes);
    let sql = format!(
        "UPDATE entries SET bytes = '{bytes}', leaf = '{}' WHERE number = {number}",
        leaf(bytes.as_bytes())
    );
    sqlite3(folder, &sql);
}

#[test]
fn an_entry_whose_leaf_was_made_anew_is_named() {
    for number in 1..ENTRIES {
        let folder = tampered("");
        remade(
            folder.path(),
            number,
            "\"boottime_ns\":",
            "\"boottime_ns\":1",
        );
        let error = verified(folder.path()).unwrap_err();
        assert!(
            matches!(error, LedgerError::Altered { number: named, what: Alteration::Remade }
                if named == number),
            "{number}: {error}"
        );
        assert!(Writer::open(folder.path()).is_err());
    }
}

#[test]
fn an_entry_that_names_another_before_it_is_named() {
    let folder = tampered("");
    remade(folder.path(), 4, "\"previous\":\"", "\"previous\":\"0");
    let error = verified(folder.path()).unwrap_err();
    assert!(matches!(
        error,
        LedgerError::Altered {
            number: 4,
            what: Alteration::Malformed
        }
    ));

    let folder = tampered("");
    let before = Ledger::open(folder.path())
        .unwrap()
        .entry(3)
        .unwrap()
        .leaf_sha256
        .to_string();
    remade(folder.path(), 4, &before, &"ab".repeat(32));
    let error = verified(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            LedgerError::Altered {
                number: 4,
                what: Alteration::Unlinked
            }
        ),
        "{error}"
    );
    let folder = tampered("");
    remade(folder.path(), 1, &"00".repeat(32), &"ab".repeat(32));
    let error = verified(folder.path()).unwrap_err();
    assert!(matches!(
        error,
        LedgerError::Altered {
            number: 1,
            what: Alteration::Unlinked
        }
    ));
}

#[test]
fn a_changed_row_is_named() {
    let changed = (6, Alteration::RowsChanged);
    for edit in ["replace(bytes, 'clean', 'Clean')", "bytes || ' '", "''"] {
        for ordinal in 1..=3 {
            let sql =
                format!("UPDATE rows SET bytes = {edit} WHERE entry = 6 AND ordinal = {ordinal}");
            assert_eq!(named_rows(&sql), changed, "{sql}");
        }
    }
}

#[test]
fn a_row_of_a_hundred_megabytes_is_named_and_not_read() {
    let sql = "UPDATE rows SET bytes = hex(zeroblob(50000000)) WHERE entry = 6 AND ordinal = 2";
    assert_eq!(named_rows(sql), (6, Alteration::RowsChanged));
}

#[test]
fn the_start_checks_the_last_entries_and_verification_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    for _ in 0..ENTRIES_CHECKED_AT_START + 2 {
        writer.append(&started(), None).unwrap();
    }
    drop(writer);
    let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
    let guard: String = db
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'entries_not_updated'",
            (),
            |row| row.get(0),
        )
        .unwrap();
    let edit = |number: u64| {
        db.execute_batch(&format!(
            "DROP TRIGGER entries_not_updated;
             UPDATE entries SET bytes = bytes || ' ' WHERE number = {number}; {guard}"
        ))
        .unwrap();
    };
    edit(3);
    assert!(matches!(
        Writer::open(folder.path()),
        Err(LedgerError::Altered { number: 3, .. })
    ));
    edit(1);
    assert!(matches!(
        verified(folder.path()),
        Err(LedgerError::Altered { number: 1, .. })
    ));
}

/// As [`named`]; the writer's check at start leaves rows to `log verify`.
fn named_rows(sql: &str) -> (u64, Alteration) {
    match verified(tampered(sql).path()) {
        Err(LedgerError::Altered { number, what }) => (number, what),
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn a_missing_row_is_named() {
    for ordinal in 1..=3 {
        let sql = format!("DELETE FROM rows WHERE entry = 6 AND ordinal = {ordinal}");
        assert_eq!(named_rows(&sql), (6, Alteration::RowMissing(ordinal)));
    }
    assert_eq!(
        named_rows("DELETE FROM rows"),
        (3, Alteration::RowMissing(1))
    );
}

#[test]
fn an_added_row_is_named() {
    let add = |entry, ordinal| {
        format!(
            "PRAGMA ignore_check_constraints = ON; INSERT INTO rows VALUES ({entry}, {ordinal}, '{{}}')"
        )
    };
    assert_eq!(named_rows(&add(6, 4)), (6, Alteration::RowExtra(4)));
    assert_eq!(named_rows(&add(6, 0)), (6, Alteration::RowExtra(0)));
    assert_eq!(named_rows(&add(6, 9)), (6, Alteration::RowExtra(9)));
    assert_eq!(named_rows(&add(1, 1)), (1, Alteration::RowExtra(1)));
    assert_eq!(named_rows(&add(9, 1)), (9, Alteration::RowExtra(1)));
    assert_eq!(named_rows(&add(12, 1)), (12, Alteration::Missing));
    assert_eq!(named_rows(&add(-1, 1)), (0, Alteration::Stray));
}

#[test]
fn swapped_or_moved_rows_are_named() {
    let swap = "UPDATE rows SET ordinal = 9 WHERE entry = 6 AND ordinal = 1;
        UPDATE rows SET ordinal = 1 WHERE entry = 6 AND ordinal = 2;
        UPDATE rows SET ordinal = 2 WHERE entry = 6 AND ordinal = 9";
    assert_eq!(named_rows(swap), (6, Alteration::RowsChanged));
    let moved = "UPDATE rows SET entry = 9, ordinal = 1 WHERE entry = 6 AND ordinal = 3";
    assert_eq!(named_rows(moved), (6, Alteration::RowMissing(3)));
    // The border between two rows, with the lines' text and number as they were.
    let border = "UPDATE rows SET bytes = bytes || char(10) || '{' WHERE entry = 6 AND ordinal = 1;
        UPDATE rows SET bytes = substr(bytes, 2) WHERE entry = 6 AND ordinal = 2";
    assert_eq!(named_rows(border), (6, Alteration::RowsChanged));
    let lines = "UPDATE rows SET bytes = bytes || char(10) ||
            (SELECT bytes FROM rows WHERE entry = 6 AND ordinal = 2) WHERE entry = 6 AND ordinal = 1;
        UPDATE rows SET bytes = (SELECT bytes FROM rows WHERE entry = 6 AND ordinal = 3)
            WHERE entry = 6 AND ordinal = 2;
        DELETE FROM rows WHERE entry = 6 AND ordinal = 3;";
    assert_eq!(named_rows(lines), (6, Alteration::RowMissing(3)));
}

#[test]
fn an_edited_index_is_named() {
    let listed = (3, Alteration::Mislisted);
    assert_eq!(
        named(
            "UPDATE steps SET insertion = 5, step = 'x' || step WHERE 0; DELETE FROM steps WHERE entry = 3"
        ),
        listed
    );
    assert_eq!(
        named(
            "UPDATE steps SET insertion = 10 WHERE entry = 10; UPDATE steps SET step = 'removed', insertion = 8 WHERE entry = 3"
        ),
        listed
    );
    assert_eq!(
        named("INSERT INTO steps VALUES (1, 1, 'inserted')"),
        (1, Alteration::Mislisted)
    );
    assert_eq!(
        named("INSERT INTO steps VALUES (12, 12, 'inserted')"),
        (12, Alteration::Missing)
    );
}

#[test]
fn missing_changed_and_added_triggers_are_named_when_all_entries_hold() {
    for sql in [
        "DROP TRIGGER rows_not_deleted",
        "CREATE TRIGGER mine AFTER INSERT ON entries BEGIN SELECT 1; END",
        "DROP TRIGGER rows_not_deleted; CREATE TRIGGER rows_not_deleted BEFORE DELETE ON rows BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT 1",
    ] {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path());
        sqlite3(folder.path(), sql);
        assert!(
            matches!(verified(folder.path()), Err(LedgerError::Schema(_))),
            "{sql}"
        );
        assert!(
            matches!(Writer::open(folder.path()), Err(LedgerError::Schema(_))),
            "{sql}"
        );
    }
}

#[test]
fn an_altered_entry_is_not_given_out() {
    let folder = tampered("UPDATE entries SET bytes = replace(bytes, 'stop', 'pass')");
    let ledger = Ledger::open(folder.path()).unwrap();
    let altered = |result: Option<Result<_, _>>| match result {
        Some(Err(LedgerError::Altered {
            number,
            what: Alteration::Changed,
        })) => number,
        other => panic!("{other:?}"),
    };
    assert_eq!(altered(Some(ledger.entry(9))), 9);
    assert!(ledger.entry(8).is_ok());
    let since = Filter {
        since: Some(9),
        limit: None,
    };
    let mut entries = ledger.entries(since).unwrap();
    assert_eq!(altered(entries.next()), 9);
    assert!(entries.next().is_none(), "a list ends at its first error");

    let folder = tampered(
        "UPDATE entries SET (bytes, leaf) = (SELECT bytes, leaf FROM entries WHERE number = 6)
         WHERE number = 9",
    );
    let entry = Ledger::open(folder.path()).unwrap().entry(9).unwrap();
    assert!(matches!(
        entry.content(),
        Err(LedgerError::Altered {
            number: 9,
            what: Alteration::Reordered(6)
        })
    ));
}

#[test]
fn a_missing_table_is_named() {
    for table in ["entries", "rows", "steps"] {
        let folder = tampered(&format!("DROP TABLE {table}"));
        let error = verified(folder.path()).unwrap_err();
        assert!(matches!(error, LedgerError::Schema(_)), "{table}: {error}");
    }
}

#[test]
fn verification_can_start_at_any_entry() {
    let folder = tampered("UPDATE entries SET bytes = bytes || ' ' WHERE number = 4");
    let ledger = Ledger::open(folder.path()).unwrap();
    let named = |since| match ledger.verify(since) {
        Err(LedgerError::Altered { number, .. }) => Some(number),
        Err(LedgerError::Schema(_)) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(None), Some(4));
    assert_eq!(named(Some(0)), Some(4));
    assert_eq!(named(Some(4)), Some(4));
    // The link to the entry before the first is verified too.
    assert_eq!(named(Some(5)), Some(4));
    assert_eq!(named(Some(6)), None);
    assert!(matches!(
        ledger.verify(Some(12)),
        Err(LedgerError::NoEntry(12))
    ));
}

#[test]
fn sqlite_itself_refuses_to_change_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let before = verified(folder.path()).unwrap();
    let leaf = "x".repeat(64);
    for sql in [
        "UPDATE entries SET bytes = 'x' WHERE number = 1",
        "UPDATE OR REPLACE entries SET number = 2 WHERE number = 1",
        "DELETE FROM entries WHERE number = 11",
        "DELETE FROM entries",
        &format!("INSERT OR REPLACE INTO entries VALUES (3, 'x', '{leaf}')"),
        &format!("REPLACE INTO entries VALUES (11, 'x', '{leaf}')"),
        &format!("INSERT INTO entries VALUES (20, 'x', '{leaf}')"),
        "UPDATE rows SET bytes = 'x'",
        "DELETE FROM rows WHERE entry = 3",
        "INSERT OR REPLACE INTO rows VALUES (3, 1, 'x')",
        "INSERT INTO rows VALUES (3, 4, 'x')",
        "INSERT INTO rows VALUES (13, 1, 'x')",
        "BEGIN; INSERT INTO rows VALUES (12, 1, 'x'); REPLACE INTO rows VALUES (12, 1, 'y')",
        "UPDATE steps SET step = 'removed'",
        "DELETE FROM steps",
        "INSERT OR REPLACE INTO steps VALUES (3, 2, 'removed')",
        "INSERT INTO steps VALUES (11, 2, 'closed')",
    ] {
        let output = std::process::Command::new("sqlite3")
            .arg(folder.path().join("ledger.db"))
            .arg(sql)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{sql}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            text.contains("append-only") || text.contains("constraint"),
            "{sql}: {text}"
        );
    }
    assert_eq!(verified(folder.path()).unwrap(), before);
}

#[test]
fn a_writer_that_finds_a_foreign_entry_refuses_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let mut writer = Writer::open(folder.path()).unwrap();
    let leaf = "x".repeat(64);
    sqlite3(
        folder.path(),
        &format!("INSERT INTO entries VALUES (12, 'x', '{leaf}')"),
    );
    for _ in 0..2 {
        let refusal = writer.append(&started(), None).unwrap_err();
        assert!(
            matches!(refusal, record::Refusal::OutOfService(_)),
            "{refusal}"
        );
    }
    let refusal = writer
        .append(&Event::Removed { insertion: 10 }, None)
        .unwrap_err();
    assert!(
        matches!(refusal, record::Refusal::OutOfService(_)),
        "{refusal}"
    );
}

#[test]
fn bytes_changed_in_the_file_itself_are_found() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let path = folder.path().join("ledger.db");
    let good = std::fs::read(&path).unwrap();
    let needle = b"\"event\":\"judged\"";
    let mut found = Vec::new();
    for at in 0..good.len() - needle.len() {
        if good[at..].starts_with(needle) {
            let mut bad = good.clone();
            bad[at + 10] ^= 1;
            std::fs::write(&path, bad).unwrap();
            match verified(folder.path()) {
                Err(LedgerError::Altered {
                    number,
                    what: Alteration::Changed,
                }) => {
                    found.push(number);
                    assert!(Writer::open(folder.path()).is_err());
                }
                // A split of a page leaves bytes behind that belong to no entry any more.
                Ok(_) => {}
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, [3, 6, 9]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_changed_byte_of_an_entry_or_row_is_named(
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        to in 1u8..=255,
    ) {
        thread_local! {
            static TAMPERED: tempfile::TempDir = tampered("");
        }
        TAMPERED.with(|folder| {
            let db = rusqlite::Connection::open(folder.path().join("ledger.db")).unwrap();
            // Seventeen texts: eleven entries, six rows.
            let all: Vec<(String, u64, String)> = db
                .prepare(
                    "SELECT 'UPDATE entries SET bytes = CAST(?1 AS TEXT) WHERE number = '
                            || number, number, bytes FROM entries
                     UNION ALL
                     SELECT 'UPDATE rows SET bytes = CAST(?1 AS TEXT) WHERE ordinal = '
                            || ordinal || ' AND entry = ' || entry, entry, bytes FROM rows",
                )
                .unwrap()
                .query_map((), |row| {
                    let number = u64::try_from(row.get::<_, i64>(1)?).unwrap();
                    Ok((row.get(0)?, number, row.get(2)?))
                })
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert_eq!(all.len(), 17);
            let (sql, number, bytes) = pick.get(&all);
            let mut changed = bytes.clone().into_bytes();
            let at = at.index(changed.len());
            changed[at] ^= to;
            db.execute(sql, (changed,)).unwrap();
            let verified = verified(folder.path());
            db.execute(sql, (bytes.as_bytes(),)).unwrap();
            prop_assert!(
                matches!(verified, Err(LedgerError::Altered { number: named, .. }) if named == *number),
                "{sql}, byte {at}: {verified:?}"
            );
            Ok(())
        })?;
    }
}
