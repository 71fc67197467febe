//! A folder as the stream of bytes that its blocks unpack to.

use wire::Gap;

use super::header::{Cabinet, Folder};
use super::mszip::Mszip;
use super::quantum::Quantum;
use crate::archive::codec;
use crate::archive::codec::lzx::Lzx;
use crate::budget::Budget;
use crate::bytes::{length, part, rest, span, u16_at, u32_at};
use crate::walk::{Halt, Walk};

/// The most that a block unpacks to, in bytes.
pub(super) const BLOCK_BYTES_MAX: usize = 32 << 10;

/// The fixed part of a block: checksum, size, unpacked size.
const BLOCK_HEADER_BYTES: usize = 8;

/// What a block costs beside its data, in bytes of input: it may be empty.
const BLOCK_COST_BYTES: usize = 64;

/// What a stretch of a folder lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The folder has no more blocks.
    End,
    /// Its last block goes on in another cabinet.
    Split,
    /// A method that is not known.
    Unknown,
    /// Something in it is wrong.
    Damaged(&'static str),
    /// The stretch cannot be held.
    Large(&'static str),
    /// A limit of the whole file.
    Spent(&'static str),
}

impl Fault {
    pub(super) fn gap(self) -> (Gap, &'static str) {
        match self {
            Self::End => (Gap::Damaged, "the folder ends before the file"),
            Self::Split => (Gap::Unsupported, "goes on in another cabinet"),
            Self::Unknown => (Gap::Unsupported, "unknown method"),
            Self::Damaged(why) => (Gap::Damaged, why),
            Self::Large(why) | Self::Spent(why) => (Gap::Limit, why),
        }
    }
}

impl From<codec::Fault> for Fault {
    fn from(fault: codec::Fault) -> Self {
        match fault {
            codec::Fault::Limit(why) => Self::Spent(why),
            codec::Fault::Malformed | codec::Fault::CutOff => Self::Damaged(fault.gap().1),
        }
    }
}

/// How blocks are unpacked. All but the first remember the blocks before.
enum Method {
    Stored,
    Mszip(Mszip),
    Quantum(Box<Quantum>),
    Lzx(Box<Lzx>),
    Unknown,
}

impl Method {
    fn new(method: u16) -> Self {
        let window_bits = u32::from(method.wrapping_shr(8) & 0x1f);
        match (method & 0x0f, window_bits) {
            (0, _) => Self::Stored,
            (1, _) => Self::Mszip(Mszip::default()),
            (2, 10..=21) => Self::Quantum(Box::new(Quantum::new(window_bits))),
            (3, 15..=21) => Self::Lzx(Box::new(Lzx::new(window_bits))),
            _ => Self::Unknown,
        }
    }
}

/// One folder.
pub(super) struct Reader<'a> {
    content: &'a [u8],
    begin: usize,
    blocks: usize,
    method_field: u16,
    reserve_bytes: usize,
    has_next: bool,
    /// Where the next block is and how many are left.
    at: usize,
    left: usize,
    method: Method,
    /// The last block's content, and where in the folder it begins.
    block: Vec<u8>,
    block_begin: u64,
    /// Whether its checksum was right.
    is_right: bool,
    /// Whether bytes at its end were not used. Some readers take them for the next block's.
    has_unused: bool,
    /// Why there is no next block.
    fault: Option<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(content: &'a [u8], cabinet: &Cabinet, folder: &Folder) -> Self {
        Self {
            content,
            begin: folder.begin,
            blocks: folder.blocks,
            method_field: folder.method,
            reserve_bytes: cabinet.block_reserve_bytes,
            has_next: cabinet.has_next,
            at: folder.begin,
            left: folder.blocks,
            method: Method::new(folder.method),
            block: Vec::new(),
            block_begin: 0,
            is_right: true,
            has_unused: false,
            fault: None,
        }
    }

    /// Where the data of the folder ends. Folders may share their data.
    pub(super) fn data_end(&self, walk: &mut Walk<'_>) -> Result<usize, Halt> {
        let mut at = self.begin;
        for _ in 0..self.blocks {
            walk.take_input(BLOCK_HEADER_BYTES)?;
            match self.next_at(at) {
                Some(next) => at = next,
                None => return Ok(self.content.len().max(self.begin)),
            }
        }
        Ok(at)
    }

    fn next_at(&self, at: usize) -> Option<usize> {
        let bytes = usize::from(u16_at(self.content, at.checked_add(4)?)?);
        let data_at = at
            .checked_add(BLOCK_HEADER_BYTES)?
            .checked_add(self.reserve_bytes)?;
        data_at.checked_add(bytes)
    }

    /// The stretch of `bytes` from `begin` on, or all from there on, and why it is not all.
    pub(super) fn read(
        &mut self,
        begin: u64,
        bytes: Option<u64>,
        budget: &mut Budget,
    ) -> (Vec<u8>, Option<Fault>) {
        let wanted = bytes.map_or(usize::MAX, span);
        let mut output = Vec::new();
        let mut wrong = None;
        if begin < self.block_begin {
            self.rewind();
        }
        while output.len() < wanted {
            let at = begin.saturating_add(length(output.len()));
            let inside = span(at.saturating_sub(self.block_begin));
            let fresh = rest(&self.block, inside, wanted.saturating_sub(output.len()));
            if fresh.is_empty() {
                match self.advance(budget) {
                    Ok(()) => continue,
                    Err(Fault::End) if bytes.is_none() => break,
                    Err(fault) => return (output, Some(fault)),
                }
            }
            if !self.is_right {
                wrong = Some(Fault::Damaged("checksum is wrong"));
            }
            if budget.room() < output.len().saturating_add(fresh.len()) {
                let why = "larger than a content in memory may be";
                return (output, Some(Fault::Large(why)));
            }
            if !codec::reserve(&mut output, fresh.len()) {
                return (output, Some(Fault::Large("not enough memory")));
            }
            output.extend_from_slice(fresh);
        }
        (output, wrong)
    }

    /// Goes back to the first block.
    fn rewind(&mut self) {
        self.at = self.begin;
        self.left = self.blocks;
        self.method = Method::new(self.method_field);
        self.block.clear();
        self.block_begin = 0;
        self.is_right = true;
        self.has_unused = false;
        self.fault = None;
    }

    /// Unpacks the next block.
    fn advance(&mut self, budget: &mut Budget) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.block_begin = self.block_begin.saturating_add(length(self.block.len()));
        self.block.clear();
        let next = self.unpack(budget);
        self.fault = next.err();
        next
    }

    fn unpack(&mut self, budget: &mut Budget) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::End)?;
        let cut = Fault::Damaged("a block is cut off");
        let header = part(self.content, self.at, BLOCK_HEADER_BYTES).ok_or(cut)?;
        let next_at = self.next_at(self.at).ok_or(cut)?;
        let bytes = usize::from(u16_at(header, 4).ok_or(cut)?);
        let data_at = next_at.saturating_sub(bytes);
        let data = part(self.content, data_at, bytes).ok_or(cut)?;
        let unpacked_bytes = usize::from(u16_at(header, 6).ok_or(cut)?);
        self.at = next_at;
        budget
            .take_input(data.len().saturating_add(BLOCK_COST_BYTES))
            .map_err(Fault::Spent)?;
        let stated = u32_at(header, 0).ok_or(cut)?;
        self.is_right = stated == 0 || stated == checksum(rest(header, 4, 4), checksum(data, 0));
        if unpacked_bytes == 0 {
            return Err(if self.has_next && self.left == 0 {
                Fault::Split
            } else {
                Fault::Damaged("a block is empty")
            });
        }
        if self.has_unused {
            return Err(Fault::Damaged("bytes of a block are not used"));
        }
        let (block, is_used_up) = match &mut self.method {
            Method::Stored if bytes != unpacked_bytes => {
                return Err(Fault::Damaged("a block has two sizes"));
            }
            Method::Stored => (data.to_vec(), true),
            Method::Unknown => return Err(Fault::Unknown),
            _ if BLOCK_BYTES_MAX < unpacked_bytes => {
                return Err(Fault::Damaged("a block is too large"));
            }
            Method::Mszip(mszip) => {
                // Its window is read again for every block, however short that is.
                let unused = BLOCK_BYTES_MAX.saturating_sub(unpacked_bytes);
                budget.take_input(unused).map_err(Fault::Spent)?;
                mszip.unpack(data, unpacked_bytes)?
            }
            Method::Quantum(quantum) => quantum.unpack(data, unpacked_bytes)?,
            Method::Lzx(lzx) => lzx.unpack(data, unpacked_bytes, budget)?,
        };
        self.has_unused = !is_used_up;
        self.block = block;
        budget.take_output(self.block.len()).map_err(Fault::Spent)
    }
}

/// The exclusive or of all words of 32 bits; the bytes of a last part count the other way round.
fn checksum(data: &[u8], begin: u32) -> u32 {
    let words = data.chunks_exact(4);
    let tail = words.remainder();
    let sum = words.fold(begin, |sum, word| sum ^ u32_at(word, 0).unwrap_or_default());
    let last = tail
        .iter()
        .fold(0_u32, |last, byte| last.wrapping_shl(8) | u32::from(*byte));
    sum ^ last
}
