//! Zips that end in a compound file.
//!
//! Office keeps zips in the streams of older documents. Whoever opens the document as a zip sees
//! such a one in pieces, because a stream's sectors need not lie in order; who opens the stream
//! sees it whole. A zip that no stream ends with is the document's second content.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::archive::zip;
use crate::names::Names;
use crate::walk::{Halt, Walk};

/// The directories of the zips that a stream is opened as, as they lie in the content.
pub(super) fn in_stream(data: &[u8], ranges: &[Range<usize>]) -> Vec<(usize, usize)> {
    let is_opened = super::begins(data)
        || crate::recognise(data)
            .iter()
            .any(|format| format.name() == zip::NAME);
    let endings = is_opened.then(|| zip::endings(data)).flatten();
    let endings = endings.unwrap_or_default().into_iter();
    endings
        .filter_map(|ending| placed(&ending, ranges))
        .collect()
}

/// Where a part of a stream lies in the content, if it lies there in one piece.
fn placed(part: &Range<usize>, ranges: &[Range<usize>]) -> Option<(usize, usize)> {
    let mut at: usize = 0;
    for range in ranges {
        let end = at.checked_add(range.len())?;
        if part.start < end {
            let begin = range.start.checked_add(part.start.checked_sub(at)?)?;
            return (part.end <= end).then_some((begin, begin.checked_add(part.len())?));
        }
        at = end;
    }
    None
}

/// Opens the content as a zip if one ends in it.
pub(super) fn open(
    content: &[u8],
    known: &BTreeSet<(usize, usize)>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let endings = zip::endings(content);
    let is_known = |ending: &Range<usize>| known.contains(&(ending.start, ending.end));
    match endings {
        Some(endings) if endings.is_empty() => Ok(()),
        // Members whose bytes happen to lie in order come out of both.
        Some(endings) if endings.iter().all(is_known) => {
            walk.beside(|walk| zip::open(content, walk))
        }
        Some(_) | None => {
            walk.names = Names::labels();
            zip::open(content, walk)
        }
    }
}
