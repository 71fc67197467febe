//! Waivers, by hand and at the kiosk; and what was done with media that were stopped.

use serde_json::{Value, json};

use crate::gate::{Kiosk, connect, daemon, record, say};
use crate::kiosk::{Done, Root, run};
use crate::media;
use crate::report::Report;

/// A day that waivers may reach.
fn soon() -> String {
    let days = std::process::Command::new("date")
        .args(["-u", "-d", "+30 days", "+%F"])
        .output();
    String::from_utf8(days.unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

/// `kioskctl` with these arguments, and the ledger of this root by its folder.
#[track_caller]
fn kioskctl(root: &Root, arguments: &[&str]) -> Done {
    let mut command = root.kioskctl();
    run(command.args(arguments).arg("--ledger").arg(root.ledger()))
}

/// The canary sample in a file of its own: another test that links the same file would change
/// it under the scan.
fn own_canary(root: &Root) -> std::path::PathBuf {
    let own = root.path().join("own-canary.img");
    if !own.exists() {
        std::fs::copy(media::sample("2-canary"), &own).unwrap();
    }
    own
}

/// The canary sample judged as its registered medium, and recorded.
#[track_caller]
fn canary(root: &Root) -> Report {
    root.recorded(&own_canary(root), &["--registered-as", "M-0002"])
}

/// Hash and rule of everything that blocks in the canary sample, in its own bytes: the test
/// file, and the archive around it as it lies.
fn blocked(report: &Report) -> Vec<(String, String)> {
    let own = |finding: &&Value| finding["member_of"].is_null() && finding["tier"] == "block";
    let found = report.rows().iter().filter_map(|row| {
        let finding = row["findings"].as_array().unwrap().iter().find(own)?;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Some((text(&row["sha256"]), text(&finding["rule"])))
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 2, "{found:?}");
    found
}

/// The arguments of a waiver that two people answer for.
fn add<'a>(hash: &'a str, rule: &'a str, until: &'a str) -> Vec<&'a str> {
    vec![
        "waiver",
        "add",
        "--sha256",
        hash,
        "--rule",
        rule,
        "--until",
        until,
        "--reason",
        "signed by its maker, case 7",
        "--approved-by",
        "A. Sato",
        "--second",
        "B. Ito",
    ]
}

#[track_caller]
fn waive(root: &Root, hash: &str, rule: &str) -> u64 {
    let done = kioskctl(root, &add(hash, rule, &soon()));
    done.exits(0);
    let entry = done.stdout.strip_prefix("waiver ").unwrap();
    entry.split(':').next().unwrap().parse().unwrap()
}

#[test]
fn a_waived_content_in_a_nested_archive_passes_by_hand_until_the_waiver_is_ended() {
    let root = Root::new();
    let stopped = canary(&root);
    stopped.answers("stop", 1);
    let [(tar, rule), (hash, _)] = blocked(&stopped).try_into().unwrap();
    let first = waive(&root, &tar, &rule);
    assert_eq!(canary(&root).verdict(), "stop", "one of two is waived");
    let entry = waive(&root, &hash, &rule);

    let passed = canary(&root);
    passed.answers("pass", 0);
    assert_eq!(passed.json["waivers"], json!([first, entry]));
    let counts = |report: &Report| report.json["totals"]["matched"].as_u64().unwrap();
    assert_eq!(
        counts(&passed),
        counts(&stopped),
        "what was found stays found"
    );
    assert!(
        passed.stderr.contains(&format!("with waiver {entry}")),
        "{}",
        passed.stderr
    );
    let number = passed.json["entry"]["number"].to_string();
    let shown = kioskctl(&root, &["log", "show", &number]);
    assert!(
        shown
            .stdout
            .contains(&format!("{rule} is waived by entry {entry}")),
        "{}",
        shown.stdout
    );
    assert!(
        !shown.stdout.contains("no known threat found"),
        "{}",
        shown.stdout
    );

    let bare = root.scan(&own_canary(&root), &["--registered-as", "M-0002"]);
    assert_eq!(bare.verdict(), "stop", "without its ledger no waiver holds");
    kioskctl(
        &root,
        &["waiver", "end", &entry.to_string(), "--by", "C. Abe"],
    )
    .exits(0);
    assert_eq!(canary(&root).verdict(), "stop");
    kioskctl(&root, &["waiver", "end", &entry.to_string()]).exits(2);
    kioskctl(&root, &["log", "verify"]).exits(0);
}

#[test]
fn a_waiver_for_another_content_rule_or_medium_changes_nothing() {
    let root = Root::new();
    let [(tar, rule), (hash, _)] = blocked(&canary(&root)).try_into().unwrap();
    waive(&root, &tar, &rule);
    waive(&root, &"0".repeat(64), &rule);
    waive(&root, &hash, "another_rule");
    let until = soon();
    for other in [
        ["--medium", "M-0001"],
        ["--source", "clamav"],
        ["--of", "b.yar"],
    ] {
        let more = add(&hash, &rule, &until);
        kioskctl(&root, &[more.as_slice(), &other].concat()).exits(0);
    }
    let stopped = canary(&root);
    stopped.answers("stop", 1);
    // The one that is for something is named, and it is not enough.
    assert_eq!(stopped.json["waivers"].as_array().unwrap().len(), 1);
}

#[test]
fn a_waiver_that_is_none_is_refused_by_name() {
    let root = Root::new();
    let hash = "1".repeat(64);
    let until = soon();
    let alone = |arguments: &[&str]| {
        let done = kioskctl(&root, arguments);
        done.exits(2);
        done.stderr
    };
    let mut twice = add(&hash, "a_rule", &until);
    *twice.last_mut().unwrap() = "a.  sato";
    assert!(alone(&twice).contains("names one person twice"));
    assert!(alone(&add(&hash, "a_rule", "2099-01-01")).contains("longer than waivers may"));
    assert!(alone(&add(&hash, "a_rule", "2020-01-01")).contains("ended already"));
    assert!(alone(&add(&hash, "more_findings", &until)).contains("no rule that can be waived"));
    let of = |source, rule| [add(&hash, rule, &until), vec!["--source", source]].concat();
    assert!(alone(&of("list", "hash_blocked")).contains("of which list"));
    assert!(alone(&of("structure", "archive_path_escapes")).contains("a name or a place"));
    alone(&of("volume", "a_rule"));
    assert!(alone(&add("12", "a_rule", &until)).contains("64 hexadecimal digits"));
    // A ledger that was never written to has no entries; the refusals left none.
    assert_eq!(root.entries().len(), 0);
}

#[test]
fn waivers_are_listed_for_people_programs_and_spreadsheets() {
    let root = Root::new();
    let hash = "1".repeat(64);
    let first = waive(&root, &hash, "a_rule");
    waive(&root, &hash, "b_rule");
    kioskctl(&root, &["waiver", "end", &first.to_string(), "--by", "=C"]).exits(0);
    let list = |more: &[&str]| {
        let done = kioskctl(&root, &[&["waiver", "list"], more].concat());
        done.exits(0);
        done.stdout
    };
    let objects = list(&["--json"]);
    let states: Vec<Value> = objects
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["state"].clone())
        .collect();
    assert_eq!(states, ["ended", "in force"]);
    let cells = list(&["--csv"]);
    assert_eq!(cells.lines().count(), 3, "{cells}");
    assert!(
        cells.contains("\"signed by its maker, case 7\",\"'=C\""),
        "{cells}"
    );
    assert!(list(&[]).contains("A. Sato and B. Ito"));
}

