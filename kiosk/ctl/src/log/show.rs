//! `kioskctl log show`: one entry with everything that belongs to it.

use broker::Paths;
use record::Ledger;
use record::reader::Entry;
use record::search::Looked;
use wire::ledger::{Event, Judged, Rules, SelfTested};
use wire::{Claim, Interface, Outcome, Row, Verdict};

use super::compared::{self, Changes};
use super::list::summary;
use super::story::{self, Subject};
use super::vouched::Vouched;
use super::withdrawn::{Withdrawal, Withdrawals};
use super::{changes, custody, list, text};
use crate::CommandError;
use crate::print;
use crate::report::{spelled, trail};
use crate::words::{self, Language};

/// Options of `kioskctl log show`.
#[derive(clap::Args)]
pub(super) struct Show {
    /// Number of the entry
    #[arg(value_name = "N", required_unless_present_any = ["visit", "insertion"])]
    number: Option<u64>,
    /// Tell this visit as a person would tell it, each sentence with its entries in brackets
    #[arg(long, value_name = "ID", conflicts_with_all = ["number", "insertion", "since"])]
    visit: Option<String>,
    /// Tell what came of this insertion, in the same way
    #[arg(long, value_name = "N", conflicts_with_all = ["number", "since"])]
    insertion: Option<u64>,
    /// In which language it is told [default: the locale's]
    #[arg(long, value_name = "LANG", conflicts_with = "number")]
    lang: Option<Language>,
    /// What changed on the medium since this earlier verdict about it [default: for a medium on
    /// its way out, the PASS with which it came in]
    #[arg(long, value_name = "M")]
    since: Option<u64>,
    /// The entry and its rows as the ledger holds them, or the story, in one object
    #[arg(long)]
    json: bool,
    /// The proof that it is in the ledger, for whoever has no ledger: kioskctl log verify --proof
    #[arg(long, conflicts_with_all = ["json", "since", "visit", "insertion"])]
    proof: bool,
}

/// Runs the command.
pub(super) fn run(show: &Show, ledger: &Ledger, paths: &Paths) -> Result<u8, CommandError> {
    let number = match (show.number, &show.visit, show.insertion) {
        (Some(number), _, _) => number,
        (None, Some(visit), _) => {
            let visit = Subject::Visit(visit.clone());
            return story::run(&visit, show.lang, show.json, ledger, paths);
        }
        (None, None, Some(number)) => {
            let insertion = Subject::Insertion(number);
            return story::run(&insertion, show.lang, show.json, ledger, paths);
        }
        (None, None, None) => {
            let why = "say which entry, --visit or --insertion".to_owned();
            return Err(CommandError::Asked(why));
        }
    };
    if show.proof {
        print::part(&ledger.proof(number)?);
        return Ok(0);
    }
    let entry = ledger.entry(number)?;
    list::require_place(&entry)?;
    let rows = Vouched::of(ledger, &entry)?;
    let changes = compared::changes(ledger, &entry, show.since)?;
    let withdrawals = Withdrawals::read(ledger, Some(number))?;
    if show.json {
        return show_object(&entry, &rows, &changes, &withdrawals);
    }
    let event = entry.content()?.event;
    let withdrawn = withdrawals.of_event(&event);
    print::line(&summary(&entry)?);
    print::line(&format!("        leaf {}", entry.leaf_sha256));
    show_event(ledger, &event, withdrawn)?;
    rows.each(&mut |row| {
        show_row(&row);
        Ok(())
    })?;
    if rows.looked == Looked::Sealed {
        print::line("        its rows are in an archive");
    }
    compared::show(&changes);
    Ok(0)
}

fn show_event(
    ledger: &Ledger,
    event: &Event,
    withdrawn: Option<&Withdrawal>,
) -> Result<(), CommandError> {
    match event {
        Event::Judged(judged) => {
            show_judged(judged, withdrawn);
            if let Some(refused) = &judged.refused {
                custody::show_refused(refused, judged.registered().is_some());
                show_claim_of(ledger, judged.insertion)?;
            }
        }
        Event::Inserted {
            claim, occasion, ..
        } => {
            claim.iter().for_each(|claim| show_claim(claim));
            occasion
                .iter()
                .for_each(|occasion| custody::show_occasion(occasion));
        }
        Event::SelfTested(tested) => show_self_test(tested),
        Event::ListChanged(change) => custody::show_list_change(change),
        Event::Requested { insertion } => show_claim_of(ledger, *insertion)?,
        Event::RequestClosed(closed) => show_claim_of(ledger, closed.insertion)?,
        Event::Lent(lent) => custody::show_lent(lent),
        Event::Returned(returned) => custody::show_returned(returned),
        Event::ClockStepped { expected, found } => custody::show_step(expected, found),
        Event::RulesInstalled(change) | Event::RulesRolledBack(change) => {
            changes::show_change(change);
        }
        Event::RulesRefused(refused) => changes::show_refused(refused),
        Event::Started { .. }
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::Interrupted { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::KeySet(_)
        | Event::KeyRetired(_)
        | Event::Cosigned(_)
        | Event::Exported(_)
        | Event::Reviewed(_)
        | Event::BackedUp(_)
        | Event::Restored(_)
        | Event::Sealed(_) => {}
    }
    Ok(())
}

/// What the medium of an insertion said of itself.
fn show_claim_of(ledger: &Ledger, insertion: u64) -> Result<(), CommandError> {
    let event = ledger.entry(insertion)?.content()?.event;
    if let Event::Inserted {
        claim: Some(claim), ..
    } = event
    {
        print::line("        the medium says of itself");
        show_claim(&claim);
    }
    Ok(())
}

/// One object: the entry exactly as the ledger holds it, its leaf, its rows, what changed, and
/// by which entry its PASS was taken back.
fn show_object(
    entry: &Entry,
    rows: &Vouched<'_>,
    changes: &Changes,
    withdrawals: &Withdrawals,
) -> Result<u8, CommandError> {
    let event = entry.content().map(|content| content.event).ok();
    let withdrawn = event.and_then(|event| withdrawals.of_event(&event).map(|one| one.entry));
    print::part(&format!(
        "{{\"leaf_sha256\":\"{}\",\"entry\":{}",
        entry.leaf_sha256, entry.bytes
    ));
    print::part(",\"rows\":[");
    let mut is_first = true;
    rows.each(&mut |row| {
        let text = json(&row)?;
        print::part(if is_first { "" } else { "," });
        print::part(&text);
        is_first = false;
        Ok(())
    })?;
    print::part("],\"changes\":");
    print::part(&json(&compared::object(changes))?);
    print::part(",\"withdrawn_by\":");
    print::part(&json(&withdrawn)?);
    print::part("}\n");
    Ok(0)
}

/// One line of JSON with nothing hidden in it.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, CommandError> {
    record::canonical::line(value).map_err(|error| CommandError::System {
        doing: "write JSON",
        source: error.into(),
    })
}

