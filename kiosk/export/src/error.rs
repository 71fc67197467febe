//! Why something cannot be taken out of the ledger.

use std::io;

use record::LedgerError;

/// Why an export did not come to its end. What was written until then is not to be used.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger cannot be read, or is not what was written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The rows that the ledger holds are not those that the entry vouches for.
    #[error(
        "the rows of entry {0} are not those that were written: run `kioskctl log verify` to see what happened"
    )]
    Rows(u64),
    /// The ledger does not hold the rows any more.
    #[error(
        "the rows of entry {number} are not in the ledger any more: entry {sealed} put them into an archive"
    )]
    Sealed {
        /// Of which entry.
        number: u64,
        /// The entry that says so.
        sealed: u64,
    },
    /// An entry is spelled as no kiosk spells it.
    #[error(
        "entry {0} has characters in it that cannot be seen, which no kiosk writes: run `kioskctl log verify`"
    )]
    Hidden(u64),
    /// When an entry was written cannot be read.
    #[error("entry {number} does not say when it was written: {text:?}")]
    Time {
        /// Which.
        number: u64,
        /// What it says.
        text: String,
    },
    /// The ledger has no entry.
    #[error("the ledger has no entry yet: there is nothing to export")]
    Empty,
    /// A list of a medium's files was asked for, and this entry is no verdict.
    #[error("entry {0} is no verdict: give the number of the entry that judged the medium")]
    NoVerdict(u64),
    /// A list of files is of one volume.
    #[error(
        "the medium of entry {number} has files on the volumes {}: say with --volume which one",
        .volumes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    )]
    Volumes {
        /// The verdict.
        number: u64,
        /// Volumes with files, in order.
        volumes: Vec<u32>,
    },
    /// The volume that was asked for has no files.
    #[error("the medium of entry {number} has no files on volume {volume}")]
    NoVolume {
        /// The verdict.
        number: u64,
        /// Which.
        volume: u32,
    },
    /// The form has no room for so much.
    #[error("{0}: export fewer entries, with --from and --until")]
    TooLarge(&'static str),
    /// It cannot be written.
    #[error("cannot write")]
    Write(#[from] io::Error),
    /// A line of CSV cannot be written.
    #[error("cannot write")]
    Csv(#[from] ::csv::Error),
    /// JSON cannot be written.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
}
