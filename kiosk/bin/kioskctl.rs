//! kioskctl: for administrators and auditors, and for scanning by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    ctl::main(std::env::args_os())
}
