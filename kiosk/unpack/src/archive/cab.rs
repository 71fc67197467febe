//! Cabinets (\[MS-CAB\]): stored, MSZIP, Quantum and LZX folders.
//!
//! A folder is one compressed stream and files are stretches of it. What goes on in another
//! cabinet of a set is named.

mod folder;
mod header;
mod mszip;
mod quantum;

use std::borrow::Cow;

use wire::Gap;

use crate::bytes::{has, rest, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use folder::{Fault, Reader};
use header::{Cabinet, File, Place};

/// Whether the content begins as a cabinet.
pub(crate) fn begins(content: &[u8]) -> bool {
    header::begins(content)
}

/// Whether this is no more than the signature, as lists of file types hold it: the lengths, which
/// readers that look for cabinets ask for, do not fit, and neither the version nor the fields that
/// must be zero are those of one that was cut off.
pub(crate) fn is_mention(content: &[u8]) -> bool {
    /// What is allowed to be missing at the end, in bytes: as much as cabextract allows.
    const MISSING_BYTES: u64 = 32;
    let number = |at: usize| u64::from(u32_at(content, at).unwrap_or(u32::MAX));
    let (size, files) = (number(8), number(16));
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    let fits = files < size && size <= length.saturating_add(MISSING_BYTES);
    let is_zero = [4, 12, 20].into_iter().all(|at| number(at) == 0);
    begins(content) && !fits && !(is_zero && has(content, 24, &[3, 1]))
}

/// Hands out every file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(cabinet) = Cabinet::read(content) else {
        walk.damaged("the header of a cabinet is cut off");
        return Ok(());
    };
    if content.len() < cabinet.bytes {
        walk.damaged("cabinet is cut off");
    }
    if cabinet.has_previous || cabinet.has_next {
        walk.unsupported("part of a set of cabinets");
    }
    let mut covered = vec![(0, cabinet.end)];
    let mut files = list(content, &cabinet, cabinet.files_at, &mut covered, walk);
    if cabinet.files_at != cabinet.end {
        // Some readers do not look where the list is; they read on behind the folders.
        walk.contradiction(
            "cab_several_lists",
            "readers may choose another list of files",
        );
        files.extend(list(content, &cabinet, cabinet.end, &mut covered, walk));
    }
    let begins_before = files
        .iter()
        .any(|file| matches!(file.place, Place::Before | Place::Around));
    // Without a folder the list's order stays.
    files.sort_by_key(|file| (cabinet.index(file), file.begin));
    // Reserves, and the names of other cabinets.
    walk.field(rest(
        content,
        header::HEADER_BYTES,
        cabinet.end.saturating_sub(header::HEADER_BYTES),
    ))?;
    let mut rest_of_files = files.as_slice();
    for index in 0..cabinet.folders {
        let here = rest_of_files.partition_point(|file| cabinet.index(file) <= index);
        let (own, others) = rest_of_files.split_at_checked(here).unwrap_or_default();
        rest_of_files = others;
        let Some(folder) = cabinet.folder(content, index) else {
            walk.damaged("the list of folders is cut off");
            for file in own {
                walk.admit()?;
                hand_out(
                    file,
                    unchecked(file, Gap::Damaged, "its folder is missing"),
                    walk,
                )?;
            }
            continue;
        };
        walk.take_input(1)?;
        let reader = Reader::new(content, &cabinet, &folder);
        covered.push((folder.begin, reader.data_end(walk)?));
        if index == 0 && begins_before {
            for file in own {
                walk.admit()?;
                let why = "began in another cabinet";
                hand_out(file, unchecked(file, Gap::Unsupported, why), walk)?;
            }
            continue;
        }
        open_folder(reader, own, walk)?;
    }
    for file in rest_of_files {
        walk.admit()?;
        hand_out(
            file,
            unchecked(file, Gap::Damaged, "its folder is missing"),
            walk,
        )?;
    }
    sweep(content, &cabinet, covered, walk)
}

/// The files of the list at `at`.
fn list<'a>(
    content: &'a [u8],
    cabinet: &Cabinet,
    at: usize,
    covered: &mut Vec<(usize, usize)>,
    walk: &mut Walk<'_>,
) -> Vec<File<'a>> {
    let (files, end) = cabinet.list(content, at);
    if files.len() < cabinet.files {
        walk.damaged("the list of files is cut off");
    }
    covered.push((at, end));
    files
}

/// Hands out the files of one folder, and what of it belongs to none.
fn open_folder(
    mut reader: Reader<'_>,
    files: &[File<'_>],
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut owned: u64 = 0;
    for file in files {
        if owned < file.begin {
            unowned(&mut reader, owned, Some(file.begin), walk)?;
        }
        if file.begin < owned && file.bytes != 0 {
            walk.contradiction("cab_overlapping_members", "two files share the same bytes");
        }
        walk.admit()?;
        let (content, fault) = reader.read(file.begin, Some(file.bytes), walk.budget);
        let mut fault = fault.map(Fault::gap);
        // Unpacking pays for all that comes out once.
        if file.begin < owned
            && let Err(why) = walk.budget.take_output(content.len())
        {
            fault = Some((Gap::Limit, why));
        }
        let goes_on = matches!(file.place, Place::Behind | Place::Around);
        let fault = if goes_on {
            Some((Gap::Unsupported, "goes on in another cabinet"))
        } else {
            fault
        };
        let content = Cow::Owned(content);
        let body = match fault {
            None => Body::Content(content),
            Some((gap, why)) if content.is_empty() => unchecked(file, gap, why),
            Some((gap, why)) => Body::Partial { content, gap, why },
        };
        hand_out(file, body, walk)?;
        owned = owned.max(file.begin.saturating_add(file.bytes));
    }
    unowned(&mut reader, owned, None, walk)
}

/// Hands out what of a folder belongs to no file.
fn unowned(
    reader: &mut Reader<'_>,
    begin: u64,
    end: Option<u64>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let bytes = end.map(|end| end.saturating_sub(begin));
    let (content, fault) = reader.read(begin, bytes, walk.budget);
    if let Some(fault) = fault
        && (fault != Fault::End || end.is_none())
    {
        match fault.gap() {
            (Gap::Unsupported, why) => walk.unsupported(why),
            (Gap::Limit, _) => {
                let why = "more bytes of a folder belong to no file than can be held";
                walk.contradiction("cab_unowned_data", why);
                walk.limit(why);
            }
            (_, why) => walk.damaged(why),
        }
    }
    walk.unowned(
        Cow::Owned(content),
        "bytes of a folder that belong to no file",
    )
}

fn unchecked(file: &File<'_>, gap: Gap, why: &'static str) -> Body<'static> {
    Body::Unchecked {
        gap,
        size_bytes: file.bytes,
        why,
    }
}

fn hand_out(file: &File<'_>, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let name = if file.name.is_empty() {
        b"(member without a name)"
    } else {
        file.name
    };
    let (name, findings) = walk.names.judge(name, &[], Kind::File);
    walk.hand_out(name, findings, body)
}

/// Tells what lies between the parts of the cabinet and behind it.
fn sweep(
    content: &[u8],
    cabinet: &Cabinet,
    mut covered: Vec<(usize, usize)>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    covered.sort_unstable();
    let end = cabinet.bytes.min(content.len());
    covered.push((end, end));
    let mut at: usize = 0;
    for (begin, end) in covered {
        if at < begin {
            let between = rest(content, at, begin.saturating_sub(at));
            walk.stray(between, "bytes that belong to no file")?;
        }
        at = at.max(end);
    }
    walk.stray(rest(content, at, usize::MAX), "bytes after the cabinet")
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use testing::samples;
