//! Small encoders for methods that no usual tool writes any more.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

/// Bits, the highest first.
#[derive(Default)]
pub(in crate::archive) struct Writer {
    bytes: Vec<u8>,
    bits: usize,
}

impl Writer {
    pub(in crate::archive) fn put(&mut self, value: usize, count: usize) {
        for bit in (0..count).rev() {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= u8::try_from(value >> bit & 1).unwrap() << (7 - self.bits % 8);
            self.bits += 1;
        }
    }

    pub(in crate::archive) fn bits(&self) -> usize {
        self.bits
    }

    pub(in crate::archive) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// A literal, or a copy.
#[derive(Clone, Copy, Debug)]
pub(in crate::archive) enum Token {
    Literal(u8),
    Copy { distance: usize, bytes: usize },
}

/// The content as literals and copies of `shortest` to `longest` bytes from at most `farthest`.
pub(in crate::archive) fn tokens(
    content: &[u8],
    shortest: usize,
    longest: usize,
    farthest: usize,
) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let best = (1..=farthest.min(at))
            .map(|distance| {
                let same = |offset: &usize| content[at + offset] == content[at + offset - distance];
                let most = longest.min(content.len() - at);
                ((0..most).take_while(same).count(), distance)
            })
            .max_by_key(|(bytes, distance)| (*bytes, usize::MAX - distance));
        match best {
            Some((bytes, distance)) if shortest <= bytes => {
                tokens.push(Token::Copy { distance, bytes });
                at += bytes;
            }
            _ => {
                tokens.push(Token::Literal(content[at]));
                at += 1;
            }
        }
    }
    tokens
}

/// One block of the method of [`super::blocks`]. Literals have codes of nine bits and distances
/// of four, but for the first two of each, which fill the codes up.
pub(in crate::archive) fn encoded_blocks(content: &[u8], distance_bits: usize) -> Vec<u8> {
    let mut out = Writer::default();
    let tokens = tokens(content, 3, 256, 4000);
    if tokens.is_empty() {
        return out.finish();
    }
    out.put(tokens.len(), 16);
    // The codes for lengths: one bit for each of the lengths eight and nine.
    out.put(12, 5);
    out.put(0, 3 * 3 + 2 + 7 * 3);
    out.put(0b001_001, 6);
    out.put(510, 9);
    out.put(0, 2);
    for _ in 2..510 {
        out.put(1, 1);
    }
    out.put(14, distance_bits);
    for class in 0..14 {
        out.put(if class < 2 { 3 } else { 4 }, 3);
    }
    let coded = |out: &mut Writer, symbol: usize, bits: usize| match symbol {
        0 | 1 => out.put(symbol, bits - 1),
        _ => out.put(symbol + 2, bits),
    };
    for token in tokens {
        match token {
            Token::Literal(byte) => coded(&mut out, usize::from(byte), 9),
            Token::Copy { distance, bytes } => {
                coded(&mut out, 256 + bytes - 3, 9);
                let distance = distance - 1;
                let class = usize::try_from(usize::BITS - distance.leading_zeros()).unwrap();
                coded(&mut out, class, 4);
                let low = class.saturating_sub(1);
                out.put(distance & ((1 << low) - 1), low);
            }
        }
    }
    out.finish()
}
