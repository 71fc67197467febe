//! A small bundle and the keys that sign it, for the tests.

use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::civil::date;
use sha2::Sha256;
use wire::Digest;

use crate::{Keys, Listed, Manifest, UNTRUSTED_COMMENT, base64_encode, pack, trusted_comment};

/// A maker of bundles.
pub(crate) struct Maker {
    id: [u8; 8],
    key: SigningKey,
}

impl Maker {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            id: [seed; 8],
            key: SigningKey::from_bytes(&[seed; 32]),
        }
    }

    /// As minisign's file.
    pub(crate) fn public(&self) -> String {
        let mut bytes = b"Ed".to_vec();
        bytes.extend(self.id);
        bytes.extend(self.key.verifying_key().as_bytes());
        format!("untrusted comment: a key\n{}\n", base64_encode(&bytes))
    }

    pub(crate) fn trusted(&self) -> Keys {
        let mut keys = Keys::default();
        keys.trust("maker.pub", &self.public()).unwrap();
        keys
    }

    pub(crate) fn sign(&self, manifest: &Manifest) -> String {
        self.sign_text(&manifest.text(), &trusted_comment(manifest), *b"ED")
    }

    pub(crate) fn sign_text(&self, text: &str, comment: &str, kind: [u8; 2]) -> String {
        let hashed = Blake2b512::digest(text.as_bytes());
        let over: &[u8] = if kind == *b"ED" {
            &hashed
        } else {
            text.as_bytes()
        };
        let signature = self.key.sign(over).to_bytes();
        let mut bytes = kind.to_vec();
        bytes.extend(self.id);
        bytes.extend(signature);
        let mut all = signature.to_vec();
        all.extend(comment.as_bytes());
        let global = self.key.sign(&all).to_bytes();
        format!(
            "{UNTRUSTED_COMMENT}\n{}\ntrusted comment: {comment}\n{}\n",
            base64_encode(&bytes),
            base64_encode(&global)
        )
    }
}

/// The files of a small set.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a/canary.toml", b"# none\n".to_vec()),
        ("a/one.yar", b"rule one { condition: true }\n".to_vec()),
        ("b.yar", vec![b' '; 512]),
        ("lists/empty.hashes", Vec::new()),
    ]
}

pub(crate) fn manifest(files: &[(&'static str, Vec<u8>)]) -> Manifest {
    let listed = files.iter().map(|(path, content)| Listed {
        path: (*path).to_owned(),
        size_bytes: u64::try_from(content.len()).unwrap(),
        sha256: Digest(Sha256::digest(content).into()),
    });
    Manifest {
        bundle: "trial".to_owned(),
        version: 7,
        issued: date(2026, 11, 26),
        expires: date(2027, 2, 26),
        rules: 1,
        files: listed.collect(),
    }
}

/// A bundle of these files under this manifest and signature, whether they fit or not.
pub(crate) fn bundle(
    manifest: &Manifest,
    signature: Option<&str>,
    files: &[(&'static str, Vec<u8>)],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut contents = files.iter();
    pack(
        manifest,
        signature,
        &mut |_| Ok(contents.next().unwrap().1.as_slice()),
        &mut out,
    )
    .unwrap();
    out
}
