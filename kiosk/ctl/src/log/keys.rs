//! Public keys, checkpoints and heads as people hand them in.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use record::verify::note::{Kind, Note, PublicKey};
use record::verify::{CODE_DIGITS, Outside};

use crate::CommandError;

/// Longest file of a key or checkpoint, in bytes: some thirty signatures.
const HANDED_IN_BYTES_MAX: u64 = 16 * 1024;

/// What DER puts before the 32 bytes of an Ed25519 key.
pub(super) const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Options that say what was noted of the ledger elsewhere.
#[derive(Default, clap::Args)]
pub(super) struct Noted {
    /// A public key: the ledger's, or an auditor's whose co-signature must be there. As ledger.pub
    /// has it, in PEM, or in minisign's form
    #[arg(long, value_name = "FILE")]
    pub(super) key: Vec<PathBuf>,
    /// A checkpoint that was given out, co-signed or not
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Vec<PathBuf>,
    /// A head from the screen, a slip or the journal: "1234 1a2b 3c4d 5e6f 7081"
    #[arg(long, value_name = "HEAD")]
    pub(super) head: Vec<String>,
}

impl Noted {
    /// Reads all of it. A key without a name is a key of the log `origin`.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub(super) fn read(&self, origin: Option<&str>) -> Result<Outside, CommandError> {
        let keys = self.key.iter().map(|path| key(path, origin));
        let checkpoints = self.checkpoint.iter().map(|path| checkpoint(path));
        let heads = self.head.iter().map(|text| head(text));
        Ok(Outside {
            keys: keys.collect::<Result<_, _>>()?,
            checkpoints: checkpoints.collect::<Result<_, _>>()?,
            heads: heads.collect::<Result<_, _>>()?,
        })
    }
}

/// The public key in a file.
///
/// # Errors
/// When it is none, or has no name and there is none for it.
pub(super) fn key(path: &Path, origin: Option<&str>) -> Result<PublicKey, CommandError> {
    let text = text(path)?;
    let wrong = |why: &str| {
        Err(CommandError::Asked(format!(
            "{} {why}",
            wire::name::line(&path.to_string_lossy())
        )))
    };
    let line = text.lines().find(|line| !line.trim().is_empty());
    if let Some(key) = line.and_then(|line| PublicKey::parse(line.trim())) {
        return Ok(key);
    }
    let Some(bytes) = pem(&text).or_else(|| minisign(&text)) else {
        return wrong("is no public key: give a file like ledger.pub, a PEM file or minisign's");
    };
    match origin.and_then(|origin| PublicKey::new(origin, Kind::Log, &bytes)) {
        Some(key) => Ok(key),
        None => wrong("has no name in it, and there is no ledger.pub to take one from"),
    }
}

fn pem(text: &str) -> Option<[u8; 32]> {
    let inner = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?;
    let inner = inner.strip_suffix("-----END PUBLIC KEY-----")?;
    let bytes = bundle::base64_decode(&inner.split_whitespace().collect::<String>())?;
    bytes.strip_prefix(SPKI.as_slice())?.try_into().ok()
}

fn minisign(text: &str) -> Option<[u8; 32]> {
    let line = text.lines().find(|line| line.starts_with("RW"))?;
    let bytes = bundle::base64_decode(line.trim())?;
    bytes.strip_prefix(b"Ed")?.get(8..)?.try_into().ok()
}

/// The checkpoint in a file.
///
/// # Errors
/// When it is none.
pub(super) fn checkpoint(path: &Path) -> Result<Note, CommandError> {
    Note::parse(&text(path)?).ok_or_else(|| {
        CommandError::Asked(format!(
            "{} is no checkpoint: it must be a whole copy of ledger.head, or what kioskctl log \
             checkpoint or cosign gave",
            wire::name::line(&path.to_string_lossy())
        ))
    })
}

/// A small file as text.
///
/// # Errors
/// When it cannot be read or is too long.
pub(super) fn text(path: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(HANDED_IN_BYTES_MAX).read_to_string(&mut text))
        .map_err(CommandError::file("read", path))?;
    if fs::metadata(path).is_ok_and(|file| HANDED_IN_BYTES_MAX < file.len()) {
        return Err(CommandError::Asked(format!(
            "{} is longer than {HANDED_IN_BYTES_MAX} bytes: it is something else",
            wire::name::line(&path.to_string_lossy())
        )));
    }
    Ok(text)
}

/// A number and the digits that belong to it, however they are spaced.
fn head(text: &str) -> Result<(u64, String), CommandError> {
    let mut words = text.split([' ', '\u{3000}', '\u{b7}', ':', '-']);
    let number = words.next().and_then(|number| number.parse().ok());
    let code = words.collect::<String>().to_ascii_lowercase();
    let is_code = code.len() == CODE_DIGITS && code.chars().all(|digit| digit.is_ascii_hexdigit());
    match number {
        Some(number) if is_code => Ok((number, code)),
        Some(_) | None => Err(CommandError::Asked(format!(
            "{:?} is no head: give the number and its {CODE_DIGITS} characters, as in \
             --head \"1234 1a2b 3c4d 5e6f 7081\"",
            wire::name::line(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::key::{SecretKey, cosigner_key, log_key};

    #[test]
    fn a_head_is_read_as_people_write_it() {
        let read = (1234, "1a2b3c4d5e6f7081".to_owned());
        for text in [
            "1234 1a2b 3c4d 5e6f 7081",
            "1234:1a2b3c4d5e6f7081",
            "1234 \u{b7} 1A2B 3C4D 5E6F 7081",
        ] {
            assert_eq!(head(text).unwrap(), read, "{text}");
        }
        for text in [
            "",
            "1234",
            "1a2b 3c4d 5e6f 7081",
            "1234 1a2b 3c4d 5e6f 708",
            "x 1a2b3c4d5e6f7081",
        ] {
            assert!(head(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_read_in_the_forms_people_have() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let secret = SecretKey::from_seed([5; 32]);
        let read = |text: &str, origin| {
            fs::write(&path, text).unwrap();
            key(&path, origin).map(|key| (key.name().to_owned(), key.kind(), key.bytes()))
        };
        let public = secret.public();
        let log = Ok(("o".to_owned(), Kind::Log, public));
        let said = |read: Result<_, CommandError>| read.map_err(|error| error.to_string());
        assert_eq!(
            said(read(&format!("{}\n", log_key("o", &public)), None)),
            log
        );
        let auditor = said(read(&cosigner_key("a", &public), Some("o")));
        assert_eq!(auditor, Ok(("a".to_owned(), Kind::Cosigner, public)));
        let der = [SPKI.as_slice(), &public].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            bundle::base64_encode(&der)
        );
        assert_eq!(said(read(&pem, Some("o"))), log);
        assert!(read(&pem, None).is_err());
        let minisign = [b"Ed".as_slice(), &[1; 8], &public].concat();
        let minisign = format!(
            "untrusted comment: x\n{}\n",
            bundle::base64_encode(&minisign)
        );
        assert_eq!(said(read(&minisign, Some("o"))), log);
        assert!(read("x", Some("o")).is_err());
        let limit = usize::try_from(HANDED_IN_BYTES_MAX).unwrap();
        let long = format!("{}\n{}", log_key("o", &public), " ".repeat(limit));
        assert!(read(&long, None).is_err());
    }
}
