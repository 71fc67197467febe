//! The screen's words: every language says everything, with the same variables.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{self, File, assert_complains, assert_none};

/// The messages of one Fluent file: key to the variables it uses.
fn messages(file: &File) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
    let mut key = String::new();
    for line in file.text.lines() {
        let starts = line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-');
        let attribute = line.trim_start().strip_prefix('.');
        if let Some((name, _)) = line.split_once('=').filter(|_| starts) {
            key = name.trim().to_owned();
            messages.entry(key.clone()).or_default();
        } else if let Some((name, _)) = attribute.and_then(|rest| rest.split_once('=')) {
            let message = key.split('.').next().unwrap_or("");
            key = format!("{message}.{}", name.trim());
            messages.entry(key.clone()).or_default();
        }
        if line.starts_with('#') {
            continue;
        }
        for variable in line.split('$').skip(1) {
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
            let end = variable
                .find(|letter| !is_name(letter))
                .unwrap_or(variable.len());
            let name = variable.get(..end).unwrap().to_owned();
            messages.entry(key.clone()).or_default().insert(name);
        }
    }
    messages
}

fn differences(left: &File, right: &File) -> Vec<String> {
    let (ours, theirs) = (messages(left), messages(right));
    let mut complaints = Vec::new();
    for (one, other, missing) in [(&ours, &theirs, right), (&theirs, &ours, left)] {
        for (key, variables) in one {
            match other.get(key) {
                None => complaints.push(missing.complaint(0, &format!("{key} is missing"))),
                Some(found) if found != variables => {
                    complaints.push(missing.complaint(0, &format!("{key} uses other variables")));
                }
                Some(_) => {}
            }
        }
    }
    complaints
}

#[test]
fn both_languages_have_the_same_words() {
    let files = tree::files("kiosk/show", ".ftl");
    let [en, ja] = files.as_slice() else {
        panic!("not two languages: {files:?}")
    };
    assert!(20 < messages(en).len(), "the words are not found");
    assert_none(&differences(en, ja));
}

#[test]
fn a_word_that_one_language_lacks_is_named() {
    let file = |path: &str, text: &str| File::new(path, text);
    let en = file(
        "en.ftl",
        "a = { $n ->\n   *[other] { $n } d\n}\nb = x\n    .hint = y\n",
    );
    assert_none(&differences(
        &en,
        &file("ja.ftl", "# $z =\nb = え\n    .hint = い\na = { $n }日\n"),
    ));
    assert_complains(
        &differences(&en, &file("ja.ftl", "a = { $n }\nb = x\n")),
        "ja.ftl:1: b.hint is missing",
    );
    let other = file("ja.ftl", "a = { $m }\nb = x\n    .hint = y\nc = z\n");
    assert_complains(
        &differences(&en, &other),
        "ja.ftl:1: a uses other variables",
    );
    assert_complains(&differences(&en, &other), "en.ftl:1: c is missing");
}
