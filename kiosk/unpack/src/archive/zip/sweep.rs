//! Everything in a zip that its directories do not account for.

use super::entry::Local;
use super::extract::{Extent, extract, hand_out};
use super::{LOCAL, plausible};
use crate::bytes::{find, rest};
use crate::walk::{Halt, Walk};

/// Hands out the members that no directory lists, and tells what else lies between.
pub(super) fn sweep(
    content: &[u8],
    mut covered: Vec<Extent>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    covered.sort_by_key(|extent| (extent.begin, extent.end));
    let mut at: usize = 0;
    for extent in &covered {
        if extent.begin < at && extent.listed {
            walk.contradiction(
                "zip_overlapping_members",
                "two members share the same bytes",
            );
        }
        at = gap(content, at, extent.begin, walk)?;
        // A reader that believes the member's own header goes on from there.
        if let Some(inner) = extent.other_end
            && inner < extent.end
        {
            chain(content, inner, extent.end, walk)?;
        }
        at = at.max(extent.end);
    }
    gap(content, at, content.len(), walk)?;
    Ok(())
}

/// Searches one stretch that nothing accounts for, and tells where the search ended: the
/// end of the stretch, or later when a member reaches over it.
fn gap(content: &[u8], begin: usize, end: usize, walk: &mut Walk<'_>) -> Result<usize, Halt> {
    let mut stray_from = begin;
    let mut at = begin;
    while let Some(found) = find(rest(content, 0, end), LOCAL, at) {
        // Right behind another member no chance is involved.
        let adjacent = found == stray_from;
        if adjacent && Local::read(content, found).is_none() {
            walk.damaged("a member's header is cut off");
        }
        if !adjacent && plausible(content, found).is_none() {
            at = found.saturating_add(LOCAL.len());
            continue;
        }
        stray(content, stray_from, found, walk)?;
        at = unlisted(content, found, walk)?;
        stray_from = at;
    }
    if stray_from < end {
        stray(content, stray_from, end, walk)?;
    }
    Ok(stray_from.max(end))
}

/// Follows headers from `at` as long as one begins where the one before ends.
fn chain(content: &[u8], at: usize, end: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at = at;
    while at < end && plausible(content, at).is_some() {
        at = unlisted(content, at, walk)?;
    }
    Ok(())
}

/// Hands out the member at `at`, and tells where it ends, always behind its header.
fn unlisted(content: &[u8], at: usize, walk: &mut Walk<'_>) -> Result<usize, Halt> {
    let Some(local) = Local::read(content, at) else {
        return Ok(at.saturating_add(LOCAL.len()));
    };
    walk.admit()?;
    walk.notice(
        "zip_unlisted_member",
        "a member is missing in the directory",
    );
    let (body, end) = extract(content, &local.entry, local.data_at, local.has_sizes, walk);
    hand_out(&local.entry, body, walk)?;
    Ok(end.max(local.data_at))
}

fn stray(content: &[u8], begin: usize, end: usize, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let data = rest(content, begin, end.saturating_sub(begin));
    let detail = if begin == 0 {
        "bytes before the first member"
    } else if end == content.len() {
        "bytes after the archive"
    } else {
        "bytes between members"
    };
    walk.stray(data, detail)
}
