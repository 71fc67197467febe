//! Sequential reading of a content that lies in extents.

use std::io::{self, Read};

use crate::blocks::Blocks;
use crate::number::{narrow, wide};

/// A run of bytes of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where it begins; `None` is a hole, which reads as zeros.
    pub(crate) offset_bytes: Option<u64>,
    /// How long it is.
    pub(crate) size_bytes: u64,
}

impl Extent {
    /// What of it lies in the first `size_bytes` of its volume.
    pub(crate) fn cut(self, size_bytes: u64) -> Self {
        let there = size_bytes.saturating_sub(self.offset_bytes.unwrap_or(0));
        Self {
            size_bytes: self.size_bytes.min(there),
            ..self
        }
    }
}

/// Extents in the order of the content, found as they are needed.
pub(crate) type Extents<'a> = Box<dyn Iterator<Item = io::Result<Extent>> + 'a>;

/// Adds an extent, to the last when it follows on.
pub(crate) fn join(extents: &mut Vec<Extent>, extent: Extent) {
    if let Some(last) = extents.last_mut()
        && let Some(offset) = last.offset_bytes
        && Some(offset.saturating_add(last.size_bytes)) == extent.offset_bytes
    {
        last.size_bytes = last.size_bytes.saturating_add(extent.size_bytes);
    } else {
        extents.push(extent);
    }
}

/// `extents` without their first `skip_bytes` bytes.
pub(crate) fn after(extents: Extents<'_>, skip_bytes: u64) -> Extents<'_> {
    let mut skip = skip_bytes;
    Box::new(extents.filter_map(move |extent| {
        let extent = match extent {
            Ok(extent) => extent,
            Err(error) => return Some(Err(error)),
        };
        let cut = skip.min(extent.size_bytes);
        skip = skip.saturating_sub(cut);
        let rest = Extent {
            offset_bytes: extent.offset_bytes.map(|at| at.saturating_add(cut)),
            size_bytes: extent.size_bytes.saturating_sub(cut),
        };
        (rest.size_bytes != 0).then_some(Ok(rest))
    }))
}

/// Reads `size_bytes` of a content. Extents that end before that are an `UnexpectedEof`.
pub(crate) struct ExtentReader<'a> {
    blocks: &'a dyn Blocks,
    extents: Extents<'a>,
    current: Extent,
    position: u64,
    size_bytes: u64,
    valid_bytes: u64,
}

impl<'a> ExtentReader<'a> {
    /// The first `size_bytes` of `extents`; what is beyond `valid_bytes` was never written and
    /// reads as zeros, whatever the medium holds there.
    pub(crate) fn new(
        blocks: &'a dyn Blocks,
        extents: Extents<'a>,
        size_bytes: u64,
        valid_bytes: u64,
    ) -> Self {
        Self {
            blocks,
            extents,
            current: Extent {
                offset_bytes: None,
                size_bytes: 0,
            },
            position: 0,
            size_bytes,
            valid_bytes,
        }
    }

    /// Takes extents until one has bytes left.
    fn advance(&mut self) -> io::Result<()> {
        while self.current.size_bytes == 0 {
            match self.extents.next() {
                Some(extent) => self.current = extent?,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        Ok(())
    }
}

impl Read for ExtentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size_bytes.saturating_sub(self.position);
        let valid = self.valid_bytes.saturating_sub(self.position);
        let mut length = left.min(wide(buffer.len()));
        if length == 0 {
            return Ok(0);
        }
        self.advance()?;
        length = length.min(self.current.size_bytes);
        if valid != 0 {
            length = length.min(valid);
        }
        let buffer = buffer.get_mut(..narrow(length)).unwrap_or_default();
        match self.current.offset_bytes {
            Some(offset) if valid != 0 => self.blocks.read_at(offset, buffer)?,
            Some(_) | None => buffer.fill(0),
        }
        self.position = self.position.saturating_add(length);
        self.current = Extent {
            offset_bytes: self
                .current
                .offset_bytes
                .map(|offset| offset.saturating_add(length)),
            size_bytes: self.current.size_bytes.saturating_sub(length),
        };
        Ok(narrow(length))
    }
}

