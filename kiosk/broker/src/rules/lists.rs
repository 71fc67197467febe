//! The lists of hashes of a set of rules: opened, verified, and handed on as they are.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bundle::Listed;
use bundle::lists::{List, Sums};
use sha2::{Digest as _, Sha256};
use wire::Digest;
use wire::scan::LISTS_MAX;

use super::installed::fault;
use super::{RulesError, is_absent};

/// One list of hashes, open for reading only.
#[derive(Debug)]
pub struct LoadedList {
    /// What its file is called, without `.hashes`.
    pub name: String,
    /// The list.
    pub file: OwnedFd,
    /// Digests in it.
    pub rows: u64,
    /// Of everything in it, as it was read through this descriptor.
    sums: Sums,
}

/// Every `lists/*.hashes` of a set, in the order of their names; none when there is no such
/// folder and its manifest, where one `vouched` for the set, has none. All of each is read, once,
/// so that one that changed is found here and not at the gate.
///
/// # Errors
/// [`RulesError`] for the first that cannot be used, and for anything else in the folder: a list
/// that was forgotten to be built would be one on which nothing is ever found.
pub(super) fn load(set: &Path, vouched: Option<&[Listed]>) -> Result<Vec<LoadedList>, RulesError> {
    let folder = set.join("lists");
    let mut files = Vec::new();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => Some(entries),
        Err(error) if is_absent(&error) => None,
        Err(error) => return Err(fault(&folder)(error)),
    };
    for entry in entries.into_iter().flatten() {
        files.push(entry.map_err(fault(&folder))?.path());
        if LISTS_MAX < files.len() {
            return Err(RulesError::TooMuch {
                path: folder,
                what: format!("{LISTS_MAX} lists of hashes"),
            });
        }
    }
    files.sort();
    let lists: Vec<LoadedList> = files
        .iter()
        .map(|path| one(path))
        .collect::<Result<_, _>>()?;
    if let Some(vouched) = vouched {
        are_vouched_for(&folder, &files, &lists, vouched)?;
    }
    Ok(lists)
}

/// Whether the lists, read through the descriptors that are handed on, are exactly those of the
/// manifest: one that is missing would be a list on which nothing is ever found.
fn are_vouched_for(
    folder: &Path,
    files: &[PathBuf],
    lists: &[LoadedList],
    vouched: &[Listed],
) -> Result<(), RulesError> {
    let changed = |path: &Path| RulesError::List {
        path: path.to_owned(),
        message: "it is not what its bundle's manifest says; install the bundle again".to_owned(),
    };
    if vouched.iter().filter(|file| file.is_list()).count() != lists.len() {
        return Err(changed(folder));
    }
    for (path, list) in files.iter().zip(lists) {
        let file = format!("lists/{}.hashes", list.name);
        let said = vouched.iter().find(|listed| listed.path == file);
        let said = said.ok_or_else(|| changed(path))?;
        let Sums {
            file_sha256,
            size_bytes,
            ..
        } = list.sums;
        if size_bytes != said.size_bytes || Digest(file_sha256) != said.sha256 {
            return Err(changed(path));
        }
    }
    Ok(())
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
    let file = File::open(path).map_err(fault(path))?;
    if !file.metadata().map_err(fault(path))?.is_file() {
        return Err(refused("it is no file".to_owned()));
    }
    let spoken = |error| refused(wire::explained(&error));
    let list = List::open(file).map_err(spoken)?;
    let sums = list.verify().map_err(spoken)?;
    Ok(LoadedList {
        name: name.to_owned(),
        rows: list.about().total_rows(),
        sums,
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
        hash.update(list.sums.end);
    }
    hash.finalize().into()
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
