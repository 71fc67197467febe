//! `kioskctl log restore`: a ledger out of a backup. A backup comes from a disk that lay anywhere:
//! every file of it is opened as what it must be, and its list of files must be signed.

use std::path::{Path, PathBuf};

use broker::Paths;
use record::key::SecretKey;
use record::{Ledger, backup};
use wire::audit::Restored;
use wire::ledger::{EntryId, Event};

use super::{COVERED_KEY, NOTE, PLAIN_KEY, SITE_FILES, SUMS, sums};
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

/// A backup of which everything holds.
struct Checked {
    copy: Ledger,
    key: SecretKey,
    /// Its last entry.
    head: EntryId,
    list: sums::List,
}

/// Puts a backup back.
pub(in crate::log) fn put_back(
    restore: &Restore,
    folder: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let checked = match check(restore)? {
        Ok(checked) => checked,
        Err(why) => {
            print::line(&format!("NOT verified, and not restored: {why}"));
            return Ok(1);
        }
    };
    let Checked {
        copy,
        key,
        head,
        list,
    } = checked;
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
    say_site(&list, &restore.folder, restore.unsigned);
    print::line(
        "what was written after the backup is not in it: tell the auditor, who may hold a later \
         checkpoint",
    );
    Ok(0)
}

/// Checks all of a backup before anything is made of it; what does not hold is told.
fn check(restore: &Restore) -> Result<Result<Checked, String>, CommandError> {
    let from = &restore.folder;
    let list = sums::compare(from)?;
    let copy = Ledger::open(from)?;
    let first = copy.first_key()?;
    let outside = restore.noted.read()?;
    let verified = match copy.verify_with(None, outside) {
        Ok(verified) => verified,
        Err(error) if error.is_alteration() => return Ok(Err(error.to_string())),
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
    let note = backup::signed_list(&key, first.name(), head, list.text.as_bytes());
    if !restore.unsigned && !sums::holds(&from.join(NOTE), &note)? {
        return Ok(Err(format!(
            "the ledger's key did not sign the list of these files ({SUMS}, {NOTE}). Take another \
             backup, or restore the ledger alone with --unsigned"
        )));
    }
    Ok(Ok(Checked {
        copy,
        key,
        head,
        list,
    }))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::log::{backup, sample};

    /// A backup with the key as it is of a kiosk with a list of media and a policy.
    fn backed_up(folder: &Path) -> Restore {
        let (root, to) = (folder.join("root"), folder.join("backup"));
        let paths = Paths::chosen(Some(root));
        fs::create_dir_all(paths.allowlist().parent().unwrap()).unwrap();
        fs::write(paths.allowlist(), "a list").unwrap();
        fs::write(paths.policy(), "a policy").unwrap();
        let ledger = sample::ledger(&paths.ledger());
        fs::create_dir(&to).unwrap();
        let asked = backup::Backup {
            folder: to.clone(),
            password_file: None,
            plain_key: true,
            without_key: false,
        };
        backup::fill(&asked, &ledger, &to, &paths).unwrap();
        Restore {
            folder: to,
            password_file: None,
            unsigned: false,
            noted: Noted::default(),
        }
    }

    /// Takes a file away, and its line out of the list of checksums.
    fn take_away(from: &Path, name: &str) {
        fs::remove_file(from.join(name)).unwrap();
        let list = fs::read_to_string(from.join(SUMS)).unwrap();
        let left = list.lines().filter(|line| !line.ends_with(name));
        let left: String = left.map(|line| format!("{line}\n")).collect();
        assert!(left.len() < list.len());
        fs::write(from.join(SUMS), left).unwrap();
    }

    #[test]
    fn a_backup_from_which_a_file_was_taken_is_refused_though_its_list_was_made_to_fit() {
        let folder = tempfile::tempdir().unwrap();
        let mut restore = backed_up(folder.path());
        let from = restore.folder.clone();
        let checked = check(&restore).unwrap().ok().unwrap();
        let names = &checked.list.names;
        assert!(
            names.contains(&"site/allowlist.toml".to_owned()),
            "{names:?}"
        );
        let whole = fs::read_to_string(from.join(SUMS)).unwrap();
        take_away(&from, "site/allowlist.toml");
        let why = check(&restore).unwrap().err().unwrap();
        assert!(why.contains("did not sign the list"), "{why}");
        // Without the signature nobody knows what was there.
        fs::write(from.join("site/allowlist.toml"), "a list").unwrap();
        fs::write(from.join(SUMS), whole).unwrap();
        assert!(check(&restore).unwrap().is_ok());
        fs::remove_file(from.join(NOTE)).unwrap();
        assert!(check(&restore).unwrap().is_err());
        restore.unsigned = true;
        assert!(check(&restore).unwrap().is_ok());
    }

    #[test]
    fn the_signature_of_another_backup_of_the_same_kiosk_does_not_hold() {
        let folder = tempfile::tempdir().unwrap();
        let restore = backed_up(folder.path());
        let paths = Paths::chosen(Some(folder.path().join("root")));
        let event = serde_json::json!({ "event": "stopped" });
        sample::write(&paths.ledger(), &[(event, Vec::new())]);
        let later = folder.path().join("later");
        fs::create_dir(&later).unwrap();
        let asked = backup::Backup {
            folder: later.clone(),
            password_file: None,
            plain_key: true,
            without_key: false,
        };
        let ledger = Ledger::open(&paths.ledger()).unwrap();
        backup::fill(&asked, &ledger, &later, &paths).unwrap();
        fs::copy(later.join(NOTE), restore.folder.join(NOTE)).unwrap();
        assert!(check(&restore).unwrap().is_err());
    }
}