fn show_self_test(tested: &SelfTested) {
    show_rules(&tested.rules);
    print::line(&format!("        took {} ms", tested.milliseconds));
    for fault in &tested.faults {
        print::line(&format!("        {}", text(fault)));
    }
}

fn show_rules(rules: &Rules) {
    print::line(&format!(
        "        rules {} {} ({})",
        text(&rules.bundle),
        rules.version,
        rules.sha256
    ));
}

fn show_row(row: &Row) {
    let outcome = match row.outcome {
        Outcome::Clean => "clean".to_owned(),
        Outcome::Matched => "matched".to_owned(),
        Outcome::Unchecked(gap) => format!("unchecked/{}", spelled(&gap)),
    };
    let rules: Vec<_> = row
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    let hash = row
        .sha256
        .map_or_else(|| "-".repeat(64), |digest| digest.to_string());
    print::line(&format!(
        "  {hash} {:>12} {outcome:<12} {}  {}",
        row.size_bytes,
        trail(row),
        rules.join(" ")
    ));
    for finding in &row.findings {
        if let Some(said) = words::explained(finding) {
            print::line(&format!("      {said}"));
        }
        if let Some(waiver) = finding.waiver {
            print::line(&format!(
                "      {} is waived by entry {waiver}",
                text(&finding.rule)
            ));
        }
    }
}

/// What the medium said of itself, every string with its hidden characters spelled out.
fn show_claim(claim: &Claim) {
    let line = |what: &str, value: &dyn std::fmt::Display| {
        print::line(&format!("        {what:<14}{value}"));
    };
    line("USB id", &format!("{:04x}:{:04x}", claim.vid, claim.pid));
    match &claim.serial {
        Some(serial) => line("serial", &serial.escaped()),
        None => line("serial", &"none"),
    }
    line("manufacturer", &claim.manufacturer.escaped());
    line("product", &claim.product.escaped());
    let interfaces: Vec<String> = claim.interfaces.iter().map(Interface::to_string).collect();
    line("interfaces", &interfaces.join(" "));
    if let Some(capacity) = claim.capacity_bytes {
        line("capacity", &format!("{capacity} bytes"));
    }
    if let Some(usb) = &claim.usb {
        line("port", &text(&usb.port));
        line("release", &text(&usb.release));
        line("descriptors", &usb.descriptors);
        line("their SHA-256", &usb.descriptors_sha256);
    }
}

fn show_judged(judged: &Judged, withdrawn: Option<&Withdrawal>) {
    print::line(&format!(
        "        {} {}",
        judged.verdict.word_ja(),
        judged.verdict.word_en()
    ));
    if let Some(withdrawn) = withdrawn {
        print::line(&format!("        {}", withdrawn.said()));
    }
    print::line(&format!(
        "        from {} to {}",
        judged.started, judged.finished
    ));
    if let Some(rules) = &judged.rules {
        show_rules(rules);
    }
    for volume in &judged.volumes {
        print::line(&format!(
            "        volume {} {} {:?}, {} of {} bytes in use examined",
            volume.index,
            text(&volume.kind),
            volume.label.escaped().to_string(),
            volume.coverage.examined_bytes,
            volume.coverage.allocated_bytes
        ));
        for finding in &volume.findings {
            print::line(&format!(
                "          {} {}",
                words::named(finding),
                text(&finding.detail)
            ));
        }
    }
    if let Some(fault) = custody::fault(judged) {
        print::line(&format!("        {}", text(fault)));
    }
    for waiver in &judged.waivers {
        print::line(&format!("        with waiver {waiver}"));
    }
    if judged.verdict == Verdict::Pass && judged.waivers.is_empty() && withdrawn.is_none() {
        print::line("        no known threat found, every content examined");
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
