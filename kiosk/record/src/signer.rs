//! Who signs the ledger: its key in force, and the tree that is signed.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use wire::Digest;

use crate::error::{Alteration, LedgerError};
use crate::key::{NEXT_FILE, PUBLIC_FILE, SECRET_FILE, SecretKey, give_to_owner, log_key, put};
use crate::note::{self, HEAD_FILE};
use crate::reader::outside;
use crate::serve::say;
use crate::tree::Frontier;
use crate::verify::note::PublicKey;

/// The ledger's name and key, and the tree so far.
pub(crate) struct Signer {
    folder: PathBuf,
    origin: String,
    secret: SecretKey,
    tree: Frontier,
}

/// A checkpoint that is not written yet, with the tree it is of.
pub(crate) struct Signed {
    pub(crate) note: String,
    tree: Frontier,
}

/// The first key of the ledger in `folder`; it is made for a ledger without entries.
///
/// # Errors
/// [`LedgerError::NoKey`] when a ledger with entries has lost it.
pub(crate) fn first_key(folder: &Path, is_new: bool) -> Result<PublicKey, LedgerError> {
    let (public, secret) = (folder.join(PUBLIC_FILE), folder.join(SECRET_FILE));
    let key = match outside::first_key(folder) {
        Err(LedgerError::NoKey(_)) if is_new => {
            make(folder)?;
            outside::first_key(folder)?
        }
        key => key?,
    };
    if is_new && !secret.exists() {
        // Whoever made the first file did not come to the second: nothing is signed yet.
        fs::remove_file(&public).map_err(|source| LedgerError::Open {
            path: public.clone(),
            source,
        })?;
        return first_key(folder, true);
    }
    Ok(key)
}

/// Makes the first key: the secret half first, so that no public one is there without it.
fn make(folder: &Path) -> Result<(), LedgerError> {
    let path = folder.join(SECRET_FILE);
    let secret = if path.exists() {
        SecretKey::open(&path)?
    } else {
        let secret = SecretKey::generate().map_err(LedgerError::system("get random numbers"))?;
        put(&path, 0o600, &secret.pem())?;
        secret
    };
    let text = format!("{}\n", log_key(&secret.origin(), &secret.public()));
    put(&folder.join(PUBLIC_FILE), 0o640, &text)
}

impl Signer {
    /// The signer of a ledger that was verified, and is signed by `key` now.
    ///
    /// # Errors
    /// [`LedgerError::Key`] when the secret key in the folder is another one.
    pub(crate) fn open(
        folder: &Path,
        db: &Connection,
        key: &PublicKey,
    ) -> Result<Self, LedgerError> {
        let path = folder.join(SECRET_FILE);
        finish_change(folder, key)?;
        let secret = SecretKey::open(&path)?;
        if secret.public() != key.bytes() {
            let what = "is not the key that signs this ledger: put back the one of its backup";
            return Err(LedgerError::Key { path, what });
        }
        let tree = grown(db)?;
        Ok(Self {
            folder: folder.to_owned(),
            origin: key.name().to_owned(),
            secret,
            tree,
        })
    }

    /// The checkpoint with one more leaf.
    pub(crate) fn sign(&self, leaf: Digest) -> Signed {
        self.sign_after(&self.tree, leaf, None)
    }

    /// The checkpoint with one more leaf than `before`; signed by `next` too, when it is the
    /// key from here on.
    pub(crate) fn handed_over(&self, before: &Signed, leaf: Digest, next: &SecretKey) -> Signed {
        self.sign_after(&before.tree, leaf, Some(next))
    }

    fn sign_after(&self, before: &Frontier, leaf: Digest, next: Option<&SecretKey>) -> Signed {
        let mut tree = before.clone();
        tree.push(leaf);
        let body = note::body(&self.origin, tree.size(), tree.root());
        let mut lines = vec![self.secret.log_signature(&self.origin, &body)];
        lines.extend(next.map(|key| key.log_signature(&self.origin, &body)));
        Signed {
            note: note::signed(&body, &lines),
            tree,
        }
    }

