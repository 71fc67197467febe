//! `kioskctl rules gather`: a set made of other people's rules finds what they find, and says
//! what it left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::kiosk::{Done, Root, run};
use crate::media;

/// Rules as others write them. Each file is tried for what its name says.
const SOURCES: [(&str, &str); 8] = [
    (
        "good.yar",
        r#"rule blocks { strings: $a = "NEEDLE-BLOCKS" condition: $a }
private rule part { strings: $a = "NEEDLE-PART" condition: $a }
rule whole { condition: part }
"#,
    ),
    (
        "broken.yar",
        r#"rule before { strings: $a = "NEEDLE-BEFORE" condition: $a }
rule broken { strings: $a = "xyzzy" condition: $b }
rule goes_by_broken { condition: broken }
rule malformed { condition true }
rule after { strings: $a = "NEEDLE-AFTER" condition: $a }
"#,
    ),
    (
        "module.yar",
        "import \"androguard\"\nrule of_module { condition: androguard.url(/x/) }\n",
    ),
    (
        "external.yar",
        r#"rule by_name { condition: filename == "named.tmp" and extension == ".tmp" and filepath == "sub/" }
rule by_owner { condition: owner == "SYSTEM" }
rule by_nobody { condition: nobody_defines_this }
"#,
    ),
    ("index.yar", "include \"good.yar\"\n"),
    (
        "deep/same.yar",
        "rule blocks { strings: $a = \"NEEDLE-SAME\" condition: $a }\n",
    ),
    (
        "slow.yar",
        "rule slow { strings: $a = /.*x.*/s condition: $a }\nrule slow_loop { condition: for all i in (0..filesize) : (uint8(i) == 1) }\n",
    ),
    (
        "tiers.yar",
        r#"rule hits_clean { strings: $a = "NEEDLE-CLEAN" condition: $a }
rule noisy { condition: filesize >= 0 }
rule said_off { strings: $a = "NEEDLE-OFF" condition: $a }
rule said_notice { strings: $a = "NEEDLE-NOTICE" condition: $a }
"#,
    ),
];

const OVERRIDES: &str = r#"
[[rule]]
rule = "said_off"
tier = "off"
reason = "not for this plant"

[[rule]]
rule = "said_notice"
file = "tiers.yar"
tier = "notice"
reason = "staff want to see it"

[[rule]]
rule = "broken"
tier = "notice"
reason = "it will be left out"
"#;

struct Bench {
    root: Root,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = Root::new();
        let bench = Self { root, folder };
        for (name, text) in SOURCES {
            bench.write(&format!("sources/{name}"), text);
        }
        bench.write("sources/overrides.toml", OVERRIDES);
        for number in 0..20 {
            bench.write(&format!("clean/{number}.txt"), "nothing is wrong here");
        }
        bench.write("clean/letter.txt", "a NEEDLE-CLEAN in a letter");
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    fn toml(&self, name: &str) -> Value {
        toml::from_str(&self.read(name)).unwrap()
    }

    fn build(&self, more: &[&str]) -> Done {
        let mut command = self.root.kioskctl();
        command.args(["rules", "gather"]).arg(self.at("sources"));
        run(command.arg("-o").arg(self.at("set")).args(more))
    }

    fn gate(&self) -> Done {
        let clean = self.at("clean");
        self.build(&["--clean", clean.to_str().unwrap()])
    }

