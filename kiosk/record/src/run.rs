//! kiosk-record from its arguments to its exit status.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use jail::channel::{Channel, Listener};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::stat::{Mode, umask};

use crate::advice::next_step;
use crate::error::LedgerError;
use crate::guests::Heard;
use crate::serve::{Door, say, serve, turn_away};
use crate::writer::Writer;

/// How kiosk-record is called.
pub const USAGE: &str = "\
usage: kiosk-record --ledger DIR [--listen SOCKET] [--allow-uid NUMBER]... [--auditors]
                    [--keep-days N]

Writes the ledger in DIR. With --listen it serves connections to SOCKET; without, those to
the listening socket that is its standard input, or the one connection that is its standard
input, and ends with it. Heard are its own user, root and the users named by --allow-uid.
With --auditors everybody else who can connect may ask, and write what was exported, reviewed
and co-signed: let the socket's permissions say who can.
Rows of files are put into an archive when they are --keep-days old, 1095 when not said.
";

/// Permissions of the socket: who may connect is decided by user, not by who finds the file.
const SOCKET_MODE: u32 = 0o660;

/// As whom the kernel shows users that a user namespace does not know.
const NOBODY: u32 = 65_534;

/// Done: stopped by a signal, or the one connection was closed and everything is written.
const DONE: u8 = 0;

/// Could not run: called wrongly, or a fault of the kiosk's own.
const FAULT: u8 = 2;

/// Runs kiosk-record with these arguments, the program's own name left out.
#[must_use]
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match parse(arguments) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            let shown = io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::from(if shown.is_ok() { DONE } else { FAULT });
        }
        Err(why) => {
            say(&format!("{why}\n{USAGE}"));
            return ExitCode::from(FAULT);
        }
    };
    match record(&arguments) {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => {
            let ledger = arguments.ledger.display();
            say(&format!("ledger {ledger}: {}", wire::explained(&error)));
            say(&format!("what to do: {}", next_step(&error)));
            ExitCode::from(FAULT)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    ledger: PathBuf,
    listen: Option<PathBuf>,
    guests: Vec<u32>,
    keep_days: Option<u32>,
    auditors: bool,
}

/// `None` when help was asked for.
fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Arguments>, String> {
    let (mut ledger, mut listen, mut guests) = (None, None, Vec::new());
    let (mut auditors, mut keep_days) = (false, None);
    while let Some(option) = arguments.next() {
        let option = option.to_string_lossy().into_owned();
        if option == "--help" || option == "-h" {
            return Ok(None);
        }
        let mut value = || arguments.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--auditors" => auditors = true,
            "--ledger" => ledger = Some(PathBuf::from(value()?)),
            "--listen" => listen = Some(PathBuf::from(value()?)),
            "--allow-uid" => {
                let uid = value()?;
                let uid = uid.to_str().and_then(|uid| uid.parse().ok());
                guests.push(uid.ok_or("--allow-uid needs a user's number")?);
            }
            "--keep-days" => {
                let days = value()?;
                let days = days.to_str().and_then(|days| days.parse().ok());
                keep_days = Some(days.ok_or("--keep-days needs a number of days")?);
            }
            other => return Err(format!("unknown argument {other:?}")),
        }
    }
    if auditors && guests.contains(&NOBODY) {
        return Err(format!(
            "--allow-uid {NOBODY} would make every auditor the kiosk: in a user namespace of its own \
             kiosk-record sees everybody else as that user"
        ));
    }
    match ledger {
        Some(ledger) => Ok(Some(Arguments {
            ledger,
            listen,
            guests,
            keep_days,
            auditors,
        })),
        None => Err("--ledger is missing".to_owned()),
    }
}

fn record(arguments: &Arguments) -> Result<(), LedgerError> {
    give_up_privileges()?;
    let given = || given().map_err(LedgerError::system("use the socket on standard input"));
    let given = match &arguments.listen {
        Some(path) => Err(path),
        None => Ok(given()?),
    };
    let stop = stop_signals(!matches!(given, Ok(Door::Connection(_))))?;
    let heard = Heard {
        guests: &arguments.guests,
        auditors: arguments.auditors,
    };
    // The ledger before the socket: a second kiosk-record must not take the first one's.
    let mut writer = Writer::open(&arguments.ledger).inspect_err(|error| {
        if let Ok(Door::Listener(listener)) = &given {
            turn_away(listener, heard, error);
        }
    })?;
    if let Some(days) = arguments.keep_days {
        writer.keep(days);
    }
    let bind = |path: &PathBuf| {
        Listener::bind(path, SOCKET_MODE)
            .map(Door::Listener)
            .map_err(|source| LedgerError::Open {
                path: path.clone(),
                source,
            })
    };
    let door = given.or_else(bind)?;
    serve(&mut writer, door, heard, stop.as_fd())
}

/// The socket that is standard input: one that listens, as systemd hands it in, or one
/// connection.
fn given() -> io::Result<Door> {
    match Listener::from_stdin()? {
        Some(listener) => Ok(Door::Listener(listener)),
        None => Channel::from_stdin().map(Door::Connection),
    }
}

/// What a process that only writes a database can do without, whoever started it.
fn give_up_privileges() -> Result<(), LedgerError> {
    umask(Mode::from_bits_truncate(0o027));
    prctl::set_no_new_privs()
        .and_then(|()| prctl::set_dumpable(false))
        .map_err(LedgerError::system("give up privileges"))
}

/// The signals to stop as something to wait for, so that none interrupts a transaction.
///
/// Without `listening` SIGINT is not one of them: a terminal sends it to whoever scans by hand
/// and to us alike, and the verdict that this scan was not finished is still to be written. We
/// end when that process does.
fn stop_signals(listening: bool) -> Result<SignalFd, LedgerError> {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTERM);
    blocked.add(Signal::SIGINT);
    let mut stopping = blocked;
    if !listening {
        stopping.remove(Signal::SIGINT);
    }
    blocked
        .thread_block()
        .and_then(|()| SignalFd::with_flags(&stopping, SfdFlags::SFD_CLOEXEC))
        .map_err(LedgerError::system("wait for signals"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Arguments>, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn arguments_are_read_in_any_order() {
        let expected = Arguments {
            ledger: "/l".into(),
            listen: Some("/s".into()),
            guests: vec![7, 8],
            keep_days: Some(3),
            auditors: true,
        };
        let given = [
            "--allow-uid",
            "7",
            "--listen",
            "/s",
            "--ledger",
            "/l",
            "--auditors",
            "--allow-uid",
            "8",
            "--keep-days",
            "3",
        ];
        assert_eq!(parsed(&given), Ok(Some(expected)));
    }

    #[test]
    fn a_wrong_argument_is_named() {
        assert_eq!(parsed(&[]), Err("--ledger is missing".to_owned()));
        assert_eq!(
            parsed(&["--ledger"]),
            Err("--ledger needs a value".to_owned())
        );
        assert_eq!(
            parsed(&["-x\x1b"]),
            Err("unknown argument \"-x\\u{1b}\"".to_owned())
        );
        assert!(parsed(&["--allow-uid", "root"]).is_err());
        let all = ["--ledger", "/l", "--allow-uid", "65534", "--auditors"];
        assert!(parsed(&all[..4]).is_ok());
        assert!(parsed(&all).is_err_and(|why| why.contains("every auditor")));
        assert_eq!(parsed(&["--help"]), Ok(None));
    }
}
