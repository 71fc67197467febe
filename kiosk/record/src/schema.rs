//! The form of the database: its tables, what guards them, and how a connection is set up.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use crate::error::LedgerError;

/// Longest value or row of a table that is read into memory, in bytes: more than the longest entry
/// and the longest row take.
pub(crate) const VALUE_BYTES_MAX: i32 = 512 * 1024;

/// Most memory that SQLite takes for itself in one process, in bytes: ten times what a ledger of
/// a million rows needs.
const HEAP_BYTES_MAX: i64 = 256 << 20;

/// Name of the database in the ledger's folder.
pub const FILE: &str = "ledger.db";

/// `PRAGMA application_id`: "MKLG". Says to `file` and to us what the database is.
pub const APPLICATION_ID: i32 = 0x4d4b_4c47;

/// What makes version n of the tables out of version n - 1. A released one is never edited.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];

/// The latest version of the tables, as in `PRAGMA user_version`.
#[must_use]
pub fn version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// What every connection needs, reading or writing: nothing in the file is trusted to call
/// functions, and nothing that SQLite keeps for itself can be edited as a table.
///
/// # Errors
/// When SQLite refuses.
pub fn distrust(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // A value or row that is longer than any of ours is not read into memory.
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    // Where a table is in the order of its own key, SQLite takes a whole row to look at the key.
    db.pragma_update(None, "hard_heap_limit", HEAP_BYTES_MAX)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// Whether the database is a ledger of a version we know; `None` when it is empty.
///
/// # Errors
/// [`LedgerError::Foreign`], [`LedgerError::Newer`], or what SQLite said.
pub fn identify(db: &Connection, path: &Path) -> Result<Option<i64>, LedgerError> {
    let ask = |what| db.pragma_query_value(None, what, |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<_> {
        let objects = db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| {
            row.get::<_, i64>(0)
        })?;
        Ok((ask("application_id")?, ask("user_version")?, objects))
    };
    match read() {
        Ok((0, 0, 0)) => Ok(None),
        Ok((id, found, _)) if id == i64::from(APPLICATION_ID) && found >= 1 => {
            if version() < found {
                return Err(LedgerError::Newer {
                    found,
                    known: version(),
                });
            }
            Ok(Some(found))
        }
        Ok(_) => Err(LedgerError::Foreign(path.to_owned())),
        Err(source) if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(LedgerError::Foreign(path.to_owned()))
        }
        Err(source) if is_damage(&source) => Err(LedgerError::Damaged(wire::explained(&source))),
        Err(source) => Err(LedgerError::Database {
            doing: "read",
            source,
        }),
    }
}

/// Makes the latest tables out of those of version `from`, all or nothing.
///
/// # Errors
/// When SQLite refuses.
pub fn migrate(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in MIGRATIONS
        .iter()
        .skip(usize::try_from(from).unwrap_or(usize::MAX))
    {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version())?;
    transaction.commit()
}

/// The text of one of our triggers.
pub(crate) fn trigger(name: &str) -> Option<&'static str> {
    let start = format!("CREATE TRIGGER {name} ");
    let mut all = MIGRATIONS.iter().rev();
    let text = all.find_map(|step| step.get(step.find(&start)?..))?;
    text.split_inclusive("END;").next()
}

/// Checks that what SQLite knows of in the database is exactly ours, its own indexes and tables
/// too: a trigger more or less could lose an entry without a word.
///
/// # Errors
/// [`LedgerError::Schema`] with the name of the first that differs; or what SQLite said.
pub fn require_ours(db: &Connection) -> Result<(), LedgerError> {
    match missing_guard(db)? {
        None => Ok(()),
        Some(guard) => Err(guard),
    }
}

/// Checks that nothing in the database can steer a reader: an index that is not ours answers in
/// the place of its table, whatever the table holds, and SQLite keeps to itself which one it
/// asked. A trigger of ours that is missing steers nobody who only reads: the first such one is
/// given back as the error that it is for everybody else.
///
/// # Errors
/// As [`require_ours`].
pub(crate) fn missing_guard(db: &Connection) -> Result<Option<LedgerError>, LedgerError> {
    let doing = || LedgerError::database("check the tables of");
    let ours = || -> rusqlite::Result<_> {
        let mut fresh = Connection::open_in_memory()?;
        migrate(&mut fresh, 0)?;
        objects(&fresh)
    };
    let mut ours = ours().map_err(doing())?;
    for found in objects(db).map_err(doing())? {
        // Two of one kind are one too many, so each is taken out when it is found.
        match ours.iter().position(|object| *object == found) {
            Some(at) => drop(ours.swap_remove(at)),
            None => return Err(differs(&found)),
        }
    }
    let (guards, others): (Vec<_>, Vec<_>) =
        ours.iter().partition(|[kind, ..]| kind == "'trigger'");
    match others.first() {
        Some(missing) => Err(differs(missing)),
        None => Ok(guards.first().map(|guard| differs(guard))),
    }
}

/// Type, name, table and text of something in the database, as SQL spells them: a value of
/// another type is another one.
type Object = [String; 4];

fn differs([kind, name, ..]: &Object) -> LedgerError {
    let bare = |text: &str| wire::name::line(text.trim_matches('\''));
    LedgerError::Schema(format!("{} {}", bare(kind), bare(name)))
}

