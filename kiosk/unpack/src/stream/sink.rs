//! What comes out of a decoder, bounded as it comes.

use std::io::{self, Read};

use wire::Gap;

use crate::budget::Budget;

/// How much comes out between two looks at the budget, in bytes.
pub(crate) const STEP_BYTES: usize = 64 * 1024;

/// Largest growth of the output at once, in bytes: doubling would reserve up to twice what
/// is needed, and the worker's memory limit counts what is reserved.
const GROWTH_BYTES_MAX: usize = 8 << 20;

/// How one stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At its own end mark.
    Complete,
    /// Before it, for this reason.
    Cut(Gap, &'static str),
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
