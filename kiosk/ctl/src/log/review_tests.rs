use record::Writer;
use wire::custody::{SignIn, SignInFault, SignInRefused};
use wire::ledger::Target;
use wire::list_change::{ListChange, ListName};
use wire::rule_change::Person;
use wire::scan::TargetKind;
use wire::{Digest, MediumName};

use super::*;

fn someone() -> Person {
    Person {
        uid: 0,
        user: "root".to_owned(),
        login_uid: None,
        login_user: None,
        medium: None,
    }
}

fn started() -> Event {
    Event::Started {
        kiosk: "0.1.0".to_owned(),
        rules: None,
        again: false,
    }
}

fn by_hand() -> Event {
    Event::ListChanged(Box::new(ListChange {
        list: ListName::Media,
        by: None,
        second: None,
        reason: None,
        before_sha256: None,
        after_sha256: Some(Digest([1; 32])),
        changed: Vec::new(),
        more: 0,
    }))
}

fn wrong_pin() -> Event {
    Event::SignInRefused(Box::new(SignInRefused {
        whom: Some(SignIn::Staff("C. Abe".to_owned())),
        why: SignInFault::WrongPin,
        locked_seconds: 0,
    }))
}

fn reviewed(through: EntryId) -> Event {
    Event::Reviewed(Box::new(Reviewed {
        by: someone(),
        account: Some("C. Abe".to_owned()),
        through,
        remark: Some("nothing found".to_owned()),
    }))
}

fn ledger(events: &[Event]) -> (tempfile::TempDir, Ledger, Vec<EntryId>) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let ids = events
        .iter()
        .map(|event| writer.append(event, None).unwrap())
        .collect();
    let ledger = Ledger::open(folder.path()).unwrap();
    (folder, ledger, ids)
}

#[test]
fn what_is_worth_a_look_is_counted_from_the_last_review_on() {
    // 1 started, 2 crash found, 3 started, 4 changed, 5 wrong PIN, 6 stopped.
    let (_folder, ledger, _) = ledger(&[
        started(),
        started(),
        by_hand(),
        wrong_pin(),
        Event::Stopped {},
    ]);
    let since = Since::count(&ledger, 1, 6).unwrap();
    assert_eq!(since.entries(), 6);
    let said = [
        ("PASS", 0),
        ("STOP", 0),
        ("NOT FINISHED", 0),
        ("changes of lists and policy", 1),
        ("of those, made by hand and not by a command", 1),
        ("codes and PINs not taken", 1),
        ("of those, wrong PINs", 1),
        ("crashes found", 1),
        ("starts", 2),
    ];
    assert_eq!(since.said(), said);
    let later = Since::count(&ledger, 4, 5).unwrap();
    assert_eq!(later.entries(), 2);
    assert_eq!(later.object()["crash_found"], 0);
    assert_eq!(later.object()["wrong_pin"], 1);
}

#[test]
fn a_scan_by_hand_is_told_apart() {
    let scan = Event::Inserted {
        target: Target {
            kind: TargetKind::Folder,
            name: MediumName::new("folder").unwrap(),
            size_bytes: 0,
        },
        claim: None,
        medium: None,
        rules: None,
        occasion: None,
    };
    let (_folder, ledger, _) = ledger(&[started(), scan]);
    let since = Since::count(&ledger, 1, 2).unwrap();
    assert_eq!(since.object()["by_hand"], 1);
    let by_hand = ("scans by hand, whose verdicts are among those", 1);
    assert!(since.said().contains(&by_hand));
}

#[test]
fn a_review_goes_up_to_the_head_or_to_an_entry_that_nobody_has_looked_at() {
    let (folder, ledger, ids) = ledger(&[started(), by_hand(), wrong_pin()]);
    let head = ids.last().copied();
    let ask = |asked, first, last: Option<&Signed>| through(&ledger, asked, head, first, last);
    assert_eq!(ask(None, 1, None).unwrap(), ids[2]);
    assert_eq!(ask(Some(3), 1, None).unwrap(), ids[2]);
    assert_eq!(ask(Some(1), 1, None).unwrap(), ids[0]);
    for beyond in [0, 4] {
        let error = ask(Some(beyond), 1, None).unwrap_err().to_string();
        assert!(error.contains("its last one is 3"), "{error}");
    }
    drop(ledger);
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&reviewed(ids[1]), None).unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    let all = signed(&ledger).unwrap();
    let last = all.last();
    assert_eq!(last.unwrap().reviewed.through, ids[1]);
    let error = through(&ledger, Some(2), head, 3, last).unwrap_err();
    let said = "entry 2 was looked through already: entry 4 says so, through entry 2";
    assert_eq!(error.to_string(), said);
    assert_eq!(through(&ledger, Some(3), head, 3, last).unwrap(), ids[2]);
    let nothing = through(&ledger, None, None, 1, None).unwrap_err();
    assert!(nothing.to_string().contains("no entry"), "{nothing}");
}

#[test]
fn who_signed_is_the_account_beside_whoever_ran_the_command() {
    let Event::Reviewed(mut signed) = reviewed(EntryId {
        number: 1,
        leaf_sha256: Digest([0; 32]),
    }) else {
        unreachable!()
    };
    assert_eq!(who_signed(&signed), "C. Abe, root (0)");
    signed.account = None;
    assert_eq!(who_signed(&signed), "root (0)");
}
