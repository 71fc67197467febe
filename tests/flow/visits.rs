//! Visits, requests and lists at the kiosk, said as a screen says them.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gate::{Kiosk, codes, connect, say};
use crate::kiosk::Root;

/// Longer than the shortest time between two codes that are taken.
const HAND: Duration = Duration::from_millis(600);

const COMPANY: &str = "[[company]]\nname = \"保守会社A\"\ncontract_until = 2099-03-31\n";

const VISITS: &str = "[[visit]]\nid = \"V-0001\"\nperson = \"山田\"\ncompany = \"保守会社A\"\n\
    valid_from = 2026-01-01\nvalid_until = 2099-03-31\ncode = \"048213\"\n\
    [[visit]]\nid = \"V-0002\"\nperson = \"鈴木\"\ncompany = \"保守会社A\"\nmedia = [\"M-0002\"]\n\
    valid_from = 2026-01-01\nvalid_until = 2099-03-31\nbadge = \"BADGE-0002\"\n\
    [[visit]]\nid = \"V-0003\"\nperson = \"高橋\"\ncompany = \"保守会社A\"\n\
    valid_from = 2020-01-01\nvalid_until = 2020-03-31\ncode = \"999111\"\n";

fn etc(root: &Root, name: &str) -> std::path::PathBuf {
    root.path().join("etc/media-kiosk").join(name)
}

