//! 7z (7zFormat.txt of the LZMA SDK), read by code of ours; only the methods are of others.
//!
//! The list of members stands at the end, is usually packed itself and may be encrypted. The
//! contents are parts of blocks, which can only be unpacked from their beginning: each block is
//! unpacked once, and its parts are handed out as they come. Everything that neither the list
//! nor the packed streams account for is told.

mod contents;
mod cursor;
mod files;
mod header;
mod methods;
mod streams;

use std::borrow::Cow;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use crate::bytes::{has, rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use contents::Contents;
use cursor::Fault;
use files::{File, Files, Sort};
use header::{Header, SIGNATURE_BYTES, Start};
use streams::Streams;

const SIGNATURE: [u8; 6] = *b"7z\xbc\xaf\x27\x1c";

/// Largest packed header that is unpacked, in bytes. 100,000 members with paths of 100 letters
/// need 24 MB.
const HEADER_BYTES_MAX: usize = 32 << 20;

/// How often a header may be packed again. 7-Zip packs it once.
const PACKINGS_MAX: usize = 4;

/// Whether the content begins as a 7z.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE)
}

/// Whether this is no more than the signature, as programs that look for it hold it: what follows
/// has neither the checksum that readers ask for nor the zeros of an archive that was not finished.
pub(crate) fn is_mention(content: &[u8]) -> bool {
    /// The checksum of the start header and the header itself.
    const START_AT: usize = 8;
    let start = rest(content, START_AT, SIGNATURE_BYTES.saturating_sub(START_AT));
    let is_sound = Start::read(content).is_some_and(|start| start.is_sound);
    begins(content) && !is_sound && start.iter().any(|byte| *byte != 0)
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut archive = Archive {
        content,
        covered: Vec::new(),
    };
    let Some(start) = Start::read(content) else {
        walk.damaged("7z signature header is cut off");
        return Ok(());
    };
    // Behind a signature alone may be anything.
    archive.cover(
        0,
        if start.is_sound {
            SIGNATURE_BYTES
        } else {
            SIGNATURE.len()
        },
    );
    if !has(content, SIGNATURE.len(), &[0]) {
        walk.unsupported("7z of a newer version");
    }
    if !start.is_sound {
        walk.damaged("checksum of the 7z signature header is wrong");
    }
    if !start.is_empty() {
        match start.header(content) {
            Some(header) => {
                archive.cover(start.begin, start.bytes);
                archive.open(header, walk)?;
            }
            None => {
                walk.damaged(if start.is_sound && start.is_behind(content) {
                    "7z is cut off, or the first part of a split one"
                } else {
                    "7z header is not where it should be, or its checksum is wrong"
                });
                archive.search(walk)?;
            }
        }
    }
    archive.strays(walk)
}

/// One archive while it is opened.
struct Archive<'a> {
    content: &'a [u8],
    /// What is accounted for.
    covered: Vec<(usize, usize)>,
}

impl<'a> Archive<'a> {
    fn cover(&mut self, begin: usize, bytes: usize) {
        self.covered.push((begin, begin.saturating_add(bytes)));
    }

    /// What lies before the end of the header may all be encrypted contents.
    fn cover_all(&mut self) {
        let end = self.covered.iter().map(|(_, end)| *end).max();
        self.covered = vec![(0, end.unwrap_or(0))];
    }

    /// Hands out the members of a header, and tells whether it could be read at all.
    fn open(&mut self, header: &'a [u8], walk: &mut Walk<'_>) -> Result<bool, Halt> {
        let mut header = Cow::Borrowed(header);
        for _ in 0..=PACKINGS_MAX {
            let (read, has_more) = match header::read(&header) {
                Ok(read) => read,
                Err(fault) => {
                    note(fault, walk);
                    return Ok(false);
                }
            };
            if has_more {
                walk.contradiction("sevenzip_extra_data", "lists that are not read");
            }
            let unpacked = match read {
                Header::Plain(streams, files) => {
                    let held_bytes = match &header {
                        Cow::Borrowed(_) => 0,
                        Cow::Owned(header) => header.len(),
                    };
                    walk.budget.hold(held_bytes);
                    let result = self.members(streams, files, walk);
                    walk.budget.release(held_bytes);
                    return result.map(|()| true);
                }
                Header::Encoded(streams) => match self.unpacked(streams, walk) {
                    Ok(unpacked) => unpacked,
                    Err(Gap::Encrypted) => {
                        walk.encrypted("the names and contents of a 7z are encrypted");
                        self.cover_all();
                        return Ok(false);
                    }
                    Err(_) => return Ok(false),
                },
            };
            header = Cow::Owned(unpacked);
        }
        walk.damaged("7z header is packed again and again");
        Ok(false)
    }

