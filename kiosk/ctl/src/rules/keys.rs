//! `kioskctl rules keygen`: what `minisign -G` does, for machines without it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::CommandError;
use crate::print;
use crate::rules::secret::SecretKey;
use crate::rules::sign::password;

/// Options of `kioskctl rules keygen`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The secret key to make; it stays with whoever makes rules
    #[arg(long, value_name = "FILE")]
    secret_key: PathBuf,
    /// The public key to make; it goes to /etc/media-kiosk/rule-keys of every kiosk
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// A file with the password in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Make a secret key that anybody who gets it can use
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let asked = (!arguments.no_password).then(|| {
        let file = arguments.password_file.as_deref();
        let first = password(file, "new password of the secret key")?;
        if file.is_none() && first != password(None, "the same again")? {
            return Err(io::Error::other("the two passwords differ"));
        }
        Ok(first)
    });
    let password = asked
        .transpose()
        .map_err(CommandError::system("get a password"))?;
    let key = SecretKey::generate().map_err(CommandError::system("get random bytes"))?;
    let wrong = |source| CommandError::Secret {
        path: arguments.secret_key.clone(),
        source,
    };
    let text = key.text(password.as_deref()).map_err(wrong)?;
    make(&arguments.secret_key, 0o600, &text)?;
    make(&arguments.public_key, 0o644, &key.public_text())?;
    print::line(&format!("key {}", key.id()));
    Ok(0)
}

/// A new file: one that is there is never written over.
pub(crate) fn make(path: &Path, mode: u32, text: &str) -> Result<(), CommandError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(CommandError::file("make", path))
}
