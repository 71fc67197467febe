//! The screens that ask people something.

use wire::view::{Gate, Request, Staff, Typed, Visitor};

use super::*;
use crate::act::Key;

const FULL: (u16, u16) = (80, 22);
const SMALL: (u16, u16) = (40, 10);

fn saw(size: (u16, u16), stages: Vec<Stage>, change: impl FnOnce(&mut View)) -> Screen {
    let mut view = seen(1, stages);
    change(&mut view);
    update(Screen::new(size, false), News::View(Box::new(view)))
}

fn gate(size: (u16, u16), change: impl FnOnce(&mut Gate)) -> Screen {
    saw(size, vec![], |view| {
        view.gate.takes_exits = true;
        view.gate.takes_staff = true;
        change(&mut view.gate);
    })
}

fn typed(screen: Screen, keys: &str) -> Screen {
    keys.chars().fold(screen, |screen, one| {
        let key = if one == '\n' {
            Key::Enter
        } else {
            Key::Character(one)
        };
        update(screen, News::Key(key))
    })
}

fn visitor(gate: &mut Gate) {
    gate.visitor = Some(Visitor {
        person: "山田 太郎".to_owned(),
        company: "東亜設備工業株式会社".to_owned(),
        seconds_left: 290,
    });
}

fn staff(gate: &mut Gate) {
    gate.staff = Some(Staff {
        name: "鈴木 一郎".to_owned(),
        seconds_left: 110,
    });
}

fn waiting(size: (u16, u16), lanes: usize) -> Screen {
    saw(size, vec![Stage::AwaitingVisit; lanes], |view| {
        view.gate.asks_visit = true;
    })
}

fn refused(size: (u16, u16), lanes: usize, is_recorded: bool) -> Screen {
    let stage = Stage::Judged(unregistered());
    saw(size, vec![stage; lanes], |view| {
        for (insertion, lane) in (41..).zip(&mut view.lanes) {
            lane.asking = Some(Asking {
                insertion,
                waited_seconds: 42,
                answered: None,
            });
            lane.request = Some(Request {
                insertion,
                is_recorded,
            });
        }
    })
}

fn unregistered() -> Box<wire::view::Shown> {
    let mut shown = shown(Verdict::Stop, &[(ReasonCode::Unregistered, 1)]);
    shown.first = None;
    shown.medium = None;
    (shown.files, shown.bytes_read) = (0, 0);
    shown
}

fn back(size: (u16, u16), lanes: usize) -> Screen {
    let mut shown = pass();
    shown.is_out = true;
    shown.put_back = Some("保安室 キャビネットB 3段目".to_owned());
    with(size, vec![Stage::Judged(shown); lanes])
}

/// Every look of a screen that asks, without an answer in it.
fn asking_screens(size: (u16, u16)) -> Vec<(&'static str, Screen)> {
    let sized = |change: &dyn Fn(&mut Gate)| gate(size, |gate| change(gate));
    let asks = |gate: &mut Gate| gate.asks_visit = true;
    let asked = |change: &dyn Fn(&mut Gate)| {
        sized(&|gate: &mut Gate| {
            asks(gate);
            change(gate);
        })
    };
    let locked = |gate: &mut Gate| {
        gate.typed = Some(Typed::Wrong);
        gate.locked_seconds = 27;
    };
    let counts = |gate: &mut Gate| {
        (gate.requests, gate.overdue) = (3, 12);
        gate.lists_refused = Some("allowlist.toml:12:8: two media have the same id".to_owned());
    };
    vec![
        ("gate-idle", sized(&|_| {})),
        ("gate-counts", sized(&counts)),
        ("gate-exit", sized(&|gate| gate.is_exit = true)),
        ("gate-enrolling", sized(&|gate| gate.is_enrolling = true)),
        ("gate-code", asked(&|_| {})),
        ("gate-code-typed", typed(asked(&|_| {}), "1234")),
        ("gate-code-badge", typed(asked(&|_| {}), "EMP-0042317")),
        (
            "gate-code-wrong",
            asked(&|gate| gate.typed = Some(Typed::Wrong)),
        ),
        ("gate-code-locked", asked(&locked)),
        ("gate-code-exit", asked(&|gate| gate.is_exit = true)),
        (
            "gate-visitor",
            asked(&|gate| {
                visitor(gate);
                gate.typed = Some(Typed::Taken);
            }),
        ),
        ("gate-staff-number", typed(sized(&|_| {}), "77788")),
        ("gate-staff-pin", typed(sized(&|_| {}), "77788\n864209")),
        ("gate-staff-in", sized(&staff)),
        ("gate-waiting", waiting(size, 1)),
    ]
}

/// Every look of an answer with something to choose or to do.
fn answers(size: (u16, u16)) -> Vec<(&'static str, Verdict, Screen)> {
    vec![
        ("stop-request", Verdict::Stop, refused(size, 1, false)),
        (
            "stop-requesting",
            Verdict::Stop,
            typed(refused(size, 1, false), "5"),
        ),
        ("stop-requested", Verdict::Stop, refused(size, 1, true)),
        ("pass-put-back", Verdict::Pass, back(size, 1)),
    ]
}

