//! An entry of the list of media as texts, a text for each key: for CSV files, tables and JSON,
//! and back into the list.

use std::collections::BTreeMap;

use decide::allowlist::{Allowlist, Identity, Medium, Status};
use decide::source::ListError;
use toml_edit::Value;

use crate::CommandError;

/// The keys of an entry, in the order in which entries are written.
pub(crate) const KEYS: [&str; 18] = [
    "id",
    "vid",
    "pid",
    "identity",
    "serial",
    "manufacturer",
    "product",
    "release",
    "interfaces",
    "capacity_bytes",
    "owner",
    "company",
    "valid_from",
    "valid_until",
    "status",
    "installs_rules",
    "storage_place",
    "note",
];

/// Whether it is one of those by which a medium is known again: all between its id and what
/// people say of it.
pub(super) fn is_identity(key: &str) -> bool {
    let mut keys = KEYS.into_iter().skip(1).take_while(|key| *key != "owner");
    keys.any(|one| one == key)
}

/// Keys that an entry may leave out.
const OPTIONAL: [&str; 7] = [
    "identity",
    "serial",
    "manufacturer",
    "product",
    "release",
    "installs_rules",
    "note",
];

/// What an entry says, by key; what it leaves out is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells(BTreeMap<&'static str, String>);

/// What is wrong with an entry: with which key if with one, what, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) key: Option<&'static str>,
    pub(crate) what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key {
            Some(key) => write!(f, "{key}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Cells {
    /// Of an entry that is in the list.
    pub(crate) fn of(medium: &Medium) -> Self {
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        let identity = match medium.identity {
            Identity::Serial => "",
            Identity::Model => "model",
        };
        let interfaces: Vec<String> = medium.interfaces.iter().map(ToString::to_string).collect();
        let installs_rules = if medium.installs_rules { "true" } else { "" };
        Self(BTreeMap::from([
            ("id", medium.id.clone()),
            ("vid", format!("{:04x}", medium.vid)),
            ("pid", format!("{:04x}", medium.pid)),
            ("identity", identity.to_owned()),
            ("serial", some(&medium.serial)),
            ("manufacturer", some(&medium.manufacturer)),
            ("product", some(&medium.product)),
            ("release", some(&medium.release)),
            ("interfaces", interfaces.join(" ")),
            ("capacity_bytes", medium.capacity_bytes.to_string()),
            ("owner", medium.owner.clone()),
            ("company", medium.company.clone()),
            ("valid_from", medium.valid_from.to_string()),
            ("valid_until", medium.valid_until.to_string()),
            ("status", spelled(medium.status).to_owned()),
            ("installs_rules", installs_rules.to_owned()),
            ("storage_place", medium.storage_place.clone()),
            ("note", some(&medium.note)),
        ]))
    }

    /// What it says for one key.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// Says something else for one key.
    pub(crate) fn set(&mut self, key: &'static str, text: impl Into<String>) {
        self.0.insert(key, text.into());
    }

    /// The entry, checked by the list's own reader, in the spelling of [`Self::of`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn checked(&self) -> Result<(Self, Medium), Fault> {
        let missing = KEYS
            .into_iter()
            .find(|key| self.get(key).is_empty() && !OPTIONAL.contains(key));
        if let Some(key) = missing {
            return Err(Fault {
                key: Some(key),
                what: "nothing is said; fill it in".to_owned(),
            });
        }
        let fields = self.fields()?;
        let mut text = "[[medium]]\n".to_owned();
        for (key, value) in &fields {
            text.push_str(&format!("{key} = {}\n", value.to_string().trim()));
        }
        let parsed = decide::allowlist::parse(&text).map_err(|error| {
            // One key is one line, after that of the heading.
            let place = error.at().line.saturating_sub(2);
            Fault {
                key: fields.get(place).map(|(key, _)| *key),
                what: what(&error),
            }
        })?;
        match parsed.media() {
            [medium] => Ok((Self::of(medium), medium.clone())),
            _ => Err(Fault {
                key: None,
                what: "this is not one entry".to_owned(),
            }),
        }
    }

    /// The keys that are said, with their values, in the order of [`KEYS`].
    ///
    /// # Errors
    /// A number or a day that is none.
    pub(crate) fn fields(&self) -> Result<Vec<(&'static str, Value)>, Fault> {
        let said = KEYS.into_iter().filter(|key| !self.get(key).is_empty());
        said.map(|key| Ok((key, value(key, self.get(key))?)))
            .collect()
    }
}

