//! What happens on the days of the month.

use super::*;

fn tested(result: SelfTest, age: u64) -> Event {
    let failed = result == SelfTest::Failed;
    Event::SelfTested(Box::new(SelfTested {
        rules: rules(3, age),
        result,
        specimens: 132,
        milliseconds: 214,
        faults: if failed {
            vec!["canary trisis.bin was not found in a zip".to_owned()]
        } else {
            Vec::new()
        },
    }))
}

fn installed(version: u64) -> Event {
    let set = |version| RuleSet {
        bundle: "plant".to_owned(),
        version,
        issued: "2026-11-15".to_owned(),
        expires: "2027-02-15".to_owned(),
        rules: 66,
        manifest_sha256: Digest([5; 32]),
        key_id: "A1B2C3D4E5F60718".to_owned(),
    };
    Event::RulesInstalled(Box::new(RulesChange {
        by: someone(),
        set: Some(set(version)),
        before: Some(set(version - 1)),
        file: Some(MediumName::new("plant-4.bundle").unwrap()),
    }))
}

/// Writes the month, up to and with the day `days`.
pub(crate) fn write(book: &mut impl Book, days: i64) {
    let mut dice = Dice(20_261_101);
    book.at(1, 7 * 60 + 30);
    book.write(
        Event::Started {
            kiosk: "0.1.0".to_owned(),
            rules: Some(rules(3, 12)),
            again: false,
        },
        Vec::new(),
    );
    let mut left = Vec::new();
    for day in 1..=days {
        let age = u64::try_from(if day < 17 { 11 + day } else { day - 16 }).unwrap();
        book.at(day, 7 * 60 + 40);
        book.write(tested(SelfTest::Passed, age), Vec::new());
        if day % 7 == 1 || day % 7 == 0 {
            continue;
        }
        for number in 0..2 + i64::try_from(dice.roll(6)).unwrap() {
            book.at(day, 8 * 60 + 20 + number * 53);
            book.write(
                Event::SignedIn(SignIn::Visit(visit(dice.roll(6)))),
                Vec::new(),
            );
            left.push(medium(book, &mut dice, age));
        }
        special(book, day, age, &left);
    }
}

/// What happens once on some day.
fn special(book: &mut impl Book, day: i64, age: u64, left: &[(u64, EntryId)]) {
    book.at(day, 16 * 60 + 5);
    match day {
        3 => people(book),
        4 => {
            let insertion = hostile(book, age);
            book.write(
                Event::Mitigated {
                    insertion,
                    action: Mitigation::HandedOver,
                    by: "佐藤 <安全課>".to_owned(),
                },
                Vec::new(),
            );
        }
        5 => {
            let insertion = book
                .write(inserted(None, "ABC", None, age), Vec::new())
                .number;
            let mut refused = judged(
                insertion,
                Verdict::Stop,
                &[(ReasonCode::NotStorage, 1)],
                0,
                age,
            );
            refused.totals = None;
            refused.refused = Some(Box::new(Refused {
                entry: Some("M-0003".to_owned()),
                detail: "has a keyboard".to_owned(),
                differences: Vec::new(),
            }));
            refused.fault = Some("M-0003: has a keyboard".to_owned());
            book.write(Event::Judged(Box::new(refused)), Vec::new());
        }
        6 => waive(book),
        9 => lists(book),
        10 => lend(book, age),
        11 => {
            book.write(tested(SelfTest::Failed, age), Vec::new());
            book.write(tested(SelfTest::Passed, age), Vec::new());
        }
        12 => review(book, left, "異常なし"),
        13 => {
            book.write(Event::Stopped {}, Vec::new());
            book.write(
                Event::Started {
                    kiosk: "0.1.0".to_owned(),
                    rules: Some(rules(3, age)),
                    again: false,
                },
                Vec::new(),
            );
        }
        16 => {
            book.write(
                Event::RulesRefused(Box::new(RulesRefused {
                    by: someone(),
                    bundle: Some("plant".to_owned()),
                    version: Some(2),
                    manifest_sha256: None,
                    key_id: None,
                    file: None,
                    why: "version 2 is not newer than version 3".to_owned(),
                })),
                Vec::new(),
            );
            book.write(installed(4), Vec::new());
        }
        18 => {
            let expected = book.now();
            let found = expected.checked_sub(SignedDuration::from_mins(95)).unwrap();
            book.write(
                Event::ClockStepped {
                    expected: expected.to_string(),
                    found: found.to_string(),
                },
                Vec::new(),
            );
        }
        19 => exports(book, left),
        20 => {
            // The one before did not say that it ended.
            book.write(
                Event::Started {
                    kiosk: "0.1.1".to_owned(),
                    rules: Some(rules(4, age)),
                    again: false,
                },
                Vec::new(),
            );
            book.write(
                Event::Started {
                    kiosk: "0.1.1".to_owned(),
                    rules: Some(rules(4, age)),
                    again: true,
                },
                Vec::new(),
            );
        }
        24 => {
            let insertion = book
                .write(
                    inserted(Some("M-0002"), "E0D55EA570002", Some(visit(1)), age),
                    Vec::new(),
                )
                .number;
            let mut answer = judged(insertion, Verdict::Pass, &[], 1, age);
            answer.medium = Some("M-0002".to_owned());
            book.write(
                Event::Judged(Box::new(answer)),
                vec![row(b"a.txt", Outcome::Clean, Vec::new())],
            );
            let reasons = vec![Reason {
                code: ReasonCode::CloneSuspected,
                count: 1,
            }];
            book.write(
                Event::Withdrawn {
                    insertion,
                    verdict: Verdict::Stop,
                    reasons,
                },
                Vec::new(),
            );
        }
        25 => review(book, left, "媒体 M-0009 の件を安全課に引き継いだ"),
        26 => by_hand(book, age),
        27 => {
            expired(book, age);
        }
        _ => {}
    }
}

