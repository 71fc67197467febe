use wire::view::{Asking, Gate, OutOfService, Request, Staff, TYPED_BYTES_MAX, Typed, Visitor};
use wire::{ReasonCode, Verdict};

use super::*;
use crate::fixtures::{half_way, scanning, shown, stop, view};
use crate::pad::PAD_WAIT_MAX;
use crate::state::{Lost, News, update};

const SECOND: Duration = Duration::from_secs(1);

/// A screen of a real kiosk that has heard this.
fn hears(stages: Vec<Stage>, change: impl FnOnce(&mut View)) -> Screen {
    told(Screen::new((80, 22), false), 7, stages, change)
}

fn told(
    screen: Screen,
    sequence: u64,
    stages: Vec<Stage>,
    change: impl FnOnce(&mut View),
) -> Screen {
    let mut view = view(sequence, stages);
    change(&mut view);
    update(screen, News::View(Box::new(view)))
}

fn visitor() -> Visitor {
    Visitor {
        person: "山田 太郎".to_owned(),
        company: "東亜設備".to_owned(),
        seconds_left: 290,
    }
}

fn asks_visit(view: &mut View) {
    view.gate.asks_visit = true;
    view.gate.takes_exits = true;
    view.gate.takes_staff = true;
}

fn takes_all(view: &mut View) {
    view.gate.takes_exits = true;
    view.gate.takes_staff = true;
}

fn typed(screen: Screen, keys: &str) -> (Screen, Vec<Input>) {
    let mut said = Vec::new();
    let screen = keys.chars().fold(screen, |screen, one| {
        let key = match one {
            '\n' => Key::Enter,
            '\u{8}' => Key::Erase,
            '\u{1b}' => Key::Escape,
            one => Key::Character(one),
        };
        let (screen, input) = update(screen, News::Key(key)).take_said();
        said.extend(input);
        screen
    });
    (screen, said)
}

fn says(screen: &Screen, keys: &str) -> Vec<Input> {
    typed(screen.clone(), keys).1
}

fn code(code: &str) -> Input {
    let code = code.to_owned();
    Input::Code { code }
}

/// What a tap in the middle of every button does.
fn taps(screen: &Screen) -> Vec<(Act, Option<Input>)> {
    let (columns, rows) = screen.size;
    place::buttons(screen, Rect::new(0, 0, columns, rows))
        .into_iter()
        .map(|button| {
            let (column, row) = centre(button.area);
            let tapped = update(screen.clone(), News::Tap(column, row));
            (button.act, tapped.take_said().1)
        })
        .collect()
}

fn centre(area: Rect) -> (u16, u16) {
    let middle = crate::view::middle(area, 1, 1);
    (middle.x, middle.y)
}

fn unregistered(insertion: u64) -> impl FnOnce(&mut View) {
    move |view| {
        for (insertion, lane) in (insertion..).zip(&mut view.lanes) {
            lane.request = Some(Request {
                insertion,
                is_recorded: false,
            });
        }
    }
}

fn refused() -> Stage {
    Stage::Judged(shown(Verdict::Stop, &[(ReasonCode::Unregistered, 1)]))
}

#[test]
fn a_code_is_typed_without_opening_anything_first_and_leaves_no_trace() {
    for stages in [vec![], vec![Stage::AwaitingVisit]] {
        let screen = hears(stages, asks_visit);
        let (after, said) = typed(screen, "12\u{8}34\n");
        assert_eq!(said, [code("134")]);
        assert_eq!(after.pad, Some(Pad::new(Wants::Code)));
        assert!(!format!("{after:?}").contains("134"));
    }
}

#[test]
fn a_badge_with_any_characters_is_a_code_also_when_somebody_is_checked_in() {
    let mut screen = hears(vec![], asks_visit);
    assert_eq!(says(&screen, "V-79*0.5\n"), [code("V-79*0.5")]);
    screen = told(screen, 8, vec![], |view| {
        asks_visit(view);
        view.gate.visitor = Some(visitor());
    });
    assert_eq!(screen.pad, None, "nobody is asked again");
    for badge in ["790512", "A790512", "0", "5es7"] {
        assert_eq!(says(&screen, &format!("{badge}\n")), [code(badge)]);
    }
    let long = "9".repeat(TYPED_BYTES_MAX);
    assert_eq!(says(&screen, &format!("{long}\n")), [code(&long)]);
    assert_eq!(says(&screen, &format!("{long}9\n")), []);
}

