//! `kioskctl media edit`, `revoke` and `lost`: entries that change.

use std::path::Path;

use broker::Paths;
use decide::allowlist::{Medium, Status};
use wire::list_change::ListName;

use super::cells::{self, Cells};
use crate::CommandError;
use crate::lists::{self, Document};
use crate::print;
use crate::who::{self, Second};

/// Options of `kioskctl media edit`.
#[derive(clap::Args)]
pub(super) struct Edit {
    /// Which medium
    #[arg(value_name = "ID")]
    id: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The company that uses it
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// First day on which it may be used: 2026-04-01
    #[arg(long, value_name = "DATE")]
    valid_from: Option<String>,
    /// Last day on which it may be used, that day included: 2027-03-31
    #[arg(long, value_name = "DATE")]
    valid_until: Option<String>,
    /// Where it is kept
    #[arg(long, value_name = "PLACE")]
    storage_place: Option<String>,
    /// Anything else; an empty text takes it out
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Bring it back from "revoked" or "lost"; two people answer for that
    #[arg(long, value_name = "STATUS", requires = "second", requires = "reason")]
    status: Option<Back>,
    #[command(flatten)]
    second: Second,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// The only status that a medium comes back to.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Back {
    /// It may be used again, between its dates
    Active,
}

/// Options of `kioskctl media revoke` and `lost`.
#[derive(clap::Args)]
pub(super) struct Withdraw {
    /// Which medium
    #[arg(value_name = "ID")]
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs `edit`.
pub(super) fn run(edit: &Edit, ledger: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let by = lists::by(paths)?;
    let second = match edit.status {
        Some(Back::Active) => who::second(paths, &by, &edit.second)?,
        None => None,
    };
    let reason = said(edit.reason.as_deref())?;
    let given = [
        ("owner", &edit.owner),
        ("company", &edit.company),
        ("valid_from", &edit.valid_from),
        ("valid_until", &edit.valid_until),
        ("storage_place", &edit.storage_place),
        ("note", &edit.note),
    ];
    let request = lists::Edit {
        paths,
        ledger,
        list: ListName::Media,
        by,
        second,
        reason,
    };
    let (_, entry) = lists::edit(&request, |document| {
        let medium = found(document, &edit.id)?;
        let mut cells = Cells::of(&medium);
        for (key, text) in given {
            if let Some(text) = text {
                cells.set(key, text.clone());
            }
        }
        match (edit.status, medium.status) {
            (Some(Back::Active), Status::Revoked | Status::Lost) => cells.set("status", "active"),
            (Some(Back::Active), Status::Active) => {
                return Err(CommandError::Asked(format!("{} is active", medium.id)));
            }
            (None, _) => {}
        }
        let (cells, _) = cells.checked().map_err(|fault| {
            CommandError::Asked(format!("{} stays as it is: {fault}", medium.id))
        })?;
        write(document, &medium, &cells)
    })?;
    print::line(&format!("{} changed: entry {entry}", edit.id));
    Ok(0)
}

/// Runs `revoke` and `lost`.
pub(super) fn withdraw(
    withdraw: &Withdraw,
    status: &str,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<u8, CommandError> {
    let request = lists::Edit {
        paths,
        ledger,
        list: ListName::Media,
        by: lists::by(paths)?,
        second: None,
        reason: said(Some(&withdraw.reason))?,
    };
    let (_, entry) = lists::edit(&request, |document| {
        let medium = found(document, &withdraw.id)?;
        let mut cells = Cells::of(&medium);
        cells.set("status", status);
        write(document, &medium, &cells)
    })?;
    print::line(&format!("{} {status}: entry {entry}", withdraw.id));
    Ok(0)
}

/// The entry as it is.
pub(super) fn found(document: &Document, id: &str) -> Result<Medium, CommandError> {
    let list = cells::list(&document.text())?;
    list.find(id).cloned().ok_or_else(|| unknown(id))
}

/// No medium has this id.
pub(super) fn unknown(id: &str) -> CommandError {
    CommandError::Asked(format!(
        "no medium in the list has the id {id:?}; see kioskctl media list"
    ))
}

/// Changes those keys of an entry that say something else than before.
pub(super) fn write(
    document: &mut Document,
    medium: &Medium,
    cells: &Cells,
) -> Result<(), CommandError> {
    let before = Cells::of(medium);
    for key in cells::KEYS {
        let text = cells.get(key);
        if text == before.get(key) {
            continue;
        }
        // Else its serial number could be given to a new entry, by one person.
        if medium.status != Status::Active && cells::is_identity(key) {
            return Err(CommandError::Asked(format!(
                "{} was withdrawn, and stays the medium that it is: leave {key} as it was",
                medium.id
            )));
        }
        if text.is_empty() {
            document.unset("medium", "id", &medium.id, key)?;
        } else {
            let value =
                cells::value(key, text).map_err(|fault| CommandError::Asked(fault.to_string()))?;
            document.set("medium", "id", &medium.id, key, value)?;
        }
    }
    Ok(())
}

/// A reason that the ledger takes.
pub(crate) fn said(reason: Option<&str>) -> Result<Option<String>, CommandError> {
    let Some(reason) = reason else {
        return Ok(None);
    };
    if wire::waiver::is_said(reason, wire::custody::CUSTODY_TEXT_BYTES_MAX) {
        return Ok(Some(reason.to_owned()));
    }
    Err(CommandError::Asked(format!(
        "the reason is empty, longer than {} bytes, or holds what cannot be seen",
        wire::custody::CUSTODY_TEXT_BYTES_MAX
    )))
}