#[test]
fn every_screen_that_asks_looks_as_it_was_approved() {
    let mut screens = Vec::new();
    for (prefix, size) in [("", FULL), ("small-", SMALL)] {
        let answers = answers(size)
            .into_iter()
            .map(|(name, _, screen)| (name, screen));
        let all = asking_screens(size).into_iter().chain(answers);
        screens.extend(all.map(|(name, screen)| (format!("{prefix}{name}"), screen)));
    }
    let lanes = |name: &str, screen| (name.to_owned(), screen);
    screens.push(lanes("lanes-waiting", waiting(FULL, 2)));
    screens.push(lanes("lanes-waiting-four", waiting(FULL, 4)));
    screens.push(lanes("lanes-request", refused(FULL, 2, false)));
    screens.push(lanes("lanes-put-back", back(FULL, 3)));
    screens.push(lanes("panel-request", refused((80, 25), 1, false)));
    screens.push(lanes(
        "panel-code",
        gate((85, 32), |gate| gate.asks_visit = true),
    ));
    let mut bay = seen(1, vec![]);
    bay.gate.asks_visit = true;
    let bay = update(Screen::new(FULL, true), News::View(Box::new(bay)));
    screens.push(lanes("gate-bay", bay));
    for (name, screen) in screens {
        approved(&name, &screen);
    }
}

#[test]
fn nothing_that_asks_looks_like_an_answer_and_every_colour_is_exact() {
    for size in [FULL, SMALL, (60, 18), (85, 32)] {
        for (name, screen) in asking_screens(size) {
            let text = text(&screen);
            for verdict in VERDICTS {
                let found = traces(&text, verdict);
                assert!(found.is_empty(), "{found:?} on {name}:\n{text}");
            }
            let buffer = drawn(&screen);
            for (index, cell) in buffer.content.iter().enumerate() {
                let left = index.checked_sub(1).map(|left| &buffer.content[left]);
                let covered = left.is_some_and(|left| width(left.symbol()) == 2);
                let exact = matches!((cell.fg, cell.bg), (Color::Rgb(..), Color::Rgb(..)));
                assert!(covered || exact, "{name} {cell:?}");
                let is_field = |one: &Verdict| theme::verdict(*one).bg == Some(cell.bg);
                assert!(!VERDICTS.iter().any(is_field), "{name}");
            }
        }
        for (name, verdict, screen) in answers(size) {
            let text = text(&screen);
            for other in VERDICTS.into_iter().filter(|other| *other != verdict) {
                assert!(traces(&text, other).is_empty(), "{name}:\n{text}");
            }
        }
    }
}

#[test]
fn a_pin_is_on_no_screen_and_in_no_text_for_finding_faults() {
    for size in [FULL, SMALL, (60, 18), (85, 32)] {
        let screen = typed(gate(size, |_| {}), "77788\n864209");
        let (text, debug) = (text(&screen), format!("{screen:?}"));
        assert!(text.contains("● ● ● ● ● ●"), "{text}");
        for part in ["864", "209", "7788"] {
            assert!(!text.contains(part) && !debug.contains(part), "{part}");
        }
        let sent = update(screen, News::Key(Key::Enter));
        assert!(sent.said.is_some() && !format!("{sent:?}").contains("864209"));
        let badge = typed(gate(size, |gate| gate.asks_visit = true), "EMP-0042317");
        assert!(!self::text(&badge).contains("EMP"));
    }
}

#[test]
fn what_is_asked_and_what_became_of_it_is_said_in_both_languages_at_every_size() {
    for size in [FULL, SMALL, (60, 18), (85, 32)] {
        let ask = |change: &dyn Fn(&mut Gate)| {
            text(&gate(size, |gate| {
                gate.asks_visit = true;
                change(gate);
            }))
        };
        let has = |text: &str, parts: &[&str]| {
            for part in parts {
                assert!(text.contains(part), "{part} at {size:?}:\n{text}");
            }
        };
        has(&ask(&|_| {}), &["訪問番号", "isit code", "取消", "決定"]);
        for (typed, ja, en) in [
            (Typed::Checking, "確認しています", "Checking"),
            (Typed::Taken, "受け付けました", "Accepted"),
            (Typed::Wrong, "番号が違います", "Wrong code"),
            (Typed::Ended, "終了した訪問です", "Visit is over"),
            (Typed::NotYetValid, "まだ使えません", "Not valid yet"),
        ] {
            has(&ask(&|gate| gate.typed = Some(typed)), &[ja, en]);
        }
        has(
            &ask(&|gate| gate.locked_seconds = 27),
            &["27秒 お待ちください", "Wait 27 s"],
        );
        has(
            &ask(&visitor),
            &["山田 太郎", "東亜設備", "残り 4分", "4 min left"],
        );
        let ending = ask(&|gate| {
            visitor(gate);
            gate.visitor.as_mut().unwrap().seconds_left = 59;
        });
        has(&ending, &["残り 1分未満", "under 1 min left"]);
        has(
            &text(&gate(size, |gate| gate.is_exit = true)),
            &["次のUSBは", "The NEXT USB", "やめる"],
        );
        has(
            &text(&gate(size, |gate| gate.is_enrolling = true)),
            &["登録する媒体", "Insert the medium"],
        );
        has(&text(&gate(size, staff)), &["係員 Staff", "終了"]);
        has(&text(&refused(size, 1, false)), &["[5]", "登録を申請"]);
        has(
            &text(&refused(size, 1, true)),
            &["申請しました", "Requested"],
        );
        has(&text(&back(size, 1)), &["保管場所", "Place: 保安室"]);
        has(&text(&waiting(size, 1)), &["訪問番号", "isit code"]);
    }
}

