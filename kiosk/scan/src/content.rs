//! One content read once: hashed, measured, and kept where the engine can see all of it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use jail::memory::Mapped;
use wire::Gap;
use wire::scan::Limits;

use crate::digests::{Digests, Hasher, Wanted};

/// How much is read at a time, in bytes. Larger pieces gained nothing over the block cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// Where a content is.
pub(crate) enum Held {
    Memory(Vec<u8>),
    Spooled(Mapped),
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Spooled(mapped) => mapped,
        }
    }
}

/// The bytes of a content that is examined.
pub(crate) enum Bytes<'b> {
    /// Whoever needs them for longer shares them.
    Held(Rc<Held>),
    /// Part of another content.
    Lent(&'b [u8]),
}

impl<'b> From<Cow<'b, [u8]>> for Bytes<'b> {
    fn from(bytes: Cow<'b, [u8]>) -> Self {
        match bytes {
            Cow::Owned(bytes) => Self::Held(Rc::new(Held::Memory(bytes))),
            Cow::Borrowed(bytes) => Self::Lent(bytes),
        }
    }
}

impl Bytes<'_> {
    /// Whether these are the bytes on the spool, all of them.
    pub(crate) fn is_spooled(&self) -> bool {
        match self {
            Self::Held(held) => matches!(**held, Held::Spooled(_)),
            Self::Lent(_) => false,
        }
    }
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Held(held) => held,
            Self::Lent(bytes) => bytes,
        }
    }
}

/// A content after its one reading.
pub(crate) struct Content {
    held: Rc<Held>,
    /// Bytes that came out of the reader.
    pub(crate) read_bytes: u64,
    /// Of all its bytes; `None` when the reader failed before the end.
    pub(crate) digests: Option<Digests>,
    /// Why it cannot be called examined, whatever the rules say.
    pub(crate) gap: Option<Gap>,
    /// Which sectors of the medium made the reader fail, when it was they.
    pub(crate) sectors: Option<String>,
    /// Whether every byte that was read is zero.
    pub(crate) zero: bool,
}

impl Content {
    /// Everything that was read and kept, in one piece.
    pub(crate) fn bytes(&self) -> Bytes<'static> {
        Bytes::Held(Rc::clone(&self.held))
    }

    /// Reads to the end, and makes the digests `wanted` on the way. `spool` takes what is larger
    /// than memory allows; its size limit is the caller's.
    pub(crate) fn read(
        reader: &mut dyn Read,
        limits: &Limits,
        spool: Option<&File>,
        wanted: Wanted,
    ) -> Self {
        let mut reading = Reading {
            kept: Vec::new(),
            spooled_bytes: 0,
            hash: Hasher::new(wanted),
            read_bytes: 0,
            zero: true,
            gap: None,
            sectors: None,
        };
        let mut complete = true;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => reading.take(chunk.get(..length).unwrap_or_default(), limits, spool),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    complete = false;
                    reading.gap = Some(volume::gap_of(&error));
                    reading.sectors = volume::unreadable_sectors(&error);
                    break;
                }
            }
        }
        reading.done(complete, spool)
    }
}

struct Reading {
    kept: Vec<u8>,
    spooled_bytes: u64,
    hash: Hasher,
    read_bytes: u64,
    zero: bool,
    gap: Option<Gap>,
    sectors: Option<String>,
}

impl Reading {
    fn take(&mut self, piece: &[u8], limits: &Limits, spool: Option<&File>) {
        self.hash.update(piece);
        self.zero = self.zero && piece.iter().all(|byte| *byte == 0);
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.read_bytes = self.read_bytes.saturating_add(length);
        if self.gap.is_some() {
            return;
        }
        if self.spooled_bytes == 0 && self.read_bytes <= limits.memory_bytes_max {
            self.kept.extend_from_slice(piece);
            return;
        }
        let kept = self.spool(piece, limits, spool);
        if kept.is_err() {
            // Hashing goes on; what cannot be held in one piece cannot be matched.
            self.gap = Some(Gap::Limit);
        }
    }

    fn spool(&mut self, piece: &[u8], limits: &Limits, spool: Option<&File>) -> io::Result<()> {
        let spool = spool.ok_or(io::ErrorKind::StorageFull)?;
        if limits.content_bytes_max < self.read_bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if self.spooled_bytes == 0 {
            spool.set_len(0)?;
            spool.write_all_at(&self.kept, 0)?;
            self.spooled_bytes = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
            self.kept = Vec::new();
        }
        spool.write_all_at(piece, self.spooled_bytes)?;
        self.spooled_bytes = self.read_bytes;
        Ok(())
    }

