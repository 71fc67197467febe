//! `kioskctl log`: the ledger for those who audit it. Nothing here but `close` writes.

mod changes;
mod custody;

use std::path::PathBuf;

use broker::Paths;
use record::reader::{Entry, Filter};
use record::{Ledger, LedgerError};
use wire::ledger::{Event, Judged, Rules, SelfTested};
use wire::{Claim, Interface, Outcome, Reason, Row, Verdict};

use crate::CommandError;
use crate::close;
use crate::print;
use crate::report::{spelled, trail};
use crate::words;
pub(crate) use changes::person;

/// Options of `kioskctl log`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger to read [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List entries, a line each
    List {
        /// From this entry on
        #[arg(long, value_name = "N")]
        since: Option<u64>,
        /// The last N entries
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// One JSON object a line, as the ledger holds them
        #[arg(long)]
        json: bool,
    },
    /// Show one entry with its files
    Show {
        /// Number of the entry
        #[arg(value_name = "N")]
        number: u64,
        /// The entry and its rows as the ledger holds them, a line each
        #[arg(long)]
        json: bool,
    },
    /// Say what was done with a medium that was stopped; the case is closed
    Close(close::Arguments),
    /// Verify that no entry was changed, removed, added or put elsewhere
    Verify {
        /// From this entry on
        #[arg(long, value_name = "N")]
        since: Option<u64>,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let folder = arguments.ledger.clone().unwrap_or_else(|| paths.ledger());
    let ledger = Ledger::open(&folder)?;
    match &arguments.command {
        Command::List { since, limit, json } => {
            for entry in ledger.entries(Filter {
                since: *since,
                limit: *limit,
            })? {
                let entry = entry?;
                print::line(&if *json { entry.bytes } else { summary(&entry)? });
            }
            Ok(0)
        }
        Command::Show { number, json } => show(&ledger, *number, *json),
        Command::Close(close) => close::run(close, &ledger, arguments.ledger.as_ref(), paths),
        Command::Verify { since, json } => verify(&ledger, *since, *json),
    }
}

fn summary(entry: &Entry) -> Result<String, CommandError> {
    let content = entry.content()?;
    let what = match &content.event {
        Event::Started { kiosk, .. } => format!("started     kiosk {kiosk}"),
        Event::Inserted { target, medium, .. } => {
            let name = target.name.escaped();
            format!("inserted    {} {name}", medium.as_deref().unwrap_or("-"))
        }
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
        Event::Waived(waived) => format!(
            "waived      {} until {}  {}  {} and {}: {}",
            crate::waiver::said(waived),
            waived.until,
            waived.sha256,
            waived.approved_by,
            waived.second,
            waived.reason
        ),
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

fn show(ledger: &Ledger, number: u64, json: bool) -> Result<u8, CommandError> {
    let entry = ledger.entry(number)?;
    if json {
        return show_object(ledger, &entry);
    }
    print::line(&summary(&entry)?);
    print::line(&format!("        leaf {}", entry.leaf_sha256));
    let content = entry.content()?;
    match &content.event {
        Event::Judged(judged) => show_judged(judged),
        Event::Inserted {
            claim: Some(claim), ..
        } => show_claim(claim),
        Event::SelfTested(tested) => show_self_test(tested),
        Event::Inserted { claim: None, .. }
        | Event::Started { .. }
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::ClockStepped { .. }
        | Event::ListChanged(_)
        | Event::Interrupted { .. } => {}
        Event::RulesInstalled(change) | Event::RulesRolledBack(change) => {
            changes::show_change(change);
        }
        Event::RulesRefused(refused) => changes::show_refused(refused),
    }
    for row in ledger.rows(number) {
        show_row(&row?);
    }
    Ok(0)
}

/// One object: the entry exactly as the ledger holds it, its leaf, and its rows.
fn show_object(ledger: &Ledger, entry: &Entry) -> Result<u8, CommandError> {
    print::part(&format!(
        "{{\"leaf_sha256\":\"{}\",\"entry\":{}",
        entry.leaf_sha256, entry.bytes
    ));
    print::part(",\"rows\":[");
    for (place, row) in ledger.rows(entry.number).enumerate() {
        let text = record::canonical::line(&row?).map_err(|error| CommandError::System {
            doing: "write JSON",
            source: error.into(),
        })?;
        print::part(if place == 0 { "" } else { "," });
        print::part(&text);
    }
    print::part("]}\n");
    Ok(0)
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

fn text(text: &str) -> String {
    wire::name::line(text)
}

fn show_judged(judged: &Judged) {
    print::line(&format!(
        "        {} {}",
        judged.verdict.word_ja(),
        judged.verdict.word_en()
    ));
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
    if let Some(fault) = &judged.fault {
        print::line(&format!("        {}", text(fault)));
    }
    for waiver in &judged.waivers {
        print::line(&format!("        with waiver {waiver}"));
    }
    if judged.verdict == Verdict::Pass && judged.waivers.is_empty() {
        print::line("        no known threat found, every content examined");
    }
}

fn verify(ledger: &Ledger, since: Option<u64>, json: bool) -> Result<u8, CommandError> {
    match ledger.verify(since) {
        Ok(verified) => {
            let head = verified
                .head
                .map(|head| (head.number, head.leaf_sha256.to_string()));
            let (number, leaf) = head.unwrap_or((0, "-".to_owned()));
            if json {
                let object = serde_json::json!({
                    "verified": true, "entries": verified.entries, "rows": verified.rows,
                    "head": { "number": number, "leaf_sha256": leaf },
                });
                print::line(&object.to_string());
            } else {
                print::line(&format!(
                    "verified: {} entries, {} rows, head {number} {leaf}",
                    verified.entries, verified.rows
                ));
            }
            Ok(0)
        }
        Err(error @ (LedgerError::Altered { .. } | LedgerError::Schema(_))) => {
            let number = if let LedgerError::Altered { number, .. } = &error {
                Some(*number)
            } else {
                None
            };
            if json {
                let object = serde_json::json!({
                    "verified": false, "entry": number, "why": error.to_string(),
                });
                print::line(&object.to_string());
            } else {
                print::line(&format!("NOT verified: {error}"));
            }
            Ok(1)
        }
        Err(error) => Err(error.into()),
    }
}
