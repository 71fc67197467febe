//! The files of a backup and their list of checksums.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;
use sha2::{Digest as _, Sha256};
use wire::Digest;

use super::{NOTE, SUMS};
use crate::CommandError;

/// Longest list of checksums, in bytes: a backup has a few dozen files. Its signature and the
/// key under a password are shorter.
const SUMS_BYTES_MAX: u64 = 1 << 20;

/// The list of a backup, with which its files agree.
pub(super) struct List {
    pub(super) text: String,
    /// The files in it.
    pub(super) names: Vec<String>,
}

/// Compares the files of a backup with its list of checksums; each must be in both. Whoever
/// changes a file can change the list too: that is what its signature is for.
pub(super) fn compare(folder: &Path) -> Result<List, CommandError> {
    let text = text(&folder.join(SUMS))?;
    let mut listed: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        listed.extend(line.split_once("  "));
    }
    let mut found = files(folder, Path::new(""))?;
    found.retain(|name| name != SUMS && name != NOTE);
    for name in &found {
        let digest = digest(&folder.join(name))?.to_string();
        let is_listed = |(sum, listed): &(&str, &str)| *listed == name && *sum == digest;
        if !listed.iter().any(is_listed) {
            return Err(CommandError::Asked(format!(
                "{} is not as it was when the backup was made",
                folder.join(name).display()
            )));
        }
    }
    match listed
        .iter()
        .find(|(_, name)| !found.iter().any(|found| found == name))
    {
        Some((_, name)) => Err(CommandError::Asked(format!(
            "{} is missing from the backup",
            wire::name::line(name)
        ))),
        None => Ok(List { text, names: found }),
    }
}

/// Whether a file holds this signature of the list and nothing else. One that is not there holds
/// nothing.
pub(super) fn holds(path: &Path, note: &str) -> Result<bool, CommandError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Ok(_) | Err(_) => Ok(text(path)? == note),
    }
}

/// What a file of a backup says.
pub(super) fn text(path: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    open(path)
        .and_then(|file| file.take(SUMS_BYTES_MAX).read_to_string(&mut text))
        .map_err(CommandError::file("read", path))?;
    Ok(text)
}

/// Opens a plain file. A pipe would be waited for without an end, and a link leads elsewhere.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(not_plain())
}

fn not_plain() -> io::Error {
    let why = "it is no plain file, and a backup has no others";
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The names of all files below a folder, by which `sha256sum -c` finds them.
pub(super) fn files(folder: &Path, below: &Path) -> Result<Vec<String>, CommandError> {
    let here = folder.join(below);
    let failed = |error| CommandError::file("read", &here)(error);
    let mut names = Vec::new();
    for file in fs::read_dir(&here).map_err(failed)? {
        let file = file.map_err(failed)?;
        let name = below.join(file.file_name());
        let kind = file.file_type().map_err(failed)?;
        if kind.is_dir() {
            names.extend(files(folder, &name)?);
            continue;
        }
        if !kind.is_file() {
            return Err(CommandError::file("read", file.path())(not_plain()));
        }
        let name = name.into_os_string().into_string();
        names.push(name.map_err(|name| {
            CommandError::Asked(format!(
                "{} has a name that is no UTF-8",
                wire::name::line(&name.to_string_lossy())
            ))
        })?);
    }
    names.sort();
    Ok(names)
}

pub(super) fn digest(path: &Path) -> Result<Digest, CommandError> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut file = open(path).map_err(CommandError::file("read", path))?;
    loop {
        let read = file
            .read(&mut piece)
            .map_err(CommandError::file("read", path))?;
        match piece.get(..read) {
            Some([]) | None => return Ok(Digest(hash.finalize().into())),
            Some(bytes) => hash.update(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_backup_is_compared_and_a_list_that_is_too_long_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "a").unwrap();
        let line = format!("{}  a\n", digest(&file).unwrap());
        let sums = |text: &str| fs::write(folder.path().join(SUMS), text).unwrap();
        sums(&line);
        compare(folder.path()).unwrap();
        sums("");
        assert!(compare(folder.path()).is_err());
        sums(&format!("{line}{line}").replacen("  a", "  b", 1));
        assert!(compare(folder.path()).is_err());
        // What stands beyond the limit is not read, so the file is not vouched for.
        let much = usize::try_from(SUMS_BYTES_MAX).unwrap();
        sums(&format!("{}\n{line}", " ".repeat(much)));
        assert!(compare(folder.path()).is_err());
    }

    #[test]
    fn nothing_but_plain_files_is_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("x"), folder.path().join("y"));
        let mode = nix::sys::stat::Mode::S_IRWXU;
        for name in [SUMS, "x", "ledger.key", NOTE] {
            let pipe = folder.path().join(name);
            fs::write(folder.path().join(SUMS), "").unwrap();
            let _ = fs::remove_file(&pipe);
            nix::unistd::mkfifo(&pipe, mode).unwrap();
            let error = compare(folder.path()).err().unwrap();
            let said = wire::explained(&error);
            assert!(said.contains("no plain file"), "{name}: {said}");
            fs::remove_file(&pipe).unwrap();
        }
        fs::write(folder.path().join(SUMS), "").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert!(compare(folder.path()).is_err());
        nix::unistd::mkfifo(&pipe, mode).unwrap();
        assert!(digest(&pipe).is_err() && text(&pipe).is_err() && digest(&link).is_err());
    }

    #[test]
    fn a_signature_that_is_another_one_or_not_there_does_not_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NOTE);
        assert!(!holds(&path, "a").unwrap());
        fs::write(&path, "a").unwrap();
        assert!(holds(&path, "a").unwrap() && !holds(&path, "b").unwrap());
    }
}
