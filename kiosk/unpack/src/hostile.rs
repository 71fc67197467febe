//! Archives changed byte by byte: no panic, bounded output, and nothing lost in silence.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::scan::Limits;

use crate::document::compound::maker::Maker;
use crate::testing::{gzipped, kinds, made, made_by_shell, opened, piped, reach};
use crate::{Body, Budget, open, recognise};

/// Numbers that look random and are the same in every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end).unwrap()).unwrap()
    }
}

/// What must be found in every sample, in its own member and compressed or not.
const MARKERS: [&[u8]; 3] = [b"<first marker>", b"<second marker>", b"<third marker>"];

fn samples() -> Vec<Vec<u8>> {
    let zip = |method: &str| {
        format!(
            "
import zipfile
z = zipfile.ZipFile('out', 'w', zipfile.{method})
z.writestr('a', b'<first marker>'); z.writestr('d/b', b'<second marker> ' * 9)
z.writestr('c', b'<third marker>'); z.close()
"
        )
    };
    let tar = |format: &str| {
        format!("
import tarfile, io
t = tarfile.open('out', 'w', format=tarfile.{format})
for name, data in [('a', b'<first marker>'), ('d/' * 60 + 'b', b'<second marker> ' * 40), ('c', b'<third marker>')]:
    i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
t.close()
")
    };
    let mut samples: Vec<_> = [
        zip("ZIP_STORED"),
        zip("ZIP_DEFLATED"),
        tar("GNU_FORMAT"),
        tar("PAX_FORMAT"),
    ]
    .iter()
    .map(|program| made(program))
    .collect();
    samples.push(gzipped(&samples[2]));
    samples.push([b"MZ stub".to_vec(), samples[1].clone()].concat());
    samples.push(made(&zip("ZIP_LZMA")));
    samples.push(made_by_shell(
        "mkdir d; printf '<first marker>' > a; printf '<third marker>' > c
for n in 1 2 3 4 5 6 7 8 9; do printf '<second marker> '; done > d/b
7z a -bso0 -bsp0 out.7z a d c; mv out.7z out",
    ));
    samples.extend(crate::archive::rar::samples());
    let document = Maker::new(512)
        .with("a", MARKERS[0])
        .with("storage/b", &MARKERS[1].repeat(300))
        .with("dir", MARKERS[2])
        .bytes();
    let head = format!(
        "{{\\rt{{\\objdata 0105000002000000{}\\bin{} ",
        "0".repeat(24),
        4 + document.len()
    );
    let size = u32::try_from(document.len()).unwrap().to_le_bytes();
    samples.push([head.as_bytes(), &size, &document, b"}}"].concat());
    samples.push(document);
    for line in ["bzip2", "xz", "zstd -q", "lz4 -q", "lzip"] {
        samples.push(piped(&samples[2], line));
    }
    samples.extend(crate::archive::samples(MARKERS));
    samples.push(crate::program::sample(MARKERS));
    samples
}

/// Formats without checksums of contents, or with one in which two changes cancel each other.
const UNCHECKED: [&str; 7] = ["tar", "ar", "cpio", "cab", "compound file", "rtf", "pe"];

fn found(content: &[u8]) -> ([bool; 3], bool, usize) {
    let limits = Limits::default();
    let mut budget = Budget::new(&limits, 1 << 20);
    let mut markers = [false; 3];
    let mut bytes = 0;
    let is_whole = reach(content, 4, &mut budget, &mut |part| {
        bytes += part.len();
        for (seen, marker) in markers.iter_mut().zip(MARKERS) {
            *seen |= part.windows(marker.len()).any(|window| window == marker);
        }
    });
    (markers, is_whole, bytes)
}

fn mutated(sample: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut content = sample.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(content.len());
        match numbers.below(6) {
            0 => content[at] ^= 1 << numbers.below(8),
            1 => content[at] = [0, 0xff, 0x7f, b'P', b'0'][numbers.below(5)],
            2 => content.truncate(at.max(1)),
            3 => drop(content.drain(at..(at + 1 + numbers.below(40)).min(content.len()))),
            4 => {
                let piece = sample[numbers.below(sample.len())..].to_vec();
                let piece = piece[..piece.len().min(numbers.below(64))].to_vec();
                content.splice(at..at, piece);
            }
            _ => {
                let end = (at + 4).min(content.len());
                content[at..end].fill(0xff);
            }
        }
        if content.is_empty() {
            content.push(0);
        }
    }
    content
}

