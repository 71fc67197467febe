use jiff::civil::date;

use super::*;

fn file(path: &str) -> Listed {
    Listed {
        path: path.to_owned(),
        size_bytes: 3,
        sha256: Digest([7; 32]),
    }
}

fn good() -> Manifest {
    Manifest {
        bundle: "plant-1".to_owned(),
        version: 3,
        issued: date(2026, 11, 26),
        expires: date(2027, 2, 26),
        rules: 2,
        files: ["a/canary.toml", "a/x.yar", "b.yara", "lists/known.hashes"]
            .map(file)
            .to_vec(),
    }
}

fn with_files(paths: &[&str]) -> Result<(), ManifestError> {
    let files = paths.iter().map(|path| file(path)).collect();
    Manifest { files, ..good() }.check()
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let text = good().text();
    assert_eq!(Manifest::parse(&text).unwrap(), good());
    assert_eq!(Label::parse(&text).unwrap(), good().label());
    let short = "bundle = \"plant-1\"\nversion = 3\nissued = \"2026-11-26\"\n";
    let label = Label::parse(short).unwrap();
    assert_eq!((label.version, label.expires), (3, None));
}

#[test]
fn unknown_missing_and_wrong_keys_are_refused_with_their_place() {
    let text = good().text();
    for (from, to) in [
        ("rules = 2", "rules = 2\nmore = 1"),
        ("rules = 2", ""),
        ("version = 3", "version = \"3\""),
        ("version = 3", "version = -3"),
        ("2026-11-26", "2026-13-26"),
        ("size_bytes = 3", "size_bytes = 3\nmode = 493"),
        ("0707", "07"),
    ] {
        let bad = text.replacen(from, to, 1);
        let Err(ManifestError::Malformed(message)) = Manifest::parse(&bad) else {
            panic!("{to} was taken")
        };
        assert!(message.contains("line"), "{message}");
    }
}

#[test]
fn there_is_one_spelling() {
    let text = good().text();
    for (from, to) in [
        ("rules = 2", "rules = 2 # two"),
        ("rules = 2", "rules  = 2"),
        ("rules = 2", "rules = 0x2"),
        ("\"2026-11-26\"", "'2026-11-26'"),
        ("version = 3\n", "version = 3\n\n"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_eq!(
            Manifest::parse(&other),
            Err(ManifestError::Spelling),
            "{to}"
        );
        assert_eq!(Label::parse(&other), Err(ManifestError::Spelling), "{to}");
    }
}

#[test]
fn paths_stay_below_their_folder_under_every_tool() {
    for bad in [
        "",
        "/a.yar",
        "../a.yar",
        "a/../b.yar",
        "./a.yar",
        "a//b.yar",
        "a/",
        ".a.yar",
        "-a.yar",
        "a\\b.yar",
        "a b.yar",
        "a\nb.yar",
        "a:b.yar",
        "あ.yar",
        "a\0.yar",
        "a/-rf/b.yar",
    ] {
        assert_eq!(
            bundle_path(bad),
            Err(ManifestError::Path(bad.to_owned())),
            "{bad:?}"
        );
    }
    let long = |bytes: usize| format!("{}.yar", "a".repeat(bytes.saturating_sub(4)));
    assert!(bundle_path(&long(BUNDLE_PATH_BYTES_MAX)).is_ok());
    assert!(bundle_path(&long(BUNDLE_PATH_BYTES_MAX + 1)).is_err());
    let deep = |parts: usize| vec!["a.yar"; parts].join("/");
    assert!(bundle_path(&deep(BUNDLE_PATH_PARTS_MAX)).is_ok());
    assert!(bundle_path(&deep(BUNDLE_PATH_PARTS_MAX + 1)).is_err());
}

#[test]
fn what_is_no_part_of_a_set_is_refused() {
    for bad in [
        "README.md",
        "manifest.toml",
        "a/manifest.toml",
        "manifest.toml.minisig",
        "x.hashes",
        "lists/a/x.hashes",
        "a/overrides.toml",
        "yar",
        "a.sh",
    ] {
        assert_eq!(bundle_path(bad), Err(ManifestError::Kind(bad.to_owned())));
    }
    for good in [
        "overrides.toml",
        "dropped.toml",
        "canary.toml",
        "a/b/canary.toml",
    ] {
        bundle_path(good).unwrap();
    }
}

#[test]
fn files_are_in_order_and_none_is_two_things() {
    assert_eq!(
        with_files(&["b.yar", "a.yar"]),
        Err(ManifestError::Order("a.yar".to_owned()))
    );
    assert_eq!(
        with_files(&["a.yar", "a.yar"]),
        Err(ManifestError::Order("a.yar".to_owned()))
    );
    // Not beside each other in the order.
    assert_eq!(
        with_files(&["a.yar", "a.yar-b/c.yar", "a.yar/c.yar"]),
        Err(ManifestError::Folder("a.yar".to_owned()))
    );
    assert_eq!(with_files(&[]), Err(ManifestError::NoRules));
    assert_eq!(with_files(&["a/canary.toml"]), Err(ManifestError::NoRules));
}

#[test]
fn names_versions_and_dates_are_checked() {
    let check = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = good();
        change(&mut manifest);
        manifest.check()
    };
    let long = "a".repeat(BUNDLE_NAME_BYTES_MAX + 1);
    for name in ["", "A", "1a", "-a", "a_b", "a/b", "あ", "a\"b", &long] {
        let made = check(&|manifest| name.clone_into(&mut manifest.bundle));
        assert_eq!(made, Err(ManifestError::Name(name.to_owned())));
    }
    for version in [0, VERSION_MAX + 1] {
        let made = check(&|manifest| manifest.version = version);
        assert_eq!(made, Err(ManifestError::Version(version)));
    }
    assert!(check(&|manifest| manifest.version = VERSION_MAX).is_ok());
    assert_eq!(
        check(&|manifest| manifest.rules = 0),
        Err(ManifestError::NoRules)
    );
    let made = check(&|manifest| manifest.expires = date(2026, 11, 25));
    assert!(matches!(made, Err(ManifestError::Dates { .. })));
}

