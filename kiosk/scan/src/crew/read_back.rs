//! The second reading of a device, when the board is done: every worker reads again what it
//! noted. Here is only who has answered, and what an answer means for the scan.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use wire::Gap;
use wire::frame;
use wire::scan::News;
use wire::worker::{Answer, Job, SecondReading, Span};

use super::{Crew, Doing, Notes, described, end};
use crate::ScanError;
use crate::board::SLOWEST_BYTES_PER_SECOND;

/// Longest second reading beside what the device's size is allowed: the slow sectors of a worn
/// stick, and a minute's patience as for a file.
const READ_BACK_ALLOWED: Duration = Duration::from_secs(60);

impl Crew<'_> {
    /// How long reading this device a second time may take.
    pub(crate) fn read_back_allowed(&self) -> Duration {
        let size = self.tools.order.size_bytes;
        let reading = size.checked_div(SLOWEST_BYTES_PER_SECOND).unwrap_or(0);
        READ_BACK_ALLOWED.saturating_add(Duration::from_secs(reading))
    }

    /// Asks every worker that has read something to read it again until `deadline`. Gives why
    /// the scan has failed, when it has.
    ///
    /// # Errors
    /// When the job cannot be put into words.
    pub(crate) fn ask_again(&mut self, deadline: Instant) -> Result<Option<News>, ScanError> {
        if self.notes == Notes::Lost {
            let why = "a worker died between two jobs, and what it read cannot be read again";
            return Ok(Some(failed(Gap::Damaged, why)));
        }
        let packet = frame::encode(&Job::ReadBack)?;
        for seat in &mut self.seats {
            match seat.doing {
                Doing::Idle => {
                    if seat.channel.send(&packet, &[]).is_err() {
                        let why = "a worker was gone before it read again what it had read";
                        return Ok(Some(failed(Gap::Damaged, why)));
                    }
                    seat.doing = Doing::ReadingBack;
                    seat.deadline = deadline;
                }
                // It has not read anything yet: it replaces one that was lost with its job, or
                // the scan was over before it was ready.
                Doing::Starting => {}
                Doing::Working(_) | Doing::ReadingBack => {
                    return Ok(Some(failed(Gap::Damaged, "a worker was not done")));
                }
            }
        }
        Ok(None)
    }

    /// The workers that have not answered, by their place.
    pub(crate) fn reading_back(&self) -> Vec<(usize, BorrowedFd<'_>)> {
        let reading = self.seats.iter().enumerate();
        let reading = reading.filter(|(_, seat)| matches!(seat.doing, Doing::ReadingBack));
        reading
            .map(|(place, seat)| (place, seat.channel.as_fd()))
            .collect()
    }

    /// Hears the worker at `place`, whose socket is ready. Gives why the scan has failed, when
    /// it has.
    pub(crate) fn hear_again(&mut self, place: usize) -> Option<News> {
        let seat = self.seats.get_mut(place)?;
        let packet = match seat.channel.receive() {
            Ok(Some(packet)) if packet.fds.is_empty() => packet,
            Ok(Some(_)) => return Some(failed(Gap::Damaged, "a worker sent a descriptor")),
            Ok(None) | Err(_) => {
                let how = described(end(&mut seat.child));
                let why = format!("a worker died while it read the device a second time{how}");
                return Some(failed(Gap::Damaged, &why));
            }
        };
        let Ok(Answer::ReadBack {
            bytes_compared,
            reading,
        }) = frame::decode(&packet.bytes)
        else {
            let why = "a worker gave no answer to the second reading";
            return Some(failed(Gap::Damaged, why));
        };
        seat.doing = Doing::Idle;
        self.compared_bytes = self.compared_bytes.saturating_add(bytes_compared);
        fault(reading)
    }

    /// Why the scan has failed although every worker has answered: a device of which nothing was
    /// compared has not been read a second time.
    pub(crate) fn compared_nothing(&self) -> Option<News> {
        let nothing = self.compared_bytes == 0 && self.notes == Notes::Whole;
        nothing.then(|| failed(Gap::Damaged, "nothing of the device was read a second time"))
    }
}

/// What the second reading of one worker means for the scan: nothing when all was the same.
fn fault(reading: SecondReading) -> Option<News> {
    match reading {
        SecondReading::Same => None,
        SecondReading::Differs(span) => {
            let why = format!("{} read differently the second time", bytes(span));
            Some(failed(Gap::Changed, &why))
        }
        SecondReading::Unreadable(span) => {
            let why = format!("{} could not be read a second time", bytes(span));
            Some(failed(Gap::Unreadable, &why))
        }
        SecondReading::Gone => {
            let why = "the device was gone before it was read a second time";
            Some(failed(Gap::Removed, why))
        }
    }
}

fn bytes(span: Span) -> String {
    let after = span.offset_bytes.saturating_add(span.size_bytes);
    let last = after.saturating_sub(1).max(span.offset_bytes);
    format!("bytes {} to {last}", span.offset_bytes)
}

/// The news that ends a scan whose rows have all been sent.
pub(crate) fn failed(gap: Gap, why: &str) -> News {
    News::Failed {
        gap,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reading: SecondReading) -> (Gap, String) {
        match fault(reading) {
            Some(News::Failed { gap, why }) => (gap, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_second_reading_that_is_not_the_same_fails_the_scan_and_names_the_bytes() {
        let span = Span {
            offset_bytes: 1_048_576,
            size_bytes: 65_536,
        };
        let why = "bytes 1048576 to 1114111 read differently the second time";
        let changed = (Gap::Changed, why.to_owned());
        assert_eq!(told(SecondReading::Differs(span)), changed);
        let (gap, why) = told(SecondReading::Unreadable(span));
        assert_eq!(gap, Gap::Unreadable);
        assert!(why.starts_with("bytes 1048576 to 1114111 "), "{why}");
        assert_eq!(told(SecondReading::Gone).0, Gap::Removed);
        assert_eq!(fault(SecondReading::Same), None);
    }

    #[test]
    fn a_span_past_every_number_is_still_told() {
        let span = Span {
            offset_bytes: u64::MAX,
            size_bytes: u64::MAX,
        };
        let (gap, why) = told(SecondReading::Differs(span));
        assert_eq!(gap, Gap::Changed);
        assert!(why.contains(&u64::MAX.to_string()), "{why}");
    }
}
