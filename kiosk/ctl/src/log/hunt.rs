//! `kioskctl log hunt`: given hashes that are known to be bad since today, which media with such
//! a content passed before.

mod known;

mod sources;

mod told;

use std::collections::HashSet;
use std::path::PathBuf;

use broker::Paths;
use record::Ledger;
use record::reader::Filter;
use record::search::{Looked, RawRow, Search};
use wire::ledger::{Event, Judged};
use wire::{Digest, Verdict};

use crate::CommandError;
use known::Known;
use sources::Sources;
use told::{Hit, Teller};

/// Hashes that are remembered to be on no list, so that a stick that comes every week is not
/// looked up again each time: 32 bytes each, some 16 MB.
const ABSENT_MAX: usize = 1 << 18;

/// The status when nothing was found, and something could not be looked for or into.
const NOT_SEARCHED: u8 = 4;

/// Options of `kioskctl log hunt`.
#[derive(clap::Args)]
#[command(after_help = STATUSES)]
pub(super) struct Hunt {
    /// Hashes to look for: one a line, as sha256sum, hashdeep and NSRL write them, or a compiled
    /// list (.hashes)
    #[arg(long, value_name = "FILE", required_unless_present = "rules")]
    hashes: Vec<PathBuf>,
    /// A bundle or folder of rules: its lists of what is known to be bad. Its YARA rules cannot be
    /// looked back with, for the ledger holds no contents
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
    /// In every verdict, not only in those that were PASS
    #[arg(long)]
    all: bool,
    /// One JSON object
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

const STATUSES: &str = "Exit status: 0 nothing found; 1 found; 2 could not run; 4 nothing found, \
and some hashes are no SHA-256, or rows of a sealed period are in an archive. Files without a byte \
are not looked for.";

/// How much was looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Into {
    verdicts: u64,
    rows: u64,
    /// Rows of which no hash is known, because not all of the content could be read.
    unhashed: u64,
    /// Verdicts whose rows are in an archive.
    sealed: u64,
    found: u64,
}

/// Runs the command.
pub(super) fn run(hunt: &Hunt, ledger: &Ledger, paths: &Paths) -> Result<u8, CommandError> {
    let sources = Sources::read(&hunt.hashes, hunt.rules.as_deref(), paths)?;
    let known = Known::read(ledger, paths)?;
    let mut teller = Teller::new(hunt.json, hunt.csv);
    teller.begin();
    let into = through(hunt.all, ledger, &sources, &known, &mut |hit| {
        teller.hit(&hit)
    })?;
    teller.end(&sources, &into);
    Ok(status(&sources, &into))
}

fn status(sources: &Sources, into: &Into) -> u8 {
    let without = sources.lists.iter().any(|list| list.without > 0);
    match into.found {
        0 if without || into.sealed > 0 => NOT_SEARCHED,
        0 => 0,
        _ => 1,
    }
}

/// Looks every hash of the verdicts up in every list.
fn through(
    all: bool,
    ledger: &Ledger,
    sources: &Sources,
    known: &Known,
    see: &mut dyn FnMut(Hit<'_>),
) -> Result<Into, CommandError> {
    let search = Search::new(ledger);
    let mut into = Into::default();
    let mut absent = HashSet::new();
    for entry in ledger.entries(Filter::default())? {
        let content = entry?.content()?;
        let Some(judged) = content.event.judged() else {
            continue;
        };
        if !all && judged.verdict != Verdict::Pass {
            continue;
        }
        into.verdicts = into.verdicts.saturating_add(1);
        // Told only when the rows are known to be those that were written.
        let mut found = Vec::new();
        let looked = search.each_row(&content, &mut |raw| -> Result<(), CommandError> {
            into.rows = into.rows.saturating_add(1);
            match raw.sha256() {
                None => into.unhashed = into.unhashed.saturating_add(1),
                Some(Digest::OF_NOTHING) => {}
                Some(sha256) => look_up(sha256, raw, sources, &mut absent, &mut found)?,
            }
            Ok(())
        })?;
        if looked == Looked::Sealed {
            into.sealed = into.sealed.saturating_add(1);
        }
        tell(&content, judged, ledger, known, &found, see)?;
        let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
        into.found = into.found.saturating_add(count);
    }
    Ok(into)
}

/// A row on a list.
struct Found<'s> {
    row: wire::Row,
    sha256: Digest,
    list: &'s str,
    called: Option<String>,
}

fn look_up<'s>(
    sha256: Digest,
    raw: RawRow<'_>,
    sources: &'s Sources,
    absent: &mut HashSet<Digest>,
    found: &mut Vec<Found<'s>>,
) -> Result<(), CommandError> {
    if absent.contains(&sha256) {
        return Ok(());
    }
    let mut is_absent = true;
    for source in &sources.lists {
        if let Some(entry) = source.look_up(sha256)? {
            is_absent = false;
            found.push(Found {
                row: raw.row()?,
                sha256,
                list: &source.title,
                // sha256sum's name for what came in by a pipe.
                called: entry.name.filter(|name| name != "-"),
            });
        }
    }
    if is_absent {
        if ABSENT_MAX <= absent.len() {
            absent.clear();
        }
        absent.insert(sha256);
    }
    Ok(())
}

fn tell(
    content: &record::entry::Content,
    judged: &Judged,
    ledger: &Ledger,
    known: &Known,
    found: &[Found<'_>],
    see: &mut dyn FnMut(Hit<'_>),
) -> Result<(), CommandError> {
    if found.is_empty() {
        return Ok(());
    }
    let insertion = ledger.entry(judged.insertion)?.content()?.event;
    let visit = if let Event::Inserted { occasion, .. } = &insertion {
        occasion.as_ref().and_then(|one| one.visit.as_ref())
    } else {
        None
    };
    for one in found {
        see(Hit {
            entry: content.number,
            recorded_utc: &content.recorded_utc,
            judged,
            visit,
            withdrawn: known.withdrawn(judged.insertion),
            medium: known.medium(judged.medium.as_deref()),
            row: &one.row,
            sha256: one.sha256,
            list: one.list,
            called: one.called.as_deref(),
        });
    }
    Ok(())
}

#[cfg(test)]
#[path = "hunt/hunt_tests.rs"]
mod tests;
