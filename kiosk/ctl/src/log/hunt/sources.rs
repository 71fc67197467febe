//! What is looked for: lists of hashes, from sources, compiled, in a folder of rules or in a
//! bundle.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use broker::{Paths, rules};
use bundle::lists::{Algorithm, Entry, Hash, List, Plan, Sort, build, rows_without};
use bundle::{Archive, Listed, Manifest, Unpack};
use jiff::Timestamp;
use wire::Digest;
use wire::scan::LISTS_MAX;

use crate::CommandError;

/// What a compiled list's file ends in.
const COMPILED: &str = "hashes";

/// One list, open.
pub(super) struct Source {
    /// What findings call it.
    pub(super) title: String,
    list: List<File>,
    /// Digests by SHA-256: those that are looked for.
    pub(super) sha256: u64,
    /// Whether it has that of nothing too, which is not: every medium has such a file.
    pub(super) has_nothing: bool,
    /// Rows without one, which cannot; of a compiled list, at least so many.
    pub(super) without: u64,
}

/// Rules that say something only when they read a content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Yara {
    /// How many; `None` when nothing says so.
    pub(super) rules: Option<u64>,
    /// In how many files.
    pub(super) files: u64,
}

impl Yara {
    /// That they cannot be looked back with, for people.
    pub(super) fn said(self) -> String {
        let rules = self.rules.map(|rules| format!("{rules} YARA rules"));
        format!(
            "NOT looked back with: {} in {} files, which say something only when they read a \
             content, and the ledger holds none",
            rules.unwrap_or_else(|| "the YARA rules".to_owned()),
            self.files
        )
    }
}

/// Everything that is looked for.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) lists: Vec<Source>,
    /// Rules that cannot be looked back with; `None` when no rules were given.
    pub(super) yara: Option<Yara>,
    /// Lists of what is harmless, which are not looked for.
    pub(super) known: Vec<String>,
}

impl Sources {
    /// Reads every file of `hashes`, and the lists of `rules`.
    ///
    /// # Errors
    /// When one cannot be read as what it should be; when there is no SHA-256 in all of them.
    pub(super) fn read(
        hashes: &[PathBuf],
        rules: Option<&Path>,
        paths: &Paths,
    ) -> Result<Self, CommandError> {
        let mut sources = Self::default();
        for path in hashes {
            let source = if is_compiled(path) {
                Source::compiled(path, File::open(path))?
            } else {
                Source::built(path)?
            };
            sources.lists.push(source);
        }
        if let Some(rules) = rules {
            sources.rules(rules, paths)?;
        }
        let sha256 = sources.lists.iter().map(|list| list.sha256);
        if sha256.fold(0, u64::saturating_add) == 0 {
            let yara = sources.yara.map(|yara| format!("; {}", yara.said()));
            let nothing = sources.lists.iter().any(|list| list.has_nothing);
            let nothing = nothing.then_some(" but that of a file without a byte");
            return Err(CommandError::Lists(format!(
                "there is no SHA-256 to look for in what was given{}, and the ledger holds no \
                 other hashes{}",
                nothing.unwrap_or_default(),
                yara.unwrap_or_default()
            )));
        }
        Ok(sources)
    }

    fn rules(&mut self, path: &Path, paths: &Paths) -> Result<(), CommandError> {
        let about = fs::metadata(path).map_err(CommandError::file("read", path))?;
        if about.is_dir() {
            return self.folder(path, paths);
        }
        let file = File::open(path).map_err(CommandError::file("read", path))?;
        if begins_as_bundle(&file).map_err(CommandError::file("read", path))? {
            return self.bundle(path, file);
        }
        Err(CommandError::Lists(format!(
            "{} is neither a folder of rules nor a bundle; a list of hashes is given with --hashes",
            path.display()
        )))
    }

