//! Programs as records of hexadecimal digits: Intel HEX and Motorola's S-records, in which
//! firmware comes to be burnt. What the records put side by side in memory is a member.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wire::MediumName;

use super::lines::{Line, lines};
use super::mail::hex_byte;
use crate::member::Body;
use crate::walk::{Halt, Walk};

/// Records that are right by their checksum, at least, before a text is taken for such a file: one
/// is chance in a list of words.
const RECORDS_MIN: usize = 2;

/// Digits of the shortest record.
const DIGITS_MIN: usize = 8;

/// Most pieces of memory of one file. Programs have a handful: code, data, fuses.
pub(crate) const MEMORY_PIECES_MAX: usize = 1024;

/// What one record says.
#[derive(Debug, PartialEq, Eq)]
enum Record {
    /// Bytes from an address on; of Intel HEX without the part that other records give.
    Data { at: u32, bytes: Vec<u8> },
    /// What is added to the addresses that follow.
    Base(u32),
    /// An end, a start, a count, a title.
    Other,
}

/// Whether the content holds such records.
pub(crate) fn begins(content: &[u8]) -> bool {
    let right = candidates(content).filter(|line| record(line.text(content)) != Err(Fault));
    right.take(RECORDS_MIN).count() == RECORDS_MIN
}

