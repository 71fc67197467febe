//! Companies, visits and accounts by their commands; what takes an administrator, and what two.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::kiosk::{Done, Root, run, until};
use crate::terminal::Terminal;

/// PINs of the tests' people.
const PIN_A: &str = "480213";
const PIN_B: &str = "975310";

/// `kioskctl` with these arguments, on the kiosk's own ledger.
#[track_caller]
fn kioskctl(root: &Root, arguments: &[&str]) -> Done {
    run(root.kioskctl().args(arguments))
}

#[track_caller]
fn done(root: &Root, arguments: &[&str]) -> String {
    let done = kioskctl(root, arguments);
    done.exits(0);
    done.stdout
}

#[track_caller]
fn refused(root: &Root, arguments: &[&str]) -> String {
    let done = kioskctl(root, arguments);
    done.exits(2);
    done.stderr
}

/// A file with a PIN in its first line.
fn pin(root: &Root, pin: &str) -> String {
    let file = root.path().join(format!("pin-{pin}"));
    std::fs::write(&file, format!("{pin}\n")).unwrap();
    file.display().to_string()
}

/// The user whom accounts know as whoever runs these tests.
fn me() -> String {
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    let login: Option<u32> = login.trim().parse().ok().filter(|uid| *uid != u32::MAX);
    let uid = login.map_or_else(nix::unistd::getuid, nix::unistd::Uid::from_raw);
    nix::unistd::User::from_uid(uid).unwrap().unwrap().name
}

fn etc(root: &Root, name: &str) -> PathBuf {
    root.path().join("etc/media-kiosk").join(name)
}

fn text(root: &Root, name: &str) -> String {
    std::fs::read_to_string(etc(root, name)).unwrap()
}

/// The events of one kind, in the order of the ledger.
#[track_caller]
fn told(root: &Root, event: &str) -> Vec<Value> {
    let entries = root.entries().into_iter();
    let events = entries.map(|entry| entry["event"].clone());
    let events: Vec<Value> = events.filter(|told| told["event"] == event).collect();
    events
}

/// An administrator, who runs these tests, and an approver.
#[track_caller]
fn staff(root: &Root) {
    let first = pin(root, PIN_A);
    let role = ["--role", "administrator"];
    let add = ["account", "add", "A. Sato", "--pin-file", &first];
    done(root, &[&add[..], &role].concat());
    let second = pin(root, PIN_B);
    let role = ["--role", "approver", "--number", "07"];
    let add = ["account", "add", "B. Ito", "--pin-file", &second];
    done(root, &[&add[..], &role].concat());
}

/// A day that is to come.
fn day(ahead: &str) -> String {
    let days = std::process::Command::new("date")
        .args(["-u", "-d", ahead, "+%F"])
        .output();
    let text = String::from_utf8(days.unwrap().stdout).unwrap();
    text.trim().to_owned()
}

#[track_caller]
fn company(root: &Root, name: &str) {
    done(root, &["company", "add", name, "--until", &day("+90 days")]);
}

fn lines<'t>(output: &'t str, begin: &str) -> Vec<&'t str> {
    let lines = output.lines().map(str::trim_start);
    lines.filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn the_first_start_makes_the_first_administrator_and_no_pin_is_in_any_file() {
    let root = Root::new();
    let file = pin(&root, PIN_A);
    for role in ["approver", "auditor"] {
        let add = ["account", "add", "B", "--role", role, "--pin-file", &file];
        assert!(refused(&root, &add).contains("the first account must be an administrator's"));
    }
    let easy = pin(&root, "123456");
    let add = ["account", "add", "A. Sato", "--role", "administrator"];
    let guessed = refused(&root, &[&add[..], &["--pin-file", &easy]].concat());
    assert!(guessed.contains("easily guessed"), "{guessed}");
    assert!(!etc(&root, "accounts.toml").exists());
    done(&root, &[&add[..], &["--pin-file", &file]].concat());

    let accounts = text(&root, "accounts.toml");
    assert!(
        accounts.contains(&format!("user = \"{}\"", me())),
        "{accounts}"
    );
    assert!(accounts.contains("$argon2id$") && !accounts.contains(PIN_A));
    let listed = done(&root, &["account", "list", "--json"]);
    assert!(
        listed.contains("\"has_pin\":true") && !listed.contains("argon2"),
        "{listed}"
    );
    let told = told(&root, "list_changed");
    assert_eq!(told.len(), 1);
    let whole = told[0].to_string();
    assert!(
        whole.contains("A. Sato") && !whole.contains("argon2"),
        "{whole}"
    );
    // The last one who can change anything stays.
    let end = refused(&root, &["account", "end", "A. Sato"]);
    assert!(end.contains("the last administrator"), "{end}");
    done(&root, &["log", "verify"]);
}

