//! Where a list lies, and what lies beside it: a lock, a backup, and for a moment the new list.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use broker::Paths;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use record::reader;
use wire::Digest;
use wire::ledger::Event;
use wire::list_change::{ListChange, ListName};

use super::sha256;
use crate::CommandError;
use crate::ledger;
use crate::print;

/// Longest wait for another edit of the same list. An edit takes some tenths of a second.
pub(crate) const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);

/// How often the lock is tried.
const LOCK_TRY: Duration = Duration::from_millis(20);

/// A list's place; with the lock, for one edit at a time.
pub(super) struct Place {
    list: ListName,
    path: PathBuf,
    /// Held until the value goes.
    _lock: Option<File>,
}

/// A list as it was found.
pub(super) struct Found {
    /// Its text; empty when there is no file.
    pub(super) text: String,
    /// Who owns the file, and its mode; `None` when there is none.
    owner: Option<Owner>,
}

struct Owner {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Found {
    /// Of the file; `None` when there is none.
    pub(super) fn sha256(&self) -> Option<Digest> {
        let is_there = self.owner.is_some();
        is_there.then(|| sha256(self.text.as_bytes()))
    }
}

impl Place {
    /// Without a lock, for reading only.
    pub(super) fn of(paths: &Paths, list: ListName) -> Self {
        let name = match list {
            ListName::Media => "allowlist.toml",
            ListName::Contractors => "contractors.toml",
            ListName::Accounts => "accounts.toml",
            ListName::Policy => "kiosk.toml",
        };
        Self {
            list,
            path: paths.allowlist().with_file_name(name),
            _lock: None,
        }
    }

