//! clamd as a second engine: what it finds counts, and what it does not look at is named.

mod daemon;

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::gate;
use crate::kiosk::{self, run};
use crate::media;
use crate::report::Report;
use daemon::{BOTH, Manner, OURS, Site, THEIRS, stand_before};

fn scan(site: &Site, more: &[&str]) -> Report {
    let rules = site.rules();
    let more = [&["--rules", &rules], more].concat();
    site.root.scan(&site.place("files"), &more)
}

/// Of each finding in a row's own bytes: its rule, who found it, and what it does.
fn said(row: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = row["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["member_of"].is_null());
    own.map(|finding| {
        (
            text(finding, "rule"),
            text(finding, "source"),
            text(finding, "tier"),
        )
    })
    .collect()
}

fn found(rule: &str, source: &str, tier: &str) -> (String, String, String) {
    (rule.to_owned(), source.to_owned(), tier.to_owned())
}

/// A file that a tool makes of this text.
fn made(site: &Site, name: &str, text: &str, line: &str) {
    fs::write(site.place("tmp/made.txt"), text).unwrap();
    let done = Command::new("sh")
        .args(["-ec", line])
        .current_dir(site.place("tmp"))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    fs::rename(site.place("tmp/out"), site.place("files").join(name)).unwrap();
}

#[test]
fn each_engine_finds_what_it_knows_and_is_named() {
    let site = Site::new();
    site.file("harmless.txt", "nothing\n");
    site.file("theirs.txt", format!("x {} x", THEIRS.concat()));
    site.file("ours.txt", format!("x {} x", OURS.concat()));
    site.file("both.txt", format!("x {} x", BOTH.concat()));
    let report = scan(&site, &[]);
    report.answers("stop", 1);
    assert_eq!(report.reasons(), ["matched"]);
    let theirs = found("Kiosk_Test_Theirs_1_UNOFFICIAL", "clamav", "block");
    let both = found("Kiosk_Test_Both_1_UNOFFICIAL", "clamav", "block");
    let ours = found("ours", "yara", "block");
    assert_eq!(said(report.row("theirs.txt")), [theirs]);
    assert_eq!(said(report.row("ours.txt")), std::slice::from_ref(&ours));
    assert_eq!(said(report.row("both.txt")), [ours, both]);
    assert_eq!(report.row("harmless.txt")["outcome"], "clean");
    let named = "theirs.txt: matched clamav: Kiosk_Test_Theirs_1_UNOFFICIAL";
    assert!(report.stderr.contains(named), "{}", report.stderr);
    let engine = &report.json["rules"]["engines"][0];
    assert_eq!(engine["name"], "clamav");
    assert!(
        engine["version"].as_str().unwrap().contains('.'),
        "{engine}"
    );
}

#[test]
fn a_medium_that_both_engines_have_seen_passes_and_its_entry_names_them() {
    let site = Site::new();
    let rules = site.rules();
    let more = ["--rules", &rules, "--registered-as", "M-0001"];
    let report = site.root.recorded(&media::sample("1-clean"), &more);
    report.answers("pass", 0);
    let rows = report.rows().len();
    // Two of the contents were not the medium's.
    let asked = site.answered() - 2;
    assert!(rows <= asked, "asked about {asked} contents of {rows}");
    let entries = site.root.entries();
    let judged = entries
        .iter()
        .find(|entry| entry["event"]["event"] == "judged");
    let engine = &judged.unwrap()["event"]["rules"]["engines"][0];
    assert_eq!(engine["name"], "clamav", "{entries:?}");
}

#[test]
fn what_does_not_fit_memory_is_shown_to_clamd_whole() {
    let site = Site::new();
    let long = "0123456789abcdef".repeat(200_000);
    site.file("theirs.bin", format!("{long}{}", THEIRS.concat()));
    site.file("harmless.bin", &long);
    let limits = site.place("limits.toml");
    fs::write(&limits, "memory_bytes_max = 1000000\n").unwrap();
    let report = scan(&site, &["--limits", limits.to_str().unwrap()]);
    let theirs = found("Kiosk_Test_Theirs_1_UNOFFICIAL", "clamav", "block");
    assert_eq!(said(report.row("theirs.bin")), [theirs]);
    assert_eq!(report.row("harmless.bin")["outcome"], "clean");
}

#[test]
fn limits_and_passwords_of_clamd_are_gaps() {
    let site = Site::new();
    let deep = "cp made.txt 0; for n in $(seq 1 24); do rm -f $n.zip; zip -q $n.zip $((n-1))* ; \
                rm $((n-1))*; mv $n.zip $n; done; mv 24 out";
    made(&site, "deep.zip", "deep\n", deep);
    made(
        &site,
        "locked.zip",
        "locked\n",
        "zip -q -P secret out.zip made.txt; mv out.zip out",
    );
    let report = scan(&site, &[]);
    report.answers("incomplete", 4);
    let limit = found("clamav_limit", "clamav", "incomplete");
    assert!(
        said(report.row("deep.zip")).contains(&limit),
        "{}",
        report.summary()
    );
    assert_eq!(report.row("deep.zip")["gap"], "limit");
    let locked = found("clamav_encrypted", "clamav", "incomplete");
    assert!(
        said(report.row("locked.zip")).contains(&locked),
        "{}",
        report.summary()
    );
    assert_eq!(report.row("locked.zip")["gap"], "encrypted");
}

#[test]
fn what_not_everybody_wants_is_what_the_site_says() {
    let site = Site::new();
    site.file("unwanted.txt", ["KIOSK-MARKER-", "UNWANTED"].concat());
    let unwanted = |tier| found("PUA_Kiosk_Test_1_UNOFFICIAL", "clamav", tier);
    let report = scan(&site, &[]);
    assert_eq!(report.status, 1, "{}", report.summary());
    assert_eq!(said(report.row("unwanted.txt")), [unwanted("block")]);
    site.policy("pua = \"notice\"");
    let report = scan(&site, &[]);
    assert_eq!(report.status, 0, "{}", report.summary());
    assert_eq!(said(report.row("unwanted.txt")), [unwanted("notice")]);
}

#[test]
fn members_are_shown_to_clamd_unless_the_site_says_otherwise() {
    let site = Site::new();
    // clamd itself does not open this kind of container.
    made(
        &site,
        "theirs.lz",
        &THEIRS.concat(),
        "lzip -c made.txt > out",
    );
    let report = scan(&site, &[]);
    assert_eq!(report.status, 1, "{}", report.summary());
    let rows = report.rows().iter();
    let member = rows.filter(|row| row["kind"] == "member").map(said);
    let theirs = found("Kiosk_Test_Theirs_1_UNOFFICIAL", "clamav", "block");
    assert_eq!(member.collect::<Vec<_>>(), [[theirs]]);
    site.policy("members = false");
    let report = scan(&site, &[]);
    assert_eq!(report.status, 0, "{}", report.summary());
}

/// Files enough for something to happen in their middle.
fn many(site: &Site) {
    for number in 0..400 {
        site.file(&format!("{number}.txt"), format!("{number}\n").repeat(2000));
    }
}

/// Starts a scan and stops it once clamd has answered about some contents.
fn midway(site: &Site) -> kiosk::Running {
    many(site);
    let mut command = site.root.kioskctl();
    command.arg("scan").arg(site.place("files"));
    command.args(["--json", "--no-ledger", "--rules", &site.rules()]);
    let running = kiosk::start(&mut command);
    kiosk::until("some answers", || (20 <= site.answered()).then_some(()));
    running.signal(Signal::SIGSTOP);
    running
}

fn outcomes(report: &Report) -> (usize, usize) {
    let unread = |row: &&Value| row["gap"] == "unreadable";
    let clean = report.rows().iter().filter(|row| row["outcome"] == "clean");
    (clean.count(), report.rows().iter().filter(unread).count())
}

#[test]
fn clamd_killed_in_the_middle_leaves_the_rest_unexamined() {
    let mut site = Site::new();
    let running = midway(&site);
    site.kill();
    running.signal(Signal::SIGCONT);
    let report = Report::checked(&running.done());
    report.answers("incomplete", 4);
    assert_eq!(report.reasons(), ["unreadable"]);
    let (clean, unread) = outcomes(&report);
    assert_eq!(clean + unread, 400);
    assert!(
        0 < clean && 0 < unread,
        "{clean} clean, {unread} not examined"
    );
}

#[test]
fn clamd_started_anew_in_the_middle_is_another_that_nobody_tried_out() {
    let mut site = Site::new();
    let running = midway(&site);
    site.kill();
    let conf = site.conf(&[("AlertExceedsMax yes", "AlertExceedsMax no")]);
    site.start(&conf);
    running.signal(Signal::SIGCONT);
    let report = Report::checked(&running.done());
    assert_eq!(report.status, 4, "{}", report.summary());
    assert!(
        report.stdout.contains("started anew"),
        "{}",
        report.summary()
    );
}

#[test]
fn a_clamd_that_stops_making_sense_leaves_its_contents_unexamined() {
    for (manner, gap) in [
        (Manner::Silent, "timeout"),
        (Manner::Rubbish, "unreadable"),
        (Manner::Closes, "unreadable"),
    ] {
        let mut site = Site::without();
        site.start_at(&site.conf(&[]), "clamd.real");
        stand_before(&site, manner, 1, None);
        site.policy("timeout_seconds = 1");
        site.file("a.txt", "harmless\n");
        let report = scan(&site, &[]);
        report.answers("incomplete", 4);
        assert_eq!(report.row("a.txt")["gap"], gap, "{}", report.summary());
        assert_eq!(said(report.row("a.txt"))[0].1, "clamav");
    }
}

/// Fails unless a scan says that clamd is out of use, and why.
#[track_caller]
fn out_of_use(site: &Site, why: &str) {
    site.file("a.txt", "harmless\n");
    let report = scan(site, &[]);
    report.answers("incomplete", 2);
    assert_eq!(report.reasons()[0], "self_test_failed");
    assert_eq!(report.row("a.txt")["outcome"], "unchecked");
    assert!(report.stderr.contains(why), "{}", report.stderr);
}

#[test]
fn without_clamd_nothing_passes_not_even_nothing() {
    let site = Site::without();
    let report = scan(&site, &[]);
    report.answers("incomplete", 2);
    out_of_use(&site, "cannot be reached");
    fs::remove_file(site.place("clamd.conf")).unwrap();
    out_of_use(&site, "clamd.conf");
}

#[test]
fn a_clamd_that_makes_no_sense_from_the_start_is_out_of_use() {
    for manner in [Manner::Rubbish, Manner::Closes] {
        let site = Site::without();
        stand_before(&site, manner, 0, None);
        out_of_use(&site, "asked for PING");
    }
}

#[test]
fn a_clamd_that_calls_what_passes_its_limits_ok_is_refused_at_start() {
    // Its configuration says so.
    let mut site = Site::new();
    let off = [("AlertExceedsMax yes", "AlertExceedsMax no")];
    let conf = site.conf(&off);
    fs::write(site.place("clamd.conf"), &conf).unwrap();
    out_of_use(&site, "AlertExceedsMax in line");
    // It runs like that, and its configuration was mended since.
    site.kill();
    site.start(&conf);
    fs::write(site.place("clamd.conf"), site.conf(&[])).unwrap();
    out_of_use(&site, "past its limits");
}

#[test]
fn a_clamd_that_knows_nothing_is_out_of_use() {
    let mut site = Site::without();
    fs::write(
        site.place("db/test.ndb"),
        "Other-1:0:*:00112233445566778899\n",
    )
    .unwrap();
    site.start(&site.conf(&[]));
    out_of_use(&site, "does it have a database?");
}

#[test]
fn a_database_that_is_too_old_or_of_no_known_age_gives_no_pass() {
    let old = "ClamAV 1.4.3/27000/Thu Nov 20 09:52:16 2025";
    for version in [Some(old), None] {
        let mut site = Site::without();
        site.start_at(&site.conf(&[]), "clamd.real");
        stand_before(&site, Manner::Honest, 0, version);
        site.file("a.txt", "harmless\n");
        site.policy("age_days_max = 7");
        let report = scan(&site, &[]);
        report.answers("incomplete", 2);
        assert_eq!(report.reasons(), ["rules_stale"]);
        assert_eq!(report.row("a.txt")["outcome"], "clean");
        let engine = &report.json["rules"]["engines"][0];
        let issued = version.map(|_| "2025-11-20");
        assert_eq!(engine["issued"].as_str(), issued, "{engine}");
        site.policy("");
        assert_eq!(scan(&site, &[]).status, 0);
    }
}

#[test]
fn the_gate_is_out_of_service_until_clamd_works_and_scans_with_it() {
    let mut site = Site::without();
    let kiosk = gate::Kiosk::with(|root| {
        let policy = "etc/media-kiosk/kiosk.toml";
        fs::copy(site.root.path().join(policy), root.path().join(policy)).unwrap();
    });
    kiosk.until("clamd to be missed", |view| {
        (view["out_of_service"] == "rules").then_some(())
    });
    kiosk.insert_sample("1-clean");
    let answer = kiosk.answer();
    assert_eq!(answer["verdict"], "incomplete", "{answer}");
    assert_eq!(gate::codes(&answer)[0], "self_test_failed", "{answer}");
    kiosk.remove("1-clean.img");
    site.start(&site.conf(&[]));
    kiosk.until("service", |view| {
        view["out_of_service"].is_null().then_some(())
    });
    kiosk.insert_sample("1-clean");
    let answer = kiosk.until("a pass", |view| {
        let lanes = view["lanes"].as_array().unwrap();
        let judged = lanes.iter().filter_map(|lane| lane["stage"].get("judged"));
        judged
            .into_iter()
            .find(|answer| answer["verdict"] == "pass")
            .cloned()
    });
    assert!(answer["entry"]["number"].as_u64().is_some(), "{answer}");
    let judged = kiosk.told("judged");
    let engines = |entry: &Value| entry["event"]["rules"]["engines"].clone();
    assert!(engines(&judged[0]).is_null(), "{judged:?}");
    assert_eq!(engines(&judged[1])[0]["name"], "clamav", "{judged:?}");
    kiosk.verifies();
}

#[test]
fn a_wrong_policy_for_clamd_is_refused_with_its_place() {
    let site = Site::without();
    site.policy("timeout = 3");
    let mut command = site.root.kioskctl();
    command
        .args(["scan", "--no-ledger"])
        .arg(site.place("files"));
    let done = run(&mut command);
    done.exits(2);
    assert!(done.stderr.contains("kiosk.toml"), "{}", done.stderr);
}
