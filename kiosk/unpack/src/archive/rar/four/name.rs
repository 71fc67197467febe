//! Names of RAR 2.x to 4.x, which may stand in two spellings.

/// A name as it is shown, and another spelling that older readers use instead. The second one
/// tells the first by its differences from the letters of the old one, two bits a letter.
pub(super) fn names(stored: &[u8], is_unicode: bool) -> (Vec<u8>, Vec<u8>) {
    let zero = stored.iter().position(|byte| *byte == 0);
    match zero.and_then(|at| stored.split_at_checked(at)) {
        Some((old, [_, coded @ ..])) if is_unicode => {
            let shown = decode(old, coded);
            if shown.is_empty() {
                return (old.to_vec(), Vec::new());
            }
            (String::from_utf16_lossy(&shown).into_bytes(), old.to_vec())
        }
        Some((until_zero, _)) => (stored.to_vec(), until_zero.to_vec()),
        None => (stored.to_vec(), Vec::new()),
    }
}

/// Little-endian UTF-16, as the names of streams are stored.
pub(super) fn utf16(stored: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = stored
        .chunks_exact(2)
        .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
        .collect();
    String::from_utf16_lossy(&units).into_bytes()
}

fn decode(old: &[u8], coded: &[u8]) -> Vec<u16> {
    let mut bytes = coded.iter().copied();
    let mut units = Vec::new();
    let Some(page) = bytes.next() else {
        return units;
    };
    while let Some(flags) = bytes.next() {
        for shift in [6, 4, 2, 0] {
            // It ends where the next letter would begin.
            if unit((flags >> shift) & 3, page, old, &mut bytes, &mut units).is_none() {
                return units;
            }
        }
    }
    units
}

fn unit(
    kind: u8,
    page: u8,
    old: &[u8],
    bytes: &mut impl Iterator<Item = u8>,
    units: &mut Vec<u16>,
) -> Option<()> {
    let first = bytes.next()?;
    match kind {
        0 => units.push(u16::from(first)),
        1 => units.push(u16::from_le_bytes([first, page])),
        2 => units.push(u16::from_le_bytes([first, bytes.next()?])),
        _ => {
            let run = usize::from(first & 0x7f).checked_add(2)?;
            let change = if first & 0x80 == 0 {
                None
            } else {
                Some(bytes.next()?)
            };
            for _ in 0..run {
                // What is not there is not copied: the old spelling is the shorter one then.
                let Some(letter) = old.get(units.len()) else {
                    break;
                };
                units.push(match change {
                    Some(change) => u16::from_le_bytes([letter.wrapping_add(change), page]),
                    None => u16::from(*letter),
                });
            }
        }
    }
    Some(())
}
