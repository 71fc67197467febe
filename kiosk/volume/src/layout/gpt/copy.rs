//! One of the two copies of a GPT: header and entries.

use super::Partition;
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::number::{array, narrow, u32_at, u64_at, wide};

/// Largest array of entries read, in bytes: 128 entries of 128 bytes are usual.
const ENTRIES_BYTES_MAX: u64 = 1 << 20;

/// A header whose checksums are right, with its entries. Numbers are sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    own: u64,
    pub(super) other: u64,
    pub(super) first_usable: u64,
    pub(super) last_usable: u64,
    disk: [u8; 16],
    reserved: u32,
    entries_start: u64,
    /// The sector after the entries.
    entries_end: u64,
    entry_bytes: u64,
    entries: Vec<u8>,
}

/// One entry that describes a partition.
pub(super) struct Entry {
    pub(super) kind: [u8; 16],
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) attributes: u64,
}

impl Entry {
    fn parse(entry: &[u8]) -> Option<Self> {
        let kind = array(entry, 0);
        (kind != [0; 16]).then(|| Self {
            kind,
            first: u64_at(entry, 32),
            last: u64_at(entry, 40),
            attributes: u64_at(entry, 48),
        })
    }

    /// Whether some systems do not show it: firmware is told to ignore it, or Windows to hide
    /// it or to give it no letter.
    pub(super) fn is_hidden(&self) -> bool {
        const IGNORED: u64 = 1 << 1;
        const HIDDEN: u64 = 1 << 62;
        const NO_LETTER: u64 = 1 << 63;
        self.attributes & (IGNORED | HIDDEN | NO_LETTER) != 0
    }

    pub(super) fn place(&self, sector_bytes: u64) -> Partition {
        let after = self.last.saturating_add(1);
        Partition {
            offset_bytes: self.first.saturating_mul(sector_bytes),
            size_bytes: after
                .saturating_sub(self.first)
                .saturating_mul(sector_bytes),
        }
    }
}

/// Whether `sector` begins like the header of a GPT.
pub(super) fn signed(medium: &dyn Blocks, sector: u64, sector_bytes: u64) -> bool {
    let header = head(medium, sector.saturating_mul(sector_bytes), 8);
    header.is_ok_and(|header| header == b"EFI PART")
}

impl Copy {
    /// The copy whose header is in `sector`, `None` when anything about it is wrong.
    pub(super) fn read(medium: &dyn Blocks, sector: u64, sector_bytes: u64) -> Option<Self> {
        let offset = sector.saturating_mul(sector_bytes);
        let header = head(medium, offset, narrow(sector_bytes)).ok()?;
        let length = narrow(u64::from(u32_at(&header, 12)));
        if array(&header, 0) != *b"EFI PART" || !(92..=header.len()).contains(&length) {
            return None;
        }
        let mut blanked = header.get(..length).unwrap_or_default().to_vec();
        if let Some(checksum) = blanked.get_mut(16..20) {
            checksum.fill(0);
        }
        let own = u64_at(&header, 24);
        if crc32fast::hash(&blanked) != u32_at(&header, 16) || own != sector {
            return None;
        }
        let entry_bytes = u64::from(u32_at(&header, 84));
        let entries_bytes = u64::from(u32_at(&header, 80)).saturating_mul(entry_bytes);
        let fits = entry_bytes.is_multiple_of(128) && entry_bytes != 0;
        if !fits || ENTRIES_BYTES_MAX < entries_bytes {
            return None;
        }
        let entries_start = u64_at(&header, 72);
        let offset = entries_start.saturating_mul(sector_bytes);
        let entries = head(medium, offset, narrow(entries_bytes)).ok()?;
        if crc32fast::hash(&entries) != u32_at(&header, 88) {
            return None;
        }
        let sectors = wide(entries.len()).div_ceil(sector_bytes.max(1));
        Some(Self {
            own,
            other: u64_at(&header, 32),
            first_usable: u64_at(&header, 40),
            last_usable: u64_at(&header, 48),
            disk: array(&header, 56),
            reserved: u32_at(&header, 20),
            entries_start,
            entries_end: entries_start.saturating_add(sectors),
            entry_bytes,
            entries,
        })
    }

    /// The entries that describe partitions.
    pub(super) fn used(&self) -> Vec<Entry> {
        let entries = self.entries.chunks(narrow(self.entry_bytes));
        entries.filter_map(Entry::parse).collect()
    }

    /// Whether both describe the same, and each names the other.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let about = |copy: &Self| (copy.first_usable, copy.last_usable, copy.disk);
        self.other == other.own
            && other.other == self.own
            && about(self) == about(other)
            && (self.entry_bytes, &self.entries) == (other.entry_bytes, &other.entries)
    }

    /// Whether the header's fields fit each other and a medium whose last sector is `last`.
    pub(super) fn check(&self, last: u64, findings: &mut Findings) {
        if self.reserved != 0 {
            let detail = "a field of the GPT's header that must be zero is not";
            findings.notice("gpt_reserved_used", detail);
        }
        if self.last_usable < self.first_usable
            || last <= self.last_usable
            || (self.first_usable..=self.last_usable).contains(&self.own)
            || self.first_usable < 2
        {
            let detail = format!(
                "the GPT in sector {} keeps sectors {} to {} of {last} for partitions",
                self.own, self.first_usable, self.last_usable
            );
            findings.incomplete("gpt_usable_range", detail);
        }
        self.check_array(last, findings);
    }

    /// Whether the entries are where they belong: after the first header, before the second.
    fn check_array(&self, last: u64, findings: &mut Findings) {
        let place = self.entries_start..self.entries_end;
        let detail = format!(
            "the GPT in sector {} has its entries in sectors {} to {}",
            self.own,
            self.entries_start,
            self.entries_end.saturating_sub(1)
        );
        let in_usable =
            self.entries_start <= self.last_usable && self.first_usable < self.entries_end;
        if in_usable
            || place.contains(&self.own)
            || self.entries_start < 2
            || last < self.entries_end
        {
            findings.incomplete("gpt_entries_misplaced", detail);
            return;
        }
        let usual = match self.own {
            1 => self.entries_start == 2,
            _ => self.entries_end == self.own,
        };
        if !usual {
            findings.notice("gpt_entries_moved", detail);
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    /// A medium whose header in sector 1 has this many entries of 128 bytes.
    fn medium(count: u64) -> Vec<u8> {
        let size = narrow(count) * 128;
        let mut medium = vec![0_u8; 1024 + size];
        let header = &mut medium[512..604];
        header[..16].copy_from_slice(b"EFI PART\0\0\x01\0\x5C\0\0\0");
        header[24] = 1;
        header[72] = 2;
        header[80..84].copy_from_slice(&u32::try_from(count).unwrap().to_le_bytes());
        header[84] = 128;
        header[88..92].copy_from_slice(&crc32fast::hash(&vec![0; size]).to_le_bytes());
        let sum = crc32fast::hash(header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        medium
    }

    #[test]
    fn an_array_of_entries_past_its_largest_size_is_not_read() {
        let most = ENTRIES_BYTES_MAX / 128;
        assert!(Copy::read(&medium(most), 1, 512).is_some());
        assert!(Copy::read(&medium(most + 1), 1, 512).is_none());
    }
}
