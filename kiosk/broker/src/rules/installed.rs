//! Installed sets of rules: used only when a trusted key vouches for them and every file is
//! what it was when they were signed, at every load.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bundle::{Archive, BundleError, KeyId, Keys, Label, Listed, Manifest, SignatureError, Unpack};
use nix::fcntl::OFlag;
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::rules::{Overrides, SOURCES_BYTES_MAX, SourceFile, Sources};

use super::{FOLDER_DEPTH_MAX, RulesError, SOURCES_MAX, is_rule};
use crate::paths::Paths;

/// A set whose signature and files were compared.
pub(super) struct Verified {
    pub(super) manifest: Manifest,
    pub(super) manifest_sha256: Digest,
    pub(super) key: KeyId,
    /// Its rules, from the bytes that were compared.
    pub(super) sources: Sources,
}

/// The set in force and its folder. The link is followed once, so that everything comes from
/// one set.
pub(super) fn active(paths: &Paths) -> Result<(PathBuf, Verified), RulesError> {
    let link = paths.installed_rules();
    let folder = fs::canonicalize(&link).map_err(fault(&link))?;
    let set = verified(&folder, &keys(paths)?)?;
    Ok((folder, set))
}

/// The keys of this kiosk, by the names of their files.
pub(super) fn keys(paths: &Paths) -> Result<Keys, RulesError> {
    let folder = paths.rule_keys();
    let mut keys = Keys::default();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(keys),
        Err(error) => return Err(fault(&folder)(error)),
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(fault(&folder))?.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            files.push(path);
        }
    }
    files.sort();
    for path in files {
        let text = text(
            &path,
            u64::try_from(bundle::KEY_TEXT_BYTES_MAX).unwrap_or(0),
        )?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        keys.trust(&name, &text)
            .map_err(|source| RulesError::Keys {
                path: folder.clone(),
                source,
            })?;
    }
    Ok(keys)
}

/// Compares everything in `folder` with its manifest, and that with its signature: everything but
/// its lists of hashes, which must be loaded with this manifest before the set is said to be sound.
pub(super) fn verified(folder: &Path, keys: &Keys) -> Result<Verified, RulesError> {
    let wrong = |source: BundleError| RulesError::Installed {
        path: folder.to_owned(),
        source,
    };
    let manifest = text(&folder.join(bundle::MANIFEST), bundle::MANIFEST_BYTES_MAX)?;
    let signature = text(&folder.join(bundle::SIGNATURE), bundle::SIGNATURE_BYTES_MAX)?;
    let manifest_sha256 = Digest(Sha256::digest(manifest.as_bytes()).into());
    let (manifest, key) = Manifest::vouched(&manifest, &signature, keys).map_err(wrong)?;
    let mut sources = Sources::default();
    let mut left = SOURCES_BYTES_MAX;
    for file in &manifest.files {
        let path = folder.join(&file.path);
        let opened = open(&path)?;
        let is_rule = is_rule(Path::new(&file.path));
        let is_overrides = file.path == bundle::OVERRIDES;
        if is_rule {
            left = left
                .checked_sub(file.size_bytes)
                .ok_or_else(|| too_much(folder, format!("{SOURCES_BYTES_MAX} bytes")))?;
            if SOURCES_MAX <= sources.files.len() {
                return Err(too_much(folder, format!("{SOURCES_MAX} files")));
            }
        } else if is_overrides && overrides_bytes_max() < file.size_bytes {
            return Err(too_much(&path, format!("{} bytes", overrides_bytes_max())));
        } else if file.is_list() {
            // Of up to gigabytes: compared where it is read anyway, by `lists::load`.
            continue;
        }
        let mut whole = Whole {
            kept: (is_rule || is_overrides).then(Vec::new),
            ..Whole::default()
        };
        let mut content = opened.take(file.size_bytes.saturating_add(1));
        io::copy(&mut content, &mut whole).map_err(fault(&path))?;
        let kept = whole.kept.take();
        if !whole.is(file) {
            return Err(wrong(BundleError::Content(file.path.clone())));
        }
        let Some(bytes) = kept else {
            continue;
        };
        let text =
            String::from_utf8(bytes).map_err(|error| fault(&path)(io::Error::other(error)))?;
        if is_overrides {
            sources.overrides = overrides(&path, &text)?;
        } else {
            sources.files.push(SourceFile {
                origin: file.path.clone(),
                text,
            });
        }
    }
    only_listed(folder, &manifest)?;
    Ok(Verified {
        manifest,
        manifest_sha256,
        key,
        sources,
    })
}

/// The file, when it begins as a bundle does; `None` for folders and for rule files.
pub(super) fn bundle(path: &Path) -> Result<Option<File>, RulesError> {
    if !path.is_file() {
        return Ok(None);
    }
    let mut head = Vec::new();
    let mut file = File::open(path).map_err(fault(path))?;
    let begins = format!("{}\0", bundle::MANIFEST).into_bytes();
    let length = u64::try_from(begins.len()).unwrap_or(0);
    (&file)
        .take(length)
        .read_to_end(&mut head)
        .map_err(fault(path))?;
    io::Seek::rewind(&mut file).map_err(fault(path))?;
    Ok((head == begins).then_some(file))
}

