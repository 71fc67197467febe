//! What people did with media: cases, waivers, lending.

use super::table::Kind::{Fixed, Long, Number, Words};
use super::{Cell, Section, Table, View, cell};
use crate::bounded::length;
use crate::gather::people::Lending;
use crate::language::{Language, text};
use crate::say;

pub(super) fn cases(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "cases",
        text(
            "使用禁止の媒体の処置",
            "Cases: what became of stopped media",
        ),
        text(
            "使用禁止になった媒体をどうしたか、まだ記録のないものがあるかに答える。",
            "Answers what became of media that were stopped, and which cases are still open.",
        ),
        language,
    );
    let mut open = Table::new(
        &[
            (text("挿入の記録", "Insertion"), Number),
            (text("日時", "Time"), Fixed),
            (text("媒体", "Medium"), Words),
        ],
        text("未処置の媒体はない。", "No case is open."),
        language,
    )
    .called(text("期末に未処置", "Open at the end of the period"));
    for insertion in &month.left.open {
        let known = month.insertions.get(*insertion);
        open.row(vec![
            cell(insertion.to_string()),
            cell(known.map_or_else(|| "-".to_owned(), |known| view.time(&known.utc))),
            cell(known.map_or("-", |known| known.label.as_str())),
        ]);
    }
    let more = month
        .left
        .open_cases
        .saturating_sub(length(&month.left.open));
    open.more(more, "kioskctl status");
    section.tables.push(open);
    let mut closed = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("挿入の記録", "Insertion"), Number),
            (text("媒体", "Medium"), Words),
            (text("処置", "What was done"), Fixed),
            (text("誰が", "By"), Words),
        ],
        text(
            "この月に処置の記録はない。",
            "No case was closed in this month.",
        ),
        language,
    )
    .called(text("この月の処置", "Closed in this month"));
    closed.lines(
        &month.cases.closed,
        "kioskctl log list --event mitigated",
        |one| {
            let known = month.insertions.get(one.insertion);
            vec![
                cell(one.at.entry.to_string()),
                cell(view.time(&one.at.utc)),
                cell(one.insertion.to_string()),
                cell(known.map_or("-", |known| known.label.as_str())),
                cell(say::mitigation(one.action).say(language)),
                cell(&one.by),
            ]
        },
    );
    section.tables.push(closed);
    section
}

pub(super) fn waivers(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "waivers",
        text("例外の承認", "Waivers"),
        text(
            "誰と誰が、どの内容について、いつまで、なぜ例外を認めたかに答える。",
            "Answers which two people let one content pass one rule, until when, and why.",
        ),
        language,
    );
    let columns = [
        (text("記録", "Entry"), Number),
        (text("定義・内容", "Rule, content"), Long),
        (text("承認者", "Answer for it"), Words),
        (text("期限", "Until"), Fixed),
        (text("理由", "Reason"), Words),
    ];
    let cells = |entry: u64, waived: &wire::waiver::Waived| {
        let medium = waived.medium.as_deref();
        let medium = medium.map(|medium| match language {
            Language::Ja => format!("（媒体 {medium} のみ）"),
            Language::En => format!("(medium {medium} only)"),
        });
        vec![
            cell(entry.to_string()),
            cell(&waived.rule).small(format!("SHA-256 {}", waived.sha256)),
            cell(format!("{}, {}", waived.approved_by, waived.second)),
            cell(&waived.until),
            cell(format!("{}{}", waived.reason, medium.unwrap_or_default())),
        ]
    };
    let none = text(
        "期末に有効な例外はない。",
        "No waiver is in force at the end.",
    );
    let mut held = Table::new(&columns, none, language).called(text(
        "期末に有効な例外",
        "In force at the end of the period",
    ));
    for (entry, kept) in &month.left.waivers {
        held.row(cells(*entry, &kept.waived));
    }
    section.tables.push(held);
    let none = text(
        "この月に承認された例外はない。",
        "No waiver was given in this month.",
    );
    let mut given = Table::new(&columns, none, language)
        .called(text("この月に承認された例外", "Given in this month"));
    given.lines(
        &month.cases.given,
        "kioskctl log list --event waived",
        |(at, waived)| cells(at.entry, waived),
    );
    section.tables.push(given);
    if 0 < month.cases.ended.count() {
        section.tables.push(ended(view));
    }
    section
}

