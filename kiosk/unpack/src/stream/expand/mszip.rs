//! Deflate in blocks of at most 32 KiB, each of which may refer to what the one before gave.

use flate2::{Decompress, FlushDecompress, Status};
use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{has, rest, span, u16_at};
use crate::stream::sink::{Unpacked, push};

/// What one block gives at most, and how far back it refers, in bytes.
const BLOCK_BYTES_MAX: usize = 32 * 1024;

/// What stands before each block: its length, and its signature.
const HEADER_BYTES: usize = 4;

/// Unpacks `packed` to the end of the empty `output`: to the mark of the end, or to `size`
/// bytes when the mark is missing.
pub(super) fn mszip(
    packed: &[u8],
    size: Option<usize>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    let mut at: usize = 0;
    loop {
        // The length is not believed: the deflate stream tells its own end.
        let is_end = match u16_at(packed, at) {
            Some(length) => length == 0,
            None if at == packed.len() && size.is_some() => {
                return Unpacked::whole(at);
            }
            None => return Unpacked::damaged(at, "compressed data is cut off"),
        };
        if is_end {
            return Unpacked::whole(at.saturating_add(2));
        }
        let signature = at.saturating_add(2);
        if !has(packed, signature, b"CK") {
            return Unpacked::damaged(at, "compressed data is malformed");
        }
        at = at.saturating_add(HEADER_BYTES);
        let history = output.len().saturating_sub(BLOCK_BYTES_MAX);
        let before = output.get(history..).unwrap_or_default();
        let Some((fresh, consumed)) = block(rest(packed, at, usize::MAX), before) else {
            return Unpacked::damaged(at, "compressed data is malformed");
        };
        // The history is read again for each block.
        let cost = consumed.saturating_add(BLOCK_BYTES_MAX);
        let paid = budget.take_input(cost);
        if let Err(why) = paid.and_then(|()| push(output, &fresh, budget)) {
            return Unpacked::cut(at, Gap::Limit, why);
        }
        at = at.saturating_add(consumed);
    }
}

/// What one block gives, and its length.
fn block(packed: &[u8], before: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut state = Decompress::new(false);
    let mut output = vec![0; before.len().checked_add(BLOCK_BYTES_MAX)?];
    // A block that is stored gives the decoder its history.
    let length = u16::try_from(before.len()).ok()?;
    let mut stored = vec![0];
    stored.extend_from_slice(&length.to_le_bytes());
    stored.extend_from_slice(&(!length).to_le_bytes());
    stored.extend_from_slice(before);
    state
        .decompress(&stored, &mut output, FlushDecompress::None)
        .ok()?;
    let given = span(state.total_out());
    let fed = span(state.total_in());
    if given != before.len() || fed != stored.len() {
        return None;
    }
    let room = output.get_mut(given..)?;
    let status = state.decompress(packed, room, FlushDecompress::None).ok()?;
    let end = span(state.total_out());
    let consumed = span(state.total_in()).checked_sub(fed)?;
    let fresh = output.get(given..end)?.to_vec();
    (status == Status::StreamEnd).then_some((fresh, consumed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_gives_too_much_is_refused() {
        let packed = |bytes: usize| {
            let mut encoder = flate2::Compress::new(flate2::Compression::fast(), false);
            let mut packed = vec![0; 4096];
            let plain = vec![0; bytes];
            encoder
                .compress(&plain, &mut packed, flate2::FlushCompress::Finish)
                .unwrap();
            packed.truncate(span(encoder.total_out()));
            packed
        };
        let largest = packed(BLOCK_BYTES_MAX);
        let (fresh, consumed) = block(&largest, &[7; BLOCK_BYTES_MAX]).unwrap();
        assert!(fresh == [0; BLOCK_BYTES_MAX] && consumed == largest.len());
        assert!(block(&packed(BLOCK_BYTES_MAX + 1), b"").is_none());
        assert!(block(&largest[..largest.len() - 1], b"").is_none());
    }
}
