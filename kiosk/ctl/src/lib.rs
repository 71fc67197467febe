//! The commands of kioskctl, for administrators and auditors.

mod scan;

mod target;

mod folder;

mod hand;

mod meter;

mod report;

mod print;

mod words;

mod log;

mod rules;

mod status;

mod views;

mod close;

mod ledger;

mod waiver;

mod who;

mod people;

mod config;

mod terminal;

mod lists;

mod media;

mod requests;

mod lending;

mod trial;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use broker::Paths;
use clap::{Parser, Subcommand};

/// Why a command could not do what it was asked: exit status 2, or 1 when it is because the
/// ledger is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A file or folder that the command needs cannot be used.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The target is nothing that can be scanned.
    #[error("{} is neither a block device, an image, a folder nor a file", path.display())]
    Target {
        /// Which.
        path: PathBuf,
    },
    /// The rules cannot be used.
    #[error(transparent)]
    Rules(#[from] broker::rules::RulesError),
    /// Rules were not installed or put back.
    #[error(transparent)]
    Store(#[from] broker::rules::store::StoreError),
    /// A bundle that is to be signed is not as it must be.
    #[error("{} is not signed", path.display())]
    Bundle {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: bundle::BundleError,
    },
    /// A folder of rules that cannot become a bundle.
    #[error("{} makes no bundle", path.display())]
    Manifest {
        /// Which folder or file.
        path: PathBuf,
        /// What is wrong.
        source: bundle::ManifestError,
    },
    /// Something that a bundle must say is said nowhere.
    #[error("neither the folder's manifest.toml nor the command says it: give {0}")]
    Unsaid(&'static str),
    /// A secret key cannot be used.
    #[error("secret key {}", path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rules::SecretError,
    },
    /// There are none.
    #[error("there is no rule in {} (give others with --rules)", path.display())]
    NoRules {
        /// Where.
        path: PathBuf,
    },
    /// The rules cannot be tested.
    #[error(transparent)]
    Exam(#[from] broker::selftest::ExamError),
    /// A list of hashes was not built.
    #[error(transparent)]
    List(#[from] bundle::lists::BuildError),
    /// A list of hashes cannot be what was asked for.
    #[error("{0}")]
    Lists(String),
    /// The site's files cannot be used.
    #[error(transparent)]
    Site(#[from] broker::site::SiteError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] record::LedgerError),
    /// An evidence bundle was not made.
    #[error(transparent)]
    Evidence(#[from] export::evidence::EvidenceError),
    /// Nothing was taken out of the ledger.
    #[error(transparent)]
    Export(#[from] export::ExportError),
    /// A page about the ledger cannot be made.
    #[error(transparent)]
    Report(#[from] ::report::ReportError),
    /// The ledger was not written.
    #[error(transparent)]
    Record(#[from] broker::recorder::RecordError),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Asked(String),
    /// Who runs this may not do it, or a second person did not confirm it.
    #[error("{0}")]
    NotAllowed(String),
    /// A PIN cannot be one, or was not hashed.
    #[error(transparent)]
    Pin(#[from] broker::pin::PinError),
    /// The scanner cannot be started.
    #[error(transparent)]
    Scanner(#[from] broker::scanner::ScannerError),
    /// A limits file is malformed.
    #[error("{0}")]
    Limits(String),
    /// The system refused something.
    #[error("cannot {doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No set can be made of these rules.
    #[error("{0}")]
    Build(String),
    /// A trial's own program ended when it should not.
    #[error("{0}")]
    Trial(String),
}

impl CommandError {
    /// Whether it says that the ledger is not what was written.
    fn is_alteration(&self) -> bool {
        let error = if let Self::Ledger(error)
        | Self::Export(export::ExportError::Ledger(error))
        | Self::Evidence(export::evidence::EvidenceError::Ledger(error))
        | Self::Report(::report::ReportError::Ledger(error)) = self
        {
            error
        } else {
            return matches!(self, Self::Export(export::ExportError::Rows(_)));
        };
        error.is_alteration()
    }

    fn system<E: Into<std::io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System {
            doing,
            source: source.into(),
        }
    }

    fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

/// 媒体検査キオスクの管理と監査 / Administers and audits the media kiosk.
#[derive(Parser)]
#[command(name = "kioskctl", version, after_help = EXIT_STATUSES, arg_required_else_help = true)]
struct Arguments {
    /// Put every path of the installation below this folder, for trials and tests
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUSES: &str = "Exit status: 0 PASS, verified or done; 1 STOP, matched, or the \
answer is no: verification failed, rules refused or unfit, out of service; 2 could not run; 3 STOP, \
not registered, expired, revoked or not storage; 4 NOT FINISHED, something was not examined.";

#[derive(Subcommand)]
enum Command {
    /// Scan a block device, a disk image, a folder or a file
    Scan(scan::Arguments),
    /// Make, sign, install and test rules
    Rules(rules::Arguments),
    /// Read and verify the ledger
    Log(log::Arguments),
    /// Say whether the kiosk is in service, and with which rules
    Status(status::Arguments),
    /// Let one content pass one rule for a time; two people answer for it
    Waiver(waiver::Arguments),
    /// Register media, change and list them
    Media(media::Arguments),
    /// Answer requests that were made at the kiosk
    Requests(requests::Arguments),
    /// Companies with their contracts, and what ends with them
    Company(people::CompanyArguments),
    /// Visits of a company's people, each with a code for the kiosk
    Visit(people::VisitArguments),
    /// Accounts of the staff: administrators, approvers and auditors
    Account(people::AccountArguments),
    /// Check the site's files
    Config(config::Arguments),
    /// Open a kiosk with a virtual bay on this terminal, with four sample media
    Trial(trial::Arguments),
}

/// Runs kioskctl with the program's arguments, its own name first.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(arguments))
}

/// Runs one command; gives the exit status.
fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that was asked for goes to stdout with status 0; all else is usage.
            let asked = !error.use_stderr();
            let shown = error.print().is_ok();
            return if asked && shown { 0 } else { 2 };
        }
    };
    let paths = Paths::chosen(arguments.root);
    // There 1 says that something was found.
    let is_search = match &arguments.command {
        Command::Scan(_) => true,
        Command::Log(log) => log.is_hunt(),
        Command::Rules(_)
        | Command::Status(_)
        | Command::Waiver(_)
        | Command::Media(_)
        | Command::Requests(_)
        | Command::Company(_)
        | Command::Visit(_)
        | Command::Account(_)
        | Command::Config(_)
        | Command::Trial(_) => false,
    };
    let done = match arguments.command {
        Command::Scan(arguments) => scan::run(&arguments, &paths),
        Command::Rules(arguments) => rules::run(&arguments, &paths),
        Command::Log(arguments) => log::run(&arguments, &paths),
        Command::Status(arguments) => status::run(&arguments, &paths),
        Command::Waiver(arguments) => waiver::run(&arguments, &paths),
        Command::Media(arguments) => media::run(&arguments, &paths),
        Command::Requests(arguments) => requests::run(&arguments, &paths),
        Command::Company(arguments) => people::company(&arguments, &paths),
        Command::Visit(arguments) => people::visit(&arguments, &paths),
        Command::Account(arguments) => people::account(&arguments, &paths),
        Command::Config(arguments) => config::run(&arguments, &paths),
        Command::Trial(arguments) => trial::run(&arguments, &paths),
    };
    match done {
        Ok(status) => status,
        Err(error) => {
            print::error(&error);
            if !error.is_alteration() {
                return 2;
            }
            print::note("kioskctl: see what else is wrong: kioskctl log verify");
            if is_search { 2 } else { 1 }
        }
    }
}
