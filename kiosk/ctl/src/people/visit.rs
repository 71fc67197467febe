//! `kioskctl visit`: a person of a company comes on one occasion, with a code for the kiosk.

use std::path::PathBuf;

use std::fs::File;
use std::io::Read as _;

use broker::{Paths, pin, site};
use decide::contractors::CODE_DIGITS;
use decide::{Accounts, Contractors, Moment, Visit, When};
use jiff::civil::Date;
use serde_json::json;
use wire::list_change::ListName;

use super::{Desk, Fields, Form, dated, now, table, when};
use crate::CommandError;
use crate::print;

/// Options of `kioskctl visit`.
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
    /// Add a visit and show its code, once
    Add(Box<Add>),
    /// List visits, without their codes
    List {
        /// Only those of this company
        #[arg(long, value_name = "NAME")]
        company: Option<String>,
        /// Only those that may still be used
        #[arg(long)]
        open: bool,
        /// Only those that fall on this day
        #[arg(long, value_name = "DATE")]
        date: Option<Date>,
        #[command(flatten)]
        form: Form,
    },
    /// End a visit before its time
    End {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(clap::Args)]
struct Add {
    /// Who comes
    #[arg(long, value_name = "TEXT")]
    person: String,
    /// For which company
    #[arg(long, value_name = "NAME")]
    company: String,
    /// The order for the work
    #[arg(long, value_name = "TEXT")]
    work_order: Option<String>,
    /// What for
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Where in the plant
    #[arg(long, value_name = "TEXT")]
    destination: Option<String>,
    /// The registered media that may be used [default: all of the company's]
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    media: Vec<String>,
    /// First day, or the moment from which on [default: today]
    #[arg(long, value_name = "DATE|TIME", value_parser = when)]
    from: Option<When>,
    /// Last day, or the moment at which it ends [default: the first day]
    #[arg(long, value_name = "DATE|TIME", value_parser = when)]
    until: Option<When>,
    /// What a badge reader types for the person
    #[arg(long, value_name = "B")]
    badge: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = arguments.ledger.as_ref();
    match &arguments.command {
        Command::Add(add) => self::add(&Desk::of(paths, ledger)?, add)?,
        Command::List {
            company,
            open,
            date,
            form,
        } => {
            let contractors = site::contractors(paths)?;
            let at = now(paths)?;
            let is_asked = |visit: &&Visit| {
                company.as_ref().is_none_or(|name| *name == visit.company)
                    && (!open || is_open(visit, &contractors, &at))
                    && date.is_none_or(|day| falls_on(visit, day, &at))
            };
            let visits = contractors.visits().iter().filter(is_asked);
            let rows: Vec<_> = visits.map(|visit| row(visit, &contractors, &at)).collect();
            table(*form, &COLUMNS, &rows);
        }
        Command::End { id } => end(&Desk::of(paths, ledger)?, id)?,
    }
    Ok(0)
}

fn add(desk: &Desk<'_>, add: &Add) -> Result<(), CommandError> {
    let at = now(desk.paths)?;
    let from = add.from.unwrap_or_else(|| When::Day(at.today()));
    let until = match (add.until, from) {
        (Some(until), _) => until,
        (None, When::Day(day)) => When::Day(day),
        (None, When::Local(_) | When::Exact(_)) => {
            let why = "say with --until when the visit ends";
            return Err(CommandError::Asked(why.to_owned()));
        }
    };
    fits(&site::contractors(desk.paths)?, add, from, until, &at)?;
    are_registered(desk.paths, &add.media)?;
    let accounts = site::accounts(desk.paths)?;
    let (from, until) = (dated(from)?, dated(until)?);
    let ((id, code), entry) = desk.edit(ListName::Contractors, |document| {
        // By the text under the lock: another command may have added one in between.
        let contractors = decide::contractors::parse(&document.text())
            .map_err(|error| CommandError::Asked(error.in_file("contractors.toml")))?;
        let id = free_id(&contractors);
        let code = free_code(&contractors, &accounts)?;
        let mut fields = Fields::default();
        fields.say("id", id.as_str());
        fields.say("person", add.person.as_str());
        fields.say("company", add.company.as_str());
        fields.may_say("work_order", add.work_order.as_ref());
        fields.may_say("purpose", add.purpose.as_ref());
        fields.may_say("destination", add.destination.as_ref());
        if !add.media.is_empty() {
            let media: toml_edit::Array = add.media.iter().map(String::as_str).collect();
            fields.say("media", media);
        }
        fields.say("valid_from", from);
        fields.say("valid_until", until);
        fields.say("code", code.as_str());
        fields.may_say("badge", add.badge.as_ref());
        document.append("visit", &fields.0);
        Ok((id, code))
    })?;
    let (person, company) = (&add.person, &add.company);
    print::line(&format!("visit {id}: {person} of {company}: entry {entry}"));
    print::line("");
    print::line(&format!("    code  {code}"));
    print::line("");
    print::line("Give it to the person now: kioskctl does not show it again.");
    Ok(())
}

