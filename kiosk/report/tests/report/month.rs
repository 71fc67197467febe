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

#[path = "month/days.rs"]
pub(crate) mod days;

pub(crate) use days::write;

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

pub(crate) fn judged(
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
        policy_sha256: Some(Digest([0x70; 32])),
    }
}

pub(crate) fn inserted(
    medium: Option<&str>,
    serial: &str,
    visit: Option<VisitName>,
    age: u64,
) -> Event {
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
fn medium(book: &mut impl Book, dice: &mut Dice, age: u64) -> (u64, EntryId) {
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
    let verdict = book.write(Event::Judged(Box::new(answer)), rows);
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
