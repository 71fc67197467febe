//! The reader against `ext4-view`, which others have written, on sound and on damaged volumes.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::rc::Rc;

use ext4_view::{Ext4, PathBuf};
use volume::Seen;
use wire::scan::{Limits, Spare};
use wire::{RowKind, Tier};

use super::{made, with_extras};
use crate::mutation::{campaign, files, metadata, mutate};
use crate::support::{Image, sample, walk};

/// Files and their contents as the other reader gives them, and whether it met an error.
fn others(image: &[u8]) -> (BTreeMap<String, Vec<u8>>, bool) {
    let mut found = BTreeMap::new();
    let Ok(system) = Ext4::load(Box::new(image.to_vec())) else {
        return (found, true);
    };
    let mut failed = false;
    let mut pending = VecDeque::from([PathBuf::new("/")]);
    let mut folders = 0;
    while let Some(folder) = pending.pop_front() {
        folders += 1;
        if 200 < folders {
            return (found, true);
        }
        let Ok(entries) = system.read_dir(&folder) else {
            failed = true;
            continue;
        };
        for entry in entries {
            let Ok(entry) = entry else {
                failed = true;
                continue;
            };
            let name: Vec<u8> = entry.file_name().as_ref().to_vec();
            let Ok(metadata) = entry.metadata() else {
                failed = true;
                continue;
            };
            if name == b"." || name == b".." {
            } else if metadata.is_dir() {
                pending.push_back(entry.path());
            } else if metadata.file_type().is_regular_file() {
                let path = String::from_utf8_lossy(entry.path().as_ref()).into_owned();
                // A size out of all proportion is not read to its end.
                if 1 << 22 < metadata.len() {
                    failed = true;
                } else if let Ok(content) = system.read(&entry.path()) {
                    found.insert(path.trim_start_matches('/').to_owned(), content);
                } else {
                    failed = true;
                }
            }
        }
    }
    (found, failed)
}

/// The same by our own reader; `None` when it refuses the volume.
fn ours(image: Vec<u8>) -> Option<(BTreeMap<String, Vec<u8>>, bool)> {
    let mut tree = volume::open("ext4", 0, Rc::new(Image(image))).ok()?;
    let (mut items, mut told) = (Vec::new(), false);
    let spare = Spare {
        unallocated: false,
        deleted: false,
    };
    let walked = tree.walk(&Limits::default(), spare, &mut |seen| match seen {
        Seen::Item(item) if item.kind == RowKind::File => items.push(item),
        Seen::Item(_) => {}
        Seen::Row(_) => told = true,
    });
    let findings = walked.unwrap().findings;
    told |= findings.iter().any(|one| one.tier == Tier::Incomplete);
    let mut found = BTreeMap::new();
    for item in items {
        let mut content = Vec::new();
        let read = tree
            .open(&item)
            .map(|reader| reader.take(1 << 22).read_to_end(&mut content));
        told |= !matches!(read, Ok(Ok(_)));
        let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
        found.insert(path, content);
    }
    Some((found, told))
}

const KINDS: [&[&str]; 3] = [
    &["-t", "ext4"],
    &["-t", "ext4", "-O", "^metadata_csum"],
    &["-t", "ext2"],
];

#[test]
fn both_readers_give_the_same_files_of_sound_volumes() {
    for options in KINDS {
        let image = made(options, 16 << 20, &sample());
        let (others, failed) = others(&image);
        assert!(!failed);
        assert_eq!(others, sample());
        walk("ext4", image).assert_holds(&with_extras(&sample()));
    }
}

#[test]
fn a_file_that_the_other_reader_finds_on_a_damaged_volume_is_found_or_told() {
    let files = files();
    for options in KINDS {
        let image = made(options, 4 << 20, &files);
        let sectors = metadata(&image, &files);
        let (mut more, mut fewer) = (0, 0);
        for seed in 0..150 {
            let damaged = mutate(&image, &sectors, seed);
            let (others, failed) = others(&damaged);
            let Some((own, told)) = ours(damaged) else {
                continue;
            };
            for (path, content) in &others {
                let same = own.get(path) == Some(content);
                assert!(told || same, "case {seed} of {options:?}: {path}");
            }
            let own = own.len().saturating_sub(2);
            more += usize::from(others.len() < own);
            fewer += usize::from(own < others.len() && !failed);
        }
        println!("{options:?}: more files in {more} cases, fewer in {fewer}");
        assert!(fewer <= more);
    }
}

#[test]
fn damaged_volumes_without_checksums_are_hardly_ever_silent() {
    let files = files();
    let extras = with_extras(&files);
    for options in [
        &["-t", "ext4", "-O", "^metadata_csum"][..],
        &["-t", "ext2"],
        &["-t", "ext3"],
    ] {
        let image = made(options, 4 << 20, &files);
        let silent = campaign("ext4", &image, &extras);
        println!("{options:?}: {silent} silent");
        assert!(silent <= 3, "{silent} silent for {options:?}");
    }
}
