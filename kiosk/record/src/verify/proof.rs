//! A proof that was given out, checked without the ledger.

use base64ct::{Base64, Encoding as _};
use wire::Digest;

use super::note::{Kind, Note, PublicKey, Signed};
use super::tree;
use crate::entry::{ENTRY_BYTES_MAX, leaf};

/// Longest proof, in bytes: an entry in base64, at most 64 hashes, a checkpoint.
pub const PROOF_BYTES_MAX: usize = 2 * ENTRY_BYTES_MAX;

/// Most hashes of a proof: a tree of 2^64 leaves needs no more.
const PROOF_HASHES_MAX: usize = 128;

/// What a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The number of the entry.
    pub number: u64,
    /// Its bytes.
    pub bytes: String,
    /// The checkpoint whose tree has it.
    pub checkpoint: Note,
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not in the form of a proof.
    #[error("is not in the form of a proof")]
    Form,
    /// Nobody who is known signed the checkpoint.
    #[error("has a checkpoint that the key did not sign")]
    Signature,
    /// The hashes do not lead from one to the other.
    #[error("does not hold: its hashes lead elsewhere")]
    Hashes,
}

/// Checks a proof in the form of c2sp.org/tlog-proof that has the entry as its extra data.
///
/// # Errors
/// [`ProofError`].
pub fn inclusion(text: &str, keys: &[PublicKey]) -> Result<Proven, ProofError> {
    let read = || {
        let text = Some(text).filter(|text| text.len() <= PROOF_BYTES_MAX)?;
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let is_ours = lines.next()? == "c2sp.org/tlog-proof@v1";
        let bytes = Base64::decode_vec(lines.next()?.strip_prefix("extra ")?).ok()?;
        let place = lines.next()?.strip_prefix("index ")?;
        let index: u64 = place.parse().ok()?;
        let path = hashes(lines)?;
        let checkpoint = Note::parse(checkpoint)?;
        let bytes = String::from_utf8(bytes).ok()?;
        (is_ours && index.to_string() == place).then_some((bytes, index, path, checkpoint))
    };
    let (bytes, index, path, checkpoint) = read().ok_or(ProofError::Form)?;
    signed(&checkpoint, keys)?;
    let leaf = leaf(bytes.as_bytes());
    if !tree::includes(leaf, index, checkpoint.size, &path, checkpoint.root) {
        return Err(ProofError::Hashes);
    }
    Ok(Proven {
        number: index.saturating_add(1),
        bytes,
        checkpoint,
    })
}

/// Checks that the first of two checkpoints is the beginning of the second: the form of
/// [`crate::note::consistency`].
///
/// # Errors
/// [`ProofError`].
pub fn consistency(text: &str, keys: &[PublicKey]) -> Result<(Note, Note), ProofError> {
    let read = || {
        let text = Some(text).filter(|text| text.len() <= PROOF_BYTES_MAX)?;
        let rest = text.strip_prefix("media-kiosk/consistency@v1\n\n")?;
        let parts: Vec<&str> = rest.split("\n\n").collect();
        let [old, old_signed, path, new, new_signed] = parts.as_slice() else {
            return None;
        };
        let old = Note::parse(&format!("{old}\n\n{old_signed}\n"))?;
        let new = Note::parse(&format!("{new}\n\n{new_signed}"))?;
        Some((old, hashes(path.split('\n'))?, new))
    };
    let (old, path, new) = read().ok_or(ProofError::Form)?;
    if old.origin != new.origin {
        return Err(ProofError::Form);
    }
    signed(&old, keys)?;
    signed(&new, keys)?;
    if !tree::extends((old.size, old.root), (new.size, new.root), &path) {
        return Err(ProofError::Hashes);
    }
    Ok((old, new))
}

