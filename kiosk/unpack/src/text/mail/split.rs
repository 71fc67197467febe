//! The parts between the boundaries of a multipart body.

use super::super::lines::Line;

/// What was found next in a multipart body.
pub(crate) enum Piece<'a> {
    /// Before the first boundary.
    Preamble(&'a [u8]),
    /// A part, and whether it lies behind the end mark.
    Part(&'a [u8], bool),
    /// Behind the last boundary, which was the end mark.
    Epilogue(&'a [u8]),
    /// The body ends before the end mark: the part that it cuts off, or nothing.
    Cut,
}

/// A multipart body on the way through it.
pub(crate) struct Splitter<'a> {
    body: &'a [u8],
    boundary: Vec<u8>,
    /// Where the line after the last boundary begins.
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside { is_late: bool },
    Ended,
    Cut,
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Delimiter,
    End,
}

impl<'a> Splitter<'a> {
    pub(crate) fn new(body: &'a [u8], boundary: Vec<u8>) -> Self {
        Self {
            body,
            boundary,
            at: 0,
            state: State::Before,
        }
    }

    /// What comes next; None at the end.
    pub(crate) fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let state = self.state;
            match state {
                State::Done => return None,
                State::Cut => {
                    self.state = State::Done;
                    return Some(Piece::Cut);
                }
                State::Before | State::Inside { .. } | State::Ended => {}
            }
            let begin = self.at;
            let found = self.boundary_line(begin);
            let end = found.map_or(self.body.len(), |(end, _, _)| end);
            let piece = self.body.get(begin..end).unwrap_or_default();
            let is_late = matches!(state, State::Ended | State::Inside { is_late: true });
            self.state = match found {
                Some((_, next, mark)) => {
                    self.at = next;
                    match mark {
                        Mark::Delimiter => State::Inside { is_late },
                        Mark::End => State::Ended,
                    }
                }
                None if state == State::Ended => State::Done,
                None => State::Cut,
            };
            match state {
                State::Before => return Some(Piece::Preamble(piece)),
                State::Inside { is_late } => return Some(Piece::Part(piece, is_late)),
                State::Ended if !piece.is_empty() => return Some(Piece::Epilogue(piece)),
                State::Ended | State::Cut | State::Done => {}
            }
        }
    }

    /// The next boundary's line: where the text before it ends, where the line after it begins,
    /// and which kind it is. The line break before a boundary belongs to the boundary.
    fn boundary_line(&self, from: usize) -> Option<(usize, usize, Mark)> {
        let mut at = from;
        let mut end = from;
        while let Some(line) = Line::at(self.body, at) {
            if let Some(mark) = self.mark(line.text(self.body)) {
                return Some((end, line.next, mark));
            }
            end = line.end;
            at = line.next;
        }
        None
    }

    fn mark(&self, line: &[u8]) -> Option<Mark> {
        let rest = line.strip_prefix(b"--")?;
        let rest = rest.strip_prefix(self.boundary.as_slice())?;
        if is_blank(rest) {
            return Some(Mark::Delimiter);
        }
        if rest.strip_prefix(b"--").is_some_and(is_blank) {
            return Some(Mark::End);
        }
        None
    }

    /// Whether a line that goes on with `rest` behind two hyphens begins like this boundary.
    pub(crate) fn resembles(&self, rest: &[u8]) -> bool {
        rest.starts_with(&self.boundary)
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

/// The boundary that a body seems to have when its header names none: the first line that
/// begins with two hyphens and has letters after them.
pub(crate) fn guessed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    super::super::lines::lines(body, 0)
        .take(GUESS_LINES_MAX)
        .find_map(|line| {
            let rest = line.text(body).strip_prefix(b"--")?.trim_ascii_end();
            let is_word = rest.iter().any(u8::is_ascii_alphanumeric);
            (is_word && rest.len() <= BOUNDARY_BYTES_MAX).then(|| rest.to_vec())
        })
}

/// How many lines are looked at for a boundary that is not named.
pub(crate) const GUESS_LINES_MAX: usize = 1000;

/// Longest boundary that is guessed, in bytes; the standard allows 70.
pub(crate) const BOUNDARY_BYTES_MAX: usize = 200;
