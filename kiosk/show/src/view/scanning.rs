//! The medium is being read: how far, how long still, and that it must stay in.

use ratatui::layout::{Alignment, Rect};
use wire::scan::Progress;

use super::paint::{Paint, Piece, inside, middle};
use super::spinner;
use crate::eta::{self, Eta};
use crate::words::{Both, Words};
use crate::{number, text, theme};

/// Cells of the moving part of a bar whose length is not known yet.
const PULSE_CELLS: usize = 8;

/// What is known of a running scan.
pub(super) struct Scan<'a> {
    pub(super) progress: &'a Progress,
    /// Since its beginning, in seconds.
    pub(super) elapsed: u64,
    pub(super) eta: &'a Eta,
    pub(super) beat: u8,
}

pub(super) fn draw(paint: &mut Paint<'_>, body: Rect, scan: &Scan<'_>) {
    let card = middle(body, 80, 20);
    paint.thin_frame(card, theme::QUIET);
    let card = inside(card, 2);
    if card.width < 76 || card.height < 18 {
        compact(paint, card, scan);
        return;
    }
    let words = paint.words;
    let keep = words.say("scanning-keep");
    let (left, centre) = (Alignment::Left, Alignment::Center);
    paint.row(card, 1, centre, &keep.ja, theme::WARM);
    paint.row(card, 2, centre, &keep.en, theme::WARM);
    for row in [5, 6] {
        paint.row(card, row, left, &bar(68, scan), theme::BLUE);
    }
    paint.row(
        card,
        5,
        Alignment::Right,
        &percent_text(scan.progress),
        theme::STRONG,
    );
    paint.row(
        card,
        8,
        centre,
        &remaining(words, scan).joined(),
        theme::STRONG,
    );
    let [files, bytes, elapsed, matched] = facts(words, scan);
    let first = Rect {
        x: card.x.saturating_add(2),
        width: 40,
        ..card
    };
    let second = Rect {
        x: card.x.saturating_add(44),
        width: 32,
        ..card
    };
    for (column, row, fact) in [
        (first, 10, files),
        (second, 10, bytes),
        (first, 11, matched),
        (second, 11, elapsed),
    ] {
        paint.row(column, row, left, &fact, theme::GROUND);
    }
    let now = format!(
        "{} {}",
        spinner(scan.beat),
        words.say("scanning-now").joined()
    );
    paint.row(card, 14, centre, &now, theme::QUIET);
    let name = text::fit_end(&text::readable(&scan.progress.current), 74);
    paint.row(card, 15, centre, &name, theme::GROUND);
}

/// The same in fewer cells; what matters most comes first.
fn compact(paint: &mut Paint<'_>, card: Rect, scan: &Scan<'_>) {
    let words = paint.words;
    let [files, bytes, elapsed, _] = facts(words, scan);
    let cells = usize::from(card.width).saturating_sub(6);
    let percent = percent_text(scan.progress);
    let name = text::readable(&scan.progress.current);
    let pieces = vec![
        Piece::One(words.say("scanning-keep"), theme::WARM),
        Piece::Text(format!("{} {percent}", bar(cells, scan)), theme::BLUE),
        Piece::Two(remaining(words, scan), theme::STRONG),
        Piece::Gap,
        Piece::Text(files, theme::GROUND),
        Piece::Text(format!("{bytes}   {elapsed}"), theme::GROUND),
        Piece::Name(format!("{} {name}", spinner(scan.beat)), theme::QUIET),
    ];
    paint.column(card, pieces);
}

/// Files, bytes, time and matches, each in both languages.
fn facts(words: &Words, scan: &Scan<'_>) -> [String; 4] {
    let Progress {
        files_done,
        files_found,
        bytes_done,
        bytes_found,
        matched,
        walked,
        ..
    } = scan.progress;
    let grouped = |count: &u64| number::grouped(&count.to_string());
    let mut files = grouped(files_done);
    let mut bytes = number::bytes(*bytes_done);
    if *walked {
        files = format!("{files} / {}", grouped(files_found));
        bytes = format!("{bytes} / {}", number::bytes(*bytes_found));
    }
    let unit = words.with("files", &[("count", *files_found)]);
    let (elapsed, threats) = (words.say("scanning-elapsed"), words.say("scanning-matched"));
    [
        format!("{files} {} {}", unit.ja, unit.en),
        bytes,
        format!(
            "{} {} {}",
            elapsed.ja,
            elapsed.en,
            number::duration(scan.elapsed)
        ),
        format!("{} {}: {}", threats.ja, threats.en, grouped(matched)),
    ]
}

/// How long it still takes, as far as that can be known.
pub(super) fn remaining(words: &Words, scan: &Scan<'_>) -> Both {
    if !scan.progress.walked {
        return words.say("scanning-counting");
    }
    let Some(seconds) = scan.eta.seconds() else {
        return words.say("eta-unknown");
    };
    let minutes = seconds / 60;
    match (minutes, seconds.wrapping_rem(60)) {
        (0, 0) => words.say("eta-soon"),
        (0, seconds) => words.with("eta-seconds", &[("seconds", seconds)]),
        (minutes, 0) => words.with("eta-minutes", &[("minutes", minutes)]),
        // Estimates come in steps of half a minute, so the rest is half a minute.
        (minutes, _) => words.with("eta-minutes-half", &[("minutes", minutes)]),
    }
}

pub(super) fn percent_text(progress: &Progress) -> String {
    eta::percent(progress).map_or_else(String::new, |percent| format!("{percent} %"))
}

/// A bar as long as `cells`; something that moves while the whole is not known.
pub(super) fn bar(cells: usize, scan: &Scan<'_>) -> String {
    let Some(percent) = eta::percent(scan.progress) else {
        let places = cells.saturating_sub(PULSE_CELLS).max(1);
        let before = usize::from(scan.beat).checked_rem(places).unwrap_or(0);
        let pulse = PULSE_CELLS.min(cells.saturating_sub(before));
        let after = cells.saturating_sub(before).saturating_sub(pulse);
        return format!(
            "{}{}{}",
            "░".repeat(before),
            "█".repeat(pulse),
            "░".repeat(after)
        );
    };
    let percent = usize::try_from(percent).unwrap_or(100);
    let done = cells.saturating_mul(percent) / 100;
    format!(
        "{}{}",
        "█".repeat(done),
        "░".repeat(cells.saturating_sub(done))
    )
}
