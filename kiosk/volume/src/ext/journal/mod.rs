//! The journal of a volume that was not taken out properly: which blocks have newer content in
//! it. Nothing is written home; [`super::overlay`] reads them from where they are.

mod block;

use std::collections::BTreeMap;
use std::io;

use wire::Finding;

use super::System;
use super::crc::crc32_be;
use super::overlay::{JOURNAL_MAGIC, Newer};
use super::runs::{Run, Runs};
use super::superblock::compatible;
use crate::error::VolumeError;
use crate::findings::incomplete;
use crate::number::{array, u16_at, u32_at};
use block::{Block, Ends, Format, Tag, be32, feature};

/// Most blocks that are taken from a journal. mke2fs makes none of more than 262,144; twice that
/// is some 40 MiB of memory.
const REPLAY_BLOCKS_MAX: usize = 1 << 19;

/// What came of reading a journal.
#[derive(Default)]
pub(super) struct Replay {
    /// Blocks with newer content.
    pub(super) newer: BTreeMap<u64, Newer>,
    /// What is wrong with it.
    pub(super) findings: Vec<Finding>,
    /// Whether the volume said that its journal is to be replayed.
    pub(super) was_asked_for: bool,
}

impl Replay {
    fn damaged(&mut self, detail: &str) {
        let detail = format!("the journal could not be replayed in full: {detail}");
        self.findings
            .push(incomplete("ext_journal_damaged", detail));
    }
}

/// Reads the journal of a volume.
///
/// # Errors
/// [`VolumeError::Feature`] for a journal on another volume, or one of a kind that is not read
/// here.
pub(super) fn replay(system: &System) -> Result<Replay, VolumeError> {
    let mut replay = Replay {
        was_asked_for: true,
        ..Replay::default()
    };
    let superblock = &system.superblock;
    if !superblock.has_compatible(compatible::HAS_JOURNAL) {
        replay.damaged("there is none");
        return Ok(replay);
    }
    if superblock.journal_inode() == 0 {
        return Err(VolumeError::Feature {
            kind: superblock.kind,
            what: "an external journal that is not empty".to_owned(),
        });
    }
    match Log::open(system) {
        Ok(Opened::Empty) => {}
        Ok(Opened::Log(mut log)) => log.replay(&mut replay),
        Ok(Opened::Unknown(features)) => {
            return Err(VolumeError::Feature {
                kind: superblock.kind,
                what: format!("unknown features of the journal {features:#x}"),
            });
        }
        Err(error) => replay.damaged(&error.to_string()),
    }
    Ok(replay)
}

enum Opened<'a> {
    /// Nothing is waiting.
    Empty,
    Log(Log<'a>),
    /// Incompatible features that are not read here.
    Unknown(u32),
}

/// The log of one journal.
struct Log<'a> {
    system: &'a System,
    runs: Vec<Run>,
    format: Format,
    first: u64,
    /// The block after its last.
    end: u64,
    at: u64,
    sequence: u32,
    checksum_is_right: bool,
}

/// Content for one block of the volume, from a transaction by its place in the log.
struct Copy {
    block: u64,
    newer: Newer,
    transaction: u64,
}

/// What the transactions of a log say, those without a commit left out.
#[derive(Default)]
struct Collected {
    copies: Vec<Copy>,
    /// Blocks whose copies count no more, up to which transaction.
    revoked: BTreeMap<u64, u64>,
    is_cut: bool,
}

impl Collected {
    fn add(&mut self, copies: Vec<Copy>, revoked: Vec<u64>, transaction: u64) {
        for copy in copies {
            self.is_cut |= REPLAY_BLOCKS_MAX <= self.copies.len();
            if !self.is_cut {
                self.copies.push(copy);
            }
        }
        for block in revoked {
            self.is_cut |= REPLAY_BLOCKS_MAX <= self.revoked.len();
            if !self.is_cut {
                self.revoked.insert(block, transaction);
            }
        }
    }

    /// The newest copy of each block.
    fn newest(self) -> BTreeMap<u64, Newer> {
        let counts = |copy: &Copy| {
            let revoked = self.revoked.get(&copy.block);
            revoked.is_none_or(|revoked| *revoked < copy.transaction)
        };
        let kept = self.copies.iter().filter(|copy| counts(copy));
        kept.map(|copy| (copy.block, copy.newer)).collect()
    }
}

