//! Reading the lists of a header, one number after the other.

use crate::bytes::{part, span, u32_at, u64_at};

/// Why a header cannot be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early or contradicts itself.
    Damaged(&'static str),
    /// It uses something that is not read.
    Unsupported(&'static str),
    /// It lists more than may be kept in memory.
    Limit(&'static str),
}

pub(super) const CUT: Fault = Fault::Damaged("7z header is cut off");

/// A place in a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'h> {
    header: &'h [u8],
    at: usize,
}

impl<'h> Cursor<'h> {
    pub(super) fn new(header: &'h [u8]) -> Self {
        Self { header, at: 0 }
    }

    /// What is not read yet.
    pub(super) fn left(&self) -> &'h [u8] {
        self.header.get(self.at..).unwrap_or_default()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.take(1)?.first().copied().ok_or(CUT)
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<&'h [u8], Fault> {
        let taken = part(self.header, self.at, bytes).ok_or(CUT)?;
        self.at = self.at.saturating_add(bytes);
        Ok(taken)
    }

    pub(super) fn word(&mut self) -> Result<u32, Fault> {
        u32_at(self.take(4)?, 0).ok_or(CUT)
    }

    /// A number of one to nine bytes: the ones at the top of the first byte tell how many
    /// bytes follow, least significant first, and what is left of it is the most significant.
    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        let first = self.byte()?;
        let more = first.leading_ones();
        let mut bytes = [0; 8];
        let low = self.take(usize::try_from(more).unwrap_or(8).min(8))?;
        for (to, from) in bytes.iter_mut().zip(low) {
            *to = *from;
        }
        let low = u64_at(&bytes, 0).unwrap_or_default();
        if 7 <= more {
            return Ok(low);
        }
        let kept = u64::from(first) & ((0x80_u64 >> more).saturating_sub(1));
        let high = kept.checked_shl(more.saturating_mul(8)).unwrap_or_default();
        Ok(low | high)
    }

    /// A number of things of which each takes memory, `most` at most.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, Fault> {
        let count = span(self.number()?);
        if most < count {
            return Err(Fault::Limit("7z header lists more than one file may have"));
        }
        Ok(count)
    }

    /// A size in bytes and so many bytes.
    pub(super) fn sized(&mut self) -> Result<Self, Fault> {
        let bytes = span(self.number()?);
        Ok(Self::new(self.take(bytes)?))
    }

    /// One bit for each of `count` things, most significant first.
    pub(super) fn bits(&mut self, count: usize) -> Result<Bits<'h>, Fault> {
        Ok(Bits(Some(self.take(count.div_ceil(8))?)))
    }

    /// The same where a byte of one says that all are set.
    pub(super) fn bits_or_all(&mut self, count: usize) -> Result<Bits<'h>, Fault> {
        match self.byte()? {
            0 => self.bits(count),
            _ => Ok(Bits(None)),
        }
    }

    /// Lists may lie elsewhere; no writer puts them there.
    pub(super) fn not_external(&mut self) -> Result<(), Fault> {
        match self.byte()? {
            0 => Ok(()),
            _ => Err(Fault::Unsupported("7z header with lists in another place")),
        }
    }

    /// A checksum for each of `count` things that has one.
    pub(super) fn checksums(&mut self, count: usize) -> Result<Vec<Option<u32>>, Fault> {
        let defined = self.bits_or_all(count)?;
        let mut checksums = Vec::new();
        for index in 0..count {
            checksums.push(match defined.has(index) {
                true => Some(self.word()?),
                false => None,
            });
        }
        Ok(checksums)
    }
}

/// A list of yes and no; without a list all are yes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'h>(Option<&'h [u8]>);

impl Bits<'_> {
    /// All are no.
    pub(super) const NONE: Self = Self(Some(&[]));

    pub(super) fn has(&self, index: usize) -> bool {
        let Some(bytes) = self.0 else {
            return true;
        };
        let byte = index.checked_div(8).and_then(|at| bytes.get(at));
        byte.is_some_and(|byte| byte & (0x80_u8 >> (index & 7)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_read() {
        let cases: [(&[u8], u64); 7] = [
            (&[0x00], 0),
            (&[0x7f], 0x7f),
            (&[0x81, 0x23], 0x123),
            (&[0xc1, 0x34, 0x12], 0x1_1234),
            (&[0xf0, 1, 2, 3, 4], 0x0403_0201),
            (&[0xfe, 1, 0, 0, 0, 0, 0, 2], 0x0002_0000_0000_0001),
            (&[0xff, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000_0000_0000_0001),
        ];
        for (bytes, number) in cases {
            let mut cursor = Cursor::new(bytes);
            assert_eq!(cursor.number(), Ok(number), "{bytes:?}");
            assert!(cursor.left().is_empty());
            let mut cut = Cursor::new(&bytes[..bytes.len() - 1]);
            assert_eq!(cut.number(), Err(CUT));
        }
    }

    #[test]
    fn bits_begin_at_the_top() {
        let bits = Cursor::new(&[0x80, 0x01]).bits(16).unwrap();
        let set: Vec<_> = (0..20).filter(|index| bits.has(*index)).collect();
        assert_eq!(set, [0, 15]);
    }
}
