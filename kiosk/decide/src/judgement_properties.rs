//! What no combination of reports may do to a verdict.

use proptest::prelude::*;
use wire::scan::Totals;
use wire::waiver::{Waiver, Waivers};
use wire::{Coverage, Digest, Finding, Outcome, Row, RowKind, Source, Tier, VolumeReport};

use super::tests::{CODES, ENTRY, refused, registered};
use super::*;
use crate::fixtures::{finding, in_member, row, volume};
use crate::tally::Tally;

const TODAY: &str = "2026-11-26";

/// A scan as it arrives: what the scanner sent, in whatever order, and how it ended.
#[derive(Clone, Debug)]
struct Scan {
    rows: Vec<Row>,
    volumes: Vec<VolumeReport>,
    layout: Vec<Finding>,
    outside: Coverage,
    medium_bytes: u64,
    rules: RulesState,
    end: End,
    waivers: Vec<Waiver>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Honest,
    OneRowMore,
    OneVolumeLess,
    Broken(Gap),
    NotStarted,
}

fn examine(scan: &Scan) -> Examination {
    let waivers = Waivers::in_force(&scan.waivers, TODAY, Some("A"));
    let mut tally = Tally::new(scan.medium_bytes).with_waivers(waivers);
    tally.add_layout(&scan.layout);
    for row in &scan.rows {
        let outcome = tally.add(row);
        assert!(outcome != Outcome::Clean || row.outcome == Outcome::Clean);
    }
    for volume in &scan.volumes {
        tally.add_volume(volume);
    }
    let rows = u64::try_from(scan.rows.len()).unwrap();
    let volumes = u64::try_from(scan.volumes.len()).unwrap();
    let counts = tally.counts();
    assert_eq!(
        counts
            .clean
            .saturating_add(counts.matched)
            .saturating_add(counts.unchecked),
        rows
    );
    let totals = |rows, volumes| Totals {
        rows,
        volumes,
        outside: scan.outside,
        ..Totals::default()
    };
    match scan.end {
        End::Honest => tally.ended(scan.rules, &totals(rows, volumes)),
        End::OneRowMore => tally.ended(scan.rules, &totals(rows.saturating_add(1), volumes)),
        End::OneVolumeLess => tally.ended(scan.rules, &totals(rows, volumes.wrapping_sub(1))),
        End::Broken(gap) => tally.failed(scan.rules, gap),
        End::NotStarted => Examination::not_started(scan.rules),
    }
}

/// Written apart from the code it checks: the only combination that may pass.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "tests compute expectations of small numbers"
)]
fn may_pass(admission: &Admission, scan: &Scan, recording: Recording) -> bool {
    let harmless =
        |findings: &[Finding]| findings.iter().all(|finding| finding.tier == Tier::Notice);
    let rows = scan.rows.iter().all(|row| {
        let clean = row.outcome == Outcome::Clean && harmless(&row.findings);
        row.sha256.is_some() && (clean || waived(scan, row))
    });
    let reported: Vec<u32> = scan.volumes.iter().map(|volume| volume.index).collect();
    let mut once = reported.clone();
    once.sort_unstable();
    once.dedup();
    let volumes = scan.volumes.iter().all(|volume| harmless(&volume.findings))
        && once.len() == reported.len()
        && scan
            .rows
            .iter()
            .filter_map(|row| row.volume)
            .all(|index| reported.contains(&index));
    let whole = |one: &Coverage| one.examined_bytes + one.zero_bytes == one.allocated_bytes;
    let covered = scan.volumes.iter().all(|volume| {
        let all = volume.coverage.allocated_bytes + volume.coverage.unallocated_bytes;
        whole(&volume.coverage) && all == volume.size_bytes
    });
    let sizes: u64 = scan.volumes.iter().map(|volume| volume.size_bytes).sum();
    let covered = covered
        && whole(&scan.outside)
        && scan.medium_bytes <= sizes + scan.outside.allocated_bytes;
    let recorded = match recording {
        Recording::Recorded(_) => true,
        Recording::Failed => false,
        Recording::Waived => !matches!(admission, Admission::Registered { .. }),
    };
    !matches!(admission, Admission::Refused(_))
        && scan.rules == RulesState::Working
        && scan.end == End::Honest
        && rows
        && volumes
        && harmless(&scan.layout)
        && covered
        && recorded
}

