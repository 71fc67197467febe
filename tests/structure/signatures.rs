//! Every rule that ships says what staff need to know, and has what shows that it works.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{self, File, assert_complains, assert_none};

/// What every rule says of itself, for staff in two languages and for whoever asks why.
const METADATA: [&str; 11] = [
    "id",
    "family",
    "title_ja",
    "title_en",
    "description_ja",
    "description_en",
    "reference",
    "tier",
    "date",
    "author",
    "version",
];

/// One rule of a source file: its name, the line of its head, and its metadata.
struct Rule {
    name: String,
    line: usize,
    metadata: BTreeMap<String, String>,
}

/// The rules of one file, as far as a reader of lines can tell. The engine reads them fully.
fn rules(file: &File) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut section = "";
    for (line, text) in file.text.lines().enumerate() {
        let is_modifier = |word: &&str| matches!(*word, "private" | "global");
        let mut words = text.split_whitespace().skip_while(is_modifier);
        let word = text.trim();
        if !text.starts_with(char::is_whitespace) && words.next() == Some("rule") {
            let name = words
                .next()
                .unwrap_or("")
                .trim_end_matches([':', '{'])
                .to_owned();
            let metadata = BTreeMap::new();
            rules.push(Rule {
                name,
                line,
                metadata,
            });
            section = "";
        } else if matches!(word, "meta:" | "strings:" | "variables:" | "condition:") {
            section = word;
        } else if let ("meta:", Some((key, value)), Some(rule)) =
            (section, word.split_once('='), rules.last_mut())
        {
            let value = value.trim().trim_matches('"').to_owned();
            rule.metadata.insert(key.trim().to_owned(), value);
        }
    }
    rules
}

/// The rules that a family's canaries, or near misses, are for.
fn shown(canaries: &File, kind: &str) -> BTreeSet<String> {
    let table: toml::Table = canaries
        .text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", canaries.path));
    let entries = table
        .get(kind)
        .and_then(toml::Value::as_array)
        .cloned()
        .unwrap_or_default();
    let with_pieces = entries.iter().filter(|entry| {
        entry
            .get("pieces")
            .and_then(toml::Value::as_array)
            .is_some_and(|pieces| !pieces.is_empty())
    });
    let rules = with_pieces.filter_map(|entry| entry.get("rule")?.as_str());
    rules.map(str::to_owned).collect()
}

/// Complaints about the rules of one family and what shows that they work.
fn complaints(file: &File, canaries: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let family = file.path.rsplit('/').nth(1).unwrap_or("");
    let rules = rules(file);
    if rules.is_empty() {
        complaints.push(file.complaint(0, "holds no rule"));
    }
    for rule in &rules {
        let mut say = |what: &str| {
            complaints.push(file.complaint(rule.line, &format!("rule {} {what}", rule.name)));
        };
        let value = |key: &str| rule.metadata.get(key).map_or("", String::as_str);
        for key in METADATA.iter().filter(|key| value(key).is_empty()) {
            say(&format!("does not say its {key}"));
        }
        if value("id") != rule.name || value("family") != family {
            say("has another name or family than it says");
        }
        if !matches!(value("tier"), "block" | "notice") {
            say("has an unknown tier");
        }
        if format!("date = {}", value("date"))
            .parse::<toml::Table>()
            .is_err()
        {
            say("has a date that is none");
        }
        for kind in ["canary", "near_miss"] {
            if !shown(canaries, kind).contains(&rule.name) {
                say(&format!("has no {kind}"));
            }
        }
    }
    for name in shown(canaries, "canary").union(&shown(canaries, "near_miss")) {
        if !rules.iter().any(|rule| rule.name == *name) {
            complaints.push(canaries.complaint(0, &format!("{name} is no rule of {}", file.path)));
        }
    }
    complaints
}

