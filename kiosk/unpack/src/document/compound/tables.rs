//! The header of a compound file and its tables: which sector follows which.

use std::collections::BTreeSet;
use std::iter::repeat_n;

use super::HEADER_BYTES;
use super::directory::Entry;
use super::space::{Chain, FREE, LAST, Place, Space, TABLES};
use crate::bytes::{part, rest, span, u16_at, u32_at};
use crate::walk::Walk;

/// Where the numbers of the table's own sectors begin in the header.
const LIST_AT: usize = 76;
/// The size of a small sector; no writer uses another one.
const SMALL_BYTES: usize = 64;
/// Streams below this size lie in small sectors.
const SMALL_STREAM_END: u32 = 4096;

/// A compound file's structure.
pub(super) struct Tables<'a> {
    pub(super) content: &'a [u8],
    pub(super) sectors: Space,
    pub(super) small: Space,
    pub(super) entries: Vec<Entry<'a>>,
    /// The directories of zips that streams end with, as they lie in the content.
    pub(super) zips: BTreeSet<(usize, usize)>,
    small_stream_end: u64,
    has_long_sizes: bool,
}

impl<'a> Tables<'a> {
    /// Reads them, as far as they can be read.
    pub(super) fn read(content: &'a [u8], walk: &mut Walk<'_>) -> Option<Self> {
        let Some(header) = part(content, 0, HEADER_BYTES) else {
            walk.damaged("the header of a compound file is cut off");
            return None;
        };
        let field = |at: usize| u32_at(header, at).unwrap_or(FREE);
        let sector_bytes = match u16_at(header, 30) {
            Some(9) => 512,
            Some(12) => 4096,
            Some(_) | None => {
                walk.damaged("a compound file with sectors of a size that there is not");
                return None;
            }
        };
        if u16_at(header, 32) != Some(6) {
            walk.damaged("a compound file with small sectors of a size that there is not");
            return None;
        }
        let has_long_sizes = sector_bytes == 4096;
        let version = if has_long_sizes { 4 } else { 3 };
        if u16_at(header, 26) != Some(version) || u16_at(header, 28) != Some(0xfffe) {
            mismatch(walk, "version, byte order and size of sectors do not agree");
        }
        if field(56) != SMALL_STREAM_END {
            mismatch(walk, "another limit for small streams than there is");
        }
        let units = content
            .len()
            .saturating_sub(sector_bytes)
            .div_ceil(sector_bytes);
        let mut sectors = Space::new(sector_bytes, units, Place::Sectors, content.len());
        read_table(content, header, &mut sectors, walk);
        let directory = sectors.follow(field(48), None, TABLES);
        let entries: Vec<_> = directory
            .ranges
            .iter()
            .flat_map(|range| Entry::all(content.get(range.clone()).unwrap_or_default()))
            .collect();
        let mut tables = Self {
            content,
            small: Space::new(SMALL_BYTES, 0, Place::Sectors, content.len()),
            sectors,
            entries,
            zips: BTreeSet::new(),
            small_stream_end: u64::from(field(56)),
            has_long_sizes,
        };
        check(&directory, walk);
        tables.read_small(field(60), field(64), walk);
        Some(tables)
    }

    /// The bytes of a stream with `owner`, and its size.
    pub(super) fn stream(&mut self, entry: &Entry<'_>, owner: u32) -> (Chain, u64) {
        let size = entry.size_bytes(self.has_long_sizes);
        let space = if size < self.small_stream_end {
            &mut self.small
        } else {
            &mut self.sectors
        };
        (space.follow(entry.start(), Some(span(size)), owner), size)
    }

    /// The stream of the root is where the small sectors are.
    fn read_small(&mut self, table_start: u32, table_sectors: u32, walk: &mut Walk<'_>) {
        let Some(root) = self.entries.first() else {
            walk.damaged("a compound file without a directory");
            return;
        };
        if !root.is_root() {
            mismatch(walk, "the directory does not begin with its root");
        }
        let size = root.size_bytes(self.has_long_sizes);
        let stream = self.sectors.follow(root.start(), Some(span(size)), TABLES);
        check(&stream, walk);
        let sector_bytes = self.sectors.unit_bytes;
        let begins: Vec<_> = stream
            .ranges
            .iter()
            .flat_map(|range| range.clone().step_by(sector_bytes))
            .collect();
        let bytes: usize = stream.ranges.iter().map(ExactSizeIterator::len).sum();
        let place = Place::Within {
            sector_bytes,
            begins,
        };
        let units = bytes.div_ceil(SMALL_BYTES);
        self.small = Space::new(SMALL_BYTES, units, place, self.content.len());
        let table = self.sectors.follow(table_start, None, TABLES);
        check(&table, walk);
        let length: usize = table.ranges.iter().map(ExactSizeIterator::len).sum();
        if span(u64::from(table_sectors)).checked_mul(sector_bytes) != Some(length) {
            // A reader that believes the number sees less and nothing else.
            walk.notice(
                "ole_table_length",
                "the table of small sectors is not as long as it says",
            );
        }
        for range in table.ranges {
            let bytes = self.content.get(range).unwrap_or_default();
            extend(&mut self.small, numbers(bytes));
        }
    }
}

