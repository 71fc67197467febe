//! Nothing is in, at a kiosk that asks people or staff something: who is checked in, whether
//! the next medium is on its way out, what is asked, and what staff should know.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use wire::view::{Gate, Typed, View};

use super::paint::{Paint, Piece, middle};
use super::{idle, ledger, pad as display, place};
use crate::act;
use crate::pad::{Wants, layout};
use crate::state::Screen;
use crate::words::{Both, Words, both};
use crate::{text, theme};

/// Rows for notes on a full screen.
const NOTE_ROWS: u16 = 3;

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, view: &View, screen: &Screen) {
    let card = place::card(body);
    match (place::is_full(card), &screen.pad) {
        (true, None) => full(paint, card, view, screen),
        (true, Some(pad)) => {
            let words = place::words(card, true);
            let buttons = if act::offered(screen).is_empty() {
                0
            } else {
                3
            };
            let words = Rect {
                height: words.height.saturating_sub(buttons),
                ..words
            };
            let pieces = beside(paint.words, view, screen, &pad.wants);
            paint.column(words, pieces);
        }
        (false, None) => {
            let pieces = narrow(paint.words, view, usize::from(card.width));
            paint.column(card, pieces);
        }
        (false, Some(_)) => {
            let title = short_title(paint.words, screen);
            paint.row(card, 0, Alignment::Center, &title, theme::WARM);
        }
    }
    pad(paint, body, screen);
}

/// The pad's display. It says what became of what was typed where no words are beside it.
pub(super) fn pad(paint: &mut Paint<'_>, body: Rect, screen: &Screen) {
    let Some(open) = &screen.pad else { return };
    let Some(place) = place::pad_area(screen, body).and_then(layout) else {
        return;
    };
    let is_beside = place::is_full(place::card(body));
    let note = short_note(paint.words, screen).filter(|_| !is_beside);
    display::draw(paint, open, &place, note.as_ref());
}

/// Without a pad, with the picture.
fn full(paint: &mut Paint<'_>, card: Rect, view: &View, screen: &Screen) {
    let words = paint.words;
    let centre = Alignment::Center;
    let cells = usize::from(card.width);
    if let Some((name, line)) = visitor(words, &view.gate, cells) {
        paint.row(card, 0, centre, &name, theme::WARM);
        paint.row(card, 1, centre, &line.joined(), theme::GROUND);
    }
    let (title, style) = title(words, &view.gate);
    for (row, line) in (2..).zip([title.ja, title.en]) {
        paint.row(card, row, centre, &format!(" {line} "), style);
    }
    let below = Rect {
        y: card.y.saturating_add(4),
        ..card
    };
    idle::picture(paint, below, screen.beat);
    paint.row(card, 9, centre, &idle::steps(words), theme::STRONG);
    let keep = words.say("idle-keep").joined();
    paint.row(card, 10, centre, &keep, theme::GROUND);
    let mut notes = notes(words, view, cells);
    if notes.is_empty() {
        let phones = words.say("idle-no-phones").joined();
        notes.push((phones, theme::QUIET));
    }
    for (row, (line, style)) in (11..).zip(notes).take(usize::from(NOTE_ROWS)) {
        paint.row(card, row, centre, &line, style);
    }
    let (rules, style) = idle::rules(words, view);
    paint.row(card, 14, centre, &rules.joined(), style);
}

/// The words beside a pad.
fn beside(words: &Words, view: &View, screen: &Screen, wants: &Wants) -> Vec<Piece> {
    let cells = usize::from(place::words(middle(FULL, 78, 18), true).width);
    let mut pieces = Vec::new();
    let asked = words.say(match wants {
        Wants::Code => "pad-code",
        Wants::Number => "pad-number",
        Wants::Pin { .. } => "pad-pin",
    });
    if *wants == Wants::Code {
        if view.gate.is_exit || view.gate.is_enrolling {
            let (banner, style) = title(words, &view.gate);
            pieces.extend([Piece::Two(banner, style), Piece::Gap]);
        }
        pieces.extend(visitor_pieces(words, &view.gate, cells));
    }
    pieces.extend([Piece::Two(asked, theme::STRONG), Piece::Gap]);
    pieces.extend(note(words, screen));
    if *wants == Wants::Code {
        let (rules, style) = idle::rules(words, view);
        pieces.extend([
            Piece::Gap,
            Piece::Two(words.say("visit-then"), theme::GROUND),
            Piece::Gap,
        ]);
        pieces.extend(staff_pieces(words, view));
        pieces.push(Piece::One(rules, style));
    }
    pieces
}

