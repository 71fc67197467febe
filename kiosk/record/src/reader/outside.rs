//! Verification of a ledger that is read, by what lies beside it and what was noted elsewhere.

use std::path::Path;

use wire::audit::{KEY_TEXT_BYTES_MAX, NOTE_BYTES_MAX};

use super::Ledger;
use crate::error::LedgerError;
use crate::folder::read_small;
use crate::key::PUBLIC_FILE;
use crate::note::HEAD_FILE;
use crate::verify::note::{Note, PublicKey, Signed};
use crate::verify::{Depth, Outside, Verified, verify};

impl Ledger {
    /// Verifies every entry from `since` (from the first when `None`) to the last with its
    /// rows, as FORMAT.md says.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] names the first entry that is wrong and says what is;
    /// [`LedgerError::Schema`] when what guards the entries is gone. Both mean that the ledger is not
    /// what was written. Others mean that it could not be found out.
    pub fn verify(&self, since: Option<u64>) -> Result<Verified, LedgerError> {
        self.verify_with(since, Outside::default())
    }

    /// The same, against what is known of the ledger from elsewhere besides the files beside
    /// it. Without `ledger.pub` the first key of a log in `outside` is the ledger's first key.
    ///
    /// # Errors
    /// As [`Self::verify`]; [`LedgerError::OtherKey`] and [`LedgerError::NotCosigned`] when
    /// somebody did not sign who should have; [`LedgerError::NoKey`] without any key;
    /// [`LedgerError::OtherCheckpoint`] when one of `outside` is not of this ledger,
    /// [`LedgerError::Checkpoint`] when one is signed by nobody.
    pub fn verify_with(
        &self,
        since: Option<u64>,
        mut outside: Outside,
    ) -> Result<Verified, LedgerError> {
        let given = || {
            let bare = outside.bare.iter().filter_map(PublicKey::first);
            let mut keys = outside.keys.iter().cloned().chain(bare);
            keys.find(PublicKey::is_first)
        };
        let first = match (self.first_key(), given()) {
            (Ok(first), _) => first,
            (Err(LedgerError::NoKey(_)), Some(given)) => given,
            (Err(error), _) => return Err(error),
        };
        for note in &outside.checkpoints {
            if note.origin != first.name() {
                let why = format!("it is of {}", wire::name::line(&note.origin));
                return Err(LedgerError::OtherCheckpoint(why));
            }
        }
        // Read before the ledger is: what is written meanwhile makes the ledger longer than it.
        outside.beside = last_given_out(&self.folder, &first)?;
        let verified = verify(&self.db, since.unwrap_or(1), Depth::Rows, first, &outside)?;
        for note in &outside.checkpoints {
            let holds = |key: &PublicKey| note.signed_by(key) == Signed::Holds;
            if verified.keys.iter().any(holds) {
                continue;
            }
            let bare = outside.bare.iter().any(|key| note.cosigner(key).is_some());
            if bare || outside.keys.iter().any(holds) {
                let why = "an auditor signed it, and no key of this ledger did";
                return Err(LedgerError::OtherCheckpoint(why.to_owned()));
            }
            return Err(LedgerError::Checkpoint("is signed by none of the keys"));
        }
        Ok(verified)
    }

    /// The ledger's first key, as the file beside it says.
    ///
    /// # Errors
    /// [`LedgerError::NoKey`] without the file, [`LedgerError::Key`] when it is none.
    pub fn first_key(&self) -> Result<PublicKey, LedgerError> {
        first_key(&self.folder)
    }
}

/// The first key of the ledger in a folder, as the file there says.
///
/// # Errors
/// [`LedgerError::NoKey`] without the file, [`LedgerError::Key`] when it is none, and
/// [`LedgerError::FirstKey`] when it is another: the name of a ledger follows from its first key,
/// so that no other can be put in its place.
pub(crate) fn first_key(folder: &Path) -> Result<PublicKey, LedgerError> {
    let path = folder.join(PUBLIC_FILE);
    let most = u64::try_from(KEY_TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    let text = match read_small(&path, most.saturating_add(1)) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(LedgerError::NoKey(path)),
        Err(source) => return Err(LedgerError::Open { path, source }),
    };
    match PublicKey::parse(text.trim_end()) {
        Some(key) if key.is_first() => Ok(key),
        Some(_) => Err(LedgerError::FirstKey(path)),
        None => Err(LedgerError::Key {
            path,
            what: "is no public key of a ledger",
        }),
    }
}

/// The checkpoint in the file beside the ledger in a folder. The file helps where it is; whoever
/// may write there can take it away, and a disk that lost power may have emptied it.
///
/// # Errors
/// [`LedgerError::Beside`] when it is no checkpoint of the ledger of this first key.
pub(crate) fn last_given_out(
    folder: &Path,
    first: &PublicKey,
) -> Result<Option<Note>, LedgerError> {
    let most = u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX);
    let Ok(text) = read_small(&folder.join(HEAD_FILE), most) else {
        return Err(LedgerError::Beside);
    };
    let Some(text) = text.filter(|text| text.bytes().any(|byte| byte != 0)) else {
        return Ok(None);
    };
    match Note::parse(&text).filter(|note| note.origin == first.name()) {
        Some(note) => Ok(Some(note)),
        None => Err(LedgerError::Beside),
    }
}
