//! File allocation tables.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use wire::worker::Share;

use crate::blocks::{Blocks, check_range};
use crate::content::{Extent, Extents};
use crate::number::{array, narrow, wide};
use crate::space::Space;

/// Width of one entry of a file allocation table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Fat12,
    Fat16,
    /// 28 bits are used; the others belong to nobody.
    Fat32,
    Exfat,
}

/// What a table says of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Free,
    Next(u32),
    Bad,
    End,
    /// A number that no cluster has.
    Nowhere,
}

/// Where clusters are on their volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    /// Where cluster 2 begins, in bytes.
    pub(crate) offset_bytes: u64,
    pub(crate) cluster_bytes: u64,
    /// Clusters are numbered from 2 to `count + 1`.
    pub(crate) count: u32,
}

impl Heap {
    /// Whether there is such a cluster.
    pub(crate) fn has(&self, cluster: u32) -> bool {
        cluster
            .checked_sub(2)
            .is_some_and(|index| index < self.count)
    }

    /// The bytes of one cluster, `None` when there is no such cluster.
    pub(crate) fn extent(&self, cluster: u32) -> Option<Extent> {
        let index = cluster.checked_sub(2).filter(|index| *index < self.count)?;
        let offset = u64::from(index).checked_mul(self.cluster_bytes)?;
        Some(Extent {
            offset_bytes: Some(self.offset_bytes.checked_add(offset)?),
            size_bytes: self.cluster_bytes,
        })
    }

    /// Clusters that `size_bytes` need.
    pub(crate) fn needed(&self, size_bytes: u64) -> u64 {
        size_bytes.div_ceil(self.cluster_bytes.max(1))
    }

    /// What a content accounts for that begins at `first`, took `clusters` that were nobody's,
    /// and of which `valid_bytes` were written.
    pub(crate) fn share(&self, first: u32, clusters: u64, valid_bytes: u64) -> Share {
        let position = self.extent(first).and_then(|extent| extent.offset_bytes);
        let allocated_bytes = clusters.saturating_mul(self.cluster_bytes);
        Share {
            position_bytes: position.unwrap_or(0),
            allocated_bytes,
            unallocated_bytes: 0,
            slack_bytes: allocated_bytes.saturating_sub(valid_bytes),
        }
    }

    /// Whole clusters in `size_bytes`, at least one.
    pub(crate) fn within(&self, size_bytes: u64) -> u64 {
        size_bytes
            .checked_div(self.cluster_bytes)
            .unwrap_or(1)
            .max(1)
    }

    /// Bytes of all clusters.
    pub(crate) fn size_bytes(&self) -> u64 {
        u64::from(self.count).saturating_mul(self.cluster_bytes)
    }
}

/// Bytes of the table kept at hand: a chain's links mostly follow each other.
const WINDOW_BYTES: usize = 4096;

/// Longest extent that is put together before its first byte is given, in bytes.
const EXTENT_BYTES_MAX: u64 = 64 << 20;

/// One file allocation table with its clusters.
pub(crate) struct Table {
    blocks: Rc<dyn Blocks>,
    offset_bytes: u64,
    size_bytes: u64,
    width: Width,
    pub(crate) heap: Heap,
    /// Offset in the table and the bytes there.
    window: RefCell<(u64, Vec<u8>)>,
}

impl Table {
    pub(crate) fn new(
        blocks: Rc<dyn Blocks>,
        offset_bytes: u64,
        size_bytes: u64,
        width: Width,
        heap: Heap,
    ) -> Self {
        let window = RefCell::new((0, Vec::new()));
        Self {
            blocks,
            offset_bytes,
            size_bytes,
            width,
            heap,
            window,
        }
    }

    /// What the table says of `cluster`.
    ///
    /// # Errors
    /// Those of the medium; `InvalidData` for a cluster that does not exist.
    pub(crate) fn link(&self, cluster: u32) -> io::Result<Link> {
        if !self.heap.has(cluster) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let (value, last) = match self.width {
            Width::Fat12 => {
                let at = u64::from(cluster).saturating_add(u64::from(cluster / 2));
                let pair = u16::from_le_bytes(self.entry(at)?);
                let value = if cluster.is_multiple_of(2) {
                    pair & 0xFFF
                } else {
                    pair >> 4
                };
                (u32::from(value), 0xFFF)
            }
            Width::Fat16 => {
                let at = u64::from(cluster).saturating_mul(2);
                (u32::from(u16::from_le_bytes(self.entry(at)?)), 0xFFFF)
            }
            Width::Fat32 => {
                let at = u64::from(cluster).saturating_mul(4);
                (
                    u32::from_le_bytes(self.entry(at)?) & 0x0FFF_FFFF,
                    0x0FFF_FFFF,
                )
            }
            Width::Exfat => {
                let at = u64::from(cluster).saturating_mul(4);
                (u32::from_le_bytes(self.entry(at)?), u32::MAX)
            }
        };
        Ok(self.meaning(value, last))
    }

