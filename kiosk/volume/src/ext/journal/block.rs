//! The blocks of a journal. Its numbers are big-endian.

use super::super::crc::Crc;
use super::super::overlay::JOURNAL_MAGIC;
use crate::number::array;

/// The big-endian number at `at`.
pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(array(bytes, at))
}

/// Features of a journal.
pub(super) mod feature {
    /// Compatible: commits carry a checksum of the blocks before them.
    pub(in crate::ext::journal) const CHECKSUM: u32 = 0x1;
    pub(in crate::ext::journal) const IS_64BIT: u32 = 0x2;
    pub(in crate::ext::journal) const CSUM_V2: u32 = 0x8;
    pub(in crate::ext::journal) const CSUM_V3: u32 = 0x10;
    pub(in crate::ext::journal) const FAST_COMMIT: u32 = 0x20;
    /// With revoked blocks and commits that nothing waits for.
    pub(in crate::ext::journal) const KNOWN: u32 = 0x3F;
}

/// How a journal's blocks are written.
pub(super) struct Format {
    pub(super) incompatible: u32,
    pub(super) compatible: u32,
    /// What checksums begin with.
    pub(super) seed: u32,
}

/// What a block of the log is.
pub(super) enum Block {
    Descriptor(Vec<Tag>),
    Commit,
    Revoke(Vec<u64>),
}

/// One block of the volume whose newer content follows in the log.
pub(super) struct Tag {
    pub(super) block: u64,
    pub(super) escaped: bool,
    /// Kept for the volume's sake only: its content is not to be written.
    pub(super) deleted: bool,
    checksum: u32,
}

/// Why a block ends the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// It belongs to an older round of the log, or was never written.
    Properly,
    /// It belongs here, and its checksum or its form is wrong.
    Damaged,
}

impl Format {
    fn has(&self, feature: u32) -> bool {
        self.incompatible & feature != 0
    }

    fn has_tails(&self) -> bool {
        self.has(feature::CSUM_V2 | feature::CSUM_V3)
    }

    /// Whether commits carry a checksum of everything before them.
    pub(super) fn sums_transactions(&self) -> bool {
        !self.has_tails() && self.compatible & feature::CHECKSUM != 0
    }

    /// What a block of the log is; `sequence` is the number of the transaction that it must
    /// belong to, `sum` the checksum of its blocks before.
    pub(super) fn parse(
        &self,
        raw: &[u8],
        sequence: u32,
        sum: u32,
        crc: &Crc,
    ) -> Result<Block, Ends> {
        if raw.get(..4) != Some(&JOURNAL_MAGIC) || be32(raw, 8) != sequence {
            return Err(Ends::Properly);
        }
        match be32(raw, 4) {
            1 if self.tail_is_right(raw, crc) => Ok(Block::Descriptor(self.tags(raw))),
            2 if self.commit_is_right(raw, sum, crc) => Ok(Block::Commit),
            5 if self.tail_is_right(raw, crc) => self.revoked(raw).map(Block::Revoke),
            _ => Err(Ends::Damaged),
        }
    }

    /// Whether the checksum in the last four bytes is right, where there is one.
    fn tail_is_right(&self, raw: &[u8], crc: &Crc) -> bool {
        let end = raw.len().saturating_sub(4);
        let summed = raw.get(..end).unwrap_or_default();
        !self.has_tails() || crc.sum_of(self.seed, &[summed, &[0; 4]]) == be32(raw, end)
    }

    fn commit_is_right(&self, raw: &[u8], sum: u32, crc: &Crc) -> bool {
        if self.has_tails() {
            let before = raw.get(..16).unwrap_or_default();
            let after = raw.get(20..).unwrap_or_default();
            return crc.sum_of(self.seed, &[before, &[0; 4], after]) == be32(raw, 16);
        }
        let [kind, size, ..] = array::<4>(raw, 12);
        let stored = be32(raw, 16);
        let has_none = kind == 0 && size == 0 && stored == 0;
        !self.sums_transactions() || has_none || kind == 1 && size == 4 && stored == sum
    }

    fn tags(&self, raw: &[u8]) -> Vec<Tag> {
        const ESCAPE: u32 = 1;
        const SAME_UUID: u32 = 2;
        const DELETED: u32 = 4;
        const LAST: u32 = 8;
        let length = self.tag_bytes();
        let tail = if self.has_tails() { 4 } else { 0 };
        let end = raw.len().saturating_sub(tail);
        let mut tags = Vec::new();
        let mut at = 12_usize;
        while let Some(tag) = raw.get(at..at.saturating_add(length)) {
            if end < at.saturating_add(length) {
                break;
            }
            let is_v3 = self.has(feature::CSUM_V3);
            let (flags, checksum) = if is_v3 {
                (be32(tag, 4), be32(tag, 12))
            } else {
                (u32::from(be16(tag, 6)), u32::from(be16(tag, 4)))
            };
            let high = if self.has(feature::IS_64BIT) {
                be32(tag, 8)
            } else {
                0
            };
            tags.push(Tag {
                block: u64::from(high) << 32 | u64::from(be32(tag, 0)),
                escaped: flags & ESCAPE != 0,
                deleted: flags & DELETED != 0,
                checksum,
            });
            let uuid = if flags & SAME_UUID == 0 { 16 } else { 0 };
            at = at.saturating_add(length).saturating_add(uuid);
            if flags & LAST != 0 {
                break;
            }
        }
        tags
    }

