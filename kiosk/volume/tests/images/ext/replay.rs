//! Journals that were not replayed when the medium was pulled out.

use std::collections::BTreeMap;
use std::process::Command;

use super::{changed, debugfs, made};
use crate::support::{Bench, Found, arg, bytes, walk};

/// A volume whose journal holds, in one transaction for each of `steps`, what they change.
fn dirty(options: &[&str], journal: &str, steps: &[&[&str]], bench: &Bench) -> Vec<u8> {
    let files = BTreeMap::from([
        ("first".to_owned(), bytes(1, 3000)),
        ("second".to_owned(), bytes(2, 300)),
    ]);
    let clean = made(options, 16 << 20, &files);
    let size = 1024_usize << clean[1024 + 24];
    std::fs::write(bench.path("new"), bytes(9, 20_000)).unwrap();
    let mut escaped = 0xC03B_3998_u32.to_be_bytes().to_vec();
    escaped.extend(bytes(10, 3000));
    std::fs::write(bench.path("escaped"), escaped).unwrap();
    let mut commands = vec![format!("jo {journal}")];
    let mut now = clean.clone();
    for (number, step) in steps.iter().enumerate() {
        let named: Vec<String> = step
            .iter()
            .map(|command| command.replace("NEW", &arg(&bench.path("new"))))
            .map(|command| command.replace("ESCAPED", &arg(&bench.path("escaped"))))
            .collect();
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let next = changed(&now, &named);
        let pairs = now.chunks(size).zip(next.chunks(size)).enumerate();
        let differ: Vec<usize> = pairs
            .filter(|(_, (old, new))| old != new)
            .map(|(block, _)| block)
            .collect();
        let content: Vec<u8> = differ
            .iter()
            .flat_map(|block| next[block * size..(block + 1) * size].to_vec())
            .collect();
        let path = bench.path(&format!("blocks{number}"));
        std::fs::write(&path, content).unwrap();
        let list: Vec<String> = differ.iter().map(ToString::to_string).collect();
        commands.push(format!("jw -b {} {}", list.join(","), arg(&path)));
        now = next;
    }
    commands.push("jc".to_owned());
    let path = bench.path("image");
    std::fs::write(&path, clean).unwrap();
    debugfs(&path, &commands);
    std::fs::read(path).unwrap()
}

/// The same volume after the standard tool has replayed its journal and looked at it.
fn replayed(image: &[u8], bench: &Bench) -> Vec<u8> {
    let path = bench.path("copy");
    std::fs::write(&path, image).unwrap();
    let output = Command::new("/usr/sbin/e2fsck")
        .args(["-f", "-y", &arg(&path)])
        .output()
        .unwrap();
    assert!(output.status.code().unwrap() <= 1, "{output:?}");
    std::fs::read(path).unwrap()
}

fn files(found: &Found) -> BTreeMap<String, Vec<u8>> {
    let items = found
        .items
        .iter()
        .filter(|item| item.kind == wire::RowKind::File);
    items
        .map(|item| {
            let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
            let content = found.contents[&path].clone().unwrap();
            (path, content)
        })
        .collect()
}

const STEPS: [&[&str]; 3] = [
    &["write NEW new.bin", "rm second"],
    &["mkdir folder", "write ESCAPED folder/escaped.bin"],
    &["rm new.bin", "write NEW folder/again.bin"],
];

#[test]
fn a_journal_of_every_format_is_replayed_in_memory_as_the_standard_tool_replays_it() {
    for options in [
        &["-t", "ext3", "-b", "1024"][..],
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-b", "4096", "-O", "^64bit"],
        &["-t", "ext4", "-b", "4096", "-O", "^metadata_csum"],
    ] {
        for journal in ["", "-c", "-c -v 2", "-c -v 3"] {
            let bench = Bench::new();
            let image = dirty(options, journal, &STEPS, &bench);
            let found = walk("ext4", image.clone());
            let right = walk("ext4", replayed(&image, &bench));
            assert_eq!(found.rules(), ["volume_dirty"], "{options:?} {journal}");
            assert_eq!(right.rules(), Vec::<&str>::new());
            let files = files(&found);
            assert_eq!(files, self::files(&right), "{options:?} {journal}");
            assert_eq!(files["folder/again.bin"], bytes(9, 20_000));
            assert!(files.contains_key("folder/escaped.bin"));
            assert!(!files.contains_key("second"));
            found.assert_accounts();
        }
    }
}

#[test]
fn what_the_journal_replaces_is_matched_as_it_lies() {
    let bench = Bench::new();
    let mut image = dirty(&["-t", "ext4", "-b", "1024"], "", &STEPS, &bench);
    // A name in the root that only the journal takes away.
    let name = b"second";
    assert!(image.windows(name.len()).any(|window| window == name));
    let found = walk("ext4", image.clone());
    assert!(!found.raw_with(b"second").is_empty());
    // Without the mark on the volume the journal is not looked at.
    image[1024 + 0x60] &= !4;
    let found = walk("ext4", image);
    assert!(found.contents.contains_key("second"));
}

#[test]
fn a_damaged_journal_is_reported() {
    let bench = Bench::new();
    let image = dirty(&["-t", "ext4", "-b", "1024"], "-c -v 3", &STEPS, &bench);
    let magic = 0xC03B_3998_u32.to_be_bytes();
    let heads = image.chunks(1024).enumerate().filter(|(_, block)| {
        // The journal's superblock, descriptors and commits, not the file that looks like one.
        block.starts_with(&magic) && block[4..7] == [0, 0, 0] && block[7] <= 5
    });
    let heads: Vec<usize> = heads.map(|(number, _)| number * 1024).collect();
    assert_eq!(heads.len(), 7);
    for at in &heads {
        let mut damaged = image.clone();
        damaged[at + 16] ^= 0x10;
        let found = walk("ext4", damaged);
        assert!(
            found.rules().contains(&"ext_journal_damaged"),
            "{at}: {:?}",
            found.findings
        );
    }
    // The content of a block in the first transaction.
    let mut damaged = image.clone();
    damaged[heads[1] + 1024 + 500] ^= 1;
    let found = walk("ext4", damaged);
    assert!(
        found.rules().contains(&"ext_journal_damaged"),
        "{:?}",
        found.findings
    );
}

#[test]
fn an_external_journal_that_is_needed_is_not_read() {
    let bench = Bench::new();
    let mut image = dirty(&["-t", "ext3", "-b", "1024"], "", &STEPS, &bench);
    image[1024 + 0xE0] = 0;
    let medium = std::rc::Rc::new(crate::support::Image(image));
    let error = volume::open("ext3", 0, medium).err().unwrap();
    assert_eq!(error.gap(), wire::Gap::Unsupported);
}
