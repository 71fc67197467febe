//! Work that nobody did: every content of it leaves the board as a row all the same.

use wire::name::MediumName;
use wire::scan::News;
use wire::worker::Job;
use wire::{Finding, Gap, Outcome, Row, RowKind, Source, Tier};

use super::{Board, Task};

impl Board {
    /// A job whose worker is gone: its content is not examined, for the reason given.
    pub(crate) fn lost(&mut self, task: Task, gap: Gap, why: &str) -> Vec<News> {
        let finding = Finding::own("worker_lost", Source::Structure, Tier::Incomplete, why);
        match task.job {
            Job::Layout => {
                self.at_work = self.at_work.saturating_sub(1);
                let row = unexamined(
                    None,
                    MediumName::default(),
                    RowKind::Boot,
                    0,
                    gap,
                    finding.clone(),
                );
                let mut news = self.row(row);
                news.push(News::Layout {
                    scheme: "unreadable".to_owned(),
                    findings: vec![noticed(finding)],
                });
                news
            }
            Job::Walk { volume, place } => {
                self.at_work = self.at_work.saturating_sub(1);
                let row = unexamined(
                    Some(volume),
                    MediumName::default(),
                    RowKind::Unallocated,
                    place.size_bytes,
                    gap,
                    finding.clone(),
                );
                let mut news = self.row(row);
                let finding = noticed(finding);
                let bytes = (place.size_bytes, 0);
                news.extend(self.walked(volume, MediumName::default(), bytes, vec![finding]));
                news
            }
            Job::Examine { item, .. } => {
                let mut row = unexamined(
                    item.volume,
                    item.path.clone(),
                    item.kind,
                    item.size_bytes,
                    gap,
                    finding,
                );
                // A content that ends its worker does not get rid of what was found in it before.
                if let Some(found) = item.findings.iter().find(|one| is_found(one)) {
                    row.findings.insert(0, found.clone());
                    row.outcome = Outcome::Matched;
                }
                let mut news = self.row(row);
                news.extend(self.examined(&item, None));
                news
            }
            // Comes after the board is done, and is the crew's to account for.
            Job::ReadBack => Vec::new(),
        }
    }

    /// Remembers what the second engine found in a content, or in a member of it, that a worker
    /// still has: the first thing is enough to stop the medium.
    pub(crate) fn remember(task: &mut Task, found: &Finding) {
        if let Job::Examine { item, .. } = &mut task.job
            && is_found(found)
            && !item.findings.iter().any(is_found)
        {
            item.findings.push(found.clone());
        }
    }

    /// The scan's time is used up: everything that waits becomes a row.
    pub(crate) fn cut_short(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        let walks = std::mem::take(&mut self.walks);
        let contents = std::mem::take(&mut self.contents);
        self.loose_waiting = 0;
        for task in walks.into_iter().chain(contents.into_values()) {
            self.at_work = self.at_work.saturating_add(1);
            news.extend(self.lost(task, Gap::Timeout, "scan_seconds_max was reached"));
        }
        if !self.supply_ended {
            self.supply_ended = true;
            let why = "scan_seconds_max was reached before the folder's end";
            let finding =
                Finding::own("scan_seconds_max", Source::Structure, Tier::Incomplete, why);
            let path = MediumName::default();
            news.extend(self.row(unexamined(
                None,
                path,
                RowKind::File,
                0,
                Gap::Timeout,
                finding,
            )));
        }
        news
    }
}

/// Whether the second engine found something that blocks.
fn is_found(finding: &Finding) -> bool {
    finding.source == Source::Clamav && finding.tier == Tier::Block
}

/// A finding whose row keeps the medium from PASS and is counted there, under its own gap.
fn noticed(finding: Finding) -> Finding {
    Finding {
        tier: Tier::Notice,
        ..finding
    }
}

/// The row of a content that no worker examined.
pub(super) fn unexamined(
    volume: Option<u32>,
    path: MediumName,
    kind: RowKind,
    size_bytes: u64,
    gap: Gap,
    finding: Finding,
) -> Row {
    Row {
        volume,
        path,
        within: Vec::new(),
        kind,
        size_bytes,
        sha256: None,
        content_type: None,
        outcome: Outcome::Unchecked(gap),
        inherited: false,
        findings: vec![finding],
    }
}
