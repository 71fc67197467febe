//! Compiled help (CHM, ITSF): a listing of files, which lie in the file as they are or in a section
//! that is compressed by LZX.
//!
//! What programs for controllers have as their help. Readers follow the chain of pages; here every
//! page of the listing is read.

mod directory;
mod section;

#[cfg(test)]
pub(crate) use {
    directory::{HELP_ENTRIES_MAX, PAGE_BYTES_MAX},
    section::{HELP_SECTIONS_MAX, HELP_WINDOW_BITS_MAX},
};

use std::borrow::Cow;
use std::collections::BTreeSet;

use wire::{Gap, MediumName};

use crate::bytes::{length, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::Cut;
use crate::walk::{Halt, Walk};
use directory::{Entry, Header};
use section::{RESET, Unpacked};

/// What the format keeps for itself.
const OWN: &[u8] = b"::";

/// Whether the content begins as compiled help.
pub(crate) fn begins(content: &[u8]) -> bool {
    directory::begins(content)
}

/// Hands out every file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(header) = Header::read(content) else {
        walk.damaged("the header of compiled help is cut off");
        return Ok(());
    };
    if !matches!(header.version, 2 | 3) {
        walk.unsupported("compiled help of an unknown version");
    }
    if header
        .said_bytes(content)
        .is_none_or(|said| length(content.len()) < said)
    {
        walk.damaged("compiled help is cut off");
    }
    let listing = directory::list(content, &header);
    if listing.is_torn {
        walk.damaged("the listing of compiled help is malformed or cut off");
    }
    if listing.is_cut {
        walk.limit("more files in compiled help than are looked at");
    }
    let mut stored = Vec::new();
    let mut packed = Vec::new();
    for entry in listing.entries {
        match entry.section {
            0 => stored.push(entry),
            _ => packed.push(entry),
        }
    }
    let mut own = BTreeSet::new();
    let is_own = |entry: &&Entry<'_>| entry.name.starts_with(OWN);
    if !stored
        .iter()
        .filter(is_own)
        .all(|entry| own.insert(entry.name))
    {
        walk.contradiction(
            "chm_duplicate_section",
            "readers may choose another section",
        );
    }
    let mut covered = vec![(0, directory::ITSF_BYTES)];
    let own = [(0, header.end), reach(header.about), reach(header.listing)];
    for entry in &stored {
        walk.admit()?;
        let begin = header.contents_at.saturating_add(span(entry.begin));
        let data = rest(content, begin, span(entry.bytes));
        covered.push((begin, begin.saturating_add(data.len())));
        let is_whole = length(data.len()) == entry.bytes;
        let fault = (!is_whole).then_some((Gap::Damaged, "content is cut off"));
        let body = match (walk.stored(data), fault) {
            (Body::Content(content), fault) => Body::of(content, fault),
            (body, _) => body,
        };
        hand_out(entry, body, walk)?;
    }
    sections(content, &header, &stored, packed, walk)?;
    walk.uncovered(content, &covered, &own, "bytes that belong to no file")
}

