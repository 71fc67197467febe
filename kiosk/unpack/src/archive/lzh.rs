//! LZH, the archives of LHA and its relatives, header levels 0 to 3 (LHa for UNIX, "header.doc"
//! and "algorithm").
//!
//! Names stay as they are written, in code page 932 as a rule, with slashes between folders.

mod dynamic;
mod header;
mod larc;

use std::borrow::Cow;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use super::codec::blocks::Blocks;
use super::codec::{Decoder, unpack};
use crate::bytes::{length, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use dynamic::Dynamic;
use header::{Header, crc16};
use larc::{Lz5, Lzs};

/// Names of members that have none.
const NAMELESS: &[u8] = b"(member without a name)";

/// What some writers leave behind the compressed data of a member, in bytes.
const FILLING_BYTES_MAX: usize = 8;

/// Whether the content begins as an LZH.
pub(crate) fn begins(content: &[u8]) -> bool {
    header::method(content, 0).is_some()
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at: usize = 0;
    while at < content.len() {
        let tail = rest(content, at, usize::MAX);
        let header = Header::read(content, at);
        if tail.first() == Some(&0) {
            if header.is_none() {
                return behind(rest(tail, 1, usize::MAX), walk);
            }
            // Some readers end at a zero byte, others where no method stands.
            walk.contradiction("lzh_after_end", "members behind the end mark");
        }
        let Some(header) = header else {
            walk.damaged("a header of an lzh is malformed or cut off");
            return walk.stray(tail, "bytes that belong to no member");
        };
        walk.admit()?;
        if let Some(why) = header.fault {
            walk.damaged(why);
        }
        if header.has_two_sizes {
            walk.contradiction("lzh_header_mismatch", "a member has two sizes");
        }
        if header.is_split {
            walk.unsupported("part of a split lzh");
        }
        let packed = rest(content, header.data_at, span(header.packed_bytes));
        hand_out(&header, packed, walk)?;
        at = header.data_at.saturating_add(span(header.packed_bytes));
    }
    walk.contradiction("lzh_without_end", "the end mark is missing");
    Ok(())
}

/// What is behind the end mark. Systems without sizes of files fill up to a whole block with
/// their mark for the end of a text.
fn behind(tail: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if tail.len() < 128 && tail.iter().all(|byte| *byte == 0x1a) {
        return Ok(());
    }
    walk.stray(tail, "bytes after the archive")
}

fn hand_out(header: &Header<'_>, packed: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let names = Spelling::of(header);
    let others = [names.raw.as_slice(), header.own_name];
    /// `S_IFMT` and what it is for a symbolic link.
    const TYPE: u16 = 0o170_000;
    const LINK: u16 = 0o120_000;
    if header.method != b"-lhd-" {
        let (body, left) = body(header, packed, walk);
        let (name, findings) = walk.names.judge(&names.shown, &others, Kind::File);
        walk.hand_out(name, findings, body)?;
        if FILLING_BYTES_MAX < left.len() {
            walk.stray(left, "bytes behind the compressed data of a member")?;
        }
        return Ok(());
    }
    let link = names.shown.iter().position(|byte| *byte == b'|');
    let (shown, kind, body) = match link {
        Some(bar) if header.mode.is_some_and(|mode| mode & TYPE == LINK) => {
            let target = rest(&names.shown, bar.saturating_add(1), usize::MAX);
            if NAME_BYTES_MAX < target.len() {
                walk.contradiction("name_too_long", "the target of a link is cut");
            }
            let body = Body::Link(MediumName::cut(target).0);
            (rest(&names.shown, 0, bar), Kind::Symlink(target), body)
        }
        Some(_) | None => (names.shown.as_slice(), Kind::Folder, Body::Folder),
    };
    let (name, findings) = walk.names.judge(shown, &others, kind);
    walk.hand_out(name, findings, body)?;
    if packed.is_empty() && header.bytes == 0 {
        return Ok(());
    }
    walk.contradiction("lzh_header_mismatch", "a link or folder has content");
    walk.admit()?;
    let body = walk.stored(packed);
    let (name, findings) = walk.names.judge(shown, &others, Kind::File);
    walk.hand_out(name, findings, body)
}

/// What comes out of a member, and what is left of its data.
fn body<'a>(header: &Header<'_>, packed: &'a [u8], walk: &mut Walk<'_>) -> (Body<'a>, &'a [u8]) {
    let is_cut = length(packed.len()) < header.packed_bytes;
    let mut decoder: Box<dyn Decoder + 'a> = match header.method {
        b"-lh0-" | b"-lz4-" | b"-pm0-" => {
            let fault = fault_of(header, packed, is_cut);
            return match (walk.stored(packed), fault) {
                (Body::Content(content), Some((gap, why))) => {
                    (Body::Partial { content, gap, why }, &[])
                }
                (body, _) => (body, &[]),
            };
        }
        b"-lh1-" => Box::new(Dynamic::new(packed)),
        b"-lh4-" | b"-lh5-" => Box::new(Blocks::new(packed, 4, b' ')),
        // LHARK has a method of its own under this name.
        b"-lh7-" if header.level == 1 && header.system == b' ' => {
            return (unsupported(header, "method lh7 of lhark"), &[]);
        }
        b"-lh6-" | b"-lh7-" | b"-lhx-" => Box::new(Blocks::new(packed, 5, b' ')),
        b"-lzs-" => Box::new(Lzs::new(packed)),
        b"-lz5-" => Box::new(Lz5::new(packed)),
        method => return (unsupported(header, method_name(method)), &[]),
    };
    let (content, end) = unpack(decoder.as_mut(), header.bytes, walk.budget);
    let left = rest(packed, decoder.taken_bytes(), usize::MAX);
    let fault = end.cut().or_else(|| fault_of(header, &content, is_cut));
    // Where damaged data ends is not known.
    let left = if fault.is_none() { left } else { &[] };
    (Body::of(Cow::Owned(content), fault), left)
}

