//! The ledger itself: exports, reviews, keys, the kinds of entries, and the clauses.

use wire::ledger::Event;

use super::table::Kind::{Fixed, Long, Number, Words};
use super::{Section, Table, View, cell, sign};
use crate::controls::CLAUSES;
use crate::language::{Language, text};
use crate::say::{self, number};

pub(super) fn exports(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "exports",
        text("記録の書き出し", "Exports"),
        text(
            "記録から何が、誰によって、どの形で取り出されたかに答える。",
            "Answers what was taken out of the ledger, by whom and in which form.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("形", "Form"), Fixed),
            (text("範囲", "Range"), Fixed),
            (text("ファイル", "File"), Long),
            (text("誰が", "By"), Words),
        ],
        text("書き出しはない。", "Nothing was taken out."),
        language,
    );
    let command = "kioskctl log list --event exported";
    table.lines(&month.audit.exports, command, |(at, one)| {
        let file = one.file.as_ref();
        let file = file.map_or_else(|| "-".to_owned(), |file| file.escaped().to_string());
        let hash = one.sha256.map(|hash| format!("SHA-256 {hash}"));
        vec![
            cell(at.entry.to_string()),
            cell(view.time(&at.utc)),
            cell(&one.format),
            cell(format!("{}–{}", one.first, one.last)).small(format!(
                "{} {}",
                number(one.entries),
                view.say("件", "entries")
            )),
            cell(wire::name::line_within(&file, 200)).small(hash.unwrap_or_default()),
            cell(say::person(&one.by)),
        ]
    });
    section.tables.push(table);
    section
}

pub(super) fn reviews(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "reviews",
        text("記録の点検", "Reviews of the ledger"),
        text(
            "記録が決まりの日数（既定14日）以内ごとに点検されたか、次はいつまでかに答える。",
            "Answers whether the ledger was reviewed as often as the site wants (every 14 days unless it says otherwise), and when it is due next.",
        ),
        language,
    );
    let zone = month.period.zone();
    let due = month.audit.due(view.about.review_days, zone);
    if let (Some(due), Some(at)) = (due, month.left.at) {
        if due < at.to_zoned(zone.clone()).date() {
            section.warn(match language {
                Language::Ja => format!("期末に点検が期限切れ（期限 {due}）。"),
                Language::En => {
                    format!("At the end of the period the review is overdue: it was due {due}.")
                }
            });
        } else {
            section.note(match language {
                Language::Ja => format!("次の点検の期限 {due}。"),
                Language::En => format!("The next review is due {due}."),
            });
        }
    }
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("どこまで", "Through"), Number),
            (text("前回からの日数", "Days since the last"), Number),
            (text("誰が", "By"), Words),
            (text("所見", "Remark"), Long),
        ],
        text(
            "この月に点検の記録はない。",
            "No review is recorded in this month.",
        ),
        language,
    );
    for one in month.audit.reviews.kept() {
        let days = one.after_days;
        let row = table.row(vec![
            cell(one.at.entry.to_string()),
            cell(view.time(&one.at.utc)),
            cell(one.reviewed.through.number.to_string()),
            cell(days.map_or_else(|| "-".to_owned(), |days| days.to_string())),
            cell(say::person(&one.reviewed.by))
                .small(one.reviewed.account.as_deref().unwrap_or("")),
            cell(one.reviewed.remark.as_deref().unwrap_or("-")),
        ]);
        let most = i64::try_from(view.about.review_days).unwrap_or(i64::MAX);
        row.is_flagged = days.is_none_or(|days| most < days);
    }
    let command = "kioskctl log list --event reviewed";
    table.more(month.audit.reviews.more(), command);
    section.tables.push(table);
    section
}

pub(super) fn ledger(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "ledger",
        text("台帳の状態", "State of the ledger"),
        text(
            "この帳票のもとになった台帳が書かれたままであるか、誰の鍵が署名しているかに答える。",
            "Answers whether the ledger behind this page is as it was written, and whose keys signed it.",
        ),
        language,
    );
    let said = sign(view.about, language);
    let sentence = format!("{}: {}", said.word, said.detail);
    if said.holds {
        section.note(sentence);
    } else {
        section.warn(sentence);
    }
    let mut table = Table::new(
        &[(text("項目", "What"), Words), (text("値", "Value"), Long)],
        text("", ""),
        language,
    );
    let head = view.about.seal.head.as_ref();
    let none = || "-".to_owned();
    table.row(vec![
        cell(view.say("先頭コード", "Head code")),
        cell(head.map_or_else(none, say::head_code)),
    ]);
    table.row(vec![
        cell(view.say("最後の記録のハッシュ", "Leaf of the last entry")),
        cell(head.map_or_else(none, |head| head.leaf_sha256.to_string())),
    ]);
    for key in &view.about.seal.keys {
        table.row(vec![cell(view.say("署名鍵", "Signing key")), cell(key)]);
    }
    for (name, size) in &view.about.seal.cosigned {
        let what = view.say("連署", "Co-signed by");
        let entries = view.say("記録の数", "entries");
        table.row(vec![
            cell(what),
            cell(name).small(format!("{entries} {size}")),
        ]);
    }
    table.row(vec![
        cell(view.say("この月の記録", "Entries of the month")),
        cell(number(month.entries)),
    ]);
    table.row(vec![
        cell(view.say("そのファイル行", "Their file rows")),
        cell(number(month.rows)),
    ]);
    table
        .row(vec![
            cell(view.say("読めない記録", "Entries that cannot be read")),
            cell(number(month.unreadable.count())),
        ])
        .is_flagged = 0 < month.unreadable.count();
    section.tables.push(table);
    section.tables.push(keys(view));
    section
}

