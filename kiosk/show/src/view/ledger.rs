//! How the ledger stands, for anybody who passes: its head, in a quiet place, and what staff
//! must do about it.

use ratatui::layout::{Alignment, Rect};
use wire::view::View;

use super::paint::Paint;
use crate::words::{Both, Words};
use crate::{text, theme};

/// Cells between the head and the corners of its frame.
const MARGIN: u16 = 2;

/// The number and the code of the last entry, in the lower edge of the frame: whole, or not at
/// all, since half a code proves nothing. Whoever notes it down holds the ledger to it.
pub(super) fn head(paint: &mut Paint<'_>, frame: Rect, view: &View) {
    let Some(head) = view.ledger.head else { return };
    let Some(last) = frame.height.checked_sub(1) else {
        return;
    };
    let title = paint.words.say("ledger");
    let code = format!("{} · {}", head.number, head.code());
    let lines = [
        format!(" {} {} {code} ", title.ja, title.en),
        format!(" {} {code} ", title.ja),
    ];
    let edge = Rect {
        x: frame.x.saturating_add(MARGIN),
        width: frame.width.saturating_sub(MARGIN.saturating_mul(2)),
        ..frame
    };
    let fits = |line: &&String| text::width(line) <= usize::from(edge.width);
    if let Some(line) = lines.iter().find(fits) {
        paint.row(edge, last, Alignment::Right, line, theme::QUIET);
    }
}

/// A disk that fills up, and a review that is overdue.
pub(super) fn notes(words: &Words, view: &View) -> Vec<Both> {
    let disk = view.ledger.disk_warning();
    let disk = disk.map(|percent| words.with("ledger-disk", &[("percent", percent.into())]));
    let review = view.ledger.overdue_since().map(|since| {
        let (said, since) = (words.say("ledger-overdue"), text::readable_text(since));
        Both {
            ja: format!("{} {since}", said.ja),
            en: format!("{} {since}", said.en),
        }
    });
    disk.into_iter().chain(review).collect()
}

/// One of them in one row: in both languages where they fit, else in Japanese.
pub(super) fn line(note: &Both, cells: usize) -> String {
    let both = format!(" {} ", note.joined());
    if text::width(&both) <= cells {
        return both;
    }
    text::fit_start(&format!(" {} ", note.ja), cells)
}
