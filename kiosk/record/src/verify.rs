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

mod value;

mod before;

use rusqlite::Connection;
use wire::ledger::EntryId;

use crate::error::LedgerError;
use crate::schema;
use note::PublicKey;
use trees::Trees;
pub use trees::{CODE_DIGITS, Cosignature, Outside};
pub(crate) use value::{text, unreadable};
pub(crate) use walk::STORED_ROW_BYTES_MAX;
use walk::Walk;

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
/// [`LedgerError::Altered`] names the first entry that is wrong; [`LedgerError::Schema`] when there is
/// something in the database that is not ours, or all entries hold and what guards them does not;
/// [`LedgerError::Damaged`] when SQLite's own check finds more; [`LedgerError::OtherKey`] and
/// [`LedgerError::NotCosigned`] when somebody did not sign who should have; others when it could
/// not be found out.
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
    // Before anything is asked of a table: an index or a view that is not ours would answer for it.
    let missing_guard = schema::missing_guard(db)?;
    let verified = Walk::begin(db, since, depth, Trees::new(first, outside)).and_then(Walk::run);
    // What is found out entry by entry says more, and comes first.
    let verified = verified.and_then(|verified| {
        if let Some(missing) = missing_guard {
            return Err(missing);
        }
        schema::require_sound(db)?;
        Ok(verified)
    });
    drop(snapshot);
    verified
}
