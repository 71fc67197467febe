//! `kioskctl log`: the ledger for those who audit it. `close` writes, and what makes files writes
//! that it did.

mod list;

mod show;

mod changes;

mod custody;

mod audit;

mod compared;

mod report;

use std::path::PathBuf;

use broker::Paths;
use record::{Ledger, LedgerError};

use crate::CommandError;
use crate::close;
use crate::print;
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
    List(list::List),
    /// Show one entry with its files, and what changed on the medium since it came in
    Show(show::Show),
    /// Make a page of one month, to print and file
    Report(report::Report),
    /// Make a page of one verdict, to hand out or file
    Certificate(report::Sheet),
    /// Say what was done with a medium that was stopped; the case is closed
    Close(close::Arguments),
    /// Verify that no entry was changed, removed, added or put elsewhere
    Verify {
        /// From this entry on
        #[arg(long, value_name = "N")]
        since: Option<u64>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let folder = arguments.ledger.clone().unwrap_or_else(|| paths.ledger());
    let ledger = Ledger::open(&folder)?;
    let source = report::Source {
        ledger: &ledger,
        folder: arguments.ledger.as_deref(),
        paths,
    };
    match &arguments.command {
        Command::Report(report) => report::month(report, &source),
        Command::Certificate(sheet) => report::certificate(sheet, &source),
        Command::List(list) => list::run(list, &ledger),
        Command::Show(show) => show::run(show, &ledger),
        Command::Close(close) => close::run(close, &ledger, arguments.ledger.as_ref(), paths),
        Command::Verify { since, json } => verify(&ledger, *since, *json),
    }
}

fn text(text: &str) -> String {
    wire::name::line(text)
}

fn verify(ledger: &Ledger, since: Option<u64>, json: bool) -> Result<u8, CommandError> {
    match ledger.verify(since) {
        Ok(verified) => {
            let head = verified
                .head
                .map(|head| (head.number, head.leaf_sha256.to_string()));
            let (number, leaf) = head.unwrap_or((0, "-".to_owned()));
            if json {
                let object = serde_json::json!({
                    "verified": true, "entries": verified.entries, "rows": verified.rows,
                    "head": { "number": number, "leaf_sha256": leaf },
                });
                print::line(&object.to_string());
            } else {
                print::line(&format!(
                    "verified: {} entries, {} rows, head {number} {leaf}",
                    verified.entries, verified.rows
                ));
            }
            Ok(0)
        }
        Err(error @ (LedgerError::Altered { .. } | LedgerError::Schema(_))) => {
            let number = if let LedgerError::Altered { number, .. } = &error {
                Some(*number)
            } else {
                None
            };
            if json {
                let object = serde_json::json!({
                    "verified": false, "entry": number, "why": error.to_string(),
                });
                print::line(&object.to_string());
            } else {
                print::line(&format!("NOT verified: {error}"));
            }
            Ok(1)
        }
        Err(error) => Err(error.into()),
    }
}
