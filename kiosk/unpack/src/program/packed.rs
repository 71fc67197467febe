//! Packed programs: what they do is in none of their bytes until they run.
//!
//! It is told and no more: much honest software is packed, and it is matched as it is.

use super::pe::{Directory, Image, Section};
use crate::bytes::{rest, u32_at};
use crate::walk::Walk;

const RULE: &str = "program_packed";

/// Names of sections that only one packer gives.
const NAMES: [(&[u8], &str); 26] = [
    (b"UPX0", "packed with UPX"),
    (b"UPX1", "packed with UPX"),
    (b"UPX!", "packed with UPX"),
    (b".aspack", "packed with ASPack"),
    (b".adata", "packed with ASPack"),
    (b"ASPack", "packed with ASPack"),
    (b".MPRESS1", "packed with MPRESS"),
    (b".MPRESS2", "packed with MPRESS"),
    (b"PEC2", "packed with PECompact"),
    (b"PEC2MO", "packed with PECompact"),
    (b"PECompac", "packed with PECompact"),
    (b"pec1", "packed with PECompact"),
    (b"pec2", "packed with PECompact"),
    (b".themida", "protected with Themida"),
    (b"Themida", "protected with Themida"),
    (b".winlice", "protected with WinLicense"),
    (b".vmp0", "protected with VMProtect"),
    (b".vmp1", "protected with VMProtect"),
    (b".vmp2", "protected with VMProtect"),
    (b".petite", "packed with Petite"),
    (b"FSG!", "packed with FSG"),
    (b".nsp0", "packed with NsPack"),
    (b".nsp1", "packed with NsPack"),
    (b"nsp0", "packed with NsPack"),
    (b".enigma1", "protected with Enigma"),
    (b".enigma2", "protected with Enigma"),
];

/// Smallest section that is judged by its bytes, in bytes.
pub(crate) const SECTION_BYTES_MIN: usize = 4096;

/// Most libraries that a packed program names: its own are named when it is unpacked.
pub(crate) const LIBRARIES_MAX: usize = 6;

/// How much of the beginning of a program for other systems may hold a packer's mark, in bytes.
const HEAD_BYTES: usize = 1024;

/// Tells a packed program for Windows.
pub(crate) fn tell(image: &Image<'_>, walk: &mut Walk<'_>) {
    let named = |section: &Section<'_>| NAMES.iter().find(|(name, _)| *name == section.name);
    if let Some((_, detail)) = image.sections.iter().find_map(named) {
        walk.notice(RULE, detail);
    } else if image
        .sections
        .iter()
        .any(|section| is_packed(image, section))
    {
        walk.notice(RULE, "its code is compressed or encrypted");
    }
}

/// Tells a packed program for other systems.
pub(crate) fn tell_other(content: &[u8], walk: &mut Walk<'_>) {
    let head = rest(content, 0, HEAD_BYTES);
    if head.windows(4).any(|window| window == b"UPX!") {
        walk.notice(RULE, "packed with UPX");
    }
}

/// Whether a section that runs is most of the program, is as even as packed data is, and few
/// libraries are named.
fn is_packed(image: &Image<'_>, section: &Section<'_>) -> bool {
    let is_most = image.content.len() / 2 < section.data.len();
    section.runs
        && SECTION_BYTES_MIN <= section.data.len()
        && is_most
        && is_even(section.data)
        && libraries(image) <= LIBRARIES_MAX
}

/// How many libraries are named, counted no farther than is of use.
fn libraries(image: &Image<'_>) -> usize {
    const ENTRY_BYTES: usize = 20;
    let imports = image.directory(Directory::Imports);
    let table = imports.and_then(|(address, _)| image.at_address(address));
    let entries = table.unwrap_or_default().chunks_exact(ENTRY_BYTES);
    let named = entries.take_while(|entry| u32_at(entry, 12).is_some_and(|name| name != 0));
    named.take(LIBRARIES_MAX.saturating_add(1)).count()
}

/// Whether the bytes are spread almost evenly: the chance that two of them are the same is below
/// one and a half times what it is in noise. It is above four times that in code.
pub(crate) fn is_even(data: &[u8]) -> bool {
    let mut counts = [0_u64; 256];
    for byte in data {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let pairs = |count: &u64| u128::from(*count).saturating_mul(u128::from(*count));
    let same = counts.iter().map(pairs).fold(0_u128, u128::saturating_add);
    let all = counts
        .iter()
        .fold(0_u64, |sum, count| sum.saturating_add(*count));
    let limit = pairs(&all).saturating_mul(3);
    same.saturating_mul(512) < limit
}
