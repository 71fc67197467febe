//! The kiosk's time: never earlier than it has been.
//!
//! What has ended has ended. A clock that is set back, by a person, a dead battery or a machine
//! that was switched off, brings no registration, contract or visit back: whoever asks about
//! an end asks for [`Clock::now`], which is the latest of what the clock shows, what it has shown
//! before, and what any entry of the ledger carries.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// Least difference between the clock and the time since boot that is a step, and no drift.
pub const STEP_MIN: SignedDuration = SignedDuration::from_secs(5);

/// The latest time known, and what the clock showed when it was last looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    floor: Timestamp,
    seen: Reading,
}

/// Clock and time since boot at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: Timestamp,
    boot: Duration,
}

/// The clock went by more, or less, than time did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What it would have shown.
    pub(crate) expected: Timestamp,
    /// What it shows.
    pub(crate) found: Timestamp,
}

impl Reading {
    fn now() -> Self {
        // The kernel always has this clock. Without it time would stand still, and the clock
        // alone would count.
        let boot = clock_gettime(ClockId::CLOCK_BOOTTIME);
        Self {
            wall: Timestamp::now(),
            boot: boot.map(Duration::from).unwrap_or_default(),
        }
    }

    /// What the clock would show at `later` if nobody touched it.
    fn until(self, later: Self) -> Timestamp {
        ahead(self.wall, later.boot.saturating_sub(self.boot))
    }
}

fn ahead(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Clock {
    /// As the clock shows it.
    pub(crate) fn start() -> Self {
        Self::from(Reading::now())
    }

    fn from(seen: Reading) -> Self {
        Self {
            floor: seen.wall,
            seen,
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(Reading::now())
    }

    fn at(&self, now: Reading) -> Timestamp {
        let floor = ahead(self.floor, now.boot.saturating_sub(self.seen.boot));
        now.wall.max(floor)
    }

    /// Looks at the clock again; says when it stepped.
    pub(crate) fn look(&mut self) -> Option<Step> {
        self.look_at(Reading::now())
    }

    fn look_at(&mut self, now: Reading) -> Option<Step> {
        let expected = self.seen.until(now);
        let found = now.wall;
        self.floor = self.at(now);
        self.seen = now;
        let stepped = STEP_MIN <= found.duration_since(expected).abs();
        stepped.then_some(Step { expected, found })
    }

    /// It is not earlier than `latest`. Says whether that was news.
    pub(crate) fn learn(&mut self, latest: Timestamp) -> bool {
        let is_news = self.now() < latest;
        if is_news {
            // The time since boot goes on from here.
            self.seen = Reading::now();
            self.floor = latest;
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(wall: &str, boot: u64) -> Reading {
        Reading {
            wall: wall.parse().unwrap(),
            boot: Duration::from_secs(boot),
        }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_is_set_back_brings_nothing_back() {
        let mut clock = Clock::from(reading("2026-11-30T08:01:00Z", 100));
        let back = reading("2026-11-30T07:02:00Z", 160);
        assert_eq!(clock.at(back), time("2026-11-30T08:02:00Z"));
        let step = clock.look_at(back).unwrap();
        assert_eq!(step.expected, time("2026-11-30T08:02:00Z"));
        assert_eq!(step.found, back.wall);
        // Time goes on from where it was.
        let later = reading("2026-11-30T07:03:00Z", 220);
        assert_eq!(clock.look_at(later), None);
        assert_eq!(clock.at(later), time("2026-11-30T08:03:00Z"));
    }

    #[test]
    fn a_clock_that_is_set_ahead_and_back_has_been_ahead() {
        let mut clock = Clock::from(reading("2026-11-30T08:00:00Z", 100));
        let ahead = reading("2026-12-30T08:00:00Z", 101);
        assert!(clock.look_at(ahead).is_some());
        let back = reading("2026-11-30T08:00:02Z", 102);
        assert!(clock.look_at(back).is_some());
        assert_eq!(clock.at(back), time("2026-12-30T08:00:01Z"));
    }

    #[test]
    fn drift_is_no_step() {
        let mut clock = Clock::from(reading("2026-11-30T08:00:00Z", 0));
        assert_eq!(clock.look_at(reading("2026-11-30T09:00:04Z", 3600)), None);
        assert!(
            clock
                .look_at(reading("2026-11-30T09:00:14Z", 3605))
                .is_some()
        );
        assert!(SignedDuration::from_secs(1) < STEP_MIN);
    }

    #[test]
    fn what_the_ledger_has_seen_has_been() {
        let mut clock = Clock::start();
        let ahead = clock
            .now()
            .checked_add(SignedDuration::from_hours(24))
            .unwrap();
        assert!(clock.learn(ahead));
        assert!(ahead <= clock.now());
        assert!(!clock.learn(ahead), "it is known already");
        let past = ahead.checked_sub(SignedDuration::from_hours(48)).unwrap();
        assert!(!clock.learn(past));
        assert!(clock.look().is_none(), "nobody touched the clock");
    }
}
