//! Entries about lists, people and the media they carry, for people.

use jiff::Timestamp;
use wire::custody::{
    Lent, Occasion, Refused, RequestClosed, Returned, SignIn, SignInRefused, VisitName, Way,
};
use wire::ledger::Judged;
use wire::list_change::{Change, Changed, Field, ListChange};
use wire::rule_change::Person;

use super::changes::person;
use super::text;
use crate::print;
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
    let what = match (ids.as_slice(), change.before_sha256, change.after_sha256) {
        ([], None, _) => "found".to_owned(),
        ([], Some(_), None) => "gone".to_owned(),
        ([], Some(_), Some(_)) => "another text".to_owned(),
        (ids, _, _) => ids.join(", "),
    };
    format!(
        "list        {list}: {what}{more}; by {by}{}",
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
        SignIn::Visit(visit) => said(visit),
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

fn said(visit: &VisitName) -> String {
    format!(
        "visit {}, {} of {}",
        text(&visit.id),
        text(&visit.person),
        text(&visit.company)
    )
}

/// What a line about an insertion says of its occasion.
pub(super) fn occasion_in_a_line(occasion: &Occasion) -> String {
    let way = match occasion.way {
        Way::In => "",
        Way::Out => "  on its way out",
    };
    let visit = occasion.visit.as_ref();
    let visit = visit.map(|visit| format!("  {}", said(visit)));
    format!("{way}{}", visit.unwrap_or_default())
}

/// On which occasion a medium was inserted.
pub(super) fn show_occasion(occasion: &Occasion) {
    let way = match occasion.way {
        Way::In => "in",
        Way::Out => "out, or back to where it is kept",
    };
    line("way", way);
    if let Some(visit) = &occasion.visit {
        line("visit", &said(visit));
    }
    if occasion.is_weak {
        line("identity", "weak: no serial number, found by its model");
    }
    if occasion.is_enrolment {
        line("registering", "an administrator waited for a medium");
    }
}

/// What happened to a scan. Of a medium that the list refused, kioskd writes what the list had
/// against it there once more; that is left out.
pub(super) fn fault(judged: &Judged) -> Option<&str> {
    let refused = judged.refused.as_deref();
    let fault = judged.fault.as_deref()?;
    let is_refusal = refused.is_some_and(|refused| fault.ends_with(&refused.detail));
    (!is_refusal).then_some(fault)
}

/// What the list had against a medium, and in what the two differ. The entry is the nearest one
/// only, where it is not the medium's own.
pub(super) fn show_refused(refused: &Refused, is_own: bool) {
    let entry = refused.entry.as_deref();
    let whose = if is_own {
        "list entry"
    } else {
        "nearest entry"
    };
    line(whose, &entry.map_or("none".to_owned(), text));
    line("refused", &text(&refused.detail));
    for one in &refused.differences {
        let claimed = one.claimed.as_deref();
        let claimed = claimed.map_or("nothing".to_owned(), text);
        line(
            &text(&one.key),
            &format!("listed {}, the medium says {claimed}", text(&one.listed)),
        );
    }
}

/// Every entry of a list that changes, with every field.
pub(super) fn show_list_change(change: &ListChange) {
    let sha256 = |digest: Option<wire::Digest>| {
        digest.map_or("no file".to_owned(), |digest| digest.to_string())
    };
    line("before", &sha256(change.before_sha256));
    line("after", &sha256(change.after_sha256));
    if let Some(reason) = &change.reason {
        line("reason", &text(reason));
    }
    for one in &change.changed {
        let what = match one.change {
            Change::Added => "added",
            Change::Edited => "edited",
            Change::Removed => "removed",
        };
        let (kind, id) = (text(&one.kind), text(&one.id));
        print::line(&format!("        {kind} {id} {what}"));
        for field in &one.fields {
            print::line(&format!("          {}", field_line(field)));
        }
    }
    if change.more > 0 {
        print::line(&format!("        and {} more", change.more));
    }
}

/// `company: "Heat Co" -> "Steam Co"`; a secret has no values.
fn field_line(field: &Field) -> String {
    let key = text(&field.key);
    let value = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), text);
    if field.before.is_none() && field.after.is_none() {
        return format!("{key}: changed, a secret");
    }
    format!("{key}: {} -> {}", value(&field.before), value(&field.after))
}

/// Until when a medium is out.
pub(super) fn show_lent(lent: &Lent) {
    line("overdue from", &text(&lent.ends));
}

/// How a medium came back.
pub(super) fn show_returned(returned: &Returned) {
    if let Some(insertion) = returned.insertion {
        line("insertion", &insertion.to_string());
    }
}

/// How far the clock was set.
pub(super) fn show_step(expected: &str, found: &str) {
    let (Ok(expected), Ok(found)) = (expected.parse::<Timestamp>(), found.parse()) else {
        return;
    };
    let by = expected.duration_until(found);
    let way = if by.is_negative() { "back" } else { "forward" };
    line(way, &format!("{:#}", by.abs()));
}

fn line(what: &str, value: &str) {
    // A key of a list can be longer than any word of ours.
    print::line(&format!("        {what:<13} {value}"));
}
