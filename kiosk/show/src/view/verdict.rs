//! The answer. Each of the three differs from the others in word, shape, colour, frame and
//! layout, so that a photograph without colour still tells them apart.
//!
//! Every function here takes a [`Shown`], and a `Shown` carries its ledger entry: there is no
//! way to draw a verdict that is not recorded.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Modifier, Style};
use wire::verdict::Reason;
use wire::view::{Lane, Shown};
use wire::{ReasonCode, Verdict};

use super::found;
use super::meaning::{brought_line, meaning, next, put_back, waived};
use super::paint::{Paint, Piece, inside, middle};
use super::place;
use super::receipt::{facts, facts_alone, receipt};
use crate::art::Art;
use crate::words::{Both, Words};
use crate::{text, theme};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Between the parts of a trail, from the outermost container to the file.
const TRAIL: &str = " > ";

/// Whether the medium is still in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    In,
    Out,
}

/// What is left of a card for the answer, when its last row says what of the request.
pub(super) fn without_request(lane: &Lane, area: Rect) -> Rect {
    let row = lane.request.and_then(|_| place::last_row(area));
    let taken = row.map_or(0, |row| row.height);
    Rect {
        height: area.height.saturating_sub(taken),
        ..area
    }
}

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, lane: &Lane, shown: &Shown, medium: Medium) {
    paint.fill(body, theme::verdict(shown.verdict));
    let grid = middle(body, 80, 20);
    if grid.width < 80 || grid.height < 20 {
        paint.verdict_frame(body, shown.verdict, 1);
        let area = without_request(lane, inside(body, 1));
        compact(paint, area, shown, medium);
        return;
    }
    paint.verdict_frame(body, shown.verdict, 2);
    match shown.verdict {
        Verdict::Pass => pass(paint, grid, shown, medium),
        Verdict::Stop => stop(paint, grid, lane, shown, medium),
        Verdict::Incomplete => incomplete(paint, grid, shown, medium),
    }
    if let Some(brought) = &shown.brought {
        let line = brought_line(paint.words, brought, usize::from(grid.width));
        paint.row(grid, 0, Alignment::Center, &line, BOLD);
    }
    // On a larger screen there is room for a sentence about what was found.
    let below = Rect {
        y: grid.bottom(),
        height: body
            .bottom()
            .saturating_sub(grid.bottom())
            .saturating_sub(1),
        ..inside(body, 3)
    };
    let fits = |both: &Both| {
        let rows = |line| text::wrapped(line, usize::from(below.width)).len();
        rows(&both.ja).saturating_add(rows(&both.en)) <= usize::from(below.height)
    };
    if let Some(sentence) = found::sentence(shown).filter(fits) {
        paint.column(below, vec![Piece::Two(sentence, PLAIN)]);
    }
}

/// The ring at the left with the English word below it, the Japanese word at its right.
fn pass(paint: &mut Paint<'_>, grid: Rect, shown: &Shown, medium: Medium) {
    let (ring, ja, en) = art(shown.verdict);
    let left = Rect {
        x: grid.x.saturating_add(2),
        width: en.width(),
        ..grid
    };
    let top = grid.y.saturating_add(1);
    paint.art(middle(left, ring.width(), 1).x, top, ring, PLAIN);
    paint.art(left.x, top.saturating_add(9), en, PLAIN);
    paint.art(
        grid.right().saturating_sub(ja.width()).saturating_sub(3),
        top,
        ja,
        PLAIN,
    );
    let words = paint.words;
    let text = inside(grid, 2);
    let centre = Alignment::Center;
    paint.row(text, 13, centre, &meaning(words, shown).joined(), BOLD);
    let found = waived(words, shown).unwrap_or_else(|| words.say("pass-found"));
    paint.row(text, 14, centre, &found.joined(), PLAIN);
    let cells = usize::from(text.width);
    // Where it belongs is worth the receipt's own row to the person.
    let (facts, below) = match put_back(words, shown, cells) {
        Some(line) => (facts(words, shown, cells), (line, BOLD)),
        None => {
            let receipt = receipt(words, shown, cells);
            (facts_alone(words, shown, cells), (receipt, PLAIN))
        }
    };
    paint.row(text, 15, centre, &facts, PLAIN);
    paint.row(text, 16, centre, &below.0, below.1);
    paint.row(text, 17, centre, &next(words, shown, medium).joined(), BOLD);
}