/// Gives every run of set bits among the first `bits` bits of an allocation bitmap: the first
/// and how many. Runs end at the latest after 64 KiB of the bitmap.
///
/// # Errors
/// Those of reading it; `UnexpectedEof` when it is shorter.
pub(crate) fn set_bits(
    bitmap: &mut dyn Read,
    bits: u64,
    give: &mut dyn FnMut(u64, u64),
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0_u64;
    while at < bits {
        let left = bits.saturating_sub(at);
        let wanted = narrow(left.div_ceil(8)).min(buffer.len());
        let bytes = buffer.get_mut(..wanted).unwrap_or_default();
        bitmap.read_exact(bytes)?;
        let mut run = (at, 0_u64);
        for byte in bytes {
            for shift in 0..8_u32 {
                if at == bits {
                    break;
                }
                if byte.checked_shr(shift).unwrap_or(0) & 1 == 1 {
                    run.1 = run.1.saturating_add(1);
                } else {
                    if run.1 != 0 {
                        give(run.0, run.1);
                    }
                    run = (at.saturating_add(1), 0);
                }
                at = at.saturating_add(1);
            }
        }
        if run.1 != 0 {
            give(run.0, run.1);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(blocks: &Vec<u8>, extents: Vec<Extent>, size: u64, valid: u64) -> ExtentReader<'_> {
        let extents = Box::new(extents.into_iter().map(Ok));
        ExtentReader::new(blocks, extents, size, valid)
    }

    fn extent(offset_bytes: impl Into<Option<u64>>, size_bytes: u64) -> Extent {
        Extent {
            offset_bytes: offset_bytes.into(),
            size_bytes,
        }
    }

    #[test]
    fn extents_follow_each_other_and_holes_are_zeros() {
        let blocks: Vec<u8> = (0..100).collect();
        let extents = vec![extent(50, 2), extent(None, 2), extent(10, 4)];
        let mut content = Vec::new();
        reader(&blocks, extents, 7, 7)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, [50, 51, 0, 0, 10, 11, 12]);
    }

    #[test]
    fn bytes_that_were_never_written_are_zeros() {
        let blocks: Vec<u8> = (0..100).collect();
        let mut content = Vec::new();
        reader(&blocks, vec![extent(50, 8)], 6, 3)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, [50, 51, 52, 0, 0, 0]);
    }

    #[test]
    fn what_comes_after_a_content_begins_where_it_ends() {
        let extents = || -> Extents<'_> {
            let all = [extent(50, 4), extent(None, 4), extent(10, 4)];
            Box::new(all.into_iter().map(Ok))
        };
        let rest = |skip| {
            after(extents(), skip)
                .map(Result::unwrap)
                .collect::<Vec<_>>()
        };
        assert_eq!(rest(0).len(), 3);
        assert_eq!(rest(3), [extent(53, 1), extent(None, 4), extent(10, 4)]);
        assert_eq!(rest(4), [extent(None, 4), extent(10, 4)]);
        assert_eq!(rest(11), [extent(13, 1)]);
        assert_eq!(rest(12), []);
    }

    #[test]
    fn bits_past_the_last_cluster_do_not_count() {
        let runs = |bytes: &[u8], bits| {
            let mut runs = Vec::new();
            let read = set_bits(&mut &*bytes, bits, &mut |first, count| {
                runs.push((first, count))
            });
            read.map(|()| runs)
        };
        assert_eq!(runs(&[0xFF, 0xFF], 16).unwrap(), [(0, 16)]);
        assert_eq!(runs(&[0xFF, 0xFF], 11).unwrap(), [(0, 11)]);
        assert_eq!(runs(&[0xF8, 0xFF], 3).unwrap(), []);
        assert_eq!(runs(&[0x05, 0x80], 16).unwrap(), [(0, 1), (2, 1), (15, 1)]);
        assert_eq!(runs(&[], 0).unwrap(), []);
        assert!(runs(&[0xFF], 9).is_err());
    }

    #[test]
    fn extents_shorter_than_the_content_are_damage() {
        let blocks: Vec<u8> = (0..100).collect();
        for extents in [vec![], vec![extent(50, 2)], vec![extent(98, 8)]] {
            let error = reader(&blocks, extents, 6, 6)
                .read_to_end(&mut Vec::new())
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
