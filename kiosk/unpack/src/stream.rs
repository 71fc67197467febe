//! Compressed streams: one content and no members.

pub(crate) mod filter;
pub(crate) mod gzip;
pub(crate) mod inflate;
pub(crate) mod lzma;
pub(crate) mod lzma_alone;
mod single;
pub(crate) mod sink;
#[cfg(test)]
mod tests;

use crate::format::{Format, Sort};
use crate::walk::{Halt, Walk};

/// The streams that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    stream("gzip", gzip::begins, gzip::open),
    stream("lzma", lzma_alone::begins, lzma_alone::open),
];

const fn stream(
    name: &'static str,
    begins: fn(&[u8]) -> bool,
    open: fn(&[u8], &mut Walk<'_>) -> Result<(), Halt>,
) -> Format {
    Format {
        name,
        sort: Sort::Archive,
        begins,
        open,
    }
}
