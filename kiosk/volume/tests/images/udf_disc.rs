//! UDF volumes with files: mkudffs makes the volume, and what a system would write into it is
//! written here.

use std::collections::BTreeMap;

use crate::support::{Bench, arg, run};

/// An empty volume made by mkudffs.
pub(crate) fn empty(media: &str, block_bytes: usize, revision: &str, more: &[&str]) -> Vec<u8> {
    let bench = Bench::new();
    let path = bench.path("udf");
    let arguments = [
        "--utf8".to_owned(),
        "--new-file".to_owned(),
        format!("--media-type={media}"),
        format!("--blocksize={block_bytes}"),
        format!("--udfrev={revision}"),
        "--label=点検１".to_owned(),
    ];
    let more = more.iter().map(|option| (*option).to_owned());
    let end = [arg(&path), "6000".to_owned()];
    run("mkudffs", arguments.into_iter().chain(more).chain(end));
    std::fs::read(path).unwrap()
}

/// How a content is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Embedded,
    Short,
    Long,
    Extended,
    /// Short descriptors in a chain of continuations, a block of content each.
    Scattered,
}

/// An extent: its kind in the two highest bits, its bytes, map and block.
pub(crate) type Piece = (u32, usize, u16, u32);

/// A volume that is being filled.
pub(crate) struct Disc {
    pub(crate) image: Vec<u8>,
    pub(crate) block: usize,
    /// First block of the partition.
    pub(crate) start: usize,
    /// Whether entries are extended ones.
    extended: bool,
    /// Where the bits of free blocks are.
    pub(crate) bitmap: Option<usize>,
    /// Next block of the partition to be used.
    next: u32,
    /// The map that entries are in, and that contents are in.
    pub(crate) entries: u16,
    pub(crate) contents: u16,
    /// Places of virtual blocks.
    table: Option<Vec<u32>>,
    /// Blocks of the metadata in the partition.
    metadata: Option<(u32, u32)>,
    pub(crate) root: u32,
    pub(crate) files: u32,
    pub(crate) folders: u32,
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 {
                crc << 1 ^ 0x1021
            } else {
                crc << 1
            };
        }
    }
    crc
}

/// Gives a descriptor of `length` bytes a right tag.
pub(crate) fn seal(bytes: &mut [u8], id: u16, location: u32, length: usize) {
    bytes[..2].copy_from_slice(&id.to_le_bytes());
    bytes[2..4].copy_from_slice(&2_u16.to_le_bytes());
    let sum = crc(&bytes[16..length]);
    bytes[8..10].copy_from_slice(&sum.to_le_bytes());
    bytes[10..12].copy_from_slice(&(length as u16 - 16).to_le_bytes());
    bytes[12..16].copy_from_slice(&location.to_le_bytes());
    bytes[4] = 0;
    bytes[4] = bytes[..16]
        .iter()
        .fold(0, |sum, byte| sum.wrapping_add(*byte));
}

/// Seals a descriptor again as it was, after a change.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let (id, location) = (u16_at(bytes, 0), u32_at(bytes, 12));
    let length = usize::from(u16_at(bytes, 10)) + 16;
    let version = [bytes[2], bytes[3]];
    seal(bytes, id, location, length);
    if version != [bytes[2], bytes[3]] {
        bytes[4] = bytes[4].wrapping_sub(bytes[2]).wrapping_add(version[0]);
        bytes[2] = version[0];
    }
}

/// Blocks with this tag, by number.
pub(crate) fn tagged(image: &[u8], block: usize, id: u16) -> Vec<usize> {
    let blocks = image.chunks_exact(block).enumerate();
    let has = blocks.filter(|(_, bytes)| {
        let sum = bytes[..16]
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        u16_at(bytes, 0) == id && sum.wrapping_sub(bytes[4]) == bytes[4]
    });
    has.map(|(number, _)| number).collect()
}

