//! Whether a report from a process that read hostile bytes can be believed.

use wire::name::is_hidden;
use wire::outcome::{
    DETAIL_BYTES_MAX, FINDINGS_MAX, RULE_BYTES_MAX, TITLE_BYTES_MAX, TYPE_BYTES_MAX,
};
use wire::{Finding, Gap, Outcome, Row, Tier, Title};

/// The outcome of a row once its own contradictions are held against it.
pub(crate) fn doubted(row: &Row) -> Outcome {
    let has = |tier: Tier| row.findings.iter().any(|finding| finding.tier == tier);
    match row.outcome {
        Outcome::Matched => Outcome::Matched,
        Outcome::Clean | Outcome::Unchecked(_) if has(Tier::Block) => Outcome::Matched,
        Outcome::Unchecked(gap) => Outcome::Unchecked(gap),
        // All of a clean content was read, so it has a hash, and nothing in it was left out.
        Outcome::Clean if has(Tier::Incomplete) || row.sha256.is_none() || !is_sound(row) => {
            Outcome::Unchecked(Gap::Damaged)
        }
        Outcome::Clean => Outcome::Clean,
    }
}

/// Whether a row keeps to the form that every honest scanner gives it.
pub(crate) fn is_sound(row: &Row) -> bool {
    let type_is_word = row
        .content_type
        .as_ref()
        .is_none_or(|word| is_word(word, TYPE_BYTES_MAX));
    type_is_word && are_sound(&row.findings)
}

pub(crate) fn are_sound(findings: &[Finding]) -> bool {
    findings.len() <= FINDINGS_MAX
        && findings.iter().all(|finding| {
            let letters = finding
                .rule
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            letters
                && (1..=RULE_BYTES_MAX).contains(&finding.rule.len())
                && finding.detail.len() <= DETAIL_BYTES_MAX
                && !finding.detail.chars().any(is_hidden)
                && finding.title.as_deref().is_none_or(is_title)
        })
}

fn is_title(title: &Title) -> bool {
    is_word(&title.ja, TITLE_BYTES_MAX) && is_word(&title.en, TITLE_BYTES_MAX)
}

pub(crate) fn is_word(text: &str, bytes_max: usize) -> bool {
    text.len() <= bytes_max && !text.chars().any(is_hidden)
}
