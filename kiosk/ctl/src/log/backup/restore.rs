//! `kioskctl log restore`: a ledger out of a backup. A backup comes from a disk that lay anywhere:
//! every file of it is opened as what it must be, and its list of files must be signed.

use std::path::{Path, PathBuf};

use broker::Paths;
use record::key::SecretKey;
use record::verify::note::PublicKey;
use record::{Ledger, backup};
use wire::audit::Restored;
use wire::ledger::Event;

use super::{COVERED_KEY, NOTE, PLAIN_KEY, SITE_FILES, sums};
use crate::CommandError;
use crate::ledger;
use crate::log::keys::Noted;
use crate::print;
use crate::rules;
use crate::who;

/// Options of `kioskctl log restore`.
#[derive(clap::Args)]
pub(in crate::log) struct Restore {
    /// The folder that log backup made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A file with the password of the key in its first line [default: the terminal is asked]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Put the ledger back though nothing vouches for the list of the other files: what is in
    /// the folder site is then as good as whoever kept the backup
    #[arg(long)]
    unsigned: bool,
    #[command(flatten)]
    noted: Noted,
}

/// Puts a backup back.
pub(in crate::log) fn put_back(
    restore: &Restore,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let from = &restore.folder;
    let list = sums::compare(from)?;
    let copy = Ledger::open(from)?;
    let outside = restore.noted.read(Some(copy.first_key()?.name()))?;
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
    let origin = copy.first_key()?;
    let note = backup::signed_list(&key, origin.name(), head, list.text.as_bytes());
    if !restore.unsigned && !sums::holds(&from.join(NOTE), &note)? {
        print::line(
            "NOT verified, and not restored: the ledger's key did not sign the list of these \
             files (SHA256SUMS, SHA256SUMS.note). Take another backup, or restore the ledger \
             alone with --unsigned",
        );
        return Ok(1);
    }
    let to = ledger::folder(folder, paths);
    backup::put_back(&copy, &to, &key)?;
    drop(copy);
    // The medium was read once more for this: what counts is what lies here now.
    let outside = restore
        .noted
        .read(verified.keys.first().map(PublicKey::name))?;
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
    say_site(&list, from, restore.unsigned);
    print::line(
        "what was written after the backup is not in it: tell the auditor, who may hold a later \
         checkpoint",
    );
    Ok(0)
}

/// Says which of the site's files are in the backup, and which are not.
fn say_site(list: &sums::List, from: &Path, is_unsigned: bool) {
    let has = |name: &&str| list.names.iter().any(|one| *one == format!("site/{name}"));
    let (there, gone): (Vec<&str>, Vec<&str>) = SITE_FILES.iter().partition(|name| has(name));
    let keys = list.names.iter();
    let keys = keys.filter(|name| name.starts_with("site/rule-keys/"));
    print::line(&format!(
        "the site's files are in {}: copy those that are wanted to /etc/media-kiosk",
        from.join("site").display()
    ));
    let or_none = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    print::line(&format!(
        "  in it: {}; keys of rules: {}",
        or_none(&there),
        keys.count()
    ));
    let why = if is_unsigned {
        "nobody vouches for these files, nor that none was taken away: compare them"
    } else {
        "the kiosk had none when the backup was made"
    };
    print::line(&format!("  not in it: {} ({why})", or_none(&gone)));
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
        let text = sums::text(&covered)?;
        let file = restore.password_file.as_deref();
        return rules::seed(&covered, &text, file).map(SecretKey::from_seed);
    }
    Err(CommandError::Asked(
        "the backup was made without the key: it can be read and verified, and not be gone on from"
            .to_owned(),
    ))
}
