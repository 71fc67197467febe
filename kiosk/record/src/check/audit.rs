//! What the ledger says of itself, checked by itself.

use wire::audit::{
    Cosigned, Exported, KEY_TEXT_BYTES_MAX, KeyRetired, NOTE_BYTES_MAX, REMARK_BYTES_MAX, Reviewed,
};
use wire::rule_change::Person;
use wire::waiver::{PERSON_BYTES_MAX, is_said};

use crate::error::Refusal;

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
    person(&exported.by)
}

pub(super) fn reviewed(reviewed: &Reviewed) -> Result<(), Refusal> {
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
