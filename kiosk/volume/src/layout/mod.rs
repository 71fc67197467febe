//! How a medium is divided: partition tables, volumes, and what lies outside them.

mod gpt;

mod image;

mod mbr;

mod spare;

use std::io;

use wire::Finding;
use wire::worker::{Item, Place};

pub use image::{IMAGE_BYTES_MIN, image};
pub use spare::{GAP_OVERLAP_BYTES, GAP_PIECE_BYTES_MAX, pieces};

use crate::blocks::{Blocks, head};
use crate::findings::Findings;
use crate::kind::{Kind, probe, recognise, rivals};

/// Most partitions read: a GPT has room for 128; what a report can hold is less.
pub const PARTITIONS_MAX: usize = wire::ledger::VOLUMES_MAX;

/// How a medium is divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `mbr`, `gpt` or `none`.
    pub scheme: &'static str,
    /// Every volume in the order of the medium, with what it was recognised as. A medium
    /// without a partition table is one volume.
    pub volumes: Vec<Place>,
    /// What to examine beside the volumes' own trees: the partition table's own sector, unless
    /// a volume begins there, and the space outside every volume. Where volumes do not overlap,
    /// the shares of these and the volumes' sizes add up to the medium's size.
    pub raw: Vec<Item>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// One partition as its table describes it, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) offset_bytes: u64,
    pub(crate) size_bytes: u64,
}

impl Partition {
    pub(crate) fn end_bytes(self) -> u64 {
        self.offset_bytes.saturating_add(self.size_bytes)
    }
}

/// What the tables say, before it is held against the medium.
pub(crate) struct Tables {
    pub(crate) scheme: &'static str,
    pub(crate) partitions: Vec<Partition>,
}

/// Reads how `medium` is divided.
///
/// # Errors
/// None at present: a table that cannot be read is a finding, and what else is on the medium
/// is examined all the same.
pub fn layout(medium: &dyn Blocks) -> io::Result<Layout> {
    let mut findings = Findings::default();
    let size = medium.size_bytes();
    if size == 0 {
        findings.incomplete("empty_medium", "the medium has no bytes");
        return Ok(Layout {
            scheme: "none",
            volumes: Vec::new(),
            raw: Vec::new(),
            findings: findings.into_vec(),
        });
    }
    let whole = probe(medium).unwrap_or(Kind::Unknown);
    let sector = head(medium, 0, 512).unwrap_or_else(|error| {
        findings.incomplete("partition_table_unreadable", error.to_string());
        Vec::new()
    });
    let tables = tables(medium, &sector, whole, &mut findings);
    let mut partitions = fit(tables.partitions, size, &mut findings);
    // What is only named may be a chance likeness in boot code between the partitions.
    let direct = match whole {
        Kind::Unknown | Kind::Named { .. } => {
            check_rivals(medium, whole, &partitions, &mut findings);
            partitions.is_empty()
        }
        Kind::Fat12 | Kind::Fat16 | Kind::Fat32 | Kind::Exfat | Kind::Ntfs => true,
        Kind::Ext2 | Kind::Ext3 | Kind::Ext4 | Kind::Iso9660 | Kind::Udf => true,
    };
    let at_start = partitions.iter().find(|one| one.offset_bytes == 0);
    if direct && !partitions.is_empty() && at_start.is_none_or(|one| one.size_bytes != size) {
        combined(whole, &mut findings);
    }
    if direct && at_start.is_none() {
        partitions.insert(
            0,
            Partition {
                offset_bytes: 0,
                size_bytes: size,
            },
        );
    }
    check_overlaps(&partitions, whole, &mut findings);
    let mut volumes = Vec::new();
    for one in &partitions {
        let kind = kind_of(medium, *one, &mut findings);
        volumes.push(Place {
            offset_bytes: one.offset_bytes,
            size_bytes: one.size_bytes,
            kind: kind.name().to_owned(),
        });
    }
    let raw = spare::raw(medium, &volumes);
    Ok(Layout {
        scheme: tables.scheme,
        volumes,
        raw,
        findings: findings.into_vec(),
    })
}

/// What the partition tables say, if there are any.
fn tables(medium: &dyn Blocks, sector: &[u8], whole: Kind, findings: &mut Findings) -> Tables {
    let record = mbr::Record::parse(sector, medium.size_bytes());
    let protective = record.as_ref().is_some_and(mbr::Record::is_protective);
    let none = matches!(whole, Kind::Unknown);
    // What is wrong with a table that nobody uses is no matter.
    let mut own = Findings::default();
    let table = gpt::find(medium, protective, &mut own);
    if protective || none {
        findings.append(own);
    }
    if let Some(table) = table {
        if protective || none {
            if !protective {
                let detail = "a GPT without the MBR entry that protects it";
                findings.incomplete("gpt_unprotected", detail);
            }
            let mut partitions = table.partitions;
            if let Some(record) = record {
                record.check_protective(table.sector_bytes, findings);
                record.add_hybrid(medium, &mut partitions, table.sector_bytes, findings);
            }
            return Tables {
                scheme: "gpt",
                partitions,
            };
        }
        findings.notice("gpt_stale", "a GPT is left over from an earlier division");
    }
    if protective {
        findings.incomplete("gpt_missing", "the MBR announces a GPT that is not there");
    }
    let is_disc = matches!(whole, Kind::Iso9660);
    match record {
        Some(record) if none || record.is_convincing(is_disc) => Tables {
            scheme: "mbr",
            partitions: record.partitions(medium, findings),
        },
        Some(_) | None => Tables {
            scheme: "none",
            partitions: Vec::new(),
        },
    }
}

