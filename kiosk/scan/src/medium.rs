//! The medium as a worker reads it: by position, through a cache, as trees or as it lies.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use volume::{Blocks, Part, Tree, VolumeError};
use wire::Gap;
use wire::worker::Place;

use crate::witness::{Purpose, Witness};

/// The medium as positioned reads.
pub(crate) struct Medium {
    pub(crate) descriptor: BorrowedFd<'static>,
    pub(crate) size_bytes: u64,
}

impl Blocks for Medium {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let mut done = 0_usize;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = u64::try_from(done)
                .ok()
                .and_then(|done| offset_bytes.checked_add(done));
            let at = at.and_then(|at| i64::try_from(at).ok());
            let at = at.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            match nix::sys::uio::pread(self.descriptor, rest, at) {
                Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => done = done.saturating_add(length),
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

/// The trees this worker has opened, one a volume.
pub(crate) struct Trees {
    pub(crate) medium: Option<Rc<dyn Blocks>>,
    /// What sees every read below the cache, when the medium is a device.
    pub(crate) witness: Option<Rc<Witness<Medium>>>,
    pub(crate) open: BTreeMap<u32, Box<dyn Tree>>,
}

impl Trees {
    /// What the reads from here on are for.
    pub(crate) fn reads_for(&self, purpose: Purpose) {
        if let Some(witness) = &self.witness {
            witness.reads_for(purpose);
        }
    }

    pub(crate) fn part(&self, place: &Place) -> Result<Rc<dyn Blocks>, Gap> {
        let medium = self.medium.as_ref().ok_or(Gap::Unreadable)?;
        Ok(Rc::new(Part::new(
            Rc::clone(medium),
            place.offset_bytes,
            place.size_bytes,
        )))
    }

    pub(crate) fn tree(
        &mut self,
        volume: u32,
        place: &Place,
    ) -> Result<&mut Box<dyn Tree>, VolumeError> {
        if !self.open.contains_key(&volume) {
            let part = self.part(place).map_err(|_| VolumeError::Foreign)?;
            let tree = volume::open(&place.kind, volume, part)?;
            self.open.insert(volume, tree);
        }
        self.open.get_mut(&volume).ok_or(VolumeError::Foreign)
    }
}

/// Bytes of the medium in order.
pub(crate) struct Raw {
    pub(crate) part: Rc<dyn Blocks>,
    pub(crate) at: u64,
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.part.size_bytes().saturating_sub(self.at);
        let length = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let Some(piece) = buffer.get_mut(..length) else {
            return Ok(0);
        };
        if length == 0 {
            return Ok(0);
        }
        self.part.read_at(self.at, piece)?;
        self.at = self.at.saturating_add(u64::try_from(length).unwrap_or(0));
        Ok(length)
    }
}