impl<'a> Log<'a> {
    fn open(system: &'a System) -> io::Result<Opened<'a>> {
        let inode = system.inode(system.superblock.journal_inode())?;
        let mut runs = Vec::new();
        let mut steps = Runs::new(system, &inode);
        while let Some(step) = steps.step(&mut |_| true) {
            let run = step.map_err(|fault| io::Error::other(fault.detail()))?;
            if run.unwritten || REPLAY_BLOCKS_MAX <= runs.len() {
                return Err(io::Error::other("its blocks are not those of a journal"));
            }
            runs.push(run);
        }
        let log = Self {
            system,
            runs,
            format: Format {
                incompatible: 0,
                compatible: 0,
                seed: 0,
            },
            first: 0,
            end: 0,
            at: 0,
            sequence: 0,
            checksum_is_right: true,
        };
        let head = log.block(0)?;
        log.take_head(&head)
    }

    /// Takes in the journal's own superblock.
    fn take_head(mut self, head: &[u8]) -> io::Result<Opened<'a>> {
        let version = be32(head, 4);
        if head.get(..4) != Some(&JOURNAL_MAGIC) || !(3..=4).contains(&version) {
            return Err(io::Error::other("it has no superblock"));
        }
        if version == 4 {
            let uuid: [u8; 16] = array(head, 48);
            self.format = Format {
                compatible: be32(head, 36),
                incompatible: be32(head, 40),
                seed: self.system.crc.sum(!0, &uuid),
            };
        }
        let unknown = self.format.incompatible & !feature::KNOWN;
        if unknown != 0 {
            return Ok(Opened::Unknown(unknown));
        }
        if self.format.incompatible & (feature::CSUM_V2 | feature::CSUM_V3) != 0 {
            let piece = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
            let pieces = [piece(0, 0xFC), &[0; 4], piece(0x100, 1024)];
            self.checksum_is_right = self.system.crc.sum_of(!0, &pieces) == be32(head, 0xFC);
        }
        self.first = u64::from(be32(head, 20));
        self.end = u64::from(be32(head, 16));
        if self.format.incompatible & feature::FAST_COMMIT != 0 {
            let fast = u64::from(be32(head, 84));
            let fast = if fast == 0 { 256 } else { fast };
            self.end = self.end.saturating_sub(fast);
        }
        self.sequence = be32(head, 24);
        self.at = u64::from(be32(head, 28));
        if self.at == 0 && self.checksum_is_right && !self.has_fast_commits() {
            return Ok(Opened::Empty);
        }
        let is_sound = u64::from(be32(head, 12)) == self.system.superblock.block_bytes
            && 1 <= self.first
            && self.first < self.end
            && (self.at == 0 || (self.first..self.end).contains(&self.at));
        if is_sound {
            Ok(Opened::Log(self))
        } else {
            Err(io::Error::other("its superblock contradicts itself"))
        }
    }

    /// Where a block of the journal is on the volume, in bytes.
    fn offset(&self, block: u64) -> io::Result<u64> {
        let after = self.runs.partition_point(|run| run.logical <= block);
        let run = after.checked_sub(1).and_then(|index| self.runs.get(index));
        let physical = run.and_then(|run| {
            let within = block.checked_sub(run.logical)?;
            (within < run.count).then(|| run.physical.saturating_add(within))
        });
        let physical = physical.ok_or_else(|| io::Error::other("it is shorter than it says"))?;
        Ok(self.system.superblock.offset(physical))
    }

    fn block(&self, block: u64) -> io::Result<Vec<u8>> {
        let offset = self.offset(block)?;
        let mut buffer = self.system.superblock.buffer();
        self.system.blocks.read_at(offset, &mut buffer)?;
        Ok(buffer)
    }

    /// The next block of the log, which goes round.
    fn next(&mut self) -> u64 {
        let at = self.at;
        let next = at.saturating_add(1);
        self.at = if next < self.end { next } else { self.first };
        at
    }

    fn replay(&mut self, replay: &mut Replay) {
        if !self.checksum_is_right {
            replay.damaged("its superblock has a wrong checksum");
        }
        let mut collected = Collected::default();
        if self.at != 0
            && let Err(error) = self.collect(&mut collected, replay)
        {
            replay.damaged(&error.to_string());
        }
        if collected.is_cut {
            replay.damaged("it holds more blocks than are kept");
        }
        if self.has_fast_commits() {
            replay.damaged("it ends with fast commits, which are not read");
        }
        replay.newer = collected.newest();
        let holds = |block: &u64| *block < self.system.superblock.blocks;
        if !replay.newer.keys().all(holds) {
            replay.damaged("it has content for blocks that the volume does not have");
            replay.newer.retain(|block, _| holds(block));
        }
    }

