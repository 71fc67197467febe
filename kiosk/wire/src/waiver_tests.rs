use super::*;

const HASH: Digest = Digest([7; 32]);
const TODAY: &str = "2026-11-26";

fn waiver(entry: u64) -> Waiver {
    Waiver {
        entry,
        sha256: HASH,
        source: Source::Yara,
        rule: "a_rule".to_owned(),
        of: None,
        until: TODAY.to_owned(),
        medium: None,
    }
}

fn row() -> Row {
    Row {
        volume: Some(0),
        path: MediumName::new("a.exe").unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 1,
        sha256: Some(HASH),
        content_type: None,
        outcome: Outcome::Matched,
        inherited: false,
        findings: vec![Finding::own("a_rule", Source::Yara, Tier::Block, "")],
    }
}

fn covers(waiver: Waiver, row: &Row) -> bool {
    Waivers::in_force(&[waiver], TODAY, Some("M-1")).cover(row)
}

#[test]
fn a_waiver_covers_its_rule_in_its_content_until_the_end_of_its_day() {
    assert!(covers(waiver(1), &row()));
    let ended = |until: &str| Waiver {
        until: until.to_owned(),
        ..waiver(1)
    };
    assert!(covers(ended("2026-11-27"), &row()));
    assert!(!covers(ended("2026-11-25"), &row()));
    assert!(!covers(ended("9999"), &row()));
    assert!(!covers(ended("tomorrow!!"), &row()));
    assert!(!Waivers::in_force(&[waiver(1)], "zzzz", None).cover(&row()));
    let other_hash = Waiver {
        sha256: Digest([8; 32]),
        ..waiver(1)
    };
    assert!(!covers(other_hash, &row()));
    let other_rule = Waiver {
        rule: "a_rul".to_owned(),
        ..waiver(1)
    };
    assert!(!covers(other_rule, &row()));
    let for_medium = |id: &str| Waiver {
        medium: Some(id.to_owned()),
        ..waiver(1)
    };
    assert!(covers(for_medium("M-1"), &row()));
    assert!(!covers(for_medium("M-2"), &row()));
    assert!(!Waivers::in_force(&[for_medium("M-1")], TODAY, None).cover(&row()));
}

#[test]
fn the_structure_of_volumes_raw_space_and_what_was_not_read_whole_are_never_covered() {
    for kind in [
        RowKind::Boot,
        RowKind::Deleted,
        RowKind::Unallocated,
        RowKind::Gap,
    ] {
        assert!(!covers(waiver(1), &Row { kind, ..row() }));
    }
    let unread = Row {
        sha256: None,
        ..row()
    };
    assert!(!covers(waiver(1), &unread));
    let mut of_volume = row();
    of_volume.findings[0].source = Source::Volume;
    assert!(!covers(waiver(1), &of_volume));
    let nothing = Row {
        findings: Vec::new(),
        ..row()
    };
    assert!(!covers(waiver(1), &nothing));
    let mut echo = row();
    echo.findings[0].member_of = Some(MediumName::new("in.exe").unwrap());
    assert!(
        !covers(waiver(1), &echo),
        "it must say that it is only an echo"
    );
    let mut two = row();
    two.findings
        .push(Finding::own("b_rule", Source::Yara, Tier::Block, ""));
    assert!(!covers(waiver(1), &two));
}

#[test]
fn a_finding_that_stands_for_unnamed_others_cannot_be_waived() {
    let mut summed = row();
    summed.findings[0].rule = "more_findings".to_owned();
    let all = Waiver {
        rule: "more_findings".to_owned(),
        ..waiver(1)
    };
    assert!(!covers(all, &summed));
    assert!(!is_rule("more_findings") && !is_rule("") && !is_rule("a b"));
    assert!(is_rule("A_rule9") && !is_rule(&"x".repeat(RULE_BYTES_MAX + 1)));
}

#[test]
fn a_waiver_is_for_what_one_source_says_and_not_for_the_same_word_of_another() {
    let sources = [
        Source::Yara,
        Source::Structure,
        Source::List,
        Source::Clamav,
        Source::Volume,
    ];
    let said = |source, detail: &str| {
        let mut row = row();
        row.findings[0] = Finding::own("a_rule", source, Tier::Block, detail);
        row
    };
    for source in sources {
        for other in sources {
            let waiver = Waiver {
                source,
                ..waiver(1)
            };
            let may = source == other && !matches!(source, Source::List | Source::Volume);
            assert_eq!(
                covers(waiver, &said(other, "")),
                may,
                "{source:?} {other:?}"
            );
        }
    }
    let of = |source, of: &str| Waiver {
        source,
        of: Some(of.to_owned()),
        ..waiver(1)
    };
    let shared = said(Source::Yara, "of a.yar");
    assert!(covers(of(Source::Yara, "a.yar"), &shared));
    assert!(!covers(of(Source::Yara, "b.yar"), &shared));
    assert!(!covers(waiver(1), &shared));
    assert!(!covers(of(Source::Yara, "a.yar"), &row()));
    let listed = said(Source::List, "list site: tool (7) (sha256)");
    assert!(covers(of(Source::List, "site: tool (7)"), &listed));
    for other in ["site", "site: tool", "other: tool (7)"] {
        assert!(!covers(of(Source::List, other), &listed), "{other}");
    }
    assert!(!covers(of(Source::List, "site"), &said(Source::List, "")));
}

