//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::code;
use crate::tree::{self, File, assert_complains, assert_none};

/// Crates outside the workspace that only some of ours may name, for any kind of dependency.
const OWNERS: [(&str, &[&str]); 9] = [
    // Its start-up constructors run in every program that links it.
    ("yara-x", &["scan"]),
    ("rusqlite", &["record"]),
    ("ratatui", &["show"]),
    ("crossterm", &["show"]),
    ("seccompiler", &["jail"]),
    ("landlock", &["jail"]),
    ("libc", &["jail", "jail-tests"]),
    // Parsers of file systems belong beside our own.
    ("ext4-view", &["volume"]),
    // Templates are for pages, and pages are made in one place.
    ("askama", &["report"]),
];

/// Ours that others of ours must not reach, over any number of steps.
const UNREACHABLE: [(&str, &[&str]); 13] = [
    // The broker holds privileges: no parser of a medium, no database, no screen.
    (
        "broker",
        &[
            "scan", "volume", "unpack", "inspect", "record", "show", "ctl", "yara-x", "rusqlite",
        ],
    ),
    (
        "decide",
        &[
            "jail", "nix", "libc", "rustix", "tokio", "mio", "rusqlite", "yara-x",
        ],
    ),
    ("wire", &["jail", "nix", "libc", "decide"]),
    // What reads hostile bytes cannot so much as name a descriptor or a path.
    ("volume", &["jail", "nix", "decide", "yara-x", "rusqlite"]),
    ("unpack", &["jail", "nix", "decide", "yara-x", "rusqlite"]),
    ("inspect", &["jail", "nix", "decide", "yara-x", "rusqlite"]),
    (
        "bundle",
        &["broker", "scan", "volume", "unpack", "yara-x", "rusqlite"],
    ),
    (
        "scan",
        &["broker", "decide", "record", "show", "ctl", "rusqlite"],
    ),
    (
        "record",
        &[
            "broker", "scan", "volume", "unpack", "inspect", "show", "ctl", "yara-x",
        ],
    ),
    (
        "show",
        &[
            "broker", "scan", "volume", "unpack", "inspect", "record", "ctl", "decide", "yara-x",
            "rusqlite",
        ],
    ),
    // It spells what it is given: it starts nothing, and parses nothing of a medium.
    (
        "export",
        &[
            "broker", "scan", "volume", "unpack", "inspect", "show", "ctl", "yara-x",
        ],
    ),
    (
        "report",
        &[
            "broker", "decide", "scan", "volume", "unpack", "show", "ctl", "yara-x",
        ],
    ),
    (
        "ctl",
        &["scan", "volume", "unpack", "inspect", "show", "yara-x"],
    ),
];

/// The vocabulary, the decision and the titles: nothing but these, whatever else would be harmless.
const EXACT: [(&str, &[&str]); 3] = [
    ("wire", &["serde", "serde_json", "thiserror"]),
    ("decide", &["jiff", "serde", "thiserror", "toml", "wire"]),
    ("words", &[]),
];

