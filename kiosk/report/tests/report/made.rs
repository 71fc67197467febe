//! A made-up month with times of its own, counted without a ledger.

use std::fmt::Write as _;

use jiff::civil::date;
use jiff::tz::{self, TimeZone};
use jiff::{SignedDuration, Timestamp};
use record::entry::{Content, FORMAT, NO_LEAF};
use record::standing::Register;
use report::gather::Month;
use report::{About, Language, Listed, Period, Seal, State};
use wire::ledger::{EntryId, Event};
use wire::{Digest, Row};

use crate::month::{self, Book};

/// Every entry with its rows.
pub(crate) struct Made {
    pub(crate) entries: Vec<(Content, Vec<Row>)>,
    now: Timestamp,
    running: Option<u64>,
}

pub(crate) fn zone() -> TimeZone {
    TimeZone::fixed(tz::offset(9))
}

impl Made {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
            running: None,
        }
    }

    /// November 2026, all of it.
    pub(crate) fn november() -> Self {
        let mut made = Self::new();
        month::write(&mut made, 30);
        made
    }

    fn push(&mut self, event: Event, rows: Vec<Row>) -> EntryId {
        let number = u64::try_from(self.entries.len() + 1).unwrap();
        self.now = self.now.checked_add(SignedDuration::from_secs(2)).unwrap();
        let content = Content {
            format: FORMAT.to_owned(),
            number,
            previous: NO_LEAF,
            recorded_utc: format!("{:.9}", self.now),
            boot_id: "5a1f0a52-0000-4000-8000-000000000001".to_owned(),
            boottime_ns: 1,
            host: "kiosk-gate1".to_owned(),
            kiosk: "0.1.0".to_owned(),
            rows: event.judged().map(|_| rows.len().try_into().unwrap()),
            rows_sha256: None,
            event,
        };
        self.entries.push((content, rows));
        EntryId {
            number,
            leaf_sha256: Digest([0x1a; 32]),
        }
    }

    /// Counts it as the month of its time, with what came after it.
    fn counted(&self, later: &[(Content, Vec<Row>)]) -> Month {
        let period = Period::month("2026-11", zone()).unwrap();
        let ends = period.ends();
        let mut month = Month::new(period);
        let mut register = Register::default();
        for (content, rows) in &self.entries {
            register.note(content.number, &content.recorded_utc, &content.event);
            month.entry(content);
            for row in rows {
                month.row(content, content.event.judged().unwrap(), row);
            }
        }
        for (content, _) in later {
            month.after(content);
        }
        month.close(&register, ends);
        month
    }

    /// The page, in English, when these entries came later.
    pub(crate) fn page_before(&self, later: &Self, about: &About) -> String {
        report::page::render(&self.counted(&later.entries), about, &[Language::En]).unwrap()
    }

    pub(crate) fn page(&self, about: &About, languages: &[Language]) -> String {
        report::page::render(&self.counted(&[]), about, languages).unwrap()
    }
}

impl Book for Made {
    fn at(&mut self, day: i64, minute: i64) {
        let begin = date(2026, 11, 1).to_zoned(zone()).unwrap().timestamp();
        let since = SignedDuration::from_mins((day - 1) * 24 * 60 + minute);
        self.now = begin.checked_add(since).unwrap();
    }

    fn write(&mut self, event: Event, rows: Vec<Row>) -> EntryId {
        if let Event::Started { again: false, .. } = event {
            let number = u64::try_from(self.entries.len() + 1).unwrap();
            if let Some(started) = self.running.replace(number) {
                self.push(Event::CrashFound { started }, Vec::new());
                self.running = Some(number + 1);
            }
        }
        if let Event::Stopped {} = event {
            self.running = None;
        }
        self.push(event, rows)
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

pub(crate) fn about(state: State) -> About {
    let head = EntryId {
        number: 1234,
        leaf_sha256: Digest([0x1a; 32]),
    };
    let listed = |number: u64| Listed {
        id: format!("M-{number:04}"),
        owner: "保全課 佐藤".to_owned(),
        company: ["自社", "北日本計装株式会社", "東海ボイラ工業"]
            [usize::try_from(number % 3).unwrap()]
        .to_owned(),
        valid_until: "2027-03-31".to_owned(),
        storage_place: "保管庫1段目".to_owned(),
    };
    let mut checkpoint = String::new();
    writeln!(checkpoint, "media-kiosk/0123456789abcdef").unwrap();
    writeln!(
        checkpoint,
        "1234\nGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGho="
    )
    .unwrap();
    writeln!(checkpoint, "\n— media-kiosk/0123456789abcdef Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=").unwrap();
    About {
        site: Some((
            "北部地域熱供給センター 正門".to_owned(),
            "North heating plant, main gate".to_owned(),
        )),
        made_at: "2026-12-01T00:12:00Z".parse().unwrap(),
        made_by: month::someone(),
        media: Some((1..=14).map(listed).collect()),
        policy_sha256: Some(Digest([0x70; 32])),
        age_days_warn: 14,
        age_days_max: Some(30),
        review_days: 14,
        seal: Seal {
            state,
            head: Some(head),
            checkpoint: Some(checkpoint),
            keys: vec!["media-kiosk/0123456789abcdef+033de0ae+AWQ".to_owned()],
            cosigned: vec![("auditor.example".to_owned(), 1200)],
            sealed: 0,
        },
    }
}

pub(crate) fn verified() -> State {
    State::Verified {
        entries: 1234,
        rows: 56_789,
    }
}