/// Reads the table of sectors. Its own sectors are listed in the header, then in sectors of
/// their own, each of which ends with the number of the next.
fn read_table(content: &[u8], header: &[u8], sectors: &mut Space, walk: &mut Walk<'_>) {
    let field = |at: usize| u32_at(header, at).unwrap_or(FREE);
    let mut is_missing = false;
    let mut count: u32 = 0;
    let mut is_ended = false;
    let mut add = |sectors: &mut Space, listed: &[u8], walk: &mut Walk<'_>| {
        for number in numbers(listed) {
            if number == FREE {
                is_ended = true;
                continue;
            }
            if is_ended {
                mismatch(walk, "the table of sectors has a gap");
            }
            count = count.saturating_add(1);
            let unit = sectors.unit(number);
            // A sector that is listed twice is read once: lists cannot multiply.
            let own = unit.filter(|unit| sectors.take(*unit, TABLES));
            let range = own.map(|unit| sectors.range(unit)).unwrap_or_default();
            if unit.is_some() && own.is_none() {
                mismatch(walk, "the table of sectors has a sector twice");
            } else if range.len() < sectors.unit_bytes {
                is_missing = true;
            }
            let bytes = content.get(range).unwrap_or_default();
            is_missing |= extend(sectors, numbers(bytes));
            let unread = sectors.unit_bytes.saturating_sub(bytes.len());
            if sectors.next.len() < sectors.units {
                extend(sectors, repeat_n(FREE, unread.div_ceil(4)));
            }
        }
    };
    add(sectors, header.get(LIST_AT..).unwrap_or_default(), walk);
    let mut lists: u32 = 0;
    let mut next = field(68);
    let mut is_broken = false;
    while next != LAST && next != FREE {
        let taken = sectors
            .unit(next)
            .filter(|unit| sectors.take(*unit, TABLES));
        let list = taken.and_then(|unit| content.get(sectors.range(unit)));
        let Some((numbers, last)) = list.and_then(<[u8]>::split_last_chunk::<4>) else {
            is_broken = true;
            break;
        };
        lists = lists.saturating_add(1);
        add(sectors, numbers, walk);
        next = u32::from_le_bytes(*last);
    }
    if is_broken {
        walk.damaged("the list of the table's sectors is broken");
    }
    if is_missing {
        walk.damaged("sectors of a compound file are missing at its end");
    }
    if count != field(44) || lists != field(72) {
        mismatch(walk, "the table of sectors is not as long as it says");
    }
}

/// Puts what a table says about the next units behind what is known, as far as there are units.
/// Tells whether it says something about a unit that does not exist.
fn extend(space: &mut Space, mut numbers: impl Iterator<Item = u32>) -> bool {
    let left = space.units.saturating_sub(space.next.len());
    space.next.extend(numbers.by_ref().take(left));
    numbers.any(|number| number != FREE)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|number| u32::from_le_bytes(*number))
}

/// Tells what is wrong with a chain of the file's own.
fn check(chain: &Chain, walk: &mut Walk<'_>) {
    if let Some(why) = chain.fault {
        walk.damaged(why);
    }
    if chain.is_shared {
        mismatch(walk, "a sector belongs to two tables");
    }
}

fn mismatch(walk: &mut Walk<'_>, detail: &'static str) {
    walk.contradiction("ole_header_mismatch", detail);
}

/// What lies in the header's sector behind the header.
pub(super) fn behind_header<'a>(tables: &Tables<'a>) -> &'a [u8] {
    let length = tables.sectors.unit_bytes.saturating_sub(HEADER_BYTES);
    rest(tables.content, HEADER_BYTES, length)
}
