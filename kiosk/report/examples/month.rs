//! A ledger with a made-up month, for trying reports out: `month DIR [DAYS]`. Its writer takes the
//! times from the clock, so the month is the present one and all of it is today.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "it shares the made-up month with the tests"
)]

#[path = "../tests/report/month.rs"]
mod month;

#[path = "../tests/report/written.rs"]
mod written;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: month DIR [DAYS]");
        return ExitCode::from(2);
    };
    let days = arguments.next().and_then(|days| days.parse().ok());
    let mut ledger = written::Written::open(Path::new(&folder));
    month::write(&mut ledger, days.unwrap_or(30));
    ExitCode::SUCCESS
}
