use wire::scan::LISTS_MAX;

use super::super::{ENTRY_NAME_BYTES_MAX, Entry, TITLE_BYTES_MAX, build_folder};
use super::*;

fn digest(number: u64) -> [u8; 32] {
    Sha256::digest(number.to_le_bytes()).into()
}

/// Builds a list of texts in a folder of its own.
fn built(
    texts: &[&str],
    rows_max: u64,
    names: u64,
) -> (tempfile::TempDir, Result<Built, BuildError>) {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let path = folder.path().join(place.to_string());
        fs::write(&path, text).unwrap();
        sources.push(path);
    }
    let into = folder.path().join("l.hashes");
    let plan = Plan {
        sort: Sort::Block,
        title: "worms",
        sources: &sources,
        into: &into,
    };
    let built = build_with(&plan, rows_max, names);
    (folder, built)
}

fn open(folder: &tempfile::TempDir) -> List<File> {
    List::open(File::open(folder.path().join("l.hashes")).unwrap()).unwrap()
}

fn named(name: &str) -> Option<Entry> {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some(Entry { name })
}

#[test]
fn sources_of_all_forms_become_one_list_and_each_digest_is_in_it_once() {
    let hex = |number| wire::name::hex(&digest(number));
    let md5 = "5d41402abc4b2a76b9719d911017c592";
    let (folder, built) = built(
        &[
            &format!("{} first\n{}\n{md5}\n", hex(1), hex(2)),
            &format!(
                "sha256,md5,name\n{},,second\n{},{md5},third\n",
                hex(2),
                hex(3)
            ),
            "",
        ],
        ROWS_MAX,
        NAMES_BYTES_MAX,
    );
    let built = built.unwrap();
    assert_eq!(built.about.rows, [3, 0, 1]);
    assert_eq!((built.repeated, built.unnamed), (2, 0));
    let list = open(&folder);
    assert_eq!(list.about(), built.about);
    assert_eq!(
        list.look_up(&Hash::Sha256(digest(1))).unwrap(),
        named("first")
    );
    // Of the same digest with and without a name, the name stays.
    assert_eq!(
        list.look_up(&Hash::Sha256(digest(2))).unwrap(),
        named("second")
    );
    assert_eq!(list.look_up(&Hash::Sha256(digest(4))).unwrap(), None);
    assert_eq!(list.look_up(&Hash::Sha1([0; 20])).unwrap(), None);
    let end = fs::read(folder.path().join("l.hashes")).unwrap();
    assert_eq!(end[end.len() - 32..], built.sha256);
    // Nothing else is left in the folder.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_list_without_rows_has_nothing_and_is_sound() {
    let (folder, built) = built(&["# none\n"], ROWS_MAX, NAMES_BYTES_MAX);
    assert_eq!(built.unwrap().about.total_rows(), 0);
    let list = open(&folder);
    list.verify().unwrap();
    assert_eq!(list.look_up(&Hash::Sha256(digest(1))).unwrap(), None);
}

#[test]
fn what_does_not_fit_into_memory_is_sorted_on_the_disk() {
    let file = || tempfile::tempfile().unwrap();
    let mut few = Rows::<32>::with_room(file(), 7);
    let mut many = Rows::<32>::with_room(file(), 1000);
    for number in 0..500 {
        // Some come twice, in other runs and with other names.
        let row = (digest(number % 450), u32::try_from(number).unwrap());
        few.add(row).unwrap();
        many.add(row).unwrap();
    }
    let sorted = |rows: Rows<32>| {
        let mut sorted = Vec::new();
        rows.sorted(&mut |digest, name| {
            sorted.push((*digest, name));
            Ok(())
        })
        .unwrap();
        sorted
    };
    let (few, many) = (sorted(few), sorted(many));
    assert_eq!(few.len(), 450);
    assert!(few.is_sorted());
    assert_eq!(few, many);
}

#[test]
fn more_digests_than_a_list_may_hold_are_refused() {
    let text: String = (0..11)
        .map(|n| format!("{}\n", wire::name::hex(&digest(n))))
        .collect();
    let (_folder, refused) = built(&[&text], 10, NAMES_BYTES_MAX);
    assert!(matches!(refused, Err(BuildError::TooMany)), "{refused:?}");
    let (_folder, taken) = built(&[&text], 11, NAMES_BYTES_MAX);
    assert_eq!(taken.unwrap().about.total_rows(), 11);
    // A row's number has 32 bits.
    assert!(u32::try_from(ROWS_MAX).is_ok());
}

