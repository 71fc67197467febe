//! The store's folder: files that are whole or not there, and links that lead to sets.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use bundle::{Keys, Listed, Manifest, Unpack};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::rule_change::RuleSet;

use super::state::PENDING;
use super::{StoreError, set_of};

/// Longest file of the store's own, in bytes: the most names with their versions.
const STATE_BYTES_MAX: u64 = 1 << 20;

/// What one file takes on a disk beyond its bytes, in bytes, at most.
const FILE_OVERHEAD_BYTES: u64 = 8192;

const ACTIVE: &str = "active";
const PREVIOUS: &str = "previous";
const NEXT: &str = "next";
const SETS: &str = "sets";
const INCOMING: &str = "incoming";

/// The folder, locked for this process.
pub(super) struct Folder {
    path: PathBuf,
    _lock: Option<Flock<File>>,
}

fn fault(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError + use<> {
    let path = path.display().to_string();
    move |source| StoreError::File {
        doing,
        path: path.clone(),
        source,
    }
}

/// A missing file is no error here.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(fault("make", path))
}

/// Waits until the disk has the names in a folder.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let opened = File::open(path).and_then(|folder| folder.sync_all());
    opened.map_err(fault("make durable", path))
}

impl Folder {
    /// Opens and locks it; it is made when it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        make_folder(&path.join(SETS))?;
        let lock = path.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&lock)
            .map_err(fault("open (only root installs rules)", &lock))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Self {
                path: path.to_owned(),
                _lock: Some(held),
            }),
            Err((_, Errno::EWOULDBLOCK)) => Err(StoreError::Busy),
            Err((_, errno)) => Err(fault("lock", &lock)(errno.into())),
        }
    }

    /// To look only.
    pub(super) fn seen(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _lock: None,
        }
    }

    /// Where a set is unpacked before it has its name.
    pub(super) fn incoming(&self) -> PathBuf {
        self.path.join(INCOMING)
    }

    /// The folder of a set.
    pub(super) fn set(&self, name: &str) -> PathBuf {
        self.path.join(SETS).join(name)
    }

    /// The set in force; `None` for the rules that came with the programs.
    pub(super) fn active(&self) -> Result<Option<String>, StoreError> {
        self.led_to(ACTIVE)
    }

    /// The set before it.
    pub(super) fn previous(&self) -> Result<Option<String>, StoreError> {
        self.led_to(PREVIOUS)
    }

    fn led_to(&self, link: &str) -> Result<Option<String>, StoreError> {
        let path = self.path.join(link);
        let Some(target) = if_there(fs::read_link(&path)).map_err(fault("follow", &path))? else {
            return Ok(None);
        };
        let name = target
            .to_str()
            .and_then(|target| target.strip_prefix("sets/"));
        let letter = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        match name {
            Some(name) if !name.is_empty() && name.bytes().all(letter) => Ok(Some(name.to_owned())),
            Some(_) | None => Err(self.wrong(link, "it leads to no set of this store".to_owned())),
        }
    }

    /// What the manifest of a set says; nobody vouches for it.
    pub(super) fn manifest(&self, name: &str) -> Option<Manifest> {
        let text = fs::read_to_string(self.set(name).join(bundle::MANIFEST)).ok()?;
        Manifest::parse(&text).ok()
    }

    /// The same as the ledger says it, with the key that its signature names.
    pub(super) fn about(&self, name: &str) -> Option<RuleSet> {
        let folder = self.set(name);
        let text = fs::read_to_string(folder.join(bundle::MANIFEST)).ok()?;
        let signature = fs::read_to_string(folder.join(bundle::SIGNATURE)).unwrap_or_default();
        let key = Keys::named_in(&signature);
        let key = key.map_or_else(String::new, |key| key.to_string());
        let sha256 = Digest(Sha256::digest(text.as_bytes()).into());
        Some(set_of(&Manifest::parse(&text).ok()?, sha256, &key))
    }

    /// Whether a set fits beside what is there.
    pub(super) fn has_room(&self, manifest: &Manifest, kept_bytes: u64) -> Result<(), StoreError> {
        let about = nix::sys::statvfs::statvfs(&self.path)
            .map_err(|errno| fault("ask for the room in", &self.path)(errno.into()))?;
        let free = about
            .blocks_available()
            .saturating_mul(about.fragment_size());
        let files = u64::try_from(manifest.files.len()).unwrap_or(u64::MAX);
        let overhead = files.saturating_mul(FILE_OVERHEAD_BYTES);
        let needed = manifest.size_bytes().saturating_add(overhead);
        fits(&self.path, needed.saturating_add(kept_bytes), free)
    }

    /// Gives what was brought in its name among the sets.
    pub(super) fn keep(&self, name: &str) -> Result<(), StoreError> {
        let set = self.set(name);
        remove_all(&set)?;
        fs::rename(self.incoming(), &set).map_err(fault("make", &set))?;
        sync_folder(&self.path.join(SETS))?;
        sync_folder(&self.path)
    }

    /// Puts a set into force, or the rules that came with the programs.
    pub(super) fn switch(&self, to: Option<&str>) -> Result<(), StoreError> {
        self.lead(ACTIVE, to)
    }

    /// Says which set was before.
    pub(super) fn link_previous(&self, to: Option<&str>) -> Result<(), StoreError> {
        self.lead(PREVIOUS, to)
    }

    fn lead(&self, link: &str, to: Option<&str>) -> Result<(), StoreError> {
        let path = self.path.join(link);
        let Some(to) = to else {
            return self.remove(link);
        };
        let next = self.path.join(NEXT);
        if_there(fs::remove_file(&next)).map_err(fault("remove", &next))?;
        symlink(Path::new(SETS).join(to), &next).map_err(fault("make", &next))?;
        fs::rename(&next, &path).map_err(fault("switch", &path))?;
        sync_folder(&self.path)
    }

    /// Removes what nothing leads to: sets that are neither in force nor the one before, and
    /// what an installation left that broke off.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let kept = [self.active()?, self.previous()?];
        self.remove(PENDING)?;
        self.remove(NEXT)?;
        self.remove("written")?;
        remove_all(&self.incoming())?;
        let sets = self.path.join(SETS);
        for entry in fs::read_dir(&sets).map_err(fault("list", &sets))? {
            let entry = entry.map_err(fault("list", &sets))?;
            let name = entry.file_name();
            if !kept.iter().flatten().any(|kept| name == kept.as_str()) {
                remove_all(&entry.path())?;
            }
        }
        Ok(())
    }

    /// A file of the store's own; `None` when it is not there.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, StoreError> {
        let path = self.path.join(name);
        let Some(file) = if_there(File::open(&path)).map_err(fault("read", &path))? else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut content = file.take(STATE_BYTES_MAX);
        content
            .read_to_string(&mut text)
            .map_err(fault("read", &path))?;
        Ok(Some(text))
    }

    /// Writes a file of the store's own, whole or not at all.
    pub(super) fn replace(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let (written, path) = (self.path.join("written"), self.path.join(name));
        if_there(fs::remove_file(&written)).map_err(fault("remove", &written))?;
        let mut file = new_file(&written).map_err(fault("write", &written))?;
        let done = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        done.map_err(fault("write", &written))?;
        fs::rename(&written, &path).map_err(fault("write", &path))?;
        sync_folder(&self.path)
    }

    /// Removes a file or link of the store's own, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path.join(name);
        match if_there(fs::remove_file(&path)).map_err(fault("remove", &path))? {
            Some(()) => sync_folder(&self.path),
            None => Ok(()),
        }
    }

    /// A file of the store's own that it cannot have written.
    pub(super) fn wrong(&self, name: &str, why: String) -> StoreError {
        StoreError::State {
            path: self.path.join(name).display().to_string(),
            why,
        }
    }
}

