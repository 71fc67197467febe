//! One volume's tree of contents, whatever its file system.

use std::io::Read;
use std::rc::Rc;

use wire::scan::{Limits, Spare};
use wire::worker::Item;
use wire::{Finding, MediumName, Row};

use crate::blocks::Blocks;
use crate::content::{Extent, ExtentReader};
use crate::error::VolumeError;
use crate::kind::Kind;

/// What came of a walk that reached its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// What is wrong with the volume's structure; nothing means that nothing was left out.
    pub findings: Vec<Finding>,
    /// Bytes that are free by the volume's own bookkeeping, examined or not. The shares of
    /// everything else that the walk found add up to the rest of the volume.
    pub unallocated_bytes: u64,
}

/// Something that a walk came across.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one value at a time, handed straight to the caller"
)]
pub enum Seen {
    /// A content to examine.
    Item(Item),
    /// Something that cannot be examined; its outcome says why.
    Row(Row),
}

/// A volume with a reader.
pub trait Tree {
    /// Volume label; empty when it has none or it cannot be read.
    fn label(&mut self) -> MediumName;

    /// Lists every content once and calls `visit` for each: files, and as raw bytes everything
    /// on the volume that belongs to none. `spare` says what of the free space is listed.
    ///
    /// Depth costs no stack, loops end, and the number of calls is at most
    /// `limits.files_max` and one, plus one for each folder and for each 64 MiB or 512 runs of
    /// space that is no file's.
    ///
    /// # Errors
    /// A [`VolumeError`] when nothing, or nothing more, can be listed.
    fn walk(
        &mut self,
        limits: &Limits,
        spare: Spare,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Walked, VolumeError>;

    /// A sequential reader of one content that [`Tree::walk`] of the same volume listed, here
    /// or in another process. It gives exactly `item.size_bytes` bytes or fails: its error
    /// kinds are in the crate's description.
    ///
    /// # Errors
    /// A [`VolumeError`] when not even its first byte can be found.
    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError>;

    /// A sequential reader of what is in the clusters of a content and not of it: at least
    /// `item.share.slack_bytes` bytes. Asked for only when that is not 0.
    ///
    /// # Errors
    /// As for [`Tree::open`].
    fn slack<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError>;
}

/// A reader of raw bytes: `extents` of `part`, each an offset and a length, one after the other.
#[must_use]
pub fn raw<'a>(part: &'a dyn Blocks, extents: &[(u64, u64)]) -> Box<dyn Read + 'a> {
    let size = extents
        .iter()
        .fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
    let extents: Vec<_> = extents
        .iter()
        .map(|(offset, size)| {
            Ok(Extent {
                offset_bytes: Some(*offset),
                size_bytes: *size,
            })
        })
        .collect();
    let extents = Box::new(extents.into_iter());
    Box::new(ExtentReader::new(part, extents, size, size))
}

/// What follows each of these extents in its last block.
pub(crate) fn tail_extents(
    part: &dyn Blocks,
    extents: &[(u64, u64)],
    block_bytes: u64,
) -> Vec<(u64, u64)> {
    let there = part.size_bytes();
    let tails = extents.iter().map(|(offset, size)| {
        let end = offset.saturating_add(*size);
        let block_end = end.checked_next_multiple_of(block_bytes.max(1));
        let block_end = block_end.unwrap_or(end).min(there);
        (end, block_end.saturating_sub(end))
    });
    tails.filter(|tail| tail.1 != 0).collect()
}

/// A reader of it.
pub(crate) fn tails<'a>(
    part: &'a dyn Blocks,
    extents: &[(u64, u64)],
    block_bytes: u64,
) -> Box<dyn Read + 'a> {
    raw(part, &tail_extents(part, extents, block_bytes))
}

/// The tree on `part`, which was recognised as `kind_name`. Its items carry `volume_index`.
///
/// # Errors
/// [`VolumeError::NoReader`] for a kind that is only named here; any other when the volume's
/// first structures cannot be read. [`VolumeError::finding`] is what to report.
pub fn open(
    kind_name: &str,
    volume_index: u32,
    part: Rc<dyn Blocks>,
) -> Result<Box<dyn Tree>, VolumeError> {
    let kind = Kind::from_name(kind_name).unwrap_or(Kind::Unknown);
    match kind {
        Kind::Fat12 | Kind::Fat16 | Kind::Fat32 => {
            Ok(Box::new(crate::fat::FatTree::open(volume_index, part)?))
        }
        Kind::Exfat => Ok(Box::new(crate::exfat::ExfatTree::open(volume_index, part)?)),
        Kind::Ntfs => Ok(Box::new(crate::ntfs::NtfsTree::open(volume_index, part)?)),
        Kind::Ext2 | Kind::Ext3 | Kind::Ext4 => Ok(Box::new(crate::ext::ExtTree::open(
            kind,
            volume_index,
            part,
        )?)),
        Kind::Iso9660 => Ok(Box::new(crate::iso::IsoTree::open(volume_index, part)?)),
        Kind::Udf => Ok(Box::new(crate::udf::UdfTree::open(volume_index, part)?)),
        Kind::Named { name, gap } => Err(VolumeError::NoReader { kind: name, gap }),
        Kind::Unknown => Err(VolumeError::NoReader {
            kind: kind.name(),
            gap: wire::Gap::Unsupported,
        }),
    }
}
