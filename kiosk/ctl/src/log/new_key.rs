//! `kioskctl log new-key`: the ledger's key signs no more, and a new one takes its place.

use std::path::Path;

use broker::Paths;
use record::Ledger;
use wire::audit::KeyRetired;
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::who;

/// Options of `kioskctl log new-key`.
#[derive(clap::Args)]
pub(super) struct NewKey {
    /// Why: yearly change, a new machine, somebody may have read the old one
    #[arg(long, value_name = "WHY")]
    reason: String,
}

/// Runs the command.
pub(super) fn run(
    new: &NewKey,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let event = Event::KeyRetired(Box::new(KeyRetired {
        by,
        reason: new.reason.clone(),
    }));
    let entry = ledger::write(folder, paths, event)?;
    let verified = ledger.verify(Some(entry))?;
    print::line(&format!("the key before signed its last entry: {entry}"));
    if let Some(key) = verified.keys.last() {
        print::line(&format!("signed by {} from here on", key.text()));
    }
    print::line(
        "note this key where the one before was noted: it verifies the proofs from here on",
    );
    print::line("make a backup now: the one before has the old key");
    Ok(0)
}
