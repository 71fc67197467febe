//! Compressors for the methods of the first zip programs, which no tool of today writes.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use std::collections::HashMap;

/// Bits, least significant first.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    count: u32,
}

impl Bits {
    pub(super) fn put(&mut self, number: usize, count: u32) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let byte = self.bytes.last_mut().unwrap();
            *byte |= u8::from(number >> bit & 1 == 1) << (self.count % 8);
            self.count += 1;
        }
    }
}

/// The table of shrink as both sides have it.
struct Table {
    entries: Vec<Option<(usize, u8)>>,
    newest: usize,
}

impl Table {
    fn free(&self) -> usize {
        let mut free = self.newest + 1;
        while self.entries.get(free).is_some_and(Option::is_some) {
            free += 1;
        }
        free
    }

    fn children(&self) -> HashMap<(usize, u8), usize> {
        let known = self.entries.iter().enumerate();
        known
            .filter_map(|(code, entry)| Some(((*entry)?, code)))
            .collect()
    }
}

/// Shrink. The table is thinned out whenever it is full.
pub(super) fn shrunk(content: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut width = 9;
    let mut table = Table {
        entries: vec![None; 8192],
        newest: 256,
    };
    let mut children = table.children();
    let mut previous: Option<(usize, &[u8])> = None;
    let mut at = 0;
    while at < content.len() {
        let mut code = usize::from(content[at]);
        let mut end = at + 1;
        while end < content.len()
            && let Some(next) = children.get(&(code, content[end]))
        {
            code = *next;
            end += 1;
        }
        // A string that gets its code only by being used: the one before and its first byte.
        if let Some((_, before)) = previous {
            let own = [before, &before[..1]].concat();
            if content[at..].starts_with(&own) && end - at < own.len() && table.free() < 8192 {
                code = table.free();
                end = at + own.len();
            }
        }
        while 1 << width <= code {
            bits.put(256, width);
            bits.put(1, width);
            width += 1;
        }
        bits.put(code, width);
        if let Some((before, _)) = previous {
            let free = table.free();
            if free < 8192 {
                table.entries[free] = Some((before, content[at]));
                children.insert((before, content[at]), free);
            }
            table.newest = free.min(8192);
        }
        previous = Some((code, &content[at..end]));
        at = end;
        if table.newest == 8192 {
            bits.put(256, width);
            bits.put(2, width);
            let used: Vec<usize> = table.entries.iter().flatten().map(|own| own.0).collect();
            for code in 257..8192 {
                if !used.contains(&code) {
                    table.entries[code] = None;
                }
            }
            table.newest = 256;
            children = table.children();
        }
    }
    bits.bytes
}

/// The longest earlier place of what stands at `at`: how far back, and how long.
fn repetition(content: &[u8], at: usize, farthest: usize, longest: usize) -> (usize, usize) {
    let mut best = (0, 0);
    for from in at.saturating_sub(farthest)..at {
        let pairs = content[from..].iter().zip(&content[at..]);
        let same = pairs.take(longest).take_while(|(a, b)| a == b).count();
        if best.1 < same {
            best = (at - from, same);
        }
    }
    best
}

/// Lengths of 64 or 256 codes that fill the space of codes.
fn code_lengths(values: usize) -> Vec<u32> {
    match values {
        64 => [vec![8; 24], vec![2; 2], vec![7; 36], vec![4; 2]].concat(),
        _ => [
            vec![9; 100],
            vec![7; 16],
            vec![8; 88],
            vec![5; 8],
            vec![9; 44],
        ]
        .concat(),
    }
}

/// The codes as the document of the format makes them: from the longest on, upwards, and with
/// their bits in the other order.
fn codes(lengths: &[u32]) -> Vec<(usize, u32)> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|value| lengths[*value]);
    let mut codes = vec![(0, 0); lengths.len()];
    let (mut code, mut step, mut last) = (0_u32, 0_u32, 0);
    for value in order.into_iter().rev() {
        code += step;
        if lengths[value] != last {
            last = lengths[value];
            step = 1 << (16 - last);
        }
        let reversed = u16::try_from(code).unwrap().reverse_bits();
        codes[value] = (usize::from(reversed), lengths[value]);
    }
    codes
}

