//! People and the media they carry: contracts, visits, requests, registration and return.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::guest::Guest;
use crate::kiosk::{PASSED, STOPPED};
use crate::media;
use crate::ports::Stick;

/// Where kioskd looks for companies and visits.
const CONTRACTORS: &str = "/etc/media-kiosk/contractors.toml";

impl Guest {
    /// Types on the kiosk's keypad.
    #[track_caller]
    fn types(&self, keys: &str) {
        self.run(&format!("tmux -u -S /run/kiosk-show/tmux send-keys {keys}"));
    }

    /// Waits until the screen says this in Japanese and in English.
    #[track_caller]
    fn wait_both(&self, ja: &str, en: &str) -> String {
        let both = |screen: &str| screen.contains(ja) && screen.contains(en);
        self.wait_screen(both, crate::guest::SOON, en)
    }

    /// The guest's clock, in seconds since 1970.
    #[track_caller]
    fn clock(&self) -> i64 {
        self.run("date +%s").trim().parse().unwrap()
    }

    /// Sets the guest's clock.
    #[track_caller]
    fn set_clock(&self, seconds: i64) {
        self.run(&format!("date -s @{seconds}"));
    }

    /// A moment as TOML spells it.
    #[track_caller]
    fn moment(&self, seconds: i64) -> String {
        let text = self.run(&format!("date -u -d @{seconds} +%Y-%m-%dT%H:%M:%SZ"));
        text.trim().to_owned()
    }

    /// Has kioskd ask for visits.
    #[track_caller]
    fn require_visits(&self) {
        self.run(
            "printf '[gate]\\nvisit_required = true\\n' >>/etc/media-kiosk/kiosk.toml && \
             systemctl reload kioskd",
        );
        self.wait_both("訪問番号", "visit code");
    }

    /// The entry that records the insertion of this verdict.
    #[track_caller]
    fn insertion(&self, judged: &Value) -> Value {
        let number = judged["insertion"].as_u64().unwrap();
        let entries = self.log();
        let entry = entries.iter().find(|entry| entry["number"] == number);
        entry.unwrap()["event"].clone()
    }
}

/// One of mtools on the image's only partition.
#[track_caller]
fn mtools(tool: &str, image: &Path, arguments: &[&str]) {
    let done = Command::new(tool)
        .arg("-i")
        .arg(format!("{}@@1M", image.display()))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{tool} {arguments:?}: {said}");
}

/// Puts files with this text and their own name in them on the image.
#[track_caller]
fn put(image: &Path, text: &str, names: &[&str]) {
    for name in names {
        let own = image.with_extension("txt");
        std::fs::write(&own, format!("{text} {name}\n")).unwrap();
        mtools(
            "mcopy",
            image,
            &[own.to_str().unwrap(), &format!("::{name}")],
        );
    }
}

#[test]
fn a_contract_that_has_ended_refuses_what_passed_before_and_no_clock_brings_it_back() {
    let guest = Guest::restored();
    let five = guest.clock() + 3600;
    let company = format!(
        "[[company]]\nname = \"保守会社A\"\ncontract_until = {}\n",
        guest.moment(five)
    );
    guest.put(CONTRACTORS, company.as_bytes());
    guest.set_clock(five - 60);
    let stepped = guest.wait_event("clock_stepped", 1);
    assert!(stepped["found"].as_str().unwrap() < guest.moment(five).as_str());
    let insert = |round| {
        guest.insert("stick", "clean", "VM-CLEAN");
        let verdict = guest.wait_verdict(round);
        if verdict.answer() == "pass" {
            guest.wait_words(PASSED);
        } else {
            assert_eq!(verdict.answer(), "stop expired", "{verdict:?}");
            guest.wait_both("登録の期限が切れています", "Its registration has expired");
        }
        verdict
    };
    let take_out = |round| {
        guest.unplug("stick");
        guest.wait_event("removed", round);
    };
    assert_eq!(insert(1).answer(), "pass");
    take_out(1);
    guest.set_clock(five + 60);
    guest.wait_event("clock_stepped", 2);
    let refused = insert(2);
    assert_eq!(refused.answer(), "stop expired", "{refused:?}");
    assert_eq!(refused.0["refused"]["entry"], "VM-CLEAN");
    assert!(
        refused
            .fault()
            .contains("the contract of its company ended")
    );
    assert_eq!(guest.reads("stick"), (0, 0));
    take_out(2);
    // An hour back, and with a daemon that has never seen the later time itself.
    guest.set_clock(five - 3600);
    guest.wait_event("clock_stepped", 3);
    assert_eq!(insert(3).answer(), "stop expired");
    take_out(3);
    guest.run("systemctl restart kioskd");
    guest.wait_idle();
    assert_eq!(insert(4).answer(), "stop expired");
    take_out(4);
    guest.verify_ledger();
}

