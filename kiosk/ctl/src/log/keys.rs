//! Public keys, checkpoints and heads as people hand them in.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use record::verify::note::{Note, PublicKey};
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
    /// Reads all of it.
    ///
    /// # Errors
    /// When a file cannot be read, or is not what it should be.
    pub(super) fn read(&self) -> Result<Outside, CommandError> {
        let mut outside = Outside::default();
        for path in &self.key {
            match key(path)? {
                Given::Named(key) => outside.keys.push(key),
                Given::Bare(bytes) => outside.bare.push(bytes),
            }
        }
        for path in &self.checkpoint {
            outside.checkpoints.push(checkpoint(path)?);
        }
        for text in &self.head {
            outside.heads.push(head(text)?);
        }
        Ok(outside)
    }

    /// Keys that say whose they are: only such can be told from one another without a ledger.
    ///
    /// # Errors
    /// As [`Self::read`], and when a key has no name.
    pub(super) fn named(&self) -> Result<Vec<PublicKey>, CommandError> {
        let named = |path: &PathBuf| match key(path)? {
            Given::Named(key) => Ok(key),
            Given::Bare(_) => Err(CommandError::Asked(format!(
                "{} has no name in it: give the key as ledger.pub has it, or as kioskctl log \
                 cosign printed it",
                wire::name::line(&path.to_string_lossy())
            ))),
        };
        self.key.iter().map(named).collect()
    }
}

/// A public key as it was handed in.
#[derive(Debug, PartialEq, Eq)]
enum Given {
    /// With the name it signs under.
    Named(PublicKey),
    /// Without: PEM and minisign have none.
    Bare([u8; 32]),
}

/// The public key in a file.
///
/// # Errors
/// When it is none.
fn key(path: &Path) -> Result<Given, CommandError> {
    let text = text(path)?;
    let line = text.lines().find(|line| !line.trim().is_empty());
    if let Some(key) = line.and_then(|line| PublicKey::parse(line.trim())) {
        return Ok(Given::Named(key));
    }
    let bytes = pem(&text).or_else(|| minisign(&text));
    bytes.map(Given::Bare).ok_or_else(|| {
        CommandError::Asked(format!(
            "{} is no public key: give a file like ledger.pub, a PEM file or minisign's",
            wire::name::line(&path.to_string_lossy())
        ))
    })
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
    // One of no entries says nothing, and no ledger gives one out.
    let note = Note::parse(&text(path)?).filter(|note| 0 < note.size);
    note.ok_or_else(|| {
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
    text_within(path, HANDED_IN_BYTES_MAX)
}

/// A file as text, of which no more than one byte too many is read.
///
/// # Errors
/// When it cannot be read or is too long.
pub(super) fn text_within(path: &Path, bytes_max: u64) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| {
            file.take(bytes_max.saturating_add(1))
                .read_to_end(&mut bytes)
        })
        .map_err(CommandError::file("read", path))?;
    let wrong = |why: String| {
        let path = wire::name::line(&path.to_string_lossy());
        CommandError::Asked(format!("{path} {why}: it is something else"))
    };
    if u64::try_from(bytes.len()).map_or(true, |length| bytes_max < length) {
        return Err(wrong(format!("is longer than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| wrong("is no text".to_owned()))
}

/// A number and the digits that belong to it, however they are spaced.
fn head(text: &str) -> Result<(u64, String), CommandError> {
    let mut words = text.split([' ', '\u{3000}', '\u{b7}', ':', '-']);
    let number = words.next().and_then(|number| number.parse().ok());
    let code = words.collect::<String>().to_ascii_lowercase();
    let is_code = code.len() == CODE_DIGITS && code.chars().all(|digit| digit.is_ascii_hexdigit());
    match number {
        Some(number) if is_code && 0 < number => Ok((number, code)),
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
    use record::verify::note::Kind;

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
            "0 1a2b 3c4d 5e6f 7081",
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
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            key(&path).map_err(|error| error.to_string())
        };
        let public = secret.public();
        let named = |kind, name| Ok(Given::Named(PublicKey::new(name, kind, &public).unwrap()));
        assert_eq!(
            read(&format!("{}\n", log_key("o", &public))),
            named(Kind::Log, "o")
        );
        let auditor = read(&cosigner_key("a", &public));
        assert_eq!(auditor, named(Kind::Cosigner, "a"));
        let der = [SPKI.as_slice(), &public].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            bundle::base64_encode(&der)
        );
        assert_eq!(read(&pem), Ok(Given::Bare(public)));
        let bare = Noted {
            key: vec![path.clone()],
            ..Noted::default()
        };
        assert_eq!(bare.read().unwrap().bare, [public]);
        assert!(bare.named().unwrap_err().to_string().contains("no name"));
        let minisign = [b"Ed".as_slice(), &[1; 8], &public].concat();
        let minisign = format!(
            "untrusted comment: x\n{}\n",
            bundle::base64_encode(&minisign)
        );
        assert_eq!(read(&minisign), Ok(Given::Bare(public)));
        assert!(read("x").is_err());
        let limit = usize::try_from(HANDED_IN_BYTES_MAX).unwrap();
        let long = format!("{}\n{}", log_key("o", &public), " ".repeat(limit));
        assert!(read(&long).unwrap_err().contains("longer"));
        std::fs::write(&path, [0xff; 9]).unwrap();
        assert!(key(&path).unwrap_err().to_string().contains("no text"));
    }
}
