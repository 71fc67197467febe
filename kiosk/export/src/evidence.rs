//! An evidence bundle: one or more entries that an auditor, the police or a CSIRT can check
//! without us, years later.
//!
//! The layout is BagIt 1.0 (RFC 8493). In the order of the making: entries, rows and proofs are
//! copied out of the ledger and each is checked ([`ledger`]), every file is hashed
//! while it is written ([`bag`]), and one signature in minisign's form ([`minisign`]) is put under
//! `tagmanifest-sha256.txt`. That list has the hash of every file outside `data/`, the list of
//! `data/` among them, so that the one signature covers each byte of the bundle but its own:
//! `verify.html` and the READMEs too, which a signature under `manifest-sha256.txt` would not.

pub mod minisign;

mod ledger;

mod bag;

mod draft;

mod summary;

mod labels;

mod readme;

use std::path::PathBuf;

use record::LedgerError;

pub use draft::{Draft, Plan};
pub use minisign::Signer;

/// Most entries that are asked for of one bundle (what withdrew a PASS among them comes on top): a
/// visit has some tens. Whoever wants more of the ledger takes a
/// copy of it, which proves more.
pub const BAG_ENTRIES_MAX: usize = 1_000;

/// The page that checks a bundle in a browser, the same in every bundle.
pub const VERIFY_PAGE: &str = include_str!("evidence/verify.html");

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A file or folder of the bundle was not written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is something where the bundle is to be.
    #[error("{} is there already: give a folder that is not", .0.display())]
    Exists(PathBuf),
    /// Another command writes the same bundle, or broke off while it did.
    #[error(
        "{} is there: another command is writing this bundle, or broke off; if none runs, remove \
         that folder",
        .0.display()
    )]
    Unfinished(PathBuf),
    /// No entry was asked for.
    #[error("no entry was asked for")]
    NoEntries,
    /// More than [`BAG_ENTRIES_MAX`].
    #[error("{0} entries are more than the {BAG_ENTRIES_MAX} of one bundle: make several")]
    Entries(usize),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The rows in the ledger are not those of the entry.
    #[error(
        "the rows of entry {number} are not in the ledger as they were written ({found} of \
         {said}): if their period is sealed, take them from its archive; else run `log verify`"
    )]
    Rows {
        /// Which entry.
        number: u64,
        /// How many rows it says it has.
        said: u64,
        /// How many there are.
        found: u64,
    },
    /// What the ledger signed does not fit the entries.
    #[error("{what}: run `log verify`")]
    Unproved {
        /// What does not hold.
        what: String,
    },
}

impl EvidenceError {
    fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }

    fn unproved(what: impl Into<String>) -> Self {
        Self::Unproved { what: what.into() }
    }
}
