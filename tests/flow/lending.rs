//! Media that are lent and come back, requests that were made at the kiosk, and what changed on
//! a medium between two visits.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::socket::{self, MsgFlags};
use serde_json::{Value, json};

use crate::gate::Kiosk;
use crate::kiosk::{self, Done, Root, run};
use crate::media;

/// `kioskctl` with these arguments, and the ledger of this root by its folder.
#[track_caller]
fn kioskctl(root: &Root, arguments: &[&str]) -> Done {
    let mut command = root.kioskctl();
    run(command.args(arguments).arg("--ledger").arg(root.ledger()))
}

/// A day so far from today, by the calendar that holds without a policy.
fn day(distance: &str) -> String {
    day_at("JST-9", distance)
}

/// A day so far from today, in a time zone as POSIX spells it.
fn day_at(zone: &str, distance: &str) -> String {
    let said = Command::new("date")
        .env("TZ", zone)
        .args(["-d", distance, "+%F"])
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[track_caller]
fn lend(root: &Root, id: &str, to: &str, until: &str) -> Done {
    kioskctl(
        root,
        &["media", "checkout", id, "--to", to, "--until", until],
    )
}

/// What is lent, as `overdue --all --json` has it.
#[track_caller]
fn lent(root: &Root) -> Vec<Value> {
    let done = kioskctl(root, &["media", "overdue", "--all", "--json"]);
    done.exits(0);
    let lines = done.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_medium_is_lent_to_one_person_listed_and_taken_back_once() {
    let root = Root::new();
    assert_eq!(lent(&root), Vec::<Value>::new(), "before the first entry");
    let until = day("+30 days");
    let done = kioskctl(
        &root,
        &[
            "media",
            "checkout",
            "M-0001",
            "--to",
            "A. Sato",
            "--company",
            "=Heat, Co",
            "--until",
            &until,
        ],
    );
    done.exits(0);
    assert!(
        done.stdout
            .contains(&format!("M-0001 is lent to A. Sato until {until}")),
        "{}",
        done.stdout
    );
    let twice = lend(&root, "M-0001", "B. Ito", &until);
    let said = &twice.exits(2).stderr;
    assert!(
        said.contains("lent to A. Sato of =Heat, Co") && said.contains("media return M-0001"),
        "{said}"
    );
    let all = lent(&root);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["to"], "A. Sato");
    assert_eq!(all[0]["until"], until);
    assert_eq!(all[0]["overdue"], false);
    let cells = kioskctl(&root, &["media", "overdue", "--all", "--csv"]);
    assert!(
        cells.stdout.contains("M-0001,A. Sato,\"'=Heat, Co\","),
        "{}",
        cells.stdout
    );
    let none = kioskctl(&root, &["media", "overdue"]);
    assert_eq!(none.exits(0).stdout, "");
    let back = kioskctl(&root, &["media", "return", "M-0001"]);
    let place = &back.exits(0).stdout;
    assert!(place.contains("M-0001 is back, put it to "), "{place}");
    let again = kioskctl(&root, &["media", "return", "M-0001", "--place", "drawer"]);
    assert!(again.exits(2).stderr.contains("M-0001 is not lent"));
    assert_eq!(lent(&root), Vec::<Value>::new());
    lend(&root, "M-0001", "B. Ito", &until).exits(0);
    kioskctl(&root, &["log", "verify"]).exits(0);
}

#[test]
fn what_is_not_in_the_list_lost_or_revoked_or_for_yesterday_is_not_lent() {
    let root = Root::new();
    let until = day("+1 day");
    let refused = |id: &str, until: &str| {
        let done = lend(&root, id, "A. Sato", until);
        done.exits(2);
        done.stderr
    };
    assert!(refused("M-9999", &until).contains("not in the list"));
    assert!(refused("M-0001", &day("-3 days")).contains("has ended already"));
    let list = fs::read_to_string(media::repository().join("allowlist.toml")).unwrap();
    for status in ["lost", "revoked"] {
        root.list(&list.replace("status = \"active\"", &format!("status = \"{status}\"")));
        assert!(refused("M-0001", &until).contains(status));
    }
    let hidden = lend(&root, "M-0001", "A\u{202e}", &until);
    hidden.exits(2);
    assert_eq!(root.entries().len(), 0);
}

#[test]
fn the_last_day_of_a_loan_ends_by_the_sites_calendar() {
    let root = Root::new();
    let policy = fs::read_to_string(media::repository().join("systemd/kiosk.toml")).unwrap();
    let here = policy.replace("\"Asia/Tokyo\"", "\"-11:30\"");
    assert_ne!(here, policy, "the policy has a time zone");
    fs::write(root.path().join("etc/media-kiosk/kiosk.toml"), here).unwrap();
    let today = day_at("X11:30", "now");
    lend(&root, "M-0001", "A. Sato", &today).exits(0);
    let out = &lent(&root)[0];
    assert_eq!(
        (&out["until"], &out["since"]),
        (&json!(today), &json!(today))
    );
    assert_eq!(
        (&out["overdue"], &out["days_overdue"]),
        (&json!(false), &json!(0))
    );
    let entry = root.entries().pop().unwrap();
    let ends = entry["event"]["ends"].as_str().unwrap();
    assert!(ends.ends_with("T11:30:00Z"), "{ends}");
}

#[test]
fn a_medium_that_is_not_back_in_time_is_overdue() {
    let kiosk = Kiosk::start();
    let soon = Command::new("date")
        .args(["-u", "-d", "+2 seconds", "+%FT%TZ"])
        .output()
        .unwrap();
    let soon = String::from_utf8(soon.stdout).unwrap();
    let by = json!({ "uid": 0, "user": "root", "login_uid": null, "login_user": null });
    let lent = json!({
        // A day that ends at this moment somewhere on the earth, whatever the time is.
        "event": "lent", "medium": "M-0002", "to": "A. Sato", "company": "Heat Co",
        "until": day_at("UTC0", "-11 hours"), "ends": soon.trim(), "by": by,
    });
    append(&kiosk, &lent).unwrap();
    let line = kiosk::until("the loan's end", || {
        let mut command = kiosk.root.kioskctl();
        let done = run(command.args(["media", "overdue", "--json"]));
        done.exits(0);
        (!done.stdout.is_empty()).then_some(done.stdout)
    });
    let out: Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!(out["medium"], "M-0002");
    assert_eq!(out["company"], "Heat Co");
    assert!(out["days_overdue"].as_u64() >= Some(1), "{out}");
    let mut command = kiosk.root.kioskctl();
    let until = day("+3 days");
    let lend = [
        "media", "checkout", "M-0002", "--to", "B. Ito", "--until", &until,
    ];
    let again = run(command.args(lend));
    let said = &again.exits(2).stderr;
    assert!(
        said.contains("lent to A. Sato of Heat Co") && said.contains("overdue"),
        "{said}"
    );
    let mut command = kiosk.root.kioskctl();
    run(command.args(["media", "return", "M-0002"])).exits(0);
    let mut command = kiosk.root.kioskctl();
    let left = run(command.args(["media", "overdue", "--all"]));
    assert_eq!(left.exits(0).stdout, "");
    kiosk.verifies();
}

/// A kiosk whose ledger has a request for the unregistered sample; gives its insertion and its
/// receipt.
fn requested(kiosk: &Kiosk) -> (u64, u64) {
    kiosk.insert_sample("3-unregistered");
    let receipt = kiosk.answer()["entry"]["number"].as_u64().unwrap();
    let inserted = kiosk.told("inserted");
    let insertion = inserted[0]["number"].as_u64().unwrap();
    append(
        kiosk,
        &json!({ "event": "requested", "insertion": insertion }),
    )
    .unwrap();
    (insertion, receipt)
}

/// Writes an entry as the kiosk does: over the socket of its writer.
fn append(kiosk: &Kiosk, event: &Value) -> Result<u64, String> {
    tell(&writer(kiosk), event)
}

fn writer(kiosk: &Kiosk) -> OwnedFd {
    let path = kiosk.root.path().join("run/media-kiosk/record.sock");
    let kind = socket::SockType::SeqPacket;
    let family = socket::AddressFamily::Unix;
    let writer = socket::socket(family, kind, socket::SockFlag::SOCK_CLOEXEC, None).unwrap();
    let address = socket::UnixAddr::new(&path).unwrap();
    socket::connect(writer.as_raw_fd(), &address).unwrap();
    writer
}

fn tell(writer: &OwnedFd, event: &Value) -> Result<u64, String> {
    let message = serde_json::to_vec(&json!({ "event": event, "rows": false })).unwrap();
    socket::send(writer.as_raw_fd(), &message, MsgFlags::MSG_NOSIGNAL).unwrap();
    let mut packet = vec![0; 64 * 1024];
    let count = socket::recv(writer.as_raw_fd(), &mut packet, MsgFlags::empty()).unwrap();
    let answer: Value = serde_json::from_slice(&packet[..count]).unwrap();
    let number = answer["recorded"]["number"].as_u64();
    number.ok_or_else(|| answer["refused"]["why"].as_str().unwrap().to_owned())
}

/// A registered medium without files goes this way and gets this answer; the verdict's entry.
fn goes(writer: &OwnedFd, medium: &str, way: &str, verdict: &str, refused: &Value) -> u64 {
    let target = json!({ "kind": "device", "name": "sdb", "size_bytes": 1024 });
    let rules = json!({
        "bundle": "shipped", "version": 1, "issued": null, "age_days": null, "rules": 3,
        "sha256": "0".repeat(64),
    });
    let claim = json!({
        "vid": 0x0951, "pid": 0x1666, "serial": "S\u{202e}1", "manufacturer": "Kingston",
        "product": "DataTraveler", "interfaces": ["08:06:50"], "capacity_bytes": 1024,
    });
    let visit = json!({ "id": "V-7", "person": "A. Sato", "company": "Heat Co" });
    let inserted = json!({
        "event": "inserted", "target": target, "claim": claim, "medium": medium, "rules": rules,
        "occasion": { "visit": visit, "way": way, "is_weak": true },
    });
    let insertion = tell(writer, &inserted).unwrap();
    let coverage = json!({
        "allocated_bytes": 0, "examined_bytes": 0, "zero_bytes": 0, "unreadable_bytes": 0,
        "unallocated_bytes": 0, "unallocated_examined_bytes": 0, "unallocated_zero_bytes": 0,
    });
    let stopped = json!([{ "code": "clone_suspected", "count": 1 }]);
    let mut judged = json!({
        "event": "judged", "insertion": insertion, "verdict": verdict, "medium": medium,
        "reasons": if verdict == "stop" { stopped } else { json!([]) },
        "target": target, "rules": rules, "volumes": [],
        "totals": {
            "rows": 0, "volumes": 0, "bytes_read": 0, "bytes_hashed": 0, "outside": coverage,
        },
        "started": "2026-11-26T08:30:00Z", "finished": "2026-11-26T08:31:00Z",
    });
    if !refused.is_null() {
        judged["refused"] = refused.clone();
    }
    tell(writer, &judged).unwrap()
}

#[track_caller]
fn shown(kiosk: &Kiosk, number: u64) -> String {
    let mut command = kiosk.root.kioskctl();
    let done = run(command.args(["log", "show", &number.to_string()]));
    done.exits(0);
    done.stdout
}

#[test]
fn a_medium_on_its_way_out_is_compared_with_the_pass_by_which_it_came_in() {
    let kiosk = Kiosk::start();
    let writer = writer(&kiosk);
    let pass = |medium: &str, way: &str| goes(&writer, medium, way, "pass", &Value::Null);
    let came_in = pass("M-0001", "in");
    let out = pass("M-0001", "out");
    let never_in = pass("M-0002", "out");
    let since =
        format!("what changed on the medium since entry {came_in}: 0 new, 0 changed, 0 gone");
    assert!(
        shown(&kiosk, out).contains(&since),
        "{}",
        shown(&kiosk, out)
    );
    assert!(shown(&kiosk, never_in).contains("no PASS with which it came in"));
    assert!(!shown(&kiosk, came_in).contains("what changed"));
    let insertion = shown(&kiosk, out - 1);
    for word in [
        "on its way out  visit V-7, A. Sato of Heat Co",
        "weak: no serial number",
        "S⟨U+202E⟩1",
    ] {
        assert!(insertion.contains(word), "{word}: {insertion}");
    }
    kiosk.verifies();
}

#[test]
fn what_an_entry_changed_and_in_what_a_medium_differs_is_shown_with_nothing_hidden() {
    let kiosk = Kiosk::start();
    let writer = writer(&kiosk);
    let refused = json!({
        "entry": "M-0001", "detail": "capacity differs",
        "differences": [{ "key": "capacity_bytes", "listed": "2048", "claimed": "1024" }],
    });
    let stopped = goes(&writer, "M-0001", "in", "stop", &refused);
    let text = shown(&kiosk, stopped);
    for word in [
        "list entry    M-0001",
        "capacity_bytes listed 2048, the medium says 1024",
        "the medium says of itself",
        "USB id        0951:1666",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let by = json!({ "uid": 0, "user": "root", "login_uid": 1000, "login_user": "sato" });
    let changed = json!({
        "event": "list_changed", "list": "media", "by": by, "second": "B. Ito",
        "reason": "moved", "before_sha256": null, "after_sha256": "1".repeat(64),
        "changed": [{ "kind": "medium", "id": "M-0001", "change": "edited", "fields": [
            { "key": "company", "before": "\"Heat Co\"", "after": "\"Steam\u{202e} Co\"" },
            { "key": "pin", "before": null, "after": null },
        ] }], "more": 2,
    });
    let number = tell(&writer, &changed).unwrap();
    let text = shown(&kiosk, number);
    for word in [
        "before        no file",
        "medium M-0001 edited",
        "company: \"Heat Co\" -> \"Steam⟨U+202E⟩ Co\"",
        "pin: changed, a secret",
        "and 2 more",
        "by sato (1000) as root (0) and B. Ito",
        "reason        moved",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let step = json!({
        "event": "clock_stepped", "expected": "2026-11-26T12:00:00Z",
        "found": "2026-11-26T11:00:00Z",
    });
    let number = tell(&writer, &step).unwrap();
    assert!(shown(&kiosk, number).contains("back          1"));
    let list = |more: &[&str]| {
        let mut command = kiosk.root.kioskctl();
        let done = run(command.args(["log", "list"]).args(more));
        done.exits(0);
        done.stdout.lines().count()
    };
    // The insertion, its verdict by that, and the change.
    assert_eq!(list(&["--company", "Heat Co"]), 3);
    assert_eq!(list(&["--person", "A. Sato"]), 2);
    assert_eq!(list(&["--person", "sato"]), 1);
    assert_eq!(list(&["--event", "clock_stepped"]), 1);
}

#[test]
fn a_request_is_listed_and_rejected_by_the_receipt_with_a_reason() {
    let kiosk = Kiosk::start();
    let (insertion, receipt) = requested(&kiosk);
    let again = append(
        &kiosk,
        &json!({ "event": "requested", "insertion": insertion }),
    );
    assert!(again.unwrap_err().contains("put forward already"));
    let list = |more: &[&str]| {
        let mut command = kiosk.root.kioskctl();
        let done = run(command.args(["requests", "list"]).args(more));
        done.exits(0);
        done.stdout
    };
    let open: Value = serde_json::from_str(list(&["--json"]).trim()).unwrap();
    assert_eq!(open["insertion"], insertion);
    assert_eq!(open["state"], "open");
    assert!(open["claim"]["vid"].is_u64(), "{open}");
    assert_eq!(list(&["--csv"]).lines().count(), 2);
    let reject = || {
        let mut command = kiosk.root.kioskctl();
        let receipt = receipt.to_string();
        run(command.args([
            "requests",
            "reject",
            &receipt,
            "--reason",
            "not one of ours",
        ]))
    };
    reject().exits(0);
    assert!(reject().exits(2).stderr.contains("has no open request"));
    assert_eq!(list(&[]), "");
    let all = list(&["--all"]);
    assert!(
        all.contains("rejected") && all.contains("not one of ours"),
        "{all}"
    );
    kiosk.verifies();
}

/// A stick with these files: FAT, made anew.
fn stick(folder: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let image = folder.join(format!("{name}.img"));
    let size = fs::File::create(&image).unwrap();
    size.set_len(8 << 20).unwrap();
    let made = Command::new("mkfs.vfat").arg(&image).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    for (path, content) in files {
        let source = folder.join("content");
        fs::write(&source, content).unwrap();
        let copied = Command::new("mcopy")
            .arg("-i")
            .arg(&image)
            .arg(&source)
            .arg(format!("::{path}"))
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        assert!(copied.status.success(), "{copied:?}");
    }
    image
}

#[test]
fn what_changed_on_a_medium_between_two_verdicts_is_named_file_by_file() {
    let root = Root::new();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let before = [
        ("kept.txt", "kept"),
        ("edited.txt", "one"),
        ("gone1.txt", "a"),
        ("gone2.txt", "b"),
    ];
    let after = [
        ("kept.txt", "kept"),
        ("edited.txt", "another"),
        ("new1.txt", "1"),
        ("new2.txt", "2"),
        ("new3.txt", "3"),
    ];
    let scan = |image: &Path, id: &str| {
        let report = root.recorded(image, &["--registered-as", id]);
        report.answers("pass", 0);
        report.json["entry"]["number"].as_u64().unwrap()
    };
    let first = scan(&stick(folder.path(), "before", &before), "M-0001");
    let other = scan(&stick(folder.path(), "other", &before), "M-0002");
    let second = scan(&stick(folder.path(), "after", &after), "M-0001");
    let show = |number: u64, more: &[&str]| {
        let number = number.to_string();
        kioskctl(&root, &[&["log", "show", &number], more].concat())
    };
    let since = first.to_string();
    let text = show(second, &["--since", &since]);
    let text = &text.exits(0).stdout;
    let line =
        format!("what changed on the medium since entry {first}: 3 new, 1 changed, 2 gone\n");
    assert!(text.contains(&line), "{text}");
    for word in [
        "new      new1.txt  1 bytes",
        "new      new2.txt",
        "new      new3.txt",
        "changed  edited.txt  3 -> 7 bytes",
        "gone     gone1.txt",
        "gone     gone2.txt",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("  kept.txt  4 bytes\n"), "{text}");
    let object = show(second, &["--since", &since, "--json"]);
    let object: Value = serde_json::from_str(&object.exits(0).stdout).unwrap();
    let changes = &object["changes"];
    assert_eq!(
        (&changes["new"], &changes["changed"], &changes["gone"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(changes["files"].as_array().unwrap().len(), 6);
    assert_eq!(changes["files"][0]["path"], "edited.txt");
    let plain: Value = serde_json::from_str(&show(second, &["--json"]).stdout).unwrap();
    assert!(plain["changes"].is_null(), "nobody said that it goes out");
    for (since, why) in [
        (other, "not about the medium M-0001"),
        (first - 1, "is no verdict"),
        (second, "is not before"),
    ] {
        let done = show(second, &["--since", &since.to_string()]);
        let said = &done.exits(2).stderr;
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn entries_are_listed_by_medium_person_company_verdict_and_kind() {
    let root = Root::new();
    for (sample, medium) in [("1-clean", "M-0001"), ("2-canary", "M-0002")] {
        root.recorded(&media::sample(sample), &["--registered-as", medium]);
    }
    let until = day("+30 days");
    lend(&root, "M-0001", "A. Sato", &until).exits(0);
    kioskctl(
        &root,
        &[
            "media",
            "checkout",
            "M-0002",
            "--to",
            "B. Ito",
            "--company",
            "Heat Co",
            "--until",
            &until,
        ],
    )
    .exits(0);
    let list = |more: &[&str]| -> Vec<String> {
        let done = kioskctl(&root, &[&["log", "list", "--json"], more].concat());
        done.exits(0);
        let events = done.stdout.lines().map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["event"]["event"].as_str().unwrap().to_owned()
        });
        events.collect()
    };
    assert_eq!(
        list(&["--medium", "M-0001"]),
        ["inserted", "judged", "lent"]
    );
    assert_eq!(list(&["--verdict", "stop"]), ["judged"]);
    assert_eq!(list(&["--event", "lent"]), ["lent", "lent"]);
    assert_eq!(list(&["--event", "lent", "--limit", "1"]), ["lent"]);
    assert_eq!(list(&["--person", "a.sato"]), ["lent"]);
    assert_eq!(list(&["--company", "Heat Co"]), ["lent"]);
    assert_eq!(
        list(&["--company", "Heat Co", "--medium", "M-0001"]),
        Vec::<String>::new()
    );
    kioskctl(&root, &["log", "list", "--event", "burnt"]).exits(2);
}
