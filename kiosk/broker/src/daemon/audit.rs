//! What the ledger is told of kioskd itself, and what kioskd tells of the ledger: to the screen
//! how it stands, to the journal its head, so that there is a memory of it outside the ledger.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use wire::ledger::{Answer, DiskTrouble, EntryId, Event};
use wire::view::{self, OutOfService, STAFF_LINE_BYTES_MAX, View};

use super::ledger::Owner;
use super::{Daemon, TICK, report};

/// How often the journal is told the ledger's head.
const HEAD_EVERY: Duration = Duration::from_secs(24 * 3600);

/// Longest wait at the end for the ledger to say that it has it: an entry takes some
/// milliseconds, and a writer that is dead must not hold up a machine that shuts down. Without
/// the entry the next start finds a crash, which is what a writer that does not answer is.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);

/// What kioskd remembers of its ledger over its connections.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// The entry of this daemon's start.
    began: Option<EntryId>,
    /// When the journal was last told the head.
    told: Option<Instant>,
    /// Why the ledger was last lost, and what its disk has to do with it.
    lost: Option<(String, Option<DiskTrouble>)>,
}

impl Audit {
    /// The ledger has taken the greeting.
    pub(super) fn began(&mut self, entry: EntryId) {
        self.began.get_or_insert(entry);
        self.lost = None;
    }

    /// Whether the ledger has this daemon's start, so that the next greeting is no start.
    pub(super) fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// The ledger is lost for this reason.
    pub(super) fn lost(&mut self, why: &str, disk: Option<DiskTrouble>) {
        self.lost = Some((why.to_owned(), disk));
    }

    /// Whether it is time to tell the journal.
    fn is_due(&self) -> bool {
        self.told.is_none_or(|told| HEAD_EVERY <= told.elapsed())
    }
}

/// As the journal has it.
fn head_line(head: EntryId) -> String {
    format!("ledger head {} {}", head.number, head.code())
}

impl Daemon {
    /// Tells the journal the ledger's head: at the start and once a day.
    pub(super) fn tell_head(&mut self) {
        if let Some(head) = self.standing.head.filter(|_| self.audit.is_due()) {
            report(&head_line(head));
            self.audit.told = Some(Instant::now());
        }
    }

    /// Puts into a view what is to be known of the ledger.
    pub(super) fn show_ledger(&self, view: &mut View) {
        let reviewed = self.standing.reviewed_utc.as_deref();
        let reviewed = reviewed.and_then(|reviewed| reviewed.parse().ok());
        let review = reviewed.and_then(|reviewed| {
            let policy = &self.site.policy.ledger;
            policy.review(reviewed, self.clock.now(), &self.site.zone)
        });
        let is_out = view.out_of_service == Some(OutOfService::Ledger);
        let lost = self.audit.lost.as_ref().filter(|_| is_out);
        view.ledger = view::Ledger {
            head: self.standing.head,
            disk_percent: self.standing.disk_percent,
            review_due: review.map(|review| review.due.to_string()),
            is_review_overdue: review.is_some_and(|review| review.is_overdue),
            disk_trouble: lost.and_then(|(_, disk)| *disk),
        };
        if let Some((why, _)) = lost {
            view.fault = Some(wire::name::line_within(why, STAFF_LINE_BYTES_MAX));
        }
    }

    /// Has the ledger told that this is an orderly end, after all that it was to be told
    /// before; and waits for its answer, but not for long.
    pub(super) fn say_stopped(&mut self) {
        if self.recorder.is_none() {
            return report("the ledger cannot be told of this end");
        }
        self.unsent
            .push_back((Owner::Nobody, Some(Event::Stopped {})));
        let mut is_greeting_due = !self.greeted;
        let begun = Instant::now();
        while begun.elapsed() < STOP_WAIT_MAX {
            self.send_entries();
            let Some(answer) = self.answer_within(TICK) else {
                continue;
            };
            let Ok(answer) = answer else { break };
            if is_greeting_due {
                is_greeting_due = false;
                continue;
            }
            self.due.pop_front();
            if !self.due.is_empty() || !self.unsent.is_empty() {
                continue;
            }
            match answer {
                Answer::Recorded(entry) => return report(&head_line(entry)),
                Answer::Refused { .. } | Answer::Standing(_) => break,
            }
        }
        report("the ledger did not take this end: the next start will call it a crash");
    }

    /// The ledger's next answer; `None` when there is none yet, an error when it is gone.
    fn answer_within(&self, most: Duration) -> Option<Result<Answer, ()>> {
        let Some(recorder) = &self.recorder else {
            return Some(Err(()));
        };
        let most = u8::try_from(most.as_millis()).unwrap_or(u8::MAX);
        let mut sockets = [PollFd::new(recorder.as_fd(), PollFlags::POLLIN)];
        // Whatever it says, the answer is asked for: it is there, or it is not.
        let _ = poll(&mut sockets, PollTimeout::from(most));
        match recorder.answer() {
            Ok(answer) => Some(Ok(answer)),
            Err(error) if error.is_busy() => None,
            Err(error) => {
                report(&wire::explained(&error));
                Some(Err(()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::Digest;

    use super::*;

    #[test]
    fn an_end_waits_for_an_entry_and_not_for_as_long_as_a_machine_that_shuts_down() {
        assert!(Duration::from_secs(1) <= STOP_WAIT_MAX);
        assert!(STOP_WAIT_MAX <= Duration::from_secs(10));
        assert!(u8::try_from(TICK.as_millis()).is_ok());
    }

    #[test]
    fn a_greeting_is_a_start_until_the_ledger_has_taken_one() {
        let mut audit = Audit::default();
        let entry = |number| EntryId {
            number,
            leaf_sha256: Digest([0x1a; 32]),
        };
        audit.lost("full", Some(DiskTrouble::Full));
        assert!(!audit.has_begun());
        audit.began(entry(7));
        assert!(audit.has_begun() && audit.lost.is_none());
        audit.lost("gone", None);
        audit.began(entry(9));
        assert_eq!(audit.began, Some(entry(7)));
        assert_eq!(head_line(entry(9)), "ledger head 9 1a1a 1a1a 1a1a 1a1a");
    }

    #[test]
    fn the_journal_is_told_at_once_and_then_once_a_day() {
        let mut audit = Audit::default();
        assert!(audit.is_due());
        audit.told = Some(Instant::now());
        assert!(!audit.is_due());
        audit.told = Instant::now().checked_sub(HEAD_EVERY);
        assert!(audit.told.is_none() || audit.is_due());
    }
}
