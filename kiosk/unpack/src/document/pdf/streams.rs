//! The streams of a document: where their data is, and what comes out of it.

use std::borrow::Cow;

use super::crypt::Method;
use super::filter::{Decoded, Filter, chain, decode};
use super::reader::{DEFINITIONS_MAX, Reader};
use super::sweep::Object;
use super::tape::{Tape, is_space};
use super::value::{Kind, Value};
use crate::bytes::{rest, span};
use crate::walk::Halt;

/// Most streams of one document. Each costs a decoder's tables, however short it is; ten
/// thousand pages have less.
pub(super) const STREAMS_MAX: usize = 200_000;

/// The data of one stream as it is in the file.
#[derive(Clone, Copy)]
pub(super) struct Data<'c> {
    /// Up to where its length or the word behind it says that it ends.
    told: &'c [u8],
    /// Up to the last place where any reader would say that it ends.
    longest: &'c [u8],
    /// Where the first of these ends in the file.
    pub(super) end: usize,
}

impl<'c> Reader<'c, '_, '_> {
    /// Hands out every stream that holds no objects.
    pub(super) fn hand_out_streams(&mut self) -> Result<(), Halt> {
        let mut streams: usize = 0;
        for index in 0..self.extents.len() {
            let is_stream = self
                .extents
                .get(index)
                .is_some_and(|extent| extent.stream.is_some() && !extent.holds_objects);
            if !is_stream {
                continue;
            }
            streams = streams.saturating_add(1);
            if STREAMS_MAX < streams {
                self.walk.limit("more streams than one document may have");
                break;
            }
            let Some((object, tape)) = self.object(index) else {
                break;
            };
            for decoded in self.decoded(index, object, &tape) {
                self.deliver(object, decoded, false)?;
            }
        }
        self.streams.hand_out(self.walk)
    }

    /// Looks at the objects that a stream holds, and hands out the stream itself.
    pub(super) fn open_object_stream(&mut self, index: usize, tape: &Tape<'_>) -> Result<(), Halt> {
        let Some(object) = self.sweep.objects.get(index).copied() else {
            return Ok(());
        };
        let first = tape.root().and_then(|root| root.get(b"First"));
        let first = first.map(|first| self.complete(first)).unwrap_or_default();
        let first =
            super::value::whole(first.trim_ascii()).and_then(|first| u64::try_from(first).ok());
        for decoded in self.decoded(index, object, tape) {
            if let Some(first) = first {
                self.look_at_packed(&decoded.content, span(first))?;
            }
            self.deliver(object, decoded, true)?;
        }
        Ok(())
    }

    fn look_at_packed(&mut self, content: &[u8], first: usize) -> Result<(), Halt> {
        self.allow_reading(content.len());
        let head = rest(content, 0, first);
        let places = Tape::object(head, 0);
        if places.is_overfull {
            self.walk.limit("object of more parts than are looked at");
        }
        let numbers: Vec<i64> = places.values().filter_map(Value::number).collect();
        for pair in numbers.as_chunks::<2>().0 {
            let [number, offset] = *pair;
            let offset = u64::try_from(offset).map_or(usize::MAX, span);
            let at = first.saturating_add(offset);
            let Ok(number) = u32::try_from(number) else {
                continue;
            };
            let Some(tape) = self.value(Cow::Borrowed(content), at) else {
                return Ok(());
            };
            let object = Object {
                number,
                generation: 0,
                begin: at,
                body: at,
                is_numbered: true,
            };
            self.look(&tape, object, true)?;
            if let Some(root) = tape.root() {
                self.remember_packed(number, root);
            }
        }
        Ok(())
    }

