//! What holds for every compressed stream: whole or told, whatever is done to it.

use std::sync::OnceLock;

use wire::Gap;
use wire::scan::Limits;

use super::snappy::FRAME_PLAIN;
use crate::testing::{What, kinds, made_by_shell, opened, opened_within};

/// A stream and what is true of its format.
struct Sample {
    format: &'static str,
    /// Leaves the stream of the file `plain` as `out` or as another file that is called so with
    /// something behind a dot.
    line: &'static str,
    /// Whether the format has a checksum of the content.
    is_checked: bool,
    /// How much of it is a whole stream of nothing, for all that its reader can tell.
    empty_bytes: usize,
}

const fn sample(format: &'static str, line: &'static str, is_checked: bool) -> Sample {
    Sample {
        format,
        line,
        is_checked,
        empty_bytes: 0,
    }
}

const SAMPLES: &[Sample] = &[
    sample("gzip", "gzip -c plain > out", true),
    sample("bzip2", "bzip2 -c plain > out", true),
    sample("lzma", "xz --format=lzma -c plain > out", false),
    sample("lzma", LZMA_OF_KNOWN_SIZE, false),
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
    Sample {
        empty_bytes: 10,
        ..sample("snappy", FRAME_PLAIN, true)
    },
    sample("lzop", "lzop -c plain > out", true),
    sample("lzop", "lzop -9 -c --crc32 < plain > out", true),
    sample("szdd", "mscompress plain; mv plain_ out", false),
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

fn plain() -> Vec<u8> {
    made_by_shell("seq 1 400 > out")
}

/// Every sample with its stream.
fn samples() -> impl Iterator<Item = (&'static Sample, &'static [u8])> {
    static MADE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let make = |sample: &Sample| made_by_shell(&format!("seq 1 400 > plain; {}", sample.line));
    let made = MADE.get_or_init(|| SAMPLES.iter().map(make).collect());
    SAMPLES.iter().zip(made.iter().map(Vec::as_slice))
}

#[test]
fn what_the_usual_tools_write_comes_out() {
    let plain = plain();
    for (sample, content) in samples() {
        assert_eq!(kinds(content), [sample.format], "{}", sample.line);
        let stream = opened(content);
        assert!(!stream.is_suspect(), "{}: {stream:?}", sample.line);
        assert_eq!(stream.rules, [""; 0], "{}", sample.line);
        assert_eq!(stream.members.len(), 1, "{}", sample.line);
        assert!(stream.members[0].content == plain, "{}", sample.line);
    }
}

#[test]
fn a_stream_cut_anywhere_is_never_whole_and_keeps_what_came_before() {
    let plain = plain();
    for (sample, content) in samples() {
        let mut longest = 0;
        for end in 0..content.len() {
            let cut = &content[..end];
            if kinds(cut).is_empty() {
                assert!(end < 15, "{} cut at {end}", sample.line);
                continue;
            }
            let stream = opened(cut);
            let member = &stream.members[0];
            if end == sample.empty_bytes {
                assert_eq!(member.content, b"");
                continue;
            }
            let is_told = member.what == What::Partial(Gap::Damaged);
            assert!(is_told, "{} cut at {end}", sample.line);
            assert!(plain.starts_with(&member.content), "{} {end}", sample.line);
            longest = longest.max(member.content.len());
        }
        // Without a checksum behind it, a last block that cannot be read in part is lost.
        let is_kept = plain.len() - 600 < longest || !sample.is_checked || 0 < sample.empty_bytes;
        assert!(is_kept, "{}: {longest}", sample.line);
    }
}

#[test]
fn a_changed_byte_is_never_whole_unless_nothing_changed() {
    let plain = plain();
    for (sample, content) in samples() {
        let mut damaged = 0;
        for at in 0..content.len() {
            let mut changed = content.to_vec();
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
    for (sample, content) in samples() {
        let stream = opened(&[content, b"garbage"].concat());
        let is_told = stream.is_suspect() || stream.has_rule("container_extra_data");
        assert!(is_told, "{}", sample.line);
        let stream = opened(&[content, b"Rar!\x1a\x07\x01\0"].concat());
        // Snappy's chunks have no end, so that what follows them is a malformed one.
        assert_eq!(stream.is_suspect(), sample.format == "snappy");
        if !stream.is_suspect() {
            assert_eq!(stream.members.len(), 2, "{}", sample.line);
        }
    }
}

#[test]
fn zeros_end_at_the_output_and_at_memory() {
    let zeros = "head -c 400000 /dev/zero > plain";
    for sample in SAMPLES.iter().filter(|sample| sample.format != "snappy") {
        let content = made_by_shell(&format!("{zeros}; {}", sample.line));
        let limits = Limits {
            unpacked_bytes_max: 1 << 17,
            ..Limits::default()
        };
        let stream = opened_within(&content, &limits);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Limit));
        assert!(stream.members[0].content.len() <= 1 << 17);
        assert_eq!(stream.gap, Some(Gap::Limit), "{}", sample.line);
        let limits = Limits {
            memory_bytes_max: 1 << 17,
            ..Limits::default()
        };
        let stream = opened_within(&content, &limits);
        assert_eq!(stream.members[0].what, What::Partial(Gap::Limit));
        assert!(stream.members[0].content.len() <= 1 << 17);
        assert_eq!(stream.gap, None, "{}", sample.line);
    }
}
