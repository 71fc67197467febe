//! `kioskctl requests approve`: the medium of a request becomes registered.

use std::path::Path;

use broker::Paths;
use record::{Ledger, reader};
use wire::custody::RequestClosed;
use wire::ledger::Event;
use wire::rule_change::Person;

use crate::CommandError;
use crate::ledger;
use crate::lists;
use crate::media::{self, More, Said};
use crate::print;

/// Options of `kioskctl requests approve`.
#[derive(clap::Args)]
pub(super) struct Approve {
    /// Number of the insertion that was put forward, or of its receipt
    #[arg(value_name = "N")]
    number: u64,
    #[command(flatten)]
    more: More,
    #[command(flatten)]
    said: Said,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub(super) fn run(
    approve: &Approve,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = lists::by(paths)?;
    let reason = media::reason(approve.reason.as_deref())?;
    let (insertion, claim) = media::inserted(approve.number, ledger, paths)?;
    is_open(insertion, ledger, paths)?;
    // One that was registered before this command was killed, or another way.
    if let Some(id) = media::registered(&claim, paths)? {
        let entry = close(insertion, &id, reason, by, ledger, paths)?;
        print::line(&format!(
            "{id} is this medium already; request {insertion} closed: entry {entry}"
        ));
        return Ok(0);
    }
    let claim = media::whole(claim, &approve.more, ledger, paths)?;
    let cells = media::asked(&claim, approve.more.weak, &approve.said, paths)?;
    let (medium, entry) = media::register(&cells, by.clone(), reason.clone(), ledger, paths)?;
    media::tell(&medium, entry);
    let entry = close(insertion, &medium.id, reason, by, ledger, paths)?;
    print::line(&format!("request {insertion} closed: entry {entry}"));
    Ok(0)
}

fn close(
    insertion: u64,
    id: &str,
    reason: Option<String>,
    by: Person,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u64, CommandError> {
    let event = Event::RequestClosed(Box::new(RequestClosed {
        insertion,
        medium: Some(id.to_owned()),
        reason,
        by,
    }));
    ledger::write(ledger, paths, event)
}

/// Whether a request was made for this insertion and has no answer.
fn is_open(insertion: u64, ledger: Option<&Path>, paths: &Paths) -> Result<(), CommandError> {
    let folder = ledger.map_or_else(|| paths.ledger(), Path::to_owned);
    let ledger = Ledger::open(&folder)?;
    let (mut made, mut closed) = (false, None);
    let filter = reader::Filter {
        since: Some(insertion),
        limit: None,
    };
    for entry in ledger.entries(filter)? {
        let entry = entry?;
        let event = entry.content()?.event;
        if let Event::Requested { insertion: one } = event {
            made |= one == insertion;
        } else if let Event::RequestClosed(answer) = event
            && answer.insertion == insertion
        {
            closed = Some(entry.number);
        }
    }
    match (made, closed) {
        (true, None) => Ok(()),
        (_, Some(entry)) => Err(CommandError::Asked(format!(
            "the request of insertion {insertion} was answered in entry {entry}"
        ))),
        (false, None) => Err(CommandError::Asked(format!(
            "nobody put insertion {insertion} forward; register its medium with: kioskctl media \
             add --from-insertion {insertion}"
        ))),
    }
}
