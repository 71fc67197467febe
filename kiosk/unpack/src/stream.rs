//! Compressed streams: one content and no members.

pub(crate) mod chain;
pub(crate) mod decoder;
pub(crate) mod gzip;
pub(crate) mod inflate;
pub(crate) mod sink;

use crate::format::{Format, Sort};

/// The streams that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[Format {
    name: "gzip",
    sort: Sort::Archive,
    begins: gzip::begins,
    open: gzip::open,
}];
