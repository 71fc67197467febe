use std::path::Path;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
use wire::scan::Progress;
use wire::standing::Mitigation;
use wire::view::{Asking, OutOfService, RulesAge};
use wire::{MediumName, ReasonCode, Verdict};

use super::*;
use crate::art::Art;
use crate::bay::Note;
use crate::fixtures::{
    REASONS, half_way, incomplete, named, pass, scanning, shown, stop, view as seen,
};
use crate::state::{News, update};
use crate::text::{screen_text, width};

mod gate;

mod ledger;

const VERDICTS: [Verdict; 3] = [Verdict::Pass, Verdict::Stop, Verdict::Incomplete];

thread_local! {
    static WORDS: Words = Words::new();
}

fn drawn(screen: &Screen) -> Buffer {
    let (columns, rows) = screen.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| WORDS.with(|words| view(screen, words, frame)))
        .unwrap();
    terminal.backend().buffer().clone()
}

fn text(screen: &Screen) -> String {
    screen_text(&drawn(screen))
}

/// A screen that has heard of these stages twice, so that estimates have settled.
fn with(size: (u16, u16), stages: Vec<Stage>) -> Screen {
    let screen = update(
        Screen::new(size, false),
        News::View(Box::new(seen(1, stages.clone()))),
    );
    update(screen, News::View(Box::new(seen(2, stages))))
}

fn full(stages: Vec<Stage>) -> Screen {
    with((80, 22), stages)
}

fn out(why: OutOfService, stages: Vec<Stage>) -> Screen {
    let mut view = seen(1, stages);
    view.out_of_service = Some(why);
    update(Screen::new((80, 22), false), News::View(Box::new(view)))
}

fn out_with(why: OutOfService, change: impl FnOnce(&mut View)) -> Screen {
    let mut view = seen(1, vec![]);
    view.out_of_service = Some(why);
    change(&mut view);
    update(Screen::new((80, 22), false), News::View(Box::new(view)))
}

fn failed() -> Screen {
    out_with(OutOfService::SelfTest, |view| {
        view.fault = Some("rule eicar_test_file: canary 2 in a zip was not found".to_owned());
        view.contact = Some("保安室 内線 1234 / Security, ext. 1234".to_owned());
    })
}

fn lost(news: News) -> Screen {
    let told = update(full(vec![Stage::Judged(pass())]), News::Connected);
    update(
        update(
            told,
            News::View(Box::new(seen(3, vec![Stage::Judged(pass())]))),
        ),
        news,
    )
}

/// Every look of the screen that has no answer in it.
fn without_answer() -> Vec<(&'static str, Screen)> {
    let second = Duration::from_secs(3);
    let counting = Progress {
        walked: false,
        ..half_way()
    };
    let mut bay = Screen::new((80, 22), true);
    bay = update(bay, News::View(Box::new(seen(1, vec![]))));
    let noted = update(bay.clone(), News::Bay(Note::Inserted(1)));
    vec![
        ("connecting", Screen::new((80, 22), false)),
        ("lost-silent", lost(News::Tick(second))),
        ("lost-disconnected", lost(News::Disconnected)),
        ("lost-garbled", lost(News::Garbled)),
        ("out-starting", out(OutOfService::Starting, vec![])),
        (
            "out-ledger",
            out(OutOfService::Ledger, vec![Stage::Judged(pass())]),
        ),
        ("out-rules", out(OutOfService::Rules, vec![])),
        ("out-testing", out(OutOfService::Testing, vec![])),
        ("out-self-test", failed()),
        (
            "out-rules-stale",
            out_with(OutOfService::RulesStale, |view| {
                view.rules_age = RulesAge::Stale;
                view.rules.as_mut().unwrap().age_days = Some(90);
            }),
        ),
        ("idle-aging", aged(RulesAge::Aging, Some(9), (80, 22))),
        ("out-allowlist", out(OutOfService::Allowlist, vec![])),
        ("idle", full(vec![])),
        ("idle-bay", bay),
        ("idle-bay-noted", noted),
        ("checking", full(vec![Stage::Checking])),
        ("counting", full(vec![scanning(counting, 2)])),
        ("scanning", full(vec![scanning(half_way(), 79)])),
        ("recording", full(vec![Stage::Recording])),
        (
            "lanes-underway",
            full(vec![
                Stage::Checking,
                scanning(half_way(), 79),
                Stage::Recording,
            ]),
        ),
        (
            "small-scanning",
            with((40, 12), vec![scanning(half_way(), 79)]),
        ),
        ("too-small", with((39, 9), vec![Stage::Judged(pass())])),
    ]
}

