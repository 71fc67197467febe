//! Resources of an image of Windows: stretches of the file, compressed in chunks or not.

use wire::Gap;

use crate::archive::codec::lzx::Lzx;
use crate::archive::codec::{Fault, xpress};
use crate::budget::Budget;
use crate::bytes::{part, rest, span, u32_at, u64_at};
use crate::stream::sink::{Cut, push};

/// Largest chunk, in bytes. LZX goes no farther, and Xpress not even to it.
pub(crate) const WIM_CHUNK_BYTES_MAX: usize = 2 << 20;

const IS_PACKED: u8 = 4;
const IS_SPANNED: u8 = 8;
const IS_SOLID: u8 = 16;

/// How the chunks of an image are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Xpress,
    Lzx(u32),
    /// By something that is not opened.
    Other,
}

/// A resource as its header gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource {
    pub(super) at: usize,
    /// In the file.
    pub(super) bytes: usize,
    /// When it is unpacked.
    pub(super) size_bytes: u64,
    pub(super) is_description: bool,
    pub(super) is_packed: bool,
    pub(super) is_solid: bool,
    pub(super) is_spanned: bool,
}

impl Resource {
    pub(super) fn read(header: &[u8], at: usize) -> Option<Self> {
        let first = u64_at(header, at)?;
        let flags = *header.get(at.checked_add(7)?)?;
        Some(Self {
            bytes: span(first & 0x00ff_ffff_ffff_ffff),
            at: span(u64_at(header, at.checked_add(8)?)?),
            size_bytes: u64_at(header, at.checked_add(16)?)?,
            is_description: flags & 2 != 0,
            is_packed: flags & IS_PACKED != 0,
            is_solid: flags & IS_SOLID != 0,
            is_spanned: flags & IS_SPANNED != 0,
        })
    }

    /// Where it ends in the file.
    pub(super) fn end(&self) -> usize {
        self.at.saturating_add(self.bytes)
    }
}

/// What a resource unpacks to, and why that is not all.
pub(super) fn unpack(
    content: &[u8],
    resource: &Resource,
    method: Method,
    chunk_bytes: usize,
    budget: &mut Budget,
) -> (Vec<u8>, Option<Cut>) {
    let mut output = Vec::new();
    let stored = rest(content, resource.at, resource.bytes);
    if let Err(why) = budget.take_input(stored.len().saturating_add(1)) {
        return (output, Some((Gap::Limit, why)));
    }
    let is_cut = stored.len() < resource.bytes;
    let is_cut = is_cut.then_some((Gap::Damaged, "an image of Windows is cut off"));
    if resource.is_solid || resource.is_spanned || resource.is_packed && method == Method::Other {
        let why = "packed by a method that is not opened";
        return (output, Some((Gap::Unsupported, why)));
    }
    let cut = if resource.is_packed {
        let size = span(resource.size_bytes);
        chunks(stored, size, method, chunk_bytes, &mut output, budget)
    } else {
        let pushed = push(&mut output, stored, budget);
        pushed.err().map(|why| (Gap::Limit, why))
    };
    (output, is_cut.or(cut))
}

/// Unpacks chunk by chunk. Before them stands where each but the first begins, behind the table.
fn chunks(
    stored: &[u8],
    size: usize,
    method: Method,
    chunk_bytes: usize,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> Option<Cut> {
    const CUT_OFF: Cut = (Gap::Damaged, "compressed data is cut off");
    let width: usize = if u32::try_from(size).is_ok() { 4 } else { 8 };
    let count = size.div_ceil(chunk_bytes.max(1));
    let table_bytes = count.saturating_sub(1).saturating_mul(width);
    let table = part(stored, 0, table_bytes);
    let data = stored.get(table_bytes..).unwrap_or_default();
    let Some(table) = table else {
        return Some(CUT_OFF);
    };
    let place = |index: usize| {
        let at = index.checked_sub(1)?.checked_mul(width)?;
        match width {
            4 => u32_at(table, at).map(u64::from),
            _ => u64_at(table, at),
        }
    };
    for index in 0..count {
        let begin = place(index).map_or(0, span);
        let end = place(index.saturating_add(1)).map_or(data.len(), span);
        let Some(packed) = data.get(begin..end) else {
            return Some(CUT_OFF);
        };
        let bytes = size.saturating_sub(output.len()).min(chunk_bytes);
        let fresh = match method {
            _ if packed.len() == bytes => Ok(packed.to_vec()),
            Method::Xpress => xpress::unpack(packed, bytes, budget),
            Method::Lzx(bits) => {
                let unpacked = Lzx::of_image(bits).unpack(packed, bytes, budget);
                unpacked.map(|(fresh, _)| fresh)
            }
            Method::Other => Err(Fault::Malformed),
        };
        let fresh = match fresh {
            Ok(fresh) => fresh,
            Err(fault) => return Some(fault.gap()),
        };
        if let Err(why) = push(output, &fresh, budget) {
            return Some((Gap::Limit, why));
        }
    }
    None
}
