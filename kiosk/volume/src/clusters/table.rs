//! File allocation tables.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use crate::blocks::{Blocks, check_range};
use crate::content::{Extent, Extents};
use crate::number::{array, narrow, wide};

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

    /// Counts clusters that the table marks as in use.
    ///
    /// # Errors
    /// Those of the medium.
    pub(crate) fn used(&self) -> io::Result<u64> {
        let mut used = 0_u64;
        for cluster in (2..).take(narrow(u64::from(self.heap.count))) {
            match self.link(cluster)? {
                Link::Free | Link::Bad => {}
                Link::Next(_) | Link::End | Link::Nowhere => used = used.saturating_add(1),
            }
        }
        Ok(used)
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
