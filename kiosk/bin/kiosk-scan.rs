//! kiosk-scan: reads one medium in its jail. Started by kioskd and kioskctl only.

use std::process::ExitCode;

fn main() -> ExitCode {
    scan::main(std::env::args_os())
}
