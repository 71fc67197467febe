//! Parts of a stream that its readers skip: they hold anything. Zstandard and LZ4 have the same
//! frames for it.

use std::ops::Range;

use crate::bytes::{has, rest, span, u32_at};
use crate::walk::{Halt, Walk};

/// Signature and size.
const HEADER_BYTES: usize = 8;

/// A skipped part up to this size holds a number that a tool left for itself, and is too short
/// for a container.
const FREE_BYTES: usize = 8;

/// How many skipped parts are looked at in one content: tools write one, with their own table.
const SKIPPED_MAX: usize = 256;

/// The skipped parts of one content.
#[derive(Default)]
pub(crate) struct Skipped {
    held: Vec<Range<usize>>,
    is_over: bool,
}

impl Skipped {
    /// Goes over the skipped frames at `at`, and gives where they end.
    pub(crate) fn pass(&mut self, content: &[u8], at: usize) -> usize {
        let mut at = at;
        while let Some(bytes) = frame(rest(content, at, usize::MAX)) {
            let end = at.saturating_add(bytes);
            self.note(at.saturating_add(HEADER_BYTES)..end);
            at = end;
        }
        at
    }

    /// Notes what one of them holds.
    pub(crate) fn note(&mut self, data: Range<usize>) {
        if data.len() <= FREE_BYTES {
            return;
        }
        if self.held.len() < SKIPPED_MAX {
            self.held.push(data);
        } else {
            self.is_over = true;
        }
    }

    /// Hands out what the skipped frames hold.
    pub(crate) fn hand_out(self, content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
        for range in self.held {
            let data = content.get(range).unwrap_or_default();
            walk.stray(data, "a part that readers skip holds data")?;
        }
        if self.is_over {
            walk.unsupported("more skipped parts with data than are looked at");
        }
        Ok(())
    }
}

/// Where the skipped frames at the beginning of `content` end.
pub(crate) fn end(content: &[u8]) -> usize {
    let mut at: usize = 0;
    while let Some(bytes) = frame(rest(content, at, usize::MAX)) {
        at = at.saturating_add(bytes);
    }
    at
}

/// The length of the skipped frame at the beginning of `content`, when one is there and whole.
fn frame(content: &[u8]) -> Option<usize> {
    let is_skipped =
        matches!(content.first(), Some(0x50..=0x5f)) && has(content, 1, b"\x2a\x4d\x18");
    let size = u32_at(content, 4).filter(|_| is_skipped)?;
    let bytes = span(u64::from(size)).checked_add(HEADER_BYTES)?;
    (bytes <= content.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{made_by_shell, opened};

    fn skipped(data: &[u8]) -> Vec<u8> {
        let size = u32::try_from(data.len()).unwrap().to_le_bytes();
        [b"\x5f\x2a\x4d\x18".as_slice(), &size, data].concat()
    }

    fn streams() -> [Vec<u8>; 2] {
        ["zstd", "lz4"].map(|tool| made_by_shell(&format!("echo alpha | {tool} -c > out")))
    }

    #[test]
    fn skipped_frames_anywhere_are_no_content_and_what_they_hold_is_handed_out() {
        let gz = crate::testing::gzipped(b"hidden");
        for plain in streams() {
            for content in [
                [skipped(&gz), plain.clone()].concat(),
                [plain.clone(), skipped(&gz)].concat(),
                [plain.clone(), skipped(&gz), plain.clone()].concat(),
                [skipped(b""), skipped(&gz), skipped(b"1234"), plain.clone()].concat(),
            ] {
                let stream = opened(&content);
                assert!(stream.members[0].content.starts_with(b"alpha\n"));
                assert!(!stream.is_suspect() && stream.has_rule("container_extra_data"));
                assert!(stream.members[1].content == gz);
            }
            let small = opened(&[plain.clone(), skipped(&[1; FREE_BYTES])].concat());
            assert_eq!(small.rules, [""; 0]);
        }
    }

    #[test]
    fn skipped_frames_past_their_number_are_told() {
        for plain in streams() {
            let many = skipped(&[1; FREE_BYTES + 1]);
            let stream = opened(&[many.repeat(SKIPPED_MAX), plain.clone()].concat());
            assert!(!stream.is_suspect());
            let stream = opened(&[many.repeat(SKIPPED_MAX + 1), plain].concat());
            assert_eq!(stream.gap, Some(wire::Gap::Unsupported));
        }
    }

    #[test]
    fn a_skipped_frame_that_is_cut_off_is_none() {
        let [plain, _] = streams();
        let cut = &skipped(&[1; 100])[..50];
        let stream = opened(&[&plain, cut].concat());
        assert!(stream.has_rule("container_extra_data"));
        assert_eq!(end(cut), 0);
    }
}
