//! Putting the rows of an old period away: into a file, and out of the database.
//!
//! The archive is text. For each entry with rows a line `# entry N rows K rows_sha256 H`, then
//! its rows as they are in the ledger, a line each. The entries stay in the ledger, so that the
//! archive can be checked against it for ever.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::entry::RowsHash;
use crate::error::{LedgerError, Refusal};
use crate::reader::Ledger;
use crate::schema::{self, integer};

/// How old a period must be before its rows are put away, in days: three years, which is what
/// CIP-010 asks for and what plants keep such records for.
pub const KEEP_DAYS: u32 = 1095;

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archive {
    /// How many entries have rows in it.
    pub entries: u64,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
}

impl Ledger {
    /// Writes the rows of the entries up to `through` to `to` as an archive.
    ///
    /// # Errors
    /// What SQLite said; [`LedgerError::System`] when `to` does not take them.
    pub fn archive(&self, through: u64, to: &mut impl Write) -> Result<Archive, LedgerError> {
        write(&self.db, through, to)
    }
}

/// What the archive of the rows up to `through` would be.
pub(crate) fn held(db: &Connection, through: u64) -> Result<Archive, LedgerError> {
    write(db, through, &mut io::sink())
}

fn write(db: &Connection, through: u64, to: &mut impl Write) -> Result<Archive, LedgerError> {
    let mut out = Hashing {
        to,
        hash: Sha256::new(),
    };
    let (mut entries, mut rows) = (0_u64, 0_u64);
    let read = LedgerError::database("read");
    let mut numbers = db
        .prepare("SELECT DISTINCT entry FROM rows WHERE entry <= ?1 ORDER BY entry")
        .map_err(read)?;
    let numbers: Vec<i64> = numbers
        .query_map((integer(through),), |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(LedgerError::database("read"))?;
    let mut each = db
        .prepare("SELECT bytes FROM rows WHERE entry = ?1 ORDER BY ordinal")
        .map_err(LedgerError::database("read"))?;
    for number in numbers {
        // Once for the head, once for the lines: an entry may have half a million of them.
        let mut seen = RowsHash::default();
        lines(&mut each, number, |line| {
            seen.add(line);
            Ok(())
        })?;
        entries = entries.saturating_add(1);
        rows = rows.saturating_add(seen.count());
        let head = format!(
            "# entry {number} rows {} rows_sha256 {}\n",
            seen.count(),
            seen.finish()
        );
        out.put(head.as_bytes())?;
        lines(&mut each, number, |line| {
            out.put(line)?;
            out.put(b"\n")
        })?;
    }
    Ok(Archive {
        entries,
        rows,
        sha256: Digest(out.hash.finalize().into()),
    })
}

struct Hashing<'w, W> {
    to: &'w mut W,
    hash: Sha256,
}

impl<W: Write> Hashing<'_, W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        self.hash.update(bytes);
        let written = self.to.write_all(bytes);
        written.map_err(LedgerError::system("write the archive"))
    }
}

fn lines(
    each: &mut rusqlite::Statement<'_>,
    entry: i64,
    mut take: impl FnMut(&[u8]) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut rows = each
        .query((entry,))
        .map_err(LedgerError::database("read"))?;
    while let Some(row) = rows.next().map_err(LedgerError::database("read"))? {
        let line = row.get_ref(0).map_err(LedgerError::database("read"))?;
        let line = line.as_bytes().map_err(|error| LedgerError::Database {
            doing: "read",
            source: error.into(),
        })?;
        take(line)?;
    }
    Ok(())
}

/// Checks that the entry `through` was written at least `days` ago.
pub(crate) fn require_old(
    db: &Connection,
    through: u64,
    days: u32,
) -> Result<(), crate::draft::Failure> {
    let recorded: Option<String> = db
        .query_row(
            "SELECT max(json_extract(bytes, '$.recorded_utc')) FROM entries WHERE number <= ?1",
            (integer(through),),
            |row| row.get(0),
        )
        .map_err(LedgerError::database("read"))?;
    let recorded: Option<Timestamp> = recorded.and_then(|at| at.parse().ok());
    let age = recorded.map(|at| Timestamp::now().duration_since(at));
    let least = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
    if age.is_some_and(|age| least <= age) {
        Ok(())
    } else {
        Err(Refusal::Seal("puts away what is not old enough").into())
    }
}

/// Takes the rows up to `through` out. The guard against it is taken away for that and put
/// back, all in one transaction.
pub(crate) fn remove(transaction: &Transaction<'_>, through: u64) -> Result<(), LedgerError> {
    let guard = schema::trigger("rows_not_deleted")
        .ok_or_else(|| LedgerError::Schema("trigger rows_not_deleted".to_owned()))?;
    transaction
        .execute_batch("DROP TRIGGER rows_not_deleted")
        .and_then(|()| {
            transaction.execute("DELETE FROM rows WHERE entry <= ?1", (integer(through),))
        })
        .and_then(|_| transaction.execute_batch(guard))
        .map_err(LedgerError::database("write"))
}
