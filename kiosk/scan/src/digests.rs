//! The digests of one content, all made in its one reading.

use bundle::lists::{Algorithm, Hash};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use wire::Digest;

/// Which digests are made beside SHA-256: those that some list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) sha1: bool,
    pub(crate) md5: bool,
}

/// What a content's bytes are hashed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) sha256: Digest,
    sha1: Option<[u8; 20]>,
    md5: Option<[u8; 16]>,
}

impl Digests {
    /// Of bytes that are already in memory.
    pub(crate) fn of(bytes: &[u8], wanted: Wanted) -> Self {
        let mut hasher = Hasher::new(wanted);
        hasher.update(bytes);
        hasher.done()
    }

    /// The digest by one algorithm, when it was made.
    pub(crate) fn by(&self, algorithm: Algorithm) -> Option<Hash> {
        match algorithm {
            Algorithm::Sha256 => Some(Hash::Sha256(self.sha256.0)),
            Algorithm::Sha1 => self.sha1.map(Hash::Sha1),
            Algorithm::Md5 => self.md5.map(Hash::Md5),
        }
    }
}

/// Makes all digests of a content that comes in pieces.
pub(crate) struct Hasher {
    sha256: Sha256,
    sha1: Option<Sha1>,
    md5: Option<Md5>,
}

impl Hasher {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            sha256: Sha256::new(),
            sha1: wanted.sha1.then(Sha1::new),
            md5: wanted.md5.then(Md5::new),
        }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.sha256.update(piece);
        if let Some(hash) = &mut self.sha1 {
            hash.update(piece);
        }
        if let Some(hash) = &mut self.md5 {
            hash.update(piece);
        }
    }

    pub(crate) fn done(self) -> Digests {
        Digests {
            sha256: Digest(self.sha256.finalize().into()),
            sha1: self.sha1.map(|hash| hash.finalize().into()),
            md5: self.md5.map(|hash| hash.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_list_holds_is_made_and_in_pieces_it_is_the_same() {
        let all = Wanted {
            sha1: true,
            md5: true,
        };
        let mut hasher = Hasher::new(all);
        hasher.update(b"hel");
        hasher.update(b"lo");
        let digests = hasher.done();
        assert_eq!(digests, Digests::of(b"hello", all));
        let hex = |algorithm| wire::name::hex(digests.by(algorithm).unwrap().bytes());
        assert_eq!(hex(Algorithm::Md5), "5d41402abc4b2a76b9719d911017c592");
        let sha1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
        assert_eq!(hex(Algorithm::Sha1), sha1);
        assert_eq!(hex(Algorithm::Sha256), digests.sha256.to_string());

        let plain = Digests::of(b"hello", Wanted::default());
        assert_eq!(plain.sha256, digests.sha256);
        assert_eq!(plain.by(Algorithm::Md5), None);
        assert_eq!(plain.by(Algorithm::Sha1), None);
    }
}
