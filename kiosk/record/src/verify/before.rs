//! What must be known before one walks, and what is verified of the entries that one does not
//! walk through.

use std::collections::BTreeMap;

use wire::Digest;
use wire::audit::NOTE_BYTES_MAX;

use super::trees::{SPECIALS, Special};
use super::walk::{Walk, text, unreadable};
use crate::entry::{ENTRY_BYTES_MAX, leaf};
use crate::error::{Alteration, LedgerError};
use crate::schema::{integer, integer_of};

impl Walk<'_> {
    /// The entries that must be known before one comes to them. Each is verified in its turn.
    pub(super) fn specials(&mut self) -> Result<BTreeMap<u64, Special>, LedgerError> {
        let mut found = BTreeMap::new();
        // A quote inside a string is written with a backslash: no text of an event can look like
        // this.
        let starts = SPECIALS.map(|name| format!("\"event\":{{\"event\":\"{name}\""));
        let [first, second, third] = &starts;
        let mut all = self.prepare(
            "SELECT number, bytes FROM entries WHERE octet_length(bytes) <= ?1
             AND (instr(bytes, ?2) OR instr(bytes, ?3) OR instr(bytes, ?4)) ORDER BY number",
        )?;
        let mut rows = all
            .query((integer_of(ENTRY_BYTES_MAX), first, second, third))
            .map_err(LedgerError::database("read"))?;
        while let Some(row) = rows.next().map_err(|error| unreadable(1, error))? {
            let number = row.get::<_, i64>(0).unwrap_or_default();
            let number = u64::try_from(number).unwrap_or_default();
            // One that is altered is named when the walk comes to it.
            let Some(Ok(Some(special))) = text(row, 1).map(|bytes| Special::read(number, bytes))
            else {
                continue;
            };
            match &special {
                Special::Cosigned(note, key) => self.trees.expect(number, note, key),
                Special::Sealed(through) => self.sealed = self.sealed.max(*through),
                Special::KeySet(_) => {}
            }
            found.insert(number, special);
        }
        Ok(found)
    }

    /// Goes through the leaves up to the entry `last`, which are verified by whatever is signed
    /// after them; and verifies each change of the key among them.
    pub(super) fn pass(
        &mut self,
        last: u64,
        specials: &BTreeMap<u64, Special>,
    ) -> Result<(), LedgerError> {
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
            if let Some(special @ Special::KeySet(_)) = specials.get(&next) {
                self.key_set(next, said, special)?;
            }
            next = next.saturating_add(1);
        }
        Ok(())
    }

    /// Verifies the entry that names another key, of which the tree has the leaf.
    fn key_set(&mut self, number: u64, said: Digest, special: &Special) -> Result<(), LedgerError> {
        let mut one = self.prepare(
            "SELECT CASE WHEN octet_length(bytes) <= ?2 THEN bytes END,
                    CASE WHEN octet_length(note) <= ?3 THEN note END
             FROM entries LEFT JOIN checkpoints ON size = number WHERE number = ?1",
        )?;
        let most = (integer_of(ENTRY_BYTES_MAX), integer_of(NOTE_BYTES_MAX));
        let mut rows = one
            .query((integer(number), most.0, most.1))
            .map_err(LedgerError::database("read"))?;
        let row = rows.next().map_err(|error| unreadable(number, error))?;
        let bytes = row.and_then(|row| text(row, 0));
        if bytes.map(leaf) != Some(said) {
            return Err(LedgerError::Altered {
                number,
                what: Alteration::Changed,
            });
        }
        let note = row.and_then(|row| text(row, 1));
        self.trees.checkpoint(note, Some(special))
    }
}