fn keys(view: View<'_>) -> Table {
    let mut table = Table::new(
        &[
            (text("記録", "Entry"), Number),
            (text("日時", "Time"), Fixed),
            (text("できごと", "What"), Words),
            (text("誰が", "By"), Words),
        ],
        text(
            "この月に鍵・連署・控え・封印の記録はない。",
            "No keys, co-signatures, copies or seals in this month.",
        ),
        view.language,
    )
    .called(text(
        "鍵・連署・控え・封印",
        "Keys, co-signatures, copies, seals",
    ));
    let command = "kioskctl log list --event cosigned";
    table.lines(&view.month.audit.ledger, command, |(at, event)| {
        let what = called(event.name(), view.language);
        let (detail, by) = detail(view, event);
        vec![
            cell(at.entry.to_string()),
            cell(view.time(&at.utc)),
            cell(what).small(detail),
            cell(by),
        ]
    });
    table
}

/// What an entry about the ledger itself says, and who is behind it.
fn detail(view: View<'_>, event: &Event) -> (String, String) {
    let through = view.say("記録の最後", "through entry");
    match event {
        Event::KeySet(set) => (set.key.clone(), "kiosk-record".to_owned()),
        Event::KeyRetired(retired) => (retired.reason.clone(), say::person(&retired.by)),
        Event::Cosigned(cosigned) => (cosigned.key.clone(), say::person(&cosigned.by)),
        Event::BackedUp(copy) => (
            format!("{through} {}", copy.through.number),
            say::person(&copy.by),
        ),
        Event::Restored(copy) => (
            format!("{through} {}", copy.through.number),
            say::person(&copy.by),
        ),
        Event::Sealed(sealed) => (
            format!(
                "{through} {}, SHA-256 {}",
                sealed.through, sealed.archive_sha256
            ),
            say::person(&sealed.by),
        ),
        Event::Started { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::Inserted { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::SelfTested(_)
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Interrupted { .. }
        | Event::RulesInstalled(_)
        | Event::RulesRolledBack(_)
        | Event::RulesRefused(_)
        | Event::ListChanged(_)
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::ClockStepped { .. }
        | Event::Exported(_)
        | Event::Reviewed(_) => (String::new(), "-".to_owned()),
    }
}

/// What a kind of entry is called.
fn called(name: &'static str, language: Language) -> &'static str {
    words::event(name).map_or(name, |(ja, en)| text(ja, en).say(language))
}

pub(super) fn kinds(view: View<'_>) -> Section {
    let (month, language) = (view.month, view.language);
    let mut section = Section::new(
        "kinds",
        text("記録の種類ごとの件数", "Entries by kind"),
        text(
            "この月の記録が種類ごとに何件あるかに答える。計は記録番号の範囲の件数に等しい。",
            "Answers how many entries of each kind the month has. The sum is that of the range of entries.",
        ),
        language,
    );
    let mut table = Table::new(
        &[
            (text("種類", "Kind"), Words),
            (text("記録での名", "In the ledger"), Fixed),
            (text("件数", "Entries"), Number),
        ],
        text("この月の記録はない。", "The month has no entry."),
        language,
    );
    for (name, ..) in words::EVENTS {
        if let Some(many) = month.kinds.get(name) {
            table.row(vec![
                cell(called(name, language)),
                cell(name),
                cell(number(*many)),
            ]);
        }
    }
    if !table.rows.is_empty() {
        let sum = cell(view.say("計", "Sum"));
        table
            .row(vec![sum, cell(""), cell(number(month.entries))])
            .is_sum = true;
    }
    section.tables.push(table);
    section
}

pub(super) fn controls(view: View<'_>) -> Section {
    let language = view.language;
    let mut section = Section::new(
        "controls",
        text("指針の条項との対応", "Which clause each table answers"),
        text(
            "各指針のどの条項に、この帳票のどの節が答えるかを示す。適合の宣言ではない。",
            "Says which section answers which clause of the guides. It is no declaration of conformity.",
        ),
        language,
    );
    section.note(view.say(
        "［要確認］の条項は原文で確かめていない。提出の前に、適用する版の原文と照らすこと。",
        "Clauses marked [to be checked] were not read in their source: compare them with the edition that binds you before you file this page.",
    ));
    let mut table = Table::new(
        &[
            (text("指針・条項", "Guide, clause"), Words),
            (text("求めること", "What it asks for"), Words),
            (text("答える節", "Sections"), Words),
        ],
        text("", ""),
        language,
    );
    for clause in &CLAUSES {
        let mut places: Vec<usize> = clause
            .sections
            .iter()
            .filter_map(|id| super::SECTIONS.iter().position(|one| one == id))
            .collect();
        places.sort_unstable();
        let sections = places
            .iter()
            .map(|place| place.saturating_add(1).to_string());
        let sections: Vec<String> = sections.collect();
        table.row(vec![
            cell(clause.named(language)),
            cell(clause.about.say(language)),
            cell(sections.join(", ")),
        ]);
    }
    section.tables.push(table);
    section
}
