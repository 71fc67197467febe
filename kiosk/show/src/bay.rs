//! The keys of the virtual bay, for trials: a real kiosk has no key that does anything.
//!
//! A key becomes a [`Wish`] in the pure state; [`Bay::aged`] and the rest only remember what
//! to say about it. [`Folders::fulfil`] is the edge that touches files: the bay is a folder,
//! and an image appearing in it or leaving it is what the daemon takes for a medium.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::pad::PAD_WAIT_MAX;

/// Ending of a disk image's name.
const IMAGE: &str = ".img";

/// Ending of the name of the file that says what an image claims to be.
const CLAIM: &str = ".claim.toml";

/// How long the footer says what a key did.
const NOTE_STAYS: Duration = Duration::from_secs(3);

/// Most images kept aside under one name.
const ASIDE_MAX: u32 = 1000;

/// What is known of the virtual bay on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bay {
    /// What the last key did, and how long ago.
    pub note: Option<(Note, Duration)>,
    /// What a key asked for and nobody has done yet.
    pub wish: Option<Wish>,
    /// For how long the pad that opens by itself is put aside.
    pub pad_aside: Duration,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Put the sample with this number into the bay.
    Insert(u8),
    /// Take everything out of the bay.
    Pull,
    /// Leave the program.
    Quit,
}

/// What came of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The sample is in the bay.
    Inserted(u8),
    /// The bay is empty.
    Pulled,
    /// There is no such sample.
    Missing(u8),
    /// The file system refused.
    Failed,
}

impl Bay {
    /// After a key: `1` to `4` insert, `0` pulls, `q` quits, and no other does anything.
    #[must_use]
    pub fn pressed(self, key: char) -> Self {
        let wish = match key {
            '1' => Wish::Insert(1),
            '2' => Wish::Insert(2),
            '3' => Wish::Insert(3),
            '4' => Wish::Insert(4),
            '0' => Wish::Pull,
            'q' | 'Q' => Wish::Quit,
            _ => return self,
        };
        Self {
            wish: Some(wish),
            ..self
        }
    }

    /// After a wish was attended to.
    #[must_use]
    pub fn noted(self, note: Note) -> Self {
        Self {
            note: Some((note, Duration::ZERO)),
            ..self
        }
    }

    /// After some time.
    #[must_use]
    pub fn aged(self, passed: Duration) -> Self {
        let note = self
            .note
            .map(|(note, age)| (note, age.saturating_add(passed)));
        Self {
            note: note.filter(|(_, age)| *age < NOTE_STAYS),
            pad_aside: self.pad_aside.saturating_sub(passed),
            ..self
        }
    }

    /// Puts the pad aside, or lets it come back.
    #[must_use]
    pub fn with_pad_aside(self, aside: bool) -> Self {
        let pad_aside = if aside { PAD_WAIT_MAX } else { Duration::ZERO };
        Self { pad_aside, ..self }
    }

    /// Whether the pad stays away although a code is waited for.
    #[must_use]
    pub fn pad_is_aside(&self) -> bool {
        !self.pad_aside.is_zero()
    }
}

/// Where the bay and the samples are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The folder that the daemon watches.
    pub bay: PathBuf,
    /// The folder with `1-*.img` to `4-*.img` and their claims.
    pub samples: PathBuf,
}

impl Folders {
    /// Does what a key asked for. [`Wish::Quit`] is the caller's.
    #[must_use]
    pub fn fulfil(&self, wish: Wish) -> Option<Note> {
        match wish {
            Wish::Insert(number) => Some(match self.insert(number) {
                Ok(true) => Note::Inserted(number),
                Ok(false) => Note::Missing(number),
                Err(_) => Note::Failed,
            }),
            Wish::Pull => Some(self.pull().map_or(Note::Failed, |()| Note::Pulled)),
            Wish::Quit => None,
        }
    }

    /// Whether there was such a sample. It is in the bay afterwards.
    fn insert(&self, number: u8) -> io::Result<bool> {
        let prefix = format!("{number}-");
        let wanted = |name: &String| name.starts_with(&prefix) && name.ends_with(IMAGE);
        let Some(image) = names(&self.samples)?.into_iter().find(wanted) else {
            return Ok(false);
        };
        // Renaming one link of a file onto another does nothing and would leave both.
        if self.bay.join(&image).try_exists()? {
            return Ok(true);
        }
        // The claim comes first: the daemon reads it when the image appears.
        let claim = claim_of(&image);
        if self.samples.join(&claim).try_exists()? {
            self.place(&claim)?;
        }
        self.place(&image)?;
        Ok(true)
    }

    /// Makes a file of the samples appear in the bay at once and whole.
    fn place(&self, name: &str) -> io::Result<()> {
        let source = self.samples.join(name);
        // The daemon ignores names that begin with a dot.
        let hidden = self.bay.join(format!(".{name}.part"));
        if hidden.try_exists()? {
            std::fs::remove_file(&hidden)?;
        }
        if std::fs::hard_link(&source, &hidden).is_err() {
            std::fs::copy(&source, &hidden)?;
        }
        std::fs::rename(&hidden, self.bay.join(name))
    }

