//! Checkpoints and keys as a verifier reads them: C2SP's signed note, tlog-checkpoint and
//! tlog-cosignature, and nothing that they do not allow.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::audit::{KEY_TEXT_BYTES_MAX, NOTE_BYTES_MAX};

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The checkpoints of its own log.
    Log,
    /// The checkpoints of others, with the time.
    Cosigner,
}

/// A public key with the name it signs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    kind: Kind,
    number: [u8; 4],
    key: VerifyingKey,
}

/// What a checkpoint says about one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// There is a signature of this key, and it holds.
    Holds,
    /// There is one under its name and number, and it does not hold.
    Forged,
    /// There is none.
    Absent,
}

impl PublicKey {
    /// Reads `name+number+key`. `None` when it is none, or its number is another key's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if KEY_TEXT_BYTES_MAX < text.len() {
            return None;
        }
        // Base64 has plus signs of its own: only the first two divide.
        let mut parts = text.splitn(3, '+');
        let (name, number, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = Base64::decode_vec(key).ok()?;
        let (kind, bytes) = key.split_first()?;
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let own = Self::of(name, *kind, bytes)?;
        let said = u32::from_str_radix(number, 16).ok()?.to_be_bytes();
        (number.len() == 8 && said == own.number).then_some(own)
    }

    /// The key of these bytes under this name.
    #[must_use]
    pub fn new(name: &str, kind: Kind, bytes: &[u8; 32]) -> Option<Self> {
        Self::of(name, kind.byte(), bytes)
    }

    fn of(name: &str, kind: u8, bytes: &[u8; 32]) -> Option<Self> {
        let is_name = !name.is_empty()
            && !name.contains('+')
            && !name
                .chars()
                .any(|letter| letter.is_whitespace() || wire::name::is_hidden(letter));
        let mut hash = Sha256::new();
        hash.update(name.as_bytes());
        hash.update([b'\n', kind]);
        hash.update(bytes);
        let [first, second, third, fourth, ..] = <[u8; 32]>::from(hash.finalize());
        is_name.then_some(Self {
            name: name.to_owned(),
            kind: Kind::of(kind)?,
            number: [first, second, third, fourth],
            key: VerifyingKey::from_bytes(bytes).ok()?,
        })
    }

    /// Whether it carries the name of the ledger whose first key it is.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.kind == Kind::Log && self.name == Self::origin_of(&self.bytes())
    }

    /// The first key of a ledger by its bytes.
    #[must_use]
    pub fn first(bytes: &[u8; 32]) -> Option<Self> {
        Self::new(&Self::origin_of(bytes), Kind::Log, bytes)
    }

    fn origin_of(bytes: &[u8; 32]) -> String {
        let hash = Digest(Sha256::digest(bytes).into()).to_string();
        format!("media-kiosk/{}", hash.get(..16).unwrap_or_default())
    }

    /// The name it signs under; of a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// `name+number+key`.
    #[must_use]
    pub fn text(&self) -> String {
        let key = [&[self.kind.byte()], self.key.as_bytes().as_slice()].concat();
        let number = u32::from_be_bytes(self.number);
        format!("{}+{number:08x}+{}", self.name, Base64::encode_string(&key))
    }
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Log),
            4 => Some(Self::Cosigner),
            _ => None,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Cosigner => 4,
        }
    }
}

/// A checkpoint with its signatures, none of them checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What the signatures are about, with its last line feed.
    pub body: String,
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// Names and bytes.
    signatures: Vec<(String, Vec<u8>)>,
}

