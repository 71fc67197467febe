//! Lists of properties in TNEF ([MS-OXTNEF] 2.1.3.4).

use crate::bytes::{part, span, u16_at, u32_at};
use crate::text::wide_to_utf8;

/// Several values of one kind.
const MANY: u16 = 0x1000;
const SHORT: u16 = 0x0002;
const BOOLEAN: u16 = 0x000b;
const STRING: u16 = 0x001e;
const WIDE_STRING: u16 = 0x001f;
const OBJECT: u16 = 0x000d;
const BINARY: u16 = 0x0102;

/// First identifier of a property that has a name.
const NAMED: u16 = 0x8000;

/// One value of variable length; the others hold nothing.
pub(crate) struct Property<'a> {
    kind: u16,
    pub(crate) id: u16,
    pub(crate) data: &'a [u8],
}

impl Property<'_> {
    pub(crate) fn is_object(&self) -> bool {
        self.kind == OBJECT
    }

    /// Its value as a name.
    pub(crate) fn text(&self) -> Vec<u8> {
        let text = if self.kind == WIDE_STRING {
            wide_to_utf8(self.data)
        } else {
            self.data.to_vec()
        };
        let end = text.iter().position(|byte| *byte == 0);
        text.get(..end.unwrap_or(text.len()))
            .unwrap_or_default()
            .to_vec()
    }
}

/// Every value of variable length in a list, and whether the list could be read to its end.
pub(crate) fn properties(data: &[u8]) -> (Vec<Property<'_>>, bool) {
    let read = |are_shorts_joined: bool| {
        let mut found = Vec::new();
        let mut reader = Reader {
            data,
            at: 0,
            are_shorts_joined,
        };
        let is_whole = reader.list(&mut found).is_some();
        (found, is_whole)
    };
    // Writers differ about lists of numbers of two bytes.
    match read(false) {
        (_, false) => read(true),
        whole => whole,
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    /// Of several numbers of two bytes only the last one is padded, and not each.
    are_shorts_joined: bool,
}

impl<'a> Reader<'a> {
    fn list(&mut self, found: &mut Vec<Property<'a>>) -> Option<()> {
        let count = self.number()?;
        for _ in 0..count {
            let kind = u16_at(self.data, self.at)?;
            let id = u16_at(self.data, self.at.checked_add(2)?)?;
            self.at = self.at.checked_add(4)?;
            if NAMED <= id {
                self.name()?;
            }
            let single = kind & !MANY;
            let fixed = match single {
                SHORT | 0x0003 | 0x0004 | 0x000a | BOOLEAN => Some(4),
                0x0005..=0x0007 | 0x0014 | 0x0040 => Some(8),
                0x0048 => Some(16),
                STRING | WIDE_STRING | OBJECT | BINARY => None,
                _ => return None,
            };
            // Values of variable length are always counted.
            let values = if fixed.is_none() || kind & MANY != 0 {
                self.number()?
            } else {
                1
            };
            let is_short =
                self.are_shorts_joined && matches!(single, SHORT | BOOLEAN) && kind & MANY != 0;
            match fixed.map(|bytes| if is_short { 2 } else { bytes }) {
                Some(bytes) => {
                    let all = span(u64::from(values)).checked_mul(bytes)?;
                    self.skip(all.checked_next_multiple_of(4)?)?;
                }
                None => {
                    for _ in 0..values {
                        let data = self.counted()?;
                        found.push(Property {
                            kind: single,
                            id,
                            data,
                        });
                    }
                }
            }
        }
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        self.skip(16)?;
        if self.number()? == 0 {
            self.number()?;
        } else {
            self.counted()?;
        }
        Some(())
    }

    fn number(&mut self) -> Option<u32> {
        let number = u32_at(self.data, self.at)?;
        self.at = self.at.checked_add(4)?;
        Some(number)
    }

    /// A length and as many bytes, padded to four.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let bytes = span(u64::from(self.number()?));
        let data = part(self.data, self.at, bytes)?;
        let padded = bytes.checked_next_multiple_of(4)?;
        self.at = self.at.checked_add(padded)?.min(self.data.len());
        Some(data)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        part(self.data, self.at, bytes)?;
        self.at = self.at.checked_add(bytes)?;
        Some(())
    }
}
