//! `kioskctl log`: the ledger for those who audit it.

mod list;

mod show;

mod story;

mod hunt;

mod changes;

mod custody;

mod audit;

mod keys;

mod verify;

mod checkpoint;

mod cosign;

mod new_key;

mod backup;

mod review;

mod seal;

mod vouched;

mod withdrawn;

mod compared;

mod evidence;

mod export;

mod report;

mod outlet;

#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};

use broker::Paths;
use record::Ledger;

use crate::CommandError;
use crate::close;
use crate::ledger;
pub(crate) use changes::person;

/// Options of `kioskctl log`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger to read [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List entries, a line each
    List(Box<list::List>),
    /// Show one entry with its files and what changed on the medium, or tell a visit
    Show(show::Show),
    /// Look for hashes in what was scanned before: which media passed with such a content
    Hunt(hunt::Hunt),
    /// Make a page of one month, to print and file
    Report(report::Report),
    /// Make a page of one verdict, to hand out or file
    Certificate(report::Sheet),
    /// Say what was done with a medium that was stopped; the case is closed
    Close(close::Arguments),
    /// Sign that the ledger was looked through since the last time, or list when it was
    Review(review::Review),
    /// Write entries into a folder that others can check without the kiosk
    Evidence(evidence::Arguments),
    /// Hand entries to other programs: spreadsheets, watchers, checkers of files
    Export(Box<export::Arguments>),
    /// Verify that no entry was changed, removed, added or put elsewhere
    Verify(verify::Verify),
    /// Give out a signed checkpoint, to be kept elsewhere, or the public key
    Checkpoint(checkpoint::Checkpoint),
    /// Sign a checkpoint with an auditor's own key
    Cosign(cosign::Cosign),
    /// Let a new key sign from here on
    NewKey(new_key::NewKey),
    /// Copy the ledger with its key and the site's files into a new folder
    Backup(backup::Backup),
    /// Make a ledger out of a backup, where there is none
    Restore(backup::Restore),
    /// Put the rows of an old period into an archive
    Seal(seal::Seal),
}

impl Arguments {
    /// Whether the answer 1 says that something was found.
    pub(crate) fn is_hunt(&self) -> bool {
        matches!(self.command, Command::Hunt(_))
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let own = arguments.ledger.as_deref();
    let folder = ledger::folder(own, paths);
    // Not every command needs a ledger that is there.
    let open = || Ledger::open(&folder);
    match &arguments.command {
        Command::List(list) => list::run(list, &open()?, paths),
        Command::Show(show) => show::run(show, &open()?, paths),
        Command::Hunt(hunt) => hunt::run(hunt, &open()?, paths),
        Command::Report(report) => report::month(report, &source(&open()?, own, paths)),
        Command::Certificate(sheet) => report::certificate(sheet, &source(&open()?, own, paths)),
        Command::Close(close) => close::run(close, &open()?, own, paths),
        Command::Review(review) => review::run(review, &open()?, own, paths),
        Command::Evidence(evidence) => evidence::run(evidence, &open()?, own, paths),
        Command::Export(export) => export::run(export, &open()?, own, paths),
        Command::Verify(verify) => match &verify.proof {
            Some(file) => verify::proof(verify, file),
            None => verify::run(verify, open()),
        },
        Command::Checkpoint(checkpoint) => checkpoint::run(checkpoint, &open()?),
        Command::Cosign(cosign) => cosign::run(cosign, &open()?, own, paths),
        Command::NewKey(new) => new_key::run(new, &open()?, own, paths),
        Command::Backup(backup) => backup::make(backup, &open()?, own, paths),
        Command::Restore(restore) => backup::put_back(restore, own, paths),
        Command::Seal(seal) => seal::run(seal, &open()?, own, paths),
    }
}

fn source<'a>(
    ledger: &'a Ledger,
    folder: Option<&'a Path>,
    paths: &'a Paths,
) -> report::Source<'a> {
    report::Source {
        ledger,
        folder,
        paths,
    }
}

fn text(text: &str) -> String {
    wire::name::line(text)
}
