//! A signature that `minisign -V` and a browser both check.
//!
//! It is of minisign's legacy kind (`Ed`): over the bytes of the file themselves. The kind that
//! minisign makes today signs their BLAKE2b, which no browser and no openssl command computes.

use bundle::{KeyId, base64_encode};
use record::key::SecretKey;
use sha2::{Digest as _, Sha256};

/// The first line of a signature, which no signature covers: so it says nothing.
pub const EVIDENCE_COMMENT: &str = "untrusted comment: evidence from the media kiosk";

/// Whoever vouches for a bundle.
pub trait Signer {
    /// The key's number.
    fn key_id(&self) -> KeyId;

    /// The public key.
    fn public(&self) -> [u8; 32];

    /// The Ed25519 signature over these bytes.
    fn sign(&self, bytes: &[u8]) -> [u8; 64];
}

impl Signer for SecretKey {
    fn key_id(&self) -> KeyId {
        own_key_id(&self.public())
    }

    fn public(&self) -> [u8; 32] {
        self.public()
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.sign(bytes)
    }
}

/// The number of a key that was not made by minisign: the first eight bytes of the SHA-256 of
/// the public key, so that everybody gives it the same.
#[must_use]
pub fn own_key_id(public: &[u8; 32]) -> KeyId {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(public));
    KeyId([a, b, c, d, e, f, g, h])
}

/// A public key as minisign's file.
#[must_use]
pub fn public_text(id: KeyId, public: &[u8; 32]) -> String {
    let bytes = [b"Ed".as_slice(), &id.0, public].concat();
    format!(
        "untrusted comment: minisign public key {id}\n{}\n",
        base64_encode(&bytes)
    )
}

/// The signature file over `bytes`, with one line that is signed along. A line feed in it would
/// end it, so that the caller has none in it.
#[must_use]
pub fn signature_text(signer: &dyn Signer, bytes: &[u8], comment: &str) -> String {
    let signature = signer.sign(bytes);
    let own = [b"Ed".as_slice(), &signer.key_id().0, &signature].concat();
    let along = signer.sign(&[&signature, comment.as_bytes()].concat());
    format!(
        "{EVIDENCE_COMMENT}\n{}\ntrusted comment: {comment}\n{}\n",
        base64_encode(&own),
        base64_encode(&along)
    )
}