    /// A folder of rules: its compiled lists, and the sources of lists that are not built yet.
    fn folder(&mut self, folder: &Path, paths: &Paths) -> Result<(), CommandError> {
        let lists = folder.join("lists");
        for path in files(&lists)? {
            if path.is_dir() {
                let is_block = path.file_name() == Some("block".as_ref());
                for source in files(&path)? {
                    if is_block {
                        self.take(Source::built(&source)?)?;
                    } else {
                        self.known.push(title(&source));
                    }
                }
            } else if is_compiled(&path) {
                let source = Source::compiled(&path, File::open(&path))?;
                self.take_unless_known(source)?;
            } else {
                return Err(CommandError::Lists(format!(
                    "{} is no compiled list; build one with kioskctl rules list",
                    path.display()
                )));
            }
        }
        self.yara = Some(Yara {
            rules: counted(folder, paths),
            files: rule_files(folder)?,
        });
        Ok(())
    }

    /// A bundle as it lies there. What it holds is compared with its manifest; who signed it is
    /// not asked: a look into the past opens no gate.
    fn bundle(&mut self, path: &Path, file: File) -> Result<(), CommandError> {
        let wrong = |source| CommandError::Bundle {
            path: path.to_owned(),
            source,
        };
        let archive = Archive::to_be_signed(io::BufReader::new(file)).map_err(wrong)?;
        let yara = |listed: &&Listed| is_rule(Path::new(&listed.path));
        let files = archive.manifest().files.iter().filter(yara).count();
        self.yara = Some(Yara {
            rules: Some(archive.manifest().rules),
            files: u64::try_from(files).unwrap_or(u64::MAX),
        });
        let mut taken = Taken::default();
        archive.unpack(&mut taken).map_err(wrong)?;
        for (name, file) in taken.lists {
            self.take_unless_known(Source::compiled(&path.join(name), Ok(file))?)?;
        }
        Ok(())
    }

    fn take_unless_known(&mut self, source: Source) -> Result<(), CommandError> {
        match source.list.about().sort {
            Sort::Block => self.take(source),
            Sort::Known => {
                self.known.push(source.title);
                Ok(())
            }
        }
    }

    fn take(&mut self, source: Source) -> Result<(), CommandError> {
        if LISTS_MAX <= self.lists.len() {
            let why = format!("more than {LISTS_MAX} lists; join some of them");
            return Err(CommandError::Lists(why));
        }
        self.lists.push(source);
        Ok(())
    }
}

impl Source {
    /// A source of a list, compiled where it goes when this ends. Memory holds a few million
    /// rows, whatever their number.
    fn built(path: &Path) -> Result<Self, CommandError> {
        let scratch = Scratch::make()?;
        let into = scratch.0.join("list.hashes");
        let title = title(path);
        build(&Plan {
            // Nothing is refused that can be looked for.
            sort: Sort::Known,
            title: &title,
            sources: &[path.to_owned()],
            into: &into,
        })?;
        let mut source = Self::compiled(path, File::open(&into))?;
        source.without = rows_without(path, Algorithm::Sha256)?;
        Ok(source)
    }

    fn compiled(path: &Path, file: io::Result<File>) -> Result<Self, CommandError> {
        let file = file.map_err(CommandError::file("read", path))?;
        let refused = |error| {
            let why = wire::explained(&error);
            CommandError::Lists(format!("{}: {why}", path.display()))
        };
        let list = List::open(file).map_err(refused)?;
        list.verify().map_err(refused)?;
        let about = list.about();
        let of = |algorithm| about.rows_of(algorithm);
        let sha256 = of(Algorithm::Sha256);
        let others = of(Algorithm::Sha1).max(of(Algorithm::Md5));
        let mut source = Self {
            title: about.title,
            list,
            sha256,
            has_nothing: false,
            without: others.saturating_sub(sha256),
        };
        source.has_nothing = source.look_up(Digest::OF_NOTHING)?.is_some();
        source.sha256 = sha256.saturating_sub(u64::from(source.has_nothing));
        Ok(source)
    }

