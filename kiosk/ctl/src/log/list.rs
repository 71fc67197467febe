//! `kioskctl log list`: entries, a line each, those that are asked for.

mod filter;

use std::collections::VecDeque;

use record::Ledger;
use record::reader::{Entry, Filter};
use wire::Reason;
use wire::custody::Occasion;
use wire::ledger::{Event, Judged, SelfTested, Target};
use wire::waiver::Waived;

use super::{audit, changes, custody, text};
use crate::CommandError;
use crate::print;
use crate::report::spelled;
use filter::Which;

/// Options of `kioskctl log list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// From this entry on
    #[arg(long, value_name = "N")]
    since: Option<u64>,
    /// The last N entries of those asked for
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    which: Which,
    /// One JSON object a line, as the ledger holds them
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(list: &List, ledger: &Ledger) -> Result<u8, CommandError> {
    list.which.check()?;
    let is_all = list.which.is_all();
    let mut last = VecDeque::new();
    let limit = list.limit.filter(|_| !is_all);
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for entry in ledger.entries(Filter {
        since: list.since,
        limit: list.limit.filter(|_| is_all),
    })? {
        let entry = entry?;
        if !is_all && !list.which.takes(ledger, &entry.content()?.event)? {
            continue;
        }
        let line = if list.json {
            entry.bytes
        } else {
            summary(&entry)?
        };
        let Some(limit) = limit else {
            print::line(&line);
            continue;
        };
        last.push_back(line);
        if limit < last.len() {
            last.pop_front();
        }
    }
    for line in last {
        print::line(&line);
    }
    Ok(0)
}

/// One entry in one line.
pub(super) fn summary(entry: &Entry) -> Result<String, CommandError> {
    let content = entry.content()?;
    let what = match &content.event {
        Event::Started { kiosk, .. } => format!("started     kiosk {kiosk}"),
        Event::Inserted {
            target,
            medium,
            occasion,
            ..
        } => inserted(target, medium.as_deref(), occasion.as_deref()),
        Event::Judged(judged) => format!("judged      {}", judgement(judged)),
        Event::Withdrawn {
            insertion,
            verdict,
            reasons,
        } => format!(
            "withdrawn   {} {}  insertion {insertion}  {}",
            verdict.shape(),
            verdict.word_en(),
            spelled_out(reasons)
        ),
        Event::Removed { insertion } => format!("removed     insertion {insertion}"),
        Event::SelfTested(tested) => tested_in_a_line(tested),
        Event::Waived(waived) => given(waived),
        Event::WaiverEnded { waiver, by } => format!("ended       waiver {waiver} by {by}"),
        Event::Mitigated {
            insertion,
            action,
            by,
        } => format!(
            "mitigated   insertion {insertion}  {}  by {by}",
            spelled(action)
        ),
        Event::Interrupted { insertion, why } => {
            format!("interrupted insertion {insertion}: {why}")
        }
        Event::RulesInstalled(change) => changes::changed("installed", change),
        Event::RulesRolledBack(change) => changes::changed("back to", change),
        Event::RulesRefused(refused) => changes::refused(refused),
        Event::ListChanged(change) => custody::list_changed(change),
        Event::Requested { insertion } => format!("requested   insertion {insertion}"),
        Event::RequestClosed(closed) => custody::request_closed(closed),
        Event::Lent(lent) => custody::lent(lent),
        Event::Returned(returned) => custody::returned(returned),
        Event::Enrolling(wait) => custody::enrolling(wait.seconds, &wait.by),
        Event::SignedIn(whom) => format!("signed in   {}", custody::whom(whom)),
        Event::SignInRefused(refused) => custody::sign_in_refused(refused),
        Event::SignedOut(whom) => format!("signed out  {}", custody::whom(whom)),
        Event::Stopped {} => "stopped     kioskd was told to end".to_owned(),
        Event::CrashFound { started } => {
            format!("crash found the kioskd of entry {started} ended without a word")
        }
        Event::KeySet(set) => format!("key set     {}", text(&set.key)),
        Event::KeyRetired(retired) => audit::key_retired(retired),
        Event::Cosigned(cosigned) => audit::cosigned(cosigned),
        Event::Exported(exported) => audit::exported(exported),
        Event::Reviewed(reviewed) => audit::reviewed(reviewed),
        Event::BackedUp(copy) => audit::backed_up(copy),
        Event::Restored(copy) => audit::restored(copy),
        Event::Sealed(sealed) => audit::sealed(sealed),
        Event::ClockStepped { expected, found } => {
            format!(
                "clock       stepped from {} to {}",
                text(expected),
                text(found)
            )
        }
    };
    Ok(format!(
        "{:>6}  {}  {what}",
        entry.number, content.recorded_utc
    ))
}

fn inserted(target: &Target, medium: Option<&str>, occasion: Option<&Occasion>) -> String {
    let occasion = occasion.map(custody::occasion_in_a_line);
    format!(
        "inserted    {} {}{}",
        medium.unwrap_or("-"),
        target.name.escaped(),
        occasion.unwrap_or_default()
    )
}

fn given(waived: &Waived) -> String {
    format!(
        "waived      {} until {}  {}  {} and {}: {}",
        crate::waiver::said(waived),
        waived.until,
        waived.sha256,
        waived.approved_by,
        waived.second,
        waived.reason
    )
}

fn judgement(judged: &Judged) -> String {
    format!(
        "{} {}  insertion {}  {}  {}",
        judged.verdict.shape(),
        judged.verdict.word_en(),
        judged.insertion,
        judged.medium.as_deref().unwrap_or("-"),
        spelled_out(&judged.reasons)
    )
}

fn spelled_out(reasons: &[Reason]) -> String {
    let each = |reason: &Reason| format!("{} {}", spelled(&reason.code), reason.count);
    reasons.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn tested_in_a_line(tested: &SelfTested) -> String {
    let faults = match tested.faults.as_slice() {
        [] => String::new(),
        [first, ..] => format!("  {}", text(first)),
    };
    format!(
        "self-tested {}  {} {}, {} specimens{faults}",
        spelled(&tested.result),
        text(&tested.rules.bundle),
        tested.rules.version,
        tested.specimens
    )
}
