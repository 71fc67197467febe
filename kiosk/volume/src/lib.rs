//! Partition tables and file systems, read in user space.
//!
//! Everything here works on [`Blocks`]: positioned reads of a medium that somebody else has
//! opened. Nothing opens a path, starts a thread, asks the time or writes. The bytes are
//! hostile, so the rule throughout is that a malformed structure is a [`wire::Finding`] and
//! never a skip: a tree that was walked without one has named every file its volume holds.
//!
//! In the order a medium meets them: [`layout`] finds the volumes, [`probe`] names what is on
//! each, [`open`] gives a [`Tree`] for those that have a reader here, [`Tree::walk`] lists
//! their contents and [`Tree::open`] reads one.
//!
//! # Errors while reading
//! A read that fails says why by the kind of its [`std::io::Error`], and [`gap_of`] turns
//! that into the gap to report:
//! `UnexpectedEof` and `InvalidData` mean that the volume's own structure is at fault (a chain
//! shorter than its file, an extent past the end of the volume): `damaged`.
//! `Unsupported` means that the content is stored in a way that is not read here:
//! `unsupported`. `PermissionDenied` means that it is encrypted: `encrypted`.
//! Any other kind comes from the medium itself: `unreadable`, with the sectors by number when
//! the error knows them ([`unreadable_sectors`]), or `removed` when the device is gone.

mod blocks;
mod cached;
mod error;
mod number;
mod sectors;

mod disk;
mod kind;
mod layout;

mod tree;

mod clusters;
mod content;
mod findings;
mod named;
mod space;
mod text;
mod walk;

mod exfat;
mod ext;
mod fat;
mod iso;
mod ntfs;
mod udf;

pub use blocks::{Blocks, Part};
pub use cached::{CACHE_BYTES_MAX, Cached};
pub use disk::{
    DISK_BYTES_MAX, DISK_PIECES_MAX, Disk, PACKED_PIECE_BYTES_MAX, PIECE_BYTES_MIN, is_disk,
};
pub use error::{VolumeError, gap_of};
pub use kind::{ENCRYPTED_UNKNOWN, Kind, probe};
pub use layout::{
    GAP_OVERLAP_BYTES, GAP_PIECE_BYTES_MAX, IMAGE_BYTES_MIN, Layout, PARTITIONS_MAX, image, layout,
    pieces,
};
pub use sectors::{is_gone, unreadable_sectors};
pub use tree::{Seen, Tree, Walked, open, raw};
