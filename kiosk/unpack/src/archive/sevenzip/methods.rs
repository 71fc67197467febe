//! The methods of a block, joined to one reader of its content.

use wire::Gap;

use super::streams::{Block, Method};
use crate::bytes::u32_at;
use crate::stream::chain::{Chain, Meter, Packed, Position, Source, passed};
use crate::stream::decoder::filters;
use crate::stream::decoder::{self, Decoder, Refusal};
use crate::stream::filter::Processor;

/// Numbers of methods (7-Zip's DOC/Methods.txt; the four of 4F7 are of "7-Zip ZS").
pub(super) const COPY: u64 = 0x00;
const DELTA: u64 = 0x03;
const X86: u64 = 0x04;
const POWER_PC: u64 = 0x05;
const IA64: u64 = 0x06;
const ARM: u64 = 0x07;
const ARM_THUMB: u64 = 0x08;
const SPARC: u64 = 0x09;
const ARM64: u64 = 0x0a;
const RISC_V: u64 = 0x0b;
const LZMA2: u64 = 0x21;
const SWAP2: u64 = 0x02_0302;
const SWAP4: u64 = 0x02_0304;
const LZMA: u64 = 0x03_0101;
const PPMD: u64 = 0x03_0401;
const OLD_X86: u64 = 0x0303_0103;
const OLD_BCJ2: u64 = 0x0303_011b;
const OLD_POWER_PC: u64 = 0x0303_0205;
const OLD_IA64: u64 = 0x0303_0401;
const OLD_ARM: u64 = 0x0303_0501;
const OLD_ARM_THUMB: u64 = 0x0303_0701;
const OLD_SPARC: u64 = 0x0303_0805;
const DEFLATE: u64 = 0x04_0108;
const DEFLATE64: u64 = 0x04_0109;
const BZIP2: u64 = 0x04_0202;
const ZSTD: u64 = 0x04f7_1101;
const BROTLI: u64 = 0x04f7_1102;
const LZ4: u64 = 0x04f7_1104;
const LZ5: u64 = 0x04f7_1105;
const LIZARD: u64 = 0x04f7_1106;
const FLZMA2: u64 = 0x04f7_1121;
/// All numbers that begin so encrypt.
const CIPHER: u64 = 0x06;

/// The content of a block as it comes out, and how far each packed stream was read.
pub(super) struct Joined<'a> {
    pub(super) chain: Chain<'a>,
    pub(super) packed: Vec<(Position, usize)>,
}

/// Joins the methods of `block` so that they read from `packed`, one for each of its inputs.
pub(super) fn join<'a>(
    block: &Block<'a>,
    packed: &[&'a [u8]],
    room: usize,
) -> Result<Joined<'a>, Refusal> {
    if block.methods.iter().any(|method| is_cipher(method.id)) {
        return Err((Gap::Encrypted, "encrypted"));
    }
    let meter = Meter::default();
    let mut positions = Vec::new();
    let mut sources = Sources::new(block);
    for (data, input) in packed.iter().zip(&block.packed_inputs) {
        let (source, position) = Packed::new(data, &meter);
        positions.push((position, data.len()));
        sources.give(*input, Box::new(source));
    }
    let mut memory_bytes: usize = 0;
    let mut setup_bytes: usize = 0;
    let mut is_narrow = false;
    let last = block.last();
    // Each round sets one method up, or none is left that can be.
    for _ in &block.methods {
        let Some((index, method, inputs)) = sources.ready(block) else {
            break;
        };
        let made = decoder(method, inputs, room.saturating_sub(memory_bytes))?;
        memory_bytes = memory_bytes.saturating_add(made.memory_bytes);
        setup_bytes = setup_bytes.saturating_add(made.setup_bytes);
        is_narrow |= made.is_narrow;
        if last == Some(index) && sources.is_done.iter().all(|is_done| *is_done) {
            let all = Decoder {
                memory_bytes,
                setup_bytes,
                is_narrow,
                ..made
            };
            let chain = Chain::new(all, meter);
            return Ok(Joined {
                chain,
                packed: positions,
            });
        }
        if let Some(bond) = block.bonds.iter().find(|bond| bond.method == index) {
            sources.give(bond.input, passed(made.output, &meter));
        }
    }
    Err((Gap::Damaged, "methods of a 7z block are joined wrongly"))
}

