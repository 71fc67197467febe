//! PDF (ISO 32000), read without believing its tables.
//!
//! Readers find objects through tables of offsets, and search the whole file when a table is
//! broken; each reader does it a little differently. Whatever any of them can reach begins with
//! two numbers and the word `obj`, so every such place in the file is an object here. A table
//! can show nothing beyond that, and is not read at all.
//!
//! Embedded files, scripts and tables of objects are members of their own; so is whatever is a
//! container or a program once it is decoded. All other streams that are coded are joined, in
//! order, into members of a few MiB, so that the rules see every byte without a row for each
//! page. Streams that stand in the file as they are were matched with it.

mod coding;
mod crypt;
mod deliver;
mod filter;
mod gaps;
mod joined;
mod look;
mod predictor;
mod reader;
mod streams;
mod sweep;
mod tape;
mod value;

use crate::bytes::{has, rest};
use crate::walk::{Halt, Walk};
use reader::Reader;
use sweep::Sweep;

/// Its name among the formats.
pub(crate) const NAME: &str = "pdf";

/// Where readers look for the header, and for the end.
const EDGE_BYTES: usize = 1024;

/// How far into a content without a header in its place an object may be, in bytes.
pub(crate) const REPAIR_BYTES: usize = 1 << 20;

/// Begins the header.
const HEADER: &[u8] = b"%PDF-";

/// Whether the content begins as a document. Readers allow anything before the header, and
/// some need none when the end is as it should be.
pub(crate) fn begins(content: &[u8]) -> bool {
    match header_at(content) {
        Some(0) => true,
        Some(_) => has_object(content),
        // Some readers look for objects wherever they are when the end is as it should be.
        None => {
            let edge = content.len().saturating_sub(EDGE_BYTES);
            let tail = rest(content, edge, EDGE_BYTES);
            let head = rest(content, 0, REPAIR_BYTES);
            find(tail, b"startxref").is_some() && has_object(head)
        }
    }
}

/// Hands out what is in the document.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let sweep = Sweep::new(content);
    if sweep.is_overfull {
        walk.limit("more objects than one document may have");
    }
    let last_object = sweep.objects.iter().rev().find(|object| object.is_numbered);
    let last_object = last_object.map(|object| object.begin);
    if last_object.is_none() {
        walk.damaged("document without objects");
    } else if sweep.last_start < last_object {
        walk.damaged("document is cut off");
    } else if sweep.last_end < sweep.last_start {
        walk.notice("pdf_without_end", "document has no mark at its end");
    }
    let mut reader = Reader::new(content, sweep, walk);
    reader.survey();
    reader.unlock();
    reader.look_at_objects()?;
    reader.hand_out_streams()?;
    gaps::hand_out(
        &reader.sweep,
        &reader.extents,
        content,
        header_at(content),
        reader.walk,
    )
}

/// Where the header is, when it is where readers look for it.
fn header_at(content: &[u8]) -> Option<usize> {
    find(rest(content, 0, EDGE_BYTES), HEADER)
}

fn has_object(content: &[u8]) -> bool {
    let mut words = content.windows(3).enumerate();
    words.any(|(at, word)| {
        let begin = at.saturating_sub(32);
        let around = rest(content, begin, at.saturating_sub(begin).saturating_add(3));
        let is_object = |object: &sweep::Object| object.is_numbered;
        word == b"obj" && Sweep::new(around).objects.iter().any(is_object)
    })
}

/// The first place of `word` in `content`.
fn find(content: &[u8], word: &[u8]) -> Option<usize> {
    (0..content.len()).find(|at| has(content, *at, word))
}

#[cfg(test)]
mod tests;
