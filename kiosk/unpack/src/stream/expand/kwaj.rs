//! The header of KWAJ, whose fields are there or not.

use std::borrow::Cow;
use std::ops::Range;

use wire::Gap;

use super::lzss::{BEGIN_OF_BASIC, lzss};
use super::mszip::mszip;
use crate::budget::Budget;
use crate::bytes::{rest, span, u16_at, u32_at};
use crate::stream::single::NAMELESS;
use crate::stream::sink::{End, STEP_BYTES, Unpacked, push};

pub(super) const SIGNATURE: &[u8] = b"KWAJ\x88\xf0\x27\xd1";

/// Signature, method, where the data begins, and which fields there are.
const HEADER_BYTES: usize = 14;

pub(super) struct Header {
    method: u16,
    data_at: usize,
    size: Option<usize>,
    pub(super) name: Vec<u8>,
    /// Fields of any content, and what lies between the fields and the data.
    pub(super) others: Vec<Range<usize>>,
}

impl Header {
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        let method = u16_at(content, 8)?;
        let data_at = usize::from(u16_at(content, 10)?);
        let flags = u16_at(content, 12)?;
        let mut at = HEADER_BYTES;
        let mut size = None;
        if flags & 1 != 0 {
            size = Some(span(u64::from(u32_at(content, at)?)));
            at = at.checked_add(4)?;
        }
        if flags & 2 != 0 {
            at = at.checked_add(2)?;
        }
        let mut others = Vec::new();
        if flags & 4 != 0 {
            others.push(field(content, &mut at)?);
        }
        let mut name = Vec::new();
        for (flag, dot) in [(8, ""), (16, ".")] {
            if flags & flag != 0 {
                let rest = content.get(at..)?;
                let text = rest.get(..rest.iter().position(|byte| *byte == 0)?)?;
                name.extend_from_slice(dot.as_bytes());
                name.extend_from_slice(text);
                at = at.checked_add(text.len())?.checked_add(1)?;
            }
        }
        if flags & 32 != 0 {
            others.push(field(content, &mut at)?);
        }
        others.push(at.min(data_at)..data_at);
        if name.is_empty() {
            name = NAMELESS.to_vec();
        }
        (data_at <= content.len()).then_some(Self {
            method,
            data_at,
            size,
            name,
            others,
        })
    }

    pub(super) fn unpack(
        &self,
        content: &[u8],
        output: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Unpacked {
        let packed = rest(content, self.data_at, usize::MAX);
        let stored = rest(packed, 0, self.size.unwrap_or(usize::MAX));
        let one = match self.method {
            0 => copied(stored, 0, output, budget),
            1 => copied(stored, 0xff, output, budget),
            2 => lzss(packed, BEGIN_OF_BASIC, self.size, output, budget),
            // Known from its readers only; no tool writes it any more.
            3 => Unpacked::cut(0, Gap::Unsupported, "compressed by KWAJ's Huffman method"),
            4 => mszip(packed, self.size, output, budget),
            _ => Unpacked::cut(
                0,
                Gap::Unsupported,
                "compressed by a method that is not known",
            ),
        };
        let is_short = self.size.is_some_and(|size| output.len() < size);
        let end = match one.end {
            End::Complete if is_short => End::Cut(Gap::Damaged, "content is cut off"),
            end @ (End::Complete | End::Cut(..)) => end,
        };
        Unpacked {
            consumed: one.consumed.saturating_add(self.data_at),
            end,
        }
    }
}

/// Goes over a field that its length stands before.
fn field(content: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let begin = at.checked_add(2)?;
    *at = begin.checked_add(usize::from(u16_at(content, *at)?))?;
    (*at <= content.len()).then_some(begin..*at)
}

/// Content that is stored, each byte changed by `mask`.
fn copied(stored: &[u8], mask: u8, output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    for step in stored.chunks(STEP_BYTES) {
        let step = match mask {
            0 => Cow::Borrowed(step),
            _ => Cow::Owned(step.iter().map(|byte| byte ^ mask).collect()),
        };
        if let Err(why) = push(output, &step, budget) {
            return Unpacked::cut(0, Gap::Limit, why);
        }
    }
    Unpacked {
        consumed: stored.len(),
        end: End::Complete,
    }
    .paid(budget)
}
