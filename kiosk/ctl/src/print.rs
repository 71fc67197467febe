//! Text for people, with nothing raw in it that a medium spelled.

use std::io::Write as _;

use unicode_width::UnicodeWidthStr as _;
use wire::MediumName;

/// Writes a line to stdout. A reader that went away ends nothing: the work is recorded.
pub(crate) fn line(text: &str) {
    part(&format!("{}\n", printable(text)));
}

/// Writes rows under a head, in columns as wide as they must be; Japanese letters take two
/// places. Nothing at all without rows.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let head: Vec<String> = head.iter().map(|name| name.replace('_', " ")).collect();
    let all = || std::iter::once(&head).chain(rows);
    let mut widths = vec![0_usize; head.len()];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    for row in all() {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| {
            let room = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(room))
        });
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// What comma-separated values begin with: Excel takes what has no byte order mark for the local
/// code page, in which Japanese letters are others.
pub(crate) const MARK: &str = "\u{feff}";

/// Writes the head line of comma-separated values to stdout. All of kioskctl's have the form of
/// its exports: UTF-8 with a byte order mark, lines that end with CR LF (RFC 4180).
pub(crate) fn head(columns: &str) {
    part(MARK);
    values(columns);
}

/// Writes a line of comma-separated values, as [`record`] gives it, to stdout.
pub(crate) fn values(line: &str) {
    part(&values_line(line));
}

fn values_line(line: &str) -> String {
    format!("{}\r\n", printable(line))
}

/// Cells as one line of comma-separated values, of which no spreadsheet takes one for a formula.
pub(crate) fn record<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells = cells.into_iter().map(|text| cell(text.as_ref()));
    cells.collect::<Vec<_>>().join(",")
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let guarded = export::guarded(text);
    if guarded.contains([',', '"', '\n', '\r']) || guarded != text {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// Writes part of a line to stdout. For text that was made safe to print where it was made.
pub(crate) fn part(text: &str) {
    #[cfg(test)]
    if capture::takes(text, "") {
        return;
    }
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to stderr.
pub(crate) fn note(text: &str) {
    let text = printable(text);
    #[cfg(test)]
    if capture::takes("", &format!("{text}\n")) {
        return;
    }
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes an error and its causes to stderr. Messages of parsers have lines of their own,
/// which stay.
pub(crate) fn error(error: &dyn std::error::Error) {
    let text = format!("kioskctl: {}", wire::name::with_causes(error));
    for part in text.lines() {
        note(part);
    }
}

/// Paths and messages can hold what a medium or an attacker spelled.
fn printable(text: &str) -> String {
    MediumName::new(text).map_or_else(
        |_| {
            text.chars()
                .filter(|letter| !wire::name::is_hidden(*letter))
                .collect()
        },
        |name| name.escaped().to_string(),
    )
}

#[cfg(test)]
pub(crate) mod capture;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_is_no_formula() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("＝1+1"), "\"'＝1+1\"");
        assert_eq!(record(["a", "b,c", "-d"]), "a,\"b,c\",\"'-d\"");
    }

    #[test]
    fn a_line_of_values_ends_as_spreadsheets_end_them_and_hides_nothing_else() {
        assert_eq!(MARK.as_bytes(), [0xef, 0xbb, 0xbf]);
        assert_eq!(values_line("a,媒体"), "a,媒体\r\n");
        assert_eq!(values_line("a\u{feff}\rb"), "a⟨U+FEFF⟩⟨U+000D⟩b\r\n");
    }
}