/// Every look of an answer, with the answer.
fn with_answer() -> Vec<(&'static str, Verdict, Screen)> {
    let unregistered = shown(Verdict::Stop, &[(ReasonCode::Unregistered, 1)]);
    vec![
        ("pass", Verdict::Pass, full(vec![Stage::Judged(pass())])),
        (
            "pass-removed",
            Verdict::Pass,
            full(vec![Stage::Removed(pass())]),
        ),
        ("stop", Verdict::Stop, full(vec![Stage::Judged(stop())])),
        (
            "stop-removed",
            Verdict::Stop,
            full(vec![Stage::Removed(stop())]),
        ),
        (
            "stop-unregistered",
            Verdict::Stop,
            full(vec![Stage::Judged(unregistered)]),
        ),
        (
            "incomplete",
            Verdict::Incomplete,
            full(vec![Stage::Judged(incomplete())]),
        ),
        (
            "small-pass",
            Verdict::Pass,
            with((40, 10), vec![Stage::Judged(pass())]),
        ),
        (
            "small-stop",
            Verdict::Stop,
            with((40, 10), vec![Stage::Judged(stop())]),
        ),
        (
            "small-incomplete",
            Verdict::Incomplete,
            with((40, 10), vec![Stage::Judged(incomplete())]),
        ),
        (
            "large-incomplete",
            Verdict::Incomplete,
            with((120, 34), vec![Stage::Judged(incomplete())]),
        ),
        (
            "large-stop",
            Verdict::Stop,
            with((110, 30), vec![Stage::Judged(stop())]),
        ),
    ]
}

/// A screen that asks what was done with what was stopped.
fn asking(size: (u16, u16), stages: Vec<Stage>, answered: Option<Mitigation>) -> Screen {
    let mut view = seen(1, stages);
    for (insertion, lane) in (41..).zip(&mut view.lanes) {
        lane.asking = crate::ask::may_ask(&lane.stage).then_some(Asking {
            insertion,
            waited_seconds: 42,
            answered,
        });
    }
    update(Screen::new(size, false), News::View(Box::new(view)))
}

fn four_lanes(size: (u16, u16)) -> Screen {
    let stages = vec![
        Stage::Judged(pass()),
        Stage::Judged(stop()),
        scanning(half_way(), 79),
        Stage::Removed(incomplete()),
    ];
    with(size, stages)
}

#[test]
fn every_screen_looks_as_it_was_approved() {
    let mut screens = without_answer();
    screens.extend(
        with_answer()
            .into_iter()
            .map(|(name, _, screen)| (name, screen)),
    );
    let out = || vec![Stage::Removed(stop())];
    screens.push(("stop-asked", asking((80, 22), out(), None)));
    let kept = Some(Mitigation::Kept);
    screens.push(("stop-answered", asking((80, 22), out(), kept)));
    screens.push(("small-stop-asked", asking((40, 10), out(), None)));
    let two = vec![Stage::Judged(stop()), Stage::Removed(stop())];
    screens.push(("lanes-asked", asking((80, 22), two, None)));
    let mut open = seen(1, vec![]);
    open.open_cases = 2;
    let open = update(Screen::new((80, 22), false), News::View(Box::new(open)));
    screens.push(("idle-open", open));
    let mut waived = pass();
    waived.waivers = vec![12];
    screens.push(("pass-waived", full(vec![Stage::Judged(waived.clone())])));
    screens.push((
        "small-pass-waived",
        with((40, 10), vec![Stage::Judged(waived)]),
    ));
    screens.push(("lanes-four", four_lanes((80, 22))));
    screens.push(("small-lanes-four", four_lanes((60, 34))));
    screens.push((
        "lanes-two",
        full(vec![Stage::Judged(stop()), Stage::Checking]),
    ));
    for (name, screen) in screens {
        approved(name, &screen);
    }
}

