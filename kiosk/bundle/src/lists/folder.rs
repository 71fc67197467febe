//! The lists of a folder of rules.

use std::fs;
use std::path::{Path, PathBuf};

use wire::scan::LISTS_MAX;

use super::{BuildError, Built, Plan, Sort, build};

/// Builds `lists/NAME.hashes` below `into` of every source in `lists/block` and `lists/known`
/// below `folder`: one list for each file, named by it without its last ending. A file whose
/// name begins with a dot is left out.
///
/// # Errors
/// [`BuildError`] for the first list that cannot be built.
pub fn build_folder(folder: &Path, into: &Path) -> Result<Vec<Built>, BuildError> {
    let lists = into.join("lists");
    let mut planned: Vec<(Sort, PathBuf, PathBuf)> = Vec::new();
    for (sort, name) in [(Sort::Block, "block"), (Sort::Known, "known")] {
        for source in sources(&folder.join("lists").join(name))? {
            let stem = source.file_stem().unwrap_or_default();
            let mut made = stem.to_owned();
            made.push(".hashes");
            let made = lists.join(made);
            if planned.iter().any(|(_, _, other)| *other == made) {
                return Err(BuildError::SameName { path: made });
            }
            planned.push((sort, source, made));
        }
    }
    if LISTS_MAX < planned.len() {
        let path = folder.join("lists");
        return Err(BuildError::TooManyLists { path });
    }
    if !planned.is_empty() {
        fs::create_dir_all(&lists).map_err(BuildError::file("make", &lists))?;
    }
    let build = |(sort, source, into): &(Sort, PathBuf, PathBuf)| {
        let title = source.file_stem().unwrap_or_default().to_string_lossy();
        build(&Plan {
            sort: *sort,
            title: &title,
            sources: std::slice::from_ref(source),
            into,
        })
    };
    planned.iter().map(build).collect()
}

/// The files of a folder in the order of their names; none when it is not there.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        entries => entries.map_err(BuildError::file("list", folder))?,
    };
    for entry in entries {
        let path = entry.map_err(BuildError::file("list", folder))?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
