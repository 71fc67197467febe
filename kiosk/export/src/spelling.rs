//! How what a medium spelled is written in forms that have no escapes of their own.

use serde::Serialize;
use wire::custody::{SignIn, VisitName};
use wire::name::is_hidden;
use wire::rule_change::Person;
use wire::{MediumName, Outcome, Reason, Row};

/// Characters that are not hidden, and that some form spells as if they were.
const INEXACT: [char; 3] = ['⟨', '\u{fffe}', '\u{ffff}'];

/// The bytes of a name in hexadecimal, when its printed spelling does not give them exactly:
/// something hidden or invalid is in it, what a workbook cannot hold, or the very brackets that
/// escapes are made of. Empty when the spelling is exact.
#[must_use]
pub fn hex_unless_exact(name: &MediumName) -> String {
    if name.as_text().is_some_and(is_exact) {
        return String::new();
    }
    wire::name::hex(name.as_bytes())
}

/// Whether the printed spelling of a text is the text itself, and nobody can take it for another
/// one's.
pub(crate) fn is_exact(text: &str) -> bool {
    !text.chars().any(is_hidden) && !text.contains(INEXACT)
}

/// A text of ours or of somebody else's with nothing hidden in it, however long it is.
#[must_use]
pub fn printed(text: &str) -> String {
    let mut printed = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) {
            printed.push_str(&format!("⟨U+{:04X}⟩", u32::from(letter)));
        } else {
            printed.push(letter);
        }
    }
    printed
}

/// The containers around a row, outermost first.
#[must_use]
pub fn within(row: &Row) -> String {
    containers(row).join(" > ")
}

/// The same, each by itself.
pub(crate) fn containers(row: &Row) -> Vec<String> {
    let names = row.within.iter().map(|name| name.escaped().to_string());
    names.collect()
}

/// A code as the ledger spells it.
#[must_use]
pub fn code(code: &impl Serialize) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// What was established, and the gap when something was not examined.
#[must_use]
pub fn outcome(outcome: Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Clean => ("clean", String::new()),
        Outcome::Matched => ("matched", String::new()),
        Outcome::Unchecked(gap) => ("unchecked", code(&gap)),
    }
}

/// Reasons with their counts.
#[must_use]
pub fn reasons(reasons: &[Reason]) -> String {
    let each = |reason: &Reason| format!("{} {}", code(&reason.code), reason.count);
    reasons.iter().map(each).collect::<Vec<_>>().join(", ")
}

/// Each finding of a row: the rule, who saw it, what it does, where, and what speaks for it.
#[must_use]
pub fn findings(row: &Row) -> String {
    each_finding(row).join("; ")
}

/// The same, each by itself.
pub(crate) fn each_finding(row: &Row) -> Vec<String> {
    let each = row.findings.iter().map(|finding| {
        let member = finding.member_of.as_ref();
        let member = member.map(|member| format!(" in {}", member.escaped()));
        let waiver = finding.waiver.map(|entry| format!(", waived by {entry}"));
        format!(
            "{} ({} {}{}){}",
            printed(&finding.rule),
            code(&finding.source),
            code(&finding.tier),
            waiver.unwrap_or_default(),
            member.unwrap_or_default()
        )
    });
    each.collect()
}

/// Who did something: who logged in, and with whose rights when those are another's.
#[must_use]
pub fn person(person: &Person) -> String {
    let own = if person.user.is_empty() {
        format!("uid {}", person.uid)
    } else {
        person.user.clone()
    };
    let said = match (&person.medium, person.login_uid, &person.login_user) {
        (Some(medium), _, _) => format!("medium {medium} at the kiosk"),
        (None, Some(login), Some(name)) if login != person.uid => format!("{name} as {own}"),
        (None, Some(login), None) if login != person.uid => format!("uid {login} as {own}"),
        (None, Some(_) | None, _) => own,
    };
    printed(&said)
}

/// Who named themselves at the kiosk.
#[must_use]
pub fn whom(whom: &SignIn) -> String {
    match whom {
        SignIn::Visit(visit) => visitor(visit),
        SignIn::Staff(name) => printed(name),
    }
}

/// Who comes on a visit.
#[must_use]
pub fn visitor(visit: &VisitName) -> String {
    let said = format!("{} of {}, visit {}", visit.person, visit.company, visit.id);
    printed(&said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_printed_as_a_name_is(text in any::<String>()) {
            let name = MediumName::new(text.as_bytes()).unwrap();
            prop_assert_eq!(printed(&text), name.escaped().to_string());
        }

        #[test]
        fn a_name_can_be_had_back_from_its_spelling_or_from_its_hex(
            bytes in proptest::collection::vec(any::<u8>(), 0..20)
        ) {
            let name = MediumName::new(bytes.clone()).unwrap();
            let hex = hex_unless_exact(&name);
            if hex.is_empty() {
                prop_assert_eq!(name.escaped().to_string().into_bytes(), bytes);
            } else {
                prop_assert_eq!(wire::name::unhex(&hex), Some(bytes));
            }
        }
    }

    #[test]
    fn a_name_that_looks_like_an_escape_is_told_by_its_bytes() {
        let name = MediumName::new("⟨U+202E⟩").unwrap();
        assert_eq!(name.escaped().to_string(), "⟨U+202E⟩");
        assert!(!hex_unless_exact(&name).is_empty());
    }
}
