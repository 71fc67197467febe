//! Finding entries by their time and by their rows, without reading as JSON what is not asked
//! for.
//!
//! A row is first looked at as bytes: canonical JSON spells each character in one way, so what
//! is wanted stands there in one spelling. Only a row that may have it is parsed, and then the
//! row decides. All rows of an entry that are looked at are hashed on the way and compared with
//! the entry: a row that was changed, added or taken out is an error and never "not found".

mod wanted;

use std::cell::Cell;

use jiff::Timestamp;
use wire::ledger::Event;
use wire::{Digest, Row};

use crate::entry::{Content, FORMAT, RowsHash};
use crate::error::{Alteration, LedgerError};
use crate::reader::{Entry, Ledger};
use crate::schema::{integer, integer_of};
use crate::verify::{STORED_ROW_BYTES_MAX, text, unreadable};

pub use wanted::Wanted;

/// A search through the rows of one ledger.
pub struct Search<'l> {
    ledger: &'l Ledger,
    /// The last entry whose rows are known to be in an archive.
    sealed: Cell<u64>,
}

/// Whether rows could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Looked {
    /// All of them.
    Through,
    /// None: a sealed period's rows are in an archive and not in the ledger.
    Sealed,
}

/// The rows of one entry that have what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Option<Box<Row>>,
    /// Whether they could be looked at.
    pub looked: Looked,
}

/// A row as it lies in the ledger.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'r> {
    number: u64,
    bytes: &'r [u8],
}

impl RawRow<'_> {
    /// Its bytes: one line of JSON.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// What it says.
    ///
    /// # Errors
    /// [`LedgerError::Unknown`] when it is no row of this version.
    pub fn row(&self) -> Result<Row, LedgerError> {
        serde_json::from_slice(self.bytes).map_err(|source| LedgerError::Unknown {
            number: self.number,
            source,
        })
    }

    /// The hash of its content, without parsing the row; `None` for one that has none.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        wanted::sha256(self.bytes)
    }
}

impl Entry {
    /// When it was written, by a clock that people can set. Read from its place in the bytes,
    /// without parsing the rest.
    ///
    /// # Errors
    /// As [`Entry::content`] for an entry of another form; [`LedgerError::Altered`] for one
    /// that stands under another number or whose time is none.
    pub fn recorded(&self) -> Result<Timestamp, LedgerError> {
        let time = match recorded_text(&self.bytes, self.number) {
            Some(text) => text.parse().ok(),
            None => self.content()?.recorded_utc.parse().ok(),
        };
        time.ok_or(LedgerError::Altered {
            number: self.number,
            what: Alteration::Malformed,
        })
    }
}

/// The time in the bytes of the entry `number`; `None` when they do not begin as FORMAT.md says.
fn recorded_text(bytes: &str, number: u64) -> Option<&str> {
    let rest = bytes.strip_prefix("{\"format\":\"")?;
    let rest = rest.strip_prefix(FORMAT)?.strip_prefix("\",\"number\":")?;
    let (said, rest) = rest.split_once(',')?;
    if said.parse() != Ok(number) {
        return None;
    }
    let (leaf, rest) = rest.strip_prefix("\"previous\":\"")?.split_at_checked(64)?;
    if leaf.contains('"') {
        return None;
    }
    let rest = rest.strip_prefix("\",\"recorded_utc\":\"")?;
    rest.split_once('"').map(|(time, _)| time)
}

impl<'l> Search<'l> {
    /// Of the rows of this ledger.
    #[must_use]
    pub fn new(ledger: &'l Ledger) -> Self {
        Self {
            ledger,
            sealed: Cell::new(0),
        }
    }

