//! `kioskctl requests reject`: whoever asked is told no, and why.

use std::path::Path;

use broker::Paths;
use record::Ledger;
use wire::custody::RequestClosed;
use wire::ledger::Event;

use crate::CommandError;
use crate::close;
use crate::ledger;
use crate::print;
use crate::who;

/// Options of `kioskctl requests reject`.
#[derive(clap::Args)]
pub(super) struct Reject {
    /// Number of the insertion that was put forward, or of its receipt
    #[arg(value_name = "N")]
    number: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs the command.
pub(super) fn run(
    reject: &Reject,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let folder = ledger.map_or_else(|| paths.ledger(), Path::to_owned);
    let insertion = close::insertion(&Ledger::open(&folder)?, reject.number)?;
    let event = Event::RequestClosed(Box::new(RequestClosed {
        insertion,
        medium: None,
        reason: Some(reject.reason.clone()),
        by,
    }));
    let entry = ledger::write(ledger, paths, event)?;
    print::line(&format!("request {insertion} rejected: entry {entry}"));
    Ok(0)
}
