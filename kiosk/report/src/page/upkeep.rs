//! The rules and their self-tests.

use super::table::Kind::{Fixed, Long, Number, Words};
use super::{Cell, Figure, Section, Table, View, cell};
use crate::bounded::{LINES_MAX, length};
use crate::chart;
use crate::gather::upkeep::{RulesLine, RulesStep};
use crate::language::{Language, text};
use crate::say::{self, number};
use wire::rule_change::RuleSet;

pub(super) fn rules(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "rules",
        text("検査の定義とその古さ", "Rules and their age"),
        text(
            "検査の定義がどれだけ新しかったか、いつ誰が入れ替えたかに答える。",
            "Answers how current the rules were, and who changed them when.",
        ),
        language,
    );
    let about = view.about;
    let figure = chart::line(
        &month.rules.days,
        about.age_days_warn,
        about.age_days_max,
        language,
    );
    section.figure = Some(Figure::Line(figure));
    section.note(ages(view));
    section.tables.push(sets(view));
    let mut steps = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("したこと", "What"), Words),
            (text("誰が", "By"), Words),
        ],
        text("定義の入替えはない。", "The rules were not changed."),
        language,
    )
    .called(text("入替えと拒否", "Changes and refusals"));
    let command = "kioskctl log list --event rules_installed";
    steps.lines(&month.rules.lines, command, |one| step(view, one));
    section.tables.push(steps);
    section
}

fn ages(view: View<'_>) -> String {
    let oldest = view.month.rules.oldest_days;
    let oldest = oldest.map_or_else(|| "-".to_owned(), number);
    let warn = view.about.age_days_warn;
    match (view.language, view.about.age_days_max) {
        (Language::Ja, Some(limit)) => {
            format!(
                "最も古かったとき{oldest}日。施設の決まりは注意{warn}日、上限{limit}日（超えると合格を出さない）。"
            )
        }
        (Language::Ja, None) => {
            format!("最も古かったとき{oldest}日。施設の決まりは注意{warn}日、上限の定めなし。")
        }
        (Language::En, Some(limit)) => {
            format!(
                "At most {oldest} days old. The site is reminded after {warn} days and gives no PASS after {limit}."
            )
        }
        (Language::En, None) => {
            format!(
                "At most {oldest} days old. The site is reminded after {warn} days and sets no limit."
            )
        }
    }
}

fn sets(view: View<'_>) -> Table {
    let used = &view.month.rules.sets;
    let mut table = Table::new(
        &[
            (text("定義の組", "Set"), Long),
            (text("定義の数", "Rules"), Number),
            (text("判定の数", "Verdicts"), Number),
            (text("最大の古さ（日）", "Oldest, days"), Number),
            (text("最初", "First seen"), Fixed),
            (text("最後", "Last seen"), Fixed),
        ],
        text("定義を示す記録はない。", "No entry names any rules."),
        view.language,
    )
    .called(text("使われた定義", "Sets in use"));
    let time = |at: &Option<crate::gather::At>| {
        at.as_ref()
            .map_or_else(|| "-".to_owned(), |at| view.time(&at.utc))
    };
    for ((bundle, version, sha256), set) in used.iter().take(LINES_MAX) {
        let oldest = set.oldest_days.map_or_else(|| "-".to_owned(), number);
        table.row(vec![
            cell(format!("{bundle} {version}")).small(format!("SHA-256 {sha256}")),
            cell(number(set.rules)),
            cell(number(set.verdicts)),
            cell(oldest),
            cell(time(&set.first)),
            cell(time(&set.last)),
        ]);
    }
    let more = used.len().saturating_sub(length(&table.rows));
    table.more(more.saturating_add(used.beyond()), "kioskctl log list");
    table
}

fn step(view: View<'_>, one: &RulesLine) -> Vec<Cell> {
    let named = |set: &Option<RuleSet>| {
        set.as_ref().map_or_else(
            || {
                view.say("付属の定義", "the rules that came along")
                    .to_owned()
            },
            |set| {
                format!(
                    "{} {} ({} – {})",
                    set.bundle, set.version, set.issued, set.expires
                )
            },
        )
    };
    let what = match &one.step {
        RulesStep::Installed(set) => {
            cell(format!("{} {}", view.say("更新", "installed"), named(set)))
        }
        RulesStep::RolledBack(set) => cell(format!(
            "{} {}",
            view.say("前に戻した", "back to"),
            named(set)
        )),
        RulesStep::Refused { bundle, why } => cell(format!(
            "{} {}",
            view.say("拒否", "refused"),
            bundle.as_deref().unwrap_or("-")
        ))
        .small(why),
    };
    vec![
        cell(one.at.entry.to_string()),
        cell(view.time(&one.at.utc)),
        what,
        cell(say::person(&one.by)),
    ]
}

pub(super) fn tests(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "selftests",
        text("自己診断", "Self-tests"),
        text(
            "検査の定義が見本を本当に見つけることを、何回確かめ、失敗があったかに答える。",
            "Answers how often the rules were seen to find their canaries, and whether they failed.",
        ),
        language,
    );
    let tests = &month.tests;
    let mut table = counted(view);
    table.row(vec![
        cell(view.say("成功", "passed")),
        cell(number(tests.passed)),
    ]);
    table
        .row(vec![
            cell(view.say("失敗", "failed")),
            cell(number(tests.failures.count())),
        ])
        .is_flagged = 0 < tests.failures.count();
    table.row(vec![
        cell(view.say("調べた見本の延べ数", "specimens examined")),
        cell(number(tests.specimens)),
    ]);
    section.tables.push(table);
    if let Some(last) = &tests.last_passed {
        let time = view.time(&last.utc);
        section.note(match language {
            Language::Ja => format!("最後の成功は {time}（記録 {}）。", last.entry),
            Language::En => format!("The last one that passed: {time}, entry {}.", last.entry),
        });
    } else {
        section.warn(view.say(
            "この月に成功した自己診断の記録がない。",
            "No self-test of this month is recorded as passed.",
        ));
    }
    let mut failures = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("定義の組", "Set"), Fixed),
            (text("失敗の内容", "What failed"), Words),
        ],
        text("失敗はない。", "None failed."),
        language,
    )
    .called(text("失敗", "Failures"));
    let command = "kioskctl log list --event self_tested";
    failures.lines(&tests.failures, command, |one| {
        vec![
            cell(one.at.entry.to_string()),
            cell(view.time(&one.at.utc)),
            cell(&one.rules),
            cell(&one.fault),
        ]
    });
    section.tables.push(failures);
    section
}

pub(super) fn counted(view: View<'_>) -> Table {
    Table::new(
        &[
            (text("項目", "What"), Words),
            (text("件数", "Count"), Number),
        ],
        text("", ""),
        view.language,
    )
}
