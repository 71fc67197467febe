//! What makes one reader see another ledger than the next: things in the database that SQLite
//! asks in the place of a table, and numbers in pages that lead past an entry. Nothing of it touches
//! an entry's bytes.

use std::fs;
use std::path::Path;

use crate::common::*;
use crate::forger::{made, unguarded, whole};
use record::reader::Filter;
use record::{Alteration, Ledger, LedgerError, Writer};
use rusqlite::Connection;

fn open(folder: &Path) -> Connection {
    Connection::open(folder.join("ledger.db")).unwrap()
}

/// The thing that verification names, and every reader and the writer refuse.
#[track_caller]
fn refused(folder: &Path) -> String {
    let error = verified(folder).unwrap_err();
    assert!(error.is_alteration());
    assert!(Ledger::open(folder).is_err(), "a reader went on");
    assert!(Writer::open(folder).is_err(), "the writer went on");
    if let LedgerError::Schema(name) = error {
        return name;
    }
    panic!("{error}")
}

#[track_caller]
fn altered(folder: &Path) -> (u64, Alteration) {
    match verified(folder) {
        Err(LedgerError::Altered { number, what }) => (number, what),
        other => panic!("{other:?}"),
    }
}

/// Makes an index, has its contents say `lie`, and puts the table back: from then on SQLite
/// answers out of the index whatever it covers.
fn lie(folder: &Path, index: &str, lie: &str, truth: &str, hidden_as: &str) {
    unguarded(folder, |db| {
        db.execute_batch(&format!(
            "CREATE TABLE kept AS SELECT * FROM entries; {lie} {index};
             PRAGMA writable_schema = ON;
             CREATE TEMP TABLE mine AS SELECT * FROM sqlite_schema WHERE name = 'mine';
             DELETE FROM sqlite_schema WHERE name = 'mine'; PRAGMA writable_schema = RESET;
             {truth} DROP TABLE kept; PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema SELECT {hidden_as}, tbl_name, rootpage,
                 replace(sql, 'mine', 'sqlite_mine') FROM temp.mine;
             PRAGMA writable_schema = RESET;"
        ))
        .unwrap();
    });
}

#[test]
fn an_index_that_says_that_rows_were_sealed_away_is_named_under_every_name() {
    for hidden_as in ["'index', 'sqlite_mine'", "'INDEX', 'sqlite_mine'"] {
        let folder = made();
        let last = ENTRIES;
        lie(
            folder.path(),
            "CREATE INDEX mine ON entries (number, bytes)",
            &format!(
                "UPDATE entries SET bytes = '{{\"event\":{{\"event\":\"sealed\",\"through\":10}}}}'
                 WHERE number = {last};"
            ),
            &format!(
                "UPDATE entries SET bytes = (SELECT bytes FROM kept WHERE number = {last})
                 WHERE number = {last}; DELETE FROM rows WHERE entry < {last};"
            ),
            hidden_as,
        );
        // SQLite itself is deceived, so the test is about what it says it is.
        let seen: i64 = open(folder.path())
            .query_row(
                "SELECT count(*) FROM entries WHERE instr(bytes, '\"event\":\"sealed\"')",
                (),
                |row| row.get(0),
            )
            .unwrap_or(-1);
        assert!(seen != 0, "{hidden_as}");
        let named = refused(folder.path());
        assert!(named.contains("sqlite_"), "{hidden_as}: {named}");
    }
}

#[test]
fn whatever_is_added_to_the_database_is_named_and_asked_nothing() {
    let added = |sql: &str| {
        let folder = made();
        let db = open(folder.path());
        db.execute_batch(&format!("PRAGMA writable_schema = ON; {sql}"))
            .unwrap();
        drop(db);
        refused(folder.path())
    };
    assert_eq!(added("CREATE INDEX mine ON rows (entry)"), "index mine");
    assert_eq!(added("CREATE TABLE mine (a)"), "table mine");
    assert_eq!(added("ANALYZE"), "table sqlite_stat1");
    // SQLite does not mind how a kind is spelled, and its own names are taken as they come.
    for name in ["sqlite_mine", "sqlite_autoindex_steps_1", "mine"] {
        let sql = format!(
            "INSERT INTO sqlite_schema VALUES ('TRIGGER', '{name}', 'rows', 0,
             'CREATE TRIGGER {name} BEFORE INSERT ON rows
              WHEN instr(NEW.bytes, ''matched'') BEGIN SELECT raise(IGNORE); END')"
        );
        assert_eq!(added(&sql), format!("TRIGGER {name}"));
    }
    for kind in ["VIEW", "view"] {
        let sql = format!(
            "UPDATE sqlite_schema SET type = '{kind}', rootpage = 0, sql =
             'CREATE VIEW sqlite_sequence (name, seq) AS WITH RECURSIVE endless (n) AS
              (SELECT 1 UNION ALL SELECT n FROM endless) SELECT ''entries'', n FROM endless'
             WHERE name = 'sqlite_sequence'"
        );
        assert_eq!(added(&sql), format!("{kind} sqlite_sequence"));
    }
}

