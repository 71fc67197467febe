//! One volume's tree of contents, whatever its file system.

use std::io::Read;
use std::rc::Rc;

use wire::scan::Limits;
use wire::worker::Item;
use wire::{Finding, MediumName, Row};

use crate::blocks::Blocks;
use crate::error::VolumeError;
use crate::kind::Kind;

/// What a volume says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Volume label; empty when it has none or it cannot be read.
    pub label: MediumName,
    /// Bytes that the file system's own bookkeeping counts as in use; 0 when that cannot be
    /// read, which [`Tree::walk`] then reports.
    pub allocated_bytes: u64,
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
    /// What the volume says of itself.
    fn about(&mut self) -> About;

    /// Lists every content once and calls `visit` for each. Gives what is wrong with the
    /// volume's structure; an empty answer means that nothing was left out.
    ///
    /// Depth costs no stack, loops end, and the number of calls is at most
    /// `limits.files_max` and one, plus one for each folder.
    ///
    /// # Errors
    /// A [`VolumeError`] when nothing, or nothing more, can be listed.
    fn walk(
        &mut self,
        limits: &Limits,
        visit: &mut dyn FnMut(Seen),
    ) -> Result<Vec<Finding>, VolumeError>;

    /// A sequential reader of one content that [`Tree::walk`] of the same volume listed, here
    /// or in another process. It gives exactly `item.size_bytes` bytes or fails: its error
    /// kinds are in the crate's description.
    ///
    /// # Errors
    /// A [`VolumeError`] when not even its first byte can be found.
    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError>;
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
        Kind::Named { name, gap } => Err(VolumeError::NoReader { kind: name, gap }),
        Kind::Unknown => Err(VolumeError::NoReader {
            kind: kind.name(),
            gap: wire::Gap::Unsupported,
        }),
    }
}
