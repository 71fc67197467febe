//! Positioned reads of a medium or of a part of it.

use std::io;
use std::rc::Rc;

use crate::number::wide;

/// A medium or part of it: positioned reads only.
pub trait Blocks {
    /// How long it is, in bytes.
    fn size_bytes(&self) -> u64;

    /// Reads exactly `buffer.len()` bytes from `offset_bytes` on.
    ///
    /// # Errors
    /// `UnexpectedEof` for bytes past the end, which is never the medium's fault; any other
    /// kind for a medium that does not give its bytes.
    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A range of a medium: one volume.
pub struct Part {
    medium: Rc<dyn Blocks>,
    offset_bytes: u64,
    size_bytes: u64,
}

impl Part {
    /// The `size_bytes` bytes of `medium` from `offset_bytes` on. A range past the medium's end
    /// is allowed and fails when it is read.
    #[must_use]
    pub fn new(medium: Rc<dyn Blocks>, offset_bytes: u64, size_bytes: u64) -> Self {
        Self {
            medium,
            offset_bytes,
            size_bytes,
        }
    }
}

impl Blocks for Part {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        check_range(self.size_bytes, offset_bytes, buffer.len())?;
        let offset = self
            .offset_bytes
            .checked_add(offset_bytes)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.medium.read_at(offset, buffer)
    }
}

/// Whether `length` bytes from `offset_bytes` on lie within `size_bytes`.
///
/// # Errors
/// `UnexpectedEof` when they do not.
pub(crate) fn check_range(size_bytes: u64, offset_bytes: u64, length: usize) -> io::Result<()> {
    match offset_bytes.checked_add(wide(length)) {
        Some(end) if end <= size_bytes => Ok(()),
        Some(_) | None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The bytes from `offset_bytes` on, at most `length` of them and fewer at the end.
///
/// # Errors
/// Those of [`Blocks::read_at`] for bytes that exist.
pub(crate) fn head(blocks: &dyn Blocks, offset_bytes: u64, length: usize) -> io::Result<Vec<u8>> {
    let there = blocks.size_bytes().saturating_sub(offset_bytes);
    let length = length.min(crate::number::narrow(there));
    let mut buffer = vec![0; length];
    if length != 0 {
        blocks.read_at(offset_bytes, &mut buffer)?;
    }
    Ok(buffer)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A medium in memory.
    impl Blocks for Vec<u8> {
        fn size_bytes(&self) -> u64 {
            wide(self.len())
        }

        fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
            check_range(self.size_bytes(), offset_bytes, buffer.len())?;
            let start = usize::try_from(offset_bytes).unwrap();
            buffer.copy_from_slice(&self[start..][..buffer.len()]);
            Ok(())
        }
    }

    #[test]
    fn a_part_reads_its_own_range_and_nothing_beyond() {
        let medium: Rc<dyn Blocks> = Rc::new((0..100).collect::<Vec<u8>>());
        let part = Part::new(medium, 10, 20);
        let mut buffer = [0; 4];
        part.read_at(16, &mut buffer).unwrap();
        assert_eq!(buffer, [26, 27, 28, 29]);
        for offset in [17, 20, 1000, u64::MAX] {
            let error = part.read_at(offset, &mut buffer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{offset}");
        }
    }

    #[test]
    fn a_part_past_the_end_of_its_medium_fails_when_read() {
        let medium: Rc<dyn Blocks> = Rc::new(vec![0_u8; 100]);
        for (offset, size) in [(90, 20), (u64::MAX, 20)] {
            let part = Part::new(medium.clone(), offset, size);
            let error = part.read_at(8, &mut [0; 4]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
