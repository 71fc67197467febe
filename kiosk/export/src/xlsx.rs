//! A workbook for Excel (ECMA-376, transitional): the table of entries and the table of files,
//! each on as many sheets as it needs. Every text is a text: cells have no formulas and no
//! links, and their format keeps what is typed over them from becoming one. Nothing is held in
//! memory but the row that is being written.

mod sheets;

mod text;

mod zip;

use std::io::Write;

use crate::book::Book;
use crate::error::ExportError;
use crate::table::Table;
use sheets::Workbook;

/// Most rows of a sheet, the head among them: Excel's.
pub const SHEET_ROWS_MAX: u32 = 1_048_576;

/// Most XML of a sheet, in bytes: with it no size in the archive needs more than 32 bits.
pub const SHEET_BYTES_MAX: u64 = 2 << 30;

/// Largest number that is written as one: Excel keeps fifteen digits.
pub const NUMBER_MAX: u64 = 999_999_999_999_999;

/// Writes the workbook; gives the number of entries in it.
///
/// # Errors
/// [`ExportError::TooLarge`] past 4 GiB; when the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, out: impl Write) -> Result<u64, ExportError> {
    let mut workbook = Workbook::new(out, SHEET_ROWS_MAX, SHEET_BYTES_MAX);
    let mut entries = 0;
    for (table, name) in [(Table::Entries, "entries"), (Table::Files, "files")] {
        workbook.begin(name, table.heads())?;
        let taken = table.lines(book, |cells| workbook.row(&cells))?;
        workbook.end()?;
        // Every verdict among the entries is in both tables.
        entries = taken.max(entries);
    }
    workbook.finish()?;
    Ok(entries)
}