/// Whether waivers speak for all that is wrong with a row, as DESIGN says it: for exactly this
/// content and this rule, on this day and medium; and for what was found in its members there.
fn waived(scan: &Scan, row: &Row) -> bool {
    let speaks = |hash: Digest, finding: &Finding| {
        scan.waivers.iter().any(|waiver| {
            waiver.sha256 == hash
                && (waiver.source, &waiver.rule) == (finding.source, &finding.rule)
                && TODAY <= waiver.until.as_str()
                && waiver.medium.as_deref().is_none_or(|medium| medium == "A")
        })
    };
    let own = |row: &Row, finding: &Finding| {
        finding.member_of.is_none()
            && finding.source != Source::Volume
            && row.sha256.is_some_and(|hash| speaks(hash, finding))
    };
    let inside = |finding: &Finding| {
        let trail: Vec<_> = row.within.iter().chain([&row.path]).cloned().collect();
        scan.rows.iter().any(|other| {
            other.volume == row.volume
                && other.within.starts_with(&trail)
                && waived(scan, other)
                && other.findings.iter().any(|one| {
                    (one.source, &one.rule) == (finding.source, &finding.rule) && own(other, one)
                })
        })
    };
    let blocks: Vec<_> = row
        .findings
        .iter()
        .filter(|one| one.tier == Tier::Block)
        .collect();
    row.outcome == Outcome::Matched
        && row.sha256.is_some()
        && matches!(row.kind, RowKind::File | RowKind::Member)
        && row
            .findings
            .iter()
            .all(|finding| finding.tier != Tier::Incomplete)
        && !blocks.is_empty()
        && (row.inherited || blocks.iter().any(|finding| finding.member_of.is_none()))
        && blocks
            .iter()
            .all(|finding| own(row, finding) || (finding.member_of.is_some() && inside(finding)))
}

/// How bad a verdict is, the worst last.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Incomplete => 1,
        Verdict::Stop => 2,
    }
}

fn any_gap() -> impl Strategy<Value = Gap> {
    prop::sample::select(Gap::ALL.to_vec())
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Clean),
        1 => Just(Outcome::Matched),
        1 => any_gap().prop_map(Outcome::Unchecked),
    ]
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let tier =
        prop_oneof![6 => Just(Tier::Notice), 1 => Just(Tier::Incomplete), 1 => Just(Tier::Block)];
    let source = prop::sample::select(vec![
        Source::Yara,
        Source::Clamav,
        Source::Structure,
        Source::Volume,
        Source::List,
    ]);
    (tier, source, any::<bool>()).prop_map(|(tier, source, member)| {
        let finding = finding(tier, source);
        if member { in_member(finding) } else { finding }
    })
}

fn some_findings() -> impl Strategy<Value = Vec<Finding>> {
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(any_finding(), 1..3)]
}

fn any_row() -> impl Strategy<Value = Row> {
    let volume = prop::option::weighted(0.3, 0_u32..2);
    (
        any_outcome(),
        some_findings(),
        volume,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.95),
        any::<bool>(),
        prop::bool::weighted(0.3),
    )
        .prop_map(
            |(outcome, findings, volume, inherited, hashed, member, inside)| Row {
                within: if inside && member {
                    vec![row(outcome).path]
                } else {
                    Vec::new()
                },
                findings,
                volume,
                inherited,
                sha256: hashed.then_some(Digest([7; 32])),
                kind: if member {
                    RowKind::Member
                } else {
                    RowKind::File
                },
                ..row(outcome)
            },
        )
}

/// Mostly of one byte that was examined, and sometimes not.
fn any_coverage() -> impl Strategy<Value = Coverage> {
    let odd = (0_u64..2, 0_u64..2, 0_u64..2, 0_u64..2);
    let odd = odd.prop_map(|(allocated, examined, zero, free)| Coverage {
        allocated_bytes: allocated,
        examined_bytes: examined,
        zero_bytes: zero,
        unallocated_bytes: free,
        ..Coverage::default()
    });
    prop_oneof![6 => Just(volume(0, vec![]).coverage), 1 => odd]
}

