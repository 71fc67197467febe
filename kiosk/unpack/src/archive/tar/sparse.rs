//! Sparse files of GNU tar: a map of pieces, and the pieces one behind the other. Source: the manual
//! of GNU tar, "Storing Sparse Files", for the old kind and for 0.0, 0.1 and 1.0 of pax.

use std::borrow::Cow;
use std::rc::Rc;

use wire::Gap;

use super::header::{Header, number};
use super::pax::{Overrides, decimal};
use super::{BLOCK_BYTES, Type};
use crate::budget::Budget;
use crate::bytes::{length, part, rest, span};
use crate::member::Body;
use crate::stream::sink::{Cut, push, zeros};

/// Most pieces of one file that are put together: of one block each they are 64 MiB.
pub(crate) const SPARSE_PIECES_MAX: usize = 1 << 17;

/// What pax headers say of a sparse file.
#[derive(Clone, Debug, Default)]
pub(super) struct Said<'a> {
    /// How large it is with its holes.
    size_bytes: Option<u64>,
    /// The map of 0.1: numbers with commas between them.
    map: Option<&'a [u8]>,
    /// The numbers of 0.0, a record each.
    numbers: Rc<Vec<u64>>,
    /// Whether the map stands before the data.
    is_inside: bool,
}

impl<'a> Said<'a> {
    /// Takes a record of a sparse file. What is told by the key alone, as `SCHILY.realsize`, and keys
    /// that are not known say nothing more.
    pub(super) fn take(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.size_bytes = decimal(value),
            b"GNU.sparse.map" => self.map = Some(value),
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes"
                if self.numbers.len() <= SPARSE_PIECES_MAX.saturating_mul(2) =>
            {
                Rc::make_mut(&mut self.numbers).extend(decimal(value));
            }
            b"GNU.sparse.major" => self.is_inside = value == b"1",
            _ => {}
        }
    }
}

/// A file with its holes.
struct Map {
    size_bytes: u64,
    /// Where each piece belongs and how long it is.
    pieces: Vec<(u64, u64)>,
    /// How much of the data is the map itself.
    used: usize,
}

/// The content of a sparse file whose data, and in version 1.0 whose map, is `data`.
pub(super) fn body(
    header: &Header<'_>,
    more: &[u8],
    overrides: &Overrides<'_>,
    data: &[u8],
    budget: &mut Budget,
) -> Body<'static> {
    let map = match &overrides.sparse {
        _ if header.kind == Type::Sparse => old(header, more),
        Some(said) if said.is_inside => inside(said, data),
        Some(said) => listed(said),
        None => None,
    };
    let Some(map) = map else {
        return Body::Unchecked {
            gap: Gap::Unsupported,
            size_bytes: length(data.len()),
            why: "sparse file whose map is not known",
        };
    };
    if SPARSE_PIECES_MAX < map.pieces.len() {
        return Body::Unchecked {
            gap: Gap::Limit,
            size_bytes: map.size_bytes,
            why: "sparse file of too many pieces",
        };
    }
    // A map costs time where nothing comes out.
    if let Err(why) = budget.take_input(map.pieces.len().saturating_mul(16)) {
        return Body::Unchecked {
            gap: Gap::Limit,
            size_bytes: map.size_bytes,
            why,
        };
    }
    let mut output = Vec::new();
    let cut = assemble(&map, rest(data, map.used, usize::MAX), &mut output, budget);
    Body::of(Cow::Owned(output), cut)
}

/// Puts the pieces where they belong; tells why that is not all.
fn assemble(map: &Map, data: &[u8], output: &mut Vec<u8>, budget: &mut Budget) -> Option<Cut> {
    let mut at: usize = 0;
    for (begin, bytes) in &map.pieces {
        let begin = span(*begin);
        if begin < output.len() && *bytes != 0 {
            return Some((Gap::Damaged, "pieces of a sparse file overlap"));
        }
        if let Some(cut) = zeros(begin, output, budget) {
            return Some(cut);
        }
        let piece = rest(data, at, span(*bytes));
        if let Err(why) = push(output, piece, budget) {
            return Some((Gap::Limit, why));
        }
        if length(piece.len()) < *bytes {
            return Some((Gap::Damaged, "content is cut off"));
        }
        at = at.saturating_add(piece.len());
    }
    if map.size_bytes < length(output.len()) || at < data.len() {
        return Some((Gap::Damaged, "sparse file has another size than its pieces"));
    }
    zeros(span(map.size_bytes), output, budget)
}

/// The old kind: in the header, and in the blocks behind it.
fn old(header: &Header<'_>, more: &[u8]) -> Option<Map> {
    const IN_HEADER: usize = 386;
    const SIZE_AT: usize = 483;
    const PIECE_BYTES: usize = 24;
    let mut entries = header
        .field(IN_HEADER, PIECE_BYTES.checked_mul(4)?)?
        .to_vec();
    for block in more.chunks(BLOCK_BYTES) {
        entries.extend_from_slice(rest(block, 0, PIECE_BYTES.checked_mul(21)?));
    }
    let mut pieces = Vec::new();
    for entry in entries.chunks_exact(PIECE_BYTES) {
        // A piece that is not used has no digits.
        if entry.first() == Some(&0) {
            continue;
        }
        pieces.push((number(part(entry, 0, 12)?)?, number(part(entry, 12, 12)?)?));
    }
    Some(Map {
        size_bytes: number(header.field(SIZE_AT, 12)?)?,
        pieces,
        used: 0,
    })
}

/// The kinds 0.0 and 0.1 of pax.
fn listed(said: &Said<'_>) -> Option<Map> {
    let numbers = match said.map {
        Some(map) => {
            let numbers = map.split(|byte| *byte == b',').map(decimal);
            let most = SPARSE_PIECES_MAX.saturating_add(1).saturating_mul(2);
            Rc::new(numbers.take(most).collect::<Option<Vec<_>>>()?)
        }
        None => Rc::clone(&said.numbers),
    };
    let is_map = !numbers.is_empty() && numbers.len().is_multiple_of(2);
    let size_bytes = said.size_bytes.filter(|_| is_map)?;
    Some(Map {
        size_bytes,
        pieces: pairs(&numbers),
        used: 0,
    })
}

/// The kind 1.0 of pax: a number of pieces and two numbers for each, a line each, in whole blocks.
fn inside(said: &Said<'_>, data: &[u8]) -> Option<Map> {
    let mut at: usize = 0;
    let mut line = || {
        let tail = rest(data, at, 24);
        let digits = tail.iter().position(|byte| *byte == b'\n')?;
        at = at.checked_add(digits)?.checked_add(1)?;
        decimal(tail.get(..digits)?)
    };
    let count = span(line()?).min(SPARSE_PIECES_MAX.saturating_add(1));
    let mut numbers = Vec::new();
    for _ in 0..count.saturating_mul(2) {
        numbers.push(line()?);
    }
    Some(Map {
        size_bytes: said.size_bytes?,
        pieces: pairs(&numbers),
        used: at.next_multiple_of(BLOCK_BYTES),
    })
}

fn pairs(numbers: &[u64]) -> Vec<(u64, u64)> {
    let pairs = numbers.chunks_exact(2);
    pairs
        .filter_map(|two| Some((*two.first()?, *two.last()?)))
        .collect()
}
