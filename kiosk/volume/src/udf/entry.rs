//! File entries: where a content is.

use wire::Gap;

use super::disc::Disc;
use super::list::List;
use super::maps::push;
use super::tag::{self, Address, Extent30, Holding, Tag};
use crate::content::{Extent, ExtentReader};
use crate::error::gap_of;
use crate::number::{narrow, u8_at, u16_at, u32_at, u64_at, wide};

/// Most allocation descriptors of one content, counting each run that a map makes of one. A
/// file of 4 GiB in single blocks of 16 KiB has as many.
pub(crate) const FILE_EXTENTS_MAX: u64 = 1 << 18;

/// Why a file entry cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) rule: &'static str,
    pub(super) detail: &'static str,
    pub(super) gap: Gap,
}

impl Broken {
    fn damaged(rule: &'static str, detail: &'static str) -> Self {
        Self {
            rule,
            detail,
            gap: Gap::Damaged,
        }
    }
}

/// A file, folder or stream.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where its descriptor is on the volume.
    pub(super) place: Extent,
    pub(super) file_type: u8,
    pub(super) size_bytes: u64,
    /// The content, holes included, at most `size_bytes` long.
    pub(super) content: Vec<Extent>,
    /// Everything that belongs to it but its descriptor, in whole blocks.
    pub(super) owned: Vec<Extent>,
    /// What of that is not content.
    pub(super) slack: Vec<Extent>,
    /// The content as its extents say it to the byte, when one that is no whole number of blocks
    /// has another after it. `content` then is what Linux reads: each such extent to the end of
    /// its block. Empty for all others.
    pub(super) unpadded: Vec<Extent>,
    /// Descriptors that did not fit into its own.
    pub(super) continued: Vec<Extent>,
    /// Whether the content lies in its descriptor.
    pub(super) is_embedded: bool,
    /// Compressed or encrypted, by whatever wrote it.
    pub(super) is_transformed: bool,
    pub(super) attributes: Extent30,
    pub(super) streams: Extent30,
    pub(super) faults: Vec<(&'static str, &'static str)>,
    /// Whether it is a table of free blocks, which then are its extents.
    pub(super) is_table: bool,
    /// Whether it has more extents than are followed.
    pub(super) is_cut: bool,
}

/// Where the fields are that plain and extended file entries have in different places.
struct Fields {
    size: Option<usize>,
    attributes: Option<usize>,
    streams: Option<usize>,
    /// Length of the attributes in the entry itself.
    skipped: Option<usize>,
    /// Length of the allocation descriptors, followed by the attributes and by them.
    length: usize,
}

const PLAIN: Fields = Fields {
    size: Some(56),
    attributes: Some(112),
    streams: None,
    skipped: Some(168),
    length: 172,
};

const EXTENDED: Fields = Fields {
    size: Some(56),
    attributes: Some(136),
    streams: Some(152),
    skipped: Some(208),
    length: 212,
};

/// A table of free blocks has extents and nothing else.
const TABLE: Fields = Fields {
    size: None,
    attributes: None,
    streams: None,
    skipped: None,
    length: 36,
};

/// What becomes [`Entry::unpadded`].
#[derive(Default)]
struct Unpadded {
    is_odd: bool,
    extents: Vec<Extent>,
    /// Bytes that the extents so far say.
    at: u64,
}

impl Entry {
    /// Reads the file entry in this block; each extent costs one of `budget`.
    pub(super) fn read(disc: &Disc, at: Address, budget: &mut u64) -> Result<Self, Broken> {
        let (offset, block) = disc.block(at).map_err(|error| Broken {
            rule: "udf_entry_unreadable",
            detail: "a file entry cannot be read",
            gap: gap_of(&error),
        })?;
        let tag = Tag::read(&block).filter(|tag| tag.is_summed);
        let fields = match tag.map(|tag| tag.id) {
            Some(tag::FILE) => PLAIN,
            Some(tag::EXTENDED_FILE) => EXTENDED,
            Some(tag::SPACE_ENTRY) => TABLE,
            Some(tag::INDIRECT) => return Err(unsupported()),
            Some(_) | None => {
                let detail = "there is no file entry where one should be";
                return Err(Broken::damaged("udf_entry_malformed", detail));
            }
        };
        if u16_at(&block, 20) != 4 {
            return Err(unsupported());
        }
        let flags = u16_at(&block, 34);
        let other = |at: Option<usize>| match at {
            Some(at) => Extent30::long(&block, at),
            None => Extent30::long(&[], 0),
        };
        let mut entry = Self {
            place: Extent {
                offset_bytes: Some(offset),
                size_bytes: disc.block_bytes,
            },
            file_type: u8_at(&block, 27),
            size_bytes: fields.size.map_or(0, |at| u64_at(&block, at)),
            content: Vec::new(),
            owned: Vec::new(),
            slack: Vec::new(),
            unpadded: Vec::new(),
            continued: Vec::new(),
            is_embedded: flags & 7 == 3,
            is_transformed: flags & 0x0800 != 0,
            attributes: other(fields.attributes),
            streams: other(fields.streams),
            faults: Vec::new(),
            is_table: tag.is_some_and(|tag| tag.id == tag::SPACE_ENTRY),
            is_cut: false,
        };
        let fault = tag.and_then(|tag| tag.fault(u64::from(at.block)));
        entry.faults.extend(fault);
        entry.storage(disc, at, &block, &fields, budget)?;
        Ok(entry)
    }

