use decide::Ending as End;
use wire::{Digest, Outcome, RowKind};

use super::*;

fn ready() -> Reception {
    let mut reception = Reception::new(0).unwrap();
    assert!(reception.take(News::Ready { rules: 1 }).is_none());
    reception
}

fn row() -> Row {
    Row {
        volume: None,
        path: MediumName::new("a").unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 1,
        sha256: Some(Digest([0; 32])),
        content_type: None,
        outcome: Outcome::Clean,
        inherited: false,
        findings: Vec::new(),
    }
}

fn end(rows: u64) -> News {
    News::End(Totals {
        rows,
        ..Totals::default()
    })
}

fn finish(reception: Reception) -> Received {
    reception.finish(RulesState::Working)
}

#[test]
fn a_scan_with_its_end_record_is_complete() {
    let mut reception = ready();
    assert!(reception.take(News::Row(Box::new(row()))).is_some());
    reception.take(end(1));
    let received = finish(reception);
    assert_eq!(received.examination.ending, End::Complete);
    assert_eq!(received.counts.clean, 1);
    assert!(received.fault.is_none());
}

#[test]
fn an_end_record_that_disagrees_is_no_end_record() {
    let mut reception = ready();
    reception.take(News::Row(Box::new(row())));
    reception.take(end(2));
    let received = finish(reception);
    assert_eq!(received.examination.ending, End::Failed(Gap::Damaged));
    assert!(received.totals.is_none());
    assert!(received.fault.is_some());
}

#[test]
fn a_scan_without_its_end_record_has_failed() {
    let mut reception = ready();
    reception.take(News::Row(Box::new(row())));
    assert_eq!(
        finish(reception).examination.ending,
        End::Failed(Gap::Damaged)
    );
}

#[test]
fn what_is_said_before_ready_or_after_the_end_is_not_believed() {
    let mut early = Reception::new(0).unwrap();
    early.take(end(0));
    assert_eq!(finish(early).examination.ending, End::Failed(Gap::Damaged));

    let mut late = ready();
    late.take(end(0));
    assert!(late.take(News::Row(Box::new(row()))).is_none());
    assert_eq!(finish(late).examination.ending, End::Complete);
}

#[test]
fn every_row_that_was_counted_comes_back_also_the_one_that_the_ledger_does_not_take() {
    let mut reception = ready();
    reception.rows_bytes = ROWS_BYTES_MAX.saturating_sub(1);
    let row = Row {
        outcome: Outcome::Matched,
        findings: vec![Finding::own("a_rule", Source::Yara, Tier::Block, "")],
        ..row()
    };
    assert_eq!(
        reception.take(News::Row(Box::new(row.clone()))),
        Some(row.clone())
    );
    assert!(reception.take(News::Row(Box::new(row))).is_none());
    let received = finish(reception);
    assert_eq!(received.counts.matched, 1);
    assert_eq!(received.examination.ending, End::Failed(Gap::Limit));
}

#[test]
fn what_a_second_engine_had_against_contents_is_counted_in_their_own_rows() {
    let found = |source, tier, member: bool| {
        let mut finding = Finding::own("a_rule", source, tier, "");
        finding.member_of = member.then(MediumName::default);
        finding
    };
    let mut reception = ready();
    for finding in [
        found(Source::Clamav, Tier::Block, false),
        found(Source::Clamav, Tier::Block, true),
        found(Source::Yara, Tier::Block, false),
        found(Source::Clamav, Tier::Notice, false),
        found(Source::Clamav, Tier::Incomplete, false),
    ] {
        let row = Row {
            outcome: Outcome::Matched,
            findings: vec![finding],
            ..row()
        };
        reception.take(News::Row(Box::new(row)));
    }
    let heeded = Heeded {
        found: 1,
        missed: 1,
        is_open: false,
    };
    assert_eq!(reception.heeded(), heeded);
    let open = found(Source::Structure, Tier::Incomplete, false);
    let row = Row {
        outcome: Outcome::Unchecked(Gap::Damaged),
        findings: vec![open],
        ..row()
    };
    reception.take(News::Row(Box::new(row)));
    let is_open = true;
    assert_eq!(reception.heeded(), Heeded { is_open, ..heeded });
}

#[test]
fn a_second_layout_is_out_of_turn() {
    let mut reception = ready();
    for _ in 0..2 {
        reception.take(News::Layout {
            scheme: "mbr".to_owned(),
            findings: Vec::new(),
        });
    }
    reception.take(end(0));
    assert_eq!(
        finish(reception).examination.ending,
        End::Failed(Gap::Damaged)
    );
}

