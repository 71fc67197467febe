//! Changes of the administrators' lists: within their limits, and a change.

use wire::list_change::{
    CHANGED_BYTES_MAX, CHANGED_NAMED_MAX, Changed, FIELD_BYTES_MAX, ListChange,
};

use super::custody::{are_said, is_person};
use crate::error::Refusal;

/// A list changes, or was found changed.
pub(super) fn changed(change: &ListChange) -> Result<(), Refusal> {
    let refuse = |why| Err(Refusal::List(why));
    if change.before_sha256 == change.after_sha256 {
        return refuse("leaves it as it is");
    }
    if !change.by.as_ref().is_none_or(is_person) {
        return refuse("names a person whose name is too long");
    }
    if change.by.is_none() && change.second.is_some() {
        return refuse("has a second person and no first");
    }
    if !are_said([&change.second, &change.reason].into_iter().flatten()) {
        return refuse("says too much, nothing, or hides something");
    }
    if CHANGED_NAMED_MAX < change.changed.len() {
        return refuse("names too many entries");
    }
    let length = |one| serde_json::to_vec(one).map_or(usize::MAX, |json| json.len());
    let bytes = change.changed.iter().map(length);
    if bytes.fold(0, usize::saturating_add) <= CHANGED_BYTES_MAX {
        return change.changed.iter().try_for_each(entry);
    }
    refuse("names entries that are too long together")
}

fn entry(changed: &Changed) -> Result<(), Refusal> {
    let fits = |text: &String| text.len() <= FIELD_BYTES_MAX;
    let has_name = |text: &String| !text.is_empty() && fits(text);
    if ![&changed.kind, &changed.id].into_iter().all(has_name) {
        return Err(Refusal::List("names an entry without kind or id"));
    }
    for field in &changed.fields {
        let values = [&field.before, &field.after].into_iter().flatten();
        if !has_name(&field.key) || !values.into_iter().all(fits) {
            return Err(Refusal::List(
                "names a field that is too long or has no key",
            ));
        }
    }
    Ok(())
}
