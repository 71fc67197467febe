//! What an installer of Inno Setup says of itself: the table that its loader reads, the version of
//! its data, and where each file lies. Source: Inno Setup's own `Struct.pas` and `Compress.pas`, of
//! the versions 5.1.13 to 6.4.

use crate::budget::Budget;
use crate::bytes::{has, part, rest, span, u32_at, u64_at};
use crate::stream::lzma::{Properties, lzma};
use crate::stream::sink::{Cut, push};
use wire::Gap;

/// Before the loader's table, which is a resource of the program, from version 5.1.5 on.
const TABLES: [&[u8]; 2] = [
    b"rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a",
    b"nS5W7dT\x83\xaa\x1b\x0fj",
];
const TABLE_BYTES: usize = 44;

/// The version, as a text in a field of so many bytes.
pub(super) const VERSION_BYTES: usize = 64;
const VERSION_TEXT: &[u8] = b"Inno Setup Setup Data (";

/// A block is stored in pieces with a checksum before each.
const PIECE_BYTES: usize = 4096;
const BLOCK_HEADER_BYTES: usize = 9;

/// Most files that are kept, of 64 bytes each: more than one file may have members.
pub(crate) const LOCATIONS_MAX: usize = 1 << 18;

/// Where the parts of an installer are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// What the installer's files add up to; shorter is cut off.
    pub(super) total_bytes: usize,
    /// The program that installs.
    pub(super) program_at: usize,
    /// What the setup is: version and blocks.
    pub(super) setup_at: usize,
    /// The data of the files; zero when it lies in files beside the installer.
    pub(super) data_at: usize,
}

impl Table {
    /// Reads the resource. `None` is one that is not known or not as it was written.
    pub(super) fn read(resource: &[u8]) -> Option<Self> {
        let is_known = TABLES.iter().any(|mark| has(resource, 0, mark));
        let field = |at: usize| u32_at(resource, at).map(|field| span(field.into()));
        let checked = part(resource, 0, TABLE_BYTES.checked_sub(4)?)?;
        let is_whole = u32_at(resource, checked.len())? == crc32fast::hash(checked);
        // Revision 2 has larger fields.
        (is_known && is_whole && field(12)? == 1).then_some(Self {
            total_bytes: field(16)?,
            program_at: field(20)?,
            setup_at: field(32)?,
            data_at: field(36)?,
        })
    }
}

/// A version as its numbers; what is left out is zero.
pub(super) type Version = [u32; 4];

/// The version that stands at the beginning of the setup's data.
pub(super) fn version(setup: &[u8]) -> Option<Version> {
    let text = rest(setup, 0, VERSION_BYTES).strip_prefix(VERSION_TEXT)?;
    let end = text.iter().position(|byte| *byte == b')')?;
    let mut version = [0; 4];
    let numbers = std::str::from_utf8(text.get(..end)?).ok()?.split('.');
    let mut places = version.iter_mut();
    for number in numbers {
        *places.next()? = number.parse().ok()?;
    }
    Some(version)
}

/// What a block unpacks to and where it ends, and why that is not all.
pub(super) struct Block {
    pub(super) content: Vec<u8>,
    pub(super) end: usize,
    pub(super) cut: Option<Cut>,
}

/// Unpacks the block at `at`.
pub(super) fn block(content: &[u8], at: usize, budget: &mut Budget) -> Block {
    let damaged = |why| Block {
        content: Vec::new(),
        end: at,
        cut: Some((Gap::Damaged, why)),
    };
    let header = || {
        let sum = u32_at(content, at)?;
        let fields = part(
            content,
            at.checked_add(4)?,
            BLOCK_HEADER_BYTES.checked_sub(4)?,
        )?;
        let bytes = span(u32_at(fields, 0)?.into());
        (sum == crc32fast::hash(fields)).then_some((bytes, *fields.get(4)?))
    };
    let Some((bytes, is_packed)) = header() else {
        return damaged("a block of an installer is malformed or cut off");
    };
    let begin = at.saturating_add(BLOCK_HEADER_BYTES);
    let mut stored = Vec::new();
    let pieces = rest(content, begin, bytes).chunks(PIECE_BYTES.saturating_add(4));
    for piece in pieces {
        let data = piece.get(4..).unwrap_or_default();
        if u32_at(piece, 0) != Some(crc32fast::hash(data)) {
            return damaged("checksum of an installer's block is wrong");
        }
        if let Err(why) = push(&mut stored, data, budget) {
            return Block {
                cut: Some((Gap::Limit, why)),
                ..damaged(why)
            };
        }
    }
    let end = begin.saturating_add(bytes);
    let mut output = Vec::new();
    let cut = match is_packed {
        0 => {
            output = stored;
            None
        }
        _ => by_lzma(&stored, &mut output, budget),
    };
    let is_cut = content.len() < end;
    let cut = cut.or(is_cut.then_some((Gap::Damaged, "an installer is cut off")));
    Block {
        content: output,
        end,
        cut,
    }
}

