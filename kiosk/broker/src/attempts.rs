//! Wrong codes and PINs at the kiosk: after some of them none is taken for a while.

use std::time::{Duration, Instant};

/// How many wrong ones in a row close the pad: enough for gloves.
pub const WRONG_MAX: u32 = 5;

/// How long it is closed for the first time; it doubles with each further one.
const CLOSED_FIRST: Duration = Duration::from_secs(60);

/// Longest time for which it is closed: whoever may use it must not wait for the day's end.
const CLOSED_LONGEST: Duration = Duration::from_secs(900);

/// What was typed wrong since somebody last typed something right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    wrong: u32,
    closed_until: Option<Instant>,
}

impl Attempts {
    /// For how many whole seconds nothing is taken; 0 when it is.
    pub(crate) fn closed_seconds(&self, now: Instant) -> u64 {
        let left = self
            .closed_until
            .map(|until| until.saturating_duration_since(now));
        // The last begun second counts, or it would be said to be open while it is closed.
        left.map_or(0, |left| left.as_millis().div_ceil(1000))
            .try_into()
            .unwrap_or(u64::MAX)
    }

    /// Another wrong one; gives for how many seconds none is taken now.
    pub(crate) fn wrong(&mut self, now: Instant) -> u64 {
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong.is_multiple_of(WRONG_MAX) {
            let times = self
                .wrong
                .checked_div(WRONG_MAX)
                .unwrap_or(1)
                .saturating_sub(1);
            let closed = CLOSED_FIRST.saturating_mul(2_u32.saturating_pow(times));
            self.closed_until = now.checked_add(closed.min(CLOSED_LONGEST));
        }
        self.closed_seconds(now)
    }

    /// Somebody typed something right.
    pub(crate) fn right(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_one_closes_the_pad_and_each_further_five_for_longer() {
        let (mut attempts, mut now) = (Attempts::default(), Instant::now());
        let mut closed = Vec::new();
        for _ in 0..6 {
            for _ in 1..WRONG_MAX {
                assert_eq!(attempts.wrong(now), 0);
            }
            let seconds = attempts.wrong(now);
            closed.push(seconds);
            now = now.checked_add(Duration::from_secs(seconds)).unwrap();
            assert_eq!(attempts.closed_seconds(now), 0);
        }
        assert_eq!(closed, [60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn a_right_one_opens_and_forgets() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..WRONG_MAX {
            let _ = attempts.wrong(now);
        }
        let soon = now.checked_add(Duration::from_millis(59_001)).unwrap();
        assert_eq!(attempts.closed_seconds(soon), 1);
        attempts.right();
        assert_eq!(attempts.closed_seconds(now), 0);
        assert_eq!(attempts.wrong(now), 0);
    }
}
