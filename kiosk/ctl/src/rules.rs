//! `kioskctl rules`: what media are scanned with.

mod list;

use crate::CommandError;

/// Options of `kioskctl rules`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Build a list of hashes to put beside rules, as lists/NAME.hashes
    List(list::Arguments),
}

/// Runs the command. The status is the contract's.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments),
    }
}
