//! A signature that `minisign -V` and a browser both check.
//!
//! It is of minisign's legacy kind (`Ed`): over the bytes of the file themselves. The kind that
//! minisign makes today signs their BLAKE2b, which no browser and no openssl command computes.

use bundle::{KeyId, base64_encode};
use record::key::SecretKey;

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
        KeyId::of(&self.public())
    }

    fn public(&self) -> [u8; 32] {
        self.public()
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.sign(bytes)
    }
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
