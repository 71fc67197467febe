//! No PASS from rules that have not just been seen to work, and none from rules that are too old.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::gate::{Kiosk, codes};
use crate::kiosk::{self, Root};
use crate::media;

const SITE: &str = "[site]\nname_ja = \"門\"\nname_en = \"Gate\"\ntime_zone = \"+09:00\"\n\
                    contact = \"ext. 1234\"\n[rules]\n";

fn policy(root: &Root, rules: &str) {
    let path = root.path().join("etc/media-kiosk/kiosk.toml");
    fs::write(path, format!("{SITE}{rules}\n")).unwrap();
}

fn set(root: &Root) -> PathBuf {
    root.path().join("usr/share/media-kiosk/signatures")
}

/// Changes one thing in a file of the set.
fn change(root: &Root, file: &str, from: &str, to: &str) {
    let path = set(root).join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn issue(root: &Root, lines: &str) {
    let manifest = format!("bundle = \"b\"\nversion = 3\n{lines}\n");
    fs::write(set(root).join("manifest.toml"), manifest).unwrap();
}

/// A rule that does not find its canary.
fn add_a_rule_that_fails(root: &Root) -> PathBuf {
    let folder = set(root).join("newer");
    fs::create_dir(&folder).unwrap();
    let rule = "rule newer { strings: $a = \"never there\" condition: $a }";
    fs::write(folder.join("newer.yar"), rule).unwrap();
    let canary = "[[canary]]\nrule = \"newer\"\npieces = [\"something else\"]\n";
    fs::write(folder.join("canary.toml"), canary).unwrap();
    folder
}

/// What each of these entries says of the test.
fn results(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["event"]["result"].as_str().unwrap())
        .collect()
}

/// The answer to a medium while the screen shows none: from its entry.
fn judged(kiosk: &Kiosk, count: usize) -> Value {
    kiosk.told_of("judged", count).pop().unwrap()["event"].take()
}

#[test]
fn rules_that_miss_a_canary_take_the_kiosk_out_of_service_until_they_are_mended() {
    let root = Root::for_everybody();
    policy(&root, "");
    change(
        &root,
        "eicar/canary.toml",
        "EICAR-STANDARD",
        "EICAR-STANDART",
    );
    let kiosk = Kiosk::begin(root, None);
    let view = kiosk.is_out("self_test");
    let fault = view["fault"].as_str().unwrap();
    assert!(fault.contains("rule eicar_test_file"), "{fault}");
    assert!(fault.ends_with("as a file was not found"), "{fault}");
    assert_eq!(view["contact"], "ext. 1234");
    let image = kiosk.insert_sample("1-clean");
    let answer = judged(&kiosk, 1);
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["self_test_failed"], "{answer}");
    assert!(answer["totals"].is_null(), "it was read: {answer}");
    assert_eq!(kiosk.is_out("self_test")["out_of_service"], "self_test");
    kiosk.remove(&image);

    change(
        &kiosk.root,
        "eicar/canary.toml",
        "EICAR-STANDART",
        "EICAR-STANDARD",
    );
    kiosk.reload();
    kiosk.serves();
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    kiosk::run(kiosk.root.kioskctl().arg("status")).exits(0);
    let told = kiosk.told_of("self_tested", 2);
    assert_eq!(results(&told), ["failed", "passed"]);
    assert!(!told[0]["event"]["faults"].as_array().unwrap().is_empty());
    assert_eq!(told[1]["event"]["specimens"], 170, "{}", told[1]);
    kiosk.verifies();
}

#[test]
fn media_that_are_in_before_the_rules_are_tested_wait_for_them() {
    let root = Root::for_everybody();
    let kiosk = Kiosk::begin(root, None);
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    let entries = kiosk.root.entries();
    let order: Vec<_> = entries
        .iter()
        .map(|entry| entry["event"]["event"].as_str().unwrap())
        .collect();
    // The list of media was found, and told, on the way.
    let journey: Vec<_> = order
        .into_iter()
        .filter(|one| *one != "list_changed")
        .collect();
    assert_eq!(journey, ["started", "self_tested", "inserted", "judged"]);
}

