//! Mail (RFC 5322) with its parts (RFC 2045 to 2049), and what is saved as mail: web archives.
//!
//! Readers differ about everything that the standards forbid: two boundaries, two encodings,
//! boundaries that go on behind the end. Each reading is handed out, and that there are several
//! is a contradiction.

mod entity;
mod field;
mod quoted;
mod split;

use wire::{Gap, MediumName};

use super::base64;
use super::charset;
use super::embedded;
use super::lines::{lines, starts, text_begin};
use super::worth::{is_worth, is_worth_decoded};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use entity::{Encoding, Entity, READINGS_MAX, is_header};
use field::{Field, add};
use split::{Piece, Splitter, guessed_boundary};
use std::borrow::Cow;

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
    let place = Place {
        path: "1".to_owned(),
        is_digest: false,
        is_encrypted: false,
    };
    part(content, &place, &mut frames, walk)?;
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
        walk.unsupported("parts are nested too deep");
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
            is_encrypted: is_pgp || entity.is_type(b"multipart/encrypted"),
            is_outermost,
        });
    }
    Ok(())
}

/// Hands out a part that has no parts itself, in each encoding that a reader might take.
fn leaf(
    entity: &Entity<'_>,
    place: &Place,
    frames: &[Frame<'_>],
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    if has_near_miss(entity.body, frames) {
        walk.contradiction("mail_ambiguous", "a line that resembles a boundary");
    }
    if 1 < entity.names.len() {
        walk.notice("mail_names_differ", "a part with two names");
    }
    let mut readings = entity.readings();
    let is_declared = readings != [Encoding::Identity];
    if is_declared && !readings.contains(&Encoding::Identity) && is_binary(entity.body) {
        walk.contradiction("mail_ambiguous", "a part is not encoded as it says");
        readings.push(Encoding::Identity);
    }
    if !is_declared && is_undeclared_base64(entity) {
        walk.contradiction("mail_ambiguous", "a part is encoded and does not say so");
        readings.push(Encoding::Base64);
    }
    for reading in readings {
        walk.admit()?;
        let body = decoded(entity.body, reading, walk);
        let body = if place.is_encrypted && !entity.is_type(b"application/pgp-encrypted") {
            encrypted(body)
        } else {
            body
        };
        let utf8 = utf7_as_utf8(entity, &body);
        hand_out(entity, place, body, walk)?;
        if let Some(text) = utf8 {
            walk.admit()?;
            let mut output = Vec::new();
            let pushed = crate::stream::sink::push(&mut output, &text, walk.budget);
            let body = match pushed {
                Ok(()) => Body::Content(Cow::Owned(output)),
                Err(why) => limited(why, text.len()),
            };
            hand_out(entity, place, body, walk)?;
        }
    }
    Ok(())
}

fn hand_out(
    entity: &Entity<'_>,
    place: &Place,
    body: Body<'_>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    let (name, findings) = match entity.names.split_first() {
        Some((first, others)) => {
            let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
            walk.names.judge(first, &others, Kind::File)
        }
        None => (nameless(entity.types.first(), place), Vec::new()),
    };
    walk.hand_out(name, findings, body)
}

/// What a part without a name is called.
fn nameless(field: Option<&Field>, place: &Place) -> MediumName {
    let value = field.map_or(b"text/plain".as_slice(), |field| &field.value);
    let value = if super::is_type_name(value) {
        value
    } else {
        b""
    };
    let name = [b"(part ", place.path.as_bytes(), b" ", value, b")"].concat();
    MediumName::cut(&name).0
}

fn decoded<'a>(text: &'a [u8], encoding: Encoding, walk: &mut Walk<'_>) -> Body<'a> {
    let mut output = Vec::new();
    match encoding {
        Encoding::Identity => walk.stored(text),
        Encoding::Unknown => match walk.budget.take_output(text.len()) {
            Ok(()) => Body::Partial {
                content: Cow::Borrowed(text),
                gap: Gap::Unsupported,
                why: "a part in an unknown encoding",
            },
            Err(why) => limited(why, text.len()),
        },
        Encoding::Base64 => {
            let result = base64::decode(text, &mut output, walk.budget);
            let gap = match result {
                Ok(faults) if faults.any() => {
                    Some((Gap::Damaged, "base64 data of a part is malformed"))
                }
                Ok(_) => None,
                Err(why) => Some((Gap::Limit, why)),
            };
            ended(output, gap)
        }
        Encoding::QuotedPrintable => {
            let result = quoted::decode(text, &mut output, walk.budget);
            if result == Ok(true) {
                walk.notice("mail_malformed", "quoted-printable text is malformed");
            }
            ended(output, result.err().map(|why| (Gap::Limit, why)))
        }
    }
}

fn ended(content: Vec<u8>, gap: Option<(Gap, &'static str)>) -> Body<'static> {
    let content = Cow::Owned(content);
    match gap {
        None => Body::Content(content),
        Some((gap, why)) => Body::Partial { content, gap, why },
    }
}

fn limited(why: &'static str, bytes: usize) -> Body<'static> {
    Body::Unchecked {
        gap: Gap::Limit,
        size_bytes: crate::bytes::length(bytes),
        why,
    }
}

/// A part that is said to be encrypted: what is there is matched, and nothing is claimed.
fn encrypted(body: Body<'_>) -> Body<'_> {
    match body {
        Body::Content(content) | Body::Partial { content, .. } => Body::Partial {
            content,
            gap: Gap::Encrypted,
            why: "an encrypted part of a mail",
        },
        Body::Unchecked { .. } | Body::Link(_) | Body::Folder | Body::Special => body,
    }
}

/// The part as UTF-8 when it says that it is UTF-7, which no rule could match.
fn utf7_as_utf8(entity: &Entity<'_>, body: &Body<'_>) -> Option<Vec<u8>> {
    let labels = entity.type_parameter(b"charset");
    if !labels.iter().any(|label| charset::is_utf7(label)) {
        return None;
    }
    match body {
        Body::Content(content) | Body::Partial { content, .. } => Some(charset::from_utf7(content)),
        Body::Unchecked { .. } | Body::Link(_) | Body::Folder | Body::Special => None,
    }
}

/// Whether the body of a part that declares an encoding is a container as it stands.
fn is_binary(body: &[u8]) -> bool {
    let is_text = body
        .iter()
        .take(512)
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
    !is_text && is_worth(body)
}

/// Whether the body of a part that declares no encoding is base64, and of something that
/// matters.
fn is_undeclared_base64(entity: &Entity<'_>) -> bool {
    let is_value =
        |byte: &u8| base64::is_value(*byte) || byte.is_ascii_whitespace() || *byte == b'=';
    let text = entity.body.trim_ascii();
    // Shorter is a word, not a content.
    16 <= text.len() && text.iter().all(is_value) && is_worth_decoded(text)
}

/// Whether a line of a part begins like a boundary around it, which only a careless reader
/// takes for one.
fn has_near_miss(body: &[u8], frames: &[Frame<'_>]) -> bool {
    lines(body, 0)
        .filter_map(|line| line.text(body).strip_prefix(b"--"))
        .any(|rest| frames.iter().any(|frame| frame.splitter.resembles(rest)))
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
