//! ISO 9660 with Joliet, Rock Ridge and El Torito. Sources: ECMA-119, 3rd edition; the Joliet
//! specification; IEEE P1281 (SUSP) and P1282 (RRIP); the El Torito specification, 1.0.
//!
//! A disc image may hold up to three trees of names for the same extents, a UDF file system
//! beside them, and all of that once for each session; each system shows another one. All of
//! them are walked: a content is named by the first that has it.
//!
//! The reader is our own: names have to be kept byte for byte, every record of a damaged or
//! crafted folder has to be seen or reported, and relocated folders reached from both sides.

mod descriptor;

mod record;

mod rock;

mod tables;

mod trees;

mod files;

mod torito;

mod session;

use std::io::{self, Read};
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

use descriptor::Disc;
use session::{SESSIONS_MAX, Search};

use crate::blocks::Blocks;
use crate::error::VolumeError;
use crate::kind::DESCRIPTORS_OFFSET_BYTES;
use crate::named::Named;
use crate::space::Space;
use crate::tree::{Seen, Tree, Walked, raw, tails};
use crate::udf;
use crate::walk::Walk;

/// A disc image.
pub(crate) struct IsoTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    disc: Disc,
    /// The UDF file system beside it.
    udf: Option<Result<udf::Disc, VolumeError>>,
}

impl IsoTree {
    /// The disc image on `blocks`.
    ///
    /// # Errors
    /// Volume descriptors that cannot be read or describe no volume.
    pub(crate) fn open(volume: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let disc = Disc::read(&*blocks, DESCRIPTORS_OFFSET_BYTES)?;
        let has_udf = crate::kind::has_udf(&*blocks)?;
        let udf = has_udf.then(|| udf::Disc::open(blocks.clone()));
        Ok(Self {
            blocks,
            volume,
            disc,
            udf,
        })
    }

    /// Walks what is not on the first session's trees.
    fn beside(&self, space: &mut Space, walk: &mut Walk<'_>, named: &mut Named) {
        match &self.udf {
            None => {}
            Some(Ok(disc)) => udf::walk(disc, space, walk, udf::Beside::Iso, named),
            Some(Err(error)) => {
                let finding = error.finding();
                walk.findings.incomplete(&finding.rule, finding.detail);
            }
        }
        let mut search = Search::new();
        for count in 0..=SESSIONS_MAX {
            if walk.is_full() {
                return;
            }
            let next = search.next(&*self.blocks, space, &mut walk.findings);
            let Some(offset) = next else {
                return;
            };
            if count == SESSIONS_MAX {
                let detail = "more sessions than a disc can have; the others were not walked";
                walk.findings.incomplete("too_many_sessions", detail);
                return;
            }
            self.session(offset, space, walk, named);
        }
    }

    /// Another session, or what looks like one.
    fn session(&self, offset: u64, space: &mut Space, walk: &mut Walk<'_>, named: &mut Named) {
        let blocks = &*self.blocks;
        let disc = Disc::read(blocks, offset)
            .ok()
            .filter(|disc| session::counts_from_start(blocks, disc));
        let Some(disc) = disc else {
            let detail = format!("at byte {offset}; its files are not listed");
            walk.findings.notice("iso_foreign_descriptor", detail);
            return;
        };
        let detail = format!("descriptors of another session at byte {offset}");
        walk.findings.notice("iso_session", detail);
        for (rule, detail) in &disc.faults {
            walk.findings.incomplete(rule, *detail);
        }
        trees::walk(
            blocks,
            &disc,
            trees::Place::Session(offset),
            space,
            walk,
            named,
        );
        torito::list(blocks, &disc, space, walk);
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
        let count = there.checked_div(self.disc.block_bytes).unwrap_or(0);
        let mut space = Space::new(0, self.disc.block_bytes, count);
        // A disc keeps no account of what is free: all of it is examined.
        space.allocate(0, count);
        let mut named = Named::default();
        walk.boot(&mut space, DESCRIPTORS_OFFSET_BYTES);
        let (blocks, place) = (&*self.blocks, trees::Place::First);
        trees::walk(blocks, &self.disc, place, &mut space, &mut walk, &mut named);
        torito::list(blocks, &self.disc, &mut space, &mut walk);
        self.beside(&mut space, &mut walk, &mut named);
        if !walk.is_full() {
            walk.unowned(&mut space, 0, count);
            walk.audit(&mut space, there);
            walk.unallocated(&space);
        }
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Inline(content) => Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec()))),
            Locator::Extents(extents) => Ok(raw(&*self.blocks, extents)),
            Locator::Record { record, .. } => match &self.udf {
                Some(Ok(disc)) => udf::open_record(disc, *record, item),
                Some(Err(_)) | None => Err(VolumeError::Foreign),
            },
            Locator::Range { .. } | Locator::Chain { .. } | Locator::Path | Locator::Loose => {
                Err(VolumeError::Foreign)
            }
        }
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Extents(extents) => Ok(tails(&*self.blocks, extents, self.disc.block_bytes)),
            Locator::Record { record, .. } => match &self.udf {
                Some(Ok(disc)) => udf::slack_of_record(disc, *record, item),
                Some(Err(_)) | None => Err(VolumeError::Foreign),
            },
            Locator::Inline(_)
            | Locator::Range { .. }
            | Locator::Chain { .. }
            | Locator::Path
            | Locator::Loose => Err(VolumeError::Foreign),
        }
    }
}
