//! Compound files (MS-CFB): the documents of older Office, installers, messages, thumbnails.
//!
//! Like a small file system, with a table that says which sector follows which and a directory
//! in a tree. The usual readers show what the tree leads to. This one also hands out entries
//! that no way leads to, chains that no entry names, and what lies in free sectors.

mod directory;
mod lost;
mod meaning;
mod space;
mod tables;
mod zips;

use std::borrow::Cow;
use std::ops::Range;

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::has;
use crate::member::Body;
use crate::names;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};
use directory::{Entry, Kind, Tree, spelled};
use meaning::Meanings;
use tables::Tables;

const SIGNATURE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The header, whatever the size of a sector is. There is nothing in less.
const HEADER_BYTES: usize = 512;

/// Whether the content begins as a compound file.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE) && HEADER_BYTES <= content.len()
}

/// Hands out every stream, what streams are known to carry, and what no stream owns.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(mut tables) = Tables::read(content, walk) else {
        return Ok(());
    };
    let tree = Tree::read(&tables.entries, walk);
    let meanings = Meanings::read(&mut tables, &tree, walk);
    // What the tree leads to comes first: what it does not lead to may share its sectors.
    for is_reached in [true, false] {
        for index in 1..tables.entries.len() {
            let Some(entry) = tables.entries.get(index).copied() else {
                continue;
            };
            if tree.parent(index).is_some() == is_reached && entry.kind() != Kind::Unused {
                let found = Found {
                    index,
                    entry,
                    is_reached,
                };
                found.hand_out(&mut tables, &tree, &meanings, walk)?;
            }
        }
    }
    lost::hand_out(&mut tables, walk)?;
    zips::open(content, &tables.zips, walk)
}

/// One entry of the directory.
struct Found<'a> {
    index: usize,
    entry: Entry<'a>,
    is_reached: bool,
}

impl<'a> Found<'a> {
    fn hand_out(
        &self,
        tables: &mut Tables<'a>,
        tree: &Tree,
        meanings: &Meanings,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        walk.admit()?;
        if !self.is_reached {
            walk.notice("ole_unreachable_entry", "an entry that no way leads to");
        }
        if self.entry.has_two_names() {
            walk.contradiction("ole_entry_name", "a name is not as long as it says");
        }
        let name = self.entry.name();
        let parent = tree.parent(self.index);
        let (folder, is_whole) = tree.folder(&tables.entries, self.index);
        if !is_whole {
            walk.contradiction(
                "name_too_long",
                "storages in storages, deeper than a name tells",
            );
        }
        let path = match meanings.attachment(parent, &name) {
            Some(file_name) => format!("{folder}{file_name}"),
            None => format!("{folder}{}", spelled(&name)),
        };
        match self.entry.kind() {
            Kind::Storage => {
                let kind = names::Kind::Folder;
                let (name, findings) = walk.names.judge(path.as_bytes(), &[], kind);
                return walk.hand_out(name, findings, Body::Folder);
            }
            Kind::Stream => {}
            Kind::Unused | Kind::Root | Kind::Other => {
                walk.contradiction(
                    "ole_entry_kind",
                    "an entry that is neither storage nor stream",
                );
            }
        }
        let stream = meaning::Stream {
            name: &name,
            path: &path,
            folder: &folder,
            module_at: meanings.module(parent, &name),
        };
        self.stream(&stream, tables, walk)
    }

    /// Hands out a stream, and what it carries.
    fn stream(
        &self,
        stream: &meaning::Stream<'_>,
        tables: &mut Tables<'a>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        let owner = space::owner_of(self.index);
        let (chain, size_bytes) = tables.stream(&self.entry, owner);
        if chain.is_shared && self.is_reached {
            walk.contradiction("ole_shared_sectors", "a sector belongs to two streams");
        }
        let (data, limit) = gathered(tables.content, &chain.ranges, walk.budget);
        let mut gap = limit.or_else(|| Some((Gap::Damaged, chain.fault?)));
        if stream.is_encrypted() {
            let why = "document is encrypted";
            walk.encrypted(why);
            gap.get_or_insert((Gap::Encrypted, why));
        }
        tables.zips.extend(zips::in_stream(&data, &chain.ranges));
        let held_bytes = match &data {
            Cow::Owned(data) => data.len(),
            Cow::Borrowed(_) => 0,
        };
        let kind = names::Kind::File;
        let (name, findings) = walk.names.judge(stream.path.as_bytes(), &[], kind);
        let body = match gap {
            None => Body::Content(Cow::Borrowed(&*data)),
            Some((gap, why)) if data.is_empty() => Body::Unchecked {
                gap,
                size_bytes,
                why,
            },
            Some((gap, why)) => Body::Partial {
                content: Cow::Borrowed(&*data),
                gap,
                why,
            },
        };
        walk.budget.hold(held_bytes);
        let handed = walk.hand_out(name, findings, body);
        let result = handed.and_then(|()| stream.examine(&data, walk));
        walk.budget.release(held_bytes);
        result?;
        lost::slack(tables.content, chain.slack, walk)
    }
}

/// The bytes in `ranges` one behind the other, as far as the limits allow; the reason when that
/// is not all.
fn gathered<'a>(
    content: &'a [u8],
    ranges: &[Range<usize>],
    budget: &mut Budget,
) -> (Cow<'a, [u8]>, Option<(Gap, &'static str)>) {
    let bytes_in = |range: &Range<usize>| content.get(range.clone()).unwrap_or_default();
    if let [] | [_] = ranges {
        let data = ranges.first().map(bytes_in).unwrap_or_default();
        return match budget.take_output(data.len()) {
            Ok(()) => (Cow::Borrowed(data), None),
            Err(why) => (Cow::Borrowed(&[]), Some((Gap::Limit, why))),
        };
    }
    let mut data = Vec::new();
    for range in ranges {
        if let Err(why) = push(&mut data, bytes_in(range), budget) {
            return (Cow::Owned(data), Some((Gap::Limit, why)));
        }
    }
    (Cow::Owned(data), None)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
pub(crate) mod maker;
#[cfg(test)]
mod meaning_tests;
#[cfg(test)]
mod tests;
