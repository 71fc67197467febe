//! One way through the ledger, entry by entry.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Statement};
use serde::Deserialize;
use wire::Digest;
use wire::audit::NOTE_BYTES_MAX;
use wire::ledger::EntryId;

use super::before::Known;
use super::trees::{Special, Trees};
use super::value::{note, text, unreadable};
use super::{Depth, Verified};
use crate::entry::{ENTRY_BYTES_MAX, FORMAT, NO_LEAF, RowsHash, leaf};
use crate::error::{Alteration, LedgerError};
use crate::rows::ROW_BYTES_MAX;
use crate::schema::{integer, integer_of};

/// Longest stored row, in bytes: one that arrived with [`ROW_BYTES_MAX`] and grew sixfold,
/// because every byte of it is a character that is written as `\uXXXX`.
pub(crate) const STORED_ROW_BYTES_MAX: usize = 6 * ROW_BYTES_MAX;

/// What the verifier needs of an entry. Whatever else is in it is covered by the hash.
#[derive(Deserialize)]
struct Head {
    format: String,
    number: u64,
    previous: Digest,
    event: EventHead,
    #[serde(default)]
    rows: Option<u64>,
    #[serde(default)]
    rows_sha256: Option<Digest>,
}

#[derive(Deserialize)]
struct EventHead {
    event: String,
    #[serde(default)]
    insertion: Option<u64>,
}

pub(super) struct Walk<'a> {
    db: &'a Connection,
    depth: Depth,
    first: u64,
    /// Number of the entry that must come next.
    next: u64,
    /// Leaf of the entry before it.
    previous: Digest,
    rows: u64,
    pub(super) trees: Trees,
    /// The last entry whose rows are in an archive.
    pub(super) sealed: u64,
    /// The entries that were known before the walk, as they were read then: one that is spelled so
    /// that it was not found is not one of ours, and one that reads otherwise now was not read from
    /// where it stands.
    pub(super) expected: BTreeMap<u64, Known>,
}

impl<'a> Walk<'a> {
    pub(super) fn begin(
        db: &'a Connection,
        since: u64,
        depth: Depth,
        trees: Trees,
    ) -> Result<Self, LedgerError> {
        let first = since.max(1);
        let mut walk = Self {
            db,
            depth,
            first,
            next: first,
            previous: NO_LEAF,
            rows: 0,
            trees,
            sealed: 0,
            expected: BTreeMap::new(),
        };
        walk.expected = walk.specials()?;
        let later = walk.expected.values().filter_map(Known::key);
        walk.trees.take_beside(later)?;
        let before = first.saturating_sub(1);
        if before > 0 {
            let last: Option<i64> = db
                .query_row("SELECT max(number) FROM entries", (), |row| row.get(0))
                .map_err(|error| unreadable(before, error))?;
            let counted = match count_of(db)? {
                Count::Of(counted) => Some(integer(counted)),
                Count::Nothing | Count::Forged => None,
            };
            if last.max(counted) < Some(integer(first)) {
                return Err(LedgerError::NoEntry(first));
            }
            walk.previous = db
                .query_row(
                    "SELECT CASE WHEN octet_length(bytes) <= ?2 THEN bytes END, leaf
                     FROM entries WHERE number = ?1",
                    (integer(before), integer_of(ENTRY_BYTES_MAX)),
                    |row| {
                        let computed = text(row, 0).map(leaf);
                        let said = computed.map(|leaf| leaf.to_string());
                        let said = said.as_ref().map(String::as_bytes);
                        Ok(computed.filter(|_| text(row, 1) == said))
                    },
                )
                .optional()
                .map_err(|error| unreadable(before, error))?
                .ok_or(LedgerError::Altered {
                    number: before,
                    what: Alteration::Missing,
                })?
                .ok_or(LedgerError::Altered {
                    number: before,
                    what: Alteration::Changed,
                })?;
            walk.pass(before)?;
        }
        Ok(walk)
    }

