//! What keeps the screen from running.

use std::io;

/// What keeps the screen from running.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The command line is wrong.
    #[error("{0}; usage: kiosk-show [--socket PATH] [--root DIR] [--bay DIR --samples DIR]")]
    Usage(String),
    /// Standard input or output is no terminal.
    #[error("kiosk-show needs a terminal on standard input and output")]
    NoTerminal,
    /// The terminal did not do what was asked of it.
    #[error("cannot use the terminal")]
    Terminal(#[source] io::Error),
    /// Waiting for events failed.
    #[error("cannot wait for events")]
    Wait(#[source] nix::Error),
}
