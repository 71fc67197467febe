//! Who named themselves, and who changed the lists.

use super::table::Kind::{Fixed, Number, Words};
use super::{Cell, Section, Table, View, cell};
use crate::gather::people::ListLine;
use crate::language::{Language, text};
use crate::say::{self, number};

pub(super) fn sign_ins(view: View<'_>) -> Section {
    use wire::custody::SignInFault;
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "signins",
        text("利用者の確認と失敗", "Sign-ins and failures"),
        text(
            "検査所で誰が名乗り、番号や暗証番号の誤りが何回あり、締め出しがあったかに答える。",
            "Answers who named themselves at the kiosk, and how often codes and PINs were refused.",
        ),
        language,
    );
    let people = &month.people;
    let mut table = Table::new(
        &[
            (text("項目", "What"), Words),
            (text("件数", "Count"), Number),
        ],
        text("", ""),
        language,
    );
    table.row(vec![
        cell(view.say("訪問者の確認", "visitors")),
        cell(number(people.visitors)),
    ]);
    table.row(vec![
        cell(view.say("職員の確認", "staff")),
        cell(number(people.staff)),
    ]);
    let faults = [
        SignInFault::Unknown,
        SignInFault::Ended,
        SignInFault::NotYetValid,
        SignInFault::WrongPin,
    ];
    for (fault, many) in faults.into_iter().zip(people.faults) {
        let name = say::sign_in_fault(fault).say(language);
        let refused = view.say("失敗：", "refused: ");
        table.row(vec![cell(format!("{refused}{name}")), cell(number(many))]);
    }
    let row = table.row(vec![
        cell(view.say("締め出しになった失敗", "refusals that locked")),
        cell(number(people.locked)),
    ]);
    row.is_flagged = 0 < people.locked;
    section.tables.push(table);
    let mut refusals = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("理由", "Why"), Words),
            (text("誰の番号か", "Whose"), Words),
            (text("締め出し（秒）", "Locked, seconds"), Number),
        ],
        text("失敗はない。", "None was refused."),
        language,
    )
    .called(text("失敗", "Refusals"));
    let command = "kioskctl log list --event sign_in_refused";
    refusals.lines(&people.refusals, command, |one| {
        vec![
            cell(one.at.entry.to_string()),
            cell(view.time(&one.at.utc)),
            cell(say::sign_in_fault(one.why).say(language)),
            cell(say::whom(one.whom.as_ref())),
            cell(number(one.locked_seconds)),
        ]
    });
    section.tables.push(refusals);
    section
}

pub(super) fn lists(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "lists",
        text("一覧と設定の変更", "Changes of lists and policy"),
        text(
            "媒体の一覧・業者・職員・設定を、誰が、いつ、どう変えたかに答える。",
            "Answers who changed the lists and the policy, when, and how.",
        ),
        language,
    );
    if 0 < month.lists.by_hand {
        let many = month.lists.by_hand;
        section.warn(match language {
            Language::Ja => {
                format!("命令によらない変更が{many}件ある（誰が変えたかは記録にない）。")
            }
            Language::En => {
                format!("{many} changes were made by hand: the ledger does not know by whom.")
            }
        });
    }
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("対象", "List"), Words),
            (text("変更", "Change"), Words),
            (text("誰が", "By"), Words),
        ],
        text("変更はない。", "Nothing was changed."),
        language,
    );
    for line in month.lists.lines.kept() {
        table.row(list_cells(view, line)).is_flagged = line.by.is_none();
    }
    table.more(
        month.lists.lines.more(),
        "kioskctl log list --event list_changed",
    );
    section.tables.push(table);
    section
}

fn list_cells(view: View<'_>, line: &ListLine) -> Vec<Cell> {
    let language = view.language;
    let changed = line.changed.iter();
    let changed =
        changed.map(|(change, id)| format!("{id} {}", say::change(*change).say(language)));
    let mut parts: Vec<String> = changed.collect();
    if 0 < line.more {
        parts.push(match language {
            Language::Ja => format!("ほか{}件", line.more),
            Language::En => format!("and {} more", line.more),
        });
    }
    if parts.is_empty() {
        parts.push(view.say("内容の変更", "its text changed").to_owned());
    }
    let by = line.by.as_ref().map_or_else(
        || view.say("手作業（不明）", "by hand (not known)").to_owned(),
        say::person,
    );
    vec![
        cell(line.at.entry.to_string()),
        cell(view.time(&line.at.utc)),
        cell(say::list(line.list).say(language)),
        cell(parts.join(view.say("、", ", "))).small(line.reason.as_deref().unwrap_or("")),
        cell(by).small(line.second.as_deref().unwrap_or("")),
    ]
}
