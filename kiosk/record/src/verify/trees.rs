//! What vouches for the chain from outside of it: signed checkpoints, and whatever somebody
//! noted elsewhere.

use std::collections::BTreeMap;

use serde::Deserialize;
use wire::Digest;

use super::note::{Kind, Note, PublicKey, Signed};
use super::tree::Roots;
use crate::error::{Alteration, LedgerError};

/// Digits of a leaf that people write down.
pub const CODE_DIGITS: usize = 16;

/// What is known of a ledger without looking into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Keys: each of a log must have signed this ledger, each of a co-signer a checkpoint of it.
    pub keys: Vec<PublicKey>,
    /// Keys of which nobody said whose they are: each must have signed, as a key of the ledger or
    /// as a co-signer.
    pub bare: Vec<[u8; 32]>,
    /// Checkpoints that were given out.
    pub checkpoints: Vec<Note>,
    /// The checkpoint in the file beside the ledger.
    pub beside: Option<Note>,
    /// Numbers of entries with the first [`CODE_DIGITS`] digits of their leaves.
    pub heads: Vec<(u64, String)>,
}

impl Outside {
    /// Nothing but what lies beside the ledger.
    #[must_use]
    pub fn of(beside: Option<Note>) -> Self {
        Self {
            beside,
            ..Self::default()
        }
    }
}

/// A co-signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Who.
    pub key: PublicKey,
    /// How many entries it vouches for.
    pub size: u64,
    /// The entry that holds it; `None` for one that was brought along.
    pub entry: Option<u64>,
}

/// An entry that the verifier must know of before it comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Special {
    /// Another key signs from here on.
    KeySet(PublicKey),
    /// An auditor's signature.
    Cosigned(Box<Note>, PublicKey),
    /// The rows up to here are elsewhere.
    Sealed(u64),
}

/// What such entries are called.
pub(super) const SPECIALS: [&str; 3] = ["key_set", "cosigned", "sealed"];

impl Special {
    /// What the bytes of an entry say that is called `name`; `None` when it is of another kind.
    ///
    /// # Errors
    /// When it is such an entry and says nothing that can be used.
    pub(super) fn of(number: u64, name: &str, bytes: &[u8]) -> Result<Option<Self>, LedgerError> {
        if SPECIALS.contains(&name) {
            Self::read(number, bytes)
        } else {
            Ok(None)
        }
    }

    /// The same, by what the bytes themselves call the entry.
    pub(super) fn read(number: u64, bytes: &[u8]) -> Result<Option<Self>, LedgerError> {
        #[derive(Deserialize)]
        struct Told {
            event: Said,
        }
        #[derive(Deserialize)]
        struct Said {
            event: String,
            #[serde(default)]
            key: Option<String>,
            #[serde(default)]
            note: Option<String>,
            #[serde(default)]
            through: Option<serde_json::Value>,
        }
        let altered = |what| LedgerError::Altered { number, what };
        let told: Told =
            serde_json::from_slice(bytes).map_err(|_| altered(Alteration::Malformed))?;
        let key = told.event.key.as_deref().and_then(PublicKey::parse);
        let special = match told.event.event.as_str() {
            "key_set" => key
                .filter(|key| key.kind() == Kind::Log)
                .map(Self::KeySet)
                .ok_or(altered(Alteration::Malformed)),
            "cosigned" => {
                let note = told.event.note.as_deref().and_then(Note::parse);
                key.filter(|key| key.kind() == Kind::Cosigner)
                    .zip(note)
                    .filter(|(key, note)| note.signed_by(key) == Signed::Holds)
                    .filter(|(_, note)| note.size < number)
                    .map(|(key, note)| Self::Cosigned(Box::new(note), key))
                    .ok_or(altered(Alteration::Cosignature))
            }
            "sealed" => told
                .event
                .through
                .and_then(|through| through.as_u64())
                .filter(|through| *through < number)
                .map(Self::Sealed)
                .ok_or(altered(Alteration::Malformed)),
            _ => return Ok(None),
        };
        special.map(Some)
    }
}

/// The trees of a ledger as one goes through its leaves.
pub(super) struct Trees {
    roots: Roots,
    /// Those that sign, in their order; the last one does now.
    keys: Vec<PublicKey>,
    size: u64,
    /// Roots that must come out, and what is wrong when they do not.
    wanted: BTreeMap<u64, Vec<(Digest, Alteration)>>,
    heads: BTreeMap<u64, Vec<String>>,
    cosignatures: Vec<Cosignature>,
    asked: Vec<PublicKey>,
    bare: Vec<[u8; 32]>,
    /// The checkpoint beside the ledger, until the keys are known that may have signed it.
    beside: Option<Note>,
}

impl Trees {
    /// For the ledger whose first key is `first`.
    pub(super) fn new(first: PublicKey, outside: &Outside) -> Self {
        let mut heads: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (number, code) in &outside.heads {
            heads.entry(*number).or_default().push(code.clone());
        }
        let mut trees = Self {
            roots: Roots::default(),
            keys: vec![first],
            size: 0,
            wanted: BTreeMap::new(),
            heads,
            cosignatures: Vec::new(),
            asked: outside.keys.clone(),
            bare: outside.bare.clone(),
            beside: outside.beside.clone(),
        };
        for note in &outside.checkpoints {
            trees.want(note.size, note.root, Alteration::Rewritten(note.size));
            let bare = outside.bare.iter().filter_map(|key| note.cosigner(key));
            let named = outside
                .keys
                .iter()
                .filter(|key| key.kind() == Kind::Cosigner && note.signed_by(key) == Signed::Holds);
            trees
                .cosignatures
                .extend(named.cloned().chain(bare).map(|key| Cosignature {
                    key,
                    size: note.size,
                    entry: None,
                }));
        }
        trees
    }

