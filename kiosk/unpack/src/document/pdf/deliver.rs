//! As what the streams of a document are handed out.

use std::borrow::Cow;

use wire::{Gap, MediumName};

use super::filter::Decoded;
use super::joined::JOINED_BYTES_MAX;
use super::reader::Reader;
use super::sweep::Object;
use crate::bytes::{length, part};
use crate::member::Body;
use crate::names::Kind;
use crate::walk::Halt;

impl<'c> Reader<'c, '_, '_> {
    /// Hands out what came out of one stream, alone or with others.
    pub(super) fn deliver(
        &mut self,
        object: Object,
        decoded: Decoded<'c>,
        holds_objects: bool,
    ) -> Result<(), Halt> {
        let Decoded {
            content,
            fault,
            tail,
        } = decoded;
        let names = self.names.get(&object.number).cloned().unwrap_or_default();
        let label = self.labels.get(&object.number).copied();
        if self.is_locked && self.cipher.is_none() {
            // What comes out means nothing; the names are worth a row.
            return self.hand_out_locked(&names, content.len());
        }
        let is_coded = matches!(content, Cow::Owned(_));
        let is_lost = fault.is_some_and(|(gap, _)| {
            // An object that is not read may be anything.
            gap != Gap::Damaged || content.is_empty() || holds_objects
        });
        let is_own = !names.is_empty()
            || label.is_some()
            || is_lost
            || (is_coded && JOINED_BYTES_MAX < content.len())
            || stands_alone(&content);
        let own_tail = tail.trim_ascii_start();
        if is_own {
            let label = label.map_or_else(String::new, |label| format!("{label}, "));
            let usual = format!("{label}object {} {}", object.number, object.generation);
            self.hand_out_alone(&names, &usual, content, fault)?;
        } else if is_coded && !content.is_empty() {
            if fault.is_some() {
                self.walk
                    .notice("pdf_damaged_stream", "a stream is cut off or malformed");
            }
            let joined = if holds_objects {
                &mut self.object_streams
            } else {
                &mut self.streams
            };
            joined.push(&content, self.walk)?;
        }
        if stands_alone(own_tail) {
            self.walk.admit()?;
            let name = format!("data behind object {} {}", object.number, object.generation);
            let (name, _) = MediumName::cut(name.as_bytes());
            let body = self.walk.stored(own_tail);
            self.walk.hand_out(name, Vec::new(), body)?;
        }
        Ok(())
    }

    fn hand_out_alone(
        &mut self,
        names: &[Vec<u8>],
        usual: &str,
        content: Cow<'c, [u8]>,
        fault: Option<(Gap, &'static str)>,
    ) -> Result<(), Halt> {
        let named: Vec<&[u8]> = match names {
            [] => vec![usual.as_bytes()],
            names => names.iter().map(Vec::as_slice).collect(),
        };
        let held_bytes = match &content {
            Cow::Owned(owned) => owned.len(),
            Cow::Borrowed(_) => 0,
        };
        self.walk.budget.hold(held_bytes);
        for name in named {
            self.walk.admit()?;
            let (name, findings) = match names {
                [] => (MediumName::cut(name).0, Vec::new()),
                _ => self.walk.names.judge(name, &[], Kind::File),
            };
            let bytes = match &content {
                Cow::Owned(_) => Ok(()),
                Cow::Borrowed(stored) => self.walk.budget.take_output(stored.len()),
            };
            let borrowed = Cow::Borrowed(content.as_ref());
            let body = match (fault, bytes) {
                (_, Err(why)) => Body::Unchecked {
                    gap: Gap::Limit,
                    size_bytes: length(content.len()),
                    why,
                },
                (None, Ok(())) => Body::Content(borrowed),
                (Some((gap, why)), Ok(())) if content.is_empty() => Body::Unchecked {
                    gap,
                    size_bytes: 0,
                    why,
                },
                (Some((gap, why)), Ok(())) => Body::Partial {
                    content: borrowed,
                    gap,
                    why,
                },
            };
            self.walk.hand_out(name, findings, body)?;
        }
        self.walk.budget.release(held_bytes);
        Ok(())
    }

    fn hand_out_locked(&mut self, names: &[Vec<u8>], size: usize) -> Result<(), Halt> {
        for name in names {
            self.walk.admit()?;
            let (name, findings) = self.walk.names.judge(name, &[], Kind::File);
            let body = Body::Unchecked {
                gap: Gap::Encrypted,
                size_bytes: length(size),
                why: "document is encrypted",
            };
            self.walk.hand_out(name, findings, body)?;
        }
        Ok(())
    }
}

/// Whether a content is a container, a program or a script by its first bytes.
fn stands_alone(content: &[u8]) -> bool {
    let programs: [&[u8]; 8] = [
        b"MZ",
        b"\x7fELF",
        b"#!",
        b"\xca\xfe\xba\xbe",
        b"\xcf\xfa\xed\xfe",
        b"L\0\0\0\x01\x14\x02\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"@echo",
    ];
    let is_program = programs.iter().any(|begin| content.starts_with(begin));
    let is_text = part(content, 0, 5).is_some_and(|begin| {
        begin.eq_ignore_ascii_case(b"<?php") || begin.eq_ignore_ascii_case(b"<html")
    });
    is_program
        || is_text
        || !crate::recognise(content).is_empty()
        || crate::unopenable(content).is_some()
}
