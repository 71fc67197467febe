//! One line for a program that watches over a plant: an entry, or a file of a verdict that is
//! not clean, as a headline with named values. What carries it is for [`crate::cef`],
//! [`crate::syslog`] and [`crate::journal`].

use jiff::Timestamp;
use serde_json::Value;
use wire::{MediumName, Outcome, Row};

use crate::about::{Level, headline};
use crate::book::{Book, Item};
use crate::error::ExportError;
use crate::spelling::{self, printed};

/// Longest value in a line, in bytes: the longest path that is kept, when nothing in it must be
/// spelled out. What is longer is cut, ends with [`CUT`], and is whole in the ledger.
pub const LINE_VALUE_BYTES_MAX: usize = 4096;

/// Longest hexadecimal spelling in a line, in bytes: that of the longest name that is kept.
pub const LINE_HEX_BYTES_MAX: usize = 2 * wire::name::NAME_BYTES_MAX;

/// Most bytes of names and values in a line: with the escapes of any form it fits a packet to
/// the journal. Values past it are left out, and the last one says so.
pub const LINE_BYTES_MAX: usize = 48 * 1024;

/// What the name of a value ends with that has the bytes of another one.
pub const HEX: &str = "_hex";

/// What a value that was cut ends with.
pub const CUT: &str = "⟨cut⟩";

/// Values that no watcher has a use for: they are long, and in the ledger.
const LEFT_OUT: [&str; 3] = ["descriptors", "outside", "coverage"];

/// One line. No text in it has anything hidden, and so no end of a line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The entry.
    pub number: u64,
    /// Its leaf hash.
    pub leaf_sha256: wire::Digest,
    /// When it was written.
    pub at: Timestamp,
    /// On which machine.
    pub host: String,
    /// Version of the kiosk.
    pub kiosk: String,
    /// What happened: the event as the ledger calls it, or `finding` for a file.
    pub event: String,
    /// A few words.
    pub headline: &'static str,
    /// How grave.
    pub level: Level,
    /// What is said of it, by names with dots: `target.name`.
    pub values: Vec<(String, String)>,
}

impl Line {
    /// The line in words: the headline, and what people ask first.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.headline.to_owned();
        for (name, value) in &self.values {
            let asked = [
                "medium",
                "target.name",
                "path",
                "reasons",
                "findings",
                "whom",
                "why",
                "list",
            ];
            if asked.contains(&name.as_str()) {
                let name = name.split('.').next().unwrap_or_default();
                message.push_str(&format!(", {name} {value}"));
            }
        }
        message
    }

    fn add(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let sizes = self.values.iter().map(|(name, value)| {
            let size = name.len().saturating_add(value.len());
            size.saturating_add(1)
        });
        let size = sizes.fold(0_usize, usize::saturating_add);
        if LINE_BYTES_MAX <= size {
            if self.values.last().is_none_or(|(name, _)| name != "more") {
                self.values.push(("more".to_owned(), CUT.to_owned()));
            }
            return;
        }
        let most = if name.ends_with(HEX) {
            LINE_HEX_BYTES_MAX
        } else {
            LINE_VALUE_BYTES_MAX
        };
        self.values.push((name.to_owned(), cut(value, most)));
    }

    /// Adds what a medium or a person spelled, and its bytes when the line does not give them
    /// exactly.
    fn add_spelled(&mut self, name: &str, spelled: &str, bytes: &[u8], is_exact: bool) {
        self.add(name, spelled);
        // Readers take blanks off at both ends of a value.
        let is_kept = spelled.trim() == spelled && spelled.len() <= LINE_VALUE_BYTES_MAX;
        if !(is_exact && is_kept) {
            self.add(&format!("{name}{HEX}"), &wire::name::hex(bytes));
        }
    }

    fn add_text(&mut self, name: &str, text: &str) {
        let is_exact = spelling::is_exact(text);
        self.add_spelled(name, &printed(text), text.as_bytes(), is_exact);
    }

    fn add_name(&mut self, name: &str, said: &MediumName) {
        let is_exact = said.as_text().is_some_and(spelling::is_exact);
        let spelled = said.escaped().to_string();
        self.add_spelled(name, &spelled, said.as_bytes(), is_exact);
    }
}

/// Hands out each line, and gives the number of entries in them.
///
/// # Errors
/// When the ledger cannot be read, its rows are not those that were written, or `each` fails.
pub fn lines(
    book: &Book<'_>,
    mut each: impl FnMut(&Line) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let mut entries = 0_u64;
    for item in book.items()? {
        let item = item?;
        each(&of_entry(&item)?)?;
        entries = entries.saturating_add(1);
        let Some(_) = item.judged() else { continue };
        if item.sealed_by.is_some() {
            continue;
        }
        for row in book.rows(&item)? {
            let row = row?;
            if row.outcome != Outcome::Clean && !row.inherited {
                each(&of_row(&item, &row))?;
            }
        }
    }
    Ok(entries)
}

