//! Cabinets of InstallShield, versions 5 and later: a descriptor with names and places, and data in
//! pieces of deflate. Source: the notes and the reader of the project Unshield, which reads them.
//!
//! The descriptor lies in the cabinet itself or in a file `data1.hdr` beside it. Where it does not
//! lie in the cabinet, what is packed is handed out as one content, so that it is matched, and the
//! cabinet is named as not examined.

use std::borrow::Cow;

use md5::Digest as _;
use wire::{Gap, MediumName};

use crate::budget::Budget;
use crate::bytes::{has, length, part, rest, span, u16_at, u32_at, u64_at};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::inflate::inflate;
use crate::stream::sink::{Cut, End, STREAM_COST_BYTES, Unpacked};
use crate::walk::{Halt, Walk};

/// Most files and folders of a cabinet that are looked at: more than one file may have members.
pub(crate) const ISC_ENTRIES_MAX: usize = 1 << 17;

/// The longest text that is read, in bytes: Windows has no longer names.
const TEXT_BYTES: usize = 4096;

/// What every cabinet begins with, and where what follows for its own volume ends at the latest.
const HEADER_BYTES: usize = 20;
const VOLUME_END: usize = 84;

/// What a file is stored as.
const IS_SPLIT: u16 = 1;
const IS_OBFUSCATED: u16 = 2;
const IS_PACKED: u16 = 4;
const IS_INVALID: u16 = 8;

/// Whether the content begins as a cabinet or as the descriptor of one.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, b"ISc(")
}

/// A file of the descriptor.
struct File {
    name: Vec<u8>,
    flags: u16,
    size_bytes: u64,
    packed_bytes: u64,
    at: u64,
    /// MD5 of its content; zeros are none.
    sum: [u8; 16],
    is_linked: bool,
}

/// Where a descriptor and its lists are.
struct Descriptor {
    version: u32,
    /// Where offsets of names count from.
    table_at: usize,
    /// Where the newer versions have their files, one behind the other.
    files_at: usize,
    folders: usize,
    files: usize,
}

/// Hands out every file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(version) = u32_at(content, 4).map(version) else {
        walk.damaged("the header of a cabinet is cut off");
        return Ok(());
    };
    if !(5..=64).contains(&version) {
        walk.unsupported("a cabinet of InstallShield of an unknown version");
        return Ok(());
    }
    let place = u32_at(content, 12).zip(u32_at(content, 16));
    let Some((at, bytes)) = place else {
        walk.damaged("the header of a cabinet is cut off");
        return Ok(());
    };
    if bytes == 0 {
        return without_list(content, walk);
    }
    let descriptor = Descriptor::read(content, span(at.into()), version);
    let Some(descriptor) = descriptor else {
        walk.damaged("the descriptor of a cabinet is cut off");
        return Ok(());
    };
    if ISC_ENTRIES_MAX < descriptor.files.saturating_add(descriptor.folders) {
        walk.limit("more files in a cabinet than are looked at");
        return Ok(());
    }
    let mut covered = vec![(0, HEADER_BYTES)];
    for index in 0..descriptor.files {
        walk.admit()?;
        match descriptor.file(content, index) {
            None => {
                walk.damaged("the descriptor of a cabinet is malformed or cut off");
                break;
            }
            Some(file) if file.flags & IS_INVALID != 0 || file.at == 0 => passed_over(&file, walk)?,
            Some(file) => covered.extend(hand_out(content, &file, walk)?),
        }
    }
    let list_end = span(u64::from(at).saturating_add(bytes.into()));
    let own = [(HEADER_BYTES, VOLUME_END), (span(at.into()), list_end)];
    walk.uncovered(content, &covered, &own, "bytes that belong to no file")
}

/// What readers pass over: no data, or data that is not to be had.
fn passed_over(file: &File, walk: &mut Walk<'_>) -> Result<(), Halt> {
    if file.size_bytes == 0 && file.packed_bytes == 0 {
        return Ok(());
    }
    let (name, findings) = walk.names.judge(&file.name, &[], Kind::File);
    let body = Body::Unchecked {
        gap: Gap::Unsupported,
        size_bytes: file.size_bytes,
        why: "the list says that it is not valid",
    };
    walk.hand_out(name, findings, body)
}

