//! The values that objects are made of.

use std::borrow::Cow;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dictionary,
    Array,
    Name,
    /// A string in parentheses.
    Text,
    /// A string in hexadecimal digits.
    Hex,
    Number,
    Reference,
    /// `true`, `null`, or anything else.
    Word,
}

/// One token and where it stands.
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) begin: usize,
    pub(super) end: usize,
    /// The first token that is not in it.
    pub(super) next: usize,
}

/// One value of an object.
#[derive(Clone, Copy)]
pub(super) struct Value<'t> {
    bytes: &'t [u8],
    tokens: &'t [Token],
    index: usize,
}

impl<'t> Value<'t> {
    pub(super) fn new(bytes: &'t [u8], tokens: &'t [Token], index: usize) -> Self {
        Self {
            bytes,
            tokens,
            index,
        }
    }

    pub(super) fn kind(self) -> Kind {
        self.token().map_or(Kind::Word, |token| token.kind)
    }

    /// Where it begins.
    pub(super) fn begin(self) -> usize {
        self.token().map_or(0, |token| token.begin)
    }

    /// As it is spelled.
    pub(super) fn raw(self) -> &'t [u8] {
        self.token()
            .and_then(|token| self.bytes.get(token.begin..token.end))
            .unwrap_or_default()
    }

    /// What is directly in an array or a dictionary; the value itself when it is neither.
    pub(super) fn items(self) -> impl Iterator<Item = Value<'t>> {
        let is_container = matches!(self.kind(), Kind::Array | Kind::Dictionary);
        let end = self.token().map_or(0, |token| token.next);
        let mut index = self.index.saturating_add(usize::from(is_container));
        std::iter::from_fn(move || {
            let token = self.tokens.get(index).filter(|_| index < end)?;
            let item = Self::new(self.bytes, self.tokens, index);
            index = token.next.max(index.saturating_add(1));
            Some(item)
        })
    }

    /// The keys of a dictionary, without escapes, and their values.
    pub(super) fn entries(self) -> impl Iterator<Item = (Cow<'t, [u8]>, Value<'t>)> {
        let mut items = (self.kind() == Kind::Dictionary).then(|| self.items());
        let mut pending: Option<Value<'t>> = None;
        std::iter::from_fn(move || {
            let items = items.as_mut()?;
            loop {
                let key = pending.take().or_else(|| items.next())?;
                if let Some(name) = key.name() {
                    return Some((name, items.next()?));
                }
            }
        })
    }

    /// The value of the last of these keys.
    pub(super) fn get(self, key: &[u8]) -> Option<Value<'t>> {
        self.entries()
            .filter(|(name, _)| name.as_ref() == key)
            .last()
            .map(|(_, value)| value)
    }

    /// A name without its slash and its escapes.
    pub(super) fn name(self) -> Option<Cow<'t, [u8]>> {
        if self.kind() != Kind::Name {
            return None;
        }
        let raw = self.raw().get(1..)?;
        if !raw.contains(&b'#') {
            return Some(Cow::Borrowed(raw));
        }
        let mut name = Vec::new();
        let mut bytes = raw.iter().copied();
        while let Some(byte) = bytes.next() {
            let mut ahead = bytes.clone();
            let pair = ahead
                .next()
                .and_then(digit)
                .zip(ahead.next().and_then(digit));
            match pair.filter(|_| byte == b'#') {
                Some((high, low)) => {
                    name.push(high.wrapping_shl(4) | low);
                    bytes = ahead;
                }
                None => name.push(byte),
            }
        }
        Some(Cow::Owned(name))
    }

    pub(super) fn is_name(self, wanted: &[u8]) -> bool {
        self.name().is_some_and(|name| name.as_ref() == wanted)
    }

    /// The whole part of a number.
    pub(super) fn number(self) -> Option<i64> {
        (self.kind() == Kind::Number).then(|| whole(self.raw()))?
    }

    /// The number of the object that it refers to.
    pub(super) fn reference(self) -> Option<u32> {
        let number = (self.kind() == Kind::Reference).then(|| whole(self.raw()))??;
        u32::try_from(number).ok()
    }

    /// What a string says.
    pub(super) fn string(self) -> Option<Vec<u8>> {
        match self.kind() {
            Kind::Text => Some(unescaped(self.raw())),
            Kind::Hex => Some(from_hex(self.raw())),
            Kind::Dictionary
            | Kind::Array
            | Kind::Name
            | Kind::Number
            | Kind::Reference
            | Kind::Word => None,
        }
    }

    fn token(self) -> Option<&'t Token> {
        self.tokens.get(self.index)
    }
}

/// The number at the beginning.
pub(super) fn whole(raw: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match raw {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut number: i64 = 0;
    for byte in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(byte.wrapping_sub(b'0'));
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    Some(if is_negative {
        number.wrapping_neg()
    } else {
        number
    })
}

/// The value of a hexadecimal digit.
pub(super) fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Pairs of digits, whatever stands between them; a last single one has a zero behind it.
fn from_hex(raw: &[u8]) -> Vec<u8> {
    let mut digits = raw.iter().copied().filter_map(digit);
    let mut bytes = Vec::new();
    while let Some(high) = digits.next() {
        let low = digits.next().unwrap_or(0);
        bytes.push(high.wrapping_shl(4) | low);
    }
    bytes
}

/// A string in parentheses without them and without escapes.
fn unescaped(raw: &[u8]) -> Vec<u8> {
    let inner = raw.strip_prefix(b"(").unwrap_or(raw);
    let inner = inner.strip_suffix(b")").unwrap_or(inner);
    let mut text = Vec::new();
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        let Some(escape) = bytes.next() else { break };
        match escape {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'0'..=b'7' => {
                let mut code = escape.wrapping_sub(b'0');
                for _ in 0..2 {
                    let Some(next) = bytes.next_if(|byte| matches!(byte, b'0'..=b'7')) else {
                        break;
                    };
                    code = code.wrapping_mul(8).wrapping_add(next.wrapping_sub(b'0'));
                }
                text.push(code);
            }
            // A line that goes on.
            b'\r' => {
                let _ = bytes.next_if_eq(&b'\n');
            }
            b'\n' => {}
            other => text.push(other),
        }
    }
    text
}

/// A string for people as UTF-8 where it says what it is written in, and as it is otherwise.
pub(super) fn readable(text: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match text.as_slice() {
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xef, 0xbb, 0xbf, plain @ ..] => return plain.to_vec(),
        _ => return text,
    };
    let units = text.chunks_exact(2).skip(1);
    let units = units.map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        _ => 0,
    });
    let letters = char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER));
    letters.collect::<String>().into_bytes()
}
