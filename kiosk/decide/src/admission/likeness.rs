//! How a claim compares with an entry of the list: which one it names, and in what it differs.

use wire::custody::Difference;
use wire::{Claim, Interface, MediumName};

use crate::allowlist::{Allowlist, Identity, Medium};

/// The entry that has the claim's name; of several of one model the one that fits best.
pub(super) fn found<'l>(
    claim: &Claim,
    capacity: Option<u64>,
    list: &'l Allowlist,
) -> Option<&'l Medium> {
    let named = || list.media().iter().filter(|medium| is_named(medium, claim));
    named()
        .find(|medium| differences(claim, capacity, medium).is_empty())
        .or_else(|| named().next())
}

/// Whether the entry is about what the claim names. No serial equals no other, and the list
/// holds no empty one; an entry by its model is never about a medium that has a serial number.
pub(super) fn is_named(medium: &Medium, claim: &Claim) -> bool {
    let claimed = serial(claim);
    let is_it = match (medium.identity, &medium.serial, claimed) {
        (Identity::Serial, Some(listed), Some(claimed)) => listed.as_bytes() == claimed,
        (Identity::Model, _, None) => strings(claim, medium).next().is_none(),
        (Identity::Serial, _, _) | (Identity::Model, _, Some(_)) => false,
    };
    is_it && (medium.vid, medium.pid) == (claim.vid, claim.pid)
}

/// The serial number, if the medium shows one.
pub(super) fn serial(claim: &Claim) -> Option<&[u8]> {
    let serial = claim.serial.as_ref()?;
    (!serial.is_empty()).then(|| serial.as_bytes())
}

/// In what a medium with the right name is another one; nothing when it is the same.
pub(super) fn differences(
    claim: &Claim,
    capacity: Option<u64>,
    medium: &Medium,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    if !same_interfaces(&claim.interfaces, &medium.interfaces) {
        differences.push(Difference {
            key: "interfaces".to_owned(),
            listed: spelled(&medium.interfaces),
            claimed: Some(spelled(&claim.interfaces)),
        });
    }
    if capacity != Some(medium.capacity_bytes) {
        differences.push(Difference {
            key: "capacity_bytes".to_owned(),
            listed: medium.capacity_bytes.to_string(),
            claimed: capacity.map(|bytes| bytes.to_string()),
        });
    }
    differences.extend(strings(claim, medium));
    differences
}

/// `interfaces and capacity differ`.
pub(super) fn in_words(differences: &[Difference]) -> String {
    let word = |one: &Difference| {
        one.key
            .strip_suffix("_bytes")
            .unwrap_or(&one.key)
            .to_owned()
    };
    let words: Vec<String> = differences.iter().map(word).collect();
    match words.as_slice() {
        [one] if one != "interfaces" => format!("{one} differs"),
        several => format!("{} differ", several.join(" and ")),
    }
}

/// The strings that the entry asks for and that are others.
pub(super) fn strings<'c>(
    claim: &'c Claim,
    medium: &'c Medium,
) -> impl Iterator<Item = Difference> + 'c {
    let release = claim.usb.as_ref().map(|usb| usb.release.as_bytes());
    let string = |name: &'c MediumName| Some(name.as_bytes()).filter(|bytes| !bytes.is_empty());
    let asked = [
        (
            "manufacturer",
            &medium.manufacturer,
            string(&claim.manufacturer),
        ),
        ("product", &medium.product, string(&claim.product)),
        ("release", &medium.release, release),
    ];
    asked.into_iter().filter_map(|(key, listed, claimed)| {
        let listed = listed.as_ref()?;
        let differs = claimed != Some(listed.as_bytes());
        differs.then(|| Difference {
            key: key.to_owned(),
            listed: listed.clone(),
            claimed: claimed.map(shown),
        })
    })
}

/// What a medium spelled, for staff.
pub(super) fn shown(bytes: &[u8]) -> String {
    let (name, _) = MediumName::cut(bytes);
    wire::name::line_within(&name.escaped().to_string(), SHOWN_BYTES_MAX)
}

/// Longest text of a medium in a [`Difference`], in bytes: several of them fit one entry.
const SHOWN_BYTES_MAX: usize = 512;

fn spelled(interfaces: &[Interface]) -> String {
    let texts: Vec<String> = interfaces.iter().map(ToString::to_string).collect();
    texts.join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_medium_spelled_is_cut_and_has_nothing_hidden() {
        let said = shown("\u{202e}é".repeat(SHOWN_BYTES_MAX).as_bytes());
        assert!(said.len() <= SHOWN_BYTES_MAX, "{}", said.len());
        assert!(!said.chars().any(wire::name::is_hidden), "{said}");
    }
}
