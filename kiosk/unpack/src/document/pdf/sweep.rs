//! The search for everything in a file that could be an object.
//!
//! No table of offsets is believed: whatever a table can point to begins with its number and
//! the word `obj`, so every such place is an object, wherever it is: in a table, in none, in an
//! old revision, or in the data of another stream.

use super::tape::is_space;
use crate::bytes::{has, rest};

/// Most objects of one file. The largest documents have some hundred thousand.
pub(super) const OBJECTS_MAX: usize = 2_000_000;

/// How far before `obj` its numbers are looked for, in bytes: comments may stand between.
pub(super) const HEADER_BYTES_MAX: usize = 128;

/// One place where an object begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    pub(super) number: u32,
    pub(super) generation: u32,
    /// Where its number begins.
    pub(super) begin: usize,
    /// Behind the word `obj`.
    pub(super) body: usize,
    /// Whether its numbers were found; what only may be an object has none.
    pub(super) is_numbered: bool,
}

/// What the sweep found, in the order of the file.
#[derive(Default)]
pub(super) struct Sweep {
    pub(super) objects: Vec<Object>,
    /// Behind the word `trailer`.
    pub(super) trailers: Vec<usize>,
    /// Where the word `endstream` begins.
    pub(super) stream_ends: Vec<usize>,
    /// Behind the last `startxref`.
    pub(super) last_start: Option<usize>,
    /// Behind the last `%%EOF`.
    pub(super) last_end: Option<usize>,
    /// Whether there were more objects than are kept.
    pub(super) is_overfull: bool,
}

impl Sweep {
    pub(super) fn new(content: &[u8]) -> Self {
        let mut sweep = Self::default();
        for (at, window) in content.windows(3).enumerate() {
            match window {
                b"obj" => sweep.object(content, at),
                b"tra" if has(content, at, b"trailer") => {
                    sweep.trailers.push(at.saturating_add(b"trailer".len()));
                }
                b"end" if has(content, at, b"endstream") => sweep.stream_ends.push(at),
                b"txr" if has(content, at.saturating_sub(4), b"startxref") => {
                    sweep.last_start = Some(at.saturating_add(b"txref".len()));
                }
                b"%%E" if has(content, at, b"%%EOF") => {
                    sweep.last_end = Some(at.saturating_add(b"%%EOF".len()));
                }
                _ => {}
            }
        }
        sweep
    }

    /// The first `endstream` at or after `at`.
    pub(super) fn stream_end(&self, at: usize) -> Option<usize> {
        let index = self.stream_ends.partition_point(|end| *end < at);
        self.stream_ends.get(index).copied()
    }

    fn object(&mut self, content: &[u8], at: usize) {
        if has(content, at.saturating_sub(3), b"end") {
            return;
        }
        let window = at.min(HEADER_BYTES_MAX);
        let begin = at.saturating_sub(window);
        let before = rest(content, begin, window);
        let found = header(before).or_else(|| header(&without_comments(before)));
        if found.is_none() && !may_have_header(before) {
            return;
        }
        if OBJECTS_MAX <= self.objects.len() {
            self.is_overfull = true;
            return;
        }
        let (number, generation, length) = found.unwrap_or_default();
        self.objects.push(Object {
            number,
            generation,
            begin: at.saturating_sub(length),
            body: at.saturating_add(b"obj".len()),
            is_numbered: found.is_some(),
        });
    }
}

/// Whether some reader may see two numbers at the end of `before` where [`header`] sees none:
/// numbers of another form, or a comment that is longer than what is looked at.
fn may_have_header(before: &[u8]) -> bool {
    let spaces = before.iter().rev().take_while(|byte| is_space(**byte));
    let spaces = spaces.count();
    let (text, spaces) = before.split_at(before.len().saturating_sub(spaces));
    let is_line = spaces.contains(&b'\n') || spaces.contains(&b'\r');
    let is_number = text
        .last()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    is_line || is_number
}

/// The two numbers at the end of `before`, and how far before its end they begin.
fn header(before: &[u8]) -> Option<(u32, u32, usize)> {
    let (generation, left) = number_before(before)?;
    if !left.last().copied().is_some_and(is_space) {
        return None;
    }
    let (number, left) = number_before(left)?;
    Some((number, generation, before.len().saturating_sub(left.len())))
}

/// The number before white space at the end of `text`, and what stands before it.
fn number_before(text: &[u8]) -> Option<(u32, &[u8])> {
    let spaces = text.iter().rev().take_while(|byte| is_space(**byte));
    let text = text.get(..text.len().saturating_sub(spaces.count()))?;
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let (left, number) = text.split_at_checked(text.len().saturating_sub(digits.count()))?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, left))
}

/// Comments with a space in their place, of the same length.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut is_comment = false;
    text.iter()
        .map(|byte| {
            is_comment = match byte {
                b'\r' | b'\n' => false,
                b'%' => true,
                _ => is_comment,
            };
            if is_comment { b' ' } else { *byte }
        })
        .collect()
}
