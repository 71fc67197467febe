//! Images in memory, the tools that make them, and what a walk found.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use volume::{Blocks, Seen, Tree};
use wire::scan::{Limits, Spare};
use wire::worker::{Item, Locator};
use wire::{Finding, Row, RowKind};

/// A medium in memory.
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Blocks for Image {
    fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset_bytes).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let bytes = self
            .0
            .get(start..)
            .and_then(|tail| tail.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What a walk found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Files, streams and deleted files.
    pub(crate) items: Vec<Item>,
    /// What is matched as raw bytes.
    pub(crate) raw: Vec<Item>,
    pub(crate) rows: Vec<Row>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) label: String,
    pub(crate) unallocated_bytes: u64,
    pub(crate) size_bytes: u64,
    /// Path to content; an error is its kind.
    pub(crate) contents: BTreeMap<String, Result<Vec<u8>, io::ErrorKind>>,
}

impl Found {
    /// The rules of what is wrong with the volume.
    pub(crate) fn rules(&self) -> Vec<&str> {
        self.findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect()
    }

    /// Asserts that the volume holds exactly `expected` and that nothing is wrong with it.
    pub(crate) fn assert_holds(&self, expected: &BTreeMap<String, Vec<u8>>) {
        assert_eq!(self.rules(), Vec::<&str>::new());
        assert!(self.rows.is_empty(), "{:?}", self.rows);
        let files = self.items.iter().map(|item| {
            let path = item.path.as_bytes();
            String::from_utf8_lossy(path).into_owned()
        });
        let files: Vec<String> = files.collect();
        let names: BTreeSet<_> = files.iter().collect();
        let right: BTreeSet<_> = expected.keys().collect();
        assert_eq!(
            names.symmetric_difference(&right).collect::<Vec<_>>(),
            Vec::<&&String>::new()
        );
        for (path, content) in expected {
            assert!(
                self.contents[path].as_ref() == Ok(content),
                "content of {path}"
            );
        }
        assert_eq!(self.items.len(), expected.len());
        self.assert_accounts();
    }

    /// Asserts that every byte of the volume is part of exactly one thing that was found.
    pub(crate) fn assert_accounts(&self) {
        let all = || self.items.iter().chain(&self.raw).map(|item| item.share);
        let allocated: u64 = all().map(|share| share.allocated_bytes).sum();
        let unallocated: u64 = all().map(|share| share.unallocated_bytes).sum();
        assert_eq!(unallocated, self.unallocated_bytes);
        assert_eq!(allocated + unallocated, self.size_bytes);
    }

    /// Names of raw contents that hold `needle`.
    pub(crate) fn raw_with(&self, needle: &[u8]) -> Vec<&str> {
        let has = |item: &&Item| {
            let path = std::str::from_utf8(item.path.as_bytes()).unwrap();
            let content = self.contents[path].as_ref().unwrap();
            content.windows(needle.len()).any(|window| window == needle)
        };
        let with = self.raw.iter().filter(has);
        with.map(|item| std::str::from_utf8(item.path.as_bytes()).unwrap())
            .collect()
    }
}

/// Walks `image` as `kind` and reads every content.
pub(crate) fn walk(kind: &str, image: Vec<u8>) -> Found {
    walk_with(kind, image, &Limits::default())
}

/// The same with other limits.
pub(crate) fn walk_with(kind: &str, image: Vec<u8>, limits: &Limits) -> Found {
    let size_bytes = image.len() as u64;
    let medium: Rc<dyn Blocks> = Rc::new(volume::Cached::new(Rc::new(Image(image))));
    let mut tree = volume::open(kind, 0, medium.clone()).unwrap();
    let tree = &mut *tree;
    let (mut items, mut raw) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    let label = tree.label();
    let spare = Spare {
        unallocated: true,
        deleted: true,
    };
    let walked = tree.walk(limits, spare, &mut |seen| match seen {
        Seen::Item(item) if is_raw(&item) => raw.push(item),
        Seen::Item(item) => items.push(item),
        Seen::Row(row) => rows.push(row),
    });
    let walked = walked.unwrap();
    let mut contents = BTreeMap::new();
    for item in items.iter().chain(&raw) {
        let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
        contents.insert(path, read(&*medium, tree, item));
        if item.share.slack_bytes != 0
            && let Some(slack) = slack(tree, item)
        {
            let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
            contents.insert(format!("{path}:slack"), Ok(slack));
        }
    }
    Found {
        items,
        raw,
        rows,
        findings: walked.findings,
        label: label.as_text().unwrap().to_owned(),
        unallocated_bytes: walked.unallocated_bytes,
        size_bytes,
        contents,
    }
}