/// Hands out what is in compressed sections, one after the other.
fn sections(
    content: &[u8],
    header: &Header,
    stored: &[Entry<'_>],
    mut packed: Vec<Entry<'_>>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let data = |entry: &Entry<'_>| {
        let begin = header.contents_at.saturating_add(span(entry.begin));
        rest(content, begin, span(entry.bytes))
    };
    let list = stored
        .iter()
        .find(|entry| entry.name == b"::DataSpace/NameList");
    let names = list
        .map(|entry| section::names(data(entry)))
        .unwrap_or_default();
    if section::HELP_SECTIONS_MAX < names.len() {
        walk.limit("more sections in compiled help than are looked at");
    }
    for (number, name) in (0_u64..)
        .zip(&names)
        .take(section::HELP_SECTIONS_MAX)
        .skip(1)
    {
        let file = |file: &[u8]| {
            let found = stored
                .iter()
                .find(|entry| section::is_of(entry.name, name, file));
            found.map(data)
        };
        let unpacked = match (file(b"Content"), file(b"ControlData")) {
            (Some(packed), Some(control)) => {
                section::unpack(packed, control, file(RESET), walk.budget)
            }
            _ => Unpacked::none(Gap::Damaged, "a compressed section is not there"),
        };
        let own: Vec<_> = packed
            .extract_if(.., |entry| entry.section == number)
            .collect();
        walk.budget.hold(unpacked.content.len());
        let result = open_section(&unpacked, own, walk);
        walk.budget.release(unpacked.content.len());
        result?;
    }
    for entry in &packed {
        walk.admit()?;
        let why = "its section is not there";
        hand_out(entry, unchecked(entry, Gap::Damaged, why), walk)?;
    }
    Ok(())
}

/// Hands out the files of one section, and what of it belongs to none.
fn open_section(
    unpacked: &Unpacked,
    mut own: Vec<Entry<'_>>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    own.sort_by_key(|entry| entry.begin);
    const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
    let is_torn = !unpacked.torn.is_empty();
    walk.fault(unpacked.cut.or(is_torn.then_some(MALFORMED)));
    let mut owned: usize = 0;
    for entry in &own {
        let begin = span(entry.begin);
        unowned(unpacked, owned, begin, walk)?;
        if begin < owned && entry.bytes != 0 {
            walk.contradiction("chm_overlapping_members", "two files share the same bytes");
        }
        walk.admit()?;
        let content = rest(&unpacked.content, begin, span(entry.bytes));
        // Unpacking pays for all that comes out once.
        walk.take_input(content.len())?;
        let end = begin.saturating_add(content.len());
        let is_torn = |torn: &(usize, usize)| torn.0 < end && begin < torn.1;
        let fault = if length(content.len()) < entry.bytes {
            Some(
                unpacked
                    .cut
                    .unwrap_or((Gap::Damaged, "its section ends before it")),
            )
        } else if unpacked.torn.iter().any(is_torn) {
            Some(MALFORMED)
        } else {
            None
        };
        let body = match fault {
            Some((gap, why)) if content.is_empty() => unchecked(entry, gap, why),
            fault => Body::of(Cow::Borrowed(content), fault),
        };
        hand_out(entry, body, walk)?;
        owned = owned.max(end);
    }
    unowned(unpacked, owned, unpacked.content.len(), walk)
}

/// Hands out what of a section belongs to no file.
fn unowned(unpacked: &Unpacked, begin: usize, end: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let content = rest(&unpacked.content, begin, end.saturating_sub(begin));
    walk.unowned(
        Cow::Borrowed(content),
        "bytes of a compressed section that belong to no file",
    )
}

fn unchecked(entry: &Entry<'_>, gap: Gap, why: &'static str) -> Body<'static> {
    Body::Unchecked {
        gap,
        size_bytes: entry.bytes,
        why,
    }
}

fn hand_out(entry: &Entry<'_>, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    if entry.name.starts_with(OWN) {
        let (name, _) = MediumName::cut(entry.name);
        return walk.hand_out(name, Vec::new(), body);
    }
    // All names begin at the root.
    let name = entry.name.strip_prefix(b"/").unwrap_or(entry.name);
    let is_folder = (name.is_empty() || name.ends_with(b"/")) && entry.bytes == 0;
    if is_folder && name.is_empty() {
        return Ok(());
    }
    let (kind, body) = match is_folder {
        true => (Kind::Folder, Body::Folder),
        false => (Kind::File, body),
    };
    let (name, findings) = walk.names.judge(name, &[], kind);
    walk.hand_out(name, findings, body)
}

/// Where a part ends.
fn reach((begin, bytes): (usize, usize)) -> (usize, usize) {
    (begin, begin.saturating_add(bytes))
}

#[cfg(test)]
mod tests;
