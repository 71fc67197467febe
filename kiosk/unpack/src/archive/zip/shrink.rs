//! Shrink, the method of the first PKZIP (APPNOTE 5.1): LZW whose table is thinned out, not
//! emptied, when it is full.

use std::io;

use super::old::{Bits, Old, Window, low_byte};
use crate::bytes::span;
use crate::stream::chain::{Meter, Source};

/// Codes have 9 to 13 bits.
const SHORTEST_CODE_BITS: u32 = 9;
const LONGEST_CODE_BITS: u32 = 13;
const CODES: usize = 1 << LONGEST_CODE_BITS;

/// Not a string: what follows is an order.
const ORDER: usize = 256;

/// What looking through the whole table costs, in bytes of input: the codes that ask for it
/// are a few bytes.
const THIN_BYTES: usize = 4096;

/// A string: another one and a byte. The table has `None` where a code means nothing.
#[derive(Clone, Copy)]
struct Entry {
    prefix: usize,
    last: u8,
}

pub(super) struct Shrink<'a> {
    bits: Bits<'a>,
    meter: Meter,
    code_bits: u32,
    entries: Vec<Option<Entry>>,
    /// The last code that was given a meaning.
    newest: usize,
    /// The code before, and the byte with which its string begins.
    previous: Option<(usize, u8)>,
    string: Vec<u8>,
}

impl<'a> Shrink<'a> {
    pub(super) fn new(source: Source<'a>, meter: &Meter) -> Self {
        Self {
            bits: Bits::new(source),
            meter: meter.clone(),
            code_bits: SHORTEST_CODE_BITS,
            entries: vec![None; CODES],
            newest: ORDER,
            previous: None,
            string: Vec::new(),
        }
    }

    fn code(&mut self) -> io::Result<usize> {
        self.bits
            .take(self.code_bits)
            .map(|code| span(u64::from(code)))
    }

    fn obey(&mut self) -> io::Result<()> {
        match self.code()? {
            1 if self.code_bits < LONGEST_CODE_BITS => {
                self.code_bits = self.code_bits.saturating_add(1);
                Ok(())
            }
            2 => {
                self.thin();
                Ok(())
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Forgets every string that no other one begins with.
    fn thin(&mut self) {
        self.meter.count(THIN_BYTES);
        let mut is_prefix = [false; CODES];
        for entry in self.entries.iter().flatten() {
            if let Some(place) = is_prefix.get_mut(entry.prefix) {
                *place = true;
            }
        }
        for (entry, is_prefix) in self.entries.iter_mut().zip(is_prefix) {
            if !is_prefix {
                *entry = None;
            }
        }
        self.newest = ORDER;
    }

    /// Spells the string of `code`, last byte first. What has no meaning yet or no more is the
    /// string before and its own first byte.
    fn spell(&mut self, code: usize) -> io::Result<()> {
        self.string.clear();
        let mut code = code;
        // A string may come to begin with itself when its beginning was forgotten.
        while ORDER <= code {
            if CODES < self.string.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let entry = self.entries.get(code).copied().flatten();
            let (prefix, last) = match (entry, self.previous) {
                (Some(entry), _) => (entry.prefix, entry.last),
                (None, Some((previous, first))) => (previous, first),
                (None, None) => return Err(io::ErrorKind::InvalidData.into()),
            };
            self.string.push(last);
            code = prefix;
        }
        self.string
            .push(low_byte(u32::try_from(code).unwrap_or_default()));
        Ok(())
    }

    /// The string before with the first byte of this one gets the next code that is free.
    fn learn(&mut self, prefix: usize, last: u8) {
        let from = self.newest.saturating_add(1);
        let free = self
            .entries
            .iter()
            .skip(from)
            .position(Option::is_none)
            .map_or(CODES, |at| from.saturating_add(at));
        if let Some(entry) = self.entries.get_mut(free) {
            *entry = Some(Entry { prefix, last });
        }
        self.newest = free.min(CODES);
    }
}

impl Old for Shrink<'_> {
    fn step(&mut self, window: &mut Window) -> io::Result<()> {
        let code = self.code()?;
        if code == ORDER {
            return self.obey();
        }
        self.spell(code)?;
        let first = self.string.last().copied().unwrap_or_default();
        for byte in self.string.iter().rev() {
            window.put(*byte);
        }
        if let Some((previous, _)) = self.previous {
            self.learn(previous, first);
        }
        self.previous = Some((code, first));
        Ok(())
    }
}
