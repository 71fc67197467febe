//! A device past the kernel's cache: what it answers now, not what it answered before.

use std::io;

use volume::Blocks;

/// What positions, lengths and memory of an unbuffered read are multiples of, in bytes: the
/// largest sector of a medium that Linux reads (open(2), `O_DIRECT`), and no less than any
/// smaller one asks for.
const ALIGN_BYTES: usize = 4096;

/// The same as a length on the medium.
const ALIGN_STEP: u64 = 4096;

/// Any range of a device whose descriptor takes only aligned reads.
pub(crate) struct Unbuffered<B>(pub(crate) B);

impl<B: Blocks> Blocks for Unbuffered<B> {
    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let past_the_end = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let length = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        let end = offset_bytes
            .checked_add(length)
            .filter(|end| *end <= self.size_bytes())
            .ok_or_else(past_the_end)?;
        let lead = offset_bytes % ALIGN_STEP;
        let start = offset_bytes.saturating_sub(lead);
        // The end of a device is a multiple of its own sector, which is all that its last read
        // must be a multiple of.
        let end = end
            .checked_next_multiple_of(ALIGN_STEP)
            .unwrap_or(u64::MAX)
            .min(self.size_bytes());
        let wide = usize::try_from(end.saturating_sub(start)).map_err(|_| past_the_end())?;
        let mut room = vec![0; wide.saturating_add(ALIGN_BYTES)];
        let first = room.as_ptr().align_offset(ALIGN_BYTES);
        let window = room
            .get_mut(first..first.saturating_add(wide))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        self.0.read_at(start, window)?;
        let lead = usize::try_from(lead).unwrap_or(usize::MAX);
        for (to, from) in buffer.iter_mut().zip(window.iter().skip(lead)) {
            *to = *from;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "tests compute expectations"
)]
mod tests {
    use super::*;

    /// A device of whole sectors that refuses what the kernel refuses.
    struct Strict(Vec<u8>);

    impl Blocks for Strict {
        fn size_bytes(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
            let start = offset_bytes as usize;
            let end = start + buffer.len();
            let to_the_end = end == self.0.len() && buffer.len().is_multiple_of(512);
            let aligned = start.is_multiple_of(ALIGN_BYTES)
                && buffer.as_ptr().addr().is_multiple_of(ALIGN_BYTES)
                && (buffer.len().is_multiple_of(ALIGN_BYTES) || to_the_end);
            if !aligned {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            buffer.copy_from_slice(self.0.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    #[test]
    fn any_range_is_read_with_aligned_reads_up_to_a_tail_of_sectors() {
        let size = 5 * ALIGN_BYTES + 3 * 512;
        let bytes: Vec<u8> = (0..size).map(|n| (n * 31 / 7) as u8).collect();
        let device = Unbuffered(Strict(bytes.clone()));
        let ranges = [
            (0, 1),
            (0, size),
            (1, size - 1),
            (4095, 2),
            (512, 512),
            (4096, 4096),
            (8191, 4098),
            (5 * ALIGN_BYTES, 512),
            (size - 512, 512),
            (size - 1, 1),
        ];
        for (offset, length) in ranges {
            let mut buffer = vec![0; length];
            device.read_at(offset as u64, &mut buffer).unwrap();
            assert_eq!(buffer, bytes[offset..][..length], "{offset} {length}");
        }
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        let device = Unbuffered(Strict(vec![0; 4608]));
        for (offset, length) in [(4608, 1), (4000, 609), (u64::MAX, 2)] {
            let error = device.read_at(offset, &mut vec![0; length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
