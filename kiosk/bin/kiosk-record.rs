//! kiosk-record: the only writer of the ledger.

fn main() -> std::process::ExitCode {
    record::run::run(std::env::args_os().skip(1))
}