    /// Unpacks a header.
    fn unpacked(&mut self, streams: Streams<'_>, walk: &mut Walk<'_>) -> Result<Vec<u8>, Gap> {
        let bytes = match streams.blocks.as_slice() {
            [block] if block.parts.len() == 1 => block.bytes(),
            _ => {
                walk.damaged("7z header is not packed as one content");
                return Err(Gap::Damaged);
            }
        };
        if HEADER_BYTES_MAX.min(walk.budget.room()) < span(bytes) {
            walk.limit("7z header is larger than memory allows");
            return Err(Gap::Limit);
        }
        let mut contents = Contents::new(self.content, SIGNATURE_BYTES, streams);
        let body = match contents.has_next(walk) {
            true => contents.next(walk),
            false => None,
        };
        contents.close(walk);
        self.covered.append(&mut contents.covered);
        match body {
            Some(Body::Content(header)) => Ok(header.into_owned()),
            Some(Body::Partial { gap, why, .. } | Body::Unchecked { gap, why, .. }) => {
                match gap {
                    Gap::Encrypted => {}
                    Gap::Limit => walk.limit(why),
                    Gap::Unsupported => walk.unsupported("7z header packed with another method"),
                    Gap::Damaged | Gap::Unreadable | Gap::Timeout | Gap::Changed | Gap::Removed => {
                        walk.damaged("7z header cannot be unpacked")
                    }
                }
                Err(gap)
            }
            Some(Body::Link(_) | Body::Folder | Body::Special) | None => Err(Gap::Damaged),
        }
    }

    /// Looks for the header where none should be, as 7-Zip does with archives that were never
    /// finished.
    fn search(&mut self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        for place in header::places(self.content) {
            let known = self.covered.len();
            let header = rest(self.content, place, usize::MAX);
            if self.open(header, walk)? {
                self.cover(place, header.len());
                return Ok(());
            }
            self.covered.truncate(known);
        }
        Ok(())
    }

    fn members<'h>(
        &mut self,
        streams: Streams<'h>,
        mut files: Files<'h>,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt>
    where
        'a: 'h,
    {
        let mut contents = Contents::new(self.content, SIGNATURE_BYTES, streams);
        let result = all(&mut files, &mut contents, walk);
        contents.close(walk);
        self.covered.append(&mut contents.covered);
        result
    }

    /// Everything that is not accounted for.
    fn strays(mut self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        self.covered.sort_unstable();
        let mut at = 0;
        for (begin, end) in self.covered {
            if begin < at && begin < end {
                walk.contradiction(
                    "sevenzip_overlapping_streams",
                    "two streams share the same bytes",
                );
            }
            if at < begin {
                let between = rest(self.content, at, begin.saturating_sub(at));
                walk.stray(between, "bytes between the streams of the archive")?;
            }
            at = at.max(end);
        }
        let behind = rest(self.content, at, usize::MAX);
        walk.stray(behind, "bytes after the archive")
    }
}

/// Hands out all members, and all contents that are no member's.
fn all(
    files: &mut Files<'_>,
    contents: &mut Contents<'_>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    while let Some(file) = files.next() {
        let file = match file {
            Ok(file) => file,
            Err(fault) => {
                note(fault, walk);
                break;
            }
        };
        walk.admit()?;
        let body = match file.sort {
            Sort::Folder => Body::Folder,
            Sort::Anti => Body::Special,
            Sort::Empty => Body::Content(Cow::Borrowed(&[])),
            Sort::Stream => match contents.has_next(walk) {
                true => contents.next(walk),
                false => None,
            }
            .unwrap_or(Body::Unchecked {
                gap: Gap::Damaged,
                size_bytes: 0,
                why: "member without a content",
            }),
        };
        hand_out(&file, body, walk)?;
    }
    if files.has_more_names() {
        walk.contradiction("sevenzip_extra_data", "more names than members");
    }
    while contents.has_next(walk) {
        walk.contradiction("sevenzip_extra_data", "a content without a name");
        walk.admit()?;
        let Some(body) = contents.next(walk) else {
            break;
        };
        hand_out(&File::nameless(), body, walk)?;
    }
    Ok(())
}

fn hand_out(file: &File, body: Body<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let target = match &body {
        Body::Content(content) if file.is_link && is_target(content) => Some(content.to_vec()),
        Body::Content(_)
        | Body::Partial { .. }
        | Body::Unchecked { .. }
        | Body::Link(_)
        | Body::Folder
        | Body::Special => None,
    };
    let (kind, body) = match (&target, body) {
        (Some(target), _) => {
            let (name, _) = MediumName::cut(target);
            (Kind::Symlink(target), Body::Link(name))
        }
        (None, Body::Folder) => (Kind::Folder, Body::Folder),
        (None, body) => (Kind::File, body),
    };
    let (name, findings) = walk.names.judge(&file.name, &[], kind);
    walk.hand_out(name, findings, body)
}

/// Windows stores its own links as other data, which is content like any other.
fn is_target(content: &[u8]) -> bool {
    content.len() <= NAME_BYTES_MAX && !content.is_empty() && !content.contains(&0)
}

fn note(fault: Fault, walk: &mut Walk<'_>) {
    match fault {
        Fault::Damaged(why) => walk.damaged(why),
        Fault::Unsupported(why) => walk.unsupported(why),
        Fault::Limit(why) => walk.limit(why),
    }
}

#[cfg(test)]
mod tests;
