//! trial
fn main() -> std::process::ExitCode { ctl::main(std::env::args_os()) }
