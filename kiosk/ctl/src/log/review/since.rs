//! What there is to look at since the last review, counted.

use std::collections::BTreeMap;

use record::Ledger;
use record::reader::Filter;
use wire::Verdict;
use wire::custody::SignInFault;
use wire::ledger::{Event, SelfTest};

use crate::CommandError;

/// What is worth an auditor's look, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Passed,
    Stopped,
    Unfinished,
    Refused,
    ByHand,
    Withdrawn,
    Interrupted,
    ListChanged,
    ChangedByHand,
    Rules,
    RulesRefused,
    SelfTestFailed,
    Waived,
    SignInFailed,
    PinWrong,
    ClockStepped,
    Crashed,
    Started,
    Exported,
    Key,
}

impl Kind {
    const ALL: [Self; 20] = [
        Self::Passed,
        Self::Stopped,
        Self::Unfinished,
        Self::Refused,
        Self::ByHand,
        Self::Withdrawn,
        Self::Interrupted,
        Self::ListChanged,
        Self::ChangedByHand,
        Self::Rules,
        Self::RulesRefused,
        Self::SelfTestFailed,
        Self::Waived,
        Self::SignInFailed,
        Self::PinWrong,
        Self::ClockStepped,
        Self::Crashed,
        Self::Started,
        Self::Exported,
        Self::Key,
    ];

    /// For people.
    fn said(self) -> &'static str {
        match self {
            Self::Passed => "PASS",
            Self::Stopped => "STOP",
            Self::Unfinished => "NOT FINISHED",
            Self::Refused => "of those, media that were refused and not read",
            Self::ByHand => "scans by hand, whose verdicts are among those",
            Self::Withdrawn => "PASS withdrawn, which are among those too",
            Self::Interrupted => "scans interrupted",
            Self::ListChanged => "changes of lists and policy",
            Self::ChangedByHand => "of those, made by hand and not by a command",
            Self::Rules => "rules installed or put back",
            Self::RulesRefused => "rules refused",
            Self::SelfTestFailed => "self-tests failed",
            Self::Waived => "waivers given",
            Self::SignInFailed => "codes and PINs not taken",
            Self::PinWrong => "of those, wrong PINs",
            Self::ClockStepped => "steps of the clock",
            Self::Crashed => "crashes found",
            Self::Started => "starts",
            Self::Exported => "exports",
            Self::Key => "keys set, retired, and co-signatures",
        }
    }

    /// For programs.
    fn name(self) -> &'static str {
        match self {
            Self::Passed => "pass",
            Self::Stopped => "stop",
            Self::Unfinished => "incomplete",
            Self::Refused => "refused",
            Self::ByHand => "by_hand",
            Self::Withdrawn => "withdrawn",
            Self::Interrupted => "interrupted",
            Self::ListChanged => "list_changed",
            Self::ChangedByHand => "changed_by_hand",
            Self::Rules => "rules_changed",
            Self::RulesRefused => "rules_refused",
            Self::SelfTestFailed => "self_test_failed",
            Self::Waived => "waived",
            Self::SignInFailed => "sign_in_refused",
            Self::PinWrong => "wrong_pin",
            Self::ClockStepped => "clock_stepped",
            Self::Crashed => "crash_found",
            Self::Started => "started",
            Self::Exported => "exported",
            Self::Key => "keys",
        }
    }

    /// Whether it is said even when there is none.
    fn is_always_said(self) -> bool {
        matches!(self, Self::Passed | Self::Stopped | Self::Unfinished)
    }
}

/// How much of each.
#[derive(Debug, Default)]
pub(super) struct Since {
    entries: u64,
    counts: BTreeMap<Kind, u64>,
}

impl Since {
    /// Counts the entries `first` to `last`.
    pub(super) fn count(ledger: &Ledger, first: u64, last: u64) -> Result<Self, CommandError> {
        let mut since = Self::default();
        let filter = Filter {
            since: Some(first),
            ..Filter::default()
        };
        for entry in ledger.entries(filter)? {
            let entry = entry?;
            if last < entry.number {
                break;
            }
            since.note(&entry.content()?.event);
        }
        Ok(since)
    }

    /// How many entries there are.
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    /// What there is, for people.
    pub(super) fn said(&self) -> Vec<(&'static str, u64)> {
        let all = Kind::ALL.into_iter().map(|kind| (kind, self.of(kind)));
        let told = all.filter(|(kind, count)| *count != 0 || kind.is_always_said());
        told.map(|(kind, count)| (kind.said(), count)).collect()
    }

    /// The same for programs, with every kind.
    pub(super) fn object(&self) -> serde_json::Value {
        let all = Kind::ALL.into_iter();
        let counts = all.map(|kind| (kind.name().to_owned(), self.of(kind).into()));
        let entries = ("entries".to_owned(), self.entries.into());
        std::iter::once(entries)
            .chain(counts)
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn of(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    fn note(&mut self, event: &Event) {
        self.entries = self.entries.saturating_add(1);
        for kind in kinds(event) {
            let count = self.counts.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
    }
}

/// What an entry counts as.
fn kinds(event: &Event) -> Vec<Kind> {
    let with = |kind, and: bool, more| {
        let more = and.then_some(more);
        std::iter::once(kind).chain(more).collect()
    };
    match event {
        Event::Judged(judged) => {
            let verdict = match judged.verdict {
                Verdict::Pass => Kind::Passed,
                Verdict::Stop => Kind::Stopped,
                Verdict::Incomplete => Kind::Unfinished,
            };
            with(verdict, judged.refused.is_some(), Kind::Refused)
        }
        // Nothing came to the checkpoint.
        Event::Inserted { claim: None, .. } => vec![Kind::ByHand],
        Event::Withdrawn { .. } => vec![Kind::Withdrawn],
        Event::Interrupted { .. } => vec![Kind::Interrupted],
        Event::ListChanged(change) => {
            with(Kind::ListChanged, change.by.is_none(), Kind::ChangedByHand)
        }
        Event::RulesInstalled(_) | Event::RulesRolledBack(_) => vec![Kind::Rules],
        Event::RulesRefused(_) => vec![Kind::RulesRefused],
        Event::SelfTested(tested) => match tested.result {
            SelfTest::Passed => Vec::new(),
            SelfTest::Failed => vec![Kind::SelfTestFailed],
        },
        Event::Waived(_) => vec![Kind::Waived],
        Event::SignInRefused(refused) => with(
            Kind::SignInFailed,
            refused.why == SignInFault::WrongPin,
            Kind::PinWrong,
        ),
        Event::ClockStepped { .. } => vec![Kind::ClockStepped],
        Event::CrashFound { .. } => vec![Kind::Crashed],
        Event::Started { again, .. } => {
            if *again {
                Vec::new()
            } else {
                vec![Kind::Started]
            }
        }
        Event::Exported(_) => vec![Kind::Exported],
        Event::KeySet(_) | Event::KeyRetired(_) | Event::Cosigned(_) => vec![Kind::Key],
        Event::Stopped {}
        | Event::Inserted { .. }
        | Event::Removed { .. }
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignedOut(_)
        | Event::Reviewed(_)
        | Event::BackedUp(_)
        | Event::Restored(_)
        | Event::Sealed(_) => Vec::new(),
    }
}