/// A bundle that is used as it lies there, without being installed.
pub(super) fn carried(
    path: &Path,
    file: File,
    keys: &Keys,
) -> Result<(Label, Sources), RulesError> {
    let wrong = |source: BundleError| RulesError::Installed {
        path: path.to_owned(),
        source,
    };
    let archive = Archive::signed(io::BufReader::new(file), keys).map_err(wrong)?;
    let manifest = archive.manifest();
    let label = manifest.label();
    if let Some(list) = manifest.files.iter().find(|file| file.is_list()) {
        // Nothing on it would be found, and nobody would be told.
        return Err(RulesError::List {
            path: path.join(&list.path),
            message: "lists are used only when their bundle is installed; install it".to_owned(),
        });
    }
    let mut taken = Taken::default();
    archive.unpack(&mut taken).map_err(wrong)?;
    let sources = Sources {
        files: taken.sources,
        overrides: overrides(&path.join(bundle::OVERRIDES), &taken.overrides)?,
    };
    Ok((label, sources))
}

/// What a set says of the tiers of its rules; nothing is said by an empty text.
fn overrides(path: &Path, text: &str) -> Result<Overrides, RulesError> {
    bundle::overrides(text).map_err(|error| RulesError::Manifest {
        path: path.to_owned(),
        message: error.to_string(),
    })
}

fn overrides_bytes_max() -> u64 {
    u64::try_from(bundle::OVERRIDES_TEXT_BYTES_MAX).unwrap_or(0)
}

/// The rules of a bundle, taken out of it into memory.
#[derive(Default)]
struct Taken {
    sources: Vec<SourceFile>,
    bytes: u64,
    now: Vec<u8>,
    /// Whether the file that comes now is one of these.
    is_kept: bool,
    overrides: String,
}

impl Unpack for Taken {
    fn begin(&mut self, file: &Listed) -> io::Result<()> {
        self.now.clear();
        let is_rule = is_rule(Path::new(&file.path));
        let is_overrides = file.path == bundle::OVERRIDES;
        self.is_kept = is_rule || is_overrides;
        if is_overrides && overrides_bytes_max() < file.size_bytes {
            return Err(io::Error::other("longer overrides than are read"));
        }
        if is_rule {
            self.bytes = self.bytes.saturating_add(file.size_bytes);
        }
        if SOURCES_BYTES_MAX < self.bytes || SOURCES_MAX <= self.sources.len() {
            return Err(io::Error::other("more rules than are compiled at once"));
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_kept {
            self.now.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self, file: &Listed) -> io::Result<()> {
        if !self.is_kept {
            return Ok(());
        }
        let text = String::from_utf8(std::mem::take(&mut self.now)).map_err(io::Error::other)?;
        if file.path == bundle::OVERRIDES {
            self.overrides = text;
        } else {
            self.sources.push(SourceFile {
                origin: file.path.clone(),
                text,
            });
        }
        Ok(())
    }
}

/// What a key folder without keys means to whoever wants to install.
pub(super) fn no_keys(paths: &Paths) -> BundleError {
    SignatureError::NoKeys(paths.rule_keys().display().to_string()).into()
}

/// Hash and length of what is written into it.
#[derive(Default)]
struct Whole {
    hash: Sha256,
    bytes: u64,
    /// The bytes themselves, where they are used.
    kept: Option<Vec<u8>>,
}

impl Whole {
    fn is(self, file: &Listed) -> bool {
        self.bytes == file.size_bytes && Digest(self.hash.finalize().into()) == file.sha256
    }
}

impl io::Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hash.update(bytes);
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything else in the folder would be there unsigned, for whoever looks into it.
fn only_listed(folder: &Path, manifest: &Manifest) -> Result<(), RulesError> {
    let mut folders = vec![(folder.to_owned(), 0_usize)];
    while let Some((path, depth)) = folders.pop() {
        for entry in fs::read_dir(&path).map_err(fault(&path))? {
            let entry = entry.map_err(fault(&path))?;
            let (kind, path) = (entry.file_type().map_err(fault(&path))?, entry.path());
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, depth.saturating_add(1)));
                continue;
            }
            let below = path.strip_prefix(folder).ok().and_then(Path::to_str);
            let listed = below.is_some_and(|below| {
                [bundle::MANIFEST, bundle::SIGNATURE].contains(&below) || manifest.lists(below)
            });
            if !kind.is_file() || !listed {
                return Err(RulesError::Extra { path });
            }
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, RulesError> {
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(fault(path))
}

/// A text of at most so many bytes.
fn text(path: &Path, most: u64) -> Result<String, RulesError> {
    let mut text = String::new();
    let mut content = open(path)?.take(most.saturating_add(1));
    content.read_to_string(&mut text).map_err(fault(path))?;
    if most < u64::try_from(text.len()).unwrap_or(u64::MAX) {
        return Err(too_much(path, format!("{most} bytes")));
    }
    Ok(text)
}

fn too_much(path: &Path, what: String) -> RulesError {
    RulesError::TooMuch {
        path: path.to_owned(),
        what,
    }
}

pub(super) fn fault(path: &Path) -> impl Fn(io::Error) -> RulesError + use<'_> {
    move |source| RulesError::Read {
        path: path.to_owned(),
        source,
    }
}
