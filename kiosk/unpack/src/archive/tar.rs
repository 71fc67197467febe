//! Tar: V7, ustar, GNU and pax (POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format").
//!
//! Readers disagree about where a member ends, about what follows the end mark and about
//! damaged headers. This one goes on behind the end mark, looks for the next header behind
//! damage, and tells wherever another reader might see something else.

mod header;
mod pax;
mod sparse;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use crate::bytes::{rest, span};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use header::{Header, Type};
use pax::Overrides;

/// Everything is a multiple of it.
const BLOCK_BYTES: usize = 512;

/// Whether the content begins as a tar.
pub(crate) fn begins(content: &[u8]) -> bool {
    Header::read(rest(content, 0, BLOCK_BYTES)).is_some_and(|header| header.is_plausible())
}

/// Hands out every member.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut state = State::default();
    let mut at: usize = 0;
    while at < content.len() {
        let block = rest(content, at, BLOCK_BYTES);
        if block.iter().all(|byte| *byte == 0) {
            // One block of zeros is the end to some readers, two are to all.
            state.ended = true;
            at = at.saturating_add(BLOCK_BYTES);
            continue;
        }
        let Some(header) = Header::read(block) else {
            at = state.skip_to_header(content, at, walk)?;
            continue;
        };
        if state.ended {
            walk.contradiction("tar_after_end", "members behind the end mark");
            state.ended = false;
        }
        at = state.member(content, at, &header, walk)?;
    }
    if !state.ended {
        walk.contradiction("tar_without_end", "the end mark is missing");
    }
    if state.is_pending() {
        walk.damaged("tar ends behind the extended header of a member");
    }
    Ok(())
}

/// What earlier headers said about the next member.
#[derive(Default)]
struct State<'a> {
    /// From `g`: for all members that follow.
    global: Overrides<'a>,
    /// From `x`: for the next one.
    next: Overrides<'a>,
    /// From `L` and `K`.
    long_name: Option<&'a [u8]>,
    long_link: Option<&'a [u8]>,
    /// Whether the end mark has been seen.
    ended: bool,
}

impl<'a> State<'a> {
    fn is_pending(&self) -> bool {
        self.next.any() || self.long_name.is_some() || self.long_link.is_some()
    }

    /// Handles the header at `at`, and tells where the next one should be.
    fn member(
        &mut self,
        content: &'a [u8],
        at: usize,
        header: &Header<'a>,
        walk: &mut Walk<'_>,
    ) -> Result<usize, Halt> {
        let data_at = at.saturating_add(BLOCK_BYTES);
        if header.kind.is_extension() {
            let data = rest(content, data_at, span(header.size_bytes));
            self.extend(header, data, walk)?;
            return Ok(after(data_at, header.size_bytes));
        }
        walk.admit()?;
        let overrides = std::mem::take(&mut self.next).or(&self.global);
        let long_name = self.long_name.take();
        let long_link = self.long_link.take();
        let name = overrides
            .sparse_name
            .or(overrides.path)
            .or(long_name)
            .unwrap_or(&[]);
        let short_name = header.name();
        let name = if name.is_empty() {
            short_name.as_slice()
        } else {
            name
        };
        let link = overrides.link.or(long_link).unwrap_or(header.link);
        let size_bytes = overrides.size_bytes.unwrap_or(header.size_bytes);
        // Sizes that the header can hold stand in it as well.
        if size_bytes != header.size_bytes && size_bytes < header::SIZE_OCTAL_END {
            walk.contradiction("tar_header_mismatch", "a member has two sizes");
        }
        let others = [
            short_name.as_slice(),
            long_name.unwrap_or_default(),
            overrides.path.unwrap_or_default(),
        ];
        let map_at = data_at;
        let data_at = after_sparse_map(content, data_at, header);
        let data = rest(content, data_at, span(size_bytes));
        let found = Found {
            name,
            others,
            link,
            data,
            size_bytes,
        };
        let is_said = overrides.sparse.is_some() || header.kind == Type::Sparse;
        let is_file = match header.kind {
            Type::File => !name.ends_with(b"/"),
            Type::Sparse => true,
            Type::HardLink
            | Type::Symlink
            | Type::Folder
            | Type::Special
            | Type::Continued
            | Type::LongName
            | Type::LongLink
            | Type::Pax
            | Type::PaxGlobal => false,
        };
        if is_said && !is_file {
            walk.contradiction(
                "tar_header_mismatch",
                "what is no file is said to be sparse",
            );
        }
        if is_said && is_file {
            let map = rest(content, map_at, data_at.saturating_sub(map_at));
            let body = sparse::body(header, map, &overrides, data, walk.budget);
            found.file(walk, |_| body)?;
            // A reader that does not know of holes takes the data as it stands.
            walk.field(data)?;
        } else {
            found.hand_out(header.kind, walk)?;
        }
        Ok(after(data_at, size_bytes))
    }

