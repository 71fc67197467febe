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
mod pbzx;
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

/// The streams that are opened, in the order in which they are looked for.
pub(crate) const FORMATS: &[Format] = &[
    Format::new("gzip", Sort::Archive, gzip::begins, gzip::open),
    Format::new("lzma", Sort::Archive, lzma_alone::begins, lzma_alone::open),
    Format::new(
        "lzma86",
        Sort::Archive,
        lzma_alone::begins_x86,
        lzma_alone::open_x86,
    ),
    Format::new("bzip2", Sort::Archive, bzip2::begins, bzip2::open),
    Format::new("xz", Sort::Archive, xz::begins, xz::open),
    Format::new("zstd", Sort::Archive, zstd::begins, zstd::open),
    Format::new("lz4", Sort::Archive, lz4::begins, lz4::open),
    Format::new("snappy", Sort::Archive, snappy::begins, snappy::open),
    Format::new("lzop", Sort::Archive, lzop::begins, lzop::open),
    Format::new("compress", Sort::Archive, compress::begins, compress::open),
    Format::new("pack", Sort::Archive, pack::begins, pack::open),
    Format::new("szdd", Sort::Archive, expand::begins, expand::open),
    Format::new(
        "kwaj",
        Sort::Archive,
        expand::begins_kwaj,
        expand::open_kwaj,
    ),
    Format::new("pbzx", Sort::Archive, pbzx::begins, pbzx::open),
    Format::new("lzip", Sort::Archive, lzip::begins, lzip::open),
];
