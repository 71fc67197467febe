//! `kioskctl rules`: sets of rules, for administrators.

mod build;

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
    /// Make a set of rules from folders of rules, whoever wrote them
    Build(build::Arguments),
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Build(arguments) => build::run(arguments, paths),
    }
}
