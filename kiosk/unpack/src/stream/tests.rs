//! What holds for every compressed stream: whole or told, whatever is done to it.

use wire::Gap;

use crate::testing::{What, kinds, made_by_shell, opened};

/// A stream and what is true of its format.
struct Sample {
    format: &'static str,
    /// Leaves the stream of the file `plain` as `out`.
    line: &'static str,
    /// Whether the format has a checksum of the content.
    is_checked: bool,
}

const fn sample(format: &'static str, line: &'static str, is_checked: bool) -> Sample {
    Sample {
        format,
        line,
        is_checked,
    }
}

const SAMPLES: &[Sample] = &[
    sample("gzip", "gzip -c plain > out", true),
    sample("lzma", "xz --format=lzma -c plain > out", false),
    sample("lzma", LZMA_OF_KNOWN_SIZE, false),
    sample("bzip2", "bzip2 -c plain > out", true),
    sample("xz", "xz -c plain > out", true),
    sample(
        "xz",
        "xz --block-size=700 --check=sha256 -c plain > out",
        true,
    ),
    sample("xz", "xz --x86 --delta=dist=2 --lzma2 -c plain > out", true),
    sample("zstd", "zstd -q -c plain > out", true),
    sample("zstd", "zstd -q -19 --no-check -c plain > out", false),
    sample("lz4", "lz4 -q -c plain > out", true),
    sample("lz4", "lz4 -q -BX --no-frame-crc -c plain > out", true),
    sample("snappy", crate::stream::snappy::FRAME_PLAIN, true),
    sample(
        "szdd",
        "cp plain p.txt; mscompress p.txt; mv p.txt_ out",
        false,
    ),
    sample("lzip", "lzip -c plain > out", true),
];

/// What 7-Zip puts into a zip is the stream without an end mark.
const LZMA_OF_KNOWN_SIZE: &str = "7z a -bso0 -tzip -mm=LZMA z.zip plain
python3 -c '
import struct
z = open(\"z.zip\", \"rb\").read()
packed, size, name, extra = struct.unpack(\"<IIHH\", z[18:30])
at = 30 + name + extra
open(\"out\", \"wb\").write(z[at+4:at+9] + struct.pack(\"<Q\", size) + z[at+9:at+packed])
'";

/// Text that compresses, and longer than one piece of the readers.
const PLAIN: &str = "seq 1 400 > plain";

fn plain() -> Vec<u8> {
    made_by_shell("seq 1 400 > out")
}

fn made(sample: &Sample) -> Vec<u8> {
    let tail = "[ -e out ] || mv out.* out";
    made_by_shell(&format!("{PLAIN}; {}; {tail}", sample.line))
}

#[test]
fn what_the_usual_tools_write_comes_out() {
    let plain = plain();
    for sample in SAMPLES {
        let content = made(sample);
        assert_eq!(kinds(&content), [sample.format], "{}", sample.line);
        let stream = opened(&content);
        assert!(!stream.is_suspect(), "{}: {stream:?}", sample.line);
        assert_eq!(stream.rules, [""; 0], "{}", sample.line);
        assert_eq!(stream.members.len(), 1, "{}", sample.line);
        assert!(stream.members[0].content == plain, "{}", sample.line);
    }
}

#[test]
fn a_stream_cut_anywhere_is_never_whole_and_keeps_what_came_before() {
    let plain = plain();
    for sample in SAMPLES {
        let content = made(sample);
        let mut longest = 0;
        for end in 0..content.len() {
            let cut = &content[..end];
            if kinds(cut).is_empty() {
                assert!(end < 40, "{} cut at {end}", sample.line);
                continue;
            }
            let stream = opened(cut);
            let member = &stream.members[0];
            assert_eq!(
                member.what,
                What::Partial(Gap::Damaged),
                "{} cut at {end}",
                sample.line
            );
            assert!(plain.starts_with(&member.content), "{} {end}", sample.line);
            longest = longest.max(member.content.len());
        }
        // Without a checksum behind it, a last block that cannot be read in part is lost.
        assert!(
            plain.len() - 600 < longest || !sample.is_checked,
            "{}: {longest}",
            sample.line
        );
    }
}

#[test]
fn a_changed_byte_is_never_whole_unless_nothing_changed() {
    let plain = plain();
    for sample in SAMPLES {
        let content = made(sample);
        let mut damaged = 0;
        for at in 0..content.len() {
            let mut changed = content.clone();
            changed[at] ^= 0x20;
            if kinds(&changed).is_empty() {
                continue;
            }
            let stream = opened(&changed);
            if stream.is_suspect() {
                damaged += 1;
            } else if sample.is_checked {
                let held = &stream.members[0].content;
                assert!(*held == plain, "{} at {at}", sample.line);
            }
        }
        assert!(!sample.is_checked || content.len() / 2 < damaged);
    }
}

#[test]
fn data_behind_a_stream_is_told_and_a_container_there_is_handed_out() {
    for sample in SAMPLES {
        let content = made(sample);
        let stream = opened(&[content.clone(), b"garbage".to_vec()].concat());
        assert!(
            stream.is_suspect() || stream.has_rule("container_extra_data"),
            "{}",
            sample.line
        );
        let stream = opened(&[content, b"Rar!\x1a\x07\x01\0".to_vec()].concat());
        if !stream.is_suspect() {
            assert_eq!(stream.members.len(), 2, "{}", sample.line);
        }
    }
}
