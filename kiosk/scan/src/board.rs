//! What is left to do in one scan, and what has been done: no I/O, no clock.
//!
//! Every item that is ever found leaves this board as a row: from the worker that examined it,
//! or from here when it was lost, cut by a limit, or out of time. That is what makes the end
//! record mean something.

mod delivery;

mod lost;

mod volumes;

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::time::Duration;

use delivery::Delivery;
use lost::unexamined;
use volumes::Volume;
use wire::consult::Consultation;
use wire::name::MediumName;
use wire::scan::{Limits, News, Order, Progress, Supply, TargetKind, Totals};
use wire::worker::{Answer, Item, Job, Locator, Reading, Share};
use wire::{Coverage, Finding, Gap, Outcome, Row, RowKind, Source, Tier};

/// Slowest reading that a file's deadline allows for, in bytes a second: a worn USB 1 stick.
pub(crate) const SLOWEST_BYTES_PER_SECOND: u64 = 1_000_000;

/// Handed-over files that wait for a worker; more are left in the socket.
pub(crate) const LOOSE_WAITING_MAX: usize = 8;

/// One job with what travels with it.
pub(crate) struct Task {
    pub(crate) job: Job,
    pub(crate) descriptor: Option<OwnedFd>,
    /// How long a worker may take.
    pub(crate) allowed: Duration,
}

/// The state of one scan.
pub(crate) struct Board {
    limits: Limits,
    target: TargetKind,
    consultation: Option<Consultation>,
    /// Structures that wait to be read: they go first, so that progress can say of how many.
    walks: VecDeque<Task>,
    /// Contents that wait, by their place on the medium and the order in which they were found:
    /// a medium gives its bytes fastest in their own order.
    contents: BTreeMap<(u64, u64), Task>,
    /// Jobs handed to workers and not yet done.
    at_work: u64,
    volumes: Vec<Volume>,
    loose_waiting: usize,
    supply_ended: bool,
    cut: bool,
    /// Contents found, raw ranges included.
    found: u64,
    delivery: Delivery,
    progress: Progress,
    totals: Totals,
}

impl Board {
    /// The board of a scan that has not begun.
    pub(crate) fn new(order: &Order) -> Self {
        let folder = matches!(order.target, TargetKind::Folder | TargetKind::File);
        let mut board = Self {
            limits: order.limits.clone(),
            target: order.target,
            consultation: order.consultation,
            walks: VecDeque::new(),
            contents: BTreeMap::new(),
            at_work: 0,
            volumes: Vec::new(),
            loose_waiting: 0,
            supply_ended: !folder,
            cut: false,
            found: 0,
            delivery: Delivery::new(order.delivery),
            progress: Progress::default(),
            totals: Totals::default(),
        };
        if !folder {
            let allowed = Duration::from_secs(board.limits.walk_seconds_max);
            board.walks.push_back(Task {
                job: Job::Layout,
                descriptor: None,
                allowed,
            });
        }
        board
    }

    /// The next job for an idle worker.
    pub(crate) fn next(&mut self) -> Option<Task> {
        let first = || self.contents.pop_first().map(|(_, task)| task);
        let task = self.walks.pop_front().or_else(first)?;
        self.at_work = self.at_work.saturating_add(1);
        if let Job::Examine { item, .. } = &task.job {
            self.progress.current = item.path.clone();
            if item.locator == Locator::Loose {
                self.loose_waiting = self.loose_waiting.saturating_sub(1);
            }
        }
        Some(task)
    }

    /// Whether everything that was found has left as a row.
    pub(crate) fn is_done(&self) -> bool {
        let waiting = self.walks.len().saturating_add(self.contents.len());
        waiting == 0 && self.at_work == 0 && self.supply_ended
    }

    /// Whether the starter may hand over more files.
    pub(crate) fn wants_supply(&self) -> bool {
        !self.supply_ended && self.loose_waiting < LOOSE_WAITING_MAX
    }

    /// How far the scan is.
    pub(crate) fn progress(&self) -> News {
        let walked = self.supply_ended && self.volumes.iter().all(|volume| volume.walked);
        News::Progress(Progress {
            walked,
            ..self.progress.clone()
        })
    }

    /// The bundle of rules that the medium brought, when it did.
    pub(crate) fn delivered(&self) -> Option<News> {
        self.delivery.news()
    }

    /// The end record.
    pub(crate) fn end(&self) -> News {
        News::End(self.totals)
    }

