//! `kioskctl company end`: a contract ends, and with it visits, media and accounts.
//!
//! The contract first: kioskd refuses everything of a company whose contract has ended, so that a
//! kill after it leaves nothing that still opens the gate. The command said again does what was
//! left undone.

use broker::site;
use decide::{Account, Allowlist, Contractors, Medium, Moment, Status, Visit, When};
use jiff::Timestamp;
use wire::list_change::ListName;

use super::custody::{Custody, Whereabouts};
use super::{Desk, account, dated, now};
use crate::CommandError;
use crate::print;

/// Options of `kioskctl company end`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// When it ends, with its distance from UTC: 2026-11-30T17:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, desk: Desk<'_>) -> Result<(), CommandError> {
    let (name, paths) = (arguments.name.as_str(), desk.paths);
    let desk = Desk {
        reason: arguments.reason.clone(),
        ..desk
    };
    let at = now(paths)?;
    let contractors = site::contractors(paths)?;
    let Some(company) = contractors.company(name) else {
        let names: Vec<&str> = contractors
            .companies()
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let why = format!(
            "no company is called {name:?}; there are: {}",
            names.join(", ")
        );
        return Err(CommandError::Asked(why));
    };
    account::one_is_left(&site::accounts(paths)?, |one| !is_of(one, name))?;
    let end = end(&company.contract_until, arguments.at, &at);
    if let Some(entry) = end_contract(&desk, name, &contractors, end, &at)? {
        print::line(&format!(
            "contract of {name} ends {end}, and its visits: entry {entry}"
        ));
    } else {
        print::line(&format!(
            "contract of {name} ended {}",
            company.contract_until
        ));
    }
    if end.has_ended(&at) {
        end_media(&desk, name)?;
        end_accounts(&desk, name)?;
    } else {
        print::line(
            "its media and accounts stop at that moment; say this again after it, to have them \
             marked in their lists",
        );
    }
    let ledger = desk
        .ledger
        .map_or_else(|| paths.ledger(), std::path::Path::to_owned);
    hand_back(desk.paths, name, &Custody::read(&ledger)?, end, &at)
}

fn is_of(account: &Account, company: &str) -> bool {
    account.company.as_deref() == Some(company)
}

/// When it ends: as it was said, and now without a word. An end that comes earlier stays:
/// ending a contract never makes it longer.
fn end(contract: &When, said: Option<Timestamp>, at: &Moment) -> When {
    let said = said.unwrap_or(at.now);
    let earlier = contract.end(&at.zone).is_some_and(|end| end <= said);
    if earlier {
        *contract
    } else {
        When::Exact(said)
    }
}

/// The visits that last longer than that.
fn open<'c>(
    contractors: &'c Contractors,
    company: &str,
    end: Timestamp,
    at: &Moment,
) -> Vec<&'c Visit> {
    let is_over = |when: &When| when.end(&at.zone).is_some_and(|over| over <= end);
    let is_open =
        |visit: &&Visit| !is_over(&visit.valid_until) && !visit.ended.as_ref().is_some_and(is_over);
    let visits = contractors.visits().iter();
    visits
        .filter(|visit| visit.company == company)
        .filter(is_open)
        .collect()
}

/// `None` when it had ended with all its visits.
fn end_contract(
    desk: &Desk<'_>,
    company: &str,
    contractors: &Contractors,
    end: When,
    at: &Moment,
) -> Result<Option<u64>, CommandError> {
    // A time that the calendar does not have is over.
    let moment = end.end(&at.zone).unwrap_or(at.now);
    let visits = open(contractors, company, moment, at);
    let until = contractors.company(company).map(|one| one.contract_until);
    if visits.is_empty() && until == Some(end) {
        return Ok(None);
    }
    let ended = dated(When::Exact(moment))?;
    let until = dated(end)?;
    let ((), entry) = desk.edit(ListName::Contractors, |document| {
        document.set("company", "name", company, "contract_until", until)?;
        for visit in visits {
            document.set("visit", "id", &visit.id, "ended", ended.clone())?;
        }
        Ok(())
    })?;
    Ok(Some(entry))
}