#[test]
fn the_terminal_asks_for_a_pin_twice_and_never_shows_it() {
    let add = ["account", "add", "A.Sato", "--role", "administrator"];
    let terminal = Terminal::running(Root::for_everybody(), &add);
    let typed = |pin: &str| [pin, "Enter"].iter().for_each(|key| terminal.press(key));
    let asked = terminal.shows(&["new PIN of A.Sato:"]);
    typed(PIN_A);
    let again = terminal.shows(&["the same PIN again:"]);
    assert!(!(asked + &again + &terminal.screen()).contains(PIN_A));
    typed(PIN_A);
    let accounts = etc(&terminal.root, "accounts.toml");
    until("the account", || accounts.exists().then_some(()));
    assert!(text(&terminal.root, "accounts.toml").contains("name = \"A.Sato\""));
}

#[test]
fn whoever_is_no_administrator_changes_nothing_and_is_told_who_may() {
    let root = Root::new();
    let (me, until) = (me(), day("+9 days"));
    let account = |name: &str, user: &str, role: &str| {
        format!(
            "[[account]]\nname = \"{name}\"\nuser = \"{user}\"\nrole = \"{role}\"\n\
             status = \"active\"\n"
        )
    };
    let file = pin(&root, PIN_A);
    let hash = "1".repeat(64);
    for (role, why) in [
        ("auditor", "is not an administrator's"),
        ("approver", "is not an administrator's"),
    ] {
        let accounts = account("C. Abe", &me, role) + &account("A. Sato", "sato", "administrator");
        std::fs::write(etc(&root, "accounts.toml"), &accounts).unwrap();
        for change in [
            vec!["company", "add", "Kita", "--until", &until],
            vec!["company", "edit", "Kita", "--until", &until],
            vec!["company", "end", "Kita"],
            vec!["rules", "rollback"],
            vec!["rules", "install", &file],
            vec!["visit", "add", "--person", "P", "--company", "Kita"],
            vec!["visit", "end", "V-0001"],
            vec![
                "account",
                "add",
                "D",
                "--role",
                "administrator",
                "--pin-file",
                &file,
            ],
            vec!["account", "pin", "A. Sato", "--pin-file", &file],
            vec!["account", "end", "A. Sato"],
            vec![
                "waiver", "add", "--sha256", &hash, "--rule", "r", "--reason", "x", "--until",
                &until, "--second", "A. Sato",
            ],
        ] {
            let error = refused(&root, &change);
            assert!(
                error.contains(why) && error.contains("who may: A. Sato"),
                "{change:?}: {error}"
            );
        }
        assert_eq!(text(&root, "accounts.toml"), accounts);
    }
    assert!(!etc(&root, "contractors.toml").exists());
    // What only reads is everybody's who can read the files.
    done(&root, &["account", "list"]);
    // The variable that sudo sets is anybody's to set.
    let mut command = root.kioskctl();
    let add = ["company", "add", "Kita", "--until", &until];
    run(command.env("SUDO_USER", "sato").args(add)).exits(2);
}

/// The names of the accounts that may be used.
fn active(root: &Root) -> Vec<String> {
    let accounts = decide::accounts::parse(&text(root, "accounts.toml")).unwrap();
    let all = accounts.all().iter().filter(|one| one.is_active);
    all.map(|one| one.name.clone()).collect()
}

/// The changes of lists that the ledger has, the last three of which ended a contract; how many.
#[track_caller]
fn told_in_three(root: &Root) -> usize {
    let told = told(root, "list_changed");
    let last: Vec<_> = told[told.len() - 3..]
        .iter()
        .map(|one| &one["list"])
        .collect();
    assert_eq!(
        last,
        ["contractors", "media", "accounts"],
        "the contract comes first"
    );
    assert!(
        told[told.len() - 3..]
            .iter()
            .all(|one| one["reason"] == "the work is done")
    );
    told.len()
}

