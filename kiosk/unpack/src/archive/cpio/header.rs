//! One cpio header of any kind.

use crate::bytes::{has, part, span, u16_at};

/// The kinds of cpio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Hexadecimal digits, filled up to four bytes.
    New,
    /// The same with a sum of each content.
    NewWithSum,
    /// Octal digits, not filled up.
    Octal,
    /// Words of 16 bits, the lower byte first.
    LittleWords,
    /// Words of 16 bits, the higher byte first.
    BigWords,
}

impl Variant {
    /// The kind whose magic stands at `at`.
    pub(super) fn at(content: &[u8], at: usize) -> Option<Self> {
        let magics: [(&[u8], Self); 5] = [
            (b"070701", Self::New),
            (b"070702", Self::NewWithSum),
            (b"070707", Self::Octal),
            (b"\xc7\x71", Self::LittleWords),
            (b"\x71\xc7", Self::BigWords),
        ];
        magics
            .into_iter()
            .find(|(magic, _)| has(content, at, magic))
            .map(|(_, variant)| variant)
    }

    /// Whether its magic is only two bytes.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Self::LittleWords | Self::BigWords)
    }

    fn header_bytes(self) -> usize {
        match self {
            Self::New | Self::NewWithSum => 110,
            Self::Octal => 76,
            Self::LittleWords | Self::BigWords => 26,
        }
    }

    /// What names and contents are filled up to a multiple of.
    fn unit(self) -> usize {
        match self {
            Self::New | Self::NewWithSum => 4,
            Self::Octal => 1,
            Self::LittleWords | Self::BigWords => 2,
        }
    }
}

/// One header.
pub(super) struct Header<'a> {
    pub(super) variant: Variant,
    /// The name up to its first zero byte.
    pub(super) name: &'a [u8],
    /// Whether that is not the last byte of the name field.
    pub(super) has_inner_zero: bool,
    pub(super) mode: u32,
    /// The size of the content.
    pub(super) bytes: u64,
    /// The sum of the content's bytes.
    pub(super) sum: Option<u32>,
    pub(super) data_at: usize,
}

impl<'a> Header<'a> {
    /// The header at `at` with its name, when it is whole.
    pub(super) fn read(content: &'a [u8], at: usize) -> Option<Self> {
        let variant = Variant::at(content, at)?;
        let fixed = part(content, at, variant.header_bytes())?;
        let fields = Fields::read(variant, fixed)?;
        let name_at = at.checked_add(fixed.len())?;
        let field = part(content, name_at, span(u64::from(fields.name_bytes)))?;
        let (last, letters) = field.split_last()?;
        if *last != 0 || letters.first().is_none_or(|first| *first == 0) {
            return None;
        }
        let name = letters.split(|byte| *byte == 0).next()?;
        let unfilled = fixed.len().checked_add(field.len())?;
        let data_at = at.checked_add(unfilled.checked_next_multiple_of(variant.unit())?)?;
        Some(Self {
            variant,
            name,
            has_inner_zero: name.len() < letters.len(),
            mode: fields.mode,
            bytes: fields.bytes,
            sum: fields.sum,
            data_at,
        })
    }

    /// Where the next header is.
    pub(super) fn end(&self) -> usize {
        let filled = span(self.bytes).checked_next_multiple_of(self.variant.unit());
        self.data_at.saturating_add(filled.unwrap_or(usize::MAX))
    }
}

/// The fields of which something depends.
struct Fields {
    mode: u32,
    bytes: u64,
    name_bytes: u32,
    sum: Option<u32>,
}

impl Fields {
    fn read(variant: Variant, fixed: &[u8]) -> Option<Self> {
        Some(match variant {
            Variant::New | Variant::NewWithSum => {
                let field = |at| number(part(fixed, at, 8)?, 16);
                Self {
                    mode: u32::try_from(field(14)?).ok()?,
                    bytes: field(54)?,
                    name_bytes: u32::try_from(field(94)?).ok()?,
                    sum: match variant {
                        Variant::NewWithSum => Some(u32::try_from(field(102)?).ok()?),
                        Variant::New
                        | Variant::Octal
                        | Variant::LittleWords
                        | Variant::BigWords => None,
                    },
                }
            }
            Variant::Octal => Self {
                mode: u32::try_from(number(part(fixed, 18, 6)?, 8)?).ok()?,
                bytes: number(part(fixed, 65, 11)?, 8)?,
                name_bytes: u32::try_from(number(part(fixed, 59, 6)?, 8)?).ok()?,
                sum: None,
            },
            Variant::LittleWords | Variant::BigWords => {
                let word = |at| {
                    let word = u16_at(fixed, at)?;
                    Some(match variant {
                        Variant::BigWords => word.swap_bytes(),
                        Variant::LittleWords
                        | Variant::New
                        | Variant::NewWithSum
                        | Variant::Octal => word,
                    })
                };
                Self {
                    mode: u32::from(word(6)?),
                    // The higher word comes first in either order.
                    bytes: u64::from(word(22)?).checked_shl(16)? | u64::from(word(24)?),
                    name_bytes: u32::from(word(20)?),
                    sum: None,
                }
            }
        })
    }
}

/// A number in digits of `radix`.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value
            .checked_mul(u64::from(radix))?
            .checked_add(u64::from(digit))
    })
}

/// Whether a content begins as a cpio: the long magics are believed alone, the two bytes of the
/// binary kinds only with a whole header.
pub(super) fn begins(content: &[u8]) -> bool {
    Variant::at(content, 0).is_some_and(|variant| {
        !variant.is_binary()
            || Header::read(content, 0).is_some_and(|header| !header.has_inner_zero)
    })
}
