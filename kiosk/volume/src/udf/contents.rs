//! Contents: files, streams and link targets, and the extents that they own.

use std::io::Read;
use std::rc::Rc;

use wire::worker::{LOCATOR_EXTENTS_MAX, Locator, Share};
use wire::{Finding, Gap, MediumName, RowKind};

use super::entry::{Broken, Entry, FILE_EXTENTS_MAX};
use super::tag::Address;
use super::walk::{Beside, Udf};
use super::{name, record};
use crate::content::Extent;
use crate::findings::{incomplete, notice};
use crate::number::wide;
use crate::tree::tail_extents;
use crate::walk::{Content, Folder};

/// Longest link, in bytes: its target may be no longer than a path, its components need four
/// bytes each.
const LINK_BYTES_MAX: u64 = 64 << 10;

/// Most extents of all contents of a volume together, so that files that share a long list of
/// them cost no more than as many small ones.
pub(super) const VOLUME_EXTENTS_MAX: u64 = 1 << 24;

/// An extent that Linux leaves behind when it appends, and that no standard allows.
pub(super) const ODD: (&str, &str) = (
    "udf_extent_odd",
    "an extent in the middle of a content is no whole number of blocks",
);

/// Types of files.
const ANY: u8 = 0;
const BLOCK_DEVICE: u8 = 6;
const SOCKET: u8 = 10;
const REGULAR: u8 = 5;
const LINK: u8 = 12;
const REAL_TIME: u8 = 249;

/// A file entry that was met before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    size_bytes: u64,
    /// Whether it was listed; else another tree names it.
    is_listed: bool,
}

impl Udf<'_, '_> {
    /// Reads a file entry within what is left of the volume's extents.
    pub(super) fn read(&mut self, at: Address) -> Result<Entry, Broken> {
        let given = self.extents_left.min(FILE_EXTENTS_MAX);
        let mut budget = given;
        let entry = Entry::read(self.disc, at, &mut budget);
        let used = given.saturating_sub(budget);
        self.extents_left = self.extents_left.saturating_sub(used);
        entry
    }

    /// A file that has a name in a folder, or one of its streams.
    pub(super) fn file(
        &mut self,
        folder: &Rc<Folder>,
        name: &[u8],
        at: Address,
        entry: Entry,
        mut findings: Vec<Finding>,
        kind: RowKind,
    ) {
        let size = entry.size_bytes;
        let unread = if entry.is_transformed {
            let detail = "the content is compressed or encrypted, which is not read";
            Some((
                Gap::Unsupported,
                incomplete("udf_storage_unsupported", detail),
            ))
        } else if entry.is_cut {
            let detail = "the content is in more pieces than the limit allows";
            Some((Gap::Limit, incomplete("too_many_extents", detail)))
        } else {
            None
        };
        if let Some((gap, finding)) = unread {
            self.walk.unchecked(folder, name, kind, size, gap, finding);
            return;
        }
        match entry.file_type {
            ANY | REGULAR | REAL_TIME => {}
            _ if kind == RowKind::Stream => {}
            LINK => {
                self.link_target(folder, name, &entry, findings);
                return;
            }
            BLOCK_DEVICE..=SOCKET => {
                let detail = "a device, pipe or socket: it has no content of its own";
                findings.push(notice("special_file", detail));
            }
            _ => {
                let detail = "a type of file that should have no name";
                self.walk.findings.incomplete("udf_file_type", detail);
                findings.push(incomplete("udf_file_type", detail));
            }
        }
        self.list(folder, name, at, &entry, findings, kind);
    }

    fn list(
        &mut self,
        folder: &Folder,
        name: &[u8],
        at: Address,
        entry: &Entry,
        mut findings: Vec<Finding>,
        kind: RowKind,
    ) {
        let size = entry.size_bytes;
        let new = self.own(&entry.owned, &mut findings);
        let unpadded = self.unpadded(entry, &mut findings);
        let places = self.places(entry);
        let offset = entry.place.offset_bytes.unwrap_or(0);
        let mut known = Known {
            size_bytes: size,
            is_listed: true,
        };
        if self.beside == Beside::Iso && new == 0 {
            let is_named = match &places {
                Some(places) => size == 0 || self.named.has(places),
                None => false,
            };
            if is_named {
                known.is_listed = false;
                self.seen.insert(offset, known);
                return;
            }
        }
        self.seen.insert(offset, known);
        if let Some(places) = &places {
            self.new.add(places);
        }
        if self.beside == Beside::Iso {
            findings.push(self.only_here());
        }
        let first = entry.content.iter().find_map(|extent| extent.offset_bytes);
        let owned = entry.owned.first().and_then(|extent| extent.offset_bytes);
        let content = Content {
            kind,
            size_bytes: size,
            locator: match places {
                Some(places) if places.is_empty() => Locator::Inline(MediumName::default()),
                Some(places) => Locator::Extents(places),
                None => located(at),
            },
            findings,
            share: Share {
                position_bytes: first.or(owned).unwrap_or(0),
                allocated_bytes: new,
                slack_bytes: sum(&entry.slack),
                ..Share::default()
            },
        };
        self.walk.content(folder, name, content);
        if let Some(unpadded) = unpadded {
            let name = [name, b":unpadded"].concat();
            self.walk.content(folder, &name, unpadded);
        }
    }

