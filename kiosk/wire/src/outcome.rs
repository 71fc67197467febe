//! What was established about one file, and about one volume.

use serde::{Deserialize, Serialize};

use crate::name::{self, MediumName};

/// Most findings carried by one row. What is beyond is counted in the last one.
pub const FINDINGS_MAX: usize = 16;

/// Longest rule name, in bytes. YARA identifiers are at most 128 characters.
pub const RULE_BYTES_MAX: usize = 128;

/// Longest explanation of a finding, in bytes.
pub const DETAIL_BYTES_MAX: usize = 512;

/// Longest title of a rule in one language, in bytes: thirty characters of Japanese are all
/// that a line of the screen has room for.
pub const TITLE_BYTES_MAX: usize = 96;

/// Longest type name, in bytes. RFC 6838 allows 127 + `/` + 127.
pub const TYPE_BYTES_MAX: usize = 255;

/// A SHA-256 digest; lower-case hexadecimal in messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of no bytes at all.
    pub const OF_NOTHING: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&name::hex(&self.0))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err("digest must be in lower case");
        }
        name::unhex(&text)
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(Self)
            .ok_or("digest must be 64 hexadecimal digits")
    }
}

/// Why something was not examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Its content cannot be had without a key.
    Encrypted,
    /// The medium gave an error for some of its bytes.
    Unreadable,
    /// Its structure contradicts itself, or examining it ended the worker.
    Damaged,
    /// A kind that is known, or not known, and cannot be opened.
    Unsupported,
    /// A named limit was reached.
    Limit,
    /// Its time was used up.
    Timeout,
    /// It read differently the second time.
    Changed,
    /// The medium was gone before it was read.
    Removed,
}

impl Gap {
    /// Every gap, in the order reports name them.
    pub const ALL: [Self; 8] = [
        Self::Encrypted,
        Self::Unreadable,
        Self::Damaged,
        Self::Unsupported,
        Self::Limit,
        Self::Timeout,
        Self::Changed,
        Self::Removed,
    ];
}

/// What was established about one file. There is no default, and nothing else is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Outcome {
    /// Every byte was read and opened, and nothing that blocks was found.
    Clean,
    /// Something that blocks was found in it or in a member of it.
    Matched,
    /// Some byte of it, or of a member of it, was not examined.
    Unchecked(Gap),
}

/// What a finding does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// STOP.
    Block,
    /// NOT FINISHED: what was found means that something could not be examined.
    Incomplete,
    /// Recorded and shown to staff.
    Notice,
}

/// What saw a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A YARA rule.
    Yara,
    /// Our own look at a file's form: names, containers.
    Structure,
    /// The reader of partition tables and file systems.
    Volume,
    /// A list of hashes.
    List,
    /// ClamAV, the second engine.
    Clamav,
}

impl Source {
    /// Whether it tells by what is known to be bad; otherwise it tells by form.
    #[must_use]
    pub const fn knows(self) -> bool {
        match self {
            Self::Yara | Self::List | Self::Clamav => true,
            Self::Structure | Self::Volume => false,
        }
    }
}

/// Something wrong that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's identifier, at most [`RULE_BYTES_MAX`] bytes of `[A-Za-z0-9_]`.
    pub rule: String,
    /// Who saw it.
    pub source: Source,
    /// What it does to the verdict.
    pub tier: Tier,
    /// The member it was seen in, when it was not seen in this file's own bytes: its path
    /// inside this file, with ` > ` between containers.
    pub member_of: Option<MediumName>,
    /// For staff: what exactly, in English, at most [`DETAIL_BYTES_MAX`] bytes and without
    /// names from the medium.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What the rule calls itself, when it says so: rules of YARA do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Box<Title>>,
    /// The entry of the waiver that speaks for it. Only the receiver of a scan writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<u64>,
}

/// What a rule calls itself, each at most [`TITLE_BYTES_MAX`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

impl Title {
    /// Both titles, cut where they are too long. `None` when neither says anything; one that is
    /// missing is as the other.
    #[must_use]
    pub fn cut(ja: &str, en: &str) -> Option<Self> {
        let (ja, en) = match (ja.trim(), en.trim()) {
            ("", "") => return None,
            ("", other) | (other, "") => (other, other),
            both => both,
        };
        let cut = |text: &str| {
            let end = text.floor_char_boundary(TITLE_BYTES_MAX);
            text.get(..end).unwrap_or_default().to_owned()
        };
        Some(Self {
            ja: cut(ja),
            en: cut(en),
        })
    }
}

