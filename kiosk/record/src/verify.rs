//! Whether the ledger is what was written: every hash recomputed, from the bytes alone.
//!
//! It follows FORMAT.md and takes nothing from the writer but the hash. The first entry that
//! is wrong is named. What it cannot see without something noted elsewhere, FORMAT.md says: an
//! older copy in the ledger's place, and a ledger written anew by whoever holds its key.

pub mod note;

pub mod proof;

mod tree;

mod trees;

mod walk;

mod before;

use rusqlite::{Connection, OptionalExtension};
use wire::ledger::EntryId;

use crate::error::LedgerError;
use crate::schema;
use note::PublicKey;
use trees::Trees;
pub use trees::{CODE_DIGITS, Cosignature, Outside};
use walk::Walk;
pub(crate) use walk::{STORED_ROW_BYTES_MAX, text, unreadable};

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries that were verified.
    pub entries: u64,
    /// Their rows.
    pub rows: u64,
    /// The last entry; `None` for an empty ledger.
    pub head: Option<EntryId>,
    /// The keys that sign it, the first one first.
    pub keys: Vec<PublicKey>,
    /// The co-signatures that hold.
    pub cosignatures: Vec<Cosignature>,
    /// The last entry whose rows are in an archive; 0 when there is none.
    pub sealed: u64,
}

/// How much of each entry is recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Its bytes and its place in the chain.
    Chain,
    /// Its rows too.
    Rows,
}

/// Verifies the entries from `since` to the last, in memory that does not grow with them. Of
/// those before, what is signed is verified: their leaves. `first` is the key of the ledger's
/// first checkpoint.
///
/// # Errors
/// [`LedgerError::Altered`] names the first entry that is wrong; [`LedgerError::Schema`] when all entries
/// hold and what guards them does not; [`LedgerError::OtherKey`] and [`LedgerError::NotCosigned`] when
/// somebody did not sign who should have; others when it could not be found out.
pub fn verify(
    db: &Connection,
    since: u64,
    depth: Depth,
    first: PublicKey,
    outside: &Outside,
) -> Result<Verified, LedgerError> {
    // One snapshot, whatever the writer does meanwhile.
    let snapshot = db
        .unchecked_transaction()
        .map_err(LedgerError::database("read"))?;
    // A view in the place of a table may have no end.
    let views = "SELECT name FROM sqlite_schema WHERE type = 'view' LIMIT 1";
    let view: Option<String> = db
        .query_row(views, (), |row| row.get(0))
        .optional()
        .map_err(LedgerError::database("read"))?;
    if let Some(view) = view {
        return Err(LedgerError::Schema(format!("view {view}")));
    }
    let verified = Walk::begin(db, since, depth, Trees::new(first, outside)).and_then(Walk::run);
    // A table that is gone or has other columns is an alteration, not an inability to read.
    let guarded = schema::require_ours(db);
    drop(snapshot);
    match verified {
        Err(LedgerError::Database { .. }) => guarded.and(verified),
        Ok(verified) => guarded.map(|()| verified),
        Err(other) => Err(other),
    }
}
