//! Changes of the rules: they name who, what and what was before, and do not contradict
//! themselves.

use wire::rule_change::{CHANGE_TEXT_BYTES_MAX, Person, RuleSet, RulesChange, RulesRefused};

use crate::error::Refusal;

/// A bundle is put into force in the place of other rules.
pub(super) fn installed(change: &RulesChange) -> Result<(), Refusal> {
    let set = change.set.as_ref().ok_or(Refusal::Rules("installs none"))?;
    if change.file.is_none() {
        return Err(Refusal::Rules("installs a bundle from nowhere"));
    }
    both(change, Some(set))
}

/// The set before the present one comes back.
pub(super) fn rolled_back(change: &RulesChange) -> Result<(), Refusal> {
    if change.file.is_some() {
        return Err(Refusal::Rules("goes back to a bundle that is read anew"));
    }
    both(change, change.set.as_ref())
}

/// Nothing changed, and it says why.
pub(super) fn refused(refused: &RulesRefused) -> Result<(), Refusal> {
    person(&refused.by)?;
    if refused.why.is_empty() {
        return Err(Refusal::Rules("is refused without a reason"));
    }
    let texts = [
        Some(&refused.why),
        refused.bundle.as_ref(),
        refused.key_id.as_ref(),
    ];
    short(texts.into_iter().flatten())
}

fn both(change: &RulesChange, set: Option<&RuleSet>) -> Result<(), Refusal> {
    person(&change.by)?;
    if set == change.before.as_ref() {
        return Err(Refusal::Rules("leaves them as they are"));
    }
    for set in [set, change.before.as_ref()].into_iter().flatten() {
        if set.rules == 0 || set.version == 0 {
            return Err(Refusal::Rules("names a set without rules or version"));
        }
        short([&set.bundle, &set.issued, &set.expires, &set.key_id])?;
    }
    Ok(())
}

fn person(person: &Person) -> Result<(), Refusal> {
    short(
        [
            Some(&person.user),
            person.login_user.as_ref(),
            person.medium.as_ref(),
        ]
        .into_iter()
        .flatten(),
    )
}

fn short<'t>(texts: impl IntoIterator<Item = &'t String>) -> Result<(), Refusal> {
    let long = |text: &String| CHANGE_TEXT_BYTES_MAX < text.len();
    if texts.into_iter().any(long) {
        return Err(Refusal::Rules("has a text that is too long"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::{Digest, MediumName};

    use super::*;

    fn someone() -> Person {
        Person {
            uid: 0,
            user: "root".to_owned(),
            login_uid: Some(1000),
            login_user: Some("admin".to_owned()),
            medium: None,
        }
    }

    fn set(version: u64) -> RuleSet {
        RuleSet {
            bundle: "plant".to_owned(),
            version,
            issued: "2026-11-26".to_owned(),
            expires: "2027-02-26".to_owned(),
            rules: 3,
            manifest_sha256: Digest([1; 32]),
            key_id: "0101010101010101".to_owned(),
        }
    }

    fn change() -> RulesChange {
        RulesChange {
            by: someone(),
            set: Some(set(2)),
            before: Some(set(1)),
            file: Some(MediumName::new("plant-2.bundle").unwrap()),
        }
    }

    #[test]
    fn an_installation_names_a_set_and_where_it_came_from() {
        installed(&change()).unwrap();
        let first = RulesChange {
            before: None,
            ..change()
        };
        installed(&first).unwrap();
        for bad in [
            RulesChange {
                set: None,
                ..change()
            },
            RulesChange {
                file: None,
                ..change()
            },
            RulesChange {
                before: Some(set(2)),
                ..change()
            },
            RulesChange {
                set: Some(set(0)),
                ..change()
            },
        ] {
            assert!(matches!(installed(&bad), Err(Refusal::Rules(_))), "{bad:?}");
        }
    }

    #[test]
    fn a_return_is_to_what_is_there() {
        let back = RulesChange {
            file: None,
            ..change()
        };
        rolled_back(&back).unwrap();
        let shipped = RulesChange {
            set: None,
            ..back.clone()
        };
        rolled_back(&shipped).unwrap();
        let nothing = RulesChange {
            before: None,
            ..shipped
        };
        assert!(rolled_back(&change()).is_err());
        assert!(rolled_back(&nothing).is_err());
    }

    #[test]
    fn a_refusal_has_a_reason_and_no_text_is_too_long() {
        let good = RulesRefused {
            by: someone(),
            bundle: None,
            version: None,
            manifest_sha256: None,
            key_id: None,
            file: None,
            why: "it is not signed".to_owned(),
        };
        refused(&good).unwrap();
        let long = |bytes| RulesRefused {
            why: "x".repeat(bytes),
            ..good.clone()
        };
        assert!(refused(&long(0)).is_err());
        assert!(refused(&long(CHANGE_TEXT_BYTES_MAX)).is_ok());
        assert!(refused(&long(CHANGE_TEXT_BYTES_MAX + 1)).is_err());
        let mut named = change();
        named.by.user = "x".repeat(CHANGE_TEXT_BYTES_MAX + 1);
        assert!(installed(&named).is_err());
    }
}