/// One of these logs' keys signed it, and under the name of that log.
fn signed(note: &Note, keys: &[PublicKey]) -> Result<(), ProofError> {
    let by = |key: &PublicKey| {
        key.kind() == Kind::Log && key.name() == note.origin && note.signed_by(key) == Signed::Holds
    };
    if keys.iter().any(by) {
        Ok(())
    } else {
        Err(ProofError::Signature)
    }
}

fn hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<Digest>> {
    let hash = |line: &str| Some(Digest(Base64::decode_vec(line).ok()?.try_into().ok()?));
    let all: Vec<Digest> = lines.map(hash).collect::<Option<_>>()?;
    (all.len() <= PROOF_HASHES_MAX).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{SecretKey, log_key};
    use crate::{note, tree};

    struct Log {
        key: SecretKey,
        entries: Vec<String>,
    }

    impl Log {
        fn new(size: usize) -> Self {
            Self {
                key: SecretKey::from_seed([3; 32]),
                entries: (0..size).map(|at| format!("{{\"entry\":{at}}}")).collect(),
            }
        }

        fn leaves(&self, size: usize) -> Vec<Digest> {
            let entries = self.entries.iter().take(size);
            entries.map(|entry| leaf(entry.as_bytes())).collect()
        }

        fn checkpoint(&self, size: usize) -> String {
            let origin = self.key.origin();
            let root = tree::root(&self.leaves(size));
            let body = note::body(&origin, u64::try_from(size).unwrap(), root);
            note::signed(&body, &[self.key.log_signature(&origin, &body)])
        }

        fn proof(&self, index: usize) -> String {
            let size = self.entries.len();
            let path = tree::inclusion(index, &self.leaves(size)).unwrap();
            let at = u64::try_from(index).unwrap();
            note::proof(&self.entries[index], at, &path, &self.checkpoint(size))
        }

        fn key(&self) -> PublicKey {
            PublicKey::parse(&log_key(&self.key.origin(), &self.key.public())).unwrap()
        }
    }

    #[test]
    fn a_proof_that_is_given_out_holds_and_with_any_byte_changed_does_not() {
        let log = Log::new(11);
        let (proof, keys) = (log.proof(4), [log.key()]);
        let proven = inclusion(&proof, &keys).unwrap();
        assert_eq!(
            (proven.number, proven.bytes.as_str()),
            (5, log.entries[4].as_str())
        );
        assert_eq!(inclusion(&proof, &[]), Err(ProofError::Signature));
        for place in 0..proof.len() {
            let mut bytes = proof.clone().into_bytes();
            bytes[place] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(inclusion(&text, &keys).is_err(), "byte {place}: {text}");
            }
        }
        let many = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".repeat(PROOF_HASHES_MAX + 1);
        let long = proof.replacen("\n\n", &format!("\n{many}\n"), 1);
        assert_eq!(inclusion(&long, &keys), Err(ProofError::Form));
        let huge = format!("{proof}{}", "x".repeat(PROOF_BYTES_MAX));
        assert_eq!(inclusion(&huge, &keys), Err(ProofError::Form));
    }

    #[test]
    fn two_checkpoints_of_one_log_are_consistent_and_of_a_rewritten_one_are_not() {
        let (log, keys) = (Log::new(11), [Log::new(1).key()]);
        let path = tree::consistency(6, &log.leaves(11)).unwrap();
        let (old, new) = (log.checkpoint(6), log.checkpoint(11));
        let text = note::consistency(&old, &path, &new);
        let (first, second) = consistency(&text, &keys).unwrap();
        assert_eq!((first.size, second.size), (6, 11));
        let mut rewritten = Log::new(11);
        "{}".clone_into(&mut rewritten.entries[2]);
        let path = tree::consistency(6, &rewritten.leaves(11)).unwrap();
        let text = note::consistency(&old, &path, &rewritten.checkpoint(11));
        assert_eq!(consistency(&text, &keys), Err(ProofError::Hashes));
        assert_eq!(consistency(&text, &[]), Err(ProofError::Signature));
    }
}
