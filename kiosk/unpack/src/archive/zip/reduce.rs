//! Reduce, of the first PKZIP (APPNOTE 5.2): which byte follows which, over repetitions.

use std::io;

use super::old::{Bits, Old, Window};
use crate::bytes::span;
use crate::stream::chain::Source;

/// Begins a repetition.
const ESCAPE: u8 = 144;

/// Most bytes that may be likely to follow one byte: six bits, and 32 is the longest list that
/// is written.
pub(super) const FOLLOWERS_MAX: usize = 32;

pub(super) struct Reduce<'a> {
    bits: Bits<'a>,
    /// 1 to 4: how many bits of a repetition are of its distance.
    factor: u32,
    /// For each byte those that are likely to follow it; empty until they are read.
    followers: Vec<Vec<u8>>,
    last: u8,
    state: State,
}

/// Where in a repetition the next byte stands.
enum State {
    Plain,
    /// Behind the escape.
    Escaped,
    /// In front of more of its length.
    Longer {
        head: u8,
        count: usize,
    },
    /// In front of its distance.
    Distance {
        head: u8,
        count: usize,
    },
}

impl<'a> Reduce<'a> {
    pub(super) fn new(source: Source<'a>, factor: u32) -> Self {
        Self {
            bits: Bits::new(source),
            factor,
            followers: Vec::new(),
            last: 0,
            state: State::Plain,
        }
    }

    /// The lists, that of the highest byte first.
    fn read_followers(&mut self) -> io::Result<()> {
        for _ in 0..256 {
            let count = span(u64::from(self.bits.take(6)?));
            if FOLLOWERS_MAX < count {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let mut list = Vec::new();
            for _ in 0..count {
                list.push(self.bits.byte()?);
            }
            self.followers.push(list);
        }
        self.followers.reverse();
        Ok(())
    }

    fn byte(&mut self) -> io::Result<u8> {
        if self.followers.is_empty() {
            self.read_followers()?;
        }
        let followers = self.followers.get(usize::from(self.last));
        let followers = followers.map(Vec::as_slice).unwrap_or_default();
        let byte = if followers.is_empty() || self.bits.take(1)? == 1 {
            self.bits.byte()?
        } else {
            // As many bits as the last place needs, one at least.
            let last = u32::try_from(followers.len().saturating_sub(1)).unwrap_or(0);
            let width = 32_u32.saturating_sub(last.leading_zeros()).max(1);
            let place = span(u64::from(self.bits.take(width)?));
            *followers.get(place).ok_or(io::ErrorKind::InvalidData)?
        };
        self.last = byte;
        Ok(byte)
    }
}

impl Old for Reduce<'_> {
    fn step(&mut self, window: &mut Window) -> io::Result<()> {
        let byte = self.byte()?;
        let count_bits = 8_u32.saturating_sub(self.factor);
        let mask = (1_usize << count_bits.min(7)).saturating_sub(1);
        self.state = match self.state {
            State::Plain if byte == ESCAPE => State::Escaped,
            State::Plain => {
                window.put(byte);
                State::Plain
            }
            State::Escaped if byte == 0 => {
                window.put(ESCAPE);
                State::Plain
            }
            State::Escaped => {
                let (head, count) = (byte, usize::from(byte) & mask);
                match count == mask {
                    true => State::Longer { head, count },
                    false => State::Distance { head, count },
                }
            }
            State::Longer { head, count } => State::Distance {
                head,
                count: count.saturating_add(usize::from(byte)),
            },
            State::Distance { head, count } => {
                let high = usize::from(head >> count_bits.min(7)) << 8;
                let distance = (high | usize::from(byte)).saturating_add(1);
                window.repeat(distance, count.saturating_add(3));
                State::Plain
            }
        };
        Ok(())
    }
}
