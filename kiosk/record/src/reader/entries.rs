//! Entries one after another, none of them left out.

use std::collections::VecDeque;

use super::{Entry, Ledger, PAGE, missing};
use crate::entry::{ENTRY_BYTES_MAX, leaf};
use crate::error::{Alteration, LedgerError};
use crate::schema::{integer, integer_of};
use crate::verify::unreadable;

/// Which entries to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// From this number on.
    pub since: Option<u64>,
    /// The last so many of them.
    pub limit: Option<u64>,
}

impl Ledger {
    /// The entries that `filter` lets through, in the order of their numbers, none left out: one
    /// that is not there is an error in its place.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn entries(&self, filter: Filter) -> Result<Entries<'_>, LedgerError> {
        let since = filter.since.unwrap_or(1).max(1);
        let first = match filter.limit {
            None => since,
            Some(limit) => self
                .last()?
                .map_or(1, |last| last.saturating_add(1).saturating_sub(limit))
                .max(since),
        };
        Ok(Entries {
            ledger: self,
            way: Way::On,
            next: Some(first),
            is_bound: true,
            page: VecDeque::new(),
        })
    }

    /// The entries before `number`, the last one first.
    #[must_use]
    pub fn entries_before(&self, number: u64) -> Entries<'_> {
        Entries {
            ledger: self,
            way: Way::Back,
            next: number.checked_sub(1),
            // The number may be beyond the last entry.
            is_bound: false,
            page: VecDeque::new(),
        }
    }

    /// Whether there should be entries on this way from a number on, none of which was found.
    fn has_from(&self, number: u64, way: Way) -> Result<bool, LedgerError> {
        Ok(match way {
            Way::On => self.last()? >= Some(number),
            Way::Back => number >= 1 && self.last()?.is_some(),
        })
    }

    /// The next entries from a number on; none only when there are none.
    pub(super) fn whole_page(
        &self,
        from: u64,
        way: Way,
        limit: usize,
    ) -> Result<VecDeque<Entry>, LedgerError> {
        let page = self.page(from, way, limit)?;
        if !page.is_empty() || !self.has_from(from, way)? {
            return Ok(page);
        }
        // The writer may have come between the two questions: then they are there now.
        let page = self.page(from, way, limit)?;
        if page.is_empty() {
            return Err(missing(from));
        }
        Ok(page)
    }

    fn page(&self, from: u64, way: Way, limit: usize) -> Result<VecDeque<Entry>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<(i64, Option<String>, String)>> {
            self.db
                .prepare_cached(way.sql())?
                .query_map(
                    (
                        integer(from),
                        integer_of(limit),
                        integer_of(ENTRY_BYTES_MAX),
                    ),
                    |row| {
                        let text = |index| {
                            row.get_ref(index)
                                .map(|value| value.as_str().ok().map(str::to_owned))
                        };
                        Ok((row.get(0)?, text(1)?, text(2)?.unwrap_or_default()))
                    },
                )?
                .collect()
        };
        read()
            .map_err(|error| unreadable(from, error))?
            .into_iter()
            .map(|(number, bytes, leaf_text)| {
                let number = u64::try_from(number).unwrap_or(0);
                let altered = LedgerError::Altered {
                    number,
                    what: Alteration::Changed,
                };
                let Some(bytes) = bytes else {
                    return Err(altered);
                };
                let leaf_sha256 = leaf(bytes.as_bytes());
                if leaf_sha256.to_string() != leaf_text {
                    return Err(altered);
                }
                Ok(Entry {
                    number,
                    leaf_sha256,
                    bytes,
                })
            })
            .collect()
    }
}

/// In which order entries are read.
#[derive(Clone, Copy)]
pub(super) enum Way {
    On,
    Back,
}

impl Way {
    fn sql(self) -> &'static str {
        match self {
            Self::On => {
                "SELECT number, CASE WHEN octet_length(bytes) <= ?3 THEN bytes END, leaf
                 FROM entries WHERE number >= ?1 ORDER BY number LIMIT ?2"
            }
            Self::Back => {
                "SELECT number, CASE WHEN octet_length(bytes) <= ?3 THEN bytes END, leaf
                 FROM entries WHERE number <= ?1 ORDER BY number DESC LIMIT ?2"
            }
        }
    }

    fn next(self, number: u64) -> Option<u64> {
        match self {
            Self::On => number.checked_add(1),
            Self::Back => number.checked_sub(1),
        }
    }
}

/// Entries in the order of their numbers, or back from one. After an error it ends.
pub struct Entries<'a> {
    ledger: &'a Ledger,
    way: Way,
    /// The number that comes next.
    next: Option<u64>,
    /// Whether it must be just that one, if there are any more.
    is_bound: bool,
    page: VecDeque<Entry>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let expected = self.next?;
        let end = |entries: &mut Self, error| {
            entries.next = None;
            entries.page.clear();
            Some(Err(error))
        };
        if self.page.is_empty() {
            match self.ledger.whole_page(expected, self.way, PAGE) {
                Ok(page) => self.page = page,
                Err(error) => return end(self, error),
            }
        }
        let Some(entry) = self.page.pop_front() else {
            self.next = None;
            return None;
        };
        if entry.number != expected && (self.is_bound || expected < entry.number) {
            return end(self, missing(expected));
        }
        self.is_bound = true;
        self.next = self.way.next(entry.number);
        Some(Ok(entry))
    }
}
