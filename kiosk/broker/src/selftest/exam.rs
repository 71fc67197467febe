//! The exam: every specimen of a set of rules on a medium, and where it is to be found.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use bundle::{CANARIES, CANARY_TEXT_BYTES_MAX, CanaryError, Expected, Room, Specimen};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use super::medium::{self, IMAGE_BYTES_MAX};
use super::zip::{self, Member};
use crate::rules::FOLDER_DEPTH_MAX;

/// Most specimens of one set: their rows are read in seconds, and their names have eight digits.
pub const SPECIMENS_MAX: usize = 20_000;

/// Largest specimens of one set together, in bytes: in two places and a little more they fit
/// [`IMAGE_BYTES_MAX`], though packing by fixed codes adds an eighth.
pub const SPECIMENS_BYTES_MAX: usize = IMAGE_BYTES_MAX / 3;

/// Canaries that are also examined in an archive in an archive, the smallest first: whether
/// nesting works does not depend on the rule.
const NESTED: usize = 16;

/// Archives on the medium, and the one inside the second.
const PACKED: &str = "PACKED";
const NESTING: &str = "NESTED";
const INNER: &str = "INNER.ZIP";

/// Why a set cannot be tested. Untested rules do not go live.
#[derive(Debug, thiserror::Error)]
pub enum ExamError {
    /// A file or folder of the set cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A `canary.toml` is malformed.
    #[error("{}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: CanaryError,
    },
    /// Nothing in the set says what its rules must find.
    #[error("there is no canary in {}: its rules cannot be tested (add a {CANARIES})", path.display())]
    NoCanary {
        /// Which set.
        path: PathBuf,
    },
    /// A rule is named by near misses only, so that not finding them proves nothing.
    #[error("rule {rule} has a near miss and no canary")]
    NearMissOnly {
        /// Which.
        rule: String,
    },
    /// The set's specimens are more than a limit.
    #[error("the specimens in {} are more than {what}", path.display())]
    TooMuch {
        /// Which set.
        path: PathBuf,
        /// The limit.
        what: String,
    },
    /// There is no memory for the medium.
    #[error("cannot get memory for the test medium")]
    Memory(#[source] io::Error),
}

/// Where on the medium a specimen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A file.
    File,
    /// A member of an archive.
    Zip,
    /// A member of an archive in an archive.
    ZipInZip,
}

impl Place {
    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "as a file",
            Self::Zip => "in a zip",
            Self::ZipInZip => "in a zip in a zip",
        }
    }
}

/// One specimen, its places and what must be read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) rule: String,
    pub(super) expected: Expected,
    /// Which canary, or near miss, of its rule, from 1, in the order of the files.
    pub(super) ordinal: u64,
    pub(super) places: Vec<Place>,
    pub(super) sha256: Digest,
}

/// A medium with every specimen of a set.
#[derive(Debug)]
pub struct Exam {
    /// The image, opened for reading only.
    pub(super) image: OwnedFd,
    pub(super) size_bytes: u64,
    pub(super) subjects: Vec<Subject>,
    sha256: Digest,
}

impl Exam {
    /// Reads every `canary.toml` of the set in `folder` and makes the medium.
    ///
    /// # Errors
    /// [`ExamError`], naming the file or the rule.
    pub fn of(folder: &Path) -> Result<Self, ExamError> {
        let specimens = specimens(folder)?;
        let subjects = subjects(&specimens, folder)?;
        let too_much = || ExamError::TooMuch {
            path: folder.to_owned(),
            what: format!("an image of {IMAGE_BYTES_MAX} bytes holds"),
        };
        let image = image(&specimens, &subjects).ok_or_else(too_much)?;
        let sha256 = Digest(Sha256::digest(&image).into());
        let memory = jail::memory::sealed("test medium", &image).map_err(ExamError::Memory)?;
        // A scanner takes only what it cannot write, seals or not.
        let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
        let read_only = File::open(path).map_err(ExamError::Memory)?;
        Ok(Self {
            image: read_only.into(),
            size_bytes: u64::try_from(image.len()).map_err(|_| too_much())?,
            subjects,
            sha256,
        })
    }

    /// Over the medium: two exams with one hash ask the same.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }
}

/// The stem of the file and member that hold a specimen.
pub(super) fn stem(number: usize) -> String {
    format!("{number:08}")
}

/// The containers around a specimen in this place, and its name.
pub(super) fn trail(place: Place, number: usize) -> Vec<String> {
    let name = format!("{}.BIN", stem(number));
    let zip = |stem: &str| format!("{stem}.ZIP");
    match place {
        Place::File => vec![name],
        Place::Zip => vec![zip(PACKED), name],
        Place::ZipInZip => vec![zip(NESTING), INNER.to_owned(), name],
    }
}