fn fault_of(header: &Header<'_>, content: &[u8], is_cut: bool) -> Option<(Gap, &'static str)> {
    let why = if is_cut {
        "content is cut off"
    } else if length(content.len()) != header.bytes {
        "size is wrong"
    } else if header.crc.is_some_and(|crc| crc16(0, content) != crc) {
        "checksum is wrong"
    } else {
        return None;
    };
    Some((Gap::Damaged, why))
}

fn unsupported(header: &Header<'_>, why: &'static str) -> Body<'static> {
    Body::Unchecked {
        gap: Gap::Unsupported,
        size_bytes: header.bytes,
        why,
    }
}

fn method_name(method: &[u8]) -> &'static str {
    match method {
        b"-lh2-" => "method lh2",
        b"-lh3-" => "method lh3",
        b"-pm1-" => "method pm1",
        b"-pm2-" => "method pm2",
        [_, b'l', b'h', ..] => "method of an unknown lha",
        [_, b'l', b'z', ..] => "method of an unknown larc",
        _ => "unknown method",
    }
}

/// A member's path.
struct Spelling {
    /// As it is shown: the one in UTF-16 where there is one.
    shown: Vec<u8>,
    /// In the writer's own code.
    raw: Vec<u8>,
}

impl Spelling {
    fn of(header: &Header<'_>) -> Self {
        let file = header.file.unwrap_or(header.own_name);
        let raw = joined(
            slashed(header.folder.unwrap_or_default()),
            slashed(until_zero(file)),
        );
        let wide_file = header.wide_file.map(narrow);
        let wide_folder = header.wide_folder.map(narrow);
        let has_wide = wide_file.is_some() || wide_folder.is_some();
        let mut shown = if has_wide {
            joined(
                wide_folder.unwrap_or_else(|| slashed(header.folder.unwrap_or_default())),
                wide_file.unwrap_or_else(|| slashed(until_zero(file))),
            )
        } else {
            raw.clone()
        };
        if shown.is_empty() {
            shown = NAMELESS.to_vec();
        }
        Self { shown, raw }
    }
}

/// Amiga keeps a comment behind a zero byte.
fn until_zero(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The byte 0xFF, which is in no letter of code page 932, separates folders.
fn slashed(path: &[u8]) -> Vec<u8> {
    let slash = |byte: &u8| if *byte == 0xff { b'/' } else { *byte };
    path.iter().map(slash).collect()
}

fn joined(mut folder: Vec<u8>, file: Vec<u8>) -> Vec<u8> {
    if !folder.is_empty() && !matches!(folder.last(), Some(b'/' | b'\\')) {
        folder.push(b'/');
    }
    folder.extend(file);
    folder
}

/// A path in UTF-16, in which 0xFFFF separates folders.
fn narrow(path: &[u8]) -> Vec<u8> {
    let units = path.chunks_exact(2).map(|unit| match unit {
        [0xff, 0xff] => u16::from(b'/'),
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::samples;
