//! One object of a PDF as a flat list of tokens.
//!
//! A container token knows where the token behind it is, so that neither reading nor looking
//! things up ever recurses: the content decides how deep its dictionaries are.

use std::borrow::Cow;

use super::value::{Kind, Token, Value};
use crate::bytes::rest;

/// Most tokens of one object that are kept. The largest arrays of ordinary documents, the
/// widths of a font or the kids of a page tree, have some ten thousand.
pub(super) const TOKENS_MAX: usize = 1_000_000;

/// One object, or what stands where an object should.
pub(super) struct Tape<'c> {
    bytes: Cow<'c, [u8]>,
    tokens: Vec<Token>,
    /// The containers that are not closed yet.
    open: Vec<usize>,
    /// Whether words that end objects do so only where no container is open.
    is_patient: bool,
    /// Whether a container was still open at the end.
    is_torn: bool,
    /// How many bytes were read, in all attempts.
    pub(super) read_bytes: usize,
    /// Where reading ended.
    pub(super) end: usize,
    /// Where the data of a stream may begin: behind the word `stream`.
    pub(super) stream: Option<usize>,
    /// Whether there were more tokens than are kept.
    pub(super) is_overfull: bool,
}

impl<'c> Tape<'c> {
    /// Reads the object whose body begins at `at`, up to a word that ends objects.
    pub(super) fn object(bytes: &'c [u8], at: usize) -> Self {
        Self::read(Cow::Borrowed(bytes), at, false)
    }

    /// Reads the one value that begins at `at`.
    pub(super) fn value(bytes: Cow<'c, [u8]>, at: usize) -> Self {
        Self::read(bytes, at, true)
    }

    /// Most readers take the words that end objects for mistakes where a container is open,
    /// and go on; where nothing closes it any more, the first such word ends the object.
    fn read(bytes: Cow<'c, [u8]>, at: usize, is_single: bool) -> Self {
        let patient = Self::attempt(bytes, at, is_single, true);
        if !patient.is_torn || patient.is_overfull {
            return patient;
        }
        let read_bytes = patient.read_bytes;
        let mut strict = Self::attempt(patient.bytes, at, is_single, false);
        strict.read_bytes = strict.read_bytes.saturating_add(read_bytes);
        strict
    }

    fn attempt(bytes: Cow<'c, [u8]>, at: usize, is_single: bool, is_patient: bool) -> Self {
        let mut tape = Self {
            bytes,
            tokens: Vec::new(),
            open: Vec::new(),
            is_patient,
            is_torn: false,
            read_bytes: 0,
            end: at,
            stream: None,
            is_overfull: false,
        };
        while tape.step() {
            if is_single && tape.is_value() {
                break;
            }
        }
        tape.is_torn = !tape.open.is_empty();
        tape.read_bytes = tape.end.saturating_sub(at);
        while tape.close() {}
        if is_single {
            let first = tape.tokens.first().map_or(0, |first| first.next);
            tape.tokens.truncate(first);
        }
        tape
    }

