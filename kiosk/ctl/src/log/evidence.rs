//! `kioskctl log evidence`: some entries as a folder that others can check without the kiosk.

mod visit;

use std::fs;
use std::path::{Path, PathBuf};

use broker::Paths;
use bundle::KeyId;
use export::evidence::{Draft, Plan, Signer, VERIFY_PAGE};
use jiff::Timestamp;
use record::Ledger;
use record::key::{SECRET_FILE, SecretKey};
use sha2::{Digest as _, Sha256};
use wire::audit::Exported;
use wire::ledger::Event;
use wire::{Digest, MediumName};

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::rules;

/// Options of `kioskctl log evidence`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Numbers of entries
    #[arg(value_name = "N", required_unless_present = "visit")]
    entries: Vec<u64>,
    /// Every entry of this visit: signing in and out, and whatever became of its media
    #[arg(long, value_name = "ID", conflicts_with = "entries")]
    visit: Option<String>,
    /// A new folder to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// The secret key to sign with: minisign's form, or what openssl genpkey -algorithm ed25519
    /// makes [default: the ledger's own, which only root and the ledger's writer can read]
    #[arg(long, value_name = "FILE")]
    secret_key: Option<PathBuf>,
    /// A file with the key's password in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE", requires = "secret_key")]
    password_file: Option<PathBuf>,
    /// Write no entry that says who took what: for a copy of a ledger, which --ledger names
    #[arg(long)]
    no_entry: bool,
}

/// A key with the number that its file gives it.
struct Key {
    id: KeyId,
    key: SecretKey,
}

impl Signer for Key {
    fn key_id(&self) -> KeyId {
        self.id
    }

    fn public(&self) -> [u8; 32] {
        self.key.public()
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes)
    }
}

/// Runs the command.
pub(crate) fn run(
    arguments: &Arguments,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    ledger::require_entry(arguments.no_entry, folder, paths)?;
    let entries = match &arguments.visit {
        Some(visit) => visit::entries(ledger, visit)?,
        None => arguments.entries.clone(),
    };
    let signer = signer(arguments, ledger)?;
    let plan = Plan {
        entries: &entries,
        made: now(),
    };
    let draft = Draft::make(&arguments.output, ledger, &signer, plan)?;
    // Whoever takes something out is in the ledger before it has its name.
    let entry = if arguments.no_entry {
        None
    } else {
        let event = exported(&draft, &arguments.output);
        Some(ledger::write(folder, paths, event)?)
    };
    let (_, _, count) = draft.entries();
    let (rows, sha256) = (draft.rows(), draft.sha256());
    let withdrawn = draft.withdrawn().to_vec();
    draft.keep()?;
    let told = entry.map_or_else(|| "no entry".to_owned(), |entry| format!("entry {entry}"));
    let place = wire::name::line(&arguments.output.to_string_lossy());
    for (verdict, by) in withdrawn {
        print::note(&format!(
            "entry {verdict} said PASS, which entry {by} withdrew: that entry is in the bundle too"
        ));
    }
    let page = Digest(Sha256::digest(VERIFY_PAGE).into());
    for line in [
        format!("{place}: {count} entries, {rows} rows: {told}"),
        format!("signed with key {}: {sha256}", signer.key_id()),
        "to be noted elsewhere, and compared by whoever checks the bundle:".to_owned(),
        format!("  ledger's key  {}", ledger.first_key()?.text()),
        format!("  verify.html   SHA-256 {page}"),
    ] {
        print::line(&line);
    }
    Ok(0)
}

/// The key that signs.
fn signer(arguments: &Arguments, ledger: &Ledger) -> Result<Key, CommandError> {
    let Some(path) = &arguments.secret_key else {
        let path = ledger.folder().join(SECRET_FILE);
        let key = SecretKey::open(&path).map_err(|source| {
            CommandError::Asked(format!(
                "{}; give a key with --secret-key, or run this as root",
                wire::explained(&source)
            ))
        })?;
        let id = Signer::key_id(&key);
        return Ok(Key { id, key });
    };
    let text = fs::read_to_string(path).map_err(CommandError::file("read", path))?;
    if text.starts_with("-----BEGIN PRIVATE KEY") {
        let key = SecretKey::open(path)?;
        let id = Signer::key_id(&key);
        return Ok(Key { id, key });
    }
    let asked = &mut || {
        let file = arguments.password_file.as_deref();
        rules::password(file, "password of the secret key")
    };
    let key = rules::SecretKey::open(&text, asked).map_err(|source| CommandError::Secret {
        path: path.clone(),
        source,
    })?;
    Ok(Key {
        id: key.id(),
        key: SecretKey::from_seed(key.seed()),
    })
}

fn exported(draft: &Draft, output: &Path) -> Event {
    let (first, last, entries) = draft.entries();
    let name = output.file_name().unwrap_or_default();
    let (file, _) = MediumName::cut(name.as_encoded_bytes());
    Event::Exported(Box::new(Exported {
        by: broker::person::here(),
        format: "evidence".to_owned(),
        first,
        last,
        entries,
        file: Some(file),
        sha256: Some(draft.sha256()),
    }))
}

/// Without fractions of a second: it stands in texts for people.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
