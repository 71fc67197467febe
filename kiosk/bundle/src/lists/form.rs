//! The compiled form: one file, every part of it where its header says.
//!
//! All integers are little-endian. A page has [`PAGE_BYTES`]:
//!
//! | part | what |
//! |---|---|
//! | header | one page: magic, form, sort, title; for each algorithm rows, bits and checksum of the fan-out; bytes of names; zeros; CRC-32 of all that |
//! | rows | for each algorithm as many pages as it needs: rows in rising order, a digest and where its name is (`u32`, [`NO_NAME`] for none); zeros; CRC-32 of all that |
//! | fan-outs | for each algorithm with rows, `2^bits + 1` numbers (`u32`): how many rows begin with fewer than this many in their first `bits` bits |
//! | names | each: its bytes (`u8`), their CRC-32, and the name in UTF-8 |
//! | end | SHA-256 of everything before it |

use wire::name::is_hidden;

use super::{About, Algorithm, ListError, Sort};

/// One page, in bytes: what a disk and the kernel's cache read at the least.
pub(super) const PAGE_BYTES: usize = 4096;

/// The form that this program writes and reads.
pub(super) const VERSION: u32 = 1;

/// Longest name of a list, in bytes: with an entry's name it fits a finding's explanation.
pub const TITLE_BYTES_MAX: usize = 128;

/// Longest name of an entry, in bytes: what a person can read at a glance. Longer ones are cut.
pub const ENTRY_NAME_BYTES_MAX: usize = 160;

/// Most bits of a fan-out: 256 KiB for each algorithm. With 20 million rows 300 are left to
/// search, which are three or four pages.
pub(super) const FAN_BITS_MAX: u32 = 16;

/// Bytes of the digest at the end.
pub(super) const END_BYTES: u64 = 32;

/// A row without a name.
pub(super) const NO_NAME: u32 = u32::MAX;

/// Length of a checksum, in bytes.
pub(super) const CHECK_BYTES: usize = 4;

/// Rows that one number of a fan-out should stand for.
const ROWS_OF_A_BRANCH: u64 = 64;

const MAGIC: [u8; 8] = *b"MKHASHES";
const PAGE: u64 = 4096;

/// The rows of one algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) rows: u64,
    pub(super) fan_bits: u32,
    pub(super) fan_check: u32,
}

/// The first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) sort: Sort,
    pub(super) title: String,
    pub(super) sections: [Section; 3],
    pub(super) names_bytes: u64,
}

/// Where the parts are, in bytes from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) rows_at: [u64; 3],
    pub(super) fans_at: [u64; 3],
    pub(super) names_at: u64,
    pub(super) end_at: u64,
}

/// Bytes of a row of this algorithm.
pub(super) const fn row_bytes(algorithm: Algorithm) -> usize {
    algorithm.digest_bytes().saturating_add(4)
}

/// Rows of this algorithm on one page.
pub(super) fn rows_of_page(algorithm: Algorithm) -> u64 {
    let room = PAGE_BYTES.saturating_sub(CHECK_BYTES);
    let rows = room.checked_div(row_bytes(algorithm)).unwrap_or(1);
    u64::try_from(rows).unwrap_or(1)
}

/// Bits of a fan-out for so many rows.
pub(super) fn fan_bits(rows: u64) -> u32 {
    let branches = rows.div_ceil(ROWS_OF_A_BRANCH).max(1);
    let bits = branches
        .checked_next_power_of_two()
        .map_or(64, u64::trailing_zeros);
    bits.min(FAN_BITS_MAX)
}

/// The first `bits` bits of a digest.
pub(super) fn branch(digest: &[u8], bits: u32) -> usize {
    let first = lead(digest).checked_shr(64_u32.saturating_sub(bits));
    usize::try_from(first.unwrap_or(0)).unwrap_or(0)
}

/// The first 64 bits of a digest.
pub(super) fn lead(digest: &[u8]) -> u64 {
    let first = digest.get(..8).and_then(|first| first.try_into().ok());
    u64::from_be_bytes(first.unwrap_or_default())
}

/// What a fan-out needs, in bytes.
pub(super) fn fan_bytes(section: &Section) -> u64 {
    if section.rows == 0 {
        return 0;
    }
    let branches = 1_u64.checked_shl(section.fan_bits).unwrap_or(u64::MAX);
    branches.saturating_add(1).saturating_mul(4)
}

