//! One block of LZ4.

use crate::bytes::u16_at;
use crate::stream::window::copy_back;

/// Puts what the block gives to the end of `fresh`, which stays within `size_max`. `before` is
/// what copies may refer to.
pub(crate) fn block(
    packed: &[u8],
    before: &[u8],
    size_max: usize,
    fresh: &mut Vec<u8>,
) -> Option<()> {
    let mut packed = packed;
    loop {
        let (token, behind) = packed.split_first()?;
        packed = behind;
        let plain = long(usize::from(token >> 4), &mut packed)?;
        let own = packed.get(..plain.min(packed.len()))?;
        if size_max < fresh.len().checked_add(plain)? {
            return None;
        }
        fresh.extend_from_slice(own);
        packed = packed.get(plain..)?;
        if packed.is_empty() {
            // The last sequence has literals only.
            return Some(());
        }
        let distance = usize::from(u16_at(packed, 0)?);
        packed = packed.get(2..)?;
        let length = long(usize::from(token & 0xf), &mut packed)?.checked_add(4)?;
        if size_max < fresh.len().checked_add(length)? {
            return None;
        }
        copy_back(before, fresh, distance, length)?;
    }
}

/// A length of four bits, or more when all of them are set.
fn long(short: usize, packed: &mut &[u8]) -> Option<usize> {
    let mut length = short;
    if short == 15 {
        loop {
            let (byte, behind) = packed.split_first()?;
            *packed = behind;
            length = length.checked_add(usize::from(*byte))?;
            if *byte != 255 {
                break;
            }
        }
    }
    Some(length)
}
