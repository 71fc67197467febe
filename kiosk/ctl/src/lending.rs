//! `kioskctl media checkout`, `return` and `overdue`: who has which medium, and until when. The
//! ledger holds it; the list of media is not changed by it.

use std::path::Path;

use broker::Paths;
use broker::site::{self, Site};
use decide::{Medium, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use record::Ledger;
use record::standing::Register;
use wire::custody::{Lent, Returned};
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;
use crate::log::person;
use crate::print;
use crate::who;

/// Options of `kioskctl media checkout`.
#[derive(clap::Args)]
pub(crate) struct Checkout {
    /// Id of the medium
    #[arg(value_name = "ID")]
    id: String,
    /// To whom
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Of which company [default: one of the plant's own people]
    #[arg(long, value_name = "COMPANY")]
    company: Option<String>,
    /// Last day on which it may be out: 2026-12-31
    #[arg(long, value_name = "DATE")]
    until: Date,
}

/// Options of `kioskctl media return`.
#[derive(clap::Args)]
pub(crate) struct Return {
    /// Id of the medium
    #[arg(value_name = "ID")]
    id: String,
    /// Where it was put [default: where the list says that it is kept]
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
}

/// Options of `kioskctl media overdue`.
#[derive(clap::Args)]
pub(crate) struct Overdue {
    /// Every medium that is lent, the others too
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

/// A medium that is lent.
struct Out {
    entry: u64,
    lent: Lent,
    since: Date,
    /// Days since its last day, by the site's calendar; 0 while it is not overdue.
    days_overdue: u32,
}

/// Hands a medium out.
pub(crate) fn checkout(
    checkout: &Checkout,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let site = Site::read(paths)?;
    let id = &checkout.id;
    let list = site::allowlist(paths)?;
    let medium = list.as_ref().and_then(|list| list.find(id));
    let open = ledger::begun(&ledger::folder(ledger, paths))?;
    let lent = lent(open.as_ref(), &site)?;
    if let Some(out) = lent.iter().find(|out| out.lent.medium == *id) {
        let next = format!("take it back first: kioskctl media return {id}");
        return Err(CommandError::Asked(format!("{}; {next}", text(out))));
    }
    let now = Timestamp::now();
    may_be_lent(id, medium, site.today(now)).map_err(CommandError::Asked)?;
    let ends = site.end_of(checkout.until)?;
    let event = Event::Lent(Box::new(Lent {
        medium: id.clone(),
        to: checkout.to.clone(),
        company: checkout.company.clone(),
        until: checkout.until.to_string(),
        ends: ends.to_string(),
        by,
    }));
    let entry = ledger::write(ledger, paths, event)?;
    let (to, until) = (&checkout.to, checkout.until);
    print::line(&format!(
        "{id} is lent to {to} until {until}: entry {entry}"
    ));
    if let Some(medium) = medium.filter(|medium| medium.valid_until < until) {
        let last = medium.valid_until;
        print::note(&format!(
            "the list lets {id} be used until {last} only, which is before that"
        ));
    }
    Ok(0)
}

/// Why a medium cannot be handed out.
fn may_be_lent(id: &str, medium: Option<&Medium>, today: Date) -> Result<(), String> {
    let Some(medium) = medium else {
        return Err(format!(
            "{id} is not in the list of media: register it first"
        ));
    };
    match medium.status {
        Status::Lost => Err(format!("{id} was reported lost, and cannot be lent")),
        Status::Revoked => Err(format!("{id} was withdrawn (revoked), and cannot be lent")),
        Status::Active if medium.valid_until < today => {
            let until = medium.valid_until;
            Err(format!(
                "{id} could be used until {until}: no gate takes it"
            ))
        }
        Status::Active => Ok(()),
    }
}

/// Takes a medium back.
pub(crate) fn take_back(
    back: &Return,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let by = who::administrator(paths)?;
    let list = site::allowlist(paths)?;
    let medium = list.as_ref().and_then(|list| list.find(&back.id));
    let kept = || medium.map(|medium| medium.storage_place.clone());
    let place = back.place.clone().or_else(kept);
    let event = Event::Returned(Box::new(Returned {
        medium: back.id.clone(),
        insertion: None,
        place: place.clone(),
        by: Some(by),
    }));
    let entry = ledger::write(ledger, paths, event)?;
    let place = place.map(|place| format!(", put it to {place}"));
    print::line(&format!(
        "{} is back{}: entry {entry}",
        back.id,
        place.unwrap_or_default()
    ));
    Ok(0)
}

/// Lists what is overdue.
pub(crate) fn overdue(
    overdue: &Overdue,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let site = Site::read(paths)?;
    let lent = lent(
        ledger::begun(&ledger::folder(ledger, paths))?.as_ref(),
        &site,
    )?;
    if overdue.csv {
        print::head("medium,to,company,since,until,days_overdue,by,entry");
    }
    for out in lent
        .iter()
        .filter(|out| overdue.all || 0 < out.days_overdue)
    {
        if overdue.json {
            print::line(&object(out));
        } else if overdue.csv {
            print::values(&cells(out));
        } else {
            print::line(&text(out));
        }
    }
    Ok(0)
}

/// Every medium that is lent, by its id.
fn lent(ledger: Option<&Ledger>, site: &Site) -> Result<Vec<Out>, CommandError> {
    let Some(ledger) = ledger else {
        return Ok(Vec::new());
    };
    let register = ledger::register(ledger)?;
    let at = register.latest_or(Timestamp::now());
    out(ledger, &register, site, at)
}

fn out(
    ledger: &Ledger,
    register: &Register,
    site: &Site,
    at: Timestamp,
) -> Result<Vec<Out>, CommandError> {
    let mut all = Vec::new();
    for (_, loan) in register.lent() {
        let content = ledger.entry(loan.entry)?.content()?;
        let Event::Lent(lent) = content.event else {
            continue;
        };
        let since = content.recorded_utc.parse::<Timestamp>();
        let days = days_after(&lent.until, site.today(at)).max(1);
        all.push(Out {
            entry: loan.entry,
            days_overdue: if loan.is_overdue(at) { days } else { 0 },
            lent: *lent,
            since: since.map_or(Date::MIN, |since| site.today(since)),
        });
    }
    Ok(all)
}

/// How many days a day is after another one that a loan names.
fn days_after(until: &str, today: Date) -> u32 {
    let until = until.parse::<Date>().ok();
    let days = until.and_then(|until| until.until(today).ok());
    let days = days.map_or(0, |span| span.get_days());
    u32::try_from(days).unwrap_or(0)
}

fn text(out: &Out) -> String {
    let Lent {
        medium, to, until, ..
    } = &out.lent;
    let company = out.lent.company.as_ref();
    let company = company.map(|company| format!(" of {company}"));
    let late = match out.days_overdue {
        0 => String::new(),
        1 => ", 1 day overdue".to_owned(),
        days => format!(", {days} days overdue"),
    };
    format!(
        "{medium} is lent to {to}{} since {} until {until}{late}",
        company.unwrap_or_default(),
        out.since
    )
}

fn object(out: &Out) -> String {
    serde_json::json!({
        "medium": out.lent.medium,
        "to": out.lent.to,
        "company": out.lent.company,
        "since": out.since.to_string(),
        "until": out.lent.until,
        "overdue": 0 < out.days_overdue,
        "days_overdue": out.days_overdue,
        "by": out.lent.by,
        "entry": out.entry,
    })
    .to_string()
}

fn cells(out: &Out) -> String {
    let cells = [
        &out.lent.medium,
        &out.lent.to,
        out.lent.company.as_deref().unwrap_or_default(),
        &out.since.to_string(),
        &out.lent.until,
        &out.days_overdue.to_string(),
        &person(&out.lent.by),
        &out.entry.to_string(),
    ];
    print::record(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_so_many_days_after_another_and_never_fewer_than_none() {
        let today = "2027-01-02".parse().unwrap();
        assert_eq!(days_after("2026-12-31", today), 2);
        assert_eq!(days_after("2027-01-02", today), 0);
        assert_eq!(days_after("2027-01-03", today), 0);
        assert_eq!(days_after("2025-01-02", today), 730);
        assert_eq!(days_after("soon", today), 0);
    }

    #[test]
    fn what_is_withdrawn_lost_expired_or_unknown_is_not_lent() {
        let list = include_str!("../../../allowlist.toml");
        let list = decide::allowlist::parse(list).unwrap();
        let medium = list.find("M-0001").unwrap();
        let today = medium.valid_from;
        let why = |medium: Option<&Medium>, today| may_be_lent("M-0001", medium, today);
        assert_eq!(why(Some(medium), today), Ok(()));
        let with = |status| Medium {
            status,
            ..medium.clone()
        };
        for (medium, word) in [
            (Some(&with(Status::Lost)), "lost"),
            (Some(&with(Status::Revoked)), "revoked"),
            (None, "not in the list"),
        ] {
            assert!(why(medium, today).unwrap_err().contains(word), "{word}");
        }
        let after = medium.valid_until.tomorrow().unwrap();
        assert!(why(Some(medium), after).unwrap_err().contains("no gate"));
    }
}
