//! What a change of a list changes, for the ledger.

use std::collections::BTreeMap;

use toml_edit::Table;
use wire::list_change::{Change, Changed, FIELD_BYTES_MAX, Field};
use wire::name;

use super::document::plain;

/// Keys whose values are nobody's business: codes and badges of visits, hashes of PINs.
const SECRETS: [&str; 3] = ["code", "badge", "pin"];

/// An entry's heading and its id or name.
type Named = (String, String);

/// The keys of an entry with their values, however they are spelled, in the list's order.
type Fields = Vec<(String, String)>;

/// The entries that differ between two texts of a list, in the order of the second; what was
/// taken out comes last. Both texts were read before, so that one which cannot be read any more
/// has no entries.
pub(crate) fn between(before: &str, after: &str) -> Vec<Changed> {
    let old = entries(before);
    let new = entries(after);
    let mut gone: BTreeMap<&Named, &Fields> = BTreeMap::new();
    for (named, fields) in &old {
        gone.insert(named, fields);
    }
    let mut changed = Vec::new();
    for (named, fields) in &new {
        let (change, fields) = match gone.remove(named) {
            None => (Change::Added, differing(&[], fields)),
            Some(old) => (Change::Edited, differing(old, fields)),
        };
        if change == Change::Added || !fields.is_empty() {
            changed.push(told_one(named, change, fields));
        }
    }
    for (named, fields) in &old {
        if gone.contains_key(named) {
            changed.push(told_one(named, Change::Removed, differing(fields, &[])));
        }
    }
    changed
}

fn told_one((kind, id): &Named, change: Change, fields: Vec<Field>) -> Changed {
    Changed {
        kind: name::line_within(kind, FIELD_BYTES_MAX),
        id: name::line_within(id, FIELD_BYTES_MAX),
        change,
        fields,
    }
}

fn differing(old: &[(String, String)], new: &[(String, String)]) -> Vec<Field> {
    let value = |fields: &[(String, String)], key: &str| {
        let mut fields = fields.iter();
        let found = fields.find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    };
    let only_old = old
        .iter()
        .filter(|(key, _)| new.iter().all(|(other, _)| other != key));
    let keys = new.iter().chain(only_old).map(|(key, _)| key);
    let fields = keys.filter_map(|key| {
        let (before, after) = (value(old, key), value(new, key));
        let is_secret = SECRETS.contains(&key.as_str());
        let said = |value: Option<String>| {
            let value = value.filter(|_| !is_secret)?;
            Some(name::line_within(&value, FIELD_BYTES_MAX))
        };
        (before != after).then(|| Field {
            key: name::line_within(key, FIELD_BYTES_MAX),
            before: said(before),
            after: said(after),
        })
    });
    fields.collect()
}

/// Every entry of a list.
fn entries(text: &str) -> Vec<(Named, Fields)> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let Ok(parsed) = toml_edit::Document::parse(text) else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for (kind, item) in parsed.iter() {
        let tables = item.as_array_of_tables();
        for table in tables.into_iter().flat_map(toml_edit::ArrayOfTables::iter) {
            let named = ["id", "name"]
                .iter()
                .find_map(|key| table.get(key)?.as_str());
            let named = (kind.to_owned(), named.unwrap_or_default().to_owned());
            entries.push((named, fields(table)));
        }
    }
    entries
}

fn fields(table: &Table) -> Fields {
    let fields = table.iter();
    let fields = fields.filter_map(|(key, item)| Some((key.to_owned(), plain(item.as_value()?))));
    fields.collect()
}
