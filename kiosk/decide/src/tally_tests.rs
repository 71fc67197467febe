use wire::outcome::{DETAIL_BYTES_MAX, FINDINGS_MAX, RULE_BYTES_MAX};

use super::*;
use crate::fixtures::{finding, in_member, row, volume};
use wire::{Coverage, Source};

fn gaps(examination: &Examination) -> Vec<(Gap, u64)> {
    examination
        .gaps
        .iter()
        .map(|(&gap, &count)| (gap, count))
        .collect()
}

fn totals(rows: u64, volumes: u64) -> Totals {
    Totals {
        rows,
        volumes,
        ..Totals::default()
    }
}

/// What a scan of these rows alone establishes.
fn examined(rows: &[Row]) -> Examination {
    let mut tally = Tally::new(0);
    for row in rows {
        let _counted = tally.add(row);
    }
    tally.ended(
        RulesState::Working,
        &totals(u64::try_from(rows.len()).unwrap(), 0),
    )
}

#[test]
fn every_row_is_counted_once_by_outcome_and_once_by_kind() {
    let mut tally = Tally::new(0);
    let member = Row {
        kind: RowKind::Member,
        within: vec![MediumName::default()],
        ..row(Outcome::Matched)
    };
    assert_eq!(tally.add(&row(Outcome::Clean)), Outcome::Clean);
    assert_eq!(tally.add(&member), Outcome::Matched);
    let gap = Outcome::Unchecked(Gap::Limit);
    assert_eq!(tally.add(&row(gap)), gap);
    tally.add_volume(&volume(0, vec![]));
    let expected = Counts {
        volumes: 1,
        files: 2,
        members: 1,
        clean: 1,
        matched: 1,
        unchecked: 1,
    };
    assert_eq!(tally.counts(), expected);
}

#[test]
fn a_match_by_rule_or_list_is_matched_and_by_form_is_policy() {
    let by = |source| Row {
        findings: vec![finding(Tier::Block, source)],
        ..row(Outcome::Matched)
    };
    let all = [
        Source::Yara,
        Source::Structure,
        Source::Volume,
        Source::List,
    ];
    let examination = examined(&all.map(by));
    assert_eq!((examination.matched, examination.policy), (2, 2));
    assert_eq!(examination.ending, Ending::Complete);
}

#[test]
fn what_a_container_inherits_is_counted_where_it_was_found() {
    let block = finding(Tier::Block, Source::Yara);
    let member = Row {
        findings: vec![block.clone()],
        ..row(Outcome::Matched)
    };
    let container = Row {
        inherited: true,
        findings: vec![in_member(block)],
        ..row(Outcome::Matched)
    };
    assert_eq!(examined(&[member.clone(), container.clone()]).matched, 1);
    let alone = examined(std::slice::from_ref(&container));
    assert_eq!(
        alone.matched, 1,
        "a container accuses although no member came"
    );
    let damaged = Row {
        inherited: false,
        ..container
    };
    assert_eq!(examined(&[member, damaged.clone()]).matched, 1);
    assert_eq!(examined(&[damaged]).matched, 1);
    let closed = Row {
        inherited: true,
        ..row(Outcome::Unchecked(Gap::Encrypted))
    };
    let inner = row(Outcome::Unchecked(Gap::Encrypted));
    assert_eq!(
        gaps(&examined(&[inner, closed.clone()])),
        [(Gap::Encrypted, 1)]
    );
    assert_eq!(gaps(&examined(&[closed])), [(Gap::Encrypted, 1)]);
}

/// A row with one finding: the outcome it is given, its matches and its damages.
#[track_caller]
fn assert_counted(row: &Row, outcome: Outcome, matched: u64, damages: u64) {
    let mut tally = Tally::new(0);
    assert_eq!(tally.add(row), outcome, "{row:?}");
    let examination = tally.ended(RulesState::Working, &totals(1, 0));
    let damaged = examination.gaps.get(&Gap::Damaged).copied();
    assert_eq!(
        (examination.matched, damaged.unwrap_or(0)),
        (matched, damages),
        "{row:?}"
    );
}

#[test]
fn a_row_that_excuses_what_it_accuses_is_not_believed() {
    let with = |finding: Finding, outcome| Row {
        findings: vec![finding],
        ..row(outcome)
    };
    let block = finding(Tier::Block, Source::Yara);
    let cut = finding(Tier::Incomplete, Source::Structure);
    let damaged = Outcome::Unchecked(Gap::Damaged);
    let (clean, matched) = (Outcome::Clean, Outcome::Matched);
    assert_counted(&with(block.clone(), clean), matched, 1, 0);
    assert_counted(&with(in_member(block.clone()), clean), matched, 1, 0);
    assert_counted(&with(block, damaged), matched, 1, 1);
    assert_counted(&row(matched), matched, 1, 0);
    assert_counted(&with(cut.clone(), clean), damaged, 0, 1);
    assert_counted(&with(in_member(cut.clone()), clean), damaged, 0, 1);
    assert_counted(&with(cut.clone(), matched), matched, 1, 1);
    assert_counted(&with(cut, damaged), damaged, 0, 1);
    assert_counted(
        &Row {
            sha256: None,
            ..row(clean)
        },
        damaged,
        0,
        1,
    );
}