    /// What the list has of this content.
    pub(super) fn look_up(&self, sha256: Digest) -> Result<Option<Entry>, CommandError> {
        if self.sha256 == 0 {
            return Ok(None);
        }
        let found = self.list.look_up(&Hash::Sha256(sha256.0));
        found.map_err(|error| {
            let why = wire::explained(&error);
            CommandError::Lists(format!("list {:?}: {why}", self.title))
        })
    }
}

/// The name of a list that is not built yet.
fn title(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let most = bundle::lists::TITLE_BYTES_MAX;
    let title = wire::name::line_within(&stem, most);
    if title.is_empty() {
        "list".to_owned()
    } else {
        title
    }
}

fn is_compiled(path: &Path) -> bool {
    path.extension() == Some(COMPILED.as_ref())
}

fn is_rule(path: &Path) -> bool {
    let endings = ["yar", "yara"];
    endings
        .iter()
        .any(|ending| path.extension() == Some(ending.as_ref()))
}

/// How many rules a folder holds: as its manifest says, else as they compile. `None` when they do
/// not, which is no reason not to look for hashes.
fn counted(folder: &Path, paths: &Paths) -> Option<u64> {
    let manifest = fs::read_to_string(folder.join(bundle::MANIFEST)).ok();
    if let Some(manifest) = manifest.and_then(|text| Manifest::parse(&text).ok()) {
        return Some(manifest.rules);
    }
    match rules::load(folder, paths, Timestamp::now()) {
        Ok(loaded) => Some(loaded.map_or(0, |loaded| loaded.about.rules)),
        Err(_) => None,
    }
}

/// Files of rules below a folder.
fn rule_files(folder: &Path) -> Result<u64, CommandError> {
    let mut count = 0_u64;
    let mut folders = vec![folder.to_owned()];
    while let Some(place) = folders.pop() {
        for entry in fs::read_dir(&place).map_err(CommandError::file("list", &place))? {
            let entry = entry.map_err(CommandError::file("list", &place))?;
            // What is linked is not followed, so no folder is read twice.
            let kind = entry.file_type();
            let kind = kind.map_err(CommandError::file("list", &place))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if is_rule(&entry.path()) {
                count = count.saturating_add(1);
            }
        }
    }
    Ok(count)
}

/// What a folder holds, in the order of the names, without what begins with a dot; nothing when
/// it is not there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(CommandError::file("list", folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(CommandError::file("list", folder))?.path();
        let name = path.file_name().unwrap_or_default();
        if !name.as_encoded_bytes().starts_with(b".") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn begins_as_bundle(mut file: &File) -> io::Result<bool> {
    let begins = format!("{}\0", bundle::MANIFEST).into_bytes();
    let mut head = vec![0; begins.len()];
    let is_bundle = match file.read_exact(&mut head) {
        Ok(()) => head == begins,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(error),
    };
    file.rewind()?;
    Ok(is_bundle)
}

/// The lists of a bundle, taken out of it into files without names.
#[derive(Default)]
struct Taken {
    lists: Vec<(String, File)>,
    now: Option<File>,
}

impl Unpack for Taken {
    fn begin(&mut self, file: &Listed) -> io::Result<()> {
        self.now = None;
        if file.is_list() {
            if LISTS_MAX <= self.lists.len() {
                return Err(io::Error::other("more lists than one set may have"));
            }
            let scratch = Scratch::make().map_err(io::Error::other)?;
            let mut options = fs::OpenOptions::new();
            let options = options.read(true).write(true).create_new(true);
            self.now = Some(options.open(scratch.0.join("list"))?);
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.now
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(&mut self, file: &Listed) -> io::Result<()> {
        let taken = self.now.take();
        self.lists
            .extend(taken.map(|list| (file.path.clone(), list)));
        Ok(())
    }
}

/// A folder of this process alone, gone when it is dropped; what is open in it stays readable.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, CommandError> {
        let now = Timestamp::now().as_nanosecond();
        let name = format!("media-kiosk-hunt-{}-{now}", std::process::id());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(CommandError::file("make", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