#[test]
fn a_contract_that_ends_takes_back_what_has_passed_and_not_left() {
    let guest = Guest::restored();
    guest.insert("stick", "clean", "VM-CLEAN");
    assert_eq!(guest.wait_verdict(1).answer(), "pass");
    guest.wait_words(PASSED);
    guest.run("kioskctl company add 保守会社A --until 2099-03-31");
    let ended = guest.run("kioskctl company end 保守会社A");
    assert!(
        ended.contains("VM-CLEAN"),
        "what must be handed back: {ended}"
    );
    let withdrawn = guest.wait_event("withdrawn", 1);
    // The contract has ended, and a moment later the registration is withdrawn as well.
    let code = withdrawn["reasons"][0]["code"].as_str().unwrap();
    assert!(["expired", "revoked"].contains(&code), "{withdrawn}");
    let screen = guest.wait_words(STOPPED);
    assert!(!screen.contains(PASSED), "{screen}");
    // Each change has one entry, by whoever made it; what kioskd found at its start has nobody's.
    let changes = guest.events("list_changed");
    let mut found = changes.iter().filter(|change| change["by"].is_null());
    assert!(
        found.all(|change| change["before_sha256"].is_null()),
        "{changes:?}"
    );
    let by = changes.iter().filter(|change| change["by"].is_object());
    assert!(2 <= by.count(), "{changes:?}");
    guest.verify_ledger();
}

#[test]
fn every_refusal_of_the_list_names_its_entry_in_both_languages() {
    let guest = Guest::restored();
    let cases = [
        (
            "VM-EXPIRED",
            "expired",
            "登録の期限が切れています",
            "Its registration has expired",
        ),
        (
            "VM-REVOKED",
            "revoked",
            "登録が取り消されたUSBです",
            "Its registration was withdrawn",
        ),
        (
            "VM-LOST",
            "lost",
            "紛失の届けがあるUSBです",
            "This USB was reported lost",
        ),
        (
            "VM-FUTURE",
            "not_yet_valid",
            "まだ使える日ではありません",
            "Its registration has not begun yet",
        ),
        (
            "VM-CAPACITY",
            "clone_suspected",
            "登録したUSBと違うところがあります",
            "It is not the USB that was registered",
        ),
        (
            "VM-CLEAR",
            "unregistered",
            "登録されていないUSBです",
            "This USB is not registered",
        ),
    ];
    for (round, (serial, code, ja, en)) in (1..).zip(cases) {
        guest.insert("stick", "clean", serial);
        let verdict = guest.wait_verdict(round);
        assert_eq!(verdict.answer(), format!("stop {code}"), "{verdict:?}");
        let screen = guest.wait_both(ja, en);
        assert!(screen.contains(STOPPED), "{screen}");
        let refused = &verdict.0["refused"];
        // The nearest one, when none has its serial number.
        let entry = if serial == "VM-CLEAR" {
            "VM-CLEAN"
        } else {
            serial
        };
        assert_eq!(refused["entry"], entry, "{verdict:?}");
        if code == "clone_suspected" {
            let differs = &refused["differences"][0];
            assert_eq!(differs["key"], "capacity_bytes");
            assert_eq!(differs["listed"], (64_u64 << 30).to_string());
            assert_eq!(differs["claimed"], (8_u64 << 20).to_string());
        }
        if code == "unregistered" {
            assert_eq!(refused["detail"], "serial differs from this entry");
            assert_eq!(refused["differences"][0]["listed"], "VM-CLEAN");
            assert_eq!(refused["differences"][0]["claimed"], "VM-CLEAR");
        }
        guest.unplug("stick");
        guest.wait_event("removed", round);
    }
    guest.verify_ledger();
}