/// What somebody looks into with `kioskctl scan`: a folder, a file, and an image that is judged as
/// a registered medium.
fn by_hand(book: &mut impl Book, age: u64) {
    for (kind, name, verdict, medium) in [
        (TargetKind::Folder, "受領/図面", Verdict::Pass, None),
        (
            TargetKind::File,
            "/srv/update.zip",
            Verdict::Incomplete,
            None,
        ),
        (
            TargetKind::Image,
            "stick.img",
            Verdict::Stop,
            Some("M-0006"),
        ),
    ] {
        scan(book, age, (kind, name), verdict, medium);
    }
}

/// One scan by hand with one row; gives the verdict's entry.
pub(crate) fn scan(
    book: &mut impl Book,
    age: u64,
    (kind, name): (TargetKind, &str),
    verdict: Verdict,
    medium: Option<&str>,
) -> u64 {
    let target = Target {
        kind,
        name: MediumName::new(name).unwrap(),
        size_bytes: if kind == TargetKind::Folder {
            0
        } else {
            1 << 20
        },
    };
    let event = Event::Inserted {
        target: target.clone(),
        claim: None,
        medium: medium.map(str::to_owned),
        rules: Some(rules(3, age)),
        occasion: None,
    };
    let insertion = book.write(event, Vec::new()).number;
    let (reasons, outcome): (&[_], _) = match verdict {
        Verdict::Pass => (&[], Outcome::Clean),
        Verdict::Stop => (&[(ReasonCode::Matched, 1)], Outcome::Matched),
        Verdict::Incomplete => (
            &[(ReasonCode::Encrypted, 1)],
            Outcome::Unchecked(Gap::Encrypted),
        ),
    };
    let findings = match verdict {
        Verdict::Stop => vec![finding("wannacry_dropper", Tier::Block, Source::Yara)],
        Verdict::Pass | Verdict::Incomplete => Vec::new(),
    };
    let mut answer = judged(insertion, verdict, reasons, 1, age);
    answer.medium = medium.map(str::to_owned);
    answer.target = target;
    let rows = vec![row(b"a.txt", outcome, findings)];
    book.write(Event::Judged(Box::new(answer)), rows).number
}

/// A registered medium whose entry of the list refuses it.
pub(crate) fn expired(book: &mut impl Book, age: u64) -> u64 {
    let event = inserted(None, "E0D55EA570014", Some(visit(1)), age);
    let insertion = book.write(event, Vec::new()).number;
    let reasons = [(ReasonCode::Expired, 1)];
    let mut refused = judged(insertion, Verdict::Stop, &reasons, 0, age);
    refused.totals = None;
    refused.refused = Some(Box::new(Refused {
        entry: Some("M-0014".to_owned()),
        detail: "valid until 2026-11-01".to_owned(),
        differences: Vec::new(),
    }));
    refused.fault = Some("M-0014: valid until 2026-11-01".to_owned());
    book.write(Event::Judged(Box::new(refused)), Vec::new())
        .number
}

fn people(book: &mut impl Book) {
    for (why, whom, locked_seconds) in [
        (SignInFault::Unknown, None, 0),
        (
            SignInFault::WrongPin,
            Some(SignIn::Staff("sato".to_owned())),
            0,
        ),
        (
            SignInFault::WrongPin,
            Some(SignIn::Staff("sato".to_owned())),
            300,
        ),
        (SignInFault::Ended, Some(SignIn::Visit(visit(2))), 0),
    ] {
        let refused = SignInRefused {
            whom,
            why,
            locked_seconds,
        };
        book.write(Event::SignInRefused(Box::new(refused)), Vec::new());
    }
    book.write(
        Event::SignedIn(SignIn::Staff("sato".to_owned())),
        Vec::new(),
    );
    book.write(
        Event::SignedOut(SignIn::Staff("sato".to_owned())),
        Vec::new(),
    );
}

