//! What holds the forks of a file of the Macintosh: MacBinary, AppleSingle and AppleDouble.
//!
//! macOS writes an AppleDouble file beside each file on a stick (`._name`).

use std::borrow::Cow;

use wire::Gap;

use crate::bytes::{be_u16, be_u32, has, length, part, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};

/// The header of MacBinary, and what both forks are padded to.
const BLOCK_BYTES: usize = 128;

/// The checksum of BinHex and MacBinary: polynomial 0x1021, beginning with zero.
pub(crate) fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0, |crc: u16, byte| {
        let begun = crc ^ (u16::from(*byte) << 8);
        (0..8).fold(begun, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// Hands out one fork, which was admitted when it is the data. A resource fork without
/// anything is none.
pub(crate) fn fork(
    name: &[u8],
    is_resource: bool,
    content: Cow<'_, [u8]>,
    gap: Option<(Gap, &'static str)>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    if is_resource {
        if content.is_empty() && gap.is_none() {
            return Ok(());
        }
        walk.admit()?;
    }
    let suffix: &[u8] = if is_resource {
        b" (resource fork)"
    } else {
        b""
    };
    let name = [name, suffix].concat();
    let (name, findings) = walk.names.judge(&name, &[], Kind::File);
    let body = Body::of(content, gap);
    walk.hand_out(name, findings, body)
}

/// Whether the content begins as MacBinary: by the checksum of its header, or where its age has
/// none, by a header that fits the content exactly.
pub(crate) fn is_macbinary(content: &[u8]) -> bool {
    MacBinary::read(content).is_some()
}

/// What MacBinary's header says.
struct MacBinary<'a> {
    name: &'a [u8],
    data_at: usize,
    data_bytes: usize,
    resource_bytes: usize,
}

impl<'a> MacBinary<'a> {
    fn read(content: &'a [u8]) -> Option<Self> {
        let header = part(content, 0, BLOCK_BYTES)?;
        let name_bytes = usize::from(*header.get(1)?);
        let is_zero = |at: usize| header.get(at) == Some(&0);
        if !(1..=63).contains(&name_bytes) || !is_zero(0) || !is_zero(74) || !is_zero(82) {
            return None;
        }
        let data_bytes = span(u64::from(be_u32(header, 83)?));
        let resource_bytes = span(u64::from(be_u32(header, 87)?));
        let second = usize::from(be_u16(header, 120)?);
        let is_checked = be_u16(header, 124)? == crc16(header.get(..124)?);
        let name = header.get(2..name_bytes.checked_add(2)?)?;
        let data_at = BLOCK_BYTES.checked_add(padded(second))?;
        let end = data_at
            .checked_add(padded(data_bytes))?
            .checked_add(padded(resource_bytes))?;
        let is_written = |bytes: &[u8]| bytes.iter().all(|byte| (b' '..0x7f).contains(byte));
        // The first version has no checksum; then everything else must be right.
        let fits = header.get(99..)?.iter().all(|byte| *byte == 0)
            && end == padded(content.len())
            && is_written(header.get(65..73)?)
            && name.iter().all(|byte| b' ' <= *byte)
            && (data_bytes != 0 || resource_bytes != 0);
        (is_checked || fits).then_some(Self {
            name,
            data_at,
            data_bytes,
            resource_bytes,
        })
    }
}

fn padded(bytes: usize) -> usize {
    bytes
        .checked_next_multiple_of(BLOCK_BYTES)
        .unwrap_or(usize::MAX)
}

/// Hands out both forks of MacBinary.
pub(crate) fn open_macbinary(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(header) = MacBinary::read(content) else {
        return Ok(());
    };
    walk.admit()?;
    let mut at = header.data_at;
    for (size_bytes, is_resource) in [(header.data_bytes, false), (header.resource_bytes, true)] {
        let data = rest(content, at, size_bytes);
        stored(
            header.name,
            is_resource,
            data,
            data.len() < size_bytes,
            walk,
        )?;
        at = at.saturating_add(padded(size_bytes));
    }
    let between = rest(
        content,
        BLOCK_BYTES,
        header.data_at.saturating_sub(BLOCK_BYTES),
    );
    walk.stray(between, "bytes between the header and the forks")?;
    walk.stray(rest(content, at, usize::MAX), "bytes behind both forks")
}

/// A fork that lies in the content as it is.
fn stored(
    name: &[u8],
    is_resource: bool,
    data: &[u8],
    is_cut: bool,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let limit = walk.budget.take_output(data.len()).err();
    let gap = match limit {
        Some(why) => Some((Gap::Limit, why)),
        None => is_cut.then_some((Gap::Damaged, "content is cut off")),
    };
    fork(name, is_resource, Cow::Borrowed(data), gap, walk)
}

/// Whether the content begins as AppleSingle or AppleDouble (RFC 1740).
pub(crate) fn is_apple(content: &[u8]) -> bool {
    let is_marked = has(content, 0, b"\0\x05\x16\0") || has(content, 0, b"\0\x05\x16\x07");
    let is_version = has(content, 4, b"\0\x01\0\0") || has(content, 4, b"\0\x02\0\0");
    is_marked && is_version
}

/// Where the number of entries stands; the entries follow it.
const ENTRIES_AT: usize = 24;

/// Bytes of one entry: what it is, where and how long.
const ENTRY_BYTES: usize = 12;

/// Hands out every entry of AppleSingle or AppleDouble.
pub(crate) fn open_apple(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(entries) = be_u16(content, ENTRIES_AT) else {
        walk.damaged("an apple file whose header is cut off");
        return Ok(());
    };
    let list = |walk: &mut Walk<'_>| -> Vec<(u32, usize, usize)> {
        let places = (0..usize::from(entries)).map(|index| {
            ENTRIES_AT
                .saturating_add(2)
                .saturating_add(index.saturating_mul(ENTRY_BYTES))
        });
        let entries: Option<Vec<_>> = places
            .map(|at| {
                let begin = span(u64::from(be_u32(content, at.saturating_add(4))?));
                let bytes = span(u64::from(be_u32(content, at.saturating_add(8))?));
                Some((be_u32(content, at)?, begin, bytes))
            })
            .collect();
        entries.unwrap_or_else(|| {
            walk.damaged("an apple file whose header is cut off");
            Vec::new()
        })
    };
    let entries = list(walk);
    let own_name = entries
        .iter()
        .find(|(kind, _, _)| *kind == 3)
        .map(|(_, begin, bytes)| rest(content, *begin, *bytes));
    let header_bytes = ENTRIES_AT
        .saturating_add(2)
        .saturating_add(entries.len().saturating_mul(ENTRY_BYTES));
    let mut covered = vec![(0, header_bytes)];
    for (kind, begin, bytes) in entries {
        let data = rest(content, begin, bytes);
        covered.push((begin, begin.saturating_add(data.len())));
        if bytes == 0 {
            continue;
        }
        let name = match kind {
            1 => own_name.unwrap_or(b"(data fork)").to_vec(),
            2 => b"(resource fork)".to_vec(),
            4 => b"(comment)".to_vec(),
            9 => b"(finder info)".to_vec(),
            kind => format!("(entry {kind})").into_bytes(),
        };
        walk.admit()?;
        // Entries may share their bytes, so that they cost input as well.
        walk.take_input(data.len())?;
        let is_cut = length(data.len()) < length(bytes);
        stored(&name, false, data, is_cut, walk)?;
    }
    covered.sort_unstable();
    covered.push((content.len(), content.len()));
    let mut at: usize = 0;
    for (begin, end) in covered {
        let between = rest(content, at, begin.saturating_sub(at));
        walk.stray(between, "bytes that belong to no entry")?;
        at = at.max(end);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
