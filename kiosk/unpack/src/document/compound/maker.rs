//! Writes compound files for the tests: no tool at hand does.

use super::space::{FREE, LAST};

/// What a compound file is to hold.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) sector_bytes: usize,
    /// Whether the sectors of a stream lie backwards, so that none follows its neighbour.
    pub(crate) is_scattered: bool,
    /// Fills what is left of a stream's last sector.
    pub(crate) slack: Vec<u8>,
    entries: Vec<Item>,
}

#[derive(Clone)]
struct Item {
    name: Vec<u16>,
    parent: usize,
    kind: u8,
    content: Vec<u8>,
}

/// The file, and where its parts lie.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) table_at: usize,
    pub(crate) directory_at: usize,
    pub(crate) small_table_at: Option<usize>,
}

impl Made {
    /// Where the entry with this number lies.
    pub(crate) fn entry_at(&self, index: usize) -> usize {
        self.directory_at + 128 * index
    }

    pub(crate) fn number(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn set(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
}

impl Maker {
    pub(crate) fn new(sector_bytes: usize) -> Self {
        let root = Item {
            name: "Root Entry".encode_utf16().collect(),
            parent: usize::MAX,
            kind: 5,
            content: Vec::new(),
        };
        Self {
            sector_bytes,
            is_scattered: false,
            slack: Vec::new(),
            entries: vec![root],
        }
    }

    /// Adds a stream with the storages in its path.
    pub(crate) fn with(mut self, path: &str, content: &[u8]) -> Self {
        let mut parent = 0;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let name: Vec<u16> = part.encode_utf16().collect();
            let known = self
                .entries
                .iter()
                .position(|item| item.parent == parent && item.name == name && item.kind == 1);
            parent = match known.filter(|_| parts.peek().is_some()) {
                Some(known) => known,
                None => {
                    let is_stream = parts.peek().is_none();
                    self.entries.push(Item {
                        name,
                        parent,
                        kind: if is_stream { 2 } else { 1 },
                        content: if is_stream {
                            content.to_vec()
                        } else {
                            Vec::new()
                        },
                    });
                    self.entries.len() - 1
                }
            };
        }
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.made().bytes
    }

    pub(crate) fn made(&self) -> Made {
        let mut sectors = Units::new(self.sector_bytes, self.is_scattered, &self.slack);
        let mut small = Units::new(64, self.is_scattered, &self.slack);
        let starts: Vec<_> = self
            .entries
            .iter()
            .map(|item| {
                let units = if item.content.len() < 4096 {
                    &mut small
                } else {
                    &mut sectors
                };
                units.add(&item.content)
            })
            .collect();
        // The directory and the tables lie one sector behind the other.
        sectors.is_scattered = false;
        sectors.slack = Vec::new();
        let small_bytes = small.data.concat();
        let small_start = sectors.add(&small_bytes);
        let small_table: Vec<u8> = small
            .next
            .iter()
            .flat_map(|next| next.to_le_bytes())
            .collect();
        let small_table = filled(small_table, self.sector_bytes, 0xff);
        let small_table_at = (!small_table.is_empty()).then_some(sectors.data.len());
        let small_table_start = sectors.add(&small_table);
        let directory = self.directory(&starts, small_start, small_bytes.len());
        let directory_at = sectors.data.len();
        let directory_start = sectors.add(&directory);
        let (table_at, lists) = sectors.add_table();
        let header = self.header(
            &lists,
            (directory_start, directory.len()),
            (small_table_start, small_table.len()),
        );
        let place = |sector: usize| (sector + 1) * self.sector_bytes;
        Made {
            bytes: [header, sectors.data.concat()].concat(),
            table_at: place(table_at),
            directory_at: place(directory_at),
            small_table_at: small_table_at.map(place),
        }
    }

    fn header(
        &self,
        lists: &Lists,
        (directory_start, directory_bytes): (u32, usize),
        (small_table_start, small_table_bytes): (u32, usize),
    ) -> Vec<u8> {
        let mut header = vec![0_u8; self.sector_bytes];
        let is_long = self.sector_bytes == 4096;
        header[..8].copy_from_slice(&super::SIGNATURE);
        let mut put = |at: usize, number: u32, bytes: usize| {
            header[at..at + bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
        };
        put(24, 0x3e, 2);
        put(26, if is_long { 4 } else { 3 }, 2);
        put(28, 0xfffe, 2);
        put(30, if is_long { 12 } else { 9 }, 2);
        put(32, 6, 2);
        if is_long {
            put(
                40,
                u32::try_from(directory_bytes / self.sector_bytes).unwrap(),
                4,
            );
        }
        put(44, u32::try_from(lists.table.len()).unwrap(), 4);
        put(48, directory_start, 4);
        put(56, 4096, 4);
        put(60, small_table_start, 4);
        put(
            64,
            u32::try_from(small_table_bytes / self.sector_bytes).unwrap(),
            4,
        );
        put(68, lists.start, 4);
        put(72, lists.count, 4);
        for index in 0..109 {
            put(
                76 + 4 * index,
                lists.table.get(index).copied().unwrap_or(FREE),
                4,
            );
        }
        header
    }

    fn directory(&self, starts: &[u32], small_start: u32, small_bytes: usize) -> Vec<u8> {
        let number =
            |index: Option<usize>| index.map_or(FREE, |index| u32::try_from(index).unwrap());
        let mut directory = Vec::new();
        for (index, item) in self.entries.iter().enumerate() {
            let mut entry = vec![0_u8; 128];
            for (at, unit) in item.name.iter().enumerate() {
                entry[2 * at..2 * at + 2].copy_from_slice(&unit.to_le_bytes());
            }
            let name_bytes = u16::try_from(2 * item.name.len() + 2).unwrap();
            entry[64..66].copy_from_slice(&name_bytes.to_le_bytes());
            entry[66] = item.kind;
            entry[67] = 1;
            let siblings = self.entries.iter().enumerate().skip(index + 1);
            let right = siblings
                .clone()
                .find(|(_, other)| other.parent == item.parent);
            let child = self.entries.iter().position(|other| other.parent == index);
            let (start, size) = match item.kind {
                5 => (small_start, small_bytes),
                1 => (0, 0),
                _ => (starts[index], item.content.len()),
            };
            let links = [FREE, number(right.map(|(at, _)| at)), number(child)];
            for (at, link) in [68, 72, 76].into_iter().zip(links) {
                entry[at..at + 4].copy_from_slice(&link.to_le_bytes());
            }
            entry[116..120].copy_from_slice(&start.to_le_bytes());
            entry[120..128].copy_from_slice(&u64::try_from(size).unwrap().to_le_bytes());
            directory.extend(entry);
        }
        let mut unused = vec![0_u8; 128];
        unused[68..80].fill(0xff);
        while !directory.len().is_multiple_of(self.sector_bytes) {
            directory.extend_from_slice(&unused);
        }
        directory
    }
}

/// Where the table of sectors is listed.
struct Lists {
    table: Vec<u32>,
    start: u32,
    count: u32,
}

struct Units {
    bytes: usize,
    is_scattered: bool,
    slack: Vec<u8>,
    data: Vec<Vec<u8>>,
    next: Vec<u32>,
}

impl Units {
    fn new(bytes: usize, is_scattered: bool, slack: &[u8]) -> Self {
        Self {
            bytes,
            is_scattered,
            slack: slack.to_vec(),
            data: Vec::new(),
            next: Vec::new(),
        }
    }

    fn add(&mut self, content: &[u8]) -> u32 {
        let count = content.len().div_ceil(self.bytes);
        let first = self.data.len();
        let mut order: Vec<_> = (first..first + count).collect();
        if self.is_scattered {
            order.reverse();
        }
        self.data.resize(first + count, Vec::new());
        self.next.resize(first + count, LAST);
        for (index, piece) in content.chunks(self.bytes).enumerate() {
            let mut data = piece.to_vec();
            let left = self.bytes - data.len();
            data.extend(self.slack.iter().take(left));
            data.resize(self.bytes, 0);
            self.data[order[index]] = data;
            if let Some(next) = order.get(index + 1) {
                self.next[order[index]] = u32::try_from(*next).unwrap();
            }
        }
        order
            .first()
            .map_or(LAST, |first| u32::try_from(*first).unwrap())
    }

    /// The table is about itself as well, and about the lists of its sectors.
    fn add_table(&mut self) -> (usize, Lists) {
        let in_sector = self.bytes / 4;
        let (mut tables, mut lists) = (0_usize, 0_usize);
        while tables * in_sector < self.data.len() + tables + lists {
            tables += 1;
            lists = tables.saturating_sub(109).div_ceil(in_sector - 1);
        }
        let table_at = self.data.len();
        let list_at = table_at + tables;
        let numbers: Vec<_> = (table_at..list_at)
            .map(|at| u32::try_from(at).unwrap())
            .collect();
        let mut next = self.next.clone();
        next.resize(list_at, 0xffff_fffd);
        next.resize(list_at + lists, 0xffff_fffc);
        next.resize(tables * in_sector, FREE);
        for sector in next.chunks(in_sector) {
            self.data
                .push(sector.iter().flat_map(|next| next.to_le_bytes()).collect());
        }
        for (index, listed) in numbers
            .get(109..)
            .unwrap_or_default()
            .chunks(in_sector - 1)
            .enumerate()
        {
            let mut list: Vec<u8> = listed
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect();
            list.resize(self.bytes - 4, 0xff);
            let following = if index + 1 == lists {
                LAST
            } else {
                u32::try_from(list_at + index + 1).unwrap()
            };
            list.extend_from_slice(&following.to_le_bytes());
            self.data.push(list);
        }
        let start = if lists == 0 {
            LAST
        } else {
            u32::try_from(list_at).unwrap()
        };
        let count = u32::try_from(lists).unwrap();
        (
            table_at,
            Lists {
                table: numbers,
                start,
                count,
            },
        )
    }
}

fn filled(mut data: Vec<u8>, multiple: usize, byte: u8) -> Vec<u8> {
    data.resize(data.len().next_multiple_of(multiple), byte);
    data
}
