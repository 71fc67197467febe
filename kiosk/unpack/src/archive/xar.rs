//! Xar, as Apple's packages are: a list in XML, compressed, and a heap of data that it leads to.
//! Source: the wiki of xar, "xarformat".

mod list;

#[cfg(test)]
pub(crate) use list::{XAR_DEPTH_MAX, XAR_FILES_MAX, XAR_PATHS_BYTES_MAX};

use std::borrow::Cow;

use sha1::Digest as _;
use wire::{Gap, MediumName};

use crate::budget::Budget;
use crate::bytes::{be_u64, has, length, rest, span};
use crate::document::zlib::zlib;
use crate::member::Body;
use crate::names::Kind;
use crate::stream::bzip2::bzip2;
use crate::stream::lzma_alone;
use crate::stream::sink::{Cut, STREAM_COST_BYTES, Unpacked};
use crate::stream::xz::{self, xz};
use crate::walk::{Halt, Walk};
use list::{Entry, Stretch};

const BEHIND_STREAM: &str = "bytes behind the end of compressed data";

/// Whether the content begins as a xar.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, b"xar!\0\x1c")
}

/// Hands out every file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let big = |at: usize| be_u64(content, at).map(span);
    let Some((list_bytes, list_size)) = big(8).zip(big(16)) else {
        walk.damaged("the header of a xar is cut off");
        return Ok(());
    };
    if !has(content, 6, b"\0\x01") {
        walk.unsupported("a xar of an unknown version");
    }
    const HEADER_BYTES: usize = 28;
    let heap_at = HEADER_BYTES.saturating_add(list_bytes);
    let packed = rest(content, HEADER_BYTES, list_bytes);
    let mut text = Vec::new();
    let done = zlib(packed, &mut text, walk.budget);
    walk.stray(rest(packed, done.consumed, usize::MAX), BEHIND_STREAM)?;
    let is_other = text.len() != list_size;
    let other = is_other.then_some((Gap::Damaged, "the list of a xar has another size"));
    walk.fault(done.end.cut().or(other));
    let list = list::read(&text);
    if list.is_torn {
        walk.damaged("the list of a xar is malformed");
    }
    if list.is_cut {
        walk.limit("more files in a xar than are looked at");
    }
    if list.is_declared {
        walk.contradiction("xar_list", "readers may see another list of files");
    }
    if list.is_doubled {
        walk.contradiction("xar_two_contents", "a file has two contents");
    }
    walk.budget.hold(text.len());
    let heap = rest(content, heap_at, usize::MAX);
    let own: Vec<_> = list.own.iter().map(reach).collect();
    let mut covered: Vec<_> = list.others.iter().map(reach).collect();
    let mut result = Ok(());
    for entry in &list.entries {
        covered.extend(entry.data.as_ref().map(reach));
        result = result.and_then(|()| hand_out(heap, entry, walk));
    }
    result = result.and_then(|()| others(heap, &list.others, walk));
    walk.budget.release(text.len());
    result?;
    walk.uncovered(heap, &covered, &own, "bytes that belong to no file")
}

/// Where in the heap it lies.
fn reach(stretch: &Stretch) -> (usize, usize) {
    let begin = span(stretch.offset.unwrap_or(0));
    let bytes = stretch.stored_bytes.or(stretch.size_bytes);
    (begin, begin.saturating_add(span(bytes.unwrap_or(0))))
}

fn hand_out(heap: &[u8], entry: &Entry, walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let link = MediumName::cut(&entry.target).0;
    let (kind, body) = match (entry.kind.as_slice(), &entry.data) {
        (b"directory", _) => (Kind::Folder, Body::Folder),
        (b"symlink", _) => (Kind::Symlink(&entry.target), Body::Link(link)),
        (_, Some(data)) => (Kind::File, stretch(heap, data, walk)?),
        (b"file", None) => (Kind::File, Body::Content(Cow::Borrowed(&[]))),
        // Links to another file of the list, which has the data.
        (_, None) => (Kind::File, Body::Special),
    };
    let name: &[u8] = match entry.path.as_slice() {
        b"" => b"(member without a name)",
        path => path,
    };
    let (name, findings) = walk.names.judge(name, &[], kind);
    walk.hand_out(name, findings, body)?;
    match &entry.data {
        Some(data) if !matches!(kind, Kind::File) => {
            walk.contradiction("xar_two_contents", "a link or folder has content");
            extra(heap, data, b"(content of a link or folder)", walk)
        }
        Some(_) | None => Ok(()),
    }
}

