//! Reading a medium as the scanner does, and holding what comes out against what must be true
//! of every medium. What is not true is a panic.

use std::collections::BTreeMap;
use std::io::Read;
use std::rc::Rc;

use volume::{Blocks, Layout, Part, Seen, Tree, VolumeError};
use wire::outcome::FINDINGS_MAX;
use wire::scan::{Limits, Spare};
use wire::worker::{Item, LOCATOR_EXTENTS_MAX, Locator};
use wire::{Finding, Outcome, RowKind, Tier};

use crate::medium::{narrow, wide};

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Whether free space and deleted files are listed.
    pub spare: Spare,
    /// Most contents of one volume.
    pub files_max: u64,
    /// Most bytes read of one content.
    pub item_bytes_max: u64,
    /// Most bytes read of one volume.
    pub total_bytes_max: u64,
    /// Whether what belongs to no file is read, too.
    pub raw: bool,
    /// Whether contents are told from each other.
    pub crc32: bool,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Volume and path.
    pub path: String,
    /// Its size by its entry.
    pub size_bytes: u64,
    /// How much of it was read.
    pub read_bytes: u64,
    /// Of what was read.
    pub crc32: u32,
}

/// What was found on a medium.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Files and streams.
    pub files: Vec<File>,
    /// What was said, and whether it keeps the medium from PASS.
    pub said: BTreeMap<String, bool>,
    /// Volumes whose trees were walked.
    pub volumes: u64,
    /// Whether a limit of [`Effort`] left something unread.
    pub cut: bool,
}

impl Examined {
    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.read_bytes).sum()
    }

    fn say(&mut self, what: String, grave: bool) {
        let known = self.said.entry(what).or_insert(false);
        *known |= grave;
    }

    fn say_finding(&mut self, place: &str, finding: &Finding) {
        let grave = match finding.tier {
            Tier::Block | Tier::Incomplete => true,
            Tier::Notice => false,
        };
        self.say(
            format!("{place}: {} ({})", finding.rule, finding.detail),
            grave,
        );
    }
}

/// Reads how the medium is divided and everything on each volume. `each` gets every piece of
/// content that is read, with where it is from.
pub fn medium(
    medium: &Rc<dyn Blocks>,
    effort: Effort,
    each: &mut dyn FnMut(&str, &[u8]),
) -> Examined {
    let mut examined = Examined::default();
    let layout = layout(&**medium, effort, each, &mut examined);
    for (index, place) in (0_u32..).zip(layout.iter().flat_map(|layout| &layout.volumes)) {
        let part = Part::new(medium.clone(), place.offset_bytes, place.size_bytes);
        volume(
            &place.kind,
            index,
            Rc::new(part),
            effort,
            &mut examined,
            each,
        );
    }
    examined
}

/// Reads how the medium is divided, and what is outside every volume.
pub fn layout(
    medium: &dyn Blocks,
    effort: Effort,
    each: &mut dyn FnMut(&str, &[u8]),
    examined: &mut Examined,
) -> Option<Layout> {
    let layout = match volume::layout(medium) {
        Ok(layout) => layout,
        Err(error) => {
            examined.say(format!("layout: {error}"), true);
            return None;
        }
    };
    check_layout(medium.size_bytes(), &layout);
    for finding in &layout.findings {
        examined.say_finding("layout", finding);
    }
    let mut reading = Reading::new(effort, each);
    for item in layout.raw.iter().filter(|_| effort.raw) {
        if let Locator::Range { offset_bytes } = &item.locator {
            let mut reader = volume::raw(medium, &[(*offset_bytes, item.size_bytes)]);
            reading.content(&mut *reader, item, item.size_bytes, "");
        }
    }
    Some(layout)
}

/// What must be true of every layout: no byte of the medium is left out or counted twice.
fn check_layout(size_bytes: u64, layout: &Layout) {
    assert!(
        layout.findings.len() <= FINDINGS_MAX,
        "invariant: too many findings"
    );
    let mut covered: Vec<(u64, u64)> = Vec::new();
    for place in &layout.volumes {
        let end = place.offset_bytes.checked_add(place.size_bytes);
        assert!(
            end.is_some_and(|end| end <= size_bytes) && place.size_bytes != 0,
            "invariant: a volume is not on the medium"
        );
        covered.push((place.offset_bytes, end.unwrap_or(0)));
    }
    let outside = size_bytes.saturating_sub(union(&mut covered.clone()));
    let mut shares = 0_u64;
    for item in &layout.raw {
        if let Locator::Range { offset_bytes } = &item.locator {
            covered.push((*offset_bytes, offset_bytes.saturating_add(item.size_bytes)));
        }
        shares = shares.saturating_add(item.share.allocated_bytes);
    }
    assert!(
        covered.iter().all(|(_, end)| *end <= size_bytes),
        "invariant: raw content past the end of the medium"
    );
    assert_eq!(
        union(&mut covered),
        size_bytes,
        "invariant: bytes of the medium are left out"
    );
    assert_eq!(
        shares, outside,
        "invariant: shares of what is outside every volume"
    );
}

