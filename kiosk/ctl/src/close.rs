//! `kioskctl log close`: what became of a medium that was stopped, said later by staff.

use std::path::Path;

use broker::Paths;
use record::Ledger;
use wire::ledger::Event;
use wire::standing::Mitigation;

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::report::spelled;
use crate::who;

/// Options of `kioskctl log close`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Number of the medium's receipt, or of its insertion
    #[arg(value_name = "N")]
    number: u64,
    /// What was done with it
    #[arg(long, value_name = "WHAT")]
    action: Action,
    /// Who says so [default: the user who runs this]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Action {
    /// It stays with the plant
    Kept,
    /// Whoever brought it has it again
    GivenBack,
    /// An administrator, the police or another office has it
    HandedOver,
}

/// Runs the command.
pub(crate) fn run(
    arguments: &Arguments,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let insertion = insertion(ledger, arguments.number)?;
    let action = match arguments.action {
        Action::Kept => Mitigation::Kept,
        Action::GivenBack => Mitigation::GivenBack,
        Action::HandedOver => Mitigation::HandedOver,
    };
    let event = Event::Mitigated {
        insertion,
        action,
        by: who::signer(paths, arguments.by.as_deref())?,
    };
    let entry = ledger::write(folder, paths, event)?;
    print::line(&format!(
        "insertion {insertion} closed, {}: entry {entry}",
        spelled(&action)
    ));
    Ok(0)
}

/// The receipt on the screen is the verdict's entry; people say that one, or that of a request.
pub(crate) fn insertion(ledger: &Ledger, number: u64) -> Result<u64, CommandError> {
    let event = ledger.entry(number)?.content()?.event;
    if let Event::Withdrawn { insertion, .. } | Event::Requested { insertion } = event {
        return Ok(insertion);
    }
    Ok(event.judged().map_or(number, |judged| judged.insertion))
}
