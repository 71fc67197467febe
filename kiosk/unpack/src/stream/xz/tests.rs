use wire::Gap;

use crate::testing::{What, made_by_shell, opened};

/// A program that compresses, so that each filter has something to change.
const PROGRAM: &str = "head -c 60000 /bin/sh > plain";

fn program() -> Vec<u8> {
    made_by_shell("head -c 60000 /bin/sh > out")
}

#[test]
fn every_check_is_compared() {
    for check in ["none", "crc32", "crc64", "sha256"] {
        let content = made_by_shell(&format!("echo alpha | xz --check={check} -c > out"));
        let stream = opened(&content);
        assert_eq!(stream.contents("content"), [b"alpha\n"], "{check}");
        assert!(!stream.is_suspect(), "{check}: {stream:?}");
        // The last byte of the check stands before the index and the footer, which are 8 + 12.
        let mut changed = content.clone();
        let at = changed.len() - 21;
        changed[at] ^= 1;
        let what = opened(&changed).members[0].what;
        assert_eq!(what, What::Partial(Gap::Damaged), "{check}");
    }
}

#[test]
fn a_check_of_another_kind_is_not_called_whole() {
    let content = made_by_shell("echo alpha | xz --check=crc32 -c > out");
    let mut changed = content.clone();
    let footer = content.len() - 12;
    for (flags, crc, range) in [(6, 8, 6..8), (footer + 8, footer, footer + 4..footer + 10)] {
        changed[flags + 1] = 2;
        let sum = crc32fast::hash(&changed[range]);
        changed[crc..crc + 4].copy_from_slice(&sum.to_le_bytes());
    }
    let stream = opened(&changed);
    assert_eq!(stream.members[0].what, What::Partial(Gap::Unsupported));
    assert_eq!(stream.members[0].content, b"alpha\n");
}

#[test]
fn every_filter_is_taken_back() {
    let program = program();
    for filter in [
        "--x86",
        "--x86=start=4096",
        "--powerpc",
        "--ia64",
        "--arm",
        "--armthumb",
        "--arm64",
        "--sparc",
        "--delta=dist=1",
        "--delta=dist=256",
        "--delta=dist=4 --x86",
        "--x86 --delta=dist=3 --arm",
    ] {
        let content = made_by_shell(&format!(
            "{PROGRAM}; xz {filter} --lzma2=preset=1 -c plain > out"
        ));
        let stream = opened(&content);
        assert!(!stream.is_suspect(), "{filter}: {:?}", stream.rules);
        assert!(stream.members[0].content == program, "{filter}");
    }
}

#[test]
fn blocks_with_and_without_sizes_come_out() {
    let program = program();
    for options in ["--block-size=4096", "-T2 --block-size=20000", "-0", "-9e"] {
        let content = made_by_shell(&format!("{PROGRAM}; xz {options} -c plain > out"));
        let stream = opened(&content);
        assert!(!stream.is_suspect(), "{options}");
        assert!(stream.members[0].content == program, "{options}");
    }
}

#[test]
fn all_streams_are_one_content_and_padding_is_of_whole_words() {
    let line = |padding: usize| {
        format!(
            "echo alpha | xz -c > out; head -c {padding} /dev/zero >> out
             echo beta | xz -c >> out; head -c 8 /dev/zero >> out"
        )
    };
    for padding in [0, 4, 512] {
        let stream = opened(&made_by_shell(&line(padding)));
        assert_eq!(stream.contents("content"), [b"alpha\nbeta\n"]);
        assert!(!stream.is_suspect() && stream.rules.is_empty());
    }
    let stream = opened(&made_by_shell(&line(3)));
    assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged));
}

#[test]
fn an_empty_stream_is_whole() {
    let stream = opened(&made_by_shell(": | xz -c > out"));
    assert_eq!(stream.contents("content"), [b""]);
    assert!(!stream.is_suspect());
}

#[test]
fn filters_and_flags_that_are_not_known_are_unsupported() {
    let content = made_by_shell("echo alpha | xz --check=crc32 --delta=dist=1 --lzma2 -c > out");
    let change = |at: usize, value: u8| {
        let mut changed = content.clone();
        assert_ne!(changed[at], value);
        changed[at] = value;
        let bytes = usize::from(changed[12]) * 4;
        let sum = crc32fast::hash(&changed[12..12 + bytes]);
        changed[12 + bytes..16 + bytes].copy_from_slice(&sum.to_le_bytes());
        opened(&changed).members[0].what
    };
    // The block's flags, the first filter's number and the last one's.
    assert_eq!(change(13, 1 | 4), What::Partial(Gap::Unsupported));
    assert_eq!(change(14, 0x7e), What::Partial(Gap::Unsupported));
    assert_eq!(change(17, 3), What::Partial(Gap::Unsupported));
    // The length of the properties, and the dictionary's size.
    assert_eq!(change(15, 0), What::Partial(Gap::Damaged));
    assert_eq!(change(19, 41), What::Partial(Gap::Damaged));
}

#[test]
fn an_index_that_lists_other_blocks_is_damaged() {
    let content = made_by_shell("echo alpha | xz --check=crc32 -c > out");
    let index = content.len() - 12 - 8;
    for at in [index + 1, index + 2, index + 3] {
        let mut changed = content.clone();
        changed[at] ^= 2;
        let end = index + 4;
        let sum = crc32fast::hash(&changed[index..end]);
        changed[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        let stream = opened(&changed);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Damaged), "{at}");
    }
}

#[test]
fn a_dictionary_that_is_declared_larger_than_memory_costs_nothing() {
    let content = made_by_shell("echo alpha | xz --lzma2=dict=1536MiB -c > out");
    assert!(!opened(&content).is_suspect());
}

#[test]
fn very_many_tiny_blocks_end_at_the_input() {
    // Two million streams of nothing, 32 bytes each.
    let empty = made_by_shell(": | xz -c > out");
    let one = made_by_shell("printf x | xz --check=none -c > out");
    let blocks = [&one[..12], &one[12..12 + 20].repeat(400_000)].concat();
    assert_eq!(opened(&blocks).members[0].what, What::Partial(Gap::Limit));
    assert!(!opened(&empty.repeat(1000)).is_suspect());
}
