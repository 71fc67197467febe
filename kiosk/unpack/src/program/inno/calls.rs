//! The filter of Inno Setup for programs: targets of calls and jumps were made absolute, so that
//! they repeat.

/// A call is left alone when it goes on in the next piece of this size, in bytes.
const PIECE_BYTES: usize = 0x1_0000;

/// How long a call is.
const CALL_BYTES: usize = 5;

/// Makes calls relative again. `turns` says whether the highest byte of a target was turned when
/// it leads back.
pub(super) fn relate(code: &mut [u8], turns: bool) {
    let mut at: usize = 0;
    while let Some(call) = code.get_mut(at..at.saturating_add(CALL_BYTES)) {
        let within = at.checked_rem(PIECE_BYTES).unwrap_or(0);
        let is_split = PIECE_BYTES < within.saturating_add(CALL_BYTES);
        let [0xe8 | 0xe9, first, second, third, highest] = call else {
            at = at.saturating_add(1);
            continue;
        };
        if is_split {
            at = at.saturating_add(1);
            continue;
        }
        at = at.saturating_add(CALL_BYTES);
        if !matches!(*highest, 0 | 0xff) {
            continue;
        }
        let next = u32::try_from(at & 0xff_ffff).unwrap_or(0);
        let target = u32::from_le_bytes([*first, *second, *third, 0]);
        let relative = target.wrapping_sub(next);
        let [low, middle, high, _] = relative.to_le_bytes();
        (*first, *second, *third) = (low, middle, high);
        if turns && high & 0x80 != 0 {
            *highest = !*highest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::relate;

    #[test]
    fn calls_are_relative_again_but_not_over_the_end_of_a_piece() {
        let mut code = b"\x90\xe8\x10\0\0\0\xe9\x08\0\0\xff\xe8\x01\x02\x03\x04\x90\xe8\0".to_vec();
        relate(&mut code, true);
        let wanted = b"\x90\xe8\x0a\0\0\0\xe9\xfd\xff\xff\0\xe8\x01\x02\x03\x04\x90\xe8\0";
        assert_eq!(code, wanted);
        let mut split = vec![0x90; 0x1_0004];
        split[0xfffc..].copy_from_slice(b"\xe8\0\0\x01\0\x90\x90\x90");
        let whole = split.clone();
        relate(&mut split, true);
        assert_eq!(split, whole);
        let mut whole = vec![0x90; 0x1_0000];
        whole[0xfffb..].copy_from_slice(b"\xe8\0\0\x01\0");
        relate(&mut whole, true);
        assert_eq!(whole[0xfffb..], *b"\xe8\0\0\0\0");
    }
}