#[test]
fn the_pad_is_emptied_when_nobody_goes_on_and_when_another_visitor_is_told() {
    let screen = hears(vec![], asks_visit);
    let empty = Some(Pad::new(Wants::Code));
    let (half, _) = typed(screen, "123");
    let mut waiting = half.clone();
    for number in 0..PAD_WAIT_MAX.as_secs() {
        assert_ne!(waiting.pad, empty, "after {number} s");
        waiting = told(waiting, 8 + number, vec![], asks_visit);
        waiting = update(waiting, News::Tick(SECOND));
    }
    assert_eq!(waiting.pad, empty);
    let checked_in = told(half.clone(), 90, vec![], |view| {
        asks_visit(view);
        view.gate.visitor = Some(visitor());
    });
    assert_eq!(checked_in.pad, None);
    let scanning = told(half, 90, vec![scanning(half_way(), 3)], asks_visit);
    assert_eq!(scanning.pad, None);
}

#[test]
fn no_pad_outlives_the_daemon_or_opens_where_it_is_not_asked_for() {
    let (half, _) = typed(hears(vec![], asks_visit), "123");
    for news in [News::Disconnected, News::Garbled, News::Tick(SECOND * 9)] {
        let lost = update(half.clone(), news);
        assert!(matches!(lost.link, Link::Lost(_)) && lost.pad.is_none());
        assert_eq!(says(&lost, "1\n"), []);
    }
    let out = told(half, 8, vec![], |view| {
        asks_visit(view);
        view.out_of_service = Some(OutOfService::Ledger);
    });
    assert_eq!((out.pad.clone(), taps(&out)), (None, vec![]));
    let plain = hears(vec![], |_| {});
    assert_eq!(plain.pad, None);
    assert_eq!(says(&plain, "1234567890*.-ABC\n\u{8}\u{1b}"), []);
    assert_eq!(taps(&plain), []);
}

#[test]
fn nothing_typed_is_taken_while_the_gate_is_locked() {
    let locked = hears(vec![], |view| {
        asks_visit(view);
        view.gate.typed = Some(Typed::Wrong);
        view.gate.locked_seconds = 9;
    });
    let (after, said) = typed(locked, "123456\n");
    assert_eq!((after.pad, said), (Some(Pad::new(Wants::Code)), vec![]));
}

#[test]
fn staff_sign_in_with_number_and_pin_and_are_seen_to_be_signed_in() {
    let number = "7788".to_owned();
    let pin = "864209".to_owned();
    let input = Input::Staff { number, pin };
    let digits = hears(vec![], takes_all);
    let (after, said) = typed(digits.clone(), "77788\n864209\n");
    assert_eq!((said, after.pad.as_ref()), (vec![input.clone()], None));
    assert!(!format!("{after:?}").contains("864209"));
    let asked = hears(vec![], asks_visit);
    assert_eq!(
        says(&asked, "*7788\n864209\n"),
        std::slice::from_ref(&input)
    );
    let bay = told(Screen::new((80, 22), true), 7, vec![], takes_all);
    assert_eq!(says(&bay, "s7788\n864209\n"), [input]);
    // Erasing what is not there leaves: a keypad has no Escape.
    assert_eq!(typed(digits.clone(), "77\u{8}\u{8}").0.pad, None);
    let (number, _) = typed(digits, "77788");
    // Nobody goes on: the pad is gone, and what was typed with it.
    let left = (8..8 + PAD_WAIT_MAX.as_secs()).fold(number.clone(), |screen, sequence| {
        assert!(screen.pad.is_some());
        update(
            told(screen, sequence, vec![], takes_all),
            News::Tick(SECOND),
        )
    });
    assert_eq!(left.pad, None);
    let inserted = told(number.clone(), 8, vec![Stage::Checking], takes_all);
    assert_eq!(inserted.pad, None);
    let signed_in = told(number, 8, vec![], |view| {
        takes_all(view);
        view.gate.staff = Some(Staff {
            name: "鈴木".to_owned(),
            seconds_left: 60,
        });
    });
    assert_eq!(signed_in.pad, None);
    assert_eq!(says(&signed_in, "0"), [Input::SignOut]);
    assert_eq!(says(&signed_in, "7"), [], "nobody else signs in over it");
}

#[test]
fn the_way_out_is_said_and_taken_back() {
    let mut screen = hears(vec![], takes_all);
    assert_eq!(says(&screen, "9"), [Input::Exit(true)]);
    // A second press before the daemon has answered says the same again.
    assert_eq!(says(&screen, "99"), [Input::Exit(true), Input::Exit(true)]);
    screen = told(screen, 8, vec![], |view| {
        takes_all(view);
        view.gate.is_exit = true;
    });
    assert_eq!(says(&screen, "9"), [Input::Exit(false)]);
    let asked = hears(vec![], asks_visit);
    assert_eq!(says(&asked, "-"), [Input::Exit(true)]);
    assert_eq!(says(&asked, "1-"), [], "then it is part of a badge");
    let busy = hears(vec![Stage::Checking], takes_all);
    assert_eq!(says(&busy, "9-e"), []);
}

