//! Which cluster belongs to what, and what is wrong with a chain.

use super::table::{Link, Table};
use crate::content::{Extent, join};
use crate::space::Space;

/// What following a chain showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It comes back to a cluster of its own.
    Loop,
    /// It enters a cluster of another file or folder.
    CrossLinked,
    /// It ends before the size is reached, or in a cluster that is free, bad or not there.
    Short,
    /// It goes on after the size is reached.
    Long,
    /// Its links cannot be read from the medium.
    Unreadable,
}

impl Fault {
    /// The rule of the finding.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Loop => "chain_loop",
            Self::CrossLinked => "cross_linked",
            Self::Short => "chain_too_short",
            Self::Long => "chain_too_long",
            Self::Unreadable => "chain_unreadable",
        }
    }

    /// What the finding says.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::Loop => "the cluster chain comes back to itself",
            Self::CrossLinked => "a cluster belongs to two files or folders",
            Self::Short => "the cluster chain ends before the size is reached",
            Self::Long => "the cluster chain goes on after the size is reached",
            Self::Unreadable => "the cluster chain cannot be read",
        }
    }
}

/// The clusters of one file or folder.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The extents in order; empty unless they were asked for.
    pub(crate) extents: Vec<Extent>,
    /// Clusters that nobody had before.
    pub(crate) clusters: u64,
    pub(crate) fault: Option<Fault>,
}

/// What is known of a chain before it is followed.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) first: u32,
    /// exFAT: the clusters follow each other and the table says nothing.
    pub(crate) contiguous: bool,
    /// Clusters by size; `None` for a folder that has no size.
    pub(crate) clusters: Option<u64>,
    /// Most clusters of a folder without a size.
    pub(crate) clusters_max: u64,
    /// Whether the extents are wanted.
    pub(crate) keep: bool,
}

/// Follows a chain and takes every cluster of it.
pub(crate) fn claim(table: &Table, space: &mut Space, ask: Ask) -> Claim {
    let mut claim = Claim {
        extents: Vec::new(),
        clusters: 0,
        fault: None,
    };
    let limit = ask.clusters.unwrap_or(ask.clusters_max);
    let mut cluster = ask.first;
    let mut count = 0_u64;
    loop {
        let Some(extent) = table.heap.extent(cluster) else {
            claim.fault = Some(Fault::Short);
            return claim;
        };
        if space.take(unit(cluster), 1) == 0 {
            claim.fault = Some(conflict(table, ask, cluster, count));
            return claim;
        }
        count = count.saturating_add(1);
        claim.clusters = count;
        if ask.keep {
            join(&mut claim.extents, extent);
        }
        let full = limit <= count;
        cluster = match step(table, ask, cluster, full) {
            Ok(Some(next)) if !full => next,
            Ok(None) if full || ask.clusters.is_none() => return claim,
            Ok(Some(_)) => {
                claim.fault = Some(Fault::Long);
                return claim;
            }
            Ok(None) => {
                claim.fault = Some(Fault::Short);
                return claim;
            }
            Err(fault) => {
                claim.fault = Some(fault);
                return claim;
            }
        };
    }
}

/// The unit of the volume's space that a cluster is.
pub(crate) fn unit(cluster: u32) -> u64 {
    u64::from(cluster).saturating_sub(2)
}

/// The cluster after `cluster`, `None` at a proper end.
fn step(table: &Table, ask: Ask, cluster: u32, full: bool) -> Result<Option<u32>, Fault> {
    if ask.contiguous {
        return Ok(if full { None } else { cluster.checked_add(1) });
    }
    match table.link(cluster) {
        Ok(Link::Next(next)) => Ok(Some(next)),
        Ok(Link::End) => Ok(None),
        Ok(Link::Free | Link::Bad | Link::Nowhere) => Err(Fault::Short),
        Err(_) => Err(Fault::Unreadable),
    }
}

/// Whether the chain met itself or another, by following it once more.
fn conflict(table: &Table, ask: Ask, met: u32, count: u64) -> Fault {
    let mut cluster = ask.first;
    for _ in 0..count {
        if cluster == met {
            return Fault::Loop;
        }
        match step(table, ask, cluster, false) {
            Ok(Some(next)) => cluster = next,
            Ok(None) | Err(_) => break,
        }
    }
    Fault::CrossLinked
}
