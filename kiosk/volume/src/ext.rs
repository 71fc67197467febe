//! ext2, ext3 and ext4, read by the crate `ext4-view`, which replays the journal in memory and
//! checks the checksums that the volume has.

use std::io::{self, Read};
use std::rc::Rc;

use ext4_view::{DirEntry, Ext4, Ext4Error, Ext4Read, FileType, PathBuf};
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};
use wire::{Finding, Gap, MediumName, RowKind};

use crate::blocks::{Blocks, head};
use crate::error::VolumeError;
use crate::findings::{Findings, incomplete, notice};
use crate::kind::Kind;
use crate::number::{u16_at, u32_at};
use crate::tree::{Seen, Tree, Walked};
use crate::walk::{Content, Folder, Walk};

/// An ext volume.
pub(crate) struct ExtTree {
    blocks: Rc<dyn Blocks>,
    volume: u32,
    system: Ext4,
    superblock: Vec<u8>,
}

/// The volume as the crate reads it.
struct Source(Rc<dyn Blocks>);

impl Ext4Read for Source {
    fn read(
        &mut self,
        start_byte: u64,
        buffer: &mut [u8],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        Ok(self.0.read_at(start_byte, buffer)?)
    }
}

impl ExtTree {
    /// The ext volume on `blocks`.
    ///
    /// # Errors
    /// A superblock, group descriptors or journal that cannot be read, and features that the
    /// crate does not know.
    pub(crate) fn open(
        kind: Kind,
        volume: u32,
        blocks: Rc<dyn Blocks>,
    ) -> Result<Self, VolumeError> {
        let superblock = head(&*blocks, 1024, 1024)?;
        let source = Box::new(Source(blocks.clone()));
        let system = Ext4::load(source).map_err(|error| open_error(kind, error))?;
        Ok(Self {
            blocks,
            volume,
            system,
            superblock,
        })
    }

    fn block_bytes(&self) -> u64 {
        let shift = u32_at(&self.superblock, 24).saturating_add(10);
        1_u64.checked_shl(shift).unwrap_or(0)
    }

    /// A block count whose upper half is used by 64-bit volumes only.
    fn count(&self, low: usize, high: usize) -> u64 {
        let is_64bit = u32_at(&self.superblock, 96) & 0x80 != 0;
        let high = if is_64bit {
            u32_at(&self.superblock, high)
        } else {
            0
        };
        u64::from(high) << 32 | u64::from(u32_at(&self.superblock, low))
    }

    fn check(&self, findings: &mut Findings) {
        let size = self.count(4, 0x150).saturating_mul(self.block_bytes());
        let there = self.blocks.size_bytes();
        if there < size {
            let detail = format!("{size} bytes by its superblock, {there} bytes there");
            findings.incomplete("volume_past_end", detail);
        }
        if u16_at(&self.superblock, 58) & 2 != 0 {
            findings.incomplete("ext_errors", "the volume itself records that it has errors");
        }
        if u32_at(&self.superblock, 96) & 4 != 0 {
            findings.notice("volume_dirty", "the volume was not taken out properly");
        }
    }
}

/// A failure to load. What is not corrupt and not the medium's fault is a feature.
fn open_error(kind: Kind, error: Ext4Error) -> VolumeError {
    if let Ext4Error::Incompatible(what) = &error {
        return VolumeError::Feature {
            kind: kind.name(),
            what: what.to_string(),
        };
    }
    VolumeError::Read(io_error(error))
}

/// The kinds of error that the crate's description promises.
fn io_error(error: Ext4Error) -> io::Error {
    let Ext4Error::Io(inner) = error else {
        return structure_error(error);
    };
    match inner.downcast::<io::Error>() {
        Ok(inner) => *inner,
        Err(inner) => io::Error::other(inner),
    }
}

/// An error that is not the medium's.
fn structure_error(error: Ext4Error) -> io::Error {
    let kind = if matches!(error, Ext4Error::Encrypted) {
        io::ErrorKind::PermissionDenied
    } else if matches!(error, Ext4Error::Incompatible(_) | Ext4Error::PathTooLong) {
        io::ErrorKind::Unsupported
    } else {
        io::ErrorKind::InvalidData
    };
    io::Error::new(kind, error)
}

impl Tree for ExtTree {
    fn label(&mut self) -> MediumName {
        let label = self.system.label().as_bytes();
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
        self.check(&mut walk.findings);
        let mut pending = vec![Folder::root()];
        while let Some(folder) = pending.pop() {
            if walk.is_full() {
                break;
            }
            let queued = pending.len();
            self.folder(&folder, &mut walk, &mut pending);
            // Read in the order of the folder, though the last in is the first out.
            if let Some(new) = pending.get_mut(queued..) {
                new.reverse();
            }
        }
        Ok(walk.ended())
    }

