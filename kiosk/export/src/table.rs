//! The two tables for people: an entry a line, and a file of a verdict a line.

use jiff::civil::DateTime;
use wire::ledger::Event;
use wire::{MediumName, Row};

use crate::about::who;
use crate::book::{Book, Item};
use crate::cell;
use crate::error::ExportError;
use crate::formula::guarded;
use crate::spelling::{self, printed};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A line for each entry.
    Entries,
    /// A line for each file row of each verdict; one for a verdict without rows.
    Files,
}

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text with nothing hidden in it, as it is to be seen.
    Text(String),
    /// A number.
    Number(u64),
    /// A time by the site's clock, to the second.
    Time(DateTime),
    /// Nothing is known.
    Empty,
}

impl Cell {
    /// What stands there, without any escapes.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Empty => String::new(),
        }
    }
}

/// The heads of the table of entries.
pub const ENTRY_HEADS: [&str; 16] = [
    "entry",
    "time_utc",
    "time_local",
    "event",
    "medium",
    "insertion",
    "verdict",
    "reasons",
    "withdrawn_by",
    "who",
    "host",
    "kiosk",
    "boot_id",
    "boottime_ns",
    "leaf_sha256",
    "details",
];

/// The heads of the table of files.
pub const FILE_HEADS: [&str; 19] = [
    "entry",
    "time_utc",
    "time_local",
    "verdict",
    "withdrawn_by",
    "medium",
    "target",
    "volume",
    "path",
    "path_hex",
    "within",
    "kind",
    "size_bytes",
    "sha256",
    "type",
    "outcome",
    "gap",
    "findings",
    "note",
];

impl Table {
    /// The heads of its columns.
    #[must_use]
    pub fn heads(self) -> &'static [&'static str] {
        match self {
            Self::Entries => &ENTRY_HEADS,
            Self::Files => &FILE_HEADS,
        }
    }

    /// Hands out each line of the table, and gives the number of entries in it.
    ///
    /// # Errors
    /// When the ledger cannot be read, its rows are not those that were written, or `line` fails.
    pub fn lines(
        self,
        book: &Book<'_>,
        mut line: impl FnMut(Vec<Cell>) -> Result<(), ExportError>,
    ) -> Result<u64, ExportError> {
        let mut entries = 0_u64;
        for item in book.items()? {
            let item = item?;
            match self {
                Self::Entries => line(of_entry(book, &item)?)?,
                Self::Files if item.judged().is_none() => continue,
                Self::Files => of_files(book, &item, &mut line)?,
            }
            entries = entries.saturating_add(1);
        }
        Ok(entries)
    }
}

/// A text of ours or of somebody else's.
fn text(text: &str) -> Cell {
    if text.is_empty() {
        return Cell::Empty;
    }
    Cell::Text(printed(text))
}

/// A text in which what is hidden was spelled out where it was made.
fn spelled(text: String) -> Cell {
    if text.is_empty() {
        return Cell::Empty;
    }
    Cell::Text(text)
}

fn number(number: Option<u64>) -> Cell {
    number.map_or(Cell::Empty, Cell::Number)
}

fn of_entry(book: &Book<'_>, item: &Item) -> Result<Vec<Cell>, ExportError> {
    let content = &item.content;
    let event = serde_json::to_value(&content.event)?;
    let name = event.get("event").and_then(serde_json::Value::as_str);
    let reasons = match (item.judged(), &content.event) {
        (Some(judged), _) => spelling::reasons(&judged.reasons),
        (None, event) => withdrawal(event),
    };
    let verdict = item.about.verdict.map(|verdict| spelling::code(&verdict));
    Ok(vec![
        Cell::Number(item.entry.number),
        text(&content.recorded_utc),
        Cell::Time(book.local(item.at)),
        text(name.unwrap_or_default()),
        text(item.about.media.first().map_or("", String::as_str)),
        number(item.about.insertion),
        spelled(verdict.unwrap_or_default()),
        spelled(reasons),
        number(item.withdrawn_by),
        spelled(who(&content.event)),
        text(&content.host),
        text(&content.kiosk),
        text(&content.boot_id),
        spelled(content.boottime_ns.to_string()),
        spelled(item.entry.leaf_sha256.to_string()),
        spelled(cell::details(&content.event)?),
    ])
}

/// Why a PASS was taken back; nothing for any other event.
fn withdrawal(event: &Event) -> String {
    if let Event::Withdrawn { reasons, .. } = event {
        return spelling::reasons(reasons);
    }
    String::new()
}

fn of_files(
    book: &Book<'_>,
    item: &Item,
    line: &mut impl FnMut(Vec<Cell>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut any = false;
    if item.sealed_by.is_none() {
        for row in book.rows(item)? {
            any = true;
            line(of_file(book, item, Some(&row?), ""))?;
        }
    }
    if any {
        return Ok(());
    }
    let note = match item.sealed_by {
        Some(by) => format!("the rows are in the archive of entry {by}"),
        None => "this verdict has no rows".to_owned(),
    };
    line(of_file(book, item, None, &note))
}

/// The bytes of a path in hexadecimal, when a cell of any form does not give them exactly.
fn path_hex(path: &MediumName) -> String {
    let spelled = path.escaped().to_string();
    if guarded(&spelled) == spelled {
        return spelling::hex_unless_exact(path);
    }
    wire::name::hex(path.as_bytes())
}

fn of_file(book: &Book<'_>, item: &Item, row: Option<&Row>, note: &str) -> Vec<Cell> {
    let judged = item.judged();
    let target = judged.map(|judged| judged.target.name.escaped().to_string());
    let verdict = judged.map(|judged| spelling::code(&judged.verdict));
    let (outcome, gap) = row.map_or(("", String::new()), |row| spelling::outcome(row.outcome));
    let of_row = |said: fn(&Row) -> String| spelled(row.map(said).unwrap_or_default());
    vec![
        Cell::Number(item.entry.number),
        text(&item.content.recorded_utc),
        Cell::Time(book.local(item.at)),
        spelled(verdict.unwrap_or_default()),
        number(item.withdrawn_by),
        text(item.about.media.first().map_or("", String::as_str)),
        spelled(target.unwrap_or_default()),
        number(row.and_then(|row| row.volume.map(u64::from))),
        of_row(|row| row.path.escaped().to_string()),
        of_row(|row| path_hex(&row.path)),
        of_row(|row| cell::list(&spelling::containers(row), " > ")),
        of_row(|row| spelling::code(&row.kind)),
        number(row.map(|row| row.size_bytes)),
        of_row(|row| {
            row.sha256
                .map(|digest| digest.to_string())
                .unwrap_or_default()
        }),
        text(
            row.and_then(|row| row.content_type.as_deref())
                .unwrap_or_default(),
        ),
        text(outcome),
        spelled(gap),
        of_row(|row| cell::list(&spelling::each_finding(row), "; ")),
        text(note),
    ]
}
