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
        let entries = Entry::all(&sector);
        check_blank(&sector, &entries, findings);
        next = link.entries(&entries, partitions, findings);
    }
}

/// A link that names nothing ends the chain, and whatever follows is hidden: only the one of an
/// empty extended partition is like that, and it holds nothing else. What a link leaves of an
/// entry without a size is worth a word, too.
fn check_blank(sector: &[u8], entries: &[Entry; 4], findings: &mut Findings) {
    let code = sector.get(..446).unwrap_or_default();
    let blank = code.iter().all(|byte| *byte == 0);
    let remains = |entry: &Entry| !entry.is_used() && (entry.kind, entry.start) != (0, 0);
    if !entries.iter().any(Entry::is_used) && (!blank || entries.iter().any(remains)) {
        let detail = "a link of the extended partition names nothing, and is not empty";
        findings.incomplete("ebr_malformed", detail);
    } else if entries.iter().any(remains) {
        let detail = "an entry of a link has a type or a place, and no size";
        findings.notice("ebr_entry_without_size", detail);
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

    /// The rules of a chain of one link that holds these bytes.
    fn rules_of(bytes: &[(usize, u8)]) -> Vec<String> {
        let mut sector = vec![0_u8; 512];
        sector[510..].copy_from_slice(&[0x55, 0xAA]);
        for (at, value) in bytes {
            sector[*at] = *value;
        }
        let mut findings = Findings::default();
        check_blank(&sector, &Entry::all(&sector), &mut findings);
        let findings = findings.into_vec().into_iter();
        findings.map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_link_that_names_nothing_holds_nothing() {
        let none = Vec::<String>::new();
        assert_eq!(rules_of(&[]), none);
        // A volume's boot sector where a link should be.
        assert_eq!(rules_of(&[(0, 0xEB)]), ["ebr_malformed"]);
        assert_eq!(rules_of(&[(450, 1), (454, 64)]), ["ebr_malformed"]);
        let partition = [(450, 1), (454, 64), (459, 8)];
        assert_eq!(rules_of(&partition), none);
        assert_eq!(rules_of(&[(0, 0xEB), (459, 8)]), none);
        // The next link with its size gone.
        let mut cut = partition.to_vec();
        cut.extend([(466, 5), (471, 16)]);
        assert_eq!(rules_of(&cut), ["ebr_entry_without_size"]);
    }

    #[test]
    fn a_chain_is_followed_as_far_as_the_limit() {
        assert_eq!(rules(EXTENDED_MAX), Vec::<String>::new());
        assert_eq!(rules(EXTENDED_MAX + 1), ["ebr_too_long"]);
    }
}