#[test]
fn every_rule_says_what_staff_need_to_know_and_is_shown_to_work() {
    let files = tree::files("signatures", ".yar");
    assert!(!files.is_empty(), "there are no rules");
    let mut names = BTreeSet::new();
    for file in &files {
        let (folder, _) = file.path.rsplit_once('/').unwrap();
        assert_none(&complaints(
            file,
            &tree::file(&format!("{folder}/canary.toml")),
        ));
        for rule in rules(file) {
            assert!(
                names.insert(rule.name.clone()),
                "two rules are named {}",
                rule.name
            );
        }
    }
}

/// Scanners of people who clone this repository must have nothing to find.
fn holds_eicar(bytes: &[u8]) -> bool {
    // In pieces, so that this file does not hold it either.
    let marks = concat!("$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!");
    let head = concat!("X5O!P%@AP[4\\PZX54(P^)", "7CC)7}");
    let test_file = [head, marks].concat();
    bytes
        .windows(test_file.len())
        .any(|window| window == test_file.as_bytes())
}

#[test]
fn no_file_holds_the_test_file_of_virus_scanners() {
    for path in tree::paths("") {
        let bytes = std::fs::read(tree::root().join(&path)).unwrap();
        assert!(!holds_eicar(&bytes), "{path}");
    }
    let pieces = [
        "X5O!P%@AP[4\\PZX54(P^)7CC)",
        "7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    ];
    assert!(holds_eicar(format!("..{}..", pieces.concat()).as_bytes()));
}

#[test]
fn the_bundle_of_shipped_rules_says_which_it_is() {
    let manifest: toml::Table = tree::file("signatures/manifest.toml").text.parse().unwrap();
    assert!(
        manifest["bundle"].is_str() && manifest["version"].is_integer(),
        "{manifest:?}"
    );
    let issued = manifest["issued"]
        .as_str()
        .unwrap()
        .parse::<toml::value::Datetime>();
    assert!(
        issued.is_ok_and(|issued| issued.date.is_some()),
        "{manifest:?}"
    );
}

#[test]
fn a_rule_without_its_metadata_or_its_canary_is_named() {
    let meta: String = METADATA
        .iter()
        .map(|key| {
            let value = match *key {
                "id" => "a_b",
                "family" => "a",
                "tier" => "block",
                "date" => "2026-11-23",
                _ => "x = y",
            };
            format!("        {key} = \"{value}\"\n")
        })
        .collect();
    let full = format!("rule a_b {{\n    meta:\n{meta}    condition:\n        true\n}}\n");
    let canaries = "[[canary]]\nrule = \"a_b\"\npieces = [\"x\"]\n\
                    [[near_miss]]\nrule = \"a_b\"\npieces = [\"y\"]\n";
    let check = |rules: &str, canaries: &str| {
        complaints(
            &File::new("signatures/a/a.yar", rules),
            &File::new("signatures/a/canary.toml", canaries),
        )
    };
    assert_none(&check(&full, canaries));
    for key in METADATA {
        let without = full.replace(&format!("        {key} ="), "        other =");
        let words = format!("a.yar:1: rule a_b does not say its {key}");
        assert_complains(&check(&without, canaries), &words);
    }
    assert_complains(
        &check(&full.replace("\"block\"", "\"stop\""), canaries),
        "unknown tier",
    );
    assert_complains(
        &check(&full.replace("11-23", "13-23"), canaries),
        "a date that is none",
    );
    assert_complains(
        &check(&full.replace("rule a_b", "private rule a_c"), canaries),
        "rule a_c has another name",
    );
    assert_complains(&check("// nothing\n", ""), "holds no rule");
    assert_complains(
        &check(&full, &canaries.replace("[\"x\"]", "[]")),
        "has no canary",
    );
    assert_complains(
        &check(&full, &canaries.replace("near_miss", "near")),
        "has no near_miss",
    );
    let stray = format!("{canaries}[[canary]]\nrule = \"a_z\"\npieces = [\"x\"]\n");
    assert_complains(&check(&full, &stray), "a_z is no rule of");
}