/// A value of the list for a key and the text of it.
///
/// # Errors
/// A number or a day that is none. What else may be wrong with it the list's reader says.
pub(crate) fn value(key: &'static str, text: &str) -> Result<Value, Fault> {
    let fault = |what: &str| Fault {
        key: Some(key),
        what: format!("{:?} is {what}", wire::name::line_within(text, 80)),
    };
    match key {
        "interfaces" => Ok(Value::Array(text.split_whitespace().collect())),
        "capacity_bytes" => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| fault("no number of bytes; write all its digits, as 16008609792")),
        "valid_from" | "valid_until" => day(text)
            .and_then(|day| day.to_string().parse::<toml_edit::Datetime>().ok())
            .map(Value::from)
            .ok_or_else(|| fault("no day of the calendar; write it as 2026-04-01")),
        "installs_rules" => match text {
            "true" | "TRUE" => Ok(true.into()),
            "false" | "FALSE" => Ok(false.into()),
            _ => Err(fault("neither true nor false")),
        },
        _ => Ok(text.into()),
    }
}

/// A day as people and spreadsheets write it: `2026-04-01`, `2026/4/1`.
pub(crate) fn day(text: &str) -> Option<jiff::civil::Date> {
    let mut parts = text.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit())
    };
    let is_day = year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2);
    if !is_day || parts.next().is_some() {
        return None;
    }
    jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A status as the list spells it.
pub(crate) fn spelled(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Revoked => "revoked",
        Status::Lost => "lost",
    }
}

/// What is wrong, without a place in a text that nobody sees.
pub(crate) fn what(error: &ListError) -> String {
    match error {
        ListError::TooLong { .. } => error.to_string(),
        ListError::Malformed { what, next, .. } | ListError::Duplicate { what, next, .. } => {
            format!("{what}; {next}")
        }
    }
}

/// The list in a text that was checked.
pub(crate) fn list(text: &str) -> Result<Allowlist, CommandError> {
    decide::allowlist::parse(text).map_err(|error| CommandError::Asked(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stick() -> Cells {
        let mut cells = Cells::default();
        for (key, text) in [
            ("id", "M-1"),
            ("vid", "0951"),
            ("pid", "0x16AB"),
            ("serial", "S'\"\\1"),
            ("interfaces", "08:06:50  08:06:62"),
            ("capacity_bytes", "16008609792"),
            ("owner", "佐藤"),
            ("company", "保守会社A"),
            ("valid_from", "2026/4/1"),
            ("valid_until", "2027-03-31"),
            ("status", "active"),
            ("storage_place", "棚 1"),
        ] {
            cells.set(key, text);
        }
        cells
    }

    #[test]
    fn an_entry_is_read_as_the_list_reads_it_and_spelled_in_one_way() {
        let (cells, medium) = stick().checked().unwrap();
        assert_eq!(cells.get("pid"), "16ab");
        assert_eq!(cells.get("interfaces"), "08:06:50 08:06:62");
        assert_eq!(cells.get("valid_from"), "2026-04-01");
        assert_eq!(medium.serial.as_deref(), Some("S'\"\\1"));
        assert_eq!(cells.checked().unwrap().0, cells);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (key, text, what) in [
            ("vid", "951", "vid: a USB id must be four"),
            ("owner", "", "owner: nothing is said"),
            (
                "capacity_bytes",
                "1.6E+10",
                "capacity_bytes: \"1.6E+10\" is no number",
            ),
            ("capacity_bytes", "0", "capacity_bytes: 0 is outside"),
            (
                "valid_until",
                "2026-02-30",
                "valid_until: \"2026-02-30\" is no day",
            ),
            (
                "valid_until",
                "2020-01-01",
                "valid_until: the last valid day",
            ),
            ("status", "aktiv", "unknown variant"),
            (
                "installs_rules",
                "yes",
                "installs_rules: \"yes\" is neither",
            ),
            ("identity", "model", "identity: a medium with a serial"),
            (
                "interfaces",
                "8:6:50",
                "interfaces: interface must look like",
            ),
            ("note", "a\u{202e}b", "note: the text holds a character"),
        ] {
            let mut cells = stick();
            cells.set(key, text);
            let fault = cells.checked().unwrap_err().to_string();
            assert!(fault.contains(what), "{key} {text}: {fault}");
        }
    }

    #[test]
    fn a_day_is_taken_as_spreadsheets_write_it() {
        for text in ["2026-04-01", "2026/4/1", "2026/04/01", "2026-4-1"] {
            assert_eq!(day(text), Some(jiff::civil::date(2026, 4, 1)), "{text}");
        }
        for text in [
            "",
            "4/1/2026",
            "2026-04",
            "2026-04-01-1",
            "2026-13-01",
            "2026-+4-1",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
