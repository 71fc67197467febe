//! Requests, loans and waiting for a medium: what the ledger takes for one, and what it makes
//! of it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use record::standing::Register;
use record::{Alteration, Ledger, LedgerError, Refusal, Writer};
use wire::custody::{
    CUSTODY_TEXT_BYTES_MAX, DIFFERENCES_MAX, Difference, ENROLMENT_SECONDS_MAX, Enrolling, Lent,
    Occasion, Refused, RequestClosed, Returned, SignIn, SignInFault, SignInRefused, VisitName, Way,
};
use wire::ledger::{Event, Judged};
use wire::{Reason, ReasonCode, Verdict};

use crate::common::*;
use crate::listed::{change, listed};

fn too_long() -> String {
    "x".repeat(CUSTODY_TEXT_BYTES_MAX + 1)
}

/// A loan until so many days from now, by the calendar of UTC.
fn loan(days: i64) -> Lent {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let until = today.saturating_add(Span::new().days(days));
    Lent {
        medium: "M-0001".to_owned(),
        to: "A. Sato".to_owned(),
        company: Some("Heat Co".to_owned()),
        until: until.to_string(),
        ends: end_of(until).to_string(),
        by: someone(),
    }
}

fn end_of(day: Date) -> Timestamp {
    let after = day.saturating_add(Span::new().days(1));
    after.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn lent(lent: Lent) -> Event {
    Event::Lent(Box::new(lent))
}

fn back() -> Returned {
    Returned {
        medium: "M-0001".to_owned(),
        insertion: None,
        place: Some("cabinet 3".to_owned()),
        by: Some(someone()),
    }
}

fn returned(returned: Returned) -> Event {
    Event::Returned(Box::new(returned))
}

fn waiting(seconds: u64) -> Event {
    let by = someone();
    Event::Enrolling(Box::new(Enrolling { seconds, by }))
}

fn rejected(insertion: u64) -> RequestClosed {
    RequestClosed {
        insertion,
        medium: None,
        reason: Some("not one of ours".to_owned()),
        by: someone(),
    }
}

fn closed(closed: RequestClosed) -> Event {
    Event::RequestClosed(Box::new(closed))
}

/// STOP for this reason.
fn refused_as(insertion: u64, code: ReasonCode) -> Event {
    judged(Judged {
        reasons: vec![Reason { code, count: 1 }],
        ..stopped(insertion, 0)
    })
}

#[test]
fn a_medium_that_was_refused_as_unregistered_is_put_forward_once_and_answered_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let request = Event::Requested { insertion: 1 };
    let refuse = |writer: &mut Writer| {
        let refusal = writer.append(&request, None).unwrap_err();
        assert!(matches!(refusal, Refusal::NotUnregistered(1)), "{refusal}");
    };
    refuse(&mut writer);
    writer.append(&at_kiosk(), None).unwrap();
    refuse(&mut writer);
    let stop = refused_as(1, ReasonCode::Unregistered);
    writer.append(&stop, None).unwrap();
    assert_eq!(writer.standing().requests, 0);
    let answer = writer.append(&closed(rejected(1)), None);
    assert!(matches!(answer, Err(Refusal::NoRequest(1))));
    writer.append(&request, None).unwrap();
    refuse(&mut writer);
    drop(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    assert_eq!(writer.standing().requests, 1);
    refuse(&mut writer);
    writer.append(&closed(rejected(1)), None).unwrap();
    assert_eq!(writer.standing().requests, 0);
    let twice = writer.append(&closed(rejected(1)), None);
    assert!(matches!(twice, Err(Refusal::NoRequest(1))));
    refuse(&mut writer);
}

#[test]
fn what_was_stopped_for_another_reason_or_scanned_by_hand_is_not_put_forward() {
    with_writer(|writer| {
        writer.append(&at_kiosk(), None).unwrap();
        let lost = refused_as(1, ReasonCode::Lost);
        writer.append(&lost, None).unwrap();
        writer.append(&inserted(), None).unwrap();
        let by_hand = refused_as(3, ReasonCode::Unregistered);
        writer.append(&by_hand, None).unwrap();
        for insertion in [1, 3] {
            let asked = writer.append(&Event::Requested { insertion }, None);
            assert!(matches!(asked, Err(Refusal::NotUnregistered(_))));
        }
    });
}

#[test]
fn an_answer_to_a_request_says_why_it_is_a_no_and_hides_nothing() {
    for bad in [
        RequestClosed {
            reason: None,
            ..rejected(1)
        },
        RequestClosed {
            reason: Some(too_long()),
            ..rejected(1)
        },
        RequestClosed {
            medium: Some("M\u{202e}1".to_owned()),
            ..rejected(1)
        },
        RequestClosed {
            by: nameless(),
            ..rejected(1)
        },
    ] {
        let refusal = refusal(&closed(bad));
        assert!(matches!(refusal, Refusal::Request(_)), "{refusal}");
    }
}

#[test]
fn a_medium_is_lent_to_one_person_at_a_time_and_comes_back_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let not_lent = writer.append(&returned(back()), None).unwrap_err();
    assert!(matches!(not_lent, Refusal::NotLent(_)), "{not_lent}");
    writer.append(&lent(loan(3)), None).unwrap();
    let twice = writer.append(&lent(loan(4)), None).unwrap_err();
    assert!(matches!(twice, Refusal::Lent(_)), "{twice}");
    drop(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    assert!(writer.append(&lent(loan(4)), None).is_err());
    let other = Lent {
        medium: "M-0002".to_owned(),
        ..loan(3)
    };
    writer.append(&lent(other), None).unwrap();
    writer.append(&returned(back()), None).unwrap();
    assert!(writer.append(&returned(back()), None).is_err());
    writer.append(&lent(loan(0)), None).unwrap();
    assert_eq!(writer.standing().overdue, 0);
    Ledger::open(folder.path()).unwrap().verify(None).unwrap();
}

#[test]
fn a_loan_and_a_return_say_what_to_whom_and_until_when() {
    for bad in [
        Lent {
            medium: " ".to_owned(),
            ..loan(3)
        },
        Lent {
            to: too_long(),
            ..loan(3)
        },
        Lent {
            company: Some("\u{200b}".to_owned()),
            ..loan(3)
        },
        Lent {
            until: "soon".to_owned(),
            ..loan(3)
        },
        Lent {
            ends: loan(9).ends,
            ..loan(3)
        },
        Lent {
            by: nameless(),
            ..loan(3)
        },
        loan(-3),
    ] {
        let refusal = refusal(&lent(bad));
        assert!(matches!(refusal, Refusal::Loan(_)), "{refusal}");
    }
    for bad in [
        Returned {
            medium: String::new(),
            ..back()
        },
        Returned {
            place: Some(too_long()),
            ..back()
        },
        Returned {
            by: Some(nameless()),
            ..back()
        },
        Returned { by: None, ..back() },
    ] {
        let refusal = refusal(&returned(bad));
        assert!(matches!(refusal, Refusal::Return(_)), "{refusal}");
    }
}

/// An insertion of a registered medium at a kiosk, which goes this way.
fn on_the_way(way: Way) -> Event {
    let Event::Inserted {
        target,
        claim,
        rules,
        ..
    } = at_kiosk()
    else {
        unreachable!("an insertion");
    };
    Event::Inserted {
        target,
        claim,
        rules,
        medium: Some("M-0001".to_owned()),
        occasion: Some(Box::new(Occasion {
            visit: None,
            way,
            is_weak: false,
            is_enrolment: false,
        })),
    }
}

#[test]
fn at_the_kiosk_a_medium_comes_back_by_a_pass_on_its_way_out_and_no_other() {
    let at_the_kiosk = |insertion| Returned {
        insertion: Some(insertion),
        by: None,
        ..back()
    };
    with_writer(|writer| {
        let mut no_way_out = |insertion, events: &[Event]| {
            for event in events {
                writer.append(event, None).unwrap();
            }
            let back = returned(at_the_kiosk(insertion));
            let refusal = writer.append(&back, None).unwrap_err();
            assert!(matches!(refusal, Refusal::NoWayOut(_)), "{refusal}");
        };
        no_way_out(9, &[lent(loan(3))]);
        no_way_out(2, &[on_the_way(Way::In), judged(passed(2, 0))]);
        no_way_out(4, &[on_the_way(Way::Out)]);
        no_way_out(4, &[judged(stopped(4, 0))]);
        no_way_out(6, &[at_kiosk(), judged(passed(6, 0))]);
        let withdrawn = Event::Withdrawn {
            insertion: 8,
            verdict: Verdict::Stop,
            reasons: stopped(8, 0).reasons,
        };
        no_way_out(8, &[on_the_way(Way::Out), judged(passed(8, 0)), withdrawn]);
        writer.append(&on_the_way(Way::Out), None).unwrap();
        writer.append(&judged(passed(11, 0)), None).unwrap();
        let other = Returned {
            medium: "M-0002".to_owned(),
            ..at_the_kiosk(11)
        };
        let second = Lent {
            medium: "M-0002".to_owned(),
            ..loan(3)
        };
        writer.append(&lent(second), None).unwrap();
        assert!(writer.append(&returned(other), None).is_err());
        let back = returned(at_the_kiosk(11));
        writer.append(&back, None).unwrap();
        // The same insertion gives nothing back a second time.
        writer.append(&lent(loan(3)), None).unwrap();
        let again = writer.append(&back, None);
        assert!(matches!(again, Err(Refusal::NoWayOut(11))));
    });
}

const NOON: &str = "2026-11-26T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_loan_is_overdue_from_its_end_on_also_when_the_clock_is_set_back() {
    let mut register = Register::default();
    let until = Lent {
        until: "2026-11-27".to_owned(),
        ends: "2026-11-28T00:00:00Z".to_owned(),
        ..loan(0)
    };
    register.note(1, NOON, &lent(until));
    let overdue = |register: &Register, now| register.standing(at(now)).overdue;
    assert_eq!(overdue(&register, "2026-11-27T23:59:59Z"), 0);
    assert_eq!(overdue(&register, "2026-11-28T00:00:00Z"), 1);
    register.note(2, "2026-11-28T01:00:00Z", &started());
    assert_eq!(overdue(&register, "2026-11-26T12:00:00Z"), 1);
    register.note(3, NOON, &returned(back()));
    assert_eq!(overdue(&register, "2026-12-28T00:00:00Z"), 0);
}

