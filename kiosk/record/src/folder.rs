//! The ledger's folder: who may read what is in it, and who alone may write.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::error::LedgerError;
use crate::key::PUBLIC_FILE;

/// Name of the file whose lock the writer holds. Nobody else may open it, or a reader could
/// keep the writer out.
pub(crate) const LOCK_FILE: &str = "ledger.lock";

/// The folder by its true name; made, and its name made durable, when it is not there.
pub(crate) fn make_folder(folder: &Path) -> Result<PathBuf, LedgerError> {
    let failed = |source| LedgerError::Open {
        path: folder.to_owned(),
        source,
    };
    if !folder.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(folder)
            .map_err(failed)?;
        if let Some(parent) = folder.parent().filter(|parent| *parent != Path::new("")) {
            File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(failed)?;
        }
    }
    fs::canonicalize(folder).map_err(failed)
}

/// Looks at what is there before SQLite does, which throws a log away whose database is empty,
/// and takes a log that is none for an empty one.
///
/// # Errors
/// [`LedgerError::Lost`] when there was a ledger and its database is not there;
/// [`LedgerError::Damaged`] when its log is none.
pub(crate) fn require_whole(database: &Path, lock: &Flock<File>) -> Result<(), LedgerError> {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LedgerError::Open { path, source }
    };
    let length = |path: &Path| match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed(path)(error)),
    };
    let log_length = length(&log)?;
    let was_made = was_made(lock).map_err(LedgerError::system("read the lock"))?;
    if length(database)? == 0 && (log_length > 0 || was_made) {
        return Err(LedgerError::Lost(database.to_owned()));
    }
    if log_length >= LOG_HEAD_BYTES {
        let mut head = [0; 8];
        OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&log)
            .and_then(|mut log| log.read_exact(&mut head))
            .map_err(failed(&log))?;
        if !LOG_HEADS.contains(&u64::from_be_bytes(head)) {
            let what = format!("{} is no log of SQLite", log.display());
            return Err(LedgerError::Damaged(what));
        }
    }
    Ok(())
}

/// Length of the head of SQLite's write-ahead log, in bytes. It is written and synced before
/// anything else, so a shorter log holds nothing.
const LOG_HEAD_BYTES: u64 = 32;

/// How such a log begins: its magic number, one for each order of bytes in its checksums, and
/// its version (SQLite's file format, section 4.1). Or nothing at all: a disk that lost power
/// may have made room for the head and not have it yet.
const LOG_HEADS: [u64; 3] = [0x377f_0682_002d_e218, 0x377f_0683_002d_e218, 0];

/// Whether a ledger was made in the folder: something of it that is not the database is there.
pub(crate) fn is_of_a_ledger(folder: &Path) -> bool {
    let length = |name| fs::symlink_metadata(folder.join(name)).map(|found| found.len());
    length(LOCK_FILE).is_ok_and(|length| length > 0) || length(PUBLIC_FILE).is_ok()
}

/// Reads a small file, and nothing that may never answer: no link, no pipe, no device. `None`
/// when there is none.
///
/// # Errors
/// When it cannot be read, is none, or is longer than `bytes_max`.
pub(crate) fn read_small(path: &Path, bytes_max: u64) -> io::Result<Option<String>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut text = String::new();
    let read = file
        .take(bytes_max.saturating_add(1))
        .read_to_string(&mut text)?;
    if usize::try_from(bytes_max).is_ok_and(|most| most < read) {
        return Err(io::Error::other("it is too long"));
    }
    Ok(Some(text))
}

/// Makes the names of the files in the folder durable. SQLite does not look whether the disk
/// took that.
///
/// # Errors
/// When the disk did not.
pub(crate) fn sync(folder: &Path) -> Result<(), LedgerError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| LedgerError::Open {
            path: folder.to_owned(),
            source,
        })
}

/// Makes the database an empty file with our permissions; SQLite would give it others, and
/// its log copies them. One that is there is not opened: closing it would drop locks that
/// SQLite holds on it in this process.
pub(crate) fn make_file(path: &Path) -> Result<(), LedgerError> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(path)
    {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(LedgerError::Open {
            path: path.to_owned(),
            source,
        }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Takes the ledger for this process alone, as long as the lock is held.
pub(crate) fn lock(folder: &Path) -> Result<Flock<File>, LedgerError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&path)
        .map_err(|source| LedgerError::Open {
            path: path.clone(),
            source,
        })?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
        if errno == Errno::EWOULDBLOCK {
            return LedgerError::InUse(folder.to_owned());
        }
        LedgerError::Open {
            path,
            source: errno.into(),
        }
    })
}

/// Notes in the lock file that there is a ledger now.
///
/// # Errors
/// When the disk does not take it.
pub(crate) fn mark_made(lock: &mut Flock<File>) -> io::Result<()> {
    if !was_made(lock)? {
        lock.write_all(MADE)?;
        lock.sync_all()?;
    }
    Ok(())
}

/// Whether there was a ledger here before: one that is gone must not begin anew in silence.
///
/// # Errors
/// When the disk does not say.
pub(crate) fn was_made(lock: &Flock<File>) -> io::Result<bool> {
    Ok(lock.metadata()?.len() > 0)
}

/// What the lock file says from the first ledger on.
const MADE: &[u8] = b"a ledger was made here\n";
