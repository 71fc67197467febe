//! The decoders of all versions behind one door. They are those of the crate `rars`; here is what
//! bounds them, and what a solid archive carries from one member to the next.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use rars::codec::Error;
use rars::codec::rar13::Unpack15;
use rars::codec::rar20::Unpack20;
use rars::codec::rar29::Unpack29;
use rars::codec::rar50::{DecodedChunk, StreamDecodeError, Unpack50Decoder};
use wire::Gap;

use crate::budget::Budget;
use crate::bytes::{length, span};
use crate::stream::sink::{End, push};

/// What one read of the RAR 5.0 decoder costs beside its bytes, in bytes of input. Each block
/// takes two reads or three and may bring tables along, which cost more to build than to store.
const READ_COST_BYTES: usize = 2048;

/// The window of the versions before 5.0, in bytes.
const OLD_WINDOW_BYTES: u64 = 4 << 20;

/// How a member is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// As it is.
    Stored,
    /// RAR 1.5.
    Rar15,
    /// RAR 2.0 and 2.6.
    Rar20,
    /// RAR 2.9 to 4.x.
    Rar29,
    /// RAR 5.0; with longer distances when `is_wide`, as RAR 7.0 has them.
    Rar50 {
        is_wide: bool,
        dictionary_bytes: u64,
    },
    /// None of these.
    Unknown,
}

/// Compressed data and what its header says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed<'a> {
    pub(super) data: &'a [u8],
    pub(super) method: Method,
    /// Whether it goes on with the window of the member before.
    pub(super) is_solid: bool,
    /// Its size when unpacked, in bytes.
    pub(super) size_bytes: u64,
}

/// What the last member left for the next one of a solid archive.
enum Window {
    /// Nothing was unpacked yet.
    None,
    Rar15(Box<Unpack15>),
    Rar20(Box<Unpack20>),
    Rar29(Box<Unpack29>),
    Rar50(Box<Unpack50Decoder>),
    /// It could not be unpacked, for this reason.
    Lost(Gap),
}

/// The decoder of an archive's members.
pub(super) struct Decoder {
    window: Window,
    /// How much came out since the window was empty, in bytes.
    window_bytes: u64,
    /// How much memory it keeps between two members, in bytes.
    held_bytes: usize,
}

impl Decoder {
    /// Before the first member.
    pub(super) fn new() -> Self {
        Self {
            window: Window::None,
            window_bytes: 0,
            held_bytes: 0,
        }
    }

    /// Notes that a member was not unpacked, which ends what a solid archive may unpack.
    pub(super) fn lose(&mut self, gap: Gap) {
        self.window = Window::Lost(gap);
        self.held_bytes = 0;
    }

