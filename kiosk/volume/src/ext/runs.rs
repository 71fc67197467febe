//! Where the blocks of an inode are: a tree of extents, or the lists of block numbers that came
//! before it. Both are followed without recursion, and what is wrong with a node costs that
//! node only.

use std::io;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::System;
use super::inode::{Inode, flag};
use crate::number::{narrow, u16_at, u32_at, wide};

/// Deepest tree of extents: with five levels of the smallest nodes 2^32 blocks are named.
const DEPTH_MAX: u16 = 5;

/// Blocks that follow each other in the content and on the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First block of the content.
    pub(super) logical: u64,
    /// First block of the volume.
    pub(super) physical: u64,
    pub(super) count: u64,
    /// Given to the content and never written by it: reads as zeros.
    pub(super) unwritten: bool,
}

/// What is wrong with one node.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its checksum; it was followed all the same.
    Checksum,
    /// It contradicts itself, its parent or the volume.
    Damaged(&'static str),
    /// It belongs to something else already.
    Shared,
    /// It cannot be read.
    Read(io::Error),
}

impl Fault {
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Checksum => "a node of its block map has a wrong checksum".to_owned(),
            Self::Damaged(what) => format!("its block map is damaged: {what}"),
            Self::Shared => "a node of its block map belongs to something else, too".to_owned(),
            Self::Read(error) => format!("its block map cannot be read: {error}"),
        }
    }
}

/// A node on the way to what comes next.
enum Level {
    Extents {
        entries: IntoIter<[u8; 12]>,
        depth: u16,
    },
    Pointers {
        pointers: Peekable<IntoIter<u32>>,
        /// Blocks that each of them stands for: 1, or those of one more list, and so on.
        span: u64,
    },
}

/// What a node of a tree of extents says of itself.
struct Header {
    entries: u16,
    most: u16,
    depth: u16,
}

impl Header {
    /// The header of a node; `depth` is what its parent promises. `None` when it is not sound.
    fn parse(node: &[u8], depth: Option<u16>) -> Option<Self> {
        let room = wide(node.len()).saturating_sub(12) / 12;
        let header = Self {
            entries: u16_at(node, 2),
            most: u16_at(node, 4),
            depth: u16_at(node, 6),
        };
        let is_sound = u16_at(node, 0) == 0xF30A
            && header.entries <= header.most
            && u64::from(header.most) <= room
            && header.depth <= DEPTH_MAX
            && depth.is_none_or(|depth| depth == header.depth)
            && (header.entries != 0 || depth.is_none() && header.depth == 0);
        is_sound.then_some(header)
    }
}

/// The runs of one inode, in the order of its content.
pub(super) struct Runs<'a> {
    system: &'a System,
    seed: Option<u32>,
    levels: Vec<Level>,
    /// Lists that the root leads to, from the nearest: span and block.
    lists: IntoIter<(u64, u32)>,
    /// The first block of the content that was not given yet.
    logical: u64,
    fault: Option<Fault>,
}

impl<'a> Runs<'a> {
    pub(super) fn new(system: &'a System, inode: &Inode) -> Self {
        let mut runs = Self {
            system,
            seed: inode.seed,
            levels: Vec::new(),
            lists: Vec::new().into_iter(),
            logical: 0,
            fault: None,
        };
        if !inode.has_blocks() {
            return runs;
        }
        let root = inode.root();
        if inode.has(flag::EXTENTS) {
            runs.push_extents(&root, None);
        } else {
            runs.push_lists(&root);
        }
        runs
    }

