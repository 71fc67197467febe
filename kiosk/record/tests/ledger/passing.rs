//! A PASS is written down only when nothing that comes with it speaks against it.

use crate::common::*;
use crate::writing::refused;
use record::{Refusal, check};
use wire::ledger::Judged;
use wire::scan::Totals;
use wire::{Finding, Gap, MediumName, Outcome, Row, Source, Tier, Verdict, VolumeReport};

#[test]
fn a_pass_that_leaves_out_bytes_is_refused() {
    let coverage = wire::Coverage {
        allocated_bytes: 512,
        ..wire::Coverage::default()
    };
    let volume = VolumeReport {
        index: 0,
        kind: "fat32".to_owned(),
        label: MediumName::default(),
        offset_bytes: 0,
        size_bytes: 512,
        coverage,
        findings: Vec::new(),
    };
    let base = || passed(1, 0);
    let totals = |volumes, outside| {
        base().totals.map(|totals| Totals {
            volumes,
            outside,
            ..totals
        })
    };
    let wrong = [
        Judged {
            totals: totals(1, wire::Coverage::default()),
            volumes: vec![volume],
            ..base()
        },
        Judged {
            totals: totals(0, coverage),
            ..base()
        },
    ];
    for wrong in wrong {
        let Refusal::Pass(what) = refused(&judged(wrong), None) else {
            panic!("another refusal")
        };
        assert_eq!(what, "leave out bytes of the medium");
    }
}

#[test]
fn a_pass_that_contradicts_itself_is_refused() {
    let finding = |tier| Finding::own("rule", Source::Volume, tier, "");
    let volume = |tier| VolumeReport {
        index: 0,
        kind: "fat32".to_owned(),
        label: MediumName::default(),
        offset_bytes: 0,
        size_bytes: 0,
        coverage: wire::Coverage::default(),
        findings: vec![finding(tier)],
    };
    let mut totals = passed(1, 0).totals;
    if let Some(totals) = &mut totals {
        totals.volumes = 1;
    }
    let base = || passed(1, 0);
    let wrong = [
        Judged {
            reasons: stopped(1, 0).reasons,
            ..base()
        },
        Judged {
            totals: None,
            ..base()
        },
        Judged {
            rules: None,
            ..base()
        },
        Judged {
            rules: Some(wire::ledger::Rules {
                rules: 0,
                ..rules()
            }),
            ..base()
        },
        Judged {
            fault: Some("died".to_owned()),
            ..base()
        },
        Judged { totals, ..base() },
        Judged {
            totals,
            volumes: vec![volume(Tier::Block)],
            ..base()
        },
        Judged {
            totals,
            volumes: vec![volume(Tier::Incomplete)],
            ..base()
        },
    ];
    for wrong in wrong {
        let refusal = refused(&judged(wrong.clone()), None);
        assert!(matches!(refusal, Refusal::Pass(_)), "{wrong:?}: {refusal}");
    }
    let noticed = Judged {
        totals,
        volumes: vec![volume(Tier::Notice)],
        ..base()
    };
    assert!(check::event(&judged(noticed)).is_ok());
}

#[test]
fn a_pass_with_a_row_that_is_not_clean_is_refused() {
    let with = |tier| vec![Finding::own("rule", Source::Yara, tier, "")];
    for wrong in [
        Row {
            outcome: Outcome::Matched,
            ..row("b")
        },
        Row {
            outcome: Outcome::Unchecked(Gap::Encrypted),
            ..row("b")
        },
        Row {
            findings: with(Tier::Block),
            ..row("b")
        },
        Row {
            findings: with(Tier::Incomplete),
            ..row("b")
        },
    ] {
        let rows = lines(&[row("a"), wrong.clone()]);
        let refusal = refused(&judged(passed(1, 2)), Some(&rows));
        assert!(
            matches!(refusal, Refusal::Row { ordinal: 2, .. }),
            "{wrong:?}: {refusal}"
        );
        assert!(check::row(&wrong, Verdict::Stop).is_ok());
    }
    assert!(
        check::row(
            &Row {
                findings: with(Tier::Notice),
                ..row("b")
            },
            Verdict::Pass
        )
        .is_ok()
    );
}
