//! Compressed streams: one content and no members.
//!
//! Archives use the same compressors for their members: `inflate`, `lzma`, `bzip2`, `xz` and
//! `zstd` unpack a stream wherever it lies, each by a function of its own name. What a decoder
//! of ours needs of its past is in the output itself, so that no header can ask for memory.

pub(crate) mod bits;
pub(crate) mod bzip2;
pub(crate) mod chain;
pub(crate) mod check;
mod compress;
pub(crate) mod decoder;
mod expand;
pub(crate) mod filter;
pub(crate) mod gzip;
pub(crate) mod inflate;
pub(crate) mod lz4;
mod lzip;
pub(crate) mod lzma;
pub(crate) mod lzma_alone;
mod lzop;
mod pack;
mod single;
pub(crate) mod sink;
mod skipped;
mod snappy;
#[cfg(test)]
mod tests;
pub(crate) mod window;
pub(crate) mod xz;
pub(crate) mod zstd;

use crate::format::{Format, Sort};
use crate::walk::{Halt, Walk};

/// The streams that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    stream("gzip", gzip::begins, gzip::open),
    stream("lzma", lzma_alone::begins, lzma_alone::open),
    stream("bzip2", bzip2::begins, bzip2::open),
    stream("xz", xz::begins, xz::open),
    stream("zstd", zstd::begins, zstd::open),
    stream("lz4", lz4::begins, lz4::open),
    stream("snappy", snappy::begins, snappy::open),
    stream("lzop", lzop::begins, lzop::open),
    stream("compress", compress::begins, compress::open),
    stream("pack", pack::begins, pack::open),
    stream("szdd", expand::begins, expand::open),
    stream("kwaj", expand::begins_kwaj, expand::open_kwaj),
    stream("lzip", lzip::begins, lzip::open),
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
