//! What a document of older Word carries (MS-DOC).

use crate::bytes::{has, u16_at};
use crate::walk::Walk;

/// Where the flags stand in the header, and those of encryption and obfuscation.
const FLAGS_AT: usize = 10;
const ENCRYPTED: u16 = 0x0100;

/// Begins a field in the text.
const FIELD: u8 = 0x13;
/// End the instruction of a field.
const FIELD_ENDS: [u8; 2] = [0x14, 0x15];

/// How far behind its beginning a field's instruction is looked at, in bytes: two a letter,
/// with room for a path in front.
pub(crate) const INSTRUCTION_BYTES_MAX: usize = 1024;

/// Tells fields that ask other programs for data, and encryption.
pub(crate) fn examine(data: &[u8], walk: &mut Walk<'_>) {
    let is_word = has(data, 0, b"\xec\xa5") || has(data, 0, b"\xdc\xa5");
    let flags = u16_at(data, FLAGS_AT).unwrap_or(0);
    if is_word && flags & ENCRYPTED != 0 {
        walk.encrypted("document is encrypted");
        return;
    }
    let mut field = None;
    for (at, byte) in data.iter().enumerate() {
        match *byte {
            FIELD => field = Some(at),
            b'd' | b'D' => {
                let is_near =
                    field.is_some_and(|begin| at.saturating_sub(begin) <= INSTRUCTION_BYTES_MAX);
                // Text is in one byte a letter or in two, piece by piece.
                if is_near && (is_order(data, at, 1) || is_order(data, at, 2)) {
                    walk.notice("dde_field", "a field asks another program for data");
                    field = None;
                }
            }
            ends if FIELD_ENDS.contains(&ends) => field = None,
            _ => {}
        }
    }
}

/// Whether the word for it stands at `at`, in letters of `step` bytes.
fn is_order(data: &[u8], at: usize, step: usize) -> bool {
    let tail = data.get(at..).unwrap_or_default();
    let is_here = |from: usize, word: &[u8]| {
        let letters = tail.iter().step_by(step).skip(from).take(word.len());
        letters.map(u8::to_ascii_lowercase).eq(word.iter().copied())
    };
    let is_end = |from: usize| {
        let letter = tail.iter().step_by(step).nth(from);
        letter.is_none_or(|letter| !letter.is_ascii_alphanumeric())
    };
    let before = at.checked_sub(step).and_then(|before| data.get(before));
    let is_begin = before.is_none_or(|before| !before.is_ascii_alphanumeric());
    let is_wide = tail
        .iter()
        .skip(1)
        .step_by(2)
        .take(3)
        .all(|byte| *byte == 0);
    let is_word = is_here(0, b"dde") && (is_end(3) || (is_here(3, b"auto") && is_end(7)));
    is_word && is_begin && (step == 1 || is_wide)
}

/// Whether a field's instruction is to fetch data from a program, which it starts. Quotes and
/// inner fields may stand around it.
pub(crate) fn asks_program(instruction: &[u8]) -> bool {
    instruction
        .split(|byte| !byte.is_ascii_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case(b"dde") || word.eq_ignore_ascii_case(b"ddeauto"))
}