impl Header {
    pub(super) fn about(&self) -> About {
        About {
            title: self.title.clone(),
            sort: self.sort,
            rows: self.sections.map(|section| section.rows),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        let mut at = PAGE;
        for (algorithm, place) in Algorithm::ALL.into_iter().zip(&mut layout.rows_at) {
            *place = at;
            let section = self.section(algorithm);
            let pages = section.rows.div_ceil(rows_of_page(algorithm));
            at = at.saturating_add(pages.saturating_mul(PAGE));
        }
        for (section, place) in self.sections.iter().zip(&mut layout.fans_at) {
            *place = at;
            at = at.saturating_add(fan_bytes(section));
        }
        layout.names_at = at;
        layout.end_at = at.saturating_add(self.names_bytes);
        layout
    }

    pub(super) fn section(&self, algorithm: Algorithm) -> Section {
        self.sections
            .get(algorithm.place())
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut page = MAGIC.to_vec();
        page.extend(VERSION.to_le_bytes());
        let sort: u32 = match self.sort {
            Sort::Block => 1,
            Sort::Known => 2,
        };
        page.extend(sort.to_le_bytes());
        let title = u32::try_from(self.title.len()).unwrap_or(u32::MAX);
        page.extend(title.to_le_bytes());
        page.extend(self.title.as_bytes());
        page.resize(
            page.len()
                .saturating_add(TITLE_BYTES_MAX)
                .saturating_sub(self.title.len()),
            0,
        );
        for section in &self.sections {
            page.extend(section.rows.to_le_bytes());
            page.extend(section.fan_bits.to_le_bytes());
            page.extend(section.fan_check.to_le_bytes());
        }
        page.extend(self.names_bytes.to_le_bytes());
        sealed(page)
    }

    /// # Errors
    /// [`ListError`] for anything that [`Self::encode`] would not write.
    pub(super) fn decode(page: &[u8]) -> Result<Self, ListError> {
        let malformed = ListError::Malformed;
        let mut fields = Fields(page);
        if fields.take(MAGIC.len()) != Some(&MAGIC[..]) {
            return Err(malformed("it does not begin as one"));
        }
        let cut = || malformed("its first page is cut");
        let version = fields.number().ok_or_else(cut)?;
        if version != VERSION {
            return Err(ListError::Version(version));
        }
        if !is_sealed(page) {
            return Err(malformed("its first page changed"));
        }
        let sort = match fields.number().ok_or_else(cut)? {
            1 => Sort::Block,
            2 => Sort::Known,
            _ => {
                return Err(malformed(
                    "it is neither a block list nor a known-good list",
                ));
            }
        };
        let length = fields
            .number()
            .and_then(|length| usize::try_from(length).ok());
        let title = fields.take(TITLE_BYTES_MAX).zip(length);
        let title = title.and_then(|(title, length)| title.get(..length));
        let title = title.and_then(|title| std::str::from_utf8(title).ok());
        let title = title.filter(|title| is_title(title).is_ok());
        let title = title.ok_or(malformed("its name is none"))?.to_owned();
        let mut sections = [Section::default(); 3];
        for section in &mut sections {
            *section = Section {
                rows: fields.long().ok_or_else(cut)?,
                fan_bits: fields.number().ok_or_else(cut)?,
                fan_check: fields.number().ok_or_else(cut)?,
            };
            if super::ROWS_MAX < section.rows || FAN_BITS_MAX < section.fan_bits {
                return Err(malformed("it says that it holds more than a list can"));
            }
        }
        let names_bytes = fields.long().ok_or_else(cut)?;
        if super::NAMES_BYTES_MAX < names_bytes {
            return Err(malformed(
                "it says that it holds more names than a list can",
            ));
        }
        let header = Self {
            sort,
            title,
            sections,
            names_bytes,
        };
        // What is not said by a field is zero: nothing else can be in a first page.
        if header.encode() != page {
            return Err(malformed("its first page holds something unknown"));
        }
        Ok(header)
    }
}

/// Whether a text can be a list's name; says why not.
pub(super) fn is_title(title: &str) -> Result<(), &'static str> {
    if title.trim().is_empty() {
        return Err("is empty; say what the list is");
    }
    if TITLE_BYTES_MAX < title.len() {
        return Err("is longer than 128 bytes; shorten it");
    }
    if title.chars().any(is_hidden) {
        return Err("holds characters that nobody sees; leave them out");
    }
    Ok(())
}

/// A page of these bytes, with zeros and its checksum behind them.
pub(super) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(PAGE_BYTES.saturating_sub(CHECK_BYTES), 0);
    let check = crc32fast::hash(&bytes);
    bytes.extend(check.to_le_bytes());
    bytes
}

/// Whether a page is as [`sealed`] made it.
pub(super) fn is_sealed(page: &[u8]) -> bool {
    page.split_last_chunk::<CHECK_BYTES>()
        .is_some_and(|(bytes, check)| {
            page.len() == PAGE_BYTES && crc32fast::hash(bytes) == u32::from_le_bytes(*check)
        })
}

struct Fields<'f>(&'f [u8]);

impl<'f> Fields<'f> {
    fn take(&mut self, bytes: usize) -> Option<&'f [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    fn long(&mut self) -> Option<u64> {
        let bytes = self.take(8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}
