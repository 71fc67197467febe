use wire::Gap;

use super::BLOCK_BYTES_MAX;
use crate::testing::{What, made_by_shell, opened};

/// Contents that bring every kind of block and code along.
const PLAINS: [&str; 7] = [
    "head -c 400000 /bin/bash",
    "seq 1 50000",
    "head -c 400000 /dev/zero",
    "head -c 150000 /bin/bash | gzip -9",
    "seq 1 9999 | base64 | fold -w 1",
    "printf x",
    "yes 'the same line again' | head -c 700000",
];

#[test]
fn contents_of_every_sort_come_out() {
    for plain in PLAINS {
        let expected = made_by_shell(&format!("{plain} > out"));
        for options in ["--fast=5", "-1", "-13 --long=27"] {
            let content = made_by_shell(&format!("{plain} | zstd -q {options} > out"));
            let stream = opened(&content);
            assert!(!stream.is_suspect(), "{plain} {options}: {stream:?}");
            assert!(stream.members[0].content == expected, "{plain} {options}");
        }
        // With a size in the header, and with literals that are not compressed.
        let content = made_by_shell(&format!(
            "{plain} > plain; zstd -q --no-compress-literals plain; mv plain.zst out"
        ));
        assert!(opened(&content).members[0].content == expected, "{plain}");
    }
}

#[test]
fn all_frames_are_one_content() {
    let content =
        made_by_shell("echo alpha | zstd -q > out; : | zstd -q >> out; echo beta | zstd -q >> out");
    let stream = opened(&content);
    assert_eq!(stream.contents("content"), [b"alpha\nbeta\n"]);
    assert!(!stream.is_suspect() && stream.rules.is_empty());
    assert_eq!(
        opened(&made_by_shell(": | zstd -q > out")).contents("content"),
        [b""]
    );
}

#[test]
fn a_dictionary_of_its_own_is_named() {
    let content = made_by_shell(
        "for n in $(seq 1 60); do seq $n $((n * 7)) > s$n; done
         zstd -q --train s* -o dictionary 2>/dev/null; zstd -q -D dictionary s9; mv s9.zst out",
    );
    let stream = opened(&content);
    assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
}

#[test]
fn checksum_and_size_are_compared() {
    let content = made_by_shell("echo alpha > plain; zstd -q --check plain; mv plain.zst out");
    let mut changed = content.clone();
    *changed.last_mut().unwrap() ^= 1;
    for changed in [changed, [&content[..5], &[7], &content[6..]].concat()] {
        let stream = opened(&changed);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
        assert!(!stream.members[0].content.is_empty() || changed[5] == 7);
    }
}

#[test]
fn a_window_that_is_declared_larger_than_memory_costs_nothing() {
    // A window of 1.75 TiB, and one block that is stored.
    let content = b"\x28\xb5\x2f\xfd\0\xff\x29\0\0alpha";
    assert_eq!(opened(content).contents("content"), [b"alpha"]);
}

#[test]
fn a_block_larger_than_its_window_or_of_no_kind_is_damaged() {
    // A window of 1 KiB and a run of 1025 bytes; then a block of the reserved kind; then a
    // reserved flag.
    let run = b"\x28\xb5\x2f\xfd\0\0\x0b\x20\0x";
    let reserved = b"\x28\xb5\x2f\xfd\0\0\x07\0\0";
    for content in [run.as_slice(), reserved] {
        let what = opened(content).members[0].what;
        assert_eq!(what, What::Partial(Gap::Damaged));
    }
    let largest = |size: u64| {
        let head = u32::try_from(size << 3 | 3).unwrap().to_le_bytes();
        opened(&[b"\x28\xb5\x2f\xfd\0\x58", &head[..3], b"x"].concat()).members[0].what
    };
    assert_eq!(largest(BLOCK_BYTES_MAX), What::Content);
    assert_eq!(largest(BLOCK_BYTES_MAX + 1), What::Partial(Gap::Damaged));
    let flag = b"\x28\xb5\x2f\xfd\x08\0\x29\0\0alpha";
    assert_eq!(
        opened(flag).members[0].what,
        What::Partial(Gap::Unsupported)
    );
}

#[test]
fn very_many_blocks_and_frames_of_nothing_end_at_the_input() {
    let head = b"\x28\xb5\x2f\xfd\0\0";
    // A compressed block of no literals and no sequences.
    let block = b"\x14\0\0\0\0";
    let last = b"\x01\0\0";
    let few = [head.as_slice(), &block.repeat(100), last].concat();
    assert!(!opened(&few).is_suspect());
    let many = [head.as_slice(), &block.repeat(2 << 20), last].concat();
    assert_eq!(opened(&many).members[0].what, What::Partial(Gap::Limit));
    let frames = [head.as_slice(), last].concat().repeat(1 << 18);
    assert_eq!(opened(&frames).members[0].what, What::Partial(Gap::Limit));
}