/// Bytes in any of these ranges.
fn union(ranges: &mut [(u64, u64)]) -> u64 {
    ranges.sort_unstable();
    let (mut at, mut bytes) = (0_u64, 0_u64);
    for (start, end) in ranges {
        let start = at.max(*start);
        bytes = bytes.saturating_add(end.saturating_sub(start));
        at = at.max(*end);
    }
    bytes
}

/// Reads everything on one volume of the kind with that name.
pub fn volume(
    kind: &str,
    index: u32,
    part: Rc<dyn Blocks>,
    effort: Effort,
    examined: &mut Examined,
    each: &mut dyn FnMut(&str, &[u8]),
) {
    let mut tree = match volume::open(kind, index, part.clone()) {
        Ok(tree) => tree,
        Err(error) => {
            examined.say_finding(&format!("volume {index}"), &error.finding());
            return;
        }
    };
    examined.volumes = examined.volumes.saturating_add(1);
    let listed = list(&mut *tree, index, part.size_bytes(), effort, examined);
    let mut reading = Reading::new(effort, each);
    for item in &listed {
        let is_file = is_file(item);
        if is_file || effort.raw {
            let file = read(&*tree, &*part, item, &mut reading, examined);
            examined.files.extend(file.filter(|_| is_file));
        }
        if item.share.slack_bytes != 0 && (is_file || effort.raw) {
            slack(&*tree, item, &mut reading);
        }
    }
    examined.cut |= reading.cut;
}

fn is_file(item: &Item) -> bool {
    match item.kind {
        RowKind::File | RowKind::Stream => true,
        RowKind::Boot
        | RowKind::Deleted
        | RowKind::Unallocated
        | RowKind::Gap
        | RowKind::Member => false,
    }
}

/// Walks the tree, and checks the account of the volume's bytes.
fn list(
    tree: &mut dyn Tree,
    index: u32,
    size_bytes: u64,
    effort: Effort,
    examined: &mut Examined,
) -> Vec<Item> {
    let place = format!("volume {index}");
    let limits = Limits {
        files_max: effort.files_max,
        ..Limits::default()
    };
    tree.label();
    let mut items: Vec<Item> = Vec::new();
    let (mut grave_rows, mut seen) = (false, 0_u64);
    let walked = tree.walk(&limits, effort.spare, &mut |one| {
        seen = seen.saturating_add(1);
        match one {
            Seen::Item(item) => items.push(item),
            Seen::Row(row) => {
                let grave = matches!(row.outcome, Outcome::Unchecked(_));
                grave_rows |= grave;
                examined.say(
                    format!("{place}/{}: {:?}", text(row.path.as_bytes()), row.outcome),
                    grave,
                );
            }
        }
    });
    // Beside files and folders: runs that nobody owns, and pieces of what is no file's.
    let others = 5000_u64.saturating_add(size_bytes / 65_536);
    let most = effort.files_max.saturating_mul(3).saturating_add(others);
    assert!(seen <= most, "invariant: {seen} contents of a volume");
    for item in &items {
        check_item(item);
        for finding in &item.findings {
            examined.say_finding(&format!("{place}/{}", text(item.path.as_bytes())), finding);
        }
    }
    let walked = match walked {
        Ok(walked) => walked,
        Err(error) => {
            examined.say_finding(&place, &error.finding());
            return items;
        }
    };
    let grave = walked
        .findings
        .iter()
        .any(|one| one.tier == Tier::Incomplete);
    assert!(
        walked.findings.len() <= FINDINGS_MAX,
        "invariant: too many findings"
    );
    for finding in &walked.findings {
        examined.say_finding(&place, finding);
    }
    let sum = |part: &dyn Fn(&Item) -> u64| items.iter().map(part).fold(0, u64::saturating_add);
    let allocated = sum(&|item| item.share.allocated_bytes);
    let free = sum(&|item| item.share.unallocated_bytes);
    let all = allocated.saturating_add(walked.unallocated_bytes);
    assert!(
        all <= size_bytes,
        "invariant: {all} of {size_bytes} bytes are accounted for"
    );
    if !grave && !grave_rows {
        assert_eq!(
            all, size_bytes,
            "invariant: bytes of the volume are left out"
        );
        if effort.spare.unallocated {
            assert_eq!(free, walked.unallocated_bytes, "invariant: free bytes");
        }
    }
    items
}

