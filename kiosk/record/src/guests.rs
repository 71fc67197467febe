//! Who may hand entries in: the kiosk itself everything, auditors what they did with the ledger.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wire::ledger::Event;

/// Most connections at a time: kioskd, and administrators' commands beside it.
pub const CLIENTS_MAX: usize = 16;

/// Most connections of auditors at a time, beside those: each is one command of one person.
pub const AUDITORS_MAX: usize = 4;

/// Most entries of auditors within a minute, all of them together: exports and reviews are done
/// by hand, and nobody may fill the ledger's disk or keep it busy with them.
pub const AUDITS_A_MINUTE_MAX: usize = 30;

/// Whom the server hears beside its own user and root.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard<'a> {
    /// Users who may do what root may.
    pub guests: &'a [u32],
    /// Whether everybody else who can connect is an auditor. Then the permissions of the socket
    /// decide who can.
    pub auditors: bool,
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Everything.
    Kiosk,
    /// Ask, and write what was done with the ledger.
    Auditor,
}

impl Heard<'_> {
    /// What the user `uid` may do, when this process is the user `own`; `None` for nothing.
    pub(crate) fn right(&self, uid: u32, own: u32) -> Option<Right> {
        if uid == own || uid == 0 || self.guests.contains(&uid) {
            return Some(Right::Kiosk);
        }
        self.auditors.then_some(Right::Auditor)
    }
}

impl Right {
    /// How many connections with this right there may be.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Kiosk => CLIENTS_MAX,
            Self::Auditor => AUDITORS_MAX,
        }
    }

    /// Whether it is enough to write this event.
    pub(crate) fn covers(self, event: &Event) -> bool {
        match self {
            Self::Kiosk => true,
            Self::Auditor => matches!(
                event,
                Event::Exported(_) | Event::Reviewed(_) | Event::Cosigned(_)
            ),
        }
    }
}

/// When auditors' entries of the last minute were written.
#[derive(Debug, Default)]
pub(crate) struct Audits(VecDeque<Instant>);

impl Audits {
    /// Whether there is room for one more at `now`.
    pub(crate) fn has_room(&mut self, now: Instant) -> bool {
        let old = |at: &Instant| MINUTE <= now.saturating_duration_since(*at);
        while self.0.front().is_some_and(old) {
            self.0.pop_front();
        }
        self.0.len() < AUDITS_A_MINUTE_MAX
    }

    /// One was written.
    pub(crate) fn note(&mut self, now: Instant) {
        self.0.push_back(now);
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_auditors_or_nobody() {
        let (own, stranger, guest) = (990, 65_534, 1000);
        let closed = Heard {
            guests: &[guest],
            auditors: false,
        };
        let open = Heard {
            auditors: true,
            ..closed
        };
        for heard in [closed, open] {
            for uid in [0, own, guest] {
                assert_eq!(heard.right(uid, own), Some(Right::Kiosk), "{uid}");
            }
        }
        assert_eq!(closed.right(stranger, own), None);
        assert_eq!(open.right(stranger, own), Some(Right::Auditor));
    }

    #[test]
    fn auditors_write_so_many_entries_a_minute_and_no_more() {
        let mut audits = Audits::default();
        let start = Instant::now();
        for _ in 0..AUDITS_A_MINUTE_MAX {
            assert!(audits.has_room(start));
            audits.note(start);
        }
        assert!(!audits.has_room(start));
        assert!(!audits.has_room(start + MINUTE - Duration::from_millis(1)));
        assert!(audits.has_room(start + MINUTE));
    }
}
