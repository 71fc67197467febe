//! The top and the bottom row of every screen.

use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use wire::ledger::Rules;
use wire::view::{Lane, OutOfService, RulesAge, Stage, View};

use super::COLUMNS;
use super::paint::Paint;
use super::place::{self, Bar};
use crate::ask;
use crate::bay::{Bay, Note};
use crate::state::{Link, Screen};
use crate::words::{Both, Words};
use crate::{text, theme};

/// Longest spelling of the rules' version, in cells.
const VERSION_CELLS_MAX: usize = 12;

/// Narrowest part of the gate's name that is worth a cut, in cells.
const NAME_CELLS_MIN: usize = 8;

/// Gate, clock, rules with their age, and what the kiosk is doing.
pub(super) fn top(paint: &mut Paint<'_>, row: Rect, screen: &Screen) {
    paint.fill(row, theme::EDGE);
    let mut rest = Rect {
        x: row.x.saturating_add(1),
        width: row.width.saturating_sub(2),
        ..row
    };
    let status = paint.words.say(status_key(screen));
    let dot = if matches!(&screen.link, Link::Live(view) if view.lanes.is_empty() && view.out_of_service.is_none())
    {
        "● "
    } else {
        ""
    };
    rest = from_right(
        paint,
        rest,
        &format!("{dot}{} {}", status.ja, status.en),
        theme::EDGE.patch(theme::STRONG),
    );
    let Link::Live(view) = &screen.link else {
        return;
    };
    let roomy = COLUMNS <= row.width;
    // On a narrow row the name of whoever is signed in comes before the age of the rules.
    if roomy || view.gate.staff.is_none() {
        let (rules, style) = rules(paint.words, view, roomy);
        rest = from_right(paint, rest, &rules, style);
    }
    if roomy {
        rest = from_right(paint, rest, &clock(view), theme::EDGE);
    }
    let cells = usize::from(rest.width);
    // Who is signed in must be seen: whoever comes next acts in that name.
    let (left, style) = match &view.gate.staff {
        None => (site(view, cells), theme::STRONG),
        Some(staff) => {
            let title = paint.words.say("staff-title");
            let name = text::readable_text(&staff.name);
            let line = format!(" {} {}: {name}", title.ja, title.en);
            (text::fit_start(&line, cells), theme::AMBER)
        }
    };
    paint.row(rest, 0, Alignment::Left, &left, style);
}

/// Keys of the virtual bay, or where to find help.
pub(super) fn bottom(paint: &mut Paint<'_>, row: Rect, screen: &Screen) {
    paint.fill(row, theme::EDGE);
    let words = paint.words;
    match place::bar(screen, paint.buffer.area) {
        Bar::Ask => {
            ask_row(paint, row, screen);
            return;
        }
        // The buttons say it all.
        Bar::Acts(_) => return,
        Bar::Plain => {}
    }
    if let Some(recorded) = ask::recorded(words, screen) {
        let line = text::fit_start(&recorded.joined(), usize::from(row.width));
        paint.fill(row, theme::AMBER);
        paint.row(row, 0, Alignment::Center, &line, theme::AMBER);
        return;
    }
    let Some(bay) = &screen.bay else {
        let help = ["footer-help", "lost-next"].map(|key| words.say(key).joined());
        let fits = |line: &&String| text::width(line) <= usize::from(row.width);
        let help = help.iter().find(fits).cloned().unwrap_or_default();
        paint.row(row, 0, Alignment::Center, &help, theme::EDGE);
        return;
    };
    let trial = words.say("bay-trial");
    let mut rest = Rect {
        x: row.x.saturating_add(1),
        width: row.width.saturating_sub(2),
        ..row
    };
    rest = from_right(
        paint,
        rest,
        &format!(" {} {} ", trial.ja, trial.en),
        theme::AMBER,
    );
    let line = if screen.pad.is_some() && bay.note.is_none() {
        let keys = words.say("bay-keys");
        format!("[Esc] {} {}", keys.ja, keys.en)
    } else {
        bay_line(words, bay)
    };
    paint.row(rest, 0, Alignment::Left, &line, theme::EDGE);
}

/// What is asked and since when; the answers are buttons between the two.
fn ask_row(paint: &mut Paint<'_>, row: Rect, screen: &Screen) {
    let Some((_, asking)) = ask::asked(screen) else {
        return;
    };
    paint.fill(row, theme::AMBER);
    let (question, _, clock) = place::asks(row);
    let line = row.height / 2;
    let words = paint.words;
    let cells = usize::from(question.width).saturating_sub(1);
    let what = ask::question(words, screen, cells).unwrap_or_default();
    paint.row(question, line, Alignment::Center, &what, theme::AMBER);
    let since = ask::clock(asking);
    paint.row(clock, line, Alignment::Center, &since, theme::AMBER);
}

