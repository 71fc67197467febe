//! What was found where, against what had to be: pure.

use std::collections::BTreeMap;

use bundle::Expected;
use serde::Serialize;
use wire::{MediumName, Row, RowKind, Source};

use super::exam::{Place, Subject, trail};

/// Places examined, and in how many of them the rule found its specimen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Places in which a specimen was.
    pub places: u64,
    /// Places in which the rule found it.
    pub found: u64,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// Its name, as in `canary.toml`.
    pub rule: String,
    /// Of its canaries: all must be found.
    pub canaries: Count,
    /// Of its near misses: none may be.
    pub near_misses: Count,
}

/// What one row said of a specimen in one place.
struct Seen {
    /// Whether the rule that it is a specimen of found it.
    found: bool,
    whole: bool,
}

/// The rows of a scan, sorted by what they are about.
pub(super) struct Marks<'e> {
    subjects: &'e [Subject],
    /// By trail, which specimen and which place.
    asked: BTreeMap<Vec<String>, (usize, Place)>,
    seen: BTreeMap<(usize, Place), Seen>,
    faults: Vec<String>,
}

impl<'e> Marks<'e> {
    pub(super) fn new(subjects: &'e [Subject]) -> Self {
        let places = subjects.iter().enumerate().flat_map(|(number, subject)| {
            let places = subject.places.iter();
            places.map(move |place| (trail(*place, number), (number, *place)))
        });
        Self {
            subjects,
            asked: places.collect(),
            seen: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Takes in a row. Rows about something else than a specimen say nothing here.
    pub(super) fn take(&mut self, row: &Row) {
        let kind = match row.kind {
            RowKind::File | RowKind::Member => row.kind,
            RowKind::Boot
            | RowKind::Stream
            | RowKind::Deleted
            | RowKind::Unallocated
            | RowKind::Gap => return,
        };
        let named = |name: &MediumName| name.escaped().to_string();
        let trail: Vec<String> = row.within.iter().chain([&row.path]).map(named).collect();
        let Some(&(number, place)) = self.asked.get(&trail) else {
            return;
        };
        if (kind == RowKind::File) != (place == Place::File) {
            return;
        }
        let subject = self.subjects.get(number);
        let mut own = row
            .findings
            .iter()
            .filter(|finding| finding.source == Source::Yara && finding.member_of.is_none());
        let seen = Seen {
            found: own.any(|finding| subject.is_some_and(|subject| subject.rule == finding.rule)),
            whole: row.sha256.is_some() && row.sha256 == subject.map(|subject| subject.sha256),
        };
        if self.seen.insert((number, place), seen).is_some() {
            self.faults
                .push(format!("two rows for {}", trail.join(" > ")));
        }
    }

    /// Each rule with its counts, in the order of their names, and everything that is wrong.
    pub(super) fn finish(self) -> (Vec<RuleReport>, Vec<String>) {
        let mut faults = self.faults;
        let mut rules: BTreeMap<&str, RuleReport> = BTreeMap::new();
        for (number, subject) in self.subjects.iter().enumerate() {
            let report = rules.entry(&subject.rule).or_insert_with(|| RuleReport {
                rule: subject.rule.clone(),
                canaries: Count::default(),
                near_misses: Count::default(),
            });
            let count = match subject.expected {
                Expected::Found => &mut report.canaries,
                Expected::Absent => &mut report.near_misses,
            };
            for place in &subject.places {
                let seen = self.seen.get(&(number, *place));
                let found = seen.is_some_and(|seen| seen.found);
                count.places = count.places.saturating_add(1);
                count.found = count.found.saturating_add(u64::from(found));
                let what = fault(subject.expected, seen, found);
                faults.extend(what.map(|what| {
                    let (rule, ordinal) = (&subject.rule, subject.ordinal);
                    let kind = match subject.expected {
                        Expected::Found => "canary",
                        Expected::Absent => "near miss",
                    };
                    format!("rule {rule}: {kind} {ordinal} {} {what}", place.name())
                }));
            }
        }
        (rules.into_values().collect(), faults)
    }
}

fn fault(expected: Expected, seen: Option<&Seen>, found: bool) -> Option<&'static str> {
    match (seen, expected, found) {
        (None, _, _) => Some("was not examined"),
        (Some(_), Expected::Found, false) => Some("was not found"),
        (Some(_), Expected::Absent, true) => Some("was found"),
        (Some(seen), _, _) if !seen.whole => Some("was not read as it is"),
        (Some(_), Expected::Found, true) | (Some(_), Expected::Absent, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::{Digest, Finding, Outcome, Tier};

    use super::*;

    fn subject(rule: &str, expected: Expected, places: &[Place]) -> Subject {
        Subject {
            rule: rule.to_owned(),
            expected,
            ordinal: 1,
            places: places.to_vec(),
            sha256: Digest([1; 32]),
        }
    }

    fn subjects() -> [Subject; 2] {
        [
            subject("r", Expected::Found, &[Place::File, Place::Zip]),
            subject("r", Expected::Absent, &[Place::File]),
        ]
    }

    fn row(number: usize, place: Place, rules: &[&str]) -> Row {
        let mut names = trail(place, number);
        let path = names.pop().unwrap();
        let name = |text: String| MediumName::new(text).unwrap();
        Row {
            volume: Some(0),
            path: name(path),
            within: names.into_iter().map(name).collect(),
            kind: match place {
                Place::File => RowKind::File,
                Place::Zip | Place::ZipInZip => RowKind::Member,
            },
            size_bytes: 1,
            sha256: Some(Digest([1; 32])),
            content_type: None,
            outcome: Outcome::Matched,
            inherited: false,
            findings: rules
                .iter()
                .map(|rule| Finding::own(rule, Source::Yara, Tier::Block, ""))
                .collect(),
        }
    }

    fn finished(rows: &[Row]) -> (Vec<RuleReport>, Vec<String>) {
        let subjects = subjects();
        let mut marks = Marks::new(&subjects);
        rows.iter().for_each(|row| marks.take(row));
        marks.finish()
    }

    fn good() -> [Row; 3] {
        [
            row(0, Place::File, &["r", "other"]),
            row(0, Place::Zip, &["r"]),
            row(1, Place::File, &["other"]),
        ]
    }

    fn one_fault(rows: &[Row]) -> String {
        let (_, faults) = finished(rows);
        let [fault] = faults.try_into().unwrap();
        fault
    }

    #[test]
    fn all_canaries_and_no_near_miss_is_no_fault() {
        let (rules, faults) = finished(&good());
        assert_eq!(faults, Vec::<String>::new());
        let [rule] = rules.try_into().unwrap();
        assert_eq!((rule.canaries.places, rule.canaries.found), (2, 2));
        assert_eq!((rule.near_misses.places, rule.near_misses.found), (1, 0));
    }

    #[test]
    fn a_canary_missed_in_one_place_names_the_rule_and_the_place() {
        let mut rows = good();
        rows[1].findings.clear();
        assert_eq!(one_fault(&rows), "rule r: canary 1 in a zip was not found");
        // Another rule's hit, a name of the structure, and a member's hit are not the rule's own.
        rows[1] = row(0, Place::Zip, &["other"]);
        assert!(one_fault(&rows).ends_with("was not found"));
        rows[1] = row(0, Place::Zip, &["r"]);
        rows[1].findings[0].source = Source::Structure;
        assert!(one_fault(&rows).ends_with("was not found"));
        rows[1] = row(0, Place::Zip, &["r"]);
        rows[1].findings[0].member_of = Some(MediumName::new("m").unwrap());
        assert!(one_fault(&rows).ends_with("was not found"));
    }

    #[test]
    fn a_near_miss_that_is_found_is_named() {
        let mut rows = good();
        rows[2] = row(1, Place::File, &["r"]);
        assert_eq!(one_fault(&rows), "rule r: near miss 1 as a file was found");
    }

    #[test]
    fn a_specimen_without_a_row_or_with_two_or_with_other_bytes_is_named() {
        let rows = good();
        assert!(one_fault(&rows[..2]).ends_with("near miss 1 as a file was not examined"));
        let twice = [&rows[..], &rows[..1]].concat();
        assert_eq!(one_fault(&twice), "two rows for 00000000.BIN");
        for sha256 in [None, Some(Digest([2; 32]))] {
            let mut rows = good();
            rows[0].sha256 = sha256;
            assert!(one_fault(&rows).ends_with("canary 1 as a file was not read as it is"));
        }
        // A deleted file of the name is not the file.
        let mut rows = good();
        rows[0].kind = RowKind::Deleted;
        assert!(one_fault(&rows).ends_with("was not examined"));
    }
}
