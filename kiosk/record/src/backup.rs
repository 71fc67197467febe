//! A copy of the ledger, and a ledger out of a copy.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::error::LedgerError;
use crate::folder;
use crate::key::{PUBLIC_FILE, SECRET_FILE, SecretKey, give_to_owner, put, sync_folder};
use crate::note::HEAD_FILE;
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

/// Makes a ledger in `to` out of the copy in `from`, with the secret key that signed last.
///
/// Nothing is begun there that another writer could take for a new ledger: until the database
/// is in its place the folder says that its ledger is gone, and this can be called again.
///
/// # Errors
/// [`LedgerError::Taken`] when a ledger is there already; [`LedgerError::InUse`]; others when
/// a file cannot be read or written.
pub fn put_back(from: &Path, to: &Path, key: &SecretKey) -> Result<(), LedgerError> {
    let to = folder::make_folder(to)?;
    let mut lock = folder::lock(&to)?;
    give_to_owner(&to.join(folder::LOCK_FILE)).map_err(LedgerError::system("write the lock"))?;
    let database = to.join(schema::FILE);
    if database.exists() {
        return Err(LedgerError::Taken(to));
    }
    folder::mark_made(&mut lock).map_err(LedgerError::system("write the lock"))?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LedgerError::Open { path, source }
    };
    for (name, mode) in [(PUBLIC_FILE, 0o640), (HEAD_FILE, 0o640)] {
        let path = from.join(name);
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        put(&to.join(name), mode, &text)?;
    }
    put(&to.join(SECRET_FILE), 0o600, &key.pem())?;
    let (source, new) = (
        from.join(schema::FILE),
        to.join(format!("{}.new", schema::FILE)),
    );
    // A copy that was cut short is written over: it never had the name.
    fs::remove_file(&new).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(failed(&new)(error)),
    })?;
    folder::make_file(&new)?;
    fs::copy(&source, &new).map_err(failed(&source))?;
    fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o640))
        .and_then(|()| give_to_owner(&new))
        .and_then(|()| File::open(&new)?.sync_all())
        .and_then(|()| fs::rename(&new, &database))
        .and_then(|()| sync_folder(&database))
        .map_err(failed(&database))
}
