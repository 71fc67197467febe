//! What verification names.

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alteration {
    /// The bytes do not hash to the leaf beside them.
    #[error("was changed: its bytes do not hash to its leaf")]
    Changed,
    /// Bytes, leaf and link agree, and the signed checkpoint is of another tree.
    #[error("was changed and its leaf made anew: its signed checkpoint is of another tree")]
    Remade,
    /// It names another leaf than that of the entry before it.
    #[error("does not follow from the entry before it")]
    Unlinked,
    /// There is none, and there are entries after it or the database counted further.
    #[error("is missing")]
    Missing,
    /// Entries begin at 1, and something is recorded under a lower number.
    #[error("or a lower one is no number of an entry, and something is recorded under it")]
    Stray,
    /// The bytes are those of another number.
    #[error("is not in its place: entry {0} stands there")]
    Reordered(u64),
    /// There are two of one number.
    #[error("is there more than once")]
    Twice,
    /// The leaf holds, and the bytes are no entry.
    #[error("is no entry of a known form")]
    Malformed,
    /// SQLite cannot read it.
    #[error("cannot be read: the database file is damaged there")]
    Unreadable,
    /// The database's own count is lower than the entries that are there.
    #[error("is beyond the database's own count of entries")]
    Uncounted,
    /// Fewer rows than it says, or a gap in their order.
    #[error("has lost a row: row {0} is missing")]
    RowMissing(u64),
    /// More rows than it says, or rows of an entry that says none.
    #[error("has a row too many: row {0}")]
    RowExtra(u64),
    /// The rows do not hash to what it says.
    #[error("has a changed row: its rows do not hash to what it says")]
    RowsChanged,
    /// There is no checkpoint over the entries up to it.
    #[error("has lost its checkpoint")]
    Unsigned,
    /// Its checkpoint is none, or not signed by the key that signs there.
    #[error("has a forged or changed checkpoint: the ledger's key did not sign it")]
    Forged,
    /// Somebody noted a later entry or checkpoint than there is.
    #[error("is missing: the ledger was cut back, it once had {0} entries")]
    Truncated(u64),
    /// Somebody noted another head or tree of so many entries.
    #[error("or one before it was written anew: what was noted of {0} entries is another ledger")]
    Rewritten(u64),
    /// An auditor signed another tree; the entry with that number holds the signature.
    #[error("or one before it was written anew: the co-signature in entry {0} is of another tree")]
    NotCosigned(u64),
    /// A co-signature that does not hold.
    #[error("has a co-signature that is forged or was changed")]
    Cosignature,
    /// The writer's index says something else about it than its bytes.
    #[error("is listed under another insertion or step than it names")]
    Mislisted,
}
