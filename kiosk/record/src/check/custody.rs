//! People and the media they carry: what is said is within its limits, hides nothing and does
//! not contradict itself.

use jiff::Timestamp;
use wire::custody::{
    CUSTODY_TEXT_BYTES_MAX, DIFFERENCES_MAX, ENROLMENT_SECONDS_MAX, Enrolling, Lent, Occasion,
    Refused, RequestClosed, Returned, SignIn, SignInRefused, VisitName,
};
use wire::rule_change::{CHANGE_TEXT_BYTES_MAX, Person};
use wire::waiver::is_said;

use super::days::ends_with_its_day;
use crate::error::Refusal;

/// What an answer to a request says.
pub(super) fn request_closed(closed: &RequestClosed) -> Result<(), Refusal> {
    if !is_person(&closed.by) {
        return Err(Refusal::Request("names a person whose name is too long"));
    }
    if !are_said([&closed.medium, &closed.reason].into_iter().flatten()) {
        return Err(Refusal::Request(
            "says too much, nothing, or hides something",
        ));
    }
    // Whoever asked is owed an answer.
    if closed.medium.is_none() && closed.reason.is_none() {
        return Err(Refusal::Request("is rejected without a reason"));
    }
    Ok(())
}

/// A medium that is handed out.
pub(super) fn lent(lent: &Lent) -> Result<(), Refusal> {
    if !is_person(&lent.by) {
        return Err(Refusal::Loan("is by a person whose name is too long"));
    }
    let texts = [Some(&lent.medium), Some(&lent.to), lent.company.as_ref()];
    if !are_said(texts.into_iter().flatten()) {
        return Err(Refusal::Loan("does not say what, or to whom, or hides it"));
    }
    let ends = ends_with_its_day(&lent.until, &lent.ends);
    ends.map(drop).map_err(Refusal::Loan)
}

/// A medium that is back.
pub(super) fn returned(returned: &Returned) -> Result<(), Refusal> {
    if !returned.by.as_ref().is_none_or(is_person) {
        return Err(Refusal::Return("is by a person whose name is too long"));
    }
    // The kiosk has nothing but the insertion to know it by.
    if returned.by.is_none() && returned.insertion.is_none() {
        return Err(Refusal::Return("is said by nobody"));
    }
    let texts = [Some(&returned.medium), returned.place.as_ref()];
    if !are_said(texts.into_iter().flatten()) {
        return Err(Refusal::Return("does not say what, or where, or hides it"));
    }
    Ok(())
}

/// Somebody waits for a medium.
pub(super) fn enrolling(wait: &Enrolling) -> Result<(), Refusal> {
    if ENROLMENT_SECONDS_MAX < wait.seconds {
        return Err(Refusal::Enrolment("lasts longer than one may"));
    }
    if !is_person(&wait.by) {
        return Err(Refusal::Enrolment("is by a person whose name is too long"));
    }
    Ok(())
}

/// Somebody named themselves, or no longer.
pub(super) fn signed(whom: &SignIn) -> Result<(), Refusal> {
    let is_named = match whom {
        SignIn::Visit(visit) => is_visit(visit),
        SignIn::Staff(name) => are_said([name]),
    };
    if is_named {
        return Ok(());
    }
    Err(Refusal::SignIn("names nobody, or hides a name"))
}

/// A code or PIN that was not taken.
pub(super) fn sign_in_refused(refused: &SignInRefused) -> Result<(), Refusal> {
    refused.whom.as_ref().map_or(Ok(()), signed)
}

/// On which occasion a medium is inserted.
pub(super) fn occasion(occasion: &Occasion) -> Result<(), Refusal> {
    if occasion.visit.as_ref().is_none_or(is_visit) {
        return Ok(());
    }
    Err(Refusal::SignIn(
        "names a visit without a name, or hides one",
    ))
}

/// What the list had against a medium.
pub(super) fn refused(refused: &Refused) -> Result<(), Refusal> {
    if DIFFERENCES_MAX < refused.differences.len() {
        return Err(Refusal::Differences(refused.differences.len()));
    }
    Ok(())
}

/// A clock that was set.
pub(super) fn stepped(expected: &str, found: &str) -> Result<(), Refusal> {
    let is_time = |text: &&str| text.parse::<Timestamp>().is_ok();
    if [expected, found].iter().all(is_time) {
        return Ok(());
    }
    Err(Refusal::Clock)
}

/// Whether the system's names of a person are as long as such names are.
pub(super) fn is_person(person: &Person) -> bool {
    let texts = [
        Some(&person.user),
        person.login_user.as_ref(),
        person.medium.as_ref(),
    ];
    let short = |text: &String| text.len() <= CHANGE_TEXT_BYTES_MAX;
    texts.into_iter().flatten().all(short)
}

/// Whether each of these texts says something, not too much, and hides nothing.
pub(super) fn are_said<'t>(texts: impl IntoIterator<Item = &'t String>) -> bool {
    let mut texts = texts.into_iter();
    texts.all(|text| is_said(text, CUSTODY_TEXT_BYTES_MAX))
}

fn is_visit(visit: &VisitName) -> bool {
    are_said([&visit.id, &visit.person, &visit.company])
}
