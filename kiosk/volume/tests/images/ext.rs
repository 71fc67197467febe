//! ext2, ext3 and ext4.

mod against;
mod hidden;
mod replay;
mod variants;

use std::collections::BTreeMap;
use std::path::Path;

use wire::{Gap, Outcome, Tier};

use crate::support::{Bench, arg, bytes, kind, run, sample, walk};

/// An image made and filled by mke2fs.
pub(crate) fn image(kind: &str, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    made(&["-t", kind], 16 << 20, files)
}

/// The same with these options and of this size.
fn made(options: &[&str], size_bytes: u64, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let bench = Bench::new();
    let tree = bench.tree(files);
    std::os::unix::fs::symlink("../etc/passwd", tree.join("link")).unwrap();
    run("mkfifo", [arg(&tree.join("pipe"))]);
    let image = bench.blank(size_bytes);
    let (tree, path) = (arg(&tree), arg(&image));
    let fixed = ["-q", "-F", "-L", "LABEL1", "-d", &tree];
    let arguments = fixed.iter().chain(options).copied();
    run("mke2fs", arguments.chain([path.as_str()]));
    std::fs::read(image).unwrap()
}

/// What [`made`] puts on a volume.
fn with_extras(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut expected = files.clone();
    expected.insert("link".to_owned(), b"../etc/passwd".to_vec());
    expected.insert("pipe".to_owned(), Vec::new());
    expected
}

/// Has debugfs do this to an image.
fn debugfs(image: &Path, commands: &[String]) {
    let script = image.with_extension("script");
    std::fs::write(&script, commands.join("\n") + "\n").unwrap();
    run("debugfs", ["-w", "-f", &arg(&script), &arg(image)]);
}

/// The same to an image in memory.
fn changed(image: &[u8], commands: &[&str]) -> Vec<u8> {
    let bench = Bench::new();
    let path = bench.path("image");
    std::fs::write(&path, image).unwrap();
    let commands: Vec<String> = commands.iter().map(|one| (*one).to_owned()).collect();
    debugfs(&path, &commands);
    std::fs::read(path).unwrap()
}

#[test]
fn every_file_of_ext2_ext3_and_ext4_is_found_and_right() {
    let files = sample();
    let expected = with_extras(&files);
    for name in ["ext2", "ext3", "ext4"] {
        let image = image(name, &files);
        assert_eq!(kind(&image), name);
        let found = walk(name, image);
        found.assert_holds(&expected);
        assert_eq!(found.label, "LABEL1");
        let pipe = found
            .items
            .iter()
            .find(|item| item.path.as_bytes() == b"pipe");
        assert_eq!(pipe.unwrap().findings[0].rule, "special_file");
    }
}

#[test]
fn a_folder_that_cannot_be_listed_is_a_row() {
    let files = BTreeMap::from([("folder/unlikely-name.bin".to_owned(), bytes(1, 100))]);
    let mut image = image("ext4", &files);
    let name = b"unlikely-name.bin";
    let at = image
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    image[at] = b'X';
    let found = walk("ext4", image);
    assert_eq!(found.rules(), ["folder_damaged"]);
    assert_eq!(found.rows[0].path.as_bytes(), b"folder");
    assert_eq!(found.rows[0].outcome, Outcome::Unchecked(Gap::Damaged));
}

#[test]
fn a_truncated_image_is_reported_or_refused() {
    let mut image = image("ext4", &sample());
    image.truncate(4 << 20);
    let medium = std::rc::Rc::new(crate::support::Image(image.clone()));
    match volume::open("ext4", 0, medium) {
        Ok(_) => assert!(walk("ext4", image).rules().contains(&"volume_past_end")),
        Err(error) => assert_eq!(error.finding().tier, Tier::Incomplete),
    }
}

#[test]
fn a_feature_that_is_not_read_is_unsupported() {
    let mut image = image("ext2", &sample());
    image[1024 + 0x60 + 3] |= 0x10;
    let medium = std::rc::Rc::new(crate::support::Image(image));
    let error = volume::open("ext4", 0, medium).err().unwrap();
    assert_eq!(error.gap(), Gap::Unsupported);
    assert!(error.to_string().contains("0x10000000"), "{error}");
}
