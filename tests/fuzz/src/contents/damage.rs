//! What is done to a content.

use crate::campaign::Chance;
use crate::medium::{narrow, wide};

/// Most single changes of one case.
const CHANGES: u64 = 4;

/// Longest piece that is taken out or put in elsewhere, in bytes.
const PIECE_BYTES: u64 = 64;

/// Damages `content` as case `seed` says: what comes of it, and what was done.
pub(super) fn damaged(content: &[u8], seed: u64) -> (Vec<u8>, String) {
    let mut chance = Chance::new(seed);
    let mut out = content.to_vec();
    let mut words = Vec::new();
    if chance.below(4) == 0 {
        let length = narrow(chance.below(wide(out.len()))).max(1);
        out.truncate(length);
        return (out, format!("cut to {length} of {} bytes", content.len()));
    }
    for _ in 0..=chance.below(CHANGES) {
        let at = narrow(chance.below(wide(out.len())));
        words.push(match chance.below(6) {
            0 => drained(&mut out, at, &mut chance),
            1 => spliced(&mut out, at, &mut chance),
            2 => filled(&mut out, at, &mut chance),
            _ => changed(&mut out, at, &mut chance),
        });
        if out.is_empty() {
            out.push(0);
        }
    }
    (out, words.join("; "))
}

fn drained(out: &mut Vec<u8>, at: usize, chance: &mut Chance) -> String {
    let length = narrow(chance.below(PIECE_BYTES).saturating_add(1));
    let end = at.saturating_add(length).min(out.len());
    out.drain(at..end);
    format!("{at}..{end} taken out")
}

fn spliced(out: &mut Vec<u8>, at: usize, chance: &mut Chance) -> String {
    let from = narrow(chance.below(wide(out.len())));
    let length = narrow(chance.below(PIECE_BYTES).saturating_add(1));
    let piece: Vec<u8> = out.iter().skip(from).take(length).copied().collect();
    let words = format!("{} bytes of {from} put in at {at}", piece.len());
    out.splice(at..at, piece);
    words
}

fn filled(out: &mut [u8], at: usize, chance: &mut Chance) -> String {
    let value = chance.of(&[0x00_u8, 0xFF, 0x80]).copied().unwrap_or(0);
    let width = chance.of(&[2_usize, 4, 8]).copied().unwrap_or(2);
    out.iter_mut()
        .skip(at)
        .take(width)
        .for_each(|byte| *byte = value);
    format!("{width} bytes at {at} are {value:02x}")
}

fn changed(out: &mut [u8], at: usize, chance: &mut Chance) -> String {
    let bit = 1_u8.rotate_left(u32::from(chance.byte() & 7));
    let (how, any) = (chance.below(4), chance.byte());
    let Some(byte) = out.get_mut(at) else {
        return String::new();
    };
    let before = *byte;
    *byte = match how {
        0 => before ^ bit,
        1 => any,
        2 => before.wrapping_add(1),
        _ => before.wrapping_sub(1),
    };
    format!("{at}: {before:02x}->{byte:02x}")
}
