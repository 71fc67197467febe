//! What happened, in numbers, and the answers of each day.

use super::table::Kind::{Fixed, Number, Words};
use super::{Figure, Row, Section, Table, View, cell};
use crate::chart;
use crate::gather::Month;
use crate::gather::verdicts::{Answers, Day};
use crate::language::{Language, Text, text};
use crate::say::number;

pub(super) fn summary(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "summary",
        text("今月の概要", "The month in numbers"),
        text(
            "この月に検査所で何が何件あったか、手当ての要るものがあるかに答える。",
            "Answers what happened at the checkpoint, how often, and whether anything needs attention.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("項目", "What"), Words),
            (text("件数", "Count"), Number),
            (text("説明", "Meaning"), Words),
        ],
        text("", ""),
        language,
    );
    let figures = figures(month).into_iter().chain(by_hand(month));
    for figure in figures.chain(attention(month)) {
        let row = table.row(vec![
            cell(figure.name.say(language)),
            cell(number(figure.many)),
            cell(figure.meaning.say(language)),
        ]);
        row.is_flagged = figure.is_flag && 0 < figure.many;
    }
    section.tables.push(table);
    section
}

/// One line of the table.
struct Line {
    name: Text,
    many: u64,
    meaning: Text,
    /// Whether one of it is one too many.
    is_flag: bool,
}

const fn line_of(name: Text, many: u64, meaning: Text, is_flag: bool) -> Line {
    Line {
        name,
        many,
        meaning,
        is_flag,
    }
}

/// What came of the media at the checkpoint.
fn figures(month: &Month) -> [Line; 7] {
    let sum = month.verdicts.gate.sum();
    let verdicts = &month.verdicts;
    [
        line_of(
            text("検査所での挿入", "Insertions at the kiosk"),
            verdicts.at_kiosk,
            text("媒体が差し込まれた回数", "media that were plugged in"),
            false,
        ),
        line_of(
            text("○ 合格", "○ PASS"),
            sum.pass,
            text(
                "検査所で、登録済みの媒体のすべてを調べ、既知の脅威がなかった（取り消したものを除く）",
                "at the kiosk: registered, everything examined, nothing known to be bad, and not withdrawn",
            ),
            false,
        ),
        line_of(
            text("✕ 使用禁止", "✕ STOP"),
            sum.stop,
            text(
                "登録がないか有効でない、または危険・禁止のものがあった",
                "no registration that holds, or known to be bad or forbidden",
            ),
            false,
        ),
        line_of(
            text("△ 検査未完了", "△ NOT FINISHED"),
            sum.incomplete,
            text(
                "調べられないものがあった",
                "something could not be examined",
            ),
            false,
        ),
        line_of(
            text("うち合格の取消し", "Of these, PASS withdrawn"),
            sum.withdrawn,
            text(
                "合格の記録の後、前提が変わり取り消した。上では取消し後の判定に数える",
                "what a recorded PASS rested on changed; counted above as what stands now",
            ),
            false,
        ),
        line_of(
            text("検査の中断", "Scans interrupted"),
            sum.interrupted,
            text("判定に至らなかった検査", "without a verdict"),
            true,
        ),
        line_of(
            text("例外を用いた判定", "Verdicts with a waiver"),
            verdicts.waived,
            text(
                "二名が承認した例外による（手動の検査を含む）",
                "two people answered for a finding (scans by hand too)",
            ),
            false,
        ),
    ]
}

/// What came of scans by hand, when there were any.
fn by_hand(month: &Month) -> Vec<Line> {
    let verdicts = &month.verdicts;
    let sum = verdicts.hand.sum();
    if verdicts.by_hand == 0 && sum.is_empty() {
        return Vec::new();
    }
    let let_in = text(
        "検査所での判定ではなく、持ち込みの許可ではない",
        "not at the kiosk, and lets nothing in",
    );
    vec![
        line_of(
            text("手動の検査", "Scans by hand"),
            verdicts.by_hand,
            text(
                "職員が kioskctl scan で行った検査。上の件数に含まない",
                "begun by staff with kioskctl scan; not counted above",
            ),
            false,
        ),
        line_of(
            text("手動の検査：○ 合格", "By hand: ○ PASS"),
            sum.pass,
            let_in,
            false,
        ),
        line_of(
            text("手動の検査：✕ 使用禁止", "By hand: ✕ STOP"),
            sum.stop,
            let_in,
            false,
        ),
        line_of(
            text("手動の検査：△ 検査未完了", "By hand: △ NOT FINISHED"),
            sum.incomplete,
            let_in,
            false,
        ),
    ]
}

