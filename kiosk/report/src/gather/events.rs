//! Which entry counts where.

use wire::Verdict;
use wire::custody::VisitName;
use wire::ledger::{Event, Judged};

use super::verdicts::Passed;
use super::{At, Month};

impl Month {
    /// What happened at the gate.
    pub(super) fn event(&mut self, at: &At, day: Option<usize>, event: &Event) {
        match event {
            Event::Inserted {
                medium,
                claim,
                occasion,
                ..
            } => {
                let visit = occasion.as_ref().and_then(|one| one.visit.as_ref());
                self.inserted(at, claim.is_none(), medium.as_deref(), visit);
            }
            Event::Judged(judged) => self.judged(at, day, judged),
            Event::Withdrawn {
                insertion,
                verdict,
                reasons,
            } => {
                let known = self.insertions.get(*insertion);
                self.refusals.withdrawn(at, known, *verdict, reasons);
                self.withdrawn(*insertion, *verdict);
            }
            Event::Interrupted { insertion, why } => {
                let known = self.insertions.get(*insertion);
                let is_by_hand = known.is_some_and(|known| known.is_by_hand);
                self.verdicts.interrupted(day, is_by_hand);
                self.running.interrupted(at, *insertion, why);
            }
            Event::SelfTested(tested) => {
                self.tests.tested(at, tested);
                self.rules.seen(at, day, &tested.rules, false);
            }
            Event::Started {
                kiosk,
                rules,
                again,
            } => {
                self.running.started(at, kiosk, *again);
                if let Some(rules) = rules {
                    self.rules.seen(at, day, rules, false);
                }
            }
            Event::Stopped {} => self.running.stopped(at),
            Event::CrashFound { started } => self.running.crashed(at, *started),
            Event::RulesInstalled(change) => self.rules.changed(at, day, change, false),
            Event::RulesRolledBack(change) => self.rules.changed(at, day, change, true),
            Event::RulesRefused(refused) => self.rules.refused(at, refused),
            Event::ClockStepped { expected, found } => self.clock.stepped(at, expected, found),
            Event::Removed { .. }
            | Event::Waived(_)
            | Event::WaiverEnded { .. }
            | Event::Mitigated { .. }
            | Event::ListChanged(_)
            | Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Lent(_)
            | Event::Returned(_)
            | Event::Enrolling(_)
            | Event::SignedIn(_)
            | Event::SignInRefused(_)
            | Event::SignedOut(_)
            | Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => self.said(at, event),
        }
    }

    fn inserted(
        &mut self,
        at: &At,
        is_by_hand: bool,
        medium: Option<&str>,
        visit: Option<&VisitName>,
    ) {
        self.verdicts.inserted(is_by_hand);
        if !is_by_hand {
            self.media.inserted(at, medium);
            self.visits.inserted(at, visit);
        }
    }

    fn withdrawn(&mut self, insertion: u64, verdict: Verdict) {
        match self.insertions.withdrawn(insertion) {
            Some(passed) => self.replaced(insertion, passed, verdict),
            None => self.verdicts.withdrawn_from_before(),
        }
    }

    fn judged(&mut self, at: &At, day: Option<usize>, judged: &Judged) {
        self.insertions.judged(judged, Some(Passed { day }));
        let is_by_hand = self.insertions.is_by_hand(judged);
        if !is_by_hand {
            let known = self.insertions.get(judged.insertion);
            self.media.judged(judged, known);
            self.visits.judged(judged, known);
        }
        self.verdicts.judged(day, judged, is_by_hand);
        let label = self.insertions.label(judged);
        self.refusals.judged(at, &label, judged);
        self.found.volumes(at.entry, &label, judged);
        self.policies.judged(judged);
        if let Some(rules) = &judged.rules {
            self.rules.seen(at, day, rules, true);
        }
    }

    /// What people did, and what the ledger says of itself.
    fn said(&mut self, at: &At, event: &Event) {
        match event {
            Event::SignedIn(who) => self.people.signed_in(at, who, &mut self.visits),
            Event::SignInRefused(refused) => self.people.refused(at, refused),
            Event::Waived(waived) => self.cases.waived(at, waived),
            Event::WaiverEnded { waiver, by } => self.cases.waiver_ended(at, *waiver, by),
            Event::Mitigated {
                insertion,
                action,
                by,
            } => self.cases.mitigated(at, *insertion, *action, by),
            Event::ListChanged(change) => self.lists.changed(at, change),
            Event::Requested { .. }
            | Event::RequestClosed(_)
            | Event::Lent(_)
            | Event::Returned(_)
            | Event::Enrolling(_) => self.cases.lending(at, event),
            Event::KeySet(_)
            | Event::KeyRetired(_)
            | Event::Cosigned(_)
            | Event::Exported(_)
            | Event::Reviewed(_)
            | Event::BackedUp(_)
            | Event::Restored(_)
            | Event::Sealed(_) => self.audit.event(at, event),
            Event::Removed { .. }
            | Event::SignedOut(_)
            | Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::Inserted { .. }
            | Event::Judged(_)
            | Event::Withdrawn { .. }
            | Event::SelfTested(_)
            | Event::Interrupted { .. }
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::ClockStepped { .. } => {}
        }
    }
}
