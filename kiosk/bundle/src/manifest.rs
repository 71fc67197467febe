//! `manifest.toml`: which bundle this is, how long it holds, and every file of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use wire::Digest;

use crate::{CANARIES, OVERRIDES};

/// Longest manifest, in bytes: the most files with the longest paths need some 9 MiB.
pub const MANIFEST_BYTES_MAX: u64 = 12 << 20;

/// Most files of a bundle beside its manifest. Public collections have under 3,000 rule files;
/// the engine is given 20,000 at most, and each may have canaries.
pub const BUNDLE_FILES_MAX: usize = 40_000;

/// Most bytes of all files of a bundle together. A list of known-good hashes of tens of
/// millions of rows fits, and a stick holds it as one file of FAT32.
pub const BUNDLE_TOTAL_BYTES_MAX: u64 = 4 << 30;

/// Longest path in a bundle, in bytes: what the name field of a tar header holds.
pub const BUNDLE_PATH_BYTES_MAX: usize = 100;

/// Most parts of a path, the file's name included: `family/rule.yar` and three more.
pub const BUNDLE_PATH_PARTS_MAX: usize = 5;

/// Longest name of a bundle, in bytes: it becomes part of file names and of every entry.
pub const BUNDLE_NAME_BYTES_MAX: usize = 64;

/// Highest version: TOML has no larger integers.
const VERSION_MAX: u64 = i64::MAX.unsigned_abs();

/// How the paths of lists of hashes begin.
const LISTS: &str = "lists/";

/// Why a manifest was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not the TOML it should be; says the line and column.
    #[error("{0}")]
    Malformed(String),
    /// It says the same in another way: comments, another order, other spaces.
    #[error("it is not spelled as `kioskctl rules build` spells it")]
    Spelling,
    /// A name that does not fit file names and entries.
    #[error(
        "bundle name {0:?} is not 1 to {BUNDLE_NAME_BYTES_MAX} of a-z, 0-9 and -, a letter first"
    )]
    Name(String),
    /// Versions count from 1.
    #[error("version {0} is not 1 or more")]
    Version(u64),
    /// It ends before it begins.
    #[error("expires {expires} is before issued {issued}")]
    Dates {
        /// Its first day.
        issued: Date,
        /// Its last day.
        expires: Date,
    },
    /// Nothing to scan with.
    #[error("it lists no rules")]
    NoRules,
    /// A path that could leave the set's folder, or that some tool would read differently.
    #[error(
        "path {0:?} is not 1 to {BUNDLE_PATH_PARTS_MAX} parts of A-Z, a-z, 0-9, ., _ and -, \
         none beginning with . or -, of {BUNDLE_PATH_BYTES_MAX} bytes together: rename the file"
    )]
    Path(String),
    /// A file that is no part of a set.
    #[error(
        "{0} is no .yar or .yara file, no canary.toml, no lists/*.hashes, no overrides.toml and \
         no dropped.toml"
    )]
    Kind(String),
    /// The order is part of the form, and the same path twice is two truths.
    #[error("{0} is not in the order of the paths, or is listed twice")]
    Order(String),
    /// One path is a file and a folder.
    #[error("{0} is a file and a folder")]
    Folder(String),
    /// More than a limit.
    #[error("it lists more than {0}")]
    TooMuch(String),
    /// It does not hold yet, by more than time zones can explain: this clock or that one is wrong.
    #[error("it was issued on {issued}, which is in the future: today is {today} (UTC)")]
    NotYet {
        /// Its first day.
        issued: Date,
        /// What day it is here.
        today: Date,
    },
    /// It does not hold any more.
    #[error("it expired: its last day was {expires}, today is {today} (UTC)")]
    Expired {
        /// Its last day.
        expires: Date,
        /// What day it is here.
        today: Date,
    },
}

/// What every set says of itself, whether it was packed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Name of the bundle.
    pub bundle: String,
    /// Its version.
    pub version: u64,
    /// The day it was issued.
    pub issued: Date,
    /// Its last day; `None` for a set that was not packed.
    pub expires: Option<Date>,
}

/// The manifest of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name of the bundle.
    pub bundle: String,
    /// Its version, 1 or more; it rises with every issue.
    pub version: u64,
    /// The day it was issued.
    pub issued: Date,
    /// The last day it may be used.
    pub expires: Date,
    /// Rules in it.
    pub rules: u64,
    /// Every other file, in the order of their paths.
    pub files: Vec<Listed>,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path below the set's folder, with `/`.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its content.
    pub sha256: Digest,
}

impl Listed {
    /// Whether it lies where only lists of hashes are.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.path.starts_with(LISTS)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    bundle: String,
    version: u64,
    issued: Date,
    expires: Date,
    rules: u64,
    #[serde(default)]
    file: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: String,
    size_bytes: u64,
    sha256: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLabel {
    bundle: String,
    version: u64,
    issued: Date,
    expires: Option<Date>,
}

impl Label {
    /// Reads the `manifest.toml` of a folder that was packed or is still to be: the short form
    /// says bundle, version and issued, and when it expires if it does.
    ///
    /// # Errors
    /// [`ManifestError`] for the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let malformed = |error: toml::de::Error| ManifestError::Malformed(error.to_string());
        let table: toml::Table = toml::from_str(text).map_err(malformed)?;
        if ["rules", "file"].iter().any(|key| table.contains_key(*key)) {
            return Ok(Manifest::parse(text)?.label());
        }
        let raw: RawLabel = toml::from_str(text).map_err(malformed)?;
        bundle_name(&raw.bundle)?;
        Ok(Self {
            bundle: raw.bundle,
            version: raw.version,
            issued: raw.issued,
            expires: raw.expires,
        })
    }
}

