//! No medium can be judged: why, and what to do.

use ratatui::layout::Rect;
use wire::view::OutOfService;

use super::paint::{Paint, Piece, inside, middle};
use super::spinner;
use crate::theme;
use crate::words::out_key;

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, why: OutOfService, occupied: bool, beat: u8) {
    let words = paint.words;
    let say = |ending: &str| words.say(&format!("{}{ending}", out_key(why)));
    let mut pieces = Vec::new();
    let frame = match why {
        OutOfService::Starting => {
            pieces.push(Piece::Two(say(""), theme::STRONG));
            pieces.push(Piece::Gap);
            pieces.push(Piece::One(say("-next"), theme::STRONG));
            pieces.push(Piece::Gap);
            pieces.push(Piece::Text(spinner(beat).to_owned(), theme::BLUE));
            theme::QUIET
        }
        OutOfService::Ledger | OutOfService::Rules | OutOfService::Allowlist => {
            pieces.push(Piece::Two(say(""), theme::WARM));
            pieces.push(Piece::Gap);
            pieces.push(Piece::Two(words.say("out-next"), theme::STRONG));
            if occupied {
                pieces.push(Piece::Gap);
                pieces.push(Piece::Two(words.say("out-inserted"), theme::STRONG));
            }
            pieces.push(Piece::Gap);
            let (staff, what) = (words.say("staff"), say("-staff"));
            pieces.push(Piece::Text(
                format!("{}: {}", staff.ja, what.ja),
                theme::QUIET,
            ));
            pieces.push(Piece::Text(
                format!("{}: {}", staff.en, what.en),
                theme::QUIET,
            ));
            theme::WARM
        }
    };
    let card = middle(body, 80, 20);
    paint.thin_frame(card, frame);
    paint.column(inside(card, 1), pieces);
}
