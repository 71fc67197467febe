//! A registered medium waits for the code of a visit.

use ratatui::layout::{Alignment, Rect};
use wire::MediumName;

use super::paint::{Paint, Piece, inside, middle};
use super::{gate, pad, place};
use crate::pad::layout;
use crate::state::Screen;
use crate::{text, theme};

/// The only medium: words at the left, the pad at the right.
pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, label: &MediumName, screen: &Screen) {
    paint.thin_frame(middle(body, 80, 20), theme::QUIET);
    let card = place::card(body);
    let words = paint.words;
    if place::is_full(card) {
        let mut pieces = vec![
            Piece::Two(words.say("visit-registered"), theme::STRONG),
            Piece::Name(text::readable(label), theme::QUIET),
            Piece::Gap,
            Piece::Two(words.say("pad-code"), theme::WARM),
            Piece::Gap,
        ];
        pieces.extend(gate::note(words, screen));
        pieces.push(Piece::Gap);
        pieces.push(Piece::Two(words.say("visit-stay"), theme::GROUND));
        let area = place::words(card, screen.pad.is_some());
        paint.column(area, pieces);
    } else {
        title(paint, card, label, screen);
    }
    gate::pad(paint, body, screen);
}

/// One of several: what is asked above the pad.
pub(super) fn card(paint: &mut Paint<'_>, card: Rect, label: &MediumName, screen: &Screen) {
    paint.thin_frame(card, theme::WARM);
    let area = inside(card, 1);
    title(paint, area, label, screen);
    let rows = place::title_rows(area);
    let below = Rect {
        y: area.y.saturating_add(rows),
        height: area.height.saturating_sub(rows),
        ..area
    };
    let Some(open) = &screen.pad else { return };
    let note = gate::short_note(paint.words, screen);
    match layout(below) {
        Some(place) => pad::draw(paint, open, &place, note.as_ref()),
        None => pad::line(paint, below, open, note.as_ref()),
    }
}

/// What is asked, and by which medium where there is room.
fn title(paint: &mut Paint<'_>, area: Rect, label: &MediumName, screen: &Screen) {
    let words = paint.words;
    if place::title_rows(area) < 3 {
        let short = gate::short_title(words, screen);
        paint.row(area, 0, Alignment::Center, &short, theme::WARM);
        return;
    }
    let both = words.say("pad-code");
    let centre = Alignment::Center;
    paint.row(area, 0, centre, &both.ja, theme::WARM);
    paint.row(area, 1, centre, &both.en, theme::WARM);
    let name = text::fit_middle(&text::readable(label), usize::from(area.width));
    paint.row(area, 2, centre, &name, theme::QUIET);
}
