//! Reading the ledger: for administrators and auditors, while it is written or after.
//!
//! Nothing is given out that does not hash to its leaf. Whether the leaves follow from one
//! another is for [`Ledger::verify`].

mod bytes;

mod entries;

pub(crate) mod outside;

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use wire::{Digest, Row};

use crate::check::Step;
use crate::entry::Content;
use crate::error::{Alteration, LedgerError};
use crate::folder;
use crate::schema::{self, integer, integer_of};
use crate::tables;
use crate::verify::unreadable;

pub use bytes::RowBytes;
use entries::Way;
pub use entries::{Entries, Filter};

/// How long a reader waits while the writer recovers a log that a crash left.
const WAIT: Duration = Duration::from_secs(5);

/// Entries or rows fetched at a time: what bounds a reader's memory.
const PAGE: usize = 128;

/// A ledger opened for reading only.
pub struct Ledger {
    pub(crate) db: Connection,
    folder: PathBuf,
}

/// One entry, whose bytes hash to its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// Its leaf hash.
    pub leaf_sha256: Digest,
    /// Its bytes: one line of JSON that is safe to print.
    pub bytes: String,
}

impl Entry {
    /// What it says.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] when a later kiosk wrote it; [`LedgerError::Altered`] when it says another
    /// number than it has.
    pub fn content(&self) -> Result<Content, LedgerError> {
        let content: Content =
            serde_json::from_str(&self.bytes).map_err(|source| LedgerError::Unknown {
                number: self.number,
                source,
            })?;
        if content.number != self.number {
            let what = Alteration::Reordered(content.number);
            return Err(LedgerError::Altered {
                number: self.number,
                what,
            });
        }
        Ok(content)
    }
}

impl Ledger {
    /// Opens the ledger in `folder`. Needs no right to write, and no writer.
    ///
    /// # Errors
    /// [`LedgerError::Open`] when there is none; [`LedgerError::Lost`] and [`LedgerError::Damaged`] when
    /// there was one; [`LedgerError::Schema`] when something in it is not ours, which could answer in
    /// the place of a table; [`LedgerError::Foreign`], [`LedgerError::Newer`]; or what SQLite said.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        let path = database(folder)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        match Self::connect(&path, Connection::open_with_flags(&path, flags)) {
            // A copy on a medium that cannot be written has no write-ahead log and none can be
            // made; then nobody writes, and the file alone is the ledger.
            Err(error) if cannot_make_log(&error) && !has_log(&path) => {
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                Self::connect(&path, Connection::open_with_flags(immutable(&path), flags))
            }
            other => other,
        }
    }

    fn connect(path: &Path, db: rusqlite::Result<Connection>) -> Result<Self, LedgerError> {
        let db = db.map_err(LedgerError::database("open"))?;
        let set = db.busy_timeout(WAIT).and_then(|()| schema::distrust(&db));
        set.map_err(LedgerError::database("open"))?;
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let was_ours = folder::is_of_a_ledger(&folder);
        match schema::identify(&db, path) {
            Ok(Some(_)) => {}
            Ok(None) if was_ours => return Err(LedgerError::Lost(path.to_owned())),
            Err(LedgerError::Foreign(_)) if was_ours => {
                let what = format!("{} was written over", path.display());
                return Err(LedgerError::Damaged(what));
            }
            Ok(None) => return Err(LedgerError::Foreign(path.to_owned())),
            Err(error) => return Err(error),
        }
        schema::missing_guard(&db)?;
        Ok(Self { db, folder })
    }

    /// The entry `number`.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`]; [`LedgerError::Altered`] when its bytes do not hash to its leaf, or
    /// there are later entries and not this one.
    pub fn entry(&self, number: u64) -> Result<Entry, LedgerError> {
        match self.whole_page(number, Way::On, 1)?.pop_front() {
            Some(entry) if entry.number == number => Ok(entry),
            Some(_) if 0 < number => Err(missing(number)),
            Some(_) | None => Err(LedgerError::NoEntry(number)),
        }
    }

    /// The rows of the entry `number`, in order. None for an entry without rows.
    ///
    /// Whether they are the rows that were written is for [`Ledger::verify`].
    #[must_use]
    pub fn rows(&self, number: u64) -> Rows<'_> {
        Rows {
            ledger: self,
            number,
            after: Some(0),
            page: VecDeque::new(),
        }
    }

    /// The folder it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The highest number; `None` for an empty ledger.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn last(&self) -> Result<Option<u64>, LedgerError> {
        self.db
            .query_row("SELECT max(number) FROM entries", (), |row| {
                row.get::<_, Option<i64>>(0)
            })
            .map(|last| last.and_then(|last| u64::try_from(last).ok()))
            .map_err(LedgerError::database("read"))
    }

    /// What has happened to an insertion.
    pub(crate) fn steps(&self, insertion: u64) -> Result<Vec<Step>, LedgerError> {
        tables::steps(&self.db, insertion).map_err(LedgerError::database("read"))
    }

    fn row_page(&self, entry: u64, after: u64) -> Result<VecDeque<(u64, String)>, LedgerError> {
        let read = || {
            self.db
                .prepare_cached(
                    "SELECT ordinal, bytes FROM rows
                     WHERE entry = ?1 AND ordinal > ?2 ORDER BY ordinal LIMIT ?3",
                )?
                .query_map((integer(entry), integer(after), integer_of(PAGE)), |row| {
                    Ok((
                        u64::try_from(row.get::<_, i64>(0)?).unwrap_or(u64::MAX),
                        row.get(1)?,
                    ))
                })?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| unreadable(entry, error))
    }
}

