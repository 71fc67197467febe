//! Entries about the rules, for people.

use wire::ledger::Event;
use wire::rule_change::{Person, RuleSet, RulesChange};

use super::text;
use crate::print;

/// One line; empty for other events.
pub(super) fn summary(event: &Event) -> String {
    let to = |change: &RulesChange| {
        let (set, before) = (set(change.set.as_ref()), set(change.before.as_ref()));
        format!("{set}, before it {before}; by {}", person(&change.by))
    };
    match event {
        Event::RulesInstalled(change) => format!("rules       installed {}", to(change)),
        Event::RulesRolledBack(change) => format!("rules       back to {}", to(change)),
        Event::RulesRefused(refused) => {
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
        Event::Started { .. }
        | Event::Inserted { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::SelfTested(_)
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Interrupted { .. } => String::new(),
    }
}

/// What the line leaves out.
pub(super) fn show(event: &Event) {
    let line = |what: &str, value: &str| print::line(&format!("        {what:<14}{value}"));
    let about = |what: &str, set: &RuleSet| {
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
    };
    match event {
        Event::RulesInstalled(change) | Event::RulesRolledBack(change) => {
            for (what, set) in [("rules", &change.set), ("before", &change.before)] {
                match set {
                    Some(set) => about(what, set),
                    None => line(what, "as they came with the programs"),
                }
            }
            if let Some(file) = &change.file {
                line("file", &file.escaped().to_string());
            }
        }
        Event::RulesRefused(refused) => {
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
        Event::Started { .. }
        | Event::Inserted { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::SelfTested(_)
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Interrupted { .. } => {}
    }
}

fn set(set: Option<&RuleSet>) -> String {
    set.map_or_else(
        || "the rules of the programs".to_owned(),
        |set| format!("{} version {}", text(&set.bundle), set.version),
    )
}

fn person(person: &Person) -> String {
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
