//! `kioskctl media add`: a medium becomes registered.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use broker::Paths;
use broker::site::Site;
use decide::allowlist::{Allowlist, Medium};
use jiff::Timestamp;
use wire::list_change::ListName;
use wire::rule_change::Person;
use wire::{Claim, MediumName};

use super::cells::{self, Cells};
use super::learn::{self, Ways};
use crate::CommandError;
use crate::lists::{self, Document, Edit};
use crate::print;

/// Options of `kioskctl media add`.
#[derive(clap::Args)]
pub(super) struct Add {
    #[command(flatten)]
    ways: Ways,
    #[command(flatten)]
    said: Said,
}

/// What a medium cannot say of itself.
#[derive(Clone, clap::Args)]
pub(crate) struct Said {
    /// What is on its label [default: the next free of M-0001, M-0002, ...]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The company that uses it
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    /// First day on which it may be used: 2026-04-01 [default: today]
    #[arg(long, value_name = "DATE")]
    valid_from: Option<String>,
    /// Last day on which it may be used, that day included: 2027-03-31
    #[arg(long, value_name = "DATE")]
    valid_until: Option<String>,
    /// Where it is kept
    #[arg(long, value_name = "PLACE")]
    storage_place: Option<String>,
    /// Anything else
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Install the signed rules that lie on it: for an administrator's medium only
    #[arg(long)]
    installs_rules: bool,
}

/// Runs the command.
pub(super) fn run(add: &Add, ledger: Option<&Path>, paths: &Paths) -> Result<u8, CommandError> {
    let by = lists::by(paths)?;
    let claim = learn::claim(&add.ways, ledger, paths)?;
    let cells = asked(&claim, add.ways.more.weak, &add.said, paths)?;
    let (medium, entry) = register(&cells, by, None, ledger, paths)?;
    tell(&medium, entry);
    Ok(0)
}

/// Says what was registered.
pub(crate) fn tell(medium: &Medium, entry: u64) {
    let weak = match medium.identity {
        decide::Identity::Serial => "",
        decide::Identity::Model => ", by its model only",
    };
    print::line(&format!(
        "{} registered until {}{weak}: entry {entry}",
        medium.id, medium.valid_until
    ));
}

/// An entry of what was learned and what was said; on a terminal, what is missing is asked.
///
/// # Errors
/// When the medium cannot be registered, or something is said nowhere.
pub(crate) fn asked(
    claim: &Claim,
    is_weak: bool,
    said: &Said,
    paths: &Paths,
) -> Result<Cells, CommandError> {
    let (mut cells, left_out) = learn::cells(claim, is_weak)?;
    print::note(&format!("medium: {}", about(&cells)));
    for one in left_out {
        print::note(&one);
    }
    // A medium that is registered already is said before anything is asked.
    let (list, _) = lists::preview(paths, ListName::Media, |list| cells::list(&list.text()))?;
    is_new(&cells, &list)?;
    let today = Site::read(paths)?.today(Timestamp::now()).to_string();
    cells.set("valid_from", said.valid_from.clone().unwrap_or(today));
    cells.set("status", "active");
    cells.set("note", said.note.clone().unwrap_or_default());
    if said.installs_rules {
        cells.set("installs_rules", "true");
    }
    let answers = [
        (
            "owner",
            "--owner",
            "管理者 / who answers for it",
            &said.owner,
        ),
        ("company", "--company", "会社 / company", &said.company),
        (
            "valid_until",
            "--valid-until",
            "有効期限 / last valid day (2027-03-31)",
            &said.valid_until,
        ),
        (
            "storage_place",
            "--storage-place",
            "保管場所 / where it is kept",
            &said.storage_place,
        ),
    ];
    let may_ask = std::io::stdin().is_terminal();
    let missing = answers.iter().filter(|(_, _, _, said)| said.is_none());
    let missing: Vec<&str> = missing.map(|(_, option, _, _)| *option).collect();
    if !missing.is_empty() && !may_ask {
        return Err(CommandError::Asked(format!(
            "the medium cannot say it of itself: give {}",
            missing.join(", ")
        )));
    }
    let id = match &said.id {
        Some(id) => id.clone(),
        // Without anything to ask, nobody need be there.
        None if missing.is_empty() => String::new(),
        None => ask(&format!("番号 / id [{}]", next_id(&list)))?,
    };
    cells.set("id", id);
    for (key, _, question, said) in answers {
        let answer = match said {
            Some(said) => said.clone(),
            None => ask(question)?,
        };
        cells.set(key, answer);
    }
    Ok(cells)
}

