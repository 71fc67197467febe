//! Filters that stand before a compressor: they turn relative addresses of program code into
//! absolute ones, or bytes into differences. Read backwards here.

use std::io::Read;

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::delta::DeltaReader;

use super::sink::Fine;

/// Whose addresses a filter turned into absolute ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processor {
    X86,
    PowerPc,
    Ia64,
    Arm,
    ArmThumb,
    Arm64,
    Sparc,
    RiscV,
}

/// One filter of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Each byte is the difference to the one so many bytes before it, 1 to 256.
    Delta(usize),
    Branches(Processor),
}

/// Takes a filter for program code back; `start` is the address of the first byte.
pub(crate) fn branches<R: Read>(packed: R, processor: Processor, start: usize) -> BcjReader<R> {
    match processor {
        Processor::X86 => BcjReader::new_x86(packed, start),
        Processor::PowerPc => BcjReader::new_ppc(packed, start),
        Processor::Ia64 => BcjReader::new_ia64(packed, start),
        Processor::Arm => BcjReader::new_arm(packed, start),
        Processor::ArmThumb => BcjReader::new_arm_thumb(packed, start),
        Processor::Arm64 => BcjReader::new_arm64(packed, start),
        Processor::Sparc => BcjReader::new_sparc(packed, start),
        Processor::RiscV => BcjReader::new_riscv(packed, start),
    }
}

/// What `packed` gives when `filter` is taken back. `start` is the address of the first byte.
pub(crate) fn unfiltered<'p>(
    packed: Box<dyn Read + 'p>,
    filter: Filter,
    start: usize,
) -> Box<dyn Read + 'p> {
    match filter {
        Filter::Delta(distance) => Box::new(Fine::new(DeltaReader::new(packed, distance))),
        Filter::Branches(processor) => Box::new(Fine::new(branches(packed, processor, start))),
    }
}