#[test]
fn nobody_answers_for_a_name_by_a_hash() {
    let why = |rule: &str, of| unwaivable(HASH, Source::Structure, rule, of);
    for rule in [
        "name_reversed",
        "archive_path_escapes",
        "archive_path_through_link",
        "archive_duplicate_name",
        "mail_names_differ",
        "program_disguised",
    ] {
        assert!(why(rule, None).is_some(), "{rule}");
        assert_eq!(unwaivable(HASH, Source::Yara, rule, None), None);
        let mut named = row();
        named.findings[0] = Finding::own(rule, Source::Structure, Tier::Block, "");
        let waiver = Waiver {
            source: Source::Structure,
            rule: rule.to_owned(),
            ..waiver(1)
        };
        assert!(!covers(waiver, &named), "{rule}");
    }
    assert_eq!(why("container_polyglot", None), None);
    assert!(why("container_polyglot", Some("x")).is_some());
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let empty = Digest::try_from(empty.to_owned()).unwrap();
    assert!(unwaivable(empty, Source::Structure, "script", None).is_some());
    let long = "x".repeat(WAIVER_OF_BYTES_MAX + 1);
    for bad in [long.as_str(), "", "a\"b", "a\\b", "a\u{202e}"] {
        assert!(unwaivable(HASH, Source::Yara, "r", Some(bad)).is_some());
    }
}

#[test]
fn of_two_waivers_for_the_same_the_first_is_named() {
    let waivers = Waivers::in_force(&[waiver(9), waiver(4)], TODAY, None);
    assert_eq!(waivers.entry(Some(HASH), &row().findings[0]), Some(4));
}

#[test]
fn a_container_is_settled_only_by_what_was_waived_inside_it() {
    let named = |name: &str| MediumName::new(name).unwrap();
    let mut container = row();
    container.path = named("a.zip");
    container.sha256 = Some(Digest([1; 32]));
    container.inherited = true;
    container.findings[0].member_of = Some(named("in.exe"));
    let member = Row {
        within: vec![named("a.zip")],
        kind: RowKind::Member,
        ..row()
    };
    let settled = |rows: &[Row]| {
        let mut places = Places::default();
        rows.iter().for_each(|row| places.add(row));
        places.agree()
    };
    assert!(settled(&[member.clone(), container.clone()]));
    assert!(settled(&[container.clone(), member.clone()]));
    assert!(!settled(std::slice::from_ref(&container)));
    let elsewhere = Row {
        within: vec![named("b.zip")],
        ..member.clone()
    };
    assert!(!settled(&[elsewhere, container.clone()]));
    let mut other_source = member.clone();
    other_source.findings[0].source = Source::Clamav;
    assert!(!settled(&[other_source, container.clone()]));
    let other_volume = Row {
        volume: Some(1),
        ..member
    };
    assert!(!settled(&[other_volume, container]));
}

#[test]
fn past_the_limit_of_places_nothing_is_settled() {
    let mut places = Places::default();
    for number in 0..=WAIVED_PLACES_MAX {
        let within = vec![MediumName::new(number.to_string()).unwrap()];
        places.add(&Row { within, ..row() });
        assert_eq!(places.agree(), number < WAIVED_PLACES_MAX);
    }
}

#[test]
fn a_day_is_ten_letters_and_a_person_is_told_from_another_by_letters_alone() {
    assert!(is_day("2026-11-26"));
    for bad in ["2026-1-26", "2026-11-26 ", "20261126xx", "2026/11/26", ""] {
        assert!(!is_day(bad), "{bad}");
    }
    assert!(is_same_person("A. Sato", " a.sato"));
    assert!(!is_same_person("A. Sato", "B. Sato"));
    assert!(is_said("x", 1) && !is_said("xy", 1) && !is_said(" ", 9));
    assert!(!is_said("a\u{202e}b", 9));
    assert!(is_said(
        &"x".repeat(WAIVER_REASON_BYTES_MAX),
        WAIVER_REASON_BYTES_MAX
    ));
    assert!(!is_said(
        &"x".repeat(PERSON_BYTES_MAX + 1),
        PERSON_BYTES_MAX
    ));
}

#[test]
fn the_most_waivers_with_the_longest_words_fit_a_message() {
    let longest = Waiver {
        entry: u64::MAX,
        source: Source::Structure,
        rule: "x".repeat(RULE_BYTES_MAX),
        of: Some("x".repeat(WAIVER_OF_BYTES_MAX)),
        medium: Some("\"".repeat(PERSON_BYTES_MAX)),
        ..waiver(1)
    };
    let standing = crate::standing::Standing {
        waivers: vec![longest; WAIVERS_MAX],
        open_cases: u64::MAX,
        cases: vec![u64::MAX; crate::standing::CASES_NAMED_MAX],
        requests: u64::MAX,
        overdue: u64::MAX,
        enrolling_until: Some("2026-11-26T00:00:00.000Z".to_owned()),
        latest_utc: Some("2026-11-26T00:00:00.000Z".to_owned()),
        lists: crate::list_change::ListName::ALL
            .map(|list| crate::standing::KnownList {
                list,
                before_sha256: Some(Digest([1; 32])),
                after_sha256: Some(Digest([2; 32])),
            })
            .to_vec(),
        head: Some(crate::ledger::EntryId {
            number: u64::MAX,
            leaf_sha256: Digest([3; 32]),
        }),
        reviewed_utc: Some("2026-11-26T00:00:00.000Z".to_owned()),
        disk_percent: Some(100),
    };
    let answer = crate::ledger::Answer::Standing(Box::new(standing));
    assert!(crate::frame::encode(&answer).is_ok());
}