/// A cross at each side of the reasons.
fn stop(paint: &mut Paint<'_>, grid: Rect, lane: &Lane, shown: &Shown, medium: Medium) {
    let (cross, ja, en) = art(shown.verdict);
    paint.art(
        middle(grid, ja.width(), 1).x,
        grid.y.saturating_add(1),
        ja,
        PLAIN,
    );
    let band = Rect {
        y: grid.y.saturating_add(10),
        height: 3,
        ..grid
    };
    let word = middle(band, en.width(), 3);
    paint.art(word.x, word.y, en, PLAIN);
    let meaning = meaning(paint.words, shown);
    let side = Rect {
        x: band.x.saturating_add(4),
        width: 21,
        ..band
    };
    paint.row(side, 1, Alignment::Center, &meaning.ja, BOLD);
    let side = Rect {
        x: band.right().saturating_sub(25),
        ..side
    };
    paint.row(side, 1, Alignment::Center, &meaning.en, BOLD);
    let reach = cross.width().saturating_add(4);
    let top = grid.y.saturating_add(12);
    paint.art(grid.x.saturating_add(4), top, cross, PLAIN);
    paint.art(grid.right().saturating_sub(reach), top, cross, PLAIN);
    let text = Rect {
        y: top.saturating_add(1),
        height: 4,
        ..inside(grid, reach)
    };
    let pieces = explain(paint.words, shown, medium, usize::from(text.width));
    paint.column(text, pieces);
    let wide = inside(grid, 3);
    // The row is the request's, where there is one.
    let place = place(paint.words, shown, usize::from(wide.width));
    if let Some(place) = place.filter(|_| lane.request.is_none()) {
        paint.row(wide, 16, Alignment::Center, &place, PLAIN);
    }
    last_row(paint, grid, shown);
}

/// A triangle at the left of the reasons.
fn incomplete(paint: &mut Paint<'_>, grid: Rect, shown: &Shown, medium: Medium) {
    let (triangle, ja, en) = art(shown.verdict);
    paint.art(
        middle(grid, ja.width(), 1).x,
        grid.y.saturating_add(1),
        ja,
        PLAIN,
    );
    paint.art(
        middle(grid, en.width(), 1).x,
        grid.y.saturating_add(9),
        en,
        PLAIN,
    );
    let rows = Rect {
        y: grid.y.saturating_add(12),
        height: 6,
        ..grid
    };
    paint.art(rows.x.saturating_add(5), rows.y, triangle, PLAIN);
    let indent = triangle.width().saturating_add(7);
    let text = Rect {
        x: rows.x.saturating_add(indent),
        width: rows.width.saturating_sub(indent).saturating_sub(5),
        ..rows
    };
    let mut pieces = vec![Piece::One(meaning(paint.words, shown), BOLD)];
    let cells = usize::from(text.width);
    pieces.extend(explain(paint.words, shown, medium, cells));
    let place = place(paint.words, shown, cells);
    pieces.extend(place.map(|place| Piece::Name(place, PLAIN)));
    paint.column(text, pieces);
    last_row(paint, grid, shown);
}

fn art(verdict: Verdict) -> (Art, Art, Art) {
    (
        Art::shape(verdict),
        Art::word_ja(verdict),
        Art::word_en(verdict),
    )
}

