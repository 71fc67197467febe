//! The screen of the kiosk.

fn main() -> std::process::ExitCode {
    show::main()
}