    fn done(mut self, complete: bool, spool: Option<&File>) -> Content {
        let held = match spool {
            Some(file) if 0 < self.spooled_bytes => {
                match jail::memory::map(file.as_fd(), self.spooled_bytes) {
                    Ok(mapped) => Held::Spooled(mapped),
                    Err(_) => {
                        self.gap = Some(Gap::Limit);
                        Held::Memory(Vec::new())
                    }
                }
            }
            Some(_) | None => Held::Memory(std::mem::take(&mut self.kept)),
        };
        Content {
            held: Rc::new(held),
            read_bytes: self.read_bytes,
            digests: complete.then(|| self.hash.done()),
            gap: self.gap,
            sectors: self.sectors,
            zero: self.zero,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Wanted = Wanted {
        sha1: false,
        md5: false,
    };

    fn limits(memory: u64, content: u64) -> Limits {
        Limits {
            memory_bytes_max: memory,
            content_bytes_max: content,
            ..Limits::default()
        }
    }

    #[test]
    fn what_does_not_fit_in_memory_is_spooled_whole() {
        let spool = jail::memory::writable("spool").unwrap();
        let bytes: Vec<u8> = (0..1_000_000u32)
            .map(|n| u8::try_from(n % 251).unwrap())
            .collect();
        let content = Content::read(
            &mut bytes.as_slice(),
            &limits(300_000, 1 << 30),
            Some(&spool),
            PLAIN,
        );
        assert!(matches!(*content.held, Held::Spooled(_)));
        assert!(*content.bytes() == bytes);
        assert_eq!(content.digests, Some(Digests::of(&bytes, PLAIN)));
        assert_eq!(content.gap, None);
    }

    #[test]
    fn content_past_its_limit_is_hashed_and_not_called_examined() {
        let spool = jail::memory::writable("spool").unwrap();
        let bytes = vec![7; 900_000];
        for (spool, content_max) in [(Some(&spool), 500_000), (None, 1 << 30)] {
            let content = Content::read(
                &mut bytes.as_slice(),
                &limits(100_000, content_max),
                spool,
                PLAIN,
            );
            assert_eq!(content.gap, Some(Gap::Limit));
            assert_eq!(content.digests, Some(Digests::of(&bytes, PLAIN)));
        }
    }

    #[test]
    fn a_reader_that_fails_leaves_no_digest() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(5))
            }
        }
        let mut reader = b"begins well".chain(Failing);
        let content = Content::read(&mut reader, &limits(1 << 20, 1 << 20), None, PLAIN);
        assert_eq!(content.digests, None);
        assert_eq!(content.gap, Some(Gap::Unreadable));
        assert_eq!(*content.bytes(), *b"begins well");
    }

    #[test]
    fn a_device_that_is_gone_leaves_a_content_removed() {
        struct Gone;
        impl Read for Gone {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(19))
            }
        }
        let content = Content::read(&mut Gone, &limits(1 << 20, 1 << 20), None, PLAIN);
        assert_eq!(content.gap, Some(Gap::Removed));
        assert_eq!(content.sectors, None);
    }

    #[test]
    fn bad_sectors_under_a_content_are_named() {
        struct Bad;
        impl volume::Blocks for Bad {
            fn size_bytes(&self) -> u64 {
                1 << 20
            }
            fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
                let end = offset_bytes.saturating_add(u64::try_from(buffer.len()).unwrap());
                let bad = 20_480..24_576;
                if offset_bytes < bad.end && bad.start < end {
                    return Err(io::Error::from_raw_os_error(5));
                }
                Ok(())
            }
        }
        let medium = std::rc::Rc::new(volume::Cached::new(std::rc::Rc::new(Bad)));
        let part = std::rc::Rc::new(volume::Part::new(medium, 4096, 65_536));
        let mut reader = crate::medium::Raw { part, at: 0 };
        let content = Content::read(&mut reader, &limits(1 << 20, 1 << 20), None, PLAIN);
        assert_eq!(content.gap, Some(Gap::Unreadable));
        let sectors = content.sectors.unwrap();
        assert_eq!(sectors, "sectors 40 to 47 cannot be read");
    }
}