#[test]
fn unchanged_samples_are_whole() {
    for sample in samples() {
        let (markers, is_whole, _) = found(&sample);
        assert_eq!(markers, [true; 3]);
        assert!(is_whole);
    }
}

#[test]
fn a_changed_archive_never_loses_a_member_in_silence() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut whole = 0;
    for (index, sample) in samples().iter().enumerate() {
        for round in 0..300 {
            let content = mutated(sample, &mut numbers);
            let (markers, is_whole, bytes) = found(&content);
            assert!(
                bytes < 64 << 20,
                "sample {index} round {round}: {bytes} bytes"
            );
            // What is no longer a container at all is matched as plain bytes by the caller.
            let is_container = !recognise(&content).is_empty();
            // A changed marker in a tar or a comment changes content, not its presence: tar
            // has no checksum of contents, and documents have none. Zip and gzip do, so they may
            // never be whole then.
            let kinds = kinds(&content);
            let is_checked = is_container && !UNCHECKED.contains(&kinds[0]);
            // An end mark that came in by a change leaves the rest behind the archive, and tells.
            let is_told = || opened(&content).has_rule("container_extra_data");
            if is_checked && is_whole && (markers == [true; 3] || !is_told()) {
                whole += 1;
                assert_eq!(
                    markers, [true; 3],
                    "sample {index} round {round}: {kinds:?}"
                );
            }
        }
    }
    assert!(0 < whole, "some changes do no harm");
}

#[test]
fn a_tar_whose_headers_are_changed_never_loses_a_member_in_silence() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for sample in &samples()[2..4] {
        for _ in 0..400 {
            // Members begin at whole blocks; only blocks without a marker are changed.
            let block = numbers.below(sample.len() / 512);
            let range = block * 512..(block + 1) * 512;
            let holds = |marker: &[u8]| {
                sample[range.clone()]
                    .windows(marker.len().min(8))
                    .any(|w| w == &marker[..w.len()])
            };
            if block == 0 || MARKERS.iter().any(|marker| holds(marker)) {
                continue;
            }
            let mut content = sample.clone();
            let at = range.start + numbers.below(512);
            let old = content[at];
            content[at] = content[at].wrapping_add(1 + u8::try_from(numbers.below(200)).unwrap());
            let (markers, is_whole, _) = found(&content);
            assert!(!is_whole || markers == [true; 3], "byte {at} was {old}");
        }
    }
}

#[test]
fn a_content_that_is_two_containers_is_told() {
    // A tar whose first member's name begins like a zip.
    let mut tar = made(
        "
import tarfile, io
t = tarfile.open('out', 'w')
i = tarfile.TarInfo('PK\\x03\\x04'); i.size = 4; t.addfile(i, io.BytesIO(b'tar!'))
t.close()
",
    );
    assert_eq!(kinds(&tar), ["zip", "tar"]);
    let zip = opened(&tar);
    assert!(zip.has_rule("container_polyglot") && zip.is_withheld);
    tar[0] = b'Q';
    assert_eq!(kinds(&tar), [""; 0]);
    // The first 32 KiB of a disc image are free for anything.
    let mut disc = gzipped(b"content");
    disc.resize(0x8001, 0);
    disc.extend_from_slice(b"CD001");
    assert_eq!(kinds(&disc), ["gzip"]);
    assert!(opened(&disc).has_rule("container_polyglot"));
}