    /// The other content that a file has whose extents are no whole numbers of blocks: Linux
    /// pads each to its block, and whoever goes by the standard's arithmetic does not. Both are
    /// examined; its bytes are accounted for with the first.
    fn unpadded(&mut self, entry: &Entry, findings: &mut Vec<Finding>) -> Option<Content> {
        if entry.unpadded.is_empty() {
            return None;
        }
        let (rule, detail) = ODD;
        let places: Option<Vec<(u64, u64)>> = entry
            .unpadded
            .iter()
            .map(|extent| Some((extent.offset_bytes?, extent.size_bytes)))
            .collect();
        let Some(places) = places.filter(|places| places.len() <= LOCATOR_EXTENTS_MAX) else {
            self.walk.findings.incomplete(rule, detail);
            findings.push(incomplete(rule, detail));
            return None;
        };
        self.walk.findings.notice(rule, detail);
        findings.push(notice(rule, detail));
        let detail = "the same content without the padding between its extents";
        Some(Content {
            kind: RowKind::Stream,
            size_bytes: sum(&entry.unpadded),
            share: Share {
                position_bytes: places.first().map_or(0, |(offset, _)| *offset),
                ..Share::default()
            },
            locator: Locator::Extents(places),
            findings: vec![notice(rule, detail)],
        })
    }

    /// The extents of a content as one locator, when they say all that there is to say.
    pub(super) fn places(&self, entry: &Entry) -> Option<Vec<(u64, u64)>> {
        if LOCATOR_EXTENTS_MAX < entry.content.len() || sum(&entry.content) != entry.size_bytes {
            return None;
        }
        let places = entry.content.iter().map(|extent| {
            let offset = extent.offset_bytes?;
            Some((offset, extent.size_bytes))
        });
        let places: Vec<(u64, u64)> = places.collect::<Option<_>>()?;
        let slack = entry.slack.iter().map(|extent| {
            let offset = extent.offset_bytes.unwrap_or(0);
            (offset, extent.size_bytes)
        });
        let tails = tail_extents(&*self.disc.blocks, &places, self.disc.block_bytes);
        let is_tail = entry.is_embedded || tails.into_iter().eq(slack);
        is_tail.then_some(places)
    }

    /// Gives extents to a content, and tells how many bytes are new.
    fn own(&mut self, owned: &[Extent], findings: &mut Vec<Finding>) -> u64 {
        let mut new = 0_u64;
        for extent in owned {
            new = new.saturating_add(self.space.take_extent(extent));
        }
        // Where nothing is written twice, contents may share their bytes on purpose.
        if new < sum(owned) && self.is_rewritten {
            let detail = "a block belongs to two files or folders";
            self.walk.findings.incomplete("cross_linked", detail);
            findings.push(incomplete("cross_linked", detail));
        }
        new
    }

    /// Another name of a file that has been listed.
    pub(super) fn again(
        &mut self,
        folder: &Folder,
        name: &[u8],
        at: Address,
        known: Known,
        findings: Vec<Finding>,
    ) {
        if known.is_listed {
            let content = Content::file(known.size_bytes, located(at), findings);
            self.walk.content(folder, name, content);
        }
    }

    fn link_target(
        &mut self,
        folder: &Folder,
        name: &[u8],
        entry: &Entry,
        mut findings: Vec<Finding>,
    ) {
        for extent in &entry.owned {
            self.structure(*extent);
        }
        if self.beside == Beside::Iso {
            return;
        }
        let mut components = Vec::new();
        let reader = entry.reader(self.disc).take(LINK_BYTES_MAX);
        let read = { reader }.read_to_end(&mut components);
        let (target, is_right) = name::target(&components);
        if read.is_err() || !is_right || wide(components.len()) != entry.size_bytes {
            let detail = "a link's target cannot be read";
            self.walk.findings.incomplete("udf_link_malformed", detail);
            findings.push(incomplete("udf_link_malformed", detail));
        }
        crate::ext::link(folder, name, &target, findings, self.walk);
    }

    /// Systems that show the other trees do not show this content.
    fn only_here(&mut self) -> Finding {
        let detail = "only the UDF tree names this content";
        self.walk.findings.notice("iso_only_in_udf", detail);
        notice("iso_only_in_udf", detail)
    }
}

/// How a content is found again by its entry.
pub(super) fn located(at: Address) -> Locator {
    Locator::Record {
        record: record(at),
        stream: MediumName::default(),
    }
}

/// Bytes of extents.
pub(super) fn sum(extents: &[Extent]) -> u64 {
    extents
        .iter()
        .fold(0, |sum, extent| sum.saturating_add(extent.size_bytes))
}