    pub(super) fn run(mut self) -> Result<Verified, LedgerError> {
        let mut entries = self.prepare(
            "SELECT number, CASE WHEN octet_length(bytes) <= ?2 THEN bytes END, leaf,
                    CASE WHEN note IS NULL OR octet_length(note) <= ?3 THEN note ELSE '' END
             FROM entries LEFT JOIN checkpoints ON size = number
             WHERE number >= ?1 ORDER BY number",
        )?;
        let mut rows = self.prepare(
            "SELECT ordinal, CASE WHEN octet_length(bytes) <= ?2 THEN bytes END
             FROM rows WHERE entry = ?1 ORDER BY ordinal",
        )?;
        let mut steps = self.prepare("SELECT insertion, step FROM steps WHERE entry = ?1")?;
        // From the very first there must be nothing below number 1 either.
        let from = if self.first == 1 {
            i64::MIN
        } else {
            integer(self.first)
        };
        let mut found = entries
            .query((
                from,
                integer_of(ENTRY_BYTES_MAX),
                integer_of(NOTE_BYTES_MAX),
            ))
            .map_err(LedgerError::database("read"))?;
        while let Some(row) = found.next().map_err(|error| unreadable(self.next, error))? {
            let (head, leaf) = self.entry(row)?;
            let special = Special::of(
                head.number,
                &head.event.event,
                text(row, 1).unwrap_or_default(),
            )?;
            let known = self.expected.get(&head.number);
            if special.as_ref() != known.map(|known| &known.special) {
                return Err(LedgerError::Altered {
                    number: head.number,
                    what: Alteration::Malformed,
                });
            }
            if head.previous != self.previous {
                return Err(LedgerError::Altered {
                    number: head.number,
                    what: Alteration::Unlinked,
                });
            }
            self.trees.add(leaf);
            self.trees.checkpoint(note(row, 3), special.as_ref())?;
            self.trees.compare(leaf)?;
            self.index(&head, &mut steps)?;
            self.count_rows(&head, &mut rows)?;
            self.previous = leaf;
            self.next = self.next.saturating_add(1);
        }
        self.nothing_beyond()?;
        let last = self.next.saturating_sub(1);
        let (cosignatures, keys) = self.trees.end()?;
        Ok(Verified {
            keys,
            cosignatures,
            sealed: self.sealed,
            entries: self.next.saturating_sub(self.first),
            rows: self.rows,
            head: (last > 0).then_some(EntryId {
                number: last,
                leaf_sha256: self.previous,
            }),
        })
    }

    /// Checks one entry by itself: its place, its hash, its form.
    fn entry(&self, row: &Row<'_>) -> Result<(Head, Digest), LedgerError> {
        let expected = self.next;
        let altered = |number, what| Err(LedgerError::Altered { number, what });
        let number = row
            .get::<_, i64>(0)
            .ok()
            .and_then(|number| u64::try_from(number).ok());
        match number {
            Some(number) if number > expected => return altered(expected, Alteration::Missing),
            Some(0) | None => return altered(0, Alteration::Stray),
            Some(number) if number < self.first => {
                return altered(number, Alteration::Reordered(number));
            }
            Some(number) if number < expected => return altered(number, Alteration::Twice),
            Some(_) => {}
        }
        let Some(bytes) = text(row, 1) else {
            return altered(expected, Alteration::Changed);
        };
        let computed = leaf(bytes);
        if text(row, 2) != Some(computed.to_string().as_bytes()) {
            return altered(expected, Alteration::Changed);
        }
        match serde_json::from_slice::<Head>(bytes) {
            Ok(head) if head.format != FORMAT => altered(expected, Alteration::Malformed),
            Ok(head) if head.number != expected => {
                altered(expected, Alteration::Reordered(head.number))
            }
            Ok(head) => Ok((head, computed)),
            Err(_) => altered(expected, Alteration::Malformed),
        }
    }

    /// Checks that the writer's index says of the entry what the entry says.
    fn index(&self, head: &Head, steps: &mut Statement<'_>) -> Result<(), LedgerError> {
        let said = match (head.event.event.as_str(), head.event.insertion) {
            ("inserted", None) => Some((head.number, "inserted")),
            ("judged" | "interrupted", Some(insertion)) => Some((insertion, "closed")),
            ("withdrawn", Some(insertion)) => Some((insertion, "withdrawn")),
            ("removed", Some(insertion)) => Some((insertion, "removed")),
            (_, _) => None,
        };
        let listed = steps
            .query_row((integer(head.number),), |row| {
                Ok(row.get::<_, i64>(0).ok().zip(row.get::<_, String>(1).ok()))
            })
            .optional()
            .map_err(|error| unreadable(head.number, error))?;
        let said = said.map(|(insertion, step)| Some((integer(insertion), step.to_owned())));
        if listed == said {
            return Ok(());
        }
        Err(LedgerError::Altered {
            number: head.number,
            what: Alteration::Mislisted,
        })
    }

