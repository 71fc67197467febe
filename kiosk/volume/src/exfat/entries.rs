//! Directory entries of exFAT, put together to sets.

use crate::clusters::RECORD_BYTES;
use crate::number::{u8_at, u16_at, u32_at, u64_at};
use crate::text::{from_utf16, units_le};

/// One directory entry.
pub(crate) type Record = [u8; RECORD_BYTES];

/// Where a content lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) first_cluster: u32,
    pub(crate) contiguous: bool,
    pub(crate) valid_bytes: u64,
    pub(crate) size_bytes: u64,
}

/// The bit of an entry's type that tells whether it is in use.
pub(crate) const IN_USE: u8 = 0x80;

/// Entry types. Bit 7: in use; bit 6: secondary; bit 5: may be ignored by who does not know it.
pub(crate) const BITMAP: u8 = 0x81;
pub(crate) const UPCASE: u8 = 0x82;
pub(crate) const LABEL: u8 = 0x83;
const FILE: u8 = 0x85;
const STREAM: u8 = 0xC0;
const NAME: u8 = 0xC1;

/// What an entry is in the flow of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    End,
    Unused,
    File,
    /// Belongs to the set that is open.
    Secondary,
    /// Primary entries that are known and hold no file.
    Known,
    /// A primary entry of an unknown type.
    Unknown,
}

/// What `record` is.
pub(crate) fn type_of(record: &Record) -> Type {
    match u8_at(record, 0) {
        0 => Type::End,
        0x01..=0x7F => Type::Unused,
        FILE => Type::File,
        0xC0..=0xFF => Type::Secondary,
        // GUID and padding entries have no content.
        BITMAP | UPCASE | LABEL | 0xA0 | 0xA1 => Type::Known,
        _ => Type::Unknown,
    }
}

/// The stream that a bitmap or up-case entry names. Both are chained.
pub(crate) fn special(record: &Record) -> Stream {
    let size_bytes = u64_at(record, 24);
    Stream {
        first_cluster: u32_at(record, 20),
        contiguous: false,
        valid_bytes: size_bytes,
        size_bytes,
    }
}

/// The label that a label entry holds.
pub(crate) fn label(record: &Record) -> Vec<u8> {
    let length = usize::from(u8_at(record, 1)).min(11);
    let units = units_le(record.get(2..24).unwrap_or_default());
    from_utf16(units.get(..length).unwrap_or_default())
}

/// A file or folder, from its set of entries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: Vec<u8>,
    pub(crate) is_folder: bool,
    pub(crate) stream: Stream,
    /// Rules of what is wrong with the set, with an explanation.
    pub(crate) faults: Vec<(&'static str, &'static str)>,
}

/// A set of entries while it arrives.
#[derive(Default)]
pub(crate) struct Set {
    records: Vec<Record>,
    expected: usize,
}

/// What a further entry did to a set.
pub(crate) enum Added {
    /// More are to come.
    Open,
    /// It was the last.
    Complete(File),
    /// The set makes no sense; a file was lost here.
    Malformed,
    /// There was no set to add to.
    Stray,
}

impl Set {
    /// Begins a set; `false` when another was open, which is lost.
    pub(crate) fn begin(&mut self, record: Record) -> bool {
        let was_open = self.is_open();
        self.expected = usize::from(u8_at(&record, 1)).saturating_add(1);
        self.records = vec![record];
        !was_open
    }

    /// Whether entries are still to come.
    pub(crate) fn is_open(&self) -> bool {
        !self.records.is_empty()
    }

    /// Drops an open set; `true` when there was one.
    pub(crate) fn drop_open(&mut self) -> bool {
        !std::mem::take(&mut self.records).is_empty()
    }

    /// Adds a secondary entry.
    pub(crate) fn add(&mut self, record: Record) -> Added {
        if !self.is_open() {
            return Added::Stray;
        }
        self.records.push(record);
        if self.records.len() < self.expected {
            return Added::Open;
        }
        match file(&std::mem::take(&mut self.records)) {
            Some(file) => Added::Complete(file),
            None => Added::Malformed,
        }
    }
}

/// What a complete set describes, `None` when it has no stream or no name.
fn file(records: &[Record]) -> Option<File> {
    let [primary, stream, rest @ ..] = records else {
        return None;
    };
    if u8_at(stream, 0) != STREAM {
        return None;
    }
    let mut faults = Vec::new();
    if checksum(records) != u16_at(primary, 2) {
        let detail = "the checksum of a file's directory entries is wrong";
        faults.push(("entry_set_checksum", detail));
    }
    let mut units = Vec::new();
    let mut names_ended = false;
    for record in rest {
        if u8_at(record, 0) == NAME && !names_ended {
            units.extend(units_le(record.get(2..32).unwrap_or_default()));
        } else {
            names_ended = true;
            // A vendor's allocation is content that no system shows.
            let (first, size) = (u32_at(record, 20), u64_at(record, 24));
            if u8_at(record, 0) == NAME || (u8_at(record, 1) & 1 != 0 && (first, size) != (0, 0)) {
                let detail = "a file has a directory entry of an unknown kind with content";
                faults.push(("entry_unknown", detail));
            }
        }
    }
    let length = usize::from(u8_at(stream, 3));
    if length == 0 || units.len() < length || units.len().saturating_sub(length) >= 15 {
        faults.push(("name_malformed", "a name and its length do not agree"));
    }
    units.truncate(length.max(1));
    let name = from_utf16(&units);
    if name.is_empty() || units.contains(&0) || units.contains(&u16::from(b'/')) {
        let detail = "a name is empty or holds a character that no name may hold";
        faults.push(("name_malformed", detail));
    }
    Some(File {
        name,
        is_folder: u16_at(primary, 4) & 0x10 != 0,
        stream: stream_of(stream, &mut faults),
        faults,
    })
}

fn stream_of(record: &Record, faults: &mut Vec<(&'static str, &'static str)>) -> Stream {
    let flags = u8_at(record, 1);
    let stream = Stream {
        first_cluster: u32_at(record, 20),
        contiguous: flags & 2 != 0,
        valid_bytes: u64_at(record, 8),
        size_bytes: u64_at(record, 24),
    };
    let allocated = flags & 1 != 0;
    let needs = (stream.first_cluster, stream.size_bytes) != (0, 0);
    if stream.size_bytes < stream.valid_bytes || (!allocated && needs) {
        faults.push((
            "stream_malformed",
            "a file's size and allocation contradict each other",
        ));
    }
    stream
}

/// The 16-bit checksum over a set, without itself.
fn checksum(records: &[Record]) -> u16 {
    let mut sum = 0_u16;
    for (position, byte) in records.as_flattened().iter().enumerate() {
        if position != 2 && position != 3 {
            sum = sum.rotate_right(1).wrapping_add(u16::from(*byte));
        }
    }
    sum
}
