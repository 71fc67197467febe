use serde_json::{Value, json};

use super::*;

/// The events in their order, the first as entry 1.
fn after(events: &[Value]) -> Custody {
    let mut custody = Custody::default();
    for (number, event) in (1..).zip(events) {
        let event: Event = serde_json::from_value(event.clone()).unwrap();
        custody.note(number, &event);
    }
    custody
}

fn inserted(way: Option<&str>) -> Value {
    let claim = json!({
        "vid": 1, "pid": 1, "serial": null, "manufacturer": "", "product": "",
        "interfaces": [], "capacity_bytes": null,
    });
    let mut event = json!({
        "event": "inserted",
        "target": { "kind": "device", "name": "x", "size_bytes": 1 },
        "claim": claim, "medium": "M-1", "rules": null,
    });
    if let Some(way) = way {
        event["occasion"] = json!({ "visit": null, "way": way });
    }
    event
}

fn judged(insertion: u64, verdict: &str) -> Value {
    json!({
        "event": "judged", "insertion": insertion, "verdict": verdict, "reasons": [],
        "medium": "M-1", "target": { "kind": "device", "name": "x", "size_bytes": 1 },
        "rules": null, "volumes": [], "totals": null,
        "started": "2026-11-26T00:00:00Z", "finished": "2026-11-26T00:00:00Z",
    })
}

fn person() -> Value {
    json!({ "uid": 0, "user": "root", "login_uid": null, "login_user": null })
}

fn lent() -> Value {
    json!({
        "event": "lent", "medium": "M-1", "to": "P", "company": "Kita",
        "until": "2026-11-30", "ends": "2026-11-30T15:00:00Z", "by": person(),
    })
}

fn returned() -> Value {
    json!({
        "event": "returned", "medium": "M-1", "insertion": null, "place": null, "by": person(),
    })
}

#[test]
fn a_medium_that_passed_on_its_way_in_is_inside_until_it_is_seen_again() {
    let inside = Some(Whereabouts::Inside(2));
    let of = |events: &[Value]| after(events).of("M-1").cloned();
    let passed = [inserted(None), judged(1, "pass")];
    assert_eq!(of(&passed), inside);
    assert_eq!(of(&[inserted(Some("in")), judged(1, "pass")]), inside);
    assert_eq!(of(&[inserted(None), judged(1, "stop")]), None);
    let with = |more: &[Value]| of(&[&passed, more].concat());
    assert_eq!(with(&[inserted(Some("out")), judged(3, "pass")]), None);
    assert_eq!(with(&[inserted(Some("out")), judged(3, "stop")]), inside);
    assert_eq!(with(&[returned()]), None);
    let withdrawn = json!({
        "event": "withdrawn", "insertion": 1, "verdict": "incomplete", "reasons": [],
    });
    assert_eq!(with(&[withdrawn]), None);
}

#[test]
fn a_medium_that_is_lent_is_lent_until_it_is_returned() {
    let is_lent = |events: &[Value]| after(events).is_lent("M-1");
    assert!(is_lent(&[lent()]));
    assert!(!is_lent(&[lent(), returned()]));
    let scanned = [lent(), inserted(None), judged(2, "pass")];
    assert!(is_lent(&scanned));
    let withdrawn = json!({
        "event": "withdrawn", "insertion": 2, "verdict": "incomplete", "reasons": [],
    });
    assert!(is_lent(&[&scanned[..], &[withdrawn]].concat()));
}
