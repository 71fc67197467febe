//! One document while it is read: what is known about its objects.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::crypt::Cipher;
use super::joined::Joined;
use super::sweep::{Object, Sweep};
use super::tape::Tape;
use super::value::{Kind, Value};
use crate::walk::{Halt, Walk};

/// How often the bytes of a document may be read as objects. Three times is usual; objects that
/// lie in each other are read again each time.
pub(super) const READINGS_MAX: usize = 8;

/// What any document may read beyond that, in bytes.
const READING_FREE_BYTES: usize = 1 << 20;

/// How many definitions of one object are tried. Each revision of a document may have one.
pub(super) const DEFINITIONS_MAX: usize = 8;

/// Longest definition that another object is completed with, in bytes: a length, a filter,
/// their list or parameters.
pub(super) const DEFINITION_BYTES_MAX: usize = 4096;

/// Most bytes that are remembered of one sort: definitions in tables of objects, names of
/// embedded files.
pub(super) const REMEMBERED_BYTES_MAX: usize = 8 << 20;

/// Most numbers of objects that are remembered of one sort.
pub(super) const REMEMBERED_NUMBERS_MAX: usize = 500_000;

/// Stands for a definition that is not there, so that no filter is believed to be none.
const UNRESOLVED: &[u8] = b"/unresolved";

/// Where an object is in the file.
pub(super) struct Extent {
    pub(super) begin: usize,
    pub(super) end: usize,
    /// Where the data of its stream begins.
    pub(super) stream: Option<usize>,
    /// Whether its stream holds other objects.
    pub(super) holds_objects: bool,
    /// Whether its stream is a table of offsets, which is never encrypted.
    pub(super) is_table: bool,
}

/// One document.
pub(super) struct Reader<'c, 'r, 'w> {
    pub(super) content: &'c [u8],
    pub(super) walk: &'r mut Walk<'w>,
    pub(super) sweep: Sweep,
    /// One for each object of the sweep.
    pub(super) extents: Vec<Extent>,
    /// The number of each object and its place in the sweep.
    by_number: Vec<(u32, usize)>,
    pub(super) cipher: Option<Cipher>,
    /// Whether there is an encryption that was not opened.
    pub(super) is_locked: bool,
    /// Small objects in tables of objects, as they are spelled.
    packed: BTreeMap<u32, Vec<Vec<u8>>>,
    /// The names of embedded files by the number of their stream.
    pub(super) names: BTreeMap<u32, Vec<Vec<u8>>>,
    remembered_bytes: usize,
    /// What a stream is by what refers to it.
    pub(super) labels: BTreeMap<u32, &'static str>,
    /// Objects that do more than go to a page.
    pub(super) acting: BTreeSet<u32>,
    /// Objects that act when the document opens.
    pub(super) opening: BTreeSet<u32>,
    pub(super) strings: Joined,
    pub(super) scripts: Joined,
    pub(super) scripts_alone: usize,
    pub(super) object_streams: Joined,
    pub(super) streams: Joined,
    reading_bytes_left: usize,
}

impl<'c, 'r, 'w> Reader<'c, 'r, 'w> {
    pub(super) fn new(content: &'c [u8], sweep: Sweep, walk: &'r mut Walk<'w>) -> Self {
        let numbers = sweep.objects.iter().enumerate();
        let mut by_number: Vec<_> = numbers.map(|(at, object)| (object.number, at)).collect();
        by_number.sort_unstable();
        let readings = content.len().saturating_mul(READINGS_MAX);
        Self {
            content,
            walk,
            sweep,
            extents: Vec::new(),
            by_number,
            cipher: None,
            is_locked: false,
            packed: BTreeMap::new(),
            names: BTreeMap::new(),
            remembered_bytes: 0,
            labels: BTreeMap::new(),
            acting: BTreeSet::new(),
            opening: BTreeSet::new(),
            strings: Joined::new("strings"),
            scripts: Joined::new("scripts"),
            scripts_alone: 0,
            object_streams: Joined::new("object streams"),
            streams: Joined::new("streams"),
            reading_bytes_left: readings.saturating_add(READING_FREE_BYTES),
        }
    }

    /// Takes `bytes` of reading; false when too much was read already.
    pub(super) fn take_reading(&mut self, bytes: usize) -> bool {
        let left = self.reading_bytes_left.checked_sub(bytes.saturating_add(1));
        self.reading_bytes_left = left.unwrap_or(0);
        if left.is_none() {
            self.walk.limit("objects that lie in each other");
        }
        left.is_some()
    }

    /// Unpacked objects are to be read, too.
    pub(super) fn allow_reading(&mut self, bytes: usize) {
        let more = bytes.saturating_mul(2);
        self.reading_bytes_left = self.reading_bytes_left.saturating_add(more);
    }