/// Lines that begin as records do.
fn candidates(content: &[u8]) -> impl Iterator<Item = Line> {
    lines(content, 0).filter(|line| {
        let digits = match line.text(content).trim_ascii() {
            [b':', digits @ ..] | [b'S' | b's', b'0'..=b'9', digits @ ..] => digits,
            _ => return false,
        };
        // The shortest has a length, an address and a checksum.
        DIGITS_MIN <= digits.len() && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

/// It is no record, or its checksum is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Fault;

fn record(text: &[u8]) -> Result<Record, Fault> {
    match text.trim_ascii() {
        [b':', digits @ ..] => intel(&bytes_of(digits)?),
        [b'S' | b's', kind, digits @ ..] => motorola(*kind, &bytes_of(digits)?),
        _ => Err(Fault),
    }
}

fn bytes_of(digits: &[u8]) -> Result<Vec<u8>, Fault> {
    let pairs = digits.chunks(2).map(hex_byte);
    pairs.collect::<Option<Vec<u8>>>().ok_or(Fault)
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Length, address, kind, data and a checksum that makes the sum zero.
fn intel(bytes: &[u8]) -> Result<Record, Fault> {
    let [length, high, low, kind, data @ .., _] = bytes else {
        return Err(Fault);
    };
    if usize::from(*length) != data.len() || sum(bytes) != 0 {
        return Err(Fault);
    }
    let number = || match data {
        [high, low] => Ok(u32::from(u16::from_be_bytes([*high, *low]))),
        _ => Err(Fault),
    };
    match kind {
        0 => Ok(Record::Data {
            at: u32::from(u16::from_be_bytes([*high, *low])),
            bytes: data.to_vec(),
        }),
        2 => Ok(Record::Base(number()?.wrapping_shl(4))),
        4 => Ok(Record::Base(number()?.wrapping_shl(16))),
        1 | 3 | 5 => Ok(Record::Other),
        _ => Err(Fault),
    }
}

/// Length, address, data and the complement of the sum.
fn motorola(kind: u8, bytes: &[u8]) -> Result<Record, Fault> {
    let [length, rest @ .., _] = bytes else {
        return Err(Fault);
    };
    if usize::from(*length) != rest.len().saturating_add(1) || sum(bytes) != u8::MAX {
        return Err(Fault);
    }
    let address_bytes = match kind {
        b'1' => 2,
        b'2' => 3,
        b'3' => 4,
        b'0' | b'5'..=b'9' => return Ok(Record::Other),
        _ => return Err(Fault),
    };
    let (address, data) = rest.split_at_checked(address_bytes).ok_or(Fault)?;
    let add = |sum: u32, byte: &u8| sum.wrapping_shl(8) | u32::from(*byte);
    Ok(Record::Data {
        at: address.iter().fold(0, add),
        bytes: data.to_vec(),
    })
}

/// Memory as the records fill it: pieces by their first address.
#[derive(Default)]
struct Memory {
    pieces: BTreeMap<u64, Vec<u8>>,
    /// Where the piece that was written last begins: records mostly follow each other.
    last: Option<u64>,
    is_doubled: bool,
}

impl Memory {
    fn put(&mut self, at: u64, bytes: &[u8]) {
        if let Some(begin) = self.last
            && let Some(piece) = self.pieces.get_mut(&begin)
            && begin.saturating_add(crate::bytes::length(piece.len())) == at
        {
            piece.extend_from_slice(bytes);
            return;
        }
        self.is_doubled |= self.pieces.contains_key(&at);
        self.pieces.insert(at, bytes.to_vec());
        self.last = Some(at);
    }

    /// Pieces that touch each other are one.
    fn joined(self) -> (BTreeMap<u64, Vec<u8>>, bool) {
        let mut joined: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut is_doubled = self.is_doubled;
        for (at, bytes) in self.pieces {
            let last = joined.last_entry();
            let end = last.as_ref().map(|last| {
                last.key()
                    .saturating_add(crate::bytes::length(last.get().len()))
            });
            is_doubled |= end.is_some_and(|end| at < end);
            match last.filter(|_| end == Some(at)) {
                Some(mut last) => last.get_mut().extend_from_slice(&bytes),
                None => drop(joined.insert(at, bytes)),
            }
        }
        (joined, is_doubled)
    }
}

/// Hands out every piece of memory.
pub(crate) fn open(content: &[u8], walk: &mut Walk<'_>) -> Result<(), Halt> {
    walk.take_input(content.len())?;
    // Two digits stand for a byte, and pieces are joined by copying.
    if walk.budget.room() < content.len() {
        walk.limit("more records than can be held");
        return Ok(());
    }
    let mut memory = Memory::default();
    let mut base: u32 = 0;
    for line in candidates(content) {
        match record(line.text(content)) {
            Ok(Record::Data { at, bytes }) => {
                memory.put(u64::from(base.wrapping_add(at)), &bytes);
            }
            Ok(Record::Base(new)) => base = new,
            Ok(Record::Other) => {}
            // Programmers refuse the file or leave the line out.
            Err(Fault) => walk.damaged("a record of hexadecimal digits is malformed"),
        }
    }
    let (pieces, is_doubled) = memory.joined();
    if is_doubled {
        walk.contradiction("records_overlap", "two records give the same address");
    }
    for (number, (at, bytes)) in pieces.into_iter().enumerate() {
        if MEMORY_PIECES_MAX <= number {
            walk.limit("more pieces of memory than are looked at");
            break;
        }
        walk.admit()?;
        let name = format!("(memory from {at:#x})");
        let body = match walk.budget.take_output(bytes.len()) {
            Ok(()) => Body::Content(Cow::Owned(bytes)),
            Err(why) => Body::Unchecked {
                gap: wire::Gap::Limit,
                size_bytes: crate::bytes::length(bytes.len()),
                why,
            },
        };
        walk.hand_out(MediumName::cut(name.as_bytes()).0, Vec::new(), body)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]
mod tests {
    use super::*;
    use crate::testing::{kinds, opened};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    fn intel_line(at: u16, kind: u8, data: &[u8]) -> String {
        let mut bytes = vec![u8::try_from(data.len()).unwrap()];
        bytes.extend_from_slice(&at.to_be_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(data);
        bytes.push(0_u8.wrapping_sub(sum(&bytes)));
        format!(":{}\r\n", hex(&bytes))
    }

    fn motorola_line(at: u32, data: &[u8]) -> String {
        let mut bytes = vec![u8::try_from(data.len() + 5).unwrap()];
        bytes.extend_from_slice(&at.to_be_bytes());
        bytes.extend_from_slice(data);
        bytes.push(!sum(&bytes));
        format!("S3{}\n", hex(&bytes))
    }

    #[test]
    fn what_records_put_side_by_side_is_a_member() {
        let program: Vec<u8> = (0..=255).cycle().take(0x120).collect();
        let mut lines: Vec<String> = (0_u16..)
            .zip(program.chunks(16))
            .map(|(number, piece)| intel_line(number * 16, 0, piece))
            .collect();
        // Their order says nothing.
        lines.reverse();
        let end = intel_line(0, 1, &[]);
        let high = intel_line(0, 4, &[0x08, 0]) + &intel_line(0x10, 0, b"alpha");
        let text = format!("; for the burner\n{}{high}{end}", lines.concat());
        let found = opened(text.as_bytes());
        assert_eq!(found.contents("(memory from 0x0)"), [program]);
        assert_eq!(found.contents("(memory from 0x8000010)"), [b"alpha"]);
        assert!(!found.is_suspect());
        let text = motorola_line(0x1000, b"be") + &motorola_line(0x1002, b"ta");
        assert_eq!(
            opened(text.as_bytes()).contents("(memory from 0x1000)"),
            [b"beta"]
        );
    }

    #[test]
    fn records_that_are_wrong_or_double_are_told() {
        let good = intel_line(0, 0, b"alpha") + &intel_line(5, 0, b"beta");
        let bad = good.clone() + ":0500000061\n";
        assert_eq!(opened(bad.as_bytes()).gap, Some(wire::Gap::Damaged));
        let double = good.clone() + &intel_line(3, 0, b"x");
        assert!(opened(double.as_bytes()).has_rule("records_overlap"));
        let single = intel_line(0, 0, b"alpha") + ":one\nS1 is a name\n:face\n";
        assert_eq!(kinds(single.as_bytes()), [""; 0]);
    }

    #[test]
    fn more_pieces_of_memory_than_are_looked_at_are_told() {
        let many = |count: usize| -> String {
            (0..u32::try_from(count).unwrap())
                .map(|number| motorola_line(number * 16, b"x"))
                .collect()
        };
        let found = opened(many(MEMORY_PIECES_MAX).as_bytes());
        assert_eq!((found.members.len(), found.gap), (MEMORY_PIECES_MAX, None));
        let found = opened(many(MEMORY_PIECES_MAX + 1).as_bytes());
        assert_eq!(found.gap, Some(wire::Gap::Limit));
    }
}