/// Everything that SQLite reads when it opens the database. It goes by the text alone and takes
/// the other columns as they come, so nothing is left out by its type or name.
fn objects(db: &Connection) -> rusqlite::Result<Vec<Object>> {
    db.prepare(
        "SELECT quote(type), quote(name), quote(tbl_name), quote(sql) FROM sqlite_schema
         LIMIT ?1",
    )?
    .query_map((OBJECTS_READ,), |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    })?
    .collect()
}

/// How many of them are looked at: more than a ledger has, so that one too many is seen.
const OBJECTS_READ: i64 = 64;

/// Has SQLite check its file: the order of numbers in every page, the types of values, and that
/// indexes say what their tables do.
///
/// # Errors
/// [`LedgerError::Damaged`] with what it found; or what SQLite said.
pub(crate) fn require_sound(db: &Connection) -> Result<(), LedgerError> {
    let answer = db.query_row("PRAGMA integrity_check(1)", (), |row| {
        row.get::<_, String>(0)
    });
    match answer {
        Ok(answer) if answer == "ok" => Ok(()),
        // The first line only names the database.
        Ok(answer) => Err(LedgerError::Damaged(wire::name::line(
            answer.lines().last().unwrap_or(&answer),
        ))),
        Err(source) if is_damage(&source) => Err(LedgerError::Damaged(wire::explained(&source))),
        Err(source) => Err(LedgerError::Database {
            doing: "check",
            source,
        }),
    }
}

/// Whether SQLite says that the file is not what it wrote, or holds values that are none of ours.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, TooBig};
    let is_another_value = matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    );
    let code = error.sqlite_error_code();
    is_another_value || matches!(code, Some(DatabaseCorrupt | NotADatabase | TooBig))
}

/// What the writer's connection needs beside [`distrust`]: a commit returns when the disk has
/// it, and the write-ahead log stays when the writer leaves, because a reader who may not
/// write into the folder cannot make one.
///
/// # Errors
/// [`LedgerError::Database`], also when a setting did not take.
pub fn make_durable(db: &Connection) -> Result<(), LedgerError> {
    let set = || -> rusqlite::Result<bool> {
        // SQLite says the mode and then writes it: whether the disk took it is only known once
        // the statement has run to its end.
        let mode: rusqlite::Result<Vec<String>> = db
            .prepare("PRAGMA journal_mode = WAL")?
            .query_map((), |row| row.get(0))?
            .collect();
        let mode = mode?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "recursive_triggers", true)?;
        db.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
        // SQLite would do it by itself and keep to itself that it failed: see `copy_log`.
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        db.file_control(Some(MAIN_DB), rusqlite::FileControl::PersistWal(&mut 1))?;
        // A log that may only be read is opened all the same, and found out with the first entry.
        db.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
        let on = |what| db.pragma_query_value(None, what, |row| row.get::<_, i64>(0));
        Ok(mode == ["wal"]
            && on("synchronous")? == 2
            && on("foreign_keys")? == 1
            && on("recursive_triggers")? == 1)
    };
    match set() {
        Ok(true) => Ok(()),
        Ok(false) => Err(LedgerError::Damaged(
            "SQLite does not take a setting".to_owned(),
        )),
        Err(source) => Err(LedgerError::Database {
            doing: "set up",
            source,
        }),
    }
}

/// Copies the write-ahead log into the database once it is long. Readers may hold up a part.
///
/// # Errors
/// What SQLite said. Everything is in the log then, and a disk that failed once is not trusted
/// with the next entry.
pub(crate) fn copy_log(db: &Connection) -> rusqlite::Result<()> {
    let ask = |sql| db.query_row(sql, (), |row| Ok((row.get::<_, i64>(1)?, row.get(2)?)));
    let (pages, copied): (i64, i64) = ask("PRAGMA wal_checkpoint(NOOP)")?;
    if LOG_PAGES_COPIED <= pages && copied < pages {
        ask("PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}

/// Whether closing the connection copies the log into the database.
///
/// # Errors
/// When SQLite refuses.
pub(crate) fn copy_log_at_end(db: &Connection, is_ours: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_ours)
        .map(|_| ())
}

/// From how many pages on the log is copied, as SQLite would: 4 MB.
const LOG_PAGES_COPIED: i64 = 1000;

/// How much of the write-ahead log's file is kept after a large entry, in bytes.
const WAL_BYTES_KEPT: i64 = 4 << 20;

/// SQLite's integers are signed; no ledger reaches the difference.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A length or count as SQLite takes it.
pub(crate) fn integer_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::ENTRY_BYTES_MAX;
    use crate::verify::STORED_ROW_BYTES_MAX;

    #[test]
    fn what_is_longer_than_anything_of_ours_is_not_read() {
        let most = usize::try_from(VALUE_BYTES_MAX).unwrap();
        let longest = [ENTRY_BYTES_MAX, STORED_ROW_BYTES_MAX];
        assert!(longest.iter().all(|length| *length < most));
        let db = Connection::open_in_memory().unwrap();
        distrust(&db).unwrap();
        let read = |length: i32| {
            let sql = format!("SELECT length(zeroblob({length}))");
            db.query_row(&sql, (), |row| row.get::<_, i32>(0))
        };
        assert_eq!(read(VALUE_BYTES_MAX), Ok(VALUE_BYTES_MAX));
        assert!(is_damage(
            &read(VALUE_BYTES_MAX.saturating_add(1)).unwrap_err()
        ));
        let heap = db.query_row("PRAGMA hard_heap_limit", (), |row| row.get::<_, i64>(0));
        assert_eq!(heap, Ok(HEAP_BYTES_MAX));
    }
}