/// The waivers that were ended in the month.
fn ended(view: View<'_>) -> Table {
    let (month, language) = (view.month, view.language);

    let mut ended = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("例外の記録", "Waiver"), Number),
            (text("誰が", "By"), Words),
        ],
        text("", ""),
        language,
    )
    .called(text("この月に終えた例外", "Ended in this month"));
    let command = "kioskctl log list --event waiver_ended";
    ended.lines(&month.cases.ended, command, |(at, waiver, by)| {
        vec![
            cell(at.entry.to_string()),
            cell(view.time(&at.utc)),
            cell(waiver.to_string()),
            cell(by),
        ]
    });
    ended
}

pub(super) fn lending(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "lending",
        text("登録の申請と貸出し", "Requests and lending"),
        text(
            "登録の申請と回答、媒体の貸出しと返却に、残っているものがあるかに答える。",
            "Answers what was asked for, lent and returned, and what is still out.",
        ),
        language,
    );
    let left = &month.left;
    let said = match language {
        Language::Ja => format!(
            "期末に貸出し中{}（うち期限切れ{}）、回答待ちの申請{}。",
            left.lent, left.overdue, left.requests
        ),
        Language::En => format!(
            "Lent at the end: {} ({} overdue). Requests without an answer: {}.",
            left.lent, left.overdue, left.requests
        ),
    };
    if 0 < left.overdue {
        section.warn(said);
    } else {
        section.note(said);
    }
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("できごと", "What"), Words),
            (text("媒体・相手", "Medium, whom"), Words),
        ],
        text("該当なし。", "None."),
        language,
    );
    let command = "kioskctl log list --event lent";
    table.lines(&month.cases.lending, command, |(at, one)| {
        let (what, whom) = lent(view, one);
        vec![
            cell(at.entry.to_string()),
            cell(view.time(&at.utc)),
            cell(what),
            whom,
        ]
    });
    section.tables.push(table);
    section
}

fn lent(view: View<'_>, one: &Lending) -> (&'static str, Cell) {
    match one {
        Lending::Requested { insertion } => {
            let known = view.month.insertions.get(*insertion);
            let label = known.map_or("-", |known| known.label.as_str());
            (
                view.say("登録の申請", "registration requested"),
                cell(label).small(format!("{} {insertion}", view.say("挿入", "insertion"))),
            )
        }
        Lending::Answered {
            insertion,
            medium,
            by,
        } => {
            let what = if medium.is_some() {
                view.say("申請を承認", "request approved")
            } else {
                view.say("申請を却下", "request rejected")
            };
            let medium = medium.as_deref().unwrap_or("-");
            let insertion = format!("{} {insertion}", view.say("挿入", "insertion"));
            (
                what,
                cell(medium).small(format!("{insertion}, {}", say::person(by))),
            )
        }
        Lending::Lent {
            medium,
            to,
            company,
            until,
        } => (
            view.say("貸出し", "lent"),
            cell(format!("{medium} → {to}")).small(format!(
                "{} {} {until}",
                company.as_deref().unwrap_or(""),
                view.say("期限", "until")
            )),
        ),
        Lending::Returned { medium, place } => (
            view.say("返却", "returned"),
            cell(medium).small(place.as_deref().unwrap_or("")),
        ),
        Lending::Enrolling { by, ended } => (
            if *ended {
                view.say("登録の待受け終了", "no longer waiting to register")
            } else {
                view.say("登録の待受け", "waiting for a medium to register")
            },
            cell(say::person(by)),
        ),
    }
}
