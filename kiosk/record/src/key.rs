//! The ledger's secret key, and the names of its public half.
//!
//! The file is what `openssl genpkey -algorithm ed25519` makes (PKCS #8 in PEM). It stays in
//! the ledger's folder, where its writer alone can read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::error::LedgerError;
use crate::folder::read_small;

/// Name of the secret key in the ledger's folder.
pub const SECRET_FILE: &str = "ledger.key";

/// Name of the key that is to take its place.
pub(crate) const NEXT_FILE: &str = "ledger.key.next";

/// Name of the file with the first public key.
pub const PUBLIC_FILE: &str = "ledger.pub";

/// The kind of key that signs a log's own checkpoints, by C2SP's signed notes.
const KIND_LOG: u8 = 1;

/// The kind of key that signs checkpoints beside the log, by C2SP's cosignatures.
const KIND_COSIGNER: u8 = 4;

/// Longest file of a key, in bytes: ours have 119.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A key that signs. What it says of itself in a trace is its public half.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new one, from the kernel's random numbers.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub fn generate() -> io::Result<Self> {
        let mut seed = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut seed)?;
        Ok(Self::from_seed(seed))
    }

    /// The key of these 32 bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The 32 bytes it is made of.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Reads the file of a key.
    ///
    /// # Errors
    /// [`LedgerError::Open`] when it cannot be read, [`LedgerError::Key`] when it is none.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let text = read_small(path, KEY_FILE_BYTES_MAX)
            .and_then(|text| text.ok_or(io::ErrorKind::NotFound.into()))
            .map_err(|source| LedgerError::Open {
                path: path.to_owned(),
                source,
            })?;
        Self::parse(&text).ok_or_else(|| LedgerError::Key {
            path: path.to_owned(),
            what: "is no Ed25519 key in PKCS #8 (PEM)",
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let bytes = Base64::decode_vec(inner.trim()).ok()?;
        let seed = bytes.strip_prefix(PKCS8.as_slice())?;
        Some(Self::from_seed(seed.try_into().ok()?))
    }

    /// The file's text.
    #[must_use]
    pub fn pem(&self) -> String {
        let bytes = [PKCS8.as_slice(), &self.seed()].concat();
        format!("{BEGIN}\n{}\n{END}\n", Base64::encode_string(&bytes))
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The name of the ledger whose first key this is.
    #[must_use]
    pub fn origin(&self) -> String {
        let hash = wire::Digest(Sha256::digest(self.public()).into()).to_string();
        format!("media-kiosk/{}", hash.get(..16).unwrap_or_default())
    }

    /// The line under a checkpoint by which the ledger `origin` signs it.
    #[must_use]
    pub fn log_signature(&self, origin: &str, body: &str) -> String {
        let signature = self.sign(body.as_bytes());
        let id = number(origin, KIND_LOG, &self.public());
        signature_line(origin, &[id.as_slice(), &signature].concat())
    }

    /// The line under a checkpoint by which `name` signs it beside the ledger, `seconds` after
    /// the beginning of 1970.
    #[must_use]
    pub fn cosignature(&self, name: &str, body: &str, seconds: u64) -> String {
        let signature = self.sign(format!("cosignature/v1\ntime {seconds}\n{body}").as_bytes());
        let id = number(name, KIND_COSIGNER, &self.public());
        signature_line(
            name,
            &[id.as_slice(), &seconds.to_be_bytes(), &signature].concat(),
        )
    }
}

/// A ledger's public key as C2SP's signed notes spell it.
#[must_use]
pub fn log_key(origin: &str, public: &[u8; 32]) -> String {
    spelled(origin, KIND_LOG, public)
}

/// A co-signer's public key as C2SP's signed notes spell it.
#[must_use]
pub fn cosigner_key(name: &str, public: &[u8; 32]) -> String {
    spelled(name, KIND_COSIGNER, public)
}

fn spelled(name: &str, kind: u8, public: &[u8; 32]) -> String {
    let id = u32::from_be_bytes(number(name, kind, public));
    let key = Base64::encode_string(&[&[kind], public.as_slice()].concat());
    format!("{name}+{id:08x}+{key}")
}

/// The four bytes by which a signature names its key.
fn number(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([b'\n', kind]);
    hash.update(public);
    let [first, second, third, fourth, ..] = <[u8; 32]>::from(hash.finalize());
    [first, second, third, fourth]
}

fn signature_line(name: &str, bytes: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", Base64::encode_string(bytes))
}

/// Writes a file that is there wholly or not at all, and on the disk when this returns.
pub(crate) fn put(path: &Path, mode: u32, text: &str) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Open {
        path: path.to_owned(),
        source,
    };
    let new = beside(path);
    let write = || -> io::Result<()> {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        give_to_owner(&new)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(path)
    };
    write().map_err(failed)
}

/// Gives a file that root made to whoever has the folder, as SQLite does with its own files:
/// a command that root runs while no kiosk-record does must not lock the next one out.
pub(crate) fn give_to_owner(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| nix::unistd::geteuid().is_root()) else {
        return Ok(());
    };
    let folder = fs::metadata(folder)?;
    std::os::unix::fs::lchown(path, Some(folder.uid()), Some(folder.gid()))
}

/// Makes the name of a file as durable as its content.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    PathBuf::from(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_key_comes_back_from_its_file_and_anything_else_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SECRET_FILE);
        let key = SecretKey::generate().unwrap();
        put(&path, 0o600, &key.pem()).unwrap();
        assert_eq!(SecretKey::open(&path).unwrap().seed(), key.seed());
        let long = "x".repeat(usize::try_from(KEY_FILE_BYTES_MAX).unwrap() + 1);
        put(&path, 0o600, &long).unwrap();
        let opened = SecretKey::open(&path);
        assert!(matches!(opened, Err(LedgerError::Open { .. })));
        for other in ["", "x", &key.pem().replace("MC4", "MC5")] {
            put(&path, 0o600, other).unwrap();
            let opened = SecretKey::open(&path);
            assert!(matches!(opened, Err(LedgerError::Key { .. })), "{other}");
        }
    }

    #[test]
    fn openssl_reads_the_key_and_sees_the_same_public_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SECRET_FILE);
        let key = SecretKey::generate().unwrap();
        put(&path, 0o600, &key.pem()).unwrap();
        let public = Command::new("openssl")
            .args(["pkey", "-pubout", "-outform", "DER", "-in"])
            .arg(&path)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(public.stdout.ends_with(&key.public()));
    }

    #[test]
    fn the_published_key_has_the_published_number() {
        // The key of the example in the documentation of Go's package sumdb/note.
        let spelled = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let bytes = Base64::decode_vec(spelled.rsplit('+').next().unwrap()).unwrap();
        let public: [u8; 32] = bytes.get(1..).unwrap().try_into().unwrap();
        assert_eq!(log_key("PeterNeumann", &public), spelled);
    }
}