    /// The rows of the entry with this content that have what is wanted.
    ///
    /// # Errors
    /// As [`Search::each_row`]; [`LedgerError::Unknown`] for a row that may have it and is none of
    /// this version.
    pub fn met(&self, content: &Content, wanted: &Wanted) -> Result<Met, LedgerError> {
        let mut met = Met {
            count: 0,
            first: None,
            looked: Looked::Through,
        };
        let mut room = Vec::new();
        met.looked = self.each_row(content, &mut |raw| -> Result<(), LedgerError> {
            if !wanted.may_be(raw.bytes(), &mut room) {
                return Ok(());
            }
            let row = raw.row()?;
            if wanted.is(&row) {
                met.count = met.count.saturating_add(1);
                met.first.get_or_insert_with(|| Box::new(row));
            }
            Ok(())
        })?;
        Ok(met)
    }

    /// Shows every row of the entry with this content, in order, and compares all of them with
    /// the entry. What was seen counts only when this returns without an error. Memory holds one
    /// row.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] when they are not the rows that were written; what SQLite said;
    /// the first error of `see`.
    pub fn each_row<E: From<LedgerError>>(
        &self,
        content: &Content,
        see: &mut dyn FnMut(RawRow<'_>) -> Result<(), E>,
    ) -> Result<Looked, E> {
        let number = content.number;
        let altered = |what| E::from(LedgerError::Altered { number, what });
        let (said, hash) = match (content.rows, content.rows_sha256) {
            (Some(said), Some(hash)) => (said, hash),
            (None, None) => (0, RowsHash::default().finish()),
            (Some(_), None) | (None, Some(_)) => return Err(altered(Alteration::Malformed)),
        };
        let fault = |error| E::from(unreadable(number, error));
        let mut statement = self
            .ledger
            .db
            .prepare_cached(
                "SELECT ordinal, CASE WHEN octet_length(bytes) <= ?2 THEN bytes END
                 FROM rows WHERE entry = ?1 ORDER BY ordinal",
            )
            .map_err(fault)?;
        let mut found = statement
            .query((integer(number), integer_of(STORED_ROW_BYTES_MAX)))
            .map_err(fault)?;
        let mut seen = RowsHash::default();
        while let Some(row) = found.next().map_err(fault)? {
            let expected = seen.count().saturating_add(1);
            let ordinal = row.get::<_, i64>(0).unwrap_or_default();
            if ordinal < integer(expected) || said < expected {
                let ordinal = u64::try_from(ordinal).unwrap_or(0);
                return Err(altered(Alteration::RowExtra(ordinal)));
            }
            if integer(expected) < ordinal {
                return Err(altered(Alteration::RowMissing(expected)));
            }
            let bytes = text(row, 1).ok_or_else(|| altered(Alteration::RowsChanged))?;
            seen.add(bytes);
            see(RawRow { number, bytes })?;
        }
        if seen.count() < said {
            if seen.count() == 0 && self.is_sealed(number)? {
                return Ok(Looked::Sealed);
            }
            let next = seen.count().saturating_add(1);
            return Err(altered(Alteration::RowMissing(next)));
        }
        if seen.finish() != hash {
            return Err(altered(Alteration::RowsChanged));
        }
        Ok(Looked::Through)
    }

    /// Whether the rows of the entry `number` were put into an archive. Asked anew when they were
    /// not: a period may be sealed while somebody searches.
    ///
    /// # Errors
    /// When an entry that says so was changed or cannot be read.
    pub fn is_sealed(&self, number: u64) -> Result<bool, LedgerError> {
        if number <= self.sealed.get() {
            return Ok(true);
        }
        // The mark cannot stand inside a string, where a quotation mark has a backslash.
        let last: Option<i64> = self
            .ledger
            .db
            .query_row(
                "SELECT max(number) FROM entries
                 WHERE instr(bytes, '\"event\":{\"event\":\"sealed\"') > 0",
                (),
                |row| row.get(0),
            )
            .map_err(LedgerError::database("search"))?;
        if let Some(last) = last.and_then(|number| u64::try_from(number).ok())
            && let Event::Sealed(sealed) = self.ledger.entry(last)?.content()?.event
        {
            self.sealed.set(sealed.through);
        }
        Ok(number <= self.sealed.get())
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
