//! One member of a rar of any version, ready to be unpacked.

use std::borrow::Cow;

use wire::name::NAME_BYTES_MAX;
use wire::{Gap, MediumName};

use super::blake2sp;
use super::codec::{Decoder, Method, Packed};
use crate::bytes::{length, span};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::End;
use crate::walk::{Halt, Walk};

/// What a member stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    File,
    /// Its content is where it leads, as Unix keeps it.
    LinkContent,
    Symlink(Vec<u8>),
    /// Also a reference to an equal file.
    Hardlink(Vec<u8>),
    Folder,
}

/// What the checksum of a content should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crc {
    /// CRC-32.
    Whole(u32),
    /// The lower half of it, as old comments have it.
    Half(u16),
}

impl Crc {
    fn is_of(self, content: &[u8]) -> bool {
        let crc = crc32fast::hash(content);
        match self {
            Self::Whole(stated) => crc == stated,
            Self::Half(stated) => crc & 0xffff == u32::from(stated),
        }
    }
}

/// A member as its headers describe it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: Vec<u8>,
    /// Spellings that some readers use instead.
    pub(super) others: Vec<Vec<u8>>,
    pub(super) sort: Sort,
    pub(super) packed: Packed<'a>,
    /// Whether its size was not known when its header was written.
    pub(super) is_unsized: bool,
    /// How many bytes it should take in the archive.
    pub(super) packed_bytes: u64,
    pub(super) crc: Option<Crc>,
    pub(super) blake2sp: Option<[u8; 32]>,
    pub(super) is_encrypted: bool,
    /// Whether another volume has a part of it.
    pub(super) is_split: bool,
}