#[test]
fn a_row_out_of_form_leaves_the_scan_damaged() {
    let bad = |change: fn(&mut Finding)| {
        let mut finding = finding(Tier::Notice, Source::Structure);
        change(&mut finding);
        vec![finding]
    };
    for findings in [
        bad(|finding| finding.rule.clear()),
        bad(|finding| finding.rule = "\u{1b}[2J".to_owned()),
        bad(|finding| finding.rule = "x".repeat(RULE_BYTES_MAX.saturating_add(1))),
        bad(|finding| finding.detail = "a\nb".to_owned()),
        bad(|finding| finding.detail = "x".repeat(DETAIL_BYTES_MAX.saturating_add(1))),
        vec![finding(Tier::Notice, Source::Yara); FINDINGS_MAX.saturating_add(1)],
    ] {
        let examination = examined(&[Row {
            findings: findings.clone(),
            ..row(Outcome::Clean)
        }]);
        assert!(examination.gaps.contains_key(&Gap::Damaged), "{findings:?}");
        let mut tally = Tally::new(0);
        tally.add_layout(&findings);
        let examination = tally.ended(RulesState::Working, &totals(0, 0));
        assert_eq!(gaps(&examination), [(Gap::Damaged, 1)]);
    }
    let long = Some("x".repeat(TYPE_BYTES_MAX.saturating_add(1)));
    for content_type in [Some("text/\u{202e}plain".to_owned()), long] {
        let row = Row {
            content_type,
            ..row(Outcome::Clean)
        };
        assert!(examined(&[row]).gaps.contains_key(&Gap::Damaged));
    }
}

#[test]
fn structure_findings_of_volumes_and_tables_count_by_tier() {
    let mut tally = Tally::new(0);
    tally.add_volume(&volume(0, vec![finding(Tier::Block, Source::Volume)]));
    tally.add_volume(&volume(1, vec![finding(Tier::Incomplete, Source::Volume)]));
    tally.add_volume(&volume(2, vec![finding(Tier::Notice, Source::Volume)]));
    tally.add_layout(&[finding(Tier::Incomplete, Source::Volume); 1]);
    tally.add_layout(&[finding(Tier::Block, Source::Yara); 1]);
    let examination = tally.ended(RulesState::Working, &totals(0, 3));
    assert_eq!((examination.matched, examination.policy), (1, 1));
    assert_eq!(gaps(&examination), [(Gap::Damaged, 2)]);
    assert_eq!(examination.ending, Ending::Complete);
}

#[test]
fn a_byte_that_nobody_accounts_for_withholds_pass() {
    let whole = volume(0, vec![]);
    let coverage = |allocated_bytes, examined_bytes, zero_bytes, unallocated_bytes| Coverage {
        allocated_bytes,
        examined_bytes,
        zero_bytes,
        unallocated_bytes,
        ..Coverage::default()
    };
    let ended = |volume_coverage, outside, medium_bytes| {
        let mut tally = Tally::new(medium_bytes);
        tally.add_volume(&VolumeReport {
            size_bytes: 10,
            coverage: volume_coverage,
            ..whole.clone()
        });
        let totals = Totals {
            outside,
            ..totals(0, 1)
        };
        gaps(&tally.ended(RulesState::Working, &totals))
    };
    let (volume_whole, outside_whole) = (coverage(7, 4, 3, 3), coverage(5, 5, 0, 0));
    assert_eq!(ended(volume_whole, outside_whole, 15), []);
    for (volume_coverage, outside, medium_bytes) in [
        (coverage(7, 4, 2, 3), outside_whole, 15),
        (coverage(7, 8, 0, 3), outside_whole, 15),
        (coverage(6, 6, 0, 3), outside_whole, 15),
        (coverage(7, u64::MAX, 8, 3), outside_whole, 15),
        (volume_whole, coverage(5, 4, 0, 0), 15),
        (volume_whole, outside_whole, 16),
    ] {
        let gaps = ended(volume_coverage, outside, medium_bytes);
        assert_eq!(gaps, [(Gap::Damaged, 1)], "{volume_coverage:?} {outside:?}");
    }
}

#[test]
fn bytes_that_a_row_explains_are_no_reason_of_their_own() {
    let mut tally = Tally::new(1);
    tally.add_volume(&VolumeReport {
        coverage: Coverage {
            allocated_bytes: 1,
            ..Coverage::default()
        },
        ..volume(0, vec![])
    });
    let _counted = tally.add(&row(Outcome::Unchecked(Gap::Encrypted)));
    let examination = tally.ended(RulesState::Working, &totals(1, 1));
    assert_eq!(gaps(&examination), [(Gap::Encrypted, 1)]);
}

