//! `kioskctl media list`: which media are registered, and which may be used today.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use broker::Paths;
use broker::site::Site;
use decide::allowlist::{Medium, Status};
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use wire::custody::Lent;
use wire::ledger::Event;

use super::cells::{Cells, KEYS};
use super::import;
use crate::CommandError;
use crate::ledger;
use crate::print;

/// Options of `kioskctl media list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Only those of this company
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    status: Option<State>,
    /// Only those that may be used today and whose last day is within so many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(..=3650))]
    expires_within: Option<u16>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

/// What a medium is today.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    /// It may be used
    Active,
    /// It was withdrawn
    Revoked,
    /// It was reported lost
    Lost,
    /// Its last day is past
    Expired,
    /// Its first day is to come
    NotYetValid,
    /// It was handed out, and is not back in time
    Overdue,
}

impl State {
    fn said(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Lost => "lost",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::Overdue => "overdue",
        }
    }

    /// By the entry alone; whether it is overdue is another question.
    fn of(medium: &Medium, today: Date) -> Self {
        match medium.status {
            Status::Revoked => Self::Revoked,
            Status::Lost => Self::Lost,
            Status::Active if today < medium.valid_from => Self::NotYetValid,
            Status::Active if medium.valid_until < today => Self::Expired,
            Status::Active => Self::Active,
        }
    }
}

/// Runs the command.
pub(super) fn run(list: &List, ledger: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let now = Timestamp::now();
    let today = Site::read(paths)?.today(now);
    let loans = Loans::read(ledger, paths)?;
    let last = match list.expires_within {
        None => None,
        Some(days) => {
            let last = today.checked_add(Span::new().days(i64::from(days)));
            Some(last.map_err(|_| CommandError::Asked("no such day".to_owned()))?)
        }
    };
    let allowlist = broker::site::allowlist(paths)?;
    let media = allowlist.iter().flat_map(|list| list.media());
    let media: Vec<&Medium> = media
        .filter(|medium| {
            let state = State::of(medium, today);
            let is_company = list
                .company
                .as_ref()
                .is_none_or(|name| *name == medium.company);
            let is_state = list.status.is_none_or(|wanted| match wanted {
                State::Overdue => loans.overdue.contains(&medium.id),
                State::Active
                | State::Revoked
                | State::Lost
                | State::Expired
                | State::NotYetValid => wanted == state,
            });
            let expires =
                last.is_none_or(|last| state == State::Active && medium.valid_until <= last);
            is_company && is_state && expires
        })
        .collect();
    if media.is_empty() {
        print::note("kioskctl: nothing found: the list has no such medium");
    }
    if list.csv {
        print::part(print::MARK);
        print::part(&import::table(media.into_iter())?);
    } else if list.json {
        for medium in media {
            let state = State::of(medium, today).said();
            print::line(&object(medium, state, loans.of(&medium.id)).to_string());
        }
    } else {
        let rows = media.iter().map(|medium| {
            let state = if loans.overdue.contains(&medium.id) {
                State::Overdue
            } else {
                State::of(medium, today)
            };
            row(medium, state)
        });
        let head = [
            "id", "state", "until", "company", "owner", "kept at", "medium",
        ];
        print::table(&head, &rows.collect::<Vec<_>>());
    }
    Ok(0)
}

/// An entry as JSON: the keys of the list, and what it is today.
pub(super) fn object(medium: &Medium, state: &str, lent: Option<&Lent>) -> serde_json::Value {
    let cells = Cells::of(medium);
    let mut object = serde_json::Map::new();
    for key in KEYS {
        let text = cells.get(key);
        let value = match key {
            "interfaces" => text.split_whitespace().collect(),
            "capacity_bytes" => medium.capacity_bytes.into(),
            "installs_rules" => medium.installs_rules.into(),
            _ if text.is_empty() => serde_json::Value::Null,
            _ => text.into(),
        };
        object.insert(key.to_owned(), value);
    }
    object.insert("state".to_owned(), state.into());
    object.insert("lent".to_owned(), serde_json::json!(lent));
    object.into()
}

/// What a medium is today, in a word.
pub(super) fn state(medium: &Medium, today: Date) -> &'static str {
    State::of(medium, today).said()
}

fn row(medium: &Medium, state: State) -> Vec<String> {
    let (product, serial) = (&medium.product, &medium.serial);
    let serial = serial.as_deref().unwrap_or("(no serial number)");
    vec![
        medium.id.clone(),
        state.said().to_owned(),
        medium.valid_until.to_string(),
        medium.company.clone(),
        medium.owner.clone(),
        medium.storage_place.clone(),
        format!("{} {serial}", product.as_deref().unwrap_or_default())
            .trim()
            .to_owned(),
    ]
}

/// The media that are handed out, by the ledger, and which of them should be back.
#[derive(Default)]
pub(super) struct Loans {
    lent: BTreeMap<String, Lent>,
    overdue: BTreeSet<String>,
}

impl Loans {
    /// Reads them; where no ledger was begun, nothing is lent.
    pub(super) fn read(ledger: Option<&Path>, paths: &Paths) -> Result<Self, CommandError> {
        let mut loans = Self::default();
        let Some(ledger) = ledger::begun(&ledger::folder(ledger, paths))? else {
            return Ok(loans);
        };
        let register = ledger::register(&ledger)?;
        let at = register.latest_or(Timestamp::now());
        for (medium, loan) in register.lent() {
            if loan.is_overdue(at) {
                loans.overdue.insert(medium.to_owned());
            }
            if let Event::Lent(lent) = ledger.entry(loan.entry)?.content()?.event {
                loans.lent.insert(medium.to_owned(), *lent);
            }
        }
        Ok(loans)
    }

    /// The loan of one medium.
    pub(super) fn of(&self, medium: &str) -> Option<&Lent> {
        self.lent.get(medium)
    }
}
