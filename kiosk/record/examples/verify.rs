//! Verifies the ledger in the folder it is given, as whoever runs it. Status 0: it holds and
//! its number of entries is on standard output; 1: it was altered; 2: it cannot be read.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use record::{Ledger, LedgerError};

fn main() -> ExitCode {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_default());
    match Ledger::open(&folder).and_then(|ledger| ledger.verify(None)) {
        Ok(verified) => {
            let shown = writeln!(std::io::stdout(), "{}", verified.entries);
            ExitCode::from(if shown.is_ok() { 0 } else { 2 })
        }
        Err(error) => {
            eprintln!("{}", wire::explained(&error));
            let altered = matches!(error, LedgerError::Altered { .. } | LedgerError::Schema(_));
            ExitCode::from(if altered { 1 } else { 2 })
        }
    }
}
