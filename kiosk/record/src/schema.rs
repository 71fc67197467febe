//! The form of the database: its tables, what guards them, and how a connection is set up.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB};

use crate::error::LedgerError;

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

/// Checks that the tables, indexes and triggers are exactly ours: a trigger more or less could
/// lose an entry without a word.
///
/// # Errors
/// [`LedgerError::Schema`] with the name of the first that differs; or what SQLite said.
pub fn require_ours(db: &Connection) -> Result<(), LedgerError> {
    let ours = || -> rusqlite::Result<_> {
        let mut fresh = Connection::open_in_memory()?;
        migrate(&mut fresh, 0)?;
        objects(&fresh)
    };
    let ours = ours().map_err(LedgerError::database("check the tables of"))?;
    let found = objects(db).map_err(LedgerError::database("check the tables of"))?;
    match ours.symmetric_difference(&found).next() {
        None => Ok(()),
        Some((kind, name, _)) => Err(LedgerError::Schema(format!("{kind} {name}"))),
    }
}

/// What SQLite made itself has names of its own and no text; the rest is compared by text.
fn objects(db: &Connection) -> rusqlite::Result<BTreeSet<(String, String, String)>> {
    db.prepare(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema
         WHERE type IN ('trigger', 'view') OR name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?
    .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
    .collect()
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
