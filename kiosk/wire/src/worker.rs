//! The conversation between kiosk-scan's supervisor and one worker. A worker reads hostile
//! bytes, so the supervisor trusts a worker only about the job that it was given.

use serde::{Deserialize, Serialize};

use crate::consult::Asked;
use crate::name::MediumName;
use crate::outcome::{Finding, Row, RowKind};

/// Where a volume is and what it was recognised as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Where it begins on the medium.
    pub offset_bytes: u64,
    /// How long it is.
    pub size_bytes: u64,
    /// The kind's name, as in the report.
    pub kind: String,
}

/// Most extents in one locator, so that its message fits a packet; more make a further content.
pub const LOCATOR_EXTENTS_MAX: usize = 512;

/// How a worker finds a content again that another worker found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Locator {
    /// Bytes of the medium, from its beginning.
    Range {
        /// First byte.
        offset_bytes: u64,
    },
    /// FAT and exFAT.
    Chain {
        /// First cluster; 0 for an empty file.
        first_cluster: u32,
        /// exFAT's NoFatChain: the clusters follow each other.
        contiguous: bool,
        /// exFAT's ValidDataLength, in bytes: what is beyond reads as zeros.
        valid_bytes: u64,
    },
    /// NTFS, and what UDF has in holes or many pieces.
    Record {
        /// File record number; of UDF the number of the partition map, then 32 bits of the block.
        record: u64,
        /// Name of the `$DATA` attribute; empty for the file's own content.
        stream: MediumName,
    },
    /// Whole extents on the volume: byte offset and length.
    Extents(Vec<(u64, u64)>),
    /// Looked up again by path.
    Path,
    /// The content itself: link targets and the like.
    Inline(MediumName),
    /// The descriptor that came with the job.
    Loose,
}

/// Something to examine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Index of its volume.
    pub volume: Option<u32>,
    /// Path on the volume.
    pub path: MediumName,
    /// What kind of content.
    pub kind: RowKind,
    /// Its size by its directory entry.
    pub size_bytes: u64,
    /// How to find it.
    pub locator: Locator,
    /// What the reader of the volume saw about it.
    pub findings: Vec<Finding>,
    /// Which bytes of its volume are examined along with it.
    pub share: Share,
}

/// What examining one content accounts for. The shares of everything that is found on a volume
/// add up to its allocated bytes and, where they are examined, its unallocated bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its first byte on the volume, or on the medium when it is on none: what lies first is
    /// read first. 0 for what has no place.
    pub position_bytes: u64,
    /// Allocated bytes that no content found before it accounts for, slack included.
    pub allocated_bytes: u64,
    /// Unallocated bytes, likewise.
    pub unallocated_bytes: u64,
    /// Bytes in its clusters that are not its content: past its end, or never written by it.
    pub slack_bytes: u64,
}

/// How much of a content's share was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// All of it, and handed to the engine.
    Whole,
    /// All of it, and every byte is zero.
    Zero,
    /// Not all of it.
    Partial,
}

/// What the supervisor asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    /// Read the partition table.
    Layout,
    /// Read one volume's tree.
    Walk {
        /// Its index.
        volume: u32,
        /// Where it is.
        place: Place,
    },
    /// Examine one content.
    Examine {
        /// Which.
        item: Box<Item>,
        /// Its volume, when it is on one.
        place: Option<Place>,
        /// Whether it is to be copied to the delivery's file when all of it can be read.
        deliver: bool,
    },
    /// Read again what was read before, past the kernel's cache, and compare. Only for devices,
    /// and the last job of a worker.
    ReadBack,
}

/// Bytes of the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First byte, from the beginning of the medium.
    pub offset_bytes: u64,
    /// How many; at least one.
    pub size_bytes: u64,
}

/// What came of reading a device a second time. The first thing that is wrong ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecondReading {
    /// Every byte that was compared is what it was.
    Same,
    /// Some of these bytes are others.
    Differs(Span),
    /// Some of these bytes, which could be read once, cannot be read now.
    Unreadable(Span),
    /// The device is no longer there.
    Gone,
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// The worker's jail is closed and its engine is warm.
    Ready,
    /// A volume, in the order of the medium.
    Volume(Place),
    /// Something to examine.
    Item(Box<Item>),
    /// Something established at once.
    Row(Box<Row>),
    /// [`Job::Layout`] is done.
    Layout {
        /// `mbr`, `gpt`, `none`.
        scheme: String,
        /// What is wrong with the partition table.
        findings: Vec<Finding>,
    },
    /// [`Job::Walk`] is done.
    Walked {
        /// Volume label.
        label: MediumName,
        /// Bytes that are not free by the volume's own bookkeeping.
        allocated_bytes: u64,
        /// Bytes that are.
        unallocated_bytes: u64,
        /// What is wrong with its structure.
        findings: Vec<Finding>,
    },
    /// The content of [`Job::Examine`] was copied to the delivery's file.
    Delivered {
        /// How long it is.
        size_bytes: u64,
    },
    /// A question to the second engine, while [`Job::Examine`] is being done. Its answer is an
    /// [`crate::consult::Opinion`], and nothing else comes before it.
    Consult(Asked),
    /// [`Job::Examine`] is done, and its rows have been sent.
    Examined {
        /// Bytes read from the medium.
        bytes_read: u64,
        /// Bytes hashed, members included.
        bytes_hashed: u64,
        /// What was read of its share.
        reading: Reading,
    },
    /// [`Job::ReadBack`] is done.
    ReadBack {
        /// Bytes that were read again and are the same.
        bytes_compared: u64,
        /// What came of it.
        reading: SecondReading,
    },
}
