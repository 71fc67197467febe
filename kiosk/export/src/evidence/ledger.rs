//! What is taken out of the ledger, and how it is proved.

use std::collections::BTreeMap;

use record::reader::{Entry, Filter};
use record::verify::note::{Note, PublicKey, Signed};
use record::verify::proof::inclusion;
use record::{Ledger, note, tree};
use wire::ledger::Event;
use wire::{Digest, Verdict};

use super::EvidenceError;

/// A change of the key: the entry that says so, and the proof that it is the last one of a
/// checkpoint that both keys signed.
pub(super) struct KeyChange {
    pub(super) number: u64,
    pub(super) bytes: String,
    pub(super) proof: String,
}

/// What became of a PASS.
#[derive(Clone, Copy)]
pub(super) struct Withdrawn {
    /// The entry that took it back.
    pub(super) by: u64,
    /// The answer that stands in its place.
    pub(super) verdict: Verdict,
}

/// The ledger as its last checkpoint has it. What is written meanwhile is not in it, so that all
/// proofs lead to one root.
pub(super) struct Proved {
    pub(super) first: PublicKey,
    pub(super) today: PublicKey,
    pub(super) changes: Vec<KeyChange>,
    pub(super) checkpoint: Note,
    /// As it is written.
    pub(super) text: String,
    leaves: Vec<Digest>,
    /// Insertions whose PASS was taken back.
    withdrawn: BTreeMap<u64, Withdrawn>,
}

impl Proved {
    /// Reads the leaves of all entries, follows the key over its changes, and checks who signed
    /// the last checkpoint.
    pub(super) fn read(ledger: &Ledger) -> Result<Self, EvidenceError> {
        let first = ledger.first_key()?;
        let text = ledger.checkpoint(None)?;
        let checkpoint = Note::parse(&text)
            .ok_or_else(|| EvidenceError::unproved("the last checkpoint is malformed"))?;
        let mut proved = Self {
            today: first.clone(),
            first,
            changes: Vec::new(),
            checkpoint,
            text,
            leaves: Vec::new(),
            withdrawn: BTreeMap::new(),
        };
        for entry in ledger.entries(Filter::default())? {
            let entry = entry?;
            if proved.checkpoint.size < entry.number {
                break;
            }
            proved.leaves.push(entry.leaf_sha256);
            // Parsing each entry would take longer than all else.
            let may_be = |name: &str| entry.bytes.contains(name);
            if !may_be("\"key_set\"") && !may_be("\"withdrawn\"") {
                continue;
            }
            let event = entry.content()?.event;
            if let Event::KeySet(set) = &event
                && set.key != proved.today.text()
            {
                proved.change(ledger, &entry, &set.key)?;
            }
            if let Event::Withdrawn {
                insertion, verdict, ..
            } = event
            {
                let by = entry.number;
                proved
                    .withdrawn
                    .insert(insertion, Withdrawn { by, verdict });
            }
        }
        let is_ours = proved.checkpoint.origin == proved.first.name();
        if !is_ours || proved.checkpoint.signed_by(&proved.today) != Signed::Holds {
            let what = "the last checkpoint is not signed by the ledger's key";
            return Err(EvidenceError::unproved(what));
        }
        Ok(proved)
    }

    /// What took the PASS of this entry back, when it is one.
    pub(super) fn withdrawn(&self, event: &Event) -> Option<Withdrawn> {
        let judged = event.judged()?;
        self.withdrawn.get(&judged.insertion).copied()
    }

    /// The proof of one entry, checked as whoever gets it will.
    pub(super) fn proof(&self, entry: &Entry) -> Result<String, EvidenceError> {
        let keys = std::slice::from_ref(&self.today);
        let proof = self.spelled(entry, &self.text, &self.leaves);
        let proof = proof.filter(|proof| is_of(proof, entry, keys));
        proof.ok_or_else(|| {
            let what = format!("the proof of entry {} does not hold", entry.number);
            EvidenceError::unproved(what)
        })
    }

    /// Goes over to the key that an entry sets.
    fn change(&mut self, ledger: &Ledger, entry: &Entry, key: &str) -> Result<(), EvidenceError> {
        let wrong = || {
            let what = format!(
                "the change of the key in entry {} does not hold",
                entry.number
            );
            EvidenceError::unproved(what)
        };
        let next = PublicKey::parse(key).filter(|next| next.name() == self.first.name());
        let next = next.ok_or_else(wrong)?;
        let checkpoint = ledger.checkpoint(Some(entry.number))?;
        let proof = self.spelled(entry, &checkpoint, &self.leaves);
        let proof = proof.ok_or_else(wrong)?;
        let keys = [&self.today, &next];
        if !keys
            .into_iter()
            .all(|key| is_of(&proof, entry, std::slice::from_ref(key)))
        {
            return Err(wrong());
        }
        self.today = next;
        self.changes.push(KeyChange {
            number: entry.number,
            bytes: entry.bytes.clone(),
            proof,
        });
        Ok(())
    }

    fn spelled(&self, entry: &Entry, checkpoint: &str, leaves: &[Digest]) -> Option<String> {
        let index = entry.number.checked_sub(1)?;
        let path = tree::inclusion(usize::try_from(index).ok()?, leaves)?;
        Some(note::proof(&entry.bytes, index, &path, checkpoint))
    }
}

/// Whether a proof shows this entry under one of these keys.
fn is_of(proof: &str, entry: &Entry, keys: &[PublicKey]) -> bool {
    inclusion(proof, keys)
        .is_ok_and(|proven| proven.number == entry.number && proven.bytes == entry.bytes)
}
