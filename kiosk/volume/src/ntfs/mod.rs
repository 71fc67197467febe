//! NTFS. Sources: the Linux-NTFS project's documentation of the on-disk structures, and
//! Microsoft's documentation of reparse points (MS-FSCC 2.1.2).
//!
//! The reader is our own: the index of folders, attribute lists and the length of what was
//! really written have to be checked here, and nothing may be skipped without a word.

mod boot;

mod record;

mod runs;

mod volume;

mod lznt1;

mod units;

mod reparse;

mod streams;

mod owners;

mod check;

mod index;

mod walk;

mod list;

mod sweep;

mod deleted;

use std::io::{self, Read};
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

use streams::{Body, Stream, data_streams};
use units::UnitReader;
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

    /// The stream that an item was listed as.
    fn stream(&self, item: &Item) -> Result<Stream, VolumeError> {
        let Locator::Record { record, stream } = &item.locator else {
            return Err(VolumeError::Foreign);
        };
        let record = self.volume.record(*record)?;
        let streams = data_streams(&self.volume, &record).streams;
        let found = streams
            .into_iter()
            .find(|one| one.name == stream.as_bytes())
            .filter(|one| one.size_bytes == item.size_bytes);
        found.ok_or(VolumeError::Foreign)
    }

    fn reader(&self, stream: Stream) -> Result<Box<dyn Read + '_>, VolumeError> {
        let (size, valid) = (stream.size_bytes, stream.valid_bytes);
        let blocks = &*self.volume.blocks;
        let extents = Box::new(stream.extents.into_iter().map(Ok));
        match stream.body {
            Body::Resident(content) => Ok(Box::new(io::Cursor::new(content))),
            Body::Plain => Ok(Box::new(ExtentReader::new(blocks, extents, size, valid))),
            Body::Compressed(unit) => Ok(Box::new(UnitReader::new(
                blocks, extents, unit, size, valid,
            ))),
            Body::LargeUnits => Err(VolumeError::Feature {
                kind: "ntfs",
                what: "compression in large units".to_owned(),
            }),
            Body::Damaged => Err(VolumeError::Read(io::ErrorKind::InvalidData.into())),
            Body::Encrypted => Err(VolumeError::Encrypted),
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
        if let Locator::Inline(content) = &item.locator {
            return Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec())));
        }
        self.reader(self.stream(item)?)
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let extents = self.stream(item)?.slack();
        let size = item.share.slack_bytes;
        Ok(Box::new(self.volume.reader(extents, size)))
    }
}