/// Hands out data that is no file of the list.
fn extra(heap: &[u8], data: &Stretch, name: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.admit()?;
    let body = stretch(heap, data, walk)?;
    walk.hand_out(MediumName::cut(name).0, Vec::new(), body)
}

/// Hands out attributes and what files have beside their contents.
fn others(heap: &[u8], others: &[Stretch], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let is_none =
        |one: &Stretch| (one.offset, one.stored_bytes, one.size_bytes) == (None, None, None);
    for one in others.iter().filter(|one| !is_none(one)) {
        extra(heap, one, b"(attribute)", walk)?;
    }
    Ok(())
}

/// What a stretch of the heap unpacks to.
fn stretch<'h>(heap: &'h [u8], data: &Stretch, walk: &mut Walk<'_>) -> Result<Body<'h>, Halt> {
    walk.take_input(STREAM_COST_BYTES)?;
    let size_bytes = data.size_bytes.unwrap_or(0);
    let unchecked = |gap, why| Body::Unchecked {
        gap,
        size_bytes,
        why,
    };
    let (Some(offset), Some(stored_bytes)) = (data.offset, data.stored_bytes) else {
        return Ok(unchecked(Gap::Damaged, "its place is not said"));
    };
    let stored = rest(heap, span(offset), span(stored_bytes));
    let is_cut = length(stored.len()) < stored_bytes;
    walk.take_input(stored.len())?;
    let (content, cut, used) = unpack(stored, &data.encoding, walk.budget);
    if cut.is_none() {
        walk.stray(rest(stored, used, usize::MAX), BEHIND_STREAM)?;
    }
    let cut = match cut {
        _ if is_cut => Some((Gap::Damaged, "content is cut off")),
        Some(cut) => Some(cut),
        None if length(content.len()) != size_bytes => {
            Some((Gap::Damaged, "content has another size than is said"))
        }
        None => wrong(&content, data),
    };
    match cut {
        Some((gap, why)) if content.is_empty() => Ok(unchecked(gap, why)),
        cut => Ok(Body::of(content, cut)),
    }
}

fn unpack<'h>(
    stored: &'h [u8],
    encoding: &[u8],
    budget: &mut Budget,
) -> (Cow<'h, [u8]>, Option<Cut>, usize) {
    let mut output = Vec::new();
    let done = match encoding {
        b"application/octet-stream" | b"" => {
            let cut = budget.take_output(stored.len()).err();
            let cut = cut.map(|why| (Gap::Limit, why));
            return (Cow::Borrowed(stored), cut, stored.len());
        }
        // It says gzip and is zlib.
        b"application/x-gzip" | b"application/zlib" => zlib(stored, &mut output, budget),
        b"application/x-bzip2" => bzip2(stored, &mut output, budget),
        b"application/x-lzma" | b"application/x-xz" if xz::begins(stored) => {
            xz(stored, &mut output, budget)
        }
        b"application/x-lzma" => lzma_alone::decode(stored, &mut output, budget),
        _ => Unpacked::cut(0, Gap::Unsupported, "packed by a method that is not opened"),
    };
    (Cow::Owned(output), done.end.cut(), done.consumed)
}

/// Whether a content fails its digest; what is not known is not checked.
fn wrong(content: &[u8], data: &Stretch) -> Option<Cut> {
    let found = match data.sum_kind.to_ascii_lowercase().as_slice() {
        b"md5" => md5::Md5::digest(content).to_vec(),
        b"sha1" => sha1::Sha1::digest(content).to_vec(),
        b"sha256" => sha2::Sha256::digest(content).to_vec(),
        _ => return None,
    };
    (found != data.sum).then_some((Gap::Damaged, "checksum is wrong"))
}

#[cfg(test)]
mod tests;
