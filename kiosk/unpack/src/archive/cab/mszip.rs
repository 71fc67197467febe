//! MSZIP (\[MS-MCI\]): each block is deflate of its own that goes on with the window of the block
//! before.

use flate2::{Decompress, FlushDecompress, Status};

use super::folder::BLOCK_BYTES_MAX;
use crate::archive::codec::Fault;
use crate::bytes::span;

/// Begins every block.
const SIGNATURE: &[u8] = b"CK";

/// The blocks before.
#[derive(Default)]
pub(super) struct Mszip {
    /// The last [`BLOCK_BYTES_MAX`] bytes.
    window: Vec<u8>,
}

impl Mszip {
    /// The content of a block, and whether no other reader takes what is left of its data for
    /// the next block: some look for its signature from there on.
    pub(super) fn unpack(&mut self, data: &[u8], bytes: usize) -> Result<(Vec<u8>, bool), Fault> {
        let packed = data.strip_prefix(SIGNATURE).ok_or(Fault::Malformed)?;
        let mut state = Decompress::new(false);
        // The window goes before the block as deflate that is stored and not the last.
        self.prime(&mut state)?;
        let primed = state.total_out();
        // One more byte tells a block that is longer than it says.
        let mut output = vec![0_u8; bytes.saturating_add(1)];
        let mut at = 0;
        loop {
            let input = packed.get(at..).unwrap_or_default();
            let fresh = span(state.total_out().saturating_sub(primed));
            let place = output.get_mut(fresh..).unwrap_or_default();
            let taken = state.total_in();
            let status = state
                .decompress(input, place, FlushDecompress::None)
                .map_err(|_| Fault::Malformed)?;
            let read = span(state.total_in().saturating_sub(taken));
            at = at.saturating_add(read);
            let now = span(state.total_out().saturating_sub(primed));
            match status {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError if bytes < now => return Err(Fault::Malformed),
                Status::Ok | Status::BufError if read == 0 && now == fresh => {
                    return Err(Fault::CutOff);
                }
                Status::Ok | Status::BufError => {}
            }
        }
        if span(state.total_out().saturating_sub(primed)) != bytes {
            return Err(Fault::Malformed);
        }
        output.truncate(bytes);
        self.window.extend_from_slice(&output);
        let old = self.window.len().saturating_sub(BLOCK_BYTES_MAX);
        self.window.drain(..old);
        let unused = packed.get(at..).unwrap_or_default();
        let is_next = |two: &[u8]| two == SIGNATURE;
        let is_used_up = !unused.windows(SIGNATURE.len()).any(is_next);
        Ok((output, is_used_up))
    }

    /// Puts the window into a decoder that has seen nothing.
    fn prime(&self, state: &mut Decompress) -> Result<(), Fault> {
        let Ok(bytes) = u16::try_from(self.window.len()) else {
            return Err(Fault::Malformed);
        };
        if bytes == 0 {
            return Ok(());
        }
        let mut stored = vec![0];
        stored.extend_from_slice(&bytes.to_le_bytes());
        stored.extend_from_slice(&(!bytes).to_le_bytes());
        stored.extend_from_slice(&self.window);
        let mut dropped = vec![0_u8; self.window.len()];
        let mut at = 0;
        while state.total_out() < u64::from(bytes) {
            let place = dropped
                .get_mut(span(state.total_out())..)
                .unwrap_or_default();
            let input = stored.get(at..).unwrap_or_default();
            let before = (state.total_in(), state.total_out());
            state
                .decompress(input, place, FlushDecompress::None)
                .map_err(|_| Fault::Malformed)?;
            at = span(state.total_in());
            if before == (state.total_in(), state.total_out()) {
                return Err(Fault::Malformed);
            }
        }
        Ok(())
    }
}
