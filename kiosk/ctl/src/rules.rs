//! `kioskctl rules`: bundles of rules, from their making to their use.

mod gather;

mod build;

mod list;

mod keys;

mod sign;

mod secret;

mod install;

mod status;

mod test;

use std::path::Path;

use broker::Paths;

use crate::CommandError;

pub(crate) use keys::make;
pub(crate) use secret::{SecretError, SecretKey};
pub(crate) use sign::password;

/// Options of `kioskctl rules`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a set of rules from folders of rules, whoever wrote them
    Gather(gather::Arguments),
    /// Pack a folder of rules into a bundle, which is still to be signed
    Build(build::Arguments),
    /// Build a list of hashes to put beside rules, as lists/NAME.hashes
    List(list::Arguments),
    /// Sign a bundle
    Sign(sign::Arguments),
    /// Make a pair of keys: a secret one to sign with, and a public one for the kiosks
    Keygen(keys::Arguments),
    /// Check a bundle and put it into force
    Install(install::Arguments),
    /// Put the rules before the present ones into force again
    Rollback(install::BackArguments),
    /// Say which rules are installed, and whether they are as they were signed
    Status(status::Arguments),
    /// Test rules with their canaries, on a medium that is scanned as every medium is
    Test(test::Arguments),
}

/// The 32 bytes of a secret key in minisign's form, of which this is the file's text.
///
/// # Errors
/// When it is none, or its password is another one.
pub(crate) fn seed(
    path: &Path,
    text: &str,
    password_file: Option<&Path>,
) -> Result<[u8; 32], CommandError> {
    let asked = &mut || password(password_file, "password of the secret key");
    let key = SecretKey::open(text, asked).map_err(|source| CommandError::Secret {
        path: path.to_owned(),
        source,
    })?;
    Ok(key.seed())
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Gather(arguments) => gather::run(arguments, paths),
        Command::Build(arguments) => build::run(arguments, paths),
        Command::List(arguments) => list::run(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::Keygen(arguments) => keys::run(arguments),
        Command::Install(arguments) => install::run(arguments, paths),
        Command::Rollback(arguments) => install::roll_back(arguments, paths),
        Command::Status(arguments) => status::run(arguments, paths),
        Command::Test(arguments) => test::run(arguments, paths),
    }
}
