//! What is to be scanned, opened once.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use broker::identify::Snapshot;
use nix::fcntl::OFlag;
use wire::MediumName;
use wire::ledger;
use wire::scan::TargetKind;

use crate::CommandError;

/// Names that people give to disk images.
const IMAGE_EXTENSIONS: [&str; 7] = ["img", "iso", "dd", "raw", "ima", "image", "vfd"];

/// Marks of a disk image, as offset and bytes: boot signature, GPT, ISO 9660, ext2/3/4. They
/// decide only how an image is scanned; either way every byte of it is.
const IMAGE_MARKS: [(u64, &[u8]); 4] = [
    (510, b"\x55\xAA"),
    (512, b"EFI PART"),
    (32769, b"CD001"),
    (1080, b"\x53\xEF"),
];

/// Smallest disk image with a file system, in bytes: eight sectors.
const IMAGE_BYTES_MIN: u64 = 4096;

/// An opened target.
pub(crate) struct Target {
    pub(crate) kind: TargetKind,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) size_bytes: u64,
    /// A device once more, past the kernel's cache.
    pub(crate) read_back: Option<File>,
    /// The kernel's number of the medium in a device.
    sequence: Option<u64>,
    before: Snapshot,
}

impl Target {
    /// Opens `path` for reading. `kind` is what the person said that it is.
    pub(crate) fn open(path: &Path, said: Option<TargetKind>) -> Result<Self, CommandError> {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
            .open(path)
            .map_err(CommandError::file("open", path))?;
        let about = file
            .metadata()
            .map_err(CommandError::file("look at", path))?;
        let of_type = about.file_type();
        let kind = if of_type.is_dir() {
            TargetKind::Folder
        } else if of_type.is_block_device() {
            TargetKind::Device
        } else if of_type.is_file() {
            match said {
                Some(kind) => kind,
                None if is_image(path, &file, about.len()) => TargetKind::Image,
                None => TargetKind::File,
            }
        } else {
            return Err(CommandError::Target {
                path: path.to_owned(),
            });
        };
        let size_bytes = match kind {
            TargetKind::Folder => 0,
            TargetKind::Device => {
                device_size(&file).map_err(CommandError::file("measure", path))?
            }
            TargetKind::Image | TargetKind::File => about.len(),
        };
        let read_back = match kind {
            TargetKind::Device => Some(unbuffered(path, &about)?),
            TargetKind::Folder | TargetKind::Image | TargetKind::File => None,
        };
        Ok(Self {
            kind,
            sequence: jail::disk::sequence(file.as_fd()).ok(),
            path: path.to_owned(),
            file,
            size_bytes,
            read_back,
            before: Snapshot::of(&about),
        })
    }

    /// The size of the medium in bytes; 0 where none is read whole: a file is a folder with one file.
    pub(crate) fn medium_bytes(&self) -> u64 {
        match self.kind {
            TargetKind::Device | TargetKind::Image => self.size_bytes,
            TargetKind::Folder | TargetKind::File => 0,
        }
    }

    /// As the ledger names it.
    pub(crate) fn named(&self) -> ledger::Target {
        let (name, _) = MediumName::cut(self.path.as_os_str().as_bytes());
        ledger::Target {
            kind: self.kind,
            name,
            size_bytes: self.size_bytes,
        }
    }

    /// Whether a file or image was written to since it was opened, or another medium is in
    /// the device. What cannot be asked has changed.
    pub(crate) fn has_changed(&self) -> bool {
        match self.kind {
            TargetKind::Image | TargetKind::File => !self.before.holds(&self.file),
            TargetKind::Device => {
                let device = self.file.as_fd();
                let same = jail::disk::sequence(device).ok() == self.sequence
                    && jail::fd::size(device).ok() == Some(self.size_bytes);
                !same
            }
            TargetKind::Folder => false,
        }
    }

    /// A descriptor of its own for whoever reads it.
    pub(crate) fn descriptor(&self) -> Result<OwnedFd, CommandError> {
        self.file
            .try_clone()
            .map(OwnedFd::from)
            .map_err(CommandError::file("open again", self.path.clone()))
    }
}

/// Opens the device that `about` describes once more, so that what was read can be compared with
/// what it answers then, and not with the kernel's memory of it.
fn unbuffered(path: &Path, about: &Metadata) -> Result<File, CommandError> {
    let fault = || CommandError::file("read without the kernel's cache", path);
    let device = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECT | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)
        .map_err(fault())?;
    let again = device.metadata().map_err(fault())?;
    // Between the two, the name may have come to mean another device.
    if !again.file_type().is_block_device() || again.rdev() != about.rdev() {
        return Err(fault()(io::ErrorKind::NotFound.into()));
    }
    Ok(device)
}

fn is_image(path: &Path, file: &File, size_bytes: u64) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let named = extension.is_some_and(|extension| {
        IMAGE_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    let whole_sectors = IMAGE_BYTES_MIN <= size_bytes && size_bytes.is_multiple_of(512);
    named
        || whole_sectors
            && IMAGE_MARKS.iter().any(|(offset, mark)| {
                let mut found = vec![0; mark.len()];
                file.read_exact_at(&mut found, *offset).is_ok() && found == *mark
            })
}

/// A block device says its size by where its end is.
fn device_size(file: &File) -> io::Result<u64> {
    use std::io::{Seek, SeekFrom};
    let mut handle = file;
    let end = handle.seek(SeekFrom::End(0))?;
    handle.rewind()?;
    Ok(end)
}
