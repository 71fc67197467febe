//! `kioskctl log verify`: whether the ledger is what was written, and that of what was noted.

use std::path::{Path, PathBuf};

use record::verify::proof;
use record::{Ledger, LedgerError, Verified};

use super::keys::{self, Noted};
use crate::CommandError;
use crate::print;

/// Options of `kioskctl log verify`.
#[derive(clap::Args)]
pub(super) struct Verify {
    /// From this entry on; of those before, only what the later ones sign
    #[arg(long, value_name = "N")]
    since: Option<u64>,
    #[command(flatten)]
    noted: Noted,
    /// Verify a proof that was given out, and no ledger: give its public key with --key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "checkpoint", "head"])]
    pub(super) proof: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command on a ledger.
pub(super) fn run(
    verify: &Verify,
    opened: Result<Ledger, LedgerError>,
) -> Result<u8, CommandError> {
    let outside = verify.noted.read()?;
    let opened = opened.and_then(|ledger| ledger.verify_with(verify.since, outside));
    match opened {
        Ok(verified) => {
            if verify.json {
                print::line(&object(&verified).to_string());
            } else {
                tell(&verified);
            }
            Ok(0)
        }
        Err(error) if error.is_alteration() => {
            let number = if let LedgerError::Altered { number, .. } = &error {
                Some(*number)
            } else {
                None
            };
            if verify.json {
                let object = serde_json::json!({
                    "verified": false, "entry": number, "why": error.to_string(),
                });
                print::line(&object.to_string());
            } else {
                print::line(&format!("NOT verified: {error}"));
            }
            Ok(1)
        }
        Err(error) => Err(error.into()),
    }
}

fn object(verified: &Verified) -> serde_json::Value {
    let head = verified.head.map_or((0, "-".to_owned()), |head| {
        (head.number, head.leaf_sha256.to_string())
    });
    let keys: Vec<String> = verified.keys.iter().map(|key| key.text()).collect();
    let signed: Vec<_> = verified
        .cosignatures
        .iter()
        .map(|one| {
            serde_json::json!({
                "name": one.key.name(), "key": one.key.text(),
                "entries": one.size, "entry": one.entry,
            })
        })
        .collect();
    serde_json::json!({
        "verified": true, "entries": verified.entries, "rows": verified.rows,
        "head": { "number": head.0, "leaf_sha256": head.1 },
        "keys": keys, "cosignatures": signed, "sealed_through": verified.sealed,
    })
}

fn tell(verified: &Verified) {
    let (number, leaf) = verified.head.map_or((0, "-".to_owned()), |head| {
        (head.number, head.leaf_sha256.to_string())
    });
    print::line(&format!(
        "verified: {} entries, {} rows, head {number} {leaf}",
        verified.entries, verified.rows
    ));
    if let Some(key) = verified.keys.last() {
        print::line(&format!("signed by {}", key.text()));
    }
    for one in &verified.cosignatures {
        print::line(&format!(
            "co-signed by {}: {} entries{}",
            one.key.text(),
            one.size,
            one.entry
                .map_or_else(String::new, |entry| format!(" (entry {entry})"))
        ));
    }
    if 0 < verified.sealed {
        print::line(&format!(
            "the rows of entries up to {} are in an archive",
            verified.sealed
        ));
    }
}

/// Verifies a proof without a ledger.
pub(super) fn proof(verify: &Verify, file: &Path) -> Result<u8, CommandError> {
    let keys = verify.noted.named()?;
    if keys.is_empty() {
        return Err(CommandError::Asked(
            "a proof is verified by the ledger's public key: give it with --key".to_owned(),
        ));
    }
    let most = u64::try_from(proof::PROOF_BYTES_MAX).unwrap_or(u64::MAX);
    let text = keys::text_within(file, most)?;
    let answer = if text.starts_with("media-kiosk/consistency@") {
        proof::consistency(&text, &keys).map(|(old, new)| {
            let said = format!(
                "verified: the {} entries of the earlier checkpoint are the first of the {} of the later one",
                old.size, new.size
            );
            let object = serde_json::json!({
                "verified": true, "earlier": old.size, "later": new.size,
            });
            (said, object)
        })
    } else {
        proof::inclusion(&text, &keys).map(|proven| {
            let said = format!(
                "verified: entry {} of {}\n{}",
                proven.number, proven.checkpoint.size, proven.bytes
            );
            let entry: serde_json::Value =
                serde_json::from_str(&proven.bytes).unwrap_or(serde_json::Value::Null);
            let object = serde_json::json!({
                "verified": true, "number": proven.number,
                "entries": proven.checkpoint.size, "entry": entry,
            });
            (said, object)
        })
    };
    match answer {
        Ok((said, object)) => {
            if verify.json {
                print::line(&object.to_string());
            } else {
                said.lines().for_each(print::line);
            }
            Ok(0)
        }
        Err(error) => {
            if verify.json {
                let object = serde_json::json!({ "verified": false, "why": error.to_string() });
                print::line(&object.to_string());
            } else {
                print::line(&format!("NOT verified: the proof {error}"));
            }
            Ok(1)
        }
    }
}
