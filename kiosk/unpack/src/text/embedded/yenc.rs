//! yEnc (its description, version 1.3): binary data in a text, each byte moved by 42.

use wire::Gap;

use super::super::lines::{Line, lines, place};
use crate::bytes::length;
use crate::names::Kind;
use crate::stream::sink::push;
use crate::walk::{Halt, Walk};

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 64 * 1024;

/// A block with its first line read.
#[derive(Debug)]
pub(crate) struct Block {
    name: Vec<u8>,
    data_at: usize,
    size_bytes: u64,
    is_part: bool,
}

impl Block {
    /// The block whose first line is at `begin`.
    pub(crate) fn at(content: &[u8], begin: usize) -> Option<Self> {
        // Before its end is looked for.
        content.get(begin..)?.strip_prefix(b"=ybegin ")?;
        let first = Line::at(content, begin)?;
        let text = first.text(content).strip_prefix(b"=ybegin ")?;
        let name_at = place(text, b"name=")?;
        let name = text.get(name_at.checked_add(5)?..)?.trim_ascii();
        let fields = text.get(..name_at)?;
        number(fields, b"line=", 10)?;
        let size_bytes = number(fields, b"size=", 10)?;
        let part =
            Line::at(content, first.next).filter(|line| line.text(content).starts_with(b"=ypart "));
        Some(Self {
            name: name.to_vec(),
            data_at: part.map_or(first.next, |part| part.next),
            size_bytes,
            is_part: part.is_some(),
        })
    }

    /// Hands out the file and tells where the block ends.
    pub(crate) fn hand_out(&self, content: &[u8], walk: &mut Walk<'_>) -> Result<usize, Halt> {
        let mut output = Vec::new();
        let mut step = Vec::new();
        let mut end = self.data_at;
        let mut limit = None;
        let mut trailer: Option<&[u8]> = None;
        for line in lines(content, self.data_at) {
            let text = line.text(content);
            end = line.next;
            if text.starts_with(b"=yend") {
                trailer = Some(text);
                break;
            }
            unpack(text, &mut step);
            if STEP_BYTES <= step.len() {
                limit = push(&mut output, &step, walk.budget).err();
                step.clear();
            }
            if limit.is_some() {
                break;
            }
        }
        let limit = limit.or_else(|| push(&mut output, &step, walk.budget).err());
        let gap = match limit {
            Some(why) => Some((Gap::Limit, why)),
            None => self.fault(&output, trailer),
        };
        let (name, findings) = walk.names.judge(&self.name, &[], Kind::File);
        walk.hand_out(name, findings, super::ended(output, gap))?;
        Ok(end)
    }

    fn fault(&self, output: &[u8], trailer: Option<&[u8]>) -> Option<(Gap, &'static str)> {
        let Some(trailer) = trailer else {
            return Some((Gap::Damaged, "an encoded file ends before its last line"));
        };
        // Of a file in parts, `crc32` is that of the whole file and `pcrc32` that of the part.
        let key: &[u8] = if self.is_part { b"pcrc32=" } else { b" crc32=" };
        let is_wrong = number(trailer, key, 16)
            .is_some_and(|stated| stated != u64::from(crc32fast::hash(output)));
        let size = number(trailer, b"size=", 10);
        if is_wrong || size.is_some_and(|size| size != length(output.len())) {
            return Some((Gap::Damaged, "an encoded file fails its checksum"));
        }
        if length(output.len()) == self.size_bytes {
            return None;
        }
        if self.is_part {
            return Some((Gap::Unsupported, "a part of an encoded file"));
        }
        Some((
            Gap::Damaged,
            "an encoded file has another size than it says",
        ))
    }
}

/// The number behind `key`.
fn number(text: &[u8], key: &[u8], radix: u32) -> Option<u64> {
    let at = place(text, key)?.checked_add(key.len())?;
    let digits = text.get(at..)?;
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let digits = std::str::from_utf8(digits.get(..length)?).ok()?;
    u64::from_str_radix(digits, radix).ok()
}

fn unpack(text: &[u8], output: &mut Vec<u8>) {
    let mut is_escaped = false;
    for byte in text {
        if !is_escaped && *byte == b'=' {
            is_escaped = true;
            continue;
        }
        let moved = if is_escaped {
            byte.wrapping_sub(64)
        } else {
            *byte
        };
        output.push(moved.wrapping_sub(42));
        is_escaped = false;
    }
}