impl Entry<'_> {
    /// Hands it out.
    pub(super) fn hand_out(&self, decoder: &mut Decoder, walk: &mut Walk<'_>) -> Result<(), Halt> {
        walk.admit()?;
        match &self.sort {
            Sort::File => {
                let body = self.body(decoder, walk);
                self.named(Kind::File, body, decoder, walk)
            }
            Sort::LinkContent => match self.body(decoder, walk) {
                Body::Content(target) => {
                    let link = Body::Link(cut(&target, walk));
                    self.named(Kind::Symlink(&target), link, decoder, walk)
                }
                body @ (Body::Partial { .. }
                | Body::Unchecked { .. }
                | Body::Link(_)
                | Body::Folder
                | Body::Special) => self.named(Kind::File, body, decoder, walk),
            },
            Sort::Symlink(target) => {
                let link = Body::Link(cut(target, walk));
                self.named(Kind::Symlink(target), link, decoder, walk)?;
                self.surplus(decoder, walk)
            }
            Sort::Hardlink(target) => {
                let link = Body::Link(cut(target, walk));
                self.named(Kind::Hardlink(target), link, decoder, walk)?;
                self.surplus(decoder, walk)
            }
            Sort::Folder => {
                self.named(Kind::Folder, Body::Folder, decoder, walk)?;
                self.surplus(decoder, walk)
            }
        }
    }

    /// Content of something that should have none.
    fn surplus(&self, decoder: &mut Decoder, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if self.packed_bytes == 0 {
            return Ok(());
        }
        walk.contradiction("rar_header_mismatch", "a link or folder has content");
        walk.admit()?;
        let body = self.body(decoder, walk);
        self.named(Kind::File, body, decoder, walk)
    }

    fn named(
        &self,
        kind: Kind<'_>,
        body: Body<'_>,
        decoder: &Decoder,
        walk: &mut Walk<'_>,
    ) -> Result<(), Halt> {
        let others: Vec<&[u8]> = self.others.iter().map(Vec::as_slice).collect();
        let (name, findings) = walk.names.judge(&self.name, &others, kind);
        // The window stays in memory while the member is examined.
        let held_bytes = decoder.held_bytes();
        walk.budget.hold(held_bytes);
        let result = walk.hand_out(name, findings, body);
        walk.budget.release(held_bytes);
        result
    }

    fn body<'b>(&'b self, decoder: &mut Decoder, walk: &mut Walk<'_>) -> Body<'b> {
        let unopened = if self.is_encrypted {
            Some((Gap::Encrypted, "encrypted member"))
        } else if self.is_split {
            Some((Gap::Unsupported, "part of a split rar"))
        } else if self.packed.method == Method::Unknown {
            Some((Gap::Unsupported, "packed by an unknown method"))
        } else if self.is_unsized && self.packed.method != Method::Stored {
            // What a decoder gives ends with the size.
            Some((Gap::Unsupported, "packed without its size"))
        } else {
            None
        };
        if let Some((gap, why)) = unopened {
            // What is stored never enters the window.
            if self.packed.method != Method::Stored {
                decoder.lose(gap);
            }
            return self.unchecked(gap, why);
        }
        let (content, end) = match self.packed.method {
            Method::Stored => match walk.stored(self.packed.data) {
                Body::Content(content) => (content, self.stored_end()),
                other @ (Body::Partial { .. }
                | Body::Unchecked { .. }
                | Body::Link(_)
                | Body::Folder
                | Body::Special) => return other,
            },
            Method::Rar15
            | Method::Rar20
            | Method::Rar29
            | Method::Rar50 { .. }
            | Method::Unknown => {
                let mut output = Vec::new();
                let end = decoder.unpack(&self.packed, &mut output, walk.budget);
                (Cow::Owned(output), end)
            }
        };
        let fault = || self.fault(&content).map(|why| (Gap::Damaged, why));
        let fault = end.cut().or_else(fault);
        match fault {
            None => Body::Content(content),
            Some((gap, why)) if content.is_empty() => self.unchecked(gap, why),
            Some((gap, why)) => Body::Partial { content, gap, why },
        }
    }

    fn stored_end(&self) -> End {
        if length(self.packed.data.len()) < self.packed_bytes {
            return End::Cut(Gap::Damaged, "content is cut off");
        }
        if !self.is_unsized && self.packed.size_bytes != self.packed_bytes {
            return End::Cut(Gap::Damaged, "stored content has two sizes");
        }
        End::Complete
    }

    /// What is wrong with the content when all of it came out.
    fn fault(&self, content: &[u8]) -> Option<&'static str> {
        if length(self.packed.data.len()) < self.packed_bytes {
            return Some("content is cut off");
        }
        if !self.is_unsized && span(self.packed.size_bytes) != content.len() {
            return Some("size is wrong");
        }
        let wrong_crc = self.crc.is_some_and(|crc| !crc.is_of(content));
        let wrong_digest = self
            .blake2sp
            .is_some_and(|stated| blake2sp::digest(content) != stated);
        if wrong_crc || wrong_digest {
            return Some("checksum is wrong");
        }
        // Decoders differ about distances that lead nowhere; archivers always write a checksum.
        let is_unchecked = self.crc.is_none() && self.blake2sp.is_none();
        let is_packed = self.packed.method != Method::Stored && !content.is_empty();
        (is_packed && is_unchecked).then_some("packed without a checksum")
    }

    fn unchecked<'b>(&self, gap: Gap, why: &'static str) -> Body<'b> {
        Body::Unchecked {
            gap,
            size_bytes: if self.is_unsized {
                self.packed_bytes
            } else {
                self.packed.size_bytes
            },
            why,
        }
    }
}

fn cut(target: &[u8], walk: &mut Walk<'_>) -> MediumName {
    if NAME_BYTES_MAX < target.len() {
        walk.contradiction("name_too_long", "the target of a link is cut");
    }
    MediumName::cut(target).0
}

/// The name of an alternate stream of a file. A colon behind a name of one letter would be that of
/// a drive.
pub(super) fn stream_name(file: &[u8], stream: &[u8]) -> Vec<u8> {
    [file, b" (stream ", stream, b")"].concat()
}
