//! What the methods of the first zip programs have in common (APPNOTE 5).

use std::io::{self, BufRead, Read};

use crate::bytes::{length, span};
use crate::stream::chain::Source;

/// How far back any of them refers, in bytes.
const WINDOW_BYTES: usize = 8192;

/// How much comes out before the window is cut, in bytes.
const KEPT_BYTES: usize = 16 * WINDOW_BYTES;

/// Bits of a source, least significant first.
pub(super) struct Bits<'a> {
    source: Source<'a>,
    held: u32,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            held: 0,
            count: 0,
        }
    }

    /// The next `count` bits as a number, 16 at most.
    pub(super) fn take(&mut self, count: u32) -> io::Result<u32> {
        while self.count < count {
            let byte = self.source.fill_buf()?.first().copied();
            let byte = byte.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.source.consume(1);
            self.held |= u32::from(byte) << self.count;
            self.count = self.count.saturating_add(8);
        }
        let mask = (1_u32 << count).saturating_sub(1);
        let taken = self.held & mask;
        self.held >>= count;
        self.count = self.count.saturating_sub(count);
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        self.take(8).map(low_byte)
    }
}

/// The lowest eight bits.
pub(super) fn low_byte(number: u32) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte
}

/// What came out, as far back as it may be referred to.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    given: usize,
}

impl Window {
    pub(super) fn put(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Repeats what came out. Before the beginning are zeros.
    pub(super) fn repeat(&mut self, distance: usize, count: usize) {
        for _ in 0..count {
            let at = self.bytes.len().checked_sub(distance);
            let byte = at.and_then(|at| self.bytes.get(at)).copied();
            self.bytes.push(byte.unwrap_or(0));
        }
    }

    fn give(&mut self, buffer: &mut [u8]) -> usize {
        let mut fresh = self.bytes.get(self.given..).unwrap_or_default();
        let bytes = fresh.read(buffer).unwrap_or(0);
        self.given = self.given.saturating_add(bytes);
        if KEPT_BYTES < self.given {
            let cut = self.given.saturating_sub(WINDOW_BYTES);
            self.bytes.drain(..cut);
            self.given = WINDOW_BYTES;
        }
        bytes
    }

    fn is_given(&self) -> bool {
        self.given == self.bytes.len()
    }
}

/// One such method.
pub(super) trait Old {
    /// Reads one symbol and puts out what it means, if anything.
    fn step(&mut self, window: &mut Window) -> io::Result<()>;
}

/// One such method as a reader. None of them has an end mark.
pub(super) struct Expanded<M> {
    method: M,
    window: Window,
    left: u64,
}

impl<M> Expanded<M> {
    pub(super) fn new(method: M, bytes: u64) -> Self {
        Self {
            method,
            window: Window::default(),
            left: bytes,
        }
    }
}

impl<M: Old> Read for Expanded<M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = length(buffer.len()).min(self.left);
        if most == 0 {
            return Ok(0);
        }
        while self.window.is_given() {
            self.method.step(&mut self.window)?;
        }
        let bytes = self
            .window
            .give(buffer.get_mut(..span(most)).unwrap_or_default());
        self.left = self.left.saturating_sub(length(bytes));
        Ok(bytes)
    }
}