#[test]
fn staff_see_how_much_waits_for_them_and_which_list_is_wrong() {
    for size in [FULL, (60, 18), (85, 32)] {
        for asks_visit in [false, true] {
            let screen = saw(size, vec![], |view| {
                view.gate.asks_visit = asks_visit;
                view.gate.requests = 3;
                view.gate.overdue = 12;
                view.open_cases = 2;
                view.gate.lists_refused = Some("allowlist.toml:12:8".to_owned());
            });
            let text = text(&screen);
            let is_pad = asks_visit && size.0 == 60;
            for part in ["未処理 2件", "登録申請 3件", "返却遅れ 12件", "前のリスト"]
            {
                assert!(is_pad || text.contains(part), "{part}:\n{text}");
            }
        }
    }
}

#[test]
fn names_of_visitors_staff_and_places_cannot_drive_the_screen() {
    let hostile = ["\u{202E}\u{1b}[31m", "長い名前".repeat(60).as_str(), ""].map(str::to_owned);
    for name in hostile {
        for size in [FULL, SMALL, (60, 18)] {
            let mut shown = pass();
            shown.put_back = Some(name.clone());
            let put_back = with(size, vec![Stage::Judged(shown)]);
            let idle = gate(size, |gate| {
                visitor(gate);
                staff(gate);
                if let (Some(visitor), Some(staff)) = (&mut gate.visitor, &mut gate.staff) {
                    visitor.person = name.clone();
                    visitor.company = name.clone();
                    staff.name = name.clone();
                }
                gate.lists_refused = Some(name.clone());
            });
            for screen in [put_back, idle] {
                let text = text(&screen);
                let hidden = |one: char| one != '\n' && wire::name::is_hidden(one);
                assert!(!text.chars().any(hidden), "{text}");
                let longest = text.lines().map(width).max();
                assert!(longest <= Some(usize::from(size.0)), "{text}");
                assert!(text.contains("終了") || text.contains("保管場所"), "{text}");
            }
        }
    }
}

#[test]
fn the_question_about_a_stopped_medium_its_keys_and_its_clock_fit_every_width() {
    for columns in [40, 41, 55, 79, 80, 85, 120] {
        for (is_bay, key) in [(false, "[1]"), (true, "[k]")] {
            let mut view = seen(1, vec![Stage::Judged(stop())]);
            view.lanes[0].asking = Some(Asking {
                insertion: 41,
                waited_seconds: 83,
                answered: None,
            });
            let size = (columns, 22);
            let screen = update(Screen::new(size, is_bay), News::View(Box::new(view)));
            let text = text(&screen);
            let row = text.lines().last().unwrap();
            for part in [key, "預かり", "返却", "引き渡し", "1:23"] {
                assert!(row.contains(part), "{part} {columns}: {row}");
            }
            assert!(columns < 80 || row.contains("Handed over"), "{row}");
        }
    }
}

#[test]
fn an_answer_on_the_way_out_never_says_that_the_medium_may_go_in() {
    let way = |mut shown: Box<wire::view::Shown>, size, is_out| {
        shown.is_out = is_out;
        text(&with(size, vec![Stage::Judged(shown)]))
    };
    let mut waived = pass();
    waived.waivers = vec![12];
    for (shown, ja, en) in [
        (pass(), "持ち出せます", "Allowed out"),
        (waived, "持ち出せます", "Allowed out with waiver 12"),
        (stop(), "持ち出せません", "Not allowed out"),
        (incomplete(), "まだ持ち出せません", "Not allowed out yet"),
    ] {
        for size in [FULL, SMALL] {
            let out = way(shown.clone(), size, true);
            assert!(
                !out.contains("持ち込") && !out.contains("llowed in"),
                "{out}"
            );
            let says = out.contains(ja) && out.contains(en);
            let is_small = size == SMALL && shown.verdict != Verdict::Pass;
            assert!(says || is_small, "{out}");
            let into = way(shown.clone(), size, false);
            assert!(!into.contains("持ち出"), "{into}");
        }
    }
    let removed = with(
        FULL,
        vec![Stage::Removed({
            let mut shown = pass();
            (shown.is_out, shown.put_back) = (true, Some("棚 3".to_owned()));
            shown
        })],
    );
    let text = text(&removed);
    assert!(
        text.contains("保管場所に戻してください") && !text.contains("抜いて"),
        "{text}"
    );
}