#[test]
fn a_trigger_that_comes_while_the_writer_runs_loses_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&inserted(), None).unwrap();
    open(folder.path())
        .execute_batch(
            "CREATE TRIGGER mine BEFORE INSERT ON rows WHEN NEW.ordinal = 2
             BEGIN SELECT raise(IGNORE); END",
        )
        .unwrap();
    let rows = received(&lines(&[row("a"), row("b"), row("c")]));
    let refusal = writer
        .append(&judged(passed(1, 3)), Some(&rows))
        .unwrap_err();
    assert!(refusal.to_string().contains("cannot write"), "{refusal}");
    assert_eq!(writer.head().map(|head| head.number), Some(1));
}

/// The first byte of the root page of a table.
fn root(folder: &Path, table: &str) -> (usize, usize) {
    let db = open(folder);
    let page: i64 = db
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            (table,),
            |row| row.get(0),
        )
        .unwrap();
    let size: i64 = db
        .query_row("PRAGMA page_size", (), |row| row.get(0))
        .unwrap();
    ((page as usize - 1) * size as usize, size as usize)
}

#[test]
fn a_number_in_a_page_that_leads_past_an_entry_is_named() {
    let folder = made();
    let mut bytes = whole(folder.path());
    let (at, _) = root(folder.path(), "entries");
    assert_eq!(bytes[at], 5, "the table has pages below its root");
    // The first cell of the root: four bytes of a page, then the highest number in it.
    let cell = u16::from_be_bytes([bytes[at + 12], bytes[at + 13]]);
    let key = at + usize::from(cell) + 4;
    let highest = bytes[key];
    assert!(1 < highest && u64::from(highest) < ENTRIES);
    bytes[key] = highest - 1;
    fs::write(folder.path().join("ledger.db"), &bytes).unwrap();
    // One after the other they are all there, and by its number this one is not.
    let count = |sql| -> i64 {
        open(folder.path())
            .query_row(sql, (), |row| row.get(0))
            .unwrap()
    };
    assert_eq!(
        count("SELECT count(*) FROM entries NOT INDEXED"),
        ENTRIES as i64
    );
    let sql = format!("SELECT count(*) FROM entries WHERE number = {highest}");
    assert_eq!(count(&sql), 0);
    let error = verified(folder.path()).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged(_)), "{error}");
    assert!(error.is_alteration());
    assert!(Writer::open(folder.path()).is_err());
    let ledger = Ledger::open(folder.path()).unwrap();
    let missing = ledger.entry(u64::from(highest)).unwrap_err();
    assert!(
        matches!(
            missing,
            LedgerError::Altered {
                what: Alteration::Missing,
                ..
            }
        ),
        "{missing}"
    );
}

/// A page of a table that leads to `child` four hundred times.
fn many_ways_to(child: u32, page_bytes: usize) -> Vec<u8> {
    let (cells, cell_bytes) = (400, 6);
    let content = page_bytes - cells * cell_bytes;
    let mut page = vec![0; page_bytes];
    page[0] = 5;
    page[3..5].copy_from_slice(&(cells as u16).to_be_bytes());
    page[5..7].copy_from_slice(&(content as u16).to_be_bytes());
    page[8..12].copy_from_slice(&child.to_be_bytes());
    for index in 0..cells {
        let at = content + cell_bytes * index;
        page[at..at + 4].copy_from_slice(&child.to_be_bytes());
        // The highest number below it, in SQLite's form of two bytes.
        page[at + 4] = 0x81 + (index >> 7) as u8;
        page[at + 5] = (index & 0x7f) as u8;
        page[12 + 2 * index..14 + 2 * index].copy_from_slice(&(at as u16).to_be_bytes());
    }
    page
}

#[test]
fn pages_that_lead_to_one_page_by_many_ways_have_an_end() {
    let folder = made();
    let mut bytes = whole(folder.path());
    let (at, page_bytes) = root(folder.path(), "entries");
    let cell = usize::from(u16::from_be_bytes([bytes[at + 12], bytes[at + 13]]));
    let mut child = u32::from_be_bytes(bytes[at + cell..at + cell + 4].try_into().unwrap());
    // Five pages above a page of entries, and the root: the entries of that page 400^6 times.
    for _ in 0..5 {
        let page = many_ways_to(child, page_bytes);
        bytes.extend(page);
        child = (bytes.len() / page_bytes) as u32;
    }
    bytes[at..at + page_bytes].copy_from_slice(&many_ways_to(child, page_bytes));
    let pages = (bytes.len() / page_bytes) as u32;
    bytes[28..32].copy_from_slice(&pages.to_be_bytes());
    fs::write(folder.path().join("ledger.db"), &bytes).unwrap();
    assert!(verified(folder.path()).unwrap_err().is_alteration());
    assert!(Writer::open(folder.path()).is_err());
    let ledger = Ledger::open(folder.path()).unwrap();
    let entries = ledger.entries(Filter::default()).unwrap();
    assert!(entries.count() < ENTRIES as usize + 2);
}

