//! The answer is known and not yet written down: it must not be shown.

use ratatui::layout::Rect;

use super::paint::{Paint, Piece, inside, middle};
use super::spinner;
use crate::theme;

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, beat: u8) {
    let words = paint.words;
    let pieces = vec![
        Piece::Two(words.say("recording-title"), theme::STRONG),
        Piece::Gap,
        Piece::Text(spinner(beat).to_owned(), theme::BLUE),
        Piece::Gap,
        Piece::One(words.say("recording-keep"), theme::WARM),
        Piece::One(words.say("wait"), theme::GROUND),
    ];
    let card = middle(body, 80, 20);
    paint.thin_frame(card, theme::QUIET);
    paint.column(inside(card, 1), pieces);
}
