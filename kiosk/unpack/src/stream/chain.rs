//! Decoders of other crates, one behind the other, with everything they cost counted.
//!
//! The last one's output is counted as it comes out; what goes from one to the next is counted
//! as input, because a chain of compressors can make any amount of work of a few bytes.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use wire::Gap;

use super::decoder::Decoder;
use super::sink::{End, STEP_BYTES, push};
use crate::budget::Budget;
use crate::bytes::{length, span};

/// Most bytes that may pass between decoders while the last one gives [`STEP_BYTES`]. Filters
/// pass as much as they give, and buffers hold a few times 64 KiB.
pub(crate) const PASSED_BYTES_MAX: u64 = 8 << 20;

/// Filling a decoder's tables takes about as long as reading this part of them as input does.
const SETUP_SHARE: usize = 32;

/// What a decoder may leave of its packed stream, in bytes: an end mark that nothing needs when
/// the size is known, and what the compressor flushed.
pub(crate) const UNREAD_BYTES_MAX: usize = 16;

/// What a decoder reads from.
pub(crate) type Source<'a> = Box<dyn BufRead + 'a>;

/// What passed between decoders since the last look at it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Rc<Cell<u64>>);

impl Meter {
    /// Counts work that is like reading so many bytes.
    pub(crate) fn count(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_add(length(bytes)));
    }
}

/// How far a packed stream was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position(Rc<Cell<usize>>);

impl Position {
    /// In bytes from the beginning of the stream.
    pub(crate) fn get(&self) -> usize {
        self.0.get()
    }

    /// Counts bytes that were read before the decoder was there.
    pub(crate) fn skip(&self, bytes: usize) {
        self.0.set(self.get().saturating_add(bytes));
    }
}

/// A packed stream as it lies in the container.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    left: &'a [u8],
    position: Position,
    meter: Meter,
}

impl<'a> Packed<'a> {
    pub(crate) fn new(data: &'a [u8], meter: &Meter) -> (Self, Position) {
        let position = Position::default();
        let packed = Self {
            left: data,
            position: position.clone(),
            meter: meter.clone(),
        };
        (packed, position)
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fresh = self.left.read(buffer)?;
        self.note(fresh);
        Ok(fresh)
    }
}

impl Packed<'_> {
    fn note(&self, bytes: usize) {
        self.meter.count(bytes);
        self.position.skip(bytes);
    }
}

impl BufRead for Packed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.left)
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.get(bytes..).unwrap_or_default();
        self.note(bytes);
    }
}

/// Whether a decoder failed because of a limit of ours.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LimitReached(pub(crate) &'static str);

/// Counts what one decoder gives to the next.
struct Passing<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Passing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if PASSED_BYTES_MAX < self.meter.0.get() {
            return Err(io::Error::other(LimitReached(
                "its methods hand too much to one another",
            )));
        }
        let fresh = self.inner.read(buffer)?;
        self.meter.count(fresh);
        Ok(fresh)
    }
}

/// The output of one decoder as the input of the next.
pub(crate) fn passed<'a>(output: Box<dyn Read + 'a>, meter: &Meter) -> Source<'a> {
    let inner = Passing {
        inner: output,
        meter: meter.clone(),
    };
    Box::new(BufReader::with_capacity(STEP_BYTES, inner))
}

/// The last decoder of a chain.
pub(crate) struct Chain<'a> {
    output: Box<dyn Read + 'a>,
    meter: Meter,
    /// What the decoders may hold in memory, in bytes.
    pub(crate) memory_bytes: usize,
    /// What they fill before anything comes out, in bytes.
    setup_bytes: usize,
    /// Whether a decoder's dictionary is smaller than the stream asks for.
    is_narrow: bool,
    /// Why nothing more comes out.
    broken: Option<(Gap, &'static str)>,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(last: Decoder<'a>, meter: Meter) -> Self {
        Self {
            output: last.output,
            meter,
            memory_bytes: last.memory_bytes,
            setup_bytes: last.setup_bytes,
            is_narrow: last.is_narrow,
            broken: None,
        }
    }

    /// Why nothing more comes out, when that is so.
    pub(crate) fn broken(&self) -> Option<(Gap, &'static str)> {
        self.broken
    }

    /// Pays for setting the decoders up.
    ///
    /// # Errors
    /// Which limit is reached.
    pub(crate) fn pay_setup(&self, budget: &mut Budget) -> Result<(), &'static str> {
        budget.take_input(self.setup_bytes.checked_div(SETUP_SHARE).unwrap_or(0))
    }

    /// Reads `bytes` to the end of `output`. When `output` is full, the rest is read and
    /// dropped, so that what comes behind it can still be had.
    pub(crate) fn take(&mut self, bytes: u64, output: &mut Vec<u8>, budget: &mut Budget) -> End {
        let mut left = bytes;
        let mut full = None;
        let mut step = vec![0_u8; span(left.min(length(STEP_BYTES)))];
        while 0 < left {
            let wanted = span(left.min(length(step.len())));
            let fresh = match self.step(step.get_mut(..wanted).unwrap_or_default(), budget) {
                Ok([]) => return self.cut(Gap::Damaged, "compressed data ends too early"),
                Ok(fresh) => fresh,
                Err((gap, why)) => return self.cut(gap, why),
            };
            left = left.saturating_sub(length(fresh.len()));
            let pushed = match full {
                None => push(output, fresh, budget),
                Some(_) => budget.take_output(fresh.len()),
            };
            if let Err(why) = pushed {
                if budget.spent().is_some() {
                    return self.cut(Gap::Limit, why);
                }
                full = Some(why);
            }
        }
        full.map_or(End::Complete, |why| End::Cut(Gap::Limit, why))
    }

    fn cut(&mut self, gap: Gap, why: &'static str) -> End {
        self.broken = Some((gap, why));
        End::Cut(gap, why)
    }

    /// Whether more comes out.
    pub(crate) fn goes_on(&mut self, budget: &mut Budget) -> bool {
        self.step(&mut [0], budget)
            .is_ok_and(|fresh| !fresh.is_empty())
    }

    /// One read, and the payment for what it cost.
    fn step<'s>(
        &mut self,
        step: &'s mut [u8],
        budget: &mut Budget,
    ) -> Result<&'s [u8], (Gap, &'static str)> {
        let result = loop {
            match self.output.read(step) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let cost = self.meter.0.take();
        if let Err(why) = budget.take_input(span(cost)) {
            return Err((Gap::Limit, why));
        }
        match result {
            Ok(fresh) => Ok(step.get(..fresh).unwrap_or_default()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    fn fault(&self, error: &io::Error) -> (Gap, &'static str) {
        let own = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<LimitReached>());
        if let Some(LimitReached(why)) = own {
            return (Gap::Limit, why);
        }
        let is = |kind: io::ErrorKind| error.kind() == kind;
        if is(io::ErrorKind::OutOfMemory) {
            (Gap::Limit, "not enough memory")
        } else if self.is_narrow {
            // What a decoder of full size would have found there nobody knows.
            (Gap::Limit, "refers farther back than memory allows")
        } else if is(io::ErrorKind::UnexpectedEof) {
            (Gap::Damaged, "compressed data is cut off")
        } else {
            (Gap::Damaged, "compressed data is malformed")
        }
    }
}
