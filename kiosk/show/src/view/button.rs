//! Drawing what can be chosen, where it can be tapped.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::Modifier;

use super::paint::{Paint, middle};
use super::place::{self, Button};
use crate::act::{self, Act, Key};
use crate::ask;
use crate::state::Screen;
use crate::words::{Both, Words};
use crate::{text, theme};

pub(super) fn draw(paint: &mut Paint<'_>, screen: &Screen, area: Rect) {
    for button in place::buttons(screen, area) {
        match button.act {
            Act::Press(key) => pad_key(paint, &button, key),
            Act::Answer(_) | Act::Request(_) | Act::Exit | Act::Staff | Act::SignOut => {
                labelled(paint, screen, &button);
            }
        }
    }
    said(paint, screen, area);
}

/// What became of requests that are not offered any more.
fn said(paint: &mut Paint<'_>, screen: &Screen, area: Rect) {
    let Some(view) = act::live(screen) else {
        return;
    };
    let body = place::body(screen, area);
    for (lane, row, _) in place::requests(&view.lanes, body) {
        let is_recorded = lane.request.is_some_and(|request| request.is_recorded);
        let key = match act::request(screen, lane) {
            Some(_) => continue,
            None if is_recorded => "request-recorded",
            None => "request-sent",
        };
        let line = one_line(&paint.words.say(key), "", usize::from(row.width));
        let style = theme::AMBER;
        paint.row(row, 0, Alignment::Center, &format!(" {line} "), style);
    }
}

/// What the button says.
fn words_of(words: &Words, screen: &Screen, act: Act) -> Both {
    let is_exit = act::live(screen).is_some_and(|view| view.gate.is_exit);
    words.say(match act {
        Act::Answer(choice) => ask::word(choice),
        Act::Request(_) => "request-offer",
        Act::Exit if is_exit => "exit-cancel",
        Act::Exit => "exit-offer",
        Act::Staff => "staff-offer",
        Act::SignOut => "sign-out",
        Act::Press(_) => "pad-ok",
    })
}

/// A button with its key and its words, on two rows where there are two.
fn labelled(paint: &mut Paint<'_>, screen: &Screen, button: &Button) {
    let style = theme::BUTTON;
    // A gap keeps what is side by side apart.
    let is_answer = matches!(button.act, Act::Answer(_));
    let gap = if is_answer { 1 } else { 0 };
    let place = Rect {
        width: button.drawn.width.saturating_sub(gap),
        ..button.drawn
    };
    paint.fill(place, style);
    let both = words_of(paint.words, screen, button.act);
    let key = act::key(screen, button.act);
    let key = key.map_or_else(String::new, |key| format!("[{key}] "));
    let cells = usize::from(place.width);
    if place.height < 3 || is_answer {
        let mut line = one_line(&both, &key, cells);
        if button.act == Act::Exit && cells < text::width(&format!("{key}{}", both.ja)) {
            let short = paint.words.say("exit-short");
            line = one_line(&short, &key, cells);
        }
        let middle = place.height / 2;
        paint.row(place, middle, Alignment::Center, &line, style);
        return;
    }
    let rows = middle(place, place.width, 3);
    let first = text::fit_start(&format!("{key}{}", both.ja), cells);
    paint.row(rows, 0, Alignment::Center, &first, style);
    let second = text::fit_start(&both.en, cells);
    paint.row(rows, 1, Alignment::Center, &second, style);
}

/// Key and words in one row: both languages, or Japanese alone where there is no room.
fn one_line(both: &Both, key: &str, cells: usize) -> String {
    let narrow = key.trim_end();
    let lines = [
        format!("{key}{} {}", both.ja, both.en),
        format!("{key}{}", both.ja),
        format!("{narrow}{}", both.ja),
    ];
    let fits = |line: &&String| text::width(line) <= cells;
    let line = lines.iter().find(fits).cloned();
    line.unwrap_or_else(|| text::fit_start(&both.ja, cells))
}

/// A key of the pad. Keys of one column touch: a line is drawn below each.
fn pad_key(paint: &mut Paint<'_>, button: &Button, key: Key) {
    let place = button.drawn;
    let words = paint.words;
    let (lines, style) = match key {
        Key::Character(digit) => (vec![digit.to_string()], theme::BUTTON),
        Key::Enter => (lines(&words.say("pad-ok"), place), theme::CONFIRM),
        Key::Escape | Key::Erase => (lines(&words.say("pad-clear"), place), theme::EDGE),
    };
    let last = Rect {
        y: place.bottom().saturating_sub(1),
        height: 1,
        ..place
    };
    paint.fill(place, style);
    paint.fill(last, style.add_modifier(Modifier::UNDERLINED));
    let rows = u16::try_from(lines.len()).unwrap_or(place.height);
    let first = place.height.saturating_sub(rows) / 2;
    for (row, line) in (first..).zip(lines) {
        paint.row(place, row, Alignment::Center, &line, style);
    }
}

/// Both languages below each other, where a key is high enough.
fn lines(both: &Both, place: Rect) -> Vec<String> {
    if 3 <= place.height {
        vec![both.ja.clone(), both.en.clone()]
    } else {
        vec![one_line(both, "", usize::from(place.width))]
    }
}
