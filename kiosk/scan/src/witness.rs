//! What a worker has read of a device, so that it can be read again and compared.
//!
//! A device may answer one read so and the next otherwise: with the harmless content while it is
//! scanned and the other one afterwards (Mulliner and Michéle, WOOT 2012). So every read leaves a
//! note of what it saw. When the scan is done, all structures and a random part of the contents
//! are read again, and this time not from the kernel's cache.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;

use volume::Blocks;
use wire::worker::{SecondReading, Span};

/// What one note is about at most, in bytes. It is also where notes begin and end: the block
/// cache reads whole blocks of this size, so that a block read twice is compared with itself.
const PIECE_BYTES: usize = 64 << 10;

/// The same as a length on the medium.
const PIECE_STEP: u64 = 64 << 10;

/// Most pieces of structures that one worker keeps notes of; past it they are a random sample.
/// That is 2 GiB of partition tables, allocation tables and folders: four times the records of
/// as many files as a scan allows, 16 times the largest table of a FAT32 volume of a terabyte.
/// The notes themselves take some 3 MB.
pub(crate) const STRUCTURE_NOTES_MAX: usize = 32 << 10;

/// Most pieces of contents that one worker keeps notes of, chosen at random among all that it
/// read. A device that shows other bytes in a hundredth of them stays unnoticed once in 30,000
/// times. Reading them again is at most 64 MiB a worker.
pub(crate) const CONTENT_NOTES_MAX: usize = 1024;

/// What the device is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Partition tables and trees: what decides which contents there are.
    Structure,
    /// The contents themselves.
    Content,
}

/// The device as a worker reads it, with its notes.
pub(crate) struct Witness<B> {
    device: B,
    /// The key of every note. A device that does not know it cannot aim for bytes of the same
    /// note, and cannot foresee which pieces are kept.
    key: RandomState,
    purpose: Cell<Purpose>,
    notes: RefCell<Notes>,
}

impl<B: Blocks> Witness<B> {
    /// A witness of `device` that has seen nothing.
    pub(crate) fn new(device: B, key: RandomState) -> Self {
        Self::with_limits(device, key, STRUCTURE_NOTES_MAX, CONTENT_NOTES_MAX)
    }

    fn with_limits(device: B, key: RandomState, structures: usize, contents: usize) -> Self {
        let notes = Notes {
            structures: Sample::new(structures),
            contents: Sample::new(contents),
            differing: None,
        };
        Self {
            device,
            key,
            purpose: Cell::new(Purpose::Structure),
            notes: RefCell::new(notes),
        }
    }

    /// What the reads from here on are for.
    pub(crate) fn reads_for(&self, purpose: Purpose) {
        self.purpose.set(purpose);
    }

    /// Reads everything that is noted again, from `second`, and compares. Gives how many bytes
    /// were the same, and what came of it.
    pub(crate) fn read_again(&self, second: &dyn Blocks) -> (u64, SecondReading) {
        let notes = self.notes.borrow();
        if let Some(span) = notes.differing {
            return (0, SecondReading::Differs(span));
        }
        let mut all: Vec<&Note> = notes.structures.kept.iter().collect();
        all.extend(&notes.contents.kept);
        // In the order of the medium, which is what every medium is fastest in.
        all.sort_by_key(|note| note.range);
        let mut compared = 0_u64;
        let mut room = vec![0; PIECE_BYTES];
        for note in all {
            let (offset, length) = note.range;
            let piece = room.get_mut(..length).unwrap_or_default();
            if let Err(error) = second.read_at(offset, piece) {
                let reading = if volume::is_gone(&error) {
                    SecondReading::Gone
                } else {
                    SecondReading::Unreadable(note.span())
                };
                return (compared, reading);
            }
            if self.key.hash_one(piece) != note.hash {
                return (compared, SecondReading::Differs(note.span()));
            }
            compared = compared.saturating_add(note.span().size_bytes);
        }
        (compared, SecondReading::Same)
    }

    /// Notes what `offset` was seen to hold.
    fn note(&self, offset: u64, bytes: &[u8]) {
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let to_border = PIECE_STEP.saturating_sub(at % PIECE_STEP);
            let length = usize::try_from(to_border).unwrap_or(PIECE_BYTES);
            let (piece, later) = rest.split_at(length.min(rest.len()));
            self.note_piece((at, piece.len()), piece);
            at = at.saturating_add(to_border);
            rest = later;
        }
    }

    fn note_piece(&self, range: Range, piece: &[u8]) {
        let mut notes = self.notes.borrow_mut();
        let hash = || self.key.hash_one(piece);
        let known = notes.structures.get(range).or(notes.contents.get(range));
        if let Some(known) = known
            && known.hash != hash()
        {
            notes.differing.get_or_insert(known.span());
            return;
        }
        // A structure that is read once more beside a content is kept already.
        if notes.structures.get(range).is_some() {
            return;
        }
        let sample = match self.purpose.get() {
            Purpose::Structure => &mut notes.structures,
            Purpose::Content => &mut notes.contents,
        };
        let random = |count: u64| self.key.hash_one(("which piece", count));
        if let Some(place) = sample.place_for(range, random) {
            let hash = hash();
            sample.put(place, Note { range, hash });
        }
    }
}

impl<B: Blocks> Blocks for Witness<B> {
    fn size_bytes(&self) -> u64 {
        self.device.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.device.read_at(offset_bytes, buffer)?;
        self.note(offset_bytes, buffer);
        Ok(())
    }
}

/// First byte and length of a piece.
type Range = (u64, usize);

/// What one piece held when it was first read.
#[derive(Clone, Copy)]
struct Note {
    range: Range,
    hash: u64,
}

impl Note {
    fn span(&self) -> Span {
        Span {
            offset_bytes: self.range.0,
            size_bytes: u64::try_from(self.range.1).unwrap_or(u64::MAX),
        }
    }
}

struct Notes {
    structures: Sample,
    contents: Sample,
    /// A piece that was read twice already, and was another the second time.
    differing: Option<Span>,
}

/// Notes of at most `limit` pieces. When more are offered, each has had the same chance to be
/// among those that are kept (Vitter's algorithm R).
struct Sample {
    limit: usize,
    offered: u64,
    kept: Vec<Note>,
    by_range: HashMap<Range, usize>,
}

impl Sample {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            offered: 0,
            kept: Vec::new(),
            by_range: HashMap::new(),
        }
    }

    fn get(&self, range: Range) -> Option<Note> {
        let place = self.by_range.get(&range)?;
        self.kept.get(*place).copied()
    }

    /// Where the note of a piece that was just read goes; `None` when it is kept already, or is
    /// not chosen. `random` gives a number for each count.
    fn place_for(&mut self, range: Range, random: impl Fn(u64) -> u64) -> Option<usize> {
        if self.by_range.contains_key(&range) {
            return None;
        }
        self.offered = self.offered.saturating_add(1);
        if self.kept.len() < self.limit {
            return Some(self.kept.len());
        }
        let drawn = random(self.offered).checked_rem(self.offered)?;
        let place = usize::try_from(drawn).ok()?;
        (place < self.limit).then_some(place)
    }

    fn put(&mut self, place: usize, note: Note) {
        match self.kept.get_mut(place) {
            Some(old) => {
                self.by_range.remove(&old.range);
                *old = note;
            }
            None => self.kept.push(note),
        }
        self.by_range.insert(note.range, place);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
#[path = "witness_tests.rs"]
mod tests;
