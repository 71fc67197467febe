//! `kioskctl media`: the registered media.

mod add;

mod cells;

mod edit;

mod enrol;

mod import;

mod learn;

mod list;

mod show;

use std::path::PathBuf;

use broker::Paths;

use crate::CommandError;
pub(crate) use add::{Said, asked, register, registered, tell};
pub(crate) use edit::said as reason;
pub(crate) use learn::{More, inserted, whole};

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
    /// Register a medium; without --from-claim or --from-insertion, the one that is plugged in next
    Add(add::Add),
    /// List registered media
    List(list::List),
    /// Show one entry with its history
    Show(show::Show),
    /// Change an entry
    Edit(edit::Edit),
    /// Withdraw a medium
    Revoke(edit::Withdraw),
    /// Report a medium lost
    Lost(edit::Withdraw),
    /// Register and change many media from a CSV file; no entry is taken out
    Import(import::Import),
    /// Write the list as a CSV file that can be imported again
    Export {
        /// Where to [default: standard output]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_deref();
    match &arguments.command {
        Media::Add(add) => add::run(add, ledger, paths),
        Media::List(list) => list::run(list, ledger, paths),
        Media::Show(show) => show::run(show, ledger, paths),
        Media::Edit(edit) => edit::run(edit, ledger, paths),
        Media::Revoke(withdraw) => edit::withdraw(withdraw, "revoked", ledger, paths),
        Media::Lost(withdraw) => edit::withdraw(withdraw, "lost", ledger, paths),
        Media::Import(import) => import::run(import, ledger, paths),
        Media::Export { file } => import::export(file.as_deref(), paths),
    }
}
