//! Finding the directories of a zip.

use super::{END, LISTED};
use crate::bytes::{has, length, rest, span, u16_at, u32_at, u64_at};

/// How far from the end of the content the end record is looked for, in bytes. The format
/// allows 64 KiB of comment behind it; signatures of self-extracting programs come on top.
const TAIL_BYTES: usize = 1 << 20;

/// The end record with the longest comment, in bytes.
const COMMENT_BYTES_MAX: usize = 22 + 65_535;

/// Most end records that are tried: a stored archive has one, a crafted file any number.
pub(super) const ENDS_MAX: usize = 16;

/// The end record without its comment (APPNOTE 4.3.16).
const END_BYTES: usize = 22;

/// The pointer to the 64-bit end record (APPNOTE 4.3.15), right before the end record.
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;

/// The 64-bit end record (APPNOTE 4.3.14) without its extensible data.
const END64: [u8; 4] = *b"PK\x06\x06";
const END64_BYTES: usize = 56;

/// Where one directory lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Its first entry.
    pub(super) begin: usize,
    /// Where it should end.
    pub(super) end: usize,
    /// How many members it should have.
    pub(super) members: u64,
    /// What must be added to its offsets because of data before the archive.
    shift: usize,
    /// Its end records, each from and to.
    pub(super) tails: Vec<(usize, usize)>,
    /// Whether it belongs to an archive of several files.
    pub(super) is_split: bool,
}

impl Directory {
    /// Where a member is that the directory says is at `offset`.
    pub(super) fn place(&self, offset: u64) -> Option<usize> {
        span(offset).checked_add(self.shift)
    }
}

/// What an end record says.
struct Stated {
    members: u64,
    size: u64,
    offset: u64,
    /// Where the record itself is, right behind its directory.
    at: usize,
    is_split: bool,
}

/// The directories of one content.
pub(super) struct Found {
    /// Every directory that some reader would use: those whose comment ends with the
    /// content, and the last one that leads to a directory at all.
    pub(super) directories: Vec<Directory>,
    /// Whether there may be more of them.
    pub(super) more: bool,
}

/// Looks for the directories.
pub(super) fn find(content: &[u8]) -> Found {
    let begins = super::begins(content);
    let tail = if begins {
        0
    } else {
        content.len().saturating_sub(TAIL_BYTES)
    };
    let window = rest(content, tail, usize::MAX);
    let mut found = Found {
        directories: Vec::new(),
        more: false,
    };
    let mut tried: usize = 0;
    let ends = window
        .windows(4)
        .enumerate()
        .rev()
        .filter(|(_, bytes)| *bytes == END);
    for (offset, _) in ends {
        let at = tail.saturating_add(offset);
        let comment_max = content.len().saturating_sub(at) <= COMMENT_BYTES_MAX;
        if !found.directories.is_empty() && !comment_max {
            break;
        }
        let Some(comment) = u16_at(content, at.saturating_add(20)) else {
            continue;
        };
        let tail_end = at
            .saturating_add(END_BYTES)
            .saturating_add(usize::from(comment));
        if !found.directories.is_empty() && tail_end != content.len() {
            continue;
        }
        tried = tried.saturating_add(1);
        if ENDS_MAX < tried {
            found.more = true;
            break;
        }
        for directory in directories_at(content, at, tail_end.min(content.len())) {
            let known = found
                .directories
                .iter()
                .any(|other| (other.begin, other.shift) == (directory.begin, directory.shift));
            if !known {
                found.directories.push(directory);
            }
        }
    }
    found
}

/// Whether the directory cannot be found because it is encrypted (APPNOTE 7.3): then there is
/// always a 64-bit end record, of its second version, that names the cipher.
pub(super) fn is_encrypted(content: &[u8]) -> bool {
    /// Where it needs version 6.2, and where the number of the cipher is.
    const VERSION_AT: usize = 14;
    const CIPHER_AT: usize = 56 + 18;
    let tail = content.len().saturating_sub(COMMENT_BYTES_MAX);
    let tail = tail.saturating_sub(LOCATOR_BYTES);
    let window = rest(content, tail, usize::MAX);
    let locators = window.windows(4).enumerate().rev();
    locators
        .filter(|(_, bytes)| *bytes == LOCATOR)
        .filter_map(|(at, _)| u64_at(window, at.saturating_add(8)))
        .any(|at| {
            let record = rest(content, span(at), usize::MAX);
            let version = u16_at(record, VERSION_AT);
            let cipher = u16_at(record, CIPHER_AT);
            has(record, 0, &END64)
                && version.is_some_and(|version| 62 <= version & 0xff)
                && cipher.is_some_and(|cipher| cipher != 0)
        })
}

/// The directories that the end record at `at` may mean: by its own fields or by those of
/// the 64-bit record before it, counted from the beginning or from the record backwards.
fn directories_at(content: &[u8], at: usize, tail_end: usize) -> Vec<Directory> {
    let mut found: Vec<Directory> = Vec::new();
    let wide = read_end64(content, at);
    let tails = match &wide {
        None => vec![(at, tail_end)],
        Some(wide) => vec![
            (wide.at, wide.at.saturating_add(END64_BYTES)),
            (at.saturating_sub(LOCATOR_BYTES), tail_end),
        ],
    };
    for stated in [wide, read_end(content, at)].into_iter().flatten() {
        let size = span(stated.size);
        let counted = span(stated.offset);
        let backward = stated.at.checked_sub(size);
        let shift = backward.and_then(|begin| begin.checked_sub(counted));
        for (begin, shift) in [(backward, shift), (Some(counted), Some(0))] {
            let Some((begin, shift)) = begin.zip(shift) else {
                continue;
            };
            let is_empty = stated.members == 0 && size == 0 && begin == stated.at;
            let is_known = found
                .iter()
                .any(|other| (other.begin, other.shift) == (begin, shift));
            if is_known || !(is_empty || has(content, begin, &LISTED)) {
                continue;
            }
            found.push(Directory {
                begin,
                end: begin.saturating_add(size),
                members: stated.members,
                shift,
                tails: tails.clone(),
                is_split: stated.is_split,
            });
        }
    }
    found
}

fn read_end(content: &[u8], at: usize) -> Option<Stated> {
    let field16 = |offset: usize| u16_at(content, at.saturating_add(offset));
    let field32 = |offset: usize| u32_at(content, at.saturating_add(offset));
    let disk = field16(4)?;
    Some(Stated {
        members: u64::from(field16(10)?),
        size: u64::from(field32(12)?),
        offset: u64::from(field32(16)?),
        at,
        is_split: disk != 0 && disk != u16::MAX,
    })
}

fn read_end64(content: &[u8], end_at: usize) -> Option<Stated> {
    let locator = end_at.checked_sub(LOCATOR_BYTES)?;
    if !has(content, locator, &LOCATOR) {
        return None;
    }
    let stated = span(u64_at(content, locator.saturating_add(8))?);
    // With data before the archive the stated place is wrong, and the record is right here.
    let usual = locator.checked_sub(END64_BYTES)?;
    let at = [stated, usual]
        .into_iter()
        .find(|at| has(content, *at, &END64))?;
    let field64 = |offset: usize| u64_at(content, at.saturating_add(offset));
    Some(Stated {
        members: field64(32)?,
        size: field64(40)?,
        offset: field64(48)?,
        at,
        is_split: u32_at(content, at.saturating_add(16))? != 0,
    })
    .filter(|stated| stated.size <= length(content.len()))
}