#[test]
fn the_latest_time_is_that_of_any_entry_and_no_clock_set_back_changes_it() {
    let mut register = Register::default();
    let latest = |register: &Register| register.standing(at(NOON)).latest_utc;
    assert_eq!(latest(&register), None);
    register.note(1, "2026-11-26T13:00:00.000000001Z", &started());
    register.note(2, NOON, &started());
    register.note(3, "a later time", &started());
    assert_eq!(
        latest(&register).as_deref(),
        Some("2026-11-26T13:00:00.000000001Z")
    );
}

#[test]
fn the_writer_knows_the_latest_time_of_its_entries_and_of_those_it_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path());
    let last = Ledger::open(folder.path()).unwrap().entry(ENTRIES).unwrap();
    let recorded = at(&last.content().unwrap().recorded_utc).to_string();
    let standing = Writer::open(folder.path()).unwrap().standing();
    assert_eq!(standing.latest_utc, Some(recorded));
}

#[test]
fn somebody_waits_for_a_medium_until_the_time_is_over_or_they_say_so() {
    let until = |register: &Register, now| register.standing(at(now)).enrolling_until;
    let mut register = Register::default();
    register.note(1, NOON, &waiting(60));
    let end = "2026-11-26T12:01:00Z";
    assert_eq!(until(&register, NOON).as_deref(), Some(end));
    assert_eq!(until(&register, end), None);
    // Before it began nobody waited: the clock was set back.
    assert_eq!(until(&register, "2026-11-26T11:59:59Z"), None);
    let mut ended = register.clone();
    ended.note(2, NOON, &waiting(0));
    assert_eq!(until(&ended, NOON), None);
    let mut late = register.clone();
    late.note(2, end, &started());
    assert_eq!(until(&late, NOON), None, "it was over once");
    let mut unknown = register;
    unknown.note(2, "no time", &waiting(60));
    assert_eq!(until(&unknown, NOON), None);
}

