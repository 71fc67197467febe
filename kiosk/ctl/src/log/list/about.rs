//! Whom and what an entry is about, and what it is called.

use wire::Verdict;
use wire::custody::{Occasion, SignIn, VisitName};
use wire::ledger::Event;
use wire::list_change::{Changed, ListChange};
use wire::rule_change::Person;

/// Whom and what an entry is about.
#[derive(Default)]
pub(super) struct About {
    pub(super) media: Vec<String>,
    pub(super) companies: Vec<String>,
    pub(super) people: Vec<String>,
    pub(super) visits: Vec<String>,
    pub(super) verdict: Option<Verdict>,
    /// The insertion that tells the rest.
    pub(super) insertion: Option<u64>,
}

impl About {
    pub(super) fn of(event: &Event) -> Self {
        let mut about = Self::default();
        about.tell(event);
        about
    }

    /// Adds what an event says.
    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            Event::Inserted {
                medium, occasion, ..
            } => self.inserted(medium.as_ref(), occasion.as_deref()),
            Event::Judged(judged) => {
                self.insertion = Some(judged.insertion);
                self.verdict = Some(judged.verdict);
                self.media.extend(judged.registered().map(str::to_owned));
            }
            Event::Withdrawn {
                insertion, verdict, ..
            } => {
                self.insertion = Some(*insertion);
                self.verdict = Some(*verdict);
            }
            Event::Removed { insertion }
            | Event::Interrupted { insertion, .. }
            | Event::Requested { insertion } => self.insertion = Some(*insertion),
            Event::Mitigated { insertion, by, .. } => {
                self.insertion = Some(*insertion);
                self.people.push(by.clone());
            }
            Event::Waived(waived) => {
                self.media.extend(waived.medium.clone());
                let people = [&waived.approved_by, &waived.second];
                self.people.extend(people.map(Clone::clone));
            }
            Event::WaiverEnded { by, .. } => self.people.push(by.clone()),
            Event::RulesInstalled(change) | Event::RulesRolledBack(change) => self.by(&change.by),
            Event::RulesRefused(refused) => self.by(&refused.by),
            Event::ListChanged(change) => self.list(change),
            Event::RequestClosed(closed) => {
                self.insertion = Some(closed.insertion);
                self.media.extend(closed.medium.clone());
                self.by(&closed.by);
            }
            Event::Lent(lent) => {
                self.media.push(lent.medium.clone());
                self.companies.extend(lent.company.clone());
                self.people.push(lent.to.clone());
                self.by(&lent.by);
            }
            Event::Returned(returned) => {
                self.media.push(returned.medium.clone());
                returned.by.iter().for_each(|person| self.by(person));
            }
            Event::Enrolling(wait) => self.by(&wait.by),
            Event::SignedIn(whom) | Event::SignedOut(whom) => self.whom(whom),
            Event::SignInRefused(refused) => {
                refused.whom.iter().for_each(|whom| self.whom(whom));
            }
            Event::KeyRetired(retired) => self.by(&retired.by),
            Event::Cosigned(cosigned) => self.by(&cosigned.by),
            Event::Exported(exported) => self.by(&exported.by),
            Event::Reviewed(reviewed) => self.by(&reviewed.by),
            Event::BackedUp(copy) => self.by(&copy.by),
            Event::Restored(copy) => self.by(&copy.by),
            Event::Sealed(sealed) => self.by(&sealed.by),
            Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::KeySet(_)
            | Event::SelfTested(_)
            | Event::ClockStepped { .. } => {}
        }
    }

    fn inserted(&mut self, medium: Option<&String>, occasion: Option<&Occasion>) {
        self.media.extend(medium.cloned());
        let visit = occasion.and_then(|one| one.visit.as_ref());
        visit.into_iter().for_each(|visit| self.visit(visit));
    }

    fn whom(&mut self, whom: &SignIn) {
        match whom {
            SignIn::Visit(visit) => self.visit(visit),
            SignIn::Staff(name) => self.people.push(name.clone()),
        }
    }

    fn visit(&mut self, visit: &VisitName) {
        self.visits.push(visit.id.clone());
        self.people.push(visit.person.clone());
        self.companies.push(visit.company.clone());
    }

    fn by(&mut self, person: &Person) {
        self.people.push(person.user.clone());
        self.people.extend(person.login_user.clone());
        self.media.extend(person.medium.clone());
    }

    fn list(&mut self, change: &ListChange) {
        change.by.iter().for_each(|person| self.by(person));
        self.people.extend(change.second.clone());
        change.changed.iter().for_each(|one| self.changed(one));
    }

    fn changed(&mut self, changed: &Changed) {
        let named = |kind: &str| (changed.kind == kind).then(|| changed.id.clone());
        self.media.extend(named("medium"));
        self.companies.extend(named("company"));
        self.people.extend(named("account"));
        self.visits.extend(named("visit"));
        for field in &changed.fields {
            let values = [&field.before, &field.after].into_iter().flatten();
            // Texts stand there as in the file, in quotes.
            let values = values.map(|value| value.trim_matches('"').to_owned());
            match field.key.as_str() {
                "company" => self.companies.extend(values),
                "person" | "owner" => self.people.extend(values),
                _ => {}
            }
        }
    }
}
