//! Names as media spell them, as bytes that lose nothing.

/// UTF-16 as UTF-8, with unpaired surrogates kept as WTF-8 spells them: every sequence of
/// units has its own bytes.
pub(crate) fn from_utf16(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len());
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(character) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Err(error) => {
                let surrogate = error.unpaired_surrogate();
                bytes.extend([
                    0xE0 | low_byte(surrogate >> 12),
                    0x80 | low_byte(surrogate >> 6 & 0x3F),
                    0x80 | low_byte(surrogate & 0x3F),
                ]);
            }
        }
    }
    bytes
}

/// Little-endian UTF-16 as it is stored.
pub(crate) fn units_le(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

/// Big-endian UTF-16 as it is stored.
pub(crate) fn units_be(bytes: &[u8]) -> Vec<u16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

fn low_byte(value: u16) -> u8 {
    let [low, _] = value.to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_utf8_and_lone_surrogates_stay_distinct() {
        let units: Vec<u16> = "点検😀".encode_utf16().collect();
        assert_eq!(from_utf16(&units), "点検😀".as_bytes());
        assert_eq!(from_utf16(&[0xD83D]), [0xED, 0xA0, 0xBD]);
        assert_eq!(
            from_utf16(&[0xDE00, 0xD83D]),
            [0xED, 0xB8, 0x80, 0xED, 0xA0, 0xBD]
        );
    }
}
