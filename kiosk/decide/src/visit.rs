//! May a registered medium be read now? Its company's contract, and the visit it comes with.

use wire::ReasonCode;

use crate::admission::{Admission, Refusal};
use crate::allowlist::Allowlist;
use crate::contractors::{Contractors, Visit};
use crate::moment::Moment;

/// What is left of an admission under the contract of the medium's company.
pub fn under_contract(
    admission: Admission,
    list: &Allowlist,
    contractors: &Contractors,
    at: &Moment,
) -> Admission {
    let Some(medium) = admission.medium().and_then(|id| list.find(id)) else {
        return admission;
    };
    if !contractors.contract_has_ended(&medium.company, at) {
        return admission;
    }
    let until = contractors.company(&medium.company);
    let until = until.map(|company| company.contract_until.to_string());
    refused(
        ReasonCode::Expired,
        &medium.id,
        format!(
            "the contract of its company ended {}",
            until.unwrap_or_default()
        ),
    )
}

/// What is left of an admission for the visit whose code was given; where the site asks for one,
/// a medium without is refused. A medium that was not admitted by its claim is not asked about.
pub fn on_visit(
    admission: Admission,
    list: &Allowlist,
    contractors: &Contractors,
    visit: Option<&Visit>,
    at: &Moment,
) -> Admission {
    let medium = match &admission {
        Admission::Registered { id } => list.find(id),
        Admission::AsRegistered { .. } | Admission::ByHand | Admission::Refused(_) => None,
    };
    let Some(medium) = medium else {
        return admission;
    };
    let Some(visit) = visit else {
        let why = "no code of a visit was given".to_owned();
        return refused(ReasonCode::NoVisit, &medium.id, why);
    };
    if contractors.visit_has_ended(visit, at) {
        let why = format!("visit {} has ended", visit.id);
        return refused(ReasonCode::Expired, &medium.id, why);
    }
    if !visit.valid_from.has_begun(at) {
        let why = format!("visit {} begins {}", visit.id, visit.valid_from);
        return refused(ReasonCode::NotYetValid, &medium.id, why);
    }
    if !visit.covers(&medium.id, &medium.company) {
        let why = format!("visit {} is not for this medium", visit.id);
        return refused(ReasonCode::NoVisit, &medium.id, why);
    }
    admission
}

fn refused(code: ReasonCode, entry: &str, detail: String) -> Admission {
    Admission::Refused(Refusal {
        code,
        entry: Some(entry.to_owned()),
        detail,
        differences: Vec::new(),
        function: None,
    })
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
