//! What lies in a compound file and belongs to no stream.

use std::ops::Range;

use super::gathered;
use super::space::Space;
use super::tables::{Tables, behind_header};
use crate::member::Body;
use crate::walk::{Halt, Walk};

/// The name of what is handed out here.
const NAME: &[u8] = b"(sectors that no stream owns)";

/// Hands out chains that no stream owns, and tells of free sectors that are not empty.
pub(super) fn hand_out(tables: &mut Tables<'_>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let content = tables.content;
    walk.stray(behind_header(tables), "bytes behind the header")?;
    for space in [&mut tables.sectors, &mut tables.small] {
        chains(content, space, walk)?;
        for range in space.unowned() {
            let data = content.get(range).unwrap_or_default();
            walk.stray(data, "bytes in sectors that no stream owns")?;
        }
    }
    Ok(())
}

/// The table links them, so that a reader that repairs files would show them.
fn chains(content: &[u8], space: &mut Space, walk: &mut Walk<'_>) -> Result<(), Halt> {
    for chain in space.lost_chains() {
        let is_zero = |range: &Range<usize>| {
            let data = content.get(range.clone()).unwrap_or_default();
            data.iter().all(|byte| *byte == 0)
        };
        if chain.ranges.iter().all(is_zero) {
            continue;
        }
        walk.notice("ole_lost_sectors", "sectors in use that no stream owns");
        walk.admit()?;
        let (data, limit) = gathered(content, &chain.ranges, walk.budget);
        let (name, _) = wire::MediumName::cut(NAME);
        let body = Body::of(data, limit);
        walk.hand_out(name, Vec::new(), body)?;
    }
    Ok(())
}

/// The unused rest of a stream's last sector. Writers leave there what was in memory, which is
/// matched with the container's own bytes: only a container is worth telling.
pub(super) fn slack(content: &[u8], range: Range<usize>, walk: &mut Walk<'_>) -> Result<(), Halt> {
    let data = content.get(range).unwrap_or_default();
    if data.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    if crate::recognise(data).is_empty() && crate::unopenable(data).is_none() {
        return Ok(());
    }
    walk.stray(data, "a container in the unused rest of a sector")
}
