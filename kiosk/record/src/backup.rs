//! A copy of the ledger, and a ledger out of a copy.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::ledger::EntryId;

use crate::error::LedgerError;
use crate::folder;
use crate::key::{PUBLIC_FILE, SECRET_FILE, SecretKey, give_to_owner, put, sync_folder};
use crate::note::{self, HEAD_FILE};
use crate::reader::Ledger;
use crate::schema;

impl Ledger {
    /// Writes all of it, what still lies in its log too, as one database to the new file
    /// `path`, which is on the disk when this returns.
    ///
    /// # Errors
    /// What SQLite said, also when there is a file of that name.
    pub fn copy_to(&self, path: &Path) -> Result<(), LedgerError> {
        let name = path.to_str().ok_or_else(|| LedgerError::Open {
            path: path.to_owned(),
            source: io::Error::other("the name of the copy is no UTF-8"),
        })?;
        self.db
            .execute("VACUUM INTO ?1", (name,))
            .map_err(LedgerError::database("copy"))?;
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|source| LedgerError::Open {
                path: path.to_owned(),
                source,
            })
    }
}

/// The first line of what is signed of a backup: no checkpoint has such a one, or four lines.
const LIST: &str = "media-kiosk/backup@v1";

/// The signed note about the list of a backup's files: the ledger's name, its last entry in the
/// backup and the SHA-256 of the list, signed by `key`. Ed25519 signs one text in one way, so
/// whoever has the key makes the note once more and compares.
#[must_use]
pub fn signed_list(key: &SecretKey, origin: &str, head: EntryId, list: &[u8]) -> String {
    let list = Digest(Sha256::digest(list).into());
    let (number, leaf) = (head.number, head.leaf_sha256);
    let body = format!("{LIST}\n{origin}\n{number} {leaf}\n{list}\n");
    note::signed(&body, &[key.log_signature(origin, &body)])
}

/// Makes a ledger in `to` out of the copy `from`, with the secret key that signed last. What is
/// written is what `from` reads, not the file that it was opened from.
///
/// Nothing is begun there that another writer could take for a new ledger: until the database
/// is in its place the folder says that its ledger is gone, and this can be called again.
///
/// # Errors
/// [`LedgerError::Taken`] when a ledger, or the log of one, is there already;
/// [`LedgerError::InUse`]; others when a file cannot be read or written.
pub fn put_back(from: &Ledger, to: &Path, key: &SecretKey) -> Result<(), LedgerError> {
    let to = folder::make_folder(to)?;
    let mut lock = folder::lock(&to)?;
    give_to_owner(&to.join(folder::LOCK_FILE)).map_err(LedgerError::system("write the lock"))?;
    // A log of another database beside this one would be taken for its own.
    let kept = ["", "-wal", "-shm", "-journal"];
    if kept
        .iter()
        .any(|beside| to.join(format!("{}{beside}", schema::FILE)).exists())
    {
        return Err(LedgerError::Taken(to));
    }
    folder::mark_made(&mut lock).map_err(LedgerError::system("write the lock"))?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LedgerError::Open { path, source }
    };
    let public = format!("{}\n", from.first_key()?.text());
    for (name, mode, text) in [
        (PUBLIC_FILE, 0o640, public),
        (HEAD_FILE, 0o640, from.checkpoint(None)?),
        (SECRET_FILE, 0o600, key.pem()),
    ] {
        let path = to.join(name);
        if path.exists() {
            // Of the ledger that was here: it may be the last that knows of later entries.
            let before = to.join(format!("{name}.before"));
            fs::rename(&path, &before).map_err(failed(&before))?;
        }
        put(&path, mode, &text)?;
    }
    let (new, database) = (
        to.join(format!("{}.new", schema::FILE)),
        to.join(schema::FILE),
    );
    // A copy that was cut short is written over: it never had the name.
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(failed(&new)(error));
    }
    from.copy_to(&new)?;
    fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o640))
        .and_then(|()| give_to_owner(&new))
        .and_then(|()| File::open(&new)?.sync_all())
        .and_then(|()| fs::rename(&new, &database))
        .and_then(|()| sync_folder(&database))
        .map_err(failed(&database))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_of_a_backup_is_of_its_list_and_its_last_entry_and_no_checkpoint() {
        let (key, other) = (SecretKey::from_seed([7; 32]), SecretKey::from_seed([8; 32]));
        let head = |number| EntryId {
            number,
            leaf_sha256: Digest([1; 32]),
        };
        let origin = key.origin();
        let note = signed_list(&key, &origin, head(3), b"list");
        assert_eq!(note, signed_list(&key, &origin, head(3), b"list"));
        for changed in [
            signed_list(&key, &origin, head(3), b"other list"),
            signed_list(&key, &origin, head(4), b"list"),
            signed_list(&other, &origin, head(3), b"list"),
        ] {
            assert_ne!(note, changed);
        }
        assert!(note.starts_with("media-kiosk/backup@v1\nmedia-kiosk/fe812c12f3ab4ce6\n3 0101"));
        assert_eq!(crate::verify::note::Note::parse(&note), None);
    }
}
