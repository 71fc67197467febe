//! Entries about the rules, for people.

use wire::rule_change::{Person, RuleSet, RulesChange, RulesRefused};

use super::text;
use crate::print;

/// One line about other rules in force.
pub(super) fn changed(what: &str, change: &RulesChange) -> String {
    let (set, before) = (set(change.set.as_ref()), set(change.before.as_ref()));
    let by = person(&change.by);
    format!("rules       {what} {set}, before it {before}; by {by}")
}

/// One line about a bundle that was not taken.
pub(super) fn refused(refused: &RulesRefused) -> String {
    let which = match (&refused.bundle, refused.version) {
        (Some(bundle), Some(version)) => format!("{} version {version}", text(bundle)),
        (Some(_), None) | (None, _) => "a bundle".to_owned(),
    };
    format!(
        "rules       {which} not taken: {}; by {}",
        text(&refused.why),
        person(&refused.by)
    )
}

/// What the line of [`changed`] leaves out.
pub(super) fn show_change(change: &RulesChange) {
    for (what, set) in [("rules", &change.set), ("before", &change.before)] {
        match set {
            Some(set) => show_set(what, set),
            None => line(what, "as they came with the programs"),
        }
    }
    if let Some(file) = &change.file {
        line("file", &file.escaped().to_string());
    }
}

/// What the line of [`refused`] leaves out.
pub(super) fn show_refused(refused: &RulesRefused) {
    if let Some(file) = &refused.file {
        line("file", &file.escaped().to_string());
    }
    if let Some(sha256) = &refused.manifest_sha256 {
        line("manifest", &sha256.to_string());
    }
    if let Some(key) = &refused.key_id {
        line("key", &text(key));
    }
}

fn show_set(what: &str, set: &RuleSet) {
    line(
        what,
        &format!("{} version {}", text(&set.bundle), set.version),
    );
    line(
        "  holds",
        &format!(
            "{} rules, {} to {}",
            set.rules,
            text(&set.issued),
            text(&set.expires)
        ),
    );
    line("  manifest", &set.manifest_sha256.to_string());
    line("  key", &text(&set.key_id));
}

fn line(what: &str, value: &str) {
    print::line(&format!("        {what:<14}{value}"));
}

fn set(set: Option<&RuleSet>) -> String {
    set.map_or_else(
        || "the rules of the programs".to_owned(),
        |set| format!("{} version {}", text(&set.bundle), set.version),
    )
}

/// Who did something, in a few words.
pub(crate) fn person(person: &Person) -> String {
    if let Some(medium) = &person.medium {
        return format!("medium {} at the kiosk", text(medium));
    }
    let own = format!("{} ({})", text(&person.user), person.uid);
    match (person.login_uid, &person.login_user) {
        (Some(login), name) if login != person.uid => {
            format!("{} ({login}) as {own}", text(name.as_deref().unwrap_or("")))
        }
        (Some(_) | None, _) => own,
    }
}