#[test]
fn a_set_without_a_canary_does_not_serve() {
    let root = Root::for_everybody();
    for family in fs::read_dir(set(&root)).unwrap() {
        let _ = fs::remove_file(family.unwrap().path().join("canary.toml"));
    }
    let kiosk = Kiosk::begin(root, None);
    let view = kiosk.is_out("self_test");
    let fault = view["fault"].as_str().unwrap();
    assert!(fault.contains("there is no canary in"), "{fault}");
    assert_eq!(results(&kiosk.told_of("self_tested", 1)), ["failed"]);
}

#[test]
fn newer_rules_that_fail_or_do_not_compile_leave_the_old_in_force_and_are_told() {
    let kiosk = Kiosk::start();
    let before = kiosk.told_of("self_tested", 1).pop().unwrap();
    let folder = add_a_rule_that_fails(&kiosk.root);
    kiosk.reload();
    let refused = |part: &'static str| {
        move |view: &Value| {
            assert!(view["out_of_service"].is_null(), "{view}");
            let why = view["rules_refused"].as_str()?;
            why.contains(part).then_some(())
        }
    };
    kiosk.until("the refusal", refused("rule newer: canary 1"));
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    let told = kiosk.told_of("self_tested", 2);
    assert_eq!(results(&told), ["passed", "failed"]);
    let rules = |entry: &Value| entry["event"]["rules"]["sha256"].clone();
    assert_ne!(rules(&told[1]), rules(&before));
    let answer = judged(&kiosk, 1);
    assert_eq!(answer["rules"]["sha256"], rules(&before), "{answer}");

    fs::write(
        folder.join("newer.yar"),
        "rule newer { condition: nonsense }",
    )
    .unwrap();
    kiosk.reload();
    kiosk.until("the refusal", refused("newer.yar"));
    fs::remove_dir_all(folder).unwrap();
    kiosk.reload();
    kiosk.until("the rules to be taken", |view| {
        view["rules_refused"].is_null().then_some(())
    });
    assert_eq!(
        results(&kiosk.told_of("self_tested", 3)).last(),
        Some(&"passed")
    );
    kiosk.verifies();
}

#[test]
fn rules_are_tested_again_after_as_many_scans_as_the_site_says() {
    let root = Root::for_everybody();
    policy(&root, "self_test_every_scans = 2");
    let kiosk = Kiosk::begin(root, None);
    kiosk.serves();
    for (name, tests) in [
        ("1-clean", 1),
        ("3-unregistered", 1),
        ("2-canary", 2),
        ("4-encrypted", 2),
    ] {
        let image = kiosk.insert_sample(name);
        kiosk.answer();
        kiosk.told_of("self_tested", tests);
        kiosk.remove(&image);
        kiosk.is_left();
    }
    assert_eq!(
        results(&kiosk.told_of("self_tested", 2)),
        ["passed", "passed"]
    );
}

#[test]
fn rules_are_to_be_renewed_then_too_old_and_expire() {
    let root = Root::for_everybody();
    issue(&root, "issued = \"2020-01-01\"");
    let kiosk = Kiosk::begin(root, None);
    kiosk.serves();
    let aged = |age: &'static str| move |view: &Value| (view["rules_age"] == age).then_some(());
    kiosk.until("the reminder", aged("aging"));
    policy(&kiosk.root, "age_days_max = 30");
    kiosk.reload();
    let view = kiosk.is_out("rules_stale");
    assert_eq!(view["rules_age"], "stale");
    let image = kiosk.insert_sample("1-clean");
    let answer = judged(&kiosk, 1);
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(codes(&answer), ["rules_stale"], "{answer}");
    kiosk.remove(&image);
    // Whatever the site allows, rules end when they say so.
    policy(&kiosk.root, "age_days_warn = 3000");
    kiosk.reload();
    kiosk.serves();
    kiosk.until("no reminder", aged("fresh"));
    issue(
        &kiosk.root,
        "issued = \"2020-01-01\"\nexpires = \"2020-02-01\"",
    );
    kiosk.reload();
    kiosk.is_out("rules_stale");
    kiosk.insert_sample("1-clean");
    assert_eq!(codes(&judged(&kiosk, 2)), ["rules_stale"]);
}

