//! UDF: damage to what leads to the files, and every limit crossed.

use crate::support::{Found, bytes, sample, walk};
use crate::udf_disc::{Body, Disc, Style, empty, reseal, seal, tagged};

fn says(image: Vec<u8>, rule: &str) -> Found {
    let found = walk("udf", image);
    let rows = found.rows.iter().flat_map(|row| &row.findings);
    let rows: Vec<&str> = rows.map(|finding| finding.rule.as_str()).collect();
    let rules = found.rules();
    assert!(
        rules.contains(&rule) || rows.contains(&rule),
        "{rule}: {rules:?} {rows:?}"
    );
    found
}

fn disk() -> Disc {
    Disc::new(empty("hd", 2048, "2.01", &[]), 2048)
}

/// Both copies of the descriptor of the logical volume, changed.
fn with_logical(image: &mut [u8], change: impl Fn(&mut [u8])) {
    for number in tagged(image, 2048, 6) {
        let logical = &mut image[number * 2048..][..2048];
        change(logical);
        seal(logical, 6, number as u32, 512);
    }
}

#[test]
fn moved_packets_are_read_where_they_are() {
    let files = sample();
    let mut disc = Disc::new(empty("cdrw", 2048, "1.50", &[]), 2048);
    disc.fill(&files, Style::Short);
    let start = disc.start;
    let mut image = disc.finish();
    let packet = 32 * 2048;
    let large = &files["sizes/large.bin"];
    let content = image.windows(64).position(|window| window == &large[..64]);
    let first = (content.unwrap() / 2048 - start) / 32 * 32;
    let from = (start + first) * 2048;
    let spare = 288 * 2048;
    image.copy_within(from..from + packet, spare);
    image[from..from + packet].fill(0x55);
    for number in tagged(&image, 2048, 0) {
        let at = number * 2048;
        if &image[at + 17..at + 35] == b"*UDF Sparing Table" {
            image[at + 56..at + 60].copy_from_slice(&(first as u32).to_le_bytes());
            image[at + 60..at + 64].copy_from_slice(&288_u32.to_le_bytes());
            reseal(&mut image[at..at + 2048]);
        }
    }
    let found = walk("udf", image.clone());
    assert_eq!(found.rules(), ["clusters_lost"]);
    assert_eq!(
        found.contents["sizes/large.bin"],
        Ok(files["sizes/large.bin"].clone())
    );
    found.assert_accounts();

    // A length past `SPARING_BYTES_MAX` is no reason not to read them.
    const SPARING_BYTES_MAX: u32 = 524_344;
    let mut long = image.clone();
    with_logical(&mut long, |logical| {
        logical[440 + 44..440 + 48].copy_from_slice(&(SPARING_BYTES_MAX + 1).to_le_bytes());
    });
    assert_eq!(
        walk("udf", long).contents["sizes/large.bin"],
        Ok(files["sizes/large.bin"].clone())
    );

    let at = 160 * 2048;
    let mut other = image.clone();
    other[at + 56] ^= 0x20;
    reseal(&mut other[at..at + 2048]);
    says(other, "udf_sparing_differs");
    image[at + 60] ^= 1;
    says(image, "udf_sparing_malformed");
}

#[test]
fn a_volume_is_found_by_any_of_its_anchors() {
    let mut disc = disk();
    disc.fill(&sample(), Style::Embedded);
    let image = disc.finish();
    let anchors = tagged(&image, 2048, 2);
    assert!(3 <= anchors.len());
    for keep in &anchors {
        let mut image = image.clone();
        for anchor in anchors.iter().filter(|anchor| *anchor != keep) {
            image[anchor * 2048..][..2048].fill(0);
        }
        walk("udf", image).assert_holds(&sample());
    }
    // Without what announces it.
    let mut image = image;
    image[32_768..][..3 * 2048].fill(0);
    assert_eq!(crate::support::kind(&image), "udf");
}

#[test]
fn what_was_written_after_the_last_table_is_told() {
    let mut disc = Disc::new(empty("cdr", 2048, "2.01", &[]), 2048);
    disc.fill(&sample(), Style::Long);
    let mut image = disc.finish();
    image.resize(image.len() + 100 * 2048, 0);
    walk("udf", image.clone()).assert_holds(&sample());
    let end = image.len();
    image[end - 3000] = 1;
    let found = says(image.clone(), "udf_vat_not_last");
    assert_eq!(found.items.len(), sample().len());
    image.resize(end + 600 * 2048, 0);
    says(image, "udf_vat_missing");

    const VAT_BYTES_MAX: usize = 64 << 20;
    let mut disc = Disc::new(empty("cdr", 2048, "2.01", &[]), 2048);
    let at = disc.take(1);
    let size = VAT_BYTES_MAX + 1;
    disc.entry(
        (0, at),
        248,
        &Body::pieces(Style::Short, size, &[(2, size, 0, 0)]),
    );
    says(disc.image, "udf_vat_not_last");
}

