//! Documents changed byte by byte.

use super::{document, flate, holds, page, stream};
use crate::testing::opened;

/// A marker and where the object is that it is in.
type Marker = (Vec<u8>, std::ops::Range<usize>);

/// A document with three markers, each in an object of its own.
fn sample() -> (Vec<u8>, Vec<Marker>) {
    let mut objects = page(stream("/Filter/FlateDecode", &flate(b"<first marker>")));
    objects.push(stream("/Filter/AHx", b"3c7365636f6e64206d61726b65723e>"));
    objects.push(stream(
        "/Type/ObjStm/N 1/First 4/Filter/Fl",
        &flate(b"9 0 <</JS(<third marker>)>>"),
    ));
    let content = document(&objects);
    let find = |text: &[u8]| {
        content
            .windows(text.len())
            .position(|window| window == text)
            .unwrap()
    };
    let places = [
        find(b"4 0 obj"),
        find(b"5 0 obj"),
        find(b"6 0 obj"),
        find(b"xref"),
    ];
    let markers: [&[u8]; 3] = [b"<first marker>", b"<second marker>", b"<third marker>"];
    let ranges = places.windows(2).map(|pair| pair[0]..pair[1]);
    let markers = markers
        .iter()
        .map(|marker| marker.to_vec())
        .zip(ranges)
        .collect();
    (content, markers)
}

#[test]
fn a_change_elsewhere_never_hides_an_object_in_silence() {
    let (sample, markers) = sample();
    assert!(
        markers
            .iter()
            .all(|(marker, _)| holds(&opened(&sample), marker))
    );
    for at in 5..sample.len() {
        for byte in [0, 0xff, b'(', b'<', b'%', sample[at] ^ 1] {
            let mut content = sample.clone();
            content[at] = byte;
            let pdf = opened(&content);
            for (marker, place) in &markers {
                let is_told = pdf.is_suspect();
                let is_own = place.contains(&at);
                assert!(is_own || is_told || holds(&pdf, marker), "{byte} at {at}");
            }
        }
    }
}

#[test]
fn a_part_taken_out_never_ends_the_reader() {
    let (sample, _) = sample();
    for at in 5..sample.len() {
        for length in [1, 7, 40] {
            let mut content = sample.clone();
            content.drain(at..(at + length).min(sample.len()));
            let pdf = opened(&content);
            let bytes: usize = pdf.members.iter().map(|one| one.content.len()).sum();
            assert!(bytes < 1 << 16);
        }
    }
}
