//! Checkpoints and proofs out of a ledger that is read.

use wire::Digest;

use crate::error::{Alteration, LedgerError};
use crate::note;
use crate::reader::Ledger;
use crate::schema::integer;
use crate::tables;
use crate::tree;
use crate::verify::note::Note;

impl Ledger {
    /// The checkpoint over the first `size` entries, the last one when `None`.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] when there are fewer, or none.
    pub fn checkpoint(&self, size: Option<u64>) -> Result<String, LedgerError> {
        let size = match size {
            Some(size) => size,
            None => self.last()?.unwrap_or(0),
        };
        tables::checkpoint(&self.db, size)
            .map_err(LedgerError::database("read"))?
            .ok_or(LedgerError::NoEntry(size))
    }

    /// That the entry `number` is in the tree of the last checkpoint, in the form of
    /// c2sp.org/tlog-proof with the entry's bytes as its extra data.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`]; [`LedgerError::Altered`] when the leaves are not those of the
    /// checkpoint.
    pub fn proof(&self, number: u64) -> Result<String, LedgerError> {
        let entry = self.entry(number)?;
        let checkpoint = self.checkpoint(None)?;
        let leaves = self.leaves_of(&checkpoint)?;
        let index = number.saturating_sub(1);
        let path = usize::try_from(index)
            .ok()
            .and_then(|index| tree::inclusion(index, &leaves))
            .ok_or(LedgerError::NoEntry(number))?;
        Ok(note::proof(&entry.bytes, index, &path, &checkpoint))
    }

    /// That the tree of the checkpoint over `size` entries is the beginning of the last one.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] when there are not more entries than that, or none;
    /// [`LedgerError::Altered`] as [`Self::proof`].
    pub fn consistency(&self, size: u64) -> Result<String, LedgerError> {
        let (old, new) = (self.checkpoint(Some(size))?, self.checkpoint(None)?);
        let leaves = self.leaves_of(&new)?;
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let path = tree::consistency(length, &leaves)
            .filter(|_| length < leaves.len())
            .ok_or(LedgerError::NoEntry(size.saturating_add(1)))?;
        Ok(note::consistency(&old, &path, &new))
    }

    /// The leaves of a checkpoint's tree: 32 bytes an entry.
    fn leaves_of(&self, checkpoint: &str) -> Result<Vec<Digest>, LedgerError> {
        let altered = |number, what| LedgerError::Altered { number, what };
        let note = Note::parse(checkpoint).ok_or(altered(0, Alteration::Forged))?;
        let mut leaves = Vec::new();
        let mut all = self
            .db
            .prepare("SELECT leaf FROM entries WHERE number <= ?1 ORDER BY number")
            .map_err(LedgerError::database("read"))?;
        let mut rows = all
            .query((integer(note.size),))
            .map_err(LedgerError::database("read"))?;
        while let Some(row) = rows.next().map_err(LedgerError::database("read"))? {
            let leaf = row
                .get::<_, String>(0)
                .map_err(LedgerError::database("read"))?;
            let number = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
            let leaf = Digest::try_from(leaf)
                .map_err(|_| altered(number.saturating_add(1), Alteration::Changed))?;
            leaves.push(leaf);
        }
        if tree::root(&leaves) == note.root {
            Ok(leaves)
        } else {
            Err(altered(note.size, Alteration::Remade))
        }
    }
}
