//! What was done with a medium that was stopped: asked at the kiosk, answered once.

use std::time::{Duration, Instant};

use wire::standing::Mitigation;
use wire::view::{Asking, Choice};

/// How long the question stays after the medium was taken out. It is no deadline: the case
/// stays open and is counted on the screen until somebody says what became of it.
pub(crate) const ASKED_AFTER_REMOVAL: Duration = Duration::from_secs(300);

/// The question about one medium.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The insertion it is about.
    pub(crate) insertion: u64,
    since: Instant,
    /// The first view in which it was asked.
    sequence: u64,
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// On its way to the ledger.
    Sent(Mitigation),
    Recorded(Mitigation),
}

impl Case {
    /// Asked for the first time in the view `sequence`.
    pub(crate) fn new(insertion: u64, sequence: u64) -> Self {
        Self {
            insertion,
            since: Instant::now(),
            sequence,
            said: Said::Nothing,
        }
    }

    /// Whether a choice is one that a view offered, the last of which was `last`; and nobody
    /// has chosen yet.
    pub(crate) fn takes(&self, choice: &Choice, last: u64) -> bool {
        choice.insertion == self.insertion
            && (self.sequence..=last).contains(&choice.sequence)
            && self.said == Said::Nothing
    }

    /// The choice is on its way to the ledger.
    pub(crate) fn sent(&mut self, choice: Mitigation) {
        self.said = Said::Sent(choice);
    }

    /// The ledger has answered.
    pub(crate) fn answered(&mut self, recorded: bool) {
        if let Said::Sent(choice) = self.said {
            self.said = if recorded {
                Said::Recorded(choice)
            } else {
                Said::Nothing
            };
        }
    }

    /// What the screen shows of it: an answer only when it is recorded.
    pub(crate) fn asking(&self) -> Asking {
        Asking {
            insertion: self.insertion,
            waited_seconds: self.since.elapsed().as_secs(),
            answered: match self.said {
                Said::Nothing | Said::Sent(_) => None,
                Said::Recorded(choice) => Some(choice),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(insertion: u64, sequence: u64) -> Choice {
        Choice {
            insertion,
            sequence,
            choice: Mitigation::Kept,
        }
    }

    #[test]
    fn a_choice_counts_only_when_exactly_that_was_asked_in_a_view_that_was_sent() {
        let mut case = Case::new(7, 100);
        assert!(case.takes(&choice(7, 100), 110));
        assert!(case.takes(&choice(7, 110), 110));
        assert!(!case.takes(&choice(7, 99), 110), "before it was asked");
        assert!(
            !case.takes(&choice(7, 111), 110),
            "a view that was never sent"
        );
        assert!(!case.takes(&choice(8, 105), 110), "another medium");
        case.sent(Mitigation::Kept);
        assert!(!case.takes(&choice(7, 105), 110), "chosen already");
        assert_eq!(case.asking().answered, None, "shown before it is recorded");
        case.answered(true);
        assert_eq!(case.asking().answered, Some(Mitigation::Kept));
        assert!(!case.takes(&choice(7, 105), 110));
    }

    #[test]
    fn an_answer_that_could_not_be_recorded_is_asked_for_again() {
        let mut case = Case::new(7, 1);
        case.sent(Mitigation::GivenBack);
        case.answered(false);
        assert!(case.takes(&choice(7, 1), 1));
    }
}