#[test]
fn a_wait_for_a_medium_is_no_longer_than_one_may_be() {
    let long = refusal(&waiting(ENROLMENT_SECONDS_MAX + 1));
    assert!(matches!(long, Refusal::Enrolment(_)), "{long}");
    let unnamed = refusal(&Event::Enrolling(Box::new(Enrolling {
        seconds: 1,
        by: nameless(),
    })));
    assert!(matches!(unnamed, Refusal::Enrolment(_)), "{unnamed}");
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer
        .append(&waiting(ENROLMENT_SECONDS_MAX), None)
        .unwrap();
    assert!(writer.standing().enrolling_until.is_some());
    drop(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    assert!(writer.standing().enrolling_until.is_some());
    writer.append(&waiting(0), None).unwrap();
    assert_eq!(writer.standing().enrolling_until, None);
}

#[test]
fn an_entry_of_a_later_kiosk_ends_a_wait_and_leaves_requests_and_loans_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&waiting(600), None).unwrap();
    writer.append(&lent(loan(3)), None).unwrap();
    writer.append(&at_kiosk(), None).unwrap();
    let stop = refused_as(3, ReasonCode::Unregistered);
    writer.append(&stop, None).unwrap();
    writer
        .append(&Event::Requested { insertion: 3 }, None)
        .unwrap();
    writer.append(&started(), None).unwrap();
    drop(writer);
    later_kiosk_wrote(folder.path(), 6);
    let mut writer = Writer::open(folder.path()).unwrap();
    let standing = writer.standing();
    assert_eq!(standing.enrolling_until, None);
    assert_eq!(standing.requests, 1);
    assert_eq!(standing.latest_utc.as_deref(), Some("2099-01-01T00:00:00Z"));
    // By then the loan is over, and nobody brought it back.
    assert_eq!(standing.overdue, 1);
    assert!(writer.append(&lent(loan(3)), None).is_err());
}

