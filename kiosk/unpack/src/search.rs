//! Archives that begin somewhere in a content of another kind.
//!
//! Self-extracting programs carry one, and some readers open what they find behind anything: a
//! harmless beginning must not hide an archive from us and from nobody else.

use wire::MediumName;
use wire::scan::Limits;

use crate::archive::{cab, sevenzip, zip};
use crate::budget::Budget;
use crate::bytes::{find, has, rest, u32_at};
use crate::format::{Format, Sort, formats};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::{gzip, lzma_alone};
use crate::walk::{Halt, Walk};

/// Most places in one content where an archive is tried. Programs that handle archives hold the
/// marks of all of them.
const PLACES_MAX: usize = 256;

/// How far into a content an archive may begin, in bytes: readers look for it 8 MiB far.
const SEARCH_BYTES_MAX: usize = 16 << 20;

/// What one trial may unpack, in bytes, to see whether a member comes out.
const TRIAL_BYTES_MAX: u64 = 4 << 20;

/// Shortest content of a stream with a wrong checksum that is no chance, in bytes.
const UNSUMMED_BYTES_MIN: usize = 256;

/// Members that one trial looks at.
const TRIAL_MEMBERS_MAX: u64 = 16;

/// The name under which contents of other kinds are searched.
const NAME: &str = "archive behind other data";

/// The name under which they are searched for what is left of a zip.
const PIECES_NAME: &str = "zip without its directory behind other data";

/// Looked for in what begins as no archive.
pub(crate) const FORMATS: &[Format] = &[
    Format::new(
        NAME,
        Sort::Search,
        |content| places(content).next().is_some(),
        open,
    ),
    Format::new(
        PIECES_NAME,
        Sort::SearchOfPieces,
        |content| zips(content).next().is_some(),
        open_zip,
    ),
];

/// Begins an archive, and where in it.
struct Mark {
    at: usize,
    signature: &'static [u8],
    /// Whether what begins so is more than the mark: other data holds weak marks by chance, and
    /// lists of file types hold strong ones.
    is_more: fn(&[u8]) -> bool,
}

const fn mark(at: usize, signature: &'static [u8]) -> Mark {
    Mark {
        at,
        signature,
        is_more: |_| true,
    }
}

/// A mark at the beginning that is believed only where it says more of itself.
const fn weak(signature: &'static [u8], is_more: fn(&[u8]) -> bool) -> Mark {
    Mark {
        at: 0,
        signature,
        is_more,
    }
}

/// A zip is found by its end.
const MARKS: [Mark; 19] = [
    weak(b"7z\xbc\xaf\x27\x1c", |tail| !sevenzip::is_mention(tail)),
    mark(0, b"Rar!\x1a\x07"),
    weak(b"MSCF\0\0\0\0", |tail| !cab::is_mention(tail)),
    mark(0, b"\xfd7zXZ\0"),
    mark(0, b"LZIP\x01"),
    mark(0, b"\x28\xb5\x2f\xfd"),
    mark(0, b"\x04\x22\x4d\x18"),
    mark(0, b"\x1f\x8b\x08"),
    mark(4, b"\x31\x41\x59\x26\x53\x59"),
    mark(0, b"\x60\xea"),
    mark(2, b"-lh"),
    mark(0, b"!<arch>\n"),
    mark(0, b"\xed\xab\xee\xdb"),
    mark(0, b"07070"),
    mark(0, b"MSWIM\0\0\0"),
    mark(0, b"xar!\0\x1c"),
    mark(257, b"ustar"),
    mark(0, b"SZDD\x88\xf0\x27\x33"),
    weak(b"\x5d\0\0", lzma_alone::is_within),
];

/// Begin disks of virtual machines, which some readers look for behind other data, too.
const DISKS: [&[u8]; 4] = [
    b"QFI\xfb\0\0\0",
    b"KDMV",
    b"vhdxfile",
    b"conectix\0\0\0\x02",
];

/// Of each byte, a bit for each of [`MARKS`] and then of [`DISKS`] that it begins.
const FIRST: [u32; 256] = first();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed by the compiler, which checks every step"
)]
const fn first() -> [u32; 256] {
    let mut first = [0; 256];
    let mut at = 0;
    while at < MARKS.len() {
        first[MARKS[at].signature[0] as usize] |= 1 << at;
        at += 1;
    }
    at = 0;
    while at < DISKS.len() {
        first[DISKS[at][0] as usize] |= 1 << (MARKS.len() + at);
        at += 1;
    }
    first
}

/// Where something that resembles an archive or a disk begins, after the first byte.
fn places(content: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let marks = |byte: u8| FIRST.get(usize::from(byte)).copied().unwrap_or(0);
    let candidates = content.iter().enumerate().take(SEARCH_BYTES_MAX);
    candidates.filter_map(move |(at, byte)| match marks(*byte) {
        0 => None,
        marks => begins(content, at, marks),
    })
}

/// Where what has one of `marks` at `at` begins.
fn begins(content: &[u8], at: usize, marks: u32) -> Option<usize> {
    let bits = 0..u32::BITS;
    let mut set = bits.filter(|bit| marks.checked_shr(*bit).unwrap_or(0) & 1 != 0);
    set.find_map(|bit| {
        let Some(mark) = usize::try_from(bit).ok().and_then(|bit| MARKS.get(bit)) else {
            let is_within = at != 0 && is_disk(rest(content, at, usize::MAX));
            return is_within.then_some(at);
        };
        if !has(content, at, mark.signature) {
            return None;
        }
        let start = at.checked_sub(mark.at).filter(|start| *start != 0)?;
        mark.opens(rest(content, start, usize::MAX))
            .then_some(start)
    })
}