fn any_volumes() -> impl Strategy<Value = Vec<VolumeReport>> {
    prop_oneof![
        4 => Just(vec![volume(0, vec![]), volume(1, vec![])]),
        1 => prop::collection::vec(
            (0_u32..2, some_findings(), any_coverage()).prop_map(|(index, findings, coverage)| {
                VolumeReport { coverage, ..volume(index, findings) }
            }), 0..3),
    ]
}

/// Mostly one that is for something, and sometimes one that misses by a little.
fn any_waiver() -> impl Strategy<Value = Waiver> {
    let hash = prop_oneof![6 => Just(Digest([7; 32])), 1 => Just(Digest([8; 32]))];
    let rule = prop_oneof![6 => Just("a_rule"), 1 => Just("b_rule")];
    let source = prop_oneof![
        8 => Just(Source::Yara), 1 => Just(Source::Clamav), 1 => Just(Source::Structure)
    ];
    let said = (source, rule);
    let until = prop_oneof![4 => Just(TODAY), 4 => Just("2027-01-01"), 1 => Just("2026-11-25")];
    let medium = prop_oneof![6 => Just(None), 2 => Just(Some("A")), 1 => Just(Some("B"))];
    (1_u64..9, hash, said, until, medium).prop_map(|(entry, sha256, said, until, medium)| Waiver {
        entry,
        sha256,
        source: said.0,
        rule: said.1.to_owned(),
        of: None,
        until: until.to_owned(),
        medium: medium.map(str::to_owned),
    })
}

/// Rows of which most are matched, so that it is waivers that decide.
fn any_waived_scan() -> impl Strategy<Value = Scan> {
    let matched = (
        any_row(),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.3),
    );
    let matched = matched.prop_map(|(row, matched, echo)| {
        let found = finding(Tier::Block, Source::Yara);
        let found = if echo { in_member(found) } else { found };
        let (outcome, findings) = if matched {
            (Outcome::Matched, vec![found])
        } else {
            (row.outcome, row.findings)
        };
        Row {
            outcome,
            findings,
            inherited: matched && echo,
            ..row
        }
    });
    let waivers = prop::collection::vec(any_waiver(), 0..3);
    let rows = prop::collection::vec(matched, 0..4);
    (any_scan(), rows, waivers).prop_map(|(scan, rows, waivers)| Scan {
        rows,
        waivers,
        ..scan
    })
}

fn any_scan() -> impl Strategy<Value = Scan> {
    let end = prop_oneof![
        9 => Just(End::Honest),
        1 => Just(End::OneRowMore),
        1 => Just(End::OneVolumeLess),
        1 => any_gap().prop_map(End::Broken),
        1 => Just(End::NotStarted),
    ];
    let rules = prop_oneof![
        9 => Just(RulesState::Working),
        1 => Just(RulesState::Missing),
        1 => Just(RulesState::Stale),
        1 => Just(RulesState::SelfTestFailed),
    ];
    (
        prop::collection::vec(any_row(), 0..4),
        any_volumes(),
        some_findings(),
        (any_coverage(), 0_u64..4),
        rules,
        end,
    )
        .prop_map(
            |(rows, volumes, layout, (outside, medium_bytes), rules, end)| Scan {
                rows,
                volumes,
                layout,
                outside,
                medium_bytes,
                rules,
                end,
                waivers: Vec::new(),
            },
        )
}

fn any_admission() -> impl Strategy<Value = Admission> {
    prop_oneof![
        4 => Just(registered()),
        2 => Just(Admission::ByHand),
        2 => Just(Admission::AsRegistered { id: "A".to_owned() }),
        1 => prop::sample::select(CODES.to_vec()).prop_map(refused),
    ]
}

