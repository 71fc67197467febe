//! An entry as a line of comma-separated values.

use super::filter::Taken;
use super::said;
use crate::log::text;
use crate::print;
use crate::report::{spelled, trail};

/// The columns. `files` counts the files that were asked for, when files were; the last two say
/// of a PASS that was taken back by which entry, and what stands.
pub(super) const HEAD: &str = "number,recorded_utc,event,verdict,medium,person,company,visit,\
                               insertion,files,first_file,said,withdrawn_by,stands";

/// One entry.
pub(super) fn line(number: u64, taken: &Taken) -> String {
    let Taken {
        content,
        about,
        met,
        withdrawn,
    } = taken;
    let all = |names: &[String]| {
        let mut seen: Vec<String> = Vec::new();
        for name in names.iter().map(|name| text(name)) {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen.join("; ")
    };
    let met = met.as_ref();
    let first = met.and_then(|met| met.first.as_deref());
    let what = said(&content.event);
    let cells = [
        number.to_string(),
        text(&content.recorded_utc),
        content.event.name().to_owned(),
        about
            .verdict
            .map(|verdict| spelled(&verdict))
            .unwrap_or_default(),
        all(&about.media),
        all(&about.people),
        all(&about.companies),
        all(&about.visits),
        about.insertion.map(|n| n.to_string()).unwrap_or_default(),
        met.map(|met| met.count.to_string()).unwrap_or_default(),
        first.map(trail).unwrap_or_default(),
        what.split_whitespace().collect::<Vec<_>>().join(" "),
        withdrawn
            .map(|one| one.entry.to_string())
            .unwrap_or_default(),
        withdrawn
            .map(|one| spelled(&one.verdict))
            .unwrap_or_default(),
    ];
    print::record(cells)
}
