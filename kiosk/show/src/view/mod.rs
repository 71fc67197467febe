//! Drawing: one file a screen, each a function of the [`Screen`] alone.
//!
//! The grid is [`COLUMNS`] by [`ROWS`]; a larger terminal shows it in its middle, and a
//! smaller one shows the same words without the giant ones, down to [`COLUMNS_MIN`] by
//! [`ROWS_MIN`]. Below that no answer is shown at all: half a word can be another word.

mod small;

mod lost;

mod out_of_service;

mod idle;

mod ledger;

mod gate;

mod waiting;

mod pad;

mod button;

mod checking;

mod scanning;

mod recording;

mod found;

mod verdict;

mod receipt;

mod meaning;

mod lanes;

mod edge;

pub(crate) mod place;

mod paint;

use ratatui::Frame;
use ratatui::layout::Rect;
use wire::view::{Lane, Stage, View};

use crate::eta::Eta;
use crate::state::{Link, Screen};
use crate::theme;
use crate::words::Words;
use paint::Paint;
pub(crate) use paint::middle;

/// Columns of the grid.
pub const COLUMNS: u16 = 80;

/// Rows of the grid: the top row, twenty of body, the bottom row.
pub const ROWS: u16 = 22;

/// Fewest columns in which every sentence is still whole.
pub const COLUMNS_MIN: u16 = 40;

/// Fewest rows in which a verdict still has its word, a reason and the next step, each in
/// both languages.
pub const ROWS_MIN: u16 = 10;

/// Draws the whole screen.
pub fn view(screen: &Screen, words: &Words, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut paint = Paint {
        buffer: frame.buffer_mut(),
        words,
    };
    paint.fill(area, theme::GROUND);
    if area.width < COLUMNS_MIN || area.height < ROWS_MIN {
        small::draw(&mut paint, area);
        return;
    }
    let top = Rect { height: 1, ..area };
    let bottom = place::bottom(screen, area);
    let body = place::body(screen, area);
    edge::top(&mut paint, top, screen);
    edge::bottom(&mut paint, bottom, screen);
    match &screen.link {
        Link::Connecting => lost::connecting(&mut paint, body, screen.beat),
        Link::Lost(why) => lost::draw(&mut paint, body, *why, screen.beat),
        Link::Live(view) => live(&mut paint, body, view, screen),
    }
    button::draw(&mut paint, screen, area);
}

fn live(paint: &mut Paint<'_>, body: Rect, view: &View, screen: &Screen) {
    if let Some(why) = view.out_of_service {
        out_of_service::draw(paint, body, why, view, screen.beat);
        return;
    }
    match view.lanes.as_slice() {
        [] => idle::draw(paint, body, view, screen),
        [lane] => single(paint, body, lane, screen),
        several => lanes::draw(paint, body, several, screen),
    }
}

fn single(paint: &mut Paint<'_>, body: Rect, lane: &Lane, screen: &Screen) {
    let beat = screen.beat;
    match &lane.stage {
        Stage::AwaitingVisit => waiting::draw(paint, body, &lane.label, screen),
        Stage::Checking => checking::draw(paint, body, &lane.label, beat),
        Stage::Scanning {
            progress,
            elapsed_seconds,
        } => {
            let unknown = Eta::default();
            let eta = screen.etas.first().unwrap_or(&unknown);
            scanning::draw(
                paint,
                body,
                &scanning::Scan {
                    progress,
                    elapsed: *elapsed_seconds,
                    eta,
                    beat,
                },
            );
        }
        Stage::Recording => recording::draw(paint, body, beat),
        Stage::Judged(shown) => verdict::draw(paint, body, lane, shown, verdict::Medium::In),
        Stage::Removed(shown) => verdict::draw(paint, body, lane, shown, verdict::Medium::Out),
    }
}

/// What turns while the screen is alive: quarter blocks, which every terminal draws itself.
fn spinner(beat: u8) -> &'static str {
    match beat.wrapping_rem(4) {
        0 => "▖",
        1 => "▘",
        2 => "▝",
        _ => "▗",
    }
}

#[cfg(test)]
mod tests;