    /// The first value: the object's own.
    pub(super) fn root(&self) -> Option<Value<'_>> {
        self.values().next()
    }

    /// Every value at every depth, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.tokens.len()).map(|index| Value::new(&self.bytes, &self.tokens, index))
    }

    /// Whether one whole value was read. A number may be the first of a reference.
    fn is_value(&self) -> bool {
        let is_number = |token: &Token| token.kind == Kind::Number;
        match self.tokens.as_slice() {
            [] => false,
            [first] => self.open.is_empty() && !is_number(first),
            [first, second] if is_number(first) => !is_number(second),
            [first, ..] => self.open.is_empty() || is_number(first),
        }
    }

    /// Reads one token. False when there is none any more.
    fn step(&mut self) -> bool {
        let at = skip_space(&self.bytes, self.end);
        self.end = at;
        let next = at.saturating_add(1);
        match rest(&self.bytes, at, 2) {
            [] => return false,
            [b'<', b'<'] => {
                self.end = at.saturating_add(2);
                self.begin(Kind::Dictionary, at);
            }
            [b'>', b'>'] => {
                self.end = at.saturating_add(2);
                self.close_to(Kind::Dictionary);
            }
            [b'[', ..] => {
                self.end = next;
                self.begin(Kind::Array, at);
            }
            [b']', ..] => {
                self.end = next;
                self.close_to(Kind::Array);
            }
            [b'(', ..] => {
                let end = string_end(&self.bytes, at);
                self.scalar(Kind::Text, at, end);
            }
            [b'<', ..] => {
                let data = rest(&self.bytes, at, usize::MAX);
                let length = data.iter().position(|byte| *byte == b'>');
                let end =
                    at.saturating_add(length.map_or(data.len(), |last| last.saturating_add(1)));
                self.scalar(Kind::Hex, at, end);
            }
            [b'/', ..] => {
                let end = word_end(&self.bytes, next);
                self.scalar(Kind::Name, at, end);
            }
            [b')' | b'>' | b'{' | b'}', ..] => self.end = next,
            [_, ..] => return self.word(at),
        }
        !self.is_overfull
    }

    /// A number or a word; false when the word ends the object.
    fn word(&mut self, at: usize) -> bool {
        let end = word_end(&self.bytes, at);
        let word = rest(&self.bytes, at, end.saturating_sub(at));
        // Damaged files lack the space behind these.
        let ends: [&[u8]; 6] = [
            b"endobj",
            b"endstream",
            b"obj",
            b"xref",
            b"startxref",
            b"trailer",
        ];
        let may_end = self.open.is_empty() || !self.is_patient;
        if may_end && word.starts_with(b"stream") {
            self.stream = Some(at.saturating_add(b"stream".len()));
            return false;
        }
        if may_end && ends.iter().any(|end| word.starts_with(end)) {
            return false;
        }
        let is_number = matches!(word.first(), Some(b'0'..=b'9' | b'+' | b'-' | b'.'));
        if word == b"R" && self.refer(end) {
            return true;
        }
        let kind = if is_number { Kind::Number } else { Kind::Word };
        self.scalar(kind, at, end);
        !self.is_overfull
    }

    /// Makes the two numbers before an `R` a reference.
    fn refer(&mut self, end: usize) -> bool {
        let [.., first, second] = self.tokens.as_slice() else {
            return false;
        };
        let begin = first.begin;
        if first.kind != Kind::Number || second.kind != Kind::Number {
            return false;
        }
        self.tokens.truncate(self.tokens.len().saturating_sub(2));
        self.scalar(Kind::Reference, begin, end);
        true
    }

    fn scalar(&mut self, kind: Kind, begin: usize, end: usize) {
        self.end = end;
        let next = self.tokens.len().saturating_add(1);
        self.push(Token {
            kind,
            begin,
            end,
            next,
        });
    }

    fn begin(&mut self, kind: Kind, begin: usize) {
        let index = self.tokens.len();
        self.push(Token {
            kind,
            begin,
            end: begin,
            next: index,
        });
        if index < self.tokens.len() {
            self.open.push(index);
        }
    }

    fn push(&mut self, token: Token) {
        if self.tokens.len() < TOKENS_MAX {
            self.tokens.push(token);
        } else {
            self.is_overfull = true;
        }
    }

    /// Closes containers up to the innermost of this kind; nothing when there is none.
    fn close_to(&mut self, kind: Kind) {
        let is_kind = |index: &usize| self.tokens.get(*index).is_some_and(|one| one.kind == kind);
        let Some(depth) = self.open.iter().rposition(is_kind) else {
            return;
        };
        while depth < self.open.len() && self.close() {}
    }

    fn close(&mut self) -> bool {
        let Some(index) = self.open.pop() else {
            return false;
        };
        let next = self.tokens.len();
        if let Some(token) = self.tokens.get_mut(index) {
            token.next = next;
            token.end = self.end;
        }
        true
    }
}

/// White space as the format counts it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_regular(byte: u8) -> bool {
    let is_delimiter = matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    );
    !is_delimiter && !is_space(byte)
}

/// The place behind white space and comments.
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let data = rest(bytes, at, usize::MAX);
        let spaces = data.iter().take_while(|byte| is_space(**byte)).count();
        let comment = data.get(spaces..).unwrap_or_default();
        at = at.saturating_add(spaces);
        if comment.first() != Some(&b'%') {
            return at;
        }
        let is_line = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        at = at.saturating_add(comment.iter().take_while(|byte| is_line(byte)).count());
    }
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let word = rest(bytes, at, usize::MAX).iter();
    at.saturating_add(word.take_while(|byte| is_regular(**byte)).count())
}

/// The place behind the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut depth: usize = 0;
    let mut is_escaped = false;
    for (index, byte) in rest(bytes, at, usize::MAX).iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth = depth.saturating_add(1),
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at.saturating_add(index).saturating_add(1);
        }
    }
    bytes.len()
}
