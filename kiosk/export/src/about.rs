//! What an entry is about: which insertion, which media, which answer; and how grave it is.

use wire::Verdict;
use wire::ledger::{Event, Judged, SelfTest};
use wire::rule_change::Person;

use crate::spelling::{person, printed, visitor, whom};

/// What an entry is about, as far as it says so itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The entry of the insertion, which tells the rest.
    pub insertion: Option<u64>,
    /// Ids of registered media, the one that matters most first.
    pub media: Vec<String>,
    /// The answer that it gives.
    pub verdict: Option<Verdict>,
}

/// How much whoever watches over the plant should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As every day.
    Routine,
    /// Somebody changed or decided something.
    Notable,
    /// Something did not come to its end, or was refused.
    Warning,
    /// Something bad was found, or the kiosk cannot be relied on.
    Alarm,
}

impl About {
    /// What `event` says.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let mut about = Self::default();
        about.tell(event);
        about
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Inserted { medium, .. } => self.media.extend(medium.clone()),
            Event::Judged(judged) => self.judged(judged),
            Event::Withdrawn {
                insertion, verdict, ..
            } => {
                self.insertion = Some(*insertion);
                self.verdict = Some(*verdict);
            }
            Event::Removed { insertion }
            | Event::Interrupted { insertion, .. }
            | Event::Mitigated { insertion, .. }
            | Event::Requested { insertion } => self.insertion = Some(*insertion),
            Event::Waived(waived) => self.media.extend(waived.medium.clone()),
            Event::RulesInstalled(change) | Event::RulesRolledBack(change) => self.by(&change.by),
            Event::RulesRefused(refused) => self.by(&refused.by),
            Event::ListChanged(change) => {
                let media = change.changed.iter().filter(|one| one.kind == "medium");
                self.media.extend(media.map(|one| one.id.clone()));
            }
            Event::RequestClosed(closed) => {
                self.insertion = Some(closed.insertion);
                self.media.extend(closed.medium.clone());
            }
            Event::Lent(lent) => self.media.push(lent.medium.clone()),
            Event::Returned(returned) => {
                self.insertion = returned.insertion;
                self.media.push(returned.medium.clone());
            }
            Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::SelfTested(_)
            | Event::WaiverEnded { .. }
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::ClockStepped { .. }
            | Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => {}
        }
    }

    fn judged(&mut self, judged: &Judged) {
        self.insertion = Some(judged.insertion);
        self.verdict = Some(judged.verdict);
        // The entry that comes nearest to an unknown medium is not what this is about.
        self.media.extend(judged.registered().map(str::to_owned));
    }

    fn by(&mut self, person: &Person) {
        self.media.extend(person.medium.clone());
    }
}

