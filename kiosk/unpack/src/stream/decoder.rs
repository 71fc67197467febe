//! The decoders that archives name by number, each as a reader from a reader.

pub(crate) mod filters;
pub(crate) mod zstd;

use std::io::{self, BufRead, Read};

use lzma_rust2::{Action, Lzma2Stream, LzmaStream, Status, StreamResult, XzStream};
use ppmd_rust::{Ppmd7Decoder, Ppmd8Decoder, RestoreMethod};
use wire::Gap;

use super::chain::Source;
use super::lzma::lzma2_dictionary;
use crate::bytes::{length, span, u16_at, u32_at};

/// Smallest dictionary of LZMA, in bytes; what is declared below it means this.
const DICTIONARY_BYTES_MIN: u32 = 4096;

/// Largest piece that is given to a decoder or asked of it at once, in bytes: what it had ready
/// when it fails is lost.
const PIECE_BYTES: usize = 4096;

/// Tables of LZMA2, memory of bzip2 at its largest block, and of deflate and deflate64
/// with their windows, in bytes.
const LZMA2_BYTES: usize = 64 << 10;
const BZIP2_BYTES: usize = 4 << 20;
const DEFLATE64_BYTES: usize = 256 << 10;

/// Why a decoder cannot be set up.
pub(crate) type Refusal = (Gap, &'static str);

/// A decoder that is set up.
pub(crate) struct Decoder<'a> {
    pub(crate) output: Box<dyn Read + 'a>,
    /// What it may hold in memory, in bytes.
    pub(crate) memory_bytes: usize,
    /// What it fills before the first byte comes out, in bytes.
    pub(crate) setup_bytes: usize,
    /// Whether its dictionary is smaller than the stream asks for.
    pub(crate) is_narrow: bool,
}

impl<'a> Decoder<'a> {
    /// One whose memory is filled at once.
    pub(crate) fn new(output: impl Read + 'a, memory_bytes: usize) -> Self {
        Self {
            output: Box::new(output),
            memory_bytes,
            setup_bytes: memory_bytes,
            is_narrow: false,
        }
    }

    /// One whose memory grows with what comes out.
    fn growing(output: impl Read + 'a, memory_bytes: usize, setup_bytes: usize) -> Self {
        Self {
            memory_bytes: memory_bytes.saturating_add(setup_bytes),
            ..Self::new(output, setup_bytes)
        }
    }

    /// The same, which ends after `bytes`.
    pub(crate) fn limited(self, bytes: u64) -> Self {
        Self {
            output: Box::new(self.output.take(bytes)),
            ..self
        }
    }
}

const MALFORMED: Refusal = (Gap::Damaged, "properties of a method are malformed");

/// The dictionary that is kept: nothing refers farther back than the content goes, and it is
/// never larger than `room`. Second, whether the stream may miss something.
fn dictionary(declared: u32, bytes: Option<u64>, room: usize) -> (u32, bool) {
    let useful = u64::from(declared.max(DICTIONARY_BYTES_MIN)).min(bytes.unwrap_or(u64::MAX));
    let kept = useful.min(length(room)).min(u64::from(u32::MAX - 15));
    let kept = kept.max(u64::from(DICTIONARY_BYTES_MIN));
    (u32::try_from(kept).unwrap_or(u32::MAX), kept < useful)
}

/// LZMA, with its five bytes of properties. `bytes` is the size of the content, `None` reads to
/// the end mark; `most` is what the content may have at most when that is known otherwise.
pub(crate) fn lzma<'a>(
    source: Source<'a>,
    properties: &[u8],
    bytes: Option<u64>,
    most: u64,
    room: usize,
) -> Result<Decoder<'a>, Refusal> {
    let (Some(bits), Some(declared)) = (properties.first(), u32_at(properties, 1)) else {
        return Err(MALFORMED);
    };
    let (kept, is_narrow) = dictionary(declared, Some(most), room);
    let stream = LzmaStream::new_with_props(bytes.unwrap_or(u64::MAX), *bits, kept, None)
        .map_err(|_| MALFORMED)?;
    // The literal coder has 768 numbers of two bytes for each state.
    let states = bits.checked_rem(45).unwrap_or(0);
    let (literal, position) = (states % 9, states.checked_div(9).unwrap_or(0));
    let tables = 1536_usize << u32::from(literal.saturating_add(position)).min(12);
    let output = Streamed { source, stream };
    Ok(Decoder {
        is_narrow,
        ..Decoder::growing(output, span(u64::from(kept)), tables)
    })
}

/// LZMA2, with its one byte of properties.
pub(crate) fn lzma2<'a>(
    source: Source<'a>,
    properties: &[u8],
    most: u64,
    room: usize,
) -> Result<Decoder<'a>, Refusal> {
    let declared = properties.first().copied().and_then(lzma2_dictionary);
    let declared = declared.ok_or(MALFORMED)?;
    let (kept, is_narrow) = dictionary(declared, Some(most), room);
    let stream = Lzma2Stream::new(kept);
    let output = Streamed { source, stream };
    Ok(Decoder {
        is_narrow,
        ..Decoder::growing(output, span(u64::from(kept)), LZMA2_BYTES)
    })
}

