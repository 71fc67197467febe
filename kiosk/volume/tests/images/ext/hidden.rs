//! Content where no folder leads to it.

use std::collections::BTreeMap;
use std::process::Command;

use wire::{Gap, Outcome, Tier};

use super::{changed, made};
use crate::support::{Bench, Found, arg, bytes, walk};

const CANARY: &[u8] = b"KIOSK-CANARY-0123456789-EXT";

/// Where the canary is first found on an image.
fn place(image: &[u8]) -> usize {
    let found = image
        .windows(CANARY.len())
        .position(|window| window == CANARY);
    found.unwrap()
}

/// A volume with a file that holds the canary.
fn volume(options: &[&str]) -> Vec<u8> {
    let mut content = bytes(3, 5000);
    content[4000..4000 + CANARY.len()].copy_from_slice(CANARY);
    let files = BTreeMap::from([
        ("folder/hidden".to_owned(), content),
        ("folder/other".to_owned(), bytes(4, 100)),
    ]);
    made(options, 8 << 20, &files)
}

/// Paths of what holds the canary.
fn with_canary(found: &Found) -> Vec<&str> {
    let holds = |content: &Vec<u8>| content.windows(CANARY.len()).any(|part| part == CANARY);
    let contents = found.contents.iter();
    let with = contents.filter(|(_, content)| content.as_ref().is_ok_and(holds));
    with.map(|(path, _)| path.as_str()).collect()
}

fn kinds() -> [&'static [&'static str]; 4] {
    [
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-b", "4096", "-O", "^metadata_csum"],
        &["-t", "ext2", "-b", "1024"],
        &["-t", "ext4", "-b", "1024", "-O", "bigalloc"],
    ]
}

#[test]
fn a_deleted_file_is_listed_while_its_blocks_are_free() {
    for options in kinds() {
        let image = changed(&volume(options), &["rm folder/hidden"]);
        let found = walk("ext4", image);
        found.assert_accounts();
        assert_eq!(found.rules(), Vec::<&str>::new());
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        assert!(with[0].starts_with("$Deleted/inode "), "{with:?}");
    }
}

#[test]
fn a_deleted_file_whose_blocks_are_used_again_is_not_listed() {
    let image = volume(&["-t", "ext4", "-b", "1024"]);
    let block = place(&image) / 1024;
    let mark = format!("setb {block}");
    let found = walk("ext4", changed(&image, &["rm folder/hidden", &mark]));
    found.assert_accounts();
    let with = with_canary(&found);
    assert_eq!(with, [format!("lost-{}", block * 1024)]);
    assert_eq!(found.rules(), ["clusters_lost"]);
}

#[test]
fn a_file_that_no_folder_names_is_listed() {
    for options in kinds() {
        let image = changed(&volume(options), &["unlink folder/hidden"]);
        let found = walk("ext4", image);
        found.assert_accounts();
        assert!(
            found.rules().contains(&"ext_inode_orphan"),
            "{:?}",
            found.findings
        );
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        assert!(with[0].starts_with("$Orphan/inode "), "{with:?}");
    }
}

#[test]
fn a_folder_that_no_folder_names_is_listed_with_its_files() {
    for options in kinds() {
        let image = changed(&volume(options), &["unlink folder"]);
        let found = walk("ext4", image);
        found.assert_accounts();
        assert!(
            found.rules().contains(&"ext_inode_orphan"),
            "{:?}",
            found.findings
        );
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        assert!(with[0].starts_with("$Orphan/inode "), "{with:?}");
        assert!(with[0].ends_with("/hidden"), "{with:?}");
    }
}

#[test]
fn a_file_that_was_deleted_while_open_is_listed_and_no_damage() {
    let image = volume(&["-t", "ext4", "-b", "1024"]);
    let commands = [
        "ssv last_orphan 13",
        "sif <13> links_count 0",
        "unlink folder/hidden",
        "unlink folder/other",
    ];
    // Which of the two numbers the file has depends on the order of the tree.
    let mut noticed = 0;
    for number in [13, 14] {
        let mut commands = commands.map(|one| one.replace("13", &number.to_string()));
        commands[3] = "stat <2>".to_owned();
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        let found = walk("ext4", changed(&image, &commands));
        found.assert_accounts();
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        noticed += usize::from(!found.rules().contains(&"ext_inode_orphan"));
    }
    assert_eq!(noticed, 1);
}

