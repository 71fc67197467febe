//! Deflate (RFC 1951), with its output bounded as it comes.

use flate2::{Decompress, FlushDecompress, Status};
use wire::Gap;

use super::sink::{End, STEP_BYTES, Unpacked, push};
use crate::budget::Budget;
use crate::bytes::span;

/// Unpacks the stream at the beginning of `packed` to the end of `output`. All of `output`
/// together stays within what may be held in memory.
pub(crate) fn inflate(packed: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Unpacked {
    let mut state = Decompress::new(false);
    let mut step = vec![0_u8; STEP_BYTES];
    let end = loop {
        let (consumed, produced) = (state.total_in(), state.total_out());
        let input = packed.get(span(consumed)..).unwrap_or_default();
        let status = state.decompress(input, &mut step, FlushDecompress::None);
        let fresh = span(state.total_out().saturating_sub(produced));
        let taken = span(state.total_in().saturating_sub(consumed));
        if let Err(why) = budget.take_input(taken) {
            break End::Cut(Gap::Limit, why);
        }
        if let Err(why) = push(output, step.get(..fresh).unwrap_or_default(), budget) {
            break End::Cut(Gap::Limit, why);
        }
        match status {
            Ok(Status::StreamEnd) => break End::Complete,
            Ok(Status::Ok | Status::BufError) => {
                if fresh == 0 && taken == 0 {
                    break End::Cut(Gap::Damaged, "compressed data is cut off");
                }
            }
            Err(_) => break End::Cut(Gap::Damaged, "compressed data is malformed"),
        }
    };
    Unpacked {
        consumed: span(state.total_in()),
        end,
    }
}
