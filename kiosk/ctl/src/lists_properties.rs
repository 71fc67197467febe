//! Whatever people wrote into a list, changes leave it as it is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use toml_edit::Value;

use super::Document;

/// Choices that were made in advance; after the last one always the first possibility.
struct Tape {
    bytes: Vec<u8>,
    at: usize,
}

impl Tape {
    fn below(&mut self, count: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % count
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn comment(&mut self) -> String {
        let words = [
            "",
            " 点検",
            " x = \"y",
            " [[medium]]",
            " it's",
            "# #",
            "\ttab\t",
            " trailing  ",
            " '''",
        ];
        let text: String = (0..=self.below(3)).map(|_| self.of(&words)).collect();
        format!("#{text}")
    }

    fn line_end(&mut self, style: usize) -> &'static str {
        match style {
            0 => "\n",
            1 => "\r\n",
            _ => self.of(&["\n", "\r\n"]),
        }
    }

    /// Comments and blank lines.
    fn between(&mut self, style: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(4) {
            let indent = self.of(&["", "  ", "\t"]);
            if self.below(3) != 0 {
                text += indent;
                text += &self.comment();
            }
            text += self.line_end(style);
        }
        text
    }

    fn behind(&mut self) -> String {
        match self.below(3) {
            0 => String::new(),
            1 => self.of(&["", " ", "\t "]).to_owned(),
            _ => format!("{}{}", self.of(&["", " ", "\t"]), self.comment()),
        }
    }

    fn text(&mut self) -> String {
        let words = [
            "佐藤",
            "棚 1",
            "A # B",
            "it's",
            "a \"b\"",
            "back\\slash",
            "#",
            "=x",
            "[[medium]]",
        ];
        (0..=self.below(3)).map(|_| self.of(&words)).collect()
    }

    fn spelled(&mut self, text: &str) -> String {
        let may_be_literal = !text.contains('\'');
        match self.below(3) {
            1 if may_be_literal => format!("'{text}'"),
            2 if may_be_literal => format!("'''{text}'''"),
            _ => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }

    fn interfaces(&mut self, style: usize) -> String {
        let mut text = "[".to_owned();
        for interface in ["08:06:50", "08:06:62"] {
            if self.below(2) == 0 {
                text += &self.behind();
                text += self.line_end(style);
            }
            text += &format!("\"{interface}\",");
        }
        if self.below(2) == 0 {
            text += &self.behind();
            text += self.line_end(style);
        }
        text + "]"
    }

    fn entry(&mut self, id: &str, serial: usize, style: usize) -> String {
        let mut text = self
            .of(&["[[medium]]", "  [[ medium ]]", "[[\"medium\"]]"])
            .to_owned();
        text += &self.behind();
        text += self.line_end(style);
        let mut keys = vec![
            ("id", self.spelled(id)),
            ("vid", "\"0951\"".to_owned()),
            ("pid", "'0x16AB'".to_owned()),
            ("serial", format!("\"S-{serial}\"")),
            ("interfaces", self.interfaces(style)),
            ("capacity_bytes", "1_000_000".to_owned()),
            ("valid_from", "2026-04-01".to_owned()),
            ("valid_until", "2099-03-31".to_owned()),
            ("status", "\"active\"".to_owned()),
        ];
        for key in ["owner", "company", "storage_place", "note"] {
            let value = self.text();
            keys.push((key, self.spelled(&value)));
        }
        if self.below(2) == 0 {
            keys.pop();
        }
        while !keys.is_empty() {
            let (key, value) = keys.remove(self.below(keys.len()));
            text += &self.between(style);
            text += self.of(&["", "  "]);
            text += key;
            text += self.of(&[" = ", "=", "\t=  "]);
            text += &value;
            text += &self.behind();
            text += self.line_end(style);
        }
        text
    }

    fn list(&mut self) -> (String, usize) {
        let style = self.below(3);
        let mut text = self.of(&["", "\u{FEFF}"]).to_owned();
        text += &self.between(style);
        let entries = 1 + self.below(5);
        for serial in 0..entries {
            text += &self.entry(&format!("M-{serial}"), serial, style);
            text += &self.between(style);
        }
        // Not every editor ends the last line.
        if self.below(2) == 0 {
            text += &self.comment();
        }
        (text, entries)
    }
}

/// Every comment of a text, in order: what follows a # outside of strings.
fn comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['#', '"', '\'']) {
        rest = &rest[at..];
        if rest.starts_with('#') {
            let end = rest.find('\n').unwrap_or(rest.len());
            found.push(rest[..end].trim_end_matches('\r').to_owned());
            rest = &rest[end..];
            continue;
        }
        let long = ["\"\"\"", "'''"]
            .into_iter()
            .find(|mark| rest.starts_with(mark));
        let mark = long.unwrap_or(&rest[..1]);
        let mut end = mark.len();
        while !rest[end..].starts_with(mark) {
            let escaped = mark.starts_with('"') && rest[end..].starts_with('\\');
            let letter = rest[end..].chars().next().unwrap();
            end += letter.len_utf8() + usize::from(escaped);
        }
        rest = &rest[end + mark.len()..];
        // A quotation mark may stand before the closing ones.
        if long.is_some() && rest.starts_with(&mark[..1]) {
            rest = &rest[1..];
        }
    }
    found
}