/// What the methods that are not set up yet read from.
struct Sources<'a> {
    /// For each input of all methods, one after the other.
    inputs: Vec<Option<Source<'a>>>,
    is_done: Vec<bool>,
}

impl<'a> Sources<'a> {
    fn new(block: &Block<'_>) -> Self {
        let count = block.methods.iter().map(|method| method.inputs).sum();
        Self {
            inputs: std::iter::repeat_with(|| None).take(count).collect(),
            is_done: vec![false; block.methods.len()],
        }
    }

    fn give(&mut self, input: usize, source: Source<'a>) {
        if let Some(place) = self.inputs.get_mut(input) {
            *place = Some(source);
        }
    }

    /// A method that has all its inputs, with them.
    fn ready<'b>(
        &mut self,
        block: &'b Block<'a>,
    ) -> Option<(usize, &'b Method<'a>, Vec<Source<'a>>)> {
        let mut begin: usize = 0;
        for ((index, method), is_done) in block.methods.iter().enumerate().zip(&mut self.is_done) {
            let end = begin.saturating_add(method.inputs);
            let inputs = self.inputs.get_mut(begin..end)?;
            if !*is_done && inputs.iter().all(Option::is_some) {
                *is_done = true;
                let taken = inputs.iter_mut().filter_map(Option::take).collect();
                return Some((index, method, taken));
            }
            begin = end;
        }
        None
    }
}

fn decoder<'a>(
    method: &Method<'a>,
    mut inputs: Vec<Source<'a>>,
    room: usize,
) -> Result<Decoder<'a>, Refusal> {
    let properties = method.properties;
    if method.id == OLD_BCJ2 {
        return filters::bcj2(inputs, method.bytes);
    }
    let (Some(source), true) = (inputs.pop(), inputs.is_empty()) else {
        return Err((Gap::Unsupported, "method with several inputs"));
    };
    if let Some(processor) = processor(method.id) {
        let start = u32_at(properties, 0).unwrap_or_default();
        return Ok(filters::branches(source, processor, start));
    }
    match method.id {
        COPY => Ok(Decoder::new(source, 0)),
        DELTA => filters::delta(source, properties),
        LZMA => decoder::lzma(source, properties, Some(method.bytes), method.bytes, room),
        LZMA2 | FLZMA2 => decoder::lzma2(source, properties, method.bytes, room),
        // It has no end mark of its own.
        PPMD => Ok(decoder::ppmd7(source, properties, room)?.limited(method.bytes)),
        SWAP2 => Ok(filters::swapped(source, 2)),
        SWAP4 => Ok(filters::swapped(source, 4)),
        DEFLATE => Ok(decoder::deflate(source)),
        DEFLATE64 => Ok(decoder::deflate64(source)),
        BZIP2 => Ok(decoder::bzip2(source)),
        ZSTD => Ok(decoder::zstd::zstd(source, room)),
        id => Err((Gap::Unsupported, name(id))),
    }
}

fn is_cipher(id: u64) -> bool {
    let mut head = id;
    while 0xff < head {
        head >>= 8;
    }
    head == CIPHER && id != CIPHER
}

fn processor(id: u64) -> Option<Processor> {
    match id {
        X86 | OLD_X86 => Some(Processor::X86),
        POWER_PC | OLD_POWER_PC => Some(Processor::PowerPc),
        IA64 | OLD_IA64 => Some(Processor::Ia64),
        ARM | OLD_ARM => Some(Processor::Arm),
        ARM_THUMB | OLD_ARM_THUMB => Some(Processor::ArmThumb),
        SPARC | OLD_SPARC => Some(Processor::Sparc),
        ARM64 => Some(Processor::Arm64),
        RISC_V => Some(Processor::RiscV),
        _ => None,
    }
}

/// The name of a method that is not opened.
fn name(id: u64) -> &'static str {
    match id {
        BROTLI => "method brotli",
        LZ4 => "method lz4",
        LZ5 => "method lz5",
        LIZARD => "method lizard",
        // Of zip, of rar and of others, which 7-Zip itself only reads inside these.
        0x04_0100..=0x04_01ff => "method of zip",
        0x04_0300..=0x04_03ff => "method of rar",
        _ => "unknown method",
    }
}