/// Puts a list in the place of the one before, as people and programs do it: at once.
fn put(root: &Root, name: &str, text: &str) {
    let path = etc(root, name);
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// A kiosk that asks for visits.
fn asking() -> Kiosk {
    let kiosk = Kiosk::with(|root| {
        put(root, "contractors.toml", &format!("{COMPANY}{VISITS}"));
        let policy = etc(root, "kiosk.toml");
        let before = fs::read_to_string(&policy).unwrap_or_else(|_| {
            "[site]\nname_ja = \"試験\"\nname_en = \"Test\"\ntime_zone = \"+09:00\"\n".to_owned()
        });
        fs::write(policy, format!("{before}\n[gate]\nvisit_required = true\n")).unwrap();
    });
    kiosk.serves();
    kiosk
}

fn input(kiosk: &Kiosk, what: &Value) {
    say(&kiosk.screen, &serde_json::to_vec(what).unwrap());
}

/// Types a code, as slowly as a hand does: what comes faster is not taken.
fn code(kiosk: &Kiosk, code: &str) {
    let began = Instant::now();
    kiosk.until("a hand's pause", |_| {
        (HAND <= began.elapsed()).then_some(())
    });
    input(kiosk, &json!({ "code": { "code": code } }));
}

#[track_caller]
fn waits(kiosk: &Kiosk) {
    kiosk.until("the wait for a code", |view| {
        (view["lanes"][0]["stage"] == "awaiting_visit").then_some(())
    });
}

#[test]
fn a_registered_medium_waits_for_a_code_and_passes_with_its_visit() {
    let kiosk = asking();
    kiosk.insert_sample("1-clean");
    waits(&kiosk);
    assert_eq!(kiosk.told("inserted").len(), 0);
    code(&kiosk, "123123");
    kiosk.until("the refusal", |view| {
        (view["gate"]["typed"] == "wrong").then_some(())
    });
    code(&kiosk, "999111");
    kiosk.until("the end of that visit", |view| {
        (view["gate"]["typed"] == "ended").then_some(())
    });
    assert_eq!(kiosk.told("inserted").len(), 0);
    code(&kiosk, "048213");
    let passed = kiosk.answer();
    assert_eq!(passed["verdict"], "pass", "{passed}");
    let inserted = kiosk.told("inserted").remove(0);
    let visit = &inserted["event"]["occasion"]["visit"];
    assert_eq!(
        visit,
        &json!({ "id": "V-0001", "person": "山田", "company": "保守会社A" })
    );
    let refused = kiosk.told("sign_in_refused");
    let why: Vec<_> = refused
        .iter()
        .map(|entry| entry["event"]["why"].clone())
        .collect();
    assert_eq!(why, ["unknown", "ended"]);
    // Nothing that was typed is in the ledger.
    let all = serde_json::to_string(&kiosk.root.entries()).unwrap();
    for typed in ["123123", "999111", "048213"] {
        assert!(!all.contains(typed), "{typed}");
    }
    kiosk.verifies();
}

#[test]
fn a_visit_covers_no_other_media_than_it_names_and_ends_with_its_entry() {
    let kiosk = asking();
    code(&kiosk, "BADGE-0002");
    kiosk.until("the visitor", |view| {
        (view["gate"]["visitor"]["person"] == "鈴木").then_some(())
    });
    let image = kiosk.insert_sample("1-clean");
    let refused = kiosk.answer();
    assert_eq!(codes(&refused), ["no_visit"], "{refused}");
    assert_eq!(
        kiosk.told("judged")[0]["event"]["refused"]["entry"],
        "M-0001"
    );
    kiosk.remove(&image);
    kiosk.is_left();
    // A visit that is ended while its medium is in takes the answer back.
    code(&kiosk, "048213");
    kiosk.until("the other visitor", |view| {
        (view["gate"]["visitor"]["person"] == "山田").then_some(())
    });
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    let ended = VISITS.replacen(
        "code = \"048213\"",
        "code = \"048213\"\nended = 2026-01-02",
        1,
    );
    put(
        &kiosk.root,
        "contractors.toml",
        &format!("{COMPANY}{ended}"),
    );
    let withdrawn = kiosk.told_of("withdrawn", 1).remove(0);
    assert_eq!(withdrawn["event"]["reasons"][0]["code"], "expired");
    kiosk.until("the end of the visitor", |view| {
        view["gate"]["visitor"].is_null().then_some(())
    });
    kiosk.verifies();
}

#[test]
fn five_wrong_codes_close_the_pad_for_right_ones_too() {
    let kiosk = asking();
    for wrong in 0..5 {
        code(&kiosk, &format!("00000{wrong}"));
    }
    let seconds = kiosk.until("the closed pad", |view| {
        view["gate"]["locked_seconds"]
            .as_u64()
            .filter(|seconds| 0 < *seconds)
    });
    assert!((50..=60).contains(&seconds), "{seconds}");
    code(&kiosk, "048213");
    let refused = kiosk.told_of("sign_in_refused", 5);
    assert_eq!(refused[4]["event"]["locked_seconds"], 60);
    kiosk.insert_sample("1-clean");
    waits(&kiosk);
    assert_eq!(kiosk.told("signed_in").len(), 0);
}

#[test]
fn what_the_list_refuses_is_refused_without_asking_for_a_code() {
    let kiosk = asking();
    let image = kiosk.insert_sample("3-unregistered");
    assert_eq!(codes(&kiosk.answer()), ["unregistered"]);
    kiosk.remove(&image);
    kiosk.is_left();
    // One that waits and is taken out is written down, and was not examined.
    let image = kiosk.insert_sample("1-clean");
    waits(&kiosk);
    kiosk.remove(&image);
    let judged = kiosk.told_of("judged", 2).remove(1);
    assert_eq!(judged["event"]["verdict"], "incomplete");
    assert_eq!(judged["event"]["reasons"][0]["code"], "removed");
    kiosk.verifies();
}

#[test]
fn a_registration_is_requested_once_and_only_as_it_was_offered() {
    let kiosk = Kiosk::start();
    kiosk.insert_sample("3-unregistered");
    let (insertion, sequence) = kiosk.until("the offer", |view| {
        let request = &view["lanes"][0]["request"];
        Some((request["insertion"].as_u64()?, view["sequence"].as_u64()?))
    });
    let request = |insertion: u64, sequence: u64| json!({ "request": { "insertion": insertion, "sequence": sequence } });
    input(&kiosk, &request(insertion + 1, sequence));
    input(&kiosk, &request(insertion, sequence + 100_000));
    let stranger = connect(&kiosk.root);
    say(&stranger, b"{\"request\":7}");
    // None of that was offered, and the kiosk has looked at it.
    let seen = kiosk.until("a view", |view| view["sequence"].as_u64());
    kiosk.until("a later view", |view| {
        (seen.checked_add(2)? <= view["sequence"].as_u64()?).then_some(())
    });
    assert_eq!(kiosk.told("requested").len(), 0);
    input(&kiosk, &request(insertion, sequence));
    input(&kiosk, &request(insertion, sequence));
    kiosk.until("the recorded request", |view| {
        (view["lanes"][0]["request"]["is_recorded"] == true).then_some(())
    });
    kiosk.until("the count", |view| {
        (view["gate"]["requests"] == 1).then_some(())
    });
    let told = kiosk.told("requested");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["event"]["insertion"], insertion);
    kiosk.verifies();
}

