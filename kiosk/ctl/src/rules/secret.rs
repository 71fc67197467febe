//! Secret keys in minisign's form, with a password or without.
//!
//! The form is that of minisign 0.8 and later: 158 bytes in base64 under a comment. With a
//! password the last 104 bytes are covered by as many of scrypt.

use std::fs::File;
use std::io::{self, Read};

use blake2::digest::consts::U32;
use blake2::{Blake2b, Blake2b512, Digest as _};
use bundle::{
    KeyId, Manifest, UNTRUSTED_COMMENT, base64_decode, base64_encode, public_text, trusted_comment,
};
use ed25519_dalek::{Signer as _, SigningKey};

/// Most memory that a key file may ask for to open it, in bytes: what minisign asks for.
const OPENING_BYTES_MAX: u64 = 1 << 30;

/// What minisign puts into a key: work and memory.
const WORK: u64 = 33_554_432;

/// Bytes of a key file, and of its parts.
const KEY_BYTES: usize = 158;
const SALT_BYTES: usize = 32;
const COVERED_BYTES: usize = 104;

/// Why a secret key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Something else.
    #[error("it is no secret key of minisign")]
    Form,
    /// The password is another one, or a byte was changed.
    #[error("the password is wrong, or the key was changed")]
    Password,
    /// Opening it would take more memory than [`OPENING_BYTES_MAX`].
    #[error("opening it takes more than {OPENING_BYTES_MAX} bytes of memory")]
    Costly,
    /// There is no password to be had.
    #[error("its password")]
    Asked(#[source] io::Error),
}

/// A key to sign with.
pub(crate) struct SecretKey {
    id: KeyId,
    key: SigningKey,
}

