//! Where what can be chosen is: the same places are drawn and hit.

use ratatui::layout::Rect;
use wire::standing::Mitigation;
use wire::view::{Lane, Stage};

use super::paint::{inside, middle};
use super::{COLUMNS, COLUMNS_MIN, ROWS, ROWS_MIN, lanes};
use crate::act::{self, Act};
use crate::ask;
use crate::pad;
use crate::state::Screen;

/// Rows of a button that a finger finds.
const BUTTON_ROWS: u16 = 3;

/// Widest button beside others, in columns.
const BUTTON_COLUMNS: u16 = 30;

/// Columns for the pad beside the words on a full screen, its gap included.
const PAD_COLUMNS: u16 = 39;

/// Fewest rows inside a card of which one is given to the request.
const REQUEST_ROWS_MIN: u16 = 6;

/// Something on the screen that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    /// What it does.
    pub(crate) act: Act,
    /// Where its words are.
    pub(crate) drawn: Rect,
    /// Where a tap counts: at least where the words are.
    pub(crate) area: Rect,
}

/// What the bottom row is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// The question about a stopped medium.
    Ask,
    /// What can be chosen, when it is nowhere else.
    Acts(Vec<Act>),
    /// Help, or the keys of the virtual bay.
    Plain,
}

/// Whether a screen is large enough for the drawings.
fn is_roomy(area: Rect) -> bool {
    COLUMNS <= area.width && ROWS <= area.height
}

/// What the bottom row is for.
pub(crate) fn bar(screen: &Screen, area: Rect) -> Bar {
    if ask::asked(screen).is_some() {
        return Bar::Ask;
    }
    let is_idle = act::live(screen).is_some_and(|view| view.lanes.is_empty());
    let is_elsewhere = is_idle && is_roomy(area);
    let acts = act::offered(screen);
    if acts.is_empty() || is_elsewhere || (!is_idle && screen.bay.is_some()) {
        Bar::Plain
    } else {
        Bar::Acts(acts)
    }
}

/// The bottom rows: one, or what a finger needs where there is room.
pub(crate) fn bottom(screen: &Screen, area: Rect) -> Rect {
    let roomy = ROWS.saturating_add(BUTTON_ROWS).saturating_sub(1) <= area.height;
    let height = match bar(screen, area) {
        Bar::Ask | Bar::Acts(_) if roomy => BUTTON_ROWS,
        Bar::Ask | Bar::Acts(_) | Bar::Plain => 1.min(area.height),
    };
    Rect {
        y: area.bottom().saturating_sub(height),
        height,
        ..area
    }
}

/// What is between the top row and the bottom rows.
pub(crate) fn body(screen: &Screen, area: Rect) -> Rect {
    let bottom = bottom(screen, area).height;
    Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(bottom).saturating_sub(1),
        ..area
    }
}

/// The card of a screen without an answer, inside its frame.
pub(crate) fn card(body: Rect) -> Rect {
    inside(middle(body, 80, 20), 1)
}

/// Whether a card has room for drawings.
pub(crate) fn is_full(card: Rect) -> bool {
    78 <= card.width && 18 <= card.height
}

/// Question, answers and clock of the bottom rows.
pub(crate) fn asks(bar: Rect) -> (Rect, [Rect; 3], Rect) {
    let widths: [u16; 5] = if COLUMNS <= bar.width {
        let question = bar.width.saturating_sub(71);
        [question, 17, 21, 26, 7]
    } else {
        // What is left over widens the three alike.
        let more = bar.width.saturating_sub(COLUMNS_MIN) / 3;
        let [kept, given, handed] = [11_u16, 9, 13].map(|width| width.saturating_add(more));
        let used = kept.saturating_add(given).saturating_add(handed);
        [0, kept, given, handed, bar.width.saturating_sub(used)]
    };
    let mut x = bar.x;
    let [question, kept, given, handed, clock] = widths.map(|width| {
        let place = Rect { x, width, ..bar };
        x = x.saturating_add(width);
        place
    });
    (question, [kept, given, handed], clock)
}

/// Everything that can be chosen on this screen, by a tap.
pub(crate) fn buttons(screen: &Screen, area: Rect) -> Vec<Button> {
    let Some(view) = act::live(screen) else {
        return Vec::new();
    };
    if area.width < COLUMNS_MIN || area.height < ROWS_MIN {
        return Vec::new();
    }
    let bottom = bottom(screen, area);
    let body = body(screen, area);
    let mut buttons = match bar(screen, area) {
        Bar::Ask => {
            let (_, places, _) = asks(bottom);
            let acts = Mitigation::ALL.map(Act::Answer);
            let pairs = acts.into_iter().zip(places);
            pairs.map(|(act, drawn)| raised(act, drawn)).collect()
        }
        Bar::Acts(acts) => slots(bottom, &acts)
            .into_iter()
            .map(|(act, drawn)| raised(act, drawn))
            .collect(),
        Bar::Plain => Vec::new(),
    };
    if view.lanes.is_empty() && is_roomy(area) {
        buttons.extend(blocks(screen, body));
    }
    let pad = pad_area(screen, body).and_then(pad::layout);
    let keys = pad.into_iter().flat_map(|pad| pad.keys);
    buttons.extend(keys.map(|(key, place)| same(Act::Press(key), place)));
    for (lane, drawn, area) in requests(&view.lanes, body) {
        if let Some(insertion) = act::request(screen, lane) {
            let act = Act::Request(insertion);
            buttons.push(Button { act, drawn, area });
        }
    }
    buttons
}

