//! Everything that the kiosk's own readers can find has words for the guard and for staff.

use std::collections::BTreeSet;

use crate::tree::{self, File, assert_complains, assert_none};

/// Where findings are made.
const READERS: [&str; 5] = [
    "kiosk/scan/src",
    "kiosk/unpack/src",
    "kiosk/inspect/src",
    "kiosk/volume/src",
    "kiosk/broker/src/clamd",
];

/// What is spelled like a rule in the readers and is none: kinds of volumes, names of macros
/// and of programs.
const NO_RULES: [&str; 36] = [
    "apple_map",
    "application_startup",
    "auto_activate",
    "auto_add",
    "auto_close",
    "auto_deactivate",
    "auto_exec",
    "auto_exit",
    "auto_new",
    "auto_open",
    "auto_remove",
    "bitlocker_to_go",
    "bsd_label",
    "core_storage",
    "document_beforeclose",
    "document_close",
    "document_new",
    "document_open",
    "hfs_plus",
    "hfs_wrapper",
    "linux_raid",
    "powershell_ise",
    "sgi_label",
    "sun_label",
    "title_en",
    "title_ja",
    "workbook_activate",
    "workbook_beforeclose",
    "workbook_beforesave",
    "workbook_deactivate",
    "workbook_open",
    "workbook_windowactivate",
    "worksheet_activate",
    "worksheet_calculate",
    "worksheet_change",
    "worksheet_selectionchange",
];

/// A file up to the tests at its foot. A module of tests in a file of its own is only named, and
/// may be named anywhere.
fn code_of(text: &str) -> &str {
    let end = text.match_indices("#[cfg(test)]").find(|(start, _)| {
        let rest = text.get(*start..).unwrap();
        let mut lines = rest.lines().map(str::trim);
        lines
            .find(|line| !line.starts_with("#["))
            .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    });
    text.get(..end.map_or(text.len(), |(start, _)| start))
        .unwrap()
}

/// Every text of a file that is spelled like the name of a rule, tests and comments left out.
fn spelled_like_rules(file: &File) -> BTreeSet<String> {
    let code = code_of(&file.text);
    let mut found = BTreeSet::new();
    for line in code.lines().filter(|line| !line.trim().starts_with("//")) {
        for text in line.split('"').skip(1).step_by(2) {
            let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            let mut words = text.split('_');
            let are_words = words.all(|word| !word.is_empty() && word.chars().all(is_letter));
            let is_first = text.starts_with(|first: char| first.is_ascii_lowercase());
            if are_words && is_first && text.contains('_') {
                found.insert(text.to_owned());
            }
        }
    }
    found
}

fn complaints(files: &[File], known: &BTreeSet<&str>) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !file.is_test) {
        for name in spelled_like_rules(file) {
            if !known.contains(name.as_str()) && !NO_RULES.contains(&name.as_str()) {
                complaints.push(file.complaint(0, &format!("{name} is not in kiosk/words")));
            }
        }
    }
    complaints
}

fn readers() -> Vec<File> {
    let files = READERS.iter().flat_map(|folder| tree::files(folder, ".rs"));
    files.collect()
}

#[test]
fn everything_that_can_be_found_has_words_in_both_languages() {
    let known: BTreeSet<&str> = words::table().map(|(rule, _)| rule).collect();
    assert_none(&complaints(&readers(), &known));
}

#[test]
fn nothing_has_words_that_cannot_be_found() {
    let texts: Vec<String> = readers()
        .iter()
        .filter(|file| !file.is_test)
        .map(|file| code_of(&file.text).to_owned())
        .collect();
    let is_found = |name: &str| {
        texts
            .iter()
            .any(|text| text.contains(&format!("\"{name}\"")))
    };
    let stale = |name: &&str| !is_found(name);
    let rules: Vec<&str> = words::table().map(|(rule, _)| rule).filter(stale).collect();
    assert!(rules.is_empty(), "in the table and in no reader: {rules:?}");
    let names: Vec<&&str> = NO_RULES.iter().filter(|name| stale(name)).collect();
    assert!(names.is_empty(), "no longer spelled anywhere: {names:?}");
}

#[test]
fn a_finding_without_words_is_named() {
    assert_eq!(
        code_of("#[cfg(test)]\nmod a;\nx"),
        "#[cfg(test)]\nmod a;\nx"
    );
    let text = "fn f() { notice(\"a_rule\", \"some words\"); }\n// \"no_rule\"\n\
                #[cfg(test)]\nmod tests {\n\"in_test\"\n}\n";
    let file = File::new("kiosk/scan/src/a.rs", text);
    let found = complaints(std::slice::from_ref(&file), &BTreeSet::new());
    assert_complains(&found, "a.rs:1: a_rule is not in kiosk/words");
    assert_eq!(found.len(), 1);
    assert_none(&complaints(&[file], &BTreeSet::from(["a_rule"])));
}
