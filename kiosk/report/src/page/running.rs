//! The clock, and when the kiosk ran.

use super::table::Kind::{Fixed, Number, Words};
use super::upkeep::counted;
use super::{Cell, Section, Table, View, cell};
use crate::gather::upkeep::Life;
use crate::language::{Language, text};
use crate::say::number;

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
    section.tables.push(steps(view));
    if 0 < clock.astray.count() {
        section.tables.push(astray(view));
    }
    section
}

/// The steps that entries tell of.
fn steps(view: View<'_>) -> Table {
    let clock = &view.month.clock;
    let (language, zone) = (view.language, view.month.period.zone());
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
    steps
}

/// The entries whose time does not fit.
fn astray(view: View<'_>) -> Table {
    let clock = &view.month.clock;
    let (language, zone) = (view.language, view.month.period.zone());

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
    astray
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