#[test]
fn a_visitor_is_done_with_a_key() {
    let gate = |view: &mut View| view.gate.visitor = Some(visitor());
    assert_eq!(says(&hears(vec![], gate), "0"), [Input::SignOut]);
    let asked = hears(vec![], |view| {
        asks_visit(view);
        gate(view);
    });
    assert_eq!(says(&asked, "."), [Input::SignOut]);
}

#[test]
fn a_request_is_sent_once_with_the_view_that_offered_it() {
    let screen = hears(vec![refused()], unregistered(41));
    let input = Input::Request {
        insertion: 41,
        sequence: 7,
    };
    assert_eq!(says(&screen, "5"), std::slice::from_ref(&input));
    assert_eq!(says(&screen, "5r5"), std::slice::from_ref(&input));
    let (sent, _) = typed(screen.clone(), "5");
    let again = told(sent.clone(), 8, vec![refused()], unregistered(41));
    assert_eq!(says(&again, "5"), []);
    assert!(taps(&again).is_empty());
    // What was not recorded in time may be asked for again.
    let late = (9..9 + REQUEST_WAIT_MAX.as_secs()).fold(sent, |screen, number| {
        let screen = told(screen, number, vec![refused()], unregistered(41));
        update(screen, News::Tick(SECOND))
    });
    assert_eq!(says(&late, "5").len(), 1);
    let recorded = told(screen, 8, vec![refused()], |view| {
        view.lanes[0].request = Some(Request {
            insertion: 41,
            is_recorded: true,
        });
    });
    assert_eq!(says(&recorded, "5"), []);
    let bay = told(
        Screen::new((80, 22), true),
        7,
        vec![refused()],
        unregistered(41),
    );
    assert_eq!(says(&bay, "5"), []);
    assert_eq!(says(&bay, "r"), [input]);
}

#[test]
fn a_request_for_what_was_not_refused_as_unregistered_is_garbled() {
    for stage in [Stage::Checking, Stage::Judged(stop())] {
        let screen = hears(vec![stage], unregistered(41));
        assert_eq!(screen.link, Link::Lost(Lost::Garbled));
    }
}

#[test]
fn in_the_bay_the_pad_can_be_put_aside_so_that_digits_insert() {
    let bay = told(Screen::new((80, 22), true), 7, vec![], asks_visit);
    let (pad, _) = typed(bay.clone(), "1");
    assert!(pad.take_wish().1.is_none());
    let (aside, _) = typed(bay, "\u{1b}");
    let aside = told(aside, 8, vec![], asks_visit);
    let (inserting, _) = typed(aside, "1");
    assert!(inserting.clone().take_wish().1.is_some() && inserting.pad.is_none());
    let waits = told(inserting, 9, vec![Stage::AwaitingVisit], asks_visit);
    assert_eq!(says(&waits, "123456\n"), [code("123456")]);
}

#[test]
fn on_a_real_kiosk_the_pad_for_a_code_cannot_be_put_aside() {
    let screen = hears(vec![], asks_visit);
    let (after, said) = typed(screen, "\u{1b}\u{8}\u{1b}123456\n");
    assert_eq!(said, [code("123456")]);
    assert!(after.pad.is_some());
}

/// Screens with everything that can be chosen, at this size.
fn screens(size: (u16, u16)) -> Vec<(&'static str, Screen)> {
    let sized = |stages, change: &dyn Fn(&mut View)| {
        told(Screen::new(size, false), 7, stages, |view| change(view))
    };
    let asked = |view: &mut View| {
        unregistered(41)(view);
        for (insertion, lane) in (41..).zip(&mut view.lanes) {
            lane.asking = Some(Asking {
                insertion,
                waited_seconds: 3,
                answered: None,
            });
        }
    };
    let signed_in = |view: &mut View| {
        asks_visit(view);
        view.gate.visitor = Some(visitor());
        view.gate.staff = Some(Staff {
            name: "鈴木".to_owned(),
            seconds_left: 60,
        });
    };
    let several = |count| vec![refused(); count];
    let mut mixed = vec![refused(), Stage::AwaitingVisit, Stage::AwaitingVisit];
    mixed.push(Stage::Checking);
    let mixed_asked = |view: &mut View| {
        let lane = &mut view.lanes[0];
        lane.asking = Some(Asking {
            insertion: 41,
            waited_seconds: 3,
            answered: None,
        });
        lane.request = Some(Request {
            insertion: 41,
            is_recorded: false,
        });
    };
    vec![
        ("plain", sized(vec![], &|_| {})),
        ("idle", sized(vec![], &takes_all)),
        ("code", sized(vec![], &asks_visit)),
        ("signed in", sized(vec![], &signed_in)),
        ("typed over", typed(sized(vec![], &signed_in), "1").0),
        ("number", typed(sized(vec![], &takes_all), "7").0),
        ("waiting", sized(vec![Stage::AwaitingVisit], &asks_visit)),
        ("staff in use", sized(vec![Stage::Checking], &signed_in)),
        ("refused", sized(several(1), &asked)),
        ("two refused", sized(several(2), &asked)),
        ("four refused", sized(several(4), &asked)),
        ("mixed", sized(mixed, &mixed_asked)),
    ]
}

