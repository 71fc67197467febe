//! What stands between the objects, before the first and behind the last.

use super::reader::Extent;
use super::sweep::Sweep;
use super::tape::{is_space, skip_space};
use crate::bytes::rest;
use crate::walk::{Halt, Walk};

/// Hands out what belongs to nothing, where it is a container.
pub(super) fn hand_out(
    sweep: &Sweep,
    extents: &[Extent],
    content: &[u8],
    header_at: Option<usize>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut covered = header_at.unwrap_or(0);
    walk.stray(rest(content, 0, covered), "bytes before the document")?;
    let last = sweep.last_end.unwrap_or(content.len()).max(covered);
    let ends = extents.iter().map(|extent| (extent.begin, extent.end));
    for (begin, end) in ends.chain([(last, last)]) {
        let gap = rest(content, covered, begin.saturating_sub(covered));
        hand_out_gap(gap, walk)?;
        covered = covered.max(end);
    }
    let behind = skip_words(rest(content, covered, usize::MAX));
    walk.stray(behind, "bytes behind the document")
}

/// One gap. Tables, their trailers and comments are what usually stands there.
fn hand_out_gap(mut gap: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    while !gap.is_empty() {
        // A revision ends inside the gap, and anything may stand behind it.
        let end = gap.windows(5).position(|window| window == b"%%EOF");
        let (piece, behind) = match end {
            Some(end) => (
                rest(gap, 0, end),
                rest(gap, end.saturating_add(5), usize::MAX),
            ),
            None => (gap, rest(gap, 0, 0)),
        };
        let stray = skip_words(rest(piece, skip_space(piece, 0), usize::MAX));
        let usual: [&[u8]; 3] = [b"xref", b"trailer", b"startxref"];
        if !usual.iter().any(|word| stray.starts_with(word)) {
            walk.stray(stray, "bytes between objects")?;
        }
        gap = behind;
    }
    Ok(())
}

/// What is left behind the words that end objects.
fn skip_words(mut text: &[u8]) -> &[u8] {
    loop {
        let spaces = text.iter().take_while(|byte| is_space(**byte)).count();
        text = rest(text, spaces, usize::MAX);
        let words: [&[u8]; 2] = [b"endobj", b"endstream"];
        match words.iter().find_map(|word| text.strip_prefix(*word)) {
            Some(behind) => text = behind,
            None => return text,
        }
    }
}
