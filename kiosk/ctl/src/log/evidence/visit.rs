//! Which entries are of one visit.

use std::collections::BTreeSet;

use record::Ledger;
use record::reader::Filter;
use wire::custody::SignIn;
use wire::ledger::Event;

use crate::CommandError;

/// The entries that name the visit, and those about an insertion on its occasion.
///
/// # Errors
/// When there is none, or the ledger cannot be read.
pub(super) fn entries(ledger: &Ledger, visit: &str) -> Result<Vec<u64>, CommandError> {
    let mut found = Vec::new();
    let mut insertions = BTreeSet::new();
    for entry in ledger.entries(Filter::default())? {
        let entry = entry?;
        let (named, insertion) = about(&entry.content()?.event);
        let is_named = named.as_deref() == Some(visit);
        if is_named {
            insertions.insert(entry.number);
        }
        if is_named || insertion.is_some_and(|number| insertions.contains(&number)) {
            found.push(entry.number);
        }
    }
    if found.is_empty() {
        let visit = wire::name::line(visit);
        return Err(CommandError::Asked(format!(
            "no entry is of a visit {visit}: `kioskctl visit list` names the visits"
        )));
    }
    Ok(found)
}

/// The id of the visit that an event names, and the insertion it is about.
fn about(event: &Event) -> (Option<String>, Option<u64>) {
    let of = |whom: &SignIn| match whom {
        SignIn::Visit(visit) => Some(visit.id.clone()),
        SignIn::Staff(_) => None,
    };
    match event {
        Event::Inserted { occasion, .. } => {
            let visit = occasion.as_ref().and_then(|one| one.visit.as_ref());
            (visit.map(|visit| visit.id.clone()), None)
        }
        Event::SignedIn(whom) | Event::SignedOut(whom) => (of(whom), None),
        Event::SignInRefused(refused) => (refused.whom.as_ref().and_then(of), None),
        Event::Judged(judged) => (None, Some(judged.insertion)),
        Event::RequestClosed(closed) => (None, Some(closed.insertion)),
        Event::Returned(returned) => (None, returned.insertion),
        Event::Withdrawn { insertion, .. }
        | Event::Removed { insertion }
        | Event::Mitigated { insertion, .. }
        | Event::Interrupted { insertion, .. }
        | Event::Requested { insertion } => (None, Some(*insertion)),
        Event::Started { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::SelfTested(_)
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::RulesInstalled(_)
        | Event::RulesRolledBack(_)
        | Event::RulesRefused(_)
        | Event::ListChanged(_)
        | Event::Lent(_)
        | Event::Enrolling(_)
        | Event::ClockStepped { .. }
        | Event::KeySet(_)
        | Event::KeyRetired(_)
        | Event::Cosigned(_)
        | Event::Exported(_)
        | Event::Reviewed(_)
        | Event::BackedUp(_)
        | Event::Restored(_)
        | Event::Sealed(_) => (None, None),
    }
}