#[test]
fn where_the_site_asks_for_a_visit_a_stick_waits_for_its_code() {
    let guest = Guest::restored();
    guest.put(
        CONTRACTORS,
        "[[company]]\nname = \"保守会社A\"\ncontract_until = 2099-03-31\n\
         [[company]]\nname = \"別の会社\"\ncontract_until = 2099-03-31\n\
         [[visit]]\nid = \"V-0001\"\nperson = \"山田\"\ncompany = \"保守会社A\"\n\
         valid_from = 2026-01-01\nvalid_until = 2099-03-31\ncode = \"048213\"\n\
         [[visit]]\nid = \"V-0002\"\nperson = \"鈴木\"\ncompany = \"別の会社\"\n\
         valid_from = 2026-01-01\nvalid_until = 2099-03-31\ncode = \"731904\"\n"
            .as_bytes(),
    );
    guest.require_visits();
    // In first, and the code after it.
    guest.insert("stick", "clean", "VM-CLEAN");
    guest.wait_both("訪問番号", "visit code");
    assert_eq!(guest.reads("stick"), (0, 0));
    assert!(guest.events("inserted").is_empty());
    guest.types("1 1 1 1 1 1 Enter");
    let refused = guest.wait_event("sign_in_refused", 1);
    assert_eq!(refused["why"], "unknown");
    guest.wait_both("番号が違います", "Wrong code");
    assert!(guest.events("inserted").is_empty());
    guest.types("0 4 8 2 1 3 Enter");
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    let inserted = guest.insertion(&verdict.0);
    assert_eq!(inserted["occasion"]["visit"]["id"], "V-0001");
    assert_eq!(inserted["occasion"]["visit"]["person"], "山田");
    guest.wait_words(PASSED);
    guest.unplug("stick");
    guest.wait_event("removed", 1);
    // A visit of another company does not cover it.
    guest.run("systemctl restart kioskd");
    guest.wait_both("訪問番号", "visit code");
    guest.types("7 3 1 9 0 4 Enter");
    guest.wait_event("signed_in", 2);
    guest.insert("stick", "clean", "VM-CLEAN");
    let verdict = guest.wait_verdict(2);
    assert_eq!(verdict.answer(), "stop no_visit", "{verdict:?}");
    assert_eq!(verdict.0["refused"]["entry"], "VM-CLEAN");
    guest.wait_both("訪問", "visit");
    assert_eq!(guest.reads("stick"), (0, 0));
    // What is no storage or not registered is refused without any code.
    guest.run("systemctl restart kioskd");
    guest.unplug("stick");
    guest.insert("stick", "clean", "NOBODY");
    let judged = guest.wait_screen(
        |screen| screen.contains("This USB is not registered"),
        crate::guest::SOON,
        "the refusal",
    );
    assert!(judged.contains("登録されていないUSBです"), "{judged}");
    guest.verify_ledger();
}

#[test]
fn an_unregistered_stick_is_put_forward_approved_and_passes() {
    let guest = Guest::restored();
    guest.insert("stick", "clean", "NEW-1");
    let verdict = guest.wait_verdict(1);
    assert_eq!(verdict.answer(), "stop unregistered");
    guest.wait_both("登録を申請", "Request");
    guest.types("5");
    guest.wait_event("requested", 1);
    guest.wait_both("申請しました", "Requested");
    let listed = guest.run("kioskctl requests list");
    assert!(listed.contains("NEW-1"), "{listed}");
    guest.unplug("stick");
    guest.wait_event("removed", 1);
    guest.types("2");
    guest.wait_event("mitigated", 1);
    guest.wait_both("登録申請 1件", "1 request");
    // Without a driver its capacity is not known: it is asked for again, and refused again.
    let insertion = verdict.0["insertion"].as_u64().unwrap();
    let approval = guest.start(&format!(
        "kioskctl requests approve {insertion} --id M-0100 --owner 佐藤 --company 保守会社A \
         --valid-until 2099-03-31 --storage-place 守衛所 --wait 100"
    ));
    guest.wait_both("登録する媒体", "to register");
    guest.insert("stick", "clean", "NEW-1");
    let approved = approval.done();
    assert_eq!(approved.status, 0, "{}{}", approved.stdout, approved.stderr);
    assert_eq!(guest.wait_verdict(2).answer(), "stop unregistered");
    let inserted = guest.events("inserted").remove(1);
    assert_eq!(inserted["occasion"]["is_enrolment"], true);
    assert_eq!(inserted["claim"]["capacity_bytes"], 8 << 20);
    let closed = guest.wait_event("request_closed", 1);
    assert_eq!(closed["medium"], "M-0100");
    guest.unplug("stick");
    guest.wait_event("removed", 2);
    guest.insert("stick", "clean", "NEW-1");
    let verdict = guest.wait_verdict(3);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    assert_eq!(verdict.0["medium"], "M-0100");
    guest.verify_ledger();
}

