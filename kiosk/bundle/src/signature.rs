//! Who vouches for a manifest: keys and signatures in minisign's own form.
//!
//! Only one spelling of a signature is taken, comments included: a byte that nobody checks is
//! a place to hide something, and a difference between readers.

use std::fmt;

use minisign_verify::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};

use crate::base64;
use crate::manifest::Manifest;

/// Longest signature file, in bytes: two comments and two lines of base64 have under 500.
pub const SIGNATURE_BYTES_MAX: u64 = 2048;

/// Longest key file, in bytes: a comment and a line of base64.
pub const KEY_TEXT_BYTES_MAX: usize = 4096;

/// Most keys that are trusted at once: the one in use, the next one, and a few for other makers.
pub const TRUSTED_KEYS_MAX: usize = 16;

/// The first line of a signature, which no signature covers: so it says nothing.
pub const UNTRUSTED_COMMENT: &str = "untrusted comment: rules for the media kiosk";

/// How the third line begins.
const TRUSTED: &str = "trusted comment: ";

/// minisign's mark for a signature over the hash of a file: what it makes today.
const PREHASHED: [u8; 2] = *b"ED";

/// minisign's mark for a signature over the file itself: what it made before 0.10.
const LEGACY: [u8; 2] = *b"Ed";

/// A key's number, as minisign prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// The number of a key that was not made by minisign: the first eight bytes of the SHA-256
    /// of the public key, so that everybody gives it the same.
    #[must_use]
    pub fn of(public: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(public));
        Self([a, b, c, d, e, f, g, h])
    }
}

