//! `kioskctl requests list`: what was put forward at the kiosk, and what became of it.

use std::path::Path;

use broker::Paths;
use record::Ledger;
use record::standing::Request;
use wire::Claim;
use wire::custody::RequestClosed;
use wire::ledger::Event;

use crate::CommandError;
use crate::ledger;
use crate::log::person;
use crate::print;

/// Options of `kioskctl requests list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Answered ones too
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

/// A request with everything that the ledger has of it.
struct Told {
    insertion: u64,
    request: Request,
    requested_utc: String,
    claim: Option<Box<Claim>>,
    answer: Option<Box<RequestClosed>>,
}

/// Runs the command.
pub(super) fn run(list: &List, ledger: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let ledger = Ledger::open(&ledger::folder(ledger, paths))?;
    let register = ledger::register(&ledger)?;
    if list.csv {
        print::head(
            "insertion,state,requested_utc,vid,pid,serial,manufacturer,product,capacity_bytes,\
             medium,reason,answered_by",
        );
    }
    let mut is_bare = true;
    let asked = register.requests();
    for (insertion, request) in asked.filter(|(_, one)| list.all || one.closed.is_none()) {
        is_bare = false;
        let told = told(&ledger, insertion, *request)?;
        if list.json {
            print::line(&object(&told));
        } else if list.csv {
            print::values(&cells(&told));
        } else {
            print::line(&text(&told));
        }
    }
    if is_bare {
        print::note(if list.all {
            "kioskctl: nothing found: nobody has asked for a registration"
        } else {
            "kioskctl: nothing found: no request is open"
        });
    }
    Ok(0)
}

fn told(ledger: &Ledger, insertion: u64, request: Request) -> Result<Told, CommandError> {
    let event =
        |entry| -> Result<Event, CommandError> { Ok(ledger.entry(entry)?.content()?.event) };
    let claim = if let Event::Inserted { claim, .. } = event(insertion)? {
        claim
    } else {
        None
    };
    let mut answer = None;
    if let Some(entry) = request.closed
        && let Event::RequestClosed(closed) = event(entry)?
    {
        answer = Some(closed);
    }
    Ok(Told {
        insertion,
        request,
        requested_utc: ledger.entry(request.entry)?.content()?.recorded_utc,
        claim,
        answer,
    })
}

fn state(told: &Told) -> &'static str {
    match &told.answer {
        None => "open",
        Some(answer) if answer.medium.is_some() => "approved",
        Some(_) => "rejected",
    }
}

fn text(told: &Told) -> String {
    let medium = told.claim.as_deref().map(said).unwrap_or_default();
    let answer = told.answer.as_deref().map(|answer| {
        let medium = answer.medium.as_deref();
        let medium = medium.map(|id| format!(" as {id}")).unwrap_or_default();
        let reason = answer.reason.as_deref();
        let reason = reason.map(|reason| format!(": {reason}"));
        let by = person(&answer.by);
        format!("{medium}{}; by {by}", reason.unwrap_or_default())
    });
    format!(
        "{:>6}  {:<8}  {}  {medium}{}",
        told.insertion,
        state(told),
        told.requested_utc,
        answer.unwrap_or_default()
    )
}

/// A medium as it calls itself, in one line.
fn said(claim: &Claim) -> String {
    let serial = claim.serial.as_ref();
    let serial = serial.map_or("no serial".to_owned(), |text| text.escaped().to_string());
    let capacity = claim.capacity_bytes;
    let capacity = capacity.map(|bytes| format!("  {bytes} bytes"));
    format!(
        "{:04x}:{:04x}  {serial}  {} {}{}",
        claim.vid,
        claim.pid,
        claim.manufacturer.escaped(),
        claim.product.escaped(),
        capacity.unwrap_or_default()
    )
}

fn object(told: &Told) -> String {
    let answer = told.answer.as_deref();
    serde_json::json!({
        "insertion": told.insertion,
        "request": told.request.entry,
        "state": state(told),
        "requested_utc": told.requested_utc,
        "claim": told.claim,
        "medium": answer.map(|answer| &answer.medium),
        "reason": answer.map(|answer| &answer.reason),
        "answered_by": answer.map(|answer| &answer.by),
        "answer": told.request.closed,
    })
    .to_string()
}

fn cells(told: &Told) -> String {
    let claim = told.claim.as_deref();
    let name = |name: &wire::MediumName| name.escaped().to_string();
    let hex = |id: Option<u16>| id.map(|id| format!("{id:04x}")).unwrap_or_default();
    let capacity = claim.and_then(|claim| claim.capacity_bytes);
    let answer = told.answer.as_deref();
    let cells = [
        told.insertion.to_string(),
        state(told).to_owned(),
        told.requested_utc.clone(),
        hex(claim.map(|claim| claim.vid)),
        hex(claim.map(|claim| claim.pid)),
        claim
            .and_then(|claim| claim.serial.as_ref())
            .map(name)
            .unwrap_or_default(),
        claim
            .map(|claim| name(&claim.manufacturer))
            .unwrap_or_default(),
        claim.map(|claim| name(&claim.product)).unwrap_or_default(),
        capacity.map(|bytes| bytes.to_string()).unwrap_or_default(),
        answer
            .and_then(|answer| answer.medium.clone())
            .unwrap_or_default(),
        answer
            .and_then(|answer| answer.reason.clone())
            .unwrap_or_default(),
        answer.map(|answer| person(&answer.by)).unwrap_or_default(),
    ];
    print::record(cells)
}
