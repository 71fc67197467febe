//! Waivers and closed cases: what the ledger takes for one, and what it makes of it.

use jiff::{SignedDuration, Timestamp};
use record::{Ledger, Refusal, Writer};
use wire::ledger::{Event, Judged};
use wire::standing::Mitigation;
use wire::waiver::{
    PERSON_BYTES_MAX, WAIVER_DAYS_MAX, WAIVER_REASON_BYTES_MAX, WAIVERS_MAX, Waived,
};
use wire::{Digest, Finding, MediumName, Outcome, Row, RowKind, Source, Tier, Verdict};

use crate::common::*;

/// When an entry was written, where no test asks.
const NOW: &str = "2026-11-26T00:00:00Z";

/// A waiver until so many days from now, by the calendar of UTC.
fn waived(days: i64) -> Waived {
    let day = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = day.saturating_add(jiff::Span::new().days(days));
    let after = until.saturating_add(jiff::Span::new().days(1));
    let ends = after.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    Waived {
        sha256: Digest([9; 32]),
        source: Source::Yara,
        rule: "a_rule".to_owned(),
        of: None,
        reason: "the vendor signed it".to_owned(),
        approved_by: "A. Sato".to_owned(),
        second: "B. Ito".to_owned(),
        until: until.to_string(),
        ends: ends.to_string(),
        medium: None,
    }
}

fn event(waived: Waived) -> Event {
    Event::Waived(Box::new(waived))
}

fn matched(path: &str) -> Row {
    Row {
        outcome: Outcome::Matched,
        findings: vec![Finding::own("a_rule", Source::Yara, Tier::Block, "")],
        ..row(path)
    }
}

/// The same row with the waiver's entry at its finding.
fn with(entry: u64, mut row: Row) -> Row {
    row.findings[0].waiver = Some(entry);
    row
}

/// What becomes of a PASS over `rows` that cites `cited`, after `waivers` were written.
fn passing(waivers: &[Event], cited: &[u64], rows: &[Row]) -> Result<(), Refusal> {
    with_writer(|writer| {
        for event in waivers {
            writer.append(event, None).unwrap();
        }
        let insertion = writer.append(&inserted(), None).unwrap().number;
        let judgement = Judged {
            waivers: cited.to_vec(),
            ..passed(insertion, rows.len() as u64)
        };
        let rows = received(&lines(rows));
        writer.append(&judged(judgement), Some(&rows)).map(drop)
    })
}

#[test]
fn a_pass_may_rest_on_a_waiver_for_exactly_its_content_and_rule() {
    let rows = [row("a"), with(1, matched("b"))];
    passing(&[event(waived(30))], &[1], &rows).unwrap();
    let only = Waived {
        medium: Some("M-0001".to_owned()),
        ..waived(30)
    };
    passing(&[event(only)], &[1], &rows).unwrap();
}

#[test]
fn a_pass_with_a_waiver_that_is_not_for_it_is_refused() {
    let good = || event(waived(30));
    let b = with(1, matched("b"));
    let refuse = |why: &str, waivers: &[Event], cited: &[u64], rows: &[Row]| {
        assert!(passing(waivers, cited, rows).is_err(), "{why}");
    };
    refuse("not cited", &[good()], &[], std::slice::from_ref(&b));
    refuse("not named at the row", &[good()], &[1], &[matched("b")]);
    refuse("never written", &[], &[1], std::slice::from_ref(&b));
    refuse("cited and not needed", &[good()], &[1], &[row("a")]);
    refuse("another entry", &[good()], &[1], &[with(2, matched("b"))]);
    let ended = Event::WaiverEnded {
        waiver: 1,
        by: "C".to_owned(),
    };
    refuse("ended", &[good(), ended], &[1], std::slice::from_ref(&b));
    let others = [
        Waived {
            sha256: Digest([8; 32]),
            ..waived(30)
        },
        Waived {
            rule: "b_rule".to_owned(),
            ..waived(30)
        },
        Waived {
            source: Source::Clamav,
            ..waived(30)
        },
        Waived {
            of: Some("b.yar".to_owned()),
            ..waived(30)
        },
        Waived {
            medium: Some("M-0002".to_owned()),
            ..waived(30)
        },
    ];
    for other in others {
        let why = format!("{other:?}");
        refuse(&why, &[event(other)], &[1], std::slice::from_ref(&b));
    }
    let mut two = b.clone();
    two.findings
        .push(Finding::own("b_rule", Source::Yara, Tier::Block, ""));
    refuse("a second finding", &[good()], &[1], &[two]);
    let mut gap = b.clone();
    gap.findings.push(Finding::own(
        "limit",
        Source::Structure,
        Tier::Incomplete,
        "",
    ));
    refuse("something not examined", &[good()], &[1], &[gap]);
    let mut of_volume = b.clone();
    of_volume.findings[0].source = Source::Volume;
    refuse("the structure of a volume", &[good()], &[1], &[of_volume]);
    let raw = Row {
        kind: RowKind::Unallocated,
        ..b.clone()
    };
    refuse("raw space", &[good()], &[1], &[raw]);
    let unread = Row { sha256: None, ..b };
    refuse("not read whole", &[good()], &[1], &[unread]);
}

