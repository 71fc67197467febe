//! What came to the gate: refusals, media and visits.

use super::table::Kind::{Fixed, Long, Number, Words};
use super::{Cell, Section, Table, View, cell};
use crate::bounded::LINES_MAX;
use crate::gather::media::Use;
use crate::gather::verdicts::Refusal;
use crate::language::{Language, text};
use crate::say::{self, number};

pub(super) fn refusals(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "refusals",
        text("合格にならなかった理由", "Refusals by reason"),
        text(
            "合格にならなかった判定が、どの理由によるかに答える。一つの判定に理由が複数あることがある。媒体の欄が kioskctl scan で始まるものは手動の検査。",
            "Answers why verdicts were not PASS. One verdict may have several reasons. Where the medium begins with kioskctl scan it is a scan by hand.",
        ),
        language,
    );
    let mut reasons = Table::new(
        &[
            (text("理由", "Reason"), Words),
            (text("コード", "Code"), Fixed),
            (text("判定の数", "Verdicts"), Number),
            (text("該当の数", "Occasions"), Number),
        ],
        text(
            "合格にならなかった判定はない。",
            "No verdict was other than PASS.",
        ),
        language,
    );
    for (code, given) in &month.refusals.reasons {
        reasons.row(vec![
            cell(say::reason(*code).say(language)),
            cell(code_name(*code)),
            cell(number(given.verdicts)),
            cell(number(given.count)),
        ]);
    }
    section.tables.push(reasons);
    let mut lines = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("媒体", "Medium"), Words),
            (text("判定", "Verdict"), Fixed),
            (text("理由と詳細", "Reasons and detail"), Long),
        ],
        text("該当なし。", "None."),
        language,
    )
    .called(text("一件ごと", "One by one"));
    let command = "kioskctl log list --verdict stop | incomplete";
    lines.lines(&month.refusals.lines, command, |one| refusal(view, one));
    section.tables.push(lines);
    section
}

fn refusal(view: View<'_>, one: &Refusal) -> Vec<Cell> {
    let reasons = one.reasons.iter();
    let reasons: Vec<&str> = reasons
        .map(|code| say::reason(*code).say(view.language))
        .collect();
    let mut verdict = cell(say::verdict(one.verdict, view.language));
    if one.is_withdrawal {
        verdict = verdict.small(view.say("合格を取消し", "in place of a PASS"));
    }
    let listed = one.list_entry.as_deref().map(|entry| match view.language {
        Language::Ja => format!("一覧の {entry}: "),
        Language::En => format!("list entry {entry}: "),
    });
    let separator = view.say("、", ", ");
    vec![
        cell(one.at.entry.to_string()),
        cell(view.time(&one.at.utc)),
        cell(&one.label),
        verdict,
        cell(reasons.join(separator)).small(format!(
            "{}{}",
            listed.unwrap_or_default(),
            one.detail
        )),
    ]
}

/// A reason as the ledger spells it.
fn code_name(code: wire::ReasonCode) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

pub(super) fn media(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "media",
        text("使用された媒体", "Media in use"),
        text(
            "登録された媒体のうちどれが、いつ、何回検査所に挿入され、結果が何だったかに答える。手動の検査は含まない。",
            "Answers which registered media came to the kiosk, when, how often, and with what result. Scans by hand are not counted.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("媒体", "Medium"), Fixed),
            (text("会社・管理者", "Company, owner"), Words),
            (text("挿入", "Inserted"), Number),
            (text("○", "○"), Number),
            (text("✕", "✕"), Number),
            (text("△", "△"), Number),
            (text("うち取消し", "Withdrawn"), Number),
            (text("最後の使用", "Last seen"), Fixed),
        ],
        text(
            "登録された媒体の使用はない。",
            "No registered medium was used.",
        ),
        language,
    );
    let used = &month.media.registered;
    for (id, seen) in used.iter().take(LINES_MAX) {
        let listed = view.about.media.as_deref().unwrap_or_default();
        let listed = listed.iter().find(|one| one.id == *id);
        let owner = match listed {
            Some(one) => cell(&one.company).small(&one.owner),
            None if view.about.media.is_some() => {
                cell(view.say("今の一覧にない", "not on today's list"))
            }
            None => cell("-"),
        };
        table.row(row(view, vec![cell(id), owner], seen));
    }
    if 0 < month.media.others.insertions {
        let name = view.say("登録を確認できない媒体", "not known as registered");
        table.row(row(view, vec![cell(name), cell("-")], &month.media.others));
    }
    let shown = u64::try_from(LINES_MAX).unwrap_or(u64::MAX);
    let more = used
        .len()
        .saturating_sub(shown)
        .saturating_add(used.beyond());
    table.more(more, "kioskctl log list --event inserted");
    section.tables.push(table);
    if let Some(listed) = &view.about.media {
        let on_list = listed.iter().map(|one| &one.id);
        let unused = on_list.filter(|id| used.iter().all(|(used, _)| used != *id));
        let (all, unused) = (crate::bounded::length(listed), unused.count());
        section.note(match language {
            Language::Ja => format!("作成時の一覧の媒体は{all}個。うち{unused}個はこの月に使われなかった（kioskctl media list）。"),
            Language::En => format!("The list has {all} media when this page is made; {unused} of them were not used in this month (kioskctl media list)."),
        });
    }
    section
}

fn row(view: View<'_>, mut cells: Vec<Cell>, seen: &Use) -> Vec<Cell> {
    let last = seen.last.as_ref();
    let last = last.map_or_else(|| "-".to_owned(), |at| view.time(&at.utc));
    cells.extend([
        cell(number(seen.insertions)),
        cell(number(seen.pass)),
        cell(number(seen.stop)),
        cell(number(seen.incomplete)),
        cell(number(seen.withdrawn)),
        cell(last),
    ]);
    cells
}

pub(super) fn visits(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "visits",
        text("訪問者と会社", "Visits"),
        text(
            "誰が、どの会社から来て、いつ、いくつの媒体を持ち込んだかに答える。",
            "Answers who came from which company, when, and how many media they brought.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("訪問", "Visit"), Fixed),
            (text("氏名・会社", "Person, company"), Words),
            (text("挿入", "Inserted"), Number),
            (text("○", "○"), Number),
            (text("✕", "✕"), Number),
            (text("△", "△"), Number),
            (text("うち取消し", "Withdrawn"), Number),
            (text("最後の記録", "Last seen"), Fixed),
        ],
        text("訪問の記録はない。", "No visit is recorded."),
        language,
    );
    let visits = &month.visits.visits;
    for (id, visit) in visits.iter().take(LINES_MAX) {
        let who = cell(&visit.person).small(&visit.company);
        table.row(row(view, vec![cell(id), who], &visit.seen));
    }
    if 0 < month.visits.without.insertions {
        let name = view.say("訪問なし", "without a visit");
        table.row(row(
            view,
            vec![cell(name), cell("-")],
            &month.visits.without,
        ));
    }
    let shown = u64::try_from(LINES_MAX).unwrap_or(u64::MAX);
    let more = visits.len().saturating_sub(shown);
    table.more(
        more.saturating_add(visits.beyond()),
        "kioskctl log list --event signed_in",
    );
    section.tables.push(table);
    section
}
