//! Compressed RTF ([MS-OXRTFCP]): LZ77 over a window that begins with usual words of RTF.

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{has, part, rest, span, u32_at};
use crate::stream::sink::push;

/// What the window holds before the first byte ([MS-OXRTFCP] 2.1.2.1).
const BEGIN: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}\
{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier\
{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The window, in bytes: places in it have twelve bits.
const WINDOW_BYTES: usize = 4096;

/// Sizes, kind and checksum before the data.
const HEADER_BYTES: usize = 16;

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 16 * 1024;

/// Unpacks `data` to the end of `output`; tells why not all of it is there.
pub(crate) fn unpack(
    data: &[u8],
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Option<(Gap, &'static str)> {
    let (Some(size), Some(raw), Some(crc)) = (u32_at(data, 0), u32_at(data, 4), u32_at(data, 12))
    else {
        return Some((Gap::Damaged, "compressed rtf is cut off"));
    };
    // The size counts what follows itself.
    let size = span(u64::from(size)).saturating_sub(HEADER_BYTES.saturating_sub(4));
    let packed = rest(data, HEADER_BYTES, size);
    let is_cut = packed.len() < size;
    if has(data, 8, b"MELA") {
        let limit = push(output, packed, budget).err();
        let cut = is_cut.then_some((Gap::Damaged, "rtf is cut off"));
        return limit.map(|why| (Gap::Limit, why)).or(cut);
    }
    if !has(data, 8, b"LZFu") {
        return Some((Gap::Unsupported, "rtf compressed by an unknown method"));
    }
    let result = budget
        .take_input(packed.len())
        .and_then(|()| expand(packed, output, budget));
    let is_ended = match result {
        Ok(is_ended) => is_ended,
        Err(why) => return Some((Gap::Limit, why)),
    };
    if !is_ended || is_cut || output.len() < span(u64::from(raw)) {
        return Some((Gap::Damaged, "compressed rtf is cut off"));
    }
    // The usual polynomial, beginning with zero and not inverted at the end.
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    hasher.update(packed);
    (!hasher.finalize() != crc).then_some((Gap::Damaged, "compressed rtf fails its checksum"))
}

/// Whether the end mark was reached.
fn expand(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Result<bool, &'static str> {
    let mut window = Window::new();
    let mut step = Vec::new();
    let mut at: usize = 0;
    let mut is_ended = false;
    'groups: while let Some(flags) = packed.get(at) {
        at = at.saturating_add(1);
        for bit in 0..8_u32 {
            if flags.checked_shr(bit).unwrap_or_default() & 1 == 0 {
                let Some(byte) = packed.get(at) else {
                    break 'groups;
                };
                window.put(*byte, &mut step);
                at = at.saturating_add(1);
                continue;
            }
            let Some([high, low]) = part(packed, at, 2) else {
                break 'groups;
            };
            let pair = u16::from_be_bytes([*high, *low]);
            let from = usize::from(pair >> 4);
            if from == window.at {
                is_ended = true;
                break 'groups;
            }
            window.copy(from, usize::from(pair & 15).saturating_add(2), &mut step);
            at = at.saturating_add(2);
        }
        if STEP_BYTES <= step.len() {
            push(output, &step, budget)?;
            step.clear();
        }
    }
    push(output, &step, budget)?;
    Ok(is_ended)
}

struct Window {
    bytes: Vec<u8>,
    at: usize,
}

impl Window {
    fn new() -> Self {
        let mut bytes = BEGIN.to_vec();
        bytes.resize(WINDOW_BYTES, b' ');
        Self {
            bytes,
            at: BEGIN.len(),
        }
    }

    fn put(&mut self, byte: u8, output: &mut Vec<u8>) {
        if let Some(slot) = self.bytes.get_mut(self.at) {
            *slot = byte;
        }
        self.at = self.at.saturating_add(1) % WINDOW_BYTES;
        output.push(byte);
    }

    fn copy(&mut self, from: usize, bytes: usize, output: &mut Vec<u8>) {
        for offset in 0..bytes {
            let place = from.saturating_add(offset) % WINDOW_BYTES;
            let byte = self.bytes.get(place).copied().unwrap_or_default();
            self.put(byte, output);
        }
    }
}
