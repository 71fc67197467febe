//! `kioskctl rules sign`, on the machine of whoever makes rules. The secret key never comes
//! near a kiosk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bundle::{Archive, Packer};

use crate::CommandError;
use crate::print;
use crate::rules::secret::SecretKey;
use crate::terminal;

/// Longest password file, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Options of `kioskctl rules sign`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The bundle to sign
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// A secret key in minisign's form
    #[arg(long, value_name = "FILE")]
    secret_key: PathBuf,
    /// A file with the key's password in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Where to write the signed bundle [default: in the place of BUNDLE]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let path = &arguments.bundle;
    let source = File::open(path).map_err(CommandError::file("read", path))?;
    let refused = |source| CommandError::Bundle {
        path: path.clone(),
        source,
    };
    let archive = Archive::to_be_signed(io::BufReader::new(source)).map_err(refused)?;
    let manifest = archive.manifest().clone();
    let text = read_key(&arguments.secret_key)?;
    let wrong = |source| CommandError::Secret {
        path: arguments.secret_key.clone(),
        source,
    };
    let key = SecretKey::open(&text, &mut || {
        password(
            arguments.password_file.as_deref(),
            "password of the secret key",
        )
    })
    .map_err(wrong)?;
    let signature = key.sign(&manifest);
    let output = arguments.output.as_ref().unwrap_or(path);
    let fresh = Fresh::beside(output)?;
    let out = io::BufWriter::new(fresh.file()?);
    let mut packer = Packer::new(out, &manifest, Some(&signature))
        .map_err(CommandError::file("write", output))?;
    // Every file is compared with the manifest while it is copied: what is signed is whole.
    archive.unpack(&mut packer).map_err(refused)?;
    packer
        .finish()
        .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
        .map_err(CommandError::file("write", output))?;
    fresh.keep(output)?;
    print::line(&format!(
        "{}: bundle {} version {} signed with key {}",
        output.display(),
        manifest.bundle,
        manifest.version,
        key.id()
    ));
    Ok(0)
}

fn read_key(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path).map_err(CommandError::file("read", path))
}

/// The first line of a file, else what the terminal answers.
pub(crate) fn password(file: Option<&Path>, what: &str) -> io::Result<String> {
    let Some(file) = file else {
        return terminal::secret(what, "--password-file");
    };
    let text = fs::read_to_string(file)?;
    let line = text.lines().next().unwrap_or_default();
    if PASSWORD_BYTES_MAX < line.len() {
        let why =
            format!("the password file's first line is longer than {PASSWORD_BYTES_MAX} bytes");
        return Err(io::Error::other(why));
    }
    Ok(line.to_owned())
}

/// A file that has its name only when it is whole.
pub(super) struct Fresh {
    path: PathBuf,
}

impl Fresh {
    /// Beside the file that it is to become.
    pub(super) fn beside(output: &Path) -> Result<Self, CommandError> {
        let name = output
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| {
            CommandError::file("write", output)(io::ErrorKind::InvalidInput.into())
        })?;
        let path = output.with_file_name(format!(".{name}.partial"));
        Ok(Self { path })
    }

    /// Opens it, empty.
    pub(super) fn file(&self) -> Result<File, CommandError> {
        // One of a command that broke off.
        let _ = fs::remove_file(&self.path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&self.path)
            .map_err(CommandError::file("write", &self.path))
    }

    /// Gives it its name.
    pub(super) fn keep(&self, output: &Path) -> Result<(), CommandError> {
        let failed = |error| CommandError::file("write", output)(error);
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        fs::rename(&self.path, output).map_err(failed)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // It is there only when it did not become what it should.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_and_not_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "geheim\nmore").unwrap();
        assert_eq!(password(Some(&file), "").unwrap(), "geheim");
        fs::write(&file, "x".repeat(PASSWORD_BYTES_MAX)).unwrap();
        assert!(password(Some(&file), "").is_ok());
        fs::write(&file, "x".repeat(PASSWORD_BYTES_MAX + 1)).unwrap();
        assert!(password(Some(&file), "").is_err());
    }
}
