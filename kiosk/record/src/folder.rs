//! The ledger's folder: who may read what is in it, and who alone may write.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::error::LedgerError;

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
