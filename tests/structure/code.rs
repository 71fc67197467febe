//! What may stand in the code.

use std::collections::BTreeSet;

use crate::rust;
use crate::tree::{self, File, assert_complains, assert_none};

/// Where unsafe code may be.
pub(crate) const MAY_BE_UNSAFE: [&str; 2] = ["kiosk/jail/", "tests/jail/"];

/// Longest file, in lines without its tests. The aim is 300; past this a reader is lost.
const FILE_LINES_MAX: usize = 400;

/// Longest file of tests, in lines: a list of facts is read one at a time.
const TEST_LINES_MAX: usize = 700;

/// What decides must not be able to ask: the world would answer differently tomorrow.
const IMPURE: [&str; 12] = [
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::env",
    "std::process",
    "std::thread",
    "std::time",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::get",
    "TimeZone::system",
];

fn unsafe_outside(files: &[File]) -> Vec<String> {
    let outside = |file: &&File| {
        !MAY_BE_UNSAFE
            .iter()
            .any(|folder| file.path.starts_with(folder))
    };
    lines_where(
        files.iter().filter(outside),
        "unsafe code outside kiosk/jail",
        |line| rust::has_word(line, "unsafe"),
    )
}

fn impure(files: &[File]) -> Vec<String> {
    lines_where(files.iter(), "a decision asks the world", |line| {
        IMPURE.iter().any(|name| rust::has_word(line, name))
    })
}

/// Complaints about lines of code, comments and strings left out.
fn lines_where<'a>(
    files: impl Iterator<Item = &'a File>,
    what: &str,
    is_bad: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        for (number, line) in rust::code(&file.text).lines().enumerate() {
            if is_bad(line) {
                complaints.push(file.complaint(number, what));
            }
        }
    }
    complaints
}

fn too_long(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let (code, tests) = rust::split_tests(&file.text);
        let (code, tests) = (code.lines().count(), tests.lines().count());
        let most = if file.is_test {
            TEST_LINES_MAX
        } else {
            FILE_LINES_MAX
        };
        if most < code || TEST_LINES_MAX < tests {
            complaints
                .push(file.complaint(code, &format!("{code} lines of code, {tests} of tests")));
        }
    }
    complaints
}

/// Words that promise work which is not done.
fn unfinished(files: &[File]) -> Vec<String> {
    // Put together here so that this file does not complain about itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let calls = [concat!("todo", "!"), concat!("unimplemented", "!")];
    let mut complaints = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let word = words.iter().any(|word| rust::has_word(line, word));
            if word || calls.iter().any(|call| line.contains(call)) {
                complaints.push(file.complaint(number, "is not finished"));
            }
            let ignored = line.trim_start().strip_prefix(concat!("#[", "ignore"));
            if ignored.is_some_and(|rest| !rest.trim_start().starts_with("= \"")) {
                complaints.push(file.complaint(number, "leaves a test out without a reason"));
            }
            // Tools of the developers are no part of the kiosk; their reasons stand in them.
            let tool = file.path.contains("/examples/");
            if line.trim_start().starts_with("#![allow") && !file.is_test && !tool {
                complaints.push(file.complaint(number, "allows a lint in a whole file"));
            }
        }
    }
    complaints
}

/// Names of constants that end in `_MAX`, with where they are.
fn limits(files: &[File]) -> Vec<(String, String)> {
    let mut limits = Vec::new();
    for file in files.iter().filter(|file| !file.is_test) {
        let (text, _) = rust::split_tests(&file.text);
        for (number, line) in rust::code(text).lines().enumerate() {
            let Some((_, rest)) = line.split_once("const ") else {
                continue;
            };
            let name = rest.split(':').next().unwrap_or("").trim();
            if name.ends_with("_MAX") && rest.contains(':') {
                limits.push((
                    name.to_owned(),
                    file.complaint(number, &format!("{name} is in no test")),
                ));
            }
        }
    }
    limits
}

fn untested_limits(files: &[File]) -> Vec<String> {
    let mut tested = BTreeSet::new();
    for file in files {
        let tests = if file.is_test {
            file.text.as_str()
        } else {
            rust::split_tests(&file.text).1
        };
        let words = rust::code(tests);
        let words = words.split(|end: char| !end.is_alphanumeric() && end != '_');
        tested.extend(
            words
                .filter(|word| word.ends_with("_MAX"))
                .map(str::to_owned),
        );
    }
    let untested = limits(files)
        .into_iter()
        .filter(|(name, _)| !tested.contains(name));
    untested.map(|(_, complaint)| complaint).collect()
}

