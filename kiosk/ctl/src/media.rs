//! `kioskctl media`: the registered media.

use std::path::PathBuf;

use broker::Paths;

use crate::CommandError;
use crate::lending;

/// Options of `kioskctl media`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Media,
}

#[derive(clap::Subcommand)]
enum Media {
    /// Hand a medium out
    Checkout(lending::Checkout),
    /// Take a medium back
    Return(lending::Return),
    /// List media that are lent and should be back
    Overdue(lending::Overdue),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_deref();
    match &arguments.command {
        Media::Checkout(checkout) => lending::checkout(checkout, ledger, paths),
        Media::Return(back) => lending::take_back(back, ledger, paths),
        Media::Overdue(overdue) => lending::overdue(overdue, ledger, paths),
    }
}
