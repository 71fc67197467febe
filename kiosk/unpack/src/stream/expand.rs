//! SZDD and KWAJ, the compressed files of Microsoft's COMPRESS.EXE. The window is a ring of 4096
//! bytes, filled with spaces at first.

mod kwaj;
mod lzss;
mod mszip;

use self::lzss::{BEGIN_OF_BASIC, BEGIN_OF_SETUP, lzss};
use super::single::{self, NAMELESS};
use super::sink::Unpacked;
use super::skipped::Skipped;
use crate::bytes::{has, rest, span, u32_at};
use crate::walk::{Halt, Walk};

const SIGNATURE: &[u8] = b"SZDD\x88\xf0\x27\x33";
/// The other kind, of QBasic's setup.
const BASIC_SIGNATURE: &[u8] = b"SZ \x88\xf0\x27\x33\xd1";

/// Whether the content begins as SZDD.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, SIGNATURE) || has(content, 0, BASIC_SIGNATURE)
}

/// Hands out the one content. The header has one letter of its name only.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    // Behind the signature stand the method and the letter, but not in the other kind.
    let (size_at, begin) = match has(content, 0, SIGNATURE) {
        true => (10, BEGIN_OF_SETUP),
        false => (8, BEGIN_OF_BASIC),
    };
    let is_known = size_at == 8 || content.get(8) == Some(&b'A');
    let mut output = Vec::new();
    let unpacked = match u32_at(content, size_at) {
        None => Unpacked::damaged(0, "header is cut off"),
        Some(_) if !is_known => {
            let why = "compressed by a method that is not known";
            Unpacked::cut(0, wire::Gap::Unsupported, why)
        }
        Some(size) => {
            let at = size_at.saturating_add(4);
            let size = Some(span(u64::from(size)));
            let packed = rest(content, at, usize::MAX);
            let one = lzss(packed, begin, size, &mut output, walk.budget);
            Unpacked {
                consumed: one.consumed.saturating_add(at),
                ..one
            }
        }
    };
    single::hand_out(content, walk, NAMELESS, output, unpacked)
}

/// Whether the content begins as KWAJ.
pub(crate) fn begins_kwaj(content: &[u8]) -> bool {
    has(content, 0, kwaj::SIGNATURE)
}

/// Hands out the one content under its own name.
pub(crate) fn open_kwaj(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let mut output = Vec::new();
    let mut skipped = Skipped::default();
    let mut name = NAMELESS.to_vec();
    let unpacked = match kwaj::Header::read(content) {
        None => Unpacked::damaged(0, "header is cut off"),
        Some(header) => {
            let unpacked = header.unpack(content, &mut output, walk.budget);
            name = header.name;
            header
                .others
                .into_iter()
                .for_each(|other| skipped.note(other));
            unpacked
        }
    };
    single::hand_out(content, walk, &name, output, unpacked)?;
    skipped.hand_out(content, walk)
}

#[cfg(test)]
mod tests;
