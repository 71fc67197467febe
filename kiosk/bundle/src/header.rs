//! The 512 bytes before each file of a bundle: a header of ustar (POSIX.1-1988), in one form.
//!
//! Owner, group, times and rights say nothing of a set, so they are the same in every bundle.
//! The reader makes the header that must come and compares.

/// Length of a header, and the unit that contents are padded to, in bytes.
pub(crate) const BLOCK_BYTES: usize = 512;

/// One block.
pub(crate) type Block = [u8; BLOCK_BYTES];

/// Where the size stands, and its length: eleven octal digits and a zero.
const SIZE_AT: usize = 124;
const SIZE_DIGITS: usize = 11;

/// Where the name stands, and its length.
const NAME_BYTES: usize = 100;

/// The header of a file. `None` when path or size do not fit one.
pub(crate) fn header(path: &str, size_bytes: u64) -> Option<Block> {
    let size = format!("{size_bytes:0SIZE_DIGITS$o}");
    if NAME_BYTES < path.len() || SIZE_DIGITS < size.len() {
        return None;
    }
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, bytes: &[u8]| {
        for (place, byte) in block.iter_mut().skip(at).zip(bytes) {
            *place = *byte;
        }
    };
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(SIZE_AT, size.as_bytes());
    put(136, b"00000000000\0");
    // The checksum counts its own field as blanks.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum = block
        .iter()
        .fold(0_u32, |sum, byte| sum.saturating_add(u32::from(*byte)));
    let sum = format!("{sum:06o}\0 ");
    for (place, byte) in block.iter_mut().skip(148).zip(sum.bytes()) {
        *place = byte;
    }
    Some(block)
}

/// The size that a header says. Only for the first two, whose sizes nothing else says; the
/// header as a whole is compared all the same.
pub(crate) fn size_bytes(block: &Block) -> Option<u64> {
    let digits = block.get(SIZE_AT..)?.get(..SIZE_DIGITS)?;
    digits.iter().try_fold(0_u64, |size, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        size.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// The name that a header says, for messages: `None` when it is no path of ours.
pub(crate) fn name(block: &Block) -> Option<&str> {
    let field = block.get(..NAME_BYTES)?;
    let name = field.split(|byte| *byte == 0).next()?;
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    (!name.is_empty() && name.iter().all(harmless)).then_some(())?;
    std::str::from_utf8(name).ok()
}

/// Zeros between a content and the next block.
pub(crate) fn padding(size_bytes: u64) -> usize {
    let over = size_bytes % 512;
    usize::try_from(if over == 0 {
        0
    } else {
        512_u64.saturating_sub(over)
    })
    .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_its_size_and_name_again() {
        for size in [0, 1, 511, 512, 8_589_934_591] {
            let block = header("a/b.yar", size).unwrap();
            assert_eq!(size_bytes(&block), Some(size));
            assert_eq!(name(&block), Some("a/b.yar"));
        }
        assert_eq!(header("a", 8_589_934_592), None);
        assert_eq!(header(&"a".repeat(101), 0), None);
    }

    #[test]
    fn what_is_no_size_and_no_name_of_ours_is_none() {
        let mut block = header("a", 1).unwrap();
        block[SIZE_AT] = b'8';
        assert_eq!(size_bytes(&block), None);
        block[SIZE_AT] = b' ';
        assert_eq!(size_bytes(&block), None);
        block[0] = 0x1b;
        assert_eq!(name(&block), None);
        assert_eq!(name(&[0; BLOCK_BYTES]), None);
    }

    #[test]
    fn contents_are_padded_to_whole_blocks() {
        for (size, zeros) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)] {
            assert_eq!(padding(size), zeros);
        }
    }
}
