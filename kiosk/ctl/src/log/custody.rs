//! Entries about lists, people and the media they carry, for people.

use wire::custody::{Lent, RequestClosed, Returned, SignIn, SignInRefused};
use wire::list_change::{Changed, ListChange};
use wire::rule_change::Person;

use super::changes::person;
use super::text;
use crate::report::spelled;

/// One line about a list that changed.
pub(super) fn list_changed(change: &ListChange) -> String {
    let list = spelled(&change.list);
    let by = change.by.as_ref();
    let by = by.map_or("hand, nobody said who".to_owned(), person);
    let second = change.second.as_deref();
    let second = second.map(|name| format!(" and {}", text(name)));
    let ids: Vec<String> = change.changed.iter().take(3).map(one).collect();
    let more = u64::try_from(change.changed.len().saturating_sub(3)).unwrap_or(0);
    let more = match more.saturating_add(change.more) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "list        {list}: {}{more}; by {by}{}",
        ids.join(", "),
        second.unwrap_or_default()
    )
}

fn one(changed: &Changed) -> String {
    format!("{} {}", text(&changed.id), spelled(&changed.change))
}

/// One line about an answered request.
pub(super) fn request_closed(closed: &RequestClosed) -> String {
    let what = match &closed.medium {
        Some(medium) => format!("approved as {}", text(medium)),
        None => "rejected".to_owned(),
    };
    let reason = closed.reason.as_deref();
    let reason = reason.map(|reason| format!(": {}", text(reason)));
    format!(
        "request     insertion {} {what}{}; by {}",
        closed.insertion,
        reason.unwrap_or_default(),
        person(&closed.by)
    )
}

/// One line about a medium that was handed out.
pub(super) fn lent(lent: &Lent) -> String {
    let company = lent.company.as_deref();
    let company = company.map(|company| format!(" of {}", text(company)));
    format!(
        "lent        {} to {}{} until {}; by {}",
        text(&lent.medium),
        text(&lent.to),
        company.unwrap_or_default(),
        text(&lent.until),
        person(&lent.by)
    )
}

/// One line about a medium that is back.
pub(super) fn returned(returned: &Returned) -> String {
    let by = returned.by.as_ref().map_or("the kiosk".to_owned(), person);
    let place = returned.place.as_deref();
    let place = place.map(|place| format!(" to {}", text(place)));
    format!(
        "returned    {}{}; by {by}",
        text(&returned.medium),
        place.unwrap_or_default()
    )
}

/// One line about an administrator who waits for a medium.
pub(super) fn enrolling(seconds: u64, by: &Person) -> String {
    match seconds {
        0 => format!("enrolling   ended; by {}", person(by)),
        _ => format!("enrolling   for {seconds} s; by {}", person(by)),
    }
}

/// Who named themselves.
pub(super) fn whom(whom: &SignIn) -> String {
    match whom {
        SignIn::Visit(visit) => format!(
            "visit {}, {} of {}",
            text(&visit.id),
            text(&visit.person),
            text(&visit.company)
        ),
        SignIn::Staff(name) => format!("staff {}", text(name)),
    }
}

/// One line about a code or PIN that was not taken.
pub(super) fn sign_in_refused(refused: &SignInRefused) -> String {
    let whom = refused.whom.as_ref().map_or("nobody".to_owned(), whom);
    let locked = match refused.locked_seconds {
        0 => String::new(),
        seconds => format!(", none is taken for {seconds} s"),
    };
    format!(
        "not signed in {whom}: {}{locked}",
        spelled(&refused.why).replace('_', " ")
    )
}
