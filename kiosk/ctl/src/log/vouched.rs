//! An entry's rows, of which nothing is said before all of them are known to be those that were
//! written.

use record::Ledger;
use record::entry::Content;
use record::reader::Entry;
use record::search::{Looked, Search};
use serde_json::{Value, json};
use wire::Row;

use crate::CommandError;

/// The rows of one entry, which held when this was made.
pub(super) struct Vouched<'l> {
    search: Search<'l>,
    content: Content,
    /// Whether the ledger holds them, or an archive.
    pub(super) looked: Looked,
}

impl<'l> Vouched<'l> {
    /// Hashes the rows and compares them with what the entry says of them.
    ///
    /// # Errors
    /// When they are not those that were written, or cannot be read.
    pub(super) fn of(ledger: &'l Ledger, entry: &Entry) -> Result<Self, CommandError> {
        let search = Search::new(ledger);
        let content = content(entry)?;
        let looked = search.each_row(&content, &mut |_| Ok::<(), CommandError>(()))?;
        Ok(Self {
            search,
            content,
            looked,
        })
    }

    /// Shows each row, in order. They are hashed on the way once more: whoever changes them
    /// meanwhile ends this with an error.
    ///
    /// # Errors
    /// When they are not those that were written; the first error of `see`.
    pub(super) fn each(
        &self,
        see: &mut dyn FnMut(Row) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let looked = self
            .search
            .each_row(&self.content, &mut |raw| -> Result<(), CommandError> {
                see(raw.row()?)
            });
        looked.map(|_: Looked| ())
    }
}

/// What the entry says of its rows; its event does not matter here, so that the rows of an entry
/// of a later version are compared too.
fn content(entry: &Entry) -> Result<Content, CommandError> {
    let error = match entry.content() {
        Ok(content) => return Ok(content),
        Err(error) => error,
    };
    let mut said: Value = serde_json::from_str(&entry.bytes).unwrap_or_default();
    if let Some(said) = said.as_object_mut() {
        said.insert("event".to_owned(), json!({ "event": "stopped" }));
    }
    match serde_json::from_value::<Content>(said) {
        Ok(content) if content.number == entry.number => Ok(content),
        Ok(_) | Err(_) => Err(error.into()),
    }
}
