//! Registering media, and the list that it leaves.

use std::fs;
use std::path::PathBuf;

use broker::Paths;
use broker::recorder::Recorder;
use serde_json::Value;
use wire::ledger::Event;

use crate::gate::Kiosk;
use crate::kiosk::{self, Done, Root, run, start};

/// What only people know of a medium.
const SAID: [&str; 8] = [
    "--owner",
    "設備課 佐藤",
    "--company",
    "保守会社B",
    "--valid-until",
    "2099-03-31",
    "--storage-place",
    "棚 2",
];

#[track_caller]
fn media(root: &Root, arguments: &[&str]) -> Done {
    let mut command = root.kioskctl();
    run(command
        .arg("media")
        .args(arguments)
        .arg("--ledger")
        .arg(root.ledger()))
}

/// What the command says when it does nothing, which it must not have done.
#[track_caller]
fn refused(root: &Root, arguments: &[&str]) -> String {
    let before = (text(root), told(root).len());
    let done = media(root, arguments);
    done.exits(2);
    assert_eq!((text(root), told(root).len()), before, "{arguments:?}");
    assert_eq!(done.stdout, "", "{arguments:?}");
    done.stderr
}

fn list(root: &Root) -> PathBuf {
    root.path().join("etc/media-kiosk/allowlist.toml")
}

fn text(root: &Root) -> String {
    fs::read_to_string(list(root)).unwrap()
}

/// The ledger's entries about lists; none without a ledger.
fn told(root: &Root) -> Vec<Value> {
    if !root.ledger().exists() {
        return Vec::new();
    }
    let entries = root.entries().into_iter();
    let is_it = |entry: &Value| entry["event"]["event"] == "list_changed";
    entries
        .filter(is_it)
        .map(|entry| entry["event"].clone())
        .collect()
}

#[track_caller]
fn verifies(root: &Root) {
    run(root
        .kioskctl()
        .args(["log", "verify", "--ledger"])
        .arg(root.ledger()))
    .exits(0);
}