    /// Takes the header of an extension, whose data is about members to come.
    fn extend(
        &mut self,
        header: &Header<'a>,
        data: &'a [u8],
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        walk.field(data)?;
        if crate::bytes::length(data.len()) < header.size_bytes {
            walk.damaged("an extended header is cut off");
        }
        let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
        match header.kind {
            Type::LongName => self.long_name = Some(text),
            Type::LongLink => self.long_link = Some(text),
            Type::Pax | Type::PaxGlobal => match Overrides::read(data) {
                Ok(overrides) if header.kind == Type::Pax => {
                    self.next = overrides.or(&self.next);
                }
                Ok(overrides) => self.global = overrides.or(&self.global),
                Err(why) => walk.damaged(why),
            },
            Type::File
            | Type::HardLink
            | Type::Symlink
            | Type::Folder
            | Type::Special
            | Type::Sparse
            | Type::Continued => {}
        }
        Ok(())
    }

    /// Where the next header is behind a block that is none.
    fn skip_to_header(
        &mut self,
        content: &[u8],
        at: usize,
        walk: &mut Walk<'_>,
    ) -> Result<usize, Halt> {
        let mut next = at.saturating_add(BLOCK_BYTES);
        while next < content.len() {
            let header = Header::read(rest(content, next, BLOCK_BYTES));
            if header.is_some_and(|header| header.is_plausible()) {
                break;
            }
            next = next.saturating_add(BLOCK_BYTES);
        }
        if !self.ended || next < content.len() {
            walk.damaged("a tar header has a wrong checksum");
        }
        let stray = rest(content, at, next.saturating_sub(at));
        walk.stray(stray, "bytes that belong to no member")?;
        Ok(next)
    }
}

/// One member with everything that applies to it.
struct Found<'a> {
    name: &'a [u8],
    others: [&'a [u8]; 3],
    link: &'a [u8],
    data: &'a [u8],
    size_bytes: u64,
}

impl Found<'_> {
    fn hand_out(&self, kind: Type, walk: &mut Walk<'_>) -> Result<(), Halt> {
        match kind {
            // Before there was a type for folders, a slash at the end told them.
            Type::File if self.name.ends_with(b"/") => {
                self.named(Kind::Folder, walk, Body::Folder)?;
                self.surplus(walk)
            }
            Type::File | Type::Sparse => self.content(walk),
            Type::Continued => {
                walk.unsupported("part of a split tar");
                self.content(walk)
            }
            Type::Folder => {
                self.named(Kind::Folder, walk, Body::Folder)?;
                self.surplus(walk)
            }
            Type::Symlink => self.link(Kind::Symlink(self.link), walk),
            Type::HardLink => self.link(Kind::Hardlink(self.link), walk),
            Type::Special | Type::LongName | Type::LongLink | Type::Pax | Type::PaxGlobal => {
                self.named(Kind::File, walk, Body::Special)?;
                self.surplus(walk)
            }
        }
    }

    fn content(&self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let is_cut = crate::bytes::length(self.data.len()) < self.size_bytes;
        self.file(walk, |walk| match (walk.stored(self.data), is_cut) {
            (Body::Content(content), true) => Body::Partial {
                content,
                gap: Gap::Damaged,
                why: "content is cut off",
            },
            (body, _) => body,
        })
    }

    fn link(&self, kind: Kind<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if NAME_BYTES_MAX < self.link.len() {
            walk.contradiction("name_too_long", "the target of a link is cut");
        }
        let (target, _) = MediumName::cut(self.link);
        self.named(kind, walk, Body::Link(target))?;
        self.surplus(walk)
    }

    /// Content of something that should have none: some readers skip it as content, others
    /// take it for the next header.
    fn surplus(&self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if self.size_bytes == 0 {
            return Ok(());
        }
        walk.contradiction(
            "tar_header_mismatch",
            "a link, folder or device has content",
        );
        walk.admit()?;
        self.content(walk)
    }

    fn file<'b>(
        &self,
        walk: &mut Walk<'_>,
        body: impl FnOnce(&mut Walk<'_>) -> Body<'b>,
    ) -> Result<(), Halt> {
        let body = body(walk);
        self.named(Kind::File, walk, body)
    }

    fn named(&self, kind: Kind<'_>, walk: &mut Walk<'_>, body: Body<'_>) -> Result<(), Halt> {
        let (name, findings) = walk.names.judge(self.name, &self.others, kind);
        walk.hand_out(name, findings, body)
    }
}

/// Where the header behind `size_bytes` of data is.
fn after(data_at: usize, size_bytes: u64) -> usize {
    let size = span(size_bytes);
    data_at.saturating_add(
        size.checked_next_multiple_of(BLOCK_BYTES)
            .unwrap_or(usize::MAX),
    )
}

/// A GNU sparse header may go on for any number of blocks; each tells whether one follows.
fn after_sparse_map(content: &[u8], data_at: usize, header: &Header<'_>) -> usize {
    /// Where the header and each further block tell it (`isextended`).
    const IN_HEADER: usize = 482;
    const IN_BLOCK: usize = 504;
    if header.kind != Type::Sparse {
        return data_at;
    }
    let mut at = data_at;
    let mut goes_on = header.byte(IN_HEADER) != 0;
    while goes_on && at < content.len() {
        goes_on = content
            .get(at.saturating_add(IN_BLOCK))
            .is_some_and(|byte| *byte != 0);
        at = at.saturating_add(BLOCK_BYTES);
    }
    at
}

#[cfg(test)]
mod tests;