    /// A new key, on the disk before it is anybody's.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn prepare(&self) -> Result<SecretKey, LedgerError> {
        // The file of the key in force may still wait for its name: it is the only copy.
        if let Some(key) = PublicKey::parse(&self.spelled(&self.secret)) {
            finish_change(&self.folder, &key)?;
        }
        let secret = SecretKey::generate().map_err(LedgerError::system("get random numbers"))?;
        put(&self.folder.join(NEXT_FILE), 0o600, &secret.pem())?;
        Ok(secret)
    }

    /// The public half of a key as this ledger's entries spell it.
    pub(crate) fn spelled(&self, secret: &SecretKey) -> String {
        log_key(&self.origin, &secret.public())
    }

    /// Takes note that a checkpoint was committed, and gives it out. That it cannot be given
    /// out takes nothing back.
    pub(crate) fn committed(&mut self, signed: Signed) {
        self.tree = signed.tree;
        let (path, new) = (
            self.folder.join(HEAD_FILE),
            self.folder.join(format!("{HEAD_FILE}.new")),
        );
        // Not made durable: it follows from the ledger, and an older one is true as well.
        // One of a writer that was killed may be there; that it cannot go is seen right after.
        let _ = fs::remove_file(&new);
        let given = File::create_new(&new)
            .and_then(|mut file| file.write_all(signed.note.as_bytes()))
            .and_then(|()| give_to_owner(&new))
            .and_then(|()| fs::rename(&new, &path));
        if let Err(error) = given {
            say(&format!(
                "cannot write {}: {}",
                path.display(),
                wire::explained(&error)
            ));
        }
    }

    /// Signs by the new key from here on.
    ///
    /// # Errors
    /// When its file cannot take the place of the one before; the next start does it then.
    pub(crate) fn change(&mut self, secret: SecretKey) -> Result<(), LedgerError> {
        let key = PublicKey::parse(&self.spelled(&secret)).ok_or(LedgerError::Key {
            path: self.folder.join(NEXT_FILE),
            what: "cannot be spelled",
        })?;
        self.secret = secret;
        finish_change(&self.folder, &key)
    }
}

/// Puts the next key in the place of the present one when it is the one that signs now, and
/// away when the present one still does. A key that cannot be read is left where it is.
fn finish_change(folder: &Path, key: &PublicKey) -> Result<(), LedgerError> {
    let (next, path) = (folder.join(NEXT_FILE), folder.join(SECRET_FILE));
    if !next.exists() {
        return Ok(());
    }
    let is_in_force = |path: &Path| SecretKey::open(path).map(|key| key.public());
    let done = if is_in_force(&next)? == key.bytes() {
        fs::rename(&next, &path).and_then(|()| crate::key::sync_folder(&path))
    } else if is_in_force(&path)? == key.bytes() {
        fs::remove_file(&next)
    } else {
        Ok(())
    };
    done.map_err(|source| LedgerError::Open { path: next, source })
}

/// The tree over the leaves of a ledger that was verified.
fn grown(db: &Connection) -> Result<Frontier, LedgerError> {
    let mut tree = Frontier::default();
    let mut all = db
        .prepare("SELECT leaf FROM entries ORDER BY number")
        .map_err(LedgerError::database("read"))?;
    let mut rows = all.query(()).map_err(LedgerError::database("read"))?;
    while let Some(row) = rows.next().map_err(LedgerError::database("read"))? {
        let leaf = row
            .get::<_, String>(0)
            .map_err(LedgerError::database("read"))?;
        let number = tree.size().saturating_add(1);
        tree.push(Digest::try_from(leaf).map_err(|_| LedgerError::Altered {
            number,
            what: Alteration::Changed,
        })?);
    }
    Ok(tree)
}
