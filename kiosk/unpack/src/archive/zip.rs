//! Zip (PKWARE APPNOTE 6.3.10), read in every way in which a reader might.
//!
//! Some readers believe the directory at the end, some walk the headers from the beginning,
//! and what only the others see is where things hide. So first every member of every
//! directory is handed out, and a second time as its own header describes it where that
//! differs; then everything that these did not cover is searched for members that no
//! directory lists.

mod directory;
mod entry;
mod extract;
mod implode;
mod methods;
mod old;
mod reduce;
mod shrink;
mod sweep;

use std::ops::Range;

use crate::bytes::{has, rest};
use crate::walk::{Halt, Walk};
use directory::Directory;
use entry::{Entry, Local};
use extract::{Extent, extract, hand_out};

/// Its name among the formats.
pub(crate) const NAME: &str = "zip";

/// Begins a member.
pub(crate) const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Begins a member's place in the directory.
const LISTED: [u8; 4] = *b"PK\x01\x02";
/// Begins the end of the directory; an empty archive is nothing else.
const END: [u8; 4] = *b"PK\x05\x06";
/// The fixed parts of a member's header and of the end of the directory, in bytes.
const LOCAL_BYTES: usize = 30;
const END_BYTES: usize = 22;
/// Begins the sizes behind a member, and the first part of a split archive.
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
/// Stands before the first member of an archive that was to be split and was not.
const UNSPLIT: [u8; 4] = *b"PK00";

/// Whether the content begins as a zip.
pub(crate) fn begins(content: &[u8]) -> bool {
    let marked = has(content, 0, &DESCRIPTOR) || has(content, 0, &UNSPLIT);
    has(content, 0, &LOCAL) || has(content, 0, &END) || (marked && has(content, 4, &LOCAL))
}

/// Whether a zip with at least one member ends in the content.
pub(crate) fn ends(content: &[u8]) -> bool {
    directory::find(content)
        .directories
        .iter()
        .any(|found| has(content, found.begin, &LISTED))
}

/// Where the directories lie by which a zip ends in the content, each from its first entry to
/// the end of its last record. None when there may be more than are looked for.
pub(crate) fn endings(content: &[u8]) -> Option<Vec<Range<usize>>> {
    let found = directory::find(content);
    let listed = found.directories.iter();
    let listed = listed.filter(|found| has(content, found.begin, &LISTED));
    let range = |found: &Directory| {
        let ends = found.tails.iter().map(|(_, end)| *end);
        found.begin..ends.max().unwrap_or(found.end)
    };
    (!found.more).then(|| listed.map(range).collect())
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let found = directory::find(content);
    let directories = found.directories;
    if directories.is_empty() && directory::is_encrypted(content) {
        walk.encrypted("the directory of a zip is encrypted");
    }
    if directories.is_empty() {
        walk.damaged("zip without a directory");
    }
    if 1 < directories.len() || found.more {
        walk.contradiction(
            "zip_several_directories",
            "readers may choose another directory",
        );
    }
    let mut covered = Vec::new();
    for directory in &directories {
        open_directory(content, directory, &mut covered, walk)?;
    }
    let first_is_listed = covered
        .iter()
        .any(|extent| extent.begin == 0 && extent.listed);
    if has(content, 0, &LOCAL) && !first_is_listed {
        // The directory at the end is then that of an archive inside this one.
        walk.damaged("zip whose directory is not its own");
    }
    sweep::sweep(content, covered, walk)
}

fn open_directory(
    content: &[u8],
    directory: &Directory,
    covered: &mut Vec<Extent>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    if directory.is_split {
        walk.unsupported("part of a split zip");
    }
    let mut at = directory.begin;
    let mut members: u64 = 0;
    while let Some((entry, end)) = Entry::listed(content, at) {
        walk.admit()?;
        members = members.saturating_add(1);
        at = end;
        let local_at = entry.local_at.and_then(|offset| directory.place(offset));
        open_listed(content, &entry, local_at, covered, walk)?;
    }
    // The count is stored modulo 2^16 where the 64-bit end record is missing.
    if members != directory.members && members & 0xffff != directory.members {
        walk.contradiction(
            "zip_member_count",
            "directory has not as many members as it says",
        );
        walk.damaged("zip directory is not whole");
    }
    if at != directory.end {
        walk.notice("container_extra_data", "bytes in or after the directory");
    }
    for (begin, end) in &directory.tails {
        // Of the records at the end, the last is followed by the archive's comment.
        if has(content, *begin, &END) {
            let fixed = begin.saturating_add(END_BYTES);
            walk.field(rest(content, fixed, end.saturating_sub(fixed)))?;
        }
    }
    covered.push(Extent::own(directory.begin, at));
    covered.extend(
        directory
            .tails
            .iter()
            .map(|(begin, end)| Extent::own(*begin, *end)),
    );
    Ok(())
}

/// One member as the directory lists it, and as its own header has it.
fn open_listed(
    content: &[u8],
    entry: &Entry<'_>,
    local_at: Option<usize>,
    covered: &mut Vec<Extent>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let local = local_at.and_then(|at| Some((at, Local::read(content, at)?)));
    let Some((begin, local)) = local else {
        walk.contradiction(
            "zip_header_mismatch",
            "directory names a member that is not there",
        );
        return hand_out(entry, extract::missing(entry), walk);
    };
    let fixed = begin.saturating_add(LOCAL_BYTES);
    let fixed = fixed.saturating_add(local.entry.name.len());
    walk.field(rest(content, fixed, local.data_at.saturating_sub(fixed)))?;
    let (body, end) = extract(content, entry, local.data_at, true, walk);
    hand_out(entry, body, walk)?;
    let mut other_end = None;
    if let Some(why) = entry.contradicts(&local) {
        walk.contradiction("zip_header_mismatch", why);
        walk.admit()?;
        let (body, end) = extract(content, &local.entry, local.data_at, local.has_sizes, walk);
        hand_out(&local.entry, body, walk)?;
        other_end = Some(end);
    }
    covered.push(Extent {
        begin,
        end,
        listed: true,
        other_end,
    });
    Ok(())
}

/// Whether a member stands at `at`, and not only its signature.
pub(crate) fn is_member(content: &[u8], at: usize) -> bool {
    plausible(content, at).is_some()
}

/// Whether a header for streaming readers stands at `at`: a signature alone is found by
/// chance in programs that handle archives.
fn plausible(content: &[u8], at: usize) -> Option<Local<'_>> {
    let local = Local::read(content, at)?;
    let first = rest(local.entry.name, 0, 1);
    let named = !first.is_empty() && first != [0];
    (named && local.version <= 100 && methods::is_method(local.entry.method)).then_some(local)
}

#[cfg(test)]
mod tests;