fn put_lengths(bits: &mut Bits, lengths: &[u32]) {
    let mut runs: Vec<(u32, usize)> = Vec::new();
    for length in lengths {
        match runs.last_mut() {
            Some((own, count)) if own == length && *count < 16 => *count += 1,
            _ => runs.push((*length, 1)),
        }
    }
    bits.put(runs.len() - 1, 8);
    for (length, count) in runs {
        bits.put((count - 1) << 4 | usize::try_from(length - 1).unwrap(), 8);
    }
}

/// Implode, with these general purpose flags.
pub(super) fn imploded(content: &[u8], flags: u16) -> Vec<u8> {
    let mut bits = Bits::default();
    let are_coded = flags & 4 != 0;
    let low_bits = if flags & 2 != 0 { 7 } else { 6 };
    let least = if are_coded { 3 } else { 2 };
    let (bytes, others) = (code_lengths(256), code_lengths(64));
    if are_coded {
        put_lengths(&mut bits, &bytes);
    }
    put_lengths(&mut bits, &others);
    put_lengths(&mut bits, &others);
    let (bytes, others) = (codes(&bytes), codes(&others));
    let mut at = 0;
    while at < content.len() {
        let (distance, length) = repetition(content, at, 64 << low_bits, 63 + 255 + least);
        if length < least {
            bits.put(1, 1);
            let byte = usize::from(content[at]);
            let (code, count) = if are_coded { bytes[byte] } else { (byte, 8) };
            bits.put(code, count);
            at += 1;
            continue;
        }
        bits.put(0, 1);
        bits.put((distance - 1) & ((1 << low_bits) - 1), low_bits);
        let (code, count) = others[(distance - 1) >> low_bits];
        bits.put(code, count);
        let (code, count) = others[(length - least).min(63)];
        bits.put(code, count);
        if 63 <= length - least {
            bits.put(length - least - 63, 8);
        }
        at += length;
    }
    bits.bytes
}

/// Reduce, with a factor of 1 to 4.
pub(super) fn reduced(content: &[u8], factor: u32) -> Vec<u8> {
    let most = (1 << (8 - factor)) - 1;
    let mut plain = Vec::new();
    let mut at = 0;
    while at < content.len() {
        let (distance, length) = repetition(content, at, 256 << factor, most + 255 + 3);
        if 3 < length {
            let count = length - 3;
            let head = (distance - 1) >> 8 << (8 - factor) | count.min(most);
            if head != 0 {
                plain.extend([144, u8::try_from(head).unwrap()]);
                if most <= count {
                    plain.push(u8::try_from(count - most).unwrap());
                }
                plain.push(u8::try_from((distance - 1) & 255).unwrap());
                at += length;
                continue;
            }
        }
        plain.push(content[at]);
        if content[at] == 144 {
            plain.push(0);
        }
        at += 1;
    }
    // Who follows whom, at most 32.
    let mut followers = vec![Vec::new(); 256];
    for (before, byte) in [0].iter().chain(&plain).zip(&plain) {
        let list: &mut Vec<u8> = &mut followers[usize::from(*before)];
        if !list.contains(byte) && list.len() < 32 {
            list.push(*byte);
        }
    }
    let mut bits = Bits::default();
    for list in followers.iter().rev() {
        bits.put(list.len(), 6);
        for byte in list {
            bits.put(usize::from(*byte), 8);
        }
    }
    for (before, byte) in [0].iter().chain(&plain).zip(&plain) {
        let list = &followers[usize::from(*before)];
        let place = list.iter().position(|own| own == byte);
        match place {
            Some(place) => {
                let width = match list.len() {
                    0..=2 => 1,
                    3..=4 => 2,
                    5..=8 => 3,
                    9..=16 => 4,
                    _ => 5,
                };
                bits.put(0, 1);
                bits.put(place, width);
            }
            None => {
                if !list.is_empty() {
                    bits.put(1, 1);
                }
                bits.put(usize::from(*byte), 8);
            }
        }
    }
    bits.bytes
}
