//! `kioskctl requests`: unregistered media that were put forward at the kiosk.

mod approve;
mod list;

mod reject;

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
    Approve(Box<approve::Approve>),
    /// List requests that nobody has answered
    List(list::List),
    /// Answer a request with no
    Reject(reject::Reject),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_deref();
    match &arguments.command {
        Requests::Approve(approve) => approve::run(approve, ledger, paths),
        Requests::List(list) => list::run(list, ledger, paths),
        Requests::Reject(reject) => reject::run(reject, ledger, paths),
    }
}
