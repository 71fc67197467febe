//! An image as a medium, and one volume of it.

use std::io;
use std::rc::Rc;

use volume::{Blocks, Disk};
use wire::RowKind;
use wire::name::MediumName;
use wire::worker::{Item, Locator, Place};

use super::Around;
use crate::content::Held;
use crate::examine::Subject;

/// A content as a medium, for as long as it is lent.
pub(super) struct Slice<'b>(pub(super) &'b [u8]);

/// A content as a medium, for as long as a tree on it needs it.
pub(super) struct Kept(pub(super) Rc<Held>);

impl Blocks for Slice<'_> {
    fn size_bytes(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let length = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        let bytes = range(self.0, offset_bytes, length).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl Blocks for Kept {
    fn size_bytes(&self) -> u64 {
        Slice(&self.0).size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        Slice(&self.0).read_at(offset_bytes, buffer)
    }
}

fn range(bytes: &[u8], offset_bytes: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset_bytes).ok()?;
    let length = usize::try_from(length).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// What the volumes of an image are read from.
pub(super) enum Medium<'m> {
    /// The image's own bytes.
    Plain(&'m [u8], Rc<dyn Blocks>),
    Virtual(Rc<Disk>),
}

impl Medium<'_> {
    pub(super) fn blocks(&self) -> Rc<dyn Blocks> {
        match self {
            Self::Plain(_, blocks) => Rc::clone(blocks),
            Self::Virtual(disk) => disk.clone(),
        }
    }
}

/// One volume of an image.
pub(super) struct Volume<'v> {
    pub(super) around: &'v Around<'v>,
    pub(super) place: &'v Place,
    /// Before the path of each of its files, where there are several volumes.
    pub(super) prefix: String,
    pub(super) medium: &'v Medium<'v>,
}

impl<'v> Volume<'v> {
    pub(super) fn named(&self, path: &MediumName) -> MediumName {
        let path = [self.prefix.as_bytes(), path.as_bytes()].concat();
        MediumName::cut(&path).0
    }

    /// What is known of a content before it is read.
    pub(super) fn subject(&self, item: &Item) -> Subject<'v> {
        Subject {
            volume: self.around.volume,
            path: self.named(&item.path),
            within: self.around.names,
            kind: RowKind::Member,
            size_bytes: item.size_bytes,
            digests: None,
            findings: item.findings.clone(),
            gap: None,
            runs: &[],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let (offset, size) = (self.place.offset_bytes, self.place.size_bytes);
        match self.medium {
            Medium::Plain(bytes, _) => {
                let bytes = range(bytes, offset, size);
                bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
            }
            Medium::Virtual(disk) => disk.is_hole(offset, size),
        }
    }

    /// The bytes of a content that lies in the image's file in one piece.
    pub(super) fn whole(&self, item: &'v Item) -> Option<&'v [u8]> {
        if let Locator::Inline(bytes) = &item.locator {
            return Some(bytes.as_bytes());
        }
        let Medium::Plain(bytes, _) = self.medium else {
            return None;
        };
        match &item.locator {
            Locator::Extents(extents) => match extents.as_slice() {
                [] => Some(&[]),
                [(offset, length)] if *length == item.size_bytes => {
                    let offset = self.place.offset_bytes.checked_add(*offset)?;
                    range(bytes, offset, *length)
                }
                _ => None,
            },
            Locator::Range { offset_bytes } => range(bytes, *offset_bytes, item.size_bytes),
            Locator::Inline(_)
            | Locator::Chain { .. }
            | Locator::Record { .. }
            | Locator::Path
            | Locator::Loose => None,
        }
    }
}