/// A whole xz file.
pub(crate) fn xz(source: Source<'_>, room: usize) -> Decoder<'_> {
    let limit_kb = u32::try_from(room >> 10).unwrap_or(u32::MAX);
    let stream = XzStream::new_mem_limit(false, limit_kb);
    Decoder::growing(Streamed { source, stream }, room, LZMA2_BYTES)
}

pub(crate) fn deflate(source: Source<'_>) -> Decoder<'_> {
    let output = flate2::bufread::DeflateDecoder::new(source);
    Decoder::new(output, DEFLATE64_BYTES)
}

pub(crate) fn deflate64(source: Source<'_>) -> Decoder<'_> {
    let output = deflate64::Deflate64Decoder::with_buffer(source);
    Decoder::new(output, DEFLATE64_BYTES)
}

pub(crate) fn bzip2(source: Source<'_>) -> Decoder<'_> {
    let output = ::bzip2::bufread::BzDecoder::new(source);
    Decoder::new(output, BZIP2_BYTES)
}

/// PPMd variant H, with the order and the memory of its model.
pub(crate) fn ppmd7<'a>(
    source: Source<'a>,
    properties: &[u8],
    room: usize,
) -> Result<Decoder<'a>, Refusal> {
    let (Some(order), Some(model_bytes)) = (properties.first(), u32_at(properties, 1)) else {
        return Err(MALFORMED);
    };
    let memory_bytes = model(u64::from(model_bytes), room)?;
    let output =
        Ppmd7Decoder::new(source, u32::from(*order), model_bytes).map_err(|error| cause(&error))?;
    Ok(Decoder::new(output, memory_bytes))
}

/// PPMd variant I as zip has it: its parameters are the first two bytes.
pub(crate) fn ppmd8(mut source: Source<'_>, room: usize) -> Result<Decoder<'_>, Refusal> {
    let mut head = [0; 2];
    source
        .read_exact(&mut head)
        .map_err(|_| (Gap::Damaged, "compressed data is cut off"))?;
    let head = u16_at(&head, 0).unwrap_or_default();
    let order = u32::from(head & 15).saturating_add(1);
    let megabytes = u32::from((head >> 4) & 0xff).saturating_add(1);
    let restore = match head >> 12 {
        0 => RestoreMethod::Restart,
        1 => RestoreMethod::CutOff,
        _ => return Err((Gap::Unsupported, "a model of ppmd that is not known")),
    };
    let model_bytes = megabytes << 20;
    let memory_bytes = model(u64::from(model_bytes), room)?;
    let output =
        Ppmd8Decoder::new(source, order, model_bytes, restore).map_err(|error| cause(&error))?;
    Ok(Decoder::new(output, memory_bytes))
}

/// PPMd allocates its model at once, and a smaller one gives another content.
fn model(bytes: u64, room: usize) -> Result<usize, Refusal> {
    let bytes = span(bytes);
    if room < bytes {
        return Err((Gap::Limit, "its model is larger than memory allows"));
    }
    Ok(bytes)
}

fn cause(error: &ppmd_rust::Error) -> Refusal {
    match error {
        ppmd_rust::Error::InvalidParameter => MALFORMED,
        ppmd_rust::Error::MemoryAllocation => (Gap::Limit, "not enough memory"),
        ppmd_rust::Error::RangeDecoderInitialization => {
            (Gap::Damaged, "compressed data is malformed")
        }
        ppmd_rust::Error::IoError(_) => (Gap::Damaged, "compressed data is cut off"),
    }
}

/// A decoder that takes slices.
trait Stepwise {
    fn step(&mut self, input: &[u8], output: &mut [u8], action: Action)
    -> io::Result<StreamResult>;
}

impl Stepwise for LzmaStream {
    fn step(&mut self, input: &[u8], output: &mut [u8], end: Action) -> io::Result<StreamResult> {
        self.process(input, output, end)
    }
}

impl Stepwise for Lzma2Stream {
    fn step(&mut self, input: &[u8], output: &mut [u8], end: Action) -> io::Result<StreamResult> {
        self.process(input, output, end)
    }
}

impl Stepwise for XzStream {
    fn step(&mut self, input: &[u8], output: &mut [u8], end: Action) -> io::Result<StreamResult> {
        self.process(input, output, end)
    }
}

/// Such a decoder as a reader. It takes no byte of the source that it does not need.
struct Streamed<'a, S> {
    source: Source<'a>,
    stream: S,
}

impl<S: Stepwise> Read for Streamed<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(PIECE_BYTES);
        let piece = buffer.get_mut(..wanted).unwrap_or_default();
        if piece.is_empty() {
            return Ok(0);
        }
        let mut action = Action::Run;
        loop {
            let input = self.source.fill_buf()?;
            if input.is_empty() {
                action = Action::Finish;
            }
            let given = input.len();
            let input = input.get(..given.min(PIECE_BYTES)).unwrap_or_default();
            let StreamResult {
                bytes_consumed,
                bytes_produced,
                status,
            } = self.stream.step(input, piece, action)?;
            self.source.consume(bytes_consumed);
            if 0 < bytes_produced || status == Status::StreamEnd {
                return Ok(bytes_produced);
            }
            if bytes_consumed == 0 {
                if given == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}
