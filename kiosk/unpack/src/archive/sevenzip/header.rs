//! The header of an archive, behind its signature or wherever else it may be.

use super::cursor::{Cursor, Fault};
use super::files::Files;
use super::streams::{END, Streams, streams};
use crate::bytes::{part, rest, span, u32_at, u64_at};

/// Signature, version, and where the header is.
pub(super) const SIGNATURE_BYTES: usize = 32;

/// How far from the end a header is looked for that is not where it should be, in bytes, and
/// how many places there are tried. An encoded header of 100,000 members is below 2 MB.
const SEARCH_BYTES: usize = 4 << 20;
pub(super) const PLACES_MAX: usize = 16;

/// Marks of the parts of a header (7zFormat.txt, "Property IDs").
const HEADER: u64 = 0x01;
const PROPERTIES: u64 = 0x02;
const MORE_STREAMS: u64 = 0x03;
const MAIN_STREAMS: u64 = 0x04;
const FILES: u64 = 0x05;
const ENCODED: u64 = 0x17;

/// Where the signature header says that the header is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) begin: usize,
    pub(super) bytes: usize,
    crc: u32,
    /// Whether its own checksum is right.
    pub(super) is_sound: bool,
}

impl Start {
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        /// What the checksum is about: offset, size and checksum of the header.
        const FIELDS: (usize, usize) = (12, 20);
        let fields = part(content, FIELDS.0, FIELDS.1)?;
        Some(Self {
            begin: SIGNATURE_BYTES.saturating_add(span(u64_at(fields, 0)?)),
            bytes: span(u64_at(fields, 8)?),
            crc: u32_at(fields, 16)?,
            is_sound: u32_at(content, 8)? == crc32fast::hash(fields),
        })
    }

    /// An archive without members has no header.
    pub(super) fn is_empty(&self) -> bool {
        self.is_sound && self.bytes == 0 && self.begin == SIGNATURE_BYTES
    }

    /// Whether the content ends before the header does.
    pub(super) fn is_behind(&self, content: &[u8]) -> bool {
        content.len() < self.begin.saturating_add(self.bytes)
    }

    /// The header, when it is there and whole.
    pub(super) fn header<'a>(&self, content: &'a [u8]) -> Option<&'a [u8]> {
        let header = part(content, self.begin, self.bytes)?;
        (!header.is_empty() && crc32fast::hash(header) == self.crc).then_some(header)
    }
}

/// Where a header may begin that no signature header leads to, the last place first.
pub(super) fn places(content: &[u8]) -> Vec<usize> {
    let from = content
        .len()
        .saturating_sub(SEARCH_BYTES)
        .max(SIGNATURE_BYTES);
    rest(content, from, usize::MAX)
        .windows(2)
        .enumerate()
        .rev()
        .filter(|(_, window)| matches!(window, [0x17, 0x06] | [0x01, 0x04 | 0x05]))
        .map(|(at, _)| from.saturating_add(at))
        .take(PLACES_MAX)
        .collect()
}

/// What a header is.
pub(super) enum Header<'h> {
    /// The streams and members of the archive.
    Plain(Streams<'h>, Files<'h>),
    /// A packed stream that holds a header.
    Encoded(Streams<'h>),
}

/// Reads a header. Second, whether there is something in it that is not read.
pub(super) fn read(header: &[u8]) -> Result<(Header<'_>, bool), Fault> {
    let mut cursor = Cursor::new(header);
    let mut has_more = false;
    let read = match cursor.number()? {
        HEADER => plain(&mut cursor, &mut has_more)?,
        ENCODED => Header::Encoded(streams(&mut cursor)?),
        _ => return Err(Fault::Damaged("7z header begins with an unknown mark")),
    };
    has_more |= cursor.left().iter().any(|byte| *byte != 0);
    Ok((read, has_more))
}

fn plain<'h>(cursor: &mut Cursor<'h>, has_more: &mut bool) -> Result<Header<'h>, Fault> {
    let mut all = Streams::default();
    let mut files = Files::none();
    let mut last = HEADER;
    loop {
        let mark = cursor.number()?;
        if mark == END {
            break;
        }
        if mark <= last {
            return Err(Fault::Damaged(
                "7z header has its parts twice or in disorder",
            ));
        }
        last = mark;
        match mark {
            // Properties of the archive, of which none was ever defined.
            PROPERTIES => {
                *has_more = true;
                while cursor.number()? != END {
                    cursor.sized()?;
                }
            }
            MORE_STREAMS => {
                return Err(Fault::Unsupported("7z header with lists in another place"));
            }
            MAIN_STREAMS => all = streams(cursor)?,
            FILES => files = Files::read(cursor)?,
            _ => return Err(Fault::Damaged("7z header has an unknown part")),
        }
    }
    *has_more |= files.has_more;
    Ok(Header::Plain(all, files))
}
