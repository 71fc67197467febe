//! What a medium claims to be, and the descriptor it will be read through.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use decide::{Admission, Allowlist, Refusal};
use nix::fcntl::OFlag;
use wire::ledger::Target;
use wire::scan::TargetKind;
use wire::{Claim, MediumName, ReasonCode};

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

/// A medium before us, opened for reading once and never by name again.
pub struct Identified {
    /// What is read.
    pub file: File,
    /// How the ledger names it.
    pub target: Target,
    /// What it says it is.
    pub claim: Option<Claim>,
    /// Why there is no claim, for staff.
    pub claim_fault: Option<String>,
    before: Snapshot,
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
            before: Snapshot::of(&about),
            file,
            target,
            claim,
            claim_fault,
        })
    }

    /// What the screen calls it: the product string when it has one, else its name.
    #[must_use]
    pub fn label(&self) -> MediumName {
        let product = self.claim.as_ref().map(|claim| claim.product.clone());
        product
            .filter(|product| !product.is_empty())
            .unwrap_or_else(|| self.target.name.clone())
    }

    /// Applies the list. A medium without a claim is not registered.
    pub fn admission(&self, list: &Allowlist, today: jiff::civil::Date) -> Admission {
        match &self.claim {
            Some(claim) => decide::admit(claim, list, today),
            None => Admission::Refused(Refusal {
                code: ReasonCode::Unregistered,
                entry: None,
                detail: self.claim_fault.clone().unwrap_or_default(),
            }),
        }
    }

    /// Whether it was written to since it was opened.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.before.holds(&self.file)
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
