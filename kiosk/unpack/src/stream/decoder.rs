//! The decoders that archives name by number, each as a reader from a reader.

use std::io::{self, BufRead, Read};

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;
use lzma_rust2::{Action, Lzma2Stream, LzmaStream, Status, StreamResult, XzStream};
use ppmd_rust::{Ppmd7Decoder, Ppmd8Decoder, RestoreMethod};
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use wire::Gap;

use super::chain::{LimitReached, Source};
use crate::bytes::{length, span, u16_at, u32_at};

/// Smallest dictionary of LZMA, in bytes; what is declared below it means this.
const DICTIONARY_BYTES_MIN: u32 = 4096;

/// Largest piece that is given to a decoder or asked of it at once, in bytes: what it had ready
/// when it fails is lost.
const PIECE_BYTES: usize = 4096;

/// Memory of bzip2 at its largest block, and of deflate64 with its window, in bytes.
const BZIP2_BYTES: usize = 4 << 20;
const DEFLATE64_BYTES: usize = 256 << 10;

/// Largest window of zstd that is kept, in bytes. The decoder may reserve twice as much while it
/// grows; the format's own tool uses up to 8 MiB unless it is asked for more.
pub(crate) const WINDOW_BYTES_MAX: usize = 64 << 20;

/// Why a decoder cannot be set up.
pub(crate) type Refusal = (Gap, &'static str);

/// A decoder that is set up.
pub(crate) struct Decoder<'a> {
    pub(crate) output: Box<dyn Read + 'a>,
    /// What it may hold in memory, in bytes.
    pub(crate) memory_bytes: usize,
    /// Whether its dictionary is smaller than the stream asks for.
    pub(crate) is_narrow: bool,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(output: impl Read + 'a, memory_bytes: usize) -> Self {
        Self {
            output: Box::new(output),
            memory_bytes,
            is_narrow: false,
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
    Ok(Decoder {
        output: Box::new(Streamed { source, stream }),
        memory_bytes: tables.saturating_add(span(u64::from(kept))),
        is_narrow,
    })
}

/// LZMA2, with its one byte of properties.
pub(crate) fn lzma2<'a>(
    source: Source<'a>,
    properties: &[u8],
    most: u64,
    room: usize,
) -> Result<Decoder<'a>, Refusal> {
    let Some(code @ 0..=40) = properties.first().copied() else {
        return Err(MALFORMED);
    };
    let declared = match code {
        40 => u32::MAX,
        _ => (2 | u32::from(code & 1))
            .checked_shl(u32::from(code >> 1).saturating_add(11))
            .unwrap_or(u32::MAX),
    };
    let (kept, is_narrow) = dictionary(declared, Some(most), room);
    let stream = Lzma2Stream::new(kept);
    Ok(Decoder {
        output: Box::new(Streamed { source, stream }),
        memory_bytes: span(u64::from(kept)),
        is_narrow,
    })
}

/// A whole xz file.
pub(crate) fn xz(source: Source<'_>, room: usize) -> Decoder<'_> {
    let limit_kb = u32::try_from(room >> 10).unwrap_or(u32::MAX);
    let stream = XzStream::new_mem_limit(false, limit_kb);
    Decoder::new(Streamed { source, stream }, room)
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

pub(crate) fn zstd(source: Source<'_>, room: usize) -> Decoder<'_> {
    let window_bytes = room.min(WINDOW_BYTES_MAX);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(length(window_bytes));
    let frames = Frames {
        source,
        decoder,
        is_inside: false,
    };
    // The buffer is reserved frame by frame; only what comes out is written to.
    Decoder::new(frames, window_bytes)
}

/// Whose addresses a filter turned into absolute ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processor {
    X86,
    PowerPc,
    Ia64,
    Arm,
    ArmThumb,
    Arm64,
    Sparc,
    RiscV,
}

/// Takes a filter for program code back; `start` is the address of the first byte.
pub(crate) fn branches(source: Source<'_>, processor: Processor, start: u32) -> Decoder<'_> {
    let start = span(u64::from(start));
    let output = match processor {
        Processor::X86 => BcjReader::new_x86(source, start),
        Processor::PowerPc => BcjReader::new_ppc(source, start),
        Processor::Ia64 => BcjReader::new_ia64(source, start),
        Processor::Arm => BcjReader::new_arm(source, start),
        Processor::ArmThumb => BcjReader::new_arm_thumb(source, start),
        Processor::Arm64 => BcjReader::new_arm64(source, start),
        Processor::Sparc => BcjReader::new_sparc(source, start),
        Processor::RiscV => BcjReader::new_riscv(source, start),
    };
    Decoder::new(output, PIECE_BYTES)
}

/// Takes differences back; its one byte of properties is the distance less one.
pub(crate) fn delta<'a>(source: Source<'a>, properties: &[u8]) -> Result<Decoder<'a>, Refusal> {
    let distance = properties.first().ok_or(MALFORMED)?;
    let output = DeltaReader::new(source, usize::from(*distance).saturating_add(1));
    Ok(Decoder::new(output, PIECE_BYTES))
}

/// Puts the four streams of x86 code together again: the rest, the targets of calls and of
/// jumps, and what tells them apart.
pub(crate) fn bcj2<'a>(sources: Vec<Source<'a>>, bytes: u64) -> Result<Decoder<'a>, Refusal> {
    let output = Bcj2Reader::try_new(sources, bytes).map_err(|_| MALFORMED)?;
    // Four buffers of 64 KiB.
    Ok(Decoder::new(output, 4 << 16))
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

/// Frames of zstd, one behind the other, and frames to be skipped between them.
struct Frames<'a> {
    source: Source<'a>,
    decoder: FrameDecoder,
    is_inside: bool,
}

impl Frames<'_> {
    /// Begins the next frame; there is none at the end.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length: bytes,
                    ..
                })) => {
                    let skipped = io::copy(
                        &mut self.source.by_ref().take(u64::from(bytes)),
                        &mut io::sink(),
                    )?;
                    if skipped < u64::from(bytes) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(zstd_fault(&error)),
            }
        }
        Ok(false)
    }
}

fn zstd_fault(error: &FrameDecoderError) -> io::Error {
    let is_large = matches!(
        error,
        FrameDecoderError::WindowSizeTooBig { .. }
            | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { .. })
    );
    if is_large {
        return io::Error::other(LimitReached("its window is larger than memory allows"));
    }
    io::ErrorKind::InvalidData.into()
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_inside {
                if !self.begin()? {
                    return Ok(0);
                }
                self.is_inside = true;
            }
            let fresh = self.decoder.read(buffer)?;
            if 0 < fresh || buffer.is_empty() {
                return Ok(fresh);
            }
            if self.decoder.is_finished() {
                let stated = self.decoder.get_checksum_from_data();
                if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                self.is_inside = false;
                continue;
            }
            self.decoder
                .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(|error| zstd_fault(&error))?;
        }
    }
}
