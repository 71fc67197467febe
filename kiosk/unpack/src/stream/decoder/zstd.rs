//! Zstandard (RFC 8878), all frames of a stream.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Decoder;
use crate::bytes::length;
use crate::stream::chain::{LimitReached, Source};

/// Largest window of zstd that is kept, in bytes. The decoder may reserve twice as much while it
/// grows; the format's own tool uses up to 8 MiB unless it is asked for more.
pub(crate) const WINDOW_BYTES_MAX: usize = 64 << 20;

/// What its tables take, in bytes.
const TABLES_BYTES: usize = 256 << 10;

pub(crate) fn zstd(source: Source<'_>, room: usize) -> Decoder<'_> {
    let window_bytes = room.min(WINDOW_BYTES_MAX);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(length(window_bytes));
    let frames = Frames {
        source,
        decoder,
        is_inside: false,
    };
    Decoder::growing(frames, window_bytes, TABLES_BYTES)
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