    /// The next run, or what is wrong with the next node. `enter` is asked before the block of a
    /// node is read, and may refuse it.
    pub(super) fn step(
        &mut self,
        enter: &mut dyn FnMut(u64) -> bool,
    ) -> Option<Result<Run, Fault>> {
        loop {
            if let Some(fault) = self.fault.take() {
                return Some(Err(fault));
            }
            let Some(level) = self.levels.last_mut() else {
                let (span, block) = self.lists.next()?;
                self.enter_list(block, span, enter);
                continue;
            };
            match level {
                Level::Extents { entries, depth } => {
                    let (entry, depth) = (entries.next(), *depth);
                    match entry {
                        None => {
                            self.levels.pop();
                        }
                        Some(entry) if depth == 0 => return Some(self.leaf(&entry)),
                        Some(entry) => self.enter_extents(&entry, depth, enter),
                    }
                }
                Level::Pointers { pointers, span } => {
                    let (pointer, span) = (pointers.next(), *span);
                    match pointer {
                        None => {
                            self.levels.pop();
                        }
                        Some(0) => self.logical = self.logical.saturating_add(span),
                        Some(block) if span == 1 => return Some(self.direct(block)),
                        Some(block) => {
                            let below = span.checked_div(self.per_list()).unwrap_or(1);
                            self.enter_list(block, below, enter);
                        }
                    }
                }
            }
        }
    }

    fn per_list(&self) -> u64 {
        self.system.superblock.block_bytes / 4
    }

    /// Takes the root's own pointers, and remembers its three lists.
    fn push_lists(&mut self, root: &[u8; 60]) {
        let (pointers, _) = root.as_chunks::<4>();
        let pointers: Vec<u32> = pointers
            .iter()
            .map(|raw| u32::from_le_bytes(*raw))
            .collect();
        let mut direct = pointers;
        let lists = direct.split_off(direct.len().min(12));
        let per_list = self.per_list();
        let spans = [1, per_list, per_list.saturating_mul(per_list)];
        let lists: Vec<(u64, u32)> = spans.into_iter().zip(lists).collect();
        self.lists = lists.into_iter();
        self.levels.push(Level::Pointers {
            pointers: direct.into_iter().peekable(),
            span: 1,
        });
    }

    /// Reads a list whose pointers stand for `span` blocks each. What a missing one would name
    /// is passed over.
    fn enter_list(&mut self, block: u32, span: u64, enter: &mut dyn FnMut(u64) -> bool) {
        let all = span.saturating_mul(self.per_list());
        let content = match (block, self.node(u64::from(block), enter)) {
            (0, _) => Err(None),
            (_, Ok(content)) => Ok(content),
            (_, Err(fault)) => Err(Some(fault)),
        };
        match content {
            Ok(content) => {
                let (pointers, _) = content.as_chunks::<4>();
                let pointers: Vec<u32> = pointers
                    .iter()
                    .map(|raw| u32::from_le_bytes(*raw))
                    .collect();
                self.levels.push(Level::Pointers {
                    pointers: pointers.into_iter().peekable(),
                    span,
                });
            }
            Err(fault) => {
                self.logical = self.logical.saturating_add(all);
                self.fault = fault;
            }
        }
    }

    /// A block that a pointer names, with those that follow on in the same list.
    fn direct(&mut self, block: u32) -> Result<Run, Fault> {
        let mut count = 1_u32;
        if let Some(Level::Pointers { pointers, .. }) = self.levels.last_mut() {
            let follows = |count: u32, next: &u32| block.checked_add(count) == Some(*next);
            while pointers.next_if(|next| follows(count, next)).is_some() {
                count = count.saturating_add(1);
            }
        }
        let run = Run {
            logical: self.logical,
            physical: u64::from(block),
            count: u64::from(count),
            unwritten: false,
        };
        self.logical = self.logical.saturating_add(run.count);
        self.checked(run)
    }

    fn checked(&self, run: Run) -> Result<Run, Fault> {
        if !self.system.superblock.holds(run.physical, run.count) {
            return Err(Fault::Damaged("blocks that the volume does not have"));
        }
        Ok(run)
    }

