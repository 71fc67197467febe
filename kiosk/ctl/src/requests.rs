//! `kioskctl requests`: unregistered media that were put forward at the kiosk.

mod approve;

use std::path::PathBuf;

use broker::Paths;

use crate::CommandError;

/// Options of `kioskctl requests`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Requests,
}

#[derive(clap::Subcommand)]
enum Requests {
    /// Register the medium of a request
    Approve(approve::Approve),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_deref();
    match &arguments.command {
        Requests::Approve(approve) => approve::run(approve, ledger, paths),
    }
}