/// The number of a version as people know it.
fn version(field: u32) -> u32 {
    match field >> 24 {
        1 => (field >> 12) & 15,
        2 | 4 => (field & 0xffff).checked_div(100).unwrap_or(0),
        _ => 0,
    }
}

impl Descriptor {
    fn read(content: &[u8], at: usize, version: u32) -> Option<Self> {
        let field = |offset: usize| Some(span(u32_at(content, at.checked_add(offset)?)?.into()));
        let table_at = at.checked_add(field(0x0c)?)?;
        Some(Self {
            version,
            table_at,
            files_at: table_at.checked_add(field(0x2c)?)?,
            folders: field(0x1c)?,
            files: field(0x28)?,
        })
    }

    /// What the table has at `index`, which counts from the table's beginning.
    fn entry(&self, content: &[u8], index: usize) -> Option<usize> {
        let at = self.table_at.checked_add(index.checked_mul(4)?)?;
        self.table_at.checked_add(span(u32_at(content, at)?.into()))
    }

    fn text(&self, content: &[u8], at: usize) -> Option<Vec<u8>> {
        let tail = rest(content, at, TEXT_BYTES);
        if self.version < 17 {
            let end = tail.iter().position(|byte| *byte == 0)?;
            return Some(tail.get(..end)?.to_vec());
        }
        let letters = tail
            .chunks_exact(2)
            .map_while(|two| u16_at(two, 0).filter(|one| *one != 0));
        let letters = char::decode_utf16(letters).map(|one| one.unwrap_or('\u{fffd}'));
        Some(letters.collect::<String>().into_bytes())
    }

    fn file(&self, content: &[u8], index: usize) -> Option<File> {
        const RECORD_BYTES: usize = 0x57;
        let (record, narrow) = if self.version < 6 {
            let at = self.entry(content, self.folders.checked_add(index)?)?;
            (part(content, at, 0x3a)?, true)
        } else {
            let at = self
                .files_at
                .checked_add(index.checked_mul(RECORD_BYTES)?)?;
            (part(content, at, RECORD_BYTES)?, false)
        };
        let field = |at: usize| u32_at(record, at).map(u64::from);
        let (name_at, folder) = match narrow {
            true => (field(0)?, field(4)?),
            false => (field(0x3a)?, u16_at(record, 0x3e)?.into()),
        };
        let name_at = self.table_at.checked_add(span(name_at))?;
        let mut name = self
            .entry(content, span(folder))
            .and_then(|at| self.text(content, at))?;
        if !name.is_empty() {
            name.push(b'\\');
        }
        name.extend(self.text(content, name_at)?);
        Some(match narrow {
            true => File {
                name,
                flags: u16_at(record, 8)?,
                size_bytes: field(10)?,
                packed_bytes: field(14)?,
                at: field(0x26)?,
                sum: part(record, 0x2a, 16)?.try_into().ok()?,
                is_linked: false,
            },
            false => File {
                name,
                flags: u16_at(record, 0)?,
                size_bytes: u64_at(record, 2)?,
                packed_bytes: u64_at(record, 10)?,
                at: u64_at(record, 18)?,
                sum: part(record, 26, 16)?.try_into().ok()?,
                is_linked: *record.get(0x54)? & 1 != 0,
            },
        })
    }
}

/// Hands out a file, and gives where its data lies when that was looked at.
fn hand_out(
    content: &[u8],
    file: &File,
    walk: &mut Walk<'_>,
) -> Result<Option<(usize, usize)>, Halt> {
    walk.take_input(STREAM_COST_BYTES)?;
    let unchecked = |gap, why| Body::Unchecked {
        gap,
        size_bytes: file.size_bytes,
        why,
    };
    let (packed, is_packed) = (span(file.packed_bytes), file.flags & IS_PACKED != 0);
    let bytes = if is_packed {
        packed
    } else {
        span(file.size_bytes)
    };
    let begin = span(file.at);
    let stored = rest(content, begin, bytes);
    let mut reach = None;
    let body = if file.is_linked {
        unchecked(Gap::Unsupported, "shares its data with another file")
    } else if file.flags & IS_SPLIT != 0 || stored.len() < bytes {
        // Nothing tells a cabinet that is cut off from a descriptor beside its cabinet.
        walk.unsupported("the data of a cabinet lies in another file");
        unchecked(Gap::Unsupported, "its data lies in another file")
    } else {
        let clear = clear(stored, file.flags, walk)?;
        let (output, cut) = unpack(clear, is_packed, walk.budget);
        let cut = cut.or_else(|| wrong(&output, file));
        reach = Some((begin, begin.saturating_add(stored.len())));
        Body::of(output, cut)
    };
    let (name, findings) = walk.names.judge(&file.name, &[], Kind::File);
    walk.hand_out(name, findings, body)?;
    Ok(reach)
}

