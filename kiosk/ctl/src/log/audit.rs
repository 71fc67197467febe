//! What the ledger says of itself, in a line each.

use wire::audit::{BackedUp, Cosigned, Exported, KeyRetired, Restored, Reviewed, Sealed};

use super::{person, text};

pub(super) fn key_retired(retired: &KeyRetired) -> String {
    format!(
        "key retired by {}: {}",
        person(&retired.by),
        text(&retired.reason)
    )
}

pub(super) fn cosigned(cosigned: &Cosigned) -> String {
    let size = cosigned.note.lines().nth(1).unwrap_or("?");
    format!(
        "cosigned    {} entries, by the key {}, brought by {}",
        text(size),
        text(&cosigned.key),
        person(&cosigned.by)
    )
}

pub(super) fn exported(exported: &Exported) -> String {
    let file = exported.file.as_ref();
    format!(
        "exported    {} {} entries ({} to {}) to {} by {}",
        text(&exported.format),
        exported.entries,
        exported.first,
        exported.last,
        file.map_or_else(|| "-".to_owned(), |file| file.escaped().to_string()),
        person(&exported.by)
    )
}

pub(super) fn reviewed(reviewed: &Reviewed) -> String {
    let remark = reviewed.remark.as_deref().map(text);
    let account = reviewed.account.as_deref().map(text);
    format!(
        "reviewed    through entry {} by {}{}{}",
        reviewed.through.number,
        account.map_or_else(String::new, |account| format!("{account}, ")),
        person(&reviewed.by),
        remark.map_or_else(String::new, |remark| format!(": {remark}"))
    )
}

pub(super) fn backed_up(copy: &BackedUp) -> String {
    format!(
        "backed up   through entry {}, {} the key, by {}",
        copy.through.number,
        if copy.has_key { "with" } else { "without" },
        person(&copy.by)
    )
}

pub(super) fn restored(copy: &Restored) -> String {
    format!(
        "restored    from a copy through entry {} by {}",
        copy.through.number,
        person(&copy.by)
    )
}

pub(super) fn sealed(sealed: &Sealed) -> String {
    format!(
        "sealed      through entry {}: {} rows in the archive {} by {}",
        sealed.through,
        sealed.rows,
        sealed.archive_sha256,
        person(&sealed.by)
    )
}
