//! A medium has just come: the first reaction.

use ratatui::layout::Rect;
use wire::MediumName;

use super::paint::{Paint, Piece, inside, middle};
use super::spinner;
use crate::{text, theme};

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, label: &MediumName, beat: u8) {
    let words = paint.words;
    let title = words.say("checking-title");
    let pieces = vec![
        Piece::One(words.say("checking-detected"), theme::STRONG),
        Piece::Name(text::readable(label), theme::QUIET),
        Piece::Gap,
        Piece::Two(title, theme::STRONG),
        Piece::Gap,
        Piece::Text(spinner(beat).to_owned(), theme::BLUE),
        Piece::Gap,
        Piece::One(words.say("scanning-keep"), theme::WARM),
        Piece::One(words.say("wait"), theme::GROUND),
    ];
    let card = middle(body, 80, 20);
    paint.thin_frame(card, theme::QUIET);
    paint.column(inside(card, 1), pieces);
}
