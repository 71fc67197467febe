//! What is taken out of the ledger, and how it is proved.

use record::{Ledger, LedgerError};
use wire::ledger::Event;

use super::EvidenceError;
use super::proof::{Checkpoint, LedgerKey, Proof, node};

/// How often the ledger is read anew when it has grown meanwhile. Entries are minutes apart at a
/// kiosk, and reading takes less than a second for each.
const READINGS: u32 = 8;

/// What the ledger signed about its entries.
pub trait Proofs {
    /// The signed checkpoint over this many entries; over all of them without a number.
    ///
    /// # Errors
    /// When it cannot be read.
    fn checkpoint(&self, size: Option<u64>) -> Result<String, LedgerError>;

    /// The proof that an entry is in the ledger of the last checkpoint, as C2SP spells it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn proof(&self, number: u64) -> Result<String, LedgerError>;

    /// The first public key of the ledger: one line, `name+hash+key`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn public_key(&self) -> Result<String, LedgerError>;
}

/// A change of the key: the entry that says so, and the proof that it is the last one of a
/// checkpoint that both keys signed.
pub(super) struct KeyChange {
    pub(super) number: u64,
    pub(super) bytes: String,
    pub(super) proof: String,
}

/// The keys of the ledger.
pub(super) struct Keys {
    pub(super) first: LedgerKey,
    pub(super) today: LedgerKey,
    pub(super) changes: Vec<KeyChange>,
}

/// All that proves some entries.
pub(super) struct Proved {
    pub(super) keys: Keys,
    pub(super) checkpoint: Checkpoint,
    /// Proofs in the order of the numbers that were asked for.
    pub(super) proofs: Vec<String>,
}

/// Reads the proofs of `numbers`, all against one checkpoint, and checks each.
pub(super) fn proved(
    ledger: &Ledger,
    source: &dyn Proofs,
    numbers: &[u64],
) -> Result<Proved, EvidenceError> {
    for _ in 0..READINGS {
        let keys = keys(ledger, source)?;
        let checkpoint = source.checkpoint(None)?;
        let proofs: Vec<String> = numbers
            .iter()
            .map(|number| source.proof(*number))
            .collect::<Result<_, _>>()?;
        let is_one = proofs.iter().all(|proof| proof.ends_with(&checkpoint));
        if !is_one || source.checkpoint(None)? != checkpoint {
            continue;
        }
        let checkpoint = Checkpoint::parse(&checkpoint)
            .ok_or_else(|| EvidenceError::unproved("the last checkpoint is malformed"))?;
        if checkpoint.origin != keys.first.name || !checkpoint.is_signed_by(&keys.today) {
            return Err(EvidenceError::unproved(
                "the last checkpoint is not signed by the ledger's key",
            ));
        }
        for (number, proof) in numbers.iter().zip(&proofs) {
            let leaf = ledger.entry(*number)?.leaf_sha256;
            let holds = Proof::parse(proof).is_some_and(|proof| {
                proof.index.checked_add(1) == Some(*number)
                    && proof.checkpoint.text() == checkpoint.text()
                    && proof.includes(&leaf)
            });
            if !holds {
                let what = format!("the proof of entry {number} does not hold");
                return Err(EvidenceError::unproved(what));
            }
        }
        return Ok(Proved {
            keys,
            checkpoint,
            proofs,
        });
    }
    Err(EvidenceError::Moving)
}

/// The roots of the complete subtrees over the leaves so far, the largest first, each with its
/// height. They are the hashes beside the way of the next leaf while it is the last one.
#[derive(Default)]
struct Frontier {
    roots: Vec<(u32, [u8; 32])>,
}

impl Frontier {
    fn add(&mut self, leaf: [u8; 32]) {
        let (mut height, mut hash) = (0_u32, leaf);
        while let Some((_, beside)) = self.roots.pop_if(|(other, _)| *other == height) {
            hash = node(&beside, &hash);
            height = height.saturating_add(1);
        }
        self.roots.push((height, hash));
    }

    fn path(&self) -> Vec<[u8; 32]> {
        self.roots.iter().rev().map(|(_, root)| *root).collect()
    }
}

/// Follows the key from the first to the one of today over every change.
fn keys(ledger: &Ledger, source: &dyn Proofs) -> Result<Keys, EvidenceError> {
    let text = source.public_key()?;
    let first = LedgerKey::parse(text.trim_end_matches('\n'))
        .ok_or_else(|| EvidenceError::unproved("ledger.pub holds no key"))?;
    let mut keys = Keys {
        today: first.clone(),
        first,
        changes: Vec::new(),
    };
    let mut frontier = Frontier::default();
    for entry in ledger.entries(record::reader::Filter::default())? {
        let entry = entry?;
        if entry.bytes.contains("\"key_set\"")
            && let Event::KeySet(set) = entry.content()?.event
            && set.key != keys.today.text()
        {
            let (number, bytes) = (entry.number, entry.bytes);
            let path = frontier.path();
            let wrong = || {
                let what = format!("the change of the key in entry {number} does not hold");
                EvidenceError::unproved(what)
            };
            let next = LedgerKey::parse(&set.key).ok_or_else(wrong)?;
            let checkpoint =
                Checkpoint::parse(&source.checkpoint(Some(number))?).ok_or_else(wrong)?;
            let is_signed = checkpoint.is_signed_by(&keys.today) && checkpoint.is_signed_by(&next);
            let index = number.saturating_sub(1);
            let proof = Proof {
                index,
                path,
                checkpoint,
            };
            let is_last = proof.checkpoint.size == number && next.name == keys.first.name;
            if !is_signed || !is_last || !proof.includes(&entry.leaf_sha256) {
                return Err(wrong());
            }
            let proof = proof.text(bytes.as_bytes());
            keys.today = next;
            keys.changes.push(KeyChange {
                number,
                bytes,
                proof,
            });
        }
        frontier.add(entry.leaf_sha256.0);
    }
    Ok(keys)
}
