//! May this medium be read? The claim against the list.

mod likeness;

use jiff::civil::Date;
use wire::custody::{Difference, Refused};
use wire::{Claim, Function, Interface, ReasonCode};

use crate::allowlist::{Allowlist, Identity, Medium, Status};
pub(crate) use likeness::same_interfaces;
use likeness::{differences, found, in_words, is_named, serial, shown, strings};

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
    /// In what the medium differs from that entry.
    pub differences: Vec<Difference>,
    /// What the device is besides storage, when that is the reason.
    pub function: Option<Function>,
}

impl Refusal {
    /// As the ledger tells it.
    #[must_use]
    pub fn told(&self) -> Refused {
        Refused {
            entry: self.entry.clone(),
            detail: self.detail.clone(),
            differences: self.differences.clone(),
        }
    }
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
        differences: Vec::new(),
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
        differences: Vec::new(),
        function: None,
    }
}

fn decide(claim: &Claim, capacity: Option<u64>, list: &Allowlist, today: Date) -> Admission {
    let found = found(claim, capacity, list);
    let named = found.map(|medium| medium.id.clone());
    let plain = |interface: &Interface| interface.is_plain_storage();
    if let Some(other) = claim.interfaces.iter().find(|interface| !plain(interface)) {
        return Admission::Refused(Refusal {
            code: ReasonCode::NotStorage,
            entry: named,
            detail: format!("interface {other} is not plain storage"),
            differences: Vec::new(),
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
        Some(medium) => {
            let differences = differences(claim, capacity, medium);
            if differences.is_empty() {
                return match standing(medium, today) {
                    Ok(()) => Admission::Registered {
                        id: medium.id.clone(),
                    },
                    Err(refusal) => Admission::Refused(refusal),
                };
            }
            let what = in_words(&differences);
            let (code, detail) = match medium.identity {
                Identity::Serial => (
                    ReasonCode::CloneSuspected,
                    format!("{what} from the registered medium"),
                ),
                // Another medium of the model is no copy of anything.
                Identity::Model => (
                    ReasonCode::Unregistered,
                    format!("{what} from this entry, which is known by its model alone"),
                ),
            };
            Admission::Refused(Refusal {
                code,
                entry: named,
                detail,
                differences,
                function: None,
            })
        }
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
        differences: Vec::new(),
        function: None,
    })
}

/// Whether a registered medium may be used on this day.
fn standing(medium: &Medium, today: Date) -> Result<(), Refusal> {
    let refuse = |code, detail: String| {
        Err(Refusal {
            code,
            entry: Some(medium.id.clone()),
            detail,
            differences: Vec::new(),
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
    let refuse = |medium: &Medium, detail: &str, differences| {
        Admission::Refused(Refusal {
            code: ReasonCode::Unregistered,
            entry: Some(medium.id.clone()),
            detail: detail.to_owned(),
            differences,
            function: None,
        })
    };
    let same_ids = |medium: &&Medium| (medium.vid, medium.pid) == (claim.vid, claim.pid);
    let Some(serial) = serial(claim) else {
        let by_model = |medium: &&Medium| medium.identity == Identity::Model && same_ids(medium);
        if let Some(medium) = list.media().iter().find(by_model) {
            let differences = strings(claim, medium).collect();
            return refuse(
                medium,
                "the medium is of another model than this entry",
                differences,
            );
        }
        let detail =
            "the medium has no serial number, so it cannot be told from others of its kind";
        return refused(ReasonCode::Unregistered, None, detail);
    };
    let listed = |medium: &Medium| medium.serial.clone().unwrap_or_default();
    if let Some(medium) = list
        .media()
        .iter()
        .find(|medium| listed(medium).as_bytes() == serial)
    {
        let ids = |vid: u16, pid: u16| format!("{vid:04x}:{pid:04x}");
        let differs = Difference {
            key: "vid, pid".to_owned(),
            listed: ids(medium.vid, medium.pid),
            claimed: Some(ids(claim.vid, claim.pid)),
        };
        return refuse(
            medium,
            "vendor or product differs from this entry",
            vec![differs],
        );
    }
    let in_common = |medium: &Medium| {
        let listed = listed(medium);
        let pairs = listed.as_bytes().iter().zip(serial);
        pairs.take_while(|(left, right)| left == right).count()
    };
    // The last of equals in reverse order is the first in the list's order.
    let nearest = list.media().iter().rev().filter(same_ids);
    match nearest.max_by_key(|medium| in_common(medium)) {
        Some(medium) => {
            let differs = Difference {
                key: "serial".to_owned(),
                listed: listed(medium),
                claimed: Some(shown(serial)),
            };
            refuse(medium, "serial differs from this entry", vec![differs])
        }
        None => refused(ReasonCode::Unregistered, None, "no entry is like it"),
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
