//! What names an answer beyond doubt, and the facts beside it.

use wire::view::Shown;

use super::found;
use crate::words::Words;
use crate::{number, text};

/// Digits of the leaf hash in a receipt that has no room for the entry's whole code: with the
/// number they still name an entry of one ledger, and they can be read aloud.
const RECEIPT_DIGITS: usize = 8;

/// Number and code of the entry: the code that a guard writes down where there is room for it,
/// else its beginning.
pub(super) fn receipt(words: &Words, shown: &Shown, cells: usize) -> String {
    let title = words.say("receipt");
    let number = shown.entry.number;
    let long = format!(
        "{} {} {number} · {}",
        title.ja,
        title.en,
        shown.entry.code()
    );
    if text::width(&long) <= cells {
        return long;
    }
    let leaf = shown.entry.leaf_sha256.to_string();
    let digits = leaf.get(..RECEIPT_DIGITS).unwrap_or(&leaf);
    format!("{} {} {number}-{digits}", title.ja, title.en)
}

/// The receipt, and as many facts as there is room for: for staff the rule, cut if need be, or
/// else the registered medium; then bytes, then files.
pub(super) fn facts(words: &Words, shown: &Shown, cells: usize) -> String {
    let receipt = receipt(words, shown, cells);
    line(words, shown, cells, &format!("{receipt}  "))
}

/// The facts without the receipt, which has a row of its own.
pub(super) fn facts_alone(words: &Words, shown: &Shown, cells: usize) -> String {
    line(words, shown, cells, "")
}

fn line(words: &Words, shown: &Shown, cells: usize, before: &str) -> String {
    let unit = words.with("files", &[("count", shown.files)]);
    let files = number::grouped(&shown.files.to_string());
    let files = format!("{files} {} {}  ", unit.ja, unit.en);
    let bytes = format!("{}  ", number::bytes(shown.bytes_read));
    let rule = shown.first.as_ref().and_then(found::rule);
    let medium = shown.medium.as_ref().map(|medium| {
        let title = words.say("medium");
        format!("{} {} {}", title.ja, title.en, text::readable_text(medium))
    });
    let last = rule.clone().or(medium).unwrap_or_default();
    let all = [
        format!("{before}{files}{bytes}{last}"),
        format!("{before}{bytes}{last}"),
        format!("{before}{last}"),
    ];
    let fits = |line: &&String| text::width(line.trim_end()) <= cells;
    if let Some(line) = all.iter().find(fits) {
        return line.trim_end().to_owned();
    }
    // A rule is still worth its beginning; a cut name of a medium is another medium's.
    let room = cells.saturating_sub(text::width(before));
    let last = rule.map(|rule| text::fit_start(&rule, room));
    let bare = format!("{before}{files}{bytes}");
    match last {
        Some(last) => format!("{before}{last}"),
        None => text::fit_start(bare.trim_end(), cells),
    }
}