#[test]
fn what_a_container_says_must_be_waived_inside_it() {
    let named = |name: &str| MediumName::new(name).unwrap();
    let mut container = matched("a.zip");
    container.sha256 = Some(Digest([1; 32]));
    container.inherited = true;
    container.findings[0].member_of = Some(named("in.exe"));
    let member = Row {
        within: vec![named("a.zip")],
        kind: RowKind::Member,
        ..with(1, matched("in.exe"))
    };
    let waivers = [event(waived(30))];
    passing(&waivers, &[1], &[member.clone(), container.clone()]).unwrap();
    let outside = with(1, matched("b"));
    let refusal = passing(&waivers, &[1], &[outside, container.clone()]).unwrap_err();
    assert!(matches!(refusal, Refusal::Pass(_)), "{refusal}");
    let mut borrowed = container;
    borrowed.findings[0].waiver = Some(1);
    assert!(passing(&waivers, &[1], &[member, borrowed]).is_err());
}

#[test]
fn a_waiver_needs_two_people_a_reason_a_rule_and_a_near_end() {
    let days = i64::try_from(WAIVER_DAYS_MAX).unwrap();
    let text = |bytes| "x".repeat(bytes);
    let bad = [
        Waived {
            second: " a.sato ".to_owned(),
            ..waived(30)
        },
        Waived {
            second: String::new(),
            ..waived(30)
        },
        Waived {
            approved_by: "A\u{202e}".to_owned(),
            ..waived(30)
        },
        Waived {
            approved_by: text(PERSON_BYTES_MAX + 1),
            ..waived(30)
        },
        Waived {
            reason: " ".to_owned(),
            ..waived(30)
        },
        Waived {
            reason: text(WAIVER_REASON_BYTES_MAX + 1),
            ..waived(30)
        },
        Waived {
            rule: "more_findings".to_owned(),
            ..waived(30)
        },
        Waived {
            rule: "a rule".to_owned(),
            ..waived(30)
        },
        Waived {
            medium: Some(String::new()),
            ..waived(30)
        },
        Waived {
            until: "soon".to_owned(),
            ..waived(30)
        },
        Waived {
            ends: waived(40).ends,
            ..waived(30)
        },
        waived(days + 2),
        waived(-3),
    ];
    for bad in bad {
        with_writer(|writer| {
            let refusal = writer.append(&event(bad.clone()), None).unwrap_err();
            assert!(matches!(refusal, Refusal::Waiver(_)), "{bad:?}: {refusal}");
            assert_eq!(writer.head(), None);
        });
    }
    with_writer(|writer| writer.append(&event(waived(days)), None).map(drop).unwrap());
}

#[test]
fn nobody_answers_for_a_volume_a_name_or_every_list_at_once() {
    let named = |source, rule: &str, of: Option<&str>| Waived {
        source,
        rule: rule.to_owned(),
        of: of.map(str::to_owned),
        ..waived(30)
    };
    for bad in [
        named(Source::Volume, "a_rule", None),
        named(Source::List, "hash_blocked", None),
        named(Source::Structure, "archive_path_escapes", None),
    ] {
        with_writer(|writer| {
            let refusal = writer.append(&event(bad.clone()), None).unwrap_err();
            assert!(matches!(refusal, Refusal::Waiver(_)), "{bad:?}: {refusal}");
        });
    }
    let good = named(Source::List, "hash_blocked", Some("site"));
    with_writer(|writer| writer.append(&event(good), None).map(drop).unwrap());
}