    /// Follows the log from transaction to transaction.
    fn collect(&mut self, collected: &mut Collected, replay: &mut Replay) -> io::Result<()> {
        let mut left = self.end.saturating_sub(self.first);
        let (mut copies, mut revoked) = (Vec::new(), Vec::new());
        let (mut transaction, mut wrong) = (0_u64, false);
        let mut sum = u32::MAX;
        while left != 0 {
            left = left.saturating_sub(1);
            let place = self.next();
            let raw = self.block(place)?;
            let block = self
                .format
                .parse(&raw, self.sequence, sum, &self.system.crc);
            match block {
                Ok(Block::Descriptor(tags)) => {
                    if self.format.sums_transactions() {
                        sum = crc32_be(sum, &raw);
                    }
                    for tag in tags {
                        left = left.saturating_sub(1);
                        let copy = self.copy(&tag, transaction, &mut sum)?;
                        wrong |= copy.is_none();
                        copies.extend(copy.filter(|_| !tag.deleted));
                    }
                }
                Ok(Block::Revoke(blocks)) => revoked.extend(blocks),
                Ok(Block::Commit) => {
                    // Without a commit, content that does not fit its tag was never written.
                    if std::mem::take(&mut wrong) {
                        replay.damaged("a block in it has a wrong checksum");
                    }
                    let copies = std::mem::take(&mut copies);
                    collected.add(copies, std::mem::take(&mut revoked), transaction);
                    self.sequence = self.sequence.wrapping_add(1);
                    transaction = transaction.saturating_add(1);
                    sum = u32::MAX;
                }
                Err(Ends::Properly) => return Ok(()),
                Err(Ends::Damaged) => {
                    return Err(io::Error::other("a block of its log is damaged"));
                }
            }
        }
        Ok(())
    }

    /// The copy that a tag announces, from the next block of the log; none when it is not what
    /// its tag says.
    fn copy(&mut self, tag: &Tag, transaction: u64, sum: &mut u32) -> io::Result<Option<Copy>> {
        let place = self.next();
        let content = self.block(place)?;
        if self.format.sums_transactions() {
            *sum = crc32_be(*sum, &content);
        }
        let crc = &self.system.crc;
        if !self
            .format
            .content_is_right(tag, self.sequence, &content, crc)
        {
            return Ok(None);
        }
        Ok(Some(Copy {
            block: tag.block,
            newer: Newer {
                offset_bytes: self.offset(place)?,
                escaped: tag.escaped,
            },
            transaction,
        }))
    }

    /// Whether a fast commit follows the last transaction.
    fn has_fast_commits(&self) -> bool {
        const HEAD: u16 = 9;
        if self.format.incompatible & feature::FAST_COMMIT == 0 {
            return false;
        }
        let raw = self.block(self.end).unwrap_or_default();
        u16_at(&raw, 0) == HEAD && u32_at(&raw, 8) == self.sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(block: u64, offset_bytes: u64, transaction: u64) -> Copy {
        let newer = Newer {
            offset_bytes,
            escaped: false,
        };
        Copy {
            block,
            newer,
            transaction,
        }
    }

    #[test]
    fn the_newest_copy_counts_unless_it_was_revoked_since() {
        let mut collected = Collected::default();
        collected.add(
            vec![copy(1, 10, 0), copy(2, 20, 0), copy(3, 30, 0)],
            vec![],
            0,
        );
        collected.add(vec![copy(1, 11, 1)], vec![2, 3], 1);
        collected.add(vec![copy(3, 32, 2)], vec![], 2);
        let newest = collected.newest();
        let places = newest
            .iter()
            .map(|(block, newer)| (*block, newer.offset_bytes));
        let places: Vec<_> = places.collect();
        assert_eq!(places, [(1, 11), (3, 32)]);
    }

    #[test]
    fn a_journal_of_more_blocks_than_are_kept_says_so() {
        let mut collected = Collected::default();
        let many = (0..crate::number::wide(REPLAY_BLOCKS_MAX)).map(|block| copy(block, 0, 0));
        collected.add(many.collect(), vec![], 0);
        assert!(!collected.is_cut);
        collected.add(vec![copy(1, 0, 1)], vec![], 1);
        assert!(collected.is_cut);
        assert_eq!(collected.copies.len(), REPLAY_BLOCKS_MAX);
    }
}