/// A public key as minisign's file.
#[must_use]
pub fn public_text(id: KeyId, public: &[u8; 32]) -> String {
    let bytes = [b"Ed".as_slice(), &id.0, public].concat();
    format!(
        "untrusted comment: minisign public key {id}\n{}\n",
        base64::encode(&bytes)
    )
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

/// Why a manifest is not vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No key is installed.
    #[error("no key is trusted: put the maker's public key into {0}/*.pub")]
    NoKeys(String),
    /// A key file is not one of minisign.
    #[error("{0} is no public key of minisign")]
    Key(String),
    /// Two files hold keys with one number.
    #[error("{one} and {other} hold the same key: remove one")]
    Twice {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// More than [`TRUSTED_KEYS_MAX`].
    #[error("more than {TRUSTED_KEYS_MAX} keys are trusted: remove what is not in use")]
    Keys,
    /// The signature is not in minisign's form, or not as `rules sign` spells it.
    #[error("the signature is malformed: {0}")]
    Form(&'static str),
    /// Signed with a key that this kiosk does not trust.
    #[error("signed with key {signed}, which is not trusted here (trusted: {trusted})")]
    Stranger {
        /// Whose it says it is.
        signed: KeyId,
        /// Which are trusted.
        trusted: String,
    },
    /// The signature does not fit the manifest.
    #[error("the signature by key {0} does not fit the manifest: one of them was changed")]
    Wrong(KeyId),
}

/// The keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    keys: Vec<(KeyId, String, PublicKey)>,
}

impl Keys {
    /// Trusts one more: `text` is minisign's file, `name` is for messages.
    ///
    /// # Errors
    /// [`SignatureError::Key`], [`SignatureError::Twice`], [`SignatureError::Keys`].
    pub fn trust(&mut self, name: &str, text: &str) -> Result<(), SignatureError> {
        let wrong = || SignatureError::Key(name.to_owned());
        if KEY_TEXT_BYTES_MAX < text.len() {
            return Err(wrong());
        }
        if TRUSTED_KEYS_MAX <= self.keys.len() {
            return Err(SignatureError::Keys);
        }
        let line = text.lines().nth(1).unwrap_or_default().trim_end();
        let bytes = base64::decode(line).ok_or_else(wrong)?;
        let id = bytes
            .get(2..)
            .and_then(<[u8]>::first_chunk)
            .map(|id| KeyId(*id));
        let (Some(id), Ok(key)) = (id, PublicKey::from_base64(line)) else {
            return Err(wrong());
        };
        if let Some((_, one, _)) = self.keys.iter().find(|(other, ..)| *other == id) {
            return Err(SignatureError::Twice {
                one: one.clone(),
                other: name.to_owned(),
            });
        }
        self.keys.push((id, name.to_owned(), key));
        Ok(())
    }

    /// The key that a signature names, whether it is trusted or not; `None` when it is no
    /// signature.
    #[must_use]
    pub fn named_in(signature: &str) -> Option<KeyId> {
        named_in(signature).ok()
    }

    /// Whether none is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The file that holds a key, as it was given to [`Self::trust`].
    #[must_use]
    pub fn name(&self, id: KeyId) -> Option<&str> {
        self.keys
            .iter()
            .find(|(other, ..)| *other == id)
            .map(|(_, name, _)| name.as_str())
    }

    /// Checks that a trusted key signed the bytes of a manifest. What it says is still unread.
    ///
    /// # Errors
    /// Every [`SignatureError`] but those of [`Self::trust`] and [`comment`].
    pub(crate) fn vouch(&self, manifest: &[u8], signature: &str) -> Result<KeyId, SignatureError> {
        let signed = named_in(signature)?;
        let trusted = || {
            let ids: Vec<String> = self.keys.iter().map(|(id, ..)| id.to_string()).collect();
            if ids.is_empty() {
                "none".to_owned()
            } else {
                ids.join(", ")
            }
        };
        let Some((id, _, key)) = self.keys.iter().find(|(id, ..)| *id == signed) else {
            return Err(SignatureError::Stranger {
                signed,
                trusted: trusted(),
            });
        };
        let signature = Signature::decode(signature)
            .map_err(|_| SignatureError::Form("minisign does not read it"))?;
        key.verify(manifest, &signature, false)
            .map_err(|_| SignatureError::Wrong(*id))?;
        Ok(*id)
    }
}

/// What the third line of a signature over this manifest says after its label.
#[must_use]
pub fn trusted_comment(manifest: &Manifest) -> String {
    format!(
        "bundle {} version {} issued {}",
        manifest.bundle, manifest.version, manifest.issued
    )
}

/// Checks that the comment that was signed along is that of this manifest.
///
/// # Errors
/// [`SignatureError::Form`].
pub(crate) fn comment(manifest: &Manifest, signature: &str) -> Result<(), SignatureError> {
    let said = signature
        .lines()
        .nth(2)
        .and_then(|line| line.strip_prefix(TRUSTED));
    if said != Some(trusted_comment(manifest).as_str()) {
        return Err(SignatureError::Form(
            "its trusted comment is not `bundle NAME version N issued DATE` of this manifest",
        ));
    }
    Ok(())
}

/// The key that the four lines of a signature name.
fn named_in(text: &str) -> Result<KeyId, SignatureError> {
    let body = text
        .strip_suffix('\n')
        .ok_or(SignatureError::Form("its last line does not end"))?;
    let lines: Vec<&str> = body.split('\n').collect();
    let [untrusted, signature, trusted, global] = lines.as_slice() else {
        return Err(SignatureError::Form("it does not have four lines"));
    };
    if *untrusted != UNTRUSTED_COMMENT {
        return Err(SignatureError::Form(
            "its first line is not `untrusted comment: rules for the media kiosk`",
        ));
    }
    if !trusted.starts_with(TRUSTED) {
        return Err(SignatureError::Form("its third line is no trusted comment"));
    }
    let wrong = SignatureError::Form("a line is not base64 in its one form");
    let bytes = base64::decode(signature).ok_or_else(|| wrong.clone())?;
    if base64::decode(global).is_none_or(|bytes| bytes.len() != 64) {
        return Err(wrong);
    }
    let (Some(kind), Some(id), 74) = (
        bytes.first_chunk(),
        bytes.get(2..).and_then(<[u8]>::first_chunk),
        bytes.len(),
    ) else {
        return Err(SignatureError::Form("its second line is not 74 bytes"));
    };
    match *kind {
        PREHASHED => Ok(KeyId(*id)),
        LEGACY => Err(SignatureError::Form(
            "it is of minisign's old kind; sign without -l",
        )),
        _ => Err(SignatureError::Form("it is of no kind of minisign")),
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