#[test]
fn metadata_and_a_mirror_that_differ_are_told() {
    let mut disc = disk().with_metadata(true);
    disc.fill(&sample(), Style::Embedded);
    let image = disc.finish();
    let entries = tagged(&image, 2048, 266);
    let of = |file_type: u8| {
        let mut entries = entries.iter().map(|number| number * 2048);
        entries.find(|at| image[at + 27] == file_type).unwrap()
    };
    let (main, mirror) = (of(250), of(251));
    let copy = u32::from_le_bytes(image[mirror + 220..][..4].try_into().unwrap());
    let start = disk().start;
    let mut other = image.clone();
    other[(start + copy as usize) * 2048 + 500] ^= 1;
    let found = says(other, "udf_metadata_differs");
    assert_eq!(found.items.len(), sample().len());
    let mut other = image.clone();
    other[main + 4] ^= 1;
    let found = says(other, "udf_metadata_malformed");
    assert_eq!(found.items.len(), sample().len());

    const MIRROR_BYTES_MAX: usize = 256 << 20;
    let mut disc = disk().with_metadata(true);
    let piece = (0, 5 << 20, 0, 100);
    let pieces = vec![piece; MIRROR_BYTES_MAX / piece.1 + 1];
    let body = Body::pieces(Style::Short, piece.1 * pieces.len(), &pieces);
    disc.entry((0, (main / 2048 - start) as u32), 250, &body);
    says(disc.image, "udf_mirror_too_long");
}

#[test]
fn descriptors_without_end_are_reported() {
    const SEQUENCE_BLOCKS_MAX: usize = 512;
    const INTEGRITY_BLOCKS_MAX: usize = 4096;
    const FILE_SETS_MAX: usize = 64;
    const MAPS_MAX: usize = 8;
    let limits = [SEQUENCE_BLOCKS_MAX, INTEGRITY_BLOCKS_MAX, FILE_SETS_MAX];
    assert_eq!(limits, [512, 4096, 64]);
    let image = disk().finish();
    // A sequence that goes on in itself.
    let end = tagged(&image, 2048, 8)[0];
    let mut endless = image.clone();
    let pointer = &mut endless[end * 2048..][..2048];
    pointer[20..24].copy_from_slice(&(16 * 2048_u32).to_le_bytes());
    pointer[24..28].copy_from_slice(&96_u32.to_le_bytes());
    seal(pointer, 3, end as u32, 512);
    says(endless, "udf_too_many_descriptors");

    let number = tagged(&image, 2048, 9)[0];
    let mut endless = image.clone();
    let integrity = &mut endless[number * 2048..][..2048];
    integrity[32..36].copy_from_slice(&2048_u32.to_le_bytes());
    integrity[36..40].copy_from_slice(&(number as u32).to_le_bytes());
    reseal(integrity);
    says(endless, "udf_too_many_descriptors");

    let number = tagged(&image, 2048, 256)[0];
    let mut endless = image.clone();
    let set = &mut endless[number * 2048..][..2048];
    let next = (number - disk().start) as u32;
    set[448..452].copy_from_slice(&2048_u32.to_le_bytes());
    set[452..456].copy_from_slice(&next.to_le_bytes());
    reseal(set);
    says(endless, "udf_file_sets_malformed");

    let mut many = image;
    with_logical(&mut many, |logical| {
        let count = MAPS_MAX + 1;
        logical[264] = (count * 6) as u8;
        logical[268] = count as u8;
        for number in 0..count {
            logical[440 + number * 6..][..6].copy_from_slice(&[1, 6, 1, 0, 0, 0]);
        }
    });
    says(many, "udf_map_malformed");
}

