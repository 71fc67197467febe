//! Single media, for what a whole month has too much of.

use wire::ledger::Event;
use wire::{Outcome, Reason, ReasonCode, Row, Source, Tier, Verdict};

use crate::month::{Book, finding, inserted, judged, row, visit};

/// A stopped medium with these rows.
pub(crate) fn stopped(book: &mut impl Book, insertion: u64, rows: Vec<Row>) {
    let event = inserted(Some("M-0001"), "S", None, 1);
    book.write(event, Vec::new());
    let many = u64::try_from(rows.len()).unwrap();
    let reasons = [(ReasonCode::Matched, many)];
    let mut answer = judged(insertion, Verdict::Stop, &reasons, many, 1);
    answer.medium = Some("M-0001".to_owned());
    book.write(Event::Judged(Box::new(answer)), rows);
}

/// A stopped medium with `many` files, each found by a rule of its own.
pub(crate) fn plain(book: &mut impl Book, insertion: u64, many: usize) {
    let rows = (0..many).map(|number| {
        let rule = format!("rule_{number:05}");
        let stops = vec![finding(&rule, Tier::Block, Source::List)];
        row(format!("{number}.bin").as_bytes(), Outcome::Matched, stops)
    });
    stopped(book, insertion, rows.collect());
}

/// One insertion on a visit.
pub(crate) fn insert(book: &mut impl Book) {
    book.write(inserted(Some("M-0001"), "S", Some(visit(0)), 1), Vec::new());
}

/// A PASS without files.
pub(crate) fn pass(book: &mut impl Book, insertion: u64) {
    let mut answer = judged(insertion, Verdict::Pass, &[], 0, 1);
    answer.medium = Some("M-0001".to_owned());
    book.write(Event::Judged(Box::new(answer)), Vec::new());
}

/// Another answer takes the place of the PASS.
pub(crate) fn withdraw(book: &mut impl Book, insertion: u64, verdict: Verdict) {
    let reasons = vec![Reason {
        code: ReasonCode::Removed,
        count: 1,
    }];
    let event = Event::Withdrawn {
        insertion,
        verdict,
        reasons,
    };
    book.write(event, Vec::new());
}
