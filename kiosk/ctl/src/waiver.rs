//! `kioskctl waiver`: what two people answer for. The ledger holds it; nothing else does.

use std::path::PathBuf;

use broker::Paths;
use broker::site::Site;
use jiff::Timestamp;
use jiff::civil::Date;
use record::Ledger;
use record::standing::Kept;
use wire::ledger::Event;
use wire::waiver::Waived;
use wire::{Digest, Source};

use crate::CommandError;
use crate::ledger;
use crate::print;
use crate::report::spelled;
use crate::who::{self, Second, Staff};

/// Options of `kioskctl waiver`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The ledger [default: the kiosk's own]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Let one content pass one rule until one day
    Add(Add),
    /// List waivers, ended and expired ones too
    List {
        /// One JSON object a line
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// Comma-separated values with a head line
        #[arg(long)]
        csv: bool,
    },
    /// End a waiver before its day
    End {
        /// Number of its entry
        #[arg(value_name = "N")]
        number: u64,
        /// Who ends it [default: the user who runs this]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(clap::Args)]
struct Add {
    /// SHA-256 of the content, as the report of its scan says it
    #[arg(long, value_name = "H", value_parser = digest)]
    sha256: Digest,
    /// Who says it, as the report does; yara when it says nothing
    #[arg(long, value_enum, value_name = "SOURCE", default_value = "yara")]
    source: Speaker,
    /// Name of the rule
    #[arg(long, value_name = "R")]
    rule: String,
    /// The file of rules, where the report says "of NAME", or the list with what it calls the
    /// content: all between "list" and the last bracket
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// Why it may pass
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who answers for it [default: the account of the user who runs this]
    #[arg(long, value_name = "A")]
    approved_by: Option<String>,
    #[command(flatten)]
    second: Second,
    /// Last day on which it holds, at most 90 days ahead: 2026-12-31
    #[arg(long, value_name = "DATE")]
    until: Date,
    /// The only registered medium it holds for [default: every medium]
    #[arg(long, value_name = "ID")]
    medium: Option<String>,
}

/// Whose findings can be waived.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Speaker {
    /// A rule of YARA
    Yara,
    /// A list of hashes
    List,
    /// clamd
    Clamav,
    /// The form of the content itself
    Structure,
}

impl From<Speaker> for Source {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Yara => Self::Yara,
            Speaker::List => Self::List,
            Speaker::Clamav => Self::Clamav,
            Speaker::Structure => Self::Structure,
        }
    }
}

/// What a waiver is for, in one line: `yara a_rule of a.yar`.
pub(crate) fn said(waived: &Waived) -> String {
    let of = waived.of.as_deref().map(|of| format!(" of {of}"));
    let (source, rule) = (spelled(&waived.source), &waived.rule);
    format!("{source} {rule}{}", of.unwrap_or_default())
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::try_from(text.to_ascii_lowercase()).map_err(str::to_owned)
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Add(add) => {
            let event = Event::Waived(Box::new(waived(
                add,
                &Site::read(paths)?,
                two(add, paths)?,
            )?));
            let entry = ledger::write(arguments.ledger.as_deref(), paths, event)?;
            print::line(&format!("waiver {entry}: {} until {}", add.rule, add.until));
        }
        Command::List { json, csv } => {
            let folder = ledger::folder(arguments.ledger.as_deref(), paths);
            list(&Ledger::open(&folder)?, *json, *csv)?;
        }
        Command::End { number, by } => {
            let event = Event::WaiverEnded {
                waiver: *number,
                by: who::signer(paths, by.as_deref())?,
            };
            let entry = ledger::write(arguments.ledger.as_deref(), paths, event)?;
            print::line(&format!("waiver {number} ended: entry {entry}"));
        }
    }
    Ok(0)
}

/// The two people who answer for it. With accounts the first is an administrator, who runs this,
/// and the second confirms it.
fn two(add: &Add, paths: &Paths) -> Result<[String; 2], CommandError> {
    let by = who::administrator(paths)?;
    let staff = Staff::read(paths)?;
    let first = match &add.approved_by {
        None if staff.is_empty() => {
            let why = "say with --approved-by who answers for it";
            return Err(CommandError::Asked(why.to_owned()));
        }
        said => who::signer(paths, said.as_deref())?,
    };
    let Some(second) = who::second(paths, &by, &add.second)? else {
        let why = "a waiver needs two people: say with --second who else answers for it";
        return Err(CommandError::Asked(why.to_owned()));
    };
    Ok([first, second])
}