    fn tag_bytes(&self) -> usize {
        if self.has(feature::CSUM_V3) {
            return 16;
        }
        let checksum = if self.has(feature::CSUM_V2) { 2 } else { 0 };
        let high = if self.has(feature::IS_64BIT) { 4 } else { 0 };
        8_usize.saturating_add(checksum).saturating_add(high)
    }

    /// Whether the content of a block is what its tag says, where tags carry a checksum.
    pub(super) fn content_is_right(
        &self,
        tag: &Tag,
        sequence: u32,
        content: &[u8],
        crc: &Crc,
    ) -> bool {
        let sum = crc.sum_of(self.seed, &[&sequence.to_be_bytes(), content]);
        if self.has(feature::CSUM_V3) {
            return sum == tag.checksum;
        }
        !self.has(feature::CSUM_V2) || sum & 0xFFFF == tag.checksum
    }

    fn revoked(&self, raw: &[u8]) -> Result<Vec<u64>, Ends> {
        let tail = if self.has_tails() { 4 } else { 0 };
        let most = raw.len().saturating_sub(tail);
        let end = usize::try_from(be32(raw, 12)).unwrap_or(usize::MAX);
        let list = raw.get(16..end).filter(|_| end <= most);
        let list = list.ok_or(Ends::Damaged)?;
        if self.has(feature::IS_64BIT) {
            let (all, _) = list.as_chunks::<8>();
            return Ok(all.iter().map(|raw| u64::from_be_bytes(*raw)).collect());
        }
        let (all, _) = list.as_chunks::<4>();
        let all = all.iter().map(|raw| u64::from(u32::from_be_bytes(*raw)));
        Ok(all.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(incompatible: u32) -> Format {
        Format {
            incompatible,
            compatible: 0,
            seed: 7,
        }
    }

    fn head(kind: u8) -> Vec<u8> {
        let mut raw = JOURNAL_MAGIC.to_vec();
        raw.extend([0, 0, 0, kind, 0, 0, 0, 9]);
        raw
    }

    fn tags(format: &Format, tail: &[u8]) -> Vec<(u64, bool)> {
        let mut raw = head(1);
        raw.extend_from_slice(tail);
        raw.resize(1024, 0);
        let crc = Crc::new();
        let sum = crc.sum(7, &raw);
        if format.has_tails() {
            raw[1020..].copy_from_slice(&sum.to_be_bytes());
        }
        match format.parse(&raw, 9, 0, &crc) {
            Ok(Block::Descriptor(tags)) => {
                tags.iter().map(|tag| (tag.block, tag.escaped)).collect()
            }
            Ok(Block::Commit | Block::Revoke(_)) | Err(_) => panic!("no descriptor"),
        }
    }

    #[test]
    fn tags_of_every_width_are_read() {
        let with_uuid = [
            0, 0, 0, 5, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        ];
        let last = [0, 0, 0, 6, 0, 0, 0, 10];
        let both = [&with_uuid[..], &last].concat();
        assert_eq!(tags(&format(0), &both), [(5, true), (6, false)]);
        let wide = [0, 0, 0, 6, 0, 0, 0, 10, 0, 0, 0, 1];
        assert_eq!(
            tags(&format(feature::IS_64BIT), &wide),
            [(0x1_0000_0006, false)]
        );
        let v2 = [0, 0, 0, 6, 1, 2, 0, 2, 0, 0, 0, 0, 0, 7, 1, 2, 0, 10, 0, 0];
        assert_eq!(
            tags(&format(feature::CSUM_V2), &v2),
            [(6, false), (7, false)]
        );
        let v3 = [0, 0, 0, 6, 0, 0, 0, 11, 0, 0, 0, 2, 9, 9, 9, 9];
        let all = feature::CSUM_V3 | feature::IS_64BIT;
        assert_eq!(tags(&format(all), &v3), [(0x2_0000_0006, true)]);
    }

    #[test]
    fn a_block_of_another_transaction_ends_the_log_and_a_wrong_checksum_is_damage() {
        let crc = Crc::new();
        let mut raw = head(5);
        raw.extend([0, 0, 0, 24, 0, 0, 0, 3, 0, 0, 0, 4]);
        raw.resize(1024, 0);
        let end =
            |format: &Format, raw: &[u8], sequence| format.parse(raw, sequence, 0, &crc).err();
        assert_eq!(end(&format(0), &raw, 9), None);
        assert_eq!(end(&format(0), &raw, 8), Some(Ends::Properly));
        assert_eq!(end(&format(feature::CSUM_V3), &raw, 9), Some(Ends::Damaged));
        match format(0).parse(&raw, 9, 0, &crc) {
            Ok(Block::Revoke(blocks)) => assert_eq!(blocks, [3, 4]),
            Ok(Block::Commit | Block::Descriptor(_)) | Err(_) => panic!("no list"),
        }
        raw[15] = 3;
        assert_eq!(end(&format(0), &raw, 9), Some(Ends::Damaged));
        let mut commit = head(2);
        commit.resize(1024, 0);
        let summing = Format {
            compatible: feature::CHECKSUM,
            ..format(0)
        };
        assert_eq!(end(&summing, &commit, 9), None);
        commit[12..20].copy_from_slice(&[1, 4, 0, 0, 0, 0, 0, 1]);
        assert_eq!(end(&summing, &commit, 9), Some(Ends::Damaged));
        assert!(summing.parse(&commit, 9, 1, &crc).is_ok());
    }
}
