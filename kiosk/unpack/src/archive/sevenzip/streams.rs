//! What a header says of packed streams, of the blocks they unpack to and of the parts of these.

use super::cursor::{CUT, Cursor, Fault};

/// Most packed streams, blocks and contents that are kept, each. More than twice as many
/// members as a file may have, and at most 60 MB of memory.
pub(super) const ITEMS_MAX: usize = 1 << 17;

/// Most methods of one block, and most inputs that they have together. 7-Zip reads 32 of each,
/// and writes five at most.
pub(super) const METHODS_MAX: usize = 32;

/// Marks in a header (7zFormat.txt, "Property IDs").
pub(super) const END: u64 = 0x00;
const PACK_INFO: u64 = 0x06;
const UNPACK_INFO: u64 = 0x07;
const SUBSTREAMS_INFO: u64 = 0x08;
const SIZE: u64 = 0x09;
const CRC: u64 = 0x0a;
const FOLDER: u64 = 0x0b;
const UNPACK_SIZE: u64 = 0x0c;
const UNPACK_STREAMS: u64 = 0x0d;

/// All streams of an archive, or those of its encoded header.
#[derive(Debug, Default)]
pub(super) struct Streams<'h> {
    /// Where the first packed stream begins, behind the signature header.
    pub(super) packed_at: u64,
    pub(super) packed: Vec<Packed>,
    pub(super) blocks: Vec<Block<'h>>,
}

/// A packed stream. They lie one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    pub(super) bytes: u64,
    pub(super) crc: Option<u32>,
}

/// What the documents of the format call a folder: some packed streams and the methods that
/// turn them into one content, which may be many members, one behind the other.
#[derive(Debug)]
pub(super) struct Block<'h> {
    pub(super) methods: Vec<Method<'h>>,
    /// Which input is fed by which method.
    pub(super) bonds: Vec<Bond>,
    /// Which inputs are fed by packed streams, in the order of these.
    pub(super) packed_inputs: Vec<usize>,
    pub(super) crc: Option<u32>,
    /// How the content is divided.
    pub(super) parts: Vec<Part>,
}

/// One method of a block. All that are used have one output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method<'h> {
    pub(super) id: u64,
    pub(super) inputs: usize,
    pub(super) properties: &'h [u8],
    /// Size of its output in bytes.
    pub(super) bytes: u64,
}

/// The output of a method becomes an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bond {
    pub(super) input: usize,
    pub(super) method: usize,
}

/// One content in a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) bytes: u64,
    pub(super) crc: Option<u32>,
}

impl Block<'_> {
    /// The method whose output no other one takes: its output is the content.
    pub(super) fn last(&self) -> Option<usize> {
        let is_taken = |method: usize| self.bonds.iter().any(|bond| bond.method == method);
        (0..self.methods.len()).find(|method| !is_taken(*method))
    }

    /// Size of the content in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.last()
            .and_then(|last| self.methods.get(last))
            .map_or(0, |method| method.bytes)
    }
}

/// Reads what begins with a mark of streams, up to its end mark.
pub(super) fn streams<'h>(cursor: &mut Cursor<'h>) -> Result<Streams<'h>, Fault> {
    let mut streams = Streams::default();
    let mut divided = false;
    loop {
        match cursor.number()? {
            END => break,
            PACK_INFO => pack_info(cursor, &mut streams)?,
            UNPACK_INFO => unpack_info(cursor, &mut streams)?,
            SUBSTREAMS_INFO if !divided => {
                substreams_info(cursor, &mut streams)?;
                divided = true;
            }
            _ => return Err(Fault::Damaged("7z header has an unknown list of streams")),
        }
    }
    if !divided {
        for block in &mut streams.blocks {
            let (bytes, crc) = (block.bytes(), block.crc);
            block.parts = vec![Part { bytes, crc }];
        }
    }
    Ok(streams)
}

fn pack_info(cursor: &mut Cursor<'_>, streams: &mut Streams<'_>) -> Result<(), Fault> {
    if !streams.packed.is_empty() {
        return Err(Fault::Damaged("7z header lists packed streams twice"));
    }
    streams.packed_at = cursor.number()?;
    let count = cursor.count(ITEMS_MAX)?;
    loop {
        match cursor.number()? {
            END => break,
            SIZE if streams.packed.is_empty() => {
                for _ in 0..count {
                    let bytes = cursor.number()?;
                    streams.packed.push(Packed { bytes, crc: None });
                }
            }
            CRC => {
                let checksums = cursor.checksums(count)?;
                for (packed, crc) in streams.packed.iter_mut().zip(checksums) {
                    packed.crc = crc;
                }
            }
            _ => return Err(Fault::Damaged("7z header has an unknown list of streams")),
        }
    }
    match streams.packed.len() == count {
        true => Ok(()),
        false => Err(Fault::Damaged("packed streams without sizes")),
    }
}

fn unpack_info<'h>(cursor: &mut Cursor<'h>, streams: &mut Streams<'h>) -> Result<(), Fault> {
    if !streams.blocks.is_empty() {
        return Err(Fault::Damaged("7z header lists blocks twice"));
    }
    expect(cursor, FOLDER)?;
    let count = cursor.count(ITEMS_MAX)?;
    cursor.not_external()?;
    for _ in 0..count {
        streams.blocks.push(block(cursor)?);
    }
    expect(cursor, UNPACK_SIZE)?;
    for method in streams
        .blocks
        .iter_mut()
        .flat_map(|block| &mut block.methods)
    {
        method.bytes = cursor.number()?;
    }
    loop {
        match cursor.number()? {
            END => return Ok(()),
            CRC => {
                let checksums = cursor.checksums(count)?;
                for (block, crc) in streams.blocks.iter_mut().zip(checksums) {
                    block.crc = crc;
                }
            }
            _ => return Err(Fault::Damaged("7z header has an unknown list of streams")),
        }
    }
}

