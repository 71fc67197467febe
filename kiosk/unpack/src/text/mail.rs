//! Mail (RFC 5322) with its parts (RFC 2045 to 2049), and what is saved as mail: web archives.
//!
//! Readers differ about everything that the standards forbid: two boundaries, two encodings,
//! boundaries that go on behind the end. Each reading is handed out, and that there are several
//! is a contradiction.

mod entity;
mod field;
mod leaf;
mod quoted;
mod split;

use super::embedded;
use super::lines::{lines, starts, text_begin};
use crate::walk::{Halt, Walk};
use entity::{Encoding, Entity, READINGS_MAX, is_header};
use field::add;
use leaf::leaf;
use split::{Piece, Splitter, guessed_boundary};

pub(crate) use field::{escaped_bytes, hex_byte};

/// Deepest nesting of parts that is followed. Forwarded and signed mail stays below ten.
pub(crate) const PART_DEPTH_MAX: usize = 40;

/// What one multipart body costs at least, in bytes of input: reading its header and boundary.
const PART_COST_BYTES: usize = 4096;

/// Whether the content begins as a mail.
pub(crate) fn begins(content: &[u8]) -> bool {
    is_header(content, text_begin(content))
}

/// Whether a mail's header stands at `at`.
pub(crate) fn is_header_at(content: &[u8], at: usize) -> bool {
    is_header(content, at)
}

/// Hands out every part.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let begin = text_begin(content);
    open_entity(content.get(begin..).unwrap_or_default(), true, walk)
}

/// Whether a mail with parts begins in the first part of something else. Word opens it there,
/// also behind the beginning of a PDF.
pub(crate) fn is_inside(content: &[u8]) -> bool {
    inside_at(content).is_some() && !begins(content) && !super::mbox::begins(content)
}

/// Hands out every part of a mail that begins inside something else.
pub(crate) fn open_inside(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let Some(at) = inside_at(content) else {
        return Ok(());
    };
    leftover(content.get(..at).unwrap_or_default(), walk)?;
    open_entity(content.get(at..).unwrap_or_default(), false, walk)
}

fn inside_at(content: &[u8]) -> Option<usize> {
    const WANTED: &[u8] = b"mime-version:";
    let head = content.get(..entity::HEADER_LOOK_BYTES).unwrap_or(content);
    let found = lines(head, 0).find(|line| starts(line.text(head), WANTED))?;
    let is_archive = crate::format::formats()
        .any(|one| one.sort == crate::format::Sort::Archive && (one.begins)(content));
    let entity = Entity::read(content.get(found.begin..)?);
    // Mail programs keep headers of which the body lies elsewhere.
    let boundaries = entity.type_parameter(b"boundary");
    let has_parts = boundaries.into_iter().take(READINGS_MAX).any(|boundary| {
        let mut splitter = Splitter::new(entity.body, boundary);
        splitter.next();
        matches!(splitter.next(), Some(Piece::Part(..)))
    });
    (entity.is_type(b"multipart/") && has_parts && !is_archive).then_some(found.begin)
}

/// One multipart body on the way through it.
struct Frame<'a> {
    splitter: Splitter<'a>,
    /// Numbers of this body and its parts, as in "1.2".
    path: String,
    parts: u64,
    /// What parts are that say nothing.
    is_digest: bool,
    is_encrypted: bool,
    /// It is the mail's own body: nothing outside can end it.
    is_outermost: bool,
}

fn open_entity<'a>(content: &'a [u8], is_own: bool, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut frames: Vec<Frame<'a>> = Vec::new();
    if content.starts_with(b"--")
        && let Some(boundary) = guessed_boundary(content)
    {
        // The parts of a mail whose header was left out.
        frames.push(Frame {
            splitter: Splitter::new(content, boundary),
            path: "1".to_owned(),
            parts: 0,
            is_digest: false,
            is_encrypted: false,
            is_outermost: true,
        });
    } else {
        let place = Place {
            path: "1".to_owned(),
            is_digest: false,
            is_encrypted: false,
        };
        part(content, &place, &mut frames, walk)?;
    }
    while let Some(frame) = frames.last_mut() {
        match frame.splitter.next() {
            None => {
                frames.pop();
            }
            Some(Piece::Preamble(text) | Piece::Epilogue(text)) => leftover(text, walk)?,
            Some(Piece::Part(text, is_late)) => {
                if is_late {
                    walk.contradiction("mail_ambiguous", "parts behind the end of a multipart");
                }
                frame.parts = frame.parts.saturating_add(1);
                let place = Place {
                    path: format!("{}.{}", frame.path, frame.parts),
                    is_digest: frame.is_digest,
                    is_encrypted: frame.is_encrypted,
                };
                part(text, &place, &mut frames, walk)?;
            }
            // In something else nobody said that it is a mail.
            Some(Piece::Cut) if frame.is_outermost && is_own => {
                walk.damaged("a multipart mail ends before its last boundary");
            }
            // The boundary of the body around it ended it, for every reader.
            Some(Piece::Cut) => walk.notice("mail_malformed", "a multipart without its end"),
        }
    }
    Ok(())
}

