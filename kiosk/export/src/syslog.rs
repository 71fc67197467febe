//! Lines of RFC 5424, one a message: facility 13 (log audit), the event as MSGID, what is said of
//! it as structured data, and a sentence in UTF-8 behind a byte order mark.

use std::io::Write;

use crate::about::Level;
use crate::book::Book;
use crate::error::ExportError;
use crate::line::{self, Line};

/// Log audit.
const FACILITY: u8 = 13;

/// The name of the program.
const APP_NAME: &str = "media-kiosk";

/// Whose names the structured data has. The number is the one that RFC 5612 sets aside for
/// those who have none of their own.
const SD_ID: &str = "kiosk@32473";

/// Longest name of a value, in bytes (RFC 5424, section 6: SD-NAME).
const SD_NAME_BYTES_MAX: usize = 32;

/// Longest name of a machine, in bytes (RFC 5424, section 6: HOSTNAME).
const HOST_NAME_BYTES_MAX: usize = 255;

/// Writes a line for each entry and each file that is not clean; gives the number of entries.
///
/// # Errors
/// When the ledger cannot be read or `out` not be written.
pub fn write(book: &Book<'_>, mut out: impl Write) -> Result<u64, ExportError> {
    let entries = line::lines(book, |line| Ok(writeln!(out, "{}", spelled(line))?))?;
    out.flush()?;
    Ok(entries)
}

/// The message, without the end of a line.
#[must_use]
pub fn spelled(line: &Line) -> String {
    let priority = u32::from(FACILITY).saturating_mul(8);
    let priority = priority.saturating_add(u32::from(severity(line.level)));
    let mut data = String::new();
    let mut add = |said: &str, text: &str| {
        data.push_str(&format!(" {}=\"{}\"", name(said), value(text)));
    };
    add("entry", &line.number.to_string());
    add("leaf_sha256", &line.leaf_sha256.to_string());
    add("kiosk_version", &line.kiosk);
    for (name, said) in &line.values {
        add(name, said);
    }
    // The grammar takes six digits of a second at most.
    format!(
        "<{priority}>1 {:.6} {} {APP_NAME} - {} [{SD_ID}{data}] \u{feff}{}",
        line.at,
        host(&line.host),
        line.event,
        line.message()
    )
}

/// How grave, as RFC 5424 counts: 0 is worst.
#[must_use]
pub fn severity(level: Level) -> u8 {
    match level {
        Level::Routine => 6,
        Level::Notable => 5,
        Level::Warning => 4,
        Level::Alarm => 1,
    }
}

fn is_printable(letter: char) -> bool {
    letter.is_ascii_graphic()
}

/// The machine's name; `-` when it is none that the grammar takes.
fn host(name: &str) -> &str {
    let fits = !name.is_empty() && name.len() <= HOST_NAME_BYTES_MAX;
    if fits && name.chars().all(is_printable) {
        name
    } else {
        "-"
    }
}

/// A name of a value. The end of one that is too long says more than its beginning.
fn name(name: &str) -> String {
    let fits = |letter: &char| is_printable(*letter) && !matches!(letter, '=' | ']' | '"');
    let letters: String = name.chars().filter(fits).collect();
    let skipped = letters.len().saturating_sub(SD_NAME_BYTES_MAX);
    letters.get(skipped..).unwrap_or_default().to_owned()
}

/// A value between quotes: quote, backslash and closing bracket are escaped (section 6.3.3).
fn value(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes a value and what follows it apart, as section 6.3.3 says.
    fn read(text: &str) -> Option<(String, &str)> {
        let mut plain = String::new();
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => return Some((plain, text.get(at..)?.strip_prefix('"')?)),
                ']' => return None,
                '\\' => match letters.next()?.1 {
                    escaped @ ('"' | '\\' | ']') => plain.push(escaped),
                    other => plain.extend(['\\', other]),
                },
                letter => plain.push(letter),
            }
        }
        None
    }

    proptest! {
        #[test]
        fn no_value_ends_before_its_quote_and_nothing_is_lost(
            text in "[]\"\\\\= a]{0,20}|\\PC{0,40}"
        ) {
            let written = format!("{}\" next", value(&text));
            prop_assert_eq!(read(&written), Some((text, " next")));
        }
    }

    #[test]
    fn names_and_hosts_keep_to_the_grammar() {
        assert_eq!(name("by.user"), "by.user");
        assert_eq!(name("a]b=c\"d e"), "abcde");
        let long = "occasion.visit.something.of_great_length";
        assert_eq!(name(long).len(), SD_NAME_BYTES_MAX);
        assert!(long.ends_with(&name(long)));
        assert_eq!(host("kiosk-1"), "kiosk-1");
        for bad in ["", "a b", "検査", &"x".repeat(HOST_NAME_BYTES_MAX + 1)] {
            assert_eq!(host(bad), "-");
        }
    }
}
