//! What proves that an entry is in a ledger, read back: keys, checkpoints and proofs of inclusion
//! as C2SP spells them (signed-note, tlog-checkpoint, tlog-proof), hashes as RFC 9162 has them.
//!
//! It shares no code with what writes them but the leaf hash, so that a bundle is not made of
//! something that only its maker takes for a proof.

use bundle::{base64_decode, base64_encode};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};
use wire::Digest;

/// The first line of a proof.
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// The mark of an Ed25519 key in a signed note.
const ED25519: u8 = 1;

/// A public key of a ledger: `name+hash+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKey {
    /// Its name, which is the origin of the ledger.
    pub name: String,
    /// Its hash: the first four bytes of SHA-256 over name, line feed, mark and key.
    pub hash: [u8; 4],
    /// The key.
    pub public: [u8; 32],
}

impl LedgerKey {
    /// `None` when it is none, or the hash is another key's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (hash, key) = rest.split_once('+')?;
        let bytes = base64_decode(key)?;
        let (mark, public) = bytes.split_first()?;
        let key = Self::new(name, <[u8; 32]>::try_from(public).ok()?);
        let is_named = !name.is_empty() && !name.contains(char::is_whitespace);
        (is_named && *mark == ED25519 && wire::name::hex(&key.hash) == hash).then_some(key)
    }

    /// The key of this name.
    #[must_use]
    pub fn new(name: &str, public: [u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(name);
        hash.update([b'\n', ED25519]);
        hash.update(public);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        Self {
            name: name.to_owned(),
            hash: [a, b, c, d],
            public,
        }
    }

    /// As one line without its end.
    #[must_use]
    pub fn text(&self) -> String {
        let key = [&[ED25519], self.public.as_slice()].concat();
        format!(
            "{}+{}+{}",
            self.name,
            wire::name::hex(&self.hash),
            base64_encode(&key)
        )
    }
}

/// A checkpoint: what the ledger said of all its entries at one time, and who signed that.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// All of it, as it is written.
    text: String,
    /// How many bytes of it are signed.
    signed: usize,
    /// Which ledger.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: [u8; 32],
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

impl Checkpoint {
    /// `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let cut = text.rfind("\n\n")?.checked_add(1)?;
        let (body, signatures) = text.split_at_checked(cut)?;
        let mut lines = body.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size = size.parse().ok().filter(|known: &u64| *known > 0)?;
        let is_plain = lines.next().is_none() && !origin.is_empty();
        let signatures = signatures.strip_prefix('\n')?.strip_suffix('\n')?;
        let signatures = signatures.split('\n').map(signature);
        Some(Self {
            text: text.to_owned(),
            signed: cut,
            origin: is_plain.then(|| origin.to_owned())?,
            size,
            root: <[u8; 32]>::try_from(base64_decode(root)?).ok()?,
            signatures: signatures.collect::<Option<_>>()?,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this key signed it: every signature that says so must hold.
    #[must_use]
    pub fn is_signed_by(&self, key: &LedgerKey) -> bool {
        let body = self.text.get(..self.signed).unwrap_or_default();
        let Ok(public) = VerifyingKey::from_bytes(&key.public) else {
            return false;
        };
        let mut own = self
            .signatures
            .iter()
            .filter(|(name, hash, _)| *name == key.name && *hash == key.hash)
            .map(|(_, _, bytes)| {
                let signature = Signature::from_slice(bytes);
                signature.is_ok_and(|one| public.verify_strict(body.as_bytes(), &one).is_ok())
            })
            .peekable();
        own.peek().is_some() && own.all(|holds| holds)
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = base64_decode(bytes)?;
    let (hash, rest) = bytes.split_first_chunk::<4>()?;
    Some((name.to_owned(), *hash, rest.to_vec()))
}

/// A proof that one entry is among those of a checkpoint.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The entry's place, from 0: its number less one.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root.
    pub path: Vec<[u8; 32]>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

impl Proof {
    /// `None` when it is none. What stands after `extra` is not looked at.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let cut = text.find("\n\n")?;
        let (head, checkpoint) = text.split_at_checked(cut)?;
        let mut lines = head.split('\n').peekable();
        (lines.next()? == PROOF).then_some(())?;
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let path = lines.map(|line| <[u8; 32]>::try_from(base64_decode(line)?).ok());
        Some(Self {
            index,
            path: path.collect::<Option<_>>()?,
            checkpoint: Checkpoint::parse(checkpoint.strip_prefix("\n\n")?)?,
        })
    }

    /// As C2SP spells it, with the entry's bytes in it.
    #[must_use]
    pub fn text(&self, entry: &[u8]) -> String {
        let mut text = format!(
            "{PROOF}\nextra {}\nindex {}\n",
            base64_encode(entry),
            self.index
        );
        for hash in &self.path {
            text.push_str(&base64_encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(self.checkpoint.text());
        text
    }

    /// Whether the leaf is at this place of the tree of the checkpoint: RFC 9162, section 2.1.3.2.
    #[must_use]
    pub fn includes(&self, leaf: &Digest) -> bool {
        let mut place = self.index;
        let Some(mut last) = self.checkpoint.size.checked_sub(1) else {
            return false;
        };
        if last < place {
            return false;
        }
        let mut hash = leaf.0;
        for beside in &self.path {
            if last == 0 {
                return false;
            }
            if place & 1 == 1 || place == last {
                hash = node(beside, &hash);
                while place & 1 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node(&hash, beside);
            }
            place >>= 1;
            last >>= 1;
        }
        last == 0 && hash == self.checkpoint.root
    }
}

/// The hash over two others.
pub(super) fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}