#[test]
fn an_inode_that_was_wiped_leaves_its_blocks_to_be_matched() {
    for options in kinds() {
        let image = volume(options);
        let found = walk("ext4", changed(&image, &["clri folder/hidden"]));
        found.assert_accounts();
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        assert!(with[0].starts_with("lost-"), "{with:?}");
        assert!(found.rules().contains(&"ext_entry_damaged"));
        let row = &found.rows[0];
        assert_eq!(row.path.as_bytes(), b"folder/hidden");
        assert_eq!(row.outcome, Outcome::Unchecked(Gap::Damaged));
    }
}

#[test]
fn blocks_marked_as_used_that_nothing_owns_are_matched() {
    for options in kinds() {
        let mut image = volume(options);
        let blocks = if options.contains(&"4096") {
            4096
        } else {
            1024
        };
        let at = 6 << 20;
        image[at..at + CANARY.len()].copy_from_slice(CANARY);
        let old = place(&image);
        image[old..old + CANARY.len()].fill(b'x');
        let mark = format!("setb {}", at / blocks);
        let found = walk("ext4", changed(&image, &[&mark]));
        found.assert_accounts();
        assert_eq!(with_canary(&found), [format!("lost-{at}")]);
        assert_eq!(found.rules(), ["clusters_lost"]);
    }
}

#[test]
fn slack_and_structures_and_what_follows_the_volume_are_matched() {
    let clean = volume(&["-t", "ext4", "-b", "1024"]);
    let old = place(&clean);
    let with_canary_at = |at: usize| {
        let mut image = clean.clone();
        image[old..old + CANARY.len()].fill(b'x');
        if image.len() < at + CANARY.len() {
            image.resize(at + 4096, 0);
        }
        image[at..at + CANARY.len()].copy_from_slice(CANARY);
        let found = walk("ext4", image);
        found.assert_accounts();
        let with = with_canary(&found);
        assert_eq!(with.len(), 1, "{with:?}");
        with[0].to_owned()
    };
    // The file's last block begins at 4096 of its 5000 bytes.
    let tail = old - 4000 + 5050;
    assert_eq!(with_canary_at(tail), "folder/hidden:slack");
    assert_eq!(with_canary_at(0), "boot");
    assert_eq!(
        with_canary_at(clean.len()),
        format!("unused-{}", clean.len())
    );
    // Free space, and the part of the inode table that was never used.
    assert!(with_canary_at(7 << 20).starts_with("free-"));
    let table = u32::from_le_bytes(clean[2048 + 8..][..4].try_into().unwrap()) as usize;
    assert!(with_canary_at(table * 1024 + 1000 * 256).starts_with("structure-"));
}

#[test]
fn a_canary_in_blocks_that_were_never_written_is_in_the_slack_of_its_file() {
    let image = volume(&["-t", "ext4", "-b", "1024"]);
    let old = place(&image);
    let mut image = changed(&image, &["fallocate folder/other 5 9"]);
    image[old..old + CANARY.len()].fill(b'x');
    let last = last_block(&image, "folder/other");
    image[last * 1024 + 7..][..CANARY.len()].copy_from_slice(CANARY);
    let found = walk("ext4", image);
    assert_eq!(found.rules(), Vec::<&str>::new());
    assert_eq!(with_canary(&found), ["folder/other:slack"]);
    let mut items = found.items.iter();
    let item = items.find(|item| item.path.as_bytes() == b"folder/other");
    assert_eq!(item.unwrap().share.slack_bytes, 6 * 1024 - 100);
}