fn approved(name: &str, screen: &Screen) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    let file = folder.join(format!("{name}.txt"));
    let now = text(screen);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let approved = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(now, approved, "{name} differs; BLESS=1 approves it:\n{now}");
}

#[test]
fn nothing_but_a_recorded_answer_looks_like_an_answer() {
    for (name, screen) in without_answer() {
        let text = text(&screen);
        for verdict in VERDICTS {
            assert_eq!(
                traces(&text, verdict),
                Vec::<String>::new(),
                "{verdict:?} on {name}:\n{text}"
            );
        }
        for cell in drawn(&screen).content {
            assert!(
                VERDICTS
                    .iter()
                    .all(|one| theme::verdict(*one).bg != Some(cell.bg)),
                "{name}"
            );
        }
    }
}

#[test]
fn an_answer_shows_its_own_word_in_both_languages_and_no_other() {
    for (name, verdict, screen) in with_answer() {
        let text = text(&screen);
        let giant = Art::word_ja(verdict)
            .rows()
            .chain(Art::word_en(verdict).rows());
        let is_giant = giant.into_iter().all(|row| text.contains(row.trim()));
        let is_plain = text.contains(verdict.word_ja()) && text.contains(verdict.word_en());
        assert!(is_giant || is_plain, "{name}:\n{text}");
        for other in VERDICTS.into_iter().filter(|other| *other != verdict) {
            assert_eq!(
                traces(&text, other),
                Vec::<String>::new(),
                "{other:?} on {name}:\n{text}"
            );
        }
    }
}

