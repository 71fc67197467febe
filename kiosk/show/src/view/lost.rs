//! The daemon does not answer: nothing it said before is shown any more.

use ratatui::layout::Rect;

use super::paint::{Paint, Piece, middle};
use super::spinner;
use crate::state::Lost;
use crate::theme;

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, why: Lost, beat: u8) {
    let cause = paint.words.say(match why {
        Lost::Silent => "lost-silent",
        Lost::Disconnected => "lost-disconnected",
        Lost::Garbled => "lost-garbled",
    });
    let again = paint.words.say("lost-again");
    let pieces = vec![
        Piece::Two(paint.words.say("lost-title"), theme::WARM),
        Piece::Gap,
        Piece::Two(paint.words.say("lost-void"), theme::STRONG),
        Piece::Gap,
        Piece::One(paint.words.say("lost-next"), theme::STRONG),
        Piece::Gap,
        Piece::One(cause, theme::QUIET),
        Piece::Text(
            format!("{} {}", spinner(beat), again.joined()),
            theme::QUIET,
        ),
    ];
    paint.thin_frame(middle(body, 80, 20), theme::WARM);
    paint.column(super::paint::inside(middle(body, 80, 20), 1), pieces);
}

pub(super) fn connecting(paint: &mut Paint<'_>, body: Rect, beat: u8) {
    let words = paint.words.say("connecting");
    let pieces = vec![
        Piece::Two(words, theme::STRONG),
        Piece::Gap,
        Piece::Text(spinner(beat).to_owned(), theme::BLUE),
    ];
    paint.column(body, pieces);
}
