//! What must be known before one walks, and what is verified of the entries that one does not
//! walk through.

use std::collections::BTreeMap;

use wire::Digest;
use wire::audit::NOTE_BYTES_MAX;

use super::note::PublicKey;
use super::trees::{SPECIALS, Special};
use super::value::{text, unreadable};
use super::walk::Walk;
use crate::entry::{ENTRY_BYTES_MAX, leaf};
use crate::error::{Alteration, LedgerError};
use crate::schema::{integer, integer_of};

/// An entry that was read before the walk.
pub(super) struct Known {
    pub(super) special: Special,
    /// What its bytes hash to.
    leaf: Digest,
}

impl Known {
    /// The key that it names as the one that signs from there on.
    pub(super) fn key(&self) -> Option<&PublicKey> {
        match &self.special {
            Special::KeySet(key) => Some(key),
            Special::Cosigned(..) | Special::Sealed(_) => None,
        }
    }
}

impl Walk<'_> {
    /// The entries that must be known before one comes to them. Each is verified in its turn.
    pub(super) fn specials(&mut self) -> Result<BTreeMap<u64, Known>, LedgerError> {
        let mut found = BTreeMap::new();
        // A quote inside a string is written with a backslash: no text of an event can look like
        // this.
        let starts = SPECIALS.map(|name| format!("\"event\":{{\"event\":\"{name}\""));
        let [first, second, third] = &starts;
        let mut all = self.prepare(
            "SELECT number, CASE WHEN octet_length(bytes) <= ?1 AND
                 (instr(bytes, ?2) OR instr(bytes, ?3) OR instr(bytes, ?4)) THEN bytes END
             FROM entries ORDER BY number",
        )?;
        let mut rows = all
            .query((integer_of(ENTRY_BYTES_MAX), first, second, third))
            .map_err(LedgerError::database("read"))?;
        let mut before = None;
        while let Some(row) = rows.next().map_err(|error| unreadable(1, error))? {
            let number = row.get::<_, i64>(0).unwrap_or_default();
            // Pages that lead back to one another would have no end.
            if before.is_some_and(|before| number <= before) {
                return Err(LedgerError::Altered {
                    number: u64::try_from(number).unwrap_or_default(),
                    what: Alteration::Twice,
                });
            }
            before = Some(number);
            let number = u64::try_from(number).unwrap_or_default();
            // One that is altered is named when the walk comes to it.
            let Some(bytes) = text(row, 1) else { continue };
            let Ok(Some(special)) = Special::read(number, bytes) else {
                continue;
            };
            match &special {
                Special::Cosigned(note, key) => self.trees.expect(number, note, key),
                Special::Sealed(through) => self.sealed = self.sealed.max(*through),
                Special::KeySet(_) => {}
            }
            let leaf = leaf(bytes);
            found.insert(number, Known { special, leaf });
        }
        Ok(found)
    }

    /// Goes through the leaves up to the entry `last`, which are verified by whatever is signed
    /// after them; and verifies those among them that say something about what comes later.
    pub(super) fn pass(&mut self, last: u64) -> Result<(), LedgerError> {
        let mut leaves =
            self.prepare("SELECT number, leaf FROM entries WHERE number <= ?1 ORDER BY number")?;
        let mut rows = leaves
            .query((integer(last),))
            .map_err(LedgerError::database("read"))?;
        let mut next = 1_u64;
        while let Some(row) = rows.next().map_err(|error| unreadable(next, error))? {
            let altered = |what| Err(LedgerError::Altered { number: next, what });
            if row.get::<_, i64>(0) != Ok(integer(next)) {
                return altered(Alteration::Missing);
            }
            let said = text(row, 1).and_then(|leaf| std::str::from_utf8(leaf).ok());
            let Some(said) = said.and_then(|leaf| Digest::try_from(leaf.to_owned()).ok()) else {
                return altered(Alteration::Changed);
            };
            self.trees.add(said);
            self.trees.compare(said)?;
            if let Some(known) = self.expected.get(&next) {
                if known.leaf != said {
                    return altered(Alteration::Changed);
                }
                if let special @ Special::KeySet(_) = &known.special {
                    let special = special.clone();
                    self.key_set(next, &special)?;
                }
            }
            next = next.saturating_add(1);
        }
        Ok(())
    }

    /// Verifies the checkpoint of the entry that names another key.
    fn key_set(&mut self, number: u64, special: &Special) -> Result<(), LedgerError> {
        let mut one = self.prepare(
            "SELECT CASE WHEN octet_length(note) <= ?2 THEN note ELSE '' END
             FROM checkpoints WHERE size = ?1",
        )?;
        let mut rows = one
            .query((integer(number), integer_of(NOTE_BYTES_MAX)))
            .map_err(LedgerError::database("read"))?;
        let row = rows.next().map_err(|error| unreadable(number, error))?;
        let note = row.map(|row| text(row, 0).unwrap_or_default());
        self.trees.checkpoint(note, Some(special))
    }
}
