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

use crate::bytes::has;
use crate::walk::{Halt, Walk};

/// Begins every archive since 1.5; what follows tells the version.
const SIGNATURE: [u8; 6] = *b"Rar!\x1a\x07";

/// Whether the content begins as a rar.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE)
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if has(content, SIGNATURE.len(), b"\x01\0") {
        return five::open(content, walk);
    }
    if has(content, SIGNATURE.len(), b"\0") {
        return four::open(content, walk);
    }
    walk.unsupported("rar of an unknown version");
    Ok(())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::samples;
