//! NTFS. Sources: the Linux-NTFS project's documentation of the on-disk structures, and
//! Microsoft's documentation of reparse points (MS-FSCC 2.1.2).
//!
//! The reader is our own: the index of folders, attribute lists and the length of what was
//! really written have to be checked here, and nothing may be skipped without a word.

mod boot;

mod index;

mod record;

mod runs;

mod streams;

mod volume;

mod walk;

use std::io::{self, Read};
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

use streams::{Body, data_streams};
use volume::Volume;

use crate::blocks::Blocks;
use crate::content::ExtentReader;
use crate::error::VolumeError;
use crate::text::{from_utf16, units_le};
use crate::tree::{Seen, Tree, Walked};
use crate::walk::Walk;

/// An NTFS volume.
pub(crate) struct NtfsTree {
    index: u32,
    volume: Volume,
}

impl NtfsTree {
    /// The NTFS volume on `blocks`.
    ///
    /// # Errors
    /// A boot sector or master file table that cannot be read.
    pub(crate) fn open(index: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let volume = Volume::open(blocks)?;
        Ok(Self { index, volume })
    }

    fn find_label(&self) -> Vec<u8> {
        /// File record of `$Volume`, and the type of the attribute that names it.
        const VOLUME: u64 = 3;
        const VOLUME_NAME: u32 = 0x60;
        let Ok(record) = self.volume.record(VOLUME) else {
            return Vec::new();
        };
        let attributes = self.volume.attributes(&record).found;
        let name = attributes.iter().find(|one| one.kind == VOLUME_NAME);
        let value = name.and_then(|one| one.resident());
        from_utf16(&units_le(value.unwrap_or_default()))
    }

    fn reader(&self, stream: streams::Stream) -> Result<Box<dyn Read + '_>, VolumeError> {
        match stream.body {
            Body::Resident(content) => Ok(Box::new(io::Cursor::new(content))),
            Body::Extents(extents) => {
                let extents = Box::new(extents.into_iter().map(Ok));
                let (size, valid) = (stream.size_bytes, stream.valid_bytes);
                Ok(Box::new(ExtentReader::new(
                    &*self.volume.blocks,
                    extents,
                    size,
                    valid,
                )))
            }
            Body::Damaged => Err(VolumeError::Read(io::ErrorKind::InvalidData.into())),
            Body::Encrypted => Err(VolumeError::Encrypted),
            Body::Compressed => Err(VolumeError::Feature {
                kind: "ntfs",
                what: "compression".to_owned(),
            }),
        }
    }
}

impl Tree for NtfsTree {
    fn label(&mut self) -> MediumName {
        MediumName::cut(&self.find_label()).0
    }

    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError> {
        let mut walk = Walk::new(self.index, limits, spare, visit);
        walk::walk(&self.volume, &mut walk);
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Inline(content) => Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec()))),
            Locator::Record { record, stream } => {
                let record = self.volume.record(*record)?;
                let streams = data_streams(&self.volume, &record).streams;
                let found = streams
                    .into_iter()
                    .find(|one| one.name == stream.as_bytes())
                    .filter(|one| one.size_bytes == item.size_bytes);
                self.reader(found.ok_or(VolumeError::Foreign)?)
            }
            Locator::Range { .. }
            | Locator::Chain { .. }
            | Locator::Extents(_)
            | Locator::Path
            | Locator::Loose => Err(VolumeError::Foreign),
        }
    }

    fn slack<'a>(&'a self, _: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        Err(VolumeError::Foreign)
    }
}
