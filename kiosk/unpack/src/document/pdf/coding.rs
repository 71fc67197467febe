//! The codings of streams (ISO 32000-1, 7.4) that are not pictures.
//!
//! Each gives what it can: readers show what came out before a fault, so that is what counts.

use wire::Gap;

use super::tape::is_space;
use super::value::digit;
use crate::budget::Budget;
use crate::bytes::{part, rest};
use crate::stream::inflate::inflate;
use crate::stream::sink::{End, STEP_BYTES, push};

/// Output on its way: bytes are counted a step at a time.
pub(super) struct Output<'o> {
    output: &'o mut Vec<u8>,
    step: Vec<u8>,
    budget: &'o mut Budget,
}

impl<'o> Output<'o> {
    pub(super) fn new(output: &'o mut Vec<u8>, budget: &'o mut Budget) -> Self {
        Self {
            output,
            step: Vec::new(),
            budget,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.step.extend_from_slice(bytes);
        if STEP_BYTES <= self.step.len() {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), End> {
        let pushed = push(self.output, &self.step, self.budget);
        self.step.clear();
        pushed.map_err(|why| End::Cut(Gap::Limit, why))
    }

    /// Runs a decoder to its end.
    pub(super) fn run(mut self, decode: impl FnOnce(&mut Self) -> Result<End, End>) -> End {
        let end = decode(&mut self).unwrap_or_else(|end| end);
        match self.flush() {
            Ok(()) => end,
            Err(limit) => limit,
        }
    }
}

fn damaged(why: &'static str) -> End {
    End::Cut(Gap::Damaged, why)
}

/// Deflate in its zlib wrapping. Also gives how much of the data belongs to it.
pub(super) fn flate(data: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> (End, usize) {
    let spaces = data.iter().take_while(|byte| is_space(**byte)).count();
    let mut begins: Vec<usize> = Vec::new();
    for at in [0, spaces] {
        if is_zlib(data, at) {
            begins.push(at.saturating_add(2));
        }
    }
    // A wrong or missing header.
    begins.extend([0, 2]);
    let mut best: Option<(End, usize, usize)> = None;
    let mut fresh = Vec::new();
    for begin in begins {
        fresh.clear();
        let stream = inflate(rest(data, begin, usize::MAX), &mut fresh, budget);
        let is_limit = matches!(stream.end, End::Cut(Gap::Limit, _));
        let is_better = best.is_none_or(|(_, _, length)| length < fresh.len());
        if is_better || stream.end == End::Complete {
            std::mem::swap(output, &mut fresh);
            let used = begin.saturating_add(stream.consumed).saturating_add(4);
            best = Some((stream.end, used, output.len()));
        }
        // What has a header is that, and nothing else, as soon as anything comes out.
        let is_told = is_zlib(data, begin.saturating_sub(2)) && 2 <= begin && !output.is_empty();
        if is_limit || is_told || stream.end == End::Complete {
            break;
        }
    }
    best.map_or((damaged("no data"), 0), |(end, used, _)| {
        (end, used.min(data.len()))
    })
}

fn is_zlib(data: &[u8], at: usize) -> bool {
    let Some([method, flags]) = part(data, at, 2).and_then(|two| two.first_chunk::<2>()) else {
        return false;
    };
    let is_checked = u16::from_be_bytes([*method, *flags]).is_multiple_of(31);
    method & 0x0f == 8 && is_checked && flags & 0x20 == 0
}

/// Pairs of hexadecimal digits up to a `>`.
pub(super) fn hex(data: &[u8], output: &mut Output<'_>) -> Result<End, End> {
    let mut high = None;
    for byte in data.iter().take_while(|byte| **byte != b'>') {
        let Some(value) = digit(*byte) else { continue };
        match high.take() {
            None => high = Some(value),
            Some(high) => output.put(&[high_and_low(high, value)])?,
        }
    }
    if let Some(high) = high {
        output.put(&[high_and_low(high, 0)])?;
    }
    Ok(End::Complete)
}

fn high_and_low(high: u8, low: u8) -> u8 {
    high.wrapping_shl(4) | low
}

/// Five letters for four bytes, up to a `~`.
pub(super) fn ascii85(data: &[u8], output: &mut Output<'_>) -> Result<End, End> {
    let mut group: u32 = 0;
    let mut letters: usize = 0;
    // Some begin as other programs mark the coding.
    let data = data.strip_prefix(b"<~").unwrap_or(data);
    for byte in data.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if letters == 0 => output.put(&[0; 4])?,
            b'!'..=b'u' => {
                let value = u32::from(byte.wrapping_sub(b'!'));
                group = group.wrapping_mul(85).wrapping_add(value);
                letters = letters.saturating_add(1);
                if letters == 5 {
                    output.put(&group.to_be_bytes())?;
                    (group, letters) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if 1 < letters {
        for _ in letters..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        output.put(rest(&group.to_be_bytes(), 0, letters.saturating_sub(1)))?;
    }
    Ok(End::Complete)
}

/// Runs of one byte and pieces as they are.
pub(super) fn run_length(data: &[u8], output: &mut Output<'_>) -> Result<End, End> {
    let mut at: usize = 0;
    while let Some(length) = data.get(at) {
        at = at.saturating_add(1);
        match usize::from(*length) {
            128 => return Ok(End::Complete),
            plain @ 0..128 => {
                let piece = rest(data, at, plain.saturating_add(1));
                output.put(piece)?;
                at = at.saturating_add(piece.len());
            }
            run => {
                let Some(byte) = data.get(at) else {
                    return Ok(damaged("run is cut off"));
                };
                let run = 257_usize.saturating_sub(run);
                output.put(rest(&[*byte; 129], 0, run))?;
                at = at.saturating_add(1);
            }
        }
    }
    Ok(End::Complete)
}

/// The code that empties the table.
const CLEAR: usize = 256;
/// The code that ends the data.
const LAST: usize = 257;
/// As many codes as 12 bits tell apart.
const CODES: usize = 4096;

/// LZW as in TIFF. `early` is 1 where the codes grow one code before they must, as usual.
pub(super) fn lzw(data: &[u8], early: usize, output: &mut Output<'_>) -> Result<End, End> {
    // Each code is the text of an earlier one and one byte more.
    let mut table: Vec<(usize, u8, usize)> = (0..=255_u8).map(|byte| (0, byte, 1)).collect();
    table.extend([(0, 0, 0); 2]);
    let mut bits: u32 = 0;
    let mut bit_count: u32 = 0;
    let mut width: u32 = 9;
    let mut last: Option<usize> = None;
    let mut text = Vec::new();
    let mut bytes = data.iter();
    loop {
        while bit_count < width {
            let Some(byte) = bytes.next() else {
                return Ok(End::Complete);
            };
            bits = bits.wrapping_shl(8) | u32::from(*byte);
            bit_count = bit_count.saturating_add(8);
        }
        bit_count = bit_count.saturating_sub(width);
        let mask = 1_u32.wrapping_shl(width).wrapping_sub(1);
        let code = usize::try_from(bits.wrapping_shr(bit_count) & mask).unwrap_or(LAST);
        if code == LAST {
            return Ok(End::Complete);
        }
        if code == CLEAR {
            table.truncate(LAST.saturating_add(1));
            (width, last) = (9, None);
            continue;
        }
        // A code that is made just now is the last text and its own first byte.
        let known = if code < table.len() { Some(code) } else { last };
        let Some(mut at) = known.filter(|_| code <= table.len()) else {
            return Ok(damaged("code before it is made"));
        };
        text.clear();
        while let Some((before, byte, length)) = table.get(at) {
            text.push(*byte);
            if *length <= 1 {
                break;
            }
            at = *before;
        }
        let first = text.last().copied().unwrap_or_default();
        text.reverse();
        if code == table.len() {
            text.push(first);
        }
        output.put(&text)?;
        if let Some(last) = last.filter(|_| table.len() < CODES) {
            let length = table.get(last).map_or(1, |one| one.2);
            table.push((last, first, length.saturating_add(1)));
        }
        last = Some(code);
        width = match table.len().saturating_add(early) {
            0..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
    }
}