fn missing(number: u64) -> LedgerError {
    LedgerError::Altered {
        number,
        what: Alteration::Missing,
    }
}

/// The database in `folder`, by the folder's true name. Only a plain file is one: a link may lead
/// to another ledger, and what is no file may never answer.
fn database(folder: &Path) -> Result<PathBuf, LedgerError> {
    let failed = |source| LedgerError::Open {
        path: folder.join(schema::FILE),
        source,
    };
    let folder = fs::canonicalize(folder).map_err(failed)?;
    let path = folder.join(schema::FILE);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => Ok(path),
        Ok(_) => Err(failed(std::io::Error::other("it is no plain file"))),
        Err(error) if error.kind() == ErrorKind::NotFound && folder::is_of_a_ledger(&folder) => {
            Err(LedgerError::Lost(path))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Rows of one entry in order. After an error it ends.
pub struct Rows<'a> {
    ledger: &'a Ledger,
    number: u64,
    after: Option<u64>,
    page: VecDeque<(u64, String)>,
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            match self.ledger.row_page(self.number, self.after.take()?) {
                Ok(page) => self.page = page,
                Err(error) => return Some(Err(error)),
            }
        }
        let (ordinal, bytes) = self.page.pop_front()?;
        self.after = Some(ordinal);
        let row = serde_json::from_str(&bytes);
        if row.is_err() {
            self.after = None;
            self.page.clear();
        }
        let number = self.number;
        Some(row.map_err(|source| {
            // A later kiosk writes other keys, and JSON all the same.
            if source.is_data() {
                return LedgerError::Unknown { number, source };
            }
            LedgerError::Altered {
                number,
                what: Alteration::RowsChanged,
            }
        }))
    }
}

/// SQLite's two ways to say that it may not make the files beside the database.
fn cannot_make_log(error: &LedgerError) -> bool {
    let LedgerError::Database { source, .. } = error else {
        return false;
    };
    matches!(
        source.sqlite_error_code(),
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly)
    )
}

/// Whether a write-ahead log with something in it lies beside the database.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(PathBuf::from(log)).is_ok_and(|log| log.len() > 0)
}

/// The name by which SQLite opens a file that nobody changes.
fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    uri.push_str("?immutable=1");
    uri
}
