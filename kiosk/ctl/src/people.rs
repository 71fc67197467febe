//! `kioskctl company`, `visit` and `account`: the people around the kiosk, and what ends with
//! their contracts.

mod account;

mod company;

mod custody;

mod ending;

mod visit;

use std::path::{Path, PathBuf};

use broker::Paths;
use broker::site::Site;
use decide::{Moment, When};
use serde_json::Value;
use wire::list_change::ListName;
use wire::rule_change::Person;

use crate::CommandError;
use crate::lists::{self, Document, Edit};
use crate::print;
use crate::who;

pub(crate) use account::{Arguments as AccountArguments, exists};
pub(crate) use company::Arguments as CompanyArguments;
pub(crate) use visit::Arguments as VisitArguments;

/// Runs `kioskctl account`.
pub(crate) fn account(arguments: &AccountArguments, paths: &Paths) -> Result<u8, CommandError> {
    account::run(arguments, paths)
}

/// Runs `kioskctl company`.
pub(crate) fn company(arguments: &CompanyArguments, paths: &Paths) -> Result<u8, CommandError> {
    company::run(arguments, paths)
}

/// Runs `kioskctl visit`.
pub(crate) fn visit(arguments: &VisitArguments, paths: &Paths) -> Result<u8, CommandError> {
    visit::run(arguments, paths)
}

/// How a list is shown.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Form {
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values with a head line
    #[arg(long)]
    csv: bool,
}

/// Whoever changes something, and where it is written down.
struct Desk<'a> {
    paths: &'a Paths,
    ledger: Option<&'a Path>,
    by: Person,
    reason: Option<String>,
}

impl<'a> Desk<'a> {
    /// For an administrator, who runs this.
    fn of(paths: &'a Paths, ledger: Option<&'a PathBuf>) -> Result<Self, CommandError> {
        Ok(Self {
            paths,
            ledger: ledger.map(PathBuf::as_path),
            by: who::administrator(paths)?,
            reason: None,
        })
    }

    fn edit<T>(
        &self,
        list: ListName,
        change: impl FnOnce(&mut Document) -> Result<T, CommandError>,
    ) -> Result<(T, u64), CommandError> {
        let edit = Edit {
            paths: self.paths,
            ledger: self.ledger,
            list,
            by: self.by.clone(),
            second: None,
            reason: self.reason.clone(),
        };
        lists::edit(&edit, change)
    }
}

/// Now, by the site's calendar, and not earlier than the kiosk has known.
fn now(paths: &Paths) -> Result<Moment, CommandError> {
    let latest = who::latest(paths)?;
    // A list needs no more than seconds; cut off, it is never later than now.
    let seconds = jiff::Timestamp::from_second(latest.as_second()).unwrap_or(latest);
    Ok(Site::read(paths)?.moment(seconds))
}

/// A day or a moment, as the command line says it.
pub(crate) fn when(text: &str) -> Result<When, String> {
    let next = "write a day (2026-11-30) or a time (2026-11-30T17:00:00)";
    When::parse(text).ok_or_else(|| next.to_owned())
}

/// A day or a moment, as a list says it.
fn dated(when: When) -> Result<toml_edit::Value, CommandError> {
    let text = when.to_string();
    let written: Result<toml_edit::Datetime, _> = text.parse();
    let refused = |_| CommandError::Asked(format!("no list can say {text}"));
    Ok(written.map_err(refused)?.into())
}

/// Fields of a new entry, in the order in which they were said.
#[derive(Default)]
struct Fields<'k>(Vec<(&'k str, toml_edit::Value)>);

impl<'k> Fields<'k> {
    fn say(&mut self, key: &'k str, value: impl Into<toml_edit::Value>) {
        self.0.push((key, value.into()));
    }

    fn may_say(&mut self, key: &'k str, value: Option<&String>) {
        if let Some(value) = value {
            self.say(key, value.as_str());
        }
    }
}

/// Prints objects as a table, as CSV or as JSON.
fn table(form: Form, columns: &[&str], rows: &[Value]) {
    if rows.is_empty() {
        print::note("kioskctl: nothing found: the list has no such entry");
    }
    if form.json {
        rows.iter().for_each(|row| print::line(&row.to_string()));
        return;
    }
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            let texts = values.iter().filter_map(Value::as_str);
            texts.collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    };
    let cells = rows.iter().map(|row| {
        let cells = columns.iter().map(|column| text(row.get(*column)));
        cells.collect::<Vec<_>>()
    });
    if form.csv {
        print::head(&columns.join(","));
        for row in cells {
            print::values(&print::record(row));
        }
        return;
    }
    print::table(columns, &cells.collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_time_is_said_in_a_list_in_the_same_way() {
        for text in ["2026-11-30", "2026-11-30T17:00:00", "2026-11-30T08:00:00Z"] {
            let value = dated(when(text).unwrap()).unwrap();
            assert_eq!(value.to_string(), text);
        }
        for text in ["", "17:00:00", "2026-02-30", "30.11.2026"] {
            assert!(when(text).is_err(), "{text}");
        }
    }
}
