//! Filters that stand before a compressor: they turn relative addresses of program code into
//! absolute ones, or bytes into differences. Read backwards here.

use std::io::Read;

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::delta::DeltaReader;

use super::sink::Fine;

/// Whose code a filter was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Each byte is the difference to the one so many bytes before it, 1 to 256.
    Delta(usize),
    X86,
    PowerPc,
    Ia64,
    Arm,
    ArmThumb,
    Sparc,
    Arm64,
    RiscV,
}

/// What `packed` gives when `filter` is taken back. `start` is the address of the first byte.
pub(crate) fn unfiltered<'p>(
    packed: Box<dyn Read + 'p>,
    filter: Filter,
    start: usize,
) -> Box<dyn Read + 'p> {
    match filter {
        Filter::Delta(distance) => Box::new(Fine::new(DeltaReader::new(packed, distance))),
        Filter::X86 => Box::new(Fine::new(BcjReader::new_x86(packed, start))),
        Filter::PowerPc => Box::new(Fine::new(BcjReader::new_ppc(packed, start))),
        Filter::Ia64 => Box::new(Fine::new(BcjReader::new_ia64(packed, start))),
        Filter::Arm => Box::new(Fine::new(BcjReader::new_arm(packed, start))),
        Filter::ArmThumb => Box::new(Fine::new(BcjReader::new_arm_thumb(packed, start))),
        Filter::Sparc => Box::new(Fine::new(BcjReader::new_sparc(packed, start))),
        Filter::Arm64 => Box::new(Fine::new(BcjReader::new_arm64(packed, start))),
        Filter::RiscV => Box::new(Fine::new(BcjReader::new_riscv(packed, start))),
    }
}
