//! What is installed, for those who ask.

use jiff::Timestamp;
use wire::rule_change::RuleSet;

use super::place::Folder;
use super::{StoreError, about};
use crate::paths::Paths;
use crate::rules::{installed, lists, utc_day};

/// What is installed.
#[derive(Debug)]
pub struct Status {
    /// The set in force; `None` for the rules that came with the programs.
    pub active: Option<Installed>,
    /// The set before it.
    pub previous: Option<Installed>,
    /// Whether a change broke off; the next install or rollback brings it to its end.
    pub broken_off: bool,
}

/// One installed set.
#[derive(Debug)]
pub struct Installed {
    /// Name of its folder.
    pub name: String,
    /// What it is, as far as its manifest can be read.
    pub set: Option<RuleSet>,
    /// Name of the file with the key that vouches for it; `None` when none does.
    pub key_file: Option<String>,
    /// Files in it.
    pub files: u64,
    /// Bytes of them all.
    pub size_bytes: u64,
    /// Its age in days.
    pub age_days: Option<u64>,
    /// What is wrong with it; `None` for a set that can be used.
    pub wrong: Option<String>,
}

/// Looks at what is installed and compares every file of it with its signed manifest.
///
/// # Errors
/// [`StoreError`] when the store itself cannot be read; what is wrong with a set is told in it.
pub fn status(paths: &Paths, now: Timestamp) -> Result<Status, StoreError> {
    let folder = Folder::seen(&paths.rules());
    let look = |name: Option<String>| name.map(|name| installed_set(paths, &folder, name, now));
    Ok(Status {
        active: look(folder.active()?),
        previous: look(folder.previous()?),
        broken_off: folder.pending()?.is_some(),
    })
}

fn installed_set(paths: &Paths, folder: &Folder, name: String, now: Timestamp) -> Installed {
    let keys = installed::keys(paths);
    let verified = keys.and_then(|keys| {
        let set = folder.set(&name);
        let verified = installed::verified(&set, &keys)?;
        lists::load(&set, Some(&verified.manifest.files))?;
        let key_file = keys.name(verified.key).map(str::to_owned);
        Ok((verified, key_file))
    });
    match verified {
        Ok((verified, key_file)) => {
            let manifest = &verified.manifest;
            let issued = manifest.issued.to_string();
            Installed {
                name,
                set: Some(about(&verified)),
                key_file,
                files: u64::try_from(manifest.files.len()).unwrap_or(u64::MAX),
                size_bytes: manifest.size_bytes(),
                age_days: decide::policy::age_days(&issued, now),
                wrong: manifest
                    .holds(utc_day(now))
                    .err()
                    .map(|error| error.to_string()),
            }
        }
        Err(error) => Installed {
            set: folder.about(&name),
            name,
            key_file: None,
            files: 0,
            size_bytes: 0,
            age_days: None,
            wrong: Some(wire::explained(&error)),
        },
    }
}
