//! How the ledger stands, on every screen that says so.

use wire::ledger::DiskTrouble;
use wire::view::DISK_PERCENT_WARN;

use super::*;
use crate::fixtures::head;

const SIZES: [(u16, u16); 5] = [(80, 22), (80, 24), (60, 18), (44, 14), (40, 12)];

fn idle(size: (u16, u16), change: impl FnOnce(&mut View)) -> Screen {
    let mut view = seen(1, vec![]);
    change(&mut view);
    update(Screen::new(size, false), News::View(Box::new(view)))
}

fn troubled(view: &mut View) {
    view.ledger.disk_percent = Some(85);
    view.ledger.is_review_overdue = true;
}

fn busy(view: &mut View) {
    troubled(view);
    view.gate.takes_exits = true;
    view.gate.takes_staff = true;
}

#[test]
fn the_ledgers_screens_look_as_they_were_approved() {
    let out = |trouble| {
        out_with(OutOfService::Ledger, |view| {
            view.ledger.disk_trouble = Some(trouble);
            view.fault = Some("cannot write the ledger: database or disk is full".to_owned());
        })
    };
    for (name, screen) in [
        ("idle-ledger", idle((80, 22), troubled)),
        ("gate-ledger", idle((80, 22), busy)),
        ("small-idle-ledger", idle((40, 12), troubled)),
        ("small-gate-ledger", idle((40, 12), busy)),
        ("out-ledger-full", out(DiskTrouble::Full)),
        ("out-ledger-failing", out(DiskTrouble::Failing)),
    ] {
        approved(name, &screen);
    }
}

#[test]
fn the_head_is_shown_whole_on_every_idle_screen_or_not_at_all() {
    for size in SIZES {
        let said = text(&idle(size, |_| {}));
        assert!(said.contains("1234 · 1a2b 3c4d 5e6f 7081"), "{said}");
        assert!(said.contains("台帳"), "{said}");
        let asking = text(&idle(size, |view| {
            view.gate.asks_visit = true;
            view.gate.takes_staff = true;
        }));
        assert!(asking.contains("1234 · 1a2b 3c4d 5e6f 7081"), "{asking}");
    }
    let empty = text(&idle((80, 22), |view| view.ledger.head = None));
    assert!(!empty.contains("台帳"), "{empty}");
    // A number that leaves no room for its code.
    let long = text(&idle((40, 12), |view| {
        view.ledger.head = Some(head(u64::MAX))
    }));
    assert!(!long.contains("1a2b"), "{long}");
    let long = text(&idle((80, 22), |view| {
        view.ledger.head = Some(head(u64::MAX))
    }));
    assert!(long.contains("18446744073709551615 · 1a2b 3c4d 5e6f 7081"));
}

#[test]
fn staff_are_told_of_a_disk_that_fills_up_and_of_a_review_that_is_overdue() {
    for size in SIZES {
        for change in [troubled, busy] {
            let said = text(&idle(size, change));
            assert!(said.contains("台帳の保存先 85 %"), "{said}");
            assert!(said.contains("台帳の点検 期限切れ 2026-12-03"), "{said}");
            for en in [
                "ledger's disk 85 % full",
                "ledger review overdue since 2026-12-03",
            ] {
                assert!(size.0 < 80 || said.contains(en), "{said}");
            }
        }
        let quiet = text(&idle(size, |view| {
            view.ledger.disk_percent = Some(DISK_PERCENT_WARN - 1);
        }));
        assert!(
            !quiet.contains("保存先") && !quiet.contains("点検"),
            "{quiet}"
        );
    }
}

#[test]
fn a_hostile_day_and_a_flood_of_notes_move_nothing() {
    for size in SIZES {
        let screen = idle(size, |view| {
            busy(view);
            view.ledger.review_due = Some(format!("\u{202e}\u{1b}[2J{}", "9".repeat(400)));
            view.ledger.disk_percent = Some(u8::MAX);
            view.open_cases = u64::MAX;
            view.gate.requests = u64::MAX;
            view.rules_refused = Some("x".repeat(500));
            view.gate.lists_refused = Some("y".repeat(500));
        });
        let text = text(&screen);
        let hidden = |one: char| one != '\n' && wire::name::is_hidden(one);
        assert!(!text.chars().any(hidden), "{text}");
        let longest = text.lines().map(width).max();
        assert!(longest <= Some(usize::from(size.0)), "{text}");
    }
}

#[test]
fn a_guard_can_write_the_entrys_code_down_from_every_answer_with_room_for_it() {
    for shown in [pass(), stop(), incomplete()] {
        for size in [(80, 22), (120, 34), (40, 12)] {
            let said = text(&with(size, vec![Stage::Judged(shown.clone())]));
            assert!(said.contains("42 · 1a1a 1a1a 1a1a 1a1a"), "{said}");
        }
        let said = text(&full(vec![Stage::Judged(shown.clone()); 4]));
        assert!(said.contains("42 · 1a1a 1a1a 1a1a 1a1a"), "{said}");
    }
    let mut late = pass();
    late.entry.number = 1_234_567;
    let small = text(&with((40, 12), vec![Stage::Judged(late.clone())]));
    assert!(small.contains("1234567-1a1a1a1a"), "{small}");
    let large = text(&full(vec![Stage::Judged(late)]));
    assert!(large.contains("1234567 · 1a1a 1a1a 1a1a 1a1a"), "{large}");
}
