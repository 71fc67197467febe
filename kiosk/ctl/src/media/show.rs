//! `kioskctl media show`: an entry, and everything that the ledger tells of its medium.

use std::collections::BTreeMap;
use std::path::Path;

use broker::Paths;
use broker::site::Site;
use decide::allowlist::Medium;
use jiff::Timestamp;
use record::reader;
use serde::Serialize;
use wire::custody::Occasion;
use wire::ledger::{Event, Judged};
use wire::list_change::{Changed, ListChange, ListName};
use wire::{Reason, Verdict};

use super::cells::{Cells, KEYS};
use super::{edit, list};
use crate::CommandError;
use crate::ledger;
use crate::log;
use crate::print;
use crate::report::spelled;

/// Options of `kioskctl media show`.
#[derive(clap::Args)]
pub(super) struct Show {
    /// Which medium
    #[arg(value_name = "ID")]
    id: String,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Something that happened to a medium, in the order of the ledger.
#[derive(Serialize)]
struct Happened {
    /// The entry that tells of it.
    entry: u64,
    /// When that was written, RFC 3339 UTC.
    at: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum What {
    /// It was inserted and judged, or refused by its entry in the list.
    Inserted(Box<Insertion>),
    /// Its entry in the list changed.
    Listed {
        by: Option<String>,
        second: Option<String>,
        reason: Option<String>,
        changed: Changed,
    },
    /// The list changed in more entries than are named; this may be one of them.
    Unnamed { more: u64 },
    /// It was handed out.
    Lent { to: String, until: String },
    /// It is back.
    Returned { place: Option<String> },
}

#[derive(Serialize)]
struct Insertion {
    /// Whether it was admitted as this medium.
    is_admitted: bool,
    /// The visit and the way, when there is anything to say of it.
    occasion: Option<Box<Occasion>>,
    /// The answer; `None` without one.
    verdict: Option<Verdict>,
    reasons: Vec<Reason>,
    /// The entry with the answer, which is the number of the receipt.
    judged: Option<u64>,
    /// What the list had against it.
    detail: Option<String>,
}

/// Runs the command.
pub(super) fn run(show: &Show, ledger: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let allowlist = broker::site::allowlist(paths)?;
    let medium = allowlist.as_ref().and_then(|list| list.find(&show.id));
    let medium = medium.ok_or_else(|| edit::unknown(&show.id))?;
    let history = history(&show.id, ledger, paths)?;
    let state = list::state(medium, Site::read(paths)?.today(Timestamp::now()));
    let loans = list::Loans::read(ledger, paths)?;
    let lent = loans.of(&medium.id);
    if show.json {
        let mut object = list::object(medium, state, lent);
        if let Some(object) = object.as_object_mut() {
            object.insert("history".to_owned(), serde_json::json!(history));
        }
        print::line(&object.to_string());
        return Ok(0);
    }
    entry(medium, state);
    for one in &history {
        print::line(&in_a_line(one));
    }
    Ok(0)
}

fn entry(medium: &Medium, state: &str) {
    print::line(&format!("{}  {state}", medium.id));
    let cells = Cells::of(medium);
    for key in KEYS.into_iter().skip(1) {
        let text = cells.get(key);
        if !text.is_empty() {
            print::line(&format!("  {key:<15} {text}"));
        }
    }
}

/// Everything that the ledger tells of a medium.
fn history(id: &str, ledger: Option<&Path>, paths: &Paths) -> Result<Vec<Happened>, CommandError> {
    let Some(ledger) = ledger::begun(&ledger::folder(ledger, paths))? else {
        return Ok(Vec::new());
    };
    let mut history = History {
        id: id.to_owned(),
        told: BTreeMap::new(),
        unnamed: BTreeMap::new(),
    };
    for entry in ledger.entries(reader::Filter::default())? {
        let entry = entry?;
        let content = entry.content()?;
        history.note(entry.number, content.recorded_utc, content.event);
    }
    Ok(history.told.into_values().collect())
}

struct History {
    id: String,
    /// By the number of the entry.
    told: BTreeMap<u64, Happened>,
    /// Insertions as no medium of the list, until their answer says whom it names.
    unnamed: BTreeMap<u64, Happened>,
}

impl History {
    fn note(&mut self, number: u64, at: String, event: Event) {
        match event {
            Event::Inserted {
                claim: Some(_),
                medium,
                occasion,
                ..
            } => self.insert(number, at, medium.as_deref(), occasion),
            Event::Judged(judged) => self.judge(number, *judged),
            Event::Withdrawn {
                insertion,
                verdict,
                reasons,
            } => self.answer(insertion, number, verdict, reasons, None),
            Event::ListChanged(change) => self.list(number, at, *change),
            Event::Lent(lent) => {
                let (to, until) = (lent.to, lent.until);
                self.custody(number, at, &lent.medium, What::Lent { to, until });
            }
            Event::Returned(returned) => {
                let place = returned.place;
                self.custody(number, at, &returned.medium, What::Returned { place });
            }
            Event::Inserted { claim: None, .. }
            | Event::Started { .. }
            | Event::Removed { .. }
            | Event::SelfTested(_)
            | Event::Waived(_)
            | Event::WaiverEnded { .. }
            | Event::Mitigated { .. }
            | Event::Interrupted { .. }
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::ClockStepped { .. }
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
    }

    fn insert(
        &mut self,
        entry: u64,
        at: String,
        medium: Option<&str>,
        occasion: Option<Box<Occasion>>,
    ) {
        let is_admitted = medium == Some(self.id.as_str());
        let what = What::Inserted(Box::new(Insertion {
            is_admitted,
            occasion,
            verdict: None,
            reasons: Vec::new(),
            judged: None,
            detail: None,
        }));
        let happened = Happened { entry, at, what };
        if is_admitted {
            self.told.insert(entry, happened);
        } else if medium.is_none() {
            self.unnamed.insert(entry, happened);
        }
    }

    fn judge(&mut self, number: u64, judged: Judged) {
        // The entry that a refusal names can be the nearest one only, to a medium in no list.
        let is_it = judged.registered() == Some(self.id.as_str());
        let detail = judged.refused.map(|refused| refused.detail);
        if let Some(unnamed) = self.unnamed.remove(&judged.insertion)
            && is_it
        {
            self.told.insert(judged.insertion, unnamed);
        }
        self.answer(
            judged.insertion,
            number,
            judged.verdict,
            judged.reasons,
            detail,
        );
    }

    fn list(&mut self, entry: u64, at: String, change: ListChange) {
        let mut changed = change.changed.into_iter();
        let it = changed.find(|one| one.kind == "medium" && one.id == self.id);
        let what = match (change.list, it) {
            (ListName::Media, Some(changed)) => What::Listed {
                by: change.by.as_ref().map(log::person),
                second: change.second,
                reason: change.reason,
                changed,
            },
            (ListName::Media, None) if 0 < change.more => What::Unnamed { more: change.more },
            (
                ListName::Media | ListName::Contractors | ListName::Accounts | ListName::Policy,
                _,
            ) => return,
        };
        self.told.insert(entry, Happened { entry, at, what });
    }

    fn custody(&mut self, entry: u64, at: String, medium: &str, what: What) {
        if medium == self.id {
            self.told.insert(entry, Happened { entry, at, what });
        }
    }

    fn answer(
        &mut self,
        insertion: u64,
        number: u64,
        verdict: Verdict,
        reasons: Vec<Reason>,
        detail: Option<String>,
    ) {
        if let Some(Happened {
            what: What::Inserted(inserted),
            ..
        }) = self.told.get_mut(&insertion)
        {
            inserted.verdict = Some(verdict);
            inserted.reasons = reasons;
            inserted.judged = Some(number);
            inserted.detail = detail.or(inserted.detail.take());
        }
    }
}

fn in_a_line(happened: &Happened) -> String {
    let text = |text: &str| wire::name::line(text);
    let what = match &happened.what {
        What::Inserted(inserted) => told(inserted),
        What::Listed {
            by,
            second,
            reason,
            changed,
        } => {
            let by = by.as_deref().unwrap_or("hand, nobody said who");
            let second = second.as_deref().map(|name| format!(" and {}", text(name)));
            let reason = reason.as_deref().map(|why| format!(": {}", text(why)));
            let keys: Vec<&str> = changed
                .fields
                .iter()
                .map(|field| field.key.as_str())
                .collect();
            format!(
                "list      {} {} by {by}{}{}",
                spelled(&changed.change),
                keys.join(", "),
                second.unwrap_or_default(),
                reason.unwrap_or_default()
            )
        }
        What::Unnamed { more } => {
            format!("list      {more} media changed that the entry does not name")
        }
        What::Lent { to, until } => format!("lent      to {} until {}", text(to), text(until)),
        What::Returned { place } => {
            let place = place.as_deref().map(|place| format!(" to {}", text(place)));
            format!("returned{}", place.unwrap_or_default())
        }
    };
    format!("{:>6}  {}  {what}", happened.entry, happened.at)
}

fn told(inserted: &Insertion) -> String {
    let text = |text: &str| wire::name::line(text);
    let answer = match inserted.verdict {
        Some(verdict) => format!("{} {}", verdict.shape(), verdict.word_en()),
        None => "no answer".to_owned(),
    };
    let receipt = inserted.judged.map(|number| format!("  receipt {number}"));
    let reasons: Vec<String> = inserted
        .reasons
        .iter()
        .map(|reason| spelled(&reason.code))
        .collect();
    let visit = inserted.occasion.as_ref().and_then(|occasion| {
        let visit = occasion.visit.as_ref()?;
        Some(format!(
            "  visit {} of {}",
            text(&visit.id),
            text(&visit.person)
        ))
    });
    let other = if inserted.is_admitted {
        ""
    } else {
        "  (refused by its entry in the list)"
    };
    let detail = inserted
        .detail
        .as_deref()
        .map(|detail| format!(": {}", text(detail)));
    format!(
        "inserted  {answer}{}  {}{}{}{other}",
        receipt.unwrap_or_default(),
        reasons.join(", "),
        detail.unwrap_or_default(),
        visit.unwrap_or_default()
    )
}