impl Disc {
    /// The volume in an image of mkudffs.
    pub(crate) fn new(image: Vec<u8>, block: usize) -> Self {
        let partition = tagged(&image, block, 5)[0] * block;
        let start = u32_at(&image, partition + 188) as usize;
        let logical = tagged(&image, block, 6)[0] * block;
        let is_virtual = u32_at(&image, logical + 268) == 2;
        let has_bitmap = u32_at(&image, partition + 64) != 0;
        let bitmap = (start + u32_at(&image, partition + 68) as usize) * block + 24;
        let set = tagged(&image, block, 256)[0] * block;
        let root = u32_at(&image, set + 404);
        let extended = !tagged(&image, block, 266).is_empty();
        let end = (image.len() / block - start) as u32;
        let system = tagged(&image, block, 261);
        let system = system
            .into_iter()
            .find(|number| image[number * block + 27] == 5);
        let mut disc = Self {
            next: if is_virtual { end } else { 2000.min(end / 2) },
            image,
            block,
            start,
            extended,
            bitmap: has_bitmap.then_some(bitmap),
            entries: u16::from(is_virtual),
            contents: 0,
            table: is_virtual.then(|| vec![0, root]),
            metadata: None,
            root,
            files: 0,
            folders: 1,
        };
        // An empty file for bad blocks, which the new root does not name.
        if let Some(number) = system {
            disc.free(number - disc.start, 1);
        }
        disc
    }

    /// Moves file set and root into a metadata partition.
    pub(crate) fn with_metadata(mut self, mirrored: bool) -> Self {
        let area = self.take(256);
        let copy = if mirrored { self.take(256) } else { area };
        let main = self.take(1);
        let mirror = self.take(1);
        for (at, file_type, area) in [(main, 250, area), (mirror, 251, copy)] {
            let piece = (0, 256 * self.block, 0, area);
            self.entry(
                (0, at),
                file_type,
                &Body::pieces(Style::Short, 256 * self.block, &[piece]),
            );
        }
        for number in tagged(&self.image, self.block, 6) {
            let block = self.block;
            let logical = &mut self.image[number * block..][..block];
            let partition = u16_at(logical, 444);
            let mut map = vec![0_u8; 64];
            map[..2].copy_from_slice(&[2, 64]);
            map[5..28].copy_from_slice(b"*UDF Metadata Partition");
            map[36..38].copy_from_slice(&1_u16.to_le_bytes());
            map[38..40].copy_from_slice(&partition.to_le_bytes());
            map[40..44].copy_from_slice(&main.to_le_bytes());
            map[44..48].copy_from_slice(&mirror.to_le_bytes());
            map[48..52].fill(0xFF);
            map[52..56].copy_from_slice(&32_u32.to_le_bytes());
            map[56..58].copy_from_slice(&32_u16.to_le_bytes());
            map[58] = u8::from(mirrored);
            logical[446..510].copy_from_slice(&map);
            logical[264..268].copy_from_slice(&70_u32.to_le_bytes());
            logical[268..272].copy_from_slice(&2_u32.to_le_bytes());
            logical[252..258].copy_from_slice(&[0, 0, 0, 0, 1, 0]);
            let location = number as u32;
            seal(logical, 6, location, 510);
        }
        let set = tagged(&self.image, self.block, 256)[0];
        let old = self.image[set * self.block..][..self.block].to_vec();
        self.free(set - self.start, 1);
        self.free(self.root as usize, 1);
        // The folder of the volume's own streams, which the new file set does not name.
        for number in tagged(&self.image, self.block, 266) {
            if self.image[number * self.block + 27] == 13 {
                self.free(number - self.start, 1);
            }
        }
        self.metadata = Some((area, 2));
        self.entries = 1;
        self.root = 1;
        let at = self.offset(1, 0);
        let block = self.block;
        let set = &mut self.image[at..at + block];
        set.copy_from_slice(&old);
        set[404..410].copy_from_slice(&[1, 0, 0, 0, 1, 0]);
        set[464..480].fill(0);
        seal(set, 256, 0, 512);
        self
    }

    /// Offset in the image of a block of a map.
    pub(crate) fn offset(&self, map: u16, block: u32) -> usize {
        let block = match (map, &self.table, self.metadata) {
            (1, Some(table), _) => table[block as usize],
            (1, None, Some((area, _))) => area + block,
            _ => block,
        };
        (self.start + block as usize) * self.block
    }

