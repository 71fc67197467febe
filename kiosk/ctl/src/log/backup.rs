//! `kioskctl log backup` and `log restore`: a copy of the ledger with its key and the site's
//! files, and a ledger out of one, on this machine or another.

mod restore;

mod sums;

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use broker::Paths;
use record::key::SecretKey;
use record::verify::note::PublicKey;
use record::{Ledger, Verified, backup};
use wire::audit::BackedUp;
use wire::ledger::{EntryId, Event};

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::rules;
use crate::who;
pub(super) use restore::{Restore, put_back};

/// Name of the list of checksums in a backup.
const SUMS: &str = "SHA256SUMS";

/// Name of the list's signature, by the ledger's key.
const NOTE: &str = "SHA256SUMS.note";

/// The site's files that a backup has when the kiosk had them.
const SITE_FILES: [&str; 4] = [
    "kiosk.toml",
    "allowlist.toml",
    "contractors.toml",
    "accounts.toml",
];

/// Names of the secret key in a backup: as it is, and under a password in minisign's form.
const PLAIN_KEY: &str = "ledger.key";
const COVERED_KEY: &str = "ledger.key.minisign";

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
    let key = SecretKey::open(&ledger.folder().join(PLAIN_KEY));
    // Without its key a ledger can still be copied; nobody can go on from such a copy.
    let key = match key {
        Err(_) if backup.without_key => None,
        key => Some(key?),
    };
    if let Some(key) = key.as_ref().filter(|_| !backup.without_key) {
        put_key(backup, key, &verified, to)?;
    }
    site(paths, &to.join("site"))?;
    let mut list = String::new();
    for name in sums::files(to, Path::new(""))? {
        let digest = sums::digest(&to.join(&name))?;
        let _ = writeln!(list, "{digest}  {name}");
    }
    rules::make(&to.join(SUMS), 0o644, &list)?;
    let head = verified
        .head
        .ok_or_else(|| CommandError::Asked("the ledger is empty".to_owned()))?;
    if let Some(key) = key {
        let origin = ledger.first_key()?;
        let note = backup::signed_list(&key, origin.name(), head, list.as_bytes());
        rules::make(&to.join(NOTE), 0o644, &note)?;
    }
    sync(to).map_err(CommandError::file("write", to))?;
    Ok(head)
}

fn put_key(
    backup: &Backup,
    key: &SecretKey,
    verified: &Verified,
    to: &Path,
) -> Result<(), CommandError> {
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

fn sync(folder: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}
