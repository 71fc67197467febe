//! One content of the medium, wherever it is.

use std::fs::File;
use std::os::fd::OwnedFd;

use wire::Gap;
use wire::worker::{Item, Locator, Place, Reading};

use super::volumes::gap_of_volume;
use crate::examine::Examiner;
use crate::medium::{Raw, Trees};
use crate::witness::Purpose;

/// Examines one content with what else is in its clusters; answers with the bytes read and how
/// much of its share that was.
pub(super) fn examine(
    examiner: &mut Examiner<'_, '_>,
    trees: &mut Trees,
    item: &Item,
    place: Option<&Place>,
    handed: Option<OwnedFd>,
) -> (u64, Reading) {
    match (&item.locator, handed) {
        (Locator::Loose, Some(descriptor)) => {
            examiner.item(item, &mut File::from(descriptor), None)
        }
        (Locator::Inline(bytes), _) => examiner.item(item, &mut bytes.as_bytes(), None),
        (Locator::Range { offset_bytes }, _) => {
            trees.reads_for(Purpose::Content);
            // A range of a volume is of one without a tree: what its bytes mean is not known.
            let known = place.map(|place| gap_of_volume(&place.kind));
            let whole = Place {
                offset_bytes: *offset_bytes,
                size_bytes: item.size_bytes,
                kind: String::new(),
            };
            match trees.part(&whole) {
                Ok(part) => examiner.item(item, &mut Raw { part, at: 0 }, known),
                Err(gap) => examiner.item(item, &mut std::io::empty(), Some(gap)),
            }
        }
        (Locator::Extents(extents), _) => {
            trees.reads_for(Purpose::Content);
            let part = place
                .ok_or(Gap::Unreadable)
                .and_then(|place| trees.part(place));
            match part {
                Ok(part) => examiner.item(item, &mut volume::raw(&*part, extents), None),
                Err(gap) => examiner.item(item, &mut std::io::empty(), Some(gap)),
            }
        }
        (Locator::Chain { .. } | Locator::Record { .. } | Locator::Path | Locator::Loose, _) => {
            let (Some(volume), Some(place)) = (item.volume, place) else {
                return examiner.item(item, &mut std::io::empty(), Some(Gap::Unreadable));
            };
            in_tree(examiner, trees, item, (volume, place))
        }
    }
}

/// A content that its volume's tree finds.
fn in_tree(
    examiner: &mut Examiner<'_, '_>,
    trees: &mut Trees,
    item: &Item,
    (volume, place): (u32, &Place),
) -> (u64, Reading) {
    let witness = trees.witness.clone();
    let tree = trees.tree(volume, place);
    let opened = tree.and_then(|tree| {
        let reader = tree.open(item)?;
        let slack = match item.share.slack_bytes {
            0 => None,
            _ => Some(tree.slack(item)?),
        };
        Ok((reader, slack))
    });
    if let Some(witness) = witness {
        witness.reads_for(Purpose::Content);
    }
    match opened {
        Ok((mut reader, slack)) => {
            let (bytes, reading) = examiner.item(item, &mut reader, None);
            let Some(mut slack) = slack else {
                return (bytes, reading);
            };
            let (more, rest) = examiner.slack(item, &mut slack);
            let reading = if rest == Reading::Partial {
                rest
            } else {
                reading
            };
            (bytes.saturating_add(more), reading)
        }
        Err(error) => {
            let mut item = item.clone();
            item.findings.push(error.finding());
            examiner.item(&item, &mut std::io::empty(), Some(error.gap()))
        }
    }
}