fn sources() -> Vec<File> {
    let mut files = tree::files("kiosk", ".rs");
    files.extend(tree::files("tests", ".rs"));
    files
}

#[test]
fn unsafe_code_is_only_in_the_jail() {
    assert_none(&unsafe_outside(&sources()));
}

#[test]
fn unsafe_code_elsewhere_is_named() {
    let text = "// unsafe\nlet x = \"unsafe\";\nunsafe { y() };\n";
    let complaints = unsafe_outside(&[File::new("kiosk/scan/src/a.rs", text)]);
    assert_eq!(
        complaints,
        ["kiosk/scan/src/a.rs:3: unsafe code outside kiosk/jail"]
    );
    assert_none(&unsafe_outside(&[File::new("kiosk/jail/src/a.rs", text)]));
}

#[test]
fn decide_asks_nothing_of_the_world() {
    assert_none(&impure(&tree::files("kiosk/decide/src", ".rs")));
}

#[test]
fn a_decision_that_reads_a_clock_or_a_file_is_named() {
    let file = File::new(
        "a.rs",
        "let t = Timestamp::now();\nuse std::fs;\nuse std::fmt; // std::fs\n",
    );
    assert_eq!(impure(&[file]).len(), 2);
}

#[test]
fn no_file_is_too_long() {
    assert_none(&too_long(&sources()));
}

#[test]
fn a_file_past_its_length_is_named() {
    let lines = "x\n".repeat(FILE_LINES_MAX);
    assert_none(&too_long(&[File::new(
        "kiosk/a/src/a.rs",
        &format!("{lines}#[cfg(test)]\nmod tests;"),
    )]));
    let long = format!("{lines}x\n");
    assert_complains(
        &too_long(&[File::new("kiosk/a/src/a.rs", &long)]),
        "401 lines of code",
    );
    assert_none(&too_long(&[File::new("tests/a.rs", &long)]));
    let tests = "x\n".repeat(TEST_LINES_MAX.saturating_add(1));
    assert_complains(&too_long(&[File::new("tests/a.rs", &tests)]), "701 lines");
}

#[test]
fn nothing_is_left_unfinished() {
    let mut files = sources();
    for (folder, ending) in [
        ("kiosk", ".toml"),
        ("kiosk", ".ftl"),
        ("signatures", ""),
        ("systemd", ""),
        ("tests", ".py"),
        ("tests", ".toml"),
    ] {
        files.extend(tree::files(folder, ending));
    }
    assert_none(&unfinished(&files));
}

#[test]
fn unfinished_work_is_named() {
    for bad in [
        concat!("// TO", "DO: more"),
        concat!("fn a() { todo", "!() }"),
        concat!("unimplemented", "!(\"x\")"),
        concat!("# FIX", "ME"),
        concat!("    #[", "ignore]"),
        "#![allow(clippy::panic)]",
    ] {
        assert_eq!(
            unfinished(&[File::new("kiosk/a.rs", bad)]).len(),
            1,
            "{bad}"
        );
    }
    let reasoned = concat!("#[", "ignore = \"needs a device\"]");
    assert_none(&unfinished(&[File::new("kiosk/a.rs", reasoned)]));
}

#[test]
fn every_limit_is_crossed_by_a_test() {
    let files = sources();
    assert!(20 < limits(&files).len(), "limits are not found");
    let known: BTreeSet<String> = include_str!("uncrossed.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let missing: BTreeSet<String> = untested_limits(&files)
        .iter()
        .filter_map(|complaint| {
            let (path, rest) = complaint.split_once(':')?;
            let name = rest.split_once(": ")?.1.split(' ').next()?;
            Some(format!("{path} {name}"))
        })
        .collect();
    let new: Vec<String> = missing.difference(&known).cloned().collect();
    let paid: Vec<String> = known.difference(&missing).cloned().collect();
    assert_none(&new);
    assert_none(&paid);
}

#[test]
fn a_limit_that_no_test_names_is_named() {
    let text = "/// A_MAX\npub const A_MAX: u8 = 1;\nconst fn f() {}\nfn b() { A_MAX; }\n";
    let file = |tests: &str| {
        File::new(
            "kiosk/a.rs",
            &format!("{text}#[cfg(test)]\nmod tests {{ {tests} }}"),
        )
    };
    assert_complains(
        &untested_limits(&[file("// A_MAX")]),
        "kiosk/a.rs:2: A_MAX is in no test",
    );
    assert_none(&untested_limits(&[file("A_MAX;")]));
    assert_none(&untested_limits(&[
        file(""),
        File::new("tests/b.rs", "wire::A_MAX"),
    ]));
}
