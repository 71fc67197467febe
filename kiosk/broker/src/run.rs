//! kioskd as a program: its arguments and its exit status.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::daemon::Daemon;
use crate::paths::Paths;

const USAGE: &str = "usage: kioskd [--root DIR] [--bay DIR]
  --root DIR  put every path of the installation below DIR
  --bay DIR   take disk images in DIR for inserted media, and leave the USB ports alone";

/// Runs kioskd with the program's arguments, its own name first.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.skip(1);
    let (mut root, mut bay) = (None, None);
    while let Some(argument) = arguments.next() {
        let place = match argument.to_str() {
            Some("--root") => &mut root,
            Some("--bay") => &mut bay,
            Some(_) | None => return usage(),
        };
        match arguments.next() {
            Some(value) => *place = Some(PathBuf::from(value)),
            None => return usage(),
        }
    }
    match Daemon::start(Paths::chosen(root), bay.as_deref()).and_then(Daemon::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kioskd: {}", wire::explained(&error));
            ExitCode::from(2)
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
