//! Names and link targets: OSTA compressed Unicode.

use crate::number::{u8_at, wide};
use crate::text::{from_utf16, units_be};

/// A name in UTF-8, and whether it is spelled as the standard wants.
pub(super) fn decode(stored: &[u8]) -> (Vec<u8>, bool) {
    let Some((compression, rest)) = stored.split_first() else {
        return (Vec::new(), true);
    };
    match compression {
        // 254 and 255 mark a deleted name that must not be found again.
        8 | 254 => {
            let units: Vec<u16> = rest.iter().map(|byte| u16::from(*byte)).collect();
            (from_utf16(&units), true)
        }
        16 | 255 => (
            from_utf16(&units_be(rest)),
            wide(rest.len()).is_multiple_of(2),
        ),
        _ => (stored.to_vec(), false),
    }
}

/// A link's target from its path components, and whether all of them fit.
pub(super) fn target(mut components: &[u8]) -> (Vec<u8>, bool) {
    let mut target: Vec<u8> = Vec::new();
    while !components.is_empty() {
        let length = usize::from(u8_at(components, 1));
        let Some(name) = components.get(4..length.saturating_add(4)) else {
            return (target, false);
        };
        if !target.is_empty() && !target.ends_with(b"/") {
            target.push(b'/');
        }
        let mut fits = true;
        match u8_at(components, 0) {
            1 | 2 => target = b"/".to_vec(),
            3 => target.extend_from_slice(b".."),
            4 => target.push(b'.'),
            5 => {
                let (name, is_right) = decode(name);
                target.extend(name);
                fits = is_right;
            }
            _ => fits = false,
        }
        if !fits {
            return (target, false);
        }
        components = components
            .get(length.saturating_add(4)..)
            .unwrap_or_default();
    }
    (target, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_of_characters_become_text() {
        assert_eq!(decode(&[8, b'a', 0xE9]), ("aé".as_bytes().to_vec(), true));
        assert_eq!(
            decode(&[16, 0x70, 0xB9, 0x69, 0x1C]),
            ("点検".as_bytes().to_vec(), true)
        );
        assert_eq!(decode(&[]), (Vec::new(), true));
        assert!(!decode(&[16, 0x70]).1);
        assert!(!decode(&[9, b'a']).1);
    }

    #[test]
    fn components_become_a_path() {
        let path = [
            &[2, 0, 0, 0][..],
            &[5, 4, 0, 0, 8, b'u', b's', b'r'],
            &[3, 0, 0, 0],
            &[4, 0, 0, 0],
            &[5, 2, 0, 0, 8, b'a'],
        ]
        .concat();
        assert_eq!(target(&path), (b"/usr/.././a".to_vec(), true));
        assert!(!target(&[5, 9, 0, 0, 8]).1);
        assert!(!target(&[7, 0, 0, 0]).1);
        assert!(!target(&[5]).1);
    }
}
