//! What the ledger says of itself, checked by itself.

use wire::audit::{
    Cosigned, Exported, KEY_TEXT_BYTES_MAX, KeyRetired, NOTE_BYTES_MAX, REMARK_BYTES_MAX, Reviewed,
};
use wire::ledger::{EntryId, Event};
use wire::rule_change::Person;
use wire::waiver::{PERSON_BYTES_MAX, is_said};

use crate::error::Refusal;

/// Entries that must be there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// With exactly these leaves.
    pub(crate) entries: Vec<EntryId>,
    /// With whatever leaf.
    pub(crate) last: Option<u64>,
}

/// The entries that an event about the ledger itself names.
pub(crate) fn named(event: &Event) -> Named {
    match event {
        Event::Reviewed(reviewed) => Named {
            entries: vec![reviewed.through],
            last: None,
        },
        Event::Exported(exported) => Named {
            entries: Vec::new(),
            last: Some(exported.last),
        },
        // What a copy of the ledger holds is checked where it is made or put back.
        Event::BackedUp(_) | Event::Restored(_) | Event::Sealed(_) | Event::Cosigned(_) => {
            Named::default()
        }
        Event::Started { .. }
        | Event::Stopped {}
        | Event::CrashFound { .. }
        | Event::Inserted { .. }
        | Event::Judged(_)
        | Event::Withdrawn { .. }
        | Event::Removed { .. }
        | Event::SelfTested(_)
        | Event::Waived(_)
        | Event::WaiverEnded { .. }
        | Event::Mitigated { .. }
        | Event::Interrupted { .. }
        | Event::RulesInstalled(_)
        | Event::RulesRolledBack(_)
        | Event::RulesRefused(_)
        | Event::ListChanged(_)
        | Event::Requested { .. }
        | Event::RequestClosed(_)
        | Event::Lent(_)
        | Event::Returned(_)
        | Event::Enrolling(_)
        | Event::SignedIn(_)
        | Event::SignInRefused(_)
        | Event::SignedOut(_)
        | Event::ClockStepped { .. }
        | Event::KeySet(_)
        | Event::KeyRetired(_) => Named::default(),
    }
}

pub(super) fn key_retired(retired: &KeyRetired) -> Result<(), Refusal> {
    if !is_said(&retired.reason, REMARK_BYTES_MAX) {
        return Err(Refusal::Audit("does not say why the key is retired"));
    }
    person(&retired.by)
}

pub(super) fn cosigned(cosigned: &Cosigned) -> Result<(), Refusal> {
    if NOTE_BYTES_MAX < cosigned.note.len() {
        return Err(Refusal::Audit("has a checkpoint that is too long"));
    }
    if KEY_TEXT_BYTES_MAX < cosigned.key.len() {
        return Err(Refusal::Audit("has a key that is too long"));
    }
    person(&cosigned.by)
}

pub(super) fn exported(exported: &Exported) -> Result<(), Refusal> {
    if !is_said(&exported.format, PERSON_BYTES_MAX) {
        return Err(Refusal::Audit("does not say in which form"));
    }
    if exported.last < exported.first {
        return Err(Refusal::Audit("ends before it begins"));
    }
    let looked_at = exported.last.saturating_sub(exported.first);
    if exported.first == 0 || looked_at.saturating_add(1) < exported.entries {
        return Err(Refusal::Audit(
            "takes out more entries than it looked at, or entry 0",
        ));
    }
    person(&exported.by)
}

pub(super) fn reviewed(reviewed: &Reviewed) -> Result<(), Refusal> {
    let account = reviewed.account.as_deref();
    if account.is_some_and(|name| !is_said(name, PERSON_BYTES_MAX)) {
        return Err(Refusal::Audit("names no account"));
    }
    if let Some(remark) = &reviewed.remark
        && !is_said(remark, REMARK_BYTES_MAX)
    {
        return Err(Refusal::Audit(
            "has an empty remark or one that is too long",
        ));
    }
    person(&reviewed.by)
}

/// Somebody did it.
pub(super) fn person(person: &Person) -> Result<(), Refusal> {
    let names = [Some(&person.user), person.login_user.as_ref()];
    if names
        .into_iter()
        .flatten()
        .any(|name| PERSON_BYTES_MAX < name.len())
    {
        return Err(Refusal::Audit("names a person at too great a length"));
    }
    Ok(())
}