#[test]
fn a_stick_without_a_serial_number_is_registered_by_its_model_and_marked() {
    let guest = Guest::restored();
    let plug = || {
        guest.run(
            "gadget new nameless vid=0951 pid=1666 manufacturer=Acme product=Plain \
             storage:/library/clean.img && gadget plug nameless",
        );
    };
    let unplug = || guest.run("gadget unplug nameless && gadget remove nameless");
    let adding = guest.start(
        "kioskctl media add --weak --id M-0200 --owner 佐藤 --company 保守会社A \
         --valid-until 2099-03-31 --storage-place 守衛所 --wait 100",
    );
    guest.wait_both("登録する媒体", "to register");
    plug();
    let added = adding.done();
    assert_eq!(added.status, 0, "{}{}", added.stdout, added.stderr);
    guest.wait_verdict(1);
    unplug();
    guest.wait_event("removed", 1);
    plug();
    let verdict = guest.wait_verdict(2);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    assert_eq!(guest.insertion(&verdict.0)["occasion"]["is_weak"], true);
    let listed = guest.run("kioskctl media list");
    assert!(listed.contains("M-0200"), "{listed}");
    guest.verify_ledger();
}

#[test]
fn a_stick_on_its_way_out_is_compared_with_what_came_in_and_is_back() {
    let guest = Guest::restored();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("stick.img");
    std::fs::copy(media::image("clean"), &image).unwrap();
    let plug = || {
        let stick = Stick {
            serial: Some("VM-CLEAN"),
            ..Stick::default()
        };
        guest.plug("stick", &image, &stick);
    };
    put(&image, "old", &["gone-1.txt", "gone-2.txt", "changed.txt"]);
    let tomorrow = guest.clock() + 86_400;
    let day = guest.run(&format!("date -u -d @{tomorrow} +%F"));
    let out = format!(
        "kioskctl media checkout VM-CLEAN --to 山田 --until {}",
        day.trim()
    );
    guest.run(&out);
    plug();
    assert_eq!(guest.wait_verdict(1).answer(), "pass");
    guest.unplug("stick");
    guest.wait_event("removed", 1);
    guest.wait_idle();
    // What happens to it in the plant.
    mtools(
        "mdel",
        &image,
        &["::gone-1.txt", "::gone-2.txt", "::changed.txt"],
    );
    mtools("mmd", &image, &["::made"]);
    put(
        &image,
        "new",
        &[
            "changed.txt",
            "made/new-1.txt",
            "made/new-2.txt",
            "new-3.txt",
        ],
    );
    guest.types("9");
    guest.wait_both("持ち出し・返却の検査です", "way OUT");
    plug();
    let verdict = guest.wait_verdict(2);
    assert_eq!(verdict.answer(), "pass", "{verdict:?}");
    assert_eq!(guest.insertion(&verdict.0)["occasion"]["way"], "out");
    guest.wait_words("守衛所");
    let returned = guest.wait_event("returned", 1);
    assert_eq!(returned["medium"], "VM-CLEAN");
    assert!(returned["by"].is_null());
    let entries = guest.log();
    let judged = |entry: &&Value| entry["event"]["event"] == "judged";
    let number = entries.iter().filter(judged).nth(1).unwrap()["number"].clone();
    let report = guest.run(&format!("kioskctl log show {number}"));
    assert!(report.contains("3 new, 1 changed, 2 gone"), "{report}");
    for (what, name) in [
        ("new", "made/new-1.txt"),
        ("new", "made/new-2.txt"),
        ("new", "new-3.txt"),
        ("changed", "changed.txt"),
        ("gone", "gone-1.txt"),
        ("gone", "gone-2.txt"),
    ] {
        let named = |line: &str| line.contains(what) && line.contains(name);
        assert!(report.lines().any(named), "{what} {name}: {report}");
    }
    guest.verify_ledger();
}
