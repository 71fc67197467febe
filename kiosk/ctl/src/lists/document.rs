//! A list as a text whose entries can be changed, and every other byte of which stays: comments,
//! blank lines, order, line ends, a byte order mark.
//!
//! The text is cut before each `[[heading]]`. A change touches one of these parts, and in it
//! only the value that it is about; `toml_edit` says where that is and how values are spelled.

use std::ops::Range;

use toml_edit::{Item, Table, Value};

use crate::CommandError;

/// What some editors put before a text in UTF-8.
const MARK: &str = "\u{FEFF}";

/// A list that is being changed.
pub(crate) struct Document {
    /// For messages.
    file: String,
    /// The byte order mark, or nothing.
    mark: &'static str,
    /// How its lines end.
    line_end: &'static str,
    parts: Vec<Part>,
}

/// From one heading to the next, or what is before the first.
struct Part {
    text: String,
    /// The heading; `None` before the first one.
    kind: Option<String>,
    /// What may name it: its `id` and its `name`.
    named: Vec<(String, String)>,
}

impl Document {
    /// Takes a list apart that the list's own reader has accepted.
    pub(crate) fn read(text: &str, file: &str) -> Result<Self, CommandError> {
        let (mark, body) = match text.strip_prefix(MARK) {
            Some(body) => (MARK, body),
            None => ("", text),
        };
        let first_line = body.split_inclusive('\n').next().unwrap_or_default();
        let line_end = if first_line.ends_with("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let mut starts = headings(body, file)?;
        starts.sort_unstable();
        let ends = starts.iter().copied().chain([body.len()]);
        let begins = [0].into_iter().chain(starts.iter().copied());
        let parts = begins
            .zip(ends)
            .map(|(begin, end)| Part::read(body.get(begin..end).unwrap_or_default(), file))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            file: file.to_owned(),
            mark,
            line_end,
            parts,
        })
    }

    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let parts = self.parts.iter().map(|part| part.text.as_str());
        [self.mark].into_iter().chain(parts).collect()
    }

    /// Adds an entry at the end, its keys in this order.
    pub(crate) fn append(&mut self, kind: &str, fields: &[(&str, Value)]) {
        let end = self.line_end;
        let last = self
            .parts
            .iter_mut()
            .rev()
            .find(|part| !part.text.is_empty());
        if let Some(last) = last {
            if !last.text.ends_with('\n') {
                last.text.push_str(end);
            }
            let before = last.text.trim_end_matches('\n').trim_end_matches('\r');
            let after = last.text.get(before.len()..).unwrap_or_default();
            if after.matches('\n').count() < 2 {
                last.text.push_str(end);
            }
        }
        let mut text = format!("[[{kind}]]{end}");
        for (key, value) in fields {
            text.push_str(&format!("{key} = {}{end}", spelled(value)));
        }
        let named = fields.iter().filter_map(|(key, value)| {
            let value = value.as_str().filter(|_| is_name(key))?;
            Some(((*key).to_owned(), value.to_owned()))
        });
        self.parts.push(Part {
            named: named.collect(),
            text,
            kind: Some(kind.to_owned()),
        });
    }

    /// Sets one key of one entry. The comment beside it stays; a key that is new comes after
    /// the others.
    ///
    /// # Errors
    /// When there is no such entry.
    pub(crate) fn set(
        &mut self,
        kind: &str,
        id_key: &str,
        id: &str,
        key: &str,
        value: Value,
    ) -> Result<(), CommandError> {
        let (file, line_end) = (self.file.clone(), self.line_end);
        let part = self.part(kind, id_key, id)?;
        let text = part.looked(&file, |table, text| match table.get(key) {
            Some(old) => replaced(text, table, key, old, &value, line_end),
            None => Some(added(text, table, key, &value, line_end)),
        })?;
        if let Some(text) = text {
            *part = Part::read(&text, &file)?;
        }
        Ok(())
    }

    /// Takes one key out of one entry, if it is there. The comment beside it stays.
    ///
    /// # Errors
    /// When there is no such entry.
    pub(crate) fn unset(
        &mut self,
        kind: &str,
        id_key: &str,
        id: &str,
        key: &str,
    ) -> Result<(), CommandError> {
        let (file, line_end) = (self.file.clone(), self.line_end);
        let part = self.part(kind, id_key, id)?;
        let text = part.looked(&file, |table, text| {
            removed(text, table, key, table.get(key)?, line_end)
        })?;
        if let Some(text) = text {
            *part = Part::read(&text, &file)?;
        }
        Ok(())
    }

    fn part(&mut self, kind: &str, id_key: &str, id: &str) -> Result<&mut Part, CommandError> {
        let is_it = |part: &&mut Part| {
            let mut named = part.named.iter();
            part.kind.as_deref() == Some(kind)
                && named.any(|(key, name)| key == id_key && name == id)
        };
        let file = &self.file;
        self.parts.iter_mut().find(is_it).ok_or_else(|| {
            CommandError::Asked(format!("{file} has no [[{kind}]] whose {id_key} is {id:?}"))
        })
    }
}

impl Part {
    fn read(text: &str, file: &str) -> Result<Self, CommandError> {
        let part = Self {
            text: text.to_owned(),
            kind: None,
            named: Vec::new(),
        };
        let parsed = parsed(text, file)?;
        let table = parsed.iter().find_map(|(kind, item)| {
            let table = item.as_array_of_tables()?.get(0)?;
            Some((kind.to_owned(), table))
        });
        let Some((kind, table)) = table else {
            return Ok(part);
        };
        let named = table.iter().filter_map(|(key, item)| {
            let name = item.as_str().filter(|_| is_name(key))?;
            Some((key.to_owned(), name.to_owned()))
        });
        Ok(Self {
            kind: Some(kind),
            named: named.collect(),
            ..part
        })
    }

