//! The content of one member.

use std::borrow::Cow;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use super::entry::Entry;
use super::{DESCRIPTOR, END, LISTED, LOCAL, methods};
use crate::bytes::{find, has, length, rest, span, u32_at, u64_at};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::chain::UNREAD_BYTES_MAX;
use crate::stream::inflate::inflate;
use crate::stream::sink::End;
use crate::walk::{Halt, Walk};

/// Methods (APPNOTE 4.4.5).
const METHOD_STORED: u16 = 0;
const METHOD_DEFLATED: u16 = 8;
/// Not a method: the real one is in an extra field (APPNOTE 7.2.1).
pub(super) const METHOD_AES: u16 = 99;

/// A stretch of the content that is accounted for.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) begin: usize,
    pub(super) end: usize,
    /// Whether it is a member of a directory.
    pub(super) listed: bool,
    /// Where the member ends for a reader that believes its own header.
    pub(super) other_end: Option<usize>,
}

impl Extent {
    /// A stretch that belongs to the archive itself.
    pub(super) fn own(begin: usize, end: usize) -> Self {
        Self {
            begin,
            end,
            listed: false,
            other_end: None,
        }
    }
}

/// What comes out of a member whose data begins at `data_at`, and where the member ends.
/// Without `has_sizes` the end is found by unpacking.
pub(super) fn extract<'a>(
    content: &'a [u8],
    entry: &Entry<'_>,
    data_at: usize,
    has_sizes: bool,
    walk: &mut Walk<'_>,
) -> (Body<'a>, usize) {
    let stated = if has_sizes {
        span(entry.packed_bytes)
    } else {
        usize::MAX
    };
    let packed = rest(content, data_at, stated);
    let is_cut = has_sizes && packed.len() < stated;
    if !entry.is_encrypted() && entry.method == METHOD_DEFLATED {
        return deflated(content, packed, entry, data_at, has_sizes, walk);
    }
    let end = if has_sizes {
        after_descriptor(content, data_at.saturating_add(packed.len()), entry.flags)
    } else {
        next_header(content, data_at)
    };
    if entry.is_encrypted() {
        return (unchecked(entry, Gap::Encrypted, "encrypted"), end);
    }
    match entry.method {
        METHOD_STORED if has_sizes => {
            let fault = is_cut.then_some("content is cut off");
            let fault = fault.or_else(|| fault_of(packed, entry.bytes, entry.crc));
            (stored(packed, fault, walk), end)
        }
        METHOD_STORED => {
            let packed = rest(content, data_at, end.saturating_sub(data_at));
            stored_until_descriptor(content, packed, data_at, end, walk)
        }
        _ if has_sizes => {
            let sizes = Some((entry.bytes, entry.crc));
            let (body, unread) = unpacked(packed, entry, sizes, walk);
            // What stands behind the stream inside the stated size is left for the sweep.
            let end = match unread {
                0 => end,
                _ => data_at.saturating_add(packed.len().saturating_sub(unread)),
            };
            (body, end)
        }
        _ => {
            let packed = rest(content, data_at, end.saturating_sub(data_at));
            let sizes = Descriptor::before_end(packed);
            let bytes = sizes.as_ref().map_or(packed.len(), |own| own.at);
            let sizes = sizes.map(|own| (own.bytes, own.crc));
            (unpacked(rest(packed, 0, bytes), entry, sizes, walk).0, end)
        }
    }
}

