use wire::Digest;

use super::*;
use crate::admission::Refusal;

pub(super) const ENTRY: EntryId = EntryId {
    number: 42,
    leaf_sha256: Digest([1; 32]),
};

/// Every reason code, so that none is left without a place.
pub(super) const CODES: [ReasonCode; 23] = [
    ReasonCode::Matched,
    ReasonCode::Policy,
    ReasonCode::Unregistered,
    ReasonCode::Expired,
    ReasonCode::Revoked,
    ReasonCode::NotYetValid,
    ReasonCode::Lost,
    ReasonCode::CloneSuspected,
    ReasonCode::NotStorage,
    ReasonCode::NoVisit,
    ReasonCode::Encrypted,
    ReasonCode::Unreadable,
    ReasonCode::Damaged,
    ReasonCode::Unsupported,
    ReasonCode::Limit,
    ReasonCode::Timeout,
    ReasonCode::Changed,
    ReasonCode::Removed,
    ReasonCode::RulesMissing,
    ReasonCode::RulesStale,
    ReasonCode::SelfTestFailed,
    ReasonCode::LedgerUnavailable,
    ReasonCode::ClockUntrusted,
];

pub(super) fn registered() -> Admission {
    Admission::Registered { id: "A".to_owned() }
}

pub(super) fn refused(code: ReasonCode) -> Admission {
    Admission::Refused(Refusal {
        differences: Vec::new(),
        function: None,
        code,
        entry: None,
        detail: String::new(),
    })
}

fn spotless() -> Examination {
    Examination {
        ending: Ending::Complete,
        ..Examination::not_started(RulesState::Working)
    }
}

fn codes(reasons: &[Reason]) -> Vec<ReasonCode> {
    reasons.iter().map(|reason| reason.code).collect()
}

#[track_caller]
fn assert_shown(shown: &Shown, verdict: Verdict, reasons: &[ReasonCode], status: u8) {
    assert_eq!(
        (shown.verdict(), codes(shown.reasons()).as_slice()),
        (verdict, reasons)
    );
    assert_eq!(exit_status(shown), status);
}

#[test]
fn a_registered_spotless_recorded_medium_passes() {
    let shown = judge(&registered(), &spotless()).shown(Recording::Recorded(ENTRY));
    assert_shown(&shown, Verdict::Pass, &[], 0);
    assert_eq!(shown.entry(), Some(ENTRY));
}

#[test]
fn an_unrecorded_pass_is_not_finished() {
    for recording in [
        Recording::Failed,
        Recording::Waived,
        Recording::Recorded(EntryId { number: 0, ..ENTRY }),
    ] {
        let judgement = judge(&registered(), &spotless());
        assert_eq!(judgement.verdict(), Verdict::Pass);
        let shown = judgement.shown(recording);
        assert_shown(
            &shown,
            Verdict::Incomplete,
            &[ReasonCode::LedgerUnavailable],
            2,
        );
        assert_eq!(shown.entry(), None);
    }
}

#[test]
fn only_a_scan_by_hand_may_do_without_the_ledger() {
    for by_hand in [
        Admission::ByHand,
        Admission::AsRegistered { id: "A".to_owned() },
    ] {
        let shown = judge(&by_hand, &spotless()).shown(Recording::Waived);
        assert_shown(&shown, Verdict::Pass, &[], 0);
        let shown = judge(&by_hand, &spotless()).shown(Recording::Failed);
        assert_shown(
            &shown,
            Verdict::Incomplete,
            &[ReasonCode::LedgerUnavailable],
            2,
        );
    }
}

#[test]
fn a_stop_stays_a_stop_when_it_cannot_be_recorded() {
    let matched = Examination {
        matched: 2,
        ..spotless()
    };
    let shown = judge(&registered(), &matched).shown(Recording::Failed);
    let reasons = [ReasonCode::Matched, ReasonCode::LedgerUnavailable];
    assert_shown(&shown, Verdict::Stop, &reasons, 2);
    assert_eq!(shown.reasons().first().unwrap().count, 2);
}

#[test]
fn a_refused_medium_that_was_not_read_gives_only_its_refusal() {
    let unread = Examination::not_started(RulesState::Working);
    for code in CODES {
        if Class::of(code) == Class::NotAdmitted {
            let shown = judge(&refused(code), &unread).shown(Recording::Recorded(ENTRY));
            assert_shown(&shown, Verdict::Stop, &[code], 3);
        }
    }
}

#[test]
fn a_scan_that_never_began_is_not_a_scan_without_findings() {
    let unread = Examination::not_started(RulesState::Working);
    for admission in [registered(), Admission::ByHand] {
        let shown = judge(&admission, &unread).shown(Recording::Recorded(ENTRY));
        assert_shown(&shown, Verdict::Incomplete, &[ReasonCode::Damaged], 4);
    }
    let missing = Examination::not_started(RulesState::Missing);
    let shown = judge(&registered(), &missing).shown(Recording::Recorded(ENTRY));
    assert_shown(&shown, Verdict::Incomplete, &[ReasonCode::RulesMissing], 2);
}

