//! Uuencode and xxencode (POSIX.1-2017, `uuencode`).

use wire::Gap;

use super::super::base64;
use super::super::lines::{Line, lines};
use crate::names::Kind;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// Longest line of data, in bytes: 63 bytes in 84 letters, the length, and a checksum.
pub(crate) const LINE_BYTES_MAX: usize = 90;

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 16 * 1024;

/// How the bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    Uu,
    Xx,
    Base64,
}

/// A block whose first line of data was found to be one.
#[derive(Debug)]
pub(crate) struct Block {
    name: Vec<u8>,
    data_at: usize,
    /// Each alphabet in which the first line is one of data.
    letters: Vec<Letters>,
}

impl Block {
    /// The block whose line `begin` is at `begin`.
    pub(crate) fn at(content: &[u8], begin: usize) -> Option<Self> {
        // Before its end is looked for.
        content.get(begin..)?.strip_prefix(b"begin")?;
        let first = Line::at(content, begin)?;
        let text = first.text(content).strip_prefix(b"begin")?;
        let (text, is_base64) = match text.strip_prefix(b"-base64") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (text, is_name_encoded) = match text.strip_prefix(b"-encoded") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let text = text.strip_prefix(b" ")?.trim_ascii_start();
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let name = text.get(digits..)?.strip_prefix(b" ")?.trim_ascii();
        if !(3..=5).contains(&digits) || name.is_empty() {
            return None;
        }
        let data = Line::at(content, first.next)?.text(content);
        let candidates: &[Letters] = if is_base64 {
            &[Letters::Base64]
        } else {
            &[Letters::Uu, Letters::Xx]
        };
        let letters: Vec<_> = candidates
            .iter()
            .copied()
            .filter(|letters| is_first(data, *letters))
            .collect();
        let name = if is_name_encoded {
            base64::decoded(name)
        } else {
            name.to_vec()
        };
        (!letters.is_empty()).then_some(Self {
            name,
            data_at: first.next,
            letters,
        })
    }

    /// Hands out the file, in every alphabet that fits; tells where the block ends.
    pub(crate) fn hand_out(&self, content: &[u8], walk: &mut Walk<'_>) -> Result<usize, Halt> {
        let mut end = self.data_at;
        for (index, letters) in self.letters.iter().enumerate() {
            let mut output = Vec::new();
            let read = match letters {
                Letters::Uu | Letters::Xx => self.lines(content, *letters, &mut output, walk),
                Letters::Base64 => self.base64(content, &mut output, walk),
            };
            // One reading that comes to its end is the only one.
            let is_other = 0 < index;
            if is_other && read.gap.is_some() {
                continue;
            }
            if is_other {
                walk.contradiction("text_ambiguous", "uuencode that is xxencode as well");
                walk.admit()?;
            }
            end = end.max(read.end);
            let (name, findings) = walk.names.judge(&self.name, &[], Kind::File);
            let body = super::ended(output, read.gap);
            walk.hand_out(name, findings, body)?;
        }
        Ok(end)
    }

    fn lines(
        &self,
        content: &[u8],
        letters: Letters,
        output: &mut Vec<u8>,
        walk: &mut Walk<'_>,
    ) -> Read {
        let mut step = Vec::new();
        let mut end = self.data_at;
        let mut is_over = false;
        let mut gap = Some((Gap::Damaged, "an encoded file ends before its last line"));
        for line in lines(content, self.data_at) {
            let text = line.text(content);
            if text.trim_ascii_end() == b"end" {
                end = line.next;
                gap = None;
                break;
            }
            match count(text, letters) {
                Some(0) if !is_over => is_over = true,
                Some(bytes) if !is_over && bytes != 0 => unpack(text, letters, bytes, &mut step),
                Some(_) | None => {
                    gap = Some((Gap::Damaged, "an encoded file has a malformed line"));
                    break;
                }
            }
            end = line.next;
            if STEP_BYTES <= step.len()
                && let Err(why) = flush(&mut step, output, walk)
            {
                let gap = Some((Gap::Limit, why));
                return Read { end, gap };
            }
        }
        match flush(&mut step, output, walk) {
            Ok(()) => Read { end, gap },
            Err(why) => Read {
                end,
                gap: Some((Gap::Limit, why)),
            },
        }
    }

