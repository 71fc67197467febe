//! The lists of hashes of a set of rules: opened, verified, and handed on as they are.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bundle::lists::List;
use sha2::{Digest as _, Sha256};
use wire::scan::LISTS_MAX;

use super::RulesError;

/// One list of hashes, open for reading only.
#[derive(Debug)]
pub struct LoadedList {
    /// What its file is called, without `.hashes`.
    pub name: String,
    /// The list.
    pub file: OwnedFd,
    /// Digests in it.
    pub rows: u64,
    /// Of everything in it.
    sha256: [u8; 32],
}

/// Every `lists/*.hashes` of a set, in the order of their names; none when there is no such
/// folder. All of each is read, so that one that changed is found here and not at the gate.
///
/// # Errors
/// [`RulesError`] for the first that cannot be used, and for anything else in the folder: a list
/// that was forgotten to be built would be one on which nothing is ever found.
pub(super) fn load(folder: &Path) -> Result<Vec<LoadedList>, RulesError> {
    let folder = folder.join("lists");
    let mut files = Vec::new();
    let entries = match fs::read_dir(&folder) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        entries => entries.map_err(unread(&folder))?,
    };
    for entry in entries {
        files.push(entry.map_err(unread(&folder))?.path());
        if LISTS_MAX < files.len() {
            return Err(RulesError::TooMuch {
                path: folder,
                what: format!("{LISTS_MAX} lists of hashes"),
            });
        }
    }
    files.sort();
    files.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Result<LoadedList, RulesError> {
    let refused = |message: String| RulesError::List {
        path: path.to_owned(),
        message,
    };
    let name = path
        .file_stem()
        .filter(|_| path.extension() == Some("hashes".as_ref()));
    let name = name.and_then(|name| name.to_str()).ok_or_else(|| {
        refused("it is no compiled list; build one with kioskctl rules list".to_owned())
    })?;
    let file = File::open(path).map_err(unread(path))?;
    if !file.metadata().map_err(unread(path))?.is_file() {
        return Err(refused("it is no file".to_owned()));
    }
    let spoken = |error| refused(wire::explained(&error));
    let list = List::open(file).map_err(spoken)?;
    let sha256 = list.verify().map_err(spoken)?;
    Ok(LoadedList {
        name: name.to_owned(),
        rows: list.about().total_rows(),
        sha256,
        file: OwnedFd::from(list.into_reader()),
    })
}

/// The fingerprint of rules and lists: that of the rules alone when there are no lists.
pub(super) fn fingerprint(rules: [u8; 32], lists: &[LoadedList]) -> [u8; 32] {
    if lists.is_empty() {
        return rules;
    }
    let mut hash = Sha256::new();
    hash.update(rules);
    for list in lists {
        let length = u64::try_from(list.name.len()).unwrap_or(u64::MAX);
        hash.update(length.to_le_bytes());
        hash.update(list.name.as_bytes());
        hash.update(list.sha256);
    }
    hash.finalize().into()
}

fn is_absent(error: &io::Error) -> bool {
    // A single rule file given in the place of a folder has none below it.
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn unread(path: &Path) -> impl FnOnce(io::Error) -> RulesError {
    let path: PathBuf = path.to_owned();
    move |source| RulesError::Read { path, source }
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
