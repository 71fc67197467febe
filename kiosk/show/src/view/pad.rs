//! The number pad's display. Its keys are buttons.

use ratatui::layout::{Alignment, Rect};

use super::paint::{Paint, inside, middle};
use crate::pad::{Layout, Pad};
use crate::words::Both;
use crate::{text, theme};

/// What was typed; before that, `note` where nothing else says it.
pub(super) fn draw(paint: &mut Paint<'_>, pad: &Pad, place: &Layout, note: Option<&Both>) {
    let display = place.display;
    let field = if 3 <= display.height {
        paint.thin_frame(display, theme::BLUE);
        inside(display, 1)
    } else {
        paint.fill(display, theme::EDGE);
        display
    };
    let field = middle(field, field.width, 1);
    let cells = usize::from(field.width);
    let (line, style) = match note.filter(|_| pad.is_empty()) {
        Some(note) => (text::fit_start(&note.joined(), cells), theme::WARM),
        // The end is what was typed last; the bar is where the next goes.
        None => {
            let seen = format!("{}▏", pad.seen());
            (text::fit_end(&seen, cells), theme::STRONG)
        }
    };
    paint.row(field, 0, Alignment::Center, &line, style);
}

/// Typed without a pad on the screen: the smallest cards have no room for one.
pub(super) fn line(paint: &mut Paint<'_>, row: Rect, pad: &Pad, note: Option<&Both>) {
    let keys = Vec::new();
    let display = Rect {
        height: 1.min(row.height),
        ..row
    };
    draw(paint, pad, &Layout { display, keys }, note);
}