#[test]
fn every_button_is_hit_in_its_middle_and_nothing_outside_at_every_size() {
    let mut seen = 0;
    for columns in [40, 41, 47, 60, 79, 80, 81, 85, 120] {
        for rows in [10, 11, 12, 15, 21, 22, 23, 24, 25, 32, 40] {
            for (name, screen) in screens((columns, rows)) {
                let area = Rect::new(0, 0, columns, rows);
                let buttons = place::buttons(&screen, area);
                seen += buttons.len();
                let hit = |cell: (u16, u16)| {
                    let on = |button: &&place::Button| button.area.contains(cell.into());
                    buttons
                        .iter()
                        .filter(on)
                        .map(|one| one.act)
                        .collect::<Vec<_>>()
                };
                for button in &buttons {
                    let what = format!("{name} {columns}x{rows} {button:?}");
                    assert!(!button.drawn.is_empty(), "{what}");
                    assert_eq!(area.union(button.area), area, "{what}");
                    assert_eq!(button.area.union(button.drawn), button.area, "{what}");
                    assert_eq!(hit(centre(button.area)), [button.act], "{what}");
                    assert_eq!(hit(centre(button.drawn)), [button.act], "{what}");
                }
                for cell in area.positions() {
                    let cell = (cell.x, cell.y);
                    assert!(hit(cell).len() <= 1, "{name} {columns}x{rows} {cell:?}");
                    if hit(cell).is_empty() {
                        let after = update(screen.clone(), News::Tap(cell.0, cell.1));
                        assert_eq!(after, screen, "{name} {columns}x{rows} {cell:?}");
                    }
                }
                let outside = update(screen.clone(), News::Tap(columns, rows));
                assert_eq!(outside, screen);
            }
        }
    }
    assert!(2000 < seen, "{seen}");
}

#[test]
fn taps_say_what_keys_say() {
    for size in [(40, 10), (80, 22), (85, 32)] {
        let of = |wanted: &str| {
            let found = screens(size).into_iter().find(|(name, _)| *name == wanted);
            found.unwrap().1
        };
        let choice = |choice| {
            Input::Case(Choice {
                insertion: 41,
                sequence: 7,
                choice,
            })
        };
        let request = |insertion| Input::Request {
            insertion,
            sequence: 7,
        };
        let said: Vec<_> = taps(&of("refused"))
            .into_iter()
            .map(|(_, said)| said)
            .collect();
        let mut expected: Vec<_> = Mitigation::ALL.map(|one| Some(choice(one))).into();
        expected.push(Some(request(41)));
        assert_eq!(said, expected, "{size:?}");
        let idle = taps(&of("idle"));
        assert!(
            idle.contains(&(Act::Exit, Some(Input::Exit(true)))),
            "{size:?}"
        );
        let staff = taps(&of("signed in"));
        assert!(staff.contains(&(Act::SignOut, Some(Input::SignOut))));
        // A code is typed with taps alone.
        let mut screen = of("code");
        for key in [Key::Character('4'), Key::Character('0'), Key::Enter] {
            let area = Rect::new(0, 0, size.0, size.1);
            let buttons = place::buttons(&screen, area);
            let button = buttons
                .iter()
                .find(|one| one.act == Act::Press(key))
                .unwrap();
            let (column, row) = centre(button.area);
            screen = update(screen, News::Tap(column, row));
        }
        assert_eq!(screen.take_said().1, Some(code("40")));
    }
    let two = taps(&screens((80, 22))[9].1);
    let requests = two.iter().filter(|(act, _)| matches!(act, Act::Request(_)));
    let wanted: Vec<_> = requests.map(|(act, _)| *act).collect();
    assert_eq!(wanted, [Act::Request(41), Act::Request(42)]);
}

#[test]
fn a_gate_that_asks_nothing_is_the_usual_one() {
    assert_eq!(Gate::default(), view(1, vec![]).gate);
}