    /// `last` is the largest value of this width; the eight largest end a chain.
    fn meaning(&self, value: u32, last: u32) -> Link {
        let from_end = last.saturating_sub(value);
        match value {
            0 => Link::Free,
            _ if self.heap.has(value) => Link::Next(value),
            _ if from_end < 8 => Link::End,
            _ if from_end == 8 => Link::Bad,
            _ => Link::Nowhere,
        }
    }

    fn entry<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        check_range(self.size_bytes, at, N).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut window = self.window.borrow_mut();
        let inside = |window: &(u64, Vec<u8>)| {
            at.checked_sub(window.0)
                .filter(|within| within.saturating_add(wide(N)) <= wide(window.1.len()))
        };
        if inside(&window).is_none() {
            let length = wide(WINDOW_BYTES).min(self.size_bytes.saturating_sub(at));
            window.1.clear();
            let mut bytes = vec![0; narrow(length)];
            let offset = self.offset_bytes.saturating_add(at);
            if self.blocks.read_at(offset, &mut bytes).is_err() {
                // Only what is asked for decides whether the medium is at fault.
                bytes.truncate(N);
                self.blocks.read_at(offset, &mut bytes)?;
            }
            *window = (at, bytes);
        }
        let within = inside(&window).ok_or(io::ErrorKind::InvalidData)?;
        Ok(array(&window.1, narrow(within)))
    }

    /// The volume's clusters, none of them used or owned.
    pub(crate) fn space(&self) -> Space {
        let heap = self.heap;
        Space::new(heap.offset_bytes, heap.cluster_bytes, u64::from(heap.count))
    }

    /// `clusters` clusters that follow each other from `first` on.
    pub(crate) fn run(&self, first: u32, clusters: u64) -> Extents<'_> {
        let extent = self.heap.extent(first).map(|extent| Extent {
            size_bytes: extent.size_bytes.saturating_mul(clusters),
            ..extent
        });
        let end = self.heap.offset_bytes.saturating_add(self.heap.size_bytes());
        let inside = extent.filter(|extent| {
            let start = extent.offset_bytes.unwrap_or(end);
            start.saturating_add(extent.size_bytes) <= end
        });
        let extent = inside.ok_or_else(|| io::ErrorKind::InvalidData.into());
        Box::new(std::iter::once(extent))
    }

    /// The extents of the chain that begins at `first`, at most `clusters_max` clusters: a loop
    /// ends there. A link that leads nowhere is `InvalidData`, after the bytes before it.
    pub(crate) fn chain(&self, first: u32, clusters_max: u64) -> Extents<'_> {
        let mut next = Some(Ok(first));
        let mut left = clusters_max;
        Box::new(std::iter::from_fn(move || {
            let cluster = match next.take()? {
                Ok(cluster) => cluster,
                Err(error) => return Some(Err(error)),
            };
            left = left.checked_sub(1)?;
            let Some(mut extent) = self.heap.extent(cluster) else {
                return Some(Err(io::ErrorKind::InvalidData.into()));
            };
            let mut last = cluster;
            while 0 < left {
                match self.link(last) {
                    Ok(Link::Next(cluster))
                        if Some(cluster) == last.checked_add(1)
                            && extent.size_bytes < EXTENT_BYTES_MAX =>
                    {
                        left = left.saturating_sub(1);
                        last = cluster;
                        let longer = extent.size_bytes.saturating_add(self.heap.cluster_bytes);
                        extent.size_bytes = longer;
                        continue;
                    }
                    Ok(Link::Next(cluster)) => next = Some(Ok(cluster)),
                    Ok(Link::End) => {}
                    Ok(Link::Free | Link::Bad | Link::Nowhere) => {
                        next = Some(Err(io::ErrorKind::InvalidData.into()));
                    }
                    Err(error) => next = Some(Err(error)),
                }
                break;
            }
            Some(Ok(extent))
        }))
    }
}
