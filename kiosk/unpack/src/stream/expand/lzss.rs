//! Literals and copies, eight of them behind a byte that tells which is which.

use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{has, part};
use crate::stream::sink::{End, STEP_BYTES, Unpacked, push};

const WINDOW_BYTES: usize = 4096;

/// Where in the ring the first byte goes.
pub(super) const BEGIN_OF_SETUP: usize = WINDOW_BYTES - 16;
pub(super) const BEGIN_OF_BASIC: usize = WINDOW_BYTES - 18;

/// Unpacks `packed` to the end of `output`: `size` bytes, or to the end of the input.
pub(super) fn lzss(
    packed: &[u8],
    begin: usize,
    size: Option<usize>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Unpacked {
    let mut ring = Ring {
        bytes: [b' '; WINDOW_BYTES],
        at: begin,
        fresh: Vec::new(),
    };
    let mut done: usize = 0;
    let mut at = 0;
    let mut result = None;
    while result.is_none() {
        result = items(
            packed,
            &mut at,
            &mut ring,
            size.map(|size| size.saturating_sub(done)),
        );
        if STEP_BYTES <= ring.fresh.len() || result.is_some() {
            if let Err(why) = push(output, &ring.fresh, budget) {
                return Unpacked::cut(at, Gap::Limit, why);
            }
            done = done.saturating_add(ring.fresh.len());
            ring.fresh.clear();
        }
    }
    let end = match size {
        Some(size) if done < size => End::Cut(Gap::Damaged, "compressed data is cut off"),
        _ => result.unwrap_or(End::Complete),
    };
    Unpacked { consumed: at, end }.paid(budget)
}

/// Up to eight literals and copies; how it ended when that was the end.
fn items(packed: &[u8], at: &mut usize, ring: &mut Ring, left: Option<usize>) -> Option<End> {
    let is_full = |ring: &Ring| left.is_some_and(|left| left <= ring.fresh.len());
    if is_full(ring) {
        return Some(End::Complete);
    }
    let Some(kinds) = packed.get(*at) else {
        return Some(End::Complete);
    };
    *at = at.saturating_add(1);
    for place in 0..8_u32 {
        if is_full(ring) {
            return Some(End::Complete);
        }
        if kinds.wrapping_shr(place) & 1 == 1 {
            let Some(byte) = packed.get(*at) else {
                return Some(End::Complete);
            };
            *at = at.saturating_add(1);
            ring.put(*byte);
            continue;
        }
        let Some(&[low, high]) = part(packed, *at, 2) else {
            let is_half = *at < packed.len() && !has(packed, *at, &[0]);
            *at = packed.len();
            return Some(match is_half {
                true => End::Cut(Gap::Damaged, "compressed data is cut off"),
                false => End::Complete,
            });
        };
        *at = at.saturating_add(2);
        let from = usize::from(low) | usize::from(high & 0xf0) << 4;
        for step in 0..usize::from(high & 0xf).saturating_add(3) {
            if is_full(ring) {
                break;
            }
            ring.put(ring.byte(from.wrapping_add(step)));
        }
    }
    None
}

struct Ring {
    bytes: [u8; WINDOW_BYTES],
    at: usize,
    fresh: Vec<u8>,
}

impl Ring {
    fn byte(&self, at: usize) -> u8 {
        self.bytes
            .get(at % WINDOW_BYTES)
            .copied()
            .unwrap_or_default()
    }

    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.at % WINDOW_BYTES) {
            *place = byte;
        }
        self.at = self.at.wrapping_add(1) % WINDOW_BYTES;
        self.fresh.push(byte);
    }
}