fn waive(book: &mut impl Book) {
    let until = book
        .now()
        .checked_add(SignedDuration::from_hours(24 * 60))
        .unwrap();
    let day = until.strftime("%Y-%m-%d").to_string();
    book.write(
        Event::Waived(Box::new(Waived {
            sha256: Digest([0x77; 32]),
            source: Source::Yara,
            rule: "remote_control_tool".to_owned(),
            of: None,
            reason: "保守契約の遠隔診断ソフト（第2四半期の点検まで）".to_owned(),
            approved_by: "佐藤 一郎".to_owned(),
            second: "田中 次郎".to_owned(),
            ends: format!("{day}T15:00:00Z"),
            until: day,
            medium: Some("M-0005".to_owned()),
        })),
        Vec::new(),
    );
}

fn lists(book: &mut impl Book) {
    for (list, by, changed) in [
        (
            ListName::Media,
            Some(someone()),
            vec![("medium", "M-0012", Change::Added)],
        ),
        (
            ListName::Contractors,
            Some(someone()),
            vec![
                ("visit", "V-0105", Change::Added),
                ("company", "北日本計装株式会社", Change::Edited),
            ],
        ),
        (ListName::Policy, None, Vec::new()),
    ] {
        let changed = changed.into_iter().map(|(kind, id, change)| Changed {
            kind: kind.to_owned(),
            id: id.to_owned(),
            change,
            fields: Vec::new(),
        });
        book.write(
            Event::ListChanged(Box::new(ListChange {
                list,
                second: by.as_ref().map(|_| "tanaka".to_owned()),
                reason: by.as_ref().map(|_| "=1+1 新規の保守契約".to_owned()),
                by,
                before_sha256: Some(Digest([1; 32])),
                after_sha256: Some(Digest([2; 32])),
                changed: changed.collect(),
                more: 0,
            })),
            Vec::new(),
        );
    }
}

fn lend(book: &mut impl Book, age: u64) {
    let insertion = book
        .write(inserted(None, "NEW1", Some(visit(0)), age), Vec::new())
        .number;
    let mut refused = judged(
        insertion,
        Verdict::Stop,
        &[(ReasonCode::Unregistered, 1)],
        0,
        age,
    );
    refused.totals = None;
    book.write(Event::Judged(Box::new(refused)), Vec::new());
    book.write(Event::Requested { insertion }, Vec::new());
    book.write(
        Event::RequestClosed(Box::new(RequestClosed {
            insertion,
            medium: Some("M-0013".to_owned()),
            reason: None,
            by: someone(),
        })),
        Vec::new(),
    );
    book.write(
        Event::Mitigated {
            insertion,
            action: Mitigation::GivenBack,
            by: "kiosk".to_owned(),
        },
        Vec::new(),
    );
    for medium in ["M-0001", "M-0004"] {
        let ends = book
            .now()
            .checked_add(SignedDuration::from_hours(24 * 5))
            .unwrap();
        book.write(
            Event::Lent(Box::new(Lent {
                medium: medium.to_owned(),
                to: "山田 太郎".to_owned(),
                company: Some("北日本計装株式会社".to_owned()),
                until: ends.strftime("%Y-%m-%d").to_string(),
                ends: ends.strftime("%Y-%m-%dT15:00:00Z").to_string(),
                by: someone(),
            })),
            Vec::new(),
        );
    }
    book.write(
        Event::Returned(Box::new(Returned {
            medium: "M-0001".to_owned(),
            insertion: None,
            place: Some("保管庫2段目".to_owned()),
            by: Some(someone()),
        })),
        Vec::new(),
    );
}

fn review(book: &mut impl Book, left: &[(u64, EntryId)], remark: &str) {
    let (_, through) = left[left.len() - 1];
    book.write(
        Event::Reviewed(Box::new(Reviewed {
            account: None,
            by: someone(),
            through,
            remark: Some(remark.to_owned()),
        })),
        Vec::new(),
    );
}

fn exports(book: &mut impl Book, left: &[(u64, EntryId)]) {
    let (_, through) = left[left.len() - 1];
    let last = through.number;
    for (format, file) in [("csv", "november.csv"), ("evidence", "<証拠>一式")] {
        book.write(
            Event::Exported(Box::new(Exported {
                by: someone(),
                format: format.to_owned(),
                first: 1,
                last,
                entries: last,
                file: Some(MediumName::new(file).unwrap()),
                sha256: Some(Digest([6; 32])),
            })),
            Vec::new(),
        );
    }
    book.write(
        Event::BackedUp(Box::new(BackedUp {
            by: someone(),
            through,
            has_key: true,
        })),
        Vec::new(),
    );
    book.write(
        Event::Cosigned(Box::new(Cosigned {
            by: someone(),
            key: "auditor.example+0a1b2c3d+BAxQ".to_owned(),
            note: format!("media-kiosk/0123456789abcdef\n{last}\nroot\n\n— auditor.example sig\n"),
        })),
        Vec::new(),
    );
}
