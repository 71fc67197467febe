//! Images in memory, the tools that make them, and what a walk found.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use volume::{Blocks, Seen, Tree};
use wire::scan::Limits;
use wire::worker::Item;
use wire::{Finding, Row};

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
    pub(crate) items: Vec<Item>,
    pub(crate) rows: Vec<Row>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) label: String,
    pub(crate) allocated_bytes: u64,
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
        let names: BTreeSet<_> = self.contents.keys().collect();
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
    }
}

/// Walks `image` as `kind` and reads every content.
pub(crate) fn walk(kind: &str, image: Vec<u8>) -> Found {
    walk_with(kind, image, &Limits::default())
}

/// The same with other limits.
pub(crate) fn walk_with(kind: &str, image: Vec<u8>, limits: &Limits) -> Found {
    let medium: Rc<dyn Blocks> = Rc::new(volume::Cached::new(Rc::new(Image(image))));
    let mut tree = volume::open(kind, 0, medium).unwrap();
    walk_tree(&mut *tree, limits)
}

/// The same for a tree.
pub(crate) fn walk_tree(tree: &mut dyn Tree, limits: &Limits) -> Found {
    let mut items = Vec::new();
    let mut rows = Vec::new();
    let about = tree.about();
    let findings = tree.walk(limits, &mut |seen| match seen {
        Seen::Item(item) => items.push(item),
        Seen::Row(row) => rows.push(row),
    });
    let mut contents = BTreeMap::new();
    for item in &items {
        let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
        contents.insert(path, read(tree, item));
    }
    Found {
        items,
        rows,
        findings: findings.unwrap(),
        label: about.label.as_text().unwrap().to_owned(),
        allocated_bytes: about.allocated_bytes,
        contents,
    }
}

fn read(tree: &dyn Tree, item: &Item) -> Result<Vec<u8>, io::ErrorKind> {
    let mut content = Vec::new();
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
