//! The chain of boot records in an extended partition.

use std::collections::BTreeSet;

use super::Entry;
use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::layout::Partition;
use crate::number::u16_at;

/// Most links of an extended partition's chain. Windows and Linux use at most 60 logical
/// partitions.
const EXTENDED_MAX: usize = 128;

/// Follows an extended partition's chain, and adds the logical partitions that it names.
pub(super) fn follow(
    medium: &dyn Blocks,
    outer: &Entry,
    sector_bytes: u64,
    partitions: &mut Vec<Partition>,
    findings: &mut Findings,
) {
    let end = outer.start.saturating_add(outer.count);
    let mut visited = BTreeSet::new();
    let mut next = Some(outer.start);
    while let Some(start) = next.take() {
        if !visited.insert(start) {
            let detail = "the extended partition's chain comes back to itself";
            findings.incomplete("ebr_loop", detail);
            break;
        }
        if EXTENDED_MAX < visited.len() {
            findings.incomplete("ebr_too_long", "the extended partition's chain is too long");
            break;
        }
        if end <= start {
            let detail = format!("a link of the chain is in sector {start}, past its end {end}");
            findings.incomplete("ebr_outside", detail);
        }
        let sector = match head(medium, start.saturating_mul(sector_bytes), 512) {
            Ok(sector) => sector,
            Err(error) => {
                findings.incomplete("ebr_unreadable", error.to_string());
                break;
            }
        };
        if u16_at(&sector, 510) != 0xAA55 {
            let detail = "a link of the extended partition is no boot record";
            findings.incomplete("ebr_malformed", detail);
            break;
        }
        let link = Link {
            outer,
            start,
            end,
            sector_bytes,
        };
        next = link.entries(&Entry::all(&sector), partitions, findings);
    }
}

/// One boot record of a chain.
struct Link<'e> {
    outer: &'e Entry,
    start: u64,
    /// The sector after the extended partition.
    end: u64,
    sector_bytes: u64,
}

impl Link<'_> {
    /// Adds the partitions of its entries, and gives the sector of the next link. The first
    /// entry is for a partition and the second for the next link: Linux reads what the others
    /// say, and Windows does not.
    fn entries(
        &self,
        entries: &[Entry; 4],
        partitions: &mut Vec<Partition>,
        findings: &mut Findings,
    ) -> Option<u64> {
        let mut next = None;
        let mut logical = 0_u32;
        for (index, entry) in entries.iter().enumerate() {
            if !entry.is_used() {
                continue;
            }
            if 1 < index {
                let detail = "one of the two last entries, which are to be empty, is used";
                findings.incomplete("ebr_extra_entry", detail);
            }
            if !entry.is_extended() {
                logical = logical.saturating_add(1);
                entry.check(findings);
                let last = self.start.saturating_add(entry.start);
                if self.end < last.saturating_add(entry.count) || entry.start == 0 {
                    let detail = "a logical partition lies outside its extended partition";
                    findings.incomplete("ebr_outside", detail);
                }
                partitions.push(entry.place(self.start, self.sector_bytes));
            } else if next.is_none() {
                next = Some(self.outer.start.saturating_add(entry.start));
            } else {
                let detail = "a link of the extended partition has two successors";
                findings.incomplete("ebr_malformed", detail);
            }
        }
        if 1 < logical {
            let detail = "a link of the extended partition names several partitions";
            findings.incomplete("ebr_extra_entry", detail);
        }
        next
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    /// The rules that a chain of `links` links leads to.
    fn rules(links: usize) -> Vec<String> {
        let mut medium = vec![0_u8; (links + 1) * 512];
        for link in 0..links {
            let sector = &mut medium[link * 512..][..512];
            sector[510..].copy_from_slice(&[0x55, 0xAA]);
            if link + 1 < links {
                sector[466] = 0x05;
                sector[470..474].copy_from_slice(&u32::try_from(link + 1).unwrap().to_le_bytes());
                sector[474] = 1;
            }
        }
        let outer = Entry {
            status: 0,
            kind: 0x05,
            start: 0,
            count: 10_000,
        };
        let mut findings = Findings::default();
        follow(&medium, &outer, 512, &mut Vec::new(), &mut findings);
        let findings = findings.into_vec().into_iter();
        findings.map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_chain_is_followed_as_far_as_the_limit() {
        assert_eq!(rules(EXTENDED_MAX), Vec::<String>::new());
        assert_eq!(rules(EXTENDED_MAX + 1), ["ebr_too_long"]);
    }
}