/// A member of the directory that has no header where it should be.
pub(super) fn missing(entry: &Entry<'_>) -> Body<'static> {
    let gap = if entry.is_encrypted() {
        Gap::Encrypted
    } else {
        Gap::Damaged
    };
    unchecked(entry, gap, "member is not where the directory says")
}

/// Hands a member out under the names of one header.
pub(super) fn hand_out(entry: &Entry<'_>, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let name = entry.shown_name();
    // S_IFMT is 0xf000, S_IFLNK 0xa000.
    let is_link = entry.unix_mode.is_some_and(|mode| mode & 0xf000 == 0xa000);
    let is_folder = name.ends_with(b"/") && entry.bytes == 0;
    match &body {
        Body::Content(target) if is_link && target.len() <= NAME_BYTES_MAX => {
            let (name, findings) = walk.names.judge(name, &[entry.name], Kind::Symlink(target));
            let (target, _) = MediumName::cut(target);
            walk.hand_out(name, findings, Body::Link(target))
        }
        Body::Content(content) if is_folder && content.is_empty() => {
            let (name, findings) = walk.names.judge(name, &[entry.name], Kind::Folder);
            walk.hand_out(name, findings, Body::Folder)
        }
        Body::Content(_)
        | Body::Partial { .. }
        | Body::Unchecked { .. }
        | Body::Link(_)
        | Body::Folder
        | Body::Special => {
            let (name, findings) = walk.names.judge(name, &[entry.name], Kind::File);
            walk.hand_out(name, findings, body)
        }
    }
}

fn unchecked(entry: &Entry<'_>, gap: Gap, why: &'static str) -> Body<'static> {
    Body::Unchecked {
        gap,
        size_bytes: entry.bytes,
        why,
    }
}

fn fault_of(content: &[u8], bytes: u64, crc: u32) -> Option<&'static str> {
    if length(content.len()) != bytes {
        return Some("size is wrong");
    }
    (crc32fast::hash(content) != crc).then_some("checksum is wrong")
}

fn stored<'a>(packed: &'a [u8], fault: Option<&'static str>, walk: &mut Walk<'_>) -> Body<'a> {
    match (walk.stored(packed), fault) {
        (Body::Content(content), Some(why)) => Body::Partial {
            content,
            gap: Gap::Damaged,
            why,
        },
        (body, _) => body,
    }
}

/// Stored content without a size: up to the sizes behind it, else to the next header. Where
/// it really ends nobody can know, so it is never whole.
fn stored_until_descriptor<'a>(
    content: &[u8],
    packed: &'a [u8],
    data_at: usize,
    end: usize,
    walk: &mut Walk<'_>,
) -> (Body<'a>, usize) {
    let mut from = 0;
    while let Some(at) = find(packed, DESCRIPTOR, from) {
        let size = u32_at(packed, at.saturating_add(8));
        if size.is_some_and(|size| length(at) == u64::from(size)) {
            let whole = rest(packed, 0, at);
            let crc = u32_at(packed, at.saturating_add(4)).unwrap_or_default();
            let fault = fault_of(whole, length(at), crc);
            let end = after_descriptor(content, data_at.saturating_add(at), 8);
            return (stored(whole, fault, walk), end);
        }
        from = at.saturating_add(4);
    }
    (stored(packed, Some("size is not given"), walk), end)
}

/// The sizes behind a member's data (APPNOTE 4.3.9).
struct Descriptor {
    at: usize,
    crc: u32,
    bytes: u64,
}

impl Descriptor {
    /// At the end of `data`, where its own size tells that it is one: with or without a
    /// signature, with sizes of 64 or 32 bits.
    fn before_end(data: &[u8]) -> Option<Self> {
        let read = |whole: usize| {
            let at = data.len().checked_sub(whole)?;
            let signed = if has(data, at, &DESCRIPTOR) { 4 } else { 0 };
            let fields = rest(data, at.saturating_add(signed), usize::MAX);
            let is_wide = fields.len() == 20;
            let size = |index: usize| match is_wide {
                true => u64_at(fields, index.saturating_mul(8).saturating_add(4)),
                false => u32_at(fields, index.saturating_mul(4).saturating_add(4)).map(u64::from),
            };
            let fits = matches!(fields.len(), 12 | 20) && size(0)? == length(at);
            fits.then_some(Self {
                at,
                crc: u32_at(fields, 0)?,
                bytes: size(1)?,
            })
        };
        [24, 16, 20, 12].into_iter().find_map(read)
    }
}