/// Why, and what to do.
fn explain(words: &Words, shown: &Shown, medium: Medium, cells: usize) -> Vec<Piece> {
    let more = more(words, &shown.reasons);
    // What is behind the first reason must not push what to do off the screen.
    let width = |more: &Both| text::width(&more.ja).max(text::width(&more.en));
    let spare = more
        .as_ref()
        .map_or(0, |more| width(more).saturating_add(2));
    let Both { mut ja, mut en } = reason(words, shown, cells, spare);
    if let Some(more) = more {
        ja = format!("{ja} {}", more.ja);
        en = format!("{en}, {}", more.en);
    }
    vec![
        Piece::Two(Both { ja, en }, PLAIN),
        Piece::Two(next(words, shown, medium), BOLD),
    ]
}

fn last_row(paint: &mut Paint<'_>, grid: Rect, shown: &Shown) {
    let text = inside(grid, 3);
    let facts = facts(paint.words, shown, usize::from(text.width));
    paint.row(text, 17, Alignment::Center, &facts, PLAIN);
}

/// Without the giant words, for small terminals. What matters most comes first.
fn compact(paint: &mut Paint<'_>, area: Rect, shown: &Shown, medium: Medium) {
    let words = paint.words;
    let mut pieces = vec![Piece::Text(word(shown.verdict), BOLD)];
    let cells = usize::from(area.width);
    pieces.extend(sentences(words, shown, medium, cells).map(|both| Piece::Two(both, PLAIN)));
    let back = put_back(words, shown, cells);
    pieces.extend(back.map(|line| Piece::Text(line, BOLD)));
    pieces.push(Piece::Text(receipt(words, shown, cells), PLAIN));
    let place = place(words, shown, cells);
    pieces.extend(place.map(|place| Piece::Name(place, PLAIN)));
    pieces.extend(more(words, &shown.reasons).map(|more| Piece::One(more, PLAIN)));
    if let Some(brought) = &shown.brought {
        pieces.push(Piece::Text(brought_line(words, brought, cells), BOLD));
    }
    paint.column(area, pieces);
}

/// Shape and word in one row. The shape is one cell by the tables and two in Japanese fonts,
/// so a blank belongs to it.
pub(super) fn word(verdict: Verdict) -> String {
    format!(
        "{}  {}  {}",
        verdict.shape(),
        verdict.word_ja(),
        verdict.word_en()
    )
}

/// What the verdict means or rests on, in at most `cells` cells where that can be, and what to do.
pub(super) fn sentences(words: &Words, shown: &Shown, medium: Medium, cells: usize) -> [Both; 2] {
    let why = match shown.verdict {
        Verdict::Pass => waived(words, shown).unwrap_or_else(|| meaning(words, shown)),
        Verdict::Stop | Verdict::Incomplete => reason(words, shown, cells, 0),
    };
    [why, next(words, shown, medium)]
}

/// The first reason: the daemon names the weightiest first. What was found says more than that
/// something was, and what a device is besides storage more than that it is.
fn reason(words: &Words, shown: &Shown, cells: usize, spare: usize) -> Both {
    if let Some(named) = found::named(words, shown, cells, spare) {
        return named;
    }
    match (shown.reasons.first(), shown.function) {
        (None, _) => words.say("reason-none"),
        (Some(reason), Some(function)) if reason.code == ReasonCode::NotStorage => {
            words.function(function)
        }
        (Some(reason), _) => words.reason(reason.code, reason.count),
    }
}

/// How many more reasons there are, if any.
fn more(words: &Words, reasons: &[Reason]) -> Option<Both> {
    let more = u64::try_from(reasons.len())
        .unwrap_or(u64::MAX)
        .saturating_sub(1);
    (more != 0).then(|| words.with("more-reasons", &[("count", more)]))
}

/// Where the first thing was found, in at most `cells` cells.
fn place(words: &Words, shown: &Shown, cells: usize) -> Option<String> {
    let first = shown.first.as_ref()?;
    let title = words.say("where");
    let title = format!("{} {}: ", title.ja, title.en);
    let trail: Vec<_> = first.trail.iter().map(text::readable).collect();
    let room = cells.saturating_sub(text::width(&title));
    Some(title + &text::fit_middle(&trail.join(TRAIL), room))
}