/// Where a part is.
struct Place {
    path: String,
    is_digest: bool,
    is_encrypted: bool,
}

/// Reads one part's header; goes into it or hands it out.
fn part<'a>(
    content: &'a [u8],
    place: &Place,
    frames: &mut Vec<Frame<'a>>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut content = content;
    // Each mail in a mail takes the place of its part, so this is no recursion.
    let mut is_mail_next = place.is_digest;
    loop {
        let entity = Entity::read(content);
        if let Some(why) = entity.ambiguity {
            walk.contradiction("mail_ambiguous", why);
        }
        header_leftover(entity.header, walk)?;
        if let Some(body) = entity.other_body {
            walk.take_input(body.len())?;
            leftover(body, walk)?;
        }
        let is_plain = entity.readings() == [Encoding::Identity];
        let is_mail = entity.is_type(b"message/rfc822")
            || entity.is_type(b"message/global")
            || (is_mail_next && entity.types.is_empty());
        if entity.is_type(b"message/partial") {
            walk.unsupported("part of a mail that was split");
        }
        if entity.is_type(b"multipart/") {
            return multipart(&entity, place, frames, walk);
        }
        if is_mail && is_plain {
            is_mail_next = false;
            content = entity.body;
            continue;
        }
        return leaf(&entity, place, frames, walk);
    }
}

/// Goes into a multipart body, with each boundary that a reader might take.
fn multipart<'a>(
    entity: &Entity<'a>,
    place: &Place,
    frames: &mut Vec<Frame<'a>>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    for boundary in entity.type_parameter(b"boundary") {
        let boundary = boundary.trim_ascii_end().to_vec();
        if !boundary.is_empty() {
            add(&mut boundaries, boundary);
        }
    }
    if boundaries.is_empty() {
        walk.contradiction("mail_ambiguous", "a multipart that names no boundary");
        boundaries.extend(guessed_boundary(entity.body));
    }
    if 1 < boundaries.len() {
        walk.contradiction("mail_ambiguous", "a multipart with several boundaries");
    }
    if READINGS_MAX < boundaries.len() {
        walk.unsupported("a multipart with too many boundaries");
        boundaries.truncate(READINGS_MAX);
    }
    let is_only_multipart = entity
        .types
        .iter()
        .all(|own| own.value.starts_with(b"multipart/"));
    let is_written_plain = entity.readings() == [Encoding::Identity];
    if boundaries.is_empty() || !is_only_multipart || !is_written_plain {
        if !is_written_plain {
            walk.contradiction("mail_ambiguous", "a multipart that is encoded as a whole");
        }
        leaf(entity, place, frames, walk)?;
    }
    if PART_DEPTH_MAX <= frames.len() {
        walk.limit("parts are nested too deep");
        return leaf(entity, place, &[], walk);
    }
    let is_pgp = entity
        .type_parameter(b"protocol")
        .iter()
        .any(|protocol| protocol.eq_ignore_ascii_case(b"application/pgp-encrypted"));
    let is_outermost = frames.is_empty();
    for boundary in boundaries {
        let cost = entity.body.len().max(PART_COST_BYTES);
        walk.take_input(cost)?;
        frames.push(Frame {
            splitter: Splitter::new(entity.body, boundary),
            path: place.path.clone(),
            parts: 0,
            is_digest: entity.is_type(b"multipart/digest"),
            is_encrypted: place.is_encrypted || is_pgp || entity.is_type(b"multipart/encrypted"),
            is_outermost,
        });
    }
    Ok(())
}

/// What no part owns. It is matched with the mail itself, so it is handed out only when there
/// is something in it.
fn leftover(text: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let is_nested = !crate::recognise(text).is_empty() || crate::unopenable(text).is_some();
    if is_nested {
        walk.stray(text, "contents outside every part of a mail")?;
    }
    Ok(())
}

/// A header is what it is; only encoded contents in it matter.
fn header_leftover(header: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if !embedded::begins(header) {
        return Ok(());
    }
    walk.notice("container_extra_data", "encoded contents in a mail header");
    embedded::open(header, walk)
}

#[cfg(test)]
mod tests;