#[test]
fn an_entry_that_is_not_there_is_missed_by_whoever_lists() {
    let folder = made();
    unguarded(folder.path(), |db| {
        db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM entries WHERE number IN (4, 11)")
            .unwrap();
    });
    let ledger = Ledger::open(folder.path()).unwrap();
    let number = |entry: Result<record::reader::Entry, LedgerError>| {
        entry.map(|entry| entry.number).map_err(|error| {
            let LedgerError::Altered { number, what } = error else {
                panic!("{error}")
            };
            assert_eq!(what, Alteration::Missing);
            number
        })
    };
    let on: Vec<_> = ledger
        .entries(Filter::default())
        .unwrap()
        .map(number)
        .collect();
    assert_eq!(on, [Ok(1), Ok(2), Ok(3), Err(4)]);
    let back: Vec<_> = ledger.entries_before(7).map(number).collect();
    assert_eq!(back, [Ok(6), Ok(5), Err(4)]);
    // Beyond the last one there is nothing to miss.
    let all: Vec<_> = ledger.entries_before(100).map(number).collect();
    assert_eq!(all.first(), Some(&Ok(10)));
    assert_eq!(number(ledger.entry(4)), Err(4));
    // Nor is a beginning left out, or an end that later entries would follow.
    let begun = made();
    unguarded(begun.path(), |db| {
        db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM entries WHERE number < 4")
            .unwrap();
    });
    let ledger = Ledger::open(begun.path()).unwrap();
    let back: Vec<_> = ledger.entries_before(4).map(number).collect();
    assert_eq!(back, [Err(3)]);
    let ledger = Ledger::open(folder.path()).unwrap();
    assert!(matches!(ledger.entry(11), Err(LedgerError::NoEntry(11))));
}

#[test]
fn what_seals_a_period_is_verified_before_it_is_believed() {
    let folder = made();
    unguarded(folder.path(), |db| {
        db.execute_batch(
            "UPDATE entries SET bytes = replace(bytes, '\"event\":{\"event\":\"started\"',
                 '\"event\":{\"event\":\"sealed\",\"through\":0,\"x\":\"started\"')
             WHERE number = 1",
        )
        .unwrap();
    });
    let since = Ledger::open(folder.path()).unwrap().verify(Some(5));
    match since {
        Err(LedgerError::Altered { number, what }) => {
            assert_eq!((number, what), (1, Alteration::Changed));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_another_type_or_length_are_named_and_not_read() {
    for (sql, named) in [
        (
            "UPDATE steps SET insertion = x'00' WHERE entry = 3",
            (3, Alteration::Mislisted),
        ),
        (
            "UPDATE steps SET step = x'00' WHERE entry = 3",
            (3, Alteration::Mislisted),
        ),
        (
            "UPDATE sqlite_sequence SET seq = '11'",
            (11, Alteration::Uncounted),
        ),
        (
            "UPDATE sqlite_sequence SET seq = 11.5",
            (11, Alteration::Uncounted),
        ),
        (
            "INSERT INTO sqlite_sequence VALUES ('entries', 99)",
            (11, Alteration::Uncounted),
        ),
        (
            "UPDATE entries SET leaf = hex(zeroblob(300000)) WHERE number = 4",
            (4, Alteration::Unreadable),
        ),
        (
            "UPDATE rows SET bytes = hex(zeroblob(300000)) WHERE entry = 6 AND ordinal = 2",
            (6, Alteration::RowsChanged),
        ),
        (
            "UPDATE checkpoints SET note = x'00' WHERE size = 6",
            (6, Alteration::Forged),
        ),
    ] {
        let folder = made();
        // A table that is not strict lets any value in, and looks as it did afterwards.
        unguarded(folder.path(), |db| {
            db.execute_batch(
                "PRAGMA writable_schema = ON;
                 CREATE TEMP TABLE texts AS SELECT name, sql FROM sqlite_schema;
                 UPDATE sqlite_schema SET sql = replace(replace(replace(sql, 'STRICT, ', ''),
                     'STRICT', ''), ' CHECK (', ' CHECK (1 OR ') WHERE type = 'table';
                 PRAGMA writable_schema = RESET;",
            )
            .unwrap();
            drop_in(folder.path(), sql);
            db.execute_batch(
                "PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = (SELECT sql FROM temp.texts
                     WHERE texts.name = sqlite_schema.name) WHERE type = 'table';
                 PRAGMA writable_schema = RESET;",
            )
            .unwrap();
        });
        assert_eq!(altered(folder.path()), named, "{sql}");
        assert!(Writer::open(folder.path()).is_err() || named.1 == Alteration::RowsChanged);
    }
}

/// Runs `sql` over a connection that has read the tables as they are at the moment.
fn drop_in(folder: &Path, sql: &str) {
    let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
    open(folder).execute_batch(&sql).unwrap();
}

#[test]
fn a_stored_checkpoint_has_the_ledgers_signature_and_no_other() {
    let folder = made();
    unguarded(folder.path(), |db| {
        db.execute_batch(
            "UPDATE checkpoints SET note = note || '\u{2014} audit.example AAAAAAAA' || char(10)
             WHERE size = 6",
        )
        .unwrap();
    });
    assert_eq!(altered(folder.path()), (6, Alteration::Forged));
}