/// Who did it, or who named themselves; empty when nobody is said to have.
#[must_use]
pub fn who(event: &Event) -> String {
    match event {
        Event::Inserted { occasion, .. } => {
            let visit = occasion.as_deref().and_then(|one| one.visit.as_ref());
            visit.map(visitor).unwrap_or_default()
        }
        Event::WaiverEnded { by, .. } | Event::Mitigated { by, .. } => printed(by),
        Event::Waived(waived) => printed(&format!("{} and {}", waived.approved_by, waived.second)),
        Event::RulesInstalled(change) | Event::RulesRolledBack(change) => person(&change.by),
        Event::RulesRefused(refused) => person(&refused.by),
        Event::ListChanged(change) => {
            let second = change.second.as_deref();
            let second = second.map(|name| format!(" and {}", printed(name)));
            let by = change.by.as_ref().map(person);
            by.unwrap_or_default() + &second.unwrap_or_default()
        }
        Event::RequestClosed(closed) => person(&closed.by),
        Event::Lent(lent) => person(&lent.by),
        Event::Returned(returned) => returned.by.as_ref().map(person).unwrap_or_default(),
        Event::Enrolling(wait) => person(&wait.by),
        Event::SignedIn(one) | Event::SignedOut(one) => whom(one),
        Event::SignInRefused(refused) => refused.whom.as_ref().map(whom).unwrap_or_default(),
        Event::KeyRetired(retired) => person(&retired.by),
        Event::Cosigned(cosigned) => person(&cosigned.by),
        Event::Exported(exported) => person(&exported.by),
        Event::Reviewed(reviewed) => person(&reviewed.by),
        Event::BackedUp(copy) => person(&copy.by),
        Event::Restored(copy) => person(&copy.by),
        Event::Sealed(sealed) => person(&sealed.by),
        Event::Started { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::Interrupted { .. }
        | Event::SelfTested(_)
        | Event::Requested { .. }
        | Event::ClockStepped { .. }
        | Event::KeySet(_) => String::new(),
    }
}

/// A few words for people who look at a hundred systems, and how grave it is.
#[must_use]
pub fn headline(event: &Event) -> (&'static str, Level) {
    match event {
        Event::Started { .. } => ("Kiosk started", Level::Routine),
        Event::Stopped {} => ("Kiosk stopped", Level::Notable),
        Event::CrashFound { .. } => ("Kiosk had ended without a word", Level::Warning),
        Event::Inserted { .. } => ("Medium inserted", Level::Routine),
        Event::Judged(judged) => verdict(judged.verdict),
        Event::Withdrawn { .. } => ("PASS withdrawn", Level::Warning),
        Event::Removed { .. } => ("Medium removed", Level::Routine),
        Event::Interrupted { .. } => ("Scan interrupted", Level::Warning),
        Event::SelfTested(tested) => match tested.result {
            SelfTest::Passed => ("Rules passed their test", Level::Routine),
            SelfTest::Failed => ("Rules failed their test", Level::Alarm),
        },
        Event::Waived(_) => ("Waiver given", Level::Notable),
        Event::WaiverEnded { .. } => ("Waiver ended", Level::Notable),
        Event::Mitigated { .. } => ("Stopped medium dealt with", Level::Notable),
        Event::RulesInstalled(_) => ("Rules installed", Level::Notable),
        Event::RulesRolledBack(_) => ("Rules rolled back", Level::Notable),
        Event::RulesRefused(_) => ("Rules refused", Level::Warning),
        Event::ListChanged(change) if change.by.is_none() => {
            ("List changed by hand", Level::Warning)
        }
        Event::ListChanged(_) => ("List changed", Level::Notable),
        Event::Requested { .. } => ("Registration requested", Level::Notable),
        Event::RequestClosed(_) => ("Registration request answered", Level::Notable),
        Event::Lent(_) => ("Medium lent", Level::Routine),
        Event::Returned(_) => ("Medium returned", Level::Routine),
        Event::Enrolling(_) => ("Waiting for a medium to register", Level::Notable),
        Event::SignedIn(_) => ("Signed in at the kiosk", Level::Routine),
        Event::SignInRefused(_) => ("Sign-in refused", Level::Warning),
        Event::SignedOut(_) => ("Signed out at the kiosk", Level::Routine),
        Event::ClockStepped { .. } => ("Clock stepped", Level::Warning),
        Event::KeySet(_) => ("Signing key set", Level::Notable),
        Event::KeyRetired(_) => ("Signing key retired", Level::Notable),
        Event::Cosigned(_) => ("Checkpoint co-signed", Level::Notable),
        Event::Exported(_) => ("Ledger exported", Level::Notable),
        Event::Reviewed(_) => ("Ledger reviewed", Level::Notable),
        Event::BackedUp(_) => ("Ledger copied", Level::Notable),
        Event::Restored(_) => ("Ledger restored from a copy", Level::Warning),
        Event::Sealed(_) => ("Period sealed", Level::Notable),
    }
}

fn verdict(verdict: Verdict) -> (&'static str, Level) {
    match verdict {
        Verdict::Pass => ("Medium PASS", Level::Routine),
        Verdict::Stop => ("Medium STOP", Level::Alarm),
        Verdict::Incomplete => ("Medium NOT FINISHED", Level::Warning),
    }
}
