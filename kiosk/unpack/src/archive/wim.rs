//! Images of Windows (WIM): contents by their digests, and descriptions of which files have them.
//! Source: Microsoft, "Windows Imaging File Format (WIM)", and the manual of wimlib.

mod resource;
mod tree;

#[cfg(test)]
pub(crate) use {
    resource::WIM_CHUNK_BYTES_MAX,
    tree::{WIM_ENTRIES_MAX, WIM_PATHS_BYTES_MAX},
};

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha1::Digest as _;
use wire::{Gap, MediumName};

use crate::bytes::{has, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::Cut;
use crate::walk::{Halt, Walk};
use resource::{Method, Resource};
use tree::Sum;

const HEADER_BYTES: usize = 208;
const VERSION: u32 = 0x1_0d00;

/// One content of the table: its resource, part, count and digest.
const CONTENT_BYTES: usize = 50;

/// Whether the content begins as an image of Windows.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, b"MSWIM\0\0\0")
}

/// How everything in an image is compressed.
#[derive(Clone, Copy)]
struct Packing {
    method: Method,
    chunk_bytes: usize,
}

/// A content of the table.
struct Stored {
    resource: Resource,
    sum: Sum,
}

/// Hands out every file.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let table = Resource::read(content, 48).zip(Resource::read(content, 72));
    let (Some((table, about)), Some(packing)) = (table, packing(content)) else {
        walk.damaged("the header of an image of Windows is cut off");
        return Ok(());
    };
    if u32_at(content, 12) != Some(VERSION) {
        walk.unsupported("an image of Windows of an unknown version");
    }
    if u16_at(content, 42).is_none_or(|parts| parts != 1) {
        walk.unsupported("part of a set of images");
    }
    let integrity = Resource::read(content, 124);
    let mut covered = vec![(0, HEADER_BYTES)];
    let mut own = vec![(table.at, table.end()), (about.at, about.end())];
    own.extend(integrity.map(|one| (one.at, one.end())));
    let (list, cut) = unpack(content, &table, packing, walk);
    walk.fault(cut);
    let records = list.chunks_exact(CONTENT_BYTES);
    if !records.remainder().is_empty() {
        walk.damaged("the table of an image is cut off");
    }
    let stored: Vec<_> = records.filter_map(entry).collect();
    covered.extend(
        stored
            .iter()
            .map(|one| (one.resource.at, one.resource.end())),
    );
    walk.budget.hold(list.len());
    let names = describe(content, packing, &stored, walk);
    let result = names.and_then(|mut names| {
        for one in stored.iter().filter(|one| !one.resource.is_description) {
            let own = names.remove(&one.sum).unwrap_or_default();
            contents(content, packing, one, &own, walk)?;
        }
        missing(names, walk)
    });
    walk.budget.release(list.len());
    result?;
    walk.uncovered(content, &covered, &own, "bytes that belong to no file")
}

fn packing(content: &[u8]) -> Option<Packing> {
    const IS_XPRESS: u32 = 0x2_0000;
    const IS_LZX: u32 = 0x4_0000;
    let flags = u32_at(content, 16)?;
    let chunk_bytes = span(u32_at(content, 20)?.into());
    let bits = chunk_bytes.checked_ilog2().unwrap_or(0);
    let is_usual =
        chunk_bytes.is_power_of_two() && 15 <= bits && chunk_bytes <= resource::WIM_CHUNK_BYTES_MAX;
    let method = match flags & 0xffff_0000 {
        IS_LZX if is_usual => Method::Lzx(bits),
        IS_XPRESS if is_usual && bits <= 16 => Method::Xpress,
        _ => Method::Other,
    };
    Some(Packing {
        method,
        chunk_bytes,
    })
}

fn unpack(
    content: &[u8],
    resource: &Resource,
    packing: Packing,
    walk: &mut Walk<'_>,
) -> (Vec<u8>, Option<Cut>) {
    let Packing {
        method,
        chunk_bytes,
    } = packing;
    resource::unpack(content, resource, method, chunk_bytes, walk.budget)
}

fn entry(record: &[u8]) -> Option<Stored> {
    Some(Stored {
        resource: Resource::read(record, 0)?,
        sum: record.get(30..50)?.try_into().ok()?,
    })
}

