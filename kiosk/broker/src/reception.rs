//! Taking in what kiosk-scan reports, and believing none of it unchecked.
//!
//! The tally counts for itself; the end record must agree with it. Rows go to a memory file
//! as they come, so that the ledger gets exactly what was counted.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::OwnedFd;

use decide::{Examination, RulesState, Tally};
use wire::frame;
use wire::ledger::ROWS_BYTES_MAX;
use wire::scan::{Delivered, News, Progress, Totals};
use wire::view::FirstFinding;
use wire::waiver::Waivers;
use wire::{Finding, Gap, MediumName, Outcome, Row, RowKind, Source, Tier, VolumeReport};

/// Longest wording of all volume reports together, in bytes, and what is kept of a label when
/// they are longer: they share one entry with the rest of their verdict.
const VOLUMES_BYTES_MAX: usize = wire::ledger::EVENT_BYTES_MAX / 2;
const SHORT_BYTES: usize = 32;

/// Longest explanation that is kept of a fault, in bytes.
const FAULT_BYTES_MAX: usize = 1024;

/// Everything that one scan reported.
pub struct Reception {
    tally: Tally,
    rows: BufWriter<File>,
    rows_bytes: u64,
    must_be_asked: u64,
    heeded: Heeded,
    volumes: Vec<VolumeReport>,
    scheme: Option<String>,
    layout: Vec<Finding>,
    progress: Progress,
    delivery: Delivery,
    ready: bool,
    ending: Option<Ending>,
}

/// What rows say that a second engine had against their contents. Waived rows count: who speaks
/// for one content does not speak for what was kept back about another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heeded {
    /// Rows in which it found something that blocks.
    pub(crate) found: u64,
    /// Rows of which it could say nothing that can be relied on.
    pub(crate) missed: u64,
    /// Whether something was not examined for another reason. Then there is no PASS, and what
    /// the engine was asked can have been lost with it.
    pub(crate) is_open: bool,
}

impl Heeded {
    fn add(&mut self, row: &Row) {
        let has = |tier: Tier, second: bool| {
            row.findings.iter().any(|finding| {
                finding.member_of.is_none()
                    && finding.tier == tier
                    && (finding.source == Source::Clamav) == second
            })
        };
        let bump = |count: u64, more: bool| count.saturating_add(u64::from(more));
        self.found = bump(self.found, has(Tier::Block, true));
        self.missed = bump(self.missed, has(Tier::Incomplete, true));
        self.is_open |= has(Tier::Incomplete, false);
    }
}

/// Whether the scanner may say that a bundle of rules was handed out.
enum Delivery {
    Unwanted,
    Awaited,
    Said(Delivered),
}

enum Ending {
    Complete(Totals),
    Failed(Gap, String),
}

/// A scan that is over, in whatever way.
pub struct Received {
    /// What it established.
    pub examination: Examination,
    /// Every row, sealed, one a line.
    pub rows: Option<OwnedFd>,
    /// Volumes that were reported.
    pub volumes: Vec<VolumeReport>,
    /// The end record.
    pub totals: Option<Totals>,
    /// For staff: what happened when there is none.
    pub fault: Option<String>,
    /// How many rows of which outcome.
    pub counts: decide::Counts,
    /// The first thing to show.
    pub first: Option<FirstFinding>,
    /// What is wrong with the partition table.
    pub layout: Vec<Finding>,
    /// How the medium is divided.
    pub scheme: Option<String>,
    /// A bundle of rules that the scanner says to have handed out; none of a scan that did not
    /// come to its end.
    pub delivered: Option<Delivered>,
}

impl Reception {
    /// Nothing received yet of a medium of `medium_bytes`; 0 for a folder.
    ///
    /// # Errors
    /// When the kernel gives no memory file.
    pub fn new(medium_bytes: u64) -> std::io::Result<Self> {
        Ok(Self {
            tally: Tally::new(medium_bytes),
            rows: BufWriter::new(jail::memory::writable("rows")?),
            rows_bytes: 0,
            must_be_asked: 0,
            heeded: Heeded::default(),
            volumes: Vec::new(),
            scheme: None,
            layout: Vec::new(),
            progress: Progress::default(),
            delivery: Delivery::Unwanted,
            ready: false,
            ending: None,
        })
    }