fn of_entry(item: &Item) -> Result<Line, ExportError> {
    let (headline, level) = match item.withdrawn_by {
        Some(_) => ("Medium PASS, withdrawn afterwards", Level::Warning),
        None => headline(&item.content.event),
    };
    let event = serde_json::to_value(&item.content.event)?;
    let name = event.get("event").and_then(Value::as_str);
    let mut line = bare(item, name.unwrap_or_default(), headline, level);
    if let Value::Object(mut keys) = event {
        keys.remove("event");
        // A name in the event itself is the medium of this entry; else its insertion tells it, or
        // the entry of the list that refused it.
        if keys.get("medium").is_none_or(Value::is_null) {
            let medium = item.about.media.first();
            line.add("medium", &printed(medium.map_or("", String::as_str)));
        }
        flatten(&mut line, "", &Value::Object(keys))?;
    }
    if let Some(by) = item.withdrawn_by {
        line.add("withdrawn_by", &by.to_string());
    }
    if let Some(by) = item.sealed_by {
        line.add("rows_sealed_by", &by.to_string());
    }
    Ok(line)
}

fn of_row(item: &Item, row: &Row) -> Line {
    let (outcome, gap) = spelling::outcome(row.outcome);
    let (headline, level) = match row.outcome {
        Outcome::Clean => ("Content examined", Level::Routine),
        Outcome::Matched => ("Content matched", Level::Alarm),
        Outcome::Unchecked(_) => ("Content not examined", Level::Warning),
    };
    let mut line = bare(item, "finding", headline, level);
    let medium = item.about.media.first();
    line.add("medium", &printed(medium.map_or("", String::as_str)));
    let optional = |number: Option<u64>| number.map(|number| number.to_string());
    let volume = optional(row.volume.map(u64::from));
    let insertion = optional(item.about.insertion);
    line.add("insertion", &insertion.unwrap_or_default());
    line.add("volume", &volume.unwrap_or_default());
    line.add_name("path", &row.path);
    let values = [
        ("within", Some(spelling::within(row))),
        ("kind", Some(spelling::code(&row.kind))),
        ("size_bytes", optional(Some(row.size_bytes))),
        ("sha256", row.sha256.map(|digest| digest.to_string())),
        ("type", row.content_type.as_deref().map(printed)),
        ("outcome", Some(outcome.to_owned())),
        ("gap", Some(gap)),
        ("findings", Some(spelling::findings(row))),
    ];
    for (name, value) in values {
        line.add(name, &value.unwrap_or_default());
    }
    line
}

fn bare(item: &Item, event: &str, headline: &'static str, level: Level) -> Line {
    Line {
        number: item.entry.number,
        leaf_sha256: item.entry.leaf_sha256,
        at: item.at,
        host: printed(&item.content.host),
        kiosk: printed(&item.content.kiosk),
        event: event.to_owned(),
        headline,
        level,
        values: Vec::new(),
    }
}

/// Adds every value below `value`, named by its keys.
fn flatten(line: &mut Line, name: &str, value: &Value) -> Result<(), ExportError> {
    match value {
        Value::Null => {}
        Value::Bool(said) => line.add(name, &said.to_string()),
        Value::Number(number) => line.add(name, &number.to_string()),
        Value::String(text) => line.add_text(name, text),
        Value::Array(_) if name == "reasons" => {
            let reasons: Vec<wire::Reason> = serde_json::from_value(value.clone())?;
            line.add(name, &spelling::reasons(&reasons));
        }
        Value::Array(all) if all.is_empty() => {}
        Value::Array(_) => line.add(name, &record::canonical::line(value)?),
        Value::Object(keys) => {
            if let Some(hex) = as_hex(value) {
                line.add_name(name, &hex);
                return Ok(());
            }
            for (key, value) in keys {
                if LEFT_OUT.contains(&key.as_str()) {
                    continue;
                }
                let name = match name {
                    "" => key.clone(),
                    name => format!("{name}.{key}"),
                };
                flatten(line, &name, value)?;
            }
        }
    }
    Ok(())
}

/// A name from a medium that is no readable text.
fn as_hex(value: &Value) -> Option<MediumName> {
    let keys = value.as_object()?;
    if keys.len() != 1 || !keys.contains_key("hex") {
        return None;
    }
    serde_json::from_value(value.clone()).ok()
}

/// As much of a value as `bytes_max` has room for.
pub(crate) fn cut(value: &str, bytes_max: usize) -> String {
    if value.len() <= bytes_max {
        return value.to_owned();
    }
    let end = value.floor_char_boundary(bytes_max.saturating_sub(CUT.len()));
    format!("{}{CUT}", value.get(..end).unwrap_or_default())
}
