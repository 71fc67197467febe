//! Programs in programs, and what lies behind a program's end.

use std::collections::BTreeMap;

use wire::MediumName;

use super::pe::{self, Image};
use crate::bytes::{has, rest, span, u16_at, u32_at, u64_at};
use crate::format::Format;
use crate::search;
use crate::walk::{Halt, Walk};

/// Most programs that are handed out of one. A bundle of a whole runtime has some hundreds.
pub(crate) const PROGRAMS_MAX: usize = 1024;

/// Shortest data behind a program that is told, in bytes: linkers leave a few.
pub(crate) const OVERLAY_BYTES_MIN: usize = 512;

/// What has been handed out: where each begins, and where it ends.
pub(crate) struct Taken(BTreeMap<usize, usize>);

impl Taken {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn insert(&mut self, begin: usize, end: usize) {
        self.0.insert(begin, end);
    }

    /// Where what was handed out here ends.
    fn end_at(&self, begin: usize) -> Option<usize> {
        self.0.get(&begin).copied()
    }
}

/// Whether the content begins as a program for Linux and its like.
pub(crate) fn begins_elf(content: &[u8]) -> bool {
    let fits = || {
        let class = *content.get(4)?;
        let order = *content.get(5)?;
        let version = *content.get(6)?;
        Some((1..=2).contains(&class) && (1..=2).contains(&order) && version == 1)
    };
    has(content, 0, b"\x7fELF") && fits() == Some(true)
}

/// Whether the content begins as a program for macOS of one processor, in its usual byte order.
pub(crate) fn begins_mach(content: &[u8]) -> bool {
    let fits = || {
        let processor = u32_at(content, 4)? & 0x00ff_ffff;
        let kind = u32_at(content, 12)?;
        let commands = u32_at(content, 16)?;
        let bytes = u32_at(content, 20)?;
        let known = matches!(processor, 7 | 12 | 18);
        let sized = commands.checked_mul(8)? <= bytes && span(u64::from(bytes)) < content.len();
        Some(known && (1..=12).contains(&kind) && 0 < commands && sized)
    };
    let marked = has(content, 0, b"\xce\xfa\xed\xfe") || has(content, 0, b"\xcf\xfa\xed\xfe");
    marked && fits() == Some(true)
}

/// Whether this is a program beyond doubt, wherever it lies.
pub(crate) fn is_program(content: &[u8]) -> bool {
    pe::is_certain(content) || is_certain_elf(content) || begins_mach(content)
}

/// Whether the header of a program for Linux agrees with itself.
fn is_certain_elf(content: &[u8]) -> bool {
    let agrees = || {
        let is_wide = *content.get(4)? == 2;
        let is_little = *content.get(5)? == 1;
        let field = |at: usize| {
            let number = u16_at(content, at)?;
            Some(if is_little {
                number
            } else {
                number.swap_bytes()
            })
        };
        let kind = field(16)?;
        let head = field(if is_wide { 52 } else { 40 })?;
        let wanted = if is_wide { 64 } else { 52 };
        Some((1..=4).contains(&kind) && field(18)? != 0 && head == wanted)
    };
    begins_elf(content) && agrees() == Some(true)
}

/// How long a program says to be, when it says so; never longer than the content.
pub(crate) fn length_of(content: &[u8]) -> Option<usize> {
    if let Some(image) = Image::read(content) {
        let certificates = image.certificates();
        let end = certificates.map_or(image.end, |(_, end)| end);
        return Some(end);
    }
    length_of_elf(content).map(|length| length.min(content.len()))
}

/// The end of the table of sections or of the last part that is loaded.
fn length_of_elf(content: &[u8]) -> Option<usize> {
    // Others are handed out to the end of the content.
    if !begins_elf(content) || content.get(5) != Some(&1) {
        return None;
    }
    let is_wide = content.get(4) == Some(&2);
    let place = |at: usize| {
        if is_wide {
            u64_at(content, at).map(span)
        } else {
            u32_at(content, at).map(|place| span(u64::from(place)))
        }
    };
    let (parts_at, table_at) = if is_wide { (32, 40) } else { (28, 32) };
    let tail: usize = if is_wide { 54 } else { 42 };
    let count = |offset: usize| u16_at(content, tail.checked_add(offset)?).map(usize::from);
    let table = place(table_at)?.checked_add(count(4)?.checked_mul(count(6)?)?)?;
    let (part_bytes, parts) = (count(0)?, count(2)?);
    let (from, size) = if is_wide { (8, 32) } else { (4, 16) };
    let mut end = table;
    for index in 0..parts {
        let at = place(parts_at)?.checked_add(index.checked_mul(part_bytes)?)?;
        let part_end = place(at.checked_add(from)?)?.checked_add(place(at.checked_add(size)?)?);
        end = end.max(part_end?);
    }
    Some(end)
}

