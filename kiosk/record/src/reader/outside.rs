//! Verification of a ledger that is read, by what lies beside it and what was noted elsewhere.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use wire::audit::NOTE_BYTES_MAX;

use super::Ledger;
use crate::error::LedgerError;
use crate::key::PUBLIC_FILE;
use crate::note::HEAD_FILE;
use crate::verify::note::{Kind, Note, PublicKey, Signed};
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
    /// [`LedgerError::Checkpoint`] when one of `outside` is signed by none of the keys.
    pub fn verify_with(
        &self,
        since: Option<u64>,
        mut outside: Outside,
    ) -> Result<Verified, LedgerError> {
        let given = || {
            let mut keys = outside.keys.iter();
            keys.find(|key| key.kind() == Kind::Log).cloned()
        };
        let first = match (self.first_key(), given()) {
            (Ok(first), _) => first,
            (Err(LedgerError::NoKey(_)), Some(given)) => given,
            (Err(error), _) => return Err(error),
        };
        let ours = outside.checkpoints.clone();
        // Read before the ledger is: what is written meanwhile makes the ledger longer than it.
        outside.checkpoints.extend(self.last_given_out(&first));
        let verified = verify(&self.db, since.unwrap_or(1), Depth::Rows, first, &outside)?;
        for note in &ours {
            let mut keys = verified.keys.iter().chain(&outside.keys);
            if note.origin != verified.keys.first().map_or("", PublicKey::name) {
                return Err(LedgerError::Checkpoint("is of another ledger"));
            }
            if !keys.any(|key| note.signed_by(key) == Signed::Holds) {
                return Err(LedgerError::Checkpoint("is signed by none of the keys"));
            }
        }
        Ok(verified)
    }

    /// The ledger's first key, as the file beside it says.
    ///
    /// # Errors
    /// [`LedgerError::NoKey`] without the file, [`LedgerError::Key`] when it is none.
    pub fn first_key(&self) -> Result<PublicKey, LedgerError> {
        let path = self.folder.join(PUBLIC_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(LedgerError::NoKey(path));
            }
            Err(source) => return Err(LedgerError::Open { path, source }),
        };
        PublicKey::parse(text.trim_end()).ok_or(LedgerError::Key {
            path,
            what: "is no public key of a ledger",
        })
    }

    /// The checkpoint in the file beside the ledger. The file helps where it is; whoever may
    /// write there can take it away, so one that is none says nothing.
    fn last_given_out(&self, first: &PublicKey) -> Option<Note> {
        last_given_out(&self.folder, first)
    }
}

/// The same, of the ledger in a folder.
pub(crate) fn last_given_out(folder: &Path, first: &PublicKey) -> Option<Note> {
    let mut text = String::new();
    let most = u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX);
    File::open(folder.join(HEAD_FILE))
        .and_then(|file| file.take(most.saturating_add(1)).read_to_string(&mut text))
        .ok()?;
    Note::parse(&text).filter(|note| note.origin == first.name())
}