    /// Takes every image out, then the claims. What is not a sample is somebody's own file:
    /// it is moved into `.pulled` and not deleted.
    fn pull(&self) -> io::Result<()> {
        let (claims, images): (Vec<_>, Vec<_>) = names(&self.bay)?
            .into_iter()
            .partition(|name| name.ends_with(CLAIM));
        for name in images.iter().chain(&claims) {
            let place = self.bay.join(name);
            if self.samples.join(name).try_exists()? {
                std::fs::remove_file(place)?;
            } else {
                set_aside(&place, &self.bay.join(".pulled"), name)?;
            }
        }
        Ok(())
    }
}

/// Names of the visible files in a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if entry.file_type()?.is_file() && !name.is_empty() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// `1-clean.img` has `1-clean.claim.toml`.
fn claim_of(image: &str) -> String {
    format!("{}{CLAIM}", image.strip_suffix(IMAGE).unwrap_or(image))
}

fn set_aside(place: &Path, folder: &Path, name: &str) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 0..ASIDE_MAX {
        let mut aside = OsString::from(name);
        if number != 0 {
            aside.push(format!(".{number}"));
        }
        let target = folder.join(aside);
        if !target.try_exists()? {
            return std::fs::rename(place, target);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folders() -> (tempfile::TempDir, Folders) {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders {
            bay: root.path().join("bay"),
            samples: root.path().join("samples"),
        };
        fs::create_dir(&folders.bay).unwrap();
        fs::create_dir(&folders.samples).unwrap();
        for (name, content) in [
            ("1-clean.img", "one"),
            ("1-clean.claim.toml", "vid = 1"),
            ("3-unregistered.img", "three"),
        ] {
            fs::write(folders.samples.join(name), content).unwrap();
        }
        (root, folders)
    }

    fn everything(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_sample_comes_with_its_claim_and_leaves_nothing_half_done() {
        let (_root, folders) = folders();
        assert_eq!(folders.fulfil(Wish::Insert(1)), Some(Note::Inserted(1)));
        assert_eq!(folders.fulfil(Wish::Insert(1)), Some(Note::Inserted(1)));
        assert_eq!(
            everything(&folders.bay),
            ["1-clean.claim.toml", "1-clean.img"]
        );
        assert_eq!(folders.fulfil(Wish::Insert(3)), Some(Note::Inserted(3)));
        assert_eq!(
            fs::read(folders.bay.join("3-unregistered.img")).unwrap(),
            b"three"
        );
    }

    #[test]
    fn a_sample_that_is_not_there_is_said_to_be_missing() {
        let (_root, folders) = folders();
        assert_eq!(folders.fulfil(Wish::Insert(2)), Some(Note::Missing(2)));
        assert!(everything(&folders.bay).is_empty());
    }

    #[test]
    fn a_bay_that_is_not_there_fails_and_is_said_so() {
        let (_root, folders) = folders();
        fs::remove_dir(&folders.bay).unwrap();
        assert_eq!(folders.fulfil(Wish::Insert(1)), Some(Note::Failed));
        assert_eq!(folders.fulfil(Wish::Pull), Some(Note::Failed));
    }

    #[test]
    fn pulling_empties_the_bay_and_keeps_the_samples_and_what_somebody_dropped_in() {
        let (_root, folders) = folders();
        for _ in 0..2 {
            let _ = folders.fulfil(Wish::Insert(1));
            fs::write(folders.bay.join("own.img"), "mine").unwrap();
            assert_eq!(folders.fulfil(Wish::Pull), Some(Note::Pulled));
        }
        assert_eq!(everything(&folders.bay), [".pulled"]);
        assert_eq!(
            everything(&folders.bay.join(".pulled")),
            ["own.img", "own.img.1"]
        );
        assert_eq!(
            fs::read(folders.samples.join("1-clean.img")).unwrap(),
            b"one"
        );
    }

    #[test]
    fn only_the_keys_of_the_footer_ask_for_anything() {
        let wish = |key| Bay::default().pressed(key).wish;
        assert_eq!(wish('1'), Some(Wish::Insert(1)));
        assert_eq!(wish('4'), Some(Wish::Insert(4)));
        assert_eq!(wish('0'), Some(Wish::Pull));
        assert_eq!(wish('q'), Some(Wish::Quit));
        for key in ['5', '9', 'x', '\u{3}', '\u{1b}', '合'] {
            assert_eq!(wish(key), None, "{key:?}");
        }
    }

    #[test]
    fn a_note_goes_away_by_itself() {
        let bay = Bay::default()
            .noted(Note::Pulled)
            .aged(Duration::from_secs(2));
        assert!(bay.note.is_some());
        assert_eq!(bay.aged(Duration::from_secs(1)).note, None);
    }
}