    /// How much memory it keeps between two members, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Unpacks to the end of `output`, which holds nothing yet.
    pub(super) fn unpack(
        &mut self,
        packed: &Packed<'_>,
        output: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> End {
        if packed.data.is_empty() && packed.size_bytes == 0 {
            return End::Complete;
        }
        let before = std::mem::replace(&mut self.window, Window::None);
        if !packed.is_solid {
            self.window_bytes = 0;
        } else if let Window::Lost(gap) = before {
            self.window = before;
            return End::Cut(gap, "continues a member that could not be unpacked");
        }
        let (end, window) = match packed.method {
            Method::Rar15 => rar15(packed, before, output, budget),
            Method::Rar20 => rar20(packed, before, output, budget),
            Method::Rar29 => rar29(packed, before, output, budget),
            Method::Rar50 {
                is_wide,
                dictionary_bytes,
            } => self.rar50(packed, before, is_wide, dictionary_bytes, output, budget),
            Method::Stored | Method::Unknown => (
                End::Cut(Gap::Unsupported, "packed by an unknown method"),
                Window::None,
            ),
        };
        self.window_bytes = self.window_bytes.saturating_add(length(output.len()));
        self.window = match end {
            End::Complete => window,
            End::Cut(gap, _) => Window::Lost(gap),
        };
        let reach_bytes = match (&self.window, packed.method) {
            (Window::None | Window::Lost(_), _) => 0,
            (
                _,
                Method::Rar50 {
                    dictionary_bytes, ..
                },
            ) => dictionary_bytes,
            // These also keep what they read.
            (_, _) => OLD_WINDOW_BYTES.saturating_add(length(packed.data.len())),
        };
        self.held_bytes = span(reach_bytes.min(self.window_bytes));
        end
    }

    fn rar50(
        &self,
        packed: &Packed<'_>,
        before: Window,
        is_wide: bool,
        dictionary_bytes: u64,
        output: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> (End, Window) {
        let mut decoder = match before {
            Window::Rar50(decoder) if packed.is_solid => decoder,
            Window::None
            | Window::Rar15(_)
            | Window::Rar20(_)
            | Window::Rar29(_)
            | Window::Rar50(_)
            | Window::Lost(_) => Box::new(Unpack50Decoder::new()),
        };
        let room = budget.room();
        // No distance reaches behind what came out so far.
        let reachable = self.window_bytes.saturating_add(packed.size_bytes);
        let window_bytes = span(dictionary_bytes.min(reachable.max(1)));
        if room < span(dictionary_bytes.min(self.window_bytes)) {
            let end = End::Cut(Gap::Limit, "dictionary is larger than memory may hold");
            return (end, Window::None);
        }
        let budget = RefCell::new(budget);
        let mut input = Input {
            rest: packed.data,
            budget: &budget,
        };
        let result = decoder.decode_member_from_reader_with_dictionary_to_sink(
            &mut input,
            u8::from(is_wide),
            span(packed.size_bytes),
            window_bytes,
            packed.is_solid,
            |chunk| take(output, chunk, &mut budget.borrow_mut()),
        );
        let is_behind = !input.rest.is_empty();
        let end = match result {
            Ok(()) if is_behind => End::Cut(Gap::Damaged, "more data than the size says"),
            Ok(()) => End::Complete,
            Err(StreamDecodeError::Sink(why)) => End::Cut(Gap::Limit, why),
            Err(StreamDecodeError::FilteredMember) => {
                End::Cut(Gap::Unsupported, "filters that no usual archiver makes")
            }
            Err(StreamDecodeError::Decode(error)) => failed(&error, None, &budget.borrow()),
        };
        (end, Window::Rar50(decoder))
    }
}

fn rar15(
    packed: &Packed<'_>,
    before: Window,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> (End, Window) {
    let (mut decoder, is_solid) = match before {
        Window::Rar15(decoder) if packed.is_solid => (decoder, true),
        Window::None
        | Window::Rar15(_)
        | Window::Rar20(_)
        | Window::Rar29(_)
        | Window::Rar50(_)
        | Window::Lost(_) => (Box::new(Unpack15::new()), false),
    };
    let size = span(packed.size_bytes);
    let end = written(packed, output, budget, |mut input, sink| {
        decoder.decode_member_from_reader(&mut input, size, is_solid, sink)
    });
    (end, Window::Rar15(decoder))
}

fn rar29(
    packed: &Packed<'_>,
    before: Window,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> (End, Window) {
    let mut decoder = match before {
        Window::Rar29(decoder) if packed.is_solid => decoder,
        Window::None
        | Window::Rar15(_)
        | Window::Rar20(_)
        | Window::Rar29(_)
        | Window::Rar50(_)
        | Window::Lost(_) => Box::new(Unpack29::new()),
    };
    let size = span(packed.size_bytes);
    let end = written(packed, output, budget, |input, sink| {
        decoder.decode_member_to(input, size, sink)
    });
    (end, Window::Rar29(decoder))
}

/// This decoder keeps a member until all of it is there, so it is asked for half of what memory
/// may hold at most.
fn rar20(
    packed: &Packed<'_>,
    before: Window,
    output: &mut Vec<u8>,
    budget: &mut Budget,
) -> (End, Window) {
    let mut decoder = match before {
        Window::Rar20(decoder) if packed.is_solid => decoder,
        Window::None
        | Window::Rar15(_)
        | Window::Rar20(_)
        | Window::Rar29(_)
        | Window::Rar50(_)
        | Window::Lost(_) => Box::new(Unpack20::new()),
    };
    let size = span(packed.size_bytes);
    let most = budget.room() / 2;
    let end = written(packed, output, budget, |mut input, sink| {
        decoder.decode_member_from_reader(&mut input, size.min(most), sink)
    });
    let end = if most < size {
        End::Cut(Gap::Limit, "larger than a content in memory may be")
    } else {
        end
    };
    (end, Window::Rar20(decoder))
}

/// Runs a decoder that reads everything first and writes as it goes.
fn written(
    packed: &Packed<'_>,
    output: &mut Vec<u8>,
    budget: &mut Budget,
    decode: impl FnOnce(&[u8], &mut Sink<'_, '_>) -> Result<(), Error>,
) -> End {
    if let Err(why) = budget.take_input(packed.data.len()) {
        return End::Cut(Gap::Limit, why);
    }
    let mut sink = Sink {
        output,
        budget,
        full: None,
    };
    match decode(packed.data, &mut sink) {
        Ok(()) => End::Complete,
        Err(error) => failed(&error, sink.full, sink.budget),
    }
}

fn failed(error: &Error, full: Option<&'static str>, budget: &Budget) -> End {
    if let Some(why) = full.or(budget.spent()) {
        return End::Cut(Gap::Limit, why);
    }
    if *error == Error::NeedMoreInput {
        return End::Cut(Gap::Damaged, "compressed data is cut off");
    }
    End::Cut(Gap::Damaged, "compressed data is malformed")
}

/// Puts one piece of output where it belongs.
fn take(
    output: &mut Vec<u8>,
    chunk: DecodedChunk<'_>,
    budget: &mut Budget,
) -> Result<(), &'static str> {
    match chunk {
        DecodedChunk::Bytes(bytes) => push(output, bytes, budget),
        DecodedChunk::Repeated { byte, len } => {
            let run = [byte; 4096];
            let mut left = len;
            while 0 < left {
                let step = left.min(run.len());
                push(output, run.get(..step).unwrap_or_default(), budget)?;
                left = left.saturating_sub(step);
            }
            Ok(())
        }
    }
}

/// The packed bytes; reading them is paid for.
struct Input<'a, 'b> {
    rest: &'a [u8],
    budget: &'b RefCell<&'b mut Budget>,
}

impl Read for Input<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let cost = buffer.len().min(self.rest.len());
        self.budget
            .borrow_mut()
            .take_input(cost.saturating_add(READ_COST_BYTES))
            .map_err(io::Error::other)?;
        self.rest.read(buffer)
    }
}

/// Takes what comes out, and keeps why it could take no more.
struct Sink<'o, 'b> {
    output: &'o mut Vec<u8>,
    budget: &'b mut Budget,
    full: Option<&'static str>,
}

impl Write for Sink<'_, '_> {
    fn write(&mut self, fresh: &[u8]) -> io::Result<usize> {
        match push(self.output, fresh, self.budget) {
            Ok(()) => Ok(fresh.len()),
            Err(why) => {
                self.full = Some(why);
                Err(io::Error::other(why))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