/// The last block of a file, by debugfs.
fn last_block(image: &[u8], path: &str) -> usize {
    let bench = Bench::new();
    std::fs::write(bench.path("image"), image).unwrap();
    let ask = format!("blocks {path}");
    let output = Command::new("/usr/sbin/debugfs")
        .args(["-R", &ask, &arg(&bench.path("image"))])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace()
        .next_back()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn copies_of_the_superblock_that_differ_are_reported() {
    let mut image = made(&["-t", "ext4", "-b", "1024"], 20 << 20, &BTreeMap::new());
    let copy = 8193 * 1024;
    assert_eq!(image[copy + 56..copy + 58], [0x53, 0xEF]);
    assert_eq!(walk("ext4", image.clone()).rules(), Vec::<&str>::new());
    image[copy + 4] ^= 1;
    let found = walk("ext4", image);
    assert_eq!(found.rules(), ["ext_backup_differs"]);
    assert_eq!(found.findings[0].tier, Tier::Incomplete);
}

#[test]
fn groups_whose_tables_lie_in_each_other_are_reported() {
    let options = ["-t", "ext2", "-b", "1024"];
    let mut image = made(&options, 20 << 20, &BTreeMap::new());
    // The second descriptor leads to the inode table of the first.
    let table: Vec<u8> = image[2048 + 8..2048 + 12].to_vec();
    image[2048 + 32 + 8..2048 + 32 + 12].copy_from_slice(&table);
    let found = walk("ext2", image);
    assert!(
        found.rules().contains(&"ext_group_damaged"),
        "{:?}",
        found.findings
    );
    found.assert_accounts();
}

#[test]
fn folders_that_lead_back_to_themselves_end_and_are_reported() {
    for options in kinds() {
        let image = changed(&volume(options), &["link folder folder/again"]);
        let found = walk("ext4", image);
        assert!(
            found.rules().contains(&"folder_loop"),
            "{:?}",
            found.findings
        );
        assert_eq!(with_canary(&found), ["folder/hidden"]);
        found.assert_accounts();
    }
}

#[test]
fn an_entry_that_lies_about_its_kind_and_blocks_with_two_owners_are_reported() {
    let image = volume(&["-t", "ext2", "-b", "1024"]);
    let at = image
        .windows(6)
        .position(|window| window == b"hidden")
        .unwrap();
    let mut lying = image.clone();
    lying[at - 1] = 2;
    let found = walk("ext2", lying);
    assert_eq!(found.rules(), ["ext_type_mismatch"]);
    assert_eq!(with_canary(&found), ["folder/hidden"]);
    let block = place(&image) / 1024;
    let share = format!("sif folder/other block[0] {block}");
    let found = walk("ext2", changed(&image, &[&share]));
    assert!(
        found.rules().contains(&"cross_linked"),
        "{:?}",
        found.findings
    );
    found.assert_accounts();
}

#[test]
fn a_file_that_was_made_to_look_shorter_is_reported_and_its_rest_is_slack() {
    for options in kinds() {
        let image = changed(&volume(options), &["sif folder/hidden size 900"]);
        let found = walk("ext4", image);
        assert_eq!(found.rules(), ["ext_blocks_past_end"]);
        assert_eq!(with_canary(&found), ["folder/hidden:slack"]);
        found.assert_accounts();
    }
}

#[test]
fn an_encrypted_file_is_a_gap_of_its_own() {
    let image = volume(&["-t", "ext4", "-b", "1024", "-O", "encrypt"]);
    let image = changed(&image, &["sif folder/hidden flags 0x80800"]);
    let medium = std::rc::Rc::new(crate::support::Image(image));
    let mut tree = volume::open("ext4", 0, medium).unwrap();
    let mut gaps = Vec::new();
    let mut items = Vec::new();
    let spare = wire::scan::Spare {
        unallocated: false,
        deleted: false,
    };
    let limits = wire::scan::Limits::default();
    let walked = tree.walk(&limits, spare, &mut |seen| {
        if let volume::Seen::Item(item) = seen {
            items.push(item);
        }
    });
    assert_eq!(walked.unwrap().findings.len(), 1);
    for item in items
        .iter()
        .filter(|item| item.path.as_bytes() == b"folder/hidden")
    {
        gaps.extend(tree.open(item).err().map(|error| error.gap()));
    }
    assert_eq!(gaps, [Gap::Encrypted]);
}