fn is_raw(item: &Item) -> bool {
    matches!(item.kind, RowKind::Boot | RowKind::Unallocated)
}

/// What is in the clusters of a content and not of it; `None` when it is empty.
fn slack(tree: &dyn Tree, item: &Item) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    tree.slack(item).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, item.share.slack_bytes);
    bytes.iter().any(|byte| *byte != 0).then_some(bytes)
}

fn read(medium: &dyn Blocks, tree: &dyn Tree, item: &Item) -> Result<Vec<u8>, io::ErrorKind> {
    let mut content = Vec::new();
    if let Locator::Extents(extents) = &item.locator {
        let mut reader = volume::raw(medium, extents);
        reader.read_to_end(&mut content).map_err(|error| error.kind())?;
        return Ok(content);
    }
    let mut reader = match tree.open(item) {
        Ok(reader) => reader,
        Err(volume::VolumeError::Read(error)) => return Err(error.kind()),
        Err(other) => panic!("{other}"),
    };
    reader
        .read_to_end(&mut content)
        .map_err(|error| error.kind())?;
    assert_eq!(content.len() as u64, item.size_bytes);
    Ok(content)
}

/// Kind of the whole image.
pub(crate) fn kind(image: &[u8]) -> &'static str {
    volume::probe(&Image(image.to_vec())).unwrap().name()
}

/// A folder of one test.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An image of zeros.
    pub(crate) fn blank(&self, size_bytes: u64) -> PathBuf {
        let path = self.path("image");
        std::fs::File::create(&path)
            .unwrap()
            .set_len(size_bytes)
            .unwrap();
        path
    }

    /// Files and folders for the tools that copy a whole tree.
    pub(crate) fn tree(&self, files: &BTreeMap<String, Vec<u8>>) -> PathBuf {
        let root = self.path("tree");
        std::fs::create_dir(&root).unwrap();
        for (path, content) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        root
    }
}

/// Runs a tool, which must be there and succeed.
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
        .env("MTOOLS_SKIP_CHECK", "1")
        .env("LC_ALL", "C.UTF-8");
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Bytes that differ at every place and with every seed.
pub(crate) fn bytes(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |state: &mut u32| {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        (*state >> 24) as u8
    };
    (0..length).map(|_| next(&mut state)).collect()
}

/// Files as people keep them: folders, Japanese names, an empty file, sizes around clusters.
/// No name beyond the basic plane: mtools and genisoimage cannot write one.
pub(crate) fn sample() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut add = |path: &str, content: Vec<u8>| files.insert(path.to_owned(), content);
    add("README.TXT", b"hello".to_vec());
    add("空のファイル.txt", Vec::new());
    add("点検記録/二〇二六年/ポンプ 1号機.csv", bytes(1, 511));
    add("点検記録/二〇二六年/ﾊﾞｯｸｱｯﾌﾟ～髙﨑.bin", bytes(2, 512));
    add(
        "点検記録/long name with spaces and dots.v1.2.tar.gz",
        bytes(3, 513),
    );
    add("sizes/4096.bin", bytes(4, 4096));
    add("sizes/4097.bin", bytes(5, 4097));
    add("sizes/large.bin", bytes(6, 300_000));
    for number in 0..120 {
        add(
            &format!("many/file number {number:04}.dat"),
            bytes(100 + number, 40),
        );
    }
    let deep: Vec<String> = (1..=20).map(|level| format!("level{level}")).collect();
    add(&format!("{}/leaf.txt", deep.join("/")), b"leaf".to_vec());
    files
}