/// Says that a partition is a piece of a volume: how the pieces go together stands elsewhere.
fn dynamic(findings: &mut Findings) {
    let detail = "a partition belongs to a dynamic disk or a storage space of Windows";
    findings.incomplete("dynamic_disk", detail);
}

/// Keeps what lies on the medium, in its order, and says what does not.
fn fit(partitions: Vec<Partition>, size: u64, findings: &mut Findings) -> Vec<Partition> {
    let mut kept: Vec<Partition> = Vec::new();
    for one in partitions {
        if one.size_bytes == 0 {
            findings.incomplete("partition_malformed", "a partition ends before it begins");
            continue;
        }
        if size <= one.offset_bytes {
            let detail = format!("begins at byte {} of {size}", one.offset_bytes);
            findings.incomplete("partition_outside", detail);
            continue;
        }
        if size < one.end_bytes() {
            let detail = format!("ends at byte {} of {size}", one.end_bytes());
            findings.incomplete("partition_past_end", detail);
        }
        let there = size.saturating_sub(one.offset_bytes);
        let one = Partition {
            size_bytes: one.size_bytes.min(there),
            ..one
        };
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept.sort_by_key(|one| (one.offset_bytes, one.size_bytes));
    if PARTITIONS_MAX <= kept.len() {
        let detail = format!("{} partitions; only the first were read", kept.len());
        findings.incomplete("too_many_partitions", detail);
        kept.truncate(PARTITIONS_MAX.saturating_sub(1));
    }
    kept
}

/// A file system over the whole medium and partitions in it: systems differ in which they use.
fn combined(whole: Kind, findings: &mut Findings) {
    if matches!(whole, Kind::Iso9660) {
        let detail = "a disc image that is partitioned too, as bootable sticks are";
        findings.notice("iso_hybrid", detail);
    } else {
        let detail = "the medium is a volume and is partitioned; systems differ in what they show";
        findings.incomplete("layout_ambiguous", detail);
    }
}

/// What a partitioned medium could be taken for by systems that do not look at its partitions.
fn check_rivals(
    medium: &dyn Blocks,
    whole: Kind,
    partitions: &[Partition],
    findings: &mut Findings,
) {
    if partitions.is_empty() {
        return;
    }
    let is_beside = |kind: &Kind| is_apple_map(*kind) && matches!(whole, Kind::Iso9660);
    for kind in rivals(medium).into_iter().filter(|kind| !is_beside(kind)) {
        let detail = format!("the medium is partitioned, and could be {}", kind.name());
        findings.incomplete("layout_ambiguous", detail);
    }
}

/// Partitions that share bytes. Those of a hybrid disc image lie inside it.
fn check_overlaps(partitions: &[Partition], whole: Kind, findings: &mut Findings) {
    let mut end = 0;
    for one in partitions {
        let is_disc = matches!(whole, Kind::Iso9660) && one.offset_bytes == 0;
        if one.offset_bytes < end {
            let detail = format!("one begins at byte {} before {end}", one.offset_bytes);
            findings.incomplete("partitions_overlap", detail);
        }
        if !is_disc {
            end = end.max(one.end_bytes());
        }
    }
}

/// The map of Apple's disks. Disc images that start every computer have one beside their own tree,
/// which leads into the image itself.
fn is_apple_map(kind: Kind) -> bool {
    kind.name() == "apple_map"
}

/// What is on one partition. One that cannot be read is unknown, and said to be unreadable.
fn kind_of(medium: &dyn Blocks, one: Partition, findings: &mut Findings) -> Kind {
    let mut kinds = recognise(&View { medium, one }).unwrap_or_else(|error| {
        let detail = format!("partition at byte {}: {error}", one.offset_bytes);
        findings.incomplete("partition_unreadable", detail);
        Vec::new()
    });
    if kinds.first() == Some(&Kind::Iso9660) && kinds.iter().any(|kind| is_apple_map(*kind)) {
        kinds.retain(|kind| !is_apple_map(*kind));
        let detail = "a disc image with a map for Apple's computers";
        findings.notice("apple_map_beside_disc", detail);
    }
    if 1 < kinds.len() {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let detail = format!("it could be {}; the first was read", names.join(" or "));
        findings.incomplete("volume_ambiguous", detail);
    }
    kinds.first().copied().unwrap_or(Kind::Unknown)
}

/// A borrowed [`crate::Part`].
pub(crate) struct View<'a> {
    pub(crate) medium: &'a dyn Blocks,
    pub(crate) one: Partition,
}

impl Blocks for View<'_> {
    fn size_bytes(&self) -> u64 {
        self.one.size_bytes
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        crate::blocks::check_range(self.one.size_bytes, offset_bytes, buffer.len())?;
        let offset = self.one.offset_bytes.saturating_add(offset_bytes);
        self.medium.read_at(offset, buffer)
    }
}