    /// Blocks of the partition that nothing uses.
    pub(crate) fn take(&mut self, count: usize) -> u32 {
        let first = self.next;
        self.next += count as u32;
        let end = self.offset(0, self.next);
        if self.image.len() < end {
            self.image.resize(end, 0);
        }
        self.mark(first as usize, count, false);
        first
    }

    pub(crate) fn free(&mut self, first: usize, count: usize) {
        self.mark(first, count, true);
    }

    fn mark(&mut self, first: usize, count: usize, free: bool) {
        let Some(bitmap) = self.bitmap else {
            return;
        };
        for block in first..first + count {
            let byte = &mut self.image[bitmap + block / 8];
            *byte = *byte & !(1 << (block % 8)) | u8::from(free) << (block % 8);
        }
    }

    /// A block for an entry, by its number in the entries' map.
    pub(crate) fn entry_block(&mut self) -> u32 {
        if let Some((_, next)) = &mut self.metadata {
            *next += 1;
            return *next - 1;
        }
        let block = self.take(1);
        match &mut self.table {
            Some(table) => {
                table.push(block);
                table.len() as u32 - 1
            }
            None => block,
        }
    }

    /// Writes an entry.
    pub(crate) fn entry(&mut self, at: (u16, u32), file_type: u8, body: &Body) {
        let mut bytes = vec![0_u8; self.block];
        let (id, lengths) = if self.extended {
            (266, 208)
        } else {
            (261, 168)
        };
        bytes[20..22].copy_from_slice(&4_u16.to_le_bytes());
        bytes[24] = 1;
        bytes[27] = file_type;
        bytes[34] = body.flags;
        bytes[48] = 1;
        bytes[56..64].copy_from_slice(&(body.size as u64).to_le_bytes());
        if let Some(streams) = body.streams.filter(|_| self.extended) {
            let long = long(0, self.block, streams.0, streams.1);
            bytes[152..168].copy_from_slice(&long);
        }
        bytes[lengths + 4..lengths + 8].copy_from_slice(&(body.area.len() as u32).to_le_bytes());
        bytes[lengths + 8..lengths + 8 + body.area.len()].copy_from_slice(&body.area);
        let length = lengths + 8 + body.area.len();
        seal(&mut bytes, id, at.1, length);
        let offset = self.offset(at.0, at.1);
        self.image[offset..offset + self.block].copy_from_slice(&bytes);
    }

    /// Writes a content and gives its body.
    pub(crate) fn store(&mut self, content: &[u8], style: Style) -> Body {
        let room = self.block - 220;
        if style == Style::Embedded && content.len() <= room {
            return Body {
                flags: 3,
                size: content.len(),
                area: content.to_vec(),
                streams: None,
            };
        }
        // Contents of virtual volumes lie in the real partition, which short descriptors of a
        // virtual entry cannot say.
        let style = match style {
            Style::Embedded | Style::Short if self.entries != 0 => Style::Long,
            Style::Embedded => Style::Short,
            Style::Short | Style::Long | Style::Extended | Style::Scattered => style,
        };
        let piece_bytes = match style {
            Style::Scattered => self.block,
            Style::Embedded | Style::Short | Style::Long | Style::Extended => (content.len() / 8)
                .max(2 * self.block + 1)
                .next_multiple_of(self.block),
        };
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in content.chunks(piece_bytes) {
            if style == Style::Scattered && self.table.is_none() {
                self.next += 1;
            }
            let at = self.take(piece.len().div_ceil(self.block));
            let offset = self.offset(0, at);
            self.image[offset..offset + piece.len()].copy_from_slice(piece);
            pieces.push((0, piece.len(), self.contents, at));
        }
        if style == Style::Scattered {
            return self.chain(content.len(), &pieces);
        }
        Body::pieces(style, content.len(), &pieces)
    }

