//! What comes out of a decoder, bounded as it comes.

use std::io::{self, Read};

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::rest;

/// How much comes out between two looks at the budget, in bytes.
pub(crate) const STEP_BYTES: usize = 64 * 1024;

/// Largest growth of the output at once, in bytes: doubling would reserve up to twice what
/// is needed, and the worker's memory limit counts what is reserved.
const GROWTH_BYTES_MAX: usize = 8 << 20;

/// What the beginning of one more stream counts as input, in bytes: the time that its decoder
/// takes to be made, some ten microseconds, is about that of reading so much.
pub(crate) const STREAM_COST_BYTES: usize = 8 * 1024;

/// How much is read at once from a decoder that forgets what it had when it fails, in bytes.
const PIECE_BYTES: usize = 256;

/// Why a stream ends before its end.
pub(crate) type Cut = (Gap, &'static str);

/// How one stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At its own end mark.
    Complete,
    /// Before it, for this reason.
    Cut(Gap, &'static str),
}

impl End {
    /// Why it was not at its own end.
    pub(crate) fn cut(self) -> Option<Cut> {
        match self {
            Self::Complete => None,
            Self::Cut(gap, why) => Some((gap, why)),
        }
    }
}

/// What one stream gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// How much of the input belongs to the stream.
    pub(crate) consumed: usize,
    /// How it ended.
    pub(crate) end: End,
}

impl Unpacked {
    /// A stream that ended at its own end after `consumed` bytes of input.
    pub(crate) fn whole(consumed: usize) -> Self {
        Self {
            consumed,
            end: End::Complete,
        }
    }

    /// A stream that ended after `consumed` bytes of input without being whole.
    pub(crate) fn cut(consumed: usize, gap: Gap, why: &'static str) -> Self {
        Self {
            consumed,
            end: End::Cut(gap, why),
        }
    }

    /// A stream that contradicts itself or is cut off after `consumed` bytes of input.
    pub(crate) fn damaged(consumed: usize, why: &'static str) -> Self {
        Self::cut(consumed, Gap::Damaged, why)
    }

    /// The same, after what was read of the input is taken from the budget.
    pub(crate) fn paid(self, budget: &mut Budget) -> Self {
        match budget.take_input(self.consumed) {
            Ok(()) => self,
            Err(why) => Self::cut(self.consumed, Gap::Limit, why),
        }
    }
}

/// Puts `fresh` behind `output`, within what the whole file may unpack to and what may be held
/// in memory.
///
/// # Errors
/// Which limit is reached. Nothing of `fresh` is kept then.
pub(crate) fn push(
    output: &mut Vec<u8>,
    fresh: &[u8],
    budget: &mut Budget,
) -> Result<(), &'static str> {
    let wanted = output.len().saturating_add(fresh.len());
    // The budget pays for what came out, also when there is no place for it.
    budget.take_output(fresh.len())?;
    if budget.room() < wanted {
        return Err("larger than a content in memory may be");
    }
    if output.capacity() < wanted {
        let growth = output.len().clamp(STEP_BYTES, GROWTH_BYTES_MAX);
        if output.try_reserve_exact(growth.max(fresh.len())).is_err() {
            return Err("not enough memory");
        }
    }
    output.extend_from_slice(fresh);
    Ok(())
}

/// Fills `output` up with zeros to a length of `until` bytes; tells why that is not all.
pub(crate) fn zeros(until: usize, output: &mut Vec<u8>, budget: &mut Budget) -> Option<Cut> {
    let step = [0; STEP_BYTES];
    while output.len() < until {
        let missing = until.saturating_sub(output.len());
        if let Err(why) = push(output, rest(&step, 0, missing), budget) {
            return Some((Gap::Limit, why));
        }
    }
    None
}

/// Reads everything that `decoder` gives to the end of `output`. For decoders of other crates;
/// what they read is to be taken from the budget by the caller.
pub(crate) fn drain(decoder: &mut dyn Read, output: &mut Vec<u8>, budget: &mut Budget) -> End {
    let mut step = vec![0_u8; STEP_BYTES];
    loop {
        let fresh = match decoder.read(&mut step) {
            Ok(0) => return End::Complete,
            Ok(fresh) => fresh,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return End::Cut(Gap::Damaged, "compressed data is cut off");
            }
            Err(_) => return End::Cut(Gap::Damaged, "compressed data is malformed"),
        };
        if let Err(why) = push(output, step.get(..fresh).unwrap_or_default(), budget) {
            return End::Cut(Gap::Limit, why);
        }
    }
}

/// Begins one more stream behind `output`: each costs time whatever it holds, so that a content
/// of very many tiny ones is bounded.
///
/// # Errors
/// Which limit is reached.
pub(crate) fn begin(budget: &mut Budget) -> Result<(), &'static str> {
    budget.take_input(STREAM_COST_BYTES)
}

/// A decoder of another crate, read in small pieces: what it gave before an error is kept, and
/// the error comes with the next read.
pub(crate) struct Fine<R> {
    decoder: R,
    failure: Option<io::Error>,
}

impl<R> Fine<R> {
    pub(crate) fn new(decoder: R) -> Self {
        Self {
            decoder,
            failure: None,
        }
    }

    pub(crate) fn into_inner(self) -> R {
        self.decoder
    }
}

impl<R: Read> Read for Fine<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut filled: usize = 0;
        for piece in buffer.chunks_mut(PIECE_BYTES) {
            match self.decoder.read(piece) {
                Ok(0) => break,
                Ok(fresh) => filled = filled.saturating_add(fresh),
                Err(error) if filled == 0 => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
            // A short piece would leave a hole before the next one.
            if !filled.is_multiple_of(PIECE_BYTES) {
                break;
            }
        }
        Ok(filled)
    }
}
