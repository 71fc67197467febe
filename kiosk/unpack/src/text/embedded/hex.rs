//! Programs in hexadecimal, as scripts carry them: `4D5A…`, `\x4d\x5a…`, `0x4D, 0x5A, …`,
//! `&H4D, &H5A, …`.

use super::super::lines::starts;
use super::super::mail::hex_byte;
use crate::budget::Budget;
use crate::bytes::rest;
use crate::stream::sink::push;

/// Shortest program, in bytes: what is shorter is an example or a signature.
pub(crate) const PROGRAM_BYTES_MIN: usize = 512;

/// Most bytes between two numbers.
pub(crate) const GAP_BYTES_MAX: usize = 16;

/// How much is decoded between two looks at the budget, in bytes.
const STEP_BYTES: usize = 64 * 1024;

/// Whether the digits of a program begin at `at`. `short_until` is how far an earlier run goes
/// that was too short: what lies in it is shorter.
pub(crate) fn is_program(content: &[u8], at: usize, short_until: &mut usize) -> bool {
    starts_program(content, at, short_until).is_some()
}

fn starts_program(content: &[u8], at: usize, short_until: &mut usize) -> Option<()> {
    if at < *short_until || !starts(rest(content, at, 2), b"4d") {
        return None;
    }
    let before = at.checked_sub(1).and_then(|before| content.get(before));
    if before.is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    let (second, next) = pair(content, at.checked_add(2)?)?;
    if second != 0x5a {
        return None;
    }
    // `4D5A 4D5B` is a table of numbers of two bytes.
    let is_joined = next == at.checked_add(4)?;
    let more = rest(content, next, 4);
    if is_joined && !(more.len() == 4 && more.iter().all(u8::is_ascii_hexdigit)) {
        return None;
    }
    let mut counted: usize = 2;
    let mut last = next;
    while let Some((_, next)) = pair(content, last) {
        counted = counted.saturating_add(1);
        last = next;
        if PROGRAM_BYTES_MIN <= counted {
            return Some(());
        }
    }
    *short_until = last;
    None
}

/// The next number at `at` or a little behind it, and where it ends.
fn pair(content: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = content.get(at..at.saturating_add(GAP_BYTES_MAX).min(content.len()))?;
    let gap = rest
        .iter()
        .take_while(|byte| b" \t\r\n,;\"'+&_\\()-:".contains(byte))
        .count();
    let number = rest.get(gap..)?;
    let prefix = match number {
        [b'0', b'x' | b'X', ..] => 2,
        [b'x' | b'X' | b'H' | b'h', ..] => 1,
        _ => 0,
    };
    let begin = at.checked_add(gap)?.checked_add(prefix)?;
    let end = begin.checked_add(2)?;
    Some((hex_byte(content.get(begin..end)?)?, end))
}

/// Decodes the digits at `begin`, and tells where they end.
pub(crate) fn decode(
    content: &[u8],
    begin: usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> (usize, Result<(), &'static str>) {
    let mut at = begin;
    let mut step = Vec::new();
    while let Some((byte, next)) = pair(content, at) {
        step.push(byte);
        at = next;
        if STEP_BYTES <= step.len() {
            if let Err(why) = push(output, &step, budget) {
                return (at, Err(why));
            }
            step.clear();
        }
    }
    (at, push(output, &step, budget))
}
