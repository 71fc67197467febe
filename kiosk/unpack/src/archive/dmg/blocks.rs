//! The tables of a disk image of Apple's (`mish`), and the pieces that they lead to.

use wire::Gap;

use crate::archive::codec::copy;
use crate::archive::markup::{Part, Parts};
use crate::budget::Budget;
use crate::bytes::{be_u32, be_u64, has, part, rest, span};
use crate::document::zlib::zlib;
use crate::stream::bzip2::bzip2;
use crate::stream::sink::{Cut, push, zeros};
use crate::stream::xz::xz;
use crate::text::base64;

pub(super) const SECTOR_BYTES: usize = 512;

const TABLE_BYTES: usize = 204;
const PIECE_BYTES: usize = 40;

/// Most pieces of a disk image: one of 128 MiB in pieces of a sector.
pub(crate) const DMG_PIECES_MAX: usize = 1 << 18;

/// The tables of the list: what stands behind the key `Data` in the array behind `blkx`.
pub(super) fn tables(list: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut tables = Vec::new();
    let mut is_declared = false;
    let mut element: &[u8] = b"";
    let mut key: &[u8] = b"";
    let mut array: &[u8] = b"";
    for part in Parts::new(list) {
        match part {
            Part::Begin(name, _) => {
                if name == b"array" {
                    array = key;
                }
                element = name;
            }
            Part::End(name) => {
                if name == b"array" {
                    array = b"";
                }
                element = b"";
            }
            Part::Text(text) if element == b"key" => key = text.trim_ascii(),
            Part::Text(text) if element == b"data" => {
                if array == b"blkx" && key == b"Data" {
                    tables.push(base64::decoded(text));
                }
            }
            Part::Text(_) => {}
            Part::Declaration => is_declared = true,
        }
    }
    (tables, is_declared)
}

/// A stretch of the disk, and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    kind: u32,
    /// In sectors.
    pub(super) begin: u64,
    sectors: u64,
    at: usize,
    bytes: usize,
}

/// Reads the pieces of a table whose data counts from `data_at`. `None` is no whole table.
pub(super) fn pieces(table: &[u8], data_at: u64, pieces: &mut Vec<Piece>) -> Option<()> {
    /// Remarks, and the end.
    const REMARK: u32 = 0x7fff_fffe;
    const END: u32 = 0xffff_ffff;
    if !has(table, 0, b"mish") {
        return None;
    }
    let first = be_u64(table, 8)?;
    let data_at = data_at.checked_add(be_u64(table, 24)?)?;
    let count = span(be_u32(table, 200)?.into());
    let entries = part(table, TABLE_BYTES, count.checked_mul(PIECE_BYTES)?)?;
    let room = DMG_PIECES_MAX.saturating_sub(pieces.len());
    for entry in entries
        .chunks_exact(PIECE_BYTES)
        .take(room.saturating_add(1))
    {
        let kind = be_u32(entry, 0)?;
        if kind == REMARK || kind == END {
            continue;
        }
        pieces.push(Piece {
            kind,
            begin: first.checked_add(be_u64(entry, 8)?)?,
            sectors: be_u64(entry, 16)?,
            at: span(data_at.checked_add(be_u64(entry, 24)?)?),
            bytes: span(be_u64(entry, 32)?),
        });
    }
    Some(())
}

impl Piece {
    /// What lies in the file of it.
    pub(super) fn reach(&self) -> (usize, usize) {
        (self.at, self.at.saturating_add(self.bytes))
    }

    /// Unpacks the piece to the end of `output`.
    pub(super) fn unpack(
        &self,
        content: &[u8],
        output: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Option<Cut> {
        let size = self.size();
        if matches!(self.kind, 0 | 2) {
            return zeros(output.len().saturating_add(size), output, budget);
        }
        let packed = rest(content, self.at, self.bytes);
        if packed.len() < self.bytes {
            return Some((Gap::Damaged, "a disk image is cut off"));
        }
        if let Err(why) = budget.take_input(packed.len().saturating_add(SECTOR_BYTES)) {
            return Some((Gap::Limit, why));
        }
        let begin = output.len();
        let cut = match self.kind {
            1 => push(output, packed, budget)
                .err()
                .map(|why| (Gap::Limit, why)),
            0x8000_0004 => adc(packed, size, output, budget),
            0x8000_0005 => zlib(packed, output, budget).end.cut(),
            0x8000_0006 => bzip2(packed, output, budget).end.cut(),
            0x8000_0008 => xz(packed, output, budget).end.cut(),
            _ => Some((Gap::Unsupported, "packed by a method that is not opened")),
        };
        let fresh = output.len().saturating_sub(begin);
        // A piece that is stored may be filled up with zeros.
        let is_right = fresh == size || self.kind == 1 && fresh < size;
        if cut.is_none() && !is_right {
            output.truncate(begin.saturating_add(size));
            return Some((Gap::Damaged, "a piece of a disk image has another size"));
        }
        cut
    }

    /// How much of the disk it is, in bytes.
    pub(super) fn size(&self) -> usize {
        span(self.sectors).saturating_mul(SECTOR_BYTES)
    }
}

/// Apple Data Compression: literals and copies of two forms.
fn adc(packed: &[u8], size: usize, output: &mut Vec<u8>, budget: &mut Budget) -> Option<Cut> {
    const MALFORMED: Cut = (Gap::Damaged, "compressed data is malformed");
    let mut fresh: Vec<u8> = Vec::new();
    let mut at: usize = 0;
    while fresh.len() < size {
        let Some(first) = packed.get(at) else {
            return Some((Gap::Damaged, "compressed data is cut off"));
        };
        let low = usize::from(first & 0x3f);
        let byte = |index: usize| {
            let byte = packed.get(at.saturating_add(index));
            byte.map_or(0, |byte| usize::from(*byte))
        };
        if first & 0x80 != 0 {
            let bytes = usize::from(first & 0x7f).saturating_add(1);
            fresh.extend_from_slice(rest(packed, at.saturating_add(1), bytes));
            at = at.saturating_add(1).saturating_add(bytes);
            continue;
        }
        let (bytes, distance, used) = if first & 0x40 != 0 {
            let distance = byte(1).saturating_mul(256).saturating_add(byte(2));
            (low.saturating_add(4), distance, 3)
        } else {
            let high = (low & 3).saturating_mul(256);
            (
                (low >> 2).saturating_add(3),
                high.saturating_add(byte(1)),
                2,
            )
        };
        let distance = distance.saturating_add(1);
        if fresh.len() < distance {
            return Some(MALFORMED);
        }
        copy(&mut fresh, distance, bytes, |_| 0);
        at = at.saturating_add(used);
        if output.len().saturating_add(fresh.len()) > budget.room() {
            return Some((Gap::Limit, "larger than a content in memory may be"));
        }
    }
    push(output, &fresh, budget)
        .err()
        .map(|why| (Gap::Limit, why))
}