#[test]
fn names_past_their_room_are_left_out_and_counted() {
    let hex = |number| wire::name::hex(&digest(number));
    let text = format!(
        "{} ab\n{} ab\n{} cd\n{} ef\n",
        hex(1),
        hex(2),
        hex(3),
        hex(4)
    );
    // A name of two bytes takes seven.
    let (folder, built) = built(&[&text], ROWS_MAX, 14);
    assert_eq!(built.unwrap().unnamed, 1);
    let list = open(&folder);
    let found = [1, 2, 3, 4].map(|n| list.look_up(&Hash::Sha256(digest(n))).unwrap());
    assert_eq!(found, ["ab", "ab", "cd", ""].map(named));
    assert!(u32::try_from(NAMES_BYTES_MAX).is_ok());
}

#[test]
fn long_and_hidden_names_are_kept_as_they_can_be_shown() {
    let hex = |number| wire::name::hex(&digest(number));
    let long = "é".repeat(ENTRY_NAME_BYTES_MAX);
    let text = format!("{} {long}\n{} a\u{202E}b\n", hex(1), hex(2));
    let (folder, built) = built(&[&text], ROWS_MAX, NAMES_BYTES_MAX);
    built.unwrap();
    let list = open(&folder);
    let cut = list.look_up(&Hash::Sha256(digest(1))).unwrap();
    assert_eq!(cut, named(&"é".repeat(ENTRY_NAME_BYTES_MAX / 2)));
    let shown = list.look_up(&Hash::Sha256(digest(2))).unwrap();
    assert_eq!(shown, named("a⟨U+202E⟩b"));
}

#[test]
fn a_block_list_does_not_take_the_digest_of_an_empty_file() {
    for hash in OF_NOTHING {
        let text = format!("# x\n{}\n", wire::name::hex(hash.bytes()));
        let (folder, refused) = built(&[&text], ROWS_MAX, NAMES_BYTES_MAX);
        let refused = refused.unwrap_err().to_string();
        assert!(
            refused.contains(":2: this is the digest of an empty file"),
            "{refused}"
        );
        // Neither the list nor a part of it is left behind.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    assert_eq!(OF_NOTHING[0], Hash::Sha256(Sha256::digest(b"").into()));
}

#[test]
fn a_name_that_nobody_can_read_is_no_lists_name() {
    let long = "n".repeat(TITLE_BYTES_MAX + 1);
    for title in ["", " ", "a\u{200B}b", &long] {
        let plan = Plan {
            sort: Sort::Known,
            title,
            sources: &[],
            into: Path::new("/nowhere/l.hashes"),
        };
        assert!(
            matches!(build(&plan), Err(BuildError::Title(_))),
            "{title:?}"
        );
    }
    assert_eq!(is_title(&long[1..]), Ok(()));
}

#[test]
fn a_failed_build_leaves_the_old_list_in_place() {
    let (folder, done) = built(
        &["5d41402abc4b2a76b9719d911017c592\n"],
        ROWS_MAX,
        NAMES_BYTES_MAX,
    );
    done.unwrap();
    let into = folder.path().join("l.hashes");
    let before = fs::read(&into).unwrap();
    fs::write(folder.path().join("0"), "no digest\n").unwrap();
    let plan = Plan {
        sort: Sort::Block,
        title: "worms",
        sources: &[folder.path().join("0")],
        into: &into,
    };
    assert!(matches!(
        build(&plan),
        Err(BuildError::Line { line: 1, .. })
    ));
    assert_eq!(fs::read(&into).unwrap(), before);
}

#[test]
fn a_folder_of_sources_becomes_a_list_for_each_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    for (path, text) in [
        ("block/worms.txt", "5d41402abc4b2a76b9719d911017c592 worm\n"),
        ("block/.hidden", "not read"),
        ("known/nsrl.csv", "sha1,name\n"),
    ] {
        fs::create_dir_all(lists.join(path).parent().unwrap()).unwrap();
        fs::write(lists.join(path), text).unwrap();
    }
    let into = tempfile::tempdir().unwrap();
    let built = build_folder(folder.path(), into.path()).unwrap();
    let said: Vec<_> = built
        .iter()
        .map(|built| {
            (
                built.about.title.as_str(),
                built.about.sort,
                built.about.total_rows(),
            )
        })
        .collect();
    assert_eq!(said, [("worms", Sort::Block, 1), ("nsrl", Sort::Known, 0)]);
    assert!(into.path().join("lists/worms.hashes").is_file());

    fs::write(lists.join("known/worms.csv"), "").unwrap();
    let refused = build_folder(folder.path(), into.path());
    assert!(
        matches!(refused, Err(BuildError::SameName { .. })),
        "{refused:?}"
    );
    for number in 0..LISTS_MAX {
        fs::write(lists.join(format!("block/{number}.txt")), "").unwrap();
    }
    fs::remove_file(lists.join("known/worms.csv")).unwrap();
    let refused = build_folder(folder.path(), into.path());
    assert!(
        matches!(refused, Err(BuildError::TooManyLists { .. })),
        "{refused:?}"
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(build_folder(empty.path(), empty.path()).unwrap(), []);
    assert!(!empty.path().join("lists").exists());
}