    /// Two extents in the entry and in each continuation.
    fn chain(&mut self, size: usize, pieces: &[Piece]) -> Body {
        let mut area = Vec::new();
        for piece in pieces.rchunks(2) {
            let mut own: Vec<u8> = piece
                .iter()
                .flat_map(|one| long(one.0, one.1, one.2, one.3))
                .collect();
            own.extend_from_slice(&area);
            if piece[0] == pieces[0] {
                area = own;
                break;
            }
            let at = self.take(1);
            let mut bytes = vec![0_u8; self.block];
            bytes[20..24].copy_from_slice(&(own.len() as u32).to_le_bytes());
            bytes[24..24 + own.len()].copy_from_slice(&own);
            seal(&mut bytes, 258, at, 24 + own.len());
            let offset = self.offset(0, at);
            self.image[offset..offset + self.block].copy_from_slice(&bytes);
            area = long(3, self.block, 0, at).to_vec();
        }
        Body {
            flags: 1,
            size,
            area,
            streams: None,
        }
    }

    /// A file, by its entry's block.
    pub(crate) fn file(&mut self, content: &[u8], style: Style) -> u32 {
        let body = self.store(content, style);
        self.file_of(5, &body)
    }

    pub(crate) fn file_of(&mut self, file_type: u8, body: &Body) -> u32 {
        let at = self.entry_block();
        self.entry((self.entries, at), file_type, body);
        self.files += u32::from(file_type != 4);
        self.folders += u32::from(file_type == 4);
        at
    }

    /// The content of a folder: name, entry and characteristics of each.
    pub(crate) fn names(&self, names: &[(&str, u32, u8)]) -> Vec<u8> {
        let mut content = identifier(&[], self.entries, self.root, 0x0A, self.block);
        for (name, at, characteristics) in names {
            let stored = compressed(name);
            content.extend(identifier(
                &stored,
                self.entries,
                *at,
                *characteristics,
                self.block,
            ));
        }
        content
    }

    /// Fills the volume with files and folders.
    pub(crate) fn fill(&mut self, files: &BTreeMap<String, Vec<u8>>, style: Style) {
        let mut tree = Node::default();
        for (path, content) in files {
            let mut node = &mut tree;
            for part in path.split('/') {
                node = node.inner.entry(part.to_owned()).or_default();
            }
            node.content = Some(content.clone());
        }
        let names = self.folder(&tree, style);
        self.write_root(&names, style);
    }

    fn folder(&mut self, node: &Node, style: Style) -> Vec<u8> {
        let mut names: Vec<(String, u32, u8)> = Vec::new();
        for (name, inner) in &node.inner {
            let (at, characteristics) = match &inner.content {
                Some(content) => (self.file(content, style), 0),
                None => {
                    let content = self.folder(inner, style);
                    let body = self.store(&content, style);
                    (self.file_of(4, &body), 2)
                }
            };
            names.push((name.clone(), at, characteristics));
        }
        let names: Vec<(&str, u32, u8)> = names
            .iter()
            .map(|(name, at, characteristics)| (name.as_str(), *at, *characteristics))
            .collect();
        self.names(&names)
    }

    /// Writes the root with these names.
    pub(crate) fn write_root(&mut self, names: &[u8], style: Style) {
        let body = self.store(names, style);
        self.write_root_of(&body);
    }

    pub(crate) fn write_root_of(&mut self, body: &Body) {
        if let Some(table) = &self.table {
            // Nothing is written twice on such a disc: the root moves.
            let index = table.iter().position(|block| *block == self.root).unwrap();
            let block = self.take(1);
            self.table.as_mut().unwrap()[index] = block;
            self.entry((1, index as u32), 4, body);
        } else {
            self.entry((self.entries, self.root), 4, body);
        }
    }