#[test]
fn every_gap_and_every_unfit_rule_set_withholds_pass() {
    for gap in Gap::ALL {
        let one = Examination {
            gaps: BTreeMap::from([(gap, 1)]),
            ..spotless()
        };
        let cut = Examination {
            ending: Ending::Failed(gap),
            ..spotless()
        };
        for examination in [one, cut] {
            let shown = judge(&registered(), &examination).shown(Recording::Recorded(ENTRY));
            assert_shown(&shown, Verdict::Incomplete, &[gap.into()], 4);
        }
    }
    for (rules, code) in [
        (RulesState::Missing, ReasonCode::RulesMissing),
        (RulesState::Stale, ReasonCode::RulesStale),
        (RulesState::SelfTestFailed, ReasonCode::SelfTestFailed),
    ] {
        let shown = judge(
            &registered(),
            &Examination {
                rules,
                ..spotless()
            },
        )
        .shown(Recording::Recorded(ENTRY));
        assert_shown(&shown, Verdict::Incomplete, &[code], 2);
    }
}

#[test]
fn reasons_are_all_there_in_order_of_importance() {
    let everything = Examination {
        rules: RulesState::Stale,
        ending: Ending::Failed(Gap::Removed),
        matched: 1,
        policy: 3,
        gaps: BTreeMap::from([(Gap::Encrypted, 5), (Gap::Removed, 6), (Gap::Limit, 0)]),
        waivers: std::collections::BTreeSet::from([7]),
    };
    let judgement = judge(&refused(ReasonCode::Lost), &everything);
    let reasons: Vec<_> = judgement
        .reasons()
        .iter()
        .map(|reason| (reason.code, reason.count))
        .collect();
    assert_eq!(
        reasons,
        [
            (ReasonCode::Matched, 1),
            (ReasonCode::Policy, 3),
            (ReasonCode::Lost, 1),
            (ReasonCode::RulesStale, 1),
            (ReasonCode::Removed, 7),
            (ReasonCode::Encrypted, 5),
        ]
    );
    assert_eq!(judgement.verdict(), Verdict::Stop);
}

#[test]
fn exit_statuses_come_in_the_order_scripts_rely_on() {
    let with = |matched, refusal: Option<ReasonCode>, rules, gap: Option<Gap>| {
        let gaps = gap.into_iter().map(|gap| (gap, 1)).collect();
        let admission = refusal.map_or_else(registered, refused);
        let examination = Examination {
            matched,
            rules,
            gaps,
            ..spotless()
        };
        exit_status(&judge(&admission, &examination).shown(Recording::Recorded(ENTRY)))
    };
    let (lost, gap) = (Some(ReasonCode::Lost), Some(Gap::Limit));
    assert_eq!(with(1, lost, RulesState::Missing, gap), 2);
    assert_eq!(with(1, lost, RulesState::Working, gap), 1);
    assert_eq!(with(0, lost, RulesState::Working, gap), 3);
    assert_eq!(with(0, None, RulesState::Working, gap), 4);
    assert_eq!(with(0, None, RulesState::Working, None), 0);
}

#[test]
fn no_reason_code_allows_pass() {
    for code in CODES {
        let shown = judge(&refused(code), &spotless()).shown(Recording::Recorded(ENTRY));
        assert_ne!(shown.verdict(), Verdict::Pass, "{code:?}");
        assert_ne!(exit_status(&shown), 0, "{code:?}");
    }
}

#[test]
fn a_withdrawn_pass_is_what_its_reason_makes_of_it() {
    let pass = || judge(&registered(), &spotless());
    assert_eq!(pass().verdict(), Verdict::Pass);
    for (code, verdict) in [
        (ReasonCode::Removed, Verdict::Incomplete),
        (ReasonCode::CloneSuspected, Verdict::Stop),
    ] {
        let withdrawn = pass().withdrawn(code);
        assert_eq!(withdrawn.verdict(), verdict);
        assert_eq!(codes(withdrawn.reasons()), [code]);
        let shown = withdrawn.shown(Recording::Recorded(ENTRY));
        assert_eq!((shown.verdict(), shown.entry()), (verdict, Some(ENTRY)));
        // From the screen it is the same.
        let seen = pass().shown(Recording::Recorded(ENTRY));
        assert_eq!(seen.into_judgement().withdrawn(code).verdict(), verdict);
    }
    let stop = judge(&refused(ReasonCode::Expired), &spotless());
    assert_eq!(stop.clone().withdrawn(ReasonCode::Removed), stop);
}