/// What every content is called. Folders and empty files are handed out here.
fn describe(
    content: &[u8],
    packing: Packing,
    stored: &[Stored],
    walk: &mut Walk<'_>,
) -> Result<BTreeMap<Sum, Vec<Vec<u8>>>, Halt> {
    let mut names: BTreeMap<Sum, Vec<Vec<u8>>> = BTreeMap::new();
    // What is kept of all images together is what one may have.
    let (mut entries_left, mut bytes_left) = (tree::WIM_ENTRIES_MAX, tree::WIM_PATHS_BYTES_MAX);
    for one in stored.iter().filter(|one| one.resource.is_description) {
        walk.admit()?;
        let (description, cut) = unpack(content, &one.resource, packing, walk);
        let cut = cut.or(wrong(&description, &one.sum));
        walk.fault(cut);
        let tree = tree::read(&description, entries_left, bytes_left);
        entries_left = entries_left.saturating_sub(tree.named.len());
        bytes_left = bytes_left.saturating_sub(tree.path_bytes);
        if tree.is_cut {
            walk.limit("more files in an image than are looked at");
        }
        if tree.is_torn {
            walk.damaged("the description of an image is malformed");
        }
        if tree.is_tangled {
            walk.contradiction("wim_folders", "a folder lies in two places");
        }
        for named in tree.named {
            if named.is_folder || named.sum == [0; 20] {
                walk.admit()?;
                let (kind, body) = match named.is_folder {
                    true => (Kind::Folder, Body::Folder),
                    false => (Kind::File, Body::Content(Cow::Borrowed(&[]))),
                };
                let (name, findings) = walk.names.judge(&named.path, &[], kind);
                walk.hand_out(name, findings, body)?;
            } else {
                names.entry(named.sum).or_default().push(named.path);
            }
        }
        // Nobody else matches it: it is compressed.
        let (name, _) = MediumName::cut(b"(list of files)");
        walk.hand_out(name, Vec::new(), Body::of(Cow::Owned(description), cut))?;
    }
    Ok(names)
}

/// Whether a content fails its digest.
fn wrong(content: &[u8], sum: &Sum) -> Option<Cut> {
    let is_right = sha1::Sha1::digest(content).as_slice() == sum;
    (!is_right).then_some((Gap::Damaged, "checksum is wrong"))
}

/// Hands out one content, once for each of its names.
fn contents(
    content: &[u8],
    packing: Packing,
    one: &Stored,
    names: &[Vec<u8>],
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    walk.admit()?;
    let (unpacked, cut) = unpack(content, &one.resource, packing, walk);
    let cut = cut.or_else(|| wrong(&unpacked, &one.sum));
    walk.budget.hold(unpacked.len());
    let body = |content| match cut {
        Some((gap, why)) if unpacked.is_empty() => Body::Unchecked {
            gap,
            size_bytes: one.resource.size_bytes,
            why,
        },
        cut => Body::of(Cow::Borrowed(content), cut),
    };
    let mut result = Ok(());
    if names.is_empty() {
        walk.notice("container_extra_data", "a content that no file has");
        let (name, _) = MediumName::cut(b"(data outside every member)");
        result = walk.hand_out(name, Vec::new(), body(&unpacked));
    }
    for (index, name) in names.iter().enumerate() {
        result = result.and_then(|()| {
            if 0 < index {
                walk.admit()?;
                walk.take_input(unpacked.len())?;
            }
            let (name, findings) = walk.names.judge(name, &[], Kind::File);
            walk.hand_out(name, findings, body(&unpacked))
        });
    }
    walk.budget.release(unpacked.len());
    result
}

/// Files whose contents are not in the image: they lie in another one.
fn missing(names: BTreeMap<Sum, Vec<Vec<u8>>>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    for name in names.into_values().flatten() {
        walk.admit()?;
        let (name, findings) = walk.names.judge(&name, &[], Kind::File);
        let body = Body::Unchecked {
            gap: Gap::Damaged,
            size_bytes: 0,
            why: "its content is not in the image",
        };
        walk.hand_out(name, findings, body)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