#[test]
fn a_target_that_changed_takes_back_a_complete_scan() {
    let mut reception = ready();
    reception.take(end(0));
    reception.overrule(Gap::Changed, "the target changed during the scan");
    assert_eq!(
        finish(reception).examination.ending,
        End::Failed(Gap::Changed)
    );
}

#[test]
fn the_first_ending_stays_and_its_explanation_is_bounded() {
    let mut reception = ready();
    reception.fail(Gap::Timeout, &"あ".repeat(FAULT_BYTES_MAX));
    reception.fail(Gap::Removed, "later");
    let received = finish(reception);
    assert_eq!(received.examination.ending, End::Failed(Gap::Timeout));
    assert!(received.fault.unwrap().len() <= FAULT_BYTES_MAX);
}

#[test]
fn more_volumes_than_an_entry_holds_end_the_reception() {
    let mut reception = ready();
    for index in 0..=wire::ledger::VOLUMES_MAX {
        reception.take(News::Volume(Box::new(VolumeReport {
            index: u32::try_from(index).unwrap(),
            kind: "fat16".to_owned(),
            label: MediumName::default(),
            offset_bytes: 0,
            size_bytes: 0,
            coverage: wire::Coverage::default(),
            findings: Vec::new(),
        })));
    }
    assert!(reception.is_over());
}

#[test]
fn volumes_with_hostile_wording_still_fit_the_entry_of_their_verdict() {
    let mut reception = ready();
    let finding = Finding::own(
        &"r".repeat(128),
        wire::Source::Volume,
        wire::Tier::Incomplete,
        "d".repeat(512),
    );
    for index in 0..wire::ledger::VOLUMES_MAX {
        reception.take(News::Volume(Box::new(VolumeReport {
            index: u32::try_from(index).unwrap(),
            kind: "ntfs".to_owned(),
            label: MediumName::new(vec![1; 512]).unwrap(),
            offset_bytes: u64::MAX,
            size_bytes: u64::MAX,
            coverage: wire::Coverage {
                allocated_bytes: u64::MAX,
                examined_bytes: u64::MAX,
                zero_bytes: u64::MAX,
                unreadable_bytes: u64::MAX,
                unallocated_bytes: u64::MAX,
                unallocated_examined_bytes: u64::MAX,
                unallocated_zero_bytes: u64::MAX,
            },
            findings: vec![finding.clone(); 16],
        })));
    }
    let received = finish(reception);
    let length = serde_json::to_vec(&received.volumes).unwrap().len();
    assert!(
        length < wire::ledger::EVENT_BYTES_MAX - VOLUMES_BYTES_MAX / 4,
        "{length}"
    );
    assert_eq!(received.volumes.len(), wire::ledger::VOLUMES_MAX);
}

fn delivered() -> News {
    News::Delivered(Box::new(wire::scan::Delivered {
        path: MediumName::new("base-3.bundle").unwrap(),
        size_bytes: 7,
        others: 0,
    }))
}

#[test]
fn a_delivery_that_was_asked_for_is_kept_and_any_other_ends_the_scan() {
    let mut reception = ready();
    reception.await_delivery();
    reception.take(delivered());
    reception.take(end(0));
    let received = finish(reception);
    assert_eq!(received.examination.ending, End::Complete);
    assert_eq!(received.delivered.unwrap().size_bytes, 7);

    // Of what was handed out nothing is taken when the scan did not come to its end.
    let broken_off = |end: fn(&mut Reception)| {
        let mut reception = ready();
        reception.await_delivery();
        reception.take(delivered());
        end(&mut reception);
        let received = finish(reception);
        assert_ne!(received.examination.ending, End::Complete);
        assert!(received.delivered.is_none());
    };
    broken_off(|_| {});
    broken_off(|reception| reception.fail(Gap::Removed, "it was taken out"));
    broken_off(|reception| {
        reception.take(end(0));
        reception.overrule(Gap::Changed, "it is another medium");
    });
    // An end record that disagrees with what was counted.
    broken_off(|reception| {
        reception.take(end(1));
    });

    let mut twice = ready();
    twice.await_delivery();
    twice.take(delivered());
    twice.take(delivered());
    assert_eq!(finish(twice).examination.ending, End::Failed(Gap::Damaged));

    let mut unasked = ready();
    unasked.take(delivered());
    assert_eq!(
        finish(unasked).examination.ending,
        End::Failed(Gap::Damaged)
    );
}
