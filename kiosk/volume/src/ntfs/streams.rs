//! The contents of a file: its data streams, what its reparse point makes of them, and the
//! clusters of everything else that it keeps.

use std::collections::BTreeMap;

use super::record::{Attribute, COMPRESSED, DATA, ENCRYPTED, REPARSE_POINT, Record};
use super::reparse::{self, Reparse};
use super::units::UNIT_BYTES_MAX;
use super::volume::Volume;
use crate::content::Extent;
use crate::number::wide;

/// One data stream.
pub(crate) struct Stream {
    /// Empty for the file's own content.
    pub(crate) name: Vec<u8>,
    pub(crate) size_bytes: u64,
    pub(crate) valid_bytes: u64,
    /// All of its clusters, holes included; those that are known when it is damaged.
    pub(crate) extents: Vec<Extent>,
    pub(crate) body: Body,
}

/// How a stream's bytes are kept, or why they cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Resident(Vec<u8>),
    Plain,
    /// In units of this many bytes.
    Compressed(u64),
    /// In units that are larger than any that are read.
    LargeUnits,
    Encrypted,
    Damaged,
}

impl Stream {
    /// What is in its clusters and not in its content. What a compressed stream unpacks to says
    /// nothing of its clusters, so all of them are.
    pub(crate) fn slack(&self) -> Vec<Extent> {
        let mut skip = match self.body {
            Body::Resident(_)
            | Body::Compressed(_)
            | Body::LargeUnits
            | Body::Encrypted
            | Body::Damaged => 0,
            Body::Plain => self.valid_bytes,
        };
        let mut slack = Vec::new();
        for extent in &self.extents {
            let cut = skip.min(extent.size_bytes);
            skip = skip.saturating_sub(cut);
            let rest = Extent {
                offset_bytes: extent.offset_bytes.map(|at| at.saturating_add(cut)),
                size_bytes: extent.size_bytes.saturating_sub(cut),
            };
            if rest.offset_bytes.is_some() && rest.size_bytes != 0 {
                slack.push(rest);
            }
        }
        slack
    }
}

/// What a file's attributes hold.
pub(crate) struct Streams {
    pub(crate) streams: Vec<Stream>,
    pub(crate) reparse: Option<Reparse>,
    /// Clusters of attributes that are no data.
    pub(crate) structure: Vec<Extent>,
    /// Whether the clusters of one of those cannot be told.
    pub(crate) is_structure_damaged: bool,
    /// Records that extend the file's own.
    pub(crate) extensions: Vec<u64>,
    pub(crate) fault: Option<&'static str>,
}

/// Everything that `record`, a base record, holds.
pub(crate) fn data_streams(volume: &Volume, record: &Record) -> Streams {
    let attributes = volume.attributes(record);
    let mut streams = Streams {
        streams: Vec::new(),
        reparse: None,
        structure: Vec::new(),
        is_structure_damaged: false,
        extensions: attributes.extensions,
        fault: attributes.fault,
    };
    let mut pieces: BTreeMap<Vec<u8>, Vec<Attribute>> = BTreeMap::new();
    for attribute in attributes.found {
        if attribute.kind == DATA {
            let name = attribute.name.clone();
            pieces.entry(name).or_default().push(attribute);
            continue;
        }
        if attribute.resident().is_none() {
            match volume.piece(&attribute) {
                Some((extents, _)) => streams.structure.extend(extents),
                None => streams.is_structure_damaged = true,
            }
        }
        if attribute.kind == REPARSE_POINT {
            streams.reparse = Some(reparse::read(volume, &attribute));
        }
    }
    for (name, pieces) in pieces {
        streams.streams.push(stream(volume, name, &pieces));
    }
    streams
}

/// The stream that `pieces` describe.
fn stream(volume: &Volume, name: Vec<u8>, pieces: &[Attribute]) -> Stream {
    let damaged = |name| {
        let known = pieces.iter().filter_map(|piece| volume.piece(piece));
        Stream {
            name,
            size_bytes: 0,
            valid_bytes: 0,
            extents: known.flat_map(|(extents, _)| extents).collect(),
            body: Body::Damaged,
        }
    };
    let Some(first) = pieces.iter().min_by_key(|piece| piece.lowest()) else {
        return damaged(name);
    };
    if let (Some(value), [_]) = (first.resident(), pieces) {
        return Stream {
            name,
            size_bytes: wide(value.len()),
            valid_bytes: wide(value.len()),
            extents: Vec::new(),
            body: Body::Resident(value.to_vec()),
        };
    }
    let Some(value) = volume.value(pieces) else {
        return damaged(name);
    };
    let there = value.extents.iter().map(|extent| extent.size_bytes);
    let there = there.fold(0, u64::saturating_add);
    let unit_bytes = value
        .unit_shift
        .and_then(|shift| volume.boot.cluster_bytes.checked_shl(shift))
        .unwrap_or(0);
    let body = match first.flags {
        flags if flags & ENCRYPTED != 0 => Body::Encrypted,
        _ if there < value.size_bytes || value.size_bytes < value.valid_bytes => Body::Damaged,
        flags if flags & COMPRESSED == 0 || value.size_bytes == 0 => Body::Plain,
        _ if unit_bytes == 0 => Body::Damaged,
        _ if UNIT_BYTES_MAX < unit_bytes => Body::LargeUnits,
        _ => Body::Compressed(unit_bytes),
    };
    Stream {
        name,
        size_bytes: value.size_bytes,
        valid_bytes: value.valid_bytes,
        extents: value.extents,
        body,
    }
}
