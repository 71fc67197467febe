//! The list of shell items that says where a shortcut leads.

use crate::bytes::{head, part, u16_at};
use crate::text::decoded;

/// Most items of a list that are looked at. A list is at most 64 KiB long and the deepest
/// folder that Windows opens has far fewer.
pub(crate) const ITEMS_MAX: usize = 512;

/// Most of one part of a shortcut that is searched for texts, in bytes. Lists of items cannot be
/// longer, and nothing else that Windows writes is.
pub(crate) const TEXTS_BYTES_MAX: usize = 64 * 1024;

/// Fewest letters of a text that is looked for between other bytes.
const LETTERS_MIN: usize = 3;

/// The control panel's class ids: of Windows XP, and in later versions all items and categories.
const PANELS: [[u8; 16]; 3] = [
    *b"\x20\x20\xEC\x21\xEA\x3A\x69\x10\xA2\xDD\x08\x00\x2B\x30\x30\x9D",
    *b"\x68\x06\xEE\x26\x0A\xA0\xD7\x44\x93\x71\xBE\xB0\x64\xC9\x86\x83",
    *b"\x94\xE6\x99\x53\xE5\x6C\x6C\x4D\x8F\xCE\x1D\x88\x70\xFD\xCB\xA0",
];

/// The control panel as a known folder, as its number is stored.
pub(crate) const PANEL_FOLDER: [u8; 16] =
    *b"\xEB\x4A\xA7\x82\xB4\xAE\x5C\x46\xA0\x14\xD0\x97\xEE\x34\x6D\x63";

/// What the items say.
#[derive(Default)]
pub(crate) struct Items {
    /// Every text in them: names of folders and files, short and long.
    pub(crate) texts: Vec<String>,
    /// Paths in items that follow the control panel.
    pub(crate) panel: Vec<String>,
    /// Whether they lead through the control panel.
    pub(crate) has_panel: bool,
    /// Paths in items, wherever they stand.
    pub(crate) paths: Vec<String>,
    /// Whether an item is longer than the list, or there are too many.
    pub(crate) broken: bool,
}

/// Reads a list of items.
pub(crate) fn read(list: &[u8]) -> Items {
    let mut items = Items::default();
    let mut at = 0_usize;
    for _ in 0..ITEMS_MAX {
        let Some(length) = u16_at(list, at).map(usize::from) else {
            // Some writers leave the mark of the end out.
            items.broken = at != list.len();
            return items;
        };
        if length == 0 {
            return items;
        }
        let Some(item) = part(list, at, length).filter(|item| 2 < item.len()) else {
            items.broken = true;
            return items;
        };
        let texts = texts(item);
        let paths = || texts.iter().filter(|text| is_path(text)).cloned();
        if items.has_panel {
            items.panel.extend(paths());
        }
        items.paths.extend(paths());
        items.has_panel |= PANELS
            .iter()
            .any(|panel| item.windows(16).any(|id| id == panel));
        items.texts.extend(texts);
        at = at.saturating_add(length);
    }
    items.broken = true;
    items
}

/// A path on a drive, of a server or device, or behind a variable.
fn is_path(text: &str) -> bool {
    text.get(1..3) == Some(":\\") && text.starts_with(|drive: char| drive.is_ascii_alphabetic())
        || text.starts_with("\\\\")
        || (text.starts_with('%') && text.contains('\\'))
}

/// Every text between other bytes: of one byte a letter, and of two at either place. Where a
/// text stands in an item depends on its sort and on the version that wrote it.
pub(crate) fn texts(bytes: &[u8]) -> Vec<String> {
    let bytes = head(bytes, TEXTS_BYTES_MAX);
    let mut texts = Vec::new();
    for run in bytes.split(|byte| *byte < 0x20) {
        if LETTERS_MIN <= run.len() {
            texts.push(decoded(run).into_owned());
        }
    }
    for first in 0..2 {
        let units: Vec<u16> = bytes
            .get(first..)
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| u16_at(pair, 0).unwrap_or_default())
            .collect();
        for run in units.split(|unit| *unit < 0x20) {
            if LETTERS_MIN <= run.len() {
                texts.push(String::from_utf16_lossy(run));
            }
        }
    }
    texts
}