#[test]
fn a_contract_ends_with_its_visits_media_and_accounts_and_says_what_is_to_come_back() {
    let root = Root::new();
    staff(&root);
    let list = text(&root, "allowlist.toml");
    let firm = decide::allowlist::parse(&list).unwrap().media()[0]
        .company
        .clone();
    company(&root, &firm);
    company(&root, "another");
    let file = pin(&root, "135791");
    done(
        &root,
        &[
            "account",
            "add",
            "E. Mori",
            "--role",
            "approver",
            "--company",
            &firm,
            "--pin-file",
            &file,
        ],
    );
    let visit = |company: &str, more: &[&str]| {
        let add = ["visit", "add", "--person", "P. Ueda", "--company", company];
        done(&root, &[&add[..], more].concat())
    };
    visit(&firm, &["--badge", "badge-0042"]);
    visit("another", &[]);

    let end = [
        "company",
        "end",
        firm.as_str(),
        "--reason",
        "the work is done",
    ];
    let said = done(&root, &end);
    let media = decide::allowlist::parse(&text(&root, "allowlist.toml")).unwrap();
    let theirs: Vec<_> = media
        .media()
        .iter()
        .filter(|one| one.company == firm)
        .collect();
    assert!(!theirs.is_empty());
    for medium in media.media() {
        let is_revoked = medium.status == decide::Status::Revoked;
        assert_eq!(is_revoked, medium.company == firm, "{}", medium.id);
    }
    for medium in &theirs {
        let lines = lines(&said, &format!("medium {}  ", medium.id));
        assert!(lines[0].contains(&medium.storage_place), "{said}");
    }
    assert_eq!(lines(&said, "badge badge-0042").len(), 1, "{said}");
    let contractors = decide::contractors::parse(&text(&root, "contractors.toml")).unwrap();
    let ended: Vec<bool> = contractors
        .visits()
        .iter()
        .map(|one| one.ended.is_some())
        .collect();
    assert_eq!(ended, [true, false]);
    assert_eq!(active(&root), ["A. Sato", "B. Ito"]);

    let told = told_in_three(&root);
    // Again: nothing is left to do, and what is to come back is said again.
    let again = done(&root, &end);
    assert_eq!(lines(&again, "medium "), lines(&said, "medium "));
    assert_eq!(lines(&again, "badge "), lines(&said, "badge "));
    assert_eq!(told_in_three(&root), told);
    let add = ["visit", "add", "--person", "P", "--company", &firm];
    assert!(refused(&root, &add).contains("the contract of"));
    done(&root, &["log", "verify"]);
}

#[test]
fn what_a_killed_end_of_a_contract_left_is_done_when_it_is_said_again() {
    let root = Root::new();
    staff(&root);
    let list = text(&root, "allowlist.toml");
    let firm = decide::allowlist::parse(&list).unwrap().media()[0]
        .company
        .clone();
    company(&root, &firm);
    // As after a kill behind the first of the three edits: nothing of it opens the gate.
    let ending = done(&root, &["company", "end", &firm]);
    assert_eq!(ending.matches("media revoked").count(), 1, "{ending}");
    std::fs::write(etc(&root, "allowlist.toml"), &list).unwrap();
    let again = done(&root, &["company", "end", &firm]);
    assert_eq!(again.matches("media revoked").count(), 1, "{again}");
    assert!(again.contains("contract of"), "{again}");
}

#[test]
fn an_end_that_is_to_come_ends_the_contract_then_and_marks_the_lists_after_it() {
    let root = Root::new();
    let list = text(&root, "allowlist.toml");
    let firm = decide::allowlist::parse(&list).unwrap().media()[0]
        .company
        .clone();
    company(&root, &firm);
    let at = format!("{}T17:00:00+09:00", day("+2 days"));
    let said = done(&root, &["company", "end", &firm, "--at", &at]);
    assert!(said.contains("stop at that moment"), "{said}");
    assert_eq!(text(&root, "allowlist.toml"), list);
    let until = format!("contract_until = {}T08:00:00Z", day("+2 days"));
    assert!(text(&root, "contractors.toml").contains(&until));
    // No end makes a contract longer.
    let later = format!("{}T17:00:00+09:00", day("+80 days"));
    done(&root, &["company", "end", &firm, "--at", &later]);
    assert!(text(&root, "contractors.toml").contains(&until));
}

