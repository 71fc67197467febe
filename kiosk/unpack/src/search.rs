//! Archives that begin somewhere in a content of another kind.
//!
//! Self-extracting programs carry one, and some readers open what they find behind anything: a
//! harmless beginning must not hide an archive from us and from nobody else.

use wire::MediumName;
use wire::scan::Limits;

use crate::budget::Budget;
use crate::bytes::{has, rest};
use crate::format::{Format, Sort, formats};
use crate::member::Body;
use crate::walk::{Halt, Walk};

/// Most places in one content where an archive is tried. Programs that handle archives hold the
/// marks of all of them.
const PLACES_MAX: usize = 256;

/// What one trial may unpack, in bytes, to see whether a member comes out.
const TRIAL_BYTES_MAX: u64 = 1 << 20;

/// The name under which contents of other kinds are searched.
const NAME: &str = "archive behind other data";

/// Looked for in what begins as no archive.
pub(crate) const FORMATS: &[Format] = &[Format {
    name: NAME,
    sort: Sort::Search,
    begins: |content| places(content).next().is_some(),
    open,
}];

/// Begins an archive, and where in it.
struct Mark {
    at: usize,
    signature: &'static [u8],
}

const fn mark(at: usize, signature: &'static [u8]) -> Mark {
    Mark { at, signature }
}

/// A zip is found by its end.
const MARKS: [Mark; 16] = [
    mark(0, b"7z\xbc\xaf\x27\x1c"),
    mark(0, b"Rar!\x1a\x07"),
    mark(0, b"MSCF\0\0\0\0"),
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
    mark(257, b"ustar"),
    mark(0, b"SZDD\x88\xf0\x27\x33"),
];

/// Whether a byte begins one of the marks.
const FIRST: [bool; 256] = first();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed by the compiler, which checks every step"
)]
const fn first() -> [bool; 256] {
    let mut first = [false; 256];
    let mut at = 0;
    while at < MARKS.len() {
        first[MARKS[at].signature[0] as usize] = true;
        at += 1;
    }
    first
}

/// Where something that resembles an archive begins, after the first byte.
fn places(content: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let is_first = |byte: &u8| FIRST.get(usize::from(*byte)) == Some(&true);
    let candidates = content
        .iter()
        .enumerate()
        .filter(move |(_, byte)| is_first(byte));
    let begins = move |at: usize| {
        let marked = MARKS
            .iter()
            .filter(move |mark| has(content, at, mark.signature));
        let mut starts = marked.filter_map(move |mark| at.checked_sub(mark.at));
        starts.find(|start| *start != 0 && is_archive(rest(content, *start, usize::MAX)))
    };
    candidates.filter_map(move |(at, _)| begins(at))
}

/// Whether the search would try what begins here as an archive.
pub(crate) fn tries(content: &[u8]) -> bool {
    let marked = |mark: &Mark| has(content, mark.at, mark.signature);
    MARKS.iter().any(marked) && is_archive(content)
}

fn archive(content: &[u8]) -> Option<&'static Format> {
    formats().find(|one| one.sort == Sort::Archive && one.begins(content))
}

fn is_archive(content: &[u8]) -> bool {
    archive(content).is_some()
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
        members_max: 2,
        ..Limits::default()
    };
    let mut budget = Budget::new(&limits, TRIAL_BYTES_MAX);
    let mut gives = false;
    let mut visit = |member: crate::Member<'_>, _: &mut Budget| {
        gives |= match &member.body {
            Body::Content(content) => !content.is_empty() || member.name != MediumName::default(),
            Body::Partial { gap, .. } | Body::Unchecked { gap, .. } => *gap != wire::Gap::Damaged,
            Body::Link(_) | Body::Folder | Body::Special => true,
        };
    };
    let mut walk = Walk::new(content, &mut budget, &mut visit);
    let result = walk.within(|walk| (format.open)(content, walk));
    let opened = walk.finish(result);
    let encrypted = opened.is_err_and(|problem| problem.gap == wire::Gap::Encrypted);
    gives || encrypted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{gzipped, kinds, opened};

    fn is_searched(content: &[u8]) -> bool {
        let formats = crate::recognise_file(content);
        formats.iter().any(|format| format.name == NAME)
    }

    #[test]
    fn an_archive_behind_other_data_is_handed_out() {
        let gz = gzipped(b"alpha");
        let content = [b"a stub, \x1f\x8b\x08 and more ".as_slice(), &gz, b" tail"].concat();
        assert!(kinds(&content).is_empty() && is_searched(&content));
        let found = opened(&content);
        assert_eq!(found.contents("content"), [b"alpha"]);
        assert_eq!(found.rules, ["container_extra_data", "container_within"]);
        assert!(!found.is_withheld && found.gap.is_none());
    }

    #[test]
    fn marks_without_an_archive_are_nothing() {
        let mut gz = gzipped(b"alpha");
        let last = gz.len() - 6;
        gz[last] ^= 1;
        let content = [b"stub ".as_slice(), &gz, b"7z\xbc\xaf\x27\x1c\0\x04"].concat();
        let found = opened(&content);
        assert!(
            found.members.is_empty() && found.rules.is_empty(),
            "{found:?}"
        );
        assert!(!is_searched(b"no mark at all"));
    }

    #[test]
    fn more_marks_than_are_tried_are_told() {
        let gz = gzipped(b"alpha");
        let many = |count: usize| [b"stub".to_vec(), b"\x1f\x8b\x08\0".repeat(count)].concat();
        let content = [many(PLACES_MAX - 1), gz.clone()].concat();
        assert_eq!(opened(&content).members.len(), 1);
        let content = [many(PLACES_MAX), gz].concat();
        assert!(opened(&content).is_withheld);
    }

    #[test]
    fn a_trial_ends_with_its_first_bytes() {
        let gz = gzipped(&vec![b'x'; usize::try_from(TRIAL_BYTES_MAX).unwrap() * 3]);
        assert!(gives_member(&gz));
    }
}