#[test]
fn an_end_record_that_counts_otherwise_is_no_end() {
    for (rows, volumes) in [(0, 1), (2, 1), (1, 0), (1, 2)] {
        let mut tally = Tally::new(0);
        let _clean = tally.add(&row(Outcome::Clean));
        tally.add_volume(&volume(0, vec![]));
        let examination = tally.ended(RulesState::Working, &totals(rows, volumes));
        assert_eq!(
            examination.ending,
            Ending::Failed(Gap::Damaged),
            "{rows} {volumes}"
        );
    }
}

#[test]
fn a_volume_is_reported_once_and_no_row_names_one_that_was_not() {
    let mut tally = Tally::new(0);
    let _clean = tally.add(&Row {
        volume: Some(1),
        ..row(Outcome::Clean)
    });
    tally.add_volume(&volume(0, vec![]));
    let examination = tally.ended(RulesState::Working, &totals(1, 1));
    assert_eq!(examination.ending, Ending::Failed(Gap::Damaged));
    let mut tally = Tally::new(0);
    tally.add_volume(&volume(0, vec![]));
    tally.add_volume(&volume(0, vec![]));
    assert_eq!(
        gaps(&tally.ended(RulesState::Working, &totals(0, 2))),
        [(Gap::Damaged, 1)]
    );
    let mut tally = Tally::new(0);
    let past = u32::try_from(VOLUMES_MAX).unwrap();
    tally.add_volume(&volume(past, vec![]));
    assert_eq!(
        gaps(&tally.ended(RulesState::Working, &totals(0, 1))),
        [(Gap::Damaged, 1)]
    );
}

#[test]
fn an_unfinished_scan_keeps_what_it_found_and_why_it_ended() {
    let mut tally = Tally::new(0);
    let _counted = tally.add(&row(Outcome::Unchecked(Gap::Limit)));
    let examination = tally.failed(RulesState::Working, Gap::Removed);
    assert_eq!(examination.ending, Ending::Failed(Gap::Removed));
    assert_eq!(gaps(&examination), [(Gap::Limit, 1)]);
}

#[test]
fn the_first_finding_is_one_that_blocks_where_it_was_found() {
    let name = |text: &str| MediumName::new(text).unwrap();
    let mut tally = Tally::new(0);
    assert_eq!(tally.first(), None);
    let _clean = tally.add(&row(Outcome::Clean));
    assert_eq!(tally.first(), None);
    let _closed = tally.add(&Row {
        path: name("a"),
        ..row(Outcome::Unchecked(Gap::Encrypted))
    });
    assert_eq!(tally.first().unwrap().rule, "encrypted");
    let block = finding(Tier::Block, Source::Yara);
    let container = Row {
        inherited: true,
        findings: vec![in_member(block.clone())],
        ..row(Outcome::Matched)
    };
    let _container = tally.add(&container);
    let member = Row {
        path: name("c"),
        within: vec![name("a"), name("b")],
        findings: vec![finding(Tier::Notice, Source::Structure), block],
        ..row(Outcome::Matched)
    };
    let _member = tally.add(&member);
    let first = tally.first().unwrap();
    assert_eq!(first.trail, [name("a"), name("b"), name("c")]);
    assert_eq!(first.rule, "a_rule");
}

#[test]
fn every_gap_has_the_word_that_reports_use() {
    #[derive(serde::Serialize)]
    struct Report {
        gap: Gap,
    }
    for gap in Gap::ALL {
        let report = toml::to_string(&Report { gap }).unwrap();
        assert_eq!(report, format!("gap = \"{}\"\n", gap_word(gap)));
    }
}

#[test]
fn a_row_that_brings_its_own_waiver_has_it_taken_away_and_is_told() {
    let tally = Tally::new(0);
    let mut row = row(Outcome::Matched);
    row.findings = vec![finding(Tier::Block, Source::Yara)];
    assert!(tally.mark(&mut row));
    row.findings[0].waiver = Some(3);
    assert!(!tally.mark(&mut row));
    assert_eq!(row.findings[0].waiver, None);
}

#[test]
fn a_title_that_is_too_long_or_hides_something_is_not_believed() {
    let titled = |ja: String| {
        let mut row = row(Outcome::Clean);
        let mut noticed = finding(Tier::Notice, Source::Yara);
        noticed.title = Some(Box::new(wire::Title {
            ja,
            en: "x".to_owned(),
        }));
        row.findings = vec![noticed];
        Tally::new(0).add(&row)
    };
    let longest = "x".repeat(wire::outcome::TITLE_BYTES_MAX);
    assert_eq!(titled(longest.clone()), Outcome::Clean);
    assert_ne!(titled(longest + "x"), Outcome::Clean);
    assert_ne!(titled("a\u{202e}b".to_owned()), Outcome::Clean);
}