/// The text of each entry, from its heading to the next one.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches('\u{FEFF}').trim_start();
        if bare.starts_with("[[") {
            parts.push(String::new());
        }
        parts.last_mut().unwrap().push_str(line);
    }
    parts
}

type Model = Vec<(String, BTreeMap<String, String>)>;

fn values(text: &str) -> Model {
    let list = decide::allowlist::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let media = list.media().iter();
    media
        .map(|medium| {
            let interfaces: Vec<_> = medium.interfaces.iter().map(ToString::to_string).collect();
            let mut values = BTreeMap::from([
                ("owner".to_owned(), medium.owner.clone()),
                ("company".to_owned(), medium.company.clone()),
                ("storage_place".to_owned(), medium.storage_place.clone()),
                ("valid_until".to_owned(), medium.valid_until.to_string()),
                ("interfaces".to_owned(), interfaces.join(" ")),
            ]);
            if let Some(note) = &medium.note {
                values.insert("note".to_owned(), note.clone());
            }
            (medium.id.clone(), values)
        })
        .collect()
}

/// One random edit of the list and of the model; gives which entry it is about.
fn edit(tape: &mut Tape, list: &mut Document, model: &mut Model, text: &str) -> Option<usize> {
    let place = tape.below(model.len());
    let id = model[place].0.clone();
    let values = &mut model[place].1;
    let mut set = |key: &str, value: Value, said: &str| {
        list.set("medium", "id", &id, key, value).unwrap();
        values.insert(key.to_owned(), said.to_owned());
    };
    match tape.below(8) {
        0..=2 => {
            let key = tape.of(&["owner", "company", "storage_place", "note"]);
            set(key, text.into(), text);
        }
        3 => {
            let day = tape.of(&["2030-01-01", "2031-12-31"]);
            let value: toml_edit::Datetime = day.parse().unwrap();
            set("valid_until", value.into(), day);
        }
        4 => {
            let interface = tape.of(&["08:06:50", "08:06:62"]);
            let value = Value::Array([interface].into_iter().collect());
            set("interfaces", value, interface);
        }
        5 | 6 => {
            list.unset("medium", "id", &id, "note").unwrap();
            values.remove("note");
        }
        _ => {
            let id = format!("M-{}", model.len());
            let day: toml_edit::Datetime = "2099-03-31".parse().unwrap();
            let first: toml_edit::Datetime = "2026-04-01".parse().unwrap();
            list.append(
                "medium",
                &[
                    ("id", id.as_str().into()),
                    ("vid", "0951".into()),
                    ("pid", "1666".into()),
                    ("serial", format!("N-{id}").into()),
                    (
                        "interfaces",
                        Value::Array(["08:06:50"].into_iter().collect()),
                    ),
                    ("capacity_bytes", 7.into()),
                    ("owner", text.into()),
                    ("company", "c".into()),
                    ("valid_from", first.into()),
                    ("valid_until", day.into()),
                    ("status", "active".into()),
                    ("storage_place", "p".into()),
                ],
            );
            let values = [
                ("owner", text),
                ("company", "c"),
                ("storage_place", "p"),
                ("valid_until", "2099-03-31"),
                ("interfaces", "08:06:50"),
            ];
            let values = values.map(|(key, value)| (key.to_owned(), value.to_owned()));
            model.push((id, BTreeMap::from(values)));
            return None;
        }
    }
    Some(place)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn around_a_hundred_edits_every_comment_and_every_other_entry_stays_byte_for_byte(
        bytes in proptest::collection::vec(any::<u8>(), 1500),
    ) {
        let mut tape = Tape { bytes, at: 0 };
        let (mut text, _) = tape.list();
        let said = comments(&text);
        let mut model = values(&text);
        let mut list = Document::read(&text, "list").unwrap();
        for _ in 0..100 {
            let new_text = tape.text();
            let place = edit(&mut tape, &mut list, &mut model, &new_text);
            let after = list.text();
            prop_assert_eq!(&comments(&after), &said, "{}\n--- became\n{}", text, after);
            prop_assert_eq!(&values(&after), &model);
            let (old, new) = (parts(&text), parts(&after));
            for (number, part) in old.iter().enumerate() {
                let is_last = number + 1 == old.len();
                if place.is_none_or(|place| place + 1 != number) {
                    // What is appended may end the last line and leave one blank.
                    let stays = if is_last && place.is_none() {
                        new[number].starts_with(part.as_str())
                    } else {
                        &new[number] == part
                    };
                    prop_assert!(stays, "{}\n--- became\n{}", part, new[number]);
                }
            }
            prop_assert_eq!(new.len(), model.len() + 1);
            // Each command begins with the file.
            if tape.below(2) == 0 {
                list = Document::read(&after, "list").unwrap();
            }
            text = after;
        }
    }
}