/// What staff should look at.
fn attention(month: &Month) -> [Line; 5] {
    [
        line_of(
            text("未処置の媒体（期末）", "Open cases at the end"),
            month.left.open_cases,
            text(
                "使用禁止の後、どうしたかの記録がない",
                "stopped, and nobody said what became of it",
            ),
            true,
        ),
        line_of(
            text("自己診断の失敗", "Self-tests that failed"),
            month.tests.failures.count(),
            text("失敗の間、合格は出ない", "no PASS was given meanwhile"),
            true,
        ),
        line_of(
            text("利用者確認の失敗", "Sign-ins refused"),
            month.people.refusals.count(),
            text(
                "番号・暗証番号が受け付けられなかった",
                "codes and PINs that were not taken",
            ),
            false,
        ),
        line_of(
            text("手作業による一覧・設定の変更", "Lists changed by hand"),
            month.lists.by_hand,
            text(
                "誰が変えたかの記録がない",
                "the ledger does not know by whom",
            ),
            true,
        ),
        line_of(
            text("異常終了", "Crashes"),
            month.running.crashes,
            text("停止の記録なしに終わった", "kioskd ended without a word"),
            true,
        ),
    ]
}

pub(super) fn verdicts(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "verdicts",
        text("日ごとの判定", "Verdicts over time"),
        text(
            "どの日に何件を判定し、結果が何だったかに答える。日は施設の時刻による。取り消された合格は、取消し後の判定に数える。",
            "Answers how many verdicts were given on which day, and what they were. Days are the site's. A PASS that was withdrawn is counted as what stands in its place.",
        ),
        language,
    );
    section.figure = Some(Figure::Bars(chart::bars(
        &month.verdicts.gate.days,
        language,
    )));
    let before = month.verdicts.withdrawn_from_before;
    if 0 < before {
        let before = number(before);
        section.note(match language {
            Language::Ja => {
                format!("前の月の合格の取消しがこの月に{before}件ある。前の月の件数に入る。")
            }
            Language::En => {
                format!(
                    "Withdrawn in this month: {before} PASS of a month before, which counts them."
                )
            }
        });
    }
    let none = text(
        "この月に検査所での判定はない。",
        "No verdict at the kiosk in this month.",
    );
    let gate = days(view, &month.verdicts.gate, none);
    section
        .tables
        .push(gate.called(text("検査所での判定", "At the kiosk")));
    let none = text(
        "この月に手動の検査の判定はない。",
        "No verdict of a scan by hand in this month.",
    );
    let hand = days(view, &month.verdicts.hand, none);
    section.tables.push(hand.called(text(
        "手動の検査（kioskctl scan。検査所での判定ではない）",
        "Scans by hand (kioskctl scan: not at the kiosk)",
    )));
    section
}

/// One line a day.
fn days(view: View<'_>, answers: &Answers, none: Text) -> Table {
    let mut table = Table::new(
        &[
            (text("日", "Day"), Fixed),
            (text("○ 合格", "○ PASS"), Number),
            (text("✕ 使用禁止", "✕ STOP"), Number),
            (text("△ 検査未完了", "△ NOT FINISHED"), Number),
            (text("判定の計", "Verdicts"), Number),
            (text("うち合格の取消し", "Of these withdrawn"), Number),
            (text("中断", "Interrupted"), Number),
        ],
        none,
        view.language,
    );
    let mut date = view.month.period.first_day();
    for day in &answers.days {
        if !day.is_empty() {
            line(&mut table, date.to_string(), day);
        }
        date = date.tomorrow().unwrap_or(date);
    }
    if !answers.off.is_empty() {
        let name = view.say("月の外を示す時計", "clock outside the month");
        line(&mut table, name.to_owned(), &answers.off).is_flagged = true;
    }
    if !table.rows.is_empty() {
        let sum = answers.sum();
        line(&mut table, view.say("計", "Sum").to_owned(), &sum).is_sum = true;
    }
    table
}

fn line<'t>(table: &'t mut Table, name: String, day: &Day) -> &'t mut Row {
    let verdicts = day.verdicts();
    table.row(vec![
        cell(name),
        cell(number(day.pass)),
        cell(number(day.stop)),
        cell(number(day.incomplete)),
        cell(number(verdicts)),
        cell(number(day.withdrawn)),
        cell(number(day.interrupted)),
    ])
}
