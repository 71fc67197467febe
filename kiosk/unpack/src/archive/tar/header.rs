//! One tar header block.

use super::BLOCK_BYTES;
use crate::bytes::part;

/// The first size that the eleven octal digits of a header cannot hold.
pub(super) const SIZE_OCTAL_END: u64 = 1 << 33;

/// Where the checksum is; it counts as spaces in itself.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// What a header stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Content, and whatever type nobody knows: POSIX says to read those as files.
    File,
    /// `1`.
    HardLink,
    /// `2`.
    Symlink,
    /// `5`, and GNU's `D`.
    Folder,
    /// Devices, pipes, GNU's volume label.
    Special,
    /// GNU's `S`.
    Sparse,
    /// GNU's `M`: the rest of a file that began in another part.
    Continued,
    /// GNU's `L`: the next member's name.
    LongName,
    /// GNU's `K`: the next member's link target.
    LongLink,
    /// `x`, and Solaris' `X`: about the next member.
    Pax,
    /// `g`: about all members that follow.
    PaxGlobal,
}

impl Type {
    /// Whether its data is about other members.
    pub(super) fn is_extension(self) -> bool {
        matches!(
            self,
            Self::LongName | Self::LongLink | Self::Pax | Self::PaxGlobal
        )
    }
}

/// A block whose checksum is right.
#[derive(Debug)]
pub(super) struct Header<'a> {
    block: &'a [u8],
    /// Its type.
    pub(super) kind: Type,
    /// Its size field.
    pub(super) size_bytes: u64,
    /// Its link field.
    pub(super) link: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header in `block`, when it is a whole block with the right checksum.
    pub(super) fn read(block: &'a [u8]) -> Option<Self> {
        if block.len() != BLOCK_BYTES {
            return None;
        }
        let stated = number(part(block, CHECKSUM.start, 8)?)?;
        let counted = |byte: (usize, &u8)| {
            if CHECKSUM.contains(&byte.0) {
                b' '
            } else {
                *byte.1
            }
        };
        let unsigned: u64 = block.iter().enumerate().map(counted).map(u64::from).sum();
        // Old programs summed signed bytes.
        let signed: i64 = block
            .iter()
            .enumerate()
            .map(counted)
            .map(|byte| i64::from(i8::from_le_bytes([byte])))
            .sum();
        if stated != unsigned && i64::try_from(stated) != Ok(signed) {
            return None;
        }
        let kind = match block.get(156)? {
            b'1' => Type::HardLink,
            b'2' => Type::Symlink,
            b'3' | b'4' | b'6' | b'V' => Type::Special,
            b'5' | b'D' => Type::Folder,
            b'S' => Type::Sparse,
            b'M' => Type::Continued,
            b'L' => Type::LongName,
            b'K' => Type::LongLink,
            b'x' | b'X' => Type::Pax,
            b'g' => Type::PaxGlobal,
            _ => Type::File,
        };
        let size_bytes = number(part(block, 124, 12)?)?;
        Some(Self {
            block,
            kind,
            size_bytes,
            link: text(part(block, 157, 100)?),
        })
    }

    /// Whether it is more than a block with a checksum that happens to be right.
    pub(super) fn is_plausible(&self) -> bool {
        let magic = part(self.block, 257, 5) == Some(b"ustar");
        let fields = [(100, 8), (108, 8), (116, 8), (136, 12)];
        let numbers = fields
            .into_iter()
            .all(|(at, length)| part(self.block, at, length).and_then(number).is_some());
        magic || (numbers && self.block.first() != Some(&0))
    }

    /// The name, with the prefix that POSIX puts before it.
    pub(super) fn name(&self) -> Vec<u8> {
        let field = |at, length| text(part(self.block, at, length).unwrap_or_default());
        let (name, prefix) = (field(0, 100), field(345, 155));
        // GNU keeps other things there and says so with another magic.
        if part(self.block, 257, 6) != Some(b"ustar\0") || prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    /// A field of the block.
    pub(super) fn field(&self, at: usize, bytes: usize) -> Option<&'a [u8]> {
        part(self.block, at, bytes)
    }

    /// One byte of the block.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.block.get(at).copied().unwrap_or_default()
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, between spaces and zero bytes, or in GNU's base 256. An empty
/// field is zero.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (first, tail) = field.split_first()?;
    if first & 0x80 != 0 {
        let mut value = u64::from(first & 0x7f);
        for byte in tail {
            value = value.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return Some(value);
    }
    let text = text(field).trim_ascii();
    text.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit & 7)),
        _ => None,
    })
}
