//! Rar: 5.0 and 7.0 (RARLAB's "RAR 5.0 archive format"), and 1.5 to 4.x (its "technote.txt").
//!
//! The containers are read here, the compressed data by the decoders of a crate. What a header
//! says of sizes bounds nothing: output is counted as it comes, and a solid archive's window is
//! never larger than what has come out.

mod blake2sp;
mod codec;
mod five;
mod four;
mod member;

use crate::bytes::{find, has, rest};
use crate::walk::{Halt, Walk};

/// Its name among the formats.
pub(crate) const NAME: &str = "rar";

/// Begins every archive since 1.5; what follows tells the version.
const SIGNATURE: [u8; 6] = *b"Rar!\x1a\x07";

/// How far into a content an archive may begin, in bytes. Readers look for it behind the program
/// that unpacks it: RAR 4 MiB far, 7-Zip 8 MiB.
const SEARCH_BYTES_MAX: usize = 8 << 20;

/// How many signatures with nothing right behind them are passed over. A header may be 2 MiB
/// long, so that each of them may cost its checksum; one more is taken for an archive.
const FALSE_SIGNATURES_MAX: usize = 64;

/// Whether the content begins as a rar.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE)
}

/// Whether an archive lies in the content behind something else, where readers look for it.
pub(crate) fn lies_within(content: &[u8]) -> bool {
    !begins(content) && place(content).is_some()
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let at = if begins(content) {
        0
    } else {
        walk.notice("container_extra_data", "bytes before the archive");
        place(content).unwrap_or_default()
    };
    let archive = rest(content, at, usize::MAX);
    if has(archive, SIGNATURE.len(), b"\x01\0") {
        return five::open(archive, walk);
    }
    if has(archive, SIGNATURE.len(), b"\0") {
        return four::open(archive, walk);
    }
    walk.unsupported("rar of an unknown version");
    Ok(())
}

/// Where the first archive begins.
fn place(content: &[u8]) -> Option<usize> {
    let searched = rest(content, 0, SEARCH_BYTES_MAX);
    let mut from = 0;
    let mut false_ones: usize = 0;
    while let Some(at) = find(searched, *b"Rar!", from) {
        let archive = rest(content, at, usize::MAX);
        let is_five = has(archive, SIGNATURE.len(), b"\x01\0");
        if begins(archive) && (is_five || has(archive, SIGNATURE.len(), b"\0")) {
            let is_right = if is_five {
                five::is_followed(archive)
            } else {
                four::is_followed(archive)
            };
            if is_right || FALSE_SIGNATURES_MAX <= false_ones {
                return Some(at);
            }
            false_ones = false_ones.saturating_add(1);
        }
        from = at.saturating_add(1);
    }
    None
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::samples;
