//! Rows on their way out, each inside the size of a message.

use wire::frame::{self, FrameError};
use wire::name::MediumName;
use wire::outcome::FINDINGS_MAX;
use wire::waiver::is_own_block;
use wire::worker::Answer;
use wire::{Finding, Gap, Outcome, Row, Source, Tier};

/// What is kept of each name in a row that is too long to send, in bytes.
const SHORT_NAME_BYTES: usize = 512;

/// The packet for `row`. A row that hostile names make longer than a message is sent with its
/// names cut and is never clean.
pub(crate) fn packet(row: Row) -> Result<Vec<u8>, FrameError> {
    match frame::encode(&Answer::Row(Box::new(row.clone()))) {
        Err(FrameError::TooLong(_)) => frame::encode(&Answer::Row(Box::new(shortened(row)))),
        encoded => encoded,
    }
}

fn shortened(mut row: Row) -> Row {
    row.path = short(&row.path);
    row.within = row.within.iter().map(short).collect();
    // A waiver may be for the first; what else blocks must not be gone with its name. What was
    // found in members stands in their own rows.
    let blocks = row.findings.iter().skip(1);
    let blocks = blocks.filter(|one| is_own_block(one)).count();
    row.findings.truncate(1);
    if 0 < blocks {
        let detail = format!("{blocks} more findings that block are not listed");
        let (rule, source) = ("more_findings", Source::Structure);
        row.findings
            .push(Finding::own(rule, source, Tier::Block, detail));
    }
    for finding in &mut row.findings {
        finding.member_of = finding.member_of.as_ref().map(short);
    }
    row.findings.push(Finding::own(
        "names_too_long",
        Source::Structure,
        Tier::Incomplete,
        "the names around this content do not fit a message and were cut",
    ));
    row.inherited = false;
    if row.outcome == Outcome::Clean {
        row.outcome = Outcome::Unchecked(Gap::Limit);
    }
    row
}

fn short(name: &MediumName) -> MediumName {
    let bytes = name.as_bytes();
    MediumName::cut(bytes.get(..SHORT_NAME_BYTES).unwrap_or(bytes)).0
}

/// At most [`FINDINGS_MAX`] findings, those that decide first; the last one counts the rest.
pub(crate) fn bounded(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.tier);
    if FINDINGS_MAX < findings.len() {
        let kept = FINDINGS_MAX.saturating_sub(1);
        let rest = findings.len().saturating_sub(kept);
        let tier = findings
            .get(kept)
            .map_or(Tier::Notice, |finding| finding.tier);
        findings.truncate(kept);
        let detail = format!("{rest} more findings are not listed");
        findings.push(Finding::own(
            "more_findings",
            Source::Structure,
            tier,
            detail,
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::RowKind;
    use wire::frame::FRAME_BYTES_MAX;

    #[test]
    fn a_row_with_hostile_names_is_sent_cut_and_is_not_clean() {
        let long = MediumName::new(vec![1; 4096]).unwrap();
        let row = Row {
            volume: None,
            path: long.clone(),
            within: vec![long; 8],
            kind: RowKind::Member,
            size_bytes: 1,
            sha256: None,
            content_type: None,
            outcome: Outcome::Clean,
            inherited: false,
            findings: Vec::new(),
        };
        let sent = packet(row).unwrap();
        assert!(sent.len() < FRAME_BYTES_MAX);
        let Answer::Row(row) = frame::decode(&sent).unwrap() else {
            panic!("no row")
        };
        assert_eq!(row.outcome, Outcome::Unchecked(Gap::Limit));
    }

    #[test]
    fn a_row_that_is_cut_still_says_that_more_than_one_finding_blocked() {
        let long = MediumName::new(vec![1; 4096]).unwrap();
        let found = |rule: &str| Finding::own(rule, Source::Yara, Tier::Block, "");
        let row = |findings| Row {
            volume: None,
            path: long.clone(),
            within: vec![long.clone(); 8],
            kind: RowKind::Member,
            size_bytes: 1,
            sha256: None,
            content_type: None,
            outcome: Outcome::Matched,
            inherited: false,
            findings,
        };
        let said = |findings| {
            let findings = shortened(row(findings)).findings;
            let blocks = findings.into_iter().filter(|one| one.tier == Tier::Block);
            blocks.map(|one| one.rule).collect::<Vec<_>>()
        };
        assert_eq!(said(vec![found("a")]), ["a"]);
        assert_eq!(said(vec![found("a"), found("b")]), ["a", "more_findings"]);
        let mut echo = found("b");
        echo.member_of = Some(MediumName::default());
        assert_eq!(said(vec![found("a"), echo]), ["a"]);
    }

    #[test]
    fn findings_past_the_limit_are_counted_and_the_deciding_ones_stay() {
        let mut findings: Vec<_> = (0..FINDINGS_MAX + 4)
            .map(|n| Finding::own(&format!("n{n}"), Source::Yara, Tier::Notice, ""))
            .collect();
        findings.push(Finding::own("bad", Source::Yara, Tier::Block, ""));
        let findings = bounded(findings);
        assert_eq!(findings.len(), FINDINGS_MAX);
        assert_eq!(findings[0].rule, "bad");
        assert_eq!(
            findings[FINDINGS_MAX - 1].detail,
            "6 more findings are not listed"
        );
    }
}
