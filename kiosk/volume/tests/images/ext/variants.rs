//! The kinds of volumes that mke2fs makes.

use std::collections::BTreeMap;

use wire::RowKind;

use super::{debugfs, made, with_extras};
use crate::support::{Bench, arg, bytes, run, sample, walk};

#[test]
fn every_kind_of_volume_is_read_whole_and_accounted_for() {
    let mut files = sample();
    // Names of half a kilobyte make an index with more than one level of a folder.
    for number in 0..400 {
        let path = format!("index/{number:04}{}", "n".repeat(200));
        files.insert(path, bytes(number, number as usize % 3 * 40));
    }
    let expected = with_extras(&files);
    for options in [
        &["-t", "ext2", "-b", "1024"][..],
        &["-t", "ext2", "-b", "2048", "-I", "128"],
        &["-t", "ext2", "-b", "4096", "-r", "0", "-O", "none"],
        &["-t", "ext3", "-b", "1024"],
        &["-t", "ext3", "-b", "4096"],
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-b", "2048"],
        &["-t", "ext4", "-b", "4096"],
        &["-t", "ext4", "-b", "65536", "-N", "1024"],
        &["-t", "ext4", "-O", "^extents,^64bit"],
        &["-t", "ext4", "-O", "inline_data"],
        &["-t", "ext4", "-O", "inline_data", "-b", "4096", "-I", "512"],
        &["-t", "ext4", "-O", "^metadata_csum"],
        &["-t", "ext4", "-O", "^metadata_csum,uninit_bg"],
        &["-t", "ext4", "-O", "metadata_csum_seed"],
        &["-t", "ext4", "-O", "^64bit"],
        &["-t", "ext4", "-O", "bigalloc"],
        &["-t", "ext4", "-O", "bigalloc", "-b", "4096", "-C", "32768"],
        &["-t", "ext4", "-O", "meta_bg,^resize_inode"],
        &["-t", "ext4", "-O", "sparse_super2,^resize_inode"],
        &["-t", "ext4", "-O", "^sparse_super,^resize_inode"],
        &["-t", "ext4", "-O", "^flex_bg", "-g", "1024"],
        &["-t", "ext4", "-O", "mmp,quota,project"],
        &[
            "-t",
            "ext4",
            "-O",
            "orphan_file,large_dir,casefold,encrypt,verity",
        ],
        &["-t", "ext4", "-O", "^has_journal,ea_inode", "-I", "256"],
        &["-t", "ext4", "-I", "128"],
    ] {
        println!("{options:?}");
        let size = if options.contains(&"65536") {
            80 << 20
        } else {
            18 << 20
        };
        let found = walk("ext4", made(options, size, &files));
        found.assert_holds(&expected);
    }
}

#[test]
fn files_in_many_pieces_and_with_holes_are_right() {
    let filler: BTreeMap<_, _> = (0..1500)
        .map(|number| (format!("filler/{number}"), bytes(number, 1000)))
        .collect();
    for options in [
        &["-t", "ext4", "-b", "1024", "-N", "2048"][..],
        &["-t", "ext2", "-b", "1024", "-N", "2048"],
        &["-t", "ext4", "-b", "4096", "-N", "2048"],
        &["-t", "ext4", "-b", "1024", "-O", "bigalloc", "-N", "2048"],
    ] {
        let bench = Bench::new();
        let path = bench.path("image");
        std::fs::write(&path, made(options, 40 << 20, &filler)).unwrap();
        let mut expected = with_extras(&filler);
        let mut commands = Vec::new();
        for number in (0..1500).step_by(2) {
            commands.push(format!("rm filler/{number}"));
            expected.remove(&format!("filler/{number}"));
        }
        let mut content = bytes(7, 9_000_000);
        content[3_000_000..5_000_000].fill(0);
        for name in ["large.bin", "with holes.bin"] {
            std::fs::write(bench.path(name), &content).unwrap();
            commands.push(format!("write \"{}\" \"{name}\"", arg(&bench.path(name))));
            expected.insert(name.to_owned(), content.clone());
        }
        debugfs(&path, &commands);
        let found = walk("ext4", std::fs::read(path).unwrap());
        // The deleted ones may still be led to by their inodes.
        let kept = found.items.iter().filter(|item| item.kind == RowKind::File);
        assert_eq!(kept.count(), expected.len());
        for (name, content) in &expected {
            assert_eq!(found.contents[name].as_ref(), Ok(content), "{name}");
        }
        assert_eq!(found.rules(), Vec::<&str>::new());
        found.assert_accounts();
    }
}

#[test]
fn links_between_files_and_long_targets_are_listed_and_count_once() {
    let bench = Bench::new();
    let files = BTreeMap::from([("folder/first".to_owned(), bytes(1, 5000))]);
    let tree = bench.tree(&files);
    std::fs::hard_link(tree.join("folder/first"), tree.join("second")).unwrap();
    let target = "t/".repeat(150);
    std::os::unix::fs::symlink(&target, tree.join("slow")).unwrap();
    let path = bench.blank(8 << 20);
    let arguments = ["-q", "-t", "ext4", "-d", &arg(&tree), &arg(&path)];
    run("mke2fs", arguments);
    let mut expected = files.clone();
    expected.insert("second".to_owned(), bytes(1, 5000));
    expected.insert("slow".to_owned(), target.into_bytes());
    walk("ext4", std::fs::read(path).unwrap()).assert_holds(&expected);
}

#[test]
fn blocks_that_were_never_written_read_as_zeros_and_are_slack() {
    let bench = Bench::new();
    let path = bench.path("image");
    let image = made(&["-t", "ext4", "-b", "1024"], 8 << 20, &BTreeMap::new());
    std::fs::write(&path, image).unwrap();
    std::fs::write(bench.path("file"), bytes(1, 1500)).unwrap();
    let write = format!("write {} file", arg(&bench.path("file")));
    debugfs(&path, &[write, "fallocate file 4 9".to_owned()]);
    let found = walk("ext4", std::fs::read(path).unwrap());
    assert_eq!(found.rules(), Vec::<&str>::new());
    found.assert_accounts();
    let item = found
        .items
        .iter()
        .find(|item| item.path.as_bytes() == b"file");
    let share = item.unwrap().share;
    assert_eq!(share.allocated_bytes, 8 * 1024);
    assert_eq!(share.slack_bytes, 8 * 1024 - 1500);
}
