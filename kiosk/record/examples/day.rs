//! Lists the entries of one day of the ledger in a folder: `day FOLDER YYYY-MM-DD`. How many
//! there are, and what that took in milliseconds, on standard output.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use record::reader::Filter;
use record::{Ledger, LedgerError};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_default());
    let day = arguments.next().unwrap_or_default();
    let begun = Instant::now();
    match count(&folder, &day.to_string_lossy()) {
        Ok(count) => {
            let took = begun.elapsed().as_secs_f64() * 1e3;
            let shown = writeln!(std::io::stdout(), "{count} {took:.1}");
            ExitCode::from(if shown.is_ok() { 0 } else { 2 })
        }
        Err(error) => {
            eprintln!("{}", wire::explained(&error));
            ExitCode::from(2)
        }
    }
}

fn count(folder: &std::path::Path, day: &str) -> Result<usize, LedgerError> {
    let mut count = 0usize;
    for entry in Ledger::open(folder)?.entries(Filter::default())? {
        if entry?.content()?.recorded_utc.starts_with(day) {
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}
