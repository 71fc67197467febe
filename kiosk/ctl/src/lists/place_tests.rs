use super::*;

fn root() -> (tempfile::TempDir, Paths) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/media-kiosk")).unwrap();
    let paths = Paths::below(root.path());
    (root, paths)
}

#[test]
fn an_edit_waits_for_another_one_and_then_says_what_it_waits_for() {
    let (_root, paths) = root();
    let held = Place::lock(&paths, ListName::Media, LOCK_WAIT_MAX).unwrap();
    let began = Instant::now();
    let error = Place::lock(&paths, ListName::Media, LOCK_WAIT_MAX)
        .err()
        .unwrap();
    assert!(LOCK_WAIT_MAX <= began.elapsed());
    let said = error.to_string();
    assert!(
        said.contains("for more than 10 s; nothing is done"),
        "{said}"
    );
    assert!(said.contains("allowlist.toml.lock"), "{said}");
    // Another list is another lock.
    Place::lock(&paths, ListName::Accounts, LOCK_WAIT_MAX).unwrap();
    drop(held);
    Place::lock(&paths, ListName::Media, Duration::ZERO).unwrap();
}

#[test]
fn a_new_list_of_codes_or_hashes_is_for_its_owner_alone() {
    let (_root, paths) = root();
    for (list, expected) in [
        (ListName::Media, 0o644),
        (ListName::Contractors, 0o600),
        (ListName::Accounts, 0o600),
    ] {
        let place = Place::lock(&paths, list, LOCK_WAIT_MAX).unwrap();
        let found = place.read().unwrap();
        assert_eq!(found.sha256(), None);
        place.write_beside(&found, "# one\n").unwrap();
        place.put_in_place().unwrap();
        let mode = || fs::metadata(place.path()).unwrap().mode() & 0o7777;
        assert_eq!(mode(), expected, "{list:?}");
        assert!(!place.beside("", ".bak").exists());
        // What an administrator chose stays.
        fs::set_permissions(place.path(), Permissions::from_mode(0o640)).unwrap();
        let found = place.read().unwrap();
        place.write_beside(&found, "# two\n").unwrap();
        place.put_in_place().unwrap();
        assert_eq!(mode(), 0o640, "{list:?}");
        assert_eq!(
            fs::read_to_string(place.beside("", ".bak")).unwrap(),
            "# one\n"
        );
    }
}

#[test]
fn a_link_in_the_place_of_a_list_is_refused() {
    let (root, paths) = root();
    let place = Place::of(&paths, ListName::Media);
    fs::write(root.path().join("real"), "").unwrap();
    std::os::unix::fs::symlink(root.path().join("real"), place.path()).unwrap();
    let error = place.read().err().unwrap();
    assert!(wire::explained(&error).contains("it is a link"));
}

#[test]
fn a_list_past_its_limit_is_not_read_to_its_end() {
    let (_root, paths) = root();
    let place = Place::of(&paths, ListName::Accounts);
    let longest = decide::accounts::ACCOUNTS_BYTES_MAX;
    fs::write(place.path(), "#".repeat(longest.saturating_mul(2))).unwrap();
    let found = place.read().unwrap();
    assert_eq!(found.text.len(), longest.saturating_add(1));
}