    /// What each file of the folder is found to hold: rules with their tiers and details.
    fn scan(&self, folder: &Path, rules: &Path) -> BTreeMap<String, Vec<String>> {
        let report = self
            .root
            .scan(folder, &["--rules", rules.to_str().unwrap()]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let finding = |one: &Value| {
            let parts = ["rule", "tier", "detail"].map(|key| text(&one[key]));
            parts.join(" ").trim_end().to_owned()
        };
        let rows = report.rows().iter();
        rows.map(|row| {
            let findings = row["findings"].as_array().unwrap().iter();
            let mut found: Vec<String> = findings.map(finding).collect();
            found.sort();
            (text(&row["path"]), found)
        })
        .collect()
    }
}

#[test]
fn a_set_of_other_peoples_rules_lists_what_it_lacks() {
    let bench = Bench::new();
    let done = bench.gate();
    done.exits(0);

    let dropped = bench.toml("set/dropped.toml");
    let left_out = dropped["left_out"].as_array().unwrap().iter();
    let left_out: Vec<String> = left_out
        .map(|one| {
            let rule = one["rule"].as_str().unwrap_or("-");
            format!(
                "{}:{} {rule} {}",
                one["file"].as_str().unwrap(),
                one["line"],
                one["reason"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        left_out,
        [
            "broken.yar:2 broken refused",
            "broken.yar:3 goes_by_broken depends",
            "broken.yar:4 malformed syntax",
            "external.yar:3 by_nobody undefined",
            "index.yar:1 - include",
            "module.yar:1 - module",
            "module.yar:2 of_module module",
            "slow.yar:1 slow slow",
            "slow.yar:2 slow_loop slow",
        ]
    );
    assert!(done.stdout.contains("left out: 9 ("), "{}", done.stdout);
    assert!(
        done.stdout
            .contains("broken.yar:2 broken refused: line 2: ")
    );
    assert!(done.stdout.contains("overrides: broken was left out"));
    let asks = dropped["asks_empty"].as_array().unwrap();
    assert_eq!(asks.len(), 1);
    assert_eq!(
        (&asks[0]["rule"], &asks[0]["asks"][0]),
        (&"by_owner".into(), &"owner".into())
    );
}

#[test]
fn what_finds_something_where_nothing_is_wrong_is_lowered_with_its_reason() {
    let bench = Bench::new();
    let done = bench.gate();
    done.exits(0);
    let overrides = bench.toml("set/overrides.toml");
    let rules = overrides["rule"].as_array().unwrap().iter();
    let tiers: Vec<String> = rules
        .map(|one| {
            format!(
                "{} {}",
                one["rule"].as_str().unwrap(),
                one["tier"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        tiers,
        [
            "said_off off",
            "said_notice notice",
            "hits_clean notice",
            "noisy off"
        ]
    );
    let reason = overrides["rule"][2]["reason"].as_str().unwrap();
    assert_eq!(
        reason,
        "found something in 1 of 21 clean contents, first in letter.txt"
    );
    assert!(
        done.stdout
            .contains("lowered to notice: 1\n  hits_clean (tiers.yar) 1 times")
    );
    // Two of `blocks`, `whole`, `before`, `after`, `by_name`, `by_owner`, `hits_clean`,
    // `said_notice`; `part` is private, `noisy` and `said_off` are off.
    assert!(
        done.stdout
            .contains("5 files, 12 rules, 9 of them can find something"),
        "{}",
        done.stdout
    );
}

#[test]
fn a_set_of_other_peoples_rules_finds_what_it_has_with_its_tier() {
    let bench = Bench::new();
    bench.gate().exits(0);
    for (name, text) in [
        ("blocks", "NEEDLE-BLOCKS"),
        ("whole", "NEEDLE-PART"),
        ("before", "NEEDLE-BEFORE"),
        ("after", "NEEDLE-AFTER"),
        ("same", "NEEDLE-SAME"),
        ("clean", "NEEDLE-CLEAN"),
        ("off", "NEEDLE-OFF"),
        ("notice", "NEEDLE-NOTICE"),
        ("sub/named.tmp", "nothing"),
        ("other.tmp", "nothing"),
    ] {
        bench.write(&format!("medium/{name}"), text);
    }
    let found = bench.scan(&bench.at("medium"), &bench.at("set"));
    let expected = [
        ("after", "after block"),
        ("before", "before block"),
        ("blocks", "blocks block of good.yar"),
        ("clean", "hits_clean notice"),
        ("notice", "said_notice notice"),
        ("off", ""),
        ("other.tmp", ""),
        ("same", "blocks block of deep/same.yar"),
        ("sub/named.tmp", "by_name block"),
        ("whole", "whole block"),
    ];
    let expected = expected.map(|(path, finding)| {
        let findings = (!finding.is_empty()).then(|| finding.to_owned());
        (path.to_owned(), findings.into_iter().collect())
    });
    assert_eq!(found, BTreeMap::from(expected));
}

/// A set of three small files, without overrides.
fn plain() -> Bench {
    let bench = Bench::new();
    bench.write(
        "plain/a.yar",
        "rule one { strings: $a = \"NEEDLE-ONE\" condition: $a }\n\
        private rule two { condition: true }\n",
    );
    bench.write(
        "plain/b.yar",
        "rule same { strings: $a = \"NEEDLE-B\" condition: $a }\n",
    );
    bench.write(
        "plain/c.yar",
        "rule same { strings: $a = \"NEEDLE-C\" condition: $a }\n",
    );
    bench
}

#[test]
fn changed_overrides_count_at_the_next_scan() {
    let bench = plain();
    bench.write("medium/a", "NEEDLE-ONE");
    let found = |overrides: &str| {
        bench.write("plain/overrides.toml", overrides);
        bench.scan(&bench.at("medium"), &bench.at("plain"))["a"].clone()
    };
    let none: [&str; 0] = [];
    assert_eq!(found(""), ["one block"]);
    assert_eq!(found("default = \"notice\"\n"), ["one notice"]);
    let of_file = "[[file]]\nfile = \"a.yar\"\ntier = \"off\"\nreason = \"r\"\n";
    assert_eq!(found(of_file), none);
    let of_rule = "[[rule]]\nrule = \"one\"\ntier = \"block\"\nreason = \"r\"\n";
    assert_eq!(
        found(&format!("default = \"notice\"\n{of_file}{of_rule}")),
        ["one block"]
    );
}

#[test]
fn overrides_that_name_nothing_or_too_much_refuse_the_set() {
    let bench = plain();
    bench.write("medium/a", "NEEDLE-ONE");
    let of_file = "[[file]]\nfile = \"a.yar\"\ntier = \"off\"\nreason = \"r\"\n";
    let said = |file: &str, rule: &str| {
        format!("[[rule]]\n{file}rule = \"{rule}\"\ntier = \"off\"\nreason = \"r\"\n")
    };
    let once = said("", "one");
    for (overrides, why) in [
        (said("", "onne"), "there is no rule onne"),
        (
            said("file = \"b.yar\"\n", "one"),
            "there is no rule one in b.yar",
        ),
        (
            said("", "same"),
            "there is a rule same in b.yar and one in c.yar",
        ),
        (said("", "two"), "the rule two in a.yar is private"),
        (
            format!("{once}{once}"),
            "the rule one in a.yar is named twice",
        ),
        (of_file.replace("a.yar", "z.yar"), "there is no file z.yar"),
        (
            "default = \"off\"\n".to_owned(),
            "a set whose rules are off finds nothing",
        ),
        (said("", "one").replace("\"r\"", "\"\""), "say the reason"),
        (
            "[[rule]]\nrule = \"one\"\ntier = \"warn\"\nreason = \"r\"\n".to_owned(),
            "line 3",
        ),
    ] {
        bench.write("plain/overrides.toml", &overrides);
        let mut command = bench.root.kioskctl();
        command.arg("scan").arg(bench.at("medium"));
        let done = run(command
            .arg("--no-ledger")
            .arg("--rules")
            .arg(bench.at("plain")));
        done.exits(2);
        assert!(
            done.stderr.contains("overrides.toml"),
            "{overrides}: {}",
            done.stderr
        );
        assert!(done.stderr.contains(why), "{overrides}: {}", done.stderr);
    }
}

#[test]
fn a_set_that_cannot_be_made_leaves_nothing_behind() {
    let bench = Bench::new();
    let refused = |done: &Done, why: &str| {
        done.exits(2);
        assert!(done.stderr.contains(why), "{}", done.stderr);
        assert!(!bench.at("set.building").exists());
    };
    fs::create_dir(bench.at("empty")).unwrap();
    let empty = bench.at("empty");
    let done = bench.build(&["--clean", empty.to_str().unwrap()]);
    refused(&done, "there is nothing in the clean folders");

    bench.write(
        "wrong.toml",
        "[[rule]]\nrule = \"never\"\ntier = \"off\"\nreason = \"r\"\n",
    );
    let wrong = bench.at("wrong.toml");
    let done = bench.build(&["--overrides", wrong.to_str().unwrap()]);
    refused(&done, "there is no rule never");

    bench.write(
        "sources/canary.toml",
        "[[canary]]\nrule = \"broken\"\npieces = [\"x\"]\n",
    );
    refused(
        &bench.build(&[]),
        "a canary of broken, which was left out: line 2",
    );
    bench.write(
        "sources/canary.toml",
        "[[canary]]\nrule = \"said_off\"\npieces = [\"x\"]\n",
    );
    refused(
        &bench.build(&[]),
        "a canary of said_off, which is off: not for this plant",
    );
    assert!(!bench.at("set").exists());

    bench.write(
        "sources/canary.toml",
        "[[canary]]\nrule = \"blocks\"\npieces = [\"NEEDLE-BLOCKS\"]\n",
    );
    bench.build(&["--version", "7"]).exits(0);
    assert_eq!(
        bench.read("set/canary.toml"),
        bench.read("sources/canary.toml")
    );
    assert_eq!(bench.toml("set/manifest.toml")["version"], 7);
    refused(&bench.build(&[]), "is there already");

    fs::remove_dir_all(bench.at("set")).unwrap();
    fs::remove_dir_all(bench.at("sources")).unwrap();
    bench.write("sources/a.yar", "rule a { condition: nobody }\n");
    refused(
        &bench.build(&[]),
        "first left out: a.yar:1 a, line 1: unknown identifier `nobody`",
    );
    let done = bench.build(&["--name", "a\"b"]);
    refused(&done, "a set's name has letters");
}

#[test]
fn every_rule_that_finds_something_in_one_clean_file_is_lowered() {
    let bench = Bench::new();
    fs::remove_dir_all(bench.at("sources")).unwrap();
    let rule = |number: usize| {
        format!("rule r{number} {{ strings: $a = \"NEEDLE-MANY\" condition: $a }}\n")
    };
    bench.write("sources/many.yar", &(0..40).map(rule).collect::<String>());
    bench.write("clean/deep/many.txt", "NEEDLE-MANY");
    let done = bench.gate();
    done.exits(0);
    assert!(
        done.stdout.contains("lowered to notice: 40\n"),
        "{}",
        done.stdout
    );
    bench.write("medium/a", "NEEDLE-MANY");
    let found = bench.scan(&bench.at("medium"), &bench.at("set"));
    assert!(
        found["a"].iter().all(|one| one.contains(" notice")),
        "{found:?}"
    );

    fs::remove_dir_all(bench.at("set")).unwrap();
    bench.write("sources/many.yar", &(0..200).map(rule).collect::<String>());
    let done = bench.gate();
    done.exits(2);
    let why = "too many rules find something in the same clean file";
    let said = &done.stderr;
    assert!(said.contains(why), "{said}");
}

#[test]
fn our_own_rules_go_through_the_gate_whole() {
    let bench = Bench::new();
    let mut command = bench.root.kioskctl();
    command
        .args(["rules", "gather"])
        .arg(media::repository().join("signatures"));
    let done = run(command.arg("-o").arg(bench.at("set")));
    done.exits(0);
    assert!(done.stdout.contains("left out: 0 ()"), "{}", done.stdout);
    assert!(bench.at("set/eicar/canary.toml").exists());
}
