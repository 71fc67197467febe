//! CSV for spreadsheets and everything else: UTF-8 with a byte order mark, because Excel takes
//! anything without one for the local code page; lines end with CR LF (RFC 4180); no cell is
//! taken for a formula, and none is longer than a spreadsheet's.

use std::io::Write;

use ::csv::{QuoteStyle, Terminator, WriterBuilder};

use crate::book::Book;
use crate::cell::within_cell;
use crate::error::ExportError;
use crate::formula::guarded;
use crate::table::{Cell, Table};

/// Writes a table; gives the number of entries in it.
///
/// # Errors
/// When the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, table: Table, mut out: impl Write) -> Result<u64, ExportError> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(out);
    writer.write_record(table.heads())?;
    let entries = table.lines(book, |cells| {
        let cells = cells.iter().map(|cell| match cell {
            Cell::Text(text) => within_cell(&guarded(text)),
            Cell::Number(_) | Cell::Time(_) | Cell::Empty => cell.text(),
        });
        Ok(writer.write_record(cells)?)
    })?;
    writer.flush()?;
    Ok(entries)
}
