//! The ledger as an export reads it: the entries that are asked for, one after the other, each
//! with what later entries say of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use record::Ledger;
use record::entry::{Content, RowsHash};
use record::reader::{Entry, Filter, Rows};
use wire::Row;
use wire::ledger::{Event, Judged};
use wire::name::is_hidden;

use crate::about::About;
use crate::error::ExportError;
use crate::select::Selection;

/// The entries of one export. What is written into the ledger after it was opened is not seen,
/// so that every look at it sees the same.
pub struct Book<'l> {
    ledger: &'l Ledger,
    selection: Selection,
    zone: TimeZone,
    first: u64,
    last: u64,
    /// Insertions whose PASS was taken back, and the entry that says so.
    withdrawn: BTreeMap<u64, u64>,
    /// Insertions of registered media that their entry of the list refused: only the verdict
    /// names them.
    refused: BTreeMap<u64, String>,
    /// The last entry whose rows are in an archive, and the entry that says so.
    sealed: Option<(u64, u64)>,
}

/// One entry with what belongs to it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The entry as the ledger holds it.
    pub entry: Entry,
    /// What it says.
    pub content: Content,
    /// When it was written, by the clock that people can set.
    pub at: Timestamp,
    /// What it is about, with the medium of its insertion.
    pub about: About,
    /// The entry that took this PASS back.
    pub withdrawn_by: Option<u64>,
    /// The entry that put the rows of this one into an archive.
    pub sealed_by: Option<u64>,
}

impl Item {
    /// The verdict with what it rests on, when this entry is one.
    #[must_use]
    pub fn judged(&self) -> Option<&Judged> {
        self.content.event.judged()
    }
}

impl<'l> Book<'l> {
    /// Looks through the ledger once for what later entries say of earlier ones.
    ///
    /// # Errors
    /// [`ExportError::Empty`]; [`ExportError::Ledger`] when an entry cannot be read, or the one
    /// that is asked for is not there.
    pub fn open(ledger: &'l Ledger, selection: Selection) -> Result<Self, ExportError> {
        let last = ledger.last()?.ok_or(ExportError::Empty)?;
        if let Some(entry) = selection.entry {
            ledger.entry(entry)?;
        }
        let (first, until) = selection.bounds(last);
        let mut book = Self {
            ledger,
            selection,
            zone: TimeZone::UTC,
            first,
            last: until,
            withdrawn: BTreeMap::new(),
            refused: BTreeMap::new(),
            sealed: None,
        };
        for entry in ledger.entries(Filter {
            since: Some(first),
            limit: None,
        })? {
            let entry = entry?;
            let event = entry.content()?.event;
            if let Event::Withdrawn { insertion, .. } = event {
                book.withdrawn.insert(insertion, entry.number);
            } else if let Some((insertion, medium)) = refused(&event) {
                book.refused.insert(insertion, medium);
            } else if let Event::Sealed(sealed) = event
                && book.sealed.is_none_or(|(last, _)| last < sealed.through)
            {
                book.sealed = Some((sealed.through, entry.number));
            }
        }
        Ok(book)
    }

    /// With local times by the clocks of this zone, and not by UTC.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// A time by the clocks of the site, to the second.
    pub(crate) fn local(&self, at: Timestamp) -> DateTime {
        let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
        self.zone.to_datetime(second)
    }