/// A chain of continuations that holds `count` holes, by its first block.
fn holes(disc: &mut Disc, count: usize) -> u32 {
    let mut next = None;
    let hole =
        |block: u32, kind: u32| [(kind << 30 | 2048).to_le_bytes(), block.to_le_bytes()].concat();
    let mut left = count;
    loop {
        let mut area: Vec<u8> = Vec::new();
        for _ in 0..left.min(252) {
            area.extend(hole(0, 2));
        }
        left -= left.min(252);
        if let Some(next) = next {
            area.extend(hole(next, 3));
        }
        let at = disc.take(1);
        let mut bytes = vec![0_u8; 2048];
        bytes[20..24].copy_from_slice(&(area.len() as u32).to_le_bytes());
        bytes[24..24 + area.len()].copy_from_slice(&area);
        seal(&mut bytes, 258, at, 24 + area.len());
        let offset = disc.offset(0, at);
        disc.image[offset..offset + 2048].copy_from_slice(&bytes);
        next = Some(at);
        if left == 0 {
            return at;
        }
    }
}

#[test]
fn contents_in_too_many_pieces_are_reported() {
    const FILE_EXTENTS_MAX: usize = 1 << 18;
    let mut disc = disk();
    let chain = holes(&mut disc, FILE_EXTENTS_MAX + 1);
    let size = (FILE_EXTENTS_MAX + 1) * 2048;
    let file = disc.file_of(5, &Body::pieces(Style::Short, size, &[(3, 2048, 0, chain)]));
    let names = disc.names(&[("many", file, 0)]);
    disc.write_root(&names, Style::Embedded);
    let found = says(disc.finish(), "too_many_extents");
    assert!(found.items.is_empty());

    // Many files that share a long chain.
    const VOLUME_EXTENTS_MAX: usize = 1 << 24;
    let mut disc = disk();
    let chain = holes(&mut disc, FILE_EXTENTS_MAX - 1);
    let mut names = Vec::new();
    for _ in 0..VOLUME_EXTENTS_MAX / FILE_EXTENTS_MAX + 2 {
        let body = Body::pieces(Style::Short, 2048, &[(3, 2048, 0, chain)]);
        names.push(("many", disc.file_of(5, &body), 0));
    }
    let names = disc.names(&names);
    disc.write_root(&names, Style::Short);
    let found = says(disc.finish(), "too_many_extents");
    assert!(
        (60..=64).contains(&found.items.len()),
        "{}",
        found.items.len()
    );
}

#[test]
fn folders_and_links_past_the_limits_are_reported() {
    const UDF_FOLDER_BYTES_MAX: usize = 64 << 20;
    const LINK_BYTES_MAX: usize = 64 << 10;
    let mut disc = disk();
    let size = UDF_FOLDER_BYTES_MAX + 1;
    disc.write_root_of(&Body::pieces(Style::Short, size, &[(2, size, 0, 0)]));
    says(disc.finish(), "folder_too_long");

    let mut disc = disk();
    let target = [4, 0, 0, 0].repeat(LINK_BYTES_MAX / 4 + 1);
    let body = disc.store(&target, Style::Short);
    let link = disc.file_of(12, &body);
    let names = disc.names(&[("link", link, 0)]);
    disc.write_root(&names, Style::Embedded);
    says(disc.finish(), "udf_link_malformed");
}

#[test]
fn loops_and_shared_blocks_are_reported() {
    let mut disc = disk();
    let first = disc.store(&bytes(1, 3000), Style::Short);
    let one = disc.file_of(5, &first);
    let two = disc.file_of(5, &first);
    let root = disc.root;
    let names = disc.names(&[("one", one, 0), ("two", two, 0), ("up", root, 2)]);
    disc.write_root(&names, Style::Embedded);
    let found = walk("udf", disc.finish());
    assert_eq!(found.rules(), ["cross_linked", "folder_loop"]);
    assert_eq!(found.contents["two"], Ok(bytes(1, 3000)));
    found.assert_accounts();

    let mut disc = disk();
    let at = disc.take(1);
    let mut block = vec![0_u8; 2048];
    block[20] = 8;
    block[24..28].copy_from_slice(&(3_u32 << 30 | 2048).to_le_bytes());
    block[28..32].copy_from_slice(&at.to_le_bytes());
    seal(&mut block, 258, at, 32);
    let offset = disc.offset(0, at);
    disc.image[offset..offset + 2048].copy_from_slice(&block);
    let file = disc.file_of(5, &Body::pieces(Style::Short, 2048, &[(3, 2048, 0, at)]));
    let names = disc.names(&[("endless", file, 0)]);
    disc.write_root(&names, Style::Embedded);
    says(disc.finish(), "udf_continuation_loop");
}
