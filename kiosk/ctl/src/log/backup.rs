//! `kioskctl log backup` and `log restore`: a copy of the ledger with its key and the site's
//! files, and a ledger out of one, on this machine or another.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use broker::Paths;
use record::key::SecretKey;
use record::verify::note::PublicKey;
use record::{Ledger, Verified, backup};
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::audit::{BackedUp, Restored};
use wire::ledger::{EntryId, Event};

use super::keys::{self, Noted};
use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::rules;
use crate::who;

/// Name of the list of checksums in a backup.
const SUMS: &str = "SHA256SUMS";

/// Names of the secret key in a backup: as it is, and under a password in minisign's form.
const PLAIN_KEY: &str = "ledger.key";
const COVERED_KEY: &str = "ledger.key.minisign";

/// Longest list of checksums, in bytes: a backup has a few dozen files.
const SUMS_BYTES_MAX: u64 = 1 << 20;

/// Options of `kioskctl log backup`.
#[derive(clap::Args)]
pub(super) struct Backup {
    /// The new folder for the copy, on another disk
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A file with the password for the ledger's key in its first line [default: the terminal is
    /// asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The key goes in without a password: whoever gets the folder can sign for the kiosk
    #[arg(long, conflicts_with = "password_file")]
    plain_key: bool,
    /// Without the key: such a backup can be read and verified, and not be gone on from
    #[arg(long, conflicts_with_all = ["password_file", "plain_key"])]
    without_key: bool,
}

/// Options of `kioskctl log restore`.
#[derive(clap::Args)]
pub(super) struct Restore {
    /// The folder that log backup made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A file with the password of the key in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    noted: Noted,
}

/// Makes a backup.
pub(super) fn make(
    backup: &Backup,
    ledger: &Ledger,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    if backup.folder.exists() {
        return Err(CommandError::Asked(format!(
            "{} is there already: a backup goes into a new folder",
            backup.folder.display()
        )));
    }
    let unfinished = beside(&backup.folder)?;
    let _ = fs::remove_dir_all(&unfinished);
    let failed = |error| CommandError::file("write", &unfinished)(error);
    DirBuilder::new()
        .mode(0o700)
        .create(&unfinished)
        .map_err(failed)?;
    let done = fill(backup, ledger, &unfinished, paths).and_then(|through| {
        let has_key = !backup.without_key;
        let event = Event::BackedUp(Box::new(BackedUp {
            by,
            through,
            has_key,
        }));
        let entry = ledger::write(folder, paths, event)?;
        Ok((through, entry))
    });
    let (through, entry) = match done {
        Ok(done) => done,
        Err(error) => {
            let _ = fs::remove_dir_all(&unfinished);
            return Err(error);
        }
    };
    fs::rename(&unfinished, &backup.folder)
        .and_then(|()| sync(backup.folder.parent().unwrap_or(Path::new("."))))
        .map_err(failed)?;
    print::line(&format!(
        "{}: the ledger through entry {}, verified; entry {entry}",
        backup.folder.display(),
        through.number
    ));
    Ok(0)
}

fn beside(folder: &Path) -> Result<PathBuf, CommandError> {
    let name = folder.file_name().map(|name| name.to_string_lossy());
    let name = name.ok_or_else(|| CommandError::Asked("give the folder a name".to_owned()))?;
    Ok(folder.with_file_name(format!(".{name}.partial")))
}

/// Fills the folder, and verifies what is in it; gives the last entry.
fn fill(
    backup: &Backup,
    ledger: &Ledger,
    to: &Path,
    paths: &Paths,
) -> Result<EntryId, CommandError> {
    ledger.copy_to(&to.join("ledger.db"))?;
    rules::make(
        &to.join("ledger.pub"),
        0o644,
        &format!("{}\n", ledger.first_key()?.text()),
    )?;
    let copy = Ledger::open(to)?;
    rules::make(&to.join("ledger.head"), 0o644, &copy.checkpoint(None)?)?;
    let verified = copy.verify(None)?;
    drop(copy);
    for log in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = fs::remove_file(to.join(log));
    }
    if !backup.without_key {
        put_key(backup, ledger, &verified, to)?;
    }
    site(paths, &to.join("site"))?;
    let mut sums = String::new();
    for name in files(to, Path::new(""))? {
        let digest = digest(&to.join(&name))?;
        let _ = writeln!(sums, "{digest}  {name}");
    }
    rules::make(&to.join(SUMS), 0o644, &sums)?;
    sync(to).map_err(CommandError::file("write", to))?;
    verified
        .head
        .ok_or_else(|| CommandError::Asked("the ledger is empty".to_owned()))
}

