//! The volumes on the board: walked, worked off, and reported once.

use std::time::Duration;

use wire::name::MediumName;
use wire::scan::News;
use wire::worker::{Job, Place};
use wire::{Coverage, Finding, Gap, RowKind, Source, Tier, VolumeReport};

use super::lost::unexamined;
use super::{Board, Task};

/// Most volumes of one medium. The report of each must fit one ledger entry.
const VOLUMES_MAX: usize = wire::ledger::VOLUMES_MAX;

/// One volume and what is left to do on it.
pub(super) struct Volume {
    pub(super) report: VolumeReport,
    pub(super) place: Place,
    pub(super) open_items: u64,
    pub(super) walked: bool,
    reported: bool,
}

impl Board {
    pub(super) fn volume(&mut self, place: Place) -> Vec<News> {
        let Ok(index) = u32::try_from(self.volumes.len()) else {
            return Vec::new();
        };
        if VOLUMES_MAX <= self.volumes.len() {
            let why = format!("more than {VOLUMES_MAX} volumes");
            let finding = Finding::own("volumes_max", Source::Volume, Tier::Incomplete, why);
            let size = place.size_bytes;
            let path = MediumName::default();
            return self.row(unexamined(
                None,
                path,
                RowKind::Gap,
                size,
                Gap::Limit,
                finding,
            ));
        }
        let report = VolumeReport {
            index,
            kind: place.kind.clone(),
            label: MediumName::default(),
            offset_bytes: place.offset_bytes,
            size_bytes: place.size_bytes,
            coverage: Coverage::default(),
            findings: Vec::new(),
        };
        self.volumes.push(Volume {
            report,
            place: place.clone(),
            open_items: 0,
            walked: false,
            reported: false,
        });
        let allowed = Duration::from_secs(self.limits.walk_seconds_max);
        let job = Job::Walk {
            volume: index,
            place,
        };
        self.walks.push_back(Task {
            job,
            descriptor: None,
            allowed,
        });
        Vec::new()
    }

    pub(super) fn walked(
        &mut self,
        index: u32,
        label: MediumName,
        (allocated_bytes, unallocated_bytes): (u64, u64),
        findings: Vec<Finding>,
    ) -> Vec<News> {
        if let Some(volume) = self.at(index) {
            volume.walked = true;
            volume.report.label = label;
            volume.report.coverage.allocated_bytes = allocated_bytes;
            volume.report.coverage.unallocated_bytes = unallocated_bytes;
            volume.report.findings = findings;
        }
        self.finished_volume(index)
    }

    /// The volume's report, once, when its last item is done.
    pub(super) fn finished_volume(&mut self, index: u32) -> Vec<News> {
        let Some(volume) = self.at(index) else {
            return Vec::new();
        };
        if !volume.walked || volume.open_items != 0 || volume.reported {
            return Vec::new();
        }
        volume.reported = true;
        let report = Box::new(volume.report.clone());
        self.totals.volumes = self.totals.volumes.saturating_add(1);
        vec![News::Volume(report)]
    }

    pub(super) fn at(&mut self, index: u32) -> Option<&mut Volume> {
        self.volumes.get_mut(usize::try_from(index).ok()?)
    }
}
