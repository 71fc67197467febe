//! What a header says of the members: names, attributes, and which have no content.

use wire::name::NAME_BYTES_MAX;

use super::cursor::{Bits, Cursor, Fault};
use super::streams::END;
use crate::bytes::u16_at;

/// Marks of the lists about members (7zFormat.txt, "Property IDs").
const EMPTY_STREAM: u64 = 0x0e;
const EMPTY_FILE: u64 = 0x0f;
const ANTI: u64 = 0x10;
const NAMES: u64 = 0x11;
const CREATED: u64 = 0x12;
const ACCESSED: u64 = 0x13;
const MODIFIED: u64 = 0x14;
const ATTRIBUTES: u64 = 0x15;
const COMMENT: u64 = 0x16;
const START: u64 = 0x18;
const PADDING: u64 = 0x19;

/// The name of a member that has none.
const NAMELESS: &[u8] = b"content";

/// All members of an archive.
#[derive(Debug)]
pub(super) struct Files<'h> {
    count: u64,
    names: Option<Cursor<'h>>,
    empty_streams: Bits<'h>,
    empty_files: Bits<'h>,
    anti: Bits<'h>,
    attributes: Option<(Bits<'h>, Cursor<'h>)>,
    /// How many were given, and how many of them have no content.
    given: u64,
    empty: usize,
    /// Whether there are lists that are not read, or more in one than there are members.
    pub(super) has_more: bool,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It has content in a block.
    Stream,
    /// A file of no bytes.
    Empty,
    Folder,
    /// It says that a file of this name is to be removed.
    Anti,
}

/// One member.
#[derive(Debug)]
pub(super) struct File {
    /// UTF-8, or as near as its UTF-16 allows.
    pub(super) name: Vec<u8>,
    pub(super) sort: Sort,
    pub(super) is_link: bool,
}

impl File {
    /// What stands for a content that has no name.
    pub(super) fn nameless() -> Self {
        Self {
            name: NAMELESS.to_vec(),
            sort: Sort::Stream,
            is_link: false,
        }
    }
}

impl<'h> Files<'h> {
    /// An archive of no members.
    pub(super) fn none() -> Self {
        Self {
            count: 0,
            names: None,
            empty_streams: Bits::NONE,
            empty_files: Bits::NONE,
            anti: Bits::NONE,
            attributes: None,
            given: 0,
            empty: 0,
            has_more: false,
        }
    }

    /// Reads what is behind the mark of the members.
    pub(super) fn read(cursor: &mut Cursor<'h>) -> Result<Self, Fault> {
        let mut files = Self::none();
        files.count = cursor.number()?;
        let count = usize::try_from(files.count).unwrap_or(usize::MAX);
        // Marks below 64 and each once.
        let mut seen: u64 = 0;
        let mut empty: usize = 0;
        loop {
            let mark = cursor.number()?;
            if mark == END {
                break;
            }
            let mut list = cursor.sized()?;
            let bit = 1_u64
                .checked_shl(u32::try_from(mark).unwrap_or(64))
                .unwrap_or(0);
            if mark != PADDING && seen & bit != 0 {
                return Err(Fault::Damaged("7z header has two lists of one kind"));
            }
            seen |= bit;
            match mark {
                EMPTY_STREAM => {
                    files.empty_streams = list.bits(count)?;
                    // The list is as long as it says, so this is bounded by the header.
                    empty = (0..count).filter(|at| files.empty_streams.has(*at)).count();
                }
                EMPTY_FILE => files.empty_files = list.bits(empty)?,
                ANTI => files.anti = list.bits(empty)?,
                NAMES => {
                    list.not_external()?;
                    files.names = Some(list);
                    continue;
                }
                ATTRIBUTES => {
                    let defined = list.bits_or_all(count)?;
                    list.not_external()?;
                    files.attributes = Some((defined, list));
                    continue;
                }
                CREATED | ACCESSED | MODIFIED | START | COMMENT => continue,
                PADDING => {}
                _ => {
                    files.has_more = true;
                    continue;
                }
            }
            files.has_more |= list.left().iter().any(|byte| *byte != 0);
        }
        Ok(files)
    }

    /// The next member; `None` behind the last one.
    pub(super) fn next(&mut self) -> Option<Result<File, Fault>> {
        if self.count <= self.given {
            return None;
        }
        Some(self.file())
    }

    fn file(&mut self) -> Result<File, Fault> {
        let at = usize::try_from(self.given).unwrap_or(usize::MAX);
        self.given = self.given.saturating_add(1);
        let name = match &mut self.names {
            Some(names) => name(names)?,
            None => NAMELESS.to_vec(),
        };
        let mut attributes = 0;
        if let Some((defined, list)) = &mut self.attributes
            && defined.has(at)
        {
            attributes = list.word()?;
        }
        let mut sort = Sort::Stream;
        if self.empty_streams.has(at) {
            let empty = self.empty;
            self.empty = empty.saturating_add(1);
            sort = match (self.anti.has(empty), self.empty_files.has(empty)) {
                (true, _) => Sort::Anti,
                (false, true) => Sort::Empty,
                (false, false) => Sort::Folder,
            };
        }
        Ok(File {
            name,
            sort,
            is_link: is_link(attributes),
        })
    }

    /// Whether there are more names than members.
    pub(super) fn has_more_names(&self) -> bool {
        self.names.is_some_and(|names| !names.left().is_empty())
    }
}

/// By the mode of Unix in the upper half, or as Windows marks its links (FILE_ATTRIBUTE_
/// REPARSE_POINT).
fn is_link(attributes: u32) -> bool {
    const HAS_MODE: u32 = 0x8000;
    const REPARSE_POINT: u32 = 0x400;
    let mode = attributes >> 16;
    (attributes & HAS_MODE != 0 && mode & 0xf000 == 0xa000) || attributes & REPARSE_POINT != 0
}

/// A name in UTF-16 with a zero behind it.
fn name(names: &mut Cursor<'_>) -> Result<Vec<u8>, Fault> {
    let mut units = Vec::new();
    loop {
        let unit = u16_at(names.take(2)?, 0).unwrap_or_default();
        if unit == 0 {
            return Ok(utf8(&units));
        }
        // Each unit is one byte or more, so what is longer is told to be cut.
        if units.len() <= NAME_BYTES_MAX {
            units.push(unit);
        }
    }
}

/// A half of a pair alone is written as if it were a letter, which is no UTF-8: so two names
/// that differ stay different, and the name is told as one that is not text.
fn utf8(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for letter in char::decode_utf16(units.iter().copied()) {
        match letter {
            Ok(letter) => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(half) => {
                let [high, low] = half.unpaired_surrogate().to_be_bytes();
                bytes.push(0xe0 | (high >> 4));
                bytes.push(0x80 | ((high & 15) << 2) | (low >> 6));
                bytes.push(0x80 | (low & 0x3f));
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_stay_apart_and_are_no_text() {
        assert_eq!(utf8(&[0x70b9, 0xd83d, 0xde00]), "点😀".as_bytes());
        assert_ne!(utf8(&[0xd800]), utf8(&[0xd801]));
        assert!(String::from_utf8(utf8(&[b'a'.into(), 0xdc00])).is_err());
    }
}
