//! What a medium claims to be, and the descriptor it will be read through.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use decide::{Admission, Allowlist, Refusal};
use nix::fcntl::OFlag;
use wire::ledger::Target;
use wire::scan::TargetKind;
use wire::{Claim, MediumName, ReasonCode};

use crate::errand::Errand;
use crate::usb::disk::OpenedDisk;
use crate::usb::sysfs::{Description, DeviceKey, Disk, Sysfs};

/// Largest claim file, in bytes: a page of text.
const CLAIM_BYTES_MAX: u64 = 4096;

/// What tells whether a file was written to: its place, its size, and when it was
/// modified and changed: the last of these cannot be set back by whoever wrote to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    place: (u64, u64),
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Snapshot {
    /// The state that `about` describes.
    #[must_use]
    pub fn of(about: &Metadata) -> Self {
        Self {
            place: (about.dev(), about.ino()),
            size_bytes: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }

    /// Whether `file` is still in this state. What cannot be looked at is not.
    #[must_use]
    pub fn holds(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|about| Self::of(&about) == *self)
    }
}

/// A medium before us.
pub struct Identified {
    /// How the ledger names it.
    pub target: Target,
    /// What it says it is.
    pub claim: Option<Claim>,
    /// Why there is no claim, for staff.
    pub claim_fault: Option<String>,
    /// What it is read through; `None` for a device without a driver.
    pub opened: Option<Opened>,
}

/// A medium that was opened for reading, once and never by name again.
pub struct Opened {
    /// Only closing it takes them out.
    files: Option<Files>,
    before: Before,
}

struct Files {
    file: File,
    read_back: Option<File>,
}

/// What a medium was when it was opened.
#[derive(Clone)]
enum Before {
    Image(Snapshot),
    Disk(Box<Seated>),
}

/// A disk in its port.
#[derive(Clone)]
struct Seated {
    sysfs: Sysfs,
    device: DeviceKey,
    description: Description,
    size_bytes: u64,
    sequence: u64,
}

/// What became of a medium since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It is the same.
    Same,
    /// It was written to, or is another one.
    Changed,
    /// It is not there any more.
    Gone,
}

impl Identified {
    /// Opens an image and reads the claim beside it.
    ///
    /// # Errors
    /// When the image cannot be opened or is no regular file.
    pub fn image(image: &Path, claim: &Path) -> io::Result<Self> {
        let file = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(image)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        let name = image.file_name().unwrap_or(image.as_os_str());
        let (name, _) = MediumName::cut(name.as_bytes());
        let (claim, claim_fault) = match read_claim(claim, about.len()) {
            Ok(claim) => (Some(claim), None),
            Err(fault) => (None, Some(fault)),
        };
        let target = Target {
            kind: TargetKind::Image,
            name,
            size_bytes: about.len(),
        };
        Ok(Self {
            target,
            claim,
            claim_fault,
            opened: Some(Opened {
                files: Some(Files {
                    file,
                    read_back: None,
                }),
                before: Before::Image(Snapshot::of(&about)),
            }),
        })
    }

    /// A USB device that no driver was bound to: nothing of it can be read.
    #[must_use]
    pub fn device(port: &str, claim: Claim) -> Self {
        let (name, _) = MediumName::cut(format!("usb {port}").as_bytes());
        Self {
            target: Target {
                kind: TargetKind::Device,
                name,
                size_bytes: 0,
            },
            claim: Some(claim),
            claim_fault: None,
            opened: None,
        }
    }

    /// The same device, with the disk that it showed when it was let in.
    #[must_use]
    pub fn with_disk(
        mut self,
        sysfs: &Sysfs,
        device: &DeviceKey,
        description: &Description,
        (disk, opened): (&Disk, OpenedDisk),
    ) -> Self {
        let size_bytes = opened.size_bytes;
        self.target.name = MediumName::cut(format!("/dev/{}", disk.name).as_bytes()).0;
        self.target.size_bytes = size_bytes;
        if let Some(claim) = &mut self.claim {
            claim.capacity_bytes = Some(size_bytes);
        }
        self.opened = Some(Opened {
            files: Some(Files {
                file: opened.file,
                read_back: Some(opened.read_back),
            }),
            before: Before::Disk(Box::new(Seated {
                sysfs: sysfs.clone(),
                device: device.clone(),
                description: description.clone(),
                size_bytes,
                sequence: disk.sequence,
            })),
        });
        self
    }

