//! A month at a gate, made up: something of every kind, some of it hostile.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wire::audit::{BackedUp, Cosigned, Exported, Reviewed};
use wire::custody::{
    Lent, Occasion, Refused, RequestClosed, Returned, SignIn, SignInFault, SignInRefused,
    VisitName, Way,
};
use wire::ledger::{Engine, EntryId, Event, Judged, Rules, SelfTest, SelfTested, Target};
use wire::list_change::{Change, Changed, ListChange, ListName};
use wire::rule_change::{Person, RuleSet, RulesChange, RulesRefused};
use wire::scan::{TargetKind, Totals};
use wire::standing::Mitigation;
use wire::waiver::Waived;
use wire::{
    Claim, Digest, Finding, Gap, MediumName, Outcome, Reason, ReasonCode, Row, RowKind, Source,
    Tier, Title, Verdict,
};

/// Names that a medium may have and that no page may let act.
pub(crate) fn hostile_names() -> Vec<Vec<u8>> {
    let long = "長".repeat(100);
    [
        "=cmd|'/c calc'!A1",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "report\u{202e}fdp.exe",
        "esc\u{1b}[2Jape.txt",
        "two\nlines.txt",
        "</style><style>*{display:none}",
        "{{ part.title }}&lt;b&gt;",
        long.as_str(),
    ]
    .into_iter()
    .map(|name| name.as_bytes().to_vec())
    .chain([b"bytes\xff\xfe.bin".to_vec()])
    .collect()
}

/// Where the month is written: a ledger, or a list.
pub(crate) trait Book {
    /// What follows happens on this day from 1, at this minute of the day, by the site's clock.
    fn at(&mut self, day: i64, minute: i64);
    /// Gives the entry.
    fn write(&mut self, event: Event, rows: Vec<Row>) -> EntryId;
    /// What the clock shows.
    fn now(&self) -> Timestamp;
}

/// Deterministic: the same month every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

pub(crate) fn someone() -> Person {
    Person {
        uid: 0,
        user: "root".to_owned(),
        login_uid: Some(1000),
        login_user: Some("sato".to_owned()),
        medium: None,
    }
}

pub(crate) fn rules(version: u64, age_days: u64) -> Rules {
    Rules {
        bundle: "plant".to_owned(),
        version,
        issued: Some("2026-10-20".to_owned()),
        age_days: Some(age_days),
        expired_days: None,
        rules: 66,
        sha256: Digest([u8::try_from(version % 250).unwrap(); 32]),
        engines: vec![Engine {
            name: "clamav".to_owned(),
            version: "1.4.3".to_owned(),
            database: Some("27800".to_owned()),
            issued: Some("2026-11-01".to_owned()),
            age_days: Some(age_days % 3),
        }],
    }
}

fn claim(serial: &str) -> Claim {
    serde_json::from_value(json!({
        "vid": 2385, "pid": 5734, "serial": serial, "manufacturer": "Kingston",
        "product": "DataTraveler", "interfaces": ["08:06:50"], "capacity_bytes": 15_518_924_800_u64
    }))
    .unwrap()
}

fn target() -> Target {
    Target {
        kind: TargetKind::Device,
        name: MediumName::new("sdb").unwrap(),
        size_bytes: 15_518_924_800,
    }
}

pub(crate) fn visit(number: u64) -> VisitName {
    let (person, company) = [
        ("山田 太郎", "北日本計装株式会社"),
        ("鈴木 花子", "東海ボイラ工業"),
        ("John Smith", "Turbine Services Ltd"),
        ("<b>高橋</b>", "\"引用\" & 商会"),
    ][usize::try_from(number % 4).unwrap()];
    VisitName {
        id: format!("V-{:04}", 100 + number),
        person: person.to_owned(),
        company: company.to_owned(),
    }
}

pub(crate) fn row(path: &[u8], outcome: Outcome, findings: Vec<Finding>) -> Row {
    Row {
        volume: Some(0),
        path: MediumName::new(path).unwrap(),
        within: Vec::new(),
        kind: RowKind::File,
        size_bytes: 48_213,
        sha256: Some(Digest([0xab; 32])),
        content_type: Some("application/octet-stream".to_owned()),
        outcome,
        inherited: false,
        findings,
    }
}

pub(crate) fn finding(rule: &str, tier: Tier, source: Source) -> Finding {
    let mut finding = Finding::own(rule, source, tier, "");
    if source == Source::Yara {
        finding.title =
            Title::cut("産業用制御系を狙うもの", "Aimed at industrial control").map(Box::new);
    }
    finding
}

fn judged(
    insertion: u64,
    verdict: Verdict,
    reasons: &[(ReasonCode, u64)],
    rows: u64,
    age: u64,
) -> Judged {
    let reasons = reasons.iter();
    let reasons = reasons.map(|(code, count)| Reason {
        code: *code,
        count: *count,
    });
    Judged {
        insertion,
        verdict,
        reasons: reasons.collect(),
        medium: None,
        target: target(),
        rules: Some(rules(3 + u64::from(age < 4), age)),
        volumes: Vec::new(),
        totals: Some(Totals {
            rows,
            volumes: 0,
            bytes_read: 48_213 * rows,
            bytes_hashed: 48_213 * rows,
            outside: wire::Coverage::default(),
        }),
        started: "2026-11-05T01:10:00Z".to_owned(),
        finished: "2026-11-05T01:12:30Z".to_owned(),
        fault: None,
        refused: None,
        waivers: Vec::new(),
        policy_sha256: None,
    }
}

