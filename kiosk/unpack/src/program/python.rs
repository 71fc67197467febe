//! Programs that PyInstaller made: an archive behind the program, found by its end.

use std::borrow::Cow;

use wire::Gap;

use super::installer::holds;
use crate::bytes::{be_u32, has, part, rest, span};
use crate::document::zlib;
use crate::member::Body;
use crate::names::Kind;
use crate::stream::inflate::inflate;
use crate::stream::sink::{End, STREAM_COST_BYTES};
use crate::walk::{Halt, Walk};

/// Begins the record that ends the archive.
const MARK: [u8; 8] = *b"MEI\x0c\x0b\x0a\x0b\x0e";
/// The record alone, and with the name of Python's own library, as newer makers write it.
const RECORDS: [usize; 2] = [88, 24];
/// The fields of an entry before its name.
const ENTRY_BYTES: usize = 18;
/// Where the first module of an archive of modules lies.
const MODULES_AT: usize = 17;
/// Header and checksum of a zlib stream.
const ZLIB_HEADER_BYTES: usize = 2;
const ZLIB_CHECKSUM_BYTES: usize = 4;

/// Opens the archive behind `end` of a program, if there is one.
pub(crate) fn open(content: &[u8], end: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let behind = rest(content, end, usize::MAX);
    if !holds(behind, &MARK) {
        return Ok(());
    }
    let Some(at) = behind
        .windows(MARK.len())
        .rposition(|window| window == MARK)
    else {
        return Ok(());
    };
    let at = at.saturating_add(end);
    match package(content, at) {
        Some((package, list)) => {
            walk.notice("program_installer", "a program of PyInstaller");
            open_list(package, list, walk)
        }
        // Programs that make such programs hold the mark in their own code.
        None => Ok(()),
    }
}

/// The archive whose last record is at `at`, and its list.
fn package(content: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let length = number(content, at.checked_add(8)?)?;
    let list_at = number(content, at.checked_add(12)?)?;
    let list_bytes = number(content, at.checked_add(16)?)?;
    RECORDS.into_iter().find_map(|record| {
        let end = at.checked_add(record)?;
        let begin = end.checked_sub(length)?;
        let package = content.get(begin..end)?;
        let list = part(package, list_at, list_bytes)?;
        // The list lies right before the record.
        let fits = list_at.checked_add(list_bytes)? == length.checked_sub(record)?;
        (fits && 0 < list_bytes).then_some((package, list))
    })
}

fn open_list(package: &[u8], list: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at: usize = 0;
    while at < list.len() {
        let entry = number(list, at).and_then(|size| part(list, at, size));
        let Some(entry) = entry.filter(|entry| ENTRY_BYTES <= entry.len()) else {
            walk.damaged("list of a PyInstaller program is malformed");
            break;
        };
        at = at.saturating_add(entry.len());
        let name = entry.get(ENTRY_BYTES..).unwrap_or_default();
        let name: Vec<u8> = name.iter().copied().take_while(|byte| *byte != 0).collect();
        let data = number(entry, 4).zip(number(entry, 8));
        let Some(data) = data.and_then(|(begin, size)| part(package, begin, size)) else {
            walk.damaged("a content of a PyInstaller program lies outside of it");
            continue;
        };
        if has(data, 0, b"PYZ\0") {
            open_modules(data, walk)?;
            continue;
        }
        if data.is_empty() {
            continue;
        }
        walk.admit()?;
        // Windows' own separators and parents are usual in these names and lead nowhere: they are
        // unpacked below a folder of the program.
        let (name, findings) = walk.names.judge(&name, &[], Kind::File);
        let body = if entry.get(16) == Some(&0) {
            walk.stored(data)
        } else {
            unpacked(data, walk)
        };
        walk.hand_out(name, findings, body)?;
    }
    Ok(())
}

fn unpacked<'a>(data: &[u8], walk: &mut Walk<'_>) -> Body<'a> {
    if let Err(why) = walk.budget.take_input(STREAM_COST_BYTES) {
        return Body::Unchecked {
            gap: Gap::Limit,
            size_bytes: 0,
            why,
        };
    }
    let (content, cut) = zlib::unpack(data, walk.budget);
    let content = Cow::Owned(content);
    Body::of(content, cut)
}

/// Hands out the modules, each of which follows the other up to their list.
fn open_modules(data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let end = number(data, 8).unwrap_or(data.len());
    let modules = rest(data, 0, end);
    let mut at = MODULES_AT;
    let mut count: u64 = 0;
    while at < modules.len() {
        let stream = rest(modules, at, usize::MAX);
        if !zlib::begins(stream) {
            walk.unsupported("modules of a PyInstaller program are in a form that is not opened");
            break;
        }
        walk.admit()?;
        if walk.budget.take_input(STREAM_COST_BYTES).is_err() {
            walk.limit("the same bytes are read again and again");
            break;
        }
        count = count.saturating_add(1);
        let mut content = Vec::new();
        let packed = rest(stream, ZLIB_HEADER_BYTES, usize::MAX);
        let one = inflate(packed, &mut content, walk.budget);
        let (name, findings) =
            walk.names
                .judge(format!("module {count}").as_bytes(), &[], Kind::File);
        let content = Cow::Owned(content);
        let body = match one.end {
            End::Complete => Body::Content(content),
            End::Cut(gap, why) => Body::Partial { content, gap, why },
        };
        walk.hand_out(name, findings, body)?;
        if one.end != End::Complete {
            break;
        }
        let used = one.consumed.saturating_add(ZLIB_HEADER_BYTES);
        at = at.saturating_add(used).saturating_add(ZLIB_CHECKSUM_BYTES);
    }
    Ok(())
}

/// The big-endian number at `at`.
fn number(content: &[u8], at: usize) -> Option<usize> {
    be_u32(content, at).map(|number| span(number.into()))
}
