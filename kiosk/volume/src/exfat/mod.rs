//! exFAT. Source: Microsoft's exFAT file system specification, 2019 edition.

mod boot;

mod entries;

mod folder;

use std::io::Read;
use std::rc::Rc;

use wire::MediumName;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};

use boot::Boot;

use crate::blocks::Blocks;
use crate::clusters::{Table, Width};
use crate::content::{ExtentReader, Extents, after, set_bits};
use crate::error::VolumeError;
use crate::findings::Findings;
use crate::space::Space;
use crate::tree::{Seen, Tree, Walked};
use crate::walk::Walk;

/// An exFAT volume.
pub(crate) struct ExfatTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    boot: Boot,
    table: Table,
}

impl ExfatTree {
    /// The exFAT volume on `blocks`.
    ///
    /// # Errors
    /// A boot sector that cannot be read or describes no volume.
    pub(crate) fn open(volume: u32, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let mut sector = [0; 512];
        blocks.read_at(0, &mut sector)?;
        let mut boot = Boot::parse(&sector)?;
        // What is not there is said by the walk, which then looks no further.
        boot.heap = boot.heap.cut(blocks.size_bytes());
        let table = Table::new(
            blocks.clone(),
            boot.active_fat_offset(),
            boot.fat_bytes,
            Width::Exfat,
            boot.heap,
        );
        Ok(Self {
            blocks,
            volume,
            boot,
            table,
        })
    }

    fn reader(&self, stream: entries::Stream) -> Result<Box<dyn Read + '_>, VolumeError> {
        let heap = self.boot.heap;
        if heap.size_bytes() < stream.size_bytes {
            return Err(VolumeError::Read(std::io::ErrorKind::InvalidData.into()));
        }
        let clusters = heap.needed(stream.size_bytes);
        let extents = self.extents(stream.first_cluster, stream.contiguous, clusters);
        let (size, valid) = (stream.size_bytes, stream.valid_bytes);
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            extents,
            size,
            valid,
        )))
    }

    fn extents(&self, first: u32, contiguous: bool, clusters: u64) -> Extents<'_> {
        if contiguous {
            self.table.run(first, clusters)
        } else {
            self.table.chain(first, clusters)
        }
    }

    /// The volume's clusters with those marked that its bitmap says are in use. Without a bitmap
    /// all of them are: everything is examined.
    fn marked(&self, bitmap: Option<entries::Stream>, findings: &mut Findings) -> Space {
        let mut space = self.table.space();
        let count = u64::from(self.boot.heap.count);
        let Some(bitmap) = bitmap else {
            findings.incomplete("bitmap_missing", "the root names no allocation bitmap");
            space.allocate(0, count);
            return space;
        };
        let read = self.reader(bitmap).and_then(|mut reader| {
            let allocate = &mut |first, count| space.allocate(first, count);
            Ok(set_bits(&mut *reader, count, allocate)?)
        });
        if let Err(error) = read {
            findings.incomplete("bitmap_unreadable", error.finding().detail);
            space.allocate(0, count);
        }
        space
    }

    /// Looks at the up-case table as far as its checksum: names are not compared here.
    fn check_upcase(&self, upcase: Option<(entries::Stream, u32)>, findings: &mut Findings) {
        let Some((stream, expected)) = upcase else {
            findings.incomplete("upcase_missing", "the root names no up-case table");
            return;
        };
        if UPCASE_BYTES_MAX < stream.size_bytes {
            let detail = "the up-case table is larger than all of its characters need";
            findings.incomplete("upcase_too_long", detail);
        }
        let content = self.reader(stream).and_then(|reader| {
            let mut bytes = Vec::new();
            reader.take(UPCASE_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match content {
            Ok(bytes) if boot::checksum(&bytes, &[]) == expected => {}
            Ok(_) => {
                findings.incomplete("upcase_checksum", "the up-case table's checksum is wrong")
            }
            Err(error) => findings.incomplete("upcase_unreadable", error.to_string()),
        }
    }
}

/// Largest up-case table, in bytes: one unit for each of 65,536.
const UPCASE_BYTES_MAX: u64 = 128 << 10;

impl Tree for ExfatTree {
    fn label(&mut self) -> MediumName {
        let root = folder::root(&*self.blocks, &self.boot, &self.table);
        MediumName::cut(&root.label).0
    }

    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, spare, visit);
        self.boot.check(&*self.blocks, &mut walk.findings);
        let root = folder::root(&*self.blocks, &self.boot, &self.table);
        self.check_upcase(root.upcase, &mut walk.findings);
        let mut space = self.marked(root.bitmap, &mut walk.findings);
        let size_bytes = self.blocks.size_bytes();
        walk.boot(&mut space, self.boot.regions_bytes().min(size_bytes));
        walk.structure(&mut space, self.boot.tables().cut(size_bytes));
        let leftover = folder::walk(
            &*self.blocks,
            &self.boot,
            &self.table,
            &mut space,
            &mut walk,
        );
        if !walk.is_full() {
            leftover.list(&self.table, &mut space, size_bytes, &mut walk);
        }
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        self.reader(stream_of(item)?)
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let stream = stream_of(item)?;
        let clusters = self.boot.heap.needed(stream.size_bytes);
        let extents = self.extents(stream.first_cluster, stream.contiguous, clusters);
        let size = item.share.slack_bytes;
        Ok(Box::new(ExtentReader::new(
            &*self.blocks,
            after(extents, stream.valid_bytes),
            size,
            size,
        )))
    }
}

/// Where the content of an item lies.
fn stream_of(item: &Item) -> Result<entries::Stream, VolumeError> {
    let Locator::Chain {
        first_cluster,
        contiguous,
        valid_bytes,
    } = &item.locator
    else {
        return Err(VolumeError::Foreign);
    };
    Ok(entries::Stream {
        first_cluster: *first_cluster,
        contiguous: *contiguous,
        valid_bytes: *valid_bytes,
        size_bytes: item.size_bytes,
    })
}