/// A daemon beside a scanner that can be made blind, and the file that does so.
fn blindable(root: &Root) -> (PathBuf, PathBuf) {
    let folder = root.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let here = media::repository().join("tests/flow/half_blind");
    for (from, to) in [
        (Path::new(env!("CARGO_BIN_EXE_kioskd")), "kioskd"),
        (
            Path::new(env!("CARGO_BIN_EXE_kiosk-scan")),
            "kiosk-scan.real",
        ),
        (here.as_path(), "kiosk-scan"),
    ] {
        fs::copy(from, folder.join(to)).unwrap();
    }
    (folder.join("kioskd"), folder.join("blind"))
}

#[test]
fn a_scanner_that_finds_nothing_or_does_not_start_fails_the_test() {
    let root = Root::for_everybody();
    let (program, blind) = blindable(&root);
    fs::write(&blind, "").unwrap();
    let kiosk = Kiosk::begin(root, Some(&program));
    let view = kiosk.is_out("self_test");
    let fault = view["fault"].as_str().unwrap();
    assert!(fault.ends_with("was not found"), "{fault}");
    let told = kiosk.told_of("self_tested", 1);
    assert_eq!(told[0]["event"]["faults"].as_array().unwrap().len(), 16);
    kiosk.insert_sample("1-clean");
    assert_eq!(codes(&judged(&kiosk, 1)), ["self_test_failed"]);
    // The rules are kept compiled, so that nothing but the scan needs the program.
    fs::remove_file(program.with_file_name("kiosk-scan.real")).unwrap();
    kiosk.reload();
    let told = kiosk.told_of("self_tested", 2);
    let faults = told[1]["event"]["faults"].to_string();
    assert!(
        faults.contains("did not come to its end") && faults.contains("was not examined"),
        "{faults}"
    );
    kiosk.is_out("self_test");
}

#[test]
fn a_test_that_fails_later_takes_the_pass_from_the_screen() {
    let root = Root::for_everybody();
    policy(&root, "self_test_every_scans = 2");
    let (program, blind) = blindable(&root);
    let kiosk = Kiosk::begin(root, Some(&program));
    kiosk.serves();
    let first = kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    fs::write(&blind, "").unwrap();
    let second = kiosk.insert_sample("2-canary");
    kiosk.is_out("self_test");
    let judged = kiosk.told_of("judged", 2);
    let passed = |entry: &&Value| entry["event"]["verdict"] == "pass";
    let passed = judged.iter().filter(passed).count();
    assert!(1 <= passed, "{judged:?}");
    for entry in kiosk.told_of("withdrawn", passed) {
        assert_eq!(codes(&entry["event"]), ["self_test_failed"], "{entry}");
    }
    for image in [first, second] {
        kiosk.remove(&image);
    }
    fs::remove_file(blind).unwrap();
    kiosk.reload();
    kiosk.serves();
    kiosk.verifies();
}

#[test]
fn the_shipped_rules_are_tested_by_hand_rule_by_rule_in_a_moment() {
    let root = Root::new();
    let mut command = root.kioskctl();
    let done = kiosk::run(command.args(["rules", "test", "--json"]));
    done.exits(0);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["passed"], true, "{report}");
    let rules = report["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 66);
    for rule in rules {
        let (canaries, misses) = (&rule["canaries"], &rule["near_misses"]);
        assert_eq!(canaries["found"], canaries["places"], "{rule}");
        assert!(2 <= canaries["places"].as_u64().unwrap(), "{rule}");
        assert_eq!(misses["found"], 0, "{rule}");
    }
    let took = report["milliseconds"].as_u64().unwrap();
    println!("{} specimens of 66 rules in {took} ms", report["specimens"]);
    assert!(took < 10_000, "{took} ms");

    change(&root, "autorun/canary.toml", "[[canary]]", "[[near_miss]]");
    let done = kiosk::run(root.kioskctl().args(["rules", "test"]));
    done.exits(2);
    assert!(
        done.stderr.contains("has a near miss and no canary"),
        "{}",
        done.stderr
    );
    add_a_rule_that_fails(&root);
    fs::remove_dir_all(set(&root).join("autorun")).unwrap();
    let done = kiosk::run(root.kioskctl().args(["rules", "test"]));
    done.exits(1);
    assert!(
        done.stdout.contains("! rule newer: canary 1"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("NOT passed"), "{}", done.stdout);
    let done = kiosk::run(
        root.kioskctl()
            .args(["rules", "test", "--rules", "/no/such"]),
    );
    done.exits(2);
}
