//! Filters that stand before a compressor, taken back.

use std::io::{self, Read};

use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;

use super::{Decoder, MALFORMED, PIECE_BYTES, Refusal};
use crate::bytes::{length, span};
use crate::stream::chain::Source;
use crate::stream::filter::{self, Processor};

/// Takes a filter for program code back; `start` is the address of the first byte.
pub(crate) fn branches(source: Source<'_>, processor: Processor, start: u32) -> Decoder<'_> {
    let start = span(u64::from(start));
    Decoder::new(filter::branches(source, processor, start), PIECE_BYTES)
}

/// Turns every group of `width` bytes round; what is left at the end stays.
pub(crate) fn swapped(source: Source<'_>, width: usize) -> Decoder<'_> {
    let output = Swapped {
        source,
        width,
        group: Vec::new(),
    };
    Decoder::new(output, PIECE_BYTES)
}

struct Swapped<'a> {
    source: Source<'a>,
    width: usize,
    /// What is still to be given of one group, last byte first.
    group: Vec<u8>,
}

impl Read for Swapped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut given: usize = 0;
        for place in buffer {
            if self.group.is_empty() {
                let width = length(self.width);
                self.source
                    .by_ref()
                    .take(width)
                    .read_to_end(&mut self.group)?;
                if self.group.len() < self.width {
                    self.group.reverse();
                }
            }
            let Some(byte) = self.group.pop() else {
                break;
            };
            *place = byte;
            given = given.saturating_add(1);
        }
        Ok(given)
    }
}

/// Takes differences back; its one byte of properties is the distance less one.
pub(crate) fn delta<'a>(source: Source<'a>, properties: &[u8]) -> Result<Decoder<'a>, Refusal> {
    let distance = properties.first().ok_or(MALFORMED)?;
    let output = DeltaReader::new(source, usize::from(*distance).saturating_add(1));
    Ok(Decoder::new(output, PIECE_BYTES))
}

/// Puts the four streams of x86 code together again: the rest, the targets of calls and of
/// jumps, and what tells them apart.
pub(crate) fn bcj2<'a>(sources: Vec<Source<'a>>, bytes: u64) -> Result<Decoder<'a>, Refusal> {
    let output = Bcj2Reader::try_new(sources, bytes).map_err(|_| MALFORMED)?;
    // Four buffers of 64 KiB.
    Ok(Decoder::new(output, 4 << 16))
}