/// Makes the last entry one of a kind that nobody knows yet, written far in the future.
fn later_kiosk_wrote(folder: &std::path::Path, number: u64) {
    crate::forger::write_anew(folder, Some(&crate::forger::stolen(folder)), |at, bytes| {
        if at != number {
            return bytes.to_owned();
        }
        let (before, rest) = bytes.split_once("\"recorded_utc\":\"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        let later = "2099-01-01T00:00:00.000000000Z";
        format!("{before}\"recorded_utc\":\"{later}\"{after}").replace("\"started\"", "\"beamed\"")
    });
}

#[test]
fn whoever_is_named_is_named_in_full_and_a_clock_steps_from_a_time_to_a_time() {
    let visit = |person: &str| VisitName {
        id: "V-1".to_owned(),
        person: person.to_owned(),
        company: "Heat Co".to_owned(),
    };
    let whom = |person: &str| SignIn::Visit(visit(person));
    let locked = |whom| {
        Event::SignInRefused(Box::new(SignInRefused {
            whom,
            why: SignInFault::WrongPin,
            locked_seconds: 30,
        }))
    };
    let at_a_visit = |person: &str| {
        let mut event = on_the_way(Way::In);
        if let Event::Inserted {
            occasion: Some(occasion),
            ..
        } = &mut event
        {
            occasion.visit = Some(visit(person));
        }
        event
    };
    for bad in [
        Event::SignedIn(whom("")),
        Event::SignedOut(SignIn::Staff("\u{1b}".to_owned())),
        locked(Some(whom(&too_long()))),
        at_a_visit(" "),
    ] {
        let refusal = refusal(&bad);
        assert!(matches!(refusal, Refusal::SignIn(_)), "{refusal}");
    }
    let step = |found: &str| Event::ClockStepped {
        expected: NOON.to_owned(),
        found: found.to_owned(),
    };
    assert!(matches!(refusal(&step("yesterday")), Refusal::Clock));
    let difference = Difference {
        key: "serial".to_owned(),
        listed: "A".to_owned(),
        claimed: None,
    };
    let differing = |count| {
        judged(Judged {
            refused: Some(Box::new(Refused {
                entry: Some("M-0001".to_owned()),
                detail: "serial differs".to_owned(),
                differences: vec![difference.clone(); count],
            })),
            ..stopped(6, 0)
        })
    };
    with_writer(|writer| {
        for good in [
            Event::SignedIn(whom("A. Sato")),
            locked(None),
            Event::SignedIn(SignIn::Staff("B. Ito".to_owned())),
            Event::SignedOut(SignIn::Staff("B. Ito".to_owned())),
            step("2026-11-26T11:00:00Z"),
            at_a_visit("A. Sato"),
        ] {
            writer.append(&good, None).unwrap();
        }
        let many = writer.append(&differing(DIFFERENCES_MAX + 1), None);
        assert!(matches!(many, Err(Refusal::Differences(9))));
        writer.append(&differing(DIFFERENCES_MAX), None).unwrap();
    });
}

#[test]
fn the_new_entries_verify_and_are_listed_under_no_insertion() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    writer.append(&at_kiosk(), None).unwrap();
    let stop = refused_as(1, ReasonCode::Unregistered);
    let all = [
        stop,
        Event::Requested { insertion: 1 },
        closed(rejected(1)),
        lent(loan(3)),
        returned(back()),
        waiting(1),
        listed(change()),
        Event::SignedIn(SignIn::Staff("A. Sato".to_owned())),
    ];
    for event in &all {
        writer.append(event, None).unwrap();
    }
    drop(writer);
    let ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.verify(None).unwrap().entries, 9);
    for (number, event) in (2..).zip(&all) {
        let content = ledger.entry(number).unwrap().content().unwrap();
        assert_eq!(content.event, *event);
    }
    sqlite3(
        folder.path(),
        "INSERT INTO steps VALUES ((SELECT max(number) FROM entries), 1, 'removed')",
    );
    let verified = Ledger::open(folder.path()).unwrap().verify(None);
    assert!(matches!(
        verified,
        Err(LedgerError::Altered {
            number: 9,
            what: Alteration::Mislisted
        })
    ));
}

#[test]
fn a_wait_is_over_no_later_for_a_clock_that_runs_on() {
    // As long as entries are written, each of them ends what was over when it was written.
    let mut register = Register::default();
    register.note(1, NOON, &waiting(60));
    let later = at(NOON)
        .saturating_add(SignedDuration::from_secs(59))
        .unwrap();
    register.note(2, &later.to_string(), &started());
    assert!(register.standing(later).enrolling_until.is_some());
}
