//! Lists of files, checked by sha256sum and by hashdeep on real folders.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use export::manifest::{self, HASHDEEP_LINE_BYTES_MAX, LeftOut, List, Listed};
use export::{Book, ExportError, Selection};
use record::{Ledger, Writer};
use wire::name::is_hidden;
use wire::{Digest, Gap, MediumName, Outcome, Row, RowKind, Verdict};

use crate::common::{hostile, run, scan};

/// A file on the medium that is mounted at `folder`, and its row.
fn file(folder: &Path, name: &MediumName) -> Row {
    let path = folder.join(std::ffi::OsStr::from_bytes(name.as_bytes()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content = format!("content of {}", name.escaped());
    fs::write(&path, &content).unwrap();
    let (done, text) = run(Command::new("sha256sum").stdin(fs::File::open(&path).unwrap()));
    assert!(done);
    let digest: Digest = text
        .split(' ')
        .next()
        .unwrap()
        .to_owned()
        .try_into()
        .unwrap();
    Row {
        sha256: Some(digest),
        size_bytes: content.len().try_into().unwrap(),
        ..crate::common::row(name, Outcome::Clean)
    }
}

fn named(name: &str) -> MediumName {
    MediumName::new(name).unwrap()
}

/// Files that should be on a list and are not.
type Missing = Vec<(MediumName, LeftOut)>;

/// The list of a verdict over `rows`, what became of them, and the names that are left out.
fn list(
    rows: &[Row],
    list: List,
    volume: Option<u32>,
) -> Result<(Vec<u8>, Listed, Missing), ExportError> {
    let ledger = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(ledger.path()).unwrap();
    let entry = scan(&mut writer, Verdict::Incomplete, &named("stick"), rows);
    let ledger = Ledger::open(ledger.path()).unwrap();
    let book = Book::open(&ledger, Selection::of(entry))?;
    let (mut bytes, mut missing) = (Vec::new(), Vec::new());
    let said = |name: &MediumName, why| missing.push((name.clone(), why));
    let listed = manifest::write(&book, list, volume, said, &mut bytes)?;
    Ok((bytes, listed, missing))
}

/// Names that are no harm on a list: they stand there as they are, or in its own escapes.
fn can_be_listed(name: &MediumName, which: List) -> bool {
    name.as_text().is_some_and(|text| {
        let escaped = |letter: char| which == List::Sha256sums && "\n\r".contains(letter);
        !text
            .chars()
            .any(|letter| is_hidden(letter) && !escaped(letter))
    })
}

fn check(which: List, verify: impl Fn(&Path, &Path) -> (bool, String)) {
    let medium = tempfile::tempdir().unwrap();
    // No file system has parts of more than 255 bytes.
    let short = |name: MediumName| match name.as_bytes().split_at_checked(150) {
        Some((folder, file)) => MediumName::new([folder, b"/", file].concat()).unwrap(),
        None => name,
    };
    let mut names: Vec<MediumName> = hostile().into_iter().map(short).collect();
    names.extend(["-", "--help", "a b", "点検/記録.txt", "back\\slash"].map(named));
    let rows: Vec<Row> = names.iter().map(|name| file(medium.path(), name)).collect();
    let (bytes, listed, missing) = list(&rows, which, None).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(
        !text
            .chars()
            .any(|letter| letter != '\n' && is_hidden(letter))
    );
    let (good, bad): (Vec<_>, Vec<_>) = names.iter().partition(|name| can_be_listed(name, which));
    assert_eq!(listed.files, u64::try_from(good.len()).unwrap());
    assert_eq!(listed.missing, u64::try_from(bad.len()).unwrap());
    let told: Vec<&MediumName> = missing.iter().map(|(name, _)| name).collect();
    assert_eq!(told, bad);
    assert!(missing.iter().all(|(_, why)| *why == LeftOut::Name));
    // What is not on the list is not on the medium that the list is checked on.
    for name in bad {
        fs::remove_file(
            medium
                .path()
                .join(std::ffi::OsStr::from_bytes(name.as_bytes())),
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    fs::write(&path, bytes).unwrap();
    let (holds, said) = verify(&path, medium.path());
    assert!(holds, "{said}\n{text}");
    // One more byte in one file, and it does not.
    for name in [&names[0], &named("点検/記録.txt"), &named("-")] {
        let path_of = medium
            .path()
            .join(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let before = fs::read(&path_of).unwrap();
        fs::write(&path_of, [&before[..], b"!"].concat()).unwrap();
        let (holds, said) = verify(&path, medium.path());
        assert!(!holds, "{said}");
        fs::write(&path_of, before).unwrap();
    }
}

#[test]
fn sha256sum_verifies_every_file_on_its_list_whatever_its_name() {
    check(List::Sha256sums, |list, medium| {
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--strict", "--quiet"]).arg(list);
        run(check.current_dir(medium))
    });
}

#[test]
fn hashdeep_verifies_every_file_on_its_list_whatever_its_name() {
    check(List::Hashdeep, |list, medium| {
        let mut check = Command::new("hashdeep");
        check
            .args(["-r", "-l", "-a", "-v", "-k"])
            .arg(list)
            .arg(".");
        run(check.current_dir(medium))
    });
}

/// A file whose path has so many bytes, in folders of a hundred each.
fn deep(folder: &Path, bytes: usize) -> Row {
    let name = format!("{}/", "x".repeat(99)).repeat(bytes / 100 + 1);
    file(folder, &named(&name[..bytes]))
}

#[test]
fn a_path_that_is_too_long_for_hashdeep_is_left_out_and_the_list_says_so() {
    let medium = tempfile::tempdir().unwrap();
    let path_of = |line: usize, row: &Row| {
        let other = format!("{},{},./\n", row.size_bytes, "0".repeat(64));
        line - other.len()
    };
    // The size has as many digits in each.
    let any = deep(medium.path(), 1_950);
    fs::remove_dir_all(medium.path()).unwrap();
    let longest = deep(medium.path(), path_of(HASHDEEP_LINE_BYTES_MAX, &any));
    let audit = |list: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, list).unwrap();
        let mut check = Command::new("hashdeep");
        check.args(["-r", "-l", "-a", "-v", "-k"]).arg(&path);
        run(check.arg(".").current_dir(medium.path()))
    };
    let (bytes, listed, _) = list(std::slice::from_ref(&longest), List::Hashdeep, None).unwrap();
    assert_eq!((listed.files, listed.missing), (1, 0));
    assert!(!text(&bytes).contains("left out"));
    let (holds, said) = audit(&bytes);
    assert!(holds, "{said}");
    // One more byte, and hashdeep does not find it: so it is not on the list.
    let longer = MediumName::new([longest.path.as_bytes(), b"y"].concat()).unwrap();
    let longer = Row {
        path: longer,
        ..longest.clone()
    };
    let rows = [longest.clone(), longer.clone()];
    let (bytes, listed, missing) = list(&rows, List::Hashdeep, None).unwrap();
    assert_eq!((listed.files, listed.missing), (1, 1));
    assert_eq!(missing, [(longer.path.clone(), LeftOut::Long)]);
    let said = "## left out: 1 files whose paths are too long for hashdeep\n";
    assert!(text(&bytes).ends_with(said), "{}", text(&bytes));
    let (holds, said) = audit(&bytes);
    assert!(holds, "{said}");
    let raw = text(&bytes).replace(
        longest.path.as_text().unwrap(),
        longer.path.as_text().unwrap(),
    );
    let from = |row: &Row| {
        let path = std::ffi::OsStr::from_bytes(row.path.as_bytes());
        medium.path().join(path)
    };
    fs::rename(from(&longest), from(&longer)).unwrap();
    assert!(!audit(raw.as_bytes()).0, "hashdeep reads longer lines now");
    let (_, listed, _) = list(&rows, List::Sha256sums, None).unwrap();
    assert_eq!((listed.files, listed.missing), (2, 0));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn only_files_of_one_volume_that_were_read_whole_are_listed() {
    let at = |name: &str, volume: u32| Row {
        volume: Some(volume),
        ..crate::common::row(&named(name), Outcome::Clean)
    };
    let unread = Row {
        sha256: None,
        content_type: None,
        outcome: Outcome::Unchecked(Gap::Unreadable),
        ..at("unread", 0)
    };
    let member = Row {
        within: vec![named("a.zip")],
        kind: RowKind::Member,
        ..at("member", 0)
    };
    let stream = Row {
        kind: RowKind::Stream,
        ..at("a:stream", 0)
    };
    let out = ["../etc/passwd", "/etc/passwd", "a//b", "./x", "a/.."].map(|name| at(name, 0));
    let mut rows = vec![at("a.zip", 0), member, stream, unread.clone()];
    rows.extend(out.clone());
    let (bytes, listed, missing) = list(&rows, List::Sha256sums, None).unwrap();
    let hash = "09".repeat(32);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        format!("{hash}  ./a.zip\n")
    );
    assert_eq!((listed.files, listed.no_files, listed.missing), (1, 2, 6));
    assert_eq!(missing[0], (unread.path, LeftOut::NoHash));
    assert!(missing[1..].iter().all(|(_, why)| *why == LeftOut::Name));

    rows.push(at("b", 3));
    let error = list(&rows, List::Hashdeep, None).unwrap_err().to_string();
    assert!(error.contains("on the volumes 0, 3"), "{error}");
    let (_, listed, _) = list(&rows, List::Hashdeep, Some(3)).unwrap();
    assert_eq!((listed.files, listed.elsewhere), (1, 7));
    let error = list(&rows, List::Hashdeep, Some(7)).unwrap_err();
    assert!(matches!(error, ExportError::NoVolume { volume: 7, .. }));
}

#[test]
fn an_entry_that_is_no_verdict_has_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    scan(&mut writer, Verdict::Pass, &named("stick"), &[]);
    let ledger = Ledger::open(folder.path()).unwrap();
    let book = Book::open(&ledger, Selection::of(1)).unwrap();
    let error = manifest::write(&book, List::Sha256sums, None, |_, _| {}, Vec::new()).unwrap_err();
    assert!(matches!(error, ExportError::NoVerdict(1)));
}
