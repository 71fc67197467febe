use super::*;

#[test]
fn sources_are_in_the_order_of_their_names_and_only_rules() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    for (name, text) in [("z.yar", "z"), ("b/a.yara", "a"), ("b/canary.toml", "x")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let found = sources(folder.path()).unwrap();
    let origins: Vec<_> = found.iter().map(|file| file.origin.as_str()).collect();
    assert_eq!(origins, ["b/a.yara", "z.yar"]);
}

#[test]
fn a_bundle_deeper_than_its_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let deep = (0..=FOLDER_DEPTH_MAX).fold(folder.path().to_owned(), |path, _| path.join("d"));
    std::fs::create_dir_all(deep).unwrap();
    assert!(matches!(
        sources(folder.path()),
        Err(RulesError::TooMuch { .. })
    ));
}

#[test]
fn more_or_larger_sources_than_the_limits_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..=SOURCES_MAX {
        std::fs::write(folder.path().join(format!("{number}.yar")), "").unwrap();
    }
    assert!(matches!(
        sources(folder.path()),
        Err(RulesError::TooMuch { .. })
    ));

    let folder = tempfile::tempdir().unwrap();
    let large = std::fs::File::create(folder.path().join("large.yar")).unwrap();
    large.set_len(SOURCES_BYTES_MAX + 1).unwrap();
    assert!(matches!(
        sources(folder.path()),
        Err(RulesError::TooMuch { .. })
    ));
}

#[test]
fn the_fingerprint_depends_on_every_name_and_text_and_on_the_overrides() {
    let file = |origin: &str, text: &str| SourceFile {
        origin: origin.to_owned(),
        text: text.to_owned(),
    };
    let of = |files: Vec<SourceFile>, overrides: &str| {
        fingerprint(&Sources {
            files,
            overrides: bundle::overrides(overrides).unwrap(),
        })
    };
    let all = [
        of(vec![file("a", "b")], ""),
        of(vec![file("ab", "")], ""),
        of(vec![file("a", "c")], ""),
        of(vec![file("a", "b"), file("a", "b")], ""),
        of(vec![file("a", "b")], "default = \"notice\""),
        of(vec![file("a", "b")], "relaxed_expressions = true"),
    ];
    for (place, one) in all.iter().enumerate() {
        assert!(!all.iter().skip(place + 1).any(|other| one == other));
    }
}

#[test]
fn a_kept_form_that_was_changed_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path(), [7; 32], [9; 32]);
    cache.write(b"compiled", 3).unwrap();
    assert_eq!(cache.read(), Some((b"compiled".to_vec(), 3)));

    let kept = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let good = std::fs::read(&kept).unwrap();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        std::fs::write(&kept, bad).unwrap();
        assert_eq!(cache.read(), None, "byte {place}");
    }
    std::fs::write(&kept, &good[..good.len() - 1]).unwrap();
    assert_eq!(cache.read(), None);
    std::fs::write(&kept, &good).unwrap();
    assert_eq!(Cache::at(folder.path(), [8; 32], [9; 32]).read(), None);
}