fn expect(cursor: &mut Cursor<'_>, mark: u64) -> Result<(), Fault> {
    match cursor.number()? == mark {
        true => Ok(()),
        false => Err(Fault::Damaged("7z header lacks a list of streams")),
    }
}

fn block<'h>(cursor: &mut Cursor<'h>) -> Result<Block<'h>, Fault> {
    let count = cursor.count(METHODS_MAX)?;
    let mut methods = Vec::new();
    let mut inputs: usize = 0;
    for _ in 0..count {
        let method = method(cursor)?;
        inputs = inputs.saturating_add(method.inputs);
        methods.push(method);
    }
    if count == 0 || METHODS_MAX < inputs {
        return Err(Fault::Damaged(
            "7z block without methods or with too many inputs",
        ));
    }
    let mut bonds = Vec::new();
    for _ in 1..count {
        let input = cursor.count(METHODS_MAX)?;
        let method = cursor.count(METHODS_MAX)?;
        let repeated = bonds
            .iter()
            .any(|bond: &Bond| bond.input == input || bond.method == method);
        if repeated || inputs <= input || count <= method {
            return Err(Fault::Damaged("methods of a 7z block are joined wrongly"));
        }
        bonds.push(Bond { input, method });
    }
    let free = |input: &usize| bonds.iter().all(|bond| bond.input != *input);
    let mut packed_inputs: Vec<usize> = (0..inputs).filter(free).collect();
    // With one packed stream there is no choice; else the order is given.
    if packed_inputs.len() != 1 {
        let mut given = Vec::new();
        for _ in 0..packed_inputs.len() {
            given.push(cursor.count(METHODS_MAX)?);
        }
        let mut sorted = given.clone();
        sorted.sort_unstable();
        if sorted != packed_inputs {
            return Err(Fault::Damaged("methods of a 7z block are joined wrongly"));
        }
        packed_inputs = given;
    }
    Ok(Block {
        methods,
        bonds,
        packed_inputs,
        crc: None,
        parts: Vec::new(),
    })
}

fn method<'h>(cursor: &mut Cursor<'h>) -> Result<Method<'h>, Fault> {
    /// Bits of the first byte: the rest is the length of the number of the method.
    const HAS_COUNTS: u8 = 0x10;
    const HAS_PROPERTIES: u8 = 0x20;
    const RESERVED: u8 = 0xc0;
    let head = cursor.byte()?;
    if head & RESERVED != 0 {
        return Err(Fault::Unsupported("7z block with methods of a newer kind"));
    }
    let name = cursor.take(usize::from(head & 15))?;
    if 8 < name.len() {
        return Err(Fault::Unsupported("7z block with methods of a newer kind"));
    }
    let id = name
        .iter()
        .fold(0_u64, |id, byte| (id << 8) | u64::from(*byte));
    let mut inputs = 1;
    if head & HAS_COUNTS != 0 {
        inputs = cursor.count(METHODS_MAX)?;
        // No method with several outputs has been written since 2005.
        if cursor.number()? != 1 {
            return Err(Fault::Unsupported("7z method with several outputs"));
        }
    }
    let properties = match head & HAS_PROPERTIES {
        0 => &[],
        _ => cursor.sized()?.left(),
    };
    Ok(Method {
        id,
        inputs,
        properties,
        bytes: 0,
    })
}

fn substreams_info(cursor: &mut Cursor<'_>, streams: &mut Streams<'_>) -> Result<(), Fault> {
    let mut mark = cursor.number()?;
    let mut counts = vec![1; streams.blocks.len()];
    if mark == UNPACK_STREAMS {
        let mut left = ITEMS_MAX;
        for count in &mut counts {
            *count = cursor.count(left)?;
            left = left.saturating_sub(*count);
        }
        mark = cursor.number()?;
    }
    let has_sizes = mark == SIZE;
    for (block, count) in streams.blocks.iter_mut().zip(&counts) {
        parts(cursor, block, *count, has_sizes)?;
    }
    if has_sizes {
        mark = cursor.number()?;
    }
    if mark == CRC {
        part_checksums(cursor, streams)?;
        mark = cursor.number()?;
    }
    match mark {
        END => Ok(()),
        _ => Err(Fault::Damaged("7z header has an unknown list of streams")),
    }
}

/// All sizes but the last of each block are given; that is what is left.
fn parts(
    cursor: &mut Cursor<'_>,
    block: &mut Block<'_>,
    count: usize,
    has_sizes: bool,
) -> Result<(), Fault> {
    let mut left = block.bytes();
    block.parts.clear();
    for _ in 1..count {
        if !has_sizes {
            return Err(CUT);
        }
        let bytes = cursor.number()?;
        left = left
            .checked_sub(bytes)
            .ok_or(Fault::Damaged("members are larger than their 7z block"))?;
        block.parts.push(Part { bytes, crc: None });
    }
    if 0 < count {
        let crc = if count == 1 { block.crc } else { None };
        block.parts.push(Part { bytes: left, crc });
    }
    Ok(())
}

/// Checksums of those that are not known from their block.
fn part_checksums(cursor: &mut Cursor<'_>, streams: &mut Streams<'_>) -> Result<(), Fault> {
    let mut unknown: Vec<&mut Part> = streams
        .blocks
        .iter_mut()
        .filter(|block| block.parts.len() != 1 || block.crc.is_none())
        .flat_map(|block| &mut block.parts)
        .collect();
    let checksums = cursor.checksums(unknown.len())?;
    for (part, crc) in unknown.iter_mut().zip(checksums) {
        part.crc = crc;
    }
    Ok(())
}
