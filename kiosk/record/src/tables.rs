//! The writer's few statements.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction};
use wire::Digest;
use wire::ledger::EntryId;

use crate::check::Step;
use crate::entry::{self, Content, NO_LEAF};
use crate::error::{Alteration, LedgerError};
use crate::schema::integer;
use crate::standing::Register;

/// The head of an empty ledger.
pub(crate) const NOTHING: EntryId = EntryId {
    number: 0,
    leaf_sha256: NO_LEAF,
};

/// Writes one entry and what it does to an insertion. Its rows are written before it.
pub(crate) fn insert(
    transaction: &Transaction<'_>,
    number: u64,
    bytes: &str,
    leaf: Digest,
    step: Option<(u64, Step)>,
) -> rusqlite::Result<()> {
    let written = transaction
        .prepare_cached("INSERT INTO entries (number, bytes, leaf) VALUES (?1, ?2, ?3)")?
        .execute((integer(number), bytes, leaf.to_string()))?;
    require_one(written)?;
    if let Some((insertion, step)) = step {
        let written = transaction
            .prepare_cached("INSERT INTO steps (entry, insertion, step) VALUES (?1, ?2, ?3)")?
            .execute((integer(number), integer(insertion), step.name()))?;
        require_one(written)?;
    }
    Ok(())
}

/// A trigger that somebody put in since the start can have SQLite leave a row out and say yes.
///
/// # Errors
/// When `written` rows are not one.
pub(crate) fn require_one(written: usize) -> rusqlite::Result<()> {
    match written {
        1 => Ok(()),
        other => Err(rusqlite::Error::StatementChangedRows(other)),
    }
}

/// Writes the signed checkpoint over the entries up to one, which is written before it.
pub(crate) fn sign(transaction: &Transaction<'_>, size: u64, note: &str) -> rusqlite::Result<()> {
    let written = transaction
        .prepare_cached("INSERT INTO checkpoints (size, note) VALUES (?1, ?2)")?
        .execute((integer(size), note))?;
    require_one(written)
}

/// The signed checkpoint over the first `size` entries.
pub(crate) fn checkpoint(db: &Connection, size: u64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT note FROM checkpoints WHERE size = ?1")?
        .query_row((integer(size),), |row| row.get(0))
        .optional()
}

/// The last entry as the database has it.
pub(crate) fn head(db: &Connection) -> rusqlite::Result<EntryId> {
    let mut last =
        db.prepare_cached("SELECT number, leaf FROM entries ORDER BY number DESC LIMIT 1")?;
    let mut rows = last.query(())?;
    let Some(row) = rows.next()? else {
        return Ok(NOTHING);
    };
    // A leaf that is no digest is found by the check of the chain; here it only differs.
    let leaf_sha256 = Digest::try_from(row.get::<_, String>(1)?).unwrap_or(NO_LEAF);
    Ok(EntryId {
        number: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        leaf_sha256,
    })
}

/// The leaf of an entry; `None` when there is no such entry.
pub(crate) fn leaf(db: &Connection, number: u64) -> rusqlite::Result<Option<Digest>> {
    let mut leaves = db.prepare_cached("SELECT leaf FROM entries WHERE number = ?1")?;
    let mut rows = leaves.query((integer(number),))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Digest::try_from(row.get::<_, String>(0)?).ok())
}

/// What has happened to an insertion.
pub(crate) fn steps(db: &Connection, insertion: u64) -> rusqlite::Result<Vec<Step>> {
    let names: BTreeSet<String> = db
        .prepare_cached("SELECT step FROM steps WHERE insertion = ?1")?
        .query_map((integer(insertion),), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let all = [Step::Inserted, Step::Closed, Step::Withdrawn, Step::Removed];
    Ok(all
        .into_iter()
        .filter(|step| names.contains(step.name()))
        .collect())
}

/// Whether the verdict about an insertion is PASS.
pub(crate) fn has_passed(db: &Connection, insertion: u64) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT json_extract(bytes, '$.event.verdict') IS 'pass' FROM entries
         WHERE number = (SELECT entry FROM steps WHERE insertion = ?1 AND step = 'closed')",
    )?
    .query_row((integer(insertion),), |row| row.get(0))
}

/// What the entries leave open. An entry that this version cannot read is of a later one, and
/// may have ended a waiver or somebody's wait: then none holds, and the rest is what can be
/// read.
pub(crate) fn register(db: &Connection) -> Result<Register, LedgerError> {
    let read = || LedgerError::database("read");
    let mut register = Register::default();
    let mut is_known = true;
    let mut all = db
        .prepare("SELECT number, bytes, leaf FROM entries ORDER BY number")
        .map_err(read())?;
    let mut rows = all.query(()).map_err(read())?;
    while let Some(row) = rows.next().map_err(read())? {
        let number = u64::try_from(row.get::<_, i64>(0).map_err(read())?).unwrap_or(0);
        let text = |index| {
            let value = row.get_ref(index).map_err(read())?;
            value.as_str().map_err(|error| read()(error.into()))
        };
        let (bytes, said) = (text(1)?, text(2)?);
        // What holds is not taken from an entry that somebody edited.
        if entry::leaf(bytes.as_bytes()).to_string() != said {
            return Err(LedgerError::Altered {
                number,
                what: Alteration::Changed,
            });
        }
        if let Ok(content) = serde_json::from_str::<Content>(bytes) {
            register.note(number, &content.recorded_utc, &content.event);
        } else {
            is_known = false;
            if let Ok(written) = serde_json::from_str::<Written>(bytes) {
                register.note_time(&written.recorded_utc);
            }
        }
    }
    if !is_known {
        register.forget_leave();
    }
    Ok(register)
}

/// What is known of an entry whose event is not.
#[derive(serde::Deserialize)]
struct Written {
    recorded_utc: String,
}