    fn base64(&self, content: &[u8], output: &mut Vec<u8>, walk: &mut Walk<'_>) -> Read {
        let mut end = self.data_at;
        let mut next = end;
        let mut is_whole = false;
        for line in lines(content, self.data_at) {
            let text = line.text(content).trim_ascii();
            if text == b"====" {
                next = line.next;
                is_whole = true;
                break;
            }
            if !text
                .iter()
                .all(|byte| base64::is_value(*byte) || *byte == b'=')
            {
                break;
            }
            end = line.next;
            next = line.next;
        }
        let text = content.get(self.data_at..end).unwrap_or_default();
        let gap = match base64::decode(text, output, walk.budget) {
            Err(why) => Some((Gap::Limit, why)),
            Ok(faults) if !is_whole || faults.any() => {
                Some((Gap::Damaged, "an encoded file ends before its last line"))
            }
            Ok(_) => None,
        };
        Read { end: next, gap }
    }
}

/// What one reading of a block gave.
struct Read {
    end: usize,
    gap: Option<(Gap, &'static str)>,
}

fn flush(
    step: &mut Vec<u8>,
    output: &mut Vec<u8>,
    walk: &mut Walk<'_>,
) -> Result<(), &'static str> {
    walk.budget.take_input(step.len())?;
    let result = push(output, step, walk.budget);
    step.clear();
    result
}

/// What a letter stands for.
fn value(byte: u8, letters: Letters) -> Option<u8> {
    match (letters, byte) {
        (Letters::Uu, b' '..=b'`') => Some(byte.wrapping_sub(b' ') & 63),
        (Letters::Xx, b'+') => Some(0),
        (Letters::Xx, b'-') => Some(1),
        (Letters::Xx, b'0'..=b'9') => Some(byte.wrapping_sub(b'0').wrapping_add(2)),
        (Letters::Xx, b'A'..=b'Z') => Some(byte.wrapping_sub(b'A').wrapping_add(12)),
        (Letters::Xx, b'a'..=b'z') => Some(byte.wrapping_sub(b'a').wrapping_add(38)),
        (Letters::Uu | Letters::Xx | Letters::Base64, _) => None,
    }
}

/// How many bytes a line of data has; None is no line of data. Spaces at the end may have been
/// lost on the way, and a checksum may have been added.
fn count(text: &[u8], letters: Letters) -> Option<usize> {
    let Some((first, rest)) = text.split_first() else {
        return Some(0);
    };
    let bytes = usize::from(value(*first, letters)?);
    let wanted = bytes.div_ceil(3).saturating_mul(4);
    let is_short = rest.len() < wanted && letters == Letters::Xx;
    let is_long = wanted.saturating_add(2) < rest.trim_ascii_end().len();
    let is_data = rest
        .iter()
        .take(wanted)
        .all(|byte| value(*byte, letters).is_some());
    (!is_short && !is_long && is_data && text.len() <= LINE_BYTES_MAX).then_some(bytes)
}

/// Whether the line behind `begin` is one of data without doubt.
fn is_first(text: &[u8], letters: Letters) -> bool {
    if letters == Letters::Base64 {
        let text = text.trim_ascii();
        return !text.is_empty()
            && text != b"===="
            && text.len().is_multiple_of(4)
            && text
                .iter()
                .all(|byte| base64::is_value(*byte) || *byte == b'=');
    }
    let bytes = count(text, letters).unwrap_or_default();
    // What fills the last group may be lost, if it is spaces.
    let is_full = bytes.div_ceil(3).saturating_mul(4) < text.len().saturating_add(2);
    // Only whole lines of zeros lose more at their end.
    bytes != 0 && (is_full || text.starts_with(b"M"))
}

fn unpack(text: &[u8], letters: Letters, bytes: usize, output: &mut Vec<u8>) {
    let end = output.len().saturating_add(bytes);
    let data = text.get(1..).unwrap_or_default();
    let wanted = bytes.div_ceil(3).saturating_mul(4);
    let values = data
        .iter()
        .copied()
        .chain(std::iter::repeat(b' '))
        .take(wanted)
        .map(|byte| value(byte, letters).unwrap_or_default());
    let mut bits: u32 = 0;
    for (index, value) in values.enumerate() {
        bits = (bits << 6) | u32::from(value);
        if index % 4 == 3 {
            let [_, first, second, third] = bits.to_be_bytes();
            output.extend_from_slice(&[first, second, third]);
            bits = 0;
        }
    }
    output.truncate(end);
}
