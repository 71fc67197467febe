//! The runs of an inode as the bytes of its content, and the bytes in its blocks that are not of
//! its content.

use std::io::{self, Read};

use wire::Gap;

use super::System;
use super::inode::Inode;
use super::runs::{Fault, Run, Runs};
use crate::content::{Extent, ExtentReader, Extents};
use crate::error::gap_of;

/// The content's bytes in order: runs, with holes between them and after them.
pub(super) fn extents<'a>(system: &'a System, inode: &Inode, size_bytes: u64) -> Extents<'a> {
    let block_bytes = system.superblock.block_bytes;
    let mut runs = sound(Runs::new(system, inode));
    let mut at = 0_u64;
    let mut held: Option<Extent> = None;
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        if let Some(extent) = held.take() {
            return Some(Ok(extent));
        }
        if ended {
            return None;
        }
        let hole = |size_bytes| Extent {
            offset_bytes: None,
            size_bytes,
        };
        let run = match runs.next() {
            Some(Ok(run)) => run,
            Some(Err(error)) => {
                ended = true;
                return Some(Err(error));
            }
            None => {
                ended = true;
                return Some(Ok(hole(size_bytes.saturating_sub(at))));
            }
        };
        let start = run.logical.saturating_mul(block_bytes);
        let extent = Extent {
            offset_bytes: (!run.unwritten).then(|| system.superblock.offset(run.physical)),
            size_bytes: run.count.saturating_mul(block_bytes),
        };
        let before = start.saturating_sub(at);
        at = start.saturating_add(extent.size_bytes);
        if before == 0 {
            return Some(Ok(extent));
        }
        held = Some(extent);
        Some(Ok(hole(before)))
    }))
}

/// The runs as a reader takes them: what is wrong ends them, but for a checksum, which the walk
/// has told.
fn sound<'a>(mut runs: Runs<'a>) -> impl Iterator<Item = io::Result<Run>> + 'a {
    std::iter::from_fn(move || {
        loop {
            return match runs.step(&mut |_| true)? {
                Ok(run) => Some(Ok(run)),
                Err(Fault::Checksum) => continue,
                Err(Fault::Read(error)) => Some(Err(error)),
                Err(Fault::Damaged(_) | Fault::Shared) => {
                    Some(Err(io::ErrorKind::InvalidData.into()))
                }
            };
        }
    })
}

/// What is in the blocks of a content and not of it.
pub(super) fn slack<'a>(system: &'a System, inode: &Inode, size_bytes: u64) -> Extents<'a> {
    let mut rest = Slack::new(system, size_bytes);
    let mut runs = Runs::new(system, inode);
    let mut held: Vec<Extent> = Vec::new();
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        loop {
            if let Some(extent) = held.pop() {
                return Some(Ok(extent));
            }
            if ended {
                return None;
            }
            match runs.step(&mut |_| true) {
                Some(Ok(run)) => held.extend(rest.of(run)),
                Some(Err(_)) => {}
                None => {
                    ended = true;
                    held.extend(rest.last());
                }
            }
            held.reverse();
        }
    }))
}

/// Finds the slack of one content from its runs.
pub(super) struct Slack {
    block_bytes: u64,
    cluster_bytes: u64,
    size_bytes: u64,
    /// Where the run before ended on the volume, in bytes.
    end: Option<u64>,
}

impl Slack {
    pub(super) fn new(system: &System, size_bytes: u64) -> Self {
        let block_bytes = system.superblock.block_bytes;
        let cluster_bytes = block_bytes.saturating_mul(system.superblock.cluster_blocks);
        Self {
            block_bytes,
            cluster_bytes,
            size_bytes,
            end: None,
        }
    }

    /// What is slack up to the end of `run`: the rest of its clusters, blocks that were never
    /// written, and what lies past the content's end.
    pub(super) fn of(&mut self, run: Run) -> Vec<Extent> {
        let start = run.physical.saturating_mul(self.block_bytes);
        let size = run.count.saturating_mul(self.block_bytes);
        let end = start.saturating_add(size);
        let cluster = self.floor(start);
        let mut slack = Vec::new();
        match self.end {
            Some(before) if cluster < before && before <= start => {
                slack.extend(piece(before, start));
            }
            Some(before) if self.floor(before.saturating_sub(1)) == cluster => {}
            Some(_) | None => {
                slack.extend(self.last());
                slack.extend(piece(cluster, start));
            }
        }
        self.end = Some(end);
        let logical = run.logical.saturating_mul(self.block_bytes);
        let content = if run.unwritten {
            0
        } else {
            self.size_bytes.saturating_sub(logical).min(size)
        };
        slack.extend(piece(start.saturating_add(content), end));
        slack
    }

    /// What is left of the last cluster.
    pub(super) fn last(&self) -> Option<Extent> {
        let end = self.end?;
        piece(
            end,
            self.floor(end.saturating_sub(1))
                .saturating_add(self.cluster_bytes),
        )
    }

    /// Where the cluster of a byte begins.
    fn floor(&self, offset: u64) -> u64 {
        let within = offset.checked_rem(self.cluster_bytes).unwrap_or(0);
        offset.saturating_sub(within)
    }
}

fn piece(start: u64, end: u64) -> Option<Extent> {
    let size_bytes = end.checked_sub(start).filter(|size| *size != 0)?;
    Some(Extent {
        offset_bytes: Some(start),
        size_bytes,
    })
}

impl System {
    /// The target of a link that is kept in a block.
    pub(super) fn link_target(&self, inode: &Inode, size_bytes: u64) -> Result<Vec<u8>, Gap> {
        if size_bytes == 0 || self.superblock.block_bytes < size_bytes {
            return Err(Gap::Damaged);
        }
        let extents = extents(self, inode, size_bytes);
        let mut reader = ExtentReader::new(&*self.blocks, extents, size_bytes, size_bytes);
        let mut target = Vec::new();
        let read = reader.read_to_end(&mut target);
        read.map(|_| target).map_err(|error| gap_of(&error))
    }
}
