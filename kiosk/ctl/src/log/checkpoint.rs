//! `kioskctl log checkpoint`: what to keep outside of the kiosk, so that nobody can cut the
//! ledger back or write it anew unseen.

use std::path::PathBuf;

use record::Ledger;
use record::verify::note::PublicKey;

use super::keys;
use crate::CommandError;
use crate::print;
use crate::rules;

/// Options of `kioskctl log checkpoint`.
#[derive(clap::Args)]
pub(super) struct Checkpoint {
    /// Over the first N entries [default: all]
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// The proof that this earlier checkpoint is the beginning of the last one
    #[arg(long, value_name = "FILE", conflicts_with = "size")]
    consistent_with: Option<PathBuf>,
    /// The public key that signs the ledger now, in the place of a checkpoint
    #[arg(long, value_name = "FORM", conflicts_with_all = ["size", "consistent_with"],
          num_args = 0..=1, default_missing_value = "note")]
    public_key: Option<Form>,
    /// Into this new file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Form {
    /// As ledger.pub has it
    Note,
    /// For openssl
    Pem,
    /// For minisign
    Minisign,
}

/// Runs the command.
pub(super) fn run(checkpoint: &Checkpoint, ledger: &Ledger) -> Result<u8, CommandError> {
    let text = if let Some(form) = checkpoint.public_key {
        let mut keys = ledger.verify(None)?.keys;
        let key = keys.pop().map_or_else(|| ledger.first_key(), Ok)?;
        spelled(&key, form)
    } else if let Some(file) = &checkpoint.consistent_with {
        let old = keys::checkpoint(file)?;
        let ours = ledger.checkpoint(Some(old.size))?;
        if !ours.starts_with(&old.body) {
            print::line(&format!(
                "NOT consistent: the checkpoint of {} entries in {} is of another ledger, or this \
                 one was written anew",
                old.size,
                file.display()
            ));
            return Ok(1);
        }
        ledger.consistency(old.size)?
    } else {
        ledger.checkpoint(checkpoint.size)?
    };
    match &checkpoint.output {
        Some(file) => {
            rules::make(file, 0o644, &text)?;
            print::line(&format!("{}: written", file.display()));
        }
        None => print::part(&text),
    }
    Ok(0)
}

/// A key in another's form.
fn spelled(key: &PublicKey, form: Form) -> String {
    match form {
        Form::Note => format!("{}\n", key.text()),
        Form::Pem => {
            let der = [keys::SPKI.as_slice(), &key.bytes()].concat();
            format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
                bundle::base64_encode(&der)
            )
        }
        Form::Minisign => bundle::public_text(bundle::KeyId::of(&key.bytes()), &key.bytes()),
    }
}
