//! Damaging real images, one case after the other, and looking for files that are lost in
//! silence. Every case follows from its number alone.

mod damage;

mod judge;

mod supervise;

mod worker;

pub(crate) use damage::Chance;
pub use damage::{Damage, Target};
pub use judge::{Base, Judged};
pub(crate) use supervise::cpu_ms;
pub use supervise::{CPU_MAX, Cases, MEMORY_BYTES_MAX, Summary, supervise};
pub use worker::work;

/// Something that can be damaged, and what comes of it.
pub trait Trial {
    /// Damages it as case `seed` says, and what came of it.
    #[must_use]
    fn judge(&self, seed: u64) -> Judged;

    /// Everything about one case, for people.
    #[must_use]
    fn explain(&self, seed: u64) -> String;
}

/// The formats that a campaign knows, each with the kind that its image must be recognised as;
/// partition tables have volumes of FAT between them.
pub const FORMATS: [(&str, &str); 13] = [
    ("fat12", "fat12"),
    ("fat16", "fat16"),
    ("fat32", "fat32"),
    ("exfat", "exfat"),
    ("ntfs", "ntfs"),
    ("ext2", "ext2"),
    ("ext3", "ext3"),
    ("ext4", "ext4"),
    ("ext4-nocsum", "ext4"),
    ("iso", "iso9660"),
    ("udf", "udf"),
    ("gpt", "fat12"),
    ("mbr", "fat12"),
];