    /// The object at this place of the sweep.
    pub(super) fn object(&mut self, index: usize) -> Option<(Object, Tape<'c>)> {
        let object = *self.sweep.objects.get(index)?;
        let tape = Tape::object(self.content, object.body);
        self.checked(tape).map(|tape| (object, tape))
    }

    /// The one value at `at`.
    pub(super) fn value<'b>(&mut self, bytes: Cow<'b, [u8]>, at: usize) -> Option<Tape<'b>> {
        let tape = Tape::value(bytes, at);
        self.checked(tape)
    }

    fn checked<'b>(&mut self, tape: Tape<'b>) -> Option<Tape<'b>> {
        if tape.is_overfull {
            self.walk.limit("object of more parts than are looked at");
            // As many of these as there are readings, however short each is.
            self.take_reading(self.content.len());
        }
        self.take_reading(tape.read_bytes).then_some(tape)
    }

    /// Reads every object once to know where it ends and what its stream is.
    pub(super) fn survey(&mut self) {
        for index in 0..self.sweep.objects.len() {
            let Some((object, tape)) = self.object(index) else {
                return;
            };
            let root = tape.root();
            let has = |key: &[u8]| root.is_some_and(|root| root.get(key).is_some());
            let is_type = |name: &[u8]| {
                root.is_some_and(|root| root.get(b"Type").is_some_and(|value| value.is_name(name)))
            };
            let end = match tape.stream {
                Some(word_end) => match root {
                    Some(root) => self.data(word_end, root).end,
                    None => word_end,
                },
                None => tape.end,
            };
            self.extents.push(Extent {
                begin: object.begin,
                end,
                stream: tape.stream,
                holds_objects: has(b"N") && has(b"First"),
                is_table: is_type(b"XRef"),
            });
        }
    }

    /// Opens the encryption, if there is one.
    pub(super) fn unlock(&mut self) {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut any_id = Vec::new();
        let trailers = std::mem::take(&mut self.sweep.trailers);
        for at in trailers {
            let Some(tape) = self.value(Cow::Borrowed(self.content), at) else {
                return;
            };
            self.note_encryption(&tape, &mut found, &mut any_id);
        }
        for index in 0..self.extents.len() {
            if self
                .extents
                .get(index)
                .is_some_and(|extent| extent.is_table)
            {
                let Some((_, tape)) = self.object(index) else {
                    return;
                };
                self.note_encryption(&tape, &mut found, &mut any_id);
            }
        }
        found.sort();
        found.dedup_by(|one, other| one.0 == other.0);
        if 1 < found.len() {
            self.walk.contradiction(
                "pdf_several_encryptions",
                "readers may choose another encryption",
            );
        }
        for (dictionary, id) in found {
            let id = if id.is_empty() { &any_id } else { &id };
            let tape = Tape::value(Cow::Borrowed(&dictionary), 0);
            let opened = tape.root().and_then(|root| Cipher::open(root, id));
            if opened.is_none() {
                self.is_locked = true;
                self.walk.encrypted("document is encrypted");
            }
            self.cipher = self.cipher.take().or(opened);
        }
    }

    /// Adds the encryption of a trailer and the identifier that belongs to it.
    fn note_encryption(
        &mut self,
        tape: &Tape<'_>,
        found: &mut Vec<(Vec<u8>, Vec<u8>)>,
        any_id: &mut Vec<u8>,
    ) {
        let Some(root) = tape.root() else { return };
        let id = root
            .get(b"ID")
            .map(|value| self.complete(value))
            .and_then(|text| {
                let tape = Tape::value(Cow::Owned(text), 0);
                tape.root()?.items().next()?.string()
            });
        if any_id.is_empty() {
            *any_id = id.clone().unwrap_or_default();
        }
        let Some(encryption) = root.get(b"Encrypt").filter(|value| value.raw() != b"null") else {
            return;
        };
        let definitions = match encryption.reference() {
            Some(number) => self.definitions(number),
            None => vec![encryption.raw().to_vec()],
        };
        if definitions.is_empty() {
            self.is_locked = true;
            self.walk
                .encrypted("document is encrypted and does not say how");
        }
        for definition in definitions {
            let complete = Tape::value(Cow::Owned(definition), 0);
            if let Some(root) = complete.root() {
                found.push((self.complete(root), id.clone().unwrap_or_default()));
            }
        }
    }

    /// What is said to be the object of this number, as it is spelled, in no order. [`UNRESOLVED`]
    /// stands for what is too long to be a part of another object, or one too many.
    pub(super) fn definitions(&mut self, number: u32) -> Vec<Vec<u8>> {
        let begin = self.by_number.partition_point(|(own, _)| *own < number);
        let end = self.by_number.partition_point(|(own, _)| *own <= number);
        let places = self.by_number.get(begin..end).unwrap_or_default();
        let places: Vec<usize> = places
            .iter()
            .rev()
            .take(DEFINITIONS_MAX)
            .map(|(_, at)| *at)
            .collect();
        let mut found = Vec::new();
        for place in places {
            let Some(object) = self.sweep.objects.get(place) else {
                continue;
            };
            let body = object.body;
            let Some(tape) = self.value(Cow::Borrowed(self.content), body) else {
                break;
            };
            let raw = tape.root().map(Value::raw).unwrap_or_default();
            let is_short = raw.len() <= DEFINITION_BYTES_MAX;
            found.push(if is_short { raw } else { UNRESOLVED }.to_vec());
        }
        let packed = self.packed.get(&number).map_or(&[][..], Vec::as_slice);
        found.extend(packed.iter().take(DEFINITIONS_MAX).cloned());
        if DEFINITIONS_MAX < packed.len().max(end.saturating_sub(begin)) {
            found.push(UNRESOLVED.to_vec());
        }
        found.sort();
        found.dedup();
        found
    }

    /// A value as it is spelled, with the definitions in the place of references.
    pub(super) fn complete(&mut self, value: Value<'_>) -> Vec<u8> {
        let mut text = value.raw().to_vec();
        for _ in 0..DEFINITIONS_MAX {
            if !self.take_reading(text.len()) {
                break;
            }
            let tape = Tape::value(Cow::Borrowed(&text), 0);
            let reference = tape
                .values()
                .find_map(|one| Some((one.begin(), one.raw().len(), one.reference()?)));
            let Some((at, length, number)) = reference else {
                break;
            };
            let mut definitions = self.definitions(number);
            if 1 < definitions.len() {
                self.walk.contradiction(
                    "pdf_several_definitions",
                    "readers may choose another definition of a filter",
                );
            }
            let definition = definitions.pop().unwrap_or_else(|| UNRESOLVED.to_vec());
            let mut next = text.get(..at).unwrap_or_default().to_vec();
            next.push(b' ');
            next.extend_from_slice(&definition);
            next.push(b' ');
            next.extend_from_slice(text.get(at.saturating_add(length)..).unwrap_or_default());
            text = next;
        }
        text
    }

    /// Remembers an object of a table of objects when others may need it.
    pub(super) fn remember_packed(&mut self, number: u32, value: Value<'_>) {
        let raw = value.raw();
        let first = value.items().next().map(Value::kind);
        let is_part = match value.kind() {
            Kind::Number | Kind::Name | Kind::Text | Kind::Hex => true,
            // Places in the document are arrays, too; they begin with a reference.
            Kind::Array => matches!(first, Some(Kind::Name | Kind::Dictionary)),
            Kind::Dictionary => {
                let keys: [&[u8]; 4] = [b"Predictor", b"EarlyChange", b"F", b"UF"];
                value.entries().any(|(key, _)| keys.contains(&key.as_ref()))
            }
            Kind::Reference | Kind::Word => false,
        };
        if is_part && raw.len() <= DEFINITION_BYTES_MAX && self.take_memory(raw.len()) {
            self.packed.entry(number).or_default().push(raw.to_vec());
        }
    }

    /// Takes memory for something to remember; false when there is none left.
    pub(super) fn take_memory(&mut self, bytes: usize) -> bool {
        // What a map needs for one entry.
        let wanted = self
            .remembered_bytes
            .saturating_add(bytes)
            .saturating_add(64);
        let is_left = wanted <= REMEMBERED_BYTES_MAX;
        if is_left {
            self.remembered_bytes = wanted;
        } else {
            self.walk
                .limit("more names and numbers than are remembered");
        }
        is_left
    }

    /// Goes through every object, those in tables of objects included.
    pub(super) fn look_at_objects(&mut self) -> Result<(), Halt> {
        for index in 0..self.extents.len() {
            let Some((object, tape)) = self.object(index) else {
                return Ok(());
            };
            self.look(&tape, object, false)?;
            if self
                .extents
                .get(index)
                .is_some_and(|extent| extent.holds_objects)
            {
                self.open_object_stream(index, &tape)?;
            }
        }
        if self
            .opening
            .iter()
            .any(|number| self.acting.contains(number))
        {
            self.walk
                .notice("pdf_open_action", "does something when it is opened");
        }
        self.strings.hand_out(self.walk)?;
        self.scripts.hand_out(self.walk)?;
        self.object_streams.hand_out(self.walk)
    }
}
