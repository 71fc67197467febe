//! What changed on a medium between two verdicts about it, by the rows of both. Pure.
//!
//! Only what the medium itself names counts: files and streams, not what lies in containers,
//! and not raw space. Memory holds the places of the rows before, and those of the rows after
//! that are not as they were: a ledger's entry has at most [`wire::ledger::ROWS_BYTES_MAX`]
//! bytes of rows, so both are bounded.

use std::collections::BTreeMap;

use wire::ledger::Judged;
use wire::{Digest, MediumName, Outcome, Row, RowKind, Tier};

/// Where something lies on a medium.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The volume, by its place in the order of the medium.
    pub volume: Option<u32>,
    /// Path on the volume.
    pub path: MediumName,
    /// A file or a stream.
    pub kind: RowKind,
}

/// What lies there, as far as a scan read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Of all of it; `None` when not all of it could be read.
    pub sha256: Option<Digest>,
}

/// What became of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was nothing before.
    New(Content),
    /// Something else lies there.
    Changed {
        /// What lay there.
        before: Content,
        /// What lies there.
        after: Content,
    },
    /// There is nothing any more.
    Gone(Content),
    /// Nobody can tell: one of the two was not read whole, or one of the scans did not list
    /// the whole medium.
    NotComparable {
        /// What the scan before saw.
        before: Option<Content>,
        /// What the scan after saw.
        after: Option<Content>,
    },
}

/// One place that is not known to be as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub place: Place,
    /// What became of it.
    pub change: Change,
}

/// Whether each of two scans named everything that its medium names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The scan before.
    pub before: bool,
    /// The scan after.
    pub after: bool,
}

/// Whether, as far as a verdict itself tells, its scan named everything that the medium names:
/// it came to its end, and no volume has a structure that could not be read. Its rows tell the
/// rest, and [`compare`] asks them.
#[must_use]
pub fn is_listed_whole(judged: &Judged) -> bool {
    let mut findings = judged.volumes.iter().flat_map(|volume| &volume.findings);
    judged.totals.is_some()
        && judged.fault.is_none()
        && findings.all(|finding| finding.tier != Tier::Incomplete)
}

/// Whether a row stands for names that nobody read: a volume, a structure or the rest of a
/// medium that was not examined. What has a name of its own hides no other.
fn hides_names(row: &Row) -> bool {
    let has_name = match row.kind {
        RowKind::File | RowKind::Stream | RowKind::Deleted => !row.path.is_empty(),
        RowKind::Member => true,
        RowKind::Boot | RowKind::Unallocated | RowKind::Gap => !row.within.is_empty(),
    };
    let is_unread = match row.outcome {
        Outcome::Clean | Outcome::Matched => false,
        Outcome::Unchecked(_) => true,
    };
    let mut findings = row.findings.iter();
    !has_name && (is_unread || findings.any(|finding| finding.tier == Tier::Incomplete))
}

type Contents = BTreeMap<Place, Vec<Content>>;

/// Compares the rows of two verdicts about one medium; the differences come in the order of
/// their places. What is the same on both sides, read whole, is no difference.
///
/// # Errors
/// The first that the rows give.
pub fn compare<E>(
    before: impl IntoIterator<Item = Result<Row, E>>,
    after: impl IntoIterator<Item = Result<Row, E>>,
    mut listed: Listed,
) -> Result<Vec<Difference>, E> {
    let mut left = Contents::new();
    for row in before {
        let row = row?;
        listed.before &= !hides_names(&row);
        if let Some((place, content)) = named(row) {
            left.entry(place).or_default().push(content);
        }
    }
    let mut others = Contents::new();
    for row in after {
        let row = row?;
        listed.after &= !hides_names(&row);
        if let Some((place, content)) = named(row)
            && !take(&mut left, &place, content)
        {
            others.entry(place).or_default().push(content);
        }
    }
    Ok(differences(left, others, listed))
}