/// Five bytes of properties, and a stream to its end mark or to its end.
pub(super) fn by_lzma(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Option<Cut> {
    let head = packed.first().zip(u32_at(packed, 1));
    let Some((bits, dictionary_bytes)) = head else {
        return Some((Gap::Damaged, "compressed data is cut off"));
    };
    let properties = Properties {
        bits: *bits,
        dictionary_bytes,
    };
    let stream = packed.get(5..).unwrap_or_default();
    lzma(stream, properties, None, output, budget).end.cut()
}

/// How the content of a file is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    Md5,
    Sha1,
    Sha256,
}

impl Sum {
    fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// How a version writes where its files are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) sum: Sum,
    /// From which bit on the flags count that the newest versions have.
    has_old_flags: bool,
    /// One byte about signatures behind the flags.
    has_signature: bool,
    /// Whether the highest byte of an address in a call was turned.
    pub(super) turns_calls: bool,
}

impl Layout {
    /// `None` is a version that is not known.
    pub(super) fn of(version: Version) -> Option<Self> {
        let is_known = ([5, 1, 13, 0]..[6, 5, 0, 0]).contains(&version);
        is_known.then_some(Self {
            sum: match version {
                _ if version < [5, 3, 9, 0] => Sum::Md5,
                _ if version < [6, 4, 0, 0] => Sum::Sha1,
                _ => Sum::Sha256,
            },
            has_old_flags: version < [6, 4, 3, 0],
            has_signature: [6, 3, 0, 0] <= version,
            turns_calls: [5, 3, 9, 0] <= version,
        })
    }

    fn record_bytes(self) -> usize {
        // Two numbers of files, a place, three sizes, the sum, a time, two parts of a version.
        let fixed = self.sum.bytes().saturating_add(52);
        let flags: usize = if self.has_old_flags { 2 } else { 1 };
        let fixed = fixed.saturating_add(flags);
        fixed.saturating_add(usize::from(self.has_signature))
    }
}

/// Where a file lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location<'a> {
    /// Whether its chunk is in this installer, not in a file beside it.
    pub(super) is_here: bool,
    pub(super) chunk_at: u64,
    pub(super) chunk_bytes: u64,
    /// Where in what the chunk unpacks to.
    pub(super) begin: u64,
    pub(super) bytes: u64,
    pub(super) sum: &'a [u8],
    pub(super) has_calls: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_packed: bool,
}

/// The files of the second block. `None` when it is no whole number of records.
pub(super) fn locations(block: &[u8], layout: Layout) -> Option<Vec<Location<'_>>> {
    let records = block.chunks_exact(layout.record_bytes());
    if !records.remainder().is_empty() {
        return None;
    }
    records
        .take(LOCATIONS_MAX)
        .map(|record| location(record, layout))
        .collect()
}

fn location(record: &[u8], layout: Layout) -> Option<Location<'_>> {
    const SUM_AT: usize = 36;
    let sum_bytes = layout.sum.bytes();
    let flags_at = SUM_AT.checked_add(sum_bytes)?.checked_add(16)?;
    let low = u16::from(*record.get(flags_at)?);
    let high = match layout.has_old_flags {
        true => u16::from(*record.get(flags_at.checked_add(1)?)?),
        false => 0,
    };
    let flags = low | high.wrapping_shl(8);
    let (calls, encrypted, packed) = match layout.has_old_flags {
        true => (1 << 4, 1 << 6, 1 << 7),
        false => (1 << 2, 1 << 3, 1 << 4),
    };
    Some(Location {
        is_here: u32_at(record, 0)? == 0 && u32_at(record, 4)? == 0,
        chunk_at: u32_at(record, 8)?.into(),
        begin: u64_at(record, 12)?,
        bytes: u64_at(record, 20)?,
        chunk_bytes: u64_at(record, 28)?,
        sum: part(record, SUM_AT, sum_bytes)?,
        has_calls: flags & calls != 0,
        is_encrypted: flags & encrypted != 0,
        is_packed: flags & packed != 0,
    })
}
