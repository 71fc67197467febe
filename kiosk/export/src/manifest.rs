//! Lists of a medium's files, made from one verdict: for `sha256sum -c` and for `hashdeep -a`, run
//! in the folder where the volume is mounted.
//!
//! Only plain files can be on such a list, and only those whose names reach a program as they
//! are: a name with something hidden in it would have to stand there raw. What is left out is
//! handed to the caller, who says it.

use std::collections::BTreeSet;
use std::io::Write;

use wire::name::is_hidden;
use wire::{MediumName, Row, RowKind};

use crate::book::{Book, Item};
use crate::error::ExportError;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `SHA256SUMS`, as coreutils writes it.
    Sha256sums,
    /// hashdeep's form with sizes, SHA-256 alone.
    Hashdeep,
}

/// Longest line of a list that hashdeep 4.4 reads whole, in bytes with its end. It takes what is
/// longer for another name and says "Audit failed".
pub const HASHDEEP_LINE_BYTES_MAX: usize = 2047;

/// Why a row is not on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It is no file of its own: a member of a container, a stream, raw space.
    NoFile,
    /// It is on another volume.
    OtherVolume,
    /// It was not read whole, so nobody knows its hash.
    NoHash,
    /// Its name cannot stand on the list.
    Name,
    /// Its line would be longer than [`HASHDEEP_LINE_BYTES_MAX`].
    Long,
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// On the list.
    pub files: u64,
    /// Not files of their own.
    pub no_files: u64,
    /// Files of other volumes.
    pub elsewhere: u64,
    /// Files of this volume that should be on the list and are not.
    pub missing: u64,
    /// The entry that took the PASS of this verdict back.
    pub withdrawn_by: Option<u64>,
}

/// Writes the list of the one verdict in `book`; `volume` says of which volume, when the medium
/// has files on several. Each file of that volume that is not on it is handed to `left_out`.
///
/// # Errors
/// [`ExportError::NoVerdict`], [`ExportError::Volumes`], [`ExportError::NoVolume`],
/// [`ExportError::Sealed`]; when the ledger cannot be read or `out` not be written.
pub fn write(
    book: &Book<'_>,
    list: List,
    volume: Option<u32>,
    mut left_out: impl FnMut(&MediumName, LeftOut),
    mut out: impl Write,
) -> Result<Listed, ExportError> {
    let item = verdict(book)?;
    let volume = chosen(book, &item, volume)?;
    head(list, &item, &mut out)?;
    let mut long = 0_u64;
    let mut listed = Listed {
        withdrawn_by: item.withdrawn_by,
        ..Listed::default()
    };
    for row in book.rows(&item)? {
        let row = row?;
        let count = match line(list, &row, volume) {
            Ok(line) => {
                out.write_all(&line)?;
                &mut listed.files
            }
            Err(LeftOut::NoFile) => &mut listed.no_files,
            Err(LeftOut::OtherVolume) => &mut listed.elsewhere,
            Err(why @ (LeftOut::NoHash | LeftOut::Name | LeftOut::Long)) => {
                left_out(&row.path, why);
                long = long.saturating_add(u64::from(why == LeftOut::Long));
                &mut listed.missing
            }
        };
        *count = count.saturating_add(1);
    }
    if 0 < long {
        writeln!(
            out,
            "## left out: {long} files whose paths are too long for hashdeep"
        )?;
    }
    out.flush()?;
    Ok(listed)
}

fn verdict(book: &Book<'_>) -> Result<Item, ExportError> {
    let number = book.last();
    let item = book.items()?.next().transpose()?;
    item.filter(|item| item.judged().is_some())
        .ok_or(ExportError::NoVerdict(number))
}

/// The volume whose files are listed; `None` for a folder, whose files are on no volume.
fn chosen(book: &Book<'_>, item: &Item, asked: Option<u32>) -> Result<Option<u32>, ExportError> {
    let mut volumes = BTreeSet::new();
    for row in book.rows(item)? {
        let row = row?;
        if is_file(&row) {
            volumes.insert(row.volume);
        }
    }
    let number = item.entry.number;
    if let Some(volume) = asked {
        return match volumes.contains(&Some(volume)) {
            true => Ok(Some(volume)),
            false => Err(ExportError::NoVolume { number, volume }),
        };
    }
    let mut all = volumes.iter().copied();
    match (all.next(), all.next()) {
        (only, None) => Ok(only.flatten()),
        (_, Some(_)) => Err(ExportError::Volumes {
            number,
            volumes: volumes.into_iter().flatten().collect(),
        }),
    }
}