    /// The order asks for a delivery.
    pub fn await_delivery(&mut self) {
        self.delivery = Delivery::Awaited;
    }

    /// Lets waivers speak for what they are for. Before the first row; without it none does.
    pub fn excuse(&mut self, waivers: Waivers) {
        let tally = std::mem::take(&mut self.tally);
        self.tally = tally.with_waivers(waivers);
    }

    /// Takes in one piece of news. The row in it, when it is one, comes back as it was
    /// counted, also when it is the one that the ledger does not take.
    pub fn take(&mut self, news: News) -> Option<Row> {
        if self.is_over() {
            return None;
        }
        match news {
            News::Ready { .. } if !self.ready => self.ready = true,
            News::Row(row) if self.ready => return self.row(*row),
            News::Volume(volume) if self.ready => {
                if self.volumes.len() < wire::ledger::VOLUMES_MAX {
                    self.tally.add_volume(&volume);
                    self.volumes.push(*volume);
                } else {
                    self.fail(Gap::Damaged, "kiosk-scan reported too many volumes");
                }
            }
            News::Layout { scheme, findings } if self.ready && self.scheme.is_none() => {
                self.tally.add_layout(&findings);
                self.scheme = Some(wire::name::line(&scheme));
                self.layout = findings;
            }
            News::Progress(progress) if self.ready => self.progress = progress,
            News::Delivered(delivered)
                if self.ready && matches!(self.delivery, Delivery::Awaited) =>
            {
                self.delivery = Delivery::Said(*delivered);
            }
            News::End(totals) if self.ready => self.ending = Some(Ending::Complete(totals)),
            News::Failed { gap, why } => {
                self.fail(gap, &wire::name::line(&why));
            }
            News::Ready { .. }
            | News::Row(_)
            | News::Volume(_)
            | News::Layout { .. }
            | News::Progress(_)
            | News::Delivered(_)
            | News::End(_) => self.fail(Gap::Damaged, "kiosk-scan spoke out of turn"),
        }
        None
    }

    /// Ends the reception for a reason of the receiver's own: silence, death, removal. The
    /// first ending stays.
    pub fn fail(&mut self, gap: Gap, why: &str) {
        if !self.is_over() {
            let (why, _) = why.split_at(why.floor_char_boundary(FAULT_BYTES_MAX));
            self.ending = Some(Ending::Failed(gap, why.to_owned()));
        }
    }

    /// The target changed, or is gone, although the scan came to its end: whatever it
    /// established is about something that is no longer there.
    pub fn overrule(&mut self, gap: Gap, why: &str) {
        // What ended the scan before its end says more: a medium that was taken out, say.
        if !matches!(self.ending, Some(Ending::Failed(..))) {
            self.ending = Some(Ending::Failed(gap, why.to_owned()));
        }
    }

