//! The data of the samples was made by Inno Setup's own compiler, of the versions in their names;
//! the loader and the program that installs, a megabyte each time, are ours.

#![allow(clippy::arithmetic_side_effects, reason = "tests compute expectations")]

use wire::Gap;

use super::LOCATIONS_MAX;
use crate::program::maker::{Maker, Name, number};
use crate::testing::{Opened, What, opened};

const ALL: [(&str, &[u8]); 7] = [
    ("bzip2", include_bytes!("samples/6.0.0-bzip")),
    ("solid lzma2", include_bytes!("samples/6.0.0-solid")),
    ("lzma", include_bytes!("samples/6.3.0-lzma")),
    ("lzma2", include_bytes!("samples/6.4.0.1-lzma2")),
    ("stored", include_bytes!("samples/6.4.0.1-none")),
    ("zlib", include_bytes!("samples/6.4.0.1-zip")),
    ("encrypted", include_bytes!("samples/6.4.0.1-enc")),
];

/// The three files that each of them installs.
fn files() -> [Vec<u8>; 3] {
    let lines: String = (1..=2_000).map(|number| format!("{number}\n")).collect();
    let mut code = b"MZ\x90\0".to_vec();
    code.extend(b"program for the test ".repeat(4));
    for index in 0..300_i32 {
        let here = i32::try_from(code.len()).unwrap();
        code.extend(b"\x55\x90\xe8");
        let back = if index % 2 == 1 {
            4000 - here - 7
        } else {
            (-here).div_euclid(2)
        };
        code.extend(back.to_le_bytes());
        code.extend([u8::try_from(index % 251).unwrap(); 3]);
        code.push(0xe9);
        code.extend((0x1234_5678 + index).to_le_bytes());
    }
    [lines.into_bytes(), b"canary text here\n".to_vec(), code]
}

/// A block that is not compressed.
fn block(content: &[u8]) -> Vec<u8> {
    let mut pieces = Vec::new();
    for piece in content.chunks(4096) {
        pieces.extend(crc32fast::hash(piece).to_le_bytes());
        pieces.extend(piece);
    }
    let fields = [number(pieces.len()).as_slice(), &[0]].concat();
    let sum = crc32fast::hash(&fields).to_le_bytes();
    [&sum, fields.as_slice(), &pieces].concat()
}

const PROGRAM: &[u8] = b"MZ the program that installs";

fn loader(table: &[usize; 7]) -> Vec<u8> {
    let mut resource = b"rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a\x01\0\0\0".to_vec();
    table
        .iter()
        .for_each(|field| resource.extend(number(*field)));
    let sum = crc32fast::hash(&resource[..40]).to_le_bytes();
    resource.truncate(40);
    resource.extend(sum);
    let raw = Name::Number(10);
    Maker::new()
        .resource(raw, Name::Number(11111), &resource)
        .bytes()
}

/// An installer of chunks and of what describes them.
fn installer(data: &[u8], setup: &[u8]) -> Vec<u8> {
    let data_at = loader(&[0; 7]).len();
    let setup_at = data_at + data.len();
    let program_at = setup_at + setup.len();
    let program = block(PROGRAM);
    let total = program_at + program.len();
    let table = [total, program_at, PROGRAM.len(), 0, setup_at, data_at, 0];
    [&loader(&table), data, setup, &program].concat()
}

fn parts(sample: &[u8]) -> (&[u8], &[u8]) {
    let bytes = u32::from_le_bytes(sample[..4].try_into().unwrap());
    sample[4..].split_at(bytes.try_into().unwrap())
}

fn whole(sample: &[u8]) -> Vec<u8> {
    let (data, setup) = parts(sample);
    installer(data, setup)
}

fn installed(done: &Opened) -> Vec<(What, Vec<u8>)> {
    let own = done
        .members
        .iter()
        .filter(|one| one.name.starts_with("installed file"));
    own.map(|one| (one.what, one.content.clone())).collect()
}

#[test]
fn every_file_of_every_method_is_as_it_was() {
    for (name, sample) in ALL.iter().filter(|(name, _)| *name != "encrypted") {
        let done = opened(&whole(sample));
        let wanted = files().map(|file| (What::Content, file));
        assert_eq!(installed(&done), wanted, "{name}");
        assert!(!done.is_suspect(), "{name}: {:?}", done.rules);
        assert_eq!(done.contents("(program that installs)"), [PROGRAM]);
        let script = done.contents("(installer script)");
        let path: Vec<u8> = "{app}\\sub"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(script[0].windows(path.len()).any(|part| part == path));
    }
}

#[test]
fn files_that_ask_for_a_password_are_encrypted() {
    let done = opened(&whole(ALL[6].1));
    let all = installed(&done);
    assert_eq!(all.len(), 3);
    assert!(
        all.iter()
            .all(|(what, _)| *what == What::Unchecked(Gap::Encrypted))
    );
}