#[test]
fn a_waiver_ends_once_and_only_so_many_are_in_force() {
    with_writer(|writer| {
        for _ in 0..WAIVERS_MAX {
            writer.append(&event(waived(30)), None).unwrap();
        }
        assert_eq!(writer.standing().waivers.len(), WAIVERS_MAX);
        assert!(writer.append(&event(waived(30)), None).is_err());
        let end = |waiver| Event::WaiverEnded {
            waiver,
            by: "C".to_owned(),
        };
        writer.append(&end(7), None).unwrap();
        assert!(matches!(
            writer.append(&end(7), None),
            Err(Refusal::NoWaiver(7))
        ));
        assert!(writer.append(&end(9999), None).is_err());
        assert!(writer.standing().waivers.iter().all(|one| one.entry != 7));
        writer.append(&event(waived(30)), None).unwrap();
    });
}

#[test]
fn a_waiver_that_has_run_out_does_not_hold() {
    let mut register = record::standing::Register::default();
    register.note(1, NOW, &event(waived(1)));
    let now = Timestamp::now();
    assert_eq!(register.standing(now).waivers.len(), 1);
    let later = now.saturating_add(SignedDuration::from_hours(49)).unwrap();
    assert!(register.standing(later).waivers.is_empty());
    let judgement = Judged {
        waivers: vec![1],
        ..passed(2, 0)
    };
    assert!(register.check(&judged(judgement.clone()), now).is_ok());
    assert!(register.check(&judged(judgement), later).is_err());
}

fn mitigated(insertion: u64) -> Event {
    Event::Mitigated {
        insertion,
        action: Mitigation::Kept,
        by: "kiosk".to_owned(),
    }
}

#[test]
fn a_medium_that_was_stopped_stays_an_open_case_until_somebody_says_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&at_kiosk(), None).unwrap();
    assert!(matches!(
        writer.append(&mitigated(1), None),
        Err(Refusal::NoCase(1))
    ));
    writer.append(&judged(stopped(1, 0)), None).unwrap();
    writer
        .append(&Event::Removed { insertion: 1 }, None)
        .unwrap();
    drop(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    assert_eq!(
        (writer.standing().open_cases, writer.standing().cases),
        (1, vec![1])
    );
    let nobody = Event::Mitigated {
        insertion: 1,
        action: Mitigation::HandedOver,
        by: String::new(),
    };
    assert!(matches!(writer.append(&nobody, None), Err(Refusal::Nobody)));
    writer.append(&mitigated(1), None).unwrap();
    assert_eq!(writer.standing().open_cases, 0);
    assert!(matches!(
        writer.append(&mitigated(1), None),
        Err(Refusal::NoCase(1))
    ));
    drop(writer);
    assert_eq!(
        Writer::open(folder.path()).unwrap().standing().open_cases,
        0
    );
    Ledger::open(folder.path()).unwrap().verify(None).unwrap();
}

#[test]
fn a_pass_and_a_scan_by_hand_open_no_case_and_a_withdrawn_pass_does() {
    with_writer(|writer| {
        writer.append(&inserted(), None).unwrap();
        writer.append(&judged(stopped(1, 0)), None).unwrap();
        writer.append(&at_kiosk(), None).unwrap();
        writer.append(&judged(passed(3, 0)), None).unwrap();
        assert_eq!(writer.standing().open_cases, 0);
        let withdrawn = Event::Withdrawn {
            insertion: 3,
            verdict: Verdict::Stop,
            reasons: stopped(3, 0).reasons,
        };
        writer.append(&withdrawn, None).unwrap();
        assert_eq!(writer.standing().cases, [3]);
    });
}

#[test]
fn many_open_cases_are_counted_and_the_first_are_named() {
    let mut register = record::standing::Register::default();
    for number in 1..=40 {
        register.note(number, NOW, &at_kiosk());
        register.note(number, NOW, &judged(stopped(number, 0)));
    }
    let standing = register.standing(Timestamp::now());
    assert_eq!(standing.open_cases, 40);
    assert_eq!(standing.cases.len(), wire::standing::CASES_NAMED_MAX);
}
