//! A terminal too small for any answer.

use ratatui::layout::Rect;

use super::paint::{Paint, Piece};
use super::{COLUMNS_MIN, ROWS_MIN};
use crate::theme;

pub(super) fn draw(paint: &mut Paint<'_>, area: Rect) {
    let needed = format!("{}x{} < {COLUMNS_MIN}x{ROWS_MIN}", area.width, area.height);
    let pieces = vec![
        Piece::Two(paint.words.say("small"), theme::STRONG),
        Piece::Text(needed, theme::QUIET),
    ];
    paint.column(area, pieces);
}
