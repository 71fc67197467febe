use std::fs;

use bundle::Listed;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::log::sample::hash;

fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

/// A compiled list in `into`.
fn compile(into: &Path, sort: Sort, title: &str, text: &str) {
    let source = into.with_extension("txt");
    fs::write(&source, text).unwrap();
    build(&Plan {
        sort,
        title,
        sources: std::slice::from_ref(&source),
        into,
    })
    .unwrap();
    fs::remove_file(source).unwrap();
}

/// A bundle with these files, signed by nobody.
fn bundled(folder: &Path, files: &[&str]) -> PathBuf {
    let listed = files.iter().map(|path| {
        let bytes = fs::read(folder.join(path)).unwrap();
        Listed {
            path: (*path).to_owned(),
            size_bytes: u64::try_from(bytes.len()).unwrap(),
            sha256: Digest(Sha256::digest(&bytes).into()),
        }
    });
    let manifest = Manifest {
        bundle: "vendor".to_owned(),
        version: 3,
        issued: "2026-11-20".parse().unwrap(),
        expires: "2027-11-20".parse().unwrap(),
        rules: 12,
        files: listed.collect(),
    };
    let output = folder.join("vendor-3.bundle");
    let mut open = |file: &Listed| File::open(folder.join(&file.path));
    let out = File::create(&output).unwrap();
    bundle::pack(&manifest, None, &mut open, out).unwrap();
    output
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    fs::create_dir(&lists).unwrap();
    compile(
        &lists.join("bad.hashes"),
        Sort::Block,
        "vendor's worst",
        &hash(3),
    );
    compile(
        &lists.join("good.hashes"),
        Sort::Known,
        "published",
        &hash(1),
    );
    fs::write(folder.path().join("a.yar"), "rule a { condition: false }").unwrap();
    folder
}

#[test]
fn the_lists_of_a_bundle_are_taken_out_of_it_and_its_rules_counted() {
    let folder = folder();
    let bundle = bundled(
        folder.path(),
        &["a.yar", "lists/bad.hashes", "lists/good.hashes"],
    );
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let sources = Sources::read(&[], Some(&bundle), &paths).unwrap();
    let expected = Yara {
        rules: Some(12),
        files: 1,
    };
    assert_eq!(sources.yara, Some(expected));
    assert_eq!(sources.known, ["published"]);
    let [source] = sources.lists.as_slice() else {
        panic!("not one list")
    };
    assert_eq!(source.title, "vendor's worst");
    assert!(source.look_up(digest(3)).unwrap().is_some());
    assert!(source.look_up(digest(1)).unwrap().is_none());

    // One byte of the list: it is not what the manifest says.
    let mut bytes = fs::read(&bundle).unwrap();
    let list = fs::read(folder.path().join("lists/bad.hashes")).unwrap();
    let at = bytes.windows(64).position(|window| window == &list[..64]);
    bytes[at.unwrap() + 40] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    assert!(Sources::read(&[], Some(&bundle), &paths).is_err());
}

#[test]
fn a_compiled_list_is_read_as_hashes_and_as_part_of_a_folder() {
    let folder = folder();
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let list = folder.path().join("lists/good.hashes");
    // Whoever names a list of harmless contents wants them found.
    let sources = Sources::read(std::slice::from_ref(&list), None, &paths).unwrap();
    assert!(sources.lists[0].look_up(digest(1)).unwrap().is_some());
    assert_eq!(sources.yara, None);
    let sources = Sources::read(&[], Some(folder.path()), &paths).unwrap();
    assert_eq!((sources.lists.len(), sources.known.len()), (1, 1));

    fs::write(folder.path().join("lists/stray.txt"), hash(1)).unwrap();
    let error = Sources::read(&[], Some(folder.path()), &paths)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("stray.txt is no compiled list"),
        "{error}"
    );
    let mut bytes = fs::read(&list).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&list, bytes).unwrap();
    assert!(Sources::read(&[list], None, &paths).is_err());
}

#[test]
fn more_lists_than_one_set_may_have_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let block = folder.path().join("lists/block");
    fs::create_dir_all(&block).unwrap();
    for number in 0..=LISTS_MAX {
        fs::write(block.join(format!("{number:03}")), hash(3)).unwrap();
    }
    let paths = Paths::chosen(Some(folder.path().to_owned()));
    let error = Sources::read(&[], Some(folder.path()), &paths)
        .err()
        .unwrap();
    assert!(error.to_string().contains("join some of them"), "{error}");
}
