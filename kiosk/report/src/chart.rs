//! Drawings, as plain shapes: a bar a day, and a line over the days. No colour carries a meaning
//! that a pattern or a word does not carry as well.

use crate::gather::upkeep::RulesDay;
use crate::gather::verdicts::Day;
use crate::language::{Language, text};

/// Left, right, top and bottom of the plot within a drawing.
const LEFT: f64 = 42.0;
const RIGHT: f64 = 672.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 168.0;

/// A line across the plot with its number.
pub(crate) struct Tick {
    pub(crate) y: String,
    pub(crate) label: String,
}

/// A name under the plot.
pub(crate) struct DayLabel {
    pub(crate) x: String,
    pub(crate) label: String,
}

/// One piece of a bar.
pub(crate) struct Piece {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    /// `pass`, `stop` or `incomplete`.
    pub(crate) class: &'static str,
}

/// The verdicts of each day.
pub(crate) struct Bars {
    /// Keeps the names of patterns apart when a page has two languages.
    pub(crate) prefix: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) days: Vec<DayLabel>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) totals: Vec<Mark>,
    pub(crate) pass: &'static str,
    pub(crate) stop: &'static str,
    pub(crate) incomplete: &'static str,
}

/// A short text in the plot.
pub(crate) struct Mark {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) label: String,
}

/// A limit across the plot.
pub(crate) struct Limit {
    pub(crate) y: String,
    pub(crate) label_y: String,
    pub(crate) label: String,
}

/// The age of the rules over the days.
pub(crate) struct Line {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) days: Vec<DayLabel>,
    /// Paths of the site's rules, one for each run of days without a gap.
    pub(crate) rules: Vec<String>,
    pub(crate) dots: Vec<DayLabelAt>,
    /// The same of another engine's database.
    pub(crate) engine: Vec<String>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) changes: Vec<String>,
    pub(crate) legend_rules: &'static str,
    pub(crate) legend_engine: Option<&'static str>,
    pub(crate) legend_change: &'static str,
}

/// A place in the plot.
pub(crate) struct DayLabelAt {
    pub(crate) x: String,
    pub(crate) y: String,
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn place(index: usize) -> f64 {
    float(u64::try_from(index).unwrap_or(u64::MAX))
}

fn say(number: f64) -> String {
    format!("{number:.1}")
}

/// Steps of an axis that reaches `most`: at most five, each 1, 2 or 5 times a power of ten.
fn steps(most: u64) -> (u64, Vec<u64>) {
    let mut step: u64 = 1;
    let mut turn = 0_u8;
    while step.saturating_mul(5) < most {
        let (factor, divisor) = if turn == 1 { (5, 2) } else { (2, 1) };
        step = step
            .saturating_mul(factor)
            .checked_div(divisor)
            .unwrap_or(u64::MAX);
        turn = if turn == 2 { 0 } else { turn.saturating_add(1) };
    }
    let count = most.max(1).div_ceil(step);
    let ticks: Vec<u64> = (0..=count).map(|one| step.saturating_mul(one)).collect();
    (step.saturating_mul(count), ticks)
}

/// Where a value is in a plot that reaches `top`.
fn height(value: u64, top: u64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * float(value.min(top)) / float(top.max(1))
}

fn ticks(top: u64, values: &[u64]) -> Vec<Tick> {
    let tick = |value: &u64| Tick {
        y: say(height(*value, top)),
        label: crate::say::number(*value),
    };
    values.iter().map(tick).collect()
}

fn slot(days: usize) -> f64 {
    (RIGHT - LEFT) / place(days.max(1))
}

fn day_labels(days: usize) -> Vec<DayLabel> {
    (0..days)
        .map(|day| DayLabel {
            x: say(LEFT + slot(days) * (place(day) + 0.5)),
            label: day.saturating_add(1).to_string(),
        })
        .collect()
}

/// Draws the verdicts of each day.
pub(crate) fn bars(days: &[Day], language: Language) -> Bars {
    let most = days.iter().map(Day::verdicts).max().unwrap_or(0);
    let (top, values) = steps(most);
    let slot = slot(days.len());
    let width = slot * 0.68;
    let mut pieces = Vec::new();
    let mut totals = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let x = LEFT + slot * place(index) + (slot - width) / 2.0;
        let mut below: u64 = 0;
        let parts = [
            (day.stop, "stop"),
            (day.incomplete, "incomplete"),
            (day.pass, "pass"),
        ];
        for (many, class) in parts.into_iter().filter(|(many, _)| 0 < *many) {
            let above = below.saturating_add(many);
            let (low, high) = (height(below, top), height(above, top));
            pieces.push(Piece {
                x: say(x),
                y: say(high),
                width: say(width),
                height: say(low - high),
                class,
            });
            below = above;
        }
        if 0 < below {
            totals.push(Mark {
                x: say(x + width / 2.0),
                y: say(height(below, top) - 3.5),
                label: below.to_string(),
            });
        }
    }
    Bars {
        prefix: language.code(),
        title: text(
            "検査所での日ごとの判定の件数",
            "Verdicts at the kiosk of each day",
        )
        .say(language),
        unit: text("件", "verdicts").say(language),
        ticks: ticks(top, &values),
        days: day_labels(days.len()),
        pieces,
        totals,
        pass: text("○ 合格", "○ PASS").say(language),
        stop: text("✕ 使用禁止", "✕ STOP").say(language),
        incomplete: text("△ 検査未完了", "△ NOT FINISHED").say(language),
    }
}

