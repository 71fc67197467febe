//! The index of a folder: a tree of nodes with file names.

use std::collections::BTreeSet;
use std::io;

use super::record::{Attribute, BITMAP, DOS, INDEX_ALLOCATION, INDEX_ROOT, fix_up};
use super::volume::{Attributes, Volume};
use crate::content::Extent;
use crate::number::{narrow, u8_at, u16_at, u32_at, u64_at, wide};
use crate::text::{from_utf16, units_le};

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number and sequence of its file record.
    pub(crate) reference: u64,
    pub(crate) parent: u64,
    pub(crate) name: Vec<u8>,
    /// Whether this is only the short name that DOS needs.
    pub(crate) is_dos: bool,
}

/// What an index holds.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    /// What is wrong; entries are missing then.
    pub(crate) faults: Vec<&'static str>,
    /// The medium's error, when it was one.
    pub(crate) error: Option<io::Error>,
}

/// The name of a folder's index.
const NAME: &[u8] = b"$I30";

/// Largest node, in bytes. Windows uses 4 KiB, or a cluster where that is larger.
const NODE_BYTES_MAX: u64 = 2 << 20;

/// Lists a folder by its attributes.
pub(crate) fn list(volume: &Volume, attributes: &Attributes) -> Listing {
    let mut listing = Listing::default();
    let of = |kind| {
        let all = attributes.found.iter();
        all.filter(move |one| one.kind == kind && one.name == NAME)
    };
    let root = of(INDEX_ROOT).find_map(Attribute::resident);
    let Some(root) = root.filter(|root| 32 <= root.len()) else {
        listing.faults.push("a folder has no index");
        return listing;
    };
    let pieces: Vec<_> = of(INDEX_ALLOCATION).cloned().collect();
    let extents = if pieces.is_empty() {
        Some((Vec::new(), 0))
    } else {
        volume
            .value(&pieces)
            .map(|value| (value.extents, value.size_bytes))
    };
    let Some((extents, size_bytes)) = extents else {
        listing
            .faults
            .push("the index of a folder cannot be put together");
        return listing;
    };
    let mut nodes = Nodes {
        volume,
        extents,
        size_bytes,
        node_bytes: u64::from(u32_at(root, 8)),
        visited: BTreeSet::new(),
        pending: Vec::new(),
    };
    nodes.entries(root, 16, &mut listing);
    nodes.follow(&mut listing);
    let bitmap: Vec<_> = of(BITMAP).cloned().collect();
    nodes.check_bitmap(&bitmap, &mut listing);
    listing
}

/// The nodes below the root.
struct Nodes<'a> {
    volume: &'a Volume,
    extents: Vec<Extent>,
    size_bytes: u64,
    node_bytes: u64,
    visited: BTreeSet<u64>,
    pending: Vec<u64>,
}

impl Nodes<'_> {
    /// Bytes that one step of a node's number stands for.
    fn unit_bytes(&self) -> u64 {
        if self.node_bytes < self.volume.boot.cluster_bytes {
            512
        } else {
            self.volume.boot.cluster_bytes
        }
    }

    fn follow(&mut self, listing: &mut Listing) {
        let size = self.node_bytes;
        if self.pending.is_empty() {
            return;
        }
        if !size.is_power_of_two() || !(512..=NODE_BYTES_MAX).contains(&size) {
            listing
                .faults
                .push("the nodes of a folder's index have no possible size");
            return;
        }
        while let Some(number) = self.pending.pop() {
            if !self.visited.insert(number) {
                listing
                    .faults
                    .push("a node is twice in the index of a folder");
                continue;
            }
            match self.node(number) {
                Ok(node) => self.entries(&node, 24, listing),
                Err(error) => {
                    listing
                        .faults
                        .push("a node of a folder's index cannot be read");
                    listing.error = Some(error);
                }
            }
        }
    }

    fn node(&self, number: u64) -> io::Result<Vec<u8>> {
        let malformed = || io::Error::from(io::ErrorKind::InvalidData);
        let start = number
            .checked_mul(self.unit_bytes())
            .ok_or_else(malformed)?;
        let end = start.checked_add(self.node_bytes).ok_or_else(malformed)?;
        if self.size_bytes < end {
            return Err(malformed());
        }
        let mut bytes = vec![0; narrow(self.node_bytes)];
        self.volume.read(&self.extents, start, &mut bytes)?;
        if !bytes.starts_with(b"INDX") || u64_at(&bytes, 16) != number {
            return Err(malformed());
        }
        fix_up(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the entries of one node, whose header is at `header`.
    fn entries(&mut self, node: &[u8], header: usize, listing: &mut Listing) {
        let at = |field: usize| header.saturating_add(field);
        let start = at(narrow(u64::from(u32_at(node, at(0)))));
        let end = at(narrow(u64::from(u32_at(node, at(4)))));
        let Some(mut rest) = node.get(start..end) else {
            listing
                .faults
                .push("the entries of a folder are outside their node");
            return;
        };
        loop {
            let length = usize::from(u16_at(rest, 8));
            let Some(entry) = rest.get(..length).filter(|_| 16 <= length) else {
                listing
                    .faults
                    .push("the entries of a folder do not come to an end");
                return;
            };
            let flags = u16_at(entry, 12);
            if flags & 1 != 0 {
                self.pending.push(u64_at(entry, length.saturating_sub(8)));
            }
            if flags & 2 != 0 {
                return;
            }
            match name(entry) {
                Some(entry) => listing.entries.push(entry),
                None => listing.faults.push("an entry of a folder has no name"),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    /// Nodes that are marked as in use and that nothing leads to.
    fn check_bitmap(&self, bitmap: &[Attribute], listing: &mut Listing) {
        let bytes = match bitmap {
            [] => return,
            [one] if one.resident().is_some() => one.resident().unwrap_or_default().to_vec(),
            _ => {
                let value = self.volume.value(bitmap);
                let size = value
                    .as_ref()
                    .map_or(0, |value| value.size_bytes.min(NODE_BYTES_MAX));
                let mut bytes = vec![0; narrow(size)];
                match value.map(|value| self.volume.read(&value.extents, 0, &mut bytes)) {
                    Some(Ok(())) => bytes,
                    Some(Err(_)) | None => {
                        listing
                            .faults
                            .push("the bitmap of a folder's index cannot be read");
                        return;
                    }
                }
            }
        };
        let step = self
            .node_bytes
            .checked_div(self.unit_bytes())
            .unwrap_or(1)
            .max(1);
        let bits = bytes.iter().enumerate().flat_map(|(index, byte)| {
            let first = wide(index).saturating_mul(8);
            (0..8_u64)
                .zip(0..8_u32)
                .filter(move |(_, shift)| byte.checked_shr(*shift).unwrap_or(0) & 1 == 1)
                .map(move |(bit, _)| first.saturating_add(bit))
        });
        for bit in bits {
            if !self.visited.contains(&bit.saturating_mul(step)) {
                listing
                    .faults
                    .push("a node of a folder's index is in use and cannot be reached");
                return;
            }
        }
    }
}

/// The file name in an index entry.
fn name(entry: &[u8]) -> Option<Entry> {
    let key = entry.get(16..)?;
    let length = usize::from(u8_at(key, 64)).saturating_mul(2);
    let name = key
        .get(66..66_usize.saturating_add(length))
        .filter(|name| !name.is_empty())?;
    Some(Entry {
        reference: u64_at(entry, 0),
        parent: u64_at(key, 0),
        name: from_utf16(&units_le(name)),
        is_dos: u8_at(key, 65) == DOS,
    })
}