#[test]
fn an_installer_that_is_cut_off_or_changed_is_never_whole() {
    for (name, sample) in ALL {
        let whole = whole(sample);
        let begin = loader(&[0; 7]).len();
        for end in [
            begin + 2,
            begin + 900,
            (begin + whole.len()) / 2,
            whole.len() - 1,
        ] {
            assert_eq!(
                opened(&whole[..end]).gap,
                Some(Gap::Damaged),
                "{name}, {end}"
            );
        }
        // In the first chunk, and in the blocks that describe the setup.
        let (data, _) = parts(sample);
        for at in [begin + 20, begin + data.len() + 200, whole.len() - 10] {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            let done = opened(&changed);
            let all = installed(&done);
            let is_told = done.gap.is_some() || all.iter().any(|(what, _)| *what != What::Content);
            assert!(is_told, "{name}, {at}");
        }
    }
}

#[test]
fn what_is_not_known_of_an_installer_is_named() {
    let (data, setup) = parts(ALL[3].1);
    for version in ["9.4.0.1", "5.1.2.1", "6.5.0.0", "6.4.0.x"] {
        let mut other = setup.to_vec();
        other[23..23 + version.len()].copy_from_slice(version.as_bytes());
        let done = opened(&installer(data, &other));
        assert_eq!(done.gap, Some(Gap::Unsupported), "{version}");
    }
    // A table of another revision, with a sum that fits; one whose sum does not.
    let whole = whole(ALL[3].1);
    let at = whole.windows(6).position(|six| six == b"rDlPtS").unwrap();
    let mut other = whole.clone();
    other[at + 12] = 2;
    assert_eq!(opened(&other).gap, Some(Gap::Unsupported));
    let sum = crc32fast::hash(&other[at..at + 40]);
    other[at + 40..at + 44].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(opened(&other).gap, Some(Gap::Unsupported));
}

/// What describes one file whose content is `bytes` long, checked by `sum`.
fn described(version: &str, record: &[u8], records: usize) -> Vec<u8> {
    let mut setup = format!("Inno Setup Setup Data ({version})").into_bytes();
    setup.resize(64, 0);
    setup.extend(block(b"description"));
    setup.extend(block(&record.repeat(records)));
    setup
}

/// One stored file as versions before 5.3.9 have it.
fn record(slice: u8, sum: &[u8]) -> Vec<u8> {
    let mut record = vec![slice, 0, 0, 0, slice, 0, 0, 0, 0, 0, 0, 0];
    for field in [0_u64, 5, 5] {
        record.extend(field.to_le_bytes());
    }
    record.extend(sum);
    record.extend([0; 18]);
    record
}

#[test]
fn old_versions_check_by_md5_and_data_beside_the_installer_is_named() {
    use md5::Digest as _;
    let sum = md5::Md5::digest(b"alpha");
    let setup = described("5.2.3", &record(0, &sum), 1);
    let done = opened(&installer(b"zlb\x1aalpha", &setup));
    assert_eq!(installed(&done), [(What::Content, b"alpha".to_vec())]);
    assert_eq!(done.gap, None);
    let setup = described("5.2.3", &record(1, &sum), 1);
    let done = opened(&installer(b"zlb\x1aalpha", &setup));
    assert_eq!(
        installed(&done),
        [(What::Unchecked(Gap::Unsupported), Vec::new())]
    );
    assert_eq!(done.gap, Some(Gap::Unsupported));
}

#[test]
fn a_second_table_is_opened_too_and_told() {
    use md5::Digest as _;
    let setup = described("5.2.3", &record(0, &md5::Md5::digest(b"alpha")), 1);
    let one = installer(b"zlb\x1aalpha", &setup);
    let at = one.windows(6).position(|six| six == b"rDlPtS").unwrap();
    let raw = || Name::Number(10);
    let both = |table: &[u8]| {
        let maker =
            Maker::new().resource(raw(), Name::Number(1), b"rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a");
        maker.resource(raw(), Name::Number(11111), table).bytes()
    };
    // Places count from the beginning, and the loader is larger now.
    let more = both(&[0; 44]).len() - loader(&[0; 7]).len();
    let mut table = one[at..at + 44].to_vec();
    for field in [16, 20, 32, 36] {
        let place = u32::from_le_bytes(table[field..field + 4].try_into().unwrap());
        let moved = place + u32::try_from(more).unwrap();
        table[field..field + 4].copy_from_slice(&moved.to_le_bytes());
    }
    let sum = crc32fast::hash(&table[..40]);
    table[40..].copy_from_slice(&sum.to_le_bytes());
    let done = opened(&[both(&table), one[loader(&[0; 7]).len()..].to_vec()].concat());
    assert!(done.is_withheld && done.has_rule("inno_tables"));
    assert_eq!(installed(&done), [(What::Content, b"alpha".to_vec())]);
}

#[test]
fn more_files_than_are_looked_at_are_a_limit() {
    let setup = described("5.2.3", &record(0, &[0; 16]), LOCATIONS_MAX + 1);
    let done = opened(&installer(b"zlb\x1aalpha", &setup));
    assert_eq!(done.gap, Some(Gap::Limit));
}
