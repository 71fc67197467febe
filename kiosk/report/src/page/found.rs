//! What was found and where, and what could not be examined.

use wire::Tier;

use super::table::Kind::{Fixed, Long, Number, Rule, Words};
use super::{Cell, Section, Table, View, cell};
use crate::bounded::{LINES_MAX, length};
use crate::gather::found::Place;
use crate::language::{Language, text};
use crate::say::{self, number};

/// What lists the findings of one entry.
const COMMAND: &str = "kioskctl log show N";

pub(super) fn found(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "found",
        text("見つかったもの", "What was found and where"),
        text(
            "どの定義が、何を、どの媒体のどこで見つけ、どう扱われたかに答える。",
            "Answers which rule found what, on which medium and where, and what it meant.",
        ),
        language,
    );
    let found = &month.found;
    let mut rules = Table::new(
        &[
            (text("扱い", "Severity"), Fixed),
            (text("定義", "Rule"), Rule),
            (text("見つけ方", "Found by"), Fixed),
            (text("件数", "Findings"), Number),
            (text("判定の数", "Verdicts"), Number),
            (text("うち例外", "Waived"), Number),
        ],
        text("何も見つからなかった。", "Nothing was found."),
        language,
    )
    .called(text("定義ごと", "By rule"))
    .named_by(1);
    for (key, rule) in found.rules.iter().take(LINES_MAX) {
        let title = say::title(&key.rule, rule.title.as_ref(), language);
        let row = rules.row(vec![
            cell(severity(key.tier, language)),
            cell(&key.rule).small(title),
            cell(say::source(key.source).say(language)),
            cell(number(rule.findings)),
            cell(number(rule.verdicts)),
            cell(number(rule.waived)),
        ]);
        row.is_flagged = key.tier == Tier::Block;
    }
    let shown = length(&rules.rows);
    let more = found.rules.len().saturating_sub(shown);
    rules.more(more.saturating_add(found.rules.beyond()), COMMAND);
    section.tables.push(rules);
    section.tables.push(places(view));
    section
}

fn places(view: View<'_>) -> Table {
    let found = &view.month.found;
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("媒体", "Medium"), Words),
            (text("扱い・定義", "Severity, rule"), Rule),
            (text("場所", "Place"), Long),
        ],
        text("該当なし。", "None."),
        view.language,
    )
    .called(text(
        "一件ごと（扱いの重い順）",
        "One by one, the most severe first",
    ))
    .named_by(3);
    let all = [&found.blocking, &found.incomplete, &found.notices];
    let kept = all.iter().flat_map(|lines| lines.kept());
    for place in kept.take(LINES_MAX) {
        table.row(place_cells(view, place));
    }
    let count = all
        .iter()
        .fold(0_u64, |sum, lines| sum.saturating_add(lines.count()));
    let more = count.saturating_sub(length(&table.rows));
    table.more(more, COMMAND);
    table
}

fn place_cells(view: View<'_>, place: &Place) -> Vec<Cell> {
    let title = say::title(&place.key.rule, place.title.as_ref(), view.language);
    let mut said = title;
    if let Some(waiver) = place.waiver {
        let waived = match view.language {
            Language::Ja => format!("（例外 {waiver}）"),
            Language::En => format!(" (waived by entry {waiver})"),
        };
        said.push_str(&waived);
    }
    let hash = place.sha256.map(|hash| format!("SHA-256 {hash}"));
    let severity = severity(place.key.tier, view.language);
    vec![
        cell(place.entry.to_string()),
        cell(&place.label),
        cell(format!("{severity} {}", place.key.rule)).small(said),
        cell(&place.path).small(hash.unwrap_or_default()),
    ]
}

/// A tier with a shape, so that it can be told without colour.
fn severity(tier: Tier, language: Language) -> String {
    let shape = match tier {
        Tier::Block => "✕",
        Tier::Incomplete => "△",
        Tier::Notice => "·",
    };
    format!("{shape} {}", say::tier(tier).say(language))
}

pub(super) fn gaps(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "gaps",
        text("調べられなかったもの", "What was not examined"),
        text(
            "調べられなかったファイルが何件あり、なぜ、どこにあったかに答える。あれば合格にはならない。",
            "Answers what could not be examined, why, and where. A medium with any of it is not PASS.",
        ),
        language,
    );
    let mut kinds = Table::new(
        &[
            (text("理由", "Why"), Words),
            (text("ファイル数", "Files"), Number),
        ],
        text("調べられなかったものはない。", "Nothing was left out."),
        language,
    );
    for (gap, many) in &month.found.gaps {
        kinds.row(vec![
            cell(say::gap(*gap).say(language)),
            cell(number(*many)),
        ]);
    }
    section.tables.push(kinds);
    let mut places = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("媒体", "Medium"), Words),
            (text("理由", "Why"), Fixed),
            (text("場所", "Place"), Long),
            (text("バイト数", "Bytes"), Number),
        ],
        text("該当なし。", "None."),
        language,
    )
    .called(text("一件ごと", "One by one"))
    .named_by(3);
    places.lines(&month.found.missed, COMMAND, |one| {
        vec![
            cell(one.entry.to_string()),
            cell(&one.label),
            cell(say::gap(one.gap).say(language)),
            cell(&one.path),
            cell(number(one.size_bytes)),
        ]
    });
    section.tables.push(places);
    section
}
