//! kiosk-record itself, where a test of this crate can start and kill it.

fn main() -> std::process::ExitCode {
    record::run::run(std::env::args_os().skip(1))
}