#[test]
fn what_was_found_is_named_in_the_language_of_the_reader() {
    let root = Root::new();
    for (locale, title) in [
        ("ja_JP.UTF-8", "EICARテストファイル"),
        ("C.UTF-8", "EICAR test file"),
    ] {
        let mut command = root.kioskctl();
        let image = own_canary(&root);
        let done = run(command
            .env("LC_ALL", locale)
            .arg("scan")
            .arg(image)
            .arg("--no-ledger"));
        done.exits(1);
        assert!(
            done.stdout.contains(&format!("\"{title}\"")),
            "{}",
            done.stdout
        );
        assert!(
            done.stdout.contains("docs/保守.zip > update.tar.gz"),
            "{}",
            done.stdout
        );
    }
}

#[test]
fn at_the_kiosk_a_waived_medium_passes_and_says_with_which_waiver() {
    let kiosk = Kiosk::start();
    let image = kiosk.insert_sample("2-canary");
    let stopped = kiosk.answer();
    assert_eq!(stopped["verdict"], "stop");
    assert!(
        stopped["first"]["title"]["ja"]
            .as_str()
            .unwrap()
            .contains("EICAR"),
        "{stopped}"
    );
    kiosk.remove(&image);
    let by_hand = Root::new();
    for (hash, rule) in blocked(&canary(&by_hand)) {
        // Over the socket of the kiosk's own writer, while kioskd is connected to it.
        let mut command = kiosk.root.kioskctl();
        run(command.args(add(&hash, &rule, &soon()))).exits(0);
    }
    kiosk.is_left();
    kiosk.insert_sample("2-canary");
    let passed = kiosk.answer();
    assert_eq!(passed["verdict"], "pass", "{passed}");
    let waived = kiosk.told("waived");
    let entries: Vec<_> = waived.iter().map(|entry| entry["number"].clone()).collect();
    assert_eq!(passed["waivers"], json!(entries), "{passed}");
    assert_eq!(kiosk.told("judged")[1]["event"]["waivers"], json!(entries));
    kiosk.verifies();
}

