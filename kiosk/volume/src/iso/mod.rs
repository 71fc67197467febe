//! ISO 9660 with Joliet and Rock Ridge. Sources: ECMA-119, 3rd edition; the Joliet
//! specification; IEEE P1281 (SUSP) and P1282 (RRIP).
//!
//! A disc image may hold up to three trees of names for the same extents, and each system
//! shows another one. All of them are walked: a content is named by the first that has it.
//!
//! The reader is our own: names have to be kept byte for byte, every record of a damaged or
//! crafted folder has to be seen or reported, and relocated folders reached from both sides.

mod descriptor;

mod record;

mod rock;

mod trees;

use std::io::{self, Read};
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

use descriptor::Disc;

use crate::blocks::Blocks;
use crate::error::VolumeError;
use crate::tree::{Seen, Tree, Walked, raw};
use crate::walk::Walk;

/// A disc image.
pub(crate) struct IsoTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    disc: Disc,
}

impl IsoTree {
    /// The disc image on `blocks`.
    ///
    /// # Errors
    /// Volume descriptors that cannot be read or describe no volume.
    pub(crate) fn open(volume: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let disc = Disc::read(&*blocks)?;
        Ok(Self {
            blocks,
            volume,
            disc,
        })
    }
}

impl Tree for IsoTree {
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
        for (rule, detail) in &self.disc.faults {
            walk.findings.incomplete(rule, *detail);
        }
        let there = self.blocks.size_bytes();
        if there < self.disc.size_bytes {
            let detail = format!(
                "{} bytes by its descriptor, {there} there",
                self.disc.size_bytes
            );
            walk.findings.incomplete("volume_past_end", detail);
        }
        if crate::kind::has_udf(&*self.blocks)? {
            let detail = "the disc has a UDF tree too, which was not read";
            walk.findings.incomplete("udf_not_read", detail);
        }
        trees::walk(&*self.blocks, &self.disc, &mut walk);
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Inline(content) => Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec()))),
            Locator::Extents(extents) => Ok(raw(&*self.blocks, extents)),
            Locator::Range { .. }
            | Locator::Chain { .. }
            | Locator::Record { .. }
            | Locator::Path
            | Locator::Loose => Err(VolumeError::Foreign),
        }
    }

    fn slack<'a>(&'a self, _: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        Err(VolumeError::Foreign)
    }
}