/// The data without what hides it from a look.
fn clear<'a>(stored: &'a [u8], flags: u16, walk: &mut Walk<'_>) -> Result<Cow<'a, [u8]>, Halt> {
    if flags & IS_OBFUSCATED == 0 {
        return Ok(Cow::Borrowed(stored));
    }
    walk.take_input(stored.len())?;
    let seeds = (0_u8..0x47).cycle();
    let plain = stored
        .iter()
        .zip(seeds)
        .map(|(byte, seed)| (byte ^ 0xd5).rotate_right(2).wrapping_sub(seed));
    Ok(Cow::Owned(plain.collect()))
}

fn unpack<'a>(
    stored: Cow<'a, [u8]>,
    is_packed: bool,
    budget: &mut Budget,
) -> (Cow<'a, [u8]>, Option<Cut>) {
    if !is_packed {
        let cut = budget.take_output(stored.len()).err();
        return (stored, cut.map(|why| (Gap::Limit, why)));
    }
    let mut output = Vec::new();
    let done = pieces(&stored, &mut output, budget);
    let is_short = done.consumed < stored.len();
    let short = is_short.then_some((Gap::Damaged, "compressed data is malformed"));
    (Cow::Owned(output), done.end.cut().or(short))
}

/// Unpacks pieces of deflate, each with its length before it, as far as they go.
fn pieces(stored: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut at: usize = 0;
    while at < stored.len() {
        let bytes = usize::from(u16_at(stored, at).unwrap_or(0));
        let begin = at.saturating_add(2);
        let Some(piece) = part(stored, begin, bytes).filter(|piece| !piece.is_empty()) else {
            return Unpacked::damaged(at, "compressed data is cut off");
        };
        if let Err(why) = budget.take_input(STREAM_COST_BYTES.min(bytes)) {
            return Unpacked::cut(at, Gap::Limit, why);
        }
        let whole = output.len();
        // Some writers leave the last byte of a piece away when it is zero.
        let filled = [piece, &[0]].concat();
        let done = inflate(&filled, output, budget);
        if let End::Cut(gap, why) = done.end {
            if gap == Gap::Damaged {
                output.truncate(whole);
            }
            return Unpacked::cut(at, gap, why);
        }
        at = begin.saturating_add(bytes);
        if rest(&filled, done.consumed, usize::MAX)
            .iter()
            .any(|byte| *byte != 0)
        {
            return Unpacked::damaged(at, "bytes behind the end of compressed data");
        }
    }
    Unpacked::whole(at)
}

/// Whether a file is not what its descriptor says.
fn wrong(content: &[u8], file: &File) -> Option<Cut> {
    if length(content.len()) != file.size_bytes {
        return Some((Gap::Damaged, "content has another size than is said"));
    }
    let is_right = file.sum == [0; 16] || md5::Md5::digest(content).as_slice() == file.sum;
    (!is_right).then_some((Gap::Damaged, "checksum is wrong"))
}

/// What is packed in a cabinet whose descriptor lies beside it, as one content.
fn without_list(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.unsupported("the list of a cabinet's files lies in another file");
    let begin = u32_at(content, 20).map_or(usize::MAX, |begin| span(begin.into()));
    walk.admit()?;
    let mut output = Vec::new();
    let stored = rest(content, begin, usize::MAX);
    let done = pieces(stored, &mut output, walk.budget);
    walk.field(rest(content, HEADER_BYTES, usize::MAX))?;
    if output.is_empty() {
        return Ok(());
    }
    let why = match done.end {
        End::Cut(Gap::Limit, why) => why,
        End::Complete | End::Cut(..) => "where its files begin and end is not known",
    };
    let cut = Some((Gap::Unsupported, why));
    let (name, _) = MediumName::cut(b"(data of all files)");
    walk.hand_out(name, Vec::new(), Body::of(Cow::Owned(output), cut))
}

#[cfg(test)]
mod tests;