/// What the medium itself names, and nothing else.
fn named(row: Row) -> Option<(Place, Content)> {
    let is_named = match row.kind {
        RowKind::File | RowKind::Stream => row.within.is_empty() && !row.path.is_empty(),
        RowKind::Boot
        | RowKind::Deleted
        | RowKind::Unallocated
        | RowKind::Gap
        | RowKind::Member => false,
    };
    let place = Place {
        volume: row.volume,
        path: row.path,
        kind: row.kind,
    };
    let content = Content {
        size_bytes: row.size_bytes,
        sha256: row.sha256,
    };
    is_named.then_some((place, content))
}

/// Takes the same content from the same place; whether there was one that was read whole. A
/// damaged medium can name one place twice, so each counts for one.
fn take(left: &mut Contents, place: &Place, content: Content) -> bool {
    let Some(there) = left.get_mut(place) else {
        return false;
    };
    let same = |one: &Content| content.sha256.is_some() && *one == content;
    let Some(at) = there.iter().position(same) else {
        return false;
    };
    there.swap_remove(at);
    if there.is_empty() {
        left.remove(place);
    }
    true
}

/// What neither side has an equal for, place by place.
fn differences(left: Contents, others: Contents, listed: Listed) -> Vec<Difference> {
    let mut pairs: BTreeMap<Place, (Vec<Content>, Vec<Content>)> = BTreeMap::new();
    for (place, contents) in left {
        pairs.entry(place).or_default().0 = contents;
    }
    for (place, contents) in others {
        pairs.entry(place).or_default().1 = contents;
    }
    let mut found = Vec::new();
    for (place, (mut before, mut after)) in pairs {
        before.sort_unstable();
        after.sort_unstable();
        let (mut before, mut after) = (before.into_iter(), after.into_iter());
        loop {
            let (one, other) = (before.next(), after.next());
            let Some(change) = change(one, other, listed) else {
                break;
            };
            let place = place.clone();
            found.push(Difference { place, change });
        }
    }
    found
}

