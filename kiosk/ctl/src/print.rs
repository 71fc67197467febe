//! Text for people, with nothing raw in it that a medium spelled.

use std::io::Write as _;

use unicode_width::UnicodeWidthStr as _;
use wire::MediumName;

/// Writes a line to stdout. A reader that went away ends nothing: the work is recorded.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", printable(text));
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
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// Writes a line to stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
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
}
