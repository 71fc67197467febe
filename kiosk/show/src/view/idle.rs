//! Nothing is in: how to begin. Names of files are never on this screen, which anybody passes.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use wire::view::{Gate, RulesAge, View};

use super::paint::{Paint, Piece, middle};
use super::{edge, gate, ledger, place};
use crate::state::Screen;
use crate::theme;
use crate::words::{Both, Words};

const PORT: [&str; 5] = [
    "██████████████",
    "██▀▀▀▀▀▀▀▀▀▀██",
    "██          ██",
    "██▄▄▄▄▄▄▄▄▄▄██",
    "██████████████",
];

const ARROW: [&str; 5] = ["    ▄██", "  ▄████", "██████████████", "  ▀████", "    ▀██"];

const PLUG: [&str; 3] = ["▄▄▄▄▄▄▄▄", "█  ▀  ▀ ", "▀▀▀▀▀▀▀▀"];

const STICK: [&str; 5] = [
    "▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄",
    "█████████████████████",
    "██████         ██████",
    "█████████████████████",
    "▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀",
];

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, view: &View, screen: &Screen) {
    let frame = middle(body, 80, 20);
    paint.thin_frame(frame, theme::QUIET);
    ledger::head(paint, frame, view);
    let card = place::card(body);
    if view.gate == Gate::default() {
        plain(paint, card, view, screen.beat);
    } else {
        gate::draw(paint, body, view, screen);
    }
}

/// A kiosk that asks nothing.
fn plain(paint: &mut Paint<'_>, card: Rect, view: &View, beat: u8) {
    let words = paint.words;
    let insert = words.say("idle-insert");
    let keep = words.say("idle-keep");
    let (rules, rules_style) = rules(words, view);
    let refused = view.rules_refused.as_ref();
    let refused = refused.map(|_| words.say("idle-rules-refused"));
    let open =
        (view.open_cases != 0).then(|| words.with("open-cases", &[("count", view.open_cases)]));
    if !place::is_full(card) {
        let mut pieces = vec![
            Piece::Two(insert, theme::STRONG),
            Piece::Gap,
            Piece::Two(keep, theme::GROUND),
            Piece::Gap,
        ];
        let cells = usize::from(card.width);
        let notes = ledger::notes(words, view);
        if notes.is_empty() {
            let phones = words.say("idle-no-phones");
            pieces.extend([Piece::Two(phones, theme::QUIET), Piece::Gap]);
        }
        let note = |note| Piece::Name(ledger::line(note, cells), theme::AMBER);
        pieces.extend(notes.iter().map(note));
        pieces.push(Piece::One(rules, rules_style));
        pieces.extend(refused.map(|refused| Piece::One(refused, theme::AMBER)));
        pieces.extend(open.map(|open| Piece::One(open, theme::AMBER)));
        paint.column(card, pieces);
        return;
    }
    let centre = Alignment::Center;
    paint.row(card, 1, centre, &insert.ja, theme::STRONG);
    paint.row(card, 2, centre, &insert.en, theme::STRONG);
    picture(
        paint,
        Rect {
            y: card.y.saturating_add(5),
            ..card
        },
        beat,
    );
    paint.row(card, 12, centre, &steps(words), theme::STRONG);
    paint.row(card, 14, centre, &keep.joined(), theme::GROUND);
    paint.row(
        card,
        16,
        centre,
        &words.say("idle-no-phones").joined(),
        theme::QUIET,
    );
    if let Some(open) = open {
        let line = format!(" {} ", open.joined());
        paint.row(card, 13, Alignment::Right, &line, theme::AMBER);
    }
    // From below upwards, between the picture and the steps.
    for (row, note) in [11, 10].into_iter().zip(ledger::notes(words, view)) {
        let line = ledger::line(&note, usize::from(card.width));
        paint.row(card, row, centre, &line, theme::AMBER);
    }
    if let Some(refused) = refused {
        paint.row(card, 15, centre, &refused.joined(), theme::AMBER);
    }
    paint.row(card, 17, centre, &rules.joined(), rules_style);
}

/// The three steps in one row.
pub(super) fn steps(words: &Words) -> String {
    let steps = ["idle-step-insert", "idle-step-wait", "idle-step-read"].map(|key| words.say(key));
    let steps: Vec<_> = (1..)
        .zip(steps)
        .map(|(number, both)| format!("{number} {} {}", both.ja, both.en))
        .collect();
    steps.join("   →   ")
}

/// How old the rules are, and what staff should do about it.
pub(super) fn rules(words: &Words, view: &View) -> (Both, Style) {
    let Some(rules) = &view.rules else {
        return (words.say("header-rules-none"), theme::AMBER);
    };
    let (title, age) = (words.say("idle-rules"), edge::age(words, rules));
    let update = words.say("idle-rules-update");
    let (style, update) = match view.rules_age {
        RulesAge::Fresh => (theme::QUIET, None),
        RulesAge::Aging => (theme::AMBER, Some(update)),
        RulesAge::Stale => (theme::RED, Some(update)),
    };
    let line = |title: &str, age: &str, update: Option<&String>| match update {
        None => format!("{title}: {age}"),
        Some(update) => format!("{title}: {age}  {update}"),
    };
    let update = update.as_ref();
    let both = Both {
        ja: line(&title.ja, &age.ja, update.map(|update| &update.ja)),
        en: line(&title.en, &age.en, update.map(|update| &update.en)),
    };
    (both, style)
}

/// The blue port, and a USB memory on its way into it.
pub(super) fn picture(paint: &mut Paint<'_>, area: Rect, beat: u8) {
    let mut rows = |column: u16, row: u16, rows: &[&str], style| {
        for (row, line) in (row..).zip(rows) {
            for (column, block) in (column..).zip(line.chars()) {
                if block != ' ' {
                    let place = Rect {
                        x: area.x.saturating_add(column),
                        width: 1,
                        ..area
                    };
                    paint.row(
                        place,
                        row,
                        Alignment::Left,
                        block.encode_utf8(&mut [0; 4]),
                        style,
                    );
                }
            }
        }
    };
    rows(7, 0, &PORT, theme::BLUE);
    // The arrow moves a cell each second, towards the port.
    let step = u16::from(3_u8.saturating_sub((beat / 4).wrapping_rem(4)));
    rows(step.saturating_add(23), 0, &ARROW, theme::WARM);
    rows(42, 1, &PLUG, theme::QUIET);
    rows(50, 0, &STICK, theme::GROUND);
    rows(59, 2, &["USB"], theme::STRONG);
}