#[test]
fn a_visits_code_is_said_once_and_is_in_no_list_and_no_entry() {
    let root = Root::new();
    company(&root, "Kita");
    let add = [
        "visit",
        "add",
        "--person",
        "P. Ueda",
        "--company",
        "Kita",
        "--badge",
        "badge-77",
    ];
    let said = done(&root, &add);
    let code = said
        .split("code  ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(code.len(), 6, "{said}");
    let contractors = text(&root, "contractors.toml");
    assert!(contractors.contains(&format!("code = \"{code}\"")));
    let mode = std::fs::metadata(etc(&root, "contractors.toml")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
    assert_eq!(mode & 0o777, 0o600);
    for form in [&[][..], &["--json"], &["--csv"], &["--open"]] {
        let listed = done(&root, &[&["visit", "list"], form].concat());
        assert!(listed.contains("P. Ueda"), "{listed}");
        assert!(
            !listed.contains(&code) && !listed.contains("badge-77"),
            "{listed}"
        );
    }
    let entries: String = root.entries().iter().map(Value::to_string).collect();
    assert!(entries.contains("P. Ueda") && entries.contains("\"code\""));
    assert!(!entries.contains(&code) && !entries.contains("badge-77"));

    let later = day("+91 days");
    let too_long = [&add[..6], &["--until", &later]].concat();
    let error = refused(&root, &too_long);
    assert!(error.contains(&day("+90 days")), "{error}");
    let unknown = [&add[..6], &["--media", "M-0001,M-9999"]].concat();
    assert!(refused(&root, &unknown).contains("M-9999"));
    done(&root, &["visit", "end", "V-0001"]);
    assert!(refused(&root, &["visit", "end", "V-0001"]).contains("ended already"));
    assert_eq!(done(&root, &["visit", "list", "--open"]), "");
    assert_eq!(done(&root, &["visit", "list", "--company", "Minami"]), "");
    let on = |day: &str| done(&root, &["visit", "list", "--date", day]);
    assert_eq!(on(&day("+5 days")), "");
}

#[test]
fn among_a_thousand_visits_no_two_have_a_code_and_the_next_has_another() {
    let root = Root::new();
    company(&root, "Kita");
    let mut contractors = text(&root, "contractors.toml");
    let until = day("+9 days");
    for number in 1..1_000 {
        contractors.push_str(&format!(
            "\n[[visit]]\nid = \"V-{number:04}\"\nperson = \"P\"\ncompany = \"Kita\"\n\
             valid_from = 2026-01-01\nvalid_until = {until}\ncode = \"{:06}\"\n",
            number * 7 + 100_000
        ));
    }
    std::fs::write(etc(&root, "contractors.toml"), contractors).unwrap();
    let said = done(
        &root,
        &["visit", "add", "--person", "P", "--company", "Kita"],
    );
    assert!(said.starts_with("visit V-1000: "), "{said}");
    let contractors = decide::contractors::parse(&text(&root, "contractors.toml")).unwrap();
    let codes: BTreeSet<_> = contractors.visits().iter().map(|one| &one.code).collect();
    assert_eq!((contractors.visits().len(), codes.len()), (1_000, 1_000));
    assert_eq!(lines(&done(&root, &["visit", "list"]), "V-").len(), 1_000);
}

/// A waiver that B. Ito is to confirm with this PIN.
#[track_caller]
fn waive(root: &Root, typed: &str, more: &[&str]) -> Done {
    let (hash, until, file) = ("1".repeat(64), day("+30 days"), pin(root, typed));
    let add = [
        "waiver",
        "add",
        "--sha256",
        &hash,
        "--rule",
        "a_rule",
        "--reason",
        "case 7",
        "--until",
        &until,
        "--second-pin-file",
        &file,
        "--second",
    ];
    kioskctl(root, &[&add[..], more].concat())
}

#[test]
fn with_accounts_a_waiver_needs_the_pin_of_a_second_person() {
    let root = Root::new();
    staff(&root);
    waive(&root, PIN_B, &["B. Ito"]).exits(0);
    let waived = told(&root, "waived");
    assert_eq!(
        (&waived[0]["approved_by"], &waived[0]["second"]),
        (&"A. Sato".into(), &"B. Ito".into())
    );
    for (typed, second, why) in [
        (PIN_A, "B. Ito", "this is not the PIN of B. Ito"),
        (PIN_A, "A. Sato", "must be another one"),
        (PIN_B, "b. ito", "has no account"),
    ] {
        let done = waive(&root, typed, &[second]);
        assert!(done.exits(2).stderr.contains(why), "{}", done.stderr);
    }
    // Nobody signs with another one's name.
    let other = waive(&root, PIN_B, &["B. Ito", "--approved-by", "C. Abe"]);
    assert!(
        other.exits(2).stderr.contains("in the name of A. Sato"),
        "{}",
        other.stderr
    );
    let ends = kioskctl(&root, &["waiver", "end", "3", "--by", "C. Abe"]);
    assert!(ends.exits(2).stderr.contains("A. Sato"), "{}", ends.stderr);
    assert_eq!(told(&root, "waived").len(), 1);
    let refusals = told(&root, "sign_in_refused");
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0]["whom"]["staff"], "B. Ito");
    let whole = refusals[0].to_string();
    assert!(!whole.contains(PIN_A), "{whole}");
}

