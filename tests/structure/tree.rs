//! The files of the repository.

use std::fs;
use std::path::Path;

use crate::rust;

/// One text of the repository.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Below the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether the whole file is a test, or belongs to one.
    pub(crate) is_test: bool,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let is_test = path.starts_with("tests/") || path.contains("/tests/");
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            is_test,
        }
    }

    /// A complaint about a line, counted from 0.
    pub(crate) fn complaint(&self, line: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line.saturating_add(1))
    }
}

/// Where the repository is.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file, which must be there.
pub(crate) fn file(path: &str) -> File {
    let text = fs::read_to_string(root().join(path));
    File::new(
        path,
        &text.unwrap_or_else(|error| panic!("{path}: {error}")),
    )
}

/// Every text below `folder` whose name ends so, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<File> {
    let paths = paths(folder)
        .into_iter()
        .filter(|path| path.ends_with(ending));
    let mut found: Vec<File> = paths.map(|path| file(&path)).collect();
    let tests: Vec<String> = found
        .iter()
        .flat_map(|file| rust::test_modules(&file.path, &file.text))
        .collect();
    for file in &mut found {
        file.is_test |= tests.contains(&file.path);
    }
    found
}

/// Every file below `folder`, in order. What builds leave is not ours.
pub(crate) fn paths(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.unwrap();
            let (kind, path) = (entry.file_type().unwrap(), entry.path());
            let name = entry.file_name().into_string().unwrap();
            if kind.is_dir() && !matches!(name.as_str(), "target" | ".git" | "__pycache__") {
                folders.push(path);
            } else if kind.is_file() {
                found.push(relative(&path));
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// Fails with every complaint, one a line.
#[track_caller]
pub(crate) fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Fails unless a checker complained, with these words, about the input that is bad.
#[track_caller]
pub(crate) fn assert_complains(complaints: &[String], words: &str) {
    assert!(
        complaints.iter().any(|complaint| complaint.contains(words)),
        "no complaint has {words:?}: {complaints:?}"
    );
}

#[test]
fn the_repository_is_where_it_is_looked_for() {
    assert!(!files("kiosk", ".rs").is_empty());
    assert!(
        files("kiosk", "Cargo.toml")
            .iter()
            .any(|file| file.path == "kiosk/wire/Cargo.toml")
    );
    assert!(
        files("", ".rs")
            .iter()
            .all(|file| !file.path.contains("target/"))
    );
}
