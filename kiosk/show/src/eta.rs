//! How long a scan still takes: smoothed, rounded up, and never jumping about.

use wire::scan::Progress;

/// Earliest estimate, in seconds of scanning: before it, start-up dominates.
pub const ETA_SECONDS_MIN: u64 = 3;

/// Earliest estimate, in percent of the work.
pub const ETA_PERCENT_MIN: u64 = 2;

/// Shortest time between two steps up, in seconds: an estimate that keeps growing under
/// one's eyes is worse than a wrong one.
pub const GROWTH_SECONDS_MIN: u64 = 10;

/// Weight of what was believed against what was just measured, in quarters.
const BELIEVED_QUARTERS: u64 = 3;

/// The running estimate for one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eta {
    /// Smoothed estimate in milliseconds, when there is one.
    smooth_millis: Option<u64>,
    /// What is shown, in whole steps; `None` while it cannot be known.
    shown_seconds: Option<u64>,
    /// When the last step up, or the first estimate, was made, in seconds of scanning.
    grown_at: u64,
    /// When the last measurement was taken, in seconds of scanning.
    measured_at: u64,
}

impl Eta {
    /// What to show, in seconds, a whole number of steps; 0 is "almost done".
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        self.shown_seconds
    }

    /// The estimate after hearing of `progress` at `elapsed` seconds of scanning.
    #[must_use]
    pub fn after(self, progress: &Progress, elapsed: u64) -> Self {
        if elapsed < self.measured_at {
            return Self::default().after(progress, elapsed);
        }
        let Some((done, found)) = work(progress) else {
            return Self::default();
        };
        let too_early = elapsed < ETA_SECONDS_MIN
            || done.saturating_mul(100) < found.saturating_mul(u128::from(ETA_PERCENT_MIN));
        if too_early || (elapsed == self.measured_at && self.smooth_millis.is_some()) {
            return self;
        }
        let left = found.saturating_sub(done);
        let raw = u128::from(elapsed)
            .saturating_mul(1000)
            .saturating_mul(left)
            .checked_div(done);
        let raw = raw.map_or(u64::MAX, |raw| u64::try_from(raw).unwrap_or(u64::MAX));
        let smooth = match self.smooth_millis {
            None => raw,
            Some(_) if left == 0 => 0,
            Some(old) => old
                .saturating_div(4)
                .saturating_mul(BELIEVED_QUARTERS)
                .saturating_add(raw / 4),
        };
        self.stepped(smooth, elapsed)
    }

    fn stepped(self, smooth: u64, elapsed: u64) -> Self {
        let wanted = rounded_up(smooth.div_ceil(1000));
        let (shown, grown_at) = match self.shown_seconds {
            Some(shown) if shown < wanted => {
                if elapsed.saturating_sub(self.grown_at) < GROWTH_SECONDS_MIN {
                    (shown, self.grown_at)
                } else {
                    (rounded_up(shown.saturating_add(1)), elapsed)
                }
            }
            Some(_) => (wanted, self.grown_at),
            None => (wanted, elapsed),
        };
        Self {
            smooth_millis: Some(smooth),
            shown_seconds: Some(shown),
            grown_at,
            measured_at: elapsed,
        }
    }
}

/// Work done and to do: bytes, or files when all of them are empty. `None` until all of it
/// has been found.
fn work(progress: &Progress) -> Option<(u128, u128)> {
    let (done, found) = if progress.bytes_found == 0 {
        (progress.files_done, progress.files_found)
    } else {
        (progress.bytes_done, progress.bytes_found)
    };
    (progress.walked && found != 0).then(|| (u128::from(done.min(found)), u128::from(found)))
}

/// How much of the work is done, in whole percent rounded down; `None` until all of it has
/// been found.
#[must_use]
pub fn percent(progress: &Progress) -> Option<u64> {
    let (done, found) = work(progress)?;
    done.saturating_mul(100)
        .checked_div(found)
        .and_then(|percent| u64::try_from(percent).ok())
}

/// Rounds up to whole steps: of 30 s up to 2 min, of 1 min up to 10 min, then of 5 min.
fn rounded_up(seconds: u64) -> u64 {
    let step = match seconds {
        0..=120 => 30,
        121..=600 => 60,
        601.. => 300,
    };
    seconds.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;

    fn progress(bytes_done: u64, bytes_found: u64) -> Progress {
        Progress {
            bytes_done,
            bytes_found,
            walked: true,
            ..Progress::default()
        }
    }

    #[test]
    fn there_is_no_estimate_before_three_seconds_and_two_percent() {
        assert_eq!(Eta::default().after(&progress(50, 100), 2).seconds(), None);
        assert_eq!(Eta::default().after(&progress(1, 100), 60).seconds(), None);
        assert_eq!(
            Eta::default().after(&progress(2, 100), 3).seconds(),
            Some(180)
        );
    }

    #[test]
    fn there_is_neither_estimate_nor_percentage_while_files_are_still_being_found() {
        let open = Progress {
            walked: false,
            ..progress(50, 100)
        };
        assert_eq!(Eta::default().after(&open, 60).seconds(), None);
        assert_eq!(percent(&open), None);
    }

    #[test]
    fn estimates_are_rounded_up_in_steps() {
        let cases = [
            (0, 0),
            (1, 30),
            (30, 30),
            (31, 60),
            (119, 120),
            (121, 180),
            (601, 900),
        ];
        for (seconds, step) in cases {
            assert_eq!(rounded_up(seconds), step, "{seconds}");
        }
    }

    #[test]
    fn an_estimate_grows_by_one_step_in_ten_seconds_at_most() {
        let mut eta = Eta::default().after(&progress(50, 100), 30);
        assert_eq!(eta.seconds(), Some(30));
        let mut last = (30, 30);
        for elapsed in 31..200 {
            // The medium stands still: the true estimate grows by a second a second.
            eta = eta.after(&progress(50, 100), elapsed);
            let seconds = eta.seconds().unwrap();
            if last.1 < seconds {
                assert!(GROWTH_SECONDS_MIN <= elapsed - last.0, "{elapsed}");
                assert_eq!(seconds, rounded_up(last.1 + 1), "{elapsed}");
                last = (elapsed, seconds);
            }
        }
        assert!(120 <= last.1, "it does grow: {last:?}");
    }

    #[test]
    fn an_estimate_falls_at_once_and_ends_at_zero() {
        let eta = Eta::default()
            .after(&progress(10, 100), 10)
            .after(&progress(100, 100), 11);
        assert_eq!(eta.seconds(), Some(0));
    }

    #[test]
    fn another_scan_starts_its_own_estimate() {
        let eta = Eta::default()
            .after(&progress(10, 1000), 100)
            .after(&progress(0, 50), 0);
        assert_eq!(eta, Eta::default());
    }

    #[test]
    fn percent_is_rounded_down_and_files_count_when_all_are_empty() {
        assert_eq!(percent(&progress(999, 1000)), Some(99));
        let empty = Progress {
            files_done: 1,
            files_found: 4,
            walked: true,
            ..Progress::default()
        };
        assert_eq!(percent(&empty), Some(25));
        assert_eq!(percent(&progress(u64::MAX, u64::MAX)), Some(100));
        assert_eq!(percent(&progress(200, 100)), Some(100));
    }
}