    /// The finished image.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if let Some(table) = self.table.clone() {
            self.write_table(&table);
        }
        if let Some((area, _)) = self.metadata {
            self.copy_metadata(area);
        }
        let block = self.block;
        for number in tagged(&self.image, block, 9) {
            let at = number * block;
            let partitions = u32_at(&self.image, at + 72) as usize;
            let numbers = at + 112 + partitions * 8;
            self.image[numbers..numbers + 4].copy_from_slice(&self.files.to_le_bytes());
            self.image[numbers + 4..numbers + 8].copy_from_slice(&self.folders.to_le_bytes());
            reseal(&mut self.image[at..at + block]);
        }
        self.image
    }

    /// A mirror that is a copy of its own gets what was written.
    fn copy_metadata(&mut self, area: u32) {
        let entries = tagged(&self.image, self.block, 266);
        let mirror = entries.iter().map(|number| number * self.block);
        let mirror = mirror.filter(|at| self.image[at + 27] == 251);
        for at in mirror.collect::<Vec<_>>() {
            let copy = u32_at(&self.image, at + 216 + 4);
            let (from, to) = (self.offset(0, area), self.offset(0, copy));
            self.image.copy_within(from..from + 256 * self.block, to);
        }
    }

    /// The table of virtual blocks, and its entry as the last block.
    fn write_table(&mut self, table: &[u32]) {
        let entries: Vec<u8> = table.iter().flat_map(|block| block.to_le_bytes()).collect();
        let (content, file_type) = if self.extended {
            let mut header = vec![0_u8; 152];
            header[0] = 152;
            header[132..136].fill(0xFF);
            header[136..140].copy_from_slice(&self.files.to_le_bytes());
            header[140..144].copy_from_slice(&self.folders.to_le_bytes());
            ([header, entries].concat(), 248)
        } else {
            let mut footer = vec![0_u8; 36];
            footer[1..23].copy_from_slice(b"*UDF Virtual Alloc Tbl");
            footer[32..].fill(0xFF);
            ([entries, footer].concat(), 0)
        };
        let at = self.take(content.len().div_ceil(self.block));
        let offset = self.offset(0, at);
        self.image[offset..offset + content.len()].copy_from_slice(&content);
        let body = Body::pieces(Style::Short, content.len(), &[(0, content.len(), 0, at)]);
        let at = self.take(1);
        self.entry((0, at), file_type, &body);
    }
}

#[derive(Default)]
struct Node {
    inner: BTreeMap<String, Node>,
    content: Option<Vec<u8>>,
}

/// Size and allocation descriptors of an entry.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) flags: u8,
    pub(crate) size: usize,
    pub(crate) area: Vec<u8>,
    pub(crate) streams: Option<(u16, u32)>,
}

impl Body {
    pub(crate) fn pieces(style: Style, size: usize, pieces: &[Piece]) -> Self {
        let spell = |(kind, bytes, map, block): &Piece| match style {
            Style::Short => long(*kind, *bytes, *map, *block)[..8].to_vec(),
            Style::Extended => {
                let long = long(*kind, *bytes, *map, *block);
                [&long[..4], &long[..4], &long[..4], &long[4..10], &[0, 0]].concat()
            }
            Style::Embedded | Style::Long | Style::Scattered => {
                long(*kind, *bytes, *map, *block).to_vec()
            }
        };
        Self {
            flags: match style {
                Style::Short => 0,
                Style::Extended => 2,
                Style::Embedded | Style::Long | Style::Scattered => 1,
            },
            size,
            area: pieces.iter().flat_map(spell).collect(),
            streams: None,
        }
    }
}

/// A long allocation descriptor.
fn long(kind: u32, bytes: usize, map: u16, block: u32) -> [u8; 16] {
    let mut long = [0; 16];
    long[..4].copy_from_slice(&(kind << 30 | bytes as u32).to_le_bytes());
    long[4..8].copy_from_slice(&block.to_le_bytes());
    long[8..10].copy_from_slice(&map.to_le_bytes());
    long
}

/// A name as it is stored, in the narrower form that holds it.
fn compressed(name: &str) -> Vec<u8> {
    let units: Vec<u16> = name.encode_utf16().collect();
    if units.iter().all(|unit| *unit < 256) {
        let bytes = units.iter().map(|unit| *unit as u8);
        return [8].into_iter().chain(bytes).collect();
    }
    let bytes = units.iter().flat_map(|unit| unit.to_be_bytes());
    [16].into_iter().chain(bytes).collect()
}

fn identifier(name: &[u8], map: u16, at: u32, characteristics: u8, block: usize) -> Vec<u8> {
    let mut bytes = vec![0_u8; 38];
    bytes[16] = 1;
    bytes[18] = characteristics;
    bytes[19] = name.len() as u8;
    bytes[20..36].copy_from_slice(&long(0, block, map, at));
    bytes.extend_from_slice(name);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = bytes.len();
    seal(&mut bytes, 257, 0, length);
    bytes
}