fn change(before: Option<Content>, after: Option<Content>, listed: Listed) -> Option<Change> {
    Some(match (before, after) {
        (None, None) => return None,
        (Some(before), None) if listed.after => Change::Gone(before),
        (None, Some(after)) if listed.before => Change::New(after),
        (Some(before), Some(after)) if before.sha256.is_some() && after.sha256.is_some() => {
            Change::Changed { before, after }
        }
        (before, after) => Change::NotComparable { before, after },
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use wire::Outcome;

    use super::*;

    const WHOLE: Listed = Listed {
        before: true,
        after: true,
    };

    fn row(volume: u32, path: &str, size_bytes: u64, hash: Option<u8>) -> Row {
        Row {
            volume: Some(volume),
            path: MediumName::new(path).unwrap(),
            within: Vec::new(),
            kind: RowKind::File,
            size_bytes,
            sha256: hash.map(|byte| Digest([byte; 32])),
            content_type: None,
            outcome: Outcome::Clean,
            inherited: false,
            findings: Vec::new(),
        }
    }

    fn compared(before: &[Row], after: &[Row], listed: Listed) -> Vec<Difference> {
        let before = before.iter().cloned().map(Ok::<_, Infallible>);
        let after = after.iter().cloned().map(Ok::<_, Infallible>);
        compare(before, after, listed).unwrap()
    }

    /// The path and what became of it, in a word.
    fn words(found: &[Difference]) -> Vec<(String, &'static str)> {
        let each = found.iter().map(|one| {
            let word = match one.change {
                Change::New(_) => "new",
                Change::Changed { .. } => "changed",
                Change::Gone(_) => "gone",
                Change::NotComparable { .. } => "not comparable",
            };
            (one.place.path.escaped().to_string(), word)
        });
        each.collect()
    }

    fn expected(words: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        let each = words.iter();
        each.map(|(path, word)| ((*path).to_owned(), *word))
            .collect()
    }

    #[test]
    fn new_changed_and_gone_are_told_by_place_size_and_hash() {
        let before = [
            row(0, "same", 1, Some(1)),
            row(0, "gone", 1, Some(1)),
            row(0, "grown", 1, Some(1)),
            row(0, "edited", 1, Some(1)),
            row(0, "moved", 1, Some(1)),
        ];
        let after = [
            row(0, "grown", 2, Some(1)),
            row(0, "edited", 1, Some(2)),
            row(1, "moved", 1, Some(1)),
            row(0, "same", 1, Some(1)),
        ];
        assert_eq!(
            words(&compared(&before, &after, WHOLE)),
            expected(&[
                ("edited", "changed"),
                ("gone", "gone"),
                ("grown", "changed"),
                ("moved", "gone"),
                ("moved", "new"),
            ])
        );
    }

    #[test]
    fn what_was_not_read_whole_on_either_side_is_not_comparable() {
        for (one, other) in [(None, Some(1)), (Some(1), None), (None, None)] {
            let found = compared(&[row(0, "a", 1, one)], &[row(0, "a", 1, other)], WHOLE);
            assert_eq!(words(&found), expected(&[("a", "not comparable")]));
        }
        // That there is something or nothing is seen all the same.
        let unread = [row(0, "a", 1, None)];
        let gone = compared(&unread, &[], WHOLE);
        assert_eq!(words(&gone), expected(&[("a", "gone")]));
    }

    #[test]
    fn what_a_scan_that_did_not_list_everything_leaves_out_is_not_gone() {
        let (some, none) = ([row(0, "a", 1, Some(1))], []);
        let cut = |before, after| Listed { before, after };
        let word = |found: &[Difference]| words(found)[0].1;
        assert_eq!(
            word(&compared(&some, &none, cut(true, false))),
            "not comparable"
        );
        assert_eq!(
            word(&compared(&none, &some, cut(false, true))),
            "not comparable"
        );
        assert_eq!(word(&compared(&some, &none, cut(false, true))), "gone");
        assert_eq!(word(&compared(&none, &some, cut(true, false))), "new");
        let same = compared(&some, &some, cut(false, false));
        assert_eq!(same, []);
    }

    #[test]
    fn a_row_that_stands_for_what_nobody_read_leaves_nothing_gone() {
        let unread = |kind, path: &str| Row {
            kind,
            outcome: Outcome::Unchecked(wire::Gap::Limit),
            ..row(0, path, 1, None)
        };
        let finding = wire::Finding::own("x", wire::Source::Volume, Tier::Incomplete, "");
        let matched = Row {
            kind: RowKind::Unallocated,
            outcome: Outcome::Matched,
            findings: vec![finding],
            ..row(0, "raw", 1, Some(1))
        };
        let some = row(0, "a", 1, Some(1));
        for hiding in [
            unread(RowKind::File, ""),
            unread(RowKind::Boot, ""),
            unread(RowKind::Unallocated, "unallocated-0"),
            unread(RowKind::Gap, "gap"),
            matched,
        ] {
            let after = std::slice::from_ref(&hiding);
            let found = compared(std::slice::from_ref(&some), after, WHOLE);
            assert_eq!(words(&found), expected(&[("a", "not comparable")]));
            let found = compared(after, std::slice::from_ref(&some), WHOLE);
            assert_eq!(words(&found), expected(&[("a", "not comparable")]));
        }
        // What has a name of its own hides no other.
        let named = unread(RowKind::File, "b");
        let found = compared(&[some, named.clone()], &[named], WHOLE);
        assert_eq!(
            words(&found),
            expected(&[("a", "gone"), ("b", "not comparable")])
        );
    }

    #[test]
    fn only_what_the_medium_names_counts_and_a_stream_is_no_file() {
        let kind = |kind| Row {
            kind,
            ..row(0, "a", 1, Some(1))
        };
        let member = Row {
            within: vec![MediumName::new("a.zip").unwrap()],
            ..row(0, "a", 1, Some(1))
        };
        let others = [
            kind(RowKind::Boot),
            kind(RowKind::Deleted),
            kind(RowKind::Unallocated),
            kind(RowKind::Gap),
            kind(RowKind::Member),
            member,
        ];
        assert_eq!(compared(&others, &[], WHOLE), []);
        let found = compared(&[kind(RowKind::File)], &[kind(RowKind::Stream)], WHOLE);
        assert_eq!(words(&found), expected(&[("a", "gone"), ("a", "new")]));
    }

    #[test]
    fn a_place_that_is_named_twice_counts_twice() {
        let two = [row(0, "a", 1, Some(1)), row(0, "a", 2, Some(2))];
        let turned = [two[1].clone(), two[0].clone()];
        assert_eq!(compared(&two, &turned, WHOLE), []);
        let one = compared(&two, &two[..1], WHOLE);
        assert_eq!(words(&one), expected(&[("a", "gone")]));
        let more = compared(&two[..1], &[two[0].clone(), two[0].clone()], WHOLE);
        assert_eq!(words(&more), expected(&[("a", "new")]));
    }

    #[test]
    fn the_first_row_that_cannot_be_read_ends_it() {
        let good = || Ok(row(0, "a", 1, Some(1)));
        let found = compare([good(), Err("torn")], [good()], WHOLE);
        assert_eq!(found, Err("torn"));
        assert_eq!(compare([good()], [Err("torn")], WHOLE), Err("torn"));
    }

    fn some_rows() -> impl Strategy<Value = Vec<Row>> {
        let one = (0u32..2, 0u8..5, 0u64..2, proptest::option::of(0u8..3));
        let one =
            one.prop_map(|(volume, name, size, hash)| row(volume, &format!("f{name}"), size, hash));
        proptest::collection::vec(one, 0..12)
    }

    fn set(rows: &[Row]) -> Vec<(Place, Content)> {
        let mut all: Vec<_> = rows.iter().cloned().filter_map(named).collect();
        all.sort();
        all
    }

    /// What `before` is after `found` was done to it.
    fn applied(before: &[Row], found: &[Difference]) -> Vec<(Place, Content)> {
        let mut all = set(before);
        for Difference { place, change } in found {
            let (old, new) = match *change {
                Change::New(new) => (None, Some(new)),
                Change::Changed { before, after } => (Some(before), Some(after)),
                Change::Gone(old) => (Some(old), None),
                Change::NotComparable { before, after } => (before, after),
            };
            if let Some(old) = old {
                let at = all.iter().position(|one| *one == (place.clone(), old));
                all.remove(at.unwrap());
            }
            all.extend(new.map(|new| (place.clone(), new)));
        }
        all.sort();
        all
    }

    proptest! {
        #[test]
        fn a_medium_compared_with_itself_differs_only_where_it_was_not_read(
            rows in some_rows(), before: bool, after: bool,
        ) {
            let found = compared(&rows, &rows, Listed { before, after });
            let unread = rows.iter().filter(|row| row.sha256.is_none()).count();
            prop_assert_eq!(found.len(), unread);
            for one in found {
                let told = matches!(one.change, Change::NotComparable { before, after }
                    if before == after && before.is_some());
                prop_assert!(told, "{one:?}");
            }
        }

        #[test]
        fn the_differences_done_to_the_rows_before_give_those_after(
            before in some_rows(), after in some_rows(), one: bool, other: bool,
        ) {
            let found = compared(&before, &after, Listed { before: one, after: other });
            prop_assert_eq!(applied(&before, &found), set(&after));
        }

        #[test]
        fn the_order_of_the_rows_does_not_matter(before in some_rows(), after in some_rows()) {
            let turned = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
            let found = compared(&turned(&before), &turned(&after), WHOLE);
            prop_assert_eq!(compared(&before, &after, WHOLE), found);
        }
    }
}