fn inserted(medium: Option<&str>, serial: &str, visit: Option<VisitName>, age: u64) -> Event {
    Event::Inserted {
        target: target(),
        claim: Some(Box::new(claim(serial))),
        medium: medium.map(str::to_owned),
        rules: Some(rules(3, age)),
        occasion: Some(Box::new(Occasion {
            visit,
            way: Way::In,
            is_weak: false,
            is_enrolment: false,
        })),
    }
}

/// One medium from its insertion to its removal; gives the insertion and the verdict.
fn medium(book: &mut impl Book, dice: &mut Dice, age: u64) -> (u64, u64) {
    let registered = format!("M-{:04}", 1 + dice.roll(12));
    let on_visit = visit(dice.roll(6));
    let serial = format!("E0D55EA57{:04}", dice.roll(9999));
    let kind = dice.roll(20);
    let is_known = kind != 0;
    let known = is_known.then_some(registered.as_str());
    let insertion = book
        .write(
            inserted(known, &serial, is_known.then_some(on_visit), age),
            Vec::new(),
        )
        .number;
    let clean: Vec<Row> = (0..5 + dice.roll(20))
        .map(|number| {
            row(
                format!("点検記録/{number:03}.csv").as_bytes(),
                Outcome::Clean,
                Vec::new(),
            )
        })
        .collect();
    let count = |rows: &[Row]| u64::try_from(rows.len()).unwrap();
    let (mut answer, rows) = match kind {
        0 => {
            let mut refused = judged(
                insertion,
                Verdict::Stop,
                &[(ReasonCode::Unregistered, 1)],
                0,
                age,
            );
            refused.totals = None;
            refused.refused = Some(Box::new(Refused {
                entry: None,
                detail: "no entry of the list has this vendor, product and serial".to_owned(),
                differences: Vec::new(),
            }));
            (refused, Vec::new())
        }
        1 => {
            let mut rows = clean;
            rows.push(row(
                "保守/update.exe".as_bytes(),
                Outcome::Matched,
                vec![finding("industroyer_iec104", Tier::Block, Source::Yara)],
            ));
            (
                judged(
                    insertion,
                    Verdict::Stop,
                    &[(ReasonCode::Matched, 1)],
                    count(&rows),
                    age,
                ),
                rows,
            )
        }
        2 | 3 => {
            let mut rows = clean;
            rows.push(row(
                "図面/計装.zip".as_bytes(),
                Outcome::Unchecked(Gap::Encrypted),
                Vec::new(),
            ));
            (
                judged(
                    insertion,
                    Verdict::Incomplete,
                    &[(ReasonCode::Encrypted, 1)],
                    count(&rows),
                    age,
                ),
                rows,
            )
        }
        4 => {
            let mut rows = clean;
            rows.push(row(
                "報告書.docm".as_bytes(),
                Outcome::Clean,
                vec![finding("vba_macro", Tier::Notice, Source::Structure)],
            ));
            (
                judged(insertion, Verdict::Pass, &[], count(&rows), age),
                rows,
            )
        }
        _ => (
            judged(insertion, Verdict::Pass, &[], count(&clean), age),
            clean,
        ),
    };
    answer.medium = is_known.then_some(registered);
    let verdict = book.write(Event::Judged(Box::new(answer)), rows).number;
    book.write(Event::Removed { insertion }, Vec::new());
    (insertion, verdict)
}

/// A medium with every hostile name, which is stopped; gives the insertion.
fn hostile(book: &mut impl Book, age: u64) -> u64 {
    let insertion = book
        .write(
            inserted(Some("M-0009"), "<i>0</i>\u{202e}1", Some(visit(3)), age),
            Vec::new(),
        )
        .number;
    let mut rows: Vec<Row> = hostile_names()
        .iter()
        .map(|name| {
            row(
                name,
                Outcome::Matched,
                vec![finding("wannacry_dropper", Tier::Block, Source::Yara)],
            )
        })
        .collect();
    rows.push(row(
        b"<svg onload=alert(1)>.7z",
        Outcome::Unchecked(Gap::Damaged),
        vec![finding(
            "name_hides_extension",
            Tier::Notice,
            Source::Structure,
        )],
    ));
    let many = u64::try_from(rows.len()).unwrap();
    let mut answer = judged(
        insertion,
        Verdict::Stop,
        &[(ReasonCode::Matched, many - 1), (ReasonCode::Damaged, 1)],
        many,
        age,
    );
    answer.medium = Some("M-0009".to_owned());
    book.write(Event::Judged(Box::new(answer)), rows);
    insertion
}

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
fn special(book: &mut impl Book, day: i64, age: u64, left: &[(u64, u64)]) {
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
        _ => {}
    }
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

fn review(book: &mut impl Book, left: &[(u64, u64)], remark: &str) {
    let through = EntryId {
        number: left.last().map_or(1, |(_, verdict)| *verdict),
        leaf_sha256: Digest([3; 32]),
    };
    book.write(
        Event::Reviewed(Box::new(Reviewed {
            by: someone(),
            through,
            remark: Some(remark.to_owned()),
        })),
        Vec::new(),
    );
}

fn exports(book: &mut impl Book, left: &[(u64, u64)]) {
    let last = left.last().map_or(1, |(_, verdict)| *verdict);
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
    let through = EntryId {
        number: last,
        leaf_sha256: Digest([3; 32]),
    };
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