impl Manifest {
    /// Reads and checks a manifest. Its text must have been vouched for before.
    ///
    /// # Errors
    /// [`ManifestError`] for the first thing that is wrong; nothing of the text is used then.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let raw: Raw =
            toml::from_str(text).map_err(|error| ManifestError::Malformed(error.to_string()))?;
        let files = raw.file.into_iter().map(|file| Listed {
            path: file.path,
            size_bytes: file.size_bytes,
            sha256: file.sha256,
        });
        let manifest = Self {
            bundle: raw.bundle,
            version: raw.version,
            issued: raw.issued,
            expires: raw.expires,
            rules: raw.rules,
            files: files.collect(),
        };
        manifest.check()?;
        if manifest.text() != text {
            return Err(ManifestError::Spelling);
        }
        Ok(manifest)
    }

    /// The same manifest always gives the same text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "bundle = \"{}\"\nversion = {}\nissued = \"{}\"\nexpires = \"{}\"\nrules = {}\n",
            self.bundle, self.version, self.issued, self.expires, self.rules
        );
        for file in &self.files {
            // Writing into a text cannot fail.
            let _ = write!(
                text,
                "\n[[file]]\npath = \"{}\"\nsize_bytes = {}\nsha256 = \"{}\"\n",
                file.path, file.size_bytes, file.sha256
            );
        }
        text
    }

    /// What it says of itself.
    #[must_use]
    pub fn label(&self) -> Label {
        Label {
            bundle: self.bundle.clone(),
            version: self.version,
            issued: self.issued,
            expires: Some(self.expires),
        }
    }

    /// Whether this path is one of its files.
    #[must_use]
    pub fn lists(&self, path: &str) -> bool {
        self.files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .is_ok()
    }

    /// Bytes of all files together.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size_bytes);
        sizes.fold(0, u64::saturating_add)
    }

    /// Checks everything that a manifest says by itself.
    ///
    /// # Errors
    /// [`ManifestError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        bundle_name(&self.bundle)?;
        if self.version == 0 || VERSION_MAX < self.version {
            return Err(ManifestError::Version(self.version));
        }
        if self.expires < self.issued {
            return Err(ManifestError::Dates {
                issued: self.issued,
                expires: self.expires,
            });
        }
        if BUNDLE_FILES_MAX < self.files.len() {
            return Err(ManifestError::TooMuch(format!("{BUNDLE_FILES_MAX} files")));
        }
        let mut before: Option<&str> = None;
        let mut folders = BTreeSet::new();
        for file in &self.files {
            bundle_path(&file.path)?;
            if before.is_some_and(|before| file.path.as_str() <= before) {
                return Err(ManifestError::Order(file.path.clone()));
            }
            before = Some(&file.path);
            folders.extend(
                file.path
                    .match_indices('/')
                    .filter_map(|(end, _)| file.path.get(..end)),
            );
        }
        let both = self
            .files
            .iter()
            .find(|file| folders.contains(file.path.as_str()));
        if let Some(file) = both {
            return Err(ManifestError::Folder(file.path.clone()));
        }
        if self.rules == 0 || !self.files.iter().any(|file| is_rules(&file.path)) {
            return Err(ManifestError::NoRules);
        }
        if BUNDLE_TOTAL_BYTES_MAX < self.size_bytes() {
            return Err(ManifestError::TooMuch(format!(
                "{BUNDLE_TOTAL_BYTES_MAX} bytes"
            )));
        }
        Ok(())
    }

    /// Checks that it holds on `today`, a day of UTC. A day of UTC may begin a day after that of
    /// whoever issued the bundle.
    ///
    /// # Errors
    /// [`ManifestError::NotYet`], [`ManifestError::Expired`].
    pub fn holds(&self, today: Date) -> Result<(), ManifestError> {
        if today.saturating_add(1.day()) < self.issued {
            return Err(ManifestError::NotYet {
                issued: self.issued,
                today,
            });
        }
        if self.expires < today {
            return Err(ManifestError::Expired {
                expires: self.expires,
                today,
            });
        }
        Ok(())
    }
}

/// Checks the name of a bundle.
///
/// # Errors
/// [`ManifestError::Name`].
pub fn bundle_name(name: &str) -> Result<(), ManifestError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let good = name.len() <= BUNDLE_NAME_BYTES_MAX
        && name.bytes().all(letter)
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_lowercase());
    good.then_some(())
        .ok_or_else(|| ManifestError::Name(name.to_owned()))
}

/// Checks the path of a file in a bundle: it stays below the set's folder under every tool, and
/// it is a file that belongs there.
///
/// # Errors
/// [`ManifestError::Path`], [`ManifestError::Kind`].
pub fn bundle_path(path: &str) -> Result<(), ManifestError> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let part =
        |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && part.bytes().all(letter);
    let parts = path.split('/').count();
    if BUNDLE_PATH_BYTES_MAX < path.len()
        || BUNDLE_PATH_PARTS_MAX < parts
        || !path.split('/').all(part)
    {
        return Err(ManifestError::Path(path.to_owned()));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let list = path.starts_with(LISTS) && path.ends_with(".hashes") && parts == 2;
    let known =
        is_rules(path) || list || name == CANARIES || [OVERRIDES, "dropped.toml"].contains(&path);
    if !known {
        return Err(ManifestError::Kind(path.to_owned()));
    }
    Ok(())
}

fn is_rules(path: &str) -> bool {
    [".yar", ".yara"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