/// What comes out of a member by any of the other methods, and how much of it was not read.
/// `sizes` is the size and the checksum of the content; without them it is never whole.
fn unpacked<'a>(
    packed: &'a [u8],
    entry: &Entry<'_>,
    sizes: Option<(u64, u32)>,
    walk: &mut Walk<'_>,
) -> (Body<'a>, usize) {
    if packed.is_empty() && sizes == Some((0, 0)) {
        return (Body::Content(Cow::Borrowed(&[])), 0);
    }
    if sizes.is_none() && !methods::has_end(entry) {
        return (unchecked(entry, Gap::Damaged, "size is not given"), 0);
    }
    let (bytes, crc) = sizes.unwrap_or((u64::MAX, 0));
    let opened = methods::open(entry, packed, bytes, walk.budget.room());
    let (mut chain, position) = match opened {
        Ok(opened) => opened,
        Err((gap, why)) => return (unchecked(entry, gap, why), 0),
    };
    if let Err(why) = chain.pay_setup(walk.budget) {
        return (unchecked(entry, Gap::Limit, why), 0);
    }
    let mut content = Vec::new();
    let fault = match chain.take(bytes, &mut content, walk.budget) {
        End::Cut(gap, why) => Some((gap, why)),
        End::Complete if chain.goes_on(walk.budget) => Some((Gap::Damaged, "size is wrong")),
        End::Complete => fault_of(&content, bytes, crc).map(|why| (Gap::Damaged, why)),
    };
    let unread = packed.len().saturating_sub(position.get());
    let content = Cow::Owned(content);
    match fault {
        // Where a damaged stream ends is not known.
        Some((gap, why)) => (Body::Partial { content, gap, why }, 0),
        None if unread <= UNREAD_BYTES_MAX => (Body::Content(content), 0),
        None => (Body::Content(content), unread),
    }
}

fn deflated<'a>(
    content: &[u8],
    packed: &[u8],
    entry: &Entry<'_>,
    data_at: usize,
    has_sizes: bool,
    walk: &mut Walk<'_>,
) -> (Body<'a>, usize) {
    let mut unpacked = Vec::new();
    let stream = inflate(packed, &mut unpacked, walk.budget);
    // What stands behind the stream inside the stated size is left for the sweep.
    let data_end = data_at.saturating_add(stream.consumed);
    let end = match stream.end {
        End::Complete => after_descriptor(content, data_end, entry.flags),
        End::Cut(_, _) if has_sizes => data_at.saturating_add(packed.len()),
        End::Cut(_, _) => data_end,
    };
    let fault = match stream.end {
        End::Cut(gap, why) => Some((gap, why)),
        End::Complete => {
            let (bytes, crc) = if has_sizes {
                (entry.bytes, entry.crc)
            } else {
                let at = if has(content, data_end, &DESCRIPTOR) {
                    4
                } else {
                    0
                };
                let crc = u32_at(content, data_end.saturating_add(at)).unwrap_or_default();
                (length(unpacked.len()), crc)
            };
            fault_of(&unpacked, bytes, crc).map(|why| (Gap::Damaged, why))
        }
    };
    let content = Cow::Owned(unpacked);
    let body = Body::of(content, fault);
    (body, end)
}

/// Where the sizes behind a member's data end, when there are any (APPNOTE 4.3.9): with or
/// without a signature, with sizes of 32 or 64 bits. What follows decides.
fn after_descriptor(content: &[u8], at: usize, flags: u16) -> usize {
    if flags & 8 == 0 {
        return at;
    }
    let lengths = if has(content, at, &DESCRIPTOR) {
        [16, 24]
    } else {
        [12, 20]
    };
    lengths
        .into_iter()
        .map(|bytes| at.saturating_add(bytes))
        .find(|end| has(content, *end, b"PK") || *end == content.len())
        .unwrap_or(at)
}

/// The next place where any header begins.
fn next_header(content: &[u8], from: usize) -> usize {
    let headers = [LOCAL, LISTED, END];
    rest(content, from, usize::MAX)
        .windows(4)
        .position(|window| headers.iter().any(|header| window == header))
        .map_or(content.len(), |found| from.saturating_add(found))
}