impl Finding {
    /// A finding in the file's or volume's own bytes.
    #[must_use]
    pub fn own(rule: &str, source: Source, tier: Tier, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
        Self {
            rule: rule.to_owned(),
            source,
            tier,
            member_of: None,
            detail,
            title: None,
            waiver: None,
        }
    }
}

/// What kind of content a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A boot sector or the partition table.
    Boot,
    /// A file that a directory names.
    File,
    /// An NTFS alternate data stream.
    Stream,
    /// A directory entry marked deleted whose content is still there.
    Deleted,
    /// Space of a volume that no file owns, or a volume that cannot be opened, as raw bytes.
    Unallocated,
    /// Space outside every partition.
    Gap,
    /// A member of a container.
    Member,
}

/// What was established about one file, stream, member or raw range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Index of the volume it is on; `None` outside every volume and for folders.
    pub volume: Option<u32>,
    /// Path on the volume, or inside the innermost container.
    pub path: MediumName,
    /// The containers around it, outermost first; empty for what is not a member.
    pub within: Vec<MediumName>,
    /// What kind of content.
    pub kind: RowKind,
    /// Its size in bytes, as stored or as unpacked.
    pub size_bytes: u64,
    /// Of the whole content; `None` when not all of it could be read.
    pub sha256: Option<Digest>,
    /// Media type by content, `None` when not all of it could be read.
    #[serde(rename = "type")]
    pub content_type: Option<String>,
    /// What was established.
    pub outcome: Outcome,
    /// Whether the outcome comes only from members of this file, each of which has its own
    /// row: counted once, there.
    pub inherited: bool,
    /// What was seen, at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// What became of the bytes of one volume, or of those outside every volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Bytes that are not free by the volume's own bookkeeping: files with their slack, the file
    /// system's structures, boot code, and what is marked as used and belongs to nobody.
    pub allocated_bytes: u64,
    /// Allocated bytes that were read and handed to the engine.
    pub examined_bytes: u64,
    /// Allocated bytes that were read, belong to no file, and are zero.
    pub zero_bytes: u64,
    /// Allocated bytes of contents that could not be read whole.
    pub unreadable_bytes: u64,
    /// Bytes that are free by the volume's own bookkeeping.
    pub unallocated_bytes: u64,
    /// Unallocated bytes that were read and handed to the engine.
    pub unallocated_examined_bytes: u64,
    /// Unallocated bytes that were read and are zero.
    pub unallocated_zero_bytes: u64,
}

impl Coverage {
    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let sum = |one: u64, other: u64| one.saturating_add(other);
        let free = sum(self.unallocated_bytes, other.unallocated_bytes);
        let examined = self.unallocated_examined_bytes;
        let zero = self.unallocated_zero_bytes;
        Self {
            allocated_bytes: sum(self.allocated_bytes, other.allocated_bytes),
            examined_bytes: sum(self.examined_bytes, other.examined_bytes),
            zero_bytes: sum(self.zero_bytes, other.zero_bytes),
            unreadable_bytes: sum(self.unreadable_bytes, other.unreadable_bytes),
            unallocated_bytes: free,
            unallocated_examined_bytes: sum(examined, other.unallocated_examined_bytes),
            unallocated_zero_bytes: sum(zero, other.unallocated_zero_bytes),
        }
    }

    /// Whether every allocated byte was examined or is provably empty. Only such a volume may
    /// be on a medium that passes.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.examined_bytes.checked_add(self.zero_bytes) == Some(self.allocated_bytes)
    }
}

/// What was established about one volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeReport {
    /// Its place in the order of the medium, from 0.
    pub index: u32,
    /// `fat32`, `exfat`, `ntfs`, `ext4`, `iso9660`, `luks`, `unknown`, ...
    pub kind: String,
    /// Volume label.
    pub label: MediumName,
    /// Where it begins on the medium.
    pub offset_bytes: u64,
    /// How long it is.
    pub size_bytes: u64,
    /// What became of its bytes.
    pub coverage: Coverage,
    /// What is wrong with its structure.
    pub findings: Vec<Finding>,
}
