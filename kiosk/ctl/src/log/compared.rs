//! What changed on a medium between two verdicts about it, for people and for programs.

use record::Ledger;
use record::compare::{Change, Content, Difference, Listed, compare, is_listed_whole};
use record::reader::Entry;
use record::search::Looked;
use record::way;
use serde::Serialize;
use wire::ledger::{Event, Judged};
use wire::{Digest, MediumName, RowKind};

use super::vouched::Vouched;
use crate::CommandError;
use crate::print;

/// What changed, as far as that can be asked.
pub(super) enum Changes {
    /// The entry is no verdict, or none about a medium on its way out.
    NotAsked,
    /// It is about a medium on its way out that never came in, as far as this ledger knows.
    NeverIn,
    /// The rows of one of the two, of which this is the earlier one, are in an archive.
    Sealed(u64),
    /// Since this verdict.
    Since(u64, Vec<Difference>),
}

/// What changed since the verdict `since`; without one, since the medium came in, when it is on
/// its way out.
///
/// # Errors
/// When `since` is no earlier verdict about the same medium; when the rows of one of the two are
/// not those that were written.
pub(super) fn changes(
    ledger: &Ledger,
    entry: &Entry,
    since: Option<u64>,
) -> Result<Changes, CommandError> {
    // An entry that this version does not know is shown as it is, and compared with nothing.
    let content = entry.content();
    let event = match (content, since) {
        (Ok(content), _) => content.event,
        (Err(_), None) => return Ok(Changes::NotAsked),
        (Err(error), Some(_)) => return Err(error.into()),
    };
    let number = entry.number;
    let Event::Judged(after) = event else {
        return match since {
            None => Ok(Changes::NotAsked),
            Some(_) => Err(CommandError::Asked(format!(
                "entry {number} is no verdict: nothing can have changed since"
            ))),
        };
    };
    let (since, before) = match since {
        Some(since) => (since, earlier(ledger, number, &after, since)?),
        None if !way::is_out(ledger, &after)? => return Ok(Changes::NotAsked),
        None => match way::came_in(ledger, &after)? {
            None => return Ok(Changes::NeverIn),
            Some(visit) => (visit.entry, visit.judged),
        },
    };
    let listed = Listed {
        before: is_listed_whole(&before),
        after: is_listed_whole(&after),
    };
    // A comparison takes rows as they come; they must be those that were written.
    for number in [since, number] {
        if Vouched::of(ledger, &ledger.entry(number)?)?.looked == Looked::Sealed {
            return Ok(Changes::Sealed(since));
        }
    }
    let found = compare(ledger.rows(since), ledger.rows(number), listed)?;
    Ok(Changes::Since(since, found))
}

/// The verdict `since`, which must be an earlier one about the same medium.
fn earlier(
    ledger: &Ledger,
    number: u64,
    after: &Judged,
    since: u64,
) -> Result<Box<Judged>, CommandError> {
    let refuse = |why: String| Err(CommandError::Asked(why));
    let Some(medium) = &after.medium else {
        return refuse(format!(
            "entry {number} names no registered medium: nothing says which it was before"
        ));
    };
    if number <= since {
        return refuse(format!("entry {since} is not before entry {number}"));
    }
    let Event::Judged(before) = ledger.entry(since)?.content()?.event else {
        return refuse(format!("entry {since} is no verdict"));
    };
    if before.medium.as_ref() != Some(medium) {
        return refuse(format!("entry {since} is not about the medium {medium}"));
    }
    Ok(before)
}

/// How many of each.
#[derive(Default)]
struct Counts {
    new: u64,
    changed: u64,
    gone: u64,
    not_comparable: u64,
}

impl Counts {
    fn of(found: &[Difference]) -> Self {
        let mut counts = Self::default();
        for one in found {
            let count = match one.change {
                Change::New(_) => &mut counts.new,
                Change::Changed { .. } => &mut counts.changed,
                Change::Gone(_) => &mut counts.gone,
                Change::NotComparable { .. } => &mut counts.not_comparable,
            };
            *count = count.saturating_add(1);
        }
        counts
    }
}