    /// Whether the scan is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether the scan came to its own end, and nothing speaks against it yet.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.ending, Some(Ending::Complete(_)))
    }

    /// How many contents of the medium itself were called clean: a second engine must have been
    /// asked about each.
    #[must_use]
    pub(crate) fn must_be_asked(&self) -> u64 {
        self.must_be_asked
    }

    /// What rows say that a second engine had against their contents.
    pub(crate) fn heeded(&self) -> Heeded {
        self.heeded
    }

    /// How far the scan said it is. For showing, never for judging.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Nothing was scanned: the medium may not be read, or there is nothing to scan it with.
    #[must_use]
    pub fn not_started(self, rules: RulesState) -> Received {
        Received {
            examination: Examination::not_started(rules),
            fault: None,
            ..self.finish(rules)
        }
    }

    /// What came of it. A scan without an ending has failed.
    #[must_use]
    pub fn finish(mut self, rules: RulesState) -> Received {
        self.fail(Gap::Damaged, "kiosk-scan ended without its end record");
        let Self {
            tally,
            rows,
            volumes,
            scheme,
            layout,
            ending,
            delivery,
            ..
        } = self;
        let counts = tally.counts();
        let first = tally.first().cloned();
        let sealed = rows
            .into_inner()
            .map_err(|error| error.into_error())
            .and_then(jail::memory::seal);
        let (rows, ending) = match sealed {
            Ok(rows) => (Some(rows), ending),
            // Rows that cannot be recorded are rows that nobody can check later.
            Err(error) => (
                None,
                Some(Ending::Failed(Gap::Damaged, format!("rows lost: {error}"))),
            ),
        };
        let (examination, totals, fault) = match ending {
            Some(Ending::Complete(totals)) => {
                let examination = tally.ended(rules, &totals);
                if examination.ending == decide::Ending::Complete {
                    (examination, Some(totals), None)
                } else {
                    // An end record that disagrees with what was counted is not one.
                    let why = "kiosk-scan's end record disagrees with what it reported";
                    (examination, None, Some(why.to_owned()))
                }
            }
            Some(Ending::Failed(gap, why)) => (tally.failed(rules, gap), None, Some(why)),
            None => (tally.failed(rules, Gap::Damaged), None, None),
        };
        let is_complete = examination.ending == decide::Ending::Complete;
        let mut volumes = volumes;
        volumes.sort_by_key(|volume| volume.index);
        let volumes = bounded(volumes);
        Received {
            examination,
            rows,
            volumes,
            totals,
            fault,
            counts,
            first,
            layout,
            scheme,
            delivered: match delivery {
                Delivery::Said(delivered) if is_complete => Some(delivered),
                Delivery::Said(_) | Delivery::Unwanted | Delivery::Awaited => None,
            },
        }
    }

    fn row(&mut self, mut row: Row) -> Option<Row> {
        if !self.tally.mark(&mut row) {
            self.fail(Gap::Damaged, "kiosk-scan spoke of waivers");
        }
        self.heeded.add(&row);
        row.outcome = self.tally.add(&row);
        if row.outcome == Outcome::Clean && row.kind != RowKind::Member && 0 < row.size_bytes {
            self.must_be_asked = self.must_be_asked.saturating_add(1);
        }
        let Ok(line) = frame::encode(&row) else {
            self.fail(
                Gap::Damaged,
                "kiosk-scan reported a row that cannot be written down",
            );
            return Some(row);
        };
        let length = u64::try_from(line.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        self.rows_bytes = self.rows_bytes.saturating_add(length);
        if ROWS_BYTES_MAX < self.rows_bytes {
            self.fail(
                Gap::Limit,
                "the rows of this medium are more than the ledger takes",
            );
            return Some(row);
        }
        let written = self
            .rows
            .write_all(&line)
            .and_then(|()| self.rows.write_all(b"\n"));
        if let Err(error) = written {
            self.fail(Gap::Damaged, &format!("rows cannot be kept: {error}"));
        }
        Some(row)
    }
}

/// Volume reports that fit the entry of their verdict. They have been counted; what is cut is
/// the wording. A medium must not be able to make its own verdict too long to record.
fn bounded(mut volumes: Vec<VolumeReport>) -> Vec<VolumeReport> {
    let length = serde_json::to_vec(&volumes).map_or(usize::MAX, |text| text.len());
    if VOLUMES_BYTES_MAX < length {
        for volume in &mut volumes {
            let label = volume.label.as_bytes();
            volume.label = MediumName::cut(label.get(..SHORT_BYTES).unwrap_or(label)).0;
            volume.findings.truncate(1);
            for finding in &mut volume.findings {
                finding.detail.clear();
                finding.member_of = None;
            }
        }
    }
    volumes
}

#[cfg(test)]
#[path = "reception_tests.rs"]
mod tests;