fn fits(path: &Path, needed_bytes: u64, free_bytes: u64) -> Result<(), StoreError> {
    if free_bytes < needed_bytes {
        return Err(StoreError::Room {
            path: path.display().to_string(),
            needed_bytes,
            free_bytes,
        });
    }
    Ok(())
}

fn remove_all(path: &Path) -> Result<(), StoreError> {
    if_there(fs::remove_dir_all(path)).map_err(fault("remove", path))?;
    Ok(())
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
}

/// A set that is being unpacked.
pub(super) struct Placed {
    path: PathBuf,
    file: Option<File>,
}

impl Placed {
    /// An empty folder.
    pub(super) fn make(path: PathBuf) -> Result<Self, StoreError> {
        remove_all(&path)?;
        make_folder(&path)?;
        Ok(Self { path, file: None })
    }

    /// One whole file.
    pub(super) fn write(&mut self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.path.join(name);
        let written = new_file(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(fault("write", &path))
    }

    /// Makes the set readable for everybody whatever the caller's umask is, and waits until the
    /// disk has all of it: one wait for all files is much faster than one for each.
    pub(super) fn made_durable(self) -> Result<(), StoreError> {
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let readable = |path: &Path, mode| {
                let set = fs::set_permissions(path, Permissions::from_mode(mode));
                set.map_err(fault("make readable", path))
            };
            readable(&folder, 0o755)?;
            for entry in fs::read_dir(&folder).map_err(fault("list", &folder))? {
                let path = entry.map_err(fault("list", &folder))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    readable(&path, 0o644)?;
                }
            }
        }
        let failed = fault("make durable", &self.path);
        let folder = File::open(&self.path).map_err(&failed)?;
        nix::unistd::syncfs(&folder).map_err(|errno| failed(errno.into()))
    }
}

impl Unpack for Placed {
    fn begin(&mut self, file: &Listed) -> io::Result<()> {
        let path = self.path.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        self.file = Some(new_file(&path)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::Error::other("no file was begun")),
        }
    }

    fn end(&mut self, _: &Listed) -> io::Result<()> {
        self.file = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_said_with_both_numbers() {
        let here = Path::new("/x");
        fits(here, 100, 100).unwrap();
        let said = fits(here, 101, 100).unwrap_err().to_string();
        assert!(
            said.contains("/x: 101 bytes are needed and 100 are free"),
            "{said}"
        );
    }

    #[test]
    fn a_file_of_the_store_past_its_length_is_cut_and_so_malformed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let long = "x".repeat(usize::try_from(STATE_BYTES_MAX).unwrap() + 1);
        store.replace("versions.toml", &long).unwrap();
        assert!(matches!(store.highest("a"), Err(StoreError::State { .. })));
    }

    #[test]
    fn links_that_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        assert_eq!(store.active().unwrap(), None);
        for target in ["/etc", "sets/../..", "sets/", "sets/a/b", "elsewhere"] {
            let link = folder.path().join(ACTIVE);
            let _ = fs::remove_file(&link);
            symlink(target, &link).unwrap();
            assert!(store.active().is_err(), "{target}");
        }
    }

    #[test]
    fn only_one_holds_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let held = Folder::open(folder.path()).unwrap();
        assert!(matches!(Folder::open(folder.path()), Err(StoreError::Busy)));
        drop(held);
        Folder::open(folder.path()).unwrap();
    }
}