/// All specimens below `folder`, in the order of the names of their files.
fn specimens(folder: &Path) -> Result<Vec<Specimen>, ExamError> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0_usize)];
    while let Some((path, depth)) = folders.pop() {
        let fault = |source| ExamError::Read {
            path: path.clone(),
            source,
        };
        if fs::metadata(&path).map_err(fault)?.is_dir() {
            if depth <= FOLDER_DEPTH_MAX {
                for entry in fs::read_dir(&path).map_err(fault)? {
                    let entry = entry.map_err(fault)?;
                    folders.push((entry.path(), depth.saturating_add(1)));
                }
            }
        } else if path.file_name().is_some_and(|name| name == CANARIES) {
            files.push(path);
        }
    }
    files.sort();
    let mut all = Vec::new();
    let mut bytes = 0_usize;
    for path in files {
        let room = Room {
            specimens: SPECIMENS_MAX.saturating_sub(all.len()),
            bytes: SPECIMENS_BYTES_MAX.saturating_sub(bytes),
        };
        let some = family(&path, room)?;
        bytes = some
            .iter()
            .fold(bytes, |sum, one| sum.saturating_add(one.bytes.len()));
        all.extend(some);
    }
    Ok(all)
}

fn family(path: &Path, room: Room) -> Result<Vec<Specimen>, ExamError> {
    use std::io::Read as _;
    let fault = |source| ExamError::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let most = u64::try_from(CANARY_TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(fault)?;
    // One byte past the limit is enough to be refused for it.
    file.take(most.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(fault)?;
    bundle::canaries_within(&text, room).map_err(|source| match source {
        CanaryError::Many(what) => ExamError::TooMuch {
            path: path.to_owned(),
            what,
        },
        CanaryError::TooLong
        | CanaryError::Malformed(_)
        | CanaryError::Hex { .. }
        | CanaryError::Large { .. } => ExamError::Malformed {
            path: path.to_owned(),
            source,
        },
    })
}

/// What is asked of each specimen. Every rule that is named has a canary.
fn subjects(specimens: &[Specimen], folder: &Path) -> Result<Vec<Subject>, ExamError> {
    let is_canary = |specimen: &&Specimen| specimen.expected == Expected::Found;
    let canaries: std::collections::BTreeSet<&str> = specimens
        .iter()
        .filter(is_canary)
        .map(|specimen| specimen.rule.as_str())
        .collect();
    if canaries.is_empty() {
        return Err(ExamError::NoCanary {
            path: folder.to_owned(),
        });
    }
    let without = |specimen: &&Specimen| !canaries.contains(specimen.rule.as_str());
    if let Some(specimen) = specimens.iter().find(without) {
        return Err(ExamError::NearMissOnly {
            rule: specimen.rule.clone(),
        });
    }
    let mut by_size: Vec<(usize, &Specimen)> = specimens
        .iter()
        .enumerate()
        .filter(|(_, specimen)| is_canary(specimen))
        .collect();
    by_size.sort_by_key(|(number, specimen)| (specimen.bytes.len(), *number));
    let nested: std::collections::BTreeSet<usize> = by_size
        .iter()
        .take(NESTED)
        .map(|(number, _)| *number)
        .collect();
    let mut counts = std::collections::BTreeMap::new();
    let subject = |(number, specimen): (usize, &Specimen)| {
        let count = counts.entry((specimen.rule.clone(), specimen.expected));
        let ordinal: &mut u64 = count.or_insert(0);
        *ordinal = ordinal.saturating_add(1);
        let mut places = vec![Place::File, Place::Zip];
        places.extend(nested.contains(&number).then_some(Place::ZipInZip));
        Subject {
            rule: specimen.rule.clone(),
            expected: specimen.expected,
            ordinal: *ordinal,
            places,
            sha256: Digest(Sha256::digest(&specimen.bytes).into()),
        }
    };
    Ok(specimens.iter().enumerate().map(subject).collect())
}

/// The medium; `None` when there is too much for one.
fn image(specimens: &[Specimen], subjects: &[Subject]) -> Option<Vec<u8>> {
    let packed = packed(specimens, subjects, Place::Zip)?;
    let inner = packed_inner(specimens, subjects)?;
    let stems: Vec<String> = (0..specimens.len()).map(stem).collect();
    let mut files: Vec<medium::File<'_>> = stems
        .iter()
        .zip(specimens)
        .map(|(stem, specimen)| medium::File {
            stem,
            extension: "BIN",
            bytes: &specimen.bytes,
        })
        .collect();
    for (stem, bytes) in [(PACKED, &packed), (NESTING, &inner)] {
        files.push(medium::File {
            stem,
            extension: "ZIP",
            bytes,
        });
    }
    medium::image(&files)
}

fn packed_inner(specimens: &[Specimen], subjects: &[Subject]) -> Option<Vec<u8>> {
    let bytes = packed(specimens, subjects, Place::ZipInZip)?;
    zip::archive(&[Member {
        name: INNER,
        bytes: &bytes,
    }])
}

/// An archive of the specimens that have this place.
fn packed(specimens: &[Specimen], subjects: &[Subject], place: Place) -> Option<Vec<u8>> {
    let named: Vec<(String, &Specimen)> = specimens
        .iter()
        .zip(subjects)
        .enumerate()
        .filter(|(_, (_, subject))| subject.places.contains(&place))
        .map(|(number, (specimen, _))| (format!("{}.BIN", stem(number)), specimen))
        .collect();
    let members: Vec<Member<'_>> = named
        .iter()
        .map(|(name, specimen)| Member {
            name,
            bytes: &specimen.bytes,
        })
        .collect();
    zip::archive(&members)
}

#[cfg(test)]
#[path = "exam_tests.rs"]
mod tests;