/// For people.
pub(super) fn show(changes: &Changes) {
    let (since, found) = match changes {
        Changes::NotAsked => return,
        Changes::NeverIn => {
            print::line(
                "        on its way out; no PASS with which it came in is in this ledger, so \
                 nothing says what changed",
            );
            return;
        }
        Changes::Sealed(since) => {
            print::line(&format!(
                "        what changed on the medium since entry {since} is not known here: rows \
                 are in an archive"
            ));
            return;
        }
        Changes::Since(since, found) => (since, found),
    };
    let counts = Counts::of(found);
    let unknown = match counts.not_comparable {
        0 => String::new(),
        count => format!(", {count} not comparable"),
    };
    print::line(&format!(
        "        what changed on the medium since entry {since}: {} new, {} changed, {} \
         gone{unknown}",
        counts.new, counts.changed, counts.gone
    ));
    for one in found {
        print::line(&format!("          {}", line(one)));
    }
}

fn line(one: &Difference) -> String {
    let place = place(one);
    match &one.change {
        Change::New(after) => format!("new      {place}  {} bytes", after.size_bytes),
        Change::Changed { before, after } => format!(
            "changed  {place}  {} -> {} bytes",
            before.size_bytes, after.size_bytes
        ),
        Change::Gone(before) => format!("gone     {place}  {} bytes", before.size_bytes),
        Change::NotComparable { before, after } => {
            format!("not comparable  {place}  {}", why(*before, *after))
        }
    }
}

/// Where it is, with the volume when that is not the first.
pub(super) fn place(one: &Difference) -> String {
    let path = one.place.path.escaped();
    match one.place.volume {
        None | Some(0) => path.to_string(),
        Some(volume) => format!("{path} on volume {volume}"),
    }
}

fn why(before: Option<Content>, after: Option<Content>) -> &'static str {
    let unread = |content: Content| content.sha256.is_none();
    match (before.map(unread), after.map(unread)) {
        (None, _) => "the scan before did not list everything",
        (_, None) => "the scan after did not list everything",
        (Some(true), Some(true)) => "neither scan read it whole",
        (Some(true), Some(false)) => "the scan before did not read it whole",
        (Some(false), _) => "the scan after did not read it whole",
    }
}

/// `changes` in JSON; `null` when there is nothing to compare with.
#[derive(Serialize)]
pub(super) struct Object<'c> {
    since: u64,
    new: u64,
    changed: u64,
    gone: u64,
    not_comparable: u64,
    files: Vec<File<'c>>,
}

#[derive(Serialize)]
struct File<'c> {
    change: &'static str,
    volume: Option<u32>,
    path: &'c MediumName,
    kind: RowKind,
    before: Option<Bytes>,
    after: Option<Bytes>,
}

#[derive(Serialize)]
struct Bytes {
    size_bytes: u64,
    sha256: Option<Digest>,
}

impl From<Content> for Bytes {
    fn from(content: Content) -> Self {
        Self {
            size_bytes: content.size_bytes,
            sha256: content.sha256,
        }
    }
}

/// For programs.
pub(super) fn object(changes: &Changes) -> Option<Object<'_>> {
    let Changes::Since(since, found) = changes else {
        return None;
    };
    let counts = Counts::of(found);
    let file = |one| {
        let Difference { place, change }: &Difference = one;
        let (change, before, after) = match *change {
            Change::New(after) => ("new", None, Some(after)),
            Change::Changed { before, after } => ("changed", Some(before), Some(after)),
            Change::Gone(before) => ("gone", Some(before), None),
            Change::NotComparable { before, after } => ("not_comparable", before, after),
        };
        File {
            change,
            volume: place.volume,
            path: &place.path,
            kind: place.kind,
            before: before.map(Bytes::from),
            after: after.map(Bytes::from),
        }
    };
    Some(Object {
        since: *since,
        new: counts.new,
        changed: counts.changed,
        gone: counts.gone,
        not_comparable: counts.not_comparable,
        files: found.iter().map(file).collect(),
    })
}