/// Appends an entry; without an id it gets the next free one.
///
/// # Errors
/// When the entry is malformed, its id is taken, or the medium is registered already.
pub(crate) fn register(
    cells: &Cells,
    by: Person,
    reason: Option<String>,
    ledger: Option<&Path>,
    paths: &Paths,
) -> Result<(Medium, u64), CommandError> {
    let edit = Edit {
        paths,
        ledger,
        list: ListName::Media,
        by,
        second: None,
        reason,
    };
    lists::edit(&edit, |document| {
        let list = cells::list(&document.text())?;
        let mut cells = cells.clone();
        if cells.get("id").is_empty() {
            cells.set("id", next_id(&list));
        }
        let (cells, medium) = cells.checked().map_err(refused)?;
        if list.find(&medium.id).is_some() {
            return Err(CommandError::Asked(format!(
                "{} is registered already; choose another id, or look at it: kioskctl media show {}",
                medium.id, medium.id
            )));
        }
        is_new(&cells, &list)?;
        append(document, &cells)?;
        Ok(medium)
    })
}

/// Appends an entry that was checked.
pub(super) fn append(document: &mut Document, cells: &Cells) -> Result<(), CommandError> {
    document.append("medium", &cells.fields().map_err(refused)?);
    Ok(())
}

/// The id under which the medium of a claim is registered, if it is.
///
/// # Errors
/// When the list cannot be read.
pub(crate) fn registered(claim: &Claim, paths: &Paths) -> Result<Option<String>, CommandError> {
    let list = broker::site::allowlist(paths)?;
    let media = list.iter().flat_map(|list| list.media());
    let claimed = claim.serial.as_ref().filter(|serial| !serial.is_empty());
    let is_it = |medium: &&Medium| {
        let listed = medium.serial.as_ref().map(String::as_bytes);
        claimed.is_some()
            && (medium.vid, medium.pid) == (claim.vid, claim.pid)
            && listed == claimed.map(MediumName::as_bytes)
    };
    Ok(media
        .into_iter()
        .find(is_it)
        .map(|medium| medium.id.clone()))
}

/// The entry that is about this medium.
fn same<'l>(cells: &Cells, list: &'l Allowlist) -> Option<&'l Medium> {
    let id = |text: &str| u16::from_str_radix(text, 16).ok();
    let (vid, pid) = (id(cells.get("vid"))?, id(cells.get("pid"))?);
    let serial = Some(cells.get("serial")).filter(|serial| !serial.is_empty())?;
    let is_it = |medium: &&Medium| {
        (medium.vid, medium.pid) == (vid, pid) && medium.serial.as_deref() == Some(serial)
    };
    list.media().iter().find(is_it)
}

/// Refuses a medium that an entry is about already.
fn is_new(cells: &Cells, list: &Allowlist) -> Result<(), CommandError> {
    match same(cells, list) {
        None => Ok(()),
        Some(medium) => Err(CommandError::Asked(format!(
            "this medium is registered already, as {} ({}); change that entry: kioskctl media \
             edit {}",
            medium.id,
            cells::spelled(medium.status),
            medium.id
        ))),
    }
}

/// `M-0001`, or one more than the highest of its kind.
fn next_id(list: &Allowlist) -> String {
    let number = |medium: &Medium| medium.id.strip_prefix("M-")?.parse::<u64>().ok();
    let highest = list.media().iter().filter_map(number).max();
    format!("M-{:04}", highest.unwrap_or(0).saturating_add(1))
}

/// What was learned of a medium, in a line.
fn about(cells: &Cells) -> String {
    let serial = match cells.get("serial") {
        "" => "no serial number",
        serial => serial,
    };
    format!(
        "{}:{} {} {} {serial}, {} bytes",
        cells.get("vid"),
        cells.get("pid"),
        cells.get("manufacturer"),
        cells.get("product"),
        cells.get("capacity_bytes")
    )
}

fn refused(fault: cells::Fault) -> CommandError {
    CommandError::Asked(format!("nothing is registered: {fault}"))
}

/// Asks the person at the terminal.
fn ask(question: &str) -> Result<String, CommandError> {
    let failed = CommandError::system("ask on this terminal");
    let mut line = String::new();
    let asked = write!(std::io::stderr(), "{question}: ");
    match asked.and_then(|()| std::io::stdin().lock().read_line(&mut line)) {
        Ok(0) => Err(CommandError::Asked("nothing was answered".to_owned())),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_id_is_one_more_than_the_highest_of_its_kind() {
        let list = |ids: &[&str]| {
            let entry = |(place, id): (usize, &&str)| {
                format!(
                    "[[medium]]\nid = \"{id}\"\nvid = \"0951\"\npid = \"1666\"\nserial = \
                     \"{place}\"\ninterfaces = [\"08:06:50\"]\ncapacity_bytes = 1\nowner = \
                     \"o\"\ncompany = \"c\"\nvalid_from = 2026-01-01\nvalid_until = \
                     2026-01-01\nstatus = \"active\"\nstorage_place = \"p\"\n"
                )
            };
            let text: String = ids.iter().enumerate().map(entry).collect();
            decide::allowlist::parse(&text).unwrap()
        };
        assert_eq!(next_id(&list(&[])), "M-0001");
        assert_eq!(
            next_id(&list(&["M-0007", "M-0003", "X-99", "M-x"])),
            "M-0008"
        );
        assert_eq!(next_id(&list(&["M-9999"])), "M-10000");
    }
}
