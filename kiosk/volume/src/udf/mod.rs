//! UDF 1.02 to 2.60. Sources: ECMA-167, 3rd edition; OSTA Universal Disk Format, revisions 1.02,
//! 1.50, 2.01, 2.50 and 2.60.
//!
//! On discs it often lies beside an ISO 9660 tree, over the same extents; then the reader of
//! that walks this one, too.

mod tag;

mod name;

mod anchor;

mod disc;

mod maps;

mod tables;

mod entry;

mod list;

mod folder;

mod free;

mod integrity;

mod contents;

mod streams;

mod leftover;

mod walk;

use std::io::Read;
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

pub(crate) use anchor::has_anchor;
pub(crate) use disc::Disc;
pub(crate) use walk::{Beside, walk};

use entry::{Entry, FILE_EXTENTS_MAX};
use tag::Address;

use crate::blocks::Blocks;
use crate::content::ExtentReader;
use crate::error::VolumeError;
use crate::named::Named;
use crate::space::Space;
use crate::tree::{Seen, Tree, Walked, raw, tails};
use crate::walk::Walk;

/// A UDF volume.
pub(crate) struct UdfTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    disc: Disc,
}

impl UdfTree {
    /// The UDF volume on `blocks`.
    ///
    /// # Errors
    /// Volume descriptors that cannot be read or describe no volume.
    pub(crate) fn open(volume: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let disc = Disc::open(blocks.clone())?;
        Ok(Self {
            blocks,
            volume,
            disc,
        })
    }
}

impl Tree for UdfTree {
    fn label(&mut self) -> MediumName {
        MediumName::cut(&self.disc.label).0
    }

    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, spare, visit);
        let mut space = Space::new(0, self.disc.block_bytes, self.disc.count());
        walk.boot(&mut space, crate::kind::DESCRIPTORS_OFFSET_BYTES);
        let named = &mut Named::default();
        self::walk::walk(&self.disc, &mut space, &mut walk, Beside::Nothing, named);
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Inline(content) => {
                let content = content.as_bytes().to_vec();
                Ok(Box::new(std::io::Cursor::new(content)))
            }
            Locator::Extents(extents) => Ok(raw(&*self.blocks, extents)),
            Locator::Record { record, .. } => open_record(&self.disc, *record, item),
            Locator::Range { .. } | Locator::Chain { .. } | Locator::Path | Locator::Loose => {
                Err(VolumeError::Foreign)
            }
        }
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Extents(extents) => Ok(tails(&*self.blocks, extents, self.disc.block_bytes)),
            Locator::Record { record, .. } => slack_of_record(&self.disc, *record, item),
            Locator::Inline(_)
            | Locator::Range { .. }
            | Locator::Chain { .. }
            | Locator::Path
            | Locator::Loose => Err(VolumeError::Foreign),
        }
    }
}

/// A file entry's address as one number.
fn record(at: Address) -> u64 {
    u64::from(at.map) << 32 | u64::from(at.block)
}

/// The entry that [`record`] has named.
fn recorded(disc: &Disc, record: u64) -> Result<Entry, VolumeError> {
    let block = u32::try_from(record & u64::from(u32::MAX));
    let map = u16::try_from(record >> 32);
    let (Ok(block), Ok(map)) = (block, map) else {
        return Err(VolumeError::Foreign);
    };
    let at = Address { map, block };
    Entry::read(disc, at, &mut { FILE_EXTENTS_MAX }).map_err(|_| VolumeError::Foreign)
}

/// A reader of a content that has holes or too many extents for a locator.
pub(crate) fn open_record<'a>(
    disc: &'a Disc,
    record: u64,
    item: &Item,
) -> Result<Box<dyn Read + 'a>, VolumeError> {
    let entry = recorded(disc, record)?;
    let extents = Box::new(entry.content.into_iter().map(Ok));
    let size = item.size_bytes;
    Ok(Box::new(ExtentReader::new(
        &*disc.blocks,
        extents,
        size,
        size,
    )))
}

/// A reader of what belongs to such a content and is not it.
pub(crate) fn slack_of_record<'a>(
    disc: &'a Disc,
    record: u64,
    item: &Item,
) -> Result<Box<dyn Read + 'a>, VolumeError> {
    let entry = recorded(disc, record)?;
    let extents = Box::new(entry.slack.into_iter().map(Ok));
    let size = item.share.slack_bytes;
    Ok(Box::new(ExtentReader::new(
        &*disc.blocks,
        extents,
        size,
        size,
    )))
}