#[test]
fn contents_held_on_all_levels_together_are_bounded() {
    let limits = Limits {
        memory_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let noise = |seed: u64, length: usize| -> Vec<u8> {
        let mut numbers = Numbers(seed);
        (0..length)
            .map(|_| u8::try_from(numbers.below(256)).unwrap())
            .collect()
    };
    // Each level is below the limit of one content; three of them are above that of all.
    let inner = gzipped(&noise(7, 900 << 10));
    let middle = gzipped(&inner);
    let outer = gzipped(&middle);
    let mut budget = Budget::new(&limits, 1 << 20);
    let mut whole = Vec::new();
    open(
        &recognise(&outer),
        &outer,
        &mut budget,
        &mut |member, budget| {
            let Body::Content(content) = &member.body else {
                panic!("first level")
            };
            whole.push(true);
            open(
                &recognise(content),
                content,
                budget,
                &mut |member, budget| {
                    let Body::Content(content) = &member.body else {
                        panic!("second level")
                    };
                    whole.push(true);
                    open(&recognise(content), content, budget, &mut |member, _| {
                        whole.push(matches!(member.body, Body::Content(_)));
                    })
                    .unwrap();
                },
            )
            .unwrap();
        },
    )
    .unwrap();
    assert_eq!(whole, [true, true, false]);
    let mut budget = Budget::new(&limits, 1 << 20);
    let mut again = false;
    open(&recognise(&inner), &inner, &mut budget, &mut |member, _| {
        again = matches!(member.body, Body::Content(_));
    })
    .unwrap();
    assert!(again, "what was held is given back");
}

/// What carries the three markers in ways that have no checksum.
fn texts() -> Vec<Vec<u8>> {
    let markers = MARKERS.map(|marker| String::from_utf8(marker.to_vec()).unwrap());
    let mail = format!(
        "
import email.message, binascii, base64
first, second, third = {:?}
def uu(data): return b'begin 644 b\\n' + binascii.b2a_uu(data) + b'`\\nend\\n'
m = email.message.EmailMessage()
m['From'] = 'a@example.com'
m.set_content('x')
m.add_attachment(first.encode() * 3, 'a', 'b', filename='点検.bin')
m.add_attachment(b'text\\n' + uu(second.encode()) + b'text\\n', 'text', 'plain', cte='7bit')
inner = email.message.EmailMessage()
inner['Subject'] = 'y'
inner.set_content('<img src=\"data:a/b;base64,' + base64.b64encode(third.encode()).decode() + '\">', subtype='html')
m.add_attachment(inner)
",
        markers
    )
    .replace("\\\\", "\\");
    let made = |end: &str| made(&format!("{mail}\n{end}"));
    vec![
        made("open('out', 'wb').write(m.as_bytes())"),
        made(
            "open('out', 'wb').write(b'From a Mon Jan 1 10:00:00 2024\\n' + m.as_bytes() + b'\\n')",
        ),
        made("open('out', 'wb').write(b'\\xff\\xfe' + m.as_bytes().decode().encode('utf-16-le'))"),
    ]
}

#[test]
fn a_changed_text_is_read_within_bounds() {
    let mut numbers = Numbers(0x1234_5678_9abc_def1);
    let mut kept = 0;
    for (index, sample) in texts().iter().enumerate() {
        let (markers, is_whole, _) = found(sample);
        assert!(markers == [true; 3] && is_whole, "sample {index}");
        for round in 0..300 {
            let content = mutated(sample, &mut numbers);
            let (markers, is_whole, bytes) = found(&content);
            assert!(
                bytes < 1 << 20,
                "sample {index} round {round}: {bytes} bytes"
            );
            kept += usize::from(is_whole && markers == [true; 3]);
        }
    }
    assert!(0 < kept, "some changes do no harm");
}
