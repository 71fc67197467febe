//! TNEF ([MS-OXTNEF]): what Outlook puts into `winmail.dat`, with the attachments in it.

mod props;
mod rtf;

use std::borrow::Cow;

use wire::Gap;

use crate::bytes::{has, part, rest, span, u16_at, u32_at};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::{Halt, Walk};
use props::{Property, properties};

/// The signature; a key of two bytes follows it.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

/// Where the first attribute begins.
const FIRST_AT: usize = 6;

/// Before an attribute's data: level, identifier, length.
const HEAD_BYTES: usize = 9;

// Attributes ([MS-OXTNEF] 2.1.3.2 and 2.1.3.3).
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_BEGIN: u32 = 0x0006_9002;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;

// Properties ([MS-OXPROPS]).
const LONG_NAME: u16 = 0x3707;
const SHORT_NAME: u16 = 0x3704;
const DISPLAY_NAME: u16 = 0x3001;
const DATA: u16 = 0x3701;
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;

/// Whether the content begins as TNEF.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, &SIGNATURE)
}

/// Hands out the message's bodies and every attachment.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut at = FIRST_AT;
    let mut attachment: Option<Attachment<'_>> = None;
    if content.len() < FIRST_AT {
        walk.damaged("tnef is cut off");
    }
    while at < content.len() {
        let Some(attribute) = Attribute::read(content, at) else {
            walk.damaged("tnef has a malformed attribute");
            break;
        };
        if attribute.is_cut {
            walk.damaged("tnef is cut off");
        } else if !attribute.is_whole {
            walk.damaged("an attribute of tnef fails its checksum");
        }
        match attribute.kind {
            ATTACH_BEGIN => {
                if let Some(before) = attachment.replace(Attachment::default()) {
                    before.hand_out(walk)?;
                }
            }
            ATTACH_TITLE => {
                let name = until_zero(attribute.data);
                attachment.get_or_insert_default().title = Some(name);
            }
            ATTACH_DATA => {
                let slot = attachment.get_or_insert_default();
                // A second content of one attachment is a content all the same.
                if let Some(before) = slot.data.replace(attribute.data) {
                    walk.contradiction("tnef_ambiguous", "an attachment has two contents");
                    content_of(&slot.names(), before, None, walk)?;
                }
                slot.is_damaged = attribute.is_cut || !attribute.is_whole;
            }
            ATTACH_PROPERTIES => {
                let slot = attachment.get_or_insert_default();
                slot.properties = read_properties(attribute.data, walk);
            }
            MESSAGE_PROPERTIES => {
                for property in read_properties(attribute.data, walk) {
                    message_property(&property, walk)?;
                }
            }
            _ => leftover(attribute.data, walk)?,
        }
        at = attribute.end;
    }
    if let Some(last) = attachment {
        last.hand_out(walk)?;
    }
    walk.stray(
        rest(content, at, usize::MAX),
        "bytes behind the last attribute",
    )
}

/// One attribute.
struct Attribute<'a> {
    kind: u32,
    data: &'a [u8],
    is_cut: bool,
    /// Its checksum is right.
    is_whole: bool,
    end: usize,
}

impl<'a> Attribute<'a> {
    fn read(content: &'a [u8], at: usize) -> Option<Self> {
        let head = part(content, at, HEAD_BYTES)?;
        let level = *head.first()?;
        if !matches!(level, 1 | 2) {
            return None;
        }
        let size = span(u64::from(u32_at(head, 5)?));
        let data_at = at.checked_add(HEAD_BYTES)?;
        let data = rest(content, data_at, size);
        let sum_at = data_at.saturating_add(size);
        let stated = u16_at(content, sum_at);
        let sum = data
            .iter()
            .fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        Some(Self {
            kind: u32_at(head, 1)?,
            data,
            is_cut: stated.is_none(),
            is_whole: stated == Some(sum),
            end: sum_at.saturating_add(2).min(content.len()),
        })
    }
}

/// An attachment, which several attributes describe.
#[derive(Default)]
struct Attachment<'a> {
    title: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    is_damaged: bool,
    properties: Vec<Property<'a>>,
}

impl Attachment<'_> {
    /// Its names, the one that readers show first; it has at least one.
    fn names(&self) -> Vec<Vec<u8>> {
        let property = |id: u16| self.properties.iter().find(|own| own.id == id);
        let mut names: Vec<Vec<u8>> = [LONG_NAME, SHORT_NAME, DISPLAY_NAME]
            .into_iter()
            .filter_map(property)
            .map(Property::text)
            .collect();
        let title_at = names.len().min(1);
        if let Some(title) = self.title {
            names.insert(title_at, title.to_vec());
        }
        names.retain(|name| !name.is_empty());
        if names.is_empty() {
            names.push(b"(attachment)".to_vec());
        }
        names
    }

    fn hand_out(&self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let names = self.names();
        if let Some(data) = self.data {
            let gap = self
                .is_damaged
                .then_some((Gap::Damaged, "attachment is damaged"));
            content_of(&names, data, gap, walk)?;
        }
        for property in &self.properties {
            if property.id == DATA {
                // An object begins with the identifier of its interface.
                let data = if property.is_object() {
                    property.data.get(16..).unwrap_or_default()
                } else {
                    property.data
                };
                content_of(&names, data, None, walk)?;
            } else {
                leftover(property.data, walk)?;
            }
        }
        Ok(())
    }
}

fn content_of(
    names: &[Vec<u8>],
    data: &[u8],
    gap: Option<(Gap, &'static str)>,
    walk: &mut Walk<'_>,
) -> Result<(), Halt> {
    walk.admit()?;
    let others: Vec<&[u8]> = names.iter().skip(1).map(Vec::as_slice).collect();
    let first = names.first().map(Vec::as_slice).unwrap_or_default();
    let (name, findings) = walk.names.judge(first, &others, Kind::File);
    let body = match (walk.stored(data), gap) {
        (Body::Content(content), Some((gap, why))) => Body::Partial { content, gap, why },
        (body, _) => body,
    };
    walk.hand_out(name, findings, body)
}

fn message_property(property: &Property<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let (name, body) = match property.id {
        RTF => {
            walk.admit()?;
            let mut output = Vec::new();
            let body = match rtf::unpack(property.data, &mut output, walk.budget) {
                None => Body::Content(Cow::Owned(output)),
                Some((gap, why)) => Body::Partial {
                    content: Cow::Owned(output),
                    gap,
                    why,
                },
            };
            ("(message in rtf)", body)
        }
        HTML => {
            walk.admit()?;
            ("(message in html)", walk.stored(property.data))
        }
        _ => return leftover(property.data, walk),
    };
    let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
    walk.hand_out(name, findings, body)
}

fn read_properties<'a>(data: &'a [u8], walk: &mut Walk<'_>) -> Vec<Property<'a>> {
    let (found, is_whole) = properties(data);
    if !is_whole {
        walk.damaged("properties of tnef are malformed");
    }
    found
}

/// What is matched as it stands, and opened when it is a container.
fn leftover(data: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    if crate::recognise(data).is_empty() && crate::unopenable(data).is_none() {
        return Ok(());
    }
    walk.stray(data, "a content in an attribute of tnef")
}

fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
