//! What SQLite hands out, of whatever type it is.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::error::{Alteration, LedgerError};
use crate::schema::is_damage;

/// The text of a checkpoint; `None` when there is none. What is none is an empty one.
pub(super) fn note<'r>(row: &'r Row<'_>, index: usize) -> Option<&'r [u8]> {
    match row.get_ref(index) {
        Ok(ValueRef::Null) => None,
        Ok(ValueRef::Text(bytes)) => Some(bytes),
        Ok(ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => Some(b""),
    }
}

/// The bytes of a text, valid UTF-8 or not; `None` for anything else.
pub(crate) fn text<'r>(row: &'r Row<'_>, index: usize) -> Option<&'r [u8]> {
    match row.get_ref(index) {
        Ok(ValueRef::Text(bytes)) => Some(bytes),
        Ok(ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_))
        | Err(_) => None,
    }
}

/// A page that SQLite finds malformed, and a value of another type or length than it can have, is
/// an alteration of the entry it was looking for.
pub(crate) fn unreadable(number: u64, source: rusqlite::Error) -> LedgerError {
    if is_damage(&source) {
        return LedgerError::Altered {
            number,
            what: Alteration::Unreadable,
        };
    }
    LedgerError::Database {
        doing: "read",
        source,
    }
}
