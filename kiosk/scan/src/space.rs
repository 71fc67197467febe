//! Bytes that are no file's: how they are read, what is said of them, and where a match in them is.

use std::io::Read;

use wire::name::MediumName;
use wire::worker::{Item, Locator, Reading};
use wire::{Finding, Gap, Row, RowKind, Source, Tier};

use crate::content::Content;
use crate::emit;
use crate::examine::Examiner;
use crate::members::outcome_of;

impl Examiner<'_, '_> {
    /// Reads and judges what is in the clusters of `item` and not of it: old content of other
    /// files, mostly. It gets a row only when something is to be said of it.
    pub(crate) fn slack(&mut self, item: &Item, reader: &mut dyn Read) -> (u64, Reading) {
        let content = Content::read(reader, self.limits, self.spool, self.lists.wanted);
        self.hashed_bytes = self.hashed_bytes.saturating_add(content.read_bytes);
        let size_bytes = item.share.slack_bytes;
        let reading = reading_of(&content, RowKind::Unallocated, size_bytes);
        if reading == Reading::Zero {
            return (content.read_bytes, reading);
        }
        let mut findings: Vec<Finding> = unreadable(&content).into_iter().collect();
        let mut gap = content.gap;
        let asking = self.ask(RowKind::Unallocated, &content.bytes());
        match self.matcher.run(&content.bytes(), None) {
            Ok(found) => findings.extend(found.into_iter().map(|(finding, _)| finding)),
            Err(missed) => gap = gap.or(Some(missed)),
        }
        let (found, missed) = self.hear(asking);
        findings.extend(found);
        gap = gap.or(missed);
        if gap.is_none() && content.read_bytes != size_bytes {
            gap = Some(Gap::Damaged);
        }
        let listed = self.lists.look_up(content.digests.as_ref());
        findings.extend(listed.findings);
        gap = gap.or(listed.gap);
        if findings.is_empty() && gap.is_none() {
            return (content.read_bytes, reading);
        }
        let mut path = item.path.as_bytes().to_vec();
        path.extend_from_slice(b":slack");
        (self.send)(Row {
            volume: item.volume,
            path: MediumName::cut(&path).0,
            within: Vec::new(),
            kind: RowKind::Unallocated,
            size_bytes,
            sha256: content.digests.map(|digests| digests.sha256),
            content_type: None,
            outcome: outcome_of(&findings, gap),
            inherited: false,
            findings: emit::bounded(findings),
        });
        (content.read_bytes, reading)
    }
}

/// The runs of raw space. A file has a name, which says more.
pub(crate) fn runs_of(item: &Item) -> Vec<(u64, u64)> {
    match &item.locator {
        Locator::Range { offset_bytes } => vec![(*offset_bytes, item.size_bytes)],
        Locator::Extents(extents) if item.kind != RowKind::File => extents.clone(),
        Locator::Extents(_)
        | Locator::Chain { .. }
        | Locator::Record { .. }
        | Locator::Path
        | Locator::Inline(_)
        | Locator::Loose => Vec::new(),
    }
}

/// A match in raw space says where it is: pieces are up to 64 MiB, and nobody finds it there.
pub(crate) fn placed((finding, at): (Finding, Option<usize>), runs: &[(u64, u64)]) -> Finding {
    let mut left = at.and_then(|at| u64::try_from(at).ok());
    for (offset, length) in runs {
        match left {
            Some(at) if at < *length => {
                let mut detail = format!("at byte {}", offset.saturating_add(at));
                if !finding.detail.is_empty() {
                    detail = format!("{} {detail}", finding.detail);
                }
                return Finding { detail, ..finding };
            }
            Some(at) => left = Some(at.saturating_sub(*length)),
            None => return finding,
        }
    }
    finding
}

/// How much of a content of this kind and size was read.
pub(crate) fn reading_of(content: &Content, kind: RowKind, size_bytes: u64) -> Reading {
    let is_space = match kind {
        RowKind::Boot | RowKind::Unallocated | RowKind::Gap => true,
        RowKind::File | RowKind::Stream | RowKind::Deleted | RowKind::Member => false,
    };
    if content.gap.is_some() || content.digests.is_none() || content.read_bytes != size_bytes {
        Reading::Partial
    } else if is_space && content.zero {
        Reading::Zero
    } else {
        Reading::Whole
    }
}

/// The finding that names the sectors which made a reader fail.
pub(crate) fn unreadable(content: &Content) -> Option<Finding> {
    let sectors = content.sectors.as_ref()?;
    let is_why = content.gap == Some(Gap::Unreadable);
    let (source, tier) = (Source::Volume, Tier::Incomplete);
    is_why.then(|| Finding::own("unreadable_sectors", source, tier, sectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_in_raw_space_is_placed_on_its_volume() {
        let runs = [(1000, 10), (5000, 20)];
        let at = |at| {
            let finding = Finding::own("rule", Source::Yara, Tier::Block, "");
            placed((finding, at), &runs).detail
        };
        assert_eq!(at(Some(0)), "at byte 1000");
        assert_eq!(at(Some(9)), "at byte 1009");
        assert_eq!(at(Some(10)), "at byte 5000");
        assert_eq!(at(Some(29)), "at byte 5019");
        assert_eq!(at(Some(30)), "");
        assert_eq!(at(None), "");
    }
}