    /// What comes out of a stream, once for each way in which its filters are given.
    fn decoded(&mut self, index: usize, object: Object, tape: &Tape<'_>) -> Vec<Decoded<'c>> {
        let (Some(begin), Some(root)) = (tape.stream, tape.root()) else {
            return Vec::new();
        };
        let data = self.data(begin, root);
        let chains = self.chains(root);
        if 1 < chains.len() {
            self.walk
                .contradiction("pdf_several_filters", "a stream is coded in two ways");
        }
        let mut found = Vec::new();
        for chain in chains {
            let itself = chain.iter().find(|one| !matches!(one, Filter::Crypt(_)));
            let raw = match itself {
                Some(first) if first.ends_itself() => data.longest,
                _ => data.told,
            };
            if !self.take_reading(raw.len()) {
                break;
            }
            let method = self.method(index, object, root, &chain);
            let plain = match &self.cipher {
                Some(cipher) if method != Method::Plain => {
                    // What comes out is as long as what goes in.
                    if let Err(why) = self.walk.budget.take_output(raw.len()) {
                        self.walk.limit(why);
                        break;
                    }
                    Cow::Owned(cipher.decrypted(raw, method, object.number, object.generation))
                }
                Some(_) | None => Cow::Borrowed(raw),
            };
            let was_encrypted = matches!(plain, Cow::Owned(_));
            let mut decoded = decode(raw, plain, &chain, self.walk.budget);
            let is_empty = decoded.content.is_empty() && decoded.fault.is_some();
            if was_encrypted && is_empty {
                // Some streams of an encrypted document are not.
                decoded = decode(raw, Cow::Borrowed(raw), &chain, self.walk.budget);
            }
            if raw.iter().all(|byte| is_space(*byte)) {
                decoded.fault = None;
            }
            found.push(decoded);
        }
        found
    }

    /// How a stream is encrypted.
    fn method(&self, index: usize, object: Object, root: Value<'_>, chain: &[Filter]) -> Method {
        let Some(cipher) = &self.cipher else {
            return Method::Plain;
        };
        let is_table = self
            .extents
            .get(index)
            .is_some_and(|extent| extent.is_table);
        let own = chain.iter().find_map(|filter| {
            let Filter::Crypt(name) = filter else {
                return None;
            };
            Some(cipher.named(name).unwrap_or(Method::Plain))
        });
        let is_file = self.names.contains_key(&object.number)
            || root
                .get(b"Type")
                .is_some_and(|value| value.is_name(b"EmbeddedFile"));
        let usual = if is_file {
            cipher.files
        } else {
            cipher.streams
        };
        if is_table {
            Method::Plain
        } else {
            own.unwrap_or(usual)
        }
    }

    /// The data behind the word `stream`.
    pub(super) fn data(&mut self, word_end: usize, root: Value<'_>) -> Data<'c> {
        let line = rest(self.content, word_end, 64);
        let spaces = line
            .iter()
            .take_while(|byte| matches!(**byte, b' ' | b'\t'))
            .count();
        let begin = match line.get(spaces..).unwrap_or_default() {
            [b'\r', b'\n', ..] => spaces.saturating_add(2),
            [b'\r' | b'\n', ..] => spaces.saturating_add(1),
            _ => 0,
        };
        let begin = word_end.saturating_add(begin);
        let left = self.content.len().saturating_sub(begin);
        let mut lengths = Vec::new();
        if let Some(value) = root.get(b"Length") {
            match value.reference() {
                Some(number) => {
                    for definition in self.definitions(number) {
                        lengths.extend(super::value::whole(&definition));
                    }
                }
                None => lengths.extend(value.number()),
            }
        }
        let lengths: Vec<usize> = lengths
            .into_iter()
            .filter_map(|length| Some(span(u64::try_from(length).ok()?)))
            .filter(|length| *length <= left)
            .collect();
        let marked = self.sweep.stream_end(begin);
        let marked = marked.map_or(left, |end| end.saturating_sub(begin));
        let is_confirmed = |length: &&usize| {
            let behind = rest(self.content, begin.saturating_add(**length), 32);
            let spaces = behind.iter().take_while(|byte| is_space(**byte)).count();
            behind
                .get(spaces..)
                .is_some_and(|word| word.starts_with(b"endstream"))
        };
        let confirmed = lengths.iter().filter(is_confirmed).max().copied();
        let longest = lengths.iter().copied().max().unwrap_or(0).max(marked);
        let told = confirmed.unwrap_or(marked);
        Data {
            told: rest(self.content, begin, told),
            end: begin.saturating_add(told),
            longest: match confirmed {
                Some(confirmed) => rest(self.content, begin, confirmed),
                None => rest(self.content, begin, longest),
            },
        }
    }

    /// The chains of filters of a stream: one, unless the dictionary says it twice.
    fn chains(&mut self, root: Value<'_>) -> Vec<Vec<Filter>> {
        let parameters = root.get(b"DecodeParms").or_else(|| root.get(b"DP"));
        let parameters = parameters.map(|parameters| self.complete(parameters));
        let parameters = parameters.map(|text| Tape::value(Cow::Owned(text), 0));
        let parameters = parameters.as_ref().and_then(Tape::root);
        let mut spelled: Vec<Vec<u8>> = Vec::new();
        for (key, names) in root.entries() {
            // The short key is the usual one of pictures in a page, and a file's name here.
            let is_short = key.as_ref() == b"F" && matches!(names.kind(), Kind::Name | Kind::Array);
            if key.as_ref() == b"Filter" || is_short {
                spelled.push(self.complete(names));
            }
        }
        spelled.dedup();
        let mut chains: Vec<Vec<Filter>> = Vec::new();
        for text in spelled.into_iter().take(DEFINITIONS_MAX) {
            let names = Tape::value(Cow::Owned(text), 0);
            chains.extend(names.root().map(|names| chain(names, parameters)));
        }
        if chains.is_empty() {
            chains.push(Vec::new());
        }
        chains
    }
}
