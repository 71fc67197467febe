//! Rows as they were written, byte for byte: what `rows_sha256` is over.

use std::collections::VecDeque;

use super::Ledger;
use crate::error::LedgerError;

impl Ledger {
    /// The bytes of the rows of the entry `number`, in order, without their line feeds. None for
    /// an entry without rows, and for one whose rows are in an archive.
    ///
    /// Whether they are the rows that were written, `rows_sha256` of the entry says.
    #[must_use]
    pub fn row_bytes(&self, number: u64) -> RowBytes<'_> {
        RowBytes {
            ledger: self,
            number,
            after: Some(0),
            page: VecDeque::new(),
        }
    }
}

/// Bytes of the rows of one entry in order. After an error it ends.
pub struct RowBytes<'a> {
    ledger: &'a Ledger,
    number: u64,
    after: Option<u64>,
    page: VecDeque<(u64, String)>,
}

impl Iterator for RowBytes<'_> {
    type Item = Result<String, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            match self.ledger.row_page(self.number, self.after.take()?) {
                Ok(page) => self.page = page,
                Err(error) => return Some(Err(error)),
            }
        }
        let (ordinal, bytes) = self.page.pop_front()?;
        self.after = Some(ordinal);
        Some(Ok(bytes))
    }
}
