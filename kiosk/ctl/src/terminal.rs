//! Asking the person at the terminal for a password or a PIN.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};

use nix::sys::termios::{self, LocalFlags, SetArg};

/// Asks for a secret and does not show what is typed. `option` names the file that can be given
/// in its place.
///
/// # Errors
/// When there is no terminal, or it ends without an answer.
pub(crate) fn secret(what: &str, option: &str) -> io::Result<String> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|error| {
        let why = format!("there is no terminal to ask for the {what} (give {option}): {error}");
        io::Error::new(error.kind(), why)
    })?;
    write!(terminal, "{what}: ")?;
    let shown = termios::tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    termios::tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
    let mut line = String::new();
    let read = BufReader::new(&terminal).read_line(&mut line);
    termios::tcsetattr(&terminal, SetArg::TCSAFLUSH, &shown)?;
    writeln!(terminal)?;
    if read? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
