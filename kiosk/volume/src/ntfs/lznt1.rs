//! LZNT1, the compression of NTFS. Source: Microsoft's MS-XCA 2.5.

use std::io;

use crate::number::{u16_at, wide};

/// What one chunk holds once it is unpacked, in bytes.
const CHUNK_BYTES: usize = 4096;

/// Unpacks chunks until `output` is full or they end; what they do not fill is zeros, and so is
/// the rest of every chunk that is shorter than the others.
///
/// # Errors
/// `InvalidData` when the chunks contradict themselves.
pub(crate) fn unpack(packed: &[u8], output: &mut [u8]) -> io::Result<()> {
    let mut rest = packed;
    for chunk in output.chunks_mut(CHUNK_BYTES) {
        chunk.fill(0);
        let header = u16_at(rest, 0);
        if header == 0 {
            // Chunks after the last are zeros, and all were filled with something else before.
            rest = &[];
            continue;
        }
        let end = usize::from(header & 0xFFF).saturating_add(3);
        let data = rest.get(2..end).ok_or_else(malformed)?;
        rest = rest.get(end..).unwrap_or_default();
        if header & 0x8000 == 0 {
            let plain = chunk.get_mut(..data.len()).ok_or_else(malformed)?;
            plain.copy_from_slice(data);
        } else {
            unpack_chunk(data, chunk)?;
        }
    }
    Ok(())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "compressed data is malformed")
}

/// Unpacks one chunk: groups of eight literals and references with a byte that tells which.
fn unpack_chunk(data: &[u8], chunk: &mut [u8]) -> io::Result<()> {
    let mut at = 0_usize;
    let mut rest = data;
    while let Some((flags, tail)) = rest.split_first() {
        rest = tail;
        for shift in 0..8_u32 {
            let Some((literal, tail)) = rest.split_first() else {
                break;
            };
            if flags.checked_shr(shift).unwrap_or(0) & 1 == 0 {
                *chunk.get_mut(at).ok_or_else(malformed)? = *literal;
                at = at.saturating_add(1);
                rest = tail;
                continue;
            }
            let (reference, tail) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
            rest = tail;
            at = repeat(chunk, at, u16::from_le_bytes(*reference))?;
        }
    }
    Ok(())
}

/// Repeats what was unpacked before, as `reference` says, and gives where that ends. The further
/// into the chunk, the more of its bits say how far back, and the fewer how much.
fn repeat(chunk: &mut [u8], at: usize, reference: u16) -> io::Result<usize> {
    let position = wide(at);
    let bits = u64::BITS.saturating_sub(position.saturating_sub(1).leading_zeros());
    let length_bits = 16_u32.saturating_sub(bits.max(4));
    let back = usize::from(reference.checked_shr(length_bits).unwrap_or(0)).saturating_add(1);
    let mask = 0xFFFF_u16
        .checked_shr(16_u32.saturating_sub(length_bits))
        .unwrap_or(0);
    let length = usize::from(reference & mask).saturating_add(3);
    let from = at.checked_sub(back).ok_or_else(malformed)?;
    let end = at.saturating_add(length);
    if chunk.len() < end {
        return Err(malformed());
    }
    if length <= back {
        chunk.copy_within(from..from.saturating_add(length), at);
        return Ok(end);
    }
    // The source runs into what is being written: a repeated pattern.
    for (source, to) in (from..).zip(at..end) {
        let byte = chunk.get(source).copied().unwrap_or(0);
        if let Some(place) = chunk.get_mut(to) {
            *place = byte;
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let mut output = vec![0xAA; size];
        unpack(packed, &mut output).map(|()| output)
    }

    #[test]
    fn the_example_of_the_specification_is_unpacked() {
        // MS-XCA 3.3: the text and its packed form.
        let packed = [
            0x38, 0xB0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xA2,
            0x47, 0x01, 0xA0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xC0,
            0x45, 0x20, 0x05, 0x24, 0x13, 0x88, 0x05, 0xB4, 0x02, 0x4A, 0x44, 0xEF, 0x03, 0x58,
            0x02, 0x8C, 0x09, 0x16, 0x01, 0x48, 0x45, 0x00, 0xBE, 0x00, 0x9E, 0x00, 0x04, 0x01,
            0x18, 0x90, 0x00,
        ];
        let text = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E \
                    F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";
        let output = unpacked(&packed, 4096).unwrap();
        assert_eq!(&output[..text.len()], text.as_bytes());
        assert!(output[text.len()..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn chunks_that_are_short_or_missing_are_zeros() {
        // One stored chunk of three bytes, then one literal and a reference to it, then the end.
        let packed = [2, 0x30, 7, 8, 9, 3, 0xB0, 2, b'a', 2, 0, 0, 0, 9, 9];
        let output = unpacked(&packed, 3 * 4096).unwrap();
        assert_eq!(output[..4], [7, 8, 9, 0]);
        assert_eq!(&output[4096..4103], b"aaaaaa\0");
        assert!(output[8192..].iter().all(|byte| *byte == 0));
        assert_eq!(unpacked(&[], 10).unwrap(), [0; 10]);
    }

    #[test]
    fn chunks_that_make_no_sense_are_refused() {
        for packed in [
            // Longer than what is there.
            &[2, 0x30, 7][..],
            &[2],
            &[0xFF, 0xBF, 0],
            // A reference before the beginning, one that is cut, one past the end.
            &[2, 0xB0, 1, 0, 0],
            &[2, 0xB0, 2, b'a', 0],
            &[3, 0xB0, 2, b'a', 0xFF, 0x0F, 0, 0],
        ] {
            let size = if packed.get(3) == Some(&2) && packed.len() == 8 {
                4000
            } else {
                4096
            };
            let result = unpacked(packed, size);
            if packed == [2] {
                assert_eq!(result.unwrap(), vec![0; 4096]);
            } else {
                assert_eq!(
                    result.unwrap_err().kind(),
                    io::ErrorKind::InvalidData,
                    "{packed:?}"
                );
            }
        }
        // A stored chunk larger than its place.
        assert!(unpacked(&[9, 0x30, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5).is_err());
    }
}
