//! Base64 (RFC 4648), as leniently as mail readers take it (RFC 2045, section 6.8).

use crate::budget::Budget;
use crate::stream::sink::push;

/// How much is decoded between two looks at the budget, in bytes of text.
const STEP_BYTES: usize = 64 * 1024;

/// What is unusual about data that was decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Characters that are none of the alphabet's and no white space.
    pub(crate) garbage: bool,
    /// The last group has but one character, which is not even a byte.
    pub(crate) cut: bool,
    /// The last group is whole bytes without its padding.
    pub(crate) unpadded: bool,
    /// Data goes on behind padding.
    pub(crate) past_padding: bool,
}

impl Faults {
    /// Whether a mail reader might see something else than what was decoded.
    pub(crate) fn any(self) -> bool {
        self.garbage || self.cut || self.unpadded || self.past_padding
    }
}

/// Stands for nothing and is skipped.
const SPACE: u8 = 64;
/// Ends a group.
const PADDING: u8 = 65;
/// Stands for nothing and should not be there.
const OTHER: u8 = 66;

/// What every character stands for: its value below 64, or one of the above. A table, because
/// a processor cannot foresee what comes next in compressed data.
static SIGNS: [u8; 256] = signs();

const fn signs() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte: u8 = 0;
    while let [first, tail @ ..] = rest {
        *first = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            b'=' => PADDING,
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => SPACE,
            _ => OTHER,
        };
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    table
}

fn sign(byte: u8) -> u8 {
    SIGNS.get(usize::from(byte)).copied().unwrap_or(OTHER)
}

/// Whether a byte is one of the 64 characters.
pub(crate) fn is_value(byte: u8) -> bool {
    sign(byte) < 64
}

/// How many of the 64 characters `text` begins with.
pub(crate) fn values(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| !is_value(*byte));
    end.unwrap_or(text.len())
}

/// A decoder that is fed piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bits: u32,
    held: u8,
    is_padded: bool,
    faults: Faults,
}

impl Decoder {
    /// Takes the next piece.
    pub(crate) fn feed(&mut self, text: &[u8], output: &mut Vec<u8>) {
        let mut rest = text;
        loop {
            // Whole groups, as nearly all of them are.
            while self.held == 0
                && !self.is_padded
                && let [first, second, third, fourth, tail @ ..] = rest
            {
                let group = [sign(*first), sign(*second), sign(*third), sign(*fourth)];
                if 64 <= group.into_iter().fold(0, |all, sign| all | sign) {
                    break;
                }
                let bits = group
                    .into_iter()
                    .fold(0_u32, |bits, sign| (bits << 6) | u32::from(sign));
                let [_, bytes @ ..] = bits.to_be_bytes();
                output.extend_from_slice(&bytes);
                rest = tail;
            }
            let [byte, tail @ ..] = rest else {
                return;
            };
            rest = tail;
            match sign(*byte) {
                PADDING => {
                    self.flush(output);
                    self.is_padded = true;
                }
                SPACE => {}
                value if value < 64 => self.value(value, output),
                _ => self.faults.garbage = true,
            }
        }
    }

    fn value(&mut self, value: u8, output: &mut Vec<u8>) {
        if self.is_padded {
            self.faults.past_padding = true;
            self.is_padded = false;
        }
        self.bits = (self.bits << 6) | u32::from(value);
        self.held = self.held.wrapping_add(1);
        if self.held == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            output.extend_from_slice(&[first, second, third]);
            self.bits = 0;
            self.held = 0;
        }
    }

    /// Writes the whole bytes of a group that is not full.
    fn flush(&mut self, output: &mut Vec<u8>) {
        match self.held {
            1 => self.faults.cut = true,
            2 => {
                let [.., last] = (self.bits >> 4).to_be_bytes();
                output.push(last);
            }
            3 => {
                let [_, _, first, last] = (self.bits >> 2).to_be_bytes();
                output.extend_from_slice(&[first, last]);
            }
            _ => {}
        }
        self.bits = 0;
        self.held = 0;
    }

    /// Ends, and tells what was unusual.
    pub(crate) fn end(mut self, output: &mut Vec<u8>) -> Faults {
        self.faults.unpadded |= matches!(self.held, 2 | 3);
        self.flush(output);
        self.faults
    }
}

/// Decodes all of `text` to the end of `output`.
///
/// # Errors
/// Which limit was reached; `output` has what was decoded until then.
pub(crate) fn decode(
    text: &[u8],
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<Faults, &'static str> {
    budget.take_input(text.len())?;
    let mut decoder = Decoder::default();
    let mut step = Vec::new();
    for piece in text.chunks(STEP_BYTES) {
        step.clear();
        decoder.feed(piece, &mut step);
        push(output, &step, budget)?;
    }
    step.clear();
    let faults = decoder.end(&mut step);
    push(output, &step, budget)?;
    Ok(faults)
}

/// Decodes a short piece of text.
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut decoder = Decoder::default();
    decoder.feed(text, &mut output);
    decoder.end(&mut output);
    output
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::scan::Limits;

    fn faults(text: &[u8]) -> (Vec<u8>, Faults) {
        let mut output = Vec::new();
        let mut budget = Budget::new(&Limits::default(), 1 << 20);
        let faults = decode(text, &mut output, &mut budget).unwrap();
        (output, faults)
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        let rows: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"Zg==", b"f"),
            (b"Zm8=", b"fo"),
            (b"Zm9v", b"foo"),
            (b"Zm9v\r\n Yg==", b"foob"),
            (b"Zm9vYmE=", b"fooba"),
            (b"Zm9vYmFy", b"foobar"),
        ];
        for (text, content) in rows {
            assert_eq!(faults(text), (content.to_vec(), Faults::default()));
        }
        assert_eq!(decoded(b"+/+/"), [0xfb, 0xff, 0xbf]);
    }

    #[test]
    fn what_is_unusual_is_told_and_decoded_all_the_same() {
        assert_eq!(faults(b"Zm!9v").0, b"foo");
        assert!(faults(b"Zm!9v").1.garbage);
        assert_eq!(faults(b"Zm8").0, b"fo");
        assert!(faults(b"Zm8").1.unpadded && faults(b"Zm8").1.any());
        assert!(faults(b"Zm9vY").1.cut);
        assert_eq!(faults(b"Zg==Zm8=").0, b"ffo");
        assert!(faults(b"Zg==Zm8=").1.past_padding);
    }

    #[test]
    fn long_text_ends_at_the_budget() {
        let limits = Limits {
            memory_bytes_max: 1 << 20,
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits, 1 << 20);
        let mut output = Vec::new();
        let text = vec![b'A'; STEP_BYTES * 40];
        assert!(decode(&text, &mut output, &mut budget).is_err());
        assert!(output.len() <= 1 << 20);
    }
}
