use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::super::form::{FAN_BITS_MAX, is_title};
use super::super::{NAMES_BYTES_MAX, Plan, ROWS_MAX, Sort, build};
use super::*;

/// A list in memory, which counts how often it is read.
#[derive(Debug)]
struct Counted {
    bytes: Vec<u8>,
    reads: Cell<u32>,
    largest: Cell<usize>,
}

impl From<Vec<u8>> for Counted {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            reads: Cell::new(0),
            largest: Cell::new(0),
        }
    }
}

impl ReadAt for Counted {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.bytes.len()).unwrap())
    }

    fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.reads.set(self.reads.get().saturating_add(1));
        self.largest.set(self.largest.get().max(buffer.len()));
        let start = usize::try_from(offset_bytes).unwrap();
        let bytes = self.bytes.get(start..start.saturating_add(buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// The bytes of a list of these digests, with names where there are any.
fn list_of<'h>(rows: impl IntoIterator<Item = (&'h [u8], Option<&'h str>)>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, into): (PathBuf, PathBuf) = (folder.path().join("s"), folder.path().join("l"));
    let mut file = io::BufWriter::new(fs::File::create(&source).unwrap());
    for (digest, name) in rows {
        writeln!(
            file,
            "{} {}",
            wire::name::hex(digest),
            name.unwrap_or_default()
        )
        .unwrap();
    }
    drop(file);
    let plan = Plan {
        sort: Sort::Block,
        title: "worms",
        sources: &[source],
        into: &into,
    };
    build(&plan).unwrap();
    fs::read(into).unwrap()
}

fn digest(number: u64) -> [u8; 32] {
    Sha256::digest(number.to_le_bytes()).into()
}

#[test]
fn a_look_up_reads_a_page_or_two_of_a_long_list() {
    let digests: Vec<_> = (0..200_000).map(digest).collect();
    let list = list_of(digests.iter().map(|digest| (&digest[..], None)));
    let list = List::open(Counted::from(list)).unwrap();
    let mut reads = 0;
    for number in 0..4000 {
        // Half of them are on it.
        let number = number * 100;
        list.reader.reads.set(0);
        let found = list.look_up(&Hash::Sha256(digest(number))).unwrap();
        assert_eq!(found.is_some(), number < 200_000);
        assert!(list.reader.reads.get() <= 3, "{}", list.reader.reads.get());
        reads += list.reader.reads.get();
    }
    assert!(reads < 4000 * 2, "{reads}");
}

#[test]
fn a_list_of_nearly_equal_digests_is_searched_too() {
    // All in one branch of the fan-out, where no guess is right.
    let digests: Vec<[u8; 32]> = (0..20_000_u64)
        .map(|number| {
            let mut digest = [0x77; 32];
            digest[24..].copy_from_slice(&(number * 3).to_be_bytes());
            digest
        })
        .collect();
    let list = list_of(digests.iter().map(|digest| (&digest[..], None)));
    let list = List::open(Counted::from(list)).unwrap();
    list.verify().unwrap();
    for number in (0..60_003_u64).step_by(7) {
        let mut digest = [0x77; 32];
        digest[24..].copy_from_slice(&number.to_be_bytes());
        list.reader.reads.set(0);
        let found = list.look_up(&Hash::Sha256(digest)).unwrap();
        assert_eq!(
            found.is_some(),
            number % 3 == 0 && number < 60_000,
            "{number}"
        );
        assert!(list.reader.reads.get() <= 12, "{}", list.reader.reads.get());
    }
}

#[test]
fn of_a_list_only_the_fan_outs_are_held() {
    let most = (1_usize << FAN_BITS_MAX) + 1;
    assert!(3 * most * size_of::<u32>() < 1 << 20);
    let digests: Vec<_> = (0..30_000).map(digest).collect();
    let list = list_of(digests.iter().map(|digest| (&digest[..], None)));
    let list = List::open(Counted::from(list)).unwrap();
    let held: usize = list.fans.iter().map(Vec::len).sum();
    assert_eq!(held, 513);
    list.reader.largest.set(0);
    list.look_up(&Hash::Sha256(digest(1))).unwrap().unwrap();
    assert_eq!(list.reader.largest.get(), PAGE_BYTES);
}

/// Whatever is changed of a list, what is on it is found or the answer is an error.
fn never_missed(bytes: Vec<u8>, on_it: &[[u8; 32]], what: &str) {
    let Ok(list) = List::open(Counted::from(bytes)) else {
        return;
    };
    assert!(list.verify().is_err(), "{what} was not noticed");
    for digest in on_it {
        let found = list.look_up(&Hash::Sha256(*digest));
        assert!(!matches!(found, Ok(None)), "{what} made a digest disappear");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed_and_never_an_answer() {
    let digests: Vec<_> = (0..300).map(digest).collect();
    let name = |place: usize| place.is_multiple_of(2).then_some("family");
    let rows = digests.iter().enumerate();
    let list = list_of(rows.map(|(place, digest)| (&digest[..], name(place))));
    let sums = List::open(Counted::from(list.clone())).unwrap().verify();
    let sums = sums.unwrap();
    assert_eq!(sums.end[..], list[list.len() - 32..]);
    assert_eq!(sums.file_sha256[..], Sha256::digest(&list)[..]);
    assert_eq!(usize::try_from(sums.size_bytes), Ok(list.len()));
    for place in 0..list.len() {
        let mut changed = list.clone();
        changed[place] ^= 1 << (place % 8);
        never_missed(changed, &digests[..20], &format!("byte {place}"));
    }
}

#[test]
fn a_list_that_is_cut_or_has_something_behind_it_is_refused() {
    let list = list_of([(&digest(1)[..], Some("a")), (&digest(2)[..], None)]);
    for length in 0..list.len() {
        let error = List::open(Counted::from(list[..length].to_vec())).unwrap_err();
        assert!(
            matches!(error, ListError::Malformed(_)),
            "{length}: {error}"
        );
    }
    let longer = [list.as_slice(), &[0]].concat();
    assert!(List::open(Counted::from(longer)).is_err());
    assert!(List::open(Counted::from(b"5d41402abc4b2a76".repeat(1000))).is_err());
}

/// The list with its first page changed by `change` and sealed again.
fn reheaded(list: &[u8], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::decode(&list[..PAGE_BYTES]).unwrap();
    change(&mut header);
    [&header.encode(), &list[PAGE_BYTES..]].concat()
}

#[test]
fn a_first_page_that_promises_more_than_a_list_may_hold_is_refused() {
    let list = list_of([(&digest(1)[..], None)]);
    let refused = |change: &dyn Fn(&mut Header)| {
        let changed = reheaded(&list, change);
        List::open(Counted::from(changed)).unwrap_err().to_string()
    };
    let rows = refused(&|header| header.sections[0].rows = ROWS_MAX + 1);
    assert!(rows.contains("more than a list can"), "{rows}");
    let bits = refused(&|header| header.sections[0].fan_bits = FAN_BITS_MAX + 1);
    assert!(bits.contains("more than a list can"), "{bits}");
    let names = refused(&|header| header.names_bytes = NAMES_BYTES_MAX + 1);
    assert!(names.contains("more names"), "{names}");
    let title = refused(&|header| header.title = "a\u{202E}".to_owned());
    assert!(title.contains("its name"), "{title}");
    assert!(is_title("worms").is_ok());
    // Nothing changed: it opens.
    List::open(Counted::from(reheaded(&list, |_| ()))).unwrap();
    let mut other = list.clone();
    other[8] = 2;
    let version = List::open(Counted::from(other)).unwrap_err();
    assert!(matches!(version, ListError::Version(2)), "{version}");
}

#[test]
fn rows_out_of_order_are_refused_though_every_checksum_is_right() {
    let digests: Vec<_> = (0..40).map(digest).collect();
    let mut list = list_of(digests.iter().map(|digest| (&digest[..], None)));
    let page = list[PAGE_BYTES..2 * PAGE_BYTES].to_vec();
    let row = row_bytes(Algorithm::Sha256);
    let swapped = [
        &page[row..2 * row],
        &page[..row],
        &page[2 * row..PAGE_BYTES - 4],
    ]
    .concat();
    let swapped = super::super::form::sealed(swapped);
    list[PAGE_BYTES..2 * PAGE_BYTES].copy_from_slice(&swapped);
    let end = list.len() - 32;
    let hash = Sha256::digest(&list[..end]);
    list[end..].copy_from_slice(&hash);
    let list = List::open(Counted::from(list)).unwrap();
    let error = list.verify().unwrap_err().to_string();
    assert!(error.contains("not in order"), "{error}");
    assert!(list.look_up(&Hash::Sha256(digests[0])).is_err());
}

#[test]
fn a_list_that_cannot_be_read_gives_no_answer() {
    #[derive(Debug)]
    struct Failing(Counted, u64);
    impl ReadAt for Failing {
        fn size_bytes(&self) -> io::Result<u64> {
            self.0.size_bytes()
        }
        fn read_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> io::Result<()> {
            if offset_bytes == self.1 {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.0.read_at(offset_bytes, buffer)
        }
    }
    let list = list_of([(&digest(1)[..], None)]);
    let page = u64::try_from(PAGE_BYTES).unwrap();
    let list = List::open(Failing(list.into(), page)).unwrap();
    let error = list.look_up(&Hash::Sha256(digest(2))).unwrap_err();
    assert!(matches!(error, ListError::Read(_)), "{error}");
    assert!(matches!(list.verify(), Err(ListError::Read(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_list_answers_as_a_set_does(
        // Few different first bytes, so that branches are full and digests meet.
        rows in prop::collection::btree_map(
            (0_u8..3, prop::collection::vec(any::<u8>(), 31)),
            prop::option::of("[a-z]{1,9}"),
            0..900,
        ),
        others in prop::collection::vec((0_u8..3, prop::collection::vec(any::<u8>(), 31)), 50),
        algorithm in 0_usize..3,
    ) {
        let length = Algorithm::ALL[algorithm].digest_bytes();
        let cut = |(first, rest): &(u8, Vec<u8>)| {
            let mut digest = vec![*first];
            digest.extend(rest);
            digest.truncate(length);
            digest
        };
        let hash = |digest: &[u8]| match algorithm {
            0 => Hash::Sha256(digest.try_into().unwrap()),
            1 => Hash::Sha1(digest.try_into().unwrap()),
            _ => Hash::Md5(digest.try_into().unwrap()),
        };
        let set: BTreeMap<Vec<u8>, Option<String>> =
            rows.iter().map(|(digest, name)| (cut(digest), name.clone())).collect();
        let list = list_of(set.iter().map(|(digest, name)| (digest.as_slice(), name.as_deref())));
        let list = List::open(Counted::from(list)).unwrap();
        prop_assert!(list.verify().is_ok());
        let asked = set.keys().cloned().chain(others.iter().map(cut));
        for digest in asked {
            let found = list.look_up(&hash(&digest)).unwrap();
            let expected = set.get(&digest).map(|name| Entry { name: name.clone() });
            prop_assert_eq!(found, expected);
        }
    }
}