    /// What the allocation descriptors say.
    fn storage(
        &mut self,
        disc: &Disc,
        at: Address,
        block: &[u8],
        fields: &Fields,
        budget: &mut u64,
    ) -> Result<(), Broken> {
        let skipped = fields.skipped.map_or(0, |at| u32_at(block, at));
        let length = narrow(u64::from(u32_at(block, fields.length)));
        let start = fields.length.saturating_add(4);
        let start = start.saturating_add(narrow(u64::from(skipped)));
        let Some(area) = block.get(start..start.saturating_add(length)) else {
            let detail = "a file entry is longer than its block";
            return Err(Broken::damaged("udf_entry_malformed", detail));
        };
        if self.is_embedded {
            if wide(area.len()) < self.size_bytes {
                let detail = "a content is longer than the entry that it lies in";
                return Err(Broken::damaged("udf_entry_malformed", detail));
            }
            let offset = self
                .place
                .offset_bytes
                .map(|at| at.saturating_add(wide(start)));
            if self.size_bytes != 0 {
                self.content.push(Extent {
                    offset_bytes: offset,
                    size_bytes: self.size_bytes,
                });
            }
            return Ok(());
        }
        let width = match u16_at(block, 34) & 7 {
            0 => 8,
            1 => 16,
            2 => 20,
            _ => {
                let detail = "a kind of allocation descriptor that there is not";
                return Err(Broken::damaged("udf_entry_malformed", detail));
            }
        };
        let mut list = List::new(width, at.map, area);
        self.extents(disc, &mut list, budget);
        Ok(())
    }

    fn extents(&mut self, disc: &Disc, list: &mut List, budget: &mut u64) {
        let mut at = 0_u64;
        let mut unpadded = Unpadded::default();
        while let Some(one) = list.next(disc, self) {
            if *budget == 0 {
                self.is_cut = true;
                break;
            }
            let whole = one.size_bytes.next_multiple_of(disc.block_bytes.max(1));
            let is_odd =
                one.size_bytes != whole && at.saturating_add(one.size_bytes) < self.size_bytes;
            // Linux leaves such extents behind when it appends, and goes on with the next block.
            unpadded.is_odd |= is_odd;
            let length = if is_odd { whole } else { one.size_bytes };
            let take = length.min(self.size_bytes.saturating_sub(at));
            at = at.saturating_add(length);
            let bare = one
                .size_bytes
                .min(self.size_bytes.saturating_sub(unpadded.at));
            unpadded.at = unpadded.at.saturating_add(bare);
            if one.holding == Holding::Hole {
                *budget = budget.saturating_sub(1);
                push(&mut self.content, hole(take));
                push(&mut unpadded.extents, hole(bare));
                continue;
            }
            let places = disc.extents(one.at, whole, budget);
            let there = places
                .iter()
                .fold(0, |sum: u64, one| sum.saturating_add(one.size_bytes));
            let (mut left, mut bare) = (take, bare);
            if one.holding == Holding::Reserved {
                push(&mut self.content, hole(take));
                push(&mut unpadded.extents, hole(bare));
                (left, bare) = (0, 0);
            }
            for place in places {
                push(&mut self.owned, place);
                let said = bare.min(place.size_bytes);
                bare = bare.saturating_sub(said);
                push(&mut unpadded.extents, cut(place, said).0);
                let used = left.min(place.size_bytes);
                left = left.saturating_sub(used);
                let (used, rest) = cut(place, used);
                push(&mut self.content, used);
                push(&mut self.slack, rest);
            }
            if there < whole {
                if *budget == 0 {
                    self.is_cut = true;
                } else {
                    let detail = "an extent leads out of its partition or the volume";
                    self.fault(("extent_past_end", detail));
                }
                break;
            }
        }
        self.content.retain(|one| one.size_bytes != 0);
        self.slack.retain(|one| one.size_bytes != 0);
        if unpadded.is_odd {
            self.unpadded = unpadded.extents;
            self.unpadded.retain(|one| one.size_bytes != 0);
        }
        if at < self.size_bytes && !self.is_cut {
            let detail = "a content's extents end before its size is reached";
            self.fault(("udf_extents_short", detail));
        }
    }

    pub(super) fn fault(&mut self, fault: (&'static str, &'static str)) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The bytes of its content, for structures that are files.
    pub(super) fn reader<'a>(&self, disc: &'a Disc) -> ExtentReader<'a> {
        let extents = Box::new(self.content.clone().into_iter().map(Ok));
        ExtentReader::new(&*disc.blocks, extents, self.size_bytes, self.size_bytes)
    }

    /// Its descriptor and the further ones.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = Extent> + '_ {
        std::iter::once(self.place).chain(self.continued.iter().copied())
    }

    /// Everything of it, for a content that is a structure itself.
    pub(super) fn structure(&self) -> Vec<Extent> {
        self.descriptors()
            .chain(self.owned.iter().copied())
            .collect()
    }
}

fn unsupported() -> Broken {
    Broken {
        rule: "udf_strategy_unsupported",
        detail: "a file entry with a history of changes, which is not read",
        gap: Gap::Unsupported,
    }
}

fn hole(size_bytes: u64) -> Extent {
    Extent {
        offset_bytes: None,
        size_bytes,
    }
}

/// The first bytes of an extent and the others.
fn cut(extent: Extent, size_bytes: u64) -> (Extent, Extent) {
    let first = Extent {
        size_bytes,
        ..extent
    };
    let rest = Extent {
        offset_bytes: extent.offset_bytes.map(|at| at.saturating_add(size_bytes)),
        size_bytes: extent.size_bytes.saturating_sub(size_bytes),
    };
    (first, rest)
}
