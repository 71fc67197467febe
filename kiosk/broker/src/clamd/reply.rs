//! What clamd's answer about one content means.

use wire::outcome::RULE_BYTES_MAX;
use wire::{Finding, Gap, Source, Tier};

use super::talk::TalkError;

/// What clamd said of one content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) finding: Option<Finding>,
    pub(super) gap: Option<Gap>,
}

/// What a name begins with when clamd means that it did not look at everything.
pub(super) const LIMITS: &str = "Heuristics.Limits.Exceeded";

/// What a name begins with when clamd could not look inside.
const ENCRYPTED: &str = "Heuristics.Encrypted.";

/// What a name begins with when clamd means that not everybody wants it.
const UNWANTED: &str = "PUA.";

/// Reads the answer to FILDES: `fd[N]: OK`, `fd[N]: NAME FOUND` or `fd[N]: WHY ERROR`.
pub(super) fn read(answer: &str, pua: Tier) -> Said {
    let Some(rest) = after_number(answer) else {
        return garbled();
    };
    if rest == "OK" {
        return Said {
            finding: None,
            gap: None,
        };
    }
    if let Some(why) = rest.strip_suffix(" ERROR") {
        return missed(Gap::Unreadable, "clamav_error", why);
    }
    match rest.strip_suffix(" FOUND") {
        Some(name) if name.is_empty() || name.contains(' ') => garbled(),
        Some(name) => found(name, pua),
        None => garbled(),
    }
}

/// There is no answer that could be read.
pub(super) fn failed(error: &TalkError) -> Said {
    let gap = match error {
        TalkError::Late => Gap::Timeout,
        TalkError::Broken(_) | TalkError::Garbled => Gap::Unreadable,
    };
    missed(gap, "clamav_failed", &wire::explained(error))
}

/// The content was not looked at, or not all of it.
pub(super) fn missed(gap: Gap, rule: &str, why: &str) -> Said {
    // Nothing of it may be hidden from those who read it.
    let why = wire::name::line(why);
    Said {
        finding: Some(Finding::own(rule, Source::Clamav, Tier::Incomplete, why)),
        gap: Some(gap),
    }
}

fn garbled() -> Said {
    failed(&TalkError::Garbled)
}

/// What follows `fd[N]: `.
fn after_number(answer: &str) -> Option<&str> {
    let (number, rest) = answer.strip_prefix("fd[")?.split_once("]: ")?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(rest)
}

fn found(name: &str, pua: Tier) -> Said {
    if name.starts_with(LIMITS) {
        return missed(Gap::Limit, "clamav_limit", name);
    }
    if name.starts_with(ENCRYPTED) {
        return missed(Gap::Encrypted, "clamav_encrypted", name);
    }
    let tier = if name.starts_with(UNWANTED) {
        pua
    } else {
        Tier::Block
    };
    Said {
        finding: Some(Finding::own(&rule(name), Source::Clamav, tier, name)),
        gap: None,
    }
}

/// A name as rules are named: letters, digits and underscores, at most [`RULE_BYTES_MAX`].
fn rule(name: &str) -> String {
    let letter = |byte: u8| {
        let byte = char::from(byte);
        if byte.is_ascii_alphanumeric() {
            byte
        } else {
            '_'
        }
    };
    name.bytes().map(letter).take(RULE_BYTES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(answer: &str) -> (Option<(String, Tier)>, Option<Gap>) {
        let said = read(answer, Tier::Notice);
        let finding = said.finding.map(|finding| {
            assert_eq!(finding.source, Source::Clamav);
            (finding.rule, finding.tier)
        });
        (finding, said.gap)
    }

    #[test]
    fn only_ok_is_nothing() {
        assert_eq!(outcome("fd[12]: OK"), (None, None));
        for garbled in [
            "",
            "OK",
            "fd[]: OK",
            "fd[12]:OK",
            "fd[12]: ok",
            "fd[12]: OK ",
            "fd[x]: OK",
            "stream: OK",
            "1: fd[12]: OK",
            "fd[12]:  FOUND",
            "fd[12]: FOUND",
            "fd[12]: A B FOUND",
            "fd[12]: OK FOUND OK",
            "UNKNOWN COMMAND",
        ] {
            let (finding, gap) = outcome(garbled);
            assert_eq!(gap, Some(Gap::Unreadable), "{garbled}");
            assert_eq!(finding.unwrap().1, Tier::Incomplete, "{garbled}");
        }
    }

    #[test]
    fn what_is_found_blocks_under_a_clean_name() {
        let (finding, gap) = outcome("fd[7]: Win.Test.EICAR_HDB-1 FOUND");
        assert_eq!(gap, None);
        let named = ("Win_Test_EICAR_HDB_1".to_owned(), Tier::Block);
        assert_eq!(finding, Some(named));
        let long = format!("fd[7]: {} FOUND", "x".repeat(RULE_BYTES_MAX + 1));
        assert_eq!(outcome(&long).0.unwrap().0.len(), RULE_BYTES_MAX);
        let unwanted = outcome("fd[7]: PUA.Win.Tool.X-1 FOUND").0.unwrap();
        assert_eq!(unwanted.1, Tier::Notice);
    }

    #[test]
    fn limits_encryption_and_errors_are_gaps() {
        for (answer, gap) in [
            ("Heuristics.Limits.Exceeded.MaxScanTime FOUND", Gap::Limit),
            ("Heuristics.Limits.Exceeded FOUND", Gap::Limit),
            ("Heuristics.Encrypted.7Zip FOUND", Gap::Encrypted),
            ("Can't allocate memory ERROR", Gap::Unreadable),
            ("OK ERROR", Gap::Unreadable),
        ] {
            let (finding, seen) = outcome(&format!("fd[7]: {answer}"));
            assert_eq!(seen, Some(gap), "{answer}");
            assert_eq!(finding.unwrap().1, Tier::Incomplete);
        }
        let late = failed(&TalkError::Late);
        assert_eq!(late.gap, Some(Gap::Timeout));
    }
}
