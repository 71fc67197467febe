//! One ARJ header.

use crate::bytes::{has, part, rest, u16_at, u32_at};

/// Begins every header and the end mark.
const MARK: &[u8] = b"\x60\xea";

/// The longest header without what is before and behind it, in bytes (TECHNOTE.TXT).
pub(super) const HEADER_BYTES_MAX: usize = 2_600;

/// The fixed fields that every header has.
const FIELDS_BYTES_MIN: usize = 30;

/// What a header stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// The archive itself.
    Archive,
    /// Content, also of types that nobody knows.
    File,
    Folder,
    /// A volume's label, or the name of a chapter.
    Label,
}

/// One header.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) kind: Type,
    pub(super) method: u8,
    pub(super) is_garbled: bool,
    /// Whether it goes on in the next volume, and whether it began in the one before.
    pub(super) goes_on: bool,
    pub(super) began_before: bool,
    pub(super) packed_bytes: u64,
    pub(super) bytes: u64,
    pub(super) crc: u32,
    pub(super) name: &'a [u8],
}

/// What stands at some place.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Header {
        header: Header<'a>,
        /// Whether its checksums are right.
        is_checked: bool,
        /// Where its data begins.
        end: usize,
    },
    /// The end mark.
    End {
        end: usize,
    },
    Nothing,
}

/// Whether a header may begin at `at`.
pub(super) fn is_marked(content: &[u8], at: usize) -> bool {
    has(content, at, MARK)
}

/// What begins at `at`.
pub(super) fn at(content: &[u8], at: usize) -> Found<'_> {
    read(content, at).unwrap_or(Found::Nothing)
}

fn read(content: &[u8], at: usize) -> Option<Found<'_>> {
    if !is_marked(content, at) {
        return None;
    }
    let bytes = usize::from(u16_at(content, at.checked_add(2)?)?);
    let begin = at.checked_add(4)?;
    if bytes == 0 {
        return Some(Found::End { end: begin });
    }
    if HEADER_BYTES_MAX < bytes {
        return None;
    }
    let own = part(content, begin, bytes)?;
    let crc_at = begin.checked_add(bytes)?;
    let mut is_checked = u32_at(content, crc_at)? == crc32fast::hash(own);
    let header = fields(own)?;
    // Extended headers follow, each with its size; a size of zero ends them.
    let mut end = crc_at.checked_add(4)?;
    loop {
        let extended_bytes = usize::from(u16_at(content, end)?);
        let extended_at = end.checked_add(2)?;
        if extended_bytes == 0 {
            end = extended_at;
            break;
        }
        let extended = part(content, extended_at, extended_bytes)?;
        end = extended_at.checked_add(extended_bytes)?;
        is_checked &= u32_at(content, end)? == crc32fast::hash(extended);
        end = end.checked_add(4)?;
    }
    Some(Found::Header {
        header,
        is_checked,
        end,
    })
}

fn fields(own: &[u8]) -> Option<Header<'_>> {
    let fixed_bytes = usize::from(*own.first()?);
    if fixed_bytes < FIELDS_BYTES_MIN {
        return None;
    }
    let flags = *own.get(4)?;
    let kind = match own.get(6)? {
        2 => Type::Archive,
        3 => Type::Folder,
        4 | 5 => Type::Label,
        _ => Type::File,
    };
    // Name and comment follow, both with a zero byte at the end.
    let texts = own.get(fixed_bytes..)?;
    let name = rest(texts, 0, texts.iter().position(|byte| *byte == 0)?);
    Some(Header {
        kind,
        method: *own.get(5)?,
        is_garbled: flags & 0x01 != 0,
        goes_on: flags & 0x04 != 0,
        began_before: flags & 0x08 != 0 && kind != Type::Archive,
        packed_bytes: u64::from(u32_at(own, 12)?),
        bytes: u64::from(u32_at(own, 16)?),
        crc: u32_at(own, 20)?,
        name,
    })
}
