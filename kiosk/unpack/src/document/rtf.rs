//! RTF: the objects and other data that stand in it as hexadecimal digits.
//!
//! Readers differ in what they make of digits with control words, groups and other characters
//! between them, and exploits live in that. All of it is passed over here, and told: no writer
//! does it.

mod object;
mod words;

use wire::Gap;

use crate::bytes::has;
use crate::document::word::asks_program;
use crate::member::Body;
use crate::names::Kind;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};
use words::{Token, Words};

/// What Word asks of a document's first bytes; there are writers and exploits that end there.
const BEGIN: &[u8] = b"{\\rt";

/// Groups whose text is data, beside objects: pictures, parts of newer documents, fonts.
const DATA: [&[u8]; 6] = [
    b"pict",
    b"datastore",
    b"themedata",
    b"colorschememapping",
    b"fontemb",
    b"svb",
];

/// How much of a field's instruction is kept, in letters without spaces: inner fields add up.
const INSTRUCTION_MAX: usize = 4096;

/// Whether the content begins as RTF.
pub(crate) fn begins(content: &[u8]) -> bool {
    has(content, 0, BEGIN)
}

/// Hands out every object, and other data that is a container.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    let mut words = Words::new(content);
    let mut state = State {
        substitutes: 1,
        ..State::default()
    };
    let mut end = None;
    while let Some(token) = words.next() {
        match token {
            Token::Begin => {
                state.depth = state.depth.saturating_add(1);
                state.odd_in_object();
            }
            Token::End => {
                state.leave(walk)?;
                state.depth = state.depth.saturating_sub(1);
                if state.depth == 0 {
                    end.get_or_insert(words.at);
                }
            }
            Token::Word(word, number) => state.word(word, number, walk)?,
            Token::Raw(bytes, is_cut) => state.raw(bytes, is_cut, walk)?,
            Token::Letter(letter) => state.letter(letter, walk),
            Token::Escaped(letter) => {
                state.odd_in_object();
                state.text(letter);
            }
            Token::Odd => state.odd_in_object(),
        }
    }
    if 0 < state.depth {
        walk.damaged("document is cut off");
        state.depth = 0;
    }
    state.leave(walk)?;
    let behind = content
        .get(end.unwrap_or(content.len())..)
        .unwrap_or_default();
    if behind
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    {
        return Ok(());
    }
    walk.stray(behind, "bytes behind the end of the document")
}

/// Where the reading stands.
#[derive(Default)]
struct State {
    depth: usize,
    data: Option<Data>,
    /// A field's instruction, and the group that it is in.
    field: Option<(usize, Vec<u8>)>,
    /// How many letters stand behind a letter in Unicode for readers that do not know it, and
    /// how many of them are still to come.
    substitutes: usize,
    substitutes_left: usize,
    objects: u64,
    containers: u64,
}

/// Data in hexadecimal digits.
struct Data {
    /// The group that it is in.
    depth: usize,
    is_object: bool,
    bytes: Vec<u8>,
    /// What is not yet behind `bytes`.
    fresh: Vec<u8>,
    half: Option<u8>,
    limit: Option<&'static str>,
    /// Whether readers may disagree about it.
    is_odd: bool,
}

impl Data {
    /// How much is put behind the rest at once, in bytes.
    const STEP_BYTES: usize = 4096;

    fn digit(&mut self, digit: u8, walk: &mut Walk<'_>) {
        match self.half.take() {
            None => self.half = Some(digit),
            Some(high) => self.byte((high << 4) | digit, walk),
        }
    }

    fn byte(&mut self, byte: u8, walk: &mut Walk<'_>) {
        self.fresh.push(byte);
        if Self::STEP_BYTES <= self.fresh.len() {
            self.flush(walk);
        }
    }

    fn flush(&mut self, walk: &mut Walk<'_>) {
        if self.limit.is_none() {
            self.limit = push(&mut self.bytes, &self.fresh, walk.budget).err();
        }
        self.fresh.clear();
    }
}