#[test]
fn the_fifth_wrong_pin_locks_the_account_for_every_command_until_it_has_another() {
    let root = Root::new();
    staff(&root);
    for count in 1..=5 {
        let done = waive(&root, "480214", &["B. Ito"]);
        let is_locked = done.exits(2).stderr.contains("locked for 900 s");
        assert_eq!(is_locked, count == 5, "{count}: {}", done.stderr);
    }
    let right = waive(&root, PIN_B, &["B. Ito"]);
    assert!(
        right.exits(2).stderr.contains("is locked until"),
        "{}",
        right.stderr
    );
    // A ledger of its own holds nothing against anybody, and does not count.
    let aside = root.path().join("aside").display().to_string();
    let right = waive(&root, PIN_B, &["B. Ito", "--ledger", &aside]);
    assert!(
        right.exits(2).stderr.contains("is locked until"),
        "{}",
        right.stderr
    );
    assert_eq!(told(&root, "sign_in_refused").len(), 5);
    assert_eq!(told(&root, "waived").len(), 0);
    let file = pin(&root, "246813");
    done(&root, &["account", "pin", "B. Ito", "--pin-file", &file]);
    waive(&root, PIN_B, &["B. Ito"]).exits(2);
    waive(&root, "246813", &["B. Ito"]).exits(0);
}

#[test]
fn the_sites_files_are_checked_with_file_line_and_column() {
    let root = Root::new();
    let good = done(&root, &["config", "check"]);
    assert_eq!(good.matches("allowlist.toml: ok").count(), 1, "{good}");
    assert_eq!(good.matches("there is none").count(), 3, "{good}");
    staff(&root);
    company(&root, "Kita");
    std::fs::write(etc(&root, "kiosk.toml"), "[site]\nname = 1\n").unwrap();
    let mut accounts = text(&root, "accounts.toml");
    accounts.push_str("\n[[account]]\nname = \"X\"\nuser = \"no-such-user\"\nrole = \"auditor\"\nstatus = \"active\"\n");
    std::fs::write(etc(&root, "accounts.toml"), accounts).unwrap();
    let bad = kioskctl(&root, &["config", "check"]);
    bad.exits(2);
    assert!(
        bad.stdout.contains("kiosk.toml:2:1: unknown field `name`"),
        "{}",
        bad.stdout
    );
    assert!(bad.stdout.contains("accounts.toml: ok"), "{}", bad.stdout);
    for warning in ["no user no-such-user", "has no contract that could end"] {
        assert!(bad.stdout.contains(warning), "{}", bad.stdout);
    }
    let json = kioskctl(&root, &["config", "check", "--json"]);
    let json: Value = serde_json::from_str(json.exits(2).stdout.trim()).unwrap();
    assert_eq!(
        (&json["usable"], json["files"].as_array().unwrap().len()),
        (&false.into(), 4)
    );
}
