use super::*;

const SITE: &str =
    "[site]\nname_ja = \"正門\"\nname_en = \"Main gate\"\ntime_zone = \"Asia/Tokyo\"\n";

fn rules(rules: u64, age_days: Option<u64>) -> Rules {
    Rules {
        bundle: "b".to_owned(),
        version: 1,
        issued: None,
        age_days,
        rules,
        sha256: wire::Digest([0; 32]),
        engines: Vec::new(),
    }
}

#[test]
fn the_smallest_policy_names_the_site_and_its_time_zone() {
    let policy = parse(SITE).unwrap();
    assert_eq!(
        (policy.site_ja.as_str(), policy.site_en.as_str()),
        ("正門", "Main gate")
    );
    assert_eq!(policy.zone, Zone::Named("Asia/Tokyo".to_owned()));
    assert_eq!(policy.limits, Limits::default());
    assert_eq!((policy.contact, policy.rules_age_days_max), (None, None));
    assert!(parse("").is_err());
}

#[test]
fn the_shipped_sample_parses() {
    let policy = parse(include_str!("../../../systemd/kiosk.toml")).unwrap();
    assert_eq!(policy.rules_age_days_max, Some(30));
    assert_eq!(policy.limits, Limits::default());
}

#[test]
fn a_limit_is_overridden_alone() {
    let policy = parse(&format!("{SITE}[limits]\nfile_seconds_max = 5\n")).unwrap();
    assert_eq!(
        policy.limits,
        Limits {
            file_seconds_max: 5,
            ..Limits::default()
        }
    );
    assert_eq!(parse_limits("file_seconds_max = 5").unwrap(), policy.limits);
}

#[test]
fn limits_of_nothing_and_past_their_ceilings_are_refused_with_their_place() {
    for (key, most) in [
        ("files_max", FILES_LIMIT_MAX),
        ("folder_depth_max", COUNT_LIMIT_MAX),
        ("memory_bytes_max", BYTES_LIMIT_MAX),
        ("content_bytes_max", BYTES_LIMIT_MAX),
        ("container_depth_max", CONTAINER_DEPTH_MAX),
        ("members_max", COUNT_LIMIT_MAX),
        ("unpacked_bytes_max", BYTES_LIMIT_MAX),
        ("unpacked_ratio_max", COUNT_LIMIT_MAX),
        ("match_seconds_max", SECONDS_LIMIT_MAX),
        ("file_seconds_max", SECONDS_LIMIT_MAX),
        ("walk_seconds_max", SECONDS_LIMIT_MAX),
        ("scan_seconds_max", SECONDS_LIMIT_MAX),
        ("worker_memory_bytes_max", BYTES_LIMIT_MAX),
    ] {
        assert!(parse_limits(&format!("{key} = {most}")).is_ok(), "{key}");
        for bad in [0, most.checked_add(1).unwrap()] {
            let error = parse_limits(&format!("# limits\n{key} = {bad}")).unwrap_err();
            assert_eq!(error.at().line, 2, "{key}: {error}");
            assert!(error.to_string().contains("outside 1 to"), "{key}: {error}");
        }
    }
}

#[test]
fn every_limit_can_be_set() {
    let mut text = String::new();
    let all = toml::to_string(&Limits::default()).unwrap();
    for line in all.lines() {
        let key = line.split(' ').next().unwrap();
        text.push_str(&format!("{key} = 1\n"));
    }
    let set = toml::to_string(&parse_limits(&text).unwrap()).unwrap();
    assert_eq!(set, text);
}

#[test]
fn an_unknown_key_is_an_error_with_its_place() {
    for (text, place) in [
        (format!("{SITE}phone = \"1\"\n"), (5, 1)),
        (format!("{SITE}[limit]\n"), (5, 2)),
        (format!("{SITE}[limits]\nfiles = 1\n"), (6, 1)),
        (format!("{SITE}[rules]\nage_max = 1\n"), (6, 1)),
    ] {
        let error = parse(&text).unwrap_err();
        assert_eq!((error.at().line, error.at().column), place, "{error}");
        assert!(error.to_string().contains("unknown field"), "{error}");
    }
}

#[test]
fn a_time_zone_is_a_name_or_an_offset() {
    let zone = |text: &str| {
        parse(&SITE.replace("Asia/Tokyo", text))
            .ok()
            .map(|policy| policy.zone)
    };
    assert_eq!(zone("+09:00"), Some(Zone::Fixed(Offset::constant(9))));
    assert_eq!(
        zone("-03:30"),
        Some(Zone::Fixed(Offset::from_seconds(-12600).unwrap()))
    );
    assert_eq!(zone("UTC"), Some(Zone::Named("UTC".to_owned())));
    let long = "A".repeat(ZONE_BYTES_MAX + 1);
    for bad in [
        "",
        "../../etc/passwd",
        "/Asia/Tokyo",
        "Asia//Tokyo",
        "+9:00",
        "+14:01",
        "+09:60",
        "+-9:00",
        "日本",
        &long,
    ] {
        assert_eq!(zone(bad), None, "{bad:?}");
    }
}

#[test]
fn a_day_begins_at_the_sites_midnight() {
    let zone = TimeZone::fixed(Offset::constant(9));
    let day = |time: &str| today(time.parse().unwrap(), &zone).to_string();
    assert_eq!(day("2026-03-31T14:59:59Z"), "2026-03-31");
    assert_eq!(day("2026-03-31T15:00:00Z"), "2026-04-01");
}

#[test]
fn the_age_of_rules_is_counted_in_whole_days() {
    let age = |issued| age_days(issued, "2026-11-23T08:30:00Z".parse().unwrap());
    assert_eq!(age("2026-11-23"), Some(0));
    assert_eq!(age("2026-11-20"), Some(3));
    assert_eq!(age("2026-11-20T08:30:01Z"), Some(2));
    assert_eq!(
        age("2026-11-24"),
        Some(0),
        "a day that has begun east of here"
    );
    assert_eq!(age("2026-11-25"), None, "issued in the future");
    assert_eq!(age("soon"), None);
}

#[test]
fn rules_work_only_within_the_age_the_site_allows() {
    let free = Policy::builtin();
    assert_eq!(free.rules_state(None), RulesState::Missing);
    assert_eq!(
        free.rules_state(Some(&rules(0, Some(1)))),
        RulesState::Missing
    );
    assert_eq!(free.rules_state(Some(&rules(9, None))), RulesState::Working);
    let strict = Policy {
        rules_age_days_max: Some(30),
        ..Policy::builtin()
    };
    assert_eq!(
        strict.rules_state(Some(&rules(9, Some(30)))),
        RulesState::Working
    );
    assert_eq!(
        strict.rules_state(Some(&rules(9, Some(31)))),
        RulesState::Stale
    );
    assert_eq!(strict.rules_state(Some(&rules(9, None))), RulesState::Stale);
}

#[test]
fn an_age_past_its_ceiling_and_a_policy_past_its_length_are_refused() {
    let over = AGE_DAYS_LIMIT_MAX.checked_add(1).unwrap();
    assert!(parse(&format!("{SITE}[rules]\nage_days_max = {over}\n")).is_err());
    let long = format!("{SITE}#{}", "x".repeat(POLICY_BYTES_MAX));
    assert!(matches!(parse(&long), Err(ListError::TooLong { .. })));
}
