//! The jailed scanner: read, hash, match, report.
//!
//! One program, two uses. `kiosk-scan serve` is the supervisor of one scan: it loads the
//! rules, closes its jail, forks workers and hands out work, and parses nothing that comes
//! from a medium. `kiosk-scan compile` turns rule sources into the form that `serve` loads.
//! Both speak over one socket, which is their standard input, and open no path.
//!
//! In the order a content meets it: [`serve`] starts, `board` knows what is left to do, `crew`
//! keeps the workers, `worker` does one job at a time, `content` reads, `examine` judges. What
//! was read of a device is noted by `witness` and read again at the end.

mod serve;

mod board;

mod crew;

mod worker;

mod medium;

mod witness;

mod unbuffered;

mod content;
mod digests;
mod lists;

mod examine;
mod images;

mod members;
mod second;
mod space;

mod emit;

mod engine;

mod compile;

mod gather;

use std::ffi::OsString;
use std::process::ExitCode;

/// Why kiosk-scan cannot do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Started by hand or with other words than `serve` or `compile`.
    #[error(
        "usage: kiosk-scan serve|compile, started by kioskd or kioskctl with a socket as standard input"
    )]
    Usage,
    /// The socket to the starter failed.
    #[error("cannot speak with the program that started the scan")]
    Channel(#[source] std::io::Error),
    /// The starter sent something else than was expected.
    #[error("the program that started the scan sent {0}")]
    Starter(&'static str),
    /// A message is malformed or too long.
    #[error("message refused")]
    Frame(#[from] wire::frame::FrameError),
    /// The jail could not be closed. Nothing has been read from the medium.
    #[error("the jail cannot be set up, so nothing is scanned")]
    Jail(#[source] jail::JailError),
    /// The compiled rules cannot be loaded.
    #[error("the compiled rules cannot be loaded: {0}")]
    Rules(String),
    /// A list of hashes cannot be used.
    #[error("the hash list {name} cannot be used: {what}")]
    List {
        /// What the starter calls it.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// A worker cannot be started.
    #[error("cannot start a worker")]
    Fork(#[source] std::io::Error),
}

/// Runs kiosk-scan with the program's arguments, its own name first.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.skip(1).collect();
    let done = match arguments.as_slice() {
        [one] if one == "serve" => serve::run(),
        [one] if one == "compile" => compile::run(),
        [] | [_] | [_, _, ..] => Err(ScanError::Usage),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kiosk-scan: {}", wire::explained(&error));
            ExitCode::from(2)
        }
    }
}
