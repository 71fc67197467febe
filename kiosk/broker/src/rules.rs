//! The rules: found, compiled by a process of its own, and kept for the next start.
//!
//! The compiled form is machine code, and loading a changed one crashes or worse (of 120
//! mutated files 73 loaded without complaint). So a kept form is used only when a key that
//! never leaves this kiosk vouches for it, and only for the same sources, the same program
//! and the same processor.

mod cache;

mod compile;

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::ledger;
use wire::rules::{SOURCES_BYTES_MAX, SourceFile};

use crate::paths::Paths;
use cache::Cache;
use compile::compile;

/// Source files of one bundle at most. Public collections have under 3,000.
const SOURCES_MAX: usize = 20_000;

/// Deepest folder of a bundle: `family/rule.yar` and two more.
const FOLDER_DEPTH_MAX: usize = 4;

/// Why there are no rules to scan with.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file or folder of the bundle cannot be read.
    #[error("cannot read rules {} (give others with --rules)", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bundle is larger than a limit.
    #[error("rules in {} are more than {what}", path.display())]
    TooMuch {
        /// Which bundle.
        path: PathBuf,
        /// The limit.
        what: String,
    },
    /// The manifest is malformed.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// Where and what, with line and column.
        message: String,
    },
    /// The engine refused a rule.
    #[error("rule refused in {}: {message}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// The compiler's message with line and column.
        message: String,
    },
    /// The compiling process could not do its work.
    #[error("cannot compile the rules: {what}")]
    Compiler {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Rules that are ready to be handed to a scanner.
#[derive(Debug)]
pub struct Loaded {
    /// The compiled form, sealed.
    pub compiled: OwnedFd,
    /// Which rules these are.
    pub about: ledger::Rules,
}

/// `manifest.toml` of a bundle.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    bundle: String,
    version: u64,
    issued: jiff::civil::Date,
}

/// Finds the rules to use: `chosen` when given, else the installed, else the shipped ones,
/// else, for programs that were built and not installed, those of their own source tree.
#[must_use]
pub fn folder(chosen: Option<PathBuf>, paths: &Paths) -> PathBuf {
    let usual = [paths.installed_rules(), paths.shipped_rules()];
    chosen
        .or_else(|| usual.into_iter().find(|path| is_there(path)))
        .or_else(source_tree)
        .unwrap_or_else(|| paths.shipped_rules())
}

/// Whether there is something, usable or not: rules that were installed and cannot be reached
/// must be an error and never give way to others.
fn is_there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// The rules of the source tree whose `target/PROFILE` this program runs from.
fn source_tree() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let target = program.parent()?.parent()?;
    let rules = target.parent()?.join("signatures");
    (target.file_name()? == "target" && rules.join("manifest.toml").is_file()).then_some(rules)
}

/// Reads, compiles and seals the rules in `folder` (or the one rule file). `None` when there
/// is no rule in it.
///
/// # Errors
/// [`RulesError`], naming the file.
pub fn load(
    folder: &Path,
    paths: &Paths,
    now: jiff::Timestamp,
) -> Result<Option<Loaded>, RulesError> {
    let sources = sources(folder)?;
    if sources.is_empty() {
        return Ok(None);
    }
    let manifest = manifest(folder)?;
    let sha256 = fingerprint(&sources);
    let cache = Cache::open(&paths.cache(), sha256);
    let (compiled, rules) = match cache.as_ref().and_then(Cache::read) {
        Some(kept) => kept,
        None => {
            let made = compile(folder, &sources, paths)?;
            if let Some(cache) = cache {
                // Without a place to keep it the next start compiles again: slower, not wrong.
                let _ = cache.write(&made.0, made.1);
            }
            made
        }
    };
    let fault = |source| RulesError::Compiler {
        what: "memory file",
        source,
    };
    let compiled = jail::memory::sealed("rules", &compiled).map_err(fault)?;
    if rules == 0 {
        return Ok(None);
    }
    let issued = manifest
        .as_ref()
        .map(|manifest| manifest.issued.to_string());
    let age_days = issued
        .as_ref()
        .and_then(|issued| decide::policy::age_days(issued, now));
    let name = || {
        folder
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    };
    let about = ledger::Rules {
        bundle: manifest
            .as_ref()
            .map_or_else(name, |manifest| manifest.bundle.clone()),
        version: manifest.as_ref().map_or(0, |manifest| manifest.version),
        issued,
        age_days,
        rules,
        sha256: Digest(sha256),
        engines: Vec::new(),
    };
    Ok(Some(Loaded { compiled, about }))
}

/// Every `.yar` or `.yara` file below `folder`, in the order of their names.
fn sources(folder: &Path) -> Result<Vec<SourceFile>, RulesError> {
    let fault = |path: &Path, source| RulesError::Read {
        path: path.to_owned(),
        source,
    };
    let too_much = |what: String| RulesError::TooMuch {
        path: folder.to_owned(),
        what,
    };
    let mut files = Vec::new();
    let mut left = SOURCES_BYTES_MAX;
    let mut folders = vec![(folder.to_owned(), 0_usize)];
    while let Some((path, depth)) = folders.pop() {
        let about = fs::metadata(&path).map_err(|source| fault(&path, source))?;
        if about.is_dir() {
            if FOLDER_DEPTH_MAX < depth {
                return Err(too_much(format!("{FOLDER_DEPTH_MAX} folders deep")));
            }
            for entry in fs::read_dir(&path).map_err(|source| fault(&path, source))? {
                let entry = entry.map_err(|source| fault(&path, source))?;
                let deeper = depth.saturating_add(1);
                folders.push((entry.path(), deeper));
            }
        } else if depth == 0 || is_rule(&path) {
            left = left
                .checked_sub(about.len())
                .ok_or_else(|| too_much(format!("{SOURCES_BYTES_MAX} bytes")))?;
            let text = fs::read_to_string(&path).map_err(|source| fault(&path, source))?;
            let below = path.strip_prefix(folder).unwrap_or(&path);
            let origin = if depth == 0 { &path } else { below };
            files.push(SourceFile {
                origin: origin.to_string_lossy().into_owned(),
                text,
            });
            if SOURCES_MAX < files.len() {
                return Err(too_much(format!("{SOURCES_MAX} files")));
            }
        }
    }
    files.sort_by(|one, other| one.origin.cmp(&other.origin));
    Ok(files)
}

fn is_rule(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yar" || extension == "yara")
}

fn manifest(folder: &Path) -> Result<Option<Manifest>, RulesError> {
    let path = folder.join("manifest.toml");
    match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text)
            .map(Some)
            .map_err(|error| RulesError::Manifest {
                path,
                message: error.to_string(),
            }),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(source) => Err(RulesError::Read { path, source }),
    }
}

/// Over the names and contents of the sources, each with its length before it.
fn fingerprint(sources: &[SourceFile]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for file in sources {
        for part in [&file.origin, &file.text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
