//! kioskd: notices media, decides about them, and has them scanned, recorded and shown.

use std::process::ExitCode;

fn main() -> ExitCode {
    broker::run::main(std::env::args_os())
}
