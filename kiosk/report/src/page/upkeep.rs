//! The kiosk itself: rules, self-tests, clock, starts and ends.

use super::table::Kind::{Fixed, Long, Number, Words};
use super::{Cell, Figure, Section, Table, View, cell};
use crate::bounded::{LINES_MAX, length};
use crate::chart;
use crate::gather::upkeep::{Life, RulesLine, RulesStep};
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

fn counted(view: View<'_>) -> Table {
    Table::new(
        &[
            (text("項目", "What"), Words),
            (text("件数", "Count"), Number),
        ],
        text("", ""),
        view.language,
    )
}

pub(super) fn clock(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "clock",
        text("時計", "Clock"),
        text(
            "記録の日時を信じてよいか、時計が動かされたことがあるかに答える。記録の順は番号により、時計によらない。",
            "Answers whether the times can be trusted and whether the clock was moved. Entries are in the order of their numbers, whatever a clock says.",
        ),
        language,
    );
    let clock = &month.clock;
    let mut table = counted(view);
    for (name, many, is_flagged) in [
        (
            view.say("時計のずれの記録", "clock steps"),
            clock.steps.count(),
            true,
        ),
        (
            view.say(
                "前の記録より早い日時の記録",
                "entries earlier than the one before",
            ),
            clock.back,
            true,
        ),
        (
            view.say(
                "月の外を示す日時の記録",
                "entries whose time is outside the month",
            ),
            clock.outside,
            true,
        ),
        (
            view.say("装置の再起動", "restarts of the machine"),
            clock.boots,
            false,
        ),
    ] {
        table.row(vec![cell(name), cell(number(many))]).is_flagged = is_flagged && 0 < many;
    }
    section.tables.push(table);
    let mut steps = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("示すはずの日時", "Expected"), Fixed),
            (text("示した日時", "Found"), Fixed),
            (text("ずれ（秒）", "Seconds"), Number),
        ],
        text("ずれの記録はない。", "No step is recorded."),
        language,
    )
    .called(text("時計のずれ", "Steps"));
    let zone = month.period.zone();
    steps.lines(
        &clock.steps,
        "kioskctl log list --event clock_stepped",
        |one| {
            let seconds = one.seconds;
            vec![
                cell(one.at.entry.to_string()),
                cell(crate::period::second(&one.expected, zone)),
                cell(crate::period::second(&one.found, zone)),
                cell(seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:+}"))),
            ]
        },
    );
    section.tables.push(steps);
    if 0 < clock.astray.count() {
        let mut astray = Table::new(
            &[
                (text("記録", "Entry"), Number),
                (text("記録の日時", "Its time"), Fixed),
                (text("理由", "Why"), Words),
            ],
            text("", ""),
            language,
        )
        .called(text(
            "日時の合わない記録",
            "Entries whose time does not fit",
        ));
        astray.lines(&clock.astray, "kioskctl log list", |one| {
            let why = if one.goes_back {
                view.say("前の記録より早い", "earlier than the entry before")
            } else {
                view.say("月の外", "outside the month")
            };
            vec![
                cell(one.at.entry.to_string()),
                cell(crate::period::second(&one.at.utc, zone)),
                cell(why),
            ]
        });
        section.tables.push(astray);
    }
    section
}

pub(super) fn running(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "running",
        text("起動・停止・異常終了", "Starts, ends and crashes"),
        text(
            "装置がいつ動き、止まり、異常終了し、途中で切れた検査があるかに答える。",
            "Answers when the kiosk started, ended or crashed, and which scans were cut off.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("できごと", "What"), Words),
        ],
        text("起動も停止もない。", "It neither started nor ended."),
        language,
    );
    for (at, life) in month.running.lines.kept() {
        let (what, is_flagged) = lived(view, life);
        let row = table.row(vec![
            cell(at.entry.to_string()),
            cell(view.time(&at.utc)),
            what,
        ]);
        row.is_flagged = is_flagged;
    }
    let command = "kioskctl log list --event started";
    table.more(month.running.lines.more(), command);
    section.tables.push(table);
    let running = &month.running;
    section.note(match language {
        Language::Ja => format!(
            "起動{}、再接続{}、停止{}、異常終了{}、中断{}。",
            running.starts, running.agains, running.stops, running.crashes, running.interruptions
        ),
        Language::En => format!(
            "{} starts, {} reconnections, {} stops, {} crashes, {} interruptions.",
            running.starts, running.agains, running.stops, running.crashes, running.interruptions
        ),
    });
    section
}

fn lived(view: View<'_>, life: &Life) -> (Cell, bool) {
    match life {
        Life::Started { kiosk } => {
            let said = view.say("起動（版", "started, version");
            let end = view.say("）", "");
            (cell(format!("{said} {kiosk}{end}")), false)
        }
        Life::Again { kiosk } => {
            let said = view.say("記録係に再接続（版", "met its ledger anew, version");
            let end = view.say("）", "");
            (cell(format!("{said} {kiosk}{end}")), false)
        }
        Life::Stopped => (cell(view.say("停止", "stopped")), false),
        Life::Crashed { started } => {
            let said = match view.language {
                Language::Ja => format!("記録{started}の起動が停止の記録なしに終わっていた"),
                Language::En => format!("the start of entry {started} ended without a word"),
            };
            (cell(said), true)
        }
        Life::Interrupted { insertion, why } => {
            let said = match view.language {
                Language::Ja => format!("挿入{insertion}の検査が中断"),
                Language::En => format!("the scan of insertion {insertion} was interrupted"),
            };
            (cell(said).small(why), true)
        }
    }
}