fn end_media(desk: &Desk<'_>, company: &str) -> Result<(), CommandError> {
    let list = site::allowlist(desk.paths)?;
    let active: Vec<&Medium> = media_of(list.as_ref(), company)
        .filter(|medium| medium.status == Status::Active)
        .collect();
    if active.is_empty() {
        return Ok(());
    }
    let ((), entry) = desk.edit(ListName::Media, |document| {
        for medium in &active {
            document.set("medium", "id", &medium.id, "status", "revoked".into())?;
        }
        Ok(())
    })?;
    print::line(&format!("{} media revoked: entry {entry}", active.len()));
    Ok(())
}

fn media_of<'l>(list: Option<&'l Allowlist>, company: &str) -> impl Iterator<Item = &'l Medium> {
    let media = list.map(Allowlist::media).unwrap_or_default().iter();
    media.filter(move |medium| medium.company == company)
}

fn end_accounts(desk: &Desk<'_>, company: &str) -> Result<(), CommandError> {
    let accounts = site::accounts(desk.paths)?;
    let active: Vec<&Account> = accounts
        .all()
        .iter()
        .filter(|one| one.is_active && is_of(one, company))
        .collect();
    if active.is_empty() {
        return Ok(());
    }
    let ((), entry) = desk.edit(ListName::Accounts, |document| {
        for one in &active {
            document.set("account", "name", &one.name, "status", "ended".into())?;
        }
        Ok(())
    })?;
    print::line(&format!("{} accounts ended: entry {entry}", active.len()));
    Ok(())
}

/// Says what must be handed back: media with where they are, and badges.
fn hand_back(
    paths: &broker::Paths,
    company: &str,
    custody: &Custody,
    end: When,
    at: &Moment,
) -> Result<(), CommandError> {
    let list = site::allowlist(paths)?;
    let contractors = site::contractors(paths)?;
    let media: Vec<String> = media_of(list.as_ref(), company)
        .map(|medium| {
            let place = match custody.of(&medium.id) {
                None => "not seen outside its place".to_owned(),
                Some(Whereabouts::Lent(lent)) => {
                    format!("LENT to {} until {}", lent.to, lent.until)
                }
                Some(Whereabouts::Inside(entry)) => format!("INSIDE since entry {entry}"),
            };
            let lost = match medium.status {
                Status::Lost => "  (lost)",
                Status::Active | Status::Revoked => "",
            };
            format!(
                "medium {}  {}  {place}{lost}",
                medium.id, medium.storage_place
            )
        })
        .collect();
    // What was lent to it is the plant's, and is to come back too.
    let lent = list.iter().flat_map(Allowlist::media).filter_map(|medium| {
        let Some(Whereabouts::Lent(lent)) = custody.of(&medium.id) else {
            return None;
        };
        let is_theirs = lent.company.as_deref() == Some(company) && medium.company != company;
        is_theirs.then(|| {
            let (id, place) = (&medium.id, &medium.storage_place);
            format!(
                "medium {id}  {place}  LENT to {} until {}",
                lent.to, lent.until
            )
        })
    });
    let end = end.end(&at.zone).unwrap_or(at.now);
    let visits = contractors.visits().iter();
    let visits = visits.filter(|visit| visit.company == company);
    // Of visits that were over before, the badge came back with the visit.
    let held = visits.filter(|visit| {
        visit
            .valid_until
            .end(&at.zone)
            .is_none_or(|until| end <= until)
    });
    let badges = held.filter_map(|visit| {
        let badge = visit.badge.as_deref()?;
        Some(format!(
            "badge {badge}  visit {}  {}",
            visit.id, visit.person
        ))
    });
    let all: Vec<String> = media.into_iter().chain(lent).chain(badges).collect();
    if all.is_empty() {
        print::line("nothing is to be handed back");
        return Ok(());
    }
    print::line("to be handed back:");
    all.iter()
        .for_each(|line| print::line(&format!("  {line}")));
    Ok(())
}

#[cfg(test)]
#[path = "ending_tests.rs"]
mod tests;
