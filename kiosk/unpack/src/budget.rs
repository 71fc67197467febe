//! What all levels of one file may cost together.

use wire::scan::Limits;

use crate::bytes::{length, span};

/// Output that is free of the ratio limit, in bytes. Small files of zeros or spaces reach
/// any ratio and are harmless; at 64 MiB a worker has spent under a second.
pub const RATIO_FREE_BYTES: u64 = 64 << 20;

/// How many contents of the largest size may be held at once, over all levels. Containers
/// stay in memory while their members are examined: two is an archive in an archive, each as
/// large as a content may be, and less than half of a worker's memory.
pub const HELD_CONTENTS_MAX: u64 = 2;

/// Shared by all levels of one file on the medium. Output is counted as it comes out,
/// never by what a header says.
#[derive(Debug)]
pub struct Budget {
    members_left: u64,
    bytes_left: u64,
    ratio_bytes_left: u64,
    input_bytes_left: u64,
    memory_bytes_max: u64,
    held_bytes_left: u64,
    viewed_bytes_left: u64,
    spent: Option<&'static str>,
}

impl Budget {
    /// The budget of one file of `packed_bytes` on the medium.
    #[must_use]
    pub fn new(limits: &Limits, packed_bytes: u64) -> Self {
        let ratio_bytes = packed_bytes.saturating_mul(limits.unpacked_ratio_max);
        Self {
            members_left: limits.members_max,
            bytes_left: limits.unpacked_bytes_max,
            ratio_bytes_left: ratio_bytes.max(RATIO_FREE_BYTES),
            // Honest containers read each byte of the file and of every level's output once.
            input_bytes_left: packed_bytes.saturating_add(limits.unpacked_bytes_max),
            memory_bytes_max: limits.memory_bytes_max,
            held_bytes_left: limits.memory_bytes_max.saturating_mul(HELD_CONTENTS_MAX),
            // Files of an honest disk image share no bytes, and an image may lie in an image.
            viewed_bytes_left: packed_bytes
                .saturating_mul(2)
                .saturating_add(limits.unpacked_bytes_max),
            spent: None,
        }
    }

    /// Which limit of the whole file was reached. From then on nothing more is unpacked.
    #[must_use]
    pub fn spent(&self) -> Option<&'static str> {
        self.spent
    }

    /// Takes one member.
    ///
    /// # Errors
    /// Which limit was reached.
    pub fn take_member(&mut self) -> Result<(), &'static str> {
        self.spent.map_or(Ok(()), Err)?;
        let Some(left) = self.members_left.checked_sub(1) else {
            return Err(self.end("more members than one file may have"));
        };
        self.members_left = left;
        Ok(())
    }

    /// Takes `bytes` of output.
    pub(crate) fn take_output(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.spent.map_or(Ok(()), Err)?;
        let Some(left) = self.bytes_left.checked_sub(length(bytes)) else {
            return Err(self.end("more unpacked bytes than one file may have"));
        };
        let Some(ratio_left) = self.ratio_bytes_left.checked_sub(length(bytes)) else {
            return Err(self.end("unpacks to more than its size allows"));
        };
        self.bytes_left = left;
        self.ratio_bytes_left = ratio_left;
        Ok(())
    }

    /// Takes `bytes` of input: members that share their bytes cost time without output.
    pub(crate) fn take_input(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.spent.map_or(Ok(()), Err)?;
        let Some(left) = self.input_bytes_left.checked_sub(length(bytes)) else {
            return Err(self.end("the same bytes are read again and again"));
        };
        self.input_bytes_left = left;
        Ok(())
    }

    /// Takes `bytes` of a disk image, whose files lie in it as they are: they are no output, but
    /// each costs as much as a file on the medium.
    ///
    /// # Errors
    /// Which limit was reached.
    pub fn take_view(&mut self, bytes: u64) -> Result<(), &'static str> {
        self.spent.map_or(Ok(()), Err)?;
        let Some(left) = self.viewed_bytes_left.checked_sub(bytes) else {
            return Err(self.end("the files of a disk image share their bytes"));
        };
        self.viewed_bytes_left = left;
        Ok(())
    }

    /// The largest content that may be built in memory now, in bytes.
    #[must_use]
    pub fn room(&self) -> usize {
        span(self.memory_bytes_max.min(self.held_bytes_left))
    }

    /// How much more may be held in memory on all levels together, in bytes.
    pub(crate) fn held_room(&self) -> usize {
        span(self.held_bytes_left)
    }

    /// Notes that a content of `bytes` stays in memory until [`Budget::release`].
    pub fn hold(&mut self, bytes: usize) {
        self.held_bytes_left = self.held_bytes_left.saturating_sub(length(bytes));
    }

    /// The counterpart of [`Budget::hold`].
    pub fn release(&mut self, bytes: usize) {
        self.held_bytes_left = self.held_bytes_left.saturating_add(length(bytes));
    }

    fn end(&mut self, why: &'static str) -> &'static str {
        self.spent = Some(why);
        why
    }
}
