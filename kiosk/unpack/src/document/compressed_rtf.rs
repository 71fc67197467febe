//! The text of messages as Outlook packs it (MS-OXRTFCP): RTF, with references into what came
//! out before. It is looked into because objects can lie in it.

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{rest, span, u32_at};
use crate::stream::sink::push;

/// Sizes, method and checksum.
const HEADER_BYTES: usize = 16;
/// The sizes count what follows the first of them.
const UNCOUNTED_BYTES: usize = 4;
/// `LZFu` and `MELA`.
const PACKED: u32 = 0x7546_5a4c;
const PLAIN: u32 = 0x414c_454d;

/// What stands in the window before anything came out, so that references can begin there.
const BEFORE: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}\
{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier\
{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// How far back a reference can lead, in bytes.
const WINDOW_BYTES: usize = 4096;

/// Unpacks a message's text; tells why that is not all.
pub(crate) fn unpack(
    content: &[u8],
    budget: &mut Budget,
) -> (Vec<u8>, Option<(Gap, &'static str)>) {
    let mut text = Vec::new();
    let field = |at: usize| u32_at(content, at);
    let (Some(size), Some(text_size)) = (field(0), field(4)) else {
        return (text, Some((Gap::Damaged, "text of a message is cut off")));
    };
    let size = span(u64::from(size)).saturating_add(UNCOUNTED_BYTES);
    let packed = rest(content, HEADER_BYTES, size.saturating_sub(HEADER_BYTES));
    if content.len() < size || size < HEADER_BYTES {
        return (text, Some((Gap::Damaged, "text of a message is cut off")));
    }
    let end = match field(8) {
        Some(PLAIN) => push(&mut text, packed, budget).map_err(|why| (Gap::Limit, why)),
        Some(PACKED) if Some(checksum(packed)) != field(12) => {
            Err((Gap::Damaged, "checksum is wrong"))
        }
        Some(PACKED) => expand(packed, &mut text, budget),
        Some(_) | None => Err((
            Gap::Unsupported,
            "text of a message that is packed otherwise",
        )),
    };
    let is_whole = text.len() == span(u64::from(text_size));
    let gap = match end {
        Err(gap) => Some(gap),
        Ok(()) if !is_whole => Some((Gap::Damaged, "size is wrong")),
        Ok(()) => None,
    };
    (text, gap)
}

/// CRC-32 without its usual complements.
fn checksum(packed: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    hasher.update(packed);
    !hasher.finalize()
}

/// Groups of eight behind a byte that says which of them are references.
fn expand(
    packed: &[u8],
    text: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<(), (Gap, &'static str)> {
    const CUT: (Gap, &str) = (Gap::Damaged, "text of a message does not end");
    let mut window = Window::new();
    let mut bytes = packed.iter().copied();
    loop {
        let flags = bytes.next().ok_or(CUT)?;
        let mut fresh = Vec::new();
        for bit in 0..8 {
            let first = bytes.next().ok_or(CUT)?;
            if flags & (1 << bit) == 0 {
                window.put(first, &mut fresh);
                continue;
            }
            let reference = u16::from_be_bytes([first, bytes.next().ok_or(CUT)?]);
            let from = usize::from(reference >> 4);
            if from == window.at {
                // A reference to what is not there yet is the end.
                return push(text, &fresh, budget).map_err(|why| (Gap::Limit, why));
            }
            for offset in 0..usize::from(reference & 0xf).saturating_add(2) {
                let byte = window.get(from.saturating_add(offset));
                window.put(byte, &mut fresh);
            }
        }
        push(text, &fresh, budget).map_err(|why| (Gap::Limit, why))?;
    }
}

/// The last bytes that came out.
struct Window {
    bytes: [u8; WINDOW_BYTES],
    at: usize,
}

impl Window {
    fn new() -> Self {
        let mut bytes = [0; WINDOW_BYTES];
        for (byte, before) in bytes.iter_mut().zip(BEFORE) {
            *byte = *before;
        }
        Self {
            bytes,
            at: BEFORE.len(),
        }
    }

    fn get(&self, at: usize) -> u8 {
        let byte = self.bytes.get(at & (WINDOW_BYTES - 1));
        byte.copied().unwrap_or(0)
    }

    fn put(&mut self, byte: u8, fresh: &mut Vec<u8>) {
        if let Some(place) = self.bytes.get_mut(self.at) {
            *place = byte;
        }
        self.at = self.at.saturating_add(1) & (WINDOW_BYTES - 1);
        fresh.push(byte);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use wire::Gap;

    use super::{BEFORE, checksum};
    use crate::document::compound::maker::Maker;
    use crate::testing::{What, kinds, opened};

    /// One group: letters as they are, then a reference; the end when it leads to itself.
    fn group(letters: &[u8], from: usize, length: usize) -> Vec<u8> {
        let reference = u16::try_from(from << 4 | (length - 2)).unwrap();
        let mut group = vec![1 << letters.len()];
        group.extend_from_slice(letters);
        group.extend(reference.to_be_bytes());
        group
    }

    fn message(packed: &[u8], text_bytes: usize) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let size = number(packed.len() + 12);
        let sum = checksum(packed).to_le_bytes();
        [&size[..], &number(text_bytes), b"LZFu", &sum, packed].concat()
    }

    /// `{\rtf1\ansi` out of the window, then twelve letters with a reference over the end of
    /// what is known.
    fn sample() -> Vec<u8> {
        let begin = BEFORE.len();
        let mut packed = vec![0b0000_0101];
        packed.extend(u16::try_from(9).unwrap().to_be_bytes());
        packed.push(b'x');
        packed.extend(u16::try_from((begin + 11) << 4 | 10).unwrap().to_be_bytes());
        packed.extend_from_slice(b"abcd}");
        packed.extend(group(b"", begin + 29, 2));
        message(&packed, 29)
    }

    #[test]
    fn the_text_of_a_message_comes_out() {
        let file = Maker::new(512)
            .with("__substg1.0_10090102", &sample())
            .bytes();
        let found = opened(&file);
        let text = found.contents("__substg1.0_10090102 (text)")[0];
        assert_eq!(text, b"{\\rtf1\\ansixxxxxxxxxxxxxabcd}");
        assert_eq!(kinds(text), ["rtf"]);
        assert!(!found.is_suspect());
        let list = Maker::new(512).with("__nameid_version1.0/__substg1.0_10090102", b"12345678");
        let found = opened(&list.bytes());
        assert!(found.members.len() == 2 && !found.is_suspect());
    }

    #[test]
    fn text_that_is_not_packed_comes_out() {
        let mut plain = message(b"{\\rtf1 x}", 9);
        plain[8..12].copy_from_slice(b"MELA");
        let found = opened(&Maker::new(512).with("__substg1.0_10090102", &plain).bytes());
        assert_eq!(found.members[1].content, b"{\\rtf1 x}");
        plain[8] = b'X';
        let found = opened(&Maker::new(512).with("__substg1.0_10090102", &plain).bytes());
        assert_eq!(found.members[1].what, What::Partial(Gap::Unsupported));
    }

    #[test]
    fn text_cut_or_changed_anywhere_is_never_whole() {
        let whole = sample();
        for at in 1..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for content in [&whole[..at], &changed] {
                let file = Maker::new(512).with("__substg1.0_10090102", content);
                let found = opened(&file.bytes());
                assert_eq!(found.members.len(), 2);
                assert!(found.is_suspect(), "{at}");
            }
        }
    }
}