    /// Takes note of the checkpoint beside the ledger, when one of the ledger's keys signed it:
    /// the first, or one of `later`, which are verified in their turn.
    ///
    /// # Errors
    /// [`LedgerError::Beside`] when none did.
    pub(super) fn take_beside<'k>(
        &mut self,
        mut later: impl Iterator<Item = &'k PublicKey>,
    ) -> Result<(), LedgerError> {
        let Some(note) = self.beside.take() else {
            return Ok(());
        };
        let holds = |key: &PublicKey| note.signed_by(key) == Signed::Holds;
        if !self.keys.iter().any(holds) && !later.any(holds) {
            return Err(LedgerError::Beside);
        }
        self.want(note.size, note.root, Alteration::Rewritten(note.size));
        Ok(())
    }

    /// The root over `size` leaves must be `root`.
    fn want(&mut self, size: u64, root: Digest, otherwise: Alteration) {
        self.wanted.entry(size).or_default().push((root, otherwise));
    }

    /// Takes note of an auditor's signature before its tree is passed.
    pub(super) fn expect(&mut self, number: u64, note: &Note, key: &PublicKey) {
        self.want(note.size, note.root, Alteration::NotCosigned(number));
        self.cosignatures.push(Cosignature {
            key: key.clone(),
            size: note.size,
            entry: Some(number),
        });
    }

    /// Adds the leaf of the next entry.
    pub(super) fn add(&mut self, leaf: Digest) {
        self.roots.add(leaf);
        self.size = self.size.saturating_add(1);
    }

    /// Checks the tree so far, of which `leaf` is the last one, against what somebody noted.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] when it is another.
    pub(super) fn compare(&mut self, leaf: Digest) -> Result<(), LedgerError> {
        let number = self.size;
        let altered = |what| Err(LedgerError::Altered { number, what });
        if let Some(codes) = self.heads.remove(&number) {
            let leaf = leaf.to_string();
            if codes.iter().any(|code| !leaf.starts_with(code.as_str())) {
                return altered(Alteration::Rewritten(number));
            }
        }
        if let Some(wanted) = self.wanted.remove(&number) {
            let root = self.roots.root();
            for (expected, otherwise) in wanted {
                if root != Some(expected) {
                    return altered(otherwise);
                }
            }
        }
        Ok(())
    }

    /// Checks the checkpoint over the entries so far, of which the last one may name another
    /// key.
    ///
    /// # Errors
    /// [`LedgerError::Altered`].
    pub(super) fn checkpoint(
        &mut self,
        note: Option<&[u8]>,
        special: Option<&Special>,
    ) -> Result<(), LedgerError> {
        let number = self.size;
        let altered = |what| LedgerError::Altered { number, what };
        let note = note.ok_or(altered(Alteration::Unsigned))?;
        let note = std::str::from_utf8(note).ok().and_then(Note::parse);
        let note = note.ok_or(altered(Alteration::Forged))?;
        let mut signers = self.keys.last().into_iter().collect::<Vec<_>>();
        if let Some(Special::KeySet(key)) = special {
            signers.push(key);
        }
        let is_signed = signers
            .iter()
            .all(|key| key.name() == note.origin && note.signed_by(key) == Signed::Holds);
        if !is_signed || note.size != number || note.signatures() != signers.len() {
            return Err(altered(Alteration::Forged));
        }
        if self.roots.root() != Some(note.root) {
            return Err(altered(Alteration::Remade));
        }
        if let Some(Special::KeySet(key)) = special {
            self.keys.push(key.clone());
        }
        Ok(())
    }

    /// Checks that nobody noted more than there is, and that all who should have signed did.
    ///
    /// # Errors
    /// [`LedgerError::Altered`], [`LedgerError::OtherKey`], [`LedgerError::NotCosigned`].
    pub(super) fn end(self) -> Result<(Vec<Cosignature>, Vec<PublicKey>), LedgerError> {
        let noted = self.wanted.keys().chain(self.heads.keys()).max();
        if let Some(noted) = noted {
            return Err(LedgerError::Altered {
                number: self.size.saturating_add(1),
                what: Alteration::Truncated(*noted),
            });
        }
        for bytes in self.bare {
            let mut keys = self.keys.iter();
            let mut signers = self.cosignatures.iter().map(|one| &one.key);
            let is = |key: &PublicKey| key.bytes() == bytes;
            if !keys.any(is) && !signers.any(is) {
                let key = PublicKey::first(&bytes).map_or_else(String::new, |key| key.text());
                return Err(LedgerError::OtherKey(key));
            }
        }
        for key in self.asked {
            let is_there = match key.kind() {
                // An empty ledger is signed by nobody.
                Kind::Log => 0 < self.size && self.keys.contains(&key),
                Kind::Cosigner => self.cosignatures.iter().any(|one| one.key == key),
            };
            if !is_there {
                let name = key.text();
                return Err(match key.kind() {
                    Kind::Log => LedgerError::OtherKey(name),
                    Kind::Cosigner => LedgerError::NotCosigned(name),
                });
            }
        }
        Ok((self.cosignatures, self.keys))
    }
}