/// Draws the age of the rules, with what the site allows.
pub(crate) fn line(days: &[RulesDay], warn: u64, limit: Option<u64>, language: Language) -> Line {
    let ages = days
        .iter()
        .flat_map(|day| [day.age_days, day.engine_age_days]);
    let most = ages.flatten().max().unwrap_or(0);
    // A limit far above everything would press the line flat; it is named in words anyway.
    let near = |limit: &u64| *limit <= most.max(1).saturating_mul(3).max(30);
    let limit_shown = limit.filter(near);
    let (top, values) = steps(most.max(warn).max(limit_shown.unwrap_or(0)));
    let mut limits = vec![limit_line(
        warn,
        top,
        text("作成時の注意", "reminder today").say(language),
    )];
    limits.extend(limit_shown.map(|limit| {
        limit_line(
            limit,
            top,
            text("作成時の上限", "limit today").say(language),
        )
    }));
    let slot = slot(days.len());
    let x = |index: usize| LEFT + slot * (place(index) + 0.5);
    let rules: Vec<Option<u64>> = days.iter().map(|day| day.age_days).collect();
    let engine: Vec<Option<u64>> = days.iter().map(|day| day.engine_age_days).collect();
    let dots = rules.iter().enumerate().filter_map(|(index, age)| {
        Some(DayLabelAt {
            x: say(x(index)),
            y: say(height((*age)?, top)),
        })
    });
    let changed = days.iter().enumerate().filter(|(_, day)| day.is_changed);
    let engine_paths = paths(&engine, top, slot);
    Line {
        title: text("定義の古さ（日数）", "Age of the rules in days").say(language),
        unit: text("日", "days").say(language),
        ticks: ticks(top, &values),
        days: day_labels(days.len()),
        dots: dots.collect(),
        rules: paths(&rules, top, slot),
        legend_engine: (!engine_paths.is_empty())
            .then_some(text("第二の検査（ClamAV）", "second engine (ClamAV)").say(language)),
        engine: engine_paths,
        limits,
        changes: changed.map(|(index, _)| say(x(index))).collect(),
        legend_rules: text("検査の定義", "rules").say(language),
        legend_change: text("▼ 定義の入替え", "▼ rules changed").say(language),
    }
}

fn limit_line(days: u64, top: u64, word: &str) -> Limit {
    let y = height(days, top);
    Limit {
        y: say(y),
        label_y: say(y - 3.0),
        label: format!("{word} {days}"),
    }
}

/// One path for each run of days that have a value.
fn paths(values: &[Option<u64>], top: u64, slot: f64) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            if !path.is_empty() {
                paths.push(std::mem::take(&mut path));
            }
            continue;
        };
        let letter = if path.is_empty() { 'M' } else { 'L' };
        let x = say(LEFT + slot * (place(index) + 0.5));
        path.push_str(&format!("{letter}{x} {} ", say(height(*value, top))));
    }
    if !path.is_empty() {
        paths.push(path);
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_steps_and_reaches_the_most() {
        for (most, top, step) in [(0, 1, 1), (4, 4, 1), (7, 8, 2), (23, 25, 5), (48, 50, 10)] {
            let (reached, values) = steps(most);
            assert_eq!((reached, values[1]), (top, step), "{most}");
        }
        let (top, values) = steps(987_654);
        assert!(987_654 <= top && values.len() <= 6);
    }

    #[test]
    fn a_bar_is_as_high_as_its_verdicts() {
        let day = Day {
            pass: 3,
            stop: 1,
            ..Day::default()
        };
        let bars = bars(&[day, Day::default()], Language::En);
        assert_eq!(bars.pieces.len(), 2);
        assert_eq!(bars.totals[0].label, "4");
        let height = |place: usize| bars.pieces[place].height.parse::<f64>().unwrap();
        assert!((height(1) / height(0) - 3.0).abs() < 0.05);
    }

    #[test]
    fn a_line_ends_where_nothing_is_known() {
        let day = |age_days| RulesDay {
            age_days,
            ..RulesDay::default()
        };
        let days = [day(Some(1)), day(Some(2)), day(None), day(Some(4))];
        assert_eq!(line(&days, 7, None, Language::Ja).rules.len(), 2);
    }
}