fn choice(insertion: u64, sequence: u64, choice: &str) -> Vec<u8> {
    let choice = json!({ "insertion": insertion, "sequence": sequence, "choice": choice });
    serde_json::to_vec(&json!({ "case": choice })).unwrap()
}

/// The insertion that is asked about, and the view in which it is.
#[track_caller]
fn asked(kiosk: &Kiosk) -> (u64, u64) {
    kiosk.until("the question", |view| {
        let lanes = view["lanes"].as_array().unwrap();
        let asking = lanes
            .iter()
            .find(|lane| lane["asking"]["answered"].is_null())?;
        Some((
            asking["asking"]["insertion"].as_u64()?,
            view["sequence"].as_u64()?,
        ))
    })
}

#[test]
fn after_stop_the_kiosk_asks_once_what_was_done_and_believes_only_what_it_offered() {
    let kiosk = Kiosk::start();
    let image = kiosk.insert_sample("3-unregistered");
    let (insertion, sequence) = asked(&kiosk);
    for wrong in [
        choice(insertion + 1, sequence, "kept"),
        choice(insertion, 0, "kept"),
        choice(insertion, sequence + 100_000, "kept"),
    ] {
        say(&kiosk.screen, &wrong);
    }
    let stranger = connect(&kiosk.root);
    say(&stranger, b"{\"case\":\"burnt\"}");
    kiosk.remove(&image);
    // The question stays when the medium is out, and none of that was an answer.
    let waiting = kiosk.until("the removal", |view| {
        let lane = &view["lanes"][0];
        lane["stage"].get("removed").map(|_| lane["asking"].clone())
    });
    assert_eq!(waiting["answered"], Value::Null, "{waiting}");
    assert_eq!(kiosk.told("mitigated").len(), 0);
    say(&kiosk.screen, &choice(insertion, sequence, "handed_over"));
    say(&kiosk.screen, &choice(insertion, sequence, "kept"));
    kiosk.until("the recorded answer", |view| {
        let answered = &view["lanes"][0]["asking"]["answered"];
        (answered == "handed_over").then_some(())
    });
    kiosk.until("the end of the answer", |view| {
        (view["lanes"] == json!([]) && view["open_cases"] == 0).then_some(())
    });
    let told = kiosk.told("mitigated");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["event"]["action"], "handed_over");
    assert_eq!(told[0]["event"]["by"], "kiosk");
    kiosk.verifies();
}

#[test]
fn neither_pass_nor_not_finished_asks_anything() {
    let kiosk = Kiosk::start();
    for name in ["1-clean", "4-encrypted"] {
        let image = kiosk.insert_sample(name);
        let lane = kiosk.until("an answer", |view| {
            let lanes = view["lanes"].as_array().unwrap();
            lanes
                .iter()
                .find(|lane| lane["stage"].get("judged").is_some())
                .cloned()
        });
        assert!(lane.get("asking").is_none(), "{lane}");
        kiosk.remove(&image);
        kiosk.is_left();
    }
}

#[test]
fn an_open_case_outlives_the_kiosk_and_staff_close_it_by_the_receipt() {
    let mut kiosk = Kiosk::start();
    let image = kiosk.insert_sample("3-unregistered");
    let receipt = kiosk.answer()["entry"]["number"].to_string();
    kiosk.remove(&image);
    kiosk.until("the removal", |view| {
        view["lanes"][0]["stage"].get("removed").map(|_| ())
    });
    for child in [&mut kiosk.daemon, &mut kiosk.record] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    kiosk.record = record(&kiosk.root);
    kiosk.daemon = daemon(&kiosk.root, kiosk.bay.path());
    kiosk.screen = connect(&kiosk.root);
    kiosk.until("the open case", |view| {
        (view["lanes"] == json!([]) && view["open_cases"] == 1).then_some(())
    });
    let close = |action: &str| {
        let mut command = kiosk.root.kioskctl();
        run(command.args([
            "log", "close", &receipt, "--action", action, "--by", "C. Abe",
        ]))
    };
    close("kept").exits(0);
    assert!(
        close("given-back")
            .exits(2)
            .stderr
            .contains("its case is closed")
    );
    kiosk.until("no open case", |view| {
        (view["open_cases"] == 0).then_some(())
    });
    let told = kiosk.told("mitigated");
    assert_eq!(
        (told.len(), told[0]["event"]["by"].as_str()),
        (1, Some("C. Abe"))
    );
    kiosk.verifies();
}