/// What of a verdict's words and shapes is in the text. Rows of a drawing count when they are
/// long enough to be nothing else.
fn traces(text: &str, verdict: Verdict) -> Vec<String> {
    let words = [verdict.word_ja(), verdict.word_en(), verdict.shape()];
    let drawings = [Art::word_ja(verdict), Art::word_en(verdict)];
    let rows = drawings
        .into_iter()
        .flat_map(Art::rows)
        .map(str::trim)
        .filter(|row| 16 < row.len() / 3);
    words
        .into_iter()
        .chain(rows)
        .filter(|trace| text.contains(trace))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_answer_has_its_own_colour_and_frame() {
    let looks = [pass(), stop(), incomplete()].map(|shown| {
        let buffer = drawn(&full(vec![Stage::Judged(shown)]));
        let corner = buffer.cell((0, 1)).unwrap();
        (corner.bg, corner.symbol().to_owned())
    });
    assert_eq!(looks[0], (Color::Rgb(0, 90, 156), "┌".to_owned()));
    assert_eq!(looks[1], (Color::Rgb(213, 94, 0), "▚".to_owned()));
    assert_eq!(looks[2], (Color::Rgb(255, 214, 0), "█".to_owned()));
}

#[test]
fn every_colour_is_exact() {
    let screens = without_answer().into_iter().map(|(_, screen)| screen);
    let answers = with_answer().into_iter().map(|(_, _, screen)| screen);
    for screen in screens.chain(answers).chain([four_lanes((80, 22))]) {
        let buffer = drawn(&screen);
        for (index, cell) in buffer.content.iter().enumerate() {
            // The cell that a wide character covers is never drawn.
            let covered = index
                .checked_sub(1)
                .is_some_and(|left| width(buffer.content[left].symbol()) == 2);
            let exact = matches!((cell.fg, cell.bg), (Color::Rgb(..), Color::Rgb(..)));
            assert!(covered || exact, "{:?} at {:?}", cell, buffer.pos_of(index));
        }
    }
}

#[test]
fn every_reason_is_shown_whole_in_both_languages_alone_and_among_others() {
    let words = Words::new();
    for code in REASONS {
        let verdict = if code == ReasonCode::Matched {
            Verdict::Stop
        } else {
            Verdict::Incomplete
        };
        for size in [(80, 22), (40, 12)] {
            let mut unnamed = shown(verdict, &[(code, 12)]);
            unnamed.first = None;
            let lane = Stage::Judged(unnamed);
            let alone = with(size, vec![lane.clone()]);
            let screens = if size.0 == 80 {
                vec![alone, full(vec![lane; 4])]
            } else {
                vec![alone]
            };
            for screen in screens {
                let text = text(&screen).replace('\n', " ");
                let squeezed: String = text.chars().filter(|one| !" ▚█▀▄".contains(*one)).collect();
                for both in [words.reason(code, 12), words.next(code)] {
                    for sentence in [both.ja, both.en] {
                        let sentence = sentence.replace(' ', "");
                        assert!(squeezed.contains(&sentence), "{sentence}:\n{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_was_found_is_named_in_both_languages_and_leaves_room_for_what_to_do() {
    let cases = [
        (ReasonCode::Policy, "禁止：", "Forbidden:"),
        (ReasonCode::Damaged, "未検査：", "Not examined:"),
    ];
    let less = ["member_unchecked", "examined_in_part"];
    for (rule, said) in ::words::table().filter(|(rule, _)| !less.contains(rule)) {
        for (code, ja, en) in cases {
            let verdict = if code == ReasonCode::Policy {
                Verdict::Stop
            } else {
                Verdict::Incomplete
            };
            let mut answer = shown(verdict, &[(code, 12)]);
            let first = answer.first.as_mut().unwrap();
            first.title = None;
            first.rule = rule.to_owned();
            if code == ReasonCode::Damaged {
                first.rule = "damaged".to_owned();
                first.cause = Some(rule.to_owned());
            }
            let lane = Stage::Judged(answer.clone());
            let text = text(&full(vec![lane.clone()]));
            for part in [ja, en, said.title_ja, said.title_en, "12"] {
                assert!(text.contains(part), "{rule} {part}:\n{text}");
            }
            let next = WORDS.with(|words| words.next(code));
            assert!(text.contains(&next.ja) && text.contains(&next.en), "{text}");
            answer.reasons[0].count = 123_456;
            answer
                .reasons
                .extend(shown(verdict, &[(ReasonCode::Limit, 1)]).reasons);
            for many in [vec![lane; 4], vec![Stage::Judged(answer)]] {
                let text = self::text(&full(many));
                assert!(text.contains(&next.ja) && text.contains(&next.en), "{text}");
            }
        }
    }
}

#[test]
fn a_member_that_was_not_examined_is_called_what_kept_it_from_that() {
    let mut answer = incomplete();
    answer.first.as_mut().unwrap().cause = Some("member_unchecked".to_owned());
    let text = text(&full(vec![Stage::Judged(answer)]));
    let reason = WORDS.with(|words| words.reason(ReasonCode::Encrypted, 2));
    assert!(
        text.contains(&reason.ja) && text.contains(&reason.en),
        "{text}"
    );
}

#[test]
fn a_larger_screen_says_a_sentence_about_what_was_found() {
    let text = text(&with((120, 34), vec![Stage::Judged(incomplete())]));
    let said = ::words::of("container_encrypted").unwrap();
    let squeezed: String = text.split_whitespace().collect();
    for sentence in [said.why_ja, said.why_en] {
        let beginning: String = sentence.split_whitespace().collect();
        let beginning: String = beginning.chars().take(20).collect();
        assert!(squeezed.contains(&beginning), "{text}");
    }
}

#[test]
fn no_sentence_about_a_reason_is_too_long_for_a_card_or_with_many_reasons() {
    let words = Words::new();
    for code in REASONS {
        for both in [words.reason(code, 12), words.next(code)] {
            assert!(width(&both.ja) <= 38 && width(&both.en) <= 38, "{both:?}");
        }
        let mut many = stop();
        many.reasons = REASONS.iter().map(|_| many.reasons[0]).collect();
        many.reasons[0].code = code;
        many.reasons[0].count = 123_456;
        let text = text(&full(vec![Stage::Judged(many)]));
        assert!(
            text.contains("ほか22つ") && text.contains("22 more"),
            "{text}"
        );
    }
}

#[test]
fn an_answer_names_its_receipt_its_files_and_the_nested_place() {
    let text = text(&full(vec![Stage::Judged(stop())]));
    for part in [
        "受付 Receipt 42 · 1a1a 1a1a 1a1a 1a1a",
        "4.6 GB",
        "保守/更新.zip > inner/tools.tar > bin/setup.exe",
        "eicar_test_file",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    let passed = self::text(&full(vec![Stage::Judged(pass())]));
    assert!(passed.contains("2,960 ファイル files  4.6 GB"), "{passed}");
}

#[test]
fn hostile_names_neither_move_the_screen_nor_hide_on_it() {
    let hostile = [
        "ﾊﾞｯｸｱｯﾌﾟ/ｶﾞｷﾞｸﾞｹﾞｺﾞ.txt".as_bytes().to_vec(),
        "a\u{202E}gpj.exe".as_bytes().to_vec(),
        b"\x1b[2J\x1b[H\x07\r\n\t".to_vec(),
        "zero\u{200B}width\u{FEFF}\u{2060}".as_bytes().to_vec(),
        "漢字".repeat(600).into_bytes(),
        format!("{}.exe", "x".repeat(4000)).into_bytes(),
        "\u{0335}".repeat(500).into_bytes(),
        vec![0xff; 300],
        "合格 PASS ○".as_bytes().to_vec(),
        "👩\u{200D}🚀🇯🇵🏽".as_bytes().to_vec(),
        Vec::new(),
    ];
    for bytes in hostile {
        let name = MediumName::new(bytes).unwrap();
        let mut answer = stop();
        answer.medium = Some("M\u{202E}\u{1b}[31m".to_owned());
        let first = answer.first.as_mut().unwrap();
        first.trail = vec![name.clone(), name.clone()];
        first.rule = "rule\u{1b}]0;\u{7}".to_owned();
        let progress = Progress {
            current: name.clone(),
            ..half_way()
        };
        for stages in [
            vec![Stage::Checking],
            vec![scanning(progress.clone(), 9)],
            vec![Stage::Judged(answer.clone())],
            vec![
                Stage::Judged(answer.clone()),
                Stage::Checking,
                scanning(progress, 9),
            ],
        ] {
            let mut view = seen(1, stages);
            view.site_ja = "門\u{202E}\n".to_owned();
            view.clock = "08:30\u{1b}".to_owned();
            view.contact = Some("\u{202E}\u{1b}[31m".to_owned());
            view.fault = view.contact.clone();
            for lane in &mut view.lanes {
                lane.label = name.clone();
            }
            for size in [(80, 22), (41, 11)] {
                let screen = update(Screen::new(size, false), News::View(Box::new(view.clone())));
                let text = text(&screen);
                assert!(
                    !text
                        .chars()
                        .any(|one| one != '\n' && wire::name::is_hidden(one)),
                    "{text}"
                );
                let longest = text.lines().map(width).max();
                assert!(longest <= Some(usize::from(size.0)), "{longest:?}\n{text}");
            }
        }
    }
}

#[test]
fn a_forged_word_in_a_file_name_never_reaches_the_idle_screen() {
    let screen = full(vec![Stage::Removed(stop())]);
    let screen = update(screen, News::View(Box::new(seen(3, vec![]))));
    assert!(!text(&screen).contains("setup.exe"));
}

#[test]
fn the_end_of_a_long_name_stays_in_sight_while_scanning() {
    let current = named(&format!(
        "{}/最後の図面.pdf",
        "とても長い名前のフォルダ/".repeat(20)
    ));
    let screen = full(vec![scanning(
        Progress {
            current,
            ..half_way()
        },
        79,
    )]);
    assert!(text(&screen).contains("最後の図面.pdf"));
}

fn aged(rules_age: RulesAge, age_days: Option<u64>, size: (u16, u16)) -> Screen {
    let mut view = seen(1, vec![]);
    view.rules_age = rules_age;
    view.rules.as_mut().unwrap().age_days = age_days;
    update(Screen::new(size, false), News::View(Box::new(view)))
}

#[test]
fn the_age_of_the_rules_is_always_said_in_amber_to_be_renewed_and_in_red_when_too_old() {
    for size in [(80, 22), (60, 18)] {
        let has = |screen: &Screen, style: Style| {
            let cells = drawn(screen).content;
            cells.iter().any(|cell| Some(cell.bg) == style.bg)
        };
        let fresh = aged(RulesAge::Fresh, Some(3), size);
        assert!(!has(&fresh, theme::AMBER) && !has(&fresh, theme::RED));
        assert!(text(&fresh).contains("検査の定義: 3日前") && text(&fresh).contains("3 d"));
        for (age, style) in [
            (RulesAge::Aging, theme::AMBER),
            (RulesAge::Stale, theme::RED),
        ] {
            let screen = aged(age, Some(365), size);
            let text = text(&screen);
            assert!(has(&screen, style), "{text}");
            for part in ["365日前", "365 d", "更新してください", "please update"] {
                assert!(text.contains(part), "{part}:\n{text}");
            }
        }
        let undated = text(&aged(RulesAge::Aging, None, size));
        assert!(
            undated.contains("日付不明") && undated.contains("undated"),
            "{undated}"
        );
    }
}

#[test]
fn rules_that_were_refused_are_told_beside_those_in_force() {
    for size in [(80, 22), (60, 18)] {
        let mut view = seen(1, vec![]);
        view.rules_refused = Some("rule r: canary 1 was not found".to_owned());
        let screen = update(Screen::new(size, false), News::View(Box::new(view)));
        let text = text(&screen);
        let told = text.contains("使っていません") && text.contains("newer rules are not in use");
        assert!(told && text.contains("3 d"), "{text}");
    }
}

#[test]
fn a_terminal_a_cell_too_small_shows_no_answer() {
    let crowded = text(&four_lanes((COLUMNS_MIN, 21)));
    assert!(
        !crowded.contains("合格") && !crowded.contains("STOP"),
        "{crowded}"
    );
    let roomy = text(&four_lanes((COLUMNS_MIN, 22)));
    assert!(roomy.contains("合格") && roomy.contains("STOP"), "{roomy}");
    for size in [
        (COLUMNS_MIN - 1, ROWS_MIN),
        (COLUMNS_MIN, ROWS_MIN - 1),
        (1, 1),
        (0, 0),
    ] {
        let text = text(&with(size, vec![Stage::Judged(pass())]));
        assert!(!text.contains("合格") && !text.contains("PASS"), "{text}");
    }
    let text = text(&with((COLUMNS_MIN, ROWS_MIN), vec![Stage::Judged(pass())]));
    assert!(text.contains("合格") && text.contains("PASS"), "{text}");
}

#[test]
fn every_size_can_be_drawn() {
    for columns in [1, 2, 5, 39, 40, 41, 60, 79, 80, 81, 100] {
        for rows in [1, 2, 9, 10, 11, 15, 21, 22, 23, 40] {
            for stages in [
                vec![],
                vec![Stage::Judged(stop())],
                vec![scanning(half_way(), 9)],
            ] {
                let _ = text(&with((columns, rows), stages));
            }
            let _ = text(&four_lanes((columns, rows)));
        }
    }
}

#[test]
fn what_turns_moves_with_every_tick() {
    let still = full(vec![scanning(half_way(), 79)]);
    let moved = update(still.clone(), News::Tick(Duration::from_millis(250)));
    assert_ne!(text(&still), text(&moved));
}
