//! The ledger itself, an entry a line: `{"leaf_sha256":...,"entry":...,"rows":[...]}`. `entry` is
//! the very bytes that hash to the leaf, and each row is spelled as the ledger holds it, so that
//! whoever cuts them out can check them as FORMAT.md says. `rows` is null when another entry,
//! named by `sealed_by`, put them into an archive. A PASS that another entry took back ends with
//! `"withdrawn_by":...`.

use std::io::Write;

use crate::book::{Book, Item};
use crate::error::ExportError;

/// Writes the entries; gives their number.
///
/// # Errors
/// When the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, mut out: impl Write) -> Result<u64, ExportError> {
    let mut entries = 0_u64;
    for item in book.items()? {
        one(book, &item?, &mut out)?;
        entries = entries.saturating_add(1);
    }
    out.flush()?;
    Ok(entries)
}

fn one(book: &Book<'_>, item: &Item, out: &mut impl Write) -> Result<(), ExportError> {
    let (leaf, entry) = (item.entry.leaf_sha256, &item.entry.bytes);
    write!(out, "{{\"leaf_sha256\":\"{leaf}\",\"entry\":{entry}")?;
    if let Some(sealed) = item.sealed_by {
        write!(out, ",\"rows\":null,\"sealed_by\":{sealed}")?;
    } else {
        out.write_all(b",\"rows\":[")?;
        for (place, row) in book.rows(item)?.enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(out, "{comma}{}", record::canonical::line(&row?)?)?;
        }
        out.write_all(b"]")?;
    }
    if let Some(by) = item.withdrawn_by {
        write!(out, ",\"withdrawn_by\":{by}")?;
    }
    out.write_all(b"}\n")?;
    Ok(())
}
