//! Directory records.

use crate::number::{array, u8_at, u32_at};

/// A run of blocks as a record spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Extent32 {
    /// First block, after an extended attribute record.
    pub(crate) block: u64,
    pub(crate) size_bytes: u64,
    /// Whether the little- and big-endian copies of both numbers agree: systems differ in
    /// which they read.
    pub(crate) agrees: bool,
}

/// The number at `at`, and whether its big-endian copy after it agrees.
pub(crate) fn both_endian(bytes: &[u8], at: usize) -> (u32, bool) {
    let little = u32_at(bytes, at);
    let big = u32::from_be_bytes(array(bytes, at.saturating_add(4)));
    (little, little == big)
}

impl Extent32 {
    /// The extent in a directory record.
    pub(crate) fn parse(record: &[u8]) -> Self {
        let (block, blocks_agree) = both_endian(record, 2);
        let (size, sizes_agree) = both_endian(record, 10);
        Self {
            block: u64::from(block).saturating_add(u64::from(u8_at(record, 1))),
            size_bytes: u64::from(size),
            agrees: blocks_agree && sizes_agree,
        }
    }
}

/// Bits of a record's flags.
const FOLDER: u8 = 0x02;
const ASSOCIATED: u8 = 0x04;
const NOT_LAST: u8 = 0x80;

/// Size of a record without its name.
const HEADER_BYTES: usize = 33;

/// One directory record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    bytes: Vec<u8>,
    name_end: usize,
}

impl Record {
    /// The record at the beginning of `bytes`, which is the rest of a sector. `Err` when it
    /// does not fit there; `None` when there are no more in this sector.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Result<Self, ()>> {
        let length = usize::from(*bytes.first()?);
        if length == 0 {
            return None;
        }
        let name_end = HEADER_BYTES.saturating_add(usize::from(u8_at(bytes, 32)));
        let record = bytes
            .get(..length)
            .filter(|_| HEADER_BYTES < name_end && name_end <= length);
        Some(
            record
                .map(|record| Self {
                    bytes: record.to_vec(),
                    name_end,
                })
                .ok_or(()),
        )
    }

    /// Bytes to the next record.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The name as stored.
    pub(crate) fn name(&self) -> &[u8] {
        self.bytes
            .get(HEADER_BYTES..self.name_end)
            .unwrap_or_default()
    }

    /// Whether it stands for the folder itself or the one around it.
    pub(crate) fn is_dots(&self) -> bool {
        matches!(self.name(), [0 | 1])
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.flags() & FOLDER != 0
    }

    /// Whether it is a second content of the next record's file.
    pub(crate) fn is_associated(&self) -> bool {
        self.flags() & ASSOCIATED != 0
    }

    /// Whether the next record goes on with the same file.
    pub(crate) fn is_continued(&self) -> bool {
        self.flags() & NOT_LAST != 0
    }

    pub(crate) fn is_interleaved(&self) -> bool {
        u8_at(&self.bytes, 26) != 0 || u8_at(&self.bytes, 27) != 0
    }

    pub(crate) fn extent(&self) -> Extent32 {
        Extent32::parse(&self.bytes)
    }

    /// The system use area, where Rock Ridge lives; a name of even length is padded.
    pub(crate) fn system_use(&self) -> &[u8] {
        let start = self.name_end.next_multiple_of(2);
        self.bytes.get(start..).unwrap_or_default()
    }

    fn flags(&self) -> u8 {
        u8_at(&self.bytes, 25)
    }
}

/// The name without `;1` and, for plain names, the dot of an empty extension.
pub(crate) fn without_version(name: &[u8]) -> &[u8] {
    let Some(semicolon) = name.iter().rposition(|byte| *byte == b';') else {
        return name;
    };
    let (head, version) = name.split_at(semicolon);
    match version.get(1..) {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => head,
        Some(_) | None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_no_part_of_names() {
        assert_eq!(without_version(b"A.TXT;1"), b"A.TXT");
        assert_eq!(without_version(b"A;B.TXT"), b"A;B.TXT");
        assert_eq!(without_version(b"A;"), b"A;");
        assert_eq!(without_version(b"A"), b"A");
    }

    #[test]
    fn records_that_do_not_fit_are_told_from_the_end() {
        assert!(Record::parse(&[]).is_none());
        assert!(Record::parse(&[0; 40]).is_none());
        let mut bytes = [0_u8; 40];
        bytes[0] = 34;
        assert!(Record::parse(&bytes).unwrap().is_err());
        bytes[32] = 1;
        assert!(Record::parse(&bytes).unwrap().is_ok());
        bytes[32] = 2;
        assert!(Record::parse(&bytes).unwrap().is_err());
        bytes[0] = 41;
        assert!(Record::parse(&bytes).unwrap().is_err());
    }
}
