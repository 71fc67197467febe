//! Common Event Format, version 0 (ArcSight's implementation standard, revision 26): a header of
//! seven fields between bars, then values by name. In the header bar and backslash are escaped,
//! in values backslash, equals sign and the ends of lines; nothing else is.

use std::io::Write;

use crate::about::Level;
use crate::book::Book;
use crate::error::ExportError;
use crate::line::{self, HEX, Line, cut};

/// Whose events they are.
const VENDOR: &str = "media-kiosk";

/// Of which product.
const PRODUCT: &str = "media-kiosk";

/// Values that CEF has a name for. Every other one is called `mk` and its own name.
const KNOWN: [(&str, &str); 15] = [
    ("verdict", "act"),
    ("target.name", "fname"),
    ("target.size_bytes", "fsize"),
    ("path", "filePath"),
    ("size_bytes", "fsize"),
    ("sha256", "fileHash"),
    ("type", "fileType"),
    ("outcome", "outcome"),
    ("fault", "reason"),
    ("why", "reason"),
    ("reason", "reason"),
    ("by", "suser"),
    ("by.user", "suser"),
    ("by.uid", "suid"),
    ("insertion", "externalId"),
];

/// Values that CEF gives a place and no name.
const LABELLED: [(&str, &str); 3] = [("medium", "cs1"), ("reasons", "cs2"), ("findings", "cs3")];

/// How long values may be, in bytes, by the dictionary of the standard, whose letters need not be
/// bytes: fewer fit everywhere. Values with a name of our own have no other limit than the line's.
pub const CEF_VALUE_BYTES_MAX: [(&str, usize); 16] = [
    ("act", 63),
    ("cat", 1023),
    ("cs1", 4000),
    ("cs2", 4000),
    ("cs3", 4000),
    ("dvchost", 100),
    ("externalId", 40),
    ("fileHash", 255),
    ("filePath", 1023),
    ("fileType", 1023),
    ("fname", 1023),
    ("msg", 1023),
    ("outcome", 63),
    ("reason", 1023),
    ("suid", 1023),
    ("suser", 1023),
];

/// Writes a line for each entry and each file that is not clean; gives the number of entries.
///
/// # Errors
/// When the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, mut out: impl Write) -> Result<u64, ExportError> {
    let entries = line::lines(book, |line| Ok(writeln!(out, "{}", spelled(line))?))?;
    out.flush()?;
    Ok(entries)
}

/// The line in CEF, without the end of a line.
#[must_use]
pub fn spelled(line: &Line) -> String {
    let id = signature(line);
    let head = [
        VENDOR,
        PRODUCT,
        &line.kiosk,
        &id,
        line.headline,
        severity(line.level),
    ];
    let head = head.map(header);
    let mut text = format!("CEF:0|{}|", head.join("|"));
    // Whether all of it had room.
    let mut add = |name: &str, said: &str| {
        let space = if text.ends_with('|') { "" } else { " " };
        let limit = CEF_VALUE_BYTES_MAX
            .iter()
            .find(|(limited, _)| *limited == name);
        let kept = limit.map_or_else(|| said.to_owned(), |(_, most)| cut(said, *most));
        text.push_str(&format!("{space}{name}={}", value(&kept)));
        kept == said
    };
    add("rt", &line.at.as_millisecond().to_string());
    add("dvchost", &line.host);
    add("cat", &line.event);
    add("mkEntry", &line.number.to_string());
    add("mkLeafSha256", &line.leaf_sha256.to_string());
    for (name, said) in &line.values {
        let known = KNOWN.iter().find(|(ours, _)| ours == name);
        let labelled = LABELLED.iter().find(|(ours, _)| ours == name);
        let is_whole = match (known, labelled) {
            (Some((_, theirs)), _) => add(theirs, said),
            (None, Some((_, place))) => {
                add(&format!("{place}Label"), name);
                add(place, said)
            }
            (None, None) => add(&key(name), said),
        };
        let hex = format!("{name}{HEX}");
        if !is_whole && !line.values.iter().any(|(other, _)| *other == hex) {
            add(&key(&hex), &wire::name::hex(said.as_bytes()));
        }
    }
    add("msg", &line.message());
    text
}

/// What kind of event it is: a watcher's rules go by it. The event as the ledger calls it,
/// `finding` for a file, `judged-` and the verdict, or `refused` for a verdict without a scan.
fn signature(line: &Line) -> String {
    let mut values = line.values.iter();
    let is_refusal = values.any(|(name, _)| name.starts_with("refused."));
    let verdict = line.values.iter().find(|(name, _)| name == "verdict");
    match (line.event.as_str(), verdict) {
        ("judged", Some(_)) if is_refusal => "refused".to_owned(),
        ("judged", Some((_, verdict))) => format!("judged-{verdict}"),
        (event, _) => event.to_owned(),
    }
}

/// From 0 to 10; from 9 on it is very high.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Routine => "1",
        Level::Notable => "3",
        Level::Warning => "6",
        Level::Alarm => "9",
    }
}

/// A field of the header. An end of a line cannot stand there; it becomes a blank.
fn header(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '\\' => escaped.extend(['\\', letter]),
            '\n' | '\r' => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A value of the extension.
fn value(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '=' | '\\' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A name of our own: letters and digits only.
fn key(name: &str) -> String {
    let words = name.split(['.', '_']);
    let words = words.map(|word| {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    format!("mk{}", words.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes escapes off as a reader does.
    fn read(text: &str) -> String {
        let mut plain = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('n') => plain.push('\n'),
                    Some('r') => plain.push('\r'),
                    Some(other) => plain.push(other),
                    None => panic!("ends in an escape"),
                },
                letter => plain.push(letter),
            }
        }
        plain
    }

    /// Whether a character stands in a text without a backslash that is its own.
    fn is_bare(text: &str, wanted: char) -> bool {
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter == '\\' {
                letters.next();
            } else if letter == wanted {
                return true;
            }
        }
        false
    }

    #[test]
    fn the_examples_of_the_standard_are_escaped_as_there() {
        assert_eq!(
            header("detected a | in message"),
            "detected a \\| in message"
        );
        assert_eq!(
            header("detected a \\ in packet"),
            "detected a \\\\ in packet"
        );
        assert_eq!(value("blocked a |"), "blocked a |");
        assert_eq!(value("blocked a \\ to"), "blocked a \\\\ to");
        assert_eq!(value("a=b\nc"), "a\\=b\\nc");
        assert_eq!(key("by.login_user"), "mkByLoginUser");
    }

    proptest! {
        #[test]
        fn no_text_ends_a_field_and_nothing_is_lost(text in "[|=\\\\\n\r a-b]{0,20}|\\PC{0,40}") {
            let (head, said) = (header(&text), value(&text));
            prop_assert!(!is_bare(&head, '|') && !is_bare(&said, '='));
            prop_assert!(!head.contains(['\n', '\r']) && !said.contains(['\n', '\r']));
            prop_assert_eq!(read(&head), text.replace(['\n', '\r'], " "));
            prop_assert_eq!(read(&said), text);
        }
    }
}
