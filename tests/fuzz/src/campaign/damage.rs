//! What is done to an image.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use volume::Blocks;

use crate::medium::{Medium, SECTOR_BYTES, Sector, narrow, wide};

/// Most single changes of one case.
const CHANGES: u64 = 8;

/// Size of an entry of a folder of FAT and exFAT, in bytes; other formats align to it, too.
const ENTRY_BYTES: u64 = 32;

/// A generator whose numbers follow from a case's number.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self((mixed ^ mixed >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11).checked_rem(limit).unwrap_or(0)
    }

    /// Where one of so many entries of a folder begins.
    fn entry(&mut self, limit: u64) -> u64 {
        self.below(limit).saturating_mul(ENTRY_BYTES)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.below(256).to_le_bytes().first().copied().unwrap_or(0)
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(narrow(self.below(wide(choices.len()))))
    }
}

/// Where an image can be damaged.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Sectors that walking the undamaged image reads.
    pub walked: Vec<u64>,
    /// Those and everything else that is neither content nor of one value throughout.
    pub metadata: Vec<u64>,
}

impl Target {
    /// Finds them: `walked` are the sectors that a walk read, `heads` the beginnings of all
    /// pieces of content, a sector each.
    #[must_use]
    pub fn find(image: &[u8], walked: &BTreeSet<u64>, heads: &BTreeSet<Vec<u8>>) -> Self {
        let mut target = Self::default();
        for (number, sector) in (0_u64..).zip(image.chunks(SECTOR_BYTES)) {
            let same = sector.iter().all(|byte| Some(byte) == sector.first());
            let head = sector.get(..HEAD_BYTES).unwrap_or(sector);
            if same || heads.contains(head) {
                continue;
            }
            target.metadata.push(number);
            if walked.contains(&number) {
                target.walked.push(number);
            }
        }
        target
    }
}

/// Bytes of a sector that tell it from others: contents are noise.
pub(super) const HEAD_BYTES: usize = 16;

/// What was done, for people and for looking at what it led to.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    words: Vec<String>,
    before: BTreeMap<u64, Sector>,
}

impl Damage {
    /// Damages `image` as case `seed` says.
    #[must_use]
    pub fn inflict(image: &Rc<Vec<u8>>, target: &Target, seed: u64) -> (Medium, Self) {
        let mut chance = Chance::new(seed);
        let mut medium = Medium::whole(image.clone());
        let mut damage = Self::default();
        match chance.below(20) {
            0 => {
                let size = chance.below(medium.size_bytes());
                medium.truncate(size);
                damage.words.push(format!("cut to {size} bytes"));
            }
            1..=2 => damage.splice(&mut medium, target, &mut chance),
            _ => {
                for _ in 0..=chance.below(CHANGES) {
                    damage.change(&mut medium, target, &mut chance);
                }
            }
        }
        (medium, damage)
    }

    /// What was done: places and what stood and stands there.
    #[must_use]
    pub fn describe(&self, medium: &Medium) -> String {
        let mut words = self.words.clone();
        for (number, before) in &self.before {
            let after = medium.sector(*number);
            let differ = (0_usize..).zip(before.iter().zip(&after));
            let differ = differ.filter(|(_, (before, after))| before != after);
            let places: Vec<String> = differ
                .map(|(at, (before, after))| format!("+{at} {before:02x}->{after:02x}"))
                .collect();
            if places.len() <= 12 {
                words.push(format!("sector {number} {}", places.join(" ")));
            } else {
                words.push(format!("sector {number} {} bytes", places.len()));
            }
        }
        words.join("; ")
    }

    /// A sector to damage: mostly one that is read.
    fn sector(target: &Target, chance: &mut Chance) -> u64 {
        let sectors = match chance.below(4) {
            0 => &target.metadata,
            _ => &target.walked,
        };
        chance
            .of(sectors)
            .or_else(|| target.metadata.first())
            .copied()
            .unwrap_or(0)
    }

    fn put(&mut self, medium: &mut Medium, number: u64, sector: Sector) {
        self.before
            .entry(number)
            .or_insert_with(|| medium.sector(number));
        medium.set_sector(number, sector);
    }

    /// One bit, one byte, or a number of two, four or eight.
    fn change(&mut self, medium: &mut Medium, target: &Target, chance: &mut Chance) {
        /// Bytes at which something changes: ends, marks, and types of entries.
        const BORDERS: [u8; 12] = [
            0x00, 0xFF, 0x7F, 0x80, 0x01, 0xE5, 0x0F, 0x10, 0x85, 0x05, 0xC0, 0xFE,
        ];
        let number = Self::sector(target, chance);
        let mut sector = medium.sector(number);
        let place = narrow(chance.below(wide(SECTOR_BYTES)));
        let how = chance.below(7);
        let bit = 1_u8.rotate_left(u32::from(chance.byte() & 7));
        let any = chance.byte();
        let border = chance.of(&BORDERS).copied().unwrap_or(0);
        if let Some(byte) = sector.get_mut(place) {
            *byte = match how {
                0 | 1 => *byte ^ bit,
                2 => any,
                3 => border,
                4 => byte.wrapping_add(1),
                5 => byte.wrapping_sub(1),
                _ => *byte,
            };
        }
        if how == 6 {
            let width = chance.of(&[2_usize, 4, 8]).copied().unwrap_or(2);
            let value = chance.of(&[0x00_u8, 0xFF, 0x80]).copied().unwrap_or(0);
            for byte in sector.iter_mut().skip(place & !1).take(width) {
                *byte = value;
            }
        }
        self.put(medium, number, sector);
    }

    /// One sector over another, two exchanged, or a piece of one in another.
    fn splice(&mut self, medium: &mut Medium, target: &Target, chance: &mut Chance) {
        let (from, to) = (Self::sector(target, chance), Self::sector(target, chance));
        let (source, old) = (medium.sector(from), medium.sector(to));
        match chance.below(3) {
            0 => {
                self.words.push(format!("sector {from} copied over {to}"));
                self.put(medium, to, source);
            }
            1 => {
                self.words
                    .push(format!("sectors {from} and {to} exchanged"));
                self.put(medium, to, source);
                self.put(medium, from, old);
            }
            _ => {
                let (at, at_old) = (chance.entry(16), chance.entry(16));
                let length = chance.entry(4).saturating_add(ENTRY_BYTES);
                self.words.push(format!(
                    "{length} bytes of sector {from}+{at} copied to {to}+{at_old}"
                ));
                let mut new = old;
                let piece = source.iter().skip(narrow(at)).take(narrow(length));
                for (to, from) in new.iter_mut().skip(narrow(at_old)).zip(piece) {
                    *to = *from;
                }
                self.put(medium, to, new);
            }
        }
    }
}
