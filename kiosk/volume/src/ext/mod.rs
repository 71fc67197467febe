//! ext2, ext3 and ext4. Source: the kernel's Documentation/filesystems/ext4 and, for the journal,
//! its Documentation/filesystems/journalling.rst and the on-disk format described beside it.
//!
//! In the order of a walk: the [`superblock`], the journal's blocks that were never written home
//! ([`journal`]), the [`groups`] and what they own ([`fixed`]), the folders from the root on
//! ([`walk`]), then the inodes that no folder named ([`sweep`]).

mod crc;

mod superblock;

mod groups;

mod journal;

mod overlay;

mod inode;

mod runs;

mod content;

mod fixed;

mod owned;

mod folder;

mod walk;

mod sweep;

use std::io::{self, Read};
use std::rc::Rc;

use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};
use wire::{Finding, Gap, MediumName, RowKind};

use crc::Crc;
use groups::Group;
use inode::{Inode, Type, flag};
use superblock::{SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET_BYTES, Superblock, incompatible};

use crate::blocks::{Blocks, head};
use crate::content::ExtentReader;
use crate::error::VolumeError;
use crate::findings::incomplete;
use crate::kind::Kind;
use crate::number::{narrow, wide};
use crate::tree::{Seen, Tree, Walked};
use crate::walk::{Content, Folder, Walk};

/// An ext volume.
pub(crate) struct ExtTree {
    volume: u32,
    system: System,
}

/// Whether the superblock describes a volume that can be. Its mark alone is two bytes long.
pub(crate) fn is_sound(blocks: &dyn Blocks) -> bool {
    let raw = head(blocks, SUPERBLOCK_OFFSET_BYTES, SUPERBLOCK_BYTES);
    raw.is_ok_and(|raw| Superblock::parse("ext", raw).is_ok())
}

/// What every part of the reader needs.
struct System {
    /// The volume with what its journal holds in place.
    blocks: Rc<dyn Blocks>,
    superblock: Superblock,
    groups: Vec<Group>,
    crc: Crc,
    /// What came of the journal.
    replay: journal::Replay,
}

impl ExtTree {
    /// The ext volume on `blocks`.
    ///
    /// # Errors
    /// A superblock or group descriptors that cannot be read, and features that are not read
    /// here.
    pub(crate) fn open(
        kind: Kind,
        volume: u32,
        blocks: Rc<dyn Blocks>,
    ) -> Result<Self, VolumeError> {
        let system = System::open(kind.name(), blocks)?;
        Ok(Self { volume, system })
    }
}

impl System {
    /// The file system, after a second look at its first structures when the journal holds newer
    /// ones.
    fn open(kind: &'static str, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let mut system = Self::load(kind, blocks.clone())?;
        if !system.superblock.needs(incompatible::RECOVER) {
            return Ok(system);
        }
        let replay = journal::replay(&system)?;
        if !replay.newer.is_empty() {
            let block_bytes = system.superblock.block_bytes;
            let newer = overlay::Overlay::new(blocks, block_bytes, replay.newer.clone());
            system = Self::load(kind, Rc::new(newer))?;
            if system.superblock.block_bytes != block_bytes {
                let what = "the journal changes the size of blocks";
                return Err(VolumeError::Malformed { kind, what });
            }
        }
        system.replay = replay;
        Ok(system)
    }

    fn load(kind: &'static str, blocks: Rc<dyn Blocks>) -> Result<Self, VolumeError> {
        let crc = Crc::new();
        let superblock = Superblock::read(kind, &*blocks)?;
        let groups = groups::read(&superblock, &crc, &*blocks)?;
        Ok(Self {
            blocks,
            superblock,
            groups,
            crc,
            replay: journal::Replay::default(),
        })
    }

    /// Where an inode is, in bytes; `None` for one that the volume does not have.
    fn inode_offset(&self, number: u32) -> Option<u64> {
        let index = u64::from(number).checked_sub(1)?;
        let group = index.checked_div(self.superblock.inodes_per_group)?;
        let within = index.checked_rem(self.superblock.inodes_per_group)?;
        let table = self.groups.get(narrow(group))?.inode_table;
        let offset = within.checked_mul(self.superblock.inode_bytes)?;
        let offset = self.superblock.offset(table).checked_add(offset)?;
        (index < self.superblock.inodes).then_some(offset)
    }

    /// One inode.
    fn inode(&self, number: u32) -> io::Result<Inode> {
        let offset = self.inode_offset(number);
        let offset = offset.ok_or(io::ErrorKind::InvalidData)?;
        let mut raw = vec![0; narrow(self.superblock.inode_bytes)];
        self.blocks.read_at(offset, &mut raw)?;
        let seed = self.superblock.seed(&self.crc);
        Ok(Inode::new(number, raw, seed, &self.crc))
    }

    fn size_of(&self, inode: &Inode) -> u64 {
        inode.size_bytes(self.superblock.needs(incompatible::LARGEDIR))
    }

    /// The inode of a content that a walk listed.
    fn inode_of(&self, item: &Item) -> Result<Inode, VolumeError> {
        let Locator::Record { record, stream } = &item.locator else {
            return Err(VolumeError::Foreign);
        };
        let number = u32::try_from(*record).map_err(|_| VolumeError::Foreign)?;
        let inode = self.inode(number)?;
        let is_same = stream.as_bytes().is_empty()
            && inode.kind() == Type::File
            && self.size_of(&inode) == item.size_bytes;
        if is_same {
            Ok(inode)
        } else {
            Err(VolumeError::Foreign)
        }
    }
}

impl Tree for ExtTree {
    fn label(&mut self) -> MediumName {
        let label = self.system.superblock.label();
        let label = label.split(|byte| *byte == 0).next().unwrap_or_default();
        MediumName::cut(label).0
    }

    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError> {
        let mut walk = Walk::new(self.volume, limits, spare, visit);
        walk::walk(&self.system, &mut walk);
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        if let Locator::Inline(content) = &item.locator {
            return Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec())));
        }
        let inode = self.system.inode_of(item)?;
        if inode.has(flag::ENCRYPTED) {
            return Err(VolumeError::Encrypted);
        }
        let size = item.size_bytes;
        if inode.has(flag::INLINE_DATA) {
            let content = inode.inline_content();
            let content = content.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
            return Ok(Box::new(io::Cursor::new(content)));
        }
        let extents = content::extents(&self.system, &inode, size);
        let blocks = &*self.system.blocks;
        Ok(Box::new(ExtentReader::new(blocks, extents, size, size)))
    }

    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        let inode = self.system.inode_of(item)?;
        let extents = content::slack(&self.system, &inode, item.size_bytes);
        let size = item.share.slack_bytes;
        let blocks = &*self.system.blocks;
        Ok(Box::new(ExtentReader::new(blocks, extents, size, size)))
    }
}

/// A link is its target's path, as a content.
pub(crate) fn link(
    folder: &Folder,
    name: &[u8],
    target: &[u8],
    findings: Vec<Finding>,
    walk: &mut Walk<'_>,
) {
    let (kept, cut) = MediumName::cut(target);
    let size = wide(target.len());
    if cut {
        let finding = incomplete(
            "link_too_long",
            "a link's target is longer than names may be",
        );
        walk.unchecked(folder, name, RowKind::File, size, Gap::Limit, finding);
    } else {
        walk.content(
            folder,
            name,
            Content::file(size, Locator::Inline(kept), findings),
        );
    }
}
