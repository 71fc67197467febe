//! Lists of hashes: what is known to be bad, and what is known to be harmless.
//!
//! [`build`] makes one `NAME.hashes` of any number of sources ([`source`](self) says which forms
//! they may have), and [`List`] looks a content up in it without loading it: it holds a fan-out
//! of at most 768 KiB and reads one page or two, whatever the length of the list. Every byte of
//! the file is covered by a checksum, so that one that changed is an error and never an answer.

mod form;

mod read;

mod verify;

mod source;

mod lines;

mod columns;

mod names;

mod rows;

mod build;

mod folder;

pub use build::{Built, Plan, ROWS_MAX, build};
pub use folder::build_folder;
pub use form::{ENTRY_NAME_BYTES_MAX, TITLE_BYTES_MAX};
pub use lines::LINE_BYTES_MAX;
pub use names::NAMES_BYTES_MAX;
pub use read::{Entry, List, ReadAt};
pub use source::rows_without;
pub use verify::Sums;

use std::io;
use std::path::PathBuf;

use wire::scan::LISTS_MAX;

/// What a list says of the contents on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// They are known to be bad: a content on it stops the medium.
    Block,
    /// They are known to be published: worth a note to staff, and nothing else.
    Known,
}

/// A kind of digest, in the order in which they are looked up: the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-1, 20 bytes.
    Sha1,
    /// MD5, 16 bytes.
    Md5,
}

impl Algorithm {
    /// All of them, in their order in a list.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha1, Self::Md5];

    /// Length of its digests, in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Md5 => "md5",
        }
    }

    /// Its place in [`Self::ALL`].
    const fn place(self) -> usize {
        match self {
            Self::Sha256 => 0,
            Self::Sha1 => 1,
            Self::Md5 => 2,
        }
    }
}

/// The digest of one content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// By SHA-256.
    Sha256([u8; 32]),
    /// By SHA-1.
    Sha1([u8; 20]),
    /// By MD5.
    Md5([u8; 16]),
}

impl Hash {
    /// Which algorithm made it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Sha256(_) => Algorithm::Sha256,
            Self::Sha1(_) => Algorithm::Sha1,
            Self::Md5(_) => Algorithm::Md5,
        }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha1(bytes) => bytes,
            Self::Md5(bytes) => bytes,
        }
    }
}

/// What a list says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name for people, at most [`TITLE_BYTES_MAX`] bytes and nothing hidden in it.
    pub title: String,
    /// What it says of the contents on it.
    pub sort: Sort,
    /// Digests by algorithm, in the order of [`Algorithm::ALL`].
    pub rows: [u64; 3],
}

impl About {
    /// Digests of one algorithm.
    #[must_use]
    pub fn rows_of(&self, algorithm: Algorithm) -> u64 {
        self.rows.get(algorithm.place()).copied().unwrap_or(0)
    }

    /// Digests of all algorithms.
    #[must_use]
    pub fn total_rows(&self) -> u64 {
        self.rows
            .iter()
            .fold(0, |all, rows| all.saturating_add(*rows))
    }
}

/// Why a compiled list gives no answer. "Not on the list" is an answer and never one of these.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("the list cannot be read")]
    Read(#[source] io::Error),
    /// It is not as [`build`] makes one.
    #[error("the list is damaged or no compiled list ({0}); build it again")]
    Malformed(&'static str),
    /// It was made for another version of this program.
    #[error("the list has form {0}, and this program reads form {form}; build it again", form = form::VERSION)]
    Version(u32),
}

/// Why no list was built. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file cannot be used.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line of a source is not what it should be.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// Which source.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong and what to do.
        what: String,
    },
    /// The name of the list cannot be used.
    #[error("the list's name {0}")]
    Title(&'static str),
    /// More than a list may hold.
    #[error("the sources hold more than {ROWS_MAX} digests; make several lists of them")]
    TooMany,
    /// More lists than one set of rules may have.
    #[error("{} holds more than {LISTS_MAX} lists; join some of them", path.display())]
    TooManyLists {
        /// Which folder.
        path: PathBuf,
    },
    /// Two sources would become one list.
    #[error("two sources would become {}; rename one", path.display())]
    SameName {
        /// Which file.
        path: PathBuf,
    },
    /// What was written does not read back: the disk or the memory is at fault.
    #[error("{} does not read back as it was written; check the disk", path.display())]
    ReadBack {
        /// Which file.
        path: PathBuf,
        /// What it is.
        #[source]
        source: ListError,
    },
}

impl BuildError {
    fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}
