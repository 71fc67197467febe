//! Comparing what is read of a damaged image with what was on it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use volume::{Blocks, Cached};
use wire::scan::Spare;

use super::Trial;
use super::damage::{Damage, HEAD_BYTES, Target};
use crate::examine::{self, Effort, Examined};
use crate::medium::{Medium, SECTOR_BYTES};

/// Fewer bytes by at least this many are a loss, as the issue counts it.
const LOST_BYTES: u64 = 512;

/// What a case reads: files and their slack. No image has a tenth of these bytes.
const EFFORT: Effort = Effort {
    spare: Spare {
        unallocated: true,
        deleted: true,
    },
    files_max: 5000,
    item_bytes_max: 1 << 20,
    total_bytes_max: 64 << 20,
    raw: false,
    crc32: true,
};

/// An undamaged image and what is on it.
pub struct Base {
    image: Rc<Vec<u8>>,
    target: Target,
    examined: Examined,
    /// The beginnings of the pieces of each file, by its path.
    pieces: BTreeMap<String, Vec<Vec<u8>>>,
}

/// What became of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Files or bytes are lost and nothing at all was said.
    pub silent: bool,
    /// They are lost, and nothing was said that keeps the medium from PASS.
    pub passing: bool,
    /// For such a case: what was done, what is lost, what was said.
    pub words: String,
}

impl Trial for Base {
    fn judge(&self, seed: u64) -> Judged {
        let (medium, damage) = Damage::inflict(&self.image, &self.target, seed);
        let medium = Rc::new(medium);
        let blocks: Rc<dyn Blocks> = Rc::new(Cached::new(medium.clone()));
        let examined = examine::medium(&blocks, EFFORT, &mut |_, _| {});
        let (before, after) = (self.examined.bytes(), examined.bytes());
        let fewer = examined.files.len() < self.examined.files.len();
        if examined.cut || !(fewer || after.saturating_add(LOST_BYTES) <= before) {
            return Judged::default();
        }
        let new = self.told(&examined);
        Judged {
            silent: new.is_empty(),
            passing: !new.iter().any(|(_, grave)| *grave),
            words: if new.iter().any(|(_, grave)| *grave) {
                String::new()
            } else {
                self.words(&medium, &damage, &examined)
            },
        }
    }

    fn explain(&self, seed: u64) -> String {
        let (medium, damage) = Damage::inflict(&self.image, &self.target, seed);
        let medium = Rc::new(medium);
        let blocks: Rc<dyn Blocks> = medium.clone();
        let examined = examine::medium(&blocks, EFFORT, &mut |_, _| {});
        self.words(&medium, &damage, &examined).replace(" | ", "\n")
    }
}

impl Base {
    /// Reads the undamaged image.
    ///
    /// # Errors
    /// Why a campaign on it makes no sense: it is not of that kind, or not read without a
    /// finding.
    pub fn read(image: Vec<u8>, kind: &str) -> Result<Self, String> {
        let image = Rc::new(image);
        let tracked = Rc::new(Medium::whole(image.clone()).tracking());
        let blocks: Rc<dyn Blocks> = tracked.clone();
        let layout = volume::layout(&*blocks).map_err(|error| error.to_string())?;
        if !layout.volumes.iter().any(|place| place.kind == kind) {
            let kinds: Vec<_> = layout
                .volumes
                .iter()
                .map(|place| place.kind.clone())
                .collect();
            return Err(format!("recognised as {kinds:?} and not as {kind}"));
        }
        let none = Effort {
            total_bytes_max: 0,
            ..EFFORT
        };
        examine::medium(&blocks, none, &mut |_, _| {});
        let mut pieces: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let blocks: Rc<dyn Blocks> = Rc::new(Medium::whole(image.clone()));
        let examined = examine::medium(&blocks, EFFORT, &mut |path, bytes| {
            if !path.ends_with(":slack") {
                let heads = bytes.chunks(SECTOR_BYTES).map(head);
                pieces.entry(path.to_owned()).or_default().extend(heads);
            }
        });
        let grave: Vec<_> = examined.said.iter().filter(|(_, grave)| **grave).collect();
        if examined.files.is_empty() || !grave.is_empty() {
            return Err(format!("{} files; {grave:?}", examined.files.len()));
        }
        let heads: BTreeSet<Vec<u8>> = pieces.values().flatten().cloned().collect();
        Ok(Self {
            target: Target::find(&image, &tracked.touched(), &heads),
            image,
            examined,
            pieces,
        })
    }

    /// What there is to damage, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "{} files, {} bytes; {} sectors of metadata, of which a walk reads {}",
            self.examined.files.len(),
            self.examined.bytes(),
            self.target.metadata.len(),
            self.target.walked.len()
        )
    }

    /// What was said that was not said of the undamaged image.
    fn told<'e>(&self, examined: &'e Examined) -> Vec<(&'e String, bool)> {
        let said = examined.said.iter();
        let new = said.filter(|(what, grave)| self.examined.said.get(*what) != Some(grave));
        new.map(|(what, grave)| (what, *grave)).collect()
    }

    fn words(&self, medium: &Rc<Medium>, damage: &Damage, examined: &Examined) -> String {
        let mut words = vec![
            damage.describe(medium),
            format!(
                "files {} -> {}, bytes {} -> {}",
                self.examined.files.len(),
                examined.files.len(),
                self.examined.bytes(),
                examined.bytes()
            ),
        ];
        let there: BTreeMap<&String, u64> = examined
            .files
            .iter()
            .map(|file| (&file.path, file.read_bytes))
            .collect();
        let mut wanted = BTreeSet::new();
        for file in &self.examined.files {
            let now = there.get(&file.path).copied();
            if now.is_none_or(|now| now < file.read_bytes) {
                let now = now.map_or("gone".to_owned(), |now| format!("{now} bytes"));
                words.push(format!("{} of {} bytes: {now}", file.path, file.size_bytes));
                let path = file.path.split_once('/').map_or("", |(_, path)| path);
                let pieces = self.pieces.get(path).into_iter().flatten();
                wanted.extend(pieces.filter(|head| head.len() == HEAD_BYTES).cloned());
            }
        }
        words.extend(elsewhere(medium, wanted));
        for (what, grave) in self.told(examined) {
            let tier = if grave { "incomplete" } else { "notice" };
            words.push(format!("said ({tier}): {what}"));
        }
        words.join(" | ")
    }
}

/// Where pieces of lost files are read all the same.
fn elsewhere(medium: &Rc<Medium>, wanted: BTreeSet<Vec<u8>>) -> Vec<String> {
    let effort = Effort {
        raw: true,
        item_bytes_max: 64 << 20,
        total_bytes_max: 512 << 20,
        ..EFFORT
    };
    let mut left = wanted.clone();
    let mut places = BTreeSet::new();
    let blocks: Rc<dyn Blocks> = medium.clone();
    examine::medium(&blocks, effort, &mut |path, bytes| {
        // Slack begins anywhere, so every place is looked at.
        for window in bytes.windows(HEAD_BYTES) {
            if wanted.contains(window) {
                left.remove(window);
                places.insert(path.to_owned());
            }
        }
    });
    let places: Vec<String> = places.into_iter().take(6).collect();
    vec![format!(
        "pieces of what is lost: {}, read all the same {}, in {places:?}",
        wanted.len(),
        wanted.len().saturating_sub(left.len())
    )]
}

/// The beginning of a piece of content.
fn head(piece: &[u8]) -> Vec<u8> {
    piece.get(..HEAD_BYTES).unwrap_or(piece).to_vec()
}