    /// What the screen calls it: the product string when it has one, else its name.
    #[must_use]
    pub fn label(&self) -> MediumName {
        let product = self.claim.as_ref().map(|claim| claim.product.clone());
        product
            .filter(|product| !product.is_empty())
            .unwrap_or_else(|| self.target.name.clone())
    }

    /// Applies the list. A medium without a claim is not registered, and one without a disk
    /// has only as much of an answer as its descriptors give; it cannot be scanned.
    pub fn admission(&self, list: &Allowlist, today: jiff::civil::Date) -> Admission {
        match &self.claim {
            Some(claim) if claim.capacity_bytes.is_none() => {
                decide::admit_unbound(claim, list, today)
            }
            Some(claim) => decide::admit(claim, list, today),
            None => Admission::Refused(Refusal {
                code: ReasonCode::Unregistered,
                entry: None,
                detail: self.claim_fault.clone().unwrap_or_default(),
                differences: Vec::new(),
                function: None,
            }),
        }
    }

    /// Finds out what became of it since it was opened.
    ///
    /// # Errors
    /// When there is no thread or descriptor to be had.
    pub(crate) fn look_back(&self, now: Instant) -> io::Result<Errand<Since>> {
        let Some(opened) = &self.opened else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let file = opened.files()?.file.try_clone()?;
        let before = opened.before.clone();
        Errand::start(None, now, move || Ok(before.since(&file)))
    }
}

impl Opened {
    /// What is read.
    ///
    /// # Errors
    /// Never while it is in use.
    pub(crate) fn file(&self) -> io::Result<BorrowedFd<'_>> {
        Ok(self.files()?.file.as_fd())
    }

    /// What is read again, past the kernel's page cache; `None` for an image.
    pub(crate) fn read_back(&self) -> Option<BorrowedFd<'_>> {
        self.files.as_ref()?.read_back.as_ref().map(AsFd::as_fd)
    }

    fn files(&self) -> io::Result<&Files> {
        self.files.as_ref().ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let files = self.files.take();
        match self.before {
            Before::Image(_) => drop(files),
            // The last to close a disk waits for the reads that are still on their way.
            Before::Disk(_) => drop(std::thread::Builder::new().spawn(move || drop(files))),
        }
    }
}

impl Before {
    /// The claim is read again: the same device with the same descriptors and strings, and
    /// the same medium of the same size in it.
    fn since(&self, file: &File) -> Since {
        match self {
            Self::Image(snapshot) if snapshot.holds(file) => Since::Same,
            Self::Image(_) => Since::Changed,
            Self::Disk(seated) => {
                let Some(description) = seated.sysfs.description(&seated.device) else {
                    return Since::Gone;
                };
                let disk = file.as_fd();
                let same = description == seated.description
                    && jail::fd::size(disk).is_ok_and(|size| size == seated.size_bytes)
                    && jail::disk::sequence(disk).is_ok_and(|number| number == seated.sequence);
                if same { Since::Same } else { Since::Changed }
            }
        }
    }
}

fn read_claim(path: &Path, image_bytes: u64) -> Result<Claim, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (name, _) = MediumName::cut(name.as_bytes());
    let name = name.escaped().to_string();
    let text = std::fs::File::open(path)
        .and_then(|file| io::read_to_string(io::Read::take(file, CLAIM_BYTES_MAX)))
        .map_err(|error| format!("no claim: {name}: {error}"))?;
    decide::claim_file::parse(&text, image_bytes).map_err(|error| error.in_file(&name))
}