fn put_key(
    backup: &Backup,
    ledger: &Ledger,
    verified: &Verified,
    to: &Path,
) -> Result<(), CommandError> {
    let key = SecretKey::open(&ledger.folder().join(PLAIN_KEY))?;
    if Some(key.public()) != verified.keys.last().map(PublicKey::bytes) {
        return Err(CommandError::Asked(
            "the ledger was given a new key meanwhile: make the backup again".to_owned(),
        ));
    }
    if backup.plain_key {
        return rules::make(&to.join(PLAIN_KEY), 0o600, &key.pem());
    }
    let file = backup.password_file.as_deref();
    let asked = |what| rules::password(file, what).map_err(CommandError::system("get a password"));
    let first = asked("password for the ledger's key in the backup")?;
    if file.is_none() && first != asked("the same again")? {
        return Err(CommandError::Asked("the two passwords differ".to_owned()));
    }
    let covered = rules::SecretKey::of(&key.seed());
    let path = to.join(COVERED_KEY);
    let text = covered
        .text(Some(&first))
        .map_err(|source| CommandError::Secret {
            path: path.clone(),
            source,
        })?;
    rules::make(&path, 0o600, &text)
}

/// Copies the site's files, as far as there are any.
fn site(paths: &Paths, to: &Path) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", to)(error);
    let keys = to.join("rule-keys");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&keys)
        .map_err(failed)?;
    let mut all = vec![];
    for path in [
        paths.policy(),
        paths.allowlist(),
        paths.contractors(),
        paths.accounts(),
    ] {
        all.extend(path.file_name().map(|name| (path.clone(), to.join(name))));
    }
    if let Ok(found) = fs::read_dir(paths.rule_keys()) {
        for file in found {
            let file = file.map_err(failed)?;
            all.push((file.path(), keys.join(file.file_name())));
        }
    }
    for (from, to) in all.into_iter().filter(|(from, _)| from.is_file()) {
        let copied = fs::copy(&from, &to).and_then(|_| File::open(&to)?.sync_all());
        copied.map_err(CommandError::file("copy", from))?;
    }
    Ok(())
}

/// Puts a backup back.
pub(super) fn put_back(
    restore: &Restore,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let from = &restore.folder;
    compare(from)?;
    let copy = Ledger::open(from)?;
    let outside = restore.noted.read()?;
    let verified = match copy.verify_with(None, outside) {
        Ok(verified) => verified,
        Err(error) if error.is_alteration() => {
            print::line(&format!("NOT verified, and not restored: {error}"));
            return Ok(1);
        }
        Err(error) => return Err(error.into()),
    };
    let key = key_of(restore)?;
    let (Some(head), Some(last)) = (verified.head, verified.keys.last()) else {
        return Err(CommandError::Asked("the ledger in it is empty".to_owned()));
    };
    if key.public() != last.bytes() {
        return Err(CommandError::Asked(
            "the key in it is not the one that signs this ledger".to_owned(),
        ));
    }
    let to = ledger::folder(folder, paths);
    backup::put_back(&copy, &to, &key)?;
    drop(copy);
    // The medium was read once more for this: what counts is what lies here now.
    let outside = restore.noted.read()?;
    if let Err(error) = Ledger::open(&to)?.verify_with(None, outside) {
        print::line(&format!("NOT verified after it was restored: {error}"));
        return Ok(1);
    }
    let event = Event::Restored(Box::new(Restored { by, through: head }));
    let entry = ledger::write(folder, paths, event)?;
    print::line(&format!(
        "{}: goes on after entry {}; entry {entry} says so",
        to.display(),
        head.number
    ));
    print::line(&format!(
        "the site's files are in {}: copy those that are wanted to /etc/media-kiosk",
        from.join("site").display()
    ));
    print::line(
        "what was written after the backup is not in it: tell the auditor, who may hold a later \
         checkpoint",
    );
    Ok(0)
}

fn key_of(restore: &Restore) -> Result<SecretKey, CommandError> {
    let (plain, covered) = (
        restore.folder.join(PLAIN_KEY),
        restore.folder.join(COVERED_KEY),
    );
    if plain.exists() {
        return Ok(SecretKey::open(&plain)?);
    }
    if covered.exists() {
        let text = keys::text(&covered)?;
        let file = restore.password_file.as_deref();
        return rules::seed(&covered, &text, file).map(SecretKey::from_seed);
    }
    Err(CommandError::Asked(
        "the backup was made without the key: it can be read and verified, and not be gone on from"
            .to_owned(),
    ))
}

/// Compares the files of a backup with its list of checksums; each must be in both.
fn compare(folder: &Path) -> Result<(), CommandError> {
    let path = folder.join(SUMS);
    let mut text = String::new();
    File::open(&path)
        .and_then(|file| file.take(SUMS_BYTES_MAX).read_to_string(&mut text))
        .map_err(CommandError::file("read", &path))?;
    let mut listed: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        listed.extend(line.split_once("  "));
    }
    let mut found = files(folder, Path::new(""))?;
    found.retain(|name| name != SUMS);
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
        None => Ok(()),
    }
}

/// The names of all files below a folder, by which `sha256sum -c` finds them.
fn files(folder: &Path, below: &Path) -> Result<Vec<String>, CommandError> {
    let here = folder.join(below);
    let failed = |error| CommandError::file("read", &here)(error);
    let mut names = Vec::new();
    for file in fs::read_dir(&here).map_err(failed)? {
        let file = file.map_err(failed)?;
        let name = below.join(file.file_name());
        if file.file_type().map_err(failed)?.is_dir() {
            names.extend(files(folder, &name)?);
            continue;
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

fn digest(path: &Path) -> Result<Digest, CommandError> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut file = File::open(path).map_err(CommandError::file("read", path))?;
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

fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
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
}
