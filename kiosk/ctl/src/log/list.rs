//! `kioskctl log list`: entries, a line each, those that are asked for.

mod about;

mod filter;

mod csv;

use std::collections::VecDeque;

use broker::Paths;
use record::Ledger;
use record::reader::{Entry, Filter};
use wire::Reason;
use wire::custody::Occasion;
use wire::ledger::{Event, Judged, SelfTested, Target};
use wire::waiver::Waived;

use super::withdrawn::{self, Withdrawals};
use super::{audit, changes, custody, text};
use crate::CommandError;
use crate::print;
use crate::report::{spelled, trail};
use filter::{Taken, Which};

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
    /// One JSON object a line, as the ledger holds them; a PASS that was taken back has the number
    /// of the entry that says so behind it, withdrawn_by
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

/// Runs the command.
pub(super) fn run(list: &List, ledger: &Ledger, paths: &Paths) -> Result<u8, CommandError> {
    let is_all = list.which.is_all();
    // Withdrawals follow their PASS, so those before what is listed are about none of it.
    let withdrawals = Withdrawals::read(ledger, list.first(ledger)?)?;
    let mut asked = list.which.of(ledger, paths, list.csv, &withdrawals)?;
    if list.csv {
        print::head(csv::HEAD);
    }
    let say = if list.csv { print::values } else { print::line };
    let mut is_bare = true;
    let mut last = VecDeque::new();
    let limit = list.limit.filter(|_| !is_all);
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    for entry in ledger.entries(Filter {
        since: list.since,
        limit: list.limit.filter(|_| is_all),
    })? {
        let entry = entry?;
        let line = if list.json && is_all {
            // As it is, of a later version too.
            require_place(&entry)?;
            let event = entry.content().map(|content| content.event).ok();
            let by = event.and_then(|event| withdrawals.of_event(&event));
            withdrawn::bytes(entry, by)
        } else {
            let Some(taken) = asked.take(&entry)? else {
                continue;
            };
            list.line(entry, &taken)
        };
        is_bare = false;
        let Some(limit) = limit else {
            say(&line);
            continue;
        };
        last.push_back(line);
        if limit < last.len() {
            last.pop_front();
        }
    }
    for line in last {
        say(&line);
    }
    if is_bare {
        print::note("kioskctl: nothing found: the ledger has no such entry");
    }
    if asked.sealed == 0 {
        return Ok(0);
    }
    print::note(&format!(
        "kioskctl: the rows of {} verdicts are in an archive and were not searched; search the \
         archive",
        asked.sealed
    ));
    Ok(NOT_SEARCHED)
}

/// The status when something was not examined: a sealed period's rows are not here.
const NOT_SEARCHED: u8 = 4;

/// Checks that an entry stands under its own number, one of a later version too.
///
/// # Errors
/// When it does not.
pub(super) fn require_place(entry: &Entry) -> Result<(), CommandError> {
    match entry.recorded() {
        Err(error) if error.is_alteration() => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

impl List {
    /// The first entry that can be listed, where that is known.
    fn first(&self, ledger: &Ledger) -> Result<Option<u64>, CommandError> {
        let limit = self.limit.filter(|_| self.which.is_all());
        let last = ledger.last()?.unwrap_or(0).saturating_add(1);
        let first = limit.map(|limit| last.saturating_sub(limit));
        Ok(first.max(self.since))
    }

    fn line(&self, entry: Entry, taken: &Taken) -> String {
        if self.json {
            return withdrawn::bytes(entry, taken.withdrawn);
        }
        if self.csv {
            return csv::line(entry.number, taken);
        }
        let Taken {
            content,
            met,
            withdrawn,
            ..
        } = taken;
        let withdrawn = withdrawn.map(|one| format!("  {}", one.said()));
        let first = met
            .as_ref()
            .and_then(|met| Some((met.first.as_ref()?, met)));
        let files = first.map_or_else(String::new, |(first, met)| {
            let more = match met.count.saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("  in {}{more}", trail(first))
        });
        let what = said(&content.event);
        format!(
            "{:>6}  {}  {what}{}{files}",
            entry.number,
            content.recorded_utc,
            withdrawn.unwrap_or_default()
        )
    }
}

/// One entry in one line.
pub(super) fn summary(entry: &Entry) -> Result<String, CommandError> {
    let content = entry.content()?;
    let what = said(&content.event);
    Ok(format!(
        "{:>6}  {}  {what}",
        entry.number, content.recorded_utc
    ))
}

/// What happened, in one line.
pub(super) fn said(event: &Event) -> String {
    match event {
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
    }
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
        judged.registered().unwrap_or("-"),
        spelled_out(&judged.reasons)
    )
}

pub(super) fn spelled_out(reasons: &[Reason]) -> String {
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