#[test]
fn a_medium_on_its_way_out_is_told_where_it_belongs() {
    let kiosk = Kiosk::start();
    input(&kiosk, &json!({ "exit": true }));
    kiosk.until("the way out", |view| {
        (view["gate"]["is_exit"] == true).then_some(())
    });
    let image = kiosk.insert_sample("1-clean");
    let shown = kiosk.until("where it belongs", |view| {
        let shown = &view["lanes"][0]["stage"]["judged"];
        (!shown["put_back"].is_null()).then(|| shown.clone())
    });
    assert_eq!(shown["verdict"], "pass");
    assert_eq!(shown["put_back"], "守衛所キャビネット 1");
    assert_eq!(shown["is_out"], true);
    let inserted = kiosk.told("inserted").remove(0);
    assert_eq!(inserted["event"]["occasion"]["way"], "out");
    // It was not lent, which is no fault of the ledger's; and the next one comes in.
    assert_eq!(kiosk.told("returned").len(), 0);
    kiosk.remove(&image);
    kiosk.is_left();
    kiosk.insert_sample("1-clean");
    kiosk.answer();
    assert!(kiosk.told("inserted")[1]["event"]["occasion"].is_null());
    kiosk.verifies();
}

#[test]
fn a_list_that_was_changed_by_hand_is_used_and_told_and_a_broken_one_is_neither_used_nor_silent() {
    let kiosk = Kiosk::start();
    let told_of = |count| kiosk.told_of_list("media", count);
    let found = told_of(1);
    assert!(found[0]["event"]["before_sha256"].is_null());
    let list = fs::read_to_string(etc(&kiosk.root, "allowlist.toml")).unwrap();
    put(
        &kiosk.root,
        "allowlist.toml",
        &list.replacen("status = \"active\"", "status = \"lost\"", 1),
    );
    let told = told_of(2).remove(1);
    let event = &told["event"];
    assert!(event["by"].is_null(), "{event}");
    assert_eq!(event["before_sha256"], found[0]["event"]["after_sha256"]);
    assert_eq!(
        event["changed"],
        json!([{ "kind": "medium", "id": "M-0001", "change": "edited" }])
    );
    let image = kiosk.insert_sample("1-clean");
    assert_eq!(codes(&kiosk.answer()), ["lost"]);
    kiosk.remove(&image);
    kiosk.is_left();
    // Broken: the list before it stays, and says so.
    put(
        &kiosk.root,
        "allowlist.toml",
        &format!("{list}\nnonsense = 1\n"),
    );
    let why = kiosk.until("why it is not in use", |view| {
        view["gate"]["lists_refused"].as_str().map(str::to_owned)
    });
    assert!(
        why.contains("allowlist.toml:") && why.contains("nonsense"),
        "{why}"
    );
    let told = told_of(3).remove(2);
    let reason = told["event"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("not in use: "), "{reason}");
    kiosk.insert_sample("1-clean");
    assert_eq!(codes(&kiosk.answer()), ["lost"]);
    kiosk.verifies();
}

#[test]
fn a_policy_that_is_changed_by_hand_holds_and_is_told_and_a_list_that_is_gone_is_not_forgotten() {
    let kiosk = asking();
    let told = kiosk.told_of_list("policy", 1);
    assert!(told[0]["event"]["before_sha256"].is_null());
    put(&kiosk.root, "contractors.toml", COMPANY);
    kiosk.told_of_list("contractors", 2);
    // A contract does not end with the file that tells of it, nor begin anew.
    fs::remove_file(etc(&kiosk.root, "contractors.toml")).unwrap();
    let why = kiosk.until("why it is not in use", |view| {
        view["gate"]["lists_refused"].as_str().map(str::to_owned)
    });
    assert!(why.contains("contractors.toml is gone"), "{why}");
    let told = kiosk.told_of_list("contractors", 3).remove(2);
    assert!(told["event"]["after_sha256"].is_null());
    let policy = fs::read_to_string(etc(&kiosk.root, "kiosk.toml")).unwrap();
    let without = policy.replace("visit_required = true", "visit_required = false");
    put(&kiosk.root, "kiosk.toml", &without);
    let told = kiosk.told_of_list("policy", 2).remove(1);
    assert!(told["event"]["by"].is_null());
    kiosk.until("a kiosk that asks for no visit", |view| {
        (view["gate"]["asks_visit"] == false).then_some(())
    });
    kiosk.insert_sample("1-clean");
    assert_eq!(kiosk.answer()["verdict"], "pass");
    kiosk.verifies();
}
