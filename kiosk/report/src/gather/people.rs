//! What people did: who named themselves, what they answered for, lent, closed and changed.

use std::collections::BTreeMap;

use wire::custody::{SignIn, SignInFault, SignInRefused};
use wire::ledger::Event;
use wire::list_change::{Change, Changed, ListChange, ListName};
use wire::rule_change::Person;
use wire::standing::Mitigation;
use wire::waiver::Waived;

use super::At;
use super::media::Visits;
use crate::bounded::{Lines, count, length};

/// Most entries of a list that one line of a table names; the others are counted.
const CHANGED_NAMED: usize = 6;

/// Longest reason or remark in a line of a table, in bytes.
const SAID_BYTES: usize = 300;

/// A code or PIN that was not taken.
#[derive(Clone, Debug)]
pub(crate) struct RefusedLine {
    pub(crate) at: At,
    pub(crate) whom: Option<SignIn>,
    pub(crate) why: SignInFault,
    pub(crate) locked_seconds: u64,
}

/// Who named themselves at the kiosk.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) visitors: u64,
    pub(crate) staff: u64,
    pub(crate) faults: [u64; 4],
    pub(crate) locked: u64,
    pub(crate) refusals: Lines<RefusedLine>,
}

impl People {
    pub(super) fn signed_in(&mut self, at: &At, who: &SignIn, visits: &mut Visits) {
        match who {
            SignIn::Visit(visit) => {
                count(&mut self.visitors);
                visits.signed_in(at, visit);
            }
            SignIn::Staff(_) => count(&mut self.staff),
        }
    }

    pub(super) fn refused(&mut self, at: &At, refused: &SignInRefused) {
        let [unknown, ended, early, pin] = &mut self.faults;
        count(match refused.why {
            SignInFault::Unknown => unknown,
            SignInFault::Ended => ended,
            SignInFault::NotYetValid => early,
            SignInFault::WrongPin => pin,
        });
        if 0 < refused.locked_seconds {
            count(&mut self.locked);
        }
        self.refusals.add(|| RefusedLine {
            at: at.clone(),
            whom: refused.whom.clone(),
            why: refused.why,
            locked_seconds: refused.locked_seconds,
        });
    }
}

/// A case that was closed.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) at: At,
    pub(crate) insertion: u64,
    pub(crate) action: Mitigation,
    pub(crate) by: String,
}

/// What was lent, returned, asked for and answered.
#[derive(Clone, Debug)]
pub(crate) enum Lending {
    Requested {
        insertion: u64,
    },
    Answered {
        insertion: u64,
        medium: Option<String>,
        by: Person,
    },
    Lent {
        medium: String,
        to: String,
        company: Option<String>,
        until: String,
    },
    Returned {
        medium: String,
        place: Option<String>,
    },
    Enrolling {
        by: Person,
        ended: bool,
    },
}

/// Cases, waivers, loans and requests.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    pub(crate) actions: [u64; 3],
    pub(crate) closed: Lines<Closed>,
    pub(crate) given: Lines<(At, Waived)>,
    pub(crate) ended: Lines<(At, u64, String)>,
    pub(crate) lending: Lines<(At, Lending)>,
}

impl Cases {
    pub(super) fn waived(&mut self, at: &At, waived: &Waived) {
        self.given.add(|| (at.clone(), waived.clone()));
    }

    pub(super) fn waiver_ended(&mut self, at: &At, waiver: u64, by: &str) {
        self.ended.add(|| (at.clone(), waiver, cut(by)));
    }

    pub(super) fn mitigated(&mut self, at: &At, insertion: u64, action: Mitigation, by: &str) {
        let [kept, given_back, handed_over] = &mut self.actions;
        count(match action {
            Mitigation::Kept => kept,
            Mitigation::GivenBack => given_back,
            Mitigation::HandedOver => handed_over,
        });
        self.closed.add(|| Closed {
            at: at.clone(),
            insertion,
            action,
            by: cut(by),
        });
    }

    pub(super) fn lending(&mut self, at: &At, event: &Event) {
        let line = match event {
            Event::Requested { insertion } => Lending::Requested {
                insertion: *insertion,
            },
            Event::RequestClosed(closed) => Lending::Answered {
                insertion: closed.insertion,
                medium: closed.medium.clone(),
                by: closed.by.clone(),
            },
            Event::Lent(lent) => Lending::Lent {
                medium: lent.medium.clone(),
                to: lent.to.clone(),
                company: lent.company.clone(),
                until: lent.until.clone(),
            },
            Event::Returned(returned) => Lending::Returned {
                medium: returned.medium.clone(),
                place: returned.place.clone(),
            },
            Event::Enrolling(wait) => Lending::Enrolling {
                by: wait.by.clone(),
                ended: wait.seconds == 0,
            },
            Event::Started { .. }
            | Event::Stopped {}
            | Event::CrashFound { .. }
            | Event::Inserted { .. }
            | Event::Judged(_)
            | Event::Withdrawn { .. }
            | Event::Removed { .. }
            | Event::SelfTested(_)
            | Event::Waived(_)
            | Event::WaiverEnded { .. }
            | Event::Mitigated { .. }
            | Event::Interrupted { .. }
            | Event::RulesInstalled(_)
            | Event::RulesRolledBack(_)
            | Event::RulesRefused(_)
            | Event::ListChanged(_)
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
            | Event::Sealed(_) => return,
        };
        self.lending.add(|| (at.clone(), line));
    }
}

/// A change of one list.
#[derive(Clone, Debug)]
pub(crate) struct ListLine {
    pub(crate) at: At,
    pub(crate) list: ListName,
    /// `None` when the file was found changed by hand.
    pub(crate) by: Option<Person>,
    pub(crate) second: Option<String>,
    pub(crate) reason: Option<String>,
    /// The first entries that changed.
    pub(crate) changed: Vec<(Change, String)>,
    pub(crate) more: u64,
}

/// Changes of the lists and of the policy.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) of_each: BTreeMap<ListName, u64>,
    pub(crate) by_hand: u64,
    pub(crate) lines: Lines<ListLine>,
}

impl Lists {
    pub(super) fn changed(&mut self, at: &At, change: &ListChange) {
        count(self.of_each.entry(change.list).or_default());
        if change.by.is_none() {
            count(&mut self.by_hand);
        }
        self.lines.add(|| {
            let named = |one: &Changed| (one.change, cut(&one.id));
            let changed = change.changed.iter().take(CHANGED_NAMED);
            let changed: Vec<_> = changed.map(named).collect();
            let all = length(&change.changed).saturating_add(change.more);
            ListLine {
                at: at.clone(),
                list: change.list,
                by: change.by.clone(),
                second: change.second.as_deref().map(cut),
                reason: change.reason.as_deref().map(cut),
                more: all.saturating_sub(length(&changed)),
                changed,
            }
        });
    }
}

fn cut(text: &str) -> String {
    wire::name::line_within(text, SAID_BYTES)
}