/// Writes at the right end and returns what is left of the row.
fn from_right(paint: &mut Paint<'_>, row: Rect, line: &str, style: Style) -> Rect {
    paint.row(row, 0, Alignment::Right, line, style);
    let cells = u16::try_from(text::width(line))
        .unwrap_or(row.width)
        .saturating_add(2);
    Rect {
        width: row.width.saturating_sub(cells),
        ..row
    }
}

/// Month, day and time of `2026-11-23 08:30`; whatever else the clock says, as it is.
fn clock(view: &View) -> String {
    let clock = text::readable_text(&view.clock);
    let dated = clock.is_ascii() && clock.len() == "2026-11-23 08:30".len();
    clock
        .get("2026-".len()..)
        .filter(|_| dated)
        .map_or(clock.clone(), str::to_owned)
}

/// The gate's name in both languages, each cut fairly, or in one where there is no room.
fn site(view: &View, cells: usize) -> String {
    let (ja, en) = (
        text::readable_text(&view.site_ja),
        text::readable_text(&view.site_en),
    );
    let both = format!("{ja} / {en}");
    if text::width(&both) <= cells {
        return both;
    }
    if cells < NAME_CELLS_MIN.saturating_mul(2) {
        return text::fit_start(&ja, cells);
    }
    let half = cells.saturating_sub(3) / 2;
    format!(
        "{} / {}",
        text::fit_start(&ja, half),
        text::fit_start(&en, half)
    )
}

/// The rules in force and how old they are: amber when staff should look, red when they must.
fn rules(words: &Words, view: &View, roomy: bool) -> (String, Style) {
    let Some(rules) = &view.rules else {
        let none = words.say("header-rules-none");
        return (format!(" {} {} ", none.ja, none.en), theme::AMBER);
    };
    let version = text::fit_start(&version(rules), VERSION_CELLS_MAX);
    let age = age(words, rules);
    let (label, style, margin) = match view.rules_age {
        RulesAge::Fresh => ("header-rules", theme::EDGE, ""),
        RulesAge::Aging => ("header-rules-update", theme::AMBER, " "),
        RulesAge::Stale => ("header-rules-update", theme::RED, " "),
    };
    let label = words.say(label);
    let title = if roomy {
        format!("{} {} ", label.ja, label.en)
    } else {
        String::new()
    };
    let line = format!("{margin}{title}{version} {} {}{margin}", age.ja, age.en);
    (line, style)
}

/// Which rules, as people call them.
pub(super) fn version(rules: &Rules) -> String {
    match rules.version {
        0 => text::readable_text(&rules.bundle),
        version => format!("v{version}"),
    }
}

/// How old rules are.
pub(super) fn age(words: &Words, rules: &Rules) -> Both {
    match rules.age_days {
        None => words.say("age-unknown"),
        Some(days) => words.with("age-days", &[("days", days)]),
    }
}

fn status_key(screen: &Screen) -> &'static str {
    let view = match &screen.link {
        Link::Connecting => return "status-starting",
        Link::Lost(_) => return "status-lost",
        Link::Live(view) => view,
    };
    match (view.out_of_service, view.lanes.as_slice()) {
        (Some(OutOfService::Starting), _) => "status-starting",
        (Some(OutOfService::Testing), _) => "status-testing",
        (
            Some(
                OutOfService::Ledger
                | OutOfService::Rules
                | OutOfService::SelfTest
                | OutOfService::RulesStale
                | OutOfService::Allowlist,
            ),
            _,
        ) => "status-out",
        (None, []) => "status-idle",
        (None, [lane]) => stage_key(lane),
        (None, [_, _, ..]) => "status-lanes",
    }
}

/// The word for what happens to one medium.
pub(super) fn stage_key(lane: &Lane) -> &'static str {
    match lane.stage {
        Stage::AwaitingVisit => "status-visit",
        Stage::Checking => "status-checking",
        Stage::Scanning { .. } => "status-scanning",
        Stage::Recording => "status-recording",
        Stage::Judged(_) => "status-result",
        Stage::Removed(_) => "status-removed",
    }
}

fn bay_line(words: &Words, bay: &Bay) -> String {
    let number = |key, number: u8| words.with(key, &[("number", u64::from(number))]).joined();
    match bay.note {
        Some((Note::Inserted(sample), _)) => number("bay-inserted", sample),
        Some((Note::Missing(sample), _)) => number("bay-missing", sample),
        Some((Note::Pulled, _)) => words.say("bay-pulled").joined(),
        Some((Note::Failed, _)) => words.say("bay-failed").joined(),
        None => {
            let [insert, pull, quit] = ["bay-insert", "bay-pull", "bay-quit"].map(|key| {
                let both = words.say(key);
                format!("{} {}", both.ja, both.en)
            });
            format!("[1]-[4] {insert}   [0] {pull}   [q] {quit}")
        }
    }
}
