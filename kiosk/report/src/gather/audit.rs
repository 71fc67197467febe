//! What the ledger says of itself, and what it leaves open at the end of the month.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use record::standing::{Kept, Register};
use wire::audit::{Exported, Reviewed};
use wire::ledger::Event;

use super::At;
use crate::bounded::{LINES_MAX, Lines};

/// One review.
#[derive(Clone, Debug)]
pub(crate) struct ReviewLine {
    pub(crate) at: At,
    pub(crate) reviewed: Reviewed,
    /// Days since the review before, or since the first entry; `None` when a clock does not say.
    pub(crate) after_days: Option<i64>,
}

/// What the ledger says of itself.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) reviews: Lines<ReviewLine>,
    pub(crate) exports: Lines<(At, Exported)>,
    /// Keys, co-signatures, copies and sealed periods.
    pub(crate) ledger: Lines<(At, Event)>,
    /// When the ledger was looked through last, or began.
    pub(super) last_review: Option<Timestamp>,
}

impl Audit {
    pub(super) fn event(&mut self, at: &At, event: &Event) {
        match event {
            Event::Exported(exported) => self.exports.add(|| (at.clone(), (**exported).clone())),
            Event::Reviewed(reviewed) => {
                let time: Option<Timestamp> = at.utc.parse().ok();
                let after = time.zip(self.last_review);
                let after_days = after.map(|(time, last)| days(time.duration_since(last)));
                self.last_review = time;
                self.reviews.add(|| ReviewLine {
                    at: at.clone(),
                    reviewed: (**reviewed).clone(),
                    after_days,
                });
            }
            Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => self.ledger.add(|| (at.clone(), event.clone())),
            Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::Inserted { .. }
            | Event::Judged(_)
            | Event::Withdrawn { .. }
            | Event::Removed { .. }
            | Event::SelfTested(_)
            | Event::Waived(_)
            | Event::WaiverEnded { .. }
            | Event::Mitigated { .. }
            | Event::Interrupted { .. }
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::ListChanged(_)
            | Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Lent(_)
            | Event::Returned(_)
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::ClockStepped { .. } => {}
        }
    }

    /// The last day for the next review, by the last one before it.
    pub(crate) fn due(&self, days: u64, zone: &TimeZone) -> Option<Date> {
        let span = Span::new().try_days(i64::try_from(days).ok()?).ok()?;
        let last = self.last_review?.to_zoned(zone.clone()).date();
        last.checked_add(span).ok()
    }
}

/// Whole days, rounded down.
fn days(time: SignedDuration) -> i64 {
    time.as_hours().checked_div(24).unwrap_or(0)
}

/// What is open at the end of the month.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) at: Option<Timestamp>,
    /// The waivers in force, with their entries.
    pub(crate) waivers: Vec<(u64, Kept)>,
    /// The insertions whose case is open, at most [`LINES_MAX`].
    pub(crate) open: Vec<u64>,
    pub(crate) open_cases: u64,
    pub(crate) lent: u64,
    pub(crate) overdue: u64,
    pub(crate) requests: u64,
}

impl Left {
    pub(super) fn of(register: &Register, at: Timestamp) -> Self {
        let standing = register.standing(at);
        let held = register.waivers().filter(|(_, kept)| kept.holds(at));
        let held = held.map(|(entry, kept)| (entry, kept.clone()));
        Self {
            at: Some(at),
            waivers: held.take(LINES_MAX).collect(),
            open: register.open().take(LINES_MAX).collect(),
            open_cases: standing.open_cases,
            lent: u64::try_from(register.lent().count()).unwrap_or(u64::MAX),
            overdue: standing.overdue,
            requests: standing.requests,
        }
    }
}