    /// Shows the entry to `look`, with the places of its keys and values in its text.
    fn looked<T>(
        &self,
        file: &str,
        look: impl FnOnce(&Table, &str) -> Option<T>,
    ) -> Result<Option<T>, CommandError> {
        let parsed = parsed(&self.text, file)?;
        let mut tables = parsed
            .iter()
            .filter_map(|(_, item)| item.as_array_of_tables()?.get(0));
        Ok(tables.next().and_then(|table| look(table, &self.text)))
    }
}

fn is_name(key: &str) -> bool {
    matches!(key, "id" | "name")
}

fn parsed(text: &str, file: &str) -> Result<toml_edit::Document<String>, CommandError> {
    toml_edit::Document::parse(text.to_owned()).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start));
        let line = line.unwrap_or_default().matches('\n').count();
        CommandError::Asked(format!(
            "{file}:{}: {}; correct this line",
            line.saturating_add(1),
            wire::name::line(error.message())
        ))
    })
}

/// Where the lines of all `[[headings]]` begin.
fn headings(text: &str, file: &str) -> Result<Vec<usize>, CommandError> {
    let parsed = parsed(text, file)?;
    let tables = parsed
        .iter()
        .filter_map(|(_, item)| item.as_array_of_tables());
    let spans = tables.flat_map(|tables| tables.iter().filter_map(Table::span));
    Ok(spans.map(|span| line_begin(text, span.start)).collect())
}

/// A value as a list spells it.
fn spelled(value: &Value) -> String {
    value.to_string().trim().to_owned()
}

/// A value without the ways in which one may spell it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => spelled(&Value::from(text.value().as_str())),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(yes) => yes.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::Array(array) => {
            let values: Vec<String> = array.iter().map(plain).collect();
            format!("[{}]", values.join(", "))
        }
        Value::InlineTable(table) => {
            let pairs = table.iter();
            let pairs = pairs.map(|(key, value)| format!("{key} = {}", plain(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The text with another value, or `None` when it is no other.
fn replaced(
    text: &str,
    table: &Table,
    key: &str,
    old: &Item,
    value: &Value,
    line_end: &str,
) -> Option<String> {
    let old_value = old.as_value()?;
    if plain(old_value) == plain(value) {
        return None;
    }
    let span = old.span()?;
    let begin = line_begin(text, key_span(table, key)?.start);
    let above = comments_within(text, old_value, line_end);
    let (head, between) = (text.get(..begin)?, text.get(begin..span.start)?);
    let tail = text.get(span.end..)?;
    Some(format!("{head}{above}{between}{}{tail}", spelled(value)))
}

/// The text with one more key, after the last one.
fn added(text: &str, table: &Table, key: &str, value: &Value, line_end: &str) -> String {
    let ends = table.iter().filter_map(|(_, item)| Some(item.span()?.end));
    // An entry without a key would be refused by the list's reader; its heading is a line.
    let last = ends
        .max()
        .or(table.span().map(|span| span.end))
        .unwrap_or(0);
    let at = line_end_after(text, last);
    let (head, tail) = (
        text.get(..at).unwrap_or_default(),
        text.get(at..).unwrap_or_default(),
    );
    let line = format!("{key} = {}", spelled(value));
    if head.ends_with('\n') {
        format!("{head}{line}{line_end}{tail}")
    } else {
        format!("{head}{line_end}{line}{tail}")
    }
}

/// The text without a key. What stands behind its value on the line stays, when it is a comment.
fn removed(text: &str, table: &Table, key: &str, old: &Item, line_end: &str) -> Option<String> {
    let span = old.span()?;
    let begin = line_begin(text, key_span(table, key)?.start);
    let end = line_end_after(text, span.end);
    let within = comments_within(text, old.as_value()?, line_end);
    let behind = text.get(span.end..end)?;
    let behind = behind.trim_start_matches([' ', '\t']);
    let kept = if behind.starts_with('#') { behind } else { "" };
    Some(format!(
        "{}{within}{kept}{}",
        text.get(..begin)?,
        text.get(end..)?
    ))
}

/// The comments between the values of an array, a line each.
fn comments_within(text: &str, value: &Value, line_end: &str) -> String {
    let (Some(array), Some(whole)) = (value.as_array(), value.span()) else {
        return String::new();
    };
    let mut comments = String::new();
    let mut from = whole.start;
    let spans = array.iter().filter_map(Value::span);
    for span in spans.chain(std::iter::once(whole.end..whole.end)) {
        let between = text.get(from..span.start).unwrap_or_default();
        for line in between.lines() {
            if let Some((_, comment)) = line.split_once('#') {
                comments.push_str(&format!("#{comment}{line_end}"));
            }
        }
        from = span.end;
    }
    comments
}

fn key_span(table: &Table, key: &str) -> Option<Range<usize>> {
    let (key, _) = table.get_key_value(key)?;
    key.span()
}

fn line_begin(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    head.rfind('\n').map_or(0, |place| place.saturating_add(1))
}

/// Behind the end of the line that `at` is in.
fn line_end_after(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    let end = tail.find('\n').map(|place| place.saturating_add(1));
    at.saturating_add(end.unwrap_or(tail.len()))
}