fn check_item(item: &Item) {
    assert!(
        item.findings.len() <= FINDINGS_MAX,
        "invariant: too many findings"
    );
    if let Locator::Extents(extents) = &item.locator {
        let sizes = extents.iter().map(|(_, size)| *size);
        let size = sizes.fold(0, u64::saturating_add);
        assert_eq!(
            size, item.size_bytes,
            "invariant: extents are not their content"
        );
        assert!(
            extents.len() <= LOCATOR_EXTENTS_MAX,
            "invariant: too many extents"
        );
    }
}

/// Reads one content; `None` when it cannot be read to its end.
fn read(
    tree: &dyn Tree,
    part: &dyn Blocks,
    item: &Item,
    reading: &mut Reading<'_>,
    examined: &mut Examined,
) -> Option<File> {
    let path = format!(
        "{}/{}",
        item.volume.unwrap_or(0),
        text(item.path.as_bytes())
    );
    let opened = match &item.locator {
        Locator::Extents(extents) => Ok(volume::raw(part, extents)),
        Locator::Inline(content) => {
            let bytes = content.as_bytes().to_vec();
            let reader: Box<dyn Read> = Box::new(std::io::Cursor::new(bytes));
            Ok(reader)
        }
        Locator::Range { .. }
        | Locator::Chain { .. }
        | Locator::Record { .. }
        | Locator::Path
        | Locator::Loose => tree.open(item),
    };
    let done = match opened {
        Ok(mut reader) => reading.content(&mut *reader, item, item.size_bytes, ""),
        Err(VolumeError::Read(error)) => Done::failed(&error),
        Err(error) => Done::failed(&error),
    };
    if let Some(error) = &done.error {
        examined.say(format!("{path}: {error}"), true);
    }
    Some(File {
        path,
        size_bytes: item.size_bytes,
        read_bytes: done.bytes,
        crc32: done.crc32,
    })
}

/// Reads the slack of one content. That it cannot be read is the medium's fault or was said.
fn slack(tree: &dyn Tree, item: &Item, reading: &mut Reading<'_>) {
    if let Ok(mut reader) = tree.slack(item) {
        reading.content(&mut *reader, item, item.share.slack_bytes, ":slack");
    }
}

/// What came of reading one content.
struct Done {
    bytes: u64,
    crc32: u32,
    error: Option<String>,
}

impl Done {
    fn failed(error: &dyn std::fmt::Display) -> Self {
        Self {
            bytes: 0,
            crc32: 0,
            error: Some(error.to_string()),
        }
    }
}

/// Reading within limits.
struct Reading<'e> {
    effort: Effort,
    left: u64,
    cut: bool,
    buffer: Vec<u8>,
    each: &'e mut dyn FnMut(&str, &[u8]),
}

impl<'e> Reading<'e> {
    fn new(effort: Effort, each: &'e mut dyn FnMut(&str, &[u8])) -> Self {
        Self {
            effort,
            left: effort.total_bytes_max,
            cut: false,
            buffer: vec![0; 16 << 10],
            each,
        }
    }

    /// Reads `size_bytes`, which the reader must give unless it fails; what is named `:slack`
    /// may go on.
    fn content(
        &mut self,
        reader: &mut dyn Read,
        item: &Item,
        size_bytes: u64,
        suffix: &str,
    ) -> Done {
        let wanted = size_bytes.min(self.effort.item_bytes_max).min(self.left);
        self.cut |= wanted < size_bytes;
        let path = format!("{}{suffix}", text(item.path.as_bytes()));
        let mut done = Done {
            bytes: 0,
            crc32: 0,
            error: None,
        };
        let mut hasher = crc32fast::Hasher::new();
        while done.bytes < wanted {
            let length = narrow(wanted.saturating_sub(done.bytes)).min(self.buffer.len());
            let buffer = self.buffer.get_mut(..length).unwrap_or_default();
            match reader.read(buffer) {
                Ok(0) => break,
                Ok(length) => {
                    let piece = buffer.get(..length).unwrap_or_default();
                    (self.each)(&path, piece);
                    if self.effort.crc32 {
                        hasher.update(piece);
                    }
                    done.bytes = done.bytes.saturating_add(wide(length));
                }
                Err(error) => {
                    done.error = Some(error.to_string());
                    break;
                }
            }
        }
        self.left = self.left.saturating_sub(done.bytes);
        done.crc32 = hasher.finalize();
        if done.error.is_none() {
            assert_eq!(
                done.bytes, wanted,
                "invariant: {path} is shorter than it says"
            );
            if wanted == size_bytes && suffix.is_empty() {
                let more = reader.read(&mut [0]);
                assert!(
                    !matches!(more, Ok(1)),
                    "invariant: {path} is longer than it says"
                );
            }
        }
        done
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