#[test]
fn more_than_the_limits_is_refused() {
    let many = |count: usize| -> Vec<String> {
        (0..count)
            .map(|number| format!("{number:06}.yar"))
            .collect()
    };
    let check = |paths: &[String]| {
        let files = paths.iter().map(|path| file(path)).collect();
        Manifest { files, ..good() }.check()
    };
    assert_eq!(check(&many(BUNDLE_FILES_MAX)), Ok(()));
    assert!(matches!(
        check(&many(BUNDLE_FILES_MAX + 1)),
        Err(ManifestError::TooMuch(_))
    ));

    let mut large = good();
    large.files[1].size_bytes = BUNDLE_TOTAL_BYTES_MAX - 9;
    assert_eq!(large.check(), Ok(()));
    large.files[1].size_bytes += 1;
    assert!(matches!(large.check(), Err(ManifestError::TooMuch(_))));
    large.files[1].size_bytes = u64::MAX;
    assert!(matches!(large.check(), Err(ManifestError::TooMuch(_))));
}

#[test]
fn the_most_files_fit_the_longest_manifest() {
    let listed = file(&"a".repeat(BUNDLE_PATH_BYTES_MAX));
    let one = Manifest {
        files: vec![listed],
        ..good()
    };
    let bytes = u64::try_from(one.text().len() * BUNDLE_FILES_MAX).unwrap();
    assert!(bytes < MANIFEST_BYTES_MAX, "{bytes}");
}

#[test]
fn it_holds_from_its_first_day_to_its_last() {
    let manifest = good();
    // Whoever issued it may have been a day ahead.
    for day in [date(2026, 11, 25), date(2026, 11, 26), date(2027, 2, 26)] {
        assert_eq!(manifest.holds(day), Ok(()), "{day}");
    }
    assert!(matches!(
        manifest.holds(date(2026, 11, 24)),
        Err(ManifestError::NotYet { .. })
    ));
    assert!(matches!(
        manifest.holds(date(2027, 2, 27)),
        Err(ManifestError::Expired { .. })
    ));
}
