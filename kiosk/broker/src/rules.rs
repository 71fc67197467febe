//! The rules: found, compiled by a process of its own, and kept for the next start.
//!
//! The compiled form is machine code, and loading a changed one crashes or worse (of 120
//! mutated files 73 loaded without complaint). So a kept form is used only when a key that
//! never leaves this kiosk vouches for it, and only for the same sources, the same program
//! and the same processor.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hmac::{Hmac, KeyInit, Mac};
use jail::channel::Channel;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::frame;
use wire::ledger;
use wire::rules::{COMPILED_BYTES_MAX, Compile, Compiled, SOURCES_BYTES_MAX, SourceFile};

use crate::paths::{self, Paths};

/// Source files of one bundle at most. Public collections have under 3,000.
const SOURCES_MAX: usize = 20_000;

/// Deepest folder of a bundle: `family/rule.yar` and two more.
const FOLDER_DEPTH_MAX: usize = 4;

/// Length of the code that vouches for a kept form, in bytes.
const CODE_BYTES: usize = 32;

/// Why there are no rules to scan with.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file or folder of the bundle cannot be read.
    #[error("cannot read rules {}", path.display())]
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

/// Finds the rules to use: `chosen` when given, else the installed, else the shipped ones.
#[must_use]
pub fn folder(chosen: Option<PathBuf>, paths: &Paths) -> PathBuf {
    chosen
        .or_else(|| Some(paths.installed_rules()).filter(|path| path.is_dir()))
        .unwrap_or_else(|| paths.shipped_rules())
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
            let made = compile(folder, &sources)?;
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

/// Runs `kiosk-scan compile`.
fn compile(folder: &Path, sources: &[SourceFile]) -> Result<(Vec<u8>, u64), RulesError> {
    let fault = |what| move |source| RulesError::Compiler { what, source };
    let text = serde_json::to_vec(sources).map_err(|error| RulesError::Compiler {
        what: "sources",
        source: error.into(),
    })?;
    let text = jail::memory::sealed("sources", &text).map_err(fault("memory file"))?;
    let result = jail::memory::writable("compiled").map_err(fault("memory file"))?;
    let (ours, theirs) = Channel::pair().map_err(fault("socket"))?;
    let program = paths::program("kiosk-scan").map_err(fault("program"))?;
    let mut child = Command::new(&program)
        .arg("compile")
        .env_clear()
        .stdin(Stdio::from(theirs.into_fd()))
        .stdout(Stdio::null())
        .spawn()
        .map_err(fault("kiosk-scan does not start"))?;
    let files = u64::try_from(sources.len()).unwrap_or(u64::MAX);
    let order = frame::encode(&Compile { files }).map_err(|error| RulesError::Compiler {
        what: "order",
        source: io::Error::other(error),
    })?;
    let answered = ours
        .send(&order, &[text.as_fd(), result.as_fd()])
        .and_then(|()| ours.receive());
    let ended = child.wait().map_err(fault("kiosk-scan"))?;
    let packet = answered.map_err(fault("kiosk-scan"))?.ok_or_else(|| {
        let why = io::Error::other(format!("kiosk-scan ended without an answer: {ended}"));
        RulesError::Compiler {
            what: "no answer",
            source: why,
        }
    })?;
    let answer = frame::decode(&packet.bytes).map_err(|error| RulesError::Compiler {
        what: "answer",
        source: io::Error::other(error),
    })?;
    match answer {
        Compiled::Done { rules } => {
            let mut compiled = Vec::new();
            io::Seek::rewind(&mut &result).map_err(fault("memory file"))?;
            result
                .take(COMPILED_BYTES_MAX)
                .read_to_end(&mut compiled)
                .map_err(fault("memory file"))?;
            Ok((compiled, rules))
        }
        Compiled::Refused { origin, message } => {
            let path = if Path::new(&origin).is_absolute() || origin.is_empty() {
                PathBuf::from(origin)
            } else {
                folder.join(origin)
            };
            Err(RulesError::Refused { path, message })
        }
    }
}

/// One kept compiled form.
struct Cache {
    file: PathBuf,
    key: [u8; 32],
    /// Sources, program and processor.
    circumstances: [u8; 32],
}

impl Cache {
    /// `None` when this process may not keep anything there: it compiles every time.
    fn open(folder: &Path, sources: [u8; 32]) -> Option<Self> {
        fs::create_dir_all(folder).ok()?;
        let key = key(&folder.join("key")).ok()?;
        let program = fs::read(paths::program("kiosk-scan").ok()?).ok()?;
        let mut hash = Sha256::new();
        hash.update(sources);
        hash.update(Sha256::digest(&program));
        hash.update(processor().as_bytes());
        let circumstances: [u8; 32] = hash.finalize().into();
        let name = wire::name::hex(circumstances.get(..16)?);
        Some(Self {
            file: folder.join(format!("{name}.rules")),
            key,
            circumstances,
        })
    }

    /// The kept form, when the key vouches for it and for these circumstances.
    fn read(&self) -> Option<(Vec<u8>, u64)> {
        let mut kept = Vec::new();
        let file = fs::File::open(&self.file).ok()?;
        file.take(COMPILED_BYTES_MAX.saturating_add(64))
            .read_to_end(&mut kept)
            .ok()?;
        let code = kept.get(..CODE_BYTES)?;
        let rest = kept.get(CODE_BYTES..)?;
        self.code(rest)?.verify_slice(code).ok()?;
        let rules = u64::from_le_bytes(rest.get(..8)?.try_into().ok()?);
        Some((rest.get(8..)?.to_vec(), rules))
    }

    fn write(&self, compiled: &[u8], rules: u64) -> io::Result<()> {
        let mut rest = rules.to_le_bytes().to_vec();
        rest.extend_from_slice(compiled);
        let code = self
            .code(&rest)
            .ok_or(io::ErrorKind::InvalidInput)?
            .finalize()
            .into_bytes();
        let temporary = self
            .file
            .with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&code)?;
        file.write_all(&rest)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.file)
    }

    fn code(&self, rest: &[u8]) -> Option<Hmac<Sha256>> {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        code.update(&self.circumstances);
        code.update(rest);
        Some(code)
    }
}

/// The key that vouches for kept forms; made at the first need, readable by its owner only.
fn key(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    match fs::File::open(path) {
        Ok(mut file) => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    // Of two processes that start at once, one key stays: linking fails where a file is.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::File::open(path)?.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// What the code generator looks at in the processor, as far as the kernel tells.
fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    all.lines()
        .find(|line| line.starts_with("flags") || line.starts_with("Features"))
        .unwrap_or_default()
        .to_owned()
}
