//! `kioskctl log cosign`: an auditor signs a checkpoint beside the kiosk, with a key that never
//! has to come near it.

use std::path::{Path, PathBuf};

use broker::Paths;
use jiff::Timestamp;
use record::Ledger;
use record::key::{SecretKey, cosigner_key};
use record::verify::note::{Kind, Note, PublicKey, Signed};
use wire::audit::Cosigned;
use wire::ledger::Event;

use super::keys::{self, Noted};
use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::rules;

/// Options of `kioskctl log cosign`.
#[derive(clap::Args)]
pub(super) struct Cosign {
    #[command(flatten)]
    noted: Noted,
    /// The auditor's secret key: minisign's form, or what openssl genpkey -algorithm ed25519 makes
    #[arg(
        long,
        value_name = "FILE",
        requires = "name",
        required_unless_present = "add"
    )]
    secret_key: Option<PathBuf>,
    /// A file with the key's password in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The auditor's name in signatures: a domain or address without spaces, audit.example.jp
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The co-signed checkpoint goes into this new file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write no entry: for a copy of the ledger on the auditor's own machine
    #[arg(long)]
    no_entry: bool,
    /// Put a checkpoint that was co-signed elsewhere into the ledger; --key is the auditor's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret_key", "name", "output", "no_entry", "checkpoint"])]
    add: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(
    cosign: &Cosign,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    if let Some(file) = &cosign.add {
        let added = added(cosign, file, ledger)?;
        return enter(added, folder, paths);
    }
    let (Some(file), Some(name)) = (&cosign.secret_key, &cosign.name) else {
        return Err(CommandError::Asked(
            "give the auditor's key with --secret-key and its name with --name".to_owned(),
        ));
    };
    let secret = secret(file, cosign.password_file.as_deref())?;
    let key = PublicKey::new(name, Kind::Cosigner, &secret.public()).ok_or_else(|| {
        CommandError::Asked(format!(
            "{name:?} is no name of a key: it has no space and no plus sign, as audit.example.jp"
        ))
    })?;
    // What is signed is what was verified: all of it, and against what the auditor knows.
    let outside = cosign.noted.read()?;
    let verified = match ledger.verify_with(None, outside) {
        Ok(verified) => verified,
        Err(error) if error.is_alteration() => {
            print::line(&format!("NOT verified, and not signed: {error}"));
            return Ok(1);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(head) = verified.head else {
        return Err(CommandError::Asked("the ledger is empty".to_owned()));
    };
    let checkpoint = ledger.checkpoint(Some(head.number))?;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
    let body = Note::parse(&checkpoint).map(|note| note.body);
    let line = secret.cosignature(name, &body.unwrap_or_default(), now);
    let note = format!("{checkpoint}{line}");
    let text = cosigner_key(name, &secret.public());
    match &cosign.output {
        Some(file) => rules::make(file, 0o644, &note)?,
        None => print::part(&note),
    }
    print::note(&format!(
        "co-signed {} entries; the auditor's public key, to verify with: {}",
        head.number,
        key.text()
    ));
    if cosign.no_entry {
        return Ok(0);
    }
    enter((note, text), folder, paths)
}

/// A checkpoint that was signed elsewhere, with the auditor's key.
fn added(cosign: &Cosign, file: &Path, ledger: &Ledger) -> Result<(String, String), CommandError> {
    let note = keys::checkpoint(file)?;
    let all = cosign.noted.named()?;
    let key = all.iter().find(|key| key.kind() == Kind::Cosigner);
    let key = key.ok_or_else(|| {
        CommandError::Asked("give the auditor's public key with --key".to_owned())
    })?;
    if note.signed_by(key) != Signed::Holds {
        return Err(CommandError::Asked(format!(
            "{} is not signed by {}",
            file.display(),
            key.name()
        )));
    }
    // Others may have signed it as well; each of them is brought for itself.
    let ours = ledger.checkpoint(Some(note.size))?;
    let text = keys::text(file)?;
    let begin = format!("\u{2014} {} ", key.name());
    let by = |line: &&str| line.starts_with(&begin);
    let line = text.lines().rfind(by).unwrap_or_default();
    Ok((format!("{ours}{line}\n"), key.text()))
}

fn enter(
    (note, key): (String, String),
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let event = Event::Cosigned(Box::new(Cosigned {
        by: broker::person::here(),
        key,
        note,
    }));
    let entry = ledger::write(folder, paths, event)?;
    print::note(&format!("the co-signature is entry {entry}"));
    Ok(0)
}

/// The auditor's key, in one of the two forms.
fn secret(file: &Path, password_file: Option<&Path>) -> Result<SecretKey, CommandError> {
    let text = keys::text(file)?;
    if text.starts_with("-----BEGIN PRIVATE KEY") {
        return Ok(SecretKey::open(file)?);
    }
    rules::seed(file, &text, password_file).map(SecretKey::from_seed)
}
