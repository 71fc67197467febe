//! Sections of OneNote (MS-ONESTORE): the files that notes embed.
//!
//! Each file lies whole between two marks, wherever it is referred to from. The rest of the
//! structure is not read: text and pictures are matched with the section's own bytes.

use wire::Gap;

use crate::bytes::{find, has, rest, span, u64_at};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// `{7B5C52E4-D88C-4DA7-AEB1-5378D02996D3}`: a section.
const SECTION: [u8; 16] = *b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3";
/// `{43FF2FA1-EFD9-4C76-9EE2-10EA5722765F}`: the list of a notebook's sections.
const CONTENTS: [u8; 16] = *b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f";
/// `{109ADD3F-911B-49F5-A5D0-1791EDC8AED8}`: stored as files of OneNote are.
const STORED: [u8; 16] = *b"\x3f\xdd\x9a\x10\x1b\x91\xf5\x49\xa5\xd0\x17\x91\xed\xc8\xae\xd8";
/// `{BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC}`: a file begins.
const FILE: [u8; 16] = *b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac";
/// The mark as the search takes it.
const FILE_BEGIN: [u8; 4] = *b"\xe7\x16\xe3\xbd";
/// `{71FBA722-0F79-4A0B-BB13-899256426B24}`: it ends.
const FILE_END: [u8; 16] = *b"\x22\xa7\xfb\x71\x79\x0f\x0b\x4a\xbb\x13\x89\x92\x56\x42\x6b\x24";

/// Where the kind of storage stands.
const STORAGE_AT: usize = 48;
/// The mark, the size and two fields without use.
const FILE_HEADER_BYTES: usize = 36;
/// The end mark stands at a multiple of it.
const FILE_ALIGNMENT: usize = 8;

/// Whether the content begins as a section or as a list of sections.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SECTION) || has(content, 0, &CONTENTS)
}

/// Hands out every embedded file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if !has(content, STORAGE_AT, &STORED) {
        walk.unsupported("a section of OneNote as servers pack it");
    }
    check_length(content, walk);
    let mut number: u64 = 0;
    let mut at: usize = 0;
    while let Some(found) = find(content, FILE_BEGIN, at) {
        at = found.saturating_add(FILE_BEGIN.len());
        if !has(content, found, &FILE) {
            continue;
        }
        number = number.saturating_add(1);
        walk.notice("onenote_file", "a note embeds a file");
        walk.admit()?;
        let data_at = found.saturating_add(FILE_HEADER_BYTES);
        let size = u64_at(content, found.saturating_add(FILE.len()));
        let size = size.map_or(usize::MAX, span);
        let data = rest(content, data_at, size);
        let padded = size.checked_next_multiple_of(FILE_ALIGNMENT);
        let end = padded.and_then(|padded| data_at.checked_add(padded));
        let is_whole = end.is_some_and(|end| has(content, end, &FILE_END));
        let name = format!("file {number}");
        let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
        let body = match (walk.stored(data), is_whole) {
            (Body::Content(content), false) => Body::Partial {
                content,
                gap: Gap::Damaged,
                why: "embedded file does not end where it says",
            },
            (body, _) => body,
        };
        walk.hand_out(name, findings, body)?;
        if let Some(end) = end.filter(|_| is_whole) {
            at = end;
        }
    }
    Ok(())
}

/// The header says how long the whole is.
fn check_length(content: &[u8], walk: &mut Walk<'_>) {
    const LENGTH_AT: usize = 196;
    let stated = u64_at(content, LENGTH_AT).map(span);
    if stated.is_none_or(|stated| content.len() < stated) {
        walk.damaged("a section of OneNote is cut off");
    }
}

#[cfg(test)]
mod tests;