/// The card of a full screen, wherever it is.
const FULL: Rect = Rect::new(0, 0, 78, 18);

/// Without pictures.
fn narrow(words: &Words, view: &View, cells: usize) -> Vec<Piece> {
    let (title, style) = title(words, &view.gate);
    let mut pieces = visitor_pieces(words, &view.gate, cells);
    pieces.extend([Piece::Two(title, style), Piece::Gap]);
    let notes = notes(words, view, cells).into_iter();
    pieces.extend(notes.map(|(line, style)| Piece::Name(line, style)));
    let (rules, style) = idle::rules(words, view);
    pieces.extend([
        Piece::Two(words.say("idle-keep"), theme::GROUND),
        Piece::Gap,
        Piece::One(rules, style),
    ]);
    pieces
}

/// What is to be inserted: a medium, one that goes out, or one to register.
fn title(words: &Words, gate: &Gate) -> (Both, Style) {
    match (gate.is_exit, gate.is_enrolling) {
        (true, _) => (words.say("exit-next"), theme::AMBER),
        (false, true) => (words.say("enrol-insert"), theme::AMBER),
        (false, false) => (words.say("idle-insert"), theme::STRONG),
    }
}

/// Who is checked in, and for how long that counts.
fn visitor(words: &Words, gate: &Gate, cells: usize) -> Option<(String, Both)> {
    let visitor = gate.visitor.as_ref()?;
    let (person, company) = (
        text::readable_text(&visitor.person),
        text::readable_text(&visitor.company),
    );
    // Whatever the company is called, the person stays in sight.
    let person = text::fit_start(&person, cells / 2);
    let room = cells.saturating_sub(text::width(&person)).saturating_sub(7);
    let company = text::fit_start(&company, room);
    let left = match visitor.seconds_left / 60 {
        0 => words.say("visitor-ending"),
        minutes => words.with("visitor-minutes", &[("minutes", minutes)]),
    };
    let checked_in = words.say("visitor-in");
    let line = Both {
        ja: format!("{} {}", checked_in.ja, left.ja),
        en: format!("{}, {}", checked_in.en, left.en),
    };
    let name = format!("{person} 様（{company}）");
    Some((name, line))
}

fn visitor_pieces(words: &Words, gate: &Gate, cells: usize) -> Vec<Piece> {
    let Some((name, line)) = visitor(words, gate, cells) else {
        return Vec::new();
    };
    vec![
        Piece::Name(name, theme::WARM),
        Piece::One(line, theme::GROUND),
    ]
}

/// What became of what was typed, in one statement; `None` when nothing did.
fn typed(words: &Words, gate: &Gate) -> Option<Both> {
    let key = match gate.typed? {
        Typed::Checking => "typed-checking",
        Typed::Taken => "typed-taken",
        Typed::Wrong => "typed-wrong",
        Typed::Ended => "typed-ended",
        Typed::NotYetValid => "typed-not-yet",
    };
    Some(words.say(key))
}

fn locked(words: &Words, gate: &Gate) -> Option<Both> {
    let seconds = gate.locked_seconds;
    (seconds != 0).then(|| words.with("typed-locked", &[("seconds", seconds)]))
}

/// What became of what was typed, beside a pad; before that, what else can be done than typing.
pub(super) fn note(words: &Words, screen: &Screen) -> Vec<Piece> {
    let Some(view) = act::live(screen) else {
        return Vec::new();
    };
    let said = typed(words, &view.gate).into_iter();
    let said: Vec<_> = said.chain(locked(words, &view.gate)).collect();
    let is_code = screen
        .pad
        .as_ref()
        .is_some_and(|pad| pad.wants == Wants::Code);
    if said.is_empty() && is_code {
        return vec![Piece::Two(words.say("pad-badge"), theme::QUIET)];
    }
    let line = |both| Piece::Two(both, theme::AMBER);
    said.into_iter().map(line).collect()
}

