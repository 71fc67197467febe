use super::*;
use bundle::lists::{Plan, Sort, build};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n";

/// A folder of rules with a list of each of these names.
fn set(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lists")).unwrap();
    let source = folder.path().join("source");
    fs::write(&source, HELLO).unwrap();
    for name in names {
        build(&Plan {
            sort: Sort::Block,
            title: name,
            sources: std::slice::from_ref(&source),
            into: &folder.path().join(format!("lists/{name}.hashes")),
        })
        .unwrap();
    }
    folder
}

fn refused(folder: &Path) -> String {
    wire::explained(&load(folder, None).unwrap_err())
}

#[test]
fn lists_come_in_the_order_of_their_names_and_a_set_may_have_none() {
    let set = set(&["b", "a"]);
    let lists = load(set.path(), None).unwrap();
    let said: Vec<_> = lists
        .iter()
        .map(|list| (list.name.as_str(), list.rows))
        .collect();
    assert_eq!(said, [("a", 1), ("b", 1)]);
    let empty = tempfile::tempdir().unwrap();
    assert!(load(empty.path(), None).unwrap().is_empty());
    assert!(load(&set.path().join("source"), None).unwrap().is_empty());
}

#[test]
fn a_list_that_changed_or_was_cut_or_never_built_is_named() {
    let set = set(&["worms"]);
    let path = set.path().join("lists/worms.hashes");
    let good = fs::read(&path).unwrap();
    for place in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(&path, bad).unwrap();
        let why = refused(set.path());
        assert!(
            why.contains("lists/worms.hashes: the list"),
            "byte {place}: {why}"
        );
    }
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(refused(set.path()).contains("build it again"));
    fs::write(&path, &good).unwrap();
    load(set.path(), None).unwrap();

    fs::write(set.path().join("lists/more.txt"), HELLO).unwrap();
    let why = refused(set.path());
    assert!(
        why.contains("more.txt") && why.contains("kioskctl rules list"),
        "{why}"
    );
}

#[test]
fn more_lists_than_a_set_may_have_are_refused() {
    let names: Vec<String> = (0..=LISTS_MAX).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        load(set(&names[1..]).path(), None).unwrap().len(),
        LISTS_MAX
    );
    assert!(refused(set(&names).path()).contains("16 lists"));
}

#[test]
fn the_fingerprint_depends_on_every_list_and_its_name() {
    let rules = [7; 32];
    let of = |names: &[&str]| fingerprint(rules, &load(set(names).path(), None).unwrap());
    assert_eq!(of(&[]), rules);
    let all = [rules, of(&["a"]), of(&["b"]), of(&["a", "b"])];
    for (place, one) in all.iter().enumerate() {
        assert!(!all.iter().skip(place + 1).any(|other| one == other));
    }
    // A title is in the list, so lists that differ in it differ.
    let lists = load(set(&["a"]).path(), None).unwrap();
    let renamed = LoadedList {
        name: "c".to_owned(),
        ..lists.into_iter().next().unwrap()
    };
    assert_ne!(fingerprint(rules, &[renamed]), of(&["a"]));
}

#[test]
fn lists_of_an_installed_set_are_exactly_those_of_its_manifest() {
    let set = set(&["worms"]);
    let path = set.path().join("lists/worms.hashes");
    let listed = |path: &str, content: &[u8]| Listed {
        path: path.to_owned(),
        size_bytes: u64::try_from(content.len()).unwrap(),
        sha256: wire::Digest(Sha256::digest(content).into()),
    };
    let content = fs::read(&path).unwrap();
    let rule = listed("a.yar", b"");
    let list = listed("lists/worms.hashes", &content);
    let more = listed("lists/more.hashes", &content);
    let other = listed("lists/worms.hashes", &content[1..]);
    let with = |vouched: &[Listed]| load(set.path(), Some(vouched)).map(|lists| lists.len());
    assert_eq!(with(&[rule.clone(), list.clone()]).unwrap(), 1);
    for wrong in [
        vec![rule.clone()],
        vec![more.clone()],
        vec![other],
        vec![list.clone(), more],
    ] {
        assert!(with(&wrong).is_err(), "{wrong:?}");
    }
    fs::remove_dir_all(set.path().join("lists")).unwrap();
    assert!(with(&[list]).is_err());
    assert_eq!(with(&[rule]).unwrap(), 0);
}