impl SecretKey {
    /// A new one.
    pub(crate) fn generate() -> io::Result<Self> {
        let mut seed = [0; 32];
        let mut id = [0; 8];
        random(&mut seed)?;
        random(&mut id)?;
        Ok(Self {
            id: KeyId(id),
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// Reads minisign's file; asks for the password only when it has one.
    pub(crate) fn open(
        text: &str,
        password: &mut dyn FnMut() -> io::Result<String>,
    ) -> Result<Self, SecretError> {
        let line = text.lines().nth(1).ok_or(SecretError::Form)?;
        let bytes = base64_decode(line.trim_end()).ok_or(SecretError::Form)?;
        let [head, rest @ ..] = bytes.as_slice() else {
            return Err(SecretError::Form);
        };
        if bytes.len() != KEY_BYTES || *head != b'E' || !bytes.starts_with(b"Ed") {
            return Err(SecretError::Form);
        }
        let (kinds, rest) = rest.split_at_checked(5).ok_or(SecretError::Form)?;
        let (salt, rest) = rest.split_at_checked(SALT_BYTES).ok_or(SecretError::Form)?;
        let (costs, rest) = rest.split_at_checked(16).ok_or(SecretError::Form)?;
        let mut covered = rest.to_vec();
        match kinds {
            b"d\0\0B2" => {}
            b"dScB2" => {
                let asked = password().map_err(SecretError::Asked)?;
                uncover(&mut covered, &asked, salt, costs)?;
            }
            _ => return Err(SecretError::Form),
        }
        let (id, rest) = covered.split_at_checked(8).ok_or(SecretError::Form)?;
        let (pair, sum) = rest.split_at_checked(64).ok_or(SecretError::Form)?;
        // minisign leaves the sum of a key without a password empty; that its two halves belong
        // together is checked below.
        let unsummed = kinds == b"d\0\0B2" && sum.iter().all(|byte| *byte == 0);
        if !unsummed && checksum(id, pair) != sum {
            return Err(SecretError::Password);
        }
        let pair = <&[u8; 64]>::try_from(pair).map_err(|_| SecretError::Form)?;
        Ok(Self {
            id: KeyId(<[u8; 8]>::try_from(id).map_err(|_| SecretError::Form)?),
            key: SigningKey::from_keypair_bytes(pair).map_err(|_| SecretError::Form)?,
        })
    }

    /// As minisign's file.
    pub(crate) fn text(&self, password: Option<&str>) -> Result<String, SecretError> {
        let pair = self.key.to_keypair_bytes();
        let mut covered = self.id.0.to_vec();
        covered.extend(pair);
        let sum = checksum(&self.id.0, &pair);
        let sum = password.map_or_else(|| vec![0; sum.len()], |_| sum.clone());
        covered.extend(sum);
        let mut salt = [0; SALT_BYTES];
        let mut costs = [0; 16];
        let mut kinds = b"\0\0";
        if let Some(password) = password {
            random(&mut salt).map_err(SecretError::Asked)?;
            let said = WORK
                .to_le_bytes()
                .into_iter()
                .chain(OPENING_BYTES_MAX.to_le_bytes());
            for (place, byte) in costs.iter_mut().zip(said) {
                *place = byte;
            }
            kinds = b"Sc";
            uncover(&mut covered, password, &salt, &costs)?;
        }
        let all = [b"Ed", &kinds[..], b"B2", &salt, &costs, &covered].concat();
        let what = "untrusted comment: minisign encrypted secret key";
        Ok(format!("{what}\n{}\n", base64_encode(&all)))
    }

    /// The 32 bytes it is made of.
    pub(crate) fn seed(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The key of these 32 bytes, which minisign did not make.
    pub(crate) fn of(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        Self {
            id: KeyId::of(key.verifying_key().as_bytes()),
            key,
        }
    }

    /// The public half, as minisign's file.
    pub(crate) fn public_text(&self) -> String {
        public_text(self.id, self.key.verifying_key().as_bytes())
    }

    /// Its number.
    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// The signature file of a manifest.
    pub(crate) fn sign(&self, manifest: &Manifest) -> String {
        let comment = trusted_comment(manifest);
        let hashed = Blake2b512::digest(manifest.text().as_bytes());
        let signature = self.key.sign(&hashed).to_bytes();
        let mut bytes = b"ED".to_vec();
        bytes.extend(self.id.0);
        bytes.extend(signature);
        let along = [&signature, comment.as_bytes()].concat();
        let global = self.key.sign(&along).to_bytes();
        format!(
            "{UNTRUSTED_COMMENT}\n{}\ntrusted comment: {comment}\n{}\n",
            base64_encode(&bytes),
            base64_encode(&global)
        )
    }
}

fn checksum(id: &[u8], pair: &[u8]) -> Vec<u8> {
    let mut hash = Blake2b::<U32>::new();
    hash.update(b"Ed");
    hash.update(id);
    hash.update(pair);
    hash.finalize().to_vec()
}

/// Takes the cover off, or puts it on: the same.
fn uncover(
    covered: &mut [u8],
    password: &str,
    salt: &[u8],
    costs: &[u8],
) -> Result<(), SecretError> {
    let (work, memory) = costs.split_at_checked(8).ok_or(SecretError::Form)?;
    let number = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes);
    let work = number(work).map_err(|_| SecretError::Form)?;
    let memory = number(memory).map_err(|_| SecretError::Form)?;
    let params = params(work, memory)?;
    let mut cover = [0; COVERED_BYTES];
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut cover)
        .map_err(|_| SecretError::Form)?;
    for (byte, over) in covered.iter_mut().zip(cover) {
        *byte ^= over;
    }
    Ok(())
}

/// What work and memory mean to scrypt, as libsodium has it: blocks of 8, and as many of them
/// as fit the memory, or the work when that is less.
fn params(work: u64, memory_bytes: u64) -> Result<scrypt::Params, SecretError> {
    if OPENING_BYTES_MAX < memory_bytes {
        return Err(SecretError::Costly);
    }
    let work = work.max(32_768);
    let bound = |most: u64| (1..63_u8).find(|log| most / 2 < 1 << log).unwrap_or(63);
    let (log, lanes) = if work < memory_bytes / 32 {
        (bound(work / 32), 1)
    } else {
        let log = bound(memory_bytes / 1024);
        let pairs = (work / 4)
            .checked_shr(u32::from(log))
            .unwrap_or(0)
            .min(0x3fff_ffff);
        (log, pairs / 8)
    };
    let lanes = u32::try_from(lanes).map_err(|_| SecretError::Form)?;
    scrypt::Params::new(log, 8, lanes).map_err(|_| SecretError::Form)
}

/// From the kernel.
fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_password() -> io::Result<String> {
        panic!("a key without a password asked for one")
    }

    #[test]
    fn a_key_without_a_password_comes_back() {
        let key = SecretKey::generate().unwrap();
        let text = key.text(None).unwrap();
        let again = SecretKey::open(&text, &mut no_password).unwrap();
        assert_eq!(again.public_text(), key.public_text());
        let line = text.lines().nth(1).unwrap();
        let good = base64_decode(line).unwrap();
        // A changed number signs as a key that nobody trusts.
        for place in (0..6).chain(62..KEY_BYTES) {
            let mut bad = good.clone();
            bad[place] ^= 1;
            let bad = format!("x\n{}\n", base64_encode(&bad));
            let opened = SecretKey::open(&bad, &mut || Ok(String::new()));
            assert!(opened.is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_password_opens_its_key_and_no_other_does() {
        let key = SecretKey::generate().unwrap();
        let text = key.text(Some("geheim")).unwrap();
        let again = SecretKey::open(&text, &mut || Ok("geheim".to_owned())).unwrap();
        assert_eq!(again.public_text(), key.public_text());
        let wrong = SecretKey::open(&text, &mut || Ok("Geheim".to_owned()));
        assert!(matches!(wrong, Err(SecretError::Password)));
    }

    #[test]
    fn a_key_that_asks_for_too_much_memory_is_refused() {
        assert!(params(WORK, OPENING_BYTES_MAX).is_ok());
        assert!(matches!(
            params(WORK, OPENING_BYTES_MAX + 1),
            Err(SecretError::Costly)
        ));
    }
}
