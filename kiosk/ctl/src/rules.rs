//! `kioskctl rules`: the rules that media are scanned with.

mod test;

use broker::Paths;

use crate::CommandError;

/// Options of `kioskctl rules`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Test rules with their canaries, on a medium that is scanned as every medium is
    Test(test::Arguments),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Test(arguments) => test::run(arguments, paths),
    }
}
