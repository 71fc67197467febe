//! May this medium be read? The claim against the list.

use jiff::civil::Date;
use wire::{Claim, Function, Interface, ReasonCode};

use crate::allowlist::{Allowlist, Medium, Status};

/// What the allowlist decides about a medium. There is no default-allow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// The claim is that of a registered medium which may be used today.
    Registered {
        /// Its id in the list.
        id: String,
    },
    /// Nothing was claimed: a person scans by hand and names the registered medium to judge
    /// it as.
    AsRegistered {
        /// Its id in the list.
        id: String,
    },
    /// A person scans by hand, and nobody asked for admission.
    ByHand,
    /// It may not be used, and is not read.
    Refused(Refusal),
}

impl Admission {
    /// The id of the registered medium that it is or is judged as.
    #[must_use]
    pub fn medium(&self) -> Option<&str> {
        match self {
            Self::Registered { id } | Self::AsRegistered { id } => Some(id),
            Self::ByHand | Self::Refused(_) => None,
        }
    }

    /// Why it was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Registered { .. } | Self::AsRegistered { .. } | Self::ByHand => None,
        }
    }
}

/// Why a medium may not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason to give.
    pub code: ReasonCode,
    /// The list entry that decided, or the nearest one.
    pub entry: Option<String>,
    /// For staff: what exactly. Holds nothing that the medium spelled.
    pub detail: String,
    /// What the device is besides storage, when that is the reason.
    pub function: Option<Function>,
}

/// Applies the list to what a medium says of itself.
///
/// A medium with any function besides plain storage is refused before anything else is
/// looked at: a keyboard is a keyboard under every serial number. Then vendor, product and
/// serial find the entry, and interfaces and capacity must agree with it: where they do not,
/// the medium is suspected to be a clone of the registered one. Then status and dates decide.
///
/// A capacity that is not known agrees with no entry.
pub fn admit(claim: &Claim, list: &Allowlist, today: Date) -> Admission {
    decide(claim, claim.capacity_bytes, list, today)
}

/// Applies the list to a device before any driver is bound to it, when its capacity cannot be
/// known: [`Admission::Registered`] means that its disk may be looked for, and no more.
pub fn admit_unbound(claim: &Claim, list: &Allowlist, today: Date) -> Admission {
    let listed = list.media().iter().find(|medium| is_named(medium, claim));
    let capacity = listed.map(|medium| medium.capacity_bytes);
    decide(claim, capacity, list, today)
}

/// Refuses a medium because another one with its identity is in: one of them is a copy, and
/// nobody can tell which.
#[must_use]
pub fn twin(medium: Option<&str>) -> Refusal {
    Refusal {
        code: ReasonCode::CloneSuspected,
        entry: medium.map(str::to_owned),
        detail: "another medium with the same USB id and serial is in".to_owned(),
        function: None,
    }
}

/// Refuses a medium because its device shows more than one: what was scanned is not all that
/// would go in.
#[must_use]
pub fn several(medium: Option<&str>) -> Refusal {
    Refusal {
        code: ReasonCode::NotStorage,
        entry: medium.map(str::to_owned),
        detail: "the device shows more than one disk".to_owned(),
        function: None,
    }
}

fn decide(claim: &Claim, capacity: Option<u64>, list: &Allowlist, today: Date) -> Admission {
    let found = list.media().iter().find(|medium| is_named(medium, claim));
    let named = found.map(|medium| medium.id.clone());
    let plain = |interface: &Interface| interface.is_plain_storage();
    if let Some(other) = claim.interfaces.iter().find(|interface| !plain(interface)) {
        return Admission::Refused(Refusal {
            code: ReasonCode::NotStorage,
            entry: named,
            detail: format!("interface {other} is not plain storage"),
            // A network adapter with a keyboard in it is a keyboard.
            function: claim
                .interfaces
                .iter()
                .filter_map(|interface| interface.function())
                .min(),
        });
    }
    if claim.interfaces.is_empty() {
        return refused(
            ReasonCode::NotStorage,
            named,
            "the medium shows no interface",
        );
    }
    match found {
        None => unregistered(claim, list),
        Some(medium) => match differences(claim, capacity, medium).as_str() {
            "" => match standing(medium, today) {
                Ok(()) => Admission::Registered {
                    id: medium.id.clone(),
                },
                Err(refusal) => Admission::Refused(refusal),
            },
            differ => {
                let detail = format!("{differ} from the registered medium");
                refused(ReasonCode::CloneSuspected, named, detail)
            }
        },
    }
}

