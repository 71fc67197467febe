//! The rules: found, compiled by a process of its own, and kept for the next start.
//!
//! The compiled form is machine code, and loading a changed one crashes or worse (of 120
//! mutated files 73 loaded without complaint). So a kept form is used only when a key that
//! never leaves this kiosk vouches for it, and only for the same sources, the same program
//! and the same processor.

mod cache;

mod compile;

mod installed;

mod lists;

pub mod store;

pub use lists::LoadedList;

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bundle::{BundleError, Label, Listed, SignatureError};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::ledger;
use wire::rules::{Overrides, SOURCES_BYTES_MAX, SourceFile, Sources};

use crate::paths::Paths;
use cache::Cache;
use compile::compile;

pub use compile::gather;

/// Source files of one bundle at most. Public collections have under 3,000.
const SOURCES_MAX: usize = 20_000;

/// Deepest folder of a bundle: `family/rule.yar` and two more.
pub(crate) const FOLDER_DEPTH_MAX: usize = 4;

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
    /// The manifest or the overrides are malformed.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// Where and what, with line and column.
        message: String,
    },
    /// Installed rules, or a bundle, that nobody who is trusted vouches for, or that were changed.
    #[error("the rules in {} cannot be used", path.display())]
    Installed {
        /// Which set.
        path: PathBuf,
        /// What is wrong with it.
        source: BundleError,
    },
    /// A file that no manifest lists.
    #[error("the installed rules cannot be used: {} is no part of them", path.display())]
    Extra {
        /// Which.
        path: PathBuf,
    },
    /// A key file that cannot be used.
    #[error("the keys for rules in {} cannot be used", path.display())]
    Keys {
        /// The folder of keys.
        path: PathBuf,
        /// What is wrong.
        source: SignatureError,
    },
    /// A list of hashes cannot be used.
    #[error("hash list {}: {message}", path.display())]
    List {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what to do.
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
    /// Where they lie, with every link followed: their canaries are there too.
    pub folder: PathBuf,
    /// The compiled form, sealed.
    pub compiled: OwnedFd,
    /// The lists of hashes beside them, in the order of their names.
    pub lists: Vec<LoadedList>,
    /// Which rules these are.
    pub about: ledger::Rules,
    /// Their last day; `None` when they say none.
    pub expires: Option<Date>,
}

impl Loaded {
    /// Which rules these are, with their age of this moment.
    #[must_use]
    pub fn about(&self, now: jiff::Timestamp) -> ledger::Rules {
        let age = |issued: &String| decide::policy::age_days(issued, now);
        let today = utc_day(now);
        let days = |expires: Date| today.duration_since(expires).as_hours().unsigned_abs() / 24;
        ledger::Rules {
            age_days: self.about.issued.as_ref().and_then(age),
            expired_days: self.expires.filter(|expires| *expires < today).map(days),
            ..self.about.clone()
        }
    }
}

/// The day of UTC, by which bundles are issued and expire.
pub(crate) fn utc_day(now: jiff::Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
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

/// Reads, compiles and seals the rules in `folder` (or the one rule file, or signed bundle).
/// `None` when there is no rule in it.
///
/// # Errors
/// [`RulesError`], naming the file.
pub fn load(
    folder: &Path,
    paths: &Paths,
    now: jiff::Timestamp,
) -> Result<Option<Loaded>, RulesError> {
    if folder == paths.installed_rules() {
        let (folder, set) = installed::active(paths)?;
        let vouched = Some(set.manifest.files.as_slice());
        let label = set.manifest.label();
        return ready(&folder, &set.sources, Some(&label), vouched, paths, now);
    }
    if let Some(bundle) = installed::bundle(folder)? {
        let (label, sources) = installed::carried(folder, bundle, &installed::keys(paths)?)?;
        return ready(folder, &sources, Some(&label), None, paths, now);
    }
    let sources = Sources {
        files: sources(folder)?,
        overrides: overrides(folder)?,
    };
    let label = label(folder)?;
    ready(folder, &sources, label.as_ref(), None, paths, now)
}

/// Compiles and seals sources that were read. Lists of an installed set must be those that its
/// manifest `vouched` for.
fn ready(
    folder: &Path,
    sources: &Sources,
    label: Option<&Label>,
    vouched: Option<&[Listed]>,
    paths: &Paths,
    now: jiff::Timestamp,
) -> Result<Option<Loaded>, RulesError> {
    if sources.files.is_empty() {
        return Ok(None);
    }
    let lists = lists::load(folder, vouched)?;
    let sha256 = fingerprint(sources);
    let cache = Cache::open(&paths.cache(), sha256);
    let (compiled, rules) = match cache.as_ref().and_then(Cache::read) {
        Some(kept) => kept,
        None => {
            let made = compile(folder, sources, paths)?;
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
    let name = || {
        folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let about = ledger::Rules {
        bundle: label.map_or_else(|| name().unwrap_or_default(), |label| label.bundle.clone()),
        version: label.map_or(0, |label| label.version),
        issued: label.map(|label| label.issued.to_string()),
        age_days: None,
        expired_days: None,
        rules,
        sha256: Digest(lists::fingerprint(sha256, &lists)),
        engines: Vec::new(),
    };
    let mut loaded = Loaded {
        folder: folder.to_owned(),
        compiled,
        lists,
        about,
        expires: label.and_then(|label| label.expires),
    };
    loaded.about = loaded.about(now);
    Ok(Some(loaded))
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

/// What a folder of rules says of itself; `None` when it says nothing.
fn label(folder: &Path) -> Result<Option<Label>, RulesError> {
    let parse = |text: &str| Label::parse(text).map_err(|error| error.to_string());
    read(folder.join(bundle::MANIFEST), parse)
}

fn overrides(folder: &Path) -> Result<Overrides, RulesError> {
    let parse = |text: &str| bundle::overrides(text).map_err(|error| error.to_string());
    read(folder.join(bundle::OVERRIDES), parse).map(Option::unwrap_or_default)
}

/// A file beside the rules; `None` when there is none, or when the rules are one file.
fn read<T>(
    path: PathBuf,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, RulesError> {
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text)
            .map(Some)
            .map_err(|message| RulesError::Manifest { path, message }),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(RulesError::Read { path, source }),
    }
}

fn is_absent(error: &io::Error) -> bool {
    // A single rule file given in the place of a folder has nothing below it.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Over everything that decides what the compiled set is: names and contents of the sources, each
/// with its length before it, and what is said of their tiers.
fn fingerprint(sources: &Sources) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part.as_bytes());
    };
    for file in &sources.files {
        add(&file.origin);
        add(&file.text);
    }
    if sources.overrides != Overrides::default() {
        add("overrides");
        // It came from a text and has names and words only, so it can be written as one.
        add(&serde_json::to_string(&sources.overrides).unwrap_or_default());
    }
    hash.finalize().into()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