impl State {
    fn word(&mut self, word: &[u8], number: Option<i64>, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let is_object = word.eq_ignore_ascii_case(b"objdata");
        if is_object || DATA.contains(&word) {
            if self.data.as_ref().is_some_and(|data| data.is_object) {
                walk.contradiction("rtf_obfuscated", "data in the data of an object");
            }
            self.finish(walk)?;
            self.data = Some(Data {
                depth: self.depth,
                is_object,
                bytes: Vec::new(),
                fresh: Vec::new(),
                half: None,
                limit: None,
                is_odd: false,
            });
            return Ok(());
        }
        self.odd_in_object();
        match word {
            b"fldinst" if self.field.is_none() => self.field = Some((self.depth, Vec::new())),
            b"uc" => self.substitutes = usize::try_from(number.unwrap_or(1)).unwrap_or(0),
            b"u" => {
                let letter = number.and_then(|number| u8::try_from(number).ok());
                self.substitutes_left = 0;
                self.text(letter.unwrap_or(b'?'));
                self.substitutes_left = self.substitutes;
            }
            b"tab" | b"line" | b"par" => self.text(b' '),
            _ => {}
        }
        Ok(())
    }

    fn letter(&mut self, letter: u8, walk: &mut Walk<'_>) {
        if let Some(data) = &mut self.data {
            // Beside an object's data nothing else is in its group; pictures have properties.
            let is_own = data.is_object || data.depth == self.depth;
            let digit = char::from(letter).to_digit(16);
            match digit.and_then(|digit| u8::try_from(digit).ok()) {
                Some(digit) if is_own => data.digit(digit, walk),
                Some(_) => {}
                None => data.is_odd |= !letter.is_ascii_whitespace(),
            }
            return;
        }
        self.text(letter);
    }

    fn text(&mut self, letter: u8) {
        if let Some(left) = self.substitutes_left.checked_sub(1) {
            self.substitutes_left = left;
            return;
        }
        if let Some((_, text)) = &mut self.field
            && text.len() < INSTRUCTION_MAX
            && !(letter == b' ' && text.last() == Some(&b' '))
        {
            text.push(letter);
        }
    }

    fn raw(&mut self, bytes: &[u8], is_cut: bool, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if is_cut {
            walk.damaged("binary data is cut off");
        }
        if let Some(data) = &mut self.data {
            data.flush(walk);
            if data.limit.is_none() {
                data.limit = push(&mut data.bytes, bytes, walk.budget).err();
            }
            return Ok(());
        }
        const OBJECT: &[u8] = b"\\objdata";
        let hides = bytes.windows(OBJECT.len()).any(|window| window == OBJECT);
        if hides {
            walk.contradiction("rtf_obfuscated", "an object in binary data");
        }
        if crate::recognise(bytes).is_empty() && crate::unopenable(bytes).is_none() {
            return Ok(());
        }
        walk.stray(bytes, "a container in binary data")
    }

    /// Notes something between an object's digits that does not belong there.
    fn odd_in_object(&mut self) {
        if let Some(data) = &mut self.data {
            data.is_odd = true;
        }
    }

    /// The innermost group ends.
    fn leave(&mut self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        if self
            .field
            .as_ref()
            .is_some_and(|(depth, _)| self.depth <= *depth)
            && let Some((_, text)) = self.field.take()
            && asks_program(&text)
        {
            walk.notice("dde_field", "a field asks another program for data");
        }
        if self
            .data
            .as_ref()
            .is_some_and(|data| self.depth <= data.depth)
        {
            self.finish(walk)?;
        }
        Ok(())
    }

    /// Hands out the data that is complete.
    fn finish(&mut self, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let Some(mut data) = self.data.take() else {
            return Ok(());
        };
        data.flush(walk);
        if !data.is_object {
            return self.contained(data, walk);
        }
        self.objects = self.objects.saturating_add(1);
        walk.notice("rtf_object", "embeds an object");
        if data.is_odd || data.half.is_some() {
            walk.contradiction("rtf_obfuscated", "the data of an object is not only digits");
        }
        object::hand_out(&data.bytes, data.limit, self.objects, walk)
    }

    /// Hands out data that is no object if it is a container.
    fn contained(&mut self, data: Data, walk: &mut Walk<'_>) -> Result<(), Halt> {
        let is_container =
            !crate::recognise(&data.bytes).is_empty() || crate::unopenable(&data.bytes).is_some();
        if !is_container && data.limit.is_none() {
            return Ok(());
        }
        walk.admit()?;
        self.containers = self.containers.saturating_add(1);
        let name = format!("embedded data {}", self.containers);
        let (name, findings) = walk.names.judge(name.as_bytes(), &[], Kind::File);
        let content = data.bytes.into();
        let body = match data.limit {
            None => Body::Content(content),
            Some(why) => Body::Partial {
                content,
                gap: Gap::Limit,
                why,
            },
        };
        walk.hand_out(name, findings, body)
    }
}

#[cfg(test)]
mod tests;