    /// Checks that the entry has exactly the rows it says.
    fn count_rows(&mut self, head: &Head, rows: &mut Statement<'_>) -> Result<(), LedgerError> {
        let number = head.number;
        let altered = |what| Err(LedgerError::Altered { number, what });
        let (said, hash) = match (head.rows, head.rows_sha256) {
            (Some(said), Some(hash)) => (said, Some(hash)),
            (None, None) => (0, None),
            (Some(_), None) | (None, Some(_)) => return altered(Alteration::Malformed),
        };
        if self.depth == Depth::Chain {
            return Ok(());
        }
        let mut found = rows
            .query((integer(number), integer_of(STORED_ROW_BYTES_MAX)))
            .map_err(LedgerError::database("read"))?;
        let mut seen = RowsHash::default();
        while let Some(row) = found.next().map_err(|error| unreadable(number, error))? {
            let expected = seen.count().saturating_add(1);
            let ordinal = row.get::<_, i64>(0).unwrap_or_default();
            if ordinal < integer(expected) || said < expected {
                return altered(Alteration::RowExtra(u64::try_from(ordinal).unwrap_or(0)));
            }
            if integer(expected) < ordinal {
                return altered(Alteration::RowMissing(expected));
            }
            let Some(bytes) = text(row, 1) else {
                return altered(Alteration::RowsChanged);
            };
            seen.add(bytes);
        }
        // Whoever puts a period away puts all of it away.
        if seen.count() == 0 && number <= self.sealed {
            return Ok(());
        }
        if seen.count() < said {
            return altered(Alteration::RowMissing(seen.count().saturating_add(1)));
        }
        self.rows = self.rows.saturating_add(said);
        // The hash fixes how many line feeds there are and the number of rows takes one each,
        // so none is left to hide inside a row and move the border between two.
        match hash {
            Some(hash) if seen.finish() != hash => altered(Alteration::RowsChanged),
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that nothing remembers an entry after the last: neither rows, nor the index, nor
    /// the number that SQLite gave last.
    fn nothing_beyond(&self) -> Result<(), LedgerError> {
        let last = self.next.saturating_sub(1);
        let altered = |number, what| Err(LedgerError::Altered { number, what });
        let (below, beyond) = self
            .db
            .query_row(
                "SELECT (SELECT 1 FROM rows WHERE entry < 1),
                        (SELECT 1 FROM steps WHERE entry < 1),
                        (SELECT 1 FROM checkpoints WHERE size < 1),
                        (SELECT 1 FROM rows WHERE entry > ?1),
                        (SELECT 1 FROM steps WHERE entry > ?1),
                        (SELECT 1 FROM checkpoints WHERE size > ?1)",
                (integer(last),),
                |row| {
                    let stray = |index| row.get::<_, Option<i64>>(index).map(|at| at.is_some());
                    Ok((
                        stray(0)? || stray(1)? || stray(2)?,
                        stray(3)? || stray(4)? || stray(5)?,
                    ))
                },
            )
            .map_err(|error| unreadable(last, error))?;
        if below {
            return altered(0, Alteration::Stray);
        }
        let counted = match count_of(self.db)? {
            Count::Of(counted) => counted,
            Count::Nothing => 0,
            Count::Forged => return altered(last, Alteration::Uncounted),
        };
        if beyond || last < counted {
            return altered(self.next, Alteration::Missing);
        }
        if counted < last {
            return altered(last, Alteration::Uncounted);
        }
        Ok(())
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<Statement<'a>, LedgerError> {
        let prepared = self.db.prepare(sql);
        prepared.map_err(|error| unreadable(self.next, error))
    }
}

/// The highest number that SQLite remembers to have given.
enum Count {
    /// None yet.
    Nothing,
    Of(u64),
    /// What is there is nothing that SQLite writes.
    Forged,
}

fn count_of(db: &Connection) -> Result<Count, LedgerError> {
    let count = db.query_row(
        "SELECT count(*), min(name), min(seq) FROM sqlite_sequence",
        (),
        |row| {
            if row.get::<_, i64>(0)? == 0 {
                return Ok(Count::Nothing);
            }
            let is_one = row.get::<_, i64>(0)? == 1 && text(row, 1) == Some(b"entries");
            let seq = row.get::<_, i64>(2).ok();
            let seq = seq.and_then(|seq| u64::try_from(seq).ok());
            Ok(seq.filter(|_| is_one).map_or(Count::Forged, Count::Of))
        },
    );
    count.map_err(|error| unreadable(1, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_row_that_arrives_is_one_that_is_read() {
        // Each byte of it is a character that is written as six.
        let longest = "\u{7f}".repeat(ROW_BYTES_MAX);
        let grown = crate::canonical::line(&longest).map(|line| line.len());
        assert_eq!(grown.ok(), STORED_ROW_BYTES_MAX.checked_add(2));
    }
}