    /// The first entry that is looked at; the last one when the ledger ends before it.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first.min(self.last)
    }

    /// The last one.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The entries that are asked for, in the order of the ledger.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn items(
        &self,
    ) -> Result<impl Iterator<Item = Result<Item, ExportError>> + '_, ExportError> {
        let entries = self.ledger.entries(Filter {
            since: Some(self.first),
            limit: None,
        })?;
        let in_range = entries.take_while(|entry| {
            entry
                .as_ref()
                .map_or(true, |entry| entry.number <= self.last)
        });
        Ok(in_range.filter_map(|entry| {
            entry
                .map_err(ExportError::from)
                .and_then(|entry| self.item(entry))
                .transpose()
        }))
    }

    /// The rows of an entry, in order. The last one is followed by an error when they are not the
    /// rows that the entry vouches for.
    ///
    /// # Errors
    /// [`ExportError::Sealed`] when the ledger does not hold them any more.
    pub fn rows(&self, item: &Item) -> Result<CheckedRows<'_>, ExportError> {
        if let Some(sealed) = item.sealed_by {
            let number = item.entry.number;
            return Err(ExportError::Sealed { number, sealed });
        }
        Ok(CheckedRows {
            rows: Some(self.ledger.rows(item.entry.number)),
            hash: RowsHash::default(),
            number: item.entry.number,
            said: (item.content.rows, item.content.rows_sha256),
        })
    }

    /// The registered medium of an entry that does not name it: that of its insertion.
    fn media(
        &self,
        event: &Event,
        insertion: Option<u64>,
        number: u64,
    ) -> Result<Vec<String>, ExportError> {
        let insertion = match (event, insertion) {
            (Event::Inserted { .. }, _) => number,
            (_, Some(insertion)) => insertion,
            (_, None) => return Ok(Vec::new()),
        };
        let inserted = self.ledger.entry(insertion)?.content()?;
        let media = About::of(&inserted.event).media;
        if !media.is_empty() {
            return Ok(media);
        }
        if let Some(medium) = self.refused.get(&insertion) {
            return Ok(vec![medium.clone()]);
        }
        // A verdict before the first entry that is looked at follows its insertion closely.
        for entry in self.ledger.entries(Filter {
            since: Some(insertion),
            limit: None,
        })? {
            let entry = entry?;
            if self.first <= entry.number {
                break;
            }
            let event = entry.content()?.event;
            let judged = event.judged();
            if judged.is_some_and(|judged| judged.insertion == insertion) {
                return Ok(refused(&event)
                    .map(|(_, medium)| medium)
                    .into_iter()
                    .collect());
            }
        }
        Ok(Vec::new())
    }

    /// The entry with what belongs to it; `None` when it is not asked for.
    fn item(&self, entry: Entry) -> Result<Option<Item>, ExportError> {
        let content = entry.content()?;
        let number = entry.number;
        if entry.bytes.chars().any(is_hidden) {
            return Err(ExportError::Hidden(number));
        }
        let at = content.recorded_utc.parse();
        let at: Timestamp = at.map_err(|_| ExportError::Time {
            number,
            text: content.recorded_utc.clone(),
        })?;
        let mut about = About::of(&content.event);
        if !self.selection.takes_time(at) || !self.selection.takes_verdict(&about) {
            return Ok(None);
        }
        if about.media.is_empty() && content.event.judged().is_none() {
            about.media = self.media(&content.event, about.insertion, number)?;
        }
        if !self.selection.takes_medium(&about) {
            return Ok(None);
        }
        let insertion = content.event.judged().map(|judged| judged.insertion);
        let has_rows = content.rows.is_some_and(|rows| 0 < rows);
        let sealed = self
            .sealed
            .filter(|(through, _)| has_rows && number <= *through);
        Ok(Some(Item {
            at,
            about,
            withdrawn_by: insertion.and_then(|one| self.withdrawn.get(&one).copied()),
            sealed_by: sealed.map(|(_, by)| by),
            entry,
            content,
        }))
    }
}

/// The insertion and the id of a registered medium that its entry of the list refused.
fn refused(event: &Event) -> Option<(u64, String)> {
    let judged = event.judged()?;
    let medium = judged.registered()?.to_owned();
    judged
        .medium
        .is_none()
        .then_some((judged.insertion, medium))
}

/// The rows of one entry, counted and hashed on their way.
pub struct CheckedRows<'l> {
    rows: Option<Rows<'l>>,
    hash: RowsHash,
    number: u64,
    said: (Option<u64>, Option<wire::Digest>),
}

impl CheckedRows<'_> {
    fn holds(&mut self) -> bool {
        let hash = std::mem::take(&mut self.hash);
        match self.said {
            (Some(count), Some(sha256)) => hash.count() == count && hash.finish() == sha256,
            (None, None) => hash.count() == 0,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl Iterator for CheckedRows<'_> {
    type Item = Result<Row, ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(row) = self.rows.as_mut()?.next() else {
            self.rows = None;
            let number = self.number;
            return (!self.holds()).then_some(Err(ExportError::Rows(number)));
        };
        let checked = row.map_err(ExportError::from).and_then(|row| {
            self.hash.add(record::canonical::line(&row)?.as_bytes());
            Ok(row)
        });
        if checked.is_err() {
            self.rows = None;
        }
        Some(checked)
    }
}