fn is_file(row: &Row) -> bool {
    row.kind == RowKind::File && row.within.is_empty()
}

fn head(list: List, item: &Item, out: &mut impl Write) -> Result<(), ExportError> {
    let number = item.entry.number;
    let withdrawn = item.withdrawn_by.map(|by| {
        format!("entry {number} said PASS, which entry {by} withdrew: the medium has no PASS")
    });
    match list {
        // A comment for coreutils, which any other list of this form does without.
        List::Sha256sums => {
            if let Some(withdrawn) = withdrawn {
                writeln!(out, "# media-kiosk, {withdrawn}")?;
            }
            Ok(())
        }
        List::Hashdeep => {
            let leaf = item.entry.leaf_sha256;
            out.write_all(b"%%%% HASHDEEP-1.0\n%%%% size,sha256,filename\n")?;
            writeln!(out, "## media-kiosk, entry {number}, leaf {leaf}")?;
            if let Some(withdrawn) = withdrawn {
                writeln!(out, "## {withdrawn}")?;
            }
            out.write_all(b"## \n")?;
            Ok(())
        }
    }
}

/// A file's line. Every path begins with `./`: none is taken for an option or for standard
/// input, and hashdeep compares with what it finds from there.
fn line(list: List, row: &Row, volume: Option<u32>) -> Result<Vec<u8>, LeftOut> {
    if !is_file(row) {
        return Err(LeftOut::NoFile);
    }
    if row.volume != volume {
        return Err(LeftOut::OtherVolume);
    }
    let sha256 = row.sha256.ok_or(LeftOut::NoHash)?;
    let path = row.path.as_text().ok_or(LeftOut::Name)?;
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(LeftOut::Name);
    }
    let line = match list {
        List::Sha256sums => {
            let (mark, path) = escaped(path).ok_or(LeftOut::Name)?;
            format!("{mark}{sha256}  ./{path}\n")
        }
        List::Hashdeep if path.chars().any(is_hidden) => return Err(LeftOut::Name),
        List::Hashdeep => {
            let line = format!("{},{sha256},./{path}\n", row.size_bytes);
            if HASHDEEP_LINE_BYTES_MAX < line.len() {
                return Err(LeftOut::Long);
            }
            line
        }
    };
    Ok(line.into_bytes())
}

/// A name as coreutils spells it: with a backslash before the hash when one is in the name, for
/// backslash, line feed and carriage return. `None` when something else is hidden in it.
fn escaped(path: &str) -> Option<(&'static str, String)> {
    let mut text = String::with_capacity(path.len());
    let mut mark = "";
    for letter in path.chars() {
        let escape = match letter {
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            letter if is_hidden(letter) => return None,
            letter => {
                text.push(letter);
                continue;
            }
        };
        mark = "\\";
        text.push_str(escape);
    }
    Some((mark, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As coreutils reads it back.
    fn read(mark: &str, text: &str) -> String {
        if mark.is_empty() {
            return text.to_owned();
        }
        let mut plain = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            plain.push(match letter {
                '\\' => match letters.next() {
                    Some('\\') => '\\',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    other => panic!("no escape: {other:?}"),
                },
                letter => letter,
            });
        }
        plain
    }

    proptest! {
        #[test]
        fn a_name_stays_on_its_line_and_is_read_back_as_it_is(text in "[\\\\\n\rnr/]{0,10}|\\PC{0,30}") {
            if let Some((mark, written)) = escaped(&text) {
                prop_assert!(!written.chars().any(is_hidden));
                prop_assert_eq!(read(mark, &written), text);
            } else {
                let odd = |letter: char| is_hidden(letter) && letter != '\n' && letter != '\r';
                prop_assert!(text.chars().any(odd));
            }
        }
    }
}