/// The same where there is one row for it.
pub(super) fn short_note(words: &Words, screen: &Screen) -> Option<Both> {
    let gate = &act::live(screen)?.gate;
    locked(words, gate).or_else(|| typed(words, gate))
}

/// What a pad asks, in a few cells.
pub(super) fn short_title(words: &Words, screen: &Screen) -> String {
    let wants = screen.pad.as_ref().map(|pad| &pad.wants);
    let title = words.say(match wants {
        Some(Wants::Code) | None => "pad-code-short",
        Some(Wants::Number) => "pad-number-short",
        Some(Wants::Pin { .. }) => "pad-pin-short",
    });
    let exit = act::live(screen).is_some_and(|view| view.gate.is_exit);
    if exit && wants == Some(&Wants::Code) {
        let out = words.say("exit-short");
        return format!("{} {} / {}", title.ja, out.ja, out.en);
    }
    title.joined()
}

/// What became of what was typed, and what staff should know, each in a row.
fn notes(words: &Words, view: &View, cells: usize) -> Vec<(String, Style)> {
    let gate = &view.gate;
    let mut said: Vec<_> = typed(words, gate)
        .into_iter()
        .chain(locked(words, gate))
        .collect();
    if gate.is_exit && gate.is_enrolling {
        said.push(words.say("enrol-insert"));
    }
    let row = |both: Both| (format!(" {} ", both.joined()), theme::AMBER);
    let mut rows: Vec<_> = said.into_iter().map(row).collect();
    rows.extend(staff_notes(words, view, cells));
    rows
}

/// Lists that are not in use, and how much waits for staff.
fn staff_notes(words: &Words, view: &View, cells: usize) -> Vec<(String, Style)> {
    let mut rows = Vec::new();
    let mut note = |line: String| rows.push((text::fit_start(&line, cells), theme::AMBER));
    if view.gate.lists_refused.is_some() {
        note(format!(" {} ", words.say("lists-refused").joined()));
    }
    let counts = counts(words, view);
    if !counts.is_empty() {
        note(counts_line(&counts, cells));
    }
    for said in ledger::notes(words, view) {
        note(ledger::line(&said, cells));
    }
    if view.rules_refused.is_some() {
        note(words.say("idle-rules-refused").joined());
    }
    // Where it is wrong comes last: kioskctl says it too.
    if let Some(why) = &view.gate.lists_refused {
        note(format!(" {} ", text::readable_text(why)));
    }
    rows
}

/// The same in narrow rows.
fn staff_pieces(words: &Words, view: &View) -> Vec<Piece> {
    let refused = |key| Piece::Two(words.say(key), theme::AMBER);
    let lists = view.gate.lists_refused.as_ref();
    let lists = lists.map(|_| refused("lists-refused"));
    let rules = view.rules_refused.as_ref();
    let rules = rules.map(|_| refused("idle-rules-refused"));
    let counts = counts(words, view).into_iter();
    let counts = counts.chain(ledger::notes(words, view));
    let counts = counts.map(|both| Piece::One(both, theme::AMBER));
    lists.into_iter().chain(counts).chain(rules).collect()
}

/// What waits for staff, and how much of it.
fn counts(words: &Words, view: &View) -> Vec<Both> {
    let counts = [
        ("open-cases", view.open_cases),
        ("staff-requests", view.gate.requests),
        ("staff-overdue", view.gate.overdue),
    ];
    counts
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .map(|(key, count)| words.with(key, &[("count", count)]))
        .collect()
}

/// Counts in one row, in both languages where they fit.
fn counts_line(counts: &[Both], cells: usize) -> String {
    let join = |side: fn(&Both) -> String| {
        let sides: Vec<_> = counts.iter().map(side).collect();
        format!(" {} ", sides.join("  "))
    };
    let full = join(Both::joined);
    if text::width(&full) <= cells {
        return full;
    }
    let (ja, en) = (join(|one| one.ja.clone()), join(|one| one.en.clone()));
    let line = both(ja.trim(), en.trim()).joined();
    if text::width(&line) <= cells {
        return line;
    }
    text::fit_start(&ja, cells)
}
