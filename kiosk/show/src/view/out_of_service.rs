//! No medium can be judged: why, and what to do.

use ratatui::layout::Rect;
use wire::ledger::DiskTrouble;
use wire::view::{OutOfService, View};

use super::paint::{Paint, Piece, inside, middle};
use super::spinner;
use crate::words::out_key;
use crate::{text, theme};

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, why: OutOfService, view: &View, beat: u8) {
    let words = paint.words;
    let say = |ending: &str| words.say(&format!("{}{ending}", out_key(why)));
    let mut pieces = Vec::new();
    let frame = match why {
        OutOfService::Starting | OutOfService::Testing => {
            pieces.push(Piece::Two(say(""), theme::STRONG));
            pieces.push(Piece::Gap);
            pieces.push(Piece::One(say("-next"), theme::STRONG));
            pieces.push(Piece::Gap);
            pieces.push(Piece::Text(spinner(beat).to_owned(), theme::BLUE));
            theme::QUIET
        }
        OutOfService::Ledger
        | OutOfService::Rules
        | OutOfService::SelfTest
        | OutOfService::RulesStale
        | OutOfService::Allowlist => {
            pieces.push(Piece::Two(say(""), theme::WARM));
            pieces.push(Piece::Gap);
            pieces.push(Piece::Two(words.say("out-next"), theme::STRONG));
            if !view.lanes.is_empty() {
                pieces.push(Piece::Gap);
                pieces.push(Piece::Two(words.say("out-inserted"), theme::STRONG));
            }
            if let Some(contact) = &view.contact {
                let (label, contact) = (words.say("contact"), text::readable_text(contact));
                pieces.push(Piece::Gap);
                let line = format!("{} {}: {contact}", label.ja, label.en);
                pieces.push(Piece::Text(line, theme::STRONG));
            }
            pieces.push(Piece::Gap);
            let what = match view
                .ledger
                .disk_trouble
                .filter(|_| why == OutOfService::Ledger)
            {
                Some(DiskTrouble::Full) => say("-full-staff"),
                Some(DiskTrouble::Failing) => say("-failing-staff"),
                None => say("-staff"),
            };
            let staff = words.say("staff");
            pieces.push(Piece::Text(
                format!("{}: {}", staff.ja, what.ja),
                theme::QUIET,
            ));
            pieces.push(Piece::Text(
                format!("{}: {}", staff.en, what.en),
                theme::QUIET,
            ));
            if let Some(fault) = &view.fault {
                pieces.push(Piece::Text(text::readable_text(fault), theme::QUIET));
            }
            theme::WARM
        }
    };
    let card = middle(body, 80, 20);
    paint.thin_frame(card, frame);
    paint.column(inside(card, 1), pieces);
}