    /// Reads the block of a node.
    fn node(&self, block: u64, enter: &mut dyn FnMut(u64) -> bool) -> Result<Vec<u8>, Fault> {
        if block == 0 || !self.system.superblock.holds(block, 1) {
            return Err(Fault::Damaged("a node that the volume does not have"));
        }
        if !enter(block) {
            return Err(Fault::Shared);
        }
        self.system.block(block).map_err(Fault::Read)
    }

    /// Goes on with a node of the tree of extents; `depth` is what its parent promises.
    fn push_extents(&mut self, node: &[u8], depth: Option<u16>) {
        let Some(header) = Header::parse(node, depth) else {
            self.fault = Some(Fault::Damaged("a node without a sound header"));
            return;
        };
        if let (Some(seed), Some(_)) = (self.seed, depth) {
            let end = usize::from(header.most)
                .saturating_add(1)
                .saturating_mul(12);
            let summed = node.get(..end).unwrap_or_default();
            if self.system.crc.sum(seed, summed) != u32_at(node, end) {
                self.fault = Some(Fault::Checksum);
            }
        }
        let rest = node.get(12..).unwrap_or_default();
        let (all, _) = rest.as_chunks::<12>();
        let all: Vec<[u8; 12]> = all
            .iter()
            .take(usize::from(header.entries))
            .copied()
            .collect();
        self.levels.push(Level::Extents {
            entries: all.into_iter(),
            depth: header.depth,
        });
    }

    fn enter_extents(&mut self, entry: &[u8; 12], depth: u16, enter: &mut dyn FnMut(u64) -> bool) {
        let logical = u64::from(u32_at(entry, 0));
        let block = u64::from(u16_at(entry, 8)) << 32 | u64::from(u32_at(entry, 4));
        if logical < self.logical {
            self.fault = Some(Fault::Damaged("nodes out of order"));
            return;
        }
        self.logical = logical;
        match self.node(block, enter) {
            Ok(content) => self.push_extents(&content, Some(depth.saturating_sub(1))),
            Err(fault) => self.fault = Some(fault),
        }
    }

    fn leaf(&mut self, entry: &[u8; 12]) -> Result<Run, Fault> {
        let length = u16_at(entry, 4);
        let unwritten = 0x8000 < length;
        let count = if unwritten {
            length.saturating_sub(0x8000)
        } else {
            length
        };
        let run = Run {
            logical: u64::from(u32_at(entry, 0)),
            physical: u64::from(u16_at(entry, 6)) << 32 | u64::from(u32_at(entry, 8)),
            count: u64::from(count),
            unwritten,
        };
        if run.logical < self.logical || run.count == 0 {
            return Err(Fault::Damaged("extents out of order"));
        }
        self.logical = run.logical.saturating_add(run.count);
        self.checked(run)
    }
}

impl System {
    /// One block.
    ///
    /// # Errors
    /// Those of the medium.
    pub(super) fn block(&self, block: u64) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; narrow(self.superblock.block_bytes)];
        self.blocks
            .read_at(self.superblock.offset(block), &mut buffer)?;
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_below_the_deepest_and_headers_that_do_not_fit_are_refused() {
        let node = |entries: u8, most: u8, depth: u16| {
            let [depth, _] = depth.to_le_bytes();
            let mut node = vec![0x0A, 0xF3, entries, 0, most, 0, depth, 0];
            node.resize(60, 0);
            node
        };
        assert!(Header::parse(&node(4, 4, DEPTH_MAX), None).is_some());
        assert!(Header::parse(&node(4, 4, DEPTH_MAX.saturating_add(1)), None).is_none());
        assert!(Header::parse(&node(5, 4, 0), None).is_none());
        assert!(Header::parse(&node(4, 5, 0), None).is_none());
        assert!(Header::parse(&node(0, 4, 0), None).is_some());
        assert!(Header::parse(&node(0, 4, 1), None).is_none());
        assert!(Header::parse(&node(0, 4, 0), Some(0)).is_none());
        assert!(Header::parse(&node(1, 4, 2), Some(1)).is_none());
        assert!(Header::parse(&[0; 60], None).is_none());
    }
}