/// A side file of the virtual bay with this serial number.
fn claim(root: &Root, serial: &str) -> String {
    let path = root.path().join(format!("{serial}.claim.toml"));
    let text = format!(
        "vid = \"0951\"\npid = \"1666\"\nserial = \"{serial}\"\nmanufacturer = \"Kingston\"\n\
         product = \"DataTraveler\"\ninterfaces = [\"08:06:50\"]\ncapacity_bytes = 16008609792\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A CSV file of so many media, with what spreadsheets stumble over.
fn two_hundred() -> String {
    let mut text = "id,vid,pid,serial,interfaces,capacity_bytes,owner,company,valid_from,\
                    valid_until,status,storage_place,note\r\n"
        .to_owned();
    for number in 1..=200 {
        let company = format!("会社{}", number % 4);
        let until = if number % 10 == 0 {
            "2026/3/1"
        } else {
            "2099-03-31"
        };
        let status = if number % 50 == 0 {
            "revoked"
        } else {
            "active"
        };
        let note = match number % 5 {
            0 => "",
            1 => "\"comma, and \"\"quotes\"\"\"",
            2 => "'=1+1",
            3 => "plain",
            _ => "''quoted",
        };
        text += &format!(
            "K-{number:03},0951,1666,SN{number:05},08:06:50,16008609792,山田,{company},2020-01-01,\
             {until},{status},棚 {number},{note}\r\n"
        );
    }
    text
}

#[test]
fn two_hundred_media_of_a_csv_file_are_registered_in_one_command_and_exported_again() {
    let root = Root::new();
    let before = text(&root);
    let csv = root.path().join("two-hundred.csv");
    fs::write(&csv, two_hundred()).unwrap();
    let csv = csv.to_str().unwrap();

    let dry = media(&root, &["import", csv, "--dry-run"]);
    dry.exits(0);
    assert_eq!(dry.stdout.matches("add     K-").count(), 200);
    assert!(
        dry.stdout
            .ends_with("200 lines: would add 200 and change 0; nothing is done\n")
    );
    assert_eq!((text(&root), told(&root).len()), (before.clone(), 0));

    let done = media(&root, &["import", csv]);
    done.exits(0);
    assert_eq!(done.stdout, "200 lines: added 200 and changed 0: entry 1\n");
    assert!(text(&root).starts_with(&before), "what was there stays");
    let [change] = told(&root).try_into().unwrap();
    // All by name, and what fits of their fields.
    assert_eq!(change["changed"].as_array().unwrap().len(), 200);
    assert!(change["more"].is_null() && change["changed"][0]["fields"].is_array());

    let lines = |arguments: &[&str]| {
        let done = media(&root, &[&["list"], arguments].concat());
        done.exits(0);
        done.stdout.lines().count()
    };
    assert_eq!(lines(&["--json"]), 203);
    assert_eq!(lines(&["--json", "--company", "会社1"]), 50);
    assert_eq!(lines(&["--json", "--status", "revoked"]), 4);
    assert_eq!(lines(&["--json", "--status", "expired"]), 16);
    assert_eq!(lines(&["--json", "--status", "overdue"]), 0);
    assert_eq!(lines(&["--json", "--expires-within", "3650"]), 0);
    assert_eq!(lines(&["--csv", "--company", "会社2"]), 51);
    assert_eq!(lines(&["--status", "active"]), 184);

    let (first, second) = (
        root.path().join("first.csv"),
        root.path().join("second.csv"),
    );
    media(&root, &["export", first.to_str().unwrap()]).exits(0);
    let (as_it_is, entries) = (text(&root), told(&root).len());
    let again = media(&root, &["import", first.to_str().unwrap()]);
    again.exits(0);
    assert_eq!(again.stdout, "203 lines: nothing to change\n");
    assert_eq!((text(&root), told(&root).len()), (as_it_is, entries));
    media(&root, &["export", second.to_str().unwrap()]).exits(0);
    let first = fs::read_to_string(first).unwrap();
    assert_eq!(first, fs::read_to_string(second).unwrap());
    assert!(first.starts_with("\u{FEFF}id,vid,pid,identity,serial,"));
    assert!(first.contains(",'=1+1\r\n") && first.contains(",''quoted\r\n"));
    assert!(text(&root).contains("note = \"=1+1\"\n"));

    // One cell that a person changes is one field that changes.
    let edited = first.replace("K-007,0951,1666,,SN00007", "K-007,0951,1666,,SN00007X");
    let path = root.path().join("edited.csv");
    fs::write(&path, edited).unwrap();
    let done = media(
        &root,
        &["import", path.to_str().unwrap(), "--reason", "misread"],
    );
    assert_eq!(done.stdout, "203 lines: added 0 and changed 1: entry 2\n");
    let change = &told(&root)[1];
    assert_eq!(change["reason"], "misread");
    assert_eq!(
        change["changed"],
        serde_json::json!([{ "kind": "medium", "id": "K-007", "change": "edited", "fields": [
            { "key": "serial", "before": "\"SN00007\"", "after": "\"SN00007X\"" } ] }])
    );
    verifies(&root);
}

#[test]
fn every_bad_line_of_a_csv_file_is_named_and_then_nothing_is_changed() {
    let root = Root::new();
    let path = root.path().join("bad.csv");
    let import = |text: &[u8]| {
        fs::write(&path, text).unwrap();
        refused(&root, &["import", path.to_str().unwrap()])
    };
    let head = "id,vid,pid,serial,interfaces,capacity_bytes,owner,company,valid_from,valid_until,\
                status,storage_place\n";
    let row = |id: &str, vid: &str, serial: &str, until: &str| {
        format!("{id},{vid},1666,{serial},08:06:50,1,o,c,2026-01-01,{until},active,p\n")
    };
    let good = "2099-01-01";
    let bad = [
        head.to_owned(),
        row("A-1", "951", "1", good),
        row("A-2", "0951", "2", "1.4.2027"),
        row("A-2", "0951", "3", good),
        row("", "0951", "4", good),
        row("A-5", "0951", "KIOSK-TRIAL-0001", good),
        row("A-6", "0951", "6", good),
        row("A-7", "0951", "6", good),
        "A-8,0951\n".to_owned(),
    ];
    let said = import(bad.concat().as_bytes());
    let name = path.display();
    // A line that is none is named before its cells are looked at.
    assert!(
        said.contains(&format!("{name}:9: 2 cells, and the head line names 12")),
        "{said}"
    );
    let said = import(bad[..8].concat().as_bytes());
    for (line, what) in [
        (2, "vid: a USB id must be four hexadecimal digits"),
        (3, "valid_until: \"1.4.2027\" is no day of the calendar"),
        (4, "A-2 is in line 3 already"),
        (5, "id: nothing is said"),
        (6, "vid, pid and serial are that of M-0001"),
        (8, "vid, pid and serial are those of line 7"),
    ] {
        assert!(
            said.contains(&format!("{name}:{line}: {what}")),
            "{line} {what}: {said}"
        );
    }
    assert!(said.ends_with("nothing is changed\n"), "{said}");
    assert_eq!(said.matches("bad.csv:").count(), 6, "{said}");

    assert!(import(b"id,vid\n\x8f\x90").contains(":2: the text is not UTF-8"));
    assert!(import(b"id,vid,vid\n").contains(":1: the column vid is there twice"));
    assert!(import(b"id,serail\n").contains(":1: \"serail\" is no key of the list"));
    assert!(import(b"vid,pid\n").contains(":1: there is no column id"));
    assert!(import(b"").contains(":1: there is no column id"));
    media(&root, &["revoke", "M-0001", "--reason", "broken"]).exits(0);
    assert!(import(b"id,status\nM-0001,active\n").contains(":2: status: M-0001 was withdrawn"));
    assert!(refused(&root, &["import", "/nowhere.csv"]).contains("cannot read /nowhere.csv"));
}

#[test]
fn a_medium_is_registered_with_what_it_says_and_what_people_say() {
    let root = Root::new();
    let claim = claim(&root, "S-77");
    let done = media(
        &root,
        &[
            &["add", "--from-claim", &claim, "--valid-from", "2026-04-01"],
            &SAID[..],
        ]
        .concat(),
    );
    done.exits(0);
    assert_eq!(done.stdout, "M-0005 registered until 2099-03-31: entry 1\n");
    let expected = "\n\n[[medium]]\nid = \"M-0005\"\nvid = \"0951\"\npid = \"1666\"\nserial = \"S-77\"\n\
                    manufacturer = \"Kingston\"\nproduct = \"DataTraveler\"\n\
                    interfaces = [\"08:06:50\"]\ncapacity_bytes = 16008609792\n\
                    owner = \"設備課 佐藤\"\ncompany = \"保守会社B\"\nvalid_from = 2026-04-01\n\
                    valid_until = 2099-03-31\nstatus = \"active\"\nstorage_place = \"棚 2\"\n";
    assert!(text(&root).ends_with(expected), "{}", text(&root));
    let [change] = told(&root).try_into().unwrap();
    assert_eq!(change["list"], "media");
    assert_eq!(change["by"]["uid"], nix::unistd::getuid().as_raw());

    let done = media(&root, &["edit", "M-0005", "--owner", "B", "--note", "n"]);
    assert_eq!(done.stdout, "M-0005 changed: entry 2\n");
    media(
        &root,
        &["lost", "M-0005", "--reason", "not found at the count"],
    )
    .exits(0);
    let back = [
        "edit",
        "M-0005",
        "--status",
        "active",
        "--reason",
        "found again",
    ];
    let done = media(&root, &[&back[..], &["--second", "B. Ito"]].concat());
    done.exits(0);
    let change = &told(&root)[3];
    assert_eq!(
        (&change["second"], &change["reason"]),
        (&"B. Ito".into(), &"found again".into())
    );
    let shown = media(&root, &["show", "M-0005"]);
    for line in [
        "owner           B",
        "added id, vid",
        "edited status by root (0) and B. Ito: found again",
    ] {
        assert!(shown.stdout.contains(line), "{line}: {}", shown.stdout);
    }
    let shown = media(&root, &["show", "M-0005", "--json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["history"].as_array().unwrap().len(), 4);
    verifies(&root);
}

#[test]
fn what_a_medium_does_not_say_is_asked_for_by_name() {
    let root = Root::new();
    let bare = root.path().join("bare.claim.toml");
    fs::write(
        &bare,
        "vid = \"0951\"\npid = \"1666\"\nmanufacturer = \"K\"\nproduct = \"D\"\n\
                      interfaces = [\"08:06:50\"]\n",
    )
    .unwrap();
    let bare = bare.to_str().unwrap();
    let said = refused(&root, &["add", "--from-claim", bare]);
    assert!(
        said.contains("the capacity of the medium is not known; give --capacity-bytes"),
        "{said}"
    );
    let said = refused(
        &root,
        &["add", "--from-claim", bare, "--capacity-bytes", "5"],
    );
    assert!(
        said.contains("no serial number") && said.contains("say --weak"),
        "{said}"
    );
    let said = refused(
        &root,
        &[
            "add",
            "--from-claim",
            bare,
            "--capacity-bytes",
            "5",
            "--weak",
        ],
    );
    assert!(said.contains("no release"), "{said}");
}

#[test]
fn whoever_asks_for_what_cannot_be_is_told_what_to_do() {
    let root = Root::new();
    let one = claim(&root, "S-1");
    let add = |more: &[&'static str]| -> String {
        refused(
            &root,
            &[&["add", "--from-claim", &one], &SAID[..], more].concat(),
        )
    };
    assert!(add(&["--id", "M-0001"]).contains("M-0001 is registered already; choose another id"));
    assert!(add(&["--id", "M 1"]).contains("nothing is registered: id: an id must be 1 to 32"));
    assert!(
        add(&["--valid-from", "2099-04-01"]).contains("valid_until: the last valid day is before")
    );
    assert!(
        add(&["--note", "a\u{202e}"])
            .contains("note: the text holds a character that cannot be seen")
    );
    assert!(add(&["--weak"]).contains("the medium has a serial number, S-1; leave --weak out"));
    let said = refused(&root, &["add", "--from-claim", &one, "--owner", "o"]);
    assert!(
        said.contains("give --company, --valid-until, --storage-place"),
        "{said}"
    );
    assert!(refused(&root, &["add", "--from-claim", "/nowhere"]).contains("cannot read /nowhere"));
    let said = refused(&root, &["add"]);
    assert!(said.contains("kioskd does not run here"), "{said}");
    refused(&root, &["add", "--from-insertion", "1"]);
    let longer = (wire::custody::ENROLMENT_SECONDS_MAX + 1).to_string();
    refused(&root, &["add", "--wait", &longer]);

    media(&root, &[&["add", "--from-claim", &one], &SAID[..]].concat()).exits(0);
    let said = add(&[]);
    assert!(
        said.contains("registered already, as M-0005 (active)"),
        "{said}"
    );
    for command in [
        &["show", "X"][..],
        &["edit", "X", "--owner", "o"],
        &["lost", "X", "--reason", "r"],
    ] {
        assert!(refused(&root, command).contains("no medium in the list has the id \"X\""));
    }
}

#[test]
fn whoever_changes_what_cannot_be_changed_is_told_what_to_do() {
    let root = Root::new();
    let edit = |more: &[&str]| refused(&root, &[&["edit", "M-0001"], more].concat());
    assert!(edit(&[]).contains("nothing changes"));
    assert!(edit(&["--owner", "設備課 佐藤"]).contains("nothing changes"));
    assert!(edit(&["--owner", ""]).contains("M-0001 stays as it is: owner: nothing is said"));
    assert!(edit(&["--valid-until", "soon"]).contains("is no day of the calendar"));
    assert!(edit(&["--status", "active"]).contains("--second"));
    let two = ["--status", "active", "--reason", "r", "--second"];
    assert!(edit(&[&two[..], &["B. Ito"]].concat()).contains("M-0001 is active"));
    media(&root, &["revoke", "M-0001", "--reason", "r"]).exits(0);
    let own = nix::unistd::User::from_uid(nix::unistd::getuid())
        .unwrap()
        .unwrap()
        .name;
    assert!(edit(&[&two[..], &[&own]].concat()).contains("the second person is another one"));
    assert!(edit(&[&two[..], &[" "]].concat()).contains("--second names nobody"));
    assert!(refused(&root, &["revoke", "M-0002", "--reason", " "]).contains("the reason is empty"));
    assert!(refused(&root, &["revoke", "M-0001", "--reason", "r"]).contains("nothing changes"));
}

#[test]
fn eight_commands_at_once_all_succeed_and_none_is_lost() {
    let root = Root::new();
    let claims: Vec<String> = (0..8)
        .map(|number| claim(&root, &format!("E-{number}")))
        .collect();
    let running: Vec<_> = claims
        .iter()
        .map(|claim| {
            let mut command = root.kioskctl();
            start(
                command
                    .args(["media", "add", "--from-claim", claim])
                    .args(SAID),
            )
        })
        .collect();
    let mut ids: Vec<String> = running
        .into_iter()
        .map(|running| {
            let done = running.done();
            done.exits(0);
            done.stdout.split(' ').next().unwrap().to_owned()
        })
        .collect();
    ids.sort();
    let expected: Vec<String> = (5..13).map(|number| format!("M-{number:04}")).collect();
    assert_eq!(ids, expected);
    let listed = media(&root, &["list", "--json"]);
    for number in 0..8 {
        assert_eq!(listed.stdout.matches(&format!("\"E-{number}\"")).count(), 1);
    }
    let told = told(&root);
    assert_eq!(told.len(), 8);
    for pair in told.windows(2) {
        assert_eq!(pair[0]["after_sha256"], pair[1]["before_sha256"]);
    }
    verifies(&root);
}

#[test]
fn a_list_that_a_person_edits_by_hand_is_kept_as_it_is_or_refused_with_its_place() {
    let root = Root::new();
    let good = text(&root);
    root.list(&good.replace("vid = \"0951\"", "vid = 951"));
    let said = refused(&root, &["edit", "M-0001", "--note", "n"]);
    let line = good
        .lines()
        .position(|line| line.starts_with("vid = "))
        .unwrap()
        + 1;
    assert!(
        said.contains(&format!("allowlist.toml:{line}:7: invalid type: integer")),
        "{said}"
    );
    root.list(&good.replace("[[medium]]", "[[medium]"));
    assert!(refused(&root, &["list"]).contains("allowlist.toml:"));
    fs::write(list(&root), b"# \xff\n").unwrap();
    let said = refused_bytes(&root, &["edit", "M-0001", "--note", "n"]);
    assert!(
        said.contains("allowlist.toml:1: the text is not UTF-8"),
        "{said}"
    );

    // As an editor on Windows leaves it.
    let windows = format!("\u{FEFF}{}", good.replace('\n', "\r\n"));
    root.list(&windows);
    media(&root, &["edit", "M-0001", "--owner", "B"]).exits(0);
    let expected = windows.replacen("owner = \"設備課 佐藤\"", "owner = \"B\"", 1);
    assert_eq!(text(&root), expected);
    let backup = list(&root).with_file_name("allowlist.toml.bak");
    assert_eq!(fs::read_to_string(backup).unwrap(), windows);

    let real = root.path().join("real.toml");
    fs::rename(list(&root), &real).unwrap();
    std::os::unix::fs::symlink(&real, list(&root)).unwrap();
    let said = refused(&root, &["edit", "M-0001", "--owner", "C"]);
    assert!(said.contains("it is a link"), "{said}");
}

/// As [`refused`], for a list that is no text.
#[track_caller]
fn refused_bytes(root: &Root, arguments: &[&str]) -> String {
    let before = fs::read(list(root)).unwrap();
    let done = media(root, arguments);
    done.exits(2);
    assert_eq!(fs::read(list(root)).unwrap(), before);
    done.stderr
}

#[test]
fn a_medium_that_was_refused_at_the_kiosk_is_registered_from_its_insertion() {
    let kiosk = Kiosk::start();
    let name = kiosk.insert_sample("3-unregistered");
    let refused = kiosk.answer();
    let receipt = refused["entry"]["number"].to_string();
    kiosk.remove(&name);
    kiosk.is_left();
    let ctl = |arguments: &[&str]| {
        let mut command = kiosk.root.kioskctl();
        let done = run(command.arg("media").args(arguments));
        done.exits(0);
        done.stdout
    };
    // The refusal named the nearest entry, to which nothing happened.
    let nearest = ctl(&["show", "M-0001"]);
    assert!(!nearest.contains("inserted  "), "{nearest}");
    let done = ctl(&[
        &["add", "--from-insertion", &receipt, "--id", "N-1"],
        &SAID[..],
    ]
    .concat());
    assert!(
        done.starts_with("N-1 registered until 2099-03-31: entry "),
        "{done}"
    );
    kiosk.reload();
    kiosk::until("the list to be read", || {
        let name = kiosk.insert_sample("3-unregistered");
        let answer = kiosk.answer();
        kiosk.remove(&name);
        kiosk.is_left();
        (answer["medium"] == "N-1").then_some(())
    });
    let shown: Value = serde_json::from_str(&ctl(&["show", "N-1", "--json"])).unwrap();
    let history = shown["history"].as_array().unwrap();
    let visits: Vec<&Value> = history
        .iter()
        .filter(|one| one["what"] == "inserted")
        .collect();
    let admitted: Vec<&&Value> = visits
        .iter()
        .filter(|one| one["is_admitted"] == true)
        .collect();
    assert!(!admitted.is_empty(), "{shown}");
    assert!(
        admitted[0]["judged"].is_u64() && admitted[0]["verdict"].is_string(),
        "{shown}"
    );
    kiosk.verifies();
}

#[test]
fn the_kiosk_waits_for_a_medium_and_it_is_registered_as_it_shows_itself() {
    let kiosk = Kiosk::start();
    let mut command = kiosk.root.kioskctl();
    let adding = start(command.args(["media", "add", "--wait", "60"]).args(SAID));
    kiosk.told_of("enrolling", 1);
    // A registered one is not the one that is waited for.
    let name = kiosk.insert_sample("1-clean");
    kiosk.answer();
    kiosk.remove(&name);
    kiosk.is_left();
    kiosk.insert_sample("3-unregistered");
    let done = adding.done();
    done.exits(0);
    assert!(
        done.stdout.starts_with("M-0005 registered"),
        "{}",
        done.stdout
    );
    assert!(
        done.stderr
            .contains("M-0001 was plugged in, which is registered"),
        "{}",
        done.stderr
    );
    let waits = kiosk.told_of("enrolling", 2);
    let seconds = waits.iter().map(|entry| entry["event"]["seconds"].clone());
    assert_eq!(seconds.collect::<Vec<_>>(), [60, 0]);
    assert!(text(&kiosk.root).contains("serial = \"KIOSK-TRIAL-0003\""));

    let mut command = kiosk.root.kioskctl();
    let none = run(command.args(["media", "add", "--wait", "1"]).args(SAID));
    none.exits(2);
    assert!(
        none.stderr.contains("no medium came within 1 s"),
        "{}",
        none.stderr
    );
    kiosk.told_of("enrolling", 4);
    kiosk.verifies();
}

#[test]
fn a_request_of_the_kiosk_is_approved_once() {
    let kiosk = Kiosk::start();
    let name = kiosk.insert_sample("3-unregistered");
    kiosk.answer();
    kiosk.remove(&name);
    kiosk.is_left();
    let insertion = kiosk.told("inserted")[0]["number"].as_u64().unwrap();
    let number = insertion.to_string();
    let approve = |more: &[&str]| {
        let mut command = kiosk.root.kioskctl();
        run(command
            .args(["requests", "approve", &number])
            .args(SAID)
            .args(more))
    };
    let early = approve(&[]);
    early.exits(2);
    assert!(
        early.stderr.contains("nobody put insertion"),
        "{}",
        early.stderr
    );
    let recorder = Recorder::connect(&Paths::below(kiosk.root.path())).unwrap();
    recorder
        .append(Event::Requested { insertion }, None)
        .unwrap();
    let done = approve(&["--id", "R-1", "--reason", "order 12"]);
    done.exits(0);
    assert!(done.stdout.contains("R-1 registered"), "{}", done.stdout);
    let [closed] = kiosk.told("request_closed").try_into().unwrap();
    let closed = &closed["event"];
    assert_eq!(
        (&closed["medium"], &closed["reason"]),
        (&"R-1".into(), &"order 12".into())
    );
    let twice = approve(&[]);
    twice.exits(2);
    assert!(
        twice.stderr.contains("was answered in entry"),
        "{}",
        twice.stderr
    );
    kiosk.verifies();
}
