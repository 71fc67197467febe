//! The method's encoder, which no usual tool has any more.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use super::{COUNT_SUM_MAX, Model, Quantum, distance_class, length_class};
use crate::archive::codec::{Token, Writer};

/// The models of a folder while it is written.
pub(in crate::archive::cab) struct Encoder(Quantum);

impl Encoder {
    pub(in crate::archive::cab) fn new(window_bits: u16) -> Self {
        Self(Quantum::new(u32::from(window_bits)))
    }

    /// One block of these tokens.
    pub(in crate::archive::cab) fn block(&mut self, tokens: &[Token]) -> Vec<u8> {
        let mut out = Out {
            bits: Writer::default(),
            low: 0,
            high: 0xffff,
            held: 0,
            extras: Vec::new(),
        };
        for token in tokens {
            self.token(*token, &mut out);
        }
        out.finish()
    }

    fn token(&mut self, token: Token, out: &mut Out) {
        let models = &mut self.0;
        match token {
            Token::Literal(byte) => {
                let kind = usize::from(byte >> 6);
                out.symbol(&mut models.selector, u16::from(byte >> 6));
                out.symbol(&mut models.literals[kind], u16::from(byte));
            }
            Token::Copy { distance, bytes } => {
                let kind = (bytes - 3).min(2);
                out.symbol(&mut models.selector, u16::try_from(4 + kind).unwrap());
                if kind == 2 {
                    let number = u32::try_from(bytes - 5).unwrap();
                    out.class(&mut models.lengths, number, 27, length_class);
                }
                let number = u32::try_from(distance - 1).unwrap();
                out.class(&mut models.distances[kind], number, 42, distance_class);
            }
        }
    }
}

/// An arithmetic code while it is written. Its reader has always read sixteen bits more than
/// are decided, and extra bits stand behind those: so all is put together at the end.
struct Out {
    bits: Writer,
    low: u32,
    high: u32,
    /// Bits that will be the opposite of the next one.
    held: usize,
    /// After how many shifts which extra bits stand.
    extras: Vec<(usize, u32, u32)>,
}

impl Out {
    fn class(&mut self, model: &mut Model, number: u32, classes: u16, of: fn(u16) -> (u32, u32)) {
        let class = (0..classes).rev().find(|class| of(*class).0 <= number);
        let class = class.unwrap();
        let (base, extra) = of(class);
        self.symbol(model, class);
        let shifts = self.bits.bits() + self.held;
        self.extras.push((shifts, number - base, extra));
    }

    fn symbol(&mut self, model: &mut Model, symbol: u16) {
        let place = model.entries.iter().position(|(own, _)| *own == symbol);
        let place = place.unwrap();
        let range = self.high - self.low + 1;
        let total = u32::from(model.total());
        self.high = self.low + range * u32::from(model.sum(place)) / total - 1;
        self.low += range * u32::from(model.sum(place + 1)) / total;
        model.count(place);
        loop {
            if (self.low ^ self.high) & 0x8000 == 0 {
                self.bit(self.low >> 15);
            } else if self.low & 0x4000 != 0 && self.high & 0x4000 == 0 {
                self.held += 1;
                self.low &= 0x3fff;
                self.high |= 0x4000;
            } else {
                return;
            }
            self.low = self.low << 1 & 0xffff;
            self.high = (self.high << 1 | 1) & 0xffff;
        }
    }

    fn bit(&mut self, bit: u32) {
        self.bits.put(usize::try_from(bit).unwrap(), 1);
        for _ in 0..std::mem::take(&mut self.held) {
            self.bits.put(usize::try_from(1 - bit).unwrap(), 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // Enough bits to tell this stretch from all others.
        self.held += 1;
        self.bit(self.low >> 14 & 1);
        let shifts = self.bits.bits() + 16;
        let code = std::mem::take(&mut self.bits).finish();
        let mut out = Writer::default();
        let mut extras = self.extras.into_iter().peekable();
        for at in 0..shifts {
            // The reader is sixteen bits ahead of the shifts.
            while let Some((_, value, count)) = extras.next_if(|(after, ..)| after + 16 == at) {
                let value = usize::try_from(value).unwrap();
                out.put(value, usize::try_from(count).unwrap());
            }
            let byte = code.get(at / 8).copied().unwrap_or(0);
            out.put(usize::from(byte >> (7 - at % 8) & 1), 1);
        }
        for (_, value, count) in extras {
            let value = usize::try_from(value).unwrap();
            out.put(value, usize::try_from(count).unwrap());
        }
        out.finish()
    }
}

#[test]
fn counts_stay_below_their_sum_and_in_order() {
    let mut model = Model::new(0, 64);
    for number in 0..100_000_usize {
        model.count(number * number % 61);
        assert!(model.total() <= COUNT_SUM_MAX);
        let sums: Vec<_> = model.entries.iter().map(|(_, sum)| *sum).collect();
        assert!(sums.windows(2).all(|two| two[1] < two[0]), "{sums:?}");
    }
}

#[test]
fn classes_follow_each_other() {
    let mut next = 0;
    for class in 0..42 {
        let (base, extra) = distance_class(class);
        assert_eq!(base, next, "distances of class {class}");
        next = base + (1 << extra);
    }
    let mut next = 0;
    for class in 0..27 {
        let (base, extra) = length_class(class);
        assert_eq!(base, next, "lengths of class {class}");
        next = base + (1 << extra);
    }
}
