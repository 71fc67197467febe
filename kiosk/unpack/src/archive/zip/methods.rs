//! The methods beside stored and deflated, as readers (APPNOTE 4.4.5 and 5).

use wire::Gap;

use super::entry::Entry;
use super::implode::Implode;
use super::old::Expanded;
use super::reduce::Reduce;
use super::shrink::Shrink;
use crate::bytes::{part, rest, u16_at};
use crate::stream::chain::{Chain, Meter, Packed, Position, Source};
use crate::stream::decoder::{self, Decoder, Refusal};

const SHRINK: u16 = 1;
const REDUCE_1: u16 = 2;
const REDUCE_4: u16 = 5;
const IMPLODE: u16 = 6;
const TOKENIZE: u16 = 7;
const DEFLATE64: u16 = 9;
const OLD_TERSE: u16 = 10;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const TERSE: u16 = 18;
const LZ77: u16 = 19;
const OLD_ZSTD: u16 = 20;
const ZSTD: u16 = 93;
const MP3: u16 = 94;
const XZ: u16 = 95;
const JPEG: u16 = 96;
const WAVPACK: u16 = 97;
const PPMD: u16 = 98;

/// General purpose flag of LZMA: an end mark stands behind the content.
const HAS_END_MARK: u16 = 2;

/// Tables of the old methods, in bytes.
const OLD_TABLES_BYTES: usize = 256 << 10;

/// Whether this is a method at all.
pub(super) fn is_method(method: u16) -> bool {
    matches!(method, 0..=20 | 92..=99)
}

/// Whether the stream tells itself where it ends.
pub(super) fn has_end(entry: &Entry<'_>) -> bool {
    match entry.method {
        DEFLATE64 | BZIP2 | OLD_ZSTD | ZSTD | XZ => true,
        LZMA => entry.flags & HAS_END_MARK != 0,
        _ => false,
    }
}

/// The content of a member as it comes out, and how far `packed` was read.
pub(super) fn open<'a>(
    entry: &Entry<'_>,
    packed: &'a [u8],
    bytes: u64,
    room: usize,
) -> Result<(Chain<'a>, Position), Refusal> {
    let meter = Meter::default();
    // Properties that stand in front are no part of the stream.
    let (properties, stream_at) = match entry.method {
        LZMA => lzma_properties(packed)?,
        _ => (&[][..], 0),
    };
    let (source, position) = Packed::new(rest(packed, stream_at, usize::MAX), &meter);
    position.skip(stream_at);
    let source: Source<'a> = Box::new(source);
    let made = match entry.method {
        SHRINK => old(Shrink::new(source, &meter), bytes),
        REDUCE_1..=REDUCE_4 => {
            let factor = entry.method.saturating_sub(1);
            old(Reduce::new(source, u32::from(factor)), bytes)
        }
        IMPLODE => old(Implode::new(source, entry.flags), bytes),
        DEFLATE64 => decoder::deflate64(source),
        BZIP2 => decoder::bzip2(source),
        LZMA => {
            let stated = (entry.flags & HAS_END_MARK == 0).then_some(bytes);
            decoder::lzma(source, properties, stated, bytes, room)?
        }
        OLD_ZSTD | ZSTD => decoder::zstd::zstd(source, room),
        XZ => decoder::xz(source, room),
        PPMD => decoder::ppmd8(source, room)?.limited(bytes),
        method => return Err((Gap::Unsupported, name(method))),
    };
    Ok((Chain::new(made, meter), position))
}

fn old<'a>(method: impl super::old::Old + 'a, bytes: u64) -> Decoder<'a> {
    Decoder::new(Expanded::new(method, bytes), OLD_TABLES_BYTES)
}

/// Two bytes of version, two of size, and the properties (APPNOTE 5.8.8).
fn lzma_properties(packed: &[u8]) -> Result<(&[u8], usize), Refusal> {
    let bytes = u16_at(packed, 2).map(usize::from);
    bytes
        .and_then(|bytes| Some((part(packed, 4, bytes)?, bytes.saturating_add(4))))
        .ok_or((Gap::Damaged, "compressed data is cut off"))
}

/// The name of a method that is not opened.
fn name(method: u16) -> &'static str {
    match method {
        TOKENIZE => "method tokenize",
        OLD_TERSE | TERSE => "method of IBM TERSE",
        LZ77 => "method of IBM LZ77",
        MP3 => "method mp3",
        JPEG => "method jpeg",
        WAVPACK => "method wavpack",
        _ => "unknown method",
    }
}