fn any_recording() -> impl Strategy<Value = Recording> {
    prop_oneof![
        4 => Just(Recording::Recorded(ENTRY)),
        1 => Just(Recording::Failed),
        1 => Just(Recording::Waived),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn pass_is_shown_for_exactly_the_clean_combination(
        admission in any_admission(), scan in any_scan(), recording in any_recording(),
    ) {
        let shown = judge(&admission, &examine(&scan)).shown(recording);
        let may = may_pass(&admission, &scan, recording);
        prop_assert_eq!(shown.verdict() == Verdict::Pass, may);
        prop_assert_eq!(exit_status(&shown) == 0, may);
        prop_assert_eq!(shown.reasons().is_empty(), may);
        prop_assert!(shown.reasons().iter().all(|reason| 0 < reason.count));
    }

    #[test]
    fn with_waivers_pass_is_shown_only_when_every_row_that_blocks_is_waived(
        scan in any_waived_scan(), recording in any_recording(),
    ) {
        let shown = judge(&registered(), &examine(&scan)).shown(recording);
        let may = may_pass(&registered(), &scan, recording);
        prop_assert_eq!(shown.verdict() == Verdict::Pass, may);
    }

    #[test]
    fn waivers_change_nothing_about_a_refusal_a_structure_or_a_gap(
        scan in any_waived_scan(), admission in any_admission(),
    ) {
        let bare = Scan { waivers: Vec::new(), ..scan.clone() };
        let (with, without) = (examine(&scan), examine(&bare));
        prop_assert_eq!(&with.gaps, &without.gaps);
        prop_assert_eq!(with.ending, without.ending);
        if admission.refusal().is_some() {
            let verdict = judge(&admission, &with).shown(Recording::Recorded(ENTRY)).verdict();
            prop_assert_ne!(verdict, Verdict::Pass);
        }
        let structure = |findings: &[Finding]| findings.iter().any(|one| one.tier == Tier::Block);
        let volumes = scan.volumes.iter().any(|volume| structure(&volume.findings));
        if (volumes || structure(&scan.layout)) && scan.end != End::NotStarted {
            prop_assert!(0 < with.matched.saturating_add(with.policy));
        }
    }

    #[test]
    fn a_verdict_names_exactly_the_waivers_that_its_rows_name(scan in any_waived_scan()) {
        let waivers = Waivers::in_force(&scan.waivers, TODAY, Some("A"));
        let tally = Tally::new(0).with_waivers(waivers);
        let mut named = std::collections::BTreeSet::new();
        for row in &scan.rows {
            let mut marked = row.clone();
            prop_assert!(tally.mark(&mut marked));
            named.extend(marked.findings.iter().filter_map(|one| one.waiver));
            marked.findings.iter_mut().for_each(|one| one.waiver = None);
            prop_assert_eq!(&marked, row);
        }
        if scan.end != End::NotStarted {
            prop_assert_eq!(named, examine(&scan).waivers);
        }
    }

    #[test]
    fn a_match_or_a_refusal_is_stop_whatever_else_is_wrong(
        scan in any_scan(), admission in any_admission(), recording in any_recording(),
    ) {
        let examination = examine(&scan);
        let blocks = |findings: &[Finding]| findings.iter().any(|finding| finding.tier == Tier::Block);
        let found = scan.end != End::NotStarted
            && (scan.rows.iter().any(|row| row.outcome == Outcome::Matched || blocks(&row.findings))
                || scan.volumes.iter().any(|volume| blocks(&volume.findings))
                || blocks(&scan.layout));
        let refused = admission.refusal().is_some_and(|refusal| {
            matches!(Class::of(refusal.code), Class::Found | Class::NotAdmitted)
        });
        let shown = judge(&admission, &examination).shown(recording);
        prop_assert_eq!(shown.verdict() == Verdict::Stop, found || refused);
    }

    #[test]
    fn one_more_row_never_improves_the_verdict(
        scan in any_scan(), admission in any_admission(), recording in any_recording(),
        more in any_row(), place in any::<prop::sample::Index>(),
    ) {
        let before = judge(&admission, &examine(&scan)).shown(recording);
        let mut longer = scan.clone();
        longer.rows.insert(place.index(scan.rows.len().saturating_add(1)), more);
        let after = judge(&admission, &examine(&longer)).shown(recording);
        prop_assert!(badness(before.verdict()) <= badness(after.verdict()));
    }

    #[test]
    fn the_order_of_rows_and_volumes_changes_nothing(
        scan in any_scan(), admission in any_admission(),
        seed in prop::collection::vec(any::<u32>(), 4),
    ) {
        let mut keyed: Vec<_> = scan.rows.iter().cloned().zip(seed).collect();
        keyed.sort_by_key(|(_, key)| *key);
        let mut turned = scan.clone();
        turned.rows = keyed.into_iter().map(|(row, _)| row).collect();
        turned.volumes.reverse();
        turned.layout.reverse();
        prop_assert_eq!(
            judge(&admission, &examine(&scan)),
            judge(&admission, &examine(&turned))
        );
    }
}
