//! What a walk leaves over on a volume with clusters: chains that no folder names, and files
//! that are marked deleted.

use std::collections::BTreeSet;
use std::rc::Rc;

use wire::RowKind;
use wire::worker::{Locator, Share};

use super::claim::{Ask, claim, unit};
use super::table::{Link, Table};
use crate::findings::notice;
use crate::number::wide;
use crate::space::{Space, Which};
use crate::walk::{Content, Folder, Walk};

/// Most lost clusters whose chains are put together; what is beyond is examined in the order of
/// the volume.
const LOST_CLUSTERS_MAX: usize = 1 << 20;

/// Most deleted files that are listed, for each volume. What is beyond is examined as free space.
pub(crate) const DELETED_MAX: usize = 65_536;

/// A file that is marked deleted.
pub(crate) struct Deleted {
    pub(crate) folder: Rc<Folder>,
    pub(crate) name: Vec<u8>,
    pub(crate) first_cluster: u32,
    pub(crate) size_bytes: u64,
}

/// Deleted files met on the way.
#[derive(Default)]
pub(crate) struct Leftover {
    deleted: Vec<Deleted>,
    /// Further ones that are not kept.
    beyond: u64,
}

impl Leftover {
    /// Keeps a deleted file until it is known which clusters are free.
    pub(crate) fn keep(&mut self, deleted: Deleted) {
        if deleted.size_bytes == 0 || deleted.first_cluster < 2 {
            return;
        }
        if self.deleted.len() < DELETED_MAX {
            self.deleted.push(deleted);
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }

    /// Hands on what is left of a volume once every folder has been read. `size_bytes` is the
    /// volume's own.
    pub(crate) fn list(self, table: &Table, space: &mut Space, size_bytes: u64, walk: &mut Walk<'_>) {
        lost_chains(table, space, walk);
        walk.audit(space, size_bytes);
        if walk.wants_deleted() {
            for deleted in self.deleted {
                list_deleted(deleted, table, space, walk);
            }
            if self.beyond != 0 {
                let detail = format!("{} more; their clusters count as free space", self.beyond);
                walk.findings.notice("deleted_not_listed", detail);
            }
        }
        walk.unallocated(space);
    }
}

/// A deleted file's clusters are taken to follow each other: its chain is gone. When any of them
/// has been used again it is not that file any more.
fn list_deleted(deleted: Deleted, table: &Table, space: &mut Space, walk: &mut Walk<'_>) {
    let clusters = table.heap.needed(deleted.size_bytes);
    let first = unit(deleted.first_cluster);
    if !space.is_free(first, clusters) {
        return;
    }
    space.take(first, clusters);
    let extent = space.extent((first, clusters));
    walk.count_unallocated(extent.size_bytes);
    let detail = "marked deleted; its clusters are free and were taken to follow each other";
    let content = Content {
        kind: RowKind::Deleted,
        size_bytes: deleted.size_bytes,
        locator: Locator::Chain {
            first_cluster: deleted.first_cluster,
            contiguous: true,
            valid_bytes: deleted.size_bytes,
        },
        findings: vec![notice("deleted_file", detail)],
        share: Share {
            position_bytes: extent.offset_bytes.unwrap_or(0),
            unallocated_bytes: extent.size_bytes,
            slack_bytes: extent.size_bytes.saturating_sub(deleted.size_bytes),
            ..Share::default()
        },
    };
    walk.content(&deleted.folder, &deleted.name, content);
}

/// Chains that no folder names, each as one content: it may be a file that was lost, and be
/// anywhere on the volume.
fn lost_chains(table: &Table, space: &mut Space, walk: &mut Walk<'_>) {
    let runs = space.runs(Which::Lost);
    let units = runs.flat_map(|(first, count)| first..first.saturating_add(count));
    let clusters = units.filter_map(|unit| u32::try_from(unit.saturating_add(2)).ok());
    let lost: Vec<u32> = clusters.take(LOST_CLUSTERS_MAX).collect();
    let follows = |cluster: &u32| match table.link(*cluster) {
        Ok(Link::Next(next)) => Some(next),
        Ok(Link::Free | Link::Bad | Link::End | Link::Nowhere) | Err(_) => None,
    };
    let followers: BTreeSet<u32> = lost.iter().filter_map(follows).collect();
    let mut found = 0_u64;
    for first in lost.iter().filter(|cluster| !followers.contains(cluster)) {
        let ask = Ask {
            first: *first,
            contiguous: false,
            clusters: None,
            clusters_max: wide(LOST_CLUSTERS_MAX),
            keep: false,
        };
        let clusters = claim(table, space, ask).clusters;
        let Some(extent) = table.heap.extent(*first).filter(|_| clusters != 0) else {
            continue;
        };
        found = found.saturating_add(clusters);
        let size = clusters.saturating_mul(table.heap.cluster_bytes);
        let at = extent.offset_bytes.unwrap_or(0);
        let content = Content {
            kind: RowKind::Unallocated,
            size_bytes: size,
            locator: Locator::Chain {
                first_cluster: *first,
                contiguous: false,
                valid_bytes: size,
            },
            findings: Vec::new(),
            share: Share {
                position_bytes: at,
                allocated_bytes: size,
                ..Share::default()
            },
        };
        walk.content(&Folder::root(), format!("lost-{at}").as_bytes(), content);
    }
    if found != 0 {
        let detail = format!("{found} clusters in chains that no folder names");
        walk.findings.notice("clusters_lost", detail);
    }
}