    /// A file of a folder, from the starter.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub(crate) fn supply(
        &mut self,
        supply: Supply,
        descriptor: Option<OwnedFd>,
    ) -> Result<Vec<News>, &'static str> {
        let folder = matches!(self.target, TargetKind::Folder | TargetKind::File);
        if !folder || self.supply_ended {
            return Err("a file that was not asked for");
        }
        match (supply, descriptor) {
            (Supply::File { path, size_bytes }, Some(descriptor)) => {
                let item = Item {
                    volume: None,
                    path,
                    kind: RowKind::File,
                    size_bytes,
                    locator: Locator::Loose,
                    findings: Vec::new(),
                    share: Share::default(),
                };
                Ok(self.item(item, Some(descriptor)))
            }
            (Supply::Unopened { path, gap, finding }, None) => {
                Ok(self.row(unexamined(None, path, RowKind::File, 0, gap, finding)))
            }
            (Supply::End, None) => {
                self.supply_ended = true;
                Ok(Vec::new())
            }
            (Supply::File { .. }, None) => Err("a file without its descriptor"),
            (Supply::Unopened { .. } | Supply::End, Some(_)) => Err("a descriptor without a file"),
        }
    }

    /// What a worker answers to `task`. `None` when the answer ends the task.
    ///
    /// # Errors
    /// What the worker did that its job does not allow; the worker must not be believed again.
    pub(crate) fn answer(
        &mut self,
        task: &Task,
        answer: Answer,
    ) -> Result<(Vec<News>, bool), &'static str> {
        match (&task.job, answer) {
            (Job::Layout, Answer::Volume(place)) => Ok((self.volume(place), false)),
            (Job::Layout, Answer::Item(item)) if item.volume.is_none() => {
                Ok((self.item(*item, None), false))
            }
            (Job::Layout, Answer::Layout { scheme, findings }) => {
                self.at_work = self.at_work.saturating_sub(1);
                Ok((vec![News::Layout { scheme, findings }], true))
            }
            (Job::Walk { volume, .. }, Answer::Item(item)) if item.volume == Some(*volume) => {
                Ok((self.item(*item, None), false))
            }
            (Job::Walk { volume, .. }, Answer::Row(row)) if row.volume == Some(*volume) => {
                Ok((self.row(*row), false))
            }
            (
                Job::Walk { volume, .. },
                Answer::Walked {
                    label,
                    allocated_bytes,
                    unallocated_bytes,
                    findings,
                },
            ) => {
                self.at_work = self.at_work.saturating_sub(1);
                let bytes = (allocated_bytes, unallocated_bytes);
                Ok((self.walked(*volume, label, bytes, findings), true))
            }
            (Job::Examine { item, .. }, Answer::Row(row)) if row.volume == item.volume => {
                Ok((self.row(*row), false))
            }
            (
                Job::Examine { item, .. },
                Answer::Examined {
                    bytes_read,
                    bytes_hashed,
                    reading,
                },
            ) => {
                self.totals.bytes_read = self.totals.bytes_read.saturating_add(bytes_read);
                self.totals.bytes_hashed = self.totals.bytes_hashed.saturating_add(bytes_hashed);
                Ok((self.examined(item, reading), true))
            }
            (
                Job::Examine {
                    item,
                    deliver: true,
                    ..
                },
                Answer::Delivered { size_bytes },
            ) => {
                self.delivery.done(item, size_bytes)?;
                Ok((Vec::new(), false))
            }
            (
                Job::Layout | Job::Walk { .. } | Job::Examine { .. } | Job::ReadBack,
                Answer::Ready
                | Answer::Volume(_)
                | Answer::Item(_)
                | Answer::Row(_)
                | Answer::Layout { .. }
                | Answer::Walked { .. }
                | Answer::Delivered { .. }
                | Answer::Consult(_)
                | Answer::Examined { .. }
                | Answer::ReadBack { .. },
            ) => Err("an answer that its job does not have"),
        }
    }

    fn item(&mut self, item: Item, descriptor: Option<OwnedFd>) -> Vec<News> {
        self.found = self.found.saturating_add(1);
        if self.limits.files_max < self.found {
            return self.past_the_limit(item.volume);
        }
        if is_file(item.kind) {
            self.progress.files_found = self.progress.files_found.saturating_add(1);
        }
        self.progress.bytes_found = self.progress.bytes_found.saturating_add(item.size_bytes);
        if item.locator == Locator::Loose {
            self.loose_waiting = self.loose_waiting.saturating_add(1);
        }
        let position = item.share.position_bytes;
        let volume = item.volume.and_then(|index| self.at(index));
        let place = volume.map(|volume| {
            volume.open_items = volume.open_items.saturating_add(1);
            volume.place.clone()
        });
        if place.is_none() {
            let outside = &mut self.totals.outside.allocated_bytes;
            *outside = outside.saturating_add(item.share.allocated_bytes);
        }
        let before = place.as_ref().map_or(0, |place| place.offset_bytes);
        let key = (before.saturating_add(position), self.found);
        let seconds = item
            .size_bytes
            .saturating_add(item.share.slack_bytes)
            .checked_div(SLOWEST_BYTES_PER_SECOND)
            .unwrap_or(0)
            .saturating_add(self.limits.file_seconds_max);
        // A second engine reads it all again, and may take its time for one answer.
        let seconds = self.consultation.map_or(seconds, |consultation| {
            seconds
                .saturating_mul(2)
                .saturating_add(consultation.seconds_max)
        });
        let deliver = self.delivery.grants(&item);
        let task = Task {
            job: Job::Examine {
                item: Box::new(item),
                place,
                deliver,
            },
            descriptor,
            allowed: Duration::from_secs(seconds),
        };
        self.contents.insert(key, task);
        Vec::new()
    }

    /// One row stands for everything past `files_max`.
    fn past_the_limit(&mut self, volume: Option<u32>) -> Vec<News> {
        if std::mem::replace(&mut self.cut, true) {
            return Vec::new();
        }
        let why = format!("more than {} files and members", self.limits.files_max);
        let finding = Finding::own("files_max", Source::Structure, Tier::Incomplete, why);
        let path = MediumName::default();
        let row = unexamined(volume, path, RowKind::File, 0, Gap::Limit, finding);
        self.totals.rows = self.totals.rows.saturating_add(1);
        vec![News::Row(Box::new(row))]
    }

    fn row(&mut self, row: Row) -> Vec<News> {
        let matched = row.outcome == Outcome::Matched;
        // A medium past the limit is never PASS; what stops it is still worth a row.
        if self.limits.files_max <= self.totals.rows && !matched {
            return self.past_the_limit(row.volume);
        }
        if matched && !row.inherited {
            self.progress.matched = self.progress.matched.saturating_add(1);
        }
        self.totals.rows = self.totals.rows.saturating_add(1);
        vec![News::Row(Box::new(row))]
    }

    /// A content is done. Without a reading nothing of it was examined.
    fn examined(&mut self, item: &Item, reading: impl Into<Option<Reading>>) -> Vec<News> {
        let reading = reading.into();
        self.at_work = self.at_work.saturating_sub(1);
        if is_file(item.kind) {
            self.progress.files_done = self.progress.files_done.saturating_add(1);
        }
        self.progress.bytes_done = self.progress.bytes_done.saturating_add(item.size_bytes);
        let Some(index) = item.volume else {
            cover(&mut self.totals.outside, item.share, reading);
            return Vec::new();
        };
        if let Some(volume) = self.at(index) {
            volume.open_items = volume.open_items.saturating_sub(1);
            cover(&mut volume.report.coverage, item.share, reading);
        }
        self.finished_volume(index)
    }
}

/// Adds the share of one content to what became of its volume's bytes.
fn cover(coverage: &mut Coverage, share: Share, reading: Option<Reading>) {
    let add = |sum: &mut u64, bytes: u64| *sum = sum.saturating_add(bytes);
    match reading {
        Some(Reading::Whole) => {
            add(&mut coverage.examined_bytes, share.allocated_bytes);
            let free = &mut coverage.unallocated_examined_bytes;
            add(free, share.unallocated_bytes);
        }
        Some(Reading::Zero) => {
            add(&mut coverage.zero_bytes, share.allocated_bytes);
            let free = &mut coverage.unallocated_zero_bytes;
            add(free, share.unallocated_bytes);
        }
        Some(Reading::Partial) => add(&mut coverage.unreadable_bytes, share.allocated_bytes),
        None => {}
    }
}

/// Whether a person would count it as a file: progress is for people.
fn is_file(kind: RowKind) -> bool {
    match kind {
        RowKind::File | RowKind::Stream | RowKind::Deleted | RowKind::Member => true,
        RowKind::Boot | RowKind::Unallocated | RowKind::Gap => false,
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
