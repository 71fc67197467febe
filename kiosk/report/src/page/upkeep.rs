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
    ages(view, &mut section);
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

/// How old the rules were, beside what the policy of today allows: the month may have had others.
fn ages(view: View<'_>, section: &mut Section) {
    let Some(oldest) = view.month.rules.oldest_days else {
        section.note(view.say(
            "この月に定義の古さを示す記録はない。",
            "No entry states the age of any rules.",
        ));
        return;
    };
    let days = number(oldest);
    match view.about.age_days_max.filter(|limit| *limit < oldest) {
        Some(limit) => section.warn(over(view, &days, &number(limit))),
        None => section.note(match view.language {
            Language::Ja => format!("最も古かったとき{days}日。"),
            Language::En => format!("At most {days} days old."),
        }),
    }
    let warn = view.about.age_days_warn;
    section.note(match (view.language, view.about.age_days_max) {
        (Language::Ja, Some(limit)) => format!(
            "作成時の方針では注意{warn}日、上限{limit}日（超えると合格を出さない）。{}",
            policies(view)
        ),
        (Language::Ja, None) => format!(
            "作成時の方針では注意{warn}日、上限の定めなし。{}",
            policies(view)
        ),
        (Language::En, Some(limit)) => format!(
            "By the policy when this page is made: a reminder after {warn} days, no PASS after {limit}. {}",
            policies(view)
        ),
        (Language::En, None) => format!(
            "By the policy when this page is made: a reminder after {warn} days, no limit. {}",
            policies(view)
        ),
    });
}

/// That the rules were older than the limit, and how old those were by which there was a PASS.
fn over(view: View<'_>, days: &str, limit: &str) -> String {
    let passed = view.month.policies.oldest_pass_days;
    let limited = view.about.age_days_max;
    let passed = passed.filter(|days| limited.is_some_and(|limit| limit < *days));
    match (view.language, passed.map(number)) {
        (Language::Ja, Some(passed)) => format!(
            "最も古かったとき{days}日で、作成時の方針の上限{limit}日を超えた。超えた定義で合格と記録した判定がある（最も古いもの{passed}日）。"
        ),
        (Language::Ja, None) => {
            format!("最も古かったとき{days}日で、作成時の方針の上限{limit}日を超えた。")
        }
        (Language::En, Some(passed)) => format!(
            "At most {days} days old, which is over the limit of {limit} in the policy when this page is made. PASS was recorded by rules over it, at most {passed} days old."
        ),
        (Language::En, None) => format!(
            "At most {days} days old, which is over the limit of {limit} in the policy when this page is made."
        ),
    }
}

/// By how many policies the month's verdicts were made.
fn policies(view: View<'_>) -> String {
    let policies = &view.month.policies;
    let many = policies.many();
    let others = number(policies.by_others(view.about.policy_sha256));
    match (view.language, many, others.as_str()) {
        (Language::Ja | Language::En, 0, _) => String::new(),
        (Language::Ja, _, "0") => "この月の判定はすべてその方針による。".to_owned(),
        (Language::En, _, "0") => "All verdicts of the month were made by it.".to_owned(),
        (Language::Ja, 1, _) => {
            format!("この月の判定（{others}件）は作成時と別の一つの方針による。")
        }
        (Language::Ja, ..) => {
            format!("この月の判定は{many}通りの方針により、{others}件は作成時と別の方針による。")
        }
        (Language::En, 1, _) => {
            format!("The verdicts of the month were made by another one ({others}).")
        }
        (Language::En, ..) => format!(
            "The verdicts of the month were made by {many} policies, {others} of them by others than this one."
        ),
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