/// Packages and what they depend on.
#[derive(Debug, Default)]
struct Graph {
    /// Of each package of ours: what it names, development dependencies included.
    named: BTreeMap<String, BTreeSet<String>>,
    /// Of every package: what is linked into it.
    linked: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn reaches(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(package) = open.pop() {
            for next in self.linked.get(&package).into_iter().flatten() {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        reached
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (theirs, owners) in OWNERS {
            for (ours, named) in &self.named {
                if named.contains(theirs) && !owners.contains(&ours.as_str()) {
                    complaints.push(format!(
                        "{ours} names {theirs}, which belongs to {owners:?}"
                    ));
                }
            }
        }
        for (ours, others) in UNREACHABLE {
            let reached = self.reaches(ours);
            for other in others {
                if reached.contains(*other) {
                    complaints.push(format!("{ours} reaches {other}"));
                }
            }
        }
        for (ours, exact) in EXACT {
            let linked = self.linked.get(ours).cloned().unwrap_or_default();
            let linked: Vec<&str> = linked.iter().map(String::as_str).collect();
            if linked != exact {
                complaints.push(format!("{ours} depends on {linked:?} and not on {exact:?}"));
            }
        }
        complaints
    }
}

/// Our manifests say what each of ours names and links; the lock file says what theirs link,
/// on any platform. Neither needs a network.
fn graph(lock: &File, members: &[File]) -> Graph {
    let mut graph = Graph::default();
    for package in list(&parse(lock)["package"]) {
        let needs = package.get("dependencies").map(list).unwrap_or_default();
        let needs = needs
            .iter()
            .filter_map(|need| text(need).split(' ').next().map(str::to_owned));
        graph
            .linked
            .entry(text(&package["name"]))
            .or_default()
            .extend(needs);
    }
    for file in members {
        let manifest = parse(file);
        let name = text(&manifest["package"]["name"]);
        // The lock file does not tell what is linked from what only tests need.
        let linked = keys(manifest.get("dependencies"));
        let mut named = linked.clone();
        named.extend(keys(manifest.get("dev-dependencies")));
        named.extend(keys(manifest.get("build-dependencies")));
        if let Some(platforms) = manifest.get("target").and_then(toml::Value::as_table) {
            for kinds in platforms.values().filter_map(toml::Value::as_table) {
                named.extend(kinds.values().flat_map(|kind| keys(Some(kind))));
            }
        }
        graph.linked.insert(name.clone(), linked);
        graph.named.insert(name, named);
    }
    graph
}

fn parse(file: &File) -> toml::Table {
    file.text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

fn keys(table: Option<&toml::Value>) -> BTreeSet<String> {
    table
        .and_then(toml::Value::as_table)
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default()
}

fn list(value: &toml::Value) -> Vec<toml::Value> {
    value.as_array().unwrap().clone()
}

fn text(value: &toml::Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn members() -> Vec<File> {
    let mut members = tree::files("kiosk", "Cargo.toml");
    members.extend(tree::files("tests", "Cargo.toml"));
    members.push(tree::file("Cargo.toml"));
    members
}

/// A library that hands another of ours on hides who depends on whom, and links it into
/// programs that never name it.
fn facades(files: &[File]) -> Vec<String> {
    let ours = [
        "broker", "bundle", "ctl", "decide", "export", "inspect", "jail", "record", "report",
        "scan", "show", "unpack", "volume", "wire", "words",
    ];
    let mut complaints = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let line = line.trim();
            let handed = ["pub use ::", "pub use ", "pub extern crate "]
                .iter()
                .find_map(|start| line.strip_prefix(start))
                .map(|rest| {
                    rest.split(|end: char| !end.is_alphanumeric() && end != '_')
                        .next()
                });
            if handed.flatten().is_some_and(|name| ours.contains(&name)) {
                complaints.push(file.complaint(number, "hands another crate of ours on"));
            }
        }
    }
    complaints
}

/// Every crate is held to the workspace's lints; the crate with unsafe code, which sets its
/// own, to no fewer.
fn lints(root: &File, members: &[File]) -> Vec<String> {
    let workspace = parse(root)["workspace"]["lints"].clone();
    let mut complaints = Vec::new();
    for file in members {
        let manifest = parse(file);
        let lints = manifest.get("lints");
        let inherits = lints
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        if inherits == Some(true) {
            continue;
        }
        if !code::MAY_BE_UNSAFE
            .iter()
            .any(|folder| file.path.starts_with(folder))
        {
            complaints.push(file.complaint(0, "does not inherit the workspace's lints"));
        }
        if file.path != "kiosk/jail/Cargo.toml" {
            continue;
        }
        for group in ["rust", "clippy"] {
            let own = lints
                .and_then(|lints| lints.get(group))
                .and_then(toml::Value::as_table);
            for (lint, level) in workspace[group].as_table().unwrap() {
                let missing = own.and_then(|own| own.get(lint)) != Some(level);
                if lint != "unsafe_code" && missing {
                    complaints.push(file.complaint(0, &format!("does not set {lint}")));
                }
            }
        }
    }
    complaints
}

#[test]
fn every_crate_depends_only_on_what_it_may() {
    let graph = graph(&tree::file("Cargo.lock"), &members());
    assert!(
        graph.reaches("scan").contains("yara-x"),
        "the graph is not the workspace's"
    );
    assert_none(&graph.complaints());
}

#[test]
fn a_dependency_that_may_not_be_is_named() {
    let lock = File::new(
        "Cargo.lock",
        "[[package]]\nname = \"helper\"\ndependencies = [\"scan 0.1.0\", \"other\"]\n\
         [[package]]\nname = \"tool\"\ndependencies = [\"nix\"]\n",
    );
    let ours = |name: &str, rest: &str| {
        File::new(
            "Cargo.toml",
            &format!("[package]\nname = \"{name}\"\n{rest}"),
        )
    };
    let wire = "[dependencies]\nserde = \"1\"\nserde_json = \"1\"\nthiserror = \"2\"\n";
    let broker = "[dependencies]\nhelper = \"1\"\n[dev-dependencies]\nyara-x = \"1\"\n";
    let unpack = "[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n";
    let graph = graph(
        &lock,
        &[
            ours("broker", broker),
            ours("decide", "[dependencies]\ntool = \"1\"\n"),
            ours("wire", &format!("{wire}[dev-dependencies]\ntool = \"1\"\n")),
            ours("unpack", unpack),
        ],
    );
    let complaints = graph.complaints();
    assert_complains(&complaints, "broker names yara-x");
    assert_complains(&complaints, "broker reaches scan");
    assert_complains(&complaints, "decide reaches nix");
    assert_complains(&complaints, "decide depends on");
    assert_complains(&complaints, "unpack names libc");
    assert!(
        !complaints
            .iter()
            .any(|complaint| complaint.starts_with("wire")),
        "{complaints:?}"
    );
}

#[test]
fn no_library_hands_another_of_ours_on() {
    assert_none(&facades(&tree::files("kiosk", ".rs")));
}

#[test]
fn a_facade_is_named() {
    for bad in [
        "pub use scan::serve;",
        "pub use ::wire;",
        "  pub extern crate record;",
    ] {
        assert_complains(&facades(&[File::new("a.rs", bad)]), "a.rs:1: hands");
    }
    assert_none(&facades(&[File::new(
        "a.rs",
        "pub use scanner::x;\nuse scan::y;\npub use crate::wire;",
    )]));
}

#[test]
fn every_crate_keeps_the_lints() {
    assert_none(&lints(&tree::file("Cargo.toml"), &members()));
}

#[test]
fn a_crate_that_drops_a_lint_is_named() {
    let root = File::new(
        "Cargo.toml",
        "[workspace.lints.rust]\n[workspace.lints.clippy]\npanic = \"deny\"\n",
    );
    let loose = File::new("kiosk/scan/Cargo.toml", "[package]\n");
    assert_complains(&lints(&root, &[loose]), "does not inherit");
    let jail = File::new(
        "kiosk/jail/Cargo.toml",
        "[lints.clippy]\npanic = \"warn\"\n",
    );
    assert_complains(&lints(&root, &[jail]), "does not set panic");
}