fn same(act: Act, drawn: Rect) -> Button {
    let area = drawn;
    Button { act, drawn, area }
}

/// A button at the bottom: where it has one row only, the row above it counts as well.
fn raised(act: Act, drawn: Rect) -> Button {
    let above = if drawn.height < BUTTON_ROWS { 1 } else { 0 };
    let area = Rect {
        y: drawn.y.saturating_sub(above),
        height: drawn.height.saturating_add(above),
        ..drawn
    };
    Button { act, drawn, area }
}

/// The buttons of the idle screen.
fn blocks(screen: &Screen, body: Rect) -> Vec<Button> {
    let card = card(body);
    let words = words(card, screen.pad.is_some());
    let row = Rect {
        y: card.bottom().saturating_sub(BUTTON_ROWS),
        height: BUTTON_ROWS.min(card.height),
        ..words
    };
    let mut acts = act::offered(screen);
    // Beside the pad there is room for two; a visitor is done before staff come.
    acts.truncate(if screen.pad.is_some() { 2 } else { 3 });
    let slots = slots(row, &acts).into_iter();
    slots.map(|(act, drawn)| same(act, drawn)).collect()
}

/// A place for each, side by side with a gap between them.
fn slots(row: Rect, acts: &[Act]) -> Vec<(Act, Rect)> {
    let count = u16::try_from(acts.len()).unwrap_or(u16::MAX);
    let Some(width) = row.width.saturating_add(1).checked_div(count) else {
        return Vec::new();
    };
    let width = width.min(BUTTON_COLUMNS);
    let used = width.saturating_mul(count).saturating_sub(1);
    let x = row.x.saturating_add(row.width.saturating_sub(used) / 2);
    let places = (0..count).map(|index| Rect {
        x: x.saturating_add(index.saturating_mul(width)),
        width: width.saturating_sub(1),
        ..row
    });
    acts.iter().copied().zip(places).collect()
}

/// The part of a card for words, which it shares with a pad.
pub(crate) fn words(card: Rect, with_pad: bool) -> Rect {
    let taken = if with_pad && is_full(card) {
        PAD_COLUMNS
    } else {
        0
    };
    Rect {
        width: card.width.saturating_sub(taken),
        ..card
    }
}

/// Where the pad is, when there is one.
pub(crate) fn pad_area(screen: &Screen, body: Rect) -> Option<Rect> {
    screen.pad.as_ref()?;
    let lanes = act::live(screen)?.lanes.as_slice();
    let (card, is_alone) = match lanes {
        [] | [_] => (card(body), true),
        [_, _, ..] => {
            let waits = |lane: &Lane| lane.stage == Stage::AwaitingVisit;
            let index = lanes.iter().position(waits)?;
            let card = lanes::cards(body, lanes.len()).get(index).copied()?;
            (inside(card, 1), false)
        }
    };
    if is_alone && is_full(card) {
        let x = card.right().saturating_sub(PAD_COLUMNS);
        let width = PAD_COLUMNS;
        return Some(Rect { x, width, ..card });
    }
    // What is asked is above the pad.
    let title = title_rows(card);
    Some(Rect {
        y: card.y.saturating_add(title),
        height: card.height.saturating_sub(title),
        ..card
    })
}

/// Rows above a pad that has no words beside it.
pub(crate) fn title_rows(card: Rect) -> u16 {
    if 17 <= card.height { 3 } else { 1 }
}

/// The lane whose card holds the pad.
pub(crate) fn holds_pad(screen: &Screen, index: usize) -> bool {
    let lanes = act::live(screen).map_or(&[][..], |view| view.lanes.as_slice());
    let waits = |lane: &Lane| lane.stage == Stage::AwaitingVisit;
    screen.pad.is_some() && lanes.iter().position(waits) == Some(index)
}

/// Where the request of each lane that has one is said, and where a tap on it counts.
pub(crate) fn requests(lanes: &[Lane], body: Rect) -> Vec<(&Lane, Rect, Rect)> {
    let with = |lane: &Lane| lane.request.is_some();
    if let [lane] = lanes {
        let (drawn, area) = alone(body);
        return Some((lane, drawn, area))
            .filter(|_| with(lane))
            .into_iter()
            .collect();
    }
    let cards = lanes::cards(body, lanes.len());
    let pairs = lanes.iter().zip(cards).filter(|(lane, _)| with(lane));
    pairs
        .filter_map(|(lane, card)| {
            let inner = inside(card, 1);
            Some((lane, last_row(inner)?, inner))
        })
        .collect()
}

/// Where the request for the only medium is: in the row for the place of what was found, which
/// a medium that was not read has not, or in the last row of a small screen.
fn alone(body: Rect) -> (Rect, Rect) {
    let grid = middle(body, 80, 20);
    if grid.width < 80 || grid.height < 20 {
        let inner = inside(body, 1);
        let drawn = Rect {
            y: inner.bottom().saturating_sub(1),
            height: 1.min(inner.height),
            ..inner
        };
        return (drawn, drawn);
    }
    let drawn = Rect {
        x: grid.x.saturating_add(14),
        y: grid.y.saturating_add(17),
        width: 52,
        height: 1,
    };
    (drawn, Rect { height: 2, ..drawn })
}

/// The last row of a card that can spare one.
pub(crate) fn last_row(card: Rect) -> Option<Rect> {
    let y = card.bottom().checked_sub(1)?;
    (REQUEST_ROWS_MIN <= card.height).then_some(Rect {
        y,
        height: 1,
        ..card
    })
}
