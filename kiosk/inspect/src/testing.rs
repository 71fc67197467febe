//! What several tests use.

use wire::{Finding, Tier};

/// The smallest content with the headers of a Windows program.
pub(crate) const PROGRAM: &[u8] = b"MZ\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0PE\0\0\x64\x86\x01\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\xF0\0\x22\0\x0B\x02";

/// The rules and whether each blocks.
pub(crate) fn rules(findings: &[Finding]) -> Vec<(&str, bool)> {
    let rule = |finding: &'_ Finding| finding.tier == Tier::Block;
    findings
        .iter()
        .map(|finding| (finding.rule.as_str(), rule(finding)))
        .collect()
}

/// `length` bytes without meaning, the same in every run.
pub(crate) fn noise(seed: &mut u64, length: usize) -> Vec<u8> {
    let mut byte = || {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        seed.to_le_bytes()[0]
    };
    (0..length).map(|_| byte()).collect()
}
