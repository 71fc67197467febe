//! The words that RTF consists of.

use crate::bytes::{part, rest, span};

/// The largest number that Word reads has ten digits.
pub(super) const DIGITS_MAX: usize = 10;

/// The smallest part that means something.
pub(super) enum Token<'a> {
    /// A group begins.
    Begin,
    /// A group ends.
    End,
    /// A control word with its number.
    Word(&'a [u8], Option<i64>),
    /// Bytes as they are, and whether there are fewer than it says.
    Raw(&'a [u8], bool),
    /// A letter of text.
    Letter(u8),
    /// A letter of text by its number.
    Escaped(u8),
    /// A control symbol, or a word that readers may read in several ways.
    Odd,
}

/// Reads one after the other.
pub(super) struct Words<'a> {
    content: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        Self { content, at: 0 }
    }

    fn step(&mut self) -> Option<u8> {
        let byte = *self.content.get(self.at)?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    /// Takes bytes as long as they are of a kind.
    fn while_any(&mut self, is_one: impl Fn(&u8) -> bool) -> &'a [u8] {
        let tail = self.content.get(self.at..).unwrap_or_default();
        let length = tail.iter().take_while(|byte| is_one(byte)).count();
        self.at = self.at.saturating_add(length);
        tail.get(..length).unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = match self.step()? {
            b'{' => Token::Begin,
            b'}' => Token::End,
            b'\\' => self.control(),
            letter => Token::Letter(letter),
        };
        Some(token)
    }

    /// What stands behind a backslash.
    fn control(&mut self) -> Token<'a> {
        let word = self.while_any(u8::is_ascii_alphabetic);
        if word.is_empty() {
            return match self.step() {
                Some(b'\'') => self.escaped(),
                Some(letter @ (b'\\' | b'{' | b'}')) => Token::Escaped(letter),
                // A mark in front of groups that older readers do not know.
                Some(_) | None => Token::Odd,
            };
        }
        let minus = self.content.get(self.at) == Some(&b'-');
        let before = self.at;
        if minus {
            self.at = self.at.saturating_add(1);
        }
        let digits = self.while_any(u8::is_ascii_digit);
        if digits.is_empty() {
            self.at = before;
        }
        if self.content.get(self.at) == Some(&b' ') {
            self.at = self.at.saturating_add(1);
        }
        let text = std::str::from_utf8(digits).unwrap_or_default();
        // More digits than any number has are the largest one.
        let number = (!text.is_empty()).then(|| text.parse::<i64>().unwrap_or(i64::MAX));
        let number = number.map(|number| {
            if minus {
                number.saturating_neg()
            } else {
                number
            }
        });
        if word == b"bin" {
            return self.raw(number);
        }
        if DIGITS_MAX < digits.len() && !word.eq_ignore_ascii_case(b"objdata") {
            return Token::Odd;
        }
        Token::Word(word, number)
    }

    /// As many bytes as the number says.
    fn raw(&mut self, number: Option<i64>) -> Token<'a> {
        let number = u64::try_from(number.unwrap_or(0)).unwrap_or(0);
        let bytes = rest(self.content, self.at, span(number));
        self.at = self.at.saturating_add(bytes.len());
        Token::Raw(bytes, bytes.len() < span(number))
    }

    /// Two digits.
    fn escaped(&mut self) -> Token<'a> {
        let digits = part(self.content, self.at, 2).and_then(|digits| {
            let text = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(text, 16).ok()
        });
        match digits {
            Some(letter) => {
                self.at = self.at.saturating_add(2);
                Token::Escaped(letter)
            }
            None => Token::Odd,
        }
    }
}
