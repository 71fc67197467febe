//! The conversation between whoever starts a scan and kiosk-scan's supervisor.
//!
//! The starter sends one [`Order`], then for folders one [`Supply`] a file with its open
//! descriptor; the supervisor answers with [`News`] and ends with [`News::End`]. A stream
//! without that end is an unfinished scan, whatever came before.

use serde::{Deserialize, Serialize};

use crate::consult::Consultation;
use crate::name::MediumName;
use crate::outcome::{Coverage, Finding, Gap, Row, VolumeReport};

/// Deepest nesting of containers that is opened. Engineering archives nest two or three
/// deep; each level costs memory and multiplies the time of a bomb.
pub const CONTAINER_DEPTH_MAX: u64 = 6;

/// What is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A block device, read as an image. Two read-only descriptors of it travel with the order:
    /// one to read, and one opened with `O_DIRECT`, to read part of it again past the kernel's
    /// cache, where a device that shows other bytes the second time cannot hide.
    Device,
    /// A disk image.
    Image,
    /// A folder; its files are opened by the starter and handed over one by one.
    Folder,
    /// One file, as a folder with one file.
    File,
}

/// Every limit of a scan. Reaching one leaves a row with the gap `limit` or `timeout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most files and members of a medium. A full 1 TB drive of small files is below it, and
    /// their rows fit the ledger's largest entry.
    pub files_max: u64,
    /// Deepest folder. Windows ends near 130 (260 characters of `x\`).
    pub folder_depth_max: u64,
    /// Largest content matched in memory, in bytes; what is larger is copied to the spool.
    pub memory_bytes_max: u64,
    /// Largest content matched at all, in bytes: the size of the spool.
    pub content_bytes_max: u64,
    /// Deepest nesting of containers, at most [`CONTAINER_DEPTH_MAX`].
    pub container_depth_max: u64,
    /// Most members of one file, over all levels. The source of a whole system has fewer; 100,000
    /// are what a bomb is made of.
    pub members_max: u64,
    /// Most bytes unpacked from one file, over all levels.
    pub unpacked_bytes_max: u64,
    /// Highest ratio of unpacked to packed bytes past the first 64 MiB. Deflate reaches 1032;
    /// logs and disk images stay below 100.
    pub unpacked_ratio_max: u64,
    /// Longest match of one content by the engine, in seconds. The engine rounds up to seconds.
    pub match_seconds_max: u64,
    /// Longest examination of one file with all its members, in seconds, beside what its
    /// size is allowed at 1 MB/s.
    pub file_seconds_max: u64,
    /// Longest reading of one volume's structure, in seconds.
    pub walk_seconds_max: u64,
    /// Longest scan of a medium, in seconds.
    pub scan_seconds_max: u64,
    /// Writable memory of one worker beside the content it holds, in bytes.
    pub worker_memory_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files_max: 500_000,
            folder_depth_max: 128,
            memory_bytes_max: 128 << 20,
            content_bytes_max: 64 << 30,
            container_depth_max: CONTAINER_DEPTH_MAX,
            members_max: 99_999,
            unpacked_bytes_max: 1 << 30,
            unpacked_ratio_max: 200,
            match_seconds_max: 30,
            file_seconds_max: 60,
            walk_seconds_max: 300,
            scan_seconds_max: 4 * 3600,
            worker_memory_bytes_max: 512 << 20,
        }
    }
}

/// What is examined beside everything that is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spare {
    /// Space that its volume counts as free, as raw bytes. What is not examined is counted.
    pub unallocated: bool,
    /// Files that are marked deleted and whose clusters are still free, as files.
    pub deleted: bool,
}

/// The first message to the supervisor. With it travel, in this order: the compiled rules, the
/// descriptors of the medium (two for a device, one for an image, none for a folder), the file
/// for a delivery when there may be one, one of each list of hashes, the channel for questions to
/// a second engine when there is one, one spool a worker, and, with that channel, one desk a
/// worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What is scanned.
    pub target: TargetKind,
    /// How large the image or device is; 0 for folders.
    pub size_bytes: u64,
    /// Limits of this scan.
    pub limits: Limits,
    /// What is examined beside what is allocated.
    pub spare: Spare,
    /// Whether the medium may bring a bundle of rules, which is copied to the delivery's file.
    pub delivery: bool,
    /// Workers to fork, 1 to [`WORKERS_MAX`].
    pub workers: u32,
    /// What each list of hashes that travels with it is called, for errors; at most
    /// [`LISTS_MAX`].
    pub lists: Vec<String>,
    /// What a second engine is asked; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consultation: Option<Consultation>,
}

/// Most lists of hashes of one scan. Each is a descriptor that every worker holds, and a page or
/// two read for each content.
pub const LISTS_MAX: usize = 16;

/// Most workers of one scan: past eight the medium is slower than they are.
pub const WORKERS_MAX: u32 = 8;

/// What the starter says of a folder after the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Supply {
    /// A file; its descriptor travels with the message.
    File {
        /// Path inside the folder.
        path: MediumName,
        /// Size by `fstat`; what is read decides.
        size_bytes: u64,
    },
    /// Something in the folder that cannot be opened for reading.
    Unopened {
        /// Path inside the folder.
        path: MediumName,
        /// Why.
        gap: Gap,
        /// What it is.
        finding: Finding,
    },
    /// The folder was walked to its end.
    End,
}

/// What the supervisor reports. All of it is untrusted until checked by the starter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum News {
    /// The jail is closed and the rules are loaded.
    Ready {
        /// Rules in the set.
        rules: u64,
    },
    /// How the medium is divided.
    Layout {
        /// `mbr`, `gpt`, `none`.
        scheme: String,
        /// What is wrong with the partition table.
        findings: Vec<Finding>,
    },
    /// How far the scan is. Sent at least once a second: silence is a fault.
    Progress(Progress),
    /// One file, member or raw range.
    Row(Box<Row>),
    /// One volume, after all its rows.
    Volume(Box<VolumeReport>),
    /// A bundle of rules was copied to the delivery's file, just before the end.
    Delivered(Box<Delivered>),
    /// The scan came to its own end, with everything that was found in rows.
    End(Totals),
    /// The scan cannot go on. Followed by nothing.
    Failed {
        /// Which reason to give.
        gap: Gap,
        /// What happened, for staff.
        why: String,
    },
}

/// A bundle of rules that a medium brought. Nothing of it is believed: its signature decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// Where it lies on the medium.
    pub path: MediumName,
    /// How long it is.
    pub size_bytes: u64,
    /// Other bundles on the medium, which were not copied.
    pub others: u64,
}

/// How far a scan is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Files found so far.
    pub files_found: u64,
    /// Files done.
    pub files_done: u64,
    /// Bytes of the files found so far.
    pub bytes_found: u64,
    /// Bytes done.
    pub bytes_done: u64,
    /// Rows with a finding that blocks.
    pub matched: u64,
    /// Whether every volume has been walked, so that `files_found` is final.
    pub walked: bool,
    /// The file being examined.
    pub current: MediumName,
}

/// The end record: what the receiver must have counted itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Rows sent.
    pub rows: u64,
    /// Volumes sent.
    pub volumes: u64,
    /// Bytes read from the medium for files, boot sectors and gaps.
    pub bytes_read: u64,
    /// Bytes hashed, members included.
    pub bytes_hashed: u64,
    /// What lies outside every volume; all of it counts as allocated.
    pub outside: Coverage,
}