    fn open<'a>(&'a self, item: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        match &item.locator {
            Locator::Inline(content) => Ok(Box::new(io::Cursor::new(content.as_bytes().to_vec()))),
            Locator::Path => {
                let path = absolute(item.path.as_bytes())?;
                let file = self.system.open(path.as_path()).map_err(io_error)?;
                if file.metadata().len() != item.size_bytes {
                    return Err(VolumeError::Foreign);
                }
                Ok(Box::new(Reader(file)))
            }
            Locator::Range { .. }
            | Locator::Chain { .. }
            | Locator::Record { .. }
            | Locator::Extents(_)
            | Locator::Loose => Err(VolumeError::Foreign),
        }
    }

    fn slack<'a>(&'a self, _: &Item) -> Result<Box<dyn Read + 'a>, VolumeError> {
        Err(VolumeError::Foreign)
    }
}

impl ExtTree {
    /// Lists one folder. Folders that lead back to themselves end at the limits: the crate
    /// gives no inode numbers to know them by.
    fn folder(&self, folder: &Rc<Folder>, walk: &mut Walk<'_>, pending: &mut Vec<Rc<Folder>>) {
        let own = if folder.own_path() == b"." {
            Vec::new()
        } else {
            folder.own_path()
        };
        let entries = absolute(&own).and_then(|path| {
            let entries = self.system.read_dir(path.as_path());
            entries.map_err(|error| VolumeError::Read(io_error(error)))
        });
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return unlisted(folder, walk, &error),
        };
        for entry in entries {
            if walk.is_full() {
                return;
            }
            match entry {
                Ok(entry) if matches!(entry.file_name().as_ref(), b"." | b"..") => {}
                Ok(entry) => {
                    if let Err(error) = self.entry(folder, &entry, walk, pending) {
                        let error = VolumeError::Read(io_error(error));
                        let finding = incomplete("ext_entry_damaged", error.finding().detail);
                        walk.findings
                            .incomplete("ext_entry_damaged", "an inode cannot be read");
                        let name = entry.file_name();
                        let gap = error.gap();
                        walk.unchecked(folder, name.as_ref(), RowKind::File, 0, gap, finding);
                    }
                }
                Err(error) => {
                    // The crate goes on with nothing after an error in a folder's blocks.
                    return unlisted(folder, walk, &VolumeError::Read(io_error(error)));
                }
            }
        }
    }

    fn entry(
        &self,
        folder: &Rc<Folder>,
        entry: &DirEntry,
        walk: &mut Walk<'_>,
        pending: &mut Vec<Rc<Folder>>,
    ) -> Result<(), Ext4Error> {
        let name = entry.file_name();
        let name: &[u8] = name.as_ref();
        let metadata = entry.metadata()?;
        let mut findings = Vec::new();
        if entry.file_type()? != metadata.file_type() {
            let detail = "a directory entry and its inode disagree about the kind of file";
            walk.findings.incomplete("ext_type_mismatch", detail);
            findings.push(incomplete("ext_type_mismatch", detail));
        }
        match metadata.file_type() {
            FileType::Directory => pending.extend(walk.folder(folder, name)),
            FileType::Regular => {
                let content = Content::file(metadata.len(), Locator::Path, findings);
                walk.content(folder, name, content);
            }
            FileType::Symlink => {
                let target = self.system.read_link(entry.path().as_path())?;
                link(folder, name, target.as_ref(), findings, walk);
            }
            FileType::BlockDevice
            | FileType::CharacterDevice
            | FileType::Fifo
            | FileType::Socket => {
                let detail = "a device, pipe or socket: it has no content of its own";
                findings.push(notice("special_file", detail));
                let locator = Locator::Inline(MediumName::default());
                walk.content(folder, name, Content::file(0, locator, findings));
            }
        }
        Ok(())
    }
}

/// Says that a folder could not be listed to its end.
fn unlisted(folder: &Folder, walk: &mut Walk<'_>, error: &VolumeError) {
    let detail = error.finding().detail;
    walk.findings.incomplete("folder_damaged", detail.clone());
    walk.unlisted(folder, error.gap(), incomplete("folder_damaged", detail));
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
    let size = crate::number::wide(target.len());
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

fn absolute(path: &[u8]) -> Result<PathBuf, VolumeError> {
    let mut bytes = b"/".to_vec();
    bytes.extend_from_slice(path);
    PathBuf::try_from(bytes.as_slice()).map_err(|_| VolumeError::Foreign)
}

/// A file as a reader with our kinds of error.
struct Reader(ext4_view::File);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_bytes(buffer).map_err(io_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::gap_of;

    #[test]
    fn the_mediums_own_errors_stay_what_they_are() {
        let medium = io::Error::from_raw_os_error(5);
        let error = io_error(Ext4Error::Io(Box::new(medium)));
        assert_eq!(gap_of(&error), Gap::Unreadable);
        assert_eq!(gap_of(&io_error(Ext4Error::NotFound)), Gap::Damaged);
        assert_eq!(gap_of(&io_error(Ext4Error::Encrypted)), Gap::Encrypted);
    }
}
