//! Whether something decoded from a text that declares nothing is worth handing out.
//!
//! Certificates, keys, pictures and hashes are base64 in any text. Only what another reader
//! would open or run is a member.

use super::base64::{Decoder, is_value};
use crate::bytes::has;
use crate::format::{Sort, formats};

/// How much of the beginning is looked at, in bytes: disk images tell themselves behind 37 KiB.
const HEAD_BYTES: usize = 64 * 1024;

/// How much of the end is looked at, in bytes: a zip's end record with the longest comment.
const TAIL_BYTES: usize = 66 * 1024;

/// How much is decoded at once, in bytes of text.
const STEP_BYTES: usize = 64 * 1024;

/// Shortest text that is base64 once more, in bytes.
const AGAIN_BYTES: usize = 256;

/// Programs, and documents that carry programs.
const PROGRAMS: [&[u8]; 18] = [
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"dex\n03",
    b"\0asm",
    b"#!/",
    b"L\0\0\0\x01\x14\x02\0",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"%PDF-",
    b"{\\rt",
    b"<?php",
    b"<script",
    b"@echo off",
    b"FWS",
];

/// Signatures that are long enough to be believed in the middle of a text.
const STRONG: [&[u8]; 12] = [
    b"MZ\x90\0",
    b"MZP\0",
    b"MZ\0\0",
    b"\x7fELF",
    b"PK\x03\x04",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x1f\x8b\x08\0",
    b"\x1f\x8b\x08\x08",
    b"\xd0\xcf\x11\xe0",
    b"%PDF-",
    b"MSCF\0",
];

/// Whether the beginning of something is one of a program or a container beyond doubt.
pub(crate) fn is_strong(head: &[u8]) -> bool {
    STRONG.iter().any(|mark| head.starts_with(mark))
}

/// Whether a whole content is worth it.
pub(crate) fn is_worth(content: &[u8]) -> bool {
    let tail = content.len().saturating_sub(TAIL_BYTES);
    of_ends(
        content.get(..HEAD_BYTES).unwrap_or(content),
        content.get(tail..).unwrap_or_default(),
    )
}

/// Whether what `text` decodes to from base64 is worth it. Only its ends are kept.
pub(crate) fn is_worth_decoded(text: &[u8]) -> bool {
    let mut decoder = Decoder::default();
    let mut head = Vec::new();
    let mut tail = Vec::new();
    for piece in text.chunks(STEP_BYTES) {
        let before = tail.len();
        decoder.feed(piece, &mut tail);
        if head.len() < HEAD_BYTES {
            head.extend_from_slice(tail.get(before..).unwrap_or_default());
        }
        let surplus = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..surplus);
    }
    let before = tail.len();
    decoder.end(&mut tail);
    if head.len() < HEAD_BYTES {
        head.extend_from_slice(tail.get(before..).unwrap_or_default());
    }
    of_ends(&head, &tail)
}

fn of_ends(head: &[u8], tail: &[u8]) -> bool {
    let is_program = PROGRAMS.iter().any(|mark| has(head, 0, mark));
    let is_container = formats().any(|format| format.sort != Sort::Text && (format.begins)(head));
    let is_again = AGAIN_BYTES <= head.len()
        && head
            .iter()
            .all(|byte| is_value(*byte) || byte.is_ascii_whitespace() || *byte == b'=');
    // A signature alone: the directory itself may lie before the part that is kept.
    let ends_as_zip = tail.windows(4).any(|window| window == b"PK\x05\x06");
    is_program || is_container || crate::unopenable(head).is_some() || is_again || ends_as_zip
}
