//! Macros in Visual Basic (MS-OVBA): their source out of the streams that carry it.
//!
//! The stream `dir` of a project says where in which stream each module's source begins. Readers
//! that believe it see what it lists; a search through every stream finds source that it does
//! not list, or that lies in a project under another name.

use std::borrow::Cow;

use wire::{Finding, Gap, Tier};

use crate::budget::Budget;
use crate::bytes::{finding, part, rest, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// Begins compressed data.
const SIGNATURE: u8 = 1;
/// What a chunk unpacks to at most, in bytes.
const CHUNK_BYTES_MAX: usize = 4096;
/// What every module's source begins with, as far as it lies whole in its compressed form.
const SOURCE: &[u8; 8] = b"Attribut";

/// What compressed data gave.
pub(crate) struct Unpacked {
    pub(crate) data: Vec<u8>,
    /// Where it ends.
    end: usize,
    /// Why that is not all.
    pub(crate) gap: Option<(Gap, &'static str)>,
}

/// Unpacks what begins at `at`, up to where no further chunk follows (MS-OVBA 2.4.1).
pub(crate) fn unpack(packed: &[u8], at: usize, budget: &mut Budget) -> Unpacked {
    let mut unpacked = Unpacked {
        data: Vec::new(),
        end: at,
        gap: None,
    };
    if packed.get(at) != Some(&SIGNATURE) {
        unpacked.gap = Some((Gap::Damaged, "compressed source has no signature"));
        return unpacked;
    }
    unpacked.end = at.saturating_add(1);
    let mut chunk = Vec::new();
    while unpacked.end < packed.len() {
        let header = u16_at(packed, unpacked.end).filter(|header| header & 0x7000 == 0x3000);
        let Some(header) = header else {
            let behind = rest(packed, unpacked.end, usize::MAX);
            if behind.iter().any(|byte| *byte != 0) {
                unpacked.gap = Some((Gap::Damaged, "compressed source is malformed"));
            }
            break;
        };
        let size = usize::from(header & 0xfff).saturating_add(1);
        let data_at = unpacked.end.saturating_add(2);
        let data = rest(packed, data_at, size);
        chunk.clear();
        let is_right = if header & 0x8000 == 0 {
            chunk.extend_from_slice(data);
            data.len() == CHUNK_BYTES_MAX
        } else {
            unpack_chunk(data, &mut chunk).is_some() && data.len() == size
        };
        unpacked.end = data_at.saturating_add(data.len());
        let taken = budget.take_input(data.len());
        if let Err(why) = taken.and_then(|()| push(&mut unpacked.data, &chunk, budget)) {
            unpacked.gap = Some((Gap::Limit, why));
            break;
        }
        if !is_right {
            unpacked.gap = Some((Gap::Damaged, "compressed source is malformed"));
            break;
        }
    }
    unpacked
}

/// One chunk: groups of eight tokens behind a byte that says which of them are copies.
fn unpack_chunk(packed: &[u8], chunk: &mut Vec<u8>) -> Option<()> {
    let mut at: usize = 0;
    while let Some(flags) = packed.get(at) {
        at = at.checked_add(1)?;
        for bit in 0..8 {
            if at == packed.len() {
                break;
            }
            if flags & (1 << bit) == 0 {
                chunk.push(*packed.get(at)?);
                at = at.checked_add(1)?;
            } else {
                let token = u16_at(packed, at)?;
                at = at.checked_add(2)?;
                copy(token, chunk)?;
            }
            if CHUNK_BYTES_MAX < chunk.len() {
                return None;
            }
        }
    }
    Some(())
}

/// How the bits of a copy are divided depends on how much there is to copy from.
fn copy(token: u16, chunk: &mut Vec<u8>) -> Option<()> {
    let known = chunk.len();
    let offset_bits = known
        .checked_sub(1)?
        .checked_ilog2()
        .map_or(0, |log| log.saturating_add(1));
    let offset_bits = offset_bits.clamp(4, 12);
    let length_bits = 16_u32.checked_sub(offset_bits)?;
    let length_mask = (1_u16.checked_shl(length_bits)?).wrapping_sub(1);
    let length = usize::from(token & length_mask).checked_add(3)?;
    let offset = usize::from(token.checked_shr(length_bits)?).checked_add(1)?;
    let begin = known.checked_sub(offset)?;
    if CHUNK_BYTES_MAX < known.checked_add(length)? {
        return None;
    }
    for at in begin..begin.checked_add(length)? {
        let byte = *chunk.get(at)?;
        chunk.push(byte);
    }
    Some(())
}

/// A module that a project lists.
pub(crate) struct Module {
    /// The stream that it is in.
    pub(crate) stream: String,
    /// Where in the stream its source begins.
    pub(crate) source_at: usize,
}

/// The modules that a project's unpacked `dir` stream lists (MS-OVBA 2.3.4.2): records with a
/// number, a size and data, of which only three matter here.
pub(crate) fn modules(dir: &[u8]) -> Vec<Module> {
    const VERSION: u16 = 0x09;
    const MODULE_STREAM: u16 = 0x32;
    const MODULE_OFFSET: u16 = 0x31;
    let mut modules = Vec::new();
    let mut stream = None;
    let mut at: usize = 0;
    while let Some((id, size)) = u16_at(dir, at).zip(u32_at(dir, at.saturating_add(2))) {
        at = at.saturating_add(6);
        // The size of this one leaves out its last field.
        let surplus = if id == VERSION { 2 } else { 0 };
        let size = span(u64::from(size)).saturating_add(surplus);
        let data = rest(dir, at, size);
        at = at.saturating_add(size);
        match id {
            MODULE_STREAM => {
                let units = data.as_chunks::<2>().0;
                let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
                stream = Some(String::from_utf16_lossy(&units));
            }
            MODULE_OFFSET => {
                let source_at = u32_at(data, 0).map(|offset| span(u64::from(offset)));
                modules.extend(
                    stream
                        .take()
                        .zip(source_at)
                        .map(|(stream, source_at)| Module { stream, source_at }),
                );
            }
            _ => {}
        }
    }
    modules
}

/// Hands out all source in a stream as members named after `path`. A project lists its source
/// at `listed_at`; whatever else is there is searched for.
pub(crate) fn hand_out(
    data: &[u8],
    path: &str,
    listed_at: Option<usize>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut sources: u64 = 0;
    let mut listed = 0..0;
    if let Some(at) = listed_at {
        sources = 1;
        let end = hand_out_one(data, at, &format!("{path} (source)"), true, walk)?;
        listed = at..end;
    }
    let mut at: usize = 0;
    while let Some(found) = search(data, at) {
        at = found.saturating_add(1);
        if listed.contains(&found) {
            continue;
        }
        sources = sources.saturating_add(1);
        let name = match sources {
            1 => format!("{path} (source)"),
            number => format!("{path} (source {number})"),
        };
        at = at.max(hand_out_one(data, found, &name, false, walk)?);
    }
    Ok(())
}

/// Hands out the source at `at`, and tells where it ends.
fn hand_out_one(
    data: &[u8],
    at: usize,
    name: &str,
    is_listed: bool,
    walk: &mut Walk<'_>,
) -> Result<usize, Halt> {
    walk.notice("vba_macro", "carries macros in Visual Basic");
    walk.admit()?;
    let unpacked = unpack(data, at, walk.budget);
    if is_listed && unpacked.data.is_empty() {
        walk.contradiction(
            "vba_without_source",
            "compiled macros whose source is not there",
        );
    }
    let (kept, mut findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
    findings.extend(runs_by_itself(&unpacked.data));
    let content = Cow::Owned(unpacked.data);
    let body = Body::of(content, unpacked.gap);
    walk.hand_out(kept, findings, body)?;
    Ok(unpacked.end)
}

/// The first place at or behind `from` where source may begin. Nothing in its first letters
/// repeats, so that they stand there as they are whoever compressed them.
fn search(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let tail = data.get(at..)?;
        let letters = tail
            .windows(SOURCE.len())
            .position(|window| window.eq_ignore_ascii_case(SOURCE))?
            .checked_add(at)?;
        at = letters.checked_add(1)?;
        // In front: the signature, the chunk's header, and the flags if it is compressed.
        for (before, flag) in [(4, 0x80), (3, 0)] {
            let Some(begin) = letters.checked_sub(before).filter(|begin| from <= *begin) else {
                continue;
            };
            let is_begin = part(data, begin, 3).is_some_and(
                |head| matches!(head, [SIGNATURE, _, high] if high & 0xf0 == 0x30 | flag),
            );
            let has_flags =
                flag == 0 || letters.checked_sub(1).and_then(|at| data.get(at)) == Some(&0);
            if is_begin && has_flags {
                return Some(begin);
            }
        }
    }
}

/// What Office runs without being asked, in lower case.
const BY_THEMSELVES: [&str; 36] = [
    "autoexec",
    "autoopen",
    "autoclose",
    "autonew",
    "autoexit",
    "auto_open",
    "auto_close",
    "auto_exec",
    "auto_new",
    "auto_exit",
    "auto_activate",
    "auto_deactivate",
    "auto_add",
    "auto_remove",
    "document_open",
    "document_close",
    "document_new",
    "document_beforeclose",
    "documentopen",
    "documentchange",
    "documentbeforeclose",
    "newdocument",
    "workbook_open",
    "workbook_activate",
    "workbook_deactivate",
    "workbook_beforeclose",
    "workbook_beforesave",
    "workbook_windowactivate",
    "workbookopen",
    "worksheet_activate",
    "worksheet_calculate",
    "worksheet_change",
    "worksheet_selectionchange",
    "application_startup",
    "onslideshowpagechange",
    "presentationopen",
];

/// A finding that names every procedure in `source` that runs without being asked. A name
/// anywhere counts: a line can be broken between `Sub` and it.
fn runs_by_itself(source: &[u8]) -> Option<Finding> {
    let words = source.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    let mut found = [false; BY_THEMSELVES.len()];
    for word in words.filter(|word| (7..32).contains(&word.len())) {
        for (known, mark) in BY_THEMSELVES.iter().zip(&mut found) {
            *mark |= word.eq_ignore_ascii_case(known.as_bytes());
        }
    }
    let known = BY_THEMSELVES.iter().zip(found);
    let named: Vec<_> = known
        .filter(|(_, mark)| *mark)
        .map(|(name, _)| *name)
        .collect();
    let detail = format!("macros that run by themselves: {}", named.join(", "));
    (!named.is_empty()).then(|| finding("vba_autorun", Tier::Notice, detail))
}

#[cfg(test)]
mod tests;
