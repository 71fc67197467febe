//! The parts that have no parts themselves, and what they are written in.

use std::borrow::Cow;

use wire::{Gap, MediumName};

use super::super::base64;
use super::super::charset;
use super::super::is_type_name;
use super::super::lines::lines;
use super::super::worth::{is_worth, is_worth_decoded};
use super::entity::{Encoding, Entity};
use super::field::Field;
use super::{Frame, Place, quoted};
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// Hands out a part that has no parts itself, in each encoding that a reader might take.
pub(super) fn leaf(
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
            let pushed = push(&mut output, &text, walk.budget);
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
    let value = if is_type_name(value) { value } else { b"" };
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
    Body::of(content, gap)
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