/// Judges content scanned by hand as that of the registered medium `id`.
pub fn admit_as(list: &Allowlist, id: &str, today: Date) -> Admission {
    match list
        .find(id)
        .map(|medium| (medium, standing(medium, today)))
    {
        None => refused(
            ReasonCode::Unregistered,
            None,
            "no medium in the list has this id",
        ),
        Some((medium, Ok(()))) => Admission::AsRegistered {
            id: medium.id.clone(),
        },
        Some((_, Err(refusal))) => Admission::Refused(refusal),
    }
}

fn refused(code: ReasonCode, entry: Option<String>, detail: impl Into<String>) -> Admission {
    Admission::Refused(Refusal {
        code,
        entry,
        detail: detail.into(),
        function: None,
    })
}

/// Whether vendor, product and serial are those of the entry. No serial equals no other, and
/// the list holds no empty one.
fn is_named(medium: &Medium, claim: &Claim) -> bool {
    let serials_agree = match (&medium.serial, &claim.serial) {
        (Some(listed), Some(claimed)) => listed.as_bytes() == claimed.as_bytes(),
        (None, _) | (_, None) => false,
    };
    serials_agree && (medium.vid, medium.pid) == (claim.vid, claim.pid)
}

/// In which way a medium with the right name is another one; empty when it is the same.
fn differences(claim: &Claim, capacity: Option<u64>, medium: &Medium) -> String {
    let interfaces = !same_interfaces(&claim.interfaces, &medium.interfaces);
    let capacity = capacity != Some(medium.capacity_bytes);
    match (interfaces, capacity) {
        (false, false) => String::new(),
        (true, false) => "interfaces differ".to_owned(),
        (false, true) => "capacity differs".to_owned(),
        (true, true) => "interfaces and capacity differ".to_owned(),
    }
}

/// Whether two devices have the same interfaces, each as often. Their order says nothing about a
/// device, and people write lists in any.
pub(crate) fn same_interfaces(left: &[Interface], right: &[Interface]) -> bool {
    let sorted = |interfaces: &[Interface]| {
        let mut interfaces = interfaces.to_vec();
        interfaces.sort_unstable();
        interfaces
    };
    sorted(left) == sorted(right)
}

/// Whether a registered medium may be used on this day.
fn standing(medium: &Medium, today: Date) -> Result<(), Refusal> {
    let refuse = |code, detail: String| {
        Err(Refusal {
            code,
            entry: Some(medium.id.clone()),
            detail,
            function: None,
        })
    };
    match medium.status {
        Status::Lost => refuse(ReasonCode::Lost, "the medium was reported lost".to_owned()),
        Status::Revoked => refuse(ReasonCode::Revoked, "the medium was withdrawn".to_owned()),
        Status::Active if today < medium.valid_from => refuse(
            ReasonCode::NotYetValid,
            format!("valid from {}", medium.valid_from),
        ),
        Status::Active if medium.valid_until < today => refuse(
            ReasonCode::Expired,
            format!("valid until {}", medium.valid_until),
        ),
        Status::Active => Ok(()),
    }
}

/// Refuses a claim that no entry has, and names the entry that it comes nearest to.
fn unregistered(claim: &Claim, list: &Allowlist) -> Admission {
    let Some(serial) = claim.serial.as_ref().filter(|serial| !serial.is_empty()) else {
        let detail =
            "the medium has no serial number, so it cannot be told from others of its kind";
        return refused(ReasonCode::Unregistered, None, detail);
    };
    let serial = serial.as_bytes();
    let is_serial = |medium: &&Medium| {
        medium
            .serial
            .as_ref()
            .is_some_and(|listed| listed.as_bytes() == serial)
    };
    if let Some(medium) = list.media().iter().find(is_serial) {
        let entry = Some(medium.id.clone());
        return refused(
            ReasonCode::Unregistered,
            entry,
            "vendor or product differs from this entry",
        );
    }
    let in_common = |medium: &Medium| {
        let listed = medium.serial.as_deref().unwrap_or_default().as_bytes();
        listed
            .iter()
            .zip(serial)
            .take_while(|(left, right)| left == right)
            .count()
    };
    // The last of equals in reverse order is the first in the list's order.
    let nearest = list
        .media()
        .iter()
        .rev()
        .filter(|medium| (medium.vid, medium.pid) == (claim.vid, claim.pid))
        .max_by_key(|medium| in_common(medium));
    match nearest {
        Some(medium) => {
            let entry = Some(medium.id.clone());
            refused(
                ReasonCode::Unregistered,
                entry,
                "serial differs from this entry",
            )
        }
        None => refused(ReasonCode::Unregistered, None, "no entry is like it"),
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