/// The waiver with the moment at which its last day ends, by the site's calendar.
fn waived(add: &Add, site: &Site, [first, second]: [String; 2]) -> Result<Waived, CommandError> {
    let ends = site.end_of(add.until)?;
    Ok(Waived {
        sha256: add.sha256,
        source: add.source.into(),
        rule: add.rule.clone(),
        of: add.of.clone(),
        reason: add.reason.clone(),
        approved_by: first,
        second,
        until: add.until.to_string(),
        ends: ends.to_string(),
        medium: add.medium.clone(),
    })
}

fn list(ledger: &Ledger, json: bool, csv: bool) -> Result<(), CommandError> {
    let register = ledger::register(ledger)?;
    let now = Timestamp::now();
    if csv {
        print::head(
            "entry,state,sha256,source,rule,of,until,medium,approved_by,second,reason,ended_by",
        );
    }
    if register.waivers().next().is_none() {
        print::note("kioskctl: nothing found: there is no waiver");
    }
    for (entry, kept) in register.waivers() {
        if json {
            print::line(&object(entry, kept, now));
        } else if csv {
            print::values(&cells(entry, kept, now));
        } else {
            print::line(&text(entry, kept, now));
        }
    }
    Ok(())
}

fn state(kept: &Kept, now: Timestamp) -> &'static str {
    match &kept.ended {
        Some(_) => "ended",
        None if kept.holds(now) => "in force",
        None => "expired",
    }
}

fn object(entry: u64, kept: &Kept, now: Timestamp) -> String {
    let ended = kept.ended.as_ref();
    serde_json::json!({
        "entry": entry,
        "state": state(kept, now),
        "waiver": kept.waived,
        "ended_entry": ended.map(|(entry, _)| entry),
        "ended_by": ended.map(|(_, by)| by),
    })
    .to_string()
}

fn cells(entry: u64, kept: &Kept, now: Timestamp) -> String {
    let waived = &kept.waived;
    let ended = kept.ended.as_ref().map(|(_, by)| by.as_str());
    let cells = [
        &entry.to_string(),
        state(kept, now),
        &waived.sha256.to_string(),
        &spelled(&waived.source),
        &waived.rule,
        waived.of.as_deref().unwrap_or_default(),
        &waived.until,
        waived.medium.as_deref().unwrap_or_default(),
        &waived.approved_by,
        &waived.second,
        &waived.reason,
        ended.unwrap_or_default(),
    ];
    print::record(cells)
}

fn text(entry: u64, kept: &Kept, now: Timestamp) -> String {
    let waived = &kept.waived;
    let medium = waived.medium.as_deref().unwrap_or("every medium");
    format!(
        "{entry:>6}  {:<8}  until {}  {}  {}  {medium}  {} and {}: {}",
        state(kept, now),
        waived.until,
        waived.sha256,
        said(waived),
        waived.approved_by,
        waived.second,
        waived.reason
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_ends_by_the_calendar_of_the_site() {
        let add = Add {
            sha256: digest(&"AB".repeat(32)).unwrap(),
            source: Speaker::Yara,
            rule: "r".to_owned(),
            of: None,
            reason: "x".to_owned(),
            approved_by: None,
            second: Second::default(),
            until: "2026-12-31".parse().unwrap(),
            medium: None,
        };
        let site = Site {
            policy: decide::Policy::builtin(),
            zone: jiff::tz::TimeZone::fixed(jiff::tz::offset(9)),
            policy_sha256: None,
        };
        let waived = waived(&add, &site, ["A", "B"].map(str::to_owned)).unwrap();
        assert_eq!(
            (waived.until.as_str(), waived.ends.as_str()),
            ("2026-12-31", "2026-12-31T15:00:00Z")
        );
        assert!(digest("12").is_err());
        assert_eq!(said(&waived), "yara r");
        let of = Some("site: tool".to_owned());
        let listed = Waived {
            source: Speaker::List.into(),
            of,
            ..waived
        };
        assert_eq!(said(&listed), "list r of site: tool");
    }
}