/// Where a program begins at `from` or behind it.
fn next(content: &[u8], from: usize) -> Option<usize> {
    let tail = content.get(from..)?;
    let begins = |(at, byte): (usize, &u8)| {
        let at = from.checked_add(at)?;
        let marked = match byte {
            b'M' => has(content, at, b"MZ"),
            0x7f => has(content, at, b"\x7fELF"),
            0xce | 0xcf => has(content, at.saturating_add(1), b"\xfa\xed\xfe"),
            _ => false,
        };
        (marked && is_program(rest(content, at, usize::MAX))).then_some(at)
    };
    tail.iter().enumerate().find_map(begins)
}

/// Hands out every program in `content` behind its first byte. What begins in the program itself,
/// before `end`, is as long as it says; what follows it reaches to the next one, with whatever it
/// carries behind its own end.
pub(crate) fn open(
    content: &[u8],
    end: usize,
    taken: &Taken,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut from: usize = 1;
    let mut handed: usize = 0;
    while let Some(at) = next(content, from) {
        if let Some(end) = taken.end_at(at) {
            from = end.max(at.saturating_add(1));
            continue;
        }
        if PROGRAMS_MAX <= handed {
            walk.limit("more programs in it than are looked at");
            break;
        }
        handed = handed.saturating_add(1);
        let tail = rest(content, at, usize::MAX);
        let said = length_of(tail).unwrap_or(tail.len());
        let own_end = at.saturating_add(said.max(64)).min(content.len());
        let until = if at < end {
            own_end
        } else {
            next(content, own_end).unwrap_or(content.len())
        };
        walk.notice("program_within", "a program lies in the program");
        let program = rest(content, at, until.saturating_sub(at));
        give(program, &format!("program at {at}"), walk)?;
        from = until;
    }
    Ok(())
}

/// Tells what lies behind a program for Windows, and hands it out when it is something of its own
/// that nothing else finds.
pub(crate) fn overlay(image: &Image<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    match image.certificates() {
        None => behind(image.content, image.end, walk),
        Some((at, end)) => {
            let before = image.content.get(..at).unwrap_or_default();
            behind(before, image.end, walk)?;
            behind(image.content, end, walk)
        }
    }
}

/// The same for what lies from `end` on.
pub(crate) fn behind(content: &[u8], end: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let tail = content.get(end..).unwrap_or_default();
    let zeros = tail.iter().take_while(|byte| **byte == 0).count();
    let data = tail.get(zeros..).unwrap_or_default();
    if data.len() < OVERLAY_BYTES_MIN {
        return Ok(());
    }
    walk.notice("program_overlay", "data behind the program's end");
    let found = crate::recognise(data);
    let is_own = !found.is_empty() || crate::unopenable(data).is_some();
    // What the whole is, too, or is searched for, is found there.
    let whole = crate::recognise(content);
    let is_archive = whole.iter().any(|one| one.is_archive());
    let of_whole = |one: &&Format| whole.iter().any(|other| other.name() == one.name());
    let is_found = if is_archive {
        found.iter().all(of_whole)
    } else {
        search::tries(data, end.saturating_add(zeros)) || found.iter().all(of_whole)
    };
    let is_found = is_found && crate::unopenable(data).is_none();
    if !is_own || is_found || is_program(data) {
        return Ok(());
    }
    give(data, "(data behind the program)", walk)
}

fn give(data: &[u8], name: &str, walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let (name, _) = MediumName::cut(name.as_bytes());
    let body = walk.stored(data);
    walk.hand_out(name, Vec::new(), body)
}