    /// Takes the list for this process alone, as long as the value lives.
    pub(super) fn lock(
        paths: &Paths,
        list: ListName,
        wait_max: Duration,
    ) -> Result<Self, CommandError> {
        let place = Self::of(paths, list);
        let path = place.beside("", ".lock");
        let failed = CommandError::file("lock", &path);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path);
        let lock = match lock {
            Ok(lock) => lock,
            Err(source) => return Err(failed(source)),
        };
        let began = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if began.elapsed() < wait_max => {
                    std::thread::sleep(LOCK_TRY);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(CommandError::Asked(format!(
                        "another command has been changing {} for more than {} s; nothing is \
                         done (see who holds {}: fuser -v FILE)",
                        place.path.display(),
                        wait_max.as_secs(),
                        path.display()
                    )));
                }
            }
        }
        Ok(Self {
            _lock: Some(lock),
            ..place
        })
    }

    /// Which list.
    pub(super) fn list(&self) -> ListName {
        self.list
    }

    /// The list itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the list. A link is not followed: the renaming would put a file in its place.
    pub(super) fn read(&self) -> Result<Found, CommandError> {
        let failed = |source| CommandError::file("read", &self.path)(source);
        let bytes_max = match self.list {
            ListName::Media => decide::allowlist::LIST_BYTES_MAX,
            ListName::Contractors => decide::contractors::CONTRACTORS_BYTES_MAX,
            ListName::Accounts => decide::accounts::ACCOUNTS_BYTES_MAX,
            ListName::Policy => decide::policy::POLICY_BYTES_MAX,
        };
        let (file, owner) = match open_plain(&self.path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Found {
                    text: String::new(),
                    owner: None,
                });
            }
            Err(error) => return Err(failed(error)),
        };
        // One byte more than may be: the reader refuses it by name.
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let lines = good.unwrap_or_default().split(|byte| *byte == b'\n');
            CommandError::Asked(format!(
                "{}:{}: the text is not UTF-8; save the file as UTF-8",
                self.path.display(),
                lines.count()
            ))
        })?;
        Ok(Found {
            text,
            owner: Some(owner),
        })
    }

    /// Writes the new list beside the old one, with its owner and mode, and the backup.
    pub(super) fn write_beside(&self, found: &Found, text: &str) -> Result<(), CommandError> {
        self.throw_away()?;
        let path = self.next();
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(text.as_bytes())?;
            let own = file.metadata()?;
            let mode = match &found.owner {
                Some(old) => {
                    if (old.uid, old.gid) != (own.uid(), own.gid()) {
                        fchown(&file, Some(old.uid), Some(old.gid))?;
                    }
                    old.mode
                }
                None => self.mode_of_new(),
            };
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()?;
            // Its name must be there before the entry that tells of it.
            File::open(self.folder())?.sync_all()
        };
        written().map_err(CommandError::file("write", &path))?;
        if found.owner.is_some() {
            self.back_up()?;
        }
        Ok(())
    }

    /// The others hold codes of visits and hashes of PINs.
    fn mode_of_new(&self) -> u32 {
        match self.list {
            ListName::Media | ListName::Policy => 0o644,
            ListName::Contractors | ListName::Accounts => 0o600,
        }
    }

    /// The file that is about to be replaced gets a second name.
    fn back_up(&self) -> Result<(), CommandError> {
        let (backup, link) = (self.beside("", ".bak"), self.beside(".", ".bak.new"));
        let failed = CommandError::file("make the backup", &backup);
        let made = || -> io::Result<()> {
            remove(&link)?;
            fs::hard_link(&self.path, &link)?;
            fs::rename(&link, &backup)?;
            // Renaming does nothing when both names are of one file already.
            remove(&link)
        };
        made().map_err(failed)
    }

    /// Puts the new list in the place of the old one.
    pub(super) fn put_in_place(&self) -> Result<(), CommandError> {
        let put = || -> io::Result<()> {
            fs::rename(self.next(), &self.path)?;
            File::open(self.folder())?.sync_all()
        };
        put().map_err(CommandError::file("replace", &self.path))
    }

    /// Throws the new list away.
    pub(super) fn throw_away(&self) -> Result<(), CommandError> {
        let path = self.next();
        remove(&path).map_err(CommandError::file("remove", &path))
    }

    /// Brings an edit that was killed to its end, or takes its traces away.
    pub(super) fn settle(&self, ledger: &Path) -> Result<(), CommandError> {
        let new = self.next();
        let left = match open_plain(&new) {
            Ok((mut file, _)) => {
                let mut bytes = Vec::new();
                let read = file.read_to_end(&mut bytes);
                read.map_err(CommandError::file("read", &new))?;
                sha256(&bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(CommandError::file("read", &new)(error)),
        };
        match last_told(ledger, self.list)? {
            Some((number, change))
                if change.after_sha256 == Some(left)
                    && change.before_sha256 == self.read()?.sha256() =>
            {
                self.put_in_place()?;
                print::note(&format!(
                    "{}: the change of entry {number} was broken off; it is in place now",
                    self.path.display()
                ));
                Ok(())
            }
            Some(_) | None => self.throw_away(),
        }
    }

    /// The new list, until it is in place.
    fn next(&self) -> PathBuf {
        self.beside(".", ".new")
    }

    fn beside(&self, before: &str, after: &str) -> PathBuf {
        let mut name = OsString::from(before);
        name.push(self.path.file_name().unwrap_or_default());
        name.push(after);
        self.path.with_file_name(name)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

/// The ledger's last entry about this list, with its number.
fn last_told(folder: &Path, list: ListName) -> Result<Option<(u64, ListChange)>, CommandError> {
    // Nothing was ever told to a ledger that is not there.
    let Some(ledger) = ledger::begun(folder)? else {
        return Ok(None);
    };
    let mut last = None;
    for entry in ledger.entries(reader::Filter::default())? {
        let entry = entry?;
        if let Event::ListChanged(change) = entry.content()?.event
            && change.list == list
        {
            last = Some((entry.number, *change));
        }
    }
    Ok(last)
}

/// Opens a file that is a file and no link to one.
fn open_plain(path: &Path) -> io::Result<(File, Owner)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|error| {
            if error.raw_os_error().map(Errno::from_raw) == Some(Errno::ELOOP) {
                let what = "it is a link, which a change would replace: put the file itself there";
                return io::Error::other(what);
            }
            error
        })?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let owner = Owner {
        uid: about.uid(),
        gid: about.gid(),
        mode: about.mode() & 0o7777,
    };
    Ok((file, owner))
}

/// Removes a file that need not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