impl Note {
    /// Reads a checkpoint. `None` when it is not exactly in the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if NOTE_BYTES_MAX < text.len() {
            return None;
        }
        let (body, signatures) = text.split_once("\n\n")?;
        let mut lines = body.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root_bytes = Base64::decode_vec(root).ok()?;
        // No extension lines: ours have none, and what is signed must be understood wholly.
        if lines.next().is_some() || origin.is_empty() || number.to_string() != size {
            return None;
        }
        let signatures = signatures
            .strip_suffix('\n')?
            .split('\n')
            .map(|line| {
                let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
                Some((name.to_owned(), Base64::decode_vec(bytes).ok()?))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            body: format!("{body}\n"),
            origin: origin.to_owned(),
            size: number,
            root: Digest(root_bytes.try_into().ok()?),
            signatures,
        })
    }

    /// The co-signer with these bytes, by the name under which they signed it.
    #[must_use]
    pub fn cosigner(&self, bytes: &[u8; 32]) -> Option<PublicKey> {
        self.signatures
            .iter()
            .filter_map(|(name, _)| PublicKey::new(name, Kind::Cosigner, bytes))
            .find(|key| self.signed_by(key) == Signed::Holds)
    }

    /// How many signatures are under it, whoever made them.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.signatures.len()
    }

    /// Whether this key signed it. Where several signatures name the key, all must hold.
    #[must_use]
    pub fn signed_by(&self, key: &PublicKey) -> Signed {
        let mut answer = Signed::Absent;
        for (name, bytes) in &self.signatures {
            let Some((number, signature)) = bytes.split_first_chunk::<4>() else {
                continue;
            };
            if *name != key.name || *number != key.number {
                continue;
            }
            if !self.holds(key, signature) {
                return Signed::Forged;
            }
            answer = Signed::Holds;
        }
        answer
    }

    fn holds(&self, key: &PublicKey, signature: &[u8]) -> bool {
        let check = |message: &[u8], signature: &[u8]| {
            Signature::from_slice(signature)
                .is_ok_and(|signature| key.key.verify_strict(message, &signature).is_ok())
        };
        match key.kind {
            Kind::Log => check(self.body.as_bytes(), signature),
            Kind::Cosigner => signature
                .split_first_chunk::<8>()
                .is_some_and(|(time, rest)| {
                    let time = u64::from_be_bytes(*time);
                    check(
                        format!("cosignature/v1\ntime {time}\n{}", self.body).as_bytes(),
                        rest,
                    )
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{SecretKey, cosigner_key, log_key};
    use crate::note;

    fn key() -> SecretKey {
        SecretKey::from_seed([7; 32])
    }

    #[test]
    fn the_example_of_the_documentation_holds() {
        // The note in the documentation of Go's package sumdb/note, with its key.
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = PublicKey::parse(key).unwrap();
        let body = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = Note {
            body: body.to_owned(),
            origin: String::new(),
            size: 0,
            root: Digest([0; 32]),
            signatures: vec![("PeterNeumann".to_owned(), Base64::decode_vec(line).unwrap())],
        };
        assert_eq!(note.signed_by(&key), Signed::Holds);
    }

    #[test]
    fn a_checkpoint_holds_for_its_keys_and_no_other() {
        let (origin, auditor) = ("media-kiosk/0", "auditor.example");
        let body = note::body(origin, 3, Digest([9; 32]));
        let lines = [
            key().log_signature(origin, &body),
            key().cosignature(auditor, &body, 1_700_000_000),
        ];
        let text = note::signed(&body, &lines);
        let read = Note::parse(&text).unwrap();
        assert_eq!((read.size, read.root), (3, Digest([9; 32])));
        let log = PublicKey::parse(&log_key(origin, &key().public())).unwrap();
        let cosigner = PublicKey::parse(&cosigner_key(auditor, &key().public())).unwrap();
        assert_eq!(log.text(), log_key(origin, &key().public()));
        assert_eq!(read.signed_by(&log), Signed::Holds);
        assert_eq!(read.signed_by(&cosigner), Signed::Holds);
        let other = SecretKey::from_seed([8; 32]).public();
        let other = PublicKey::new(origin, Kind::Log, &other).unwrap();
        assert_eq!(read.signed_by(&other), Signed::Absent);
        let moved = text.replace("\n3\n", "\n4\n");
        let moved = Note::parse(&moved).unwrap();
        assert_eq!(moved.signed_by(&log), Signed::Forged);
        assert_eq!(moved.signed_by(&cosigner), Signed::Forged);
    }

    #[test]
    fn what_is_not_exactly_a_checkpoint_is_none() {
        let body = note::body("o", 3, Digest([9; 32]));
        let good = note::signed(&body, &[key().log_signature("o", &body)]);
        assert!(Note::parse(&good).is_some());
        let long = format!("{good}{}", "\u{2014} a AAAA\n".repeat(NOTE_BYTES_MAX / 10));
        for bad in [
            good.replace("\n3\n", "\n03\n"),
            good.replace("\n3\n", "\n-3\n"),
            good.replace("\n\n", "\nmore\n\n"),
            good.replace('\u{2014}', "-"),
            good.replace("\n\n", "\n"),
            good.trim_end().to_owned(),
            good.replacen("CQkJ", "CQk", 1),
            format!("\n{good}"),
            long,
        ] {
            assert_eq!(Note::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_whose_number_or_form_is_another_is_none() {
        let good = log_key("o", &key().public());
        assert!(PublicKey::parse(&good).is_some());
        for bad in [
            good.replacen('o', "p", 1),
            good.replacen("+", " ", 1),
            format!("{good}AA"),
            good.replacen("+A", "+C", 1),
            format!("{}{good}", "o".repeat(KEY_TEXT_BYTES_MAX)),
            String::new(),
        ] {
            assert_eq!(PublicKey::parse(&bad), None, "{bad}");
        }
    }
}