/// Whether the contract lasts as long as the visit.
fn fits(
    contractors: &Contractors,
    add: &Add,
    from: When,
    until: When,
    at: &Moment,
) -> Result<(), CommandError> {
    let refuse = |why: String| Err(CommandError::Asked(why));
    let name = &add.company;
    let Some(company) = contractors.company(name) else {
        return refuse(format!(
            "no company is called {name:?}; add it: kioskctl company add NAME --until DATE"
        ));
    };
    let contract = company.contract_until;
    let (Some(over), Some(last)) = (until.end(&at.zone), contract.end(&at.zone)) else {
        return refuse(format!("the calendar does not have {until} or {contract}"));
    };
    if contract.has_ended(at) {
        return refuse(format!("the contract of {name} ended {contract}"));
    }
    if last < over {
        return refuse(format!(
            "the contract of {name} ends {contract}, before this visit: give --until {contract} \
             or less"
        ));
    }
    if until.has_ended(at) {
        return refuse(format!("the visit would have ended {until}"));
    }
    // At its very end it is over: it must have begun before.
    let last = over.saturating_sub(jiff::SignedDuration::from_nanos(1));
    let begins = Moment {
        now: last.unwrap_or(over),
        zone: at.zone.clone(),
    };
    if !from.has_begun(&begins) {
        return refuse(format!(
            "the visit would end {until}, before it begins {from}"
        ));
    }
    Ok(())
}

fn are_registered(paths: &Paths, media: &[String]) -> Result<(), CommandError> {
    let list = site::allowlist(paths)?;
    let unknown = media
        .iter()
        .find(|id| list.as_ref().is_none_or(|list| list.find(id).is_none()));
    match unknown {
        None => Ok(()),
        Some(id) => Err(CommandError::Asked(format!(
            "no medium is registered as {id:?}: see kioskctl media list"
        ))),
    }
}

/// One more than the highest number so far.
fn free_id(contractors: &Contractors) -> String {
    let numbers = contractors.visits().iter().filter_map(|visit| {
        let number = visit.id.strip_prefix("V-")?;
        number.parse::<u64>().ok()
    });
    let next = numbers.max().unwrap_or(0).saturating_add(1);
    format!("V-{next:04}")
}

/// A code that no visit has or had, that is nobody's number, and that nobody would try first.
fn free_code(contractors: &Contractors, accounts: &Accounts) -> Result<String, CommandError> {
    let mut random =
        File::open("/dev/urandom").map_err(CommandError::system("get random bytes"))?;
    loop {
        let mut bytes = [0; 4];
        let read = random.read_exact(&mut bytes);
        read.map_err(CommandError::system("get random bytes"))?;
        let number = u32::from_le_bytes(bytes);
        // Numbers beyond the last whole million would make some codes more likely than others.
        if MILLIONS <= number {
            continue;
        }
        let code = format!("{:0CODE_DIGITS$}", number.checked_rem(CODES).unwrap_or(0));
        let has = |visit: &Visit| visit.code.as_ref() == Some(&code);
        let is_taken = contractors.visits().iter().any(has);
        if !is_taken && accounts.numbered(&code).is_none() && pin::check(&code).is_ok() {
            return Ok(code);
        }
    }
}

/// How many codes there are.
const CODES: u32 = 1_000_000;

/// The largest multiple of [`CODES`] that a random number is below.
const MILLIONS: u32 = 4_294_000_000;

const COLUMNS: [&str; 10] = [
    "id",
    "state",
    "person",
    "company",
    "valid_from",
    "valid_until",
    "media",
    "work_order",
    "purpose",
    "destination",
];

fn row(visit: &Visit, contractors: &Contractors, at: &Moment) -> serde_json::Value {
    json!({
        "id": visit.id,
        "state": state(visit, contractors, at),
        "person": visit.person,
        "company": visit.company,
        "work_order": visit.work_order,
        "purpose": visit.purpose,
        "destination": visit.destination,
        "media": visit.media,
        "valid_from": visit.valid_from.to_string(),
        "valid_until": visit.valid_until.to_string(),
        "ended": visit.ended.map(|ended| ended.to_string()),
        "has_badge": visit.badge.is_some(),
    })
}

fn is_open(visit: &Visit, contractors: &Contractors, at: &Moment) -> bool {
    !visit.has_ended(at) && !contractors.contract_has_ended(&visit.company, at)
}

fn state(visit: &Visit, contractors: &Contractors, at: &Moment) -> &'static str {
    if visit.ended.is_some_and(|ended| ended.has_ended(at)) {
        "ended"
    } else if !is_open(visit, contractors, at) {
        "over"
    } else if visit.valid_from.has_begun(at) {
        "open"
    } else {
        "to come"
    }
}

/// Whether some moment of that day is within the visit.
fn falls_on(visit: &Visit, day: Date, at: &Moment) -> bool {
    let moment = |day: Date| {
        day.to_zoned(at.zone.clone())
            .ok()
            .map(|day| day.timestamp())
    };
    let begins = moment(day);
    let ends = day.tomorrow().ok().and_then(moment);
    let (Some(begins), Some(ends)) = (begins, ends) else {
        return false;
    };
    let last = ends.saturating_sub(jiff::SignedDuration::from_nanos(1));
    let at = |now| Moment {
        now,
        zone: at.zone.clone(),
    };
    let last = last.unwrap_or(begins);
    visit.valid_from.has_begun(&at(last)) && !visit.has_ended(&at(begins))
}

fn end(desk: &Desk<'_>, id: &str) -> Result<(), CommandError> {
    let at = now(desk.paths)?;
    let contractors = site::contractors(desk.paths)?;
    if contractors
        .visit(id)
        .is_some_and(|visit| visit.has_ended(&at))
    {
        let why = format!("visit {id} has ended already");
        return Err(CommandError::Asked(why));
    }
    let ended = dated(When::Exact(at.now))?;
    let ((), entry) = desk.edit(ListName::Contractors, |document| {
        document.set("visit", "id", id, "ended", ended)
    })?;
    print::line(&format!("visit {id} ended: entry {entry}"));
    if let Some(badge) = contractors
        .visit(id)
        .and_then(|visit| visit.badge.as_deref())
    {
        print::line(&format!("its badge is to be handed back: {badge}"));
    }
    Ok(())
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