/// Whether the search would try what begins at `at` of the whole as an archive.
pub(crate) fn tries(content: &[u8], at: usize) -> bool {
    let opens = |mark: &Mark| has(content, mark.at, mark.signature) && mark.opens(content);
    at < SEARCH_BYTES_MAX && MARKS.iter().any(opens)
}

impl Mark {
    /// Whether `tail`, which has the mark, is tried as an archive.
    fn opens(&self, tail: &[u8]) -> bool {
        archive(tail).is_some() && (self.is_more)(tail)
    }
}

fn archive(content: &[u8]) -> Option<&'static Format> {
    formats().find(|one| one.sort == Sort::Archive && one.begins(content))
}

/// Whether a disk begins, and not only a mention of its mark: what else a header must have.
fn is_disk(content: &[u8]) -> bool {
    let byte = |at: usize| content.get(at).copied().unwrap_or(0);
    if has(content, 0, b"QFI\xfb\0\0\0") {
        return (9..=21).contains(&byte(23));
    }
    if has(content, 0, b"KDMV") {
        return (1..=3).contains(&u32_at(content, 4).unwrap_or(0));
    }
    if has(content, 0, b"vhdxfile") {
        return has(content, 64 << 10, b"head") || has(content, 128 << 10, b"head");
    }
    has(content, 0, b"conectix\0\0\0\x02") && has(content, 512, b"cxsparse")
}

/// Where members of a zip stand, after the first byte.
fn zips(content: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let searched = rest(content, 0, SEARCH_BYTES_MAX);
    let mut from = 1;
    let next = move || {
        let at = find(searched, zip::LOCAL, from)?;
        from = at.saturating_add(1);
        Some(at)
    };
    std::iter::from_fn(next).filter(|at| zip::is_member(content, *at))
}

/// Opens such a zip from its first member on.
fn open_zip(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    for at in zips(content).take(PLACES_MAX) {
        let tail = rest(content, at, usize::MAX);
        if gives_member(tail) {
            walk.notice("container_within", "an archive begins within it");
            return walk.within(|walk| zip::open(tail, walk));
        }
    }
    Ok(())
}

/// Opens every archive of which a member comes out. Its own bytes have been matched with the
/// content's.
fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut tried = 0_usize;
    for at in places(content) {
        if PLACES_MAX <= tried {
            walk.contradiction(
                "container_marks",
                "more marks of archives in it than are tried",
            );
            break;
        }
        tried = tried.saturating_add(1);
        let tail = rest(content, at, usize::MAX);
        if is_disk(tail) {
            // What is on it is the caller's to find.
            walk.notice("container_within", "a disk image begins within it");
            walk.admit()?;
            let name = format!("(from byte {at})");
            let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
            let body = walk.stored(tail);
            walk.hand_out(name, findings, body)?;
            continue;
        }
        if !gives_member(tail) {
            continue;
        }
        if let Some(format) = archive(tail) {
            walk.notice("container_within", "an archive begins within it");
            walk.within(|walk| (format.open)(tail, walk))?;
        }
    }
    Ok(())
}

/// Whether at least one member of the archive at the beginning of `content` is there: its name in
/// a list that is whole, or its content.
fn gives_member(content: &[u8]) -> bool {
    let Some(format) = archive(content) else {
        return false;
    };
    let limits = Limits {
        memory_bytes_max: TRIAL_BYTES_MAX,
        unpacked_bytes_max: TRIAL_BYTES_MAX,
        members_max: TRIAL_MEMBERS_MAX,
        ..Limits::default()
    };
    let mut budget = Budget::new(&limits, TRIAL_BYTES_MAX);
    let is_listed = format.is_listed;
    // Three bytes and some deflate may be a chance; a header as writers make it is none.
    let is_odd = gzip::begins(content) && !gzip::is_usual(content);
    let mut gives = false;
    let mut visit = |member: crate::Member<'_>, _: &mut Budget| {
        gives |= match &member.body {
            Body::Content(content) => !content.is_empty() || member.name != MediumName::default(),
            // A stream that came to its end has one; else what looked like one is no stream.
            Body::Partial { content, why, .. }
                if why.contains("checksum is wrong") && UNSUMMED_BYTES_MIN <= content.len() =>
            {
                !is_odd
            }
            // Of a member of a zip without a directory, only a right checksum is no chance.
            Body::Partial { .. } | Body::Unchecked { .. } if format.name == zip::NAME => false,
            Body::Partial { gap, .. } | Body::Unchecked { gap, .. } => match gap {
                wire::Gap::Damaged | wire::Gap::Unsupported => is_listed,
                wire::Gap::Encrypted
                | wire::Gap::Unreadable
                | wire::Gap::Limit
                | wire::Gap::Timeout
                | wire::Gap::Changed
                | wire::Gap::Removed => true,
            },
            Body::Link(_) | Body::Folder | Body::Special => true,
        };
    };
    let mut walk = Walk::new(content, &mut budget, &mut visit);
    let result = walk.within(|walk| (format.open)(content, walk));
    let opened = walk.finish(result);
    // Of weak marks damage is the rule; lists that only a key or more room opens are lists.
    let opens = |gap: wire::Gap| matches!(gap, wire::Gap::Encrypted | wire::Gap::Limit);
    gives || opened.is_err_and(|problem| opens(problem.gap))
}

#[cfg(test)]
mod tests;
