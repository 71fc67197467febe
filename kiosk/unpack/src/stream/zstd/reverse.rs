//! Bits that are read from the end of a slice to its beginning.

/// Reads bits backwards. Past the beginning there are zeros, which are counted.
pub(super) struct Reverse<'a> {
    /// What is not held yet.
    content: &'a [u8],
    /// The last `count` bits are not taken yet.
    held: u64,
    count: u32,
    /// How many bits more than there are were taken.
    missing: u32,
}

impl<'a> Reverse<'a> {
    /// The highest bit that is set in the last byte ends the bits.
    pub(super) fn new(content: &'a [u8]) -> Option<Self> {
        let (last, content) = content.split_last()?;
        let count = last.checked_ilog2()?;
        let mask = 1_u64.checked_shl(count)?.checked_sub(1)?;
        Some(Self {
            content,
            held: u64::from(*last) & mask,
            count,
            missing: 0,
        })
    }

    /// The next `count` bits, at most 32, without taking them.
    pub(super) fn peek(&mut self, count: u32) -> u32 {
        while self.count <= 32 {
            let Some((byte, content)) = self.content.split_last() else {
                break;
            };
            self.held = self.held << 8 | u64::from(*byte);
            self.content = content;
            self.count = self.count.saturating_add(8);
        }
        let shifted = match self.count.checked_sub(count) {
            Some(behind) => self.held.wrapping_shr(behind),
            None => self.held.wrapping_shl(count.saturating_sub(self.count)),
        };
        let mask = 1_u64.wrapping_shl(count).wrapping_sub(1);
        u32::try_from(shifted & mask).unwrap_or_default()
    }

    /// Takes `count` bits that were looked at.
    pub(super) fn skip(&mut self, count: u32) {
        let missing = count.saturating_sub(self.count);
        self.missing = self.missing.saturating_add(missing);
        self.count = self.count.saturating_sub(count);
    }

    /// The next `count` bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_over(&self) -> bool {
        0 < self.missing
    }

    /// Whether exactly all bits were taken.
    pub(super) fn is_done(&self) -> bool {
        self.content.is_empty() && self.count == 0 && self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_backwards_behind_the_end_mark_and_zeros_before_the_beginning() {
        let mut bits = Reverse::new(&[0b1100_0011, 0b0001_0110]).unwrap();
        assert_eq!((bits.take(3), bits.take(4)), (0b011, 0b0110));
        assert!(!bits.is_done());
        assert_eq!(bits.take(5), 0b00011);
        assert!(bits.is_done() && !bits.is_over());
        assert_eq!(bits.take(9), 0);
        assert!(!bits.is_done() && bits.is_over());
        assert!(Reverse::new(&[1, 0]).is_none() && Reverse::new(&[]).is_none());
        assert!(Reverse::new(&[1]).unwrap().is_done());
    }

    #[test]
    fn thirty_two_bits_come_at_once() {
        let mut bits = Reverse::new(&[0x78, 0x56, 0x34, 0x12, 0x83]).unwrap();
        assert_eq!((bits.take(7), bits.take(32)), (3, 0x1234_5678));
    }
}
